"""Small programs about shared memory do what they did in PyTorch 2.13.0: every line, every error, value, version and gradient at the end.

Their compiled forms do what the programs themselves do, twice in a row.
"""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from gradwerk import torch
from tests.peers import aliasing

RECORDED: list[dict[str, Any]] = json.loads(aliasing.RECORD.read_text())
GROUPS = 20


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("group", range(GROUPS))
def test_pytorchs_outcomes(group: int) -> None:
    for row in RECORDED[group::GROUPS]:
        lines, got = row["lines"], aliasing.outcome(torch, row["lines"])
        assert got is not None
        found = aliasing.differences(row, got, lines)
        assert not found, "\n".join([*lines, *found])


def function_of(row: dict[str, Any]) -> tuple[list[str], str]:
    """Leaves, and the source of a function of the lines that raise nothing: it takes a gradient of all, and returns all contents."""
    leaves = [line for line in row["lines"] if "torch.tensor(" in line]
    said = zip(row["lines"], row["said"], strict=True)
    rest = [line for line, kind in said if not kind and line not in leaves and "backward(" not in line and "requires_grad_(" not in line]
    made = [found[1] for line in rest if (found := re.match(r"(?:with torch.no_grad\(\): )?([a-z]) = ", line))]
    blind = {line[22] for line in rest if re.match(r"with torch.no_grad\(\): [a-z] = ", line)}
    names = [line[0] for line in leaves]
    source = [f"def program({', '.join(names)}):", *rest, "loss = torch.tensor(0.0, dtype=torch.float64)"]
    for name in [*names, *made]:
        if name not in blind:
            weights = f"torch.arange(1.0, {name}.numel() + 1.0, dtype=torch.float64).reshape(tuple({name}.shape))"
            source.append(f"if {name}.requires_grad: loss = loss + ({name} * {name} * 0.5 + {name} * {weights}).sum()")
    source += ["if loss.requires_grad: loss.backward()", f"return [x.detach().clone() for x in ({', '.join([*names, *made])},)]"]
    return leaves, "\n    ".join(source)


def outcomes(leaves: list[str], source: str, *, compiled: bool) -> list[Any] | None:
    """What two calls give, leaves behind and write; None where the program raises, or makes a leaf a result of what is computed."""
    names: dict[str, Any] = {"torch": torch}
    for line in [*leaves, source]:
        exec(line, names)
    program = torch.compile(names["program"]) if compiled else names["program"]
    arguments = [names[line[0]] for line in leaves]
    found: list[Any] = []
    for _ in range(2):
        try:
            results = program(*arguments)
        except aliasing.KINDS:
            return None
        grads = [None if x.grad is None else aliasing.numbers(x.grad) for x in arguments if x.is_leaf]
        found.append([[aliasing.numbers(x) for x in results], grads, [aliasing.numbers(x.detach()) for x in arguments]])
    return found if all(x.is_leaf for x in arguments) else None


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("group", range(5))
def test_compiled_programs_do_the_same(group: int) -> None:
    ran = 0
    for row in RECORDED[group * 16 : group * 16 + 16]:
        leaves, source = function_of(row)
        wanted = outcomes(leaves, source, compiled=False)
        if wanted is not None:
            ran += 1
            assert aliasing.close(wanted, outcomes(leaves, source, compiled=True)), "\n".join([*leaves, source])
    assert ran > 4
