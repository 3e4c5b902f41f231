"""For each rule of the simplifier: all small cases that it speaks of.  A family draws (op, arguments) in a graph; the rule may decline."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import permutations, product
from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.dtypes import DType
from gradwerk.ir.graph import Graph, Type, Value
from gradwerk.ir.leaves import Constant
from gradwerk.ir.op import Binary, Elementwise, Movement, Op, Reduction, Select, Unary
from gradwerk.ops.arithmetic import Add, Cast, Div, Maximum, Mul, Neg, Relu, Sub, Where
from gradwerk.ops.compare import Greater
from gradwerk.ops.contraction import Contract, axes
from gradwerk.ops.indexing import Gather, ScatterAdd
from gradwerk.ops.movement import BroadcastTo, Reshape, Transpose
from gradwerk.ops.reduction import Max, Min, Sum
from tests.laws.cases import draw, examples_of, load_registry
from tests.rules.shapes import FEW, NUMBERS, SHAPES, Shape, axes_of, below, given, orders_of, shapes_of

Case = tuple[Op, Callable[[Graph], Sequence[Value]]]
"""An op, and its arguments in a graph."""
Family = Callable[[], Iterator[Case]]
FOLDS = (Sum, Max, Min)
F32 = dtypes.float32


def number(graph: Graph, value: float, shape: Shape, dtype: DType) -> Value:
    """A constant that is one number, broadcast where it has axes."""
    constant = graph.constant(np.asarray(value).astype(dtype))
    return constant if shape == () else graph.apply(BroadcastTo(shape), [constant])[0]


def applied(op: Op, *args: Value) -> Value:
    return args[0].node.graph.apply(op, args)[0]


def foldable(fold: type[Reduction], shape: Shape, along: tuple[int, ...]) -> bool:
    """Whether there is something to fold: the largest of nothing has no value."""
    return fold is Sum or all(shape[k] for k in along)


# ---- constants


def constants() -> Iterator[Case]:
    for dtype, shape in product((*NUMBERS, dtypes.bool_), SHAPES):
        for value in (0.0, -0.0, 1.0, np.nan, np.inf) if dtype.kind == "f" else (0, 1):
            whole = np.full(shape, value).astype(dtype)
            yield Constant.of(whole), lambda graph: ()
            if whole.size > 2:  # the same at both ends and not between
                whole.reshape(-1)[1] = 1 - value if np.isfinite(value) else 3
                yield Constant.of(whole), lambda graph: ()


def examples_for_rules(cls: type[Op]) -> Iterator[tuple[Op, tuple[Type, ...]]]:
    """The examples that rules meet: no op that rounds is on narrow floats any more (compiler/widen.py)."""
    for op, types in examples_of(cls):
        if not any(dtypes.is_narrow(t.dtype) for t in (*types, *op.infer(*types))):
            yield op, types


def elementwise_ops() -> list[type[Op]]:
    return [cls for cls in load_registry().values() if issubclass(cls, Elementwise)]


def elementwise_of_numbers() -> Iterator[Case]:
    values = {"f": (0.0, -0.0, 1.5, -2.0, np.inf, np.nan), "i": (0, -1, 7), "u": (0, 3), "b": (0, 1)}
    for cls in elementwise_ops():
        for op, types in {(op, tuple(t.dtype for t in types)): (op, types) for op, types in examples_for_rules(cls)}.values():
            for shapes in ([(3,)] * len(types), [(2, 3), *[()] * (len(types) - 1)], [(0, 2)] * len(types)):
                for k in range(3):

                    def arguments(graph: Graph, types: Any = types, shapes: Any = shapes, k: int = k) -> list[Value]:
                        drawn = [values[t.dtype.kind] for t in types]
                        drawn = [(v[(k + j) % len(v)],) for j, v in enumerate(drawn)]
                        return [number(graph, v, s, t.dtype) for (v,), s, t in zip(drawn, shapes, types, strict=True)]

                    yield op, arguments


def foldable_of_constants() -> Iterator[Case]:
    for cls in load_registry().values():
        if issubclass(cls, Elementwise | Movement | Reduction):
            for op, types in examples_for_rules(cls):
                yield op, lambda graph, op=op, types=types: [graph.constant(array) for array in draw(op, types)]


# ---- idle ops


def casts() -> Iterator[Case]:
    for a, b, shape in product((*NUMBERS, dtypes.bool_), (*NUMBERS, dtypes.bool_), ((), (3,), (0, 2))):
        yield Cast(b), lambda graph, a=a, shape=shape: [given(graph, shape, a)]


def movements() -> Iterator[Case]:
    for shape in SHAPES:
        for new in shapes_of(int(np.prod(shape))):
            yield Reshape(new), lambda graph, shape=shape: [given(graph, shape)]
        for small in below(shape):
            yield BroadcastTo(shape), lambda graph, small=small: [given(graph, small)]
        for order in orders_of(len(shape)):
            yield Transpose(order), lambda graph, shape=shape: [given(graph, shape)]


def movements_of_movements() -> Iterator[Case]:
    for shape in SHAPES:
        alike = shapes_of(int(np.prod(shape)))
        for middle, new in product(alike[::3], alike[::2]) if len(alike) > 12 else product(alike, alike):
            yield Reshape(new), lambda graph, shape=shape, middle=middle: [applied(Reshape(middle), given(graph, shape))]
        for first, then in product(orders_of(len(shape)), repeat=2):
            yield Transpose(then), lambda graph, shape=shape, first=first: [applied(Transpose(first), given(graph, shape))]
    for shape in FEW:
        for middle in below(shape):
            for small in below(middle):
                yield BroadcastTo(shape), lambda graph, middle=middle, small=small: [applied(BroadcastTo(middle), given(graph, small))]


# ---- neutral numbers


def with_numbers(ops: Sequence[Op], numbers: Sequence[float]) -> Iterator[Case]:
    """Each op of an argument and a number, in either order, of any two shapes that broadcast."""
    for op, dtype, value in product(ops, NUMBERS, numbers):
        if isinstance(op, Op) and dtype not in getattr(op, "accepts", dtypes.NUMBERS):
            continue
        for shape in FEW if dtype == F32 else ((), (3,), (2, 0), (1, 3)):
            for small in below(shape):
                for a, b in ((shape, small), (small, shape)):
                    yield op, lambda graph, a=a, b=b, dtype=dtype, value=value: [given(graph, a, dtype), number(graph, value, b, dtype)]
                    yield op, lambda graph, a=a, b=b, dtype=dtype, value=value: [number(graph, value, a, dtype), given(graph, b, dtype)]


def double_negatives() -> Iterator[Case]:
    for dtype, shape in product(NUMBERS, SHAPES):
        if dtype in Neg.accepts:
            yield Neg(), lambda graph, dtype=dtype, shape=shape: [applied(Neg(), given(graph, shape, dtype))]


# ---- elementwise ops of moved arguments


SOME_OPS: tuple[Op, ...] = (Neg(), Relu(), Add(), Sub(), Div(), Maximum(), Greater(), Where())
"""One of each kind, some that tell their arguments apart."""


def beside(op: Op, moved: Callable[[Graph], Value], others: Sequence[Callable[[Graph], Value]]) -> Iterator[Case]:
    """The op with what is moved in each place and one of `others` in the rest."""
    if isinstance(op, Unary):
        yield op, lambda graph: [moved(graph)]
        return
    for other in others:
        if isinstance(op, Binary):
            yield op, lambda graph, other=other: [moved(graph), other(graph)]
            yield op, lambda graph, other=other: [other(graph), moved(graph)]
        elif isinstance(op, Select):
            yield op, lambda graph, other=other: [applied(Greater(), other(graph), moved(graph)), moved(graph), other(graph)]


def others_of(shape: Shape, like: Callable[[Graph], Value]) -> list[Callable[[Graph], Value]]:
    """What may stand beside a value of this shape: the same, a value, a number, a vector along each axis, broadcasts of them."""
    found: list[Callable[[Graph], Value]] = [like, lambda graph: given(graph, shape), lambda graph: number(graph, 2.0, (), F32)]
    found.append(lambda graph: number(graph, -0.5, shape, F32))
    for axis in range(len(shape)):
        vector = tuple(n if k == axis else 1 for k, n in enumerate(shape))
        found.append(lambda graph, vector=vector: given(graph, vector))
        found.append(lambda graph, vector=vector: applied(BroadcastTo(shape), given(graph, vector)))
        found.append(lambda graph, axis=axis: given(graph, (*(n if k == axis else 1 for k, n in enumerate(shape)),)[axis:]))
    return found


def elementwise_of_transposes() -> Iterator[Case]:
    for op, shape in product(SOME_OPS, FEW):
        for order in orders_of(len(shape)):
            new = tuple(shape[k] for k in order)

            def moved(graph: Graph, shape: Shape = shape, order: tuple[int, ...] = order) -> Value:
                return applied(Transpose(order), given(graph, shape))

            yield from beside(op, moved, others_of(new, moved))


def elementwise_of_reshapes() -> Iterator[Case]:
    """Reshapes of inputs and of what is computed, to every small shape."""
    for op, shape in product(SOME_OPS, FEW):
        for new in shapes_of(int(np.prod(shape)))[:: 1 if isinstance(op, Add) else 4]:

            def moved(graph: Graph, shape: Shape = shape, new: Shape = new) -> Value:
                return applied(Reshape(new), applied(Neg(), given(graph, shape)))

            yield from beside(op, moved, others_of(new, moved)[: 6 if isinstance(op, Add) else 3])


def elementwise_of_broadcasts() -> Iterator[Case]:
    for op, shape in product(SOME_OPS, FEW):
        for small in below(shape):

            def moved(graph: Graph, shape: Shape = shape, small: Shape = small) -> Value:
                return applied(BroadcastTo(shape), given(graph, small))

            yield from beside(op, moved, others_of(shape, moved)[:6])


# ---- folds


def folds() -> Iterator[Case]:
    for fold, shape in product(FOLDS, SHAPES):
        for along in axes_of(len(shape)):
            if foldable(fold, shape, along):
                for keepdims in (False, True):
                    yield fold(along, keepdims), lambda graph, shape=shape: [given(graph, shape)]


def folds_of_transposes() -> Iterator[Case]:
    for fold, shape in product(FOLDS, FEW):
        for along, order in product(axes_of(len(shape)), orders_of(len(shape))):
            if foldable(fold, tuple(shape[k] for k in order), along):
                yield fold(along), lambda graph, shape=shape, order=order: [applied(Transpose(order), given(graph, shape))]


# ---- gathers, scatters and products

ROWS = (0, 1, 2, 4)
INDICES: tuple[Shape, ...] = ((), (3,), (9,), (0,), (2, 4), (3, 3), (3, 1), (2, 3, 4), (3, 2, 2))


def index(graph: Graph, shape: Shape, rows: int) -> Value:
    """Indices of so many rows, some of them twice, the last row by none."""
    places = (np.arange(int(np.prod(shape))) * 7 + 1) % max(rows - 1, 1)
    return graph.constant(places.reshape(shape).astype(np.int32))


def tables() -> Iterator[tuple[int, Shape]]:
    """Rows and shapes of indices that name one."""
    for rows, shape in product(ROWS, INDICES):
        if rows or 0 in shape:
            yield rows, shape


def gathered(graph: Graph, rows: int, shape: Shape, width: int, dtype: DType = F32) -> Value:
    return applied(Gather(), given(graph, (rows, width), dtype), index(graph, shape, rows))


def transposes_of_gathers() -> Iterator[Case]:
    for (rows, shape), width in product(tables(), (0, 1, 3)):
        for order in orders_of(len(shape) + 1):
            yield Transpose(order), lambda graph, rows=rows, shape=shape, width=width: [gathered(graph, rows, shape, width)]


def scatters_of_transposes() -> Iterator[Case]:
    for (rows, shape), row in product(tables(), ((0,), (1,), (3,), (3, 2), (2, 2, 1))):
        for order in orders_of(len(shape) + len(row)):
            lies = tuple((*shape, *row)[order.index(k)] for k in range(len(order)))

            def arguments(graph: Graph, rows: int = rows, shape: Shape = shape, order: Any = order, lies: Shape = lies) -> list[Value]:
                return [applied(Transpose(order), given(graph, lies)), index(graph, shape, rows)]

            yield ScatterAdd(rows), arguments


def names_of(count: int) -> tuple[str, ...]:
    """Names for axes; one is called as a rule calls its own."""
    return ("row", "a", "b")[:count]


def products_of_gathers() -> Iterator[Case]:
    for (rows, shape), width, column, dtype in product(tables(), (0, 1, 3), (0, 1, 2), (F32, dtypes.int32)):
        free = names_of(len(shape))
        extents = (*zip(free, shape, strict=True), ("k", width), ("n", column))
        for right in (("k", "n"), ("n", "k")):
            for out in ((*free, "n"), ("n", *free)):
                sizes = tuple(dict(extents)[name] for name in right)

                def arguments(graph: Graph, table: Any = (rows, shape, width, dtype), sizes: Shape = sizes) -> list[Value]:
                    return [gathered(graph, *table), given(graph, sizes, table[-1])]

                yield Contract(axes((*free, "k")), axes(right), out, extents), arguments


def sums_of_products_of_gathers() -> Iterator[Case]:
    for (rows, shape), width, column in product(tables(), (0, 1, 3), (0, 1, 2)):
        free = names_of(len(shape))
        extents = (*zip(free, shape, strict=True), ("k", width), ("n", column))
        for out in (("k", "n"), ("n", "k")):

            def arguments(graph: Graph, rows: int = rows, shape: Shape = shape, width: int = width, column: int = column) -> list[Value]:
                return [gathered(graph, rows, shape, width), given(graph, (*shape, column))]

            yield Contract(axes((*free, "k")), axes((*free, "n")), out, extents), arguments


def scatters_of_products() -> Iterator[Case]:
    for (rows, shape), width, column in product(tables(), (0, 1, 3), (0, 1, 2)):
        free = names_of(len(shape))
        extents = (*zip(free, shape, strict=True), ("k", width), ("n", column))
        for right in (("k", "n"), ("n", "k")):
            for out in permutations((*free, "n")):
                op = Contract(axes((*free, "k")), axes(right), out, extents)
                shapes = [tuple(dict(extents)[name] for name in names) for names in ((*free, "k"), right, out[:-1])]
                if not rows and 0 not in shapes[2]:
                    continue

                def arguments(graph: Graph, op: Op = op, shapes: list[Shape] = shapes, rows: int = rows) -> list[Value]:
                    left, matrix, places = shapes
                    return [applied(op, given(graph, left), given(graph, matrix)), index(graph, places, rows)]

                yield ScatterAdd(rows), arguments


def shifts_of_gathers() -> Iterator[Case]:
    for (rows, shape), width, op in product(tables(), (0, 1, 3), (Add(), Sub(), Mul(), Div(), Greater())):
        for other in ((width,), (1, width), (1, 1, width), (), (1,), (*shape, width), (width, 1)):
            if len(other) > len(shape) + 1 or (other == (width, 1) and shape[-1:] not in ((width,), (1,))):
                continue
            for first in (True, False):

                def arguments(graph: Graph, table: Any = (rows, shape, width), other: Shape = other, first: bool = first) -> list[Value]:  # noqa: FBT001
                    found = [gathered(graph, *table), given(graph, other)]
                    return found if first else found[::-1]

                yield op, arguments


FAMILIES: dict[str, Family] = {
    "repeat_one_number": constants,
    "elementwise_of_numbers": elementwise_of_numbers,
    "fold_constants": foldable_of_constants,
    "idle_cast": casts,
    "idle_movement": movements,
    "movement_of_movement": movements_of_movements,
    "multiply_by_one": lambda: with_numbers((Mul(), Div()), (1, 2)),
    "subtract_zero": lambda: with_numbers((Sub(),), (0.0, -0.0)),
    "double_negative": double_negatives,
    "idle_transpose": movements,
    "elementwise_of_transpose": elementwise_of_transposes,
    "elementwise_of_moved_ones": elementwise_of_reshapes,
    "reduction_of_transpose": folds_of_transposes,
    "broadcast_into_elementwise": elementwise_of_broadcasts,
    "elementwise_of_reshape": elementwise_of_reshapes,
    "drop_keepdims": folds,
    "trailing_axes_first": folds,
    "gather_of_transposed_indices": transposes_of_gathers,
    "sums_of_transposed": scatters_of_transposes,
    "project_table_once": products_of_gathers,
    "shift_table_once": shifts_of_gathers,
    "sum_by_row_first": sums_of_products_of_gathers,
    "multiply_sums_by_row": scatters_of_products,
}
"""By the name of the rule.  A rule without a family fails its test."""
