"""Algebraic rules, each with its law in words.  One walk in building order; a rule sees arguments that are already simple.

A rule keeps the value for every input, NaN, infinities and signed zeros included, up to the rounding of a sum taken in another order.
So `x + 0` stays (it turns -0.0 into 0.0), `x * 0` stays (NaN), `x * 1` goes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from types import UnionType
from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.dtypes import DType
from gradwerk.compiler.composites import is_map, stands_alone
from gradwerk.compiler.rewrite import rewrite
from gradwerk.compiler.transposes import TRANSPOSE_RULES
from gradwerk.ir.control import Control, is_composite, rewritten
from gradwerk.ir.graph import Graph, Node, Value, promoted
from gradwerk.ir.leaves import Constant, Input
from gradwerk.ir.op import Array, Elementwise, Movement, Op, Random, Reduction, Source
from gradwerk.ops.arithmetic import Cast, Div, Mul, Neg, Sub, Where
from gradwerk.ops.compare import Greater
from gradwerk.ops.contraction import Contract, Index
from gradwerk.ops.indexing import Gather, ScatterAdd
from gradwerk.ops.movement import BroadcastTo, Reshape, Transpose
from gradwerk.ops.source import Counted

Rule = Callable[[Op, tuple[Value, ...], Graph], Value | None]
Entry = tuple[Rule, tuple[type[Op] | UnionType, ...], tuple[type[Op], ...]]
MOST_FOLDED = 1 << 12
"""Elements: larger results of constants are left to run time."""


def number(value: Value) -> float | None:
    """The number every element of a constant is, or None."""
    found = _repeated(value)
    return None if found is None or dtypes.is_complex(found.dtype) else float(dtypes.number_of(found))


def _repeated(value: Value) -> Array | None:
    """The same to the bit, as an array of no axes."""
    while isinstance(value.node.op, BroadcastTo | Reshape):
        value = value.node.args[0]
    op = value.node.op
    return op.reference().reshape(()) if isinstance(op, Constant) and op.type.size == 1 and not op.type.is_token else None


def multiply_by_one(op: Op, args: tuple[Value, ...], graph: Graph) -> Value | None:
    """x * 1 = x and x / 1 = x, where x already has the result's shape."""
    if not isinstance(op, Mul | Div):
        return None
    shape = op.infer(*(a.type for a in args))[0].shape
    if number(args[1]) == 1 and args[0].shape == shape:
        return args[0]
    if isinstance(op, Mul) and number(args[0]) == 1 and args[1].shape == shape:
        return args[1]
    return None


def subtract_zero(op: Op, args: tuple[Value, ...], graph: Graph) -> Value | None:
    """x - (+0) = x, for every x, where x already has the result's shape.  (x - (-0) is not: it turns -0.0 into 0.0.)"""
    zero = number(args[1]) if isinstance(op, Sub) else None
    if zero is None or zero != 0 or np.signbit(zero):
        return None
    return args[0] if args[0].shape == op.infer(*(a.type for a in args))[0].shape else None


def double_negative(op: Op, args: tuple[Value, ...], graph: Graph) -> Value | None:
    """-(-x) = x."""
    return args[0].node.args[0] if isinstance(op, Neg) and isinstance(args[0].node.op, Neg) else None


def idle_cast(op: Op, args: tuple[Value, ...], graph: Graph) -> Value | None:
    """A cast to the dtype it has is nothing."""
    return args[0] if isinstance(op, Cast) and args[0].dtype == op.dtype else None


def idle_movement(op: Op, args: tuple[Value, ...], graph: Graph) -> Value | None:
    """A reshape or broadcast to the same shape is nothing; so is a transpose that moves no axis."""
    if isinstance(op, Reshape | BroadcastTo) and args[0].shape == op.shape:
        return args[0]
    if isinstance(op, Transpose) and op.permutation == tuple(range(len(op.permutation))):
        return args[0]
    return None


def movement_of_movement(op: Op, args: tuple[Value, ...], graph: Graph) -> Value | None:
    """Two reshapes are one, two transposes are one, two broadcasts of equal rank are one."""
    if not args:
        return None
    inner = args[0].node
    if isinstance(op, Reshape) and isinstance(inner.op, Reshape):
        return graph.apply(op, inner.args)[0]
    if isinstance(op, Transpose) and isinstance(inner.op, Transpose):
        before = inner.op.permutation
        return graph.apply(Transpose(tuple(before[p] for p in op.permutation)), inner.args)[0]
    if isinstance(op, BroadcastTo) and isinstance(inner.op, BroadcastTo):
        return graph.apply(op, inner.args)[0]
    return None


def broadcast_into_elementwise(op: Op, args: tuple[Value, ...], graph: Graph) -> Value | None:
    """An elementwise op broadcasts by itself: a broadcast argument is dropped where another argument still gives the shape."""
    if not isinstance(op, Elementwise) or len(args) < 2 or not any(isinstance(a.node.op, BroadcastTo) for a in args):
        return None
    shape = op.infer(*(a.type for a in args))[0].shape
    new = list(args)
    for k, value in enumerate(args):
        if isinstance(value.node.op, BroadcastTo):
            trial = [*new]
            trial[k] = value.node.args[0]
            if np.broadcast_shapes(*(t.shape for t in trial)) == shape:
                new = trial
    return graph.apply(op, new)[0] if new != list(args) else None


def elementwise_of_reshape(op: Op, args: tuple[Value, ...], graph: Graph) -> Value | None:
    """f(reshape(x)) = reshape(f(x)) for one argument (others single numbers), so that f joins the region that makes x."""
    if not isinstance(op, Elementwise) or not args:
        return None
    wide = [k for k, a in enumerate(args) if number(a) is None and not isinstance(a.node.op, Counted)]
    if len(wide) != 1 or not isinstance(args[wide[0]].node.op, Reshape) or isinstance(args[wide[0]].node.args[0].node.op, Input | Constant):
        return None
    source = args[wide[0]]
    if source.shape != op.infer(*(a.type for a in args))[0].shape:
        return None
    inner = [source.node.args[0] if k == wide[0] else _literal(a, graph) for k, a in enumerate(args)]
    return graph.apply(Reshape(source.shape), [graph.apply(op, inner)[0]])[0]


def _literal(value: Value, graph: Graph) -> Value:
    found = _repeated(value)
    return value if found is None else graph.constant(found)


def trailing_axes_first(op: Op, args: tuple[Value, ...], graph: Graph) -> Value | None:
    """A reduction over trailing axes and others goes over the trailing ones, which rows lie along, and then over the others."""
    if not isinstance(op, Reduction) or op.keepdims or not op.reduces_elements(args[0].type):
        return None
    (x,) = args
    trailing = tuple(k for k in op.axes if all(j in op.axes for j in range(k, x.ndim)))
    if not trailing or len(op.axes) in {len(trailing), x.ndim}:
        return None
    part = graph.apply(op.along(trailing), [x])[0]
    return graph.apply(op.along(tuple(k for k in op.axes if k not in trailing)), [part])[0]


def drop_keepdims(op: Op, args: tuple[Value, ...], graph: Graph) -> Value | None:
    """A reduction that keeps its axes is one and a reshape; one over axes of extent 1 only is a reshape, where one element is itself."""
    if not isinstance(op, Reduction):
        return None
    shape = op.infer(args[0].type)[0].shape
    if op.gives_back_one(args[0].type) and all(args[0].shape[k] == 1 for k in op.axes):
        return graph.apply(Reshape(shape), args)[0]
    if op.keepdims:
        return graph.apply(Reshape(shape), [graph.apply(op.along(op.axes), args)[0]])[0]
    return None


def plain_axes(maps: Sequence[Index]) -> tuple[str, ...] | None:
    """The axes that an operand's dimensions are, where it has some and each is one axis and nothing more."""
    names = tuple(index.axis for index in maps)
    found = tuple(name for name in names if name is not None)
    return found if found and len(found) == len(names) else None


def project_table_once(op: Op, args: tuple[Value, ...], graph: Graph) -> Value | None:
    """gather(table, i) @ W = gather(table @ W, i), where the table has fewer rows than are gathered."""
    if not isinstance(op, Contract):
        return None
    rows = args[0].node
    if not isinstance(rows.op, Gather) or rows.args[0].ndim != 2 or len(op.rhs) != 2:
        return None
    table, index = rows.args
    left, right = plain_axes(op.lhs), plain_axes(op.rhs)
    if left is None or right is None or table.shape[0] * 2 > index.type.size:
        return None
    *free, inner = left
    shared, column = right
    if inner != shared or op.out != (*free, column):
        return None
    extent = op.extent
    sizes = (("row", table.shape[0]), (inner, extent[inner]), (column, extent[column]))
    product = Contract((Index((("row", 1),)), op.lhs[-1]), op.rhs, ("row", column), sizes)
    return graph.apply(rows.op, [graph.apply(product, [table, args[1]])[0], index])[0]


def sum_by_row_first(op: Op, args: tuple[Value, ...], graph: Graph) -> Value | None:
    """The sum over m of table[i[m], k] * g[m, n] is the sum over rows r of table[r, k] * s[r, n], s the sums of g by row: fewer products,
    where the table has fewer rows than are gathered.
    """
    if not isinstance(op, Contract) or not isinstance(args[0].node.op, Gather):
        return None
    table, index = args[0].node.args
    left, right = plain_axes(op.lhs), plain_axes(op.rhs)
    if left is None or right is None or table.ndim != 2 or table.shape[0] * 2 > index.type.size:
        return None
    (*summed, inner), (*shared, column) = left, right
    if summed != shared or op.out != (inner, column):
        return None
    extent = op.extent
    sums = graph.apply(ScatterAdd(table.shape[0]), [args[1], index])[0]
    table = graph.apply(Where(), [named(index, table.shape[0], table.dtype, graph), table, 0])[0]
    row = Index((("row", 1),))
    sizes = (("row", table.shape[0]), (inner, extent[inner]), (column, extent[column]))
    return graph.apply(Contract((row, op.lhs[-1]), (row, op.rhs[-1]), op.out, sizes), [table, sums])[0]


def multiply_sums_by_row(op: Op, args: tuple[Value, ...], graph: Graph) -> Value | None:
    """The sums by row of g @ W are (the sums by row of g) @ W, where there are fewer rows than terms."""
    if not isinstance(op, ScatterAdd) or not isinstance(args[0].node.op, Contract):
        return None
    product, index = args[0].node, args[1]
    inner = product.op
    if not isinstance(inner, Contract):
        return None
    left, names = plain_axes(inner.lhs), plain_axes(inner.rhs)
    if left is None or names is None or len(names) != 2 or left[-1] not in names or op.rows * 2 > index.type.size:
        return None
    *free, last = left
    column = names[1 - names.index(last)]
    if column == last or inner.out != (*free, column) or index.ndim != len(free):
        return None
    sums = graph.apply(ScatterAdd(op.rows), [product.args[0], index])[0]
    sizes = (("row", op.rows), *((n, e) for n, e in inner.extents if n in names))
    made = graph.apply(Contract((Index((("row", 1),)), inner.lhs[-1]), inner.rhs, ("row", column), sizes), [sums, product.args[1]])[0]
    return graph.apply(Where(), [named(index, op.rows, made.dtype, graph), made, 0])[0]


def named(index: Value, rows: int, kind: DType, graph: Graph) -> Value:
    """Which rows are indices at all: the others' sums are 0, and 0 times what they meet need not be.  Shape: (rows, 1)."""
    ones = graph.apply(BroadcastTo(index.shape), [graph.constant(dtypes.of_value(1, kind))])[0]
    counted = graph.apply(ScatterAdd(rows), [ones, index])[0]
    return graph.apply(Reshape((rows, 1)), [graph.apply(Greater(), [counted, 0])[0]])[0]


def sums_of_transposed(op: Op, args: tuple[Value, ...], graph: Graph) -> Value | None:
    """scatter_add(transpose(g), i) = scatter_add(g, transpose back(i)), where the rows themselves stay last."""
    if not isinstance(op, ScatterAdd) or not isinstance(args[0].node.op, Transpose):
        return None
    order = args[0].node.op.permutation
    if order[-1] != len(order) - 1 or args[1].ndim != len(order) - 1:
        return None
    back = tuple(order.index(k) for k in range(len(order) - 1))
    return graph.apply(op, [args[0].node.args[0], graph.apply(Transpose(back), [args[1]])[0]])[0]


def gather_of_transposed_indices(op: Op, args: tuple[Value, ...], graph: Graph) -> Value | None:
    """transpose(gather(table, i)) = gather(table, transpose(i)), where the rows themselves stay last."""
    if not isinstance(op, Transpose) or not isinstance(args[0].node.op, Gather):
        return None
    table, index = args[0].node.args
    if table.ndim != 2 or op.permutation[-1] != args[0].ndim - 1:
        return None
    return graph.apply(args[0].node.op, [table, graph.apply(Transpose(op.permutation[:-1]), [index])[0]])[0]


def shift_table_once(op: Op, args: tuple[Value, ...], graph: Graph) -> Value | None:
    """f(table[i], b) = f(table, b)[i], where b is one number per column and the table has fewer rows than are gathered."""
    if not isinstance(op, Elementwise) or len(args) != 2:
        return None
    for place, rows in enumerate(args):
        other = args[1 - place]
        if not isinstance(rows.node.op, Gather) or rows.node.args[0].ndim != 2:
            continue
        table, index = rows.node.args
        per_column = other.shape[-1:] == rows.shape[-1:] and other.type.size == rows.shape[-1]
        if per_column and table.shape[0] * 2 <= index.type.size:
            row = graph.apply(Reshape((rows.shape[-1],)), [other])[0]
            inner = [table, row] if place == 0 else [row, table]
            return graph.apply(rows.node.op, [graph.apply(op, inner)[0], index])[0]
    return None


def fold_constants(op: Op, args: tuple[Value, ...], graph: Graph) -> Value | None:
    """What depends on constants alone is a constant; broadcasts of them stay views."""
    if not args or isinstance(op, BroadcastTo | Random | Source) or op.has_effect or not isinstance(op, Elementwise | Movement | Reduction):
        return None
    if not all(isinstance(a.node.op, Constant) or _repeated(a) is not None for a in args):
        return None
    types = op.infer(*(a.type for a in args))
    if sum(t.size for t in types) > MOST_FOLDED or any(a.type.size > MOST_FOLDED for a in args):
        return None
    return graph.constant(op.evaluate(*map(_contents, args))[0])


def _contents(value: Value) -> Array:
    """The elements of a constant, or of one number repeated."""
    found = _repeated(value)
    return value.node.op.reference() if found is None else np.broadcast_to(found, value.shape)


def repeat_one_number(op: Op, args: tuple[Value, ...], graph: Graph) -> Value | None:
    """A constant whose elements are all the same bits is one number, broadcast: it costs no memory and joins the kernels that read it."""
    if not isinstance(op, Constant) or op.type.size < 2 or op.type.is_token:
        return None
    size = op.type.dtype.itemsize
    first = op.data[:size]
    if op.data[-size:] != first or op.data != first * op.type.size:
        return None
    return graph.apply(BroadcastTo(op.type.shape), [graph.constant(np.frombuffer(first, op.type.dtype).reshape(()))])[0]


def elementwise_of_numbers(op: Op, args: tuple[Value, ...], graph: Graph) -> Value | None:
    """f of numbers repeated is one number repeated, of any extent."""
    if not isinstance(op, Elementwise) or not args or any(_repeated(a) is None for a in args):
        return None
    type_ = op.infer(*(a.type for a in args))[0]
    if type_.size < 2:
        return None
    return graph.apply(BroadcastTo(type_.shape), [graph.apply(op, [_literal(a, graph) for a in args])[0]])[0]


NUMBERS = (Constant, BroadcastTo, Reshape)
"""What may make one number repeated."""
RULES: tuple[Entry, ...] = (
    (repeat_one_number, (Constant,), ()),
    (elementwise_of_numbers, (Elementwise,), NUMBERS),  # before folding, which would write them out
    (fold_constants, (Elementwise, Movement, Reduction), NUMBERS),  # early: what remains has something to run
    (idle_cast, (Cast,), ()),
    (idle_movement, (Reshape, BroadcastTo, Transpose), ()),
    (movement_of_movement, (Reshape, BroadcastTo, Transpose), (Reshape, BroadcastTo, Transpose)),
    (multiply_by_one, (Mul, Div), NUMBERS),
    (subtract_zero, (Sub,), NUMBERS),
    (double_negative, (Neg,), (Neg,)),
    *TRANSPOSE_RULES,  # transposes meet and vanish: layouts are the compiler's business
    (broadcast_into_elementwise, (Elementwise,), (BroadcastTo,)),  # before reshapes move: shapes must be those of the data
    (elementwise_of_reshape, (Elementwise,), (Reshape,)),
    (drop_keepdims, (Reduction,), ()),  # before the next, which speaks of reductions without kept axes
    (trailing_axes_first, (Reduction,), ()),
    (gather_of_transposed_indices, (Transpose,), (Gather,)),
    (sums_of_transposed, (ScatterAdd,), (Transpose,)),
    (project_table_once, (Contract,), (Gather,)),
    (shift_table_once, (Elementwise,), (Gather,)),
    (sum_by_row_first, (Contract,), (Gather,)),
    (multiply_sums_by_row, (ScatterAdd,), (Contract,)),
)
"""The rules in order: each with the kinds of op it speaks of, and the kinds of which one must have made an argument (none: any)."""
LOOKS = tuple([(kinds, where or (Op,)) for _, kinds, where in RULES])


_rules: dict[tuple[type[Op], ...], tuple[Rule, ...]] = {}

def rules_of(kind: type[Op], makers: tuple[type[Op], ...]) -> tuple[Rule, ...]:
    """The rules that may apply to an op of this class on arguments made by ops of those."""
    key = (kind, *makers)
    if key not in _rules:
        _rules[key] = tuple(
            rule for rule, kinds, where in RULES if issubclass(kind, kinds) and (not where or any(issubclass(m, where) for m in makers))
        )
    return _rules[key]


class Simpler(Graph):
    """A graph in which every node is simple when it is made: `apply` gives the result of the first rule that applies.

    A rule's own results come through `apply` as well, so one walk over a graph is enough.
    """

    def apply(self, op: Op, args: Sequence[Any], like: Node | None = None) -> tuple[Value, ...]:
        """The simplest results of `op` on values of this graph; `like` as in a plain one."""
        values = promoted(op, tuple(args), self.constant)
        node = self._interned.get((op, values))
        if node is None:
            for rule in rules_of(type(op), tuple([type(value.node.op) for value in values])):
                value = rule(op, values, self)
                if value is not None:
                    return (value,)
            node = self._add(op, values, like)
        return self._asked_for(node)


def simplify(graph: Graph) -> Graph:
    """The same results by fewer and simpler nodes, in bodies too.  Running it again changes nothing."""
    return rewrite(graph, simpler, Simpler(graph.name))


def simpler(graph: Graph, node: Node, args: Sequence[Value]) -> Sequence[Value]:
    """The simplest results of a node.  A composite stays one where no rule could look from its nodes out, or from others in."""
    op = node.op
    if not is_composite(op):
        return graph.apply(rewritten(op, simplify), args, node)
    simple = simple_composite(op)
    if is_map(simple.bodies[0]) and stands_alone(simple, op, tuple([type(value.node.op) for value in args]), LOOKS):
        return graph.apply(simple, args, node)
    return op.bodies[0].inline(args, graph, alike=True)


@lru_cache(maxsize=128)
def simple_composite(op: Control) -> Control:
    """The composite of a simple body, asked once."""
    return op.with_bodies([simplify(body) for body in op.bodies])
