"""Rules by which transposes sink through the ops that do not mind, until they meet their inverse and both vanish.

A front end that shows channels first computes channels last between two transposes; after these rules what runs in between is channels last
alone, and the same network written in two front ends is one program.
"""

from __future__ import annotations

from gradwerk.ir.graph import Graph, Value
from gradwerk.ir.op import Elementwise, Op, Reduction
from gradwerk.ops.movement import BroadcastTo, Reshape, Transpose


def idle_transpose(op: Op, args: tuple[Value, ...], graph: Graph) -> Value | None:
    """A transpose that moves only axes of extent 1 past others is a reshape."""
    if not isinstance(op, Transpose):
        return None
    (x,) = args
    long = [axis for axis in op.permutation if x.shape[axis] != 1]
    return graph.apply(Reshape(tuple(x.shape[axis] for axis in op.permutation)), args)[0] if long == sorted(long) else None


def elementwise_of_transpose(op: Op, args: tuple[Value, ...], graph: Graph) -> Value | None:
    """f(transpose(x), a) = transpose(f(x, a transposed back)), where a is transposed alike or smaller than the result."""
    if not isinstance(op, Elementwise) or not any(isinstance(a.node.op, Transpose) for a in args):
        return None
    shape = op.infer(*(a.type for a in args))[0].shape
    orders = {a.node.op.permutation for a in args if a.shape == shape and isinstance(a.node.op, Transpose)}
    if len(orders) != 1:
        return None
    (permutation,) = orders
    inner = [_transposed_back(a, permutation, shape, graph) for a in args]
    if any(value is None for value in inner):
        return None
    return graph.apply(Transpose(permutation), graph.apply(op, inner))[0]


def _transposed_back(value: Value, permutation: tuple[int, ...], shape: tuple[int, ...], graph: Graph) -> Value | None:
    """The argument as it stands beside the untransposed one; None where that would take a transpose of its own."""
    back = tuple(permutation.index(k) for k in range(len(permutation)))
    op = value.node.op
    if value.shape == shape and isinstance(op, Transpose) and op.permutation == permutation:
        return value.node.args[0]
    if isinstance(op, BroadcastTo) and value.shape == shape:
        return _transposed_back(value.node.args[0], permutation, shape, graph)
    if value.ndim == 0:
        return value
    whole = (1,) * (len(shape) - value.ndim) + value.shape
    if sum(n != 1 for n in whole) > 1:
        return None
    return graph.apply(Reshape(tuple(whole[axis] for axis in back)), [value])[0]


def reduction_of_transpose(op: Op, args: tuple[Value, ...], graph: Graph) -> Value | None:
    """A reduction of transposed data is one along the axes they were, transposed where the order of the others matters."""
    if not isinstance(op, Reduction) or op.keepdims or not isinstance(args[0].node.op, Transpose) or not op.reduces_elements(args[0].type):
        return None
    permutation = args[0].node.op.permutation
    reduced = tuple(sorted(permutation[axis] for axis in op.axes))
    kept = [axis for k, axis in enumerate(permutation) if k not in op.axes]
    result = graph.apply(op.along(reduced), args[0].node.args)[0]
    order = tuple(sorted(kept).index(axis) for axis in kept)
    return result if order == tuple(range(len(order))) else graph.apply(Transpose(order), [result])[0]


def elementwise_of_moved_ones(op: Op, args: tuple[Value, ...], graph: Graph) -> Value | None:
    """f(reshape(x), a) = reshape(f(x, a reshaped)), where the reshape only moves axes of extent 1, and moves them to the front.

    Such a reshape is what `idle_transpose` leaves of a transpose.
    """
    if not isinstance(op, Elementwise) or not any(isinstance(a.node.op, Reshape) for a in args):
        return None
    shape = op.infer(*(a.type for a in args))[0].shape
    sources = [a.node.args[0].shape for a in args if a.shape == shape and isinstance(a.node.op, Reshape)]
    target = min((source for source in sources if len(source) == len(shape) and _long(source) == _long(shape)), default=shape)
    if target >= shape:
        return None
    places = dict(zip((k for k, n in enumerate(shape) if n != 1), (k for k, n in enumerate(target) if n != 1), strict=True))
    inner = [_with_ones_moved(a, len(shape), places, graph) for a in args]
    return graph.apply(Reshape(shape), graph.apply(op, inner))[0]


def _long(shape: tuple[int, ...]) -> list[int]:
    """The extents that are not 1."""
    return [n for n in shape if n != 1]


def _with_ones_moved(value: Value, rank: int, places: dict[int, int], graph: Graph) -> Value:
    """A value that broadcasts to the new shape as the given one does to the old; `places` says where each long axis went."""
    while isinstance(value.node.op, BroadcastTo):
        value = value.node.args[0]
    if value.ndim == 0:
        return value
    shape = [1] * rank
    for axis, extent in enumerate(value.shape, rank - value.ndim):
        if extent != 1:
            shape[places[axis]] = extent
    return graph.apply(Reshape(tuple(shape)), [value])[0]


TRANSPOSE_RULES = (
    (idle_transpose, (Transpose,), ()),
    (elementwise_of_transpose, (Elementwise,), (Transpose,)),
    (elementwise_of_moved_ones, (Elementwise,), (Reshape,)),
    (reduction_of_transpose, (Reduction,), (Transpose,)),
)
