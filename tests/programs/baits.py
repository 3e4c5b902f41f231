"""Lines that the rules of the simplifier and the passes speak of, and their near relatives, of which they must keep away."""

from __future__ import annotations

import math
from collections.abc import Callable

from tests.programs.drawing import Drawer
from tests.programs.heavy import scale
from tests.programs.kinds import apply, consumed


def bait(d: Drawer) -> str | None:
    """One of them."""
    return d.rng.choice(BAITS)(d)


def some_float(d: Drawer, ndim: int | None = None) -> str | None:
    """A value with axes."""
    found = [x for x in d.floats(ndim) if d.shape(x) and d.value(x).type.size]
    return d.pick(found) if found else None


def idle_number(d: Drawer) -> str | None:
    """x * 1, x / 1, x - 0 with the number repeated to a shape that may be larger than that of x."""
    x = some_float(d)
    if x is None:
        return None
    shape = tuple(d.extent(9) if n == 1 and d.chance(0.7) else n for n in d.shape(x))
    shape = (d.extent(5), *shape) if d.chance(0.4) else shape
    says = d.rng.choice(("mul({x}, {one})", "mul({one}, {x})", "div({x}, {one})", "sub({x}, {zero})"))
    one, zero = (f"broadcast_to(number({n}, {d.float_}), {shape})" for n in (1.0, 0.0))
    return d.line(says.format(x=x, one=one, zero=zero), (x,))


def negatives(d: Drawer) -> str | None:
    """Negation, once to three times."""
    x = some_float(d)
    count = d.rng.choice((1, 2, 3))
    return x and d.line("neg(" * count + x + ")" * count, (x,))


def constants(d: Drawer) -> str | None:
    """An array that is part of the program: any, symmetric, or one number everywhere but in one place."""
    x = some_float(d)
    if x is None:
        return None
    shape = d.shape(x)[d.rng.randrange(len(d.shape(x))) :]
    if math.prod(shape) > 3000:
        return None
    kind = d.rng.choice(("any", "odd", "same"))
    whole = f"sample({d.rng.randrange(1000)}, {shape}, {d.float_})"
    if kind == "odd":
        whole = f"one_odd({shape}, {d.rng.randrange(1000)}, {d.float_})"
    elif kind == "same":
        whole = f"full({shape}, 0.5, {d.float_}, like=({x},))"
    return d.line(d.rng.choice(("mul({x}, {c})", "add({c}, {x})", "maximum({x}, {c})")).format(x=x, c=whole), (x,))


def order_of(d: Drawer, ndim: int) -> tuple[int, ...]:
    """Any order of axes."""
    order = list(range(ndim))
    d.rng.shuffle(order)
    return tuple(order)


def two_orders(d: Drawer) -> str | None:
    """Two values of one shape, each transposed in a way of its own, in one operation; a third, smaller one too."""
    x = some_float(d)
    if x is None or len(d.shape(x)) < 2:
        return None
    shape = d.shape(x)
    first, second = order_of(d, len(shape)), order_of(d, len(shape))
    if d.chance(0.3):
        second = first
    turned = tuple(shape[k] for k in first)
    back = tuple(second.index(k) for k in range(len(second)))
    y = d.give(tuple(turned[k] for k in back))
    a, b = d.line(f"transpose({x}, {first})", (x,)), d.line(f"transpose({y}, {second})", (y,))
    if a is None or b is None:
        return None
    z = d.line(d.rng.choice(("add({a}, {b})", "sub({a}, {b})", "maximum({b}, {a})")).format(a=a, b=b), (a, b))
    if z is not None and d.chance(0.6):
        small = tuple(n if d.chance(0.5) else 1 for n in turned[d.rng.randrange(len(turned)) :])
        w = d.give(small)
        z = d.line(f"mul({z}, {w})", (z, w))
    return z and d.line(f"transpose({z}, {order_of(d, len(shape))})", (z,))


def folded_turned(d: Drawer) -> str | None:
    """A fold of something transposed, along any axes; some of extent 1 among them."""
    x = some_float(d)
    if x is None:
        return None
    if d.chance(0.5):
        x = d.line(f"expand_dims({x}, {d.rng.randrange(len(d.shape(x)) + 1)})", (x,)) or x
    ndim = len(d.shape(x))
    t = d.line(f"transpose({x}, {order_of(d, ndim)})", (x,)) or x
    axes = tuple(sorted(d.rng.sample(range(ndim), d.rng.randint(1, ndim))))
    word, keep = d.rng.choice(("reduce_sum", "reduce_max", "reduce_min", "mean")), d.rng.choice(("", ", keepdims=True"))
    return d.line(f"{word}({t}, {axes}{keep})", (t,))


def table(d: Drawer) -> tuple[str, str, int, int] | None:
    """A small table, more than twice as many numbers of rows in one axis or two, the rows' extent, and the axes of the numbers."""
    if d.depth:
        return None
    rows, width = d.rng.choice((1, 2, 3, 5)), d.rng.choice((d.extent(17), 2, 4))
    axes = d.rng.choice((1, 1, 2, 2, 3))
    shape = (*(d.rng.choice((2, 3, rows)) for _ in range(axes - 1)), 2 * rows + d.rng.randrange(-1, 6))
    if d.chance(0.3):
        width = shape[-1]  # as many columns as rows are gathered
    x = d.give((rows, width))
    return (apply(d, x) or x) if d.chance(0.4) else x, d.give(shape, d.rng.choice(("i32", "i64")), 0, rows), width, axes


def embedding(d: Drawer) -> str | None:
    """Rows of a table, projected or with numbers of every shape added, transposed on the way or not."""
    made = table(d)
    if made is None:
        return None
    x, i, width, axes = made
    y = d.line(f"gather({x}, {i})", (x, i))
    if y is None:
        return None
    shape = d.shape(y)
    if d.chance(0.4):
        y = d.line(f"transpose({y}, {order_of(d, axes + 1)})", (y,)) or y
    kind = d.rng.choice(("project", "add", "add", "both"))
    shape = d.shape(y)
    if kind in ("add", "both"):
        square = [(shape[-1], 1)] * 3 if shape[-1] == shape[-2] else []
        b = d.give(d.rng.choice(((shape[-1],), (shape[-2], 1), (*(1,) * axes, shape[-1]), shape, *square)))
        y = d.line(d.rng.choice(("add({y}, {b})", "mul({b}, {y})")).format(y=y, b=b), (y, b)) or y
    if kind in ("project", "both"):
        left = "abcd"[: axes + 1]
        out = list(left[:-1] + "k")
        d.rng.shuffle(out) if d.chance(0.6) else None
        w = d.give((shape[-1], d.extent(9)))
        y = d.line(f'mul(contract({y}, {w}, "{left},{left[-1]}k->{"".join(out)}"), {scale(width)})', (y, w)) or y
    return consumed(d, y)


def sums_by_row(d: Drawer) -> str | None:
    """Sums by row of a product, or of something transposed; and the product of gathered rows with what is beside them."""
    made = table(d)
    if made is None:
        return None
    x, i, width, axes = made
    shape, rows = d.shape(i), d.shape(x)[0]
    beside = d.give((*shape, d.extent(7)))
    left = "abd"[:axes]
    kind = d.rng.choice(("product", "turned", "turned", "outer"))
    if kind == "outer":
        y = d.line(f"gather({x}, {i})", (x, i))
        out = d.rng.choice(("ck", "ck", "kc"))
        return y and d.line(f'mul(contract({y}, {beside}, "{left}c,{left}k->{out}"), 0.125)', (y, beside))
    if kind == "turned":
        turned = order_of(d, axes + 1) if d.chance(0.5) else (*order_of(d, axes), axes)
        y = d.line(f"transpose({beside}, {turned})", (beside,))
        j = d.give(d.shape(y)[: d.rng.choice((axes, axes, 1))], "i64", 0, rows) if y else i
        return y and d.line(f"mul(scatter_add({y}, {j}, {rows}), 0.25)", (y, j))
    w = d.give((d.shape(beside)[-1], d.extent(7)))
    out = list(left + "k")
    d.rng.shuffle(out) if d.chance(0.4) else None
    y = d.line(f'mul(contract({beside}, {w}, "{left}c,ck->{"".join(out)}"), 0.25)', (beside, w))
    if y is None or d.shape(y)[:axes] != shape:
        return y
    return d.line(f"mul(scatter_add({y}, {i}, {rows}), 0.25)", (y, i))


def square_rows(d: Drawer) -> str | None:
    """As many rows as columns, with a number per row, a vector along the rows, and folds of both in one."""
    if d.depth:
        return None
    n = d.extent(33)
    x, v = d.give((n, n)), d.give((n,))
    top = d.line(f"{d.rng.choice(('reduce_max', 'reduce_sum', 'mean'))}({x}, (1,){d.rng.choice(('', ', keepdims=True'))})", (x,))
    if top is None:
        return None
    y = d.line(d.rng.choice(("sub({x}, {t})", "add({t}, {v})", "mul({t}, 0.25)")).format(x=x, t=top, v=v), (x, top, v))
    z = y and d.line(d.rng.choice(("add({y}, {v})", "tanh(add({y}, {x}))", "softmax({y}, -1)")).format(y=y, v=v, x=x), (y, v, x))
    return z and d.line(f"add({z}, mul({top}, 0.125))", (z, top))


BAITS: tuple[Callable[[Drawer], str | None], ...] = (
    idle_number, negatives, constants, constants, two_orders, two_orders, folded_turned, square_rows,
)  # fmt: skip
