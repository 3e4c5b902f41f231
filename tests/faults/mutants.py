"""Mutants of the compiler, drawn by a seed, and which of them no test notices: `python -m tests.faults.mutants --state FILE`.

Cosmic Ray knows how to mutate: another operator, comparison or number, a condition turned round, a loop that never runs.  A mutant goes
into a copy of the sources, and the checks of the planted faults (checks.py) run on it: first the tests that run its line, which were
recorded once (reach.py), so that one that is noticed mostly takes seconds.  What only annotations, docstrings, messages or guards say is
not mutated.
Survivors that the project knows are in survivors.py, each with its reason.
"""

from __future__ import annotations

import argparse
import ast
import random
import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tests.faults.fault import SOURCE
from tests.faults.reach import recorded
from tests.faults.state import State
from tests.faults.survivors import EQUIVALENT, SURVIVORS
from tests.faults.tree import ROOT, check, copy_of, replaced, sound

GROUPS: dict[str, tuple[str, ...]] = {
    "verifier": ("compiler/verify.py", "compiler/footprint.py", "ir/verify.py"),
    "barriers and memory": ("compiler/memory.py", "compiler/overwrites.py", "compiler/contraction/parts.py"),
    "simplifier": ("compiler/simplify.py", "compiler/transposes.py", "compiler/hoist.py"),
    "kernels": tuple(
        f"compiler/llvm/{name}.py"
        for name in ("maps", "rows", "reduces", "windows", "window_plan", "indexed", "contract", "lanes", "strips", "spaces", "nest")
    ),
    "reverse walk": ("autodiff/reverse.py", "autodiff/walk.py", "ops/control.py", "tensor/tape.py"),
}
FAMILIES = (
    "AddNot", "NumberReplacer", "ReplaceAndWithOr", "ReplaceOrWithAnd", "ReplaceBinaryOperator", "ReplaceComparisonOperator",
    "ReplaceFalseWithTrue", "ReplaceTrueWithFalse", "ReplaceUnaryOperator", "ReplaceBreakWithContinue", "ReplaceContinueWithBreak",
    "ZeroIterationForLoop",
)  # fmt: skip
GUARDS = ("strict", "frozen", "eq")
"""Keywords that only refuse what never happens."""
SECONDS = 54.0
"""Of processor time for each: two hundred on two cores in ninety minutes."""
ENOUGH = 0.9
"""The part of those that are not equivalent to the original that tests must notice."""


@dataclass(frozen=True)
class Mutant:
    """One file with one change: `before`, a line of that number, is `after`."""

    group: str
    path: str
    text: str
    line: int
    before: str
    after: str

    @property
    def key(self) -> str:
        """What it is, whatever else changes in the file."""
        return f"{self.path}: {self.before} -> {self.after}"


@cache
def operators() -> dict[str, list[Any]]:
    """Cosmic Ray's operators by family.  Raises: SystemExit where it is not installed."""
    try:
        import cosmic_ray.plugins as plugins
    except ImportError:
        sys.exit("mutants need cosmic-ray: make mutants, or pip install 'gradwerk[mutants]'")
    names = sorted(plugins.operator_names())
    return {family: [plugins.get_operator(n)() for n in names if n.startswith(f"core/{family}")] for family in FAMILIES}


def draw(seed: int, count: int) -> Iterator[Mutant]:
    """So many different mutants, as many of each group."""
    rng = random.Random(seed)
    seen: set[str] = set()
    groups = list(GROUPS)
    for number in range(count):
        group = groups[number % len(groups)]
        for _ in range(10_000):
            mutant = attempt(rng, group)
            if mutant is not None and mutant.key not in seen:
                seen.add(mutant.key)
                yield mutant
                break


def attempt(rng: random.Random, group: str) -> Mutant | None:
    """A mutant of the group; None where the place that was drawn has none, or it means the same."""
    from cosmic_ray.mutating import mutate_code

    path = rng.choices(GROUPS[group], [len((ROOT / SOURCE / p).read_text()) for p in GROUPS[group]])[0]
    text = (ROOT / SOURCE / path).read_text()
    operator = rng.choice(operators()[rng.choice(FAMILIES)])
    places = places_of(path, operator)
    if not places:
        return None
    changed = mutate_code(text, operator, rng.randrange(places))
    if changed is None or meaning(changed) in (None, meaning(text)):
        return None
    pairs = enumerate(zip(text.splitlines(), changed.splitlines(), strict=False), 1)
    return next((Mutant(group, path, changed, number, a.strip(), b.strip()) for number, (a, b) in pairs if a != b), None)


@cache
def places_of(path: str, operator: Any) -> int:
    """At how many places of a file an operator can act."""
    from cosmic_ray.ast import ast_nodes, get_ast

    nodes = ast_nodes(get_ast((ROOT / SOURCE / path).read_text()))
    return sum(len(list(operator.mutation_positions(node))) for node in nodes)


def meaning(text: str) -> str | None:
    """The syntax without annotations, docstrings and guards; None of what is no Python."""
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return None
    for node in ast.walk(tree):
        if isinstance(node, ast.arg | ast.AnnAssign):
            node.annotation = ast.Constant(None)
        elif isinstance(node, ast.FunctionDef):
            node.returns = None
        elif isinstance(node, ast.Call):
            node.keywords = [x for x in node.keywords if x.arg not in GUARDS]
        if isinstance(node, ast.Assign) and all(isinstance(t, ast.Name) and t.id[0].isupper() for t in node.targets):
            node.value = node.value if not is_type(node.value) else ast.Constant(None)
        if isinstance(node, ast.JoinedStr):  # what only messages say
            node.values = []
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [x for x in body if not (isinstance(x, ast.Expr) and isinstance(x.value, ast.Constant))]  # type: ignore[attr-defined]
    return ast.dump(tree)


def is_type(value: ast.expr) -> bool:
    """Whether it is the right side of a type's other name."""
    return isinstance(value, ast.Subscript) or (isinstance(value, ast.BinOp) and isinstance(value.op, ast.BitOr))


def main(argv: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.mutants", description=__doc__)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=SECONDS, help="of processor time for each")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--state", type=Path, required=True, help="a file outside of the repository; what is in it does not run again")
    given = parser.parse_args(argv)
    state = State(given.state)
    mutants = list(draw(given.seed, given.count))
    waiting = iter([mutant for mutant in mutants if mutant.key not in state.rows])
    lock = threading.Lock()
    with copy_of() as tree:
        sound(tree)
        reach = recorded(tree, given.state, given.workers, [path for paths in GROUPS.values() for path in paths])

    def work(_: int) -> None:
        with copy_of() as tree:
            while True:
                with lock:
                    mutant = next(waiting, None)
                if mutant is None:
                    return
                chosen = reach.tests(mutant.path, (tree / SOURCE / mutant.path).read_text(), mutant.line)
                with replaced(tree, SOURCE + mutant.path, mutant.text):
                    state.add(mutant.key, check(tree, mutant.path, given.seconds, chosen), group=mutant.group)

    with ThreadPoolExecutor(given.workers) as workers:
        list(workers.map(work, range(given.workers)))
    return summary([state.rows[m.key] | {"key": m.key} for m in mutants if m.key in state.rows])


def summary(rows: list[dict[str, Any]]) -> int:
    """Prints the counts and the survivors; 0 where enough were noticed."""
    survived = [row for row in rows if not row["caught"]]
    equivalent = [row for row in survived if SURVIVORS.get(row["key"], "").startswith(EQUIVALENT)]
    real = len(rows) - len(equivalent)
    caught = len(rows) - len(survived)
    for row in survived:
        print(f"survived: {row['key']}  {SURVIVORS.get(row['key'], 'no reason is known')}")
    for group in GROUPS:
        own = [row for row in rows if row["group"] == group]
        print(f"{group}: {sum(row['caught'] for row in own)} of {len(own)}")
    minutes = sum(row["seconds"] for row in rows) / 60
    print(f"{caught} of {real} caught that are not equivalent ({len(rows)} mutants, {len(equivalent)} equivalent)")
    print(f"{minutes:.0f} minutes of processor time")
    return 0 if caught >= ENOUGH * real else 1


if __name__ == "__main__":
    sys.exit(main())
