"""The kinds of lines that random programs have.  Each takes a Drawer and adds lines to it, or none where nothing fits."""

from __future__ import annotations

import math
from collections.abc import Callable

from tests.programs.drawing import Drawer

UNARY = (
    "neg({x})", "tanh({x})", "sigmoid({x})", "exp(neg(mul({x}, {x})))", "sin({x})", "cos({x})", "relu({x})", "abs_({x})", "mul({x}, 0.5)",
    "mul({x}, {x})", "sqrt(add(abs_({x}), 0.5))", "log(add(mul({x}, {x}), 1))", "erf({x})", "gelu({x})", "softplus({x})", "add({x}, 1)",
    "sub(1, {x})", "div({x}, 3)", "rsqrt(add(mul({x}, {x}), 1))", "maximum({x}, 0.25)", "minimum({x}, 0.25)",
    "where(greater({x}, 0), {x}, 0.125)", "sub({x}, 0)", "mul({x}, 1)", "neg(neg({x}))", "sign({x})", "floor({x})", "held({x})",
    "clip({x}, -0.5, 0.75)",    "div(1, add(abs_({x}), 1))",
)  # fmt: skip
BINARY = (
    "add({x}, {y})", "sub({x}, {y})", "mul({x}, {y})", "maximum({x}, {y})", "minimum({x}, {y})", "div({x}, add(abs_({y}), 1))",
    "where(greater({x}, {y}), {x}, neg({y}))", "where(less_equal({x}, {y}), mul({x}, 2), {y})", "mul(tanh({x}), sigmoid({y}))",
    "add(mul({x}, 0.5), mul({y}, 0.25))",
)  # fmt: skip


def unary(d: Drawer) -> str | None:
    """One of a value."""
    found = d.floats()
    return apply(d, d.pick(found)) if found else None


def apply(d: Drawer, x: str) -> str | None:
    """An elementwise function of x."""
    return d.line(d.rng.choice(UNARY).format(x=x), (x,))


def binary(d: Drawer) -> str | None:
    """One of two values that broadcast, new ones too."""
    found = d.floats()
    if not found:
        return None
    x = d.pick(found)
    shape = d.shape(x)
    partners = [y for y in found if broadcasts(d.shape(y), shape)]
    y = d.pick(partners)
    if d.chance(0.3):
        y = d.give(tuple(n if d.chance(0.6) else 1 for n in shape[d.rng.randrange(len(shape) + 1) :]))
    x, y = (x, y) if d.chance(0.5) else (y, x)
    return d.line(d.rng.choice(BINARY).format(x=x, y=y), (x, y))


def broadcasts(a: tuple[int, ...], b: tuple[int, ...]) -> bool:
    """By NumPy's rule."""
    return all(n in (1, m) or m == 1 for n, m in zip(a[::-1], b[::-1], strict=False))


def fed(d: Drawer, x: str) -> str:
    """x, or what a producer makes of it."""
    made: str | None = None
    kind = d.rng.choice(("", "", "map", "map", "bias", "view", "row"))
    if kind == "map":
        made = apply(d, x)
    elif kind == "bias" and d.shape(x):
        bias = d.give(d.shape(x)[-1:])
        made = d.line(f"add({x}, {bias})", (x, bias))
    elif kind == "row" and d.shape(x):
        made = d.line(f"softmax({x}, -1)", (x,))
    elif kind == "view" and d.shape(x):
        made = d.line(f"flip({x}, {d.rng.randrange(len(d.shape(x)))})", (x,))
    return made or x


def consumed(d: Drawer, y: str | None) -> str | None:
    """y, and perhaps what a consumer makes of it."""
    if y is None:
        return None
    kind = d.rng.choice(("", "", "map", "bias", "fold", "again"))
    if kind == "map":
        apply(d, y)
    elif kind == "bias" and d.shape(y):
        bias = d.give(d.shape(y)[-1:])
        d.line(f"relu(add({y}, {bias}))", (y, bias))
    elif kind == "fold" and d.shape(y):
        d.line(f"reduce_sum({y}, {d.rng.randrange(len(d.shape(y)))})", (y,))
    elif kind == "again":
        d.line(f"add({y}, mul({y}, {y}))", (y,))
    return y


def source(d: Drawer, ndim: int, least: int = 1) -> str | None:
    """A value of so many axes, made of one if there is none."""
    found = [x for x in d.floats(ndim) if min(d.shape(x), default=1) >= least]
    if found and d.chance(0.8):
        return d.pick(found)
    shape = tuple(max(n, least) for n in d.draw_shape(ndim))
    return splat(d, shape) if d.chance(0.08) else (d.give(shape) if d.depth == 0 else None)


def splat(d: Drawer, shape: tuple[int, ...] | None = None) -> str | None:
    """One number repeated: a literal, or a computed one."""
    shape = d.draw_shape(d.rng.randint(1, 4)) if shape is None else shape
    found = [x for x in d.floats() if d.value(x).type.size == 1]
    if found and d.chance(0.5):
        x = d.pick(found)
        return d.line(f"broadcast_to(reshape({x}, ()), {shape})", (x,))
    return d.line(f"broadcast_to(number({d.rng.choice((0.5, 1.0, -1.25, 0.0))}, {d.float_}), {shape})", ())


def move(d: Drawer) -> str | None:
    """A movement of one value or several."""
    found = d.floats() if d.chance(0.9) else d.values
    if not found:
        return None
    x = d.pick(found)
    return d.line(d.rng.choice(MOVES)(d, x, d.shape(x)), (x,))


def transposed(d: Drawer, x: str, shape: tuple[int, ...]) -> str:
    """Any order of axes."""
    order = list(range(len(shape)))
    d.rng.shuffle(order)
    return f"transpose({x}, {tuple(order)})"


def reshaped(d: Drawer, x: str, shape: tuple[int, ...]) -> str:
    """Flat, with a new axis, two axes joined, or one split."""
    kind, k = d.rng.choice(("flat", "new", "join", "split")), d.rng.randrange(max(len(shape), 1))
    if kind == "join" and len(shape) > 1:
        k = d.rng.randrange(len(shape) - 1)
        return f"reshape({x}, {(*shape[:k], shape[k] * shape[k + 1], *shape[k + 2 :])})"
    if kind == "split" and shape and (parts := [n for n in (2, 3, 4) if shape[k] % n == 0]):
        n = d.rng.choice(parts)
        return f"reshape({x}, {(*shape[:k], shape[k] // n, n, *shape[k + 1 :])})"
    if kind == "new" or not shape:
        return f"expand_dims({x}, {d.rng.randrange(len(shape) + 1)})"
    return f"reshape({x}, ({math.prod(shape)},))"


def sliced(d: Drawer, x: str, shape: tuple[int, ...]) -> str:
    """A part by steps."""
    start = tuple(d.rng.randrange(n) if n and d.chance(0.5) else 0 for n in shape)
    stop = tuple(n if d.chance(0.6) else d.rng.randint(s, n) for s, n in zip(start, shape, strict=True))
    return f"slice_({x}, {start}, {stop}, {tuple(d.rng.choice((1, 1, 1, 2, 3)) for _ in shape)})"


def flipped(d: Drawer, x: str, shape: tuple[int, ...]) -> str:
    """Backwards along some axes."""
    return f"flip({x}, {tuple(k for k in range(len(shape)) if d.chance(0.5))})"


def padded(d: Drawer, x: str, shape: tuple[int, ...]) -> str:
    """Zeros around and between."""
    low, high, inner = (tuple(d.rng.choice((0, 0, 1, 2)) for _ in shape) for _ in range(3))
    return f"pad({x}, {low}, {high}, {inner if d.chance(0.3) else (0,) * len(shape)})"


def repeated(d: Drawer, x: str, shape: tuple[int, ...]) -> str:
    """Along a new axis and those of extent 1."""
    return f"broadcast_to({x}, {(d.extent(), *(d.extent() if n == 1 and d.chance(0.5) else n for n in shape))})"


def joined(d: Drawer, x: str, shape: tuple[int, ...]) -> str:
    """Behind itself."""
    return f"concatenate([{x}, {x}], {d.rng.randrange(max(len(shape), 1))})"


MOVES: tuple[Callable[[Drawer, str, tuple[int, ...]], str], ...] = (transposed, reshaped, sliced, flipped, padded, repeated, joined)


def concatenated(d: Drawer) -> str | None:
    """Two values or three that agree in all but one axis."""
    found = [x for x in d.floats() if d.shape(x)]
    if not found:
        return None
    x = d.pick(found)
    axis = d.rng.randrange(len(d.shape(x)))
    partners = [y for y in found if len(d.shape(y)) == len(d.shape(x)) and without(d.shape(y), axis) == without(d.shape(x), axis)]
    chosen = [d.pick(partners) for _ in range(d.rng.choice((1, 2)))]
    return d.line(f"concatenate([{', '.join((x, *chosen))}], {axis})", (x, *chosen))


def without(shape: tuple[int, ...], axis: int) -> tuple[int, ...]:
    """The other extents."""
    return shape[:axis] + shape[axis + 1 :]


def fold(d: Drawer) -> str | None:
    """A fold along any axes."""
    found = [x for x in d.floats() if d.shape(x)]
    if not found:
        return None
    x = d.pick(found)
    ndim = len(d.shape(x))
    axes = tuple(sorted(d.rng.sample(range(ndim), d.rng.randint(1, ndim))))
    word = d.rng.choice(("reduce_sum", "reduce_sum", "reduce_max", "reduce_min", "mean", "variance", "logsumexp"))
    keep = ", keepdims=True" if d.chance(0.4) else ""
    return d.line(f"{word}({x}, {axes}{keep})", (x,))


def row(d: Drawer) -> str | None:
    """Softmax and its like."""
    found = [x for x in d.floats() if d.shape(x)]
    if not found:
        return None
    x = d.pick(found)
    axis = -1 if d.chance(0.7) else d.rng.randrange(len(d.shape(x)))
    word = d.rng.choice(("softmax({x}, {k})", "log_softmax({x}, {k})", NORM))
    return consumed(d, d.line(word.format(x=x, k=axis), (x,)))


NORM = "mul(sub({x}, mean({x}, {k}, keepdims=True)), rsqrt(add(variance({x}, {k}, keepdims=True), 0.125)))"
