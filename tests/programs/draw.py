"""A whole program from a seed: forward lines, gradients, what is done with them, writes to what was given."""

from __future__ import annotations

from collections.abc import Callable

from gradwerk.base import dtypes
from tests.programs import baits, heavy, kinds
from tests.programs.drawing import Drawer, drawer
from tests.programs.text import Program, gradient_line

Kind = Callable[[Drawer], str | None]
KINDS: dict[Kind, int] = {
    kinds.unary: 16, kinds.binary: 22, kinds.move: 14, kinds.concatenated: 4, kinds.fold: 10, kinds.row: 5, kinds.splat: 3,
    heavy.product: 9, heavy.convolution: 8, heavy.window: 8, heavy.gathered: 6, heavy.scattered: 5, heavy.whole_numbers: 5,
    heavy.dropped: 2, heavy.patch: 3, heavy.loop: 6, heavy.branch: 4, heavy.turns: 4,
    baits.bait: 16, baits.embedding: 6, baits.sums_by_row: 6,
}  # fmt: skip


def draw(seed: int) -> Program:
    """The program of this seed; the same in every process."""
    d = drawer(seed)
    d.give(d.draw_shape(d.rng.choices((0, 1, 2, 3, 4), (4, 14, 32, 22, 28))[0]))
    favoured = d.rng.sample(list(KINDS), 3)
    weights = [weight * (4 if kind in favoured else 1) for kind, weight in KINDS.items()]
    gradients = d.rng.choices((0, 1, 2), (35, 55, 10))[0]
    some(d, weights, d.rng.choice((1, 2, 3, 4, 5, 6, 8, 11)), writes=not gradients)
    leaves: tuple[str, ...] = ()
    for turn in range(gradients):
        leaves = derive(d, leaves, again=turn + 1 < gradients) or leaves
        if turn + 1 == gradients and leaves and d.chance(0.4):
            updated(d, leaves)
        some(d, weights, d.rng.choice((0, 0, 1, 2)), writes=turn + 1 == gradients)
    outputs = d.sinks()[-6:] or [d.values[-1]]
    extra = [x for x in d.values if x not in outputs and d.chance(0.15)]
    return d.finish(list(dict.fromkeys(outputs + extra[:2])), leaves)


def some(d: Drawer, weights: list[int], count: int, *, writes: bool) -> None:
    """So many lines of any kinds."""
    for _ in range(count):
        if writes and d.chance(0.12):
            written(d)
        else:
            d.rng.choices(list(KINDS), weights)[0](d)


def written(d: Drawer) -> None:
    """New contents for an argument, or for a part of it, that no view has been taken of."""
    moved = {x for line in d.lines for x in line.uses if not line.says.startswith(SAFE)}
    found = [g.name for g in d.givens if d.is_float(g.name) and g.layout != "splat" and g.name not in moved]
    if not found:
        return
    x = d.rng.choice(found)
    shape = d.shape(x)
    if shape and min(shape) and d.chance(0.3):
        part = heavy.part_of(d, shape)
        size = tuple(b - a for a, b in part)
        partners = [y for y in d.floats() if d.shape(y) == size and y != x]
        if partners and d.value(partners[0]).dtype == d.value(x).dtype:
            y = d.pick(partners)
            d.line(f"write_part({x}, {y}, {part})", (x, y), (x,))
        return
    partners = [y for y in d.floats() if d.shape(y) == shape and d.value(y).dtype == d.value(x).dtype]
    if not partners:
        return
    y = d.pick(partners)
    ways = ["sub({x}, mul({y}, 0.25))", "add(mul({x}, 0.5), mul({y}, 0.5))", "mul({y}, 0.5)"]
    if shape:  # what is written is read elsewhere in the same map
        ways.append(f"add(mul({x}, 0.5), mul(flip({x}, {d.rng.randrange(len(shape))}), 0.25))")
        ways += ["sub(mul({y}, 0.5), mul(transpose({x}), 0.25))"] if shape == shape[::-1] and len(shape) > 1 else []
    if shape and d.chance(0.2):
        d.line(d.rng.choice((f"mul(flip({x}, 0), 1)", f"mul({x}, 1)")), (x,))  # the old contents: a result that no kernel makes
    new = d.line(d.rng.choice(ways).format(x=x, y=y), (x, y))
    if new is not None and d.line(f"write({x}, {new})", (x, new), (x,)) and d.chance(0.7):
        kinds.unary(d) if d.chance(0.3) else used_again(d, x)


def updated(d: Drawer, leaves: tuple[str, ...]) -> None:
    """A step of training: arguments less a part of their gradients, and some of what used them once more."""
    line = d.lines[-1]
    moved = {x for line in d.lines for x in line.uses if not line.says.startswith(SAFE)}
    for x, g in zip(leaves, line.targets, strict=False):
        layout = next(given.layout for given in d.givens if given.name == x)
        if line.says.startswith("gradient(") and layout != "splat" and x not in moved and d.chance(0.7):
            new = d.line(f"sub({x}, mul({g}, 0.125))", (x, g))
            if new is not None and d.line(f"write({x}, {new})", (x, new), (x,)) and d.chance(0.6):
                used_again(d, x)


def used_again(d: Drawer, x: str) -> None:
    """The line that used it before, once more: what it reads has changed."""
    before = [
        line for line in d.lines if x in line.uses and x not in line.targets and line.step is None and not line.says.startswith("gradient(")
    ]
    if before:
        line = d.rng.choice(before)
        d.line(line.says, line.uses, tuple(d.fresh("v") for _ in line.targets))


SAFE = ("mul(matmul", "mul(conv", "add(", "sub(", "mul(", "tanh(", "relu(", "gather(", "write(", "gradient(", "exp(", "softmax(", "where(")
"""What never gives a view of what it takes."""


def derive(d: Drawer, leaves: tuple[str, ...], *, again: bool) -> tuple[str, ...]:
    """A line of gradients of some floats for some arguments; these."""
    sinks = [x for x in d.sinks() if d.is_float(x) and x not in leaves]
    ends = sinks[-3:] or [x for x in d.floats() if x.startswith("v")][-1:]
    used = {x for line in d.lines for x in line.uses}
    wanted = leaves or tuple(g.name for g in d.givens if d.is_float(g.name) and g.name in used and d.chance(0.8))[:5]
    if not ends or not wanted:
        return ()
    weights = []
    for end in ends:
        mixed = d.chance(0.55)
        dtype = dtypes.SHORT[d.value(end).dtype]
        weights.append(f"sample({d.rng.randrange(1000)}, {d.shape(end)}, {dtype})" if mixed else "None")
    targets = tuple(d.fresh("g") for _ in wanted)
    line = gradient_line(targets, ends, wanted, weights, ", again=True" if again else "")
    made = d.line(line.says, line.uses, targets)
    return wanted if made else ()
