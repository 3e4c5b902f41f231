"""Small random programs about memory that Tensors share: views, writes in place, gradients, versions, and the errors of all that.

A program is a list of lines of Python.  Each runs by itself, and one that raises leaves all as it was before; `outcome` says what came of
every line, and how all Tensors look at the end.  What PyTorch 2.13.0 says of some hundred programs stands in recorded/aliasing.json, which
this writes, in an environment that has PyTorch; with a range of seeds it holds Gradwerk against PyTorch on new ones:

    PYTHONPATH=src python -m tests.peers.aliasing [first:last]
"""

from __future__ import annotations

import json
import random
import sys
import warnings
from pathlib import Path
from typing import Any

RECORD = Path(__file__).parent / "recorded" / "aliasing.json"
SEEDS = range(450)
SHAPES = ((3,), (2, 3), (3, 2), (2, 1, 2), (1, 3), ())
KINDS = (IndexError, TypeError, RuntimeError, ValueError)
DIGITS = 5
SUMS = (
    "{0} * {1}", "{0} + {1}", "{0} * {0}", "{0}.exp()", "{0}.sigmoid()", "{0} * 1", "{0}.relu()", "{0}.sum()", "{0} - {1}", "{0}.tanh()",
)  # fmt: skip
WRITES = (
    "{0}.mul_({1})", "{0}.add_({1})", "{0}.copy_({2})", "{0}.zero_()", "{0}.fill_(0.5)", "{0}.exp_()", "{0}.sigmoid_()", "{0}.sub_({1})",
    "{0} += {1}", "{0} *= {1}", "{0}.relu_()",
)  # fmt: skip
PARTS = (
    "{0}[0] = 0.25", "{0}[0] = {0}[-1]", "{0}[:] = {1}", "{0}[-1] *= 2.0", "{0}[0].add_(1.0)", "{0}[:1].mul_({0}[-1:])",
    "{0}[0] += {0}[0] * 0.5",
)  # fmt: skip
OTHERWISE = ("returns multiple views", "created in no_grad mode and its base", "some elements of the input tensor and the written-to")
ONE_PLACE = "refers to a single memory location"
"""What PyTorch says where it refuses what has one meaning and works here; the last in backward()."""


class Writer:
    """Writes one program."""

    def __init__(self, seed: int) -> None:
        self.draw = random.Random(seed)
        self.lines: list[str] = []
        self.shapes: dict[str, tuple[int, ...]] = {}
        self.blind: set[str] = set()
        """Views made under no_grad: nothing is computed of them, but they are written to."""
        self.shared: set[str] = set()
        """Views, and what has some."""

    def program(self) -> list[str]:
        """Leaves, then a dozen lines, then a gradient of what is there."""
        for _ in range(self.draw.randint(1, 3)):
            self.leaf()
        for _ in range(self.draw.randint(4, 12)):
            what = self.draw.choices((self.view, self.compute, self.write, self.mark, self.walk), (5, 3, 6, 1, 1))[0]
            what()
        self.walk()
        self.walk()
        return self.lines

    def name(self, shape: tuple[int, ...]) -> str:
        """A new variable."""
        name = "abcdefghijklmnopqrstuvwxyz"[len(self.shapes)]
        self.shapes[name] = shape
        return name

    def old(self, *, blind: bool = False) -> str:
        """A variable, later ones more often."""
        names = [name for name in self.shapes if blind or name not in self.blind]
        return names[max(self.draw.randrange(len(names)), self.draw.randrange(len(names)))]

    def beside(self, name: str) -> str:
        """Something of the shape of a variable, or that broadcasts to it: a variable or a number."""
        shapes = (self.shapes[name], self.shapes[name][1:], ())
        fit = [other for other, shape in self.shapes.items() if other not in self.blind and shape in shapes]
        return self.draw.choice([*fit, *fit, str(self.draw.choice((2.0, -1.0, 0.5)))])

    def leaf(self) -> None:
        """Data of the program's own."""
        shape = self.draw.choice(SHAPES)
        count, name = 1, self.name(shape)
        for n in shape:
            count *= n
        data = [self.draw.randint(-4, 4) / 4 for _ in range(count)]
        wants = self.draw.random() < 0.7
        self.lines.append(f"{name} = torch.tensor({data}, dtype=torch.float64).reshape({shape}).clone().requires_grad_({wants})")

    def view(self) -> None:
        """A movement of a variable, or a part of it."""
        old = self.old()
        shape = self.shapes[old]
        flat = (_size(shape),)
        found = [(".detach()", shape), ("[...]", shape), (f".view({shape})", shape), (f".expand({shape})", shape), (".clone()", shape)]
        found += [(".squeeze()", tuple(n for n in shape if n != 1)), (f".reshape({shape})", shape), (".reshape(-1)", flat)]
        found += [(".view(-1)", flat), (".flatten()", flat), (".unsqueeze(0)", (1, *shape)), ("[None]", (1, *shape))]
        found += [(f".expand({(2, *shape)})", (2, *shape))]
        if shape:
            n, rest = shape[0], shape[1:]
            found += [("[:]", shape), ("[0]", rest), ("[-1]", rest), (f"[{n - 1}:]", (1, *rest)), ("[::2]", (-(-n // 2), *rest))]
            found += [("[:2]", (min(2, n), *rest)), (".unbind()[0]", rest), (".split(1)[0]", (1, *rest)), (f".split({n})[0]", shape)]
            found += [(".chunk(1)[0]", shape), ("[1:1]", (0, *rest)), ("[..., 0]", shape[:-1])]
            found += [(".transpose(0, -1)", (shape[-1], *shape[1:-1], n) if len(shape) > 1 else shape)]
        if len(shape) > 1:
            n, m, rest = shape[0], shape[1], shape[2:]
            found += [("[:, 0]", (n, *rest)), ("[:, :1]", (n, 1, *rest)), ("[1:, 0]", (n - 1, *rest))]
            found += [(".T", (m, n))] if not rest else []
        how, becomes = self.draw.choice(found)
        name = self.name(becomes)
        self.shared |= {old, name}
        if self.draw.random() < 0.08:
            self.blind.add(name)
            self.guarded(f"{name} = {old}{how}")
        else:
            self.lines.append(f"{name} = {old}{how}")

    def guarded(self, line: str) -> None:
        """Under no_grad."""
        self.lines.append(f"with torch.no_grad(): {line}")

    def compute(self) -> None:
        """A new Tensor in memory of its own."""
        old = self.old()
        how = self.draw.choice(SUMS)
        line = how.format(old, self.beside(old))
        self.lines.append(f"{self.name(() if how.endswith('sum()') else self.shapes[old])} = {line}")

    def write(self) -> None:
        """A write to a variable, or to a part of it."""
        old = self.old(blind=True)
        ways = [*WRITES, *PARTS] if self.shapes[old] and self.shapes[old][0] else WRITES
        beside = self.beside(old)
        tensor = beside if beside in self.shapes else old
        line = self.draw.choice(ways).format(old, beside, tensor)
        if self.draw.random() < 0.25:
            self.guarded(line)
        else:
            self.lines.append(line)

    def mark(self) -> None:
        """Asks for a gradient, or no more; not where others look at that memory: PyTorch then loses gradients."""
        name = self.old()
        if name not in self.shared:
            self.lines.append(f"{name}.requires_grad_({self.draw.random() < 0.8})")

    def walk(self) -> None:
        """A gradient."""
        old = self.old()
        shape = self.shapes[old]
        weights = f"torch.arange(1.0, {_size(shape) + 1}.0, dtype=torch.float64).reshape({shape})"
        self.lines.append(f"({old} * {weights}).sum().backward(retain_graph={self.draw.random() < 0.6})")


def _size(shape: tuple[int, ...]) -> int:
    size = 1
    for n in shape:
        size *= n
    return size


def program(seed: int) -> list[str]:
    """The program of a seed."""
    return Writer(seed).program()


def outcome(torch: Any, lines: list[str]) -> dict[str, Any] | None:
    """What came of each line ("" or the kind of its error), and each variable; None where PyTorch refuses what we allow."""
    names: dict[str, Any] = {"torch": torch}
    said = []
    for line in lines:
        try:
            exec(line, names)
            said.append("")
        except KINDS as error:
            if any(text in str(error) for text in OTHERWISE) or (ONE_PLACE in str(error) and "backward(" in line):
                return None
            said.append(next(kind.__name__ for kind in KINDS if isinstance(error, kind)))
        except NameError:
            said.append("NameError")
    blind = {line[22] for line in lines if line.startswith("with torch.no_grad(): ") and line[23:26] == " = "}
    found = {name: looks(x, blind=name in blind) for name, x in names.items() if len(name) == 1}
    if None in found.values():
        return None
    if any(kind and "backward(" in line for kind, line in zip(said, lines, strict=True)):
        found = {name: look[:5] for name, look in found.items()}  # PyTorch leaves some gradients behind, we none
    return {"said": said, "found": found}


def looks(x: Any, *, blind: bool) -> list[Any] | None:
    """A Tensor at the end; of one that was made under no_grad only what is in its memory."""
    if blind:
        return [list(x.shape), numbers(x.detach()), x._version]
    try:
        requires, leaf = bool(x.requires_grad), bool(x.is_leaf)
        grad = x.grad if leaf else None
    except RuntimeError:
        return None
    values = numbers(x.detach())
    return [list(x.shape), values, requires, leaf, x._version, None if grad is None else numbers(grad)]


def numbers(x: Any) -> list[float]:
    """The elements, rounded."""
    return [float(f"{n:.{DIGITS}g}") for n in x.reshape(-1).tolist()]


def close(one: Any, other: Any) -> bool:
    """Whether two outcomes are the same, but for the last digit of numbers."""
    if isinstance(one, list):
        return isinstance(other, list) and len(one) == len(other) and all(map(close, one, other))
    if isinstance(one, float) and isinstance(other, float):
        return one == other or (one != one and other != other) or abs(one - other) <= 1e-3 * max(abs(one), abs(other))
    return type(one) is type(other) and one == other


def more_said(wanted: dict[str, Any], got: dict[str, Any], lines: list[str]) -> bool:
    """Whether the first difference is a gradient that PyTorch refuses (its rule reads more) and we do not."""
    first = next((row for row in zip(wanted["said"], got["said"], lines, strict=True) if row[0] != row[1]), ("", "", ""))
    return first[0] == "RuntimeError" and not first[1] and "backward(" in first[2]


def differences(wanted: dict[str, Any], got: dict[str, Any], lines: list[str]) -> list[str]:
    """Where two outcomes differ, in words."""
    said = enumerate(zip(lines, wanted["said"], got["said"], strict=True), 1)
    rows = [f"line {k}: {line}\n     PyTorch {one or 'ok'}, here {two or 'ok'}" for k, (line, one, two) in said if one != two]
    for name in wanted["found"].keys() | got["found"].keys():
        one, two = wanted["found"].get(name), got["found"].get(name)
        if not close(one, two):
            rows.append(f"{name}: PyTorch {one}\n     here {two}")
    return rows


def main(arguments: list[str]) -> None:
    """Writes the record, or compares."""
    import torch

    from gradwerk import torch as ours

    warnings.simplefilter("ignore")
    first, _, last = (arguments[0] if arguments else f"{SEEDS.start}:{SEEDS.stop}").partition(":")
    rows, wrong = [], 0
    for seed in range(int(first), int(last)):
        lines = program(seed)
        wanted, got = outcome(torch, lines), outcome(ours, lines)
        if wanted is None or got is None or more_said(wanted, got, lines):
            continue
        rows.append({"lines": lines, **wanted})
        found = differences(wanted, got, lines)
        if found:
            wrong += 1
            print(f"--- seed {seed}", *lines, *found, sep="\n")
    print(f"{wrong} of {len(rows)} differ, and PyTorch refuses {int(last) - int(first) - len(rows)} others")
    if not arguments:
        RECORD.write_text("[\n" + ",\n".join(json.dumps(row, separators=(",", ":")) for row in rows) + "\n]\n")


if __name__ == "__main__":
    main(sys.argv[1:])
