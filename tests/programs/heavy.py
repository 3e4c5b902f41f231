"""Kinds with kernels of their own: products, convolutions, windows, gathers, scatters, random numbers, writes to parts, loops."""

from __future__ import annotations

import math
from dataclasses import replace

from tests.programs.drawing import Drawer
from tests.programs.kinds import binary, consumed, fed, fold, move, row, source, splat, unary
from tests.programs.text import Line, Step

# ---- contractions


def product(d: Drawer) -> str | None:
    """A matrix product of any ranks, or a contraction of named axes."""
    x = source(d, d.rng.choice((1, 2, 2, 2, 3)))
    if x is None:
        return None
    x, shape = fed(d, x), ()
    shape = d.shape(x)
    if d.chance(0.3):
        return consumed(d, contraction(d, x, shape))
    inner = shape[-1]
    partners = [y for y in d.floats() if d.shape(y) and (d.shape(y)[-2] if len(d.shape(y)) > 1 else d.shape(y)[0]) == inner]
    if partners and d.chance(0.5):
        y = d.pick(partners)
    elif d.depth == 0:
        y = d.give((*shape[:-2], inner, d.extent()) if len(shape) > 2 and d.chance(0.5) else (inner, d.extent()))
    else:
        return d.line(f"mul(matmul({x}, transpose({x})), {scale(inner)})", (x,)) if len(shape) == 2 else None
    y = turned(d, fed(d, y)) if d.chance(0.6) else y
    return consumed(
        d, d.line(f"mul(matmul({x}, {y}), {scale(inner)})", (x, y)) or d.line(f"mul(matmul({x}, transpose({x})), {scale(inner)})", (x,))
    )


def turned(d: Drawer, y: str) -> str:
    """A square operand the other way round, half of the time."""
    shape = d.shape(y)
    if len(shape) == 2 and shape[0] == shape[1] and d.chance(0.5):
        return d.line(f"transpose({y}, (1, 0))", (y,)) or y
    return y


def scale(terms: int) -> float:
    """What keeps a sum of so many products moderate."""
    return 2.0 ** -round(math.log2(max(terms, 1)) / 2)


def contraction(d: Drawer, x: str, shape: tuple[int, ...]) -> str | None:
    """Named axes: some summed, some shared, some free, in any order."""
    left = "abcd"[: len(shape)]
    shared = d.rng.sample(left, d.rng.randint(0, len(left)))
    right = shared + (["m"] if d.chance(0.6) or not shared else [])
    d.rng.shuffle(right)
    extent = dict(zip(left, shape, strict=True)) | {"m": d.extent(17)}
    out = [n for n in left if n not in shared or d.chance(0.3)] + [n for n in right if n == "m"]
    d.rng.shuffle(out)
    wanted = tuple(extent[n] for n in right)
    partners = [y for y in d.floats() if d.shape(y) == wanted]
    y = d.pick(partners) if partners and d.chance(0.5) else d.give(wanted) if d.depth == 0 else None
    if y is None:
        return None
    terms = math.prod(extent[n] for n in left if n not in out)
    return d.line(f'mul(contract({x}, {y}, "{left},{"".join(right)}->{"".join(out)}"), {scale(terms)})', (x, y))


def convolution(d: Drawer) -> str | None:
    """Any stride, dilation, padding, groups and channels, behind a producer and before a consumer."""
    rank = d.rng.choices((1, 2, 3), (25, 65, 10))[0]
    if rank == 2 and d.depth == 0 and d.largest > 100_000 and d.chance(0.5):  # so large that chunks are rows of one image
        x: str | None = d.give((2, d.rng.choice((28, 32)), 32, d.rng.choice((12, 32, 48))))
    else:
        x = source(d, rank + 2)
    if x is None:
        return None
    x = fed(d, x)
    _, *spatial, channels = d.shape(x)
    groups = d.rng.choice([g for g in range(1, channels + 1) if channels % g == 0]) if channels and d.chance(0.35) else 1
    window, strides, dilation, padding = [], [], [], []
    for n in spatial:
        size, spread = d.rng.choice((1, 2, 3, 3, 3, 5)), d.rng.choice((1, 1, 1, 2, 3))
        low, high = (d.rng.choice((0, 0, 1, 1, 2, 3)) for _ in range(2))
        if d.chance(0.4):
            low = high = spread * (size - 1) // 2  # "same"
        if spread * (size - 1) + 1 > n + low + high:
            size = 1
        window.append(size), strides.append(d.rng.choice((1, 1, 1, 2, 3))), dilation.append(spread), padding.append((low, high))
    kernel_shape = (*window, channels // groups, groups * d.rng.choice((1, 2, 3, 4, 6, 8, 12, 16, d.extent(24))))
    partners = [y for y in d.floats(rank + 2) if d.shape(y) == kernel_shape]
    if partners and d.chance(0.5):
        k = d.pick(partners)
    elif d.depth:
        return None
    else:
        k = splat(d, kernel_shape) if d.chance(0.07) else d.give(kernel_shape)
    if k is None:
        return None
    k = fed(d, k) if d.chance(0.3) else k
    geometry = f"strides={tuple(strides)}, padding={tuple(padding)}, dilation={tuple(dilation)}, groups={groups}"
    return consumed(d, d.line(f"mul(conv({x}, {k}, {geometry}), {scale(math.prod(kernel_shape[:-1]))})", (x, k)))


# ---- windows


def window(d: Drawer) -> str | None:
    """Pooling with overlap, rest and padding along any axes."""
    ndim = d.rng.choices((1, 2, 3, 4), (15, 20, 30, 35))[0]
    x = source(d, ndim)
    if x is None:
        return None
    x = fed(d, x)
    sizes, strides, padding = [], [], []
    for axis, n in enumerate(d.shape(x)):
        idle = ndim > 1 and (axis == 0 or (axis == ndim - 1 and d.chance(0.7)) or d.chance(0.2))
        size = 1 if idle else d.rng.choice((1, 2, 2, 3, 3, 4, 5))
        low, high = (d.rng.randrange(size) if d.chance(0.4) else 0 for _ in range(2))
        if n + low + high < size:
            size, low, high = 1, 0, 0
        stride = 1 if idle and d.chance(0.9) else d.rng.choice((1, 2, size, size + 1))
        sizes.append(size), strides.append(stride), padding.append((low, high))
    geometry = f"{tuple(sizes)}, {tuple(strides)}, {tuple(padding)}"
    word = d.rng.choice(("max_pool({x}, {g})", "max_pool({x}, {g})", "avg_pool({x}, {g})", "avg_pool({x}, {g}, count_padding=True)"))
    return consumed(d, d.line(word.format(x=x, g=geometry), (x,)))


# ---- places named by data


def index(d: Drawer, rows: int, shape: tuple[int, ...]) -> str:
    """Integers below `rows`, of that shape: given, or computed where there are such."""
    found = [
        x for x in d.values if d.value(x).dtype.kind == "i" and d.numbers(x).min(initial=0) >= 0 and d.numbers(x).max(initial=0) < rows
    ]
    found = [x for x in found if d.value(x).type.size <= 200 and x.startswith("x")]
    return d.pick(found) if found and d.chance(0.4) else d.give(shape, d.rng.choice(("i32", "i64")), 0, rows)


def gathered(d: Drawer) -> str | None:
    """Rows by number; sometimes projected, or with a bias, as an embedding is."""
    x = source(d, d.rng.choice((1, 2, 2, 2, 3)))
    if x is None or not d.shape(x)[0] or d.depth:
        return None
    x = fed(d, x)
    rows = d.shape(x)[0]
    many = 2 * rows + d.rng.randrange(8) if rows <= 8 and d.chance(0.5) else d.extent()
    i = index(d, rows, d.rng.choice(((), (many,), (many,), (d.extent(8), many), (many, d.extent(4)))))
    y = d.line(f"gather({x}, {i})", (x, i))
    if y is not None and d.chance(0.4) and len(d.shape(x)) == 2:
        inner, w = d.shape(y)[-1], ""
        if d.chance(0.6):
            w = d.give((inner, d.extent()))
            return consumed(d, d.line(f"mul(matmul({y}, {w}), {scale(inner)})", (y, w)))
        w = d.give((inner,))
        return d.line(f"add({y}, {w})", (y, w))
    return consumed(d, y)


def scattered(d: Drawer) -> str | None:
    """Sums of rows by number."""
    x = source(d, d.rng.choice((1, 2, 2, 3)))
    if x is None or d.depth:
        return None
    x, shape = fed(d, x), ()
    shape = d.shape(x)
    rows = d.rng.choice((1, 2, 3, 5, 17))
    i = d.give(shape[: d.rng.randint(0, min(2, len(shape)))], d.rng.choice(("i32", "i64")), 0, rows)
    return consumed(d, d.line(f"mul(scatter_add({x}, {i}, {rows}), 0.25)", (x, i)))


def whole_numbers(d: Drawer) -> str | None:
    """Places of the largest, comparisons, whole numbers and bools, and back to floats."""
    found = [x for x in d.floats() if d.shape(x) and d.value(x).type.size]
    if not found:
        return None
    x = d.pick(found)
    kind = d.rng.choice(("argmax", "mask", "cast", "hot", "wide"))
    if kind == "argmax":
        axis, word = d.rng.randrange(len(d.shape(x))), d.rng.choice(("argmax", "argmin"))
        y = d.line(f"{word}({x}, {axis})", (x,))
    elif kind == "mask":
        both = d.rng.choice(("logical_and", "logical_or"))
        y = d.line(f"{both}(greater({x}, 0), logical_not(less({x}, -0.75)))", (x,))
        return y and d.line(f"where({y}, mul({x}, 0.5), {x})", (y, x))
    elif kind == "wide":
        other = "f64" if d.float_ == "f32" else "f32"
        y = d.line(f"mul(cast({x}, {other}), 0.75)", (x,))
    elif kind == "hot":
        i = d.give((d.extent(),), d.rng.choice(("i32", "i64")), 0, 5)
        y = d.line(f"one_hot({i}, 4, {d.float_})", (i,))
    else:
        to = d.rng.choice(("i32", "i64", "u8", "u32", "bool_"))
        y = d.line(f"cast(abs_(mul({x}, 8)), {to})", (x,))
        if y is not None and to != "bool_" and d.chance(0.7):
            y = d.line(
                d.rng.choice(("add({y}, {y})", "mul({y}, 3)", "maximum({y}, 2)", "div({y}, 2)", "reduce_sum({y}, 0)")).format(y=y), (y,)
            )
    return y and d.line(f"mul(cast({y}, {d.float_}), 0.125)", (y,))


def dropped(d: Drawer) -> str | None:
    """Dropout: random bits of two numbers."""
    found = d.floats()
    if not found or d.depth:
        return None
    x, seed, count = d.pick(found), d.give((), "u32", 0, 1000), d.give((), "u32", 0, 1000)
    return d.line(f"dropout({x}, random_bits({d.shape(x)}, {seed}, {count}), {d.rng.choice((0.25, 0.5))})", (x, seed, count))


def patch(d: Drawer) -> str | None:
    """A copy with a part written to."""
    found = [x for x in d.floats() if d.shape(x) and d.value(x).type.size]
    if not found or d.depth:
        return None
    x = d.pick(found)
    part = part_of(d, d.shape(x))
    shape = tuple(b - a for a, b in part)
    partners = [y for y in found if d.shape(y) == shape]
    y = d.pick(partners) if partners and d.chance(0.7) else d.give(shape)
    return d.line(f"patched({x}, {y}, {part})", (x, y))


def part_of(d: Drawer, shape: tuple[int, ...]) -> tuple[tuple[int, int], ...]:
    """Start and stop along each axis."""
    starts = [d.rng.randrange(n) if d.chance(0.5) else 0 for n in shape]
    return tuple((s, d.rng.randint(s + 1, n) if d.chance(0.5) else n) for s, n in zip(starts, shape, strict=True))


# ---- loops


def loop(d: Drawer) -> str | None:
    """A scan over a value's leading axis, or of a length alone; its body is drawn like a program."""
    if d.depth > 1:
        return None
    usable = [x for x in d.floats() if d.shape(x) and 1 <= d.shape(x)[0] <= 9 and d.value(x).type.size <= 4000]
    xs = [d.pick(usable)] if usable and d.chance(0.85) else []
    length = d.shape(xs[0])[0] if xs else d.rng.choice((1, 2, 3, 5))
    xs += [x for x in usable if xs and d.shape(x)[0] == length and x not in xs and d.chance(0.3)][:1]
    constants = d.rng.sample(found, d.rng.randint(0, min(2, len(found)))) if (found := d.floats(most=600)) else []
    items = [d.shape(x)[1:] for x in xs] + [d.shape(x) for x in constants] or [d.draw_shape(1)]
    carries = [carry(d, d.rng.choice(items)) for _ in range(d.rng.choices((0, 1, 2), (10, 65, 25))[0])]
    if None in carries or not (carries or xs):
        return None
    inner = d.body()
    names = [inner.fresh(letter) for letter, group in (("c", carries), ("s", xs), ("k", constants)) for _ in group]
    outer = [*carries, *xs, *constants]
    for k, (name, x) in enumerate(zip(names, outer, strict=True)):
        sliced = len(carries) <= k < len(carries) + len(xs)
        shape = d.shape(x)[1:] if sliced else d.shape(x)
        inner.enter(name, shape, d.float_, d.numbers(x)[0] if sliced else d.numbers(x))
    for _ in range(d.rng.randint(1, 5)):
        d.rng.choices(BODY, BODY_WEIGHTS)[0](inner)
    state = [carried(inner, names[k]) for k in range(len(carries))]
    results = [inner.pick(inner.floats()) for _ in range(d.rng.choice((0, 1, 1, 2)) if carries else 1)]
    if any(x is None for x in state):
        return None
    if d.chance(0.3) and (count := counted(d, inner)):
        names.insert(len(state), count[1])
        carries.append(count[0])
        state.append(count[2])
    constants += [there for there, _ in inner.extra]
    names += [name for _, name in inner.extra]
    step = Step(d.fresh("step"), tuple(names), tuple(inner.lines), tuple(x for x in state if x), tuple(results))
    groups = (f"({''.join(f'{x}, ' for x in group)})" for group in (carries, xs, constants))
    targets = [d.fresh("v") for _ in range(len(state) + len(results))]
    says = f"loop({step.name}, {length}, {', '.join(groups)}{', reverse=True' if d.chance(0.3) else ''})"
    made = d.line(says, (*carries, *xs, *constants), targets, step)
    if made and carries and d.chance(0.15):  # another loop over the same, which carries something else
        extra = Line((d.fresh("v"),), tuple(step.carries[:1]), f"neg({step.carries[0]})")
        other = replace(step, name=d.fresh("step"), lines=(*step.lines, extra), carries=(*extra.targets, *step.carries[1:]))
        fresh = tuple(d.fresh("v") for _ in targets)
        d.line(says.replace(step.name, other.name), (*carries, *xs, *constants), fresh, other)
    return made


def carry(d: Drawer, shape: tuple[int, ...]) -> str | None:
    """The first carry: a value, zeros, or given."""
    found = [x for x in d.floats() if d.shape(x) == shape]
    if found and d.chance(0.5):
        return d.pick(found)
    if d.depth or d.chance(0.4):
        return d.line(f"broadcast_to(number({d.rng.choice((0.0, 0.5))}, {d.float_}), {shape})", ()) if shape else d.line(
            f"mul(cast(arange(1, i32, like={d.values[0]}), {d.float_}), 0.5)", (d.values[0],))  # fmt: skip
    return d.give(shape)


def carried(d: Drawer, name: str) -> str | None:
    """The next carry: a sum that only accumulates, a mixture, an unchanged one, or another value of the shape."""
    shape = d.shape(name)
    others = [x for x in d.floats() if broadcasts_to(d.shape(x), shape) and x != name]
    kind = d.rng.choice(("add", "add", "mix", "fold", "same", "other", "max"))
    x = d.pick(others) if others else name
    if kind == "fold":
        top = d.pick(d.floats())
        return d.line(f"add({name}, mul({d.rng.choice(('reduce_sum', 'reduce_max', 'mean'))}({top}), 0.125))", (name, top))
    if kind == "same" or (kind == "other" and d.shape(x) != shape):
        return name
    if kind == "other":
        return x
    says = {"add": "add({c}, {x})", "mix": "tanh(add(mul({c}, 0.5), {x}))", "max": "maximum({c}, {x})"}[kind]
    return d.line(says.format(c=name, x=x), (name, x))


def counted(d: Drawer, inner: Drawer) -> tuple[str, str, str] | None:
    """A sum of whole numbers, which may leave its loop: what it is at first (not 0), in the body, and behind a step."""
    x = inner.pick(inner.floats())
    says = d.rng.choice(("cast(greater({x}, 0), i32)", "cast(mul({x}, 4), i32)", "reduce_sum(cast(greater({x}, 0), i32))"))
    term = inner.line(says.format(x=x), (x,))
    if term is None:
        return None
    first, name = d.give(inner.shape(term), "i32", 1, 9), inner.fresh("c")
    inner.enter(name, inner.shape(term), "i32", d.numbers(first))
    last = inner.line(f"add({name}, {term})", (name, term))
    return None if last is None else (first, name, last)


def broadcasts_to(a: tuple[int, ...], b: tuple[int, ...]) -> bool:
    """Whether a repeats to b."""
    return len(a) <= len(b) and all(n in (1, m) for n, m in zip(a[::-1], b[::-1], strict=False))


def branch(d: Drawer) -> str | None:
    """One of two sets of results of a body, by a given number."""
    found = d.floats(most=600)
    if d.depth > 1 or not found:
        return None
    operands = d.rng.sample(found, d.rng.randint(1, min(3, len(found))))
    flag, inner, names = d.give((), "i32", 0, 4), d.body(), []
    for x in operands:
        names.append(inner.fresh("o"))
        inner.enter(names[-1], d.shape(x), d.float_, d.numbers(x))
    for _ in range(d.rng.randint(1, 4)):
        d.rng.choices(BODY, BODY_WEIGHTS)[0](inner)
    first = [inner.pick(inner.floats()) for _ in range(d.rng.choice((1, 1, 2)))]
    second = [inner.pick([y for y in inner.floats() if inner.shape(y) == inner.shape(x)]) for x in first]
    operands += [there for there, _ in inner.extra]
    names += [name for _, name in inner.extra]
    step = Step(d.fresh("step"), tuple(names), tuple(inner.lines), (), (*first, *second))
    says = f"branch({step.name}, {flag}, ({''.join(f'{x}, ' for x in operands)}))"
    return d.line(says, (flag, *operands), [d.fresh("v") for _ in first], step)


def turns(d: Drawer) -> str | None:
    """A body as often as a given number says, with a bound."""
    found = d.floats(most=600)
    if d.depth > 1 or not found:
        return None
    carries = [d.pick(found) for _ in range(d.rng.choice((1, 1, 2)))]
    constants = d.rng.sample(found, d.rng.randint(0, min(2, len(found))))
    most, inner, names = d.give((), "i32", 0, 5), d.body(), []
    for x in (*carries, *constants):
        names.append(inner.fresh("c"))
        inner.enter(names[-1], d.shape(x), d.float_, d.numbers(x))
    for _ in range(d.rng.randint(1, 4)):
        d.rng.choices(BODY, BODY_WEIGHTS)[0](inner)
    state = [carried(inner, name) for name in names[: len(carries)]]
    if any(x is None for x in state):
        return None
    constants += [there for there, _ in inner.extra]
    names += [name for _, name in inner.extra]
    step = Step(d.fresh("step"), tuple(names), tuple(inner.lines), tuple(x for x in state if x), ())
    groups = ", ".join(f"({''.join(f'{x}, ' for x in group)})" for group in (carries, constants))
    targets = [*(d.fresh("v") for _ in state), d.fresh("n")]
    return d.line(f"turns({step.name}, {most}, {d.rng.choice((1, 2, 3, 6))}, {groups})", (most, *carries, *constants), targets, step)


BODY = (unary, binary, move, fold, row, product, window, loop, whole_numbers, convolution, branch, turns)
BODY_WEIGHTS = (20, 22, 10, 10, 5, 12, 5, 5, 4, 3, 3, 3)
