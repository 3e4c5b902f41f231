"""What the shape of a value says of rows: which reductions are of rows, and what is one number per row or as wide as one."""

from __future__ import annotations

import math

from gradwerk.ir.graph import Node
from gradwerk.ir.op import Random, Reduction

Shape = tuple[int, ...]
LONGEST_ROW = 1 << 16
"""A row must stay in cache between the passes over it."""


def per_row(space: Shape, axes: Shape) -> tuple[Shape, Shape]:
    """The shapes of one number per row: with and without axes of extent 1."""
    kept = tuple([1 if axis in axes else n for axis, n in enumerate(space)])
    return kept, tuple([n for axis, n in enumerate(space) if axis not in axes])


def is_short(op: Reduction, shape: Shape) -> bool:
    """Whether the rows that are reduced stay in cache between the passes over them."""
    return math.prod(shape[axis] for axis in op.axes) <= LONGEST_ROW


def fits_rows(node: Node, space: Shape, axes: Shape) -> bool:
    """Whether a row region can hold a node: it reduces the rows, is as wide as they are, or makes one number per row of such numbers.

    Random bits are numbered along the whole space, so they are as wide or have no place in it.
    """
    shape = node.values[0].shape
    if isinstance(node.op, Reduction):
        return node.args[0].shape == space
    if shape == space:
        return True
    return not isinstance(node.op, Random) and all(v.shape in per_row(space, axes) or v.type.size == 1 for v in node.args)


def is_square(space: Shape, axes: Shape) -> bool:
    """Whether one number per row can be taken for a vector along the rows by its shape.

    Where rows lie along the first axes, NumPy's rule takes it for one number per row as well.
    """
    kept = per_row(space, axes)[1]
    if not kept or axes[0] == 0:
        return False
    return all(n in (1, m) for n, m in zip(kept, space[len(space) - len(kept) :], strict=True))


def is_reduction(node: Node) -> bool:
    """A reduction that kernels can do: of elements, into one of their kind."""
    return isinstance(node.op, Reduction) and node.op.reduces_elements(node.args[0].type)


def is_row_reduction(node: Node) -> bool:
    """A reduction along the last axes only, of rows short enough, of which there are several (one long row is cut into chunks by `reduce`).

    Rows of one element are none: what is as wide as they are and what is one number per row would have the same shape.
    """
    op, ndim = node.op, node.args[0].ndim if node.args else 0
    return isinstance(op, Reduction) and op.axes[-1:] == (ndim - 1,) and has_rows(node, op)


def is_column_reduction(node: Node) -> bool:
    """A reduction along other neighbouring axes, of rows short enough, of which there are several: a kernel does many side by side.

    Rows that lie along the first of several axes, as those of a batch norm do, are long and few: they are cut into chunks by `reduce`.
    """
    op = node.op
    return isinstance(op, Reduction) and has_rows(node, op) and (op.axes[0] != 0 or node.args[0].ndim == 2)


def has_rows(node: Node, op: Reduction) -> bool:
    """Whether a reduction is one of short rows along neighbouring axes, of which there are several; no rows of nothing."""
    shape = node.args[0].shape
    if not is_reduction(node) or not op.axes or op.axes[-1] - op.axes[0] + 1 != len(op.axes):
        return False
    return all(shape[axis] > 1 for axis in op.axes) and is_short(op, shape) and node.values[0].type.size > 1
