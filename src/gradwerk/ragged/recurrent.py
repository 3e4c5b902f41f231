"""Loops over the elements of each row: `scan` of any step, and the recurrences LSTM, GRU and simple RNN.

Rows stand in lanes (`lanes.py`), and where a row begins, its state begins anew.  A row's results are its own: neither a neighbour in its
lane nor what is behind its end is read, forward or backward.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from gradwerk.base import trees
from gradwerk.base.errors import ShapeError
from gradwerk.jit import control
from gradwerk.nn.linear import linear
from gradwerk.nn.recurrent import gru_cell, lstm_gates, simple_cell
from gradwerk.ops.elementwise import add, maximum, where
from gradwerk.ops.functions import matmul
from gradwerk.ops.indexing import gather
from gradwerk.ops.movement import reshape
from gradwerk.ops.source import full
from gradwerk.ragged.lanes import at_ends, begins, from_lanes, in_lanes, row_of_cells, to_lanes
from gradwerk.ragged.value import Lanes, Ragged, row_numbers
from gradwerk.tensor.tensor import Tensor

Tree = Any
Elements = Callable[[Tensor], Tensor]
Step = Callable[[Tree, Tree], tuple[Tree, Tree]]
FlaggedStep = Callable[[Tree, Tree, Tensor], tuple[Tree, Tree]]


def scan(fn: Step, carry: Tree, x: Ragged, *, reverse: bool = False) -> tuple[Tree, Tree]:
    """carry, y = fn(carry, element) for the elements of each row in order: the last carry of each row, and the ys as ragged values.

    `fn` sees as many rows at a time as there are lanes: a carry (lanes, ...) and elements (lanes, ...), and computes each row alone.
    With `reverse` it begins at the end of each row.  The last carry of an empty row is its first.

    Args:
        fn: gives the next carry, of the types that it takes, and a tree of ys, or None.
        carry: a tree of Tensors (rows, ...), or (1, ...) where all rows begin alike.
        x: prepared by `in_lanes`; outside of a trace that is done here.
        reverse: see above.
    Raises: ShapeError, TraceError under trace for a value that is not in lanes.
    """
    lanes = lanes_of(x)
    return loop(lambda state, element, _: fn(state, element), carry, to_lanes(x, lanes), x, lanes, reverse=reverse)


def lanes_of(x: Ragged) -> Lanes:
    """The lanes of a value, made now where there are none.  Raises: TraceError under trace."""
    found = Ragged.of(x).lanes or in_lanes(x).lanes
    if found is None:
        raise TypeError(found)
    return found


def loop(
    fn: FlaggedStep, carry: Tree, cells: Tree, x: Ragged, lanes: Lanes, *, reverse: bool, begun: Sequence[int] = ()
) -> tuple[Tree, Tree]:
    """`scan` of elements that stand in their cells already, a tree of (steps, lanes, ...).

    `fn` gets besides whether a row begins, (lanes,).  Carries of the numbers in `begun` begin anew in `fn` and not here.
    """
    first = [control.as_tensor(leaf) for leaf in trees.flatten(carry)]
    for leaf in first:
        if not leaf.shape or leaf.shape[0] not in (1, x.row_count):
            raise ShapeError("the first carry of a scan over rows has one entry a row, or one for all", facts=(
                f"carry {tuple(leaf.shape)}", f"rows {x.row_count}",
            ))  # fmt: skip
    width = lanes.first.shape[1]
    if not x.row_count:  # nobody's state
        first = [full((1, *leaf.shape[1:]), 0, leaf.dtype, like=(leaf,)) for leaf in first]
    own = [k for k, leaf in enumerate(first) if leaf.shape[0] != 1]
    row = row_of_cells(x, lanes, row_numbers(x)) if own else None
    starts = [gather(first[k], row) for k in own]
    flags = begins(lanes, reverse=reverse)

    def step(state: Tree, given: tuple[Tensor, Tensor, list[Tensor]]) -> tuple[Tree, Tree]:
        element, flag, anew = given
        begin = list(first)
        for k, start in zip(own, anew, strict=True):
            begin[k] = start
        now = [
            leaf if k in begun else where(reshape(flag, (width, *(1 for _ in leaf.shape[1:]))), start, leaf)
            for k, (start, leaf) in enumerate(zip(begin, trees.flatten(state), strict=True))
        ]
        after, y = fn(trees.unflatten(carry, now), element, flag)
        return after, (after, () if y is None else y)

    empty = trees.unflatten(carry, [full((width, *leaf.shape[1:]), 0, leaf.dtype, like=(leaf,)) for leaf in first])
    _, (states, ys) = control.scan(step, empty, (cells, flags, starts), reverse=reverse)
    ends = [at_ends(s, leaf, lanes, x, reverse=reverse) for s, leaf in zip(trees.flatten(states), first, strict=True)]
    made = None if ys == () else trees.map_tree(lambda y: from_lanes(y, lanes, x), ys)
    return trees.unflatten(carry, ends), made


def lstm(
    x: Ragged, kernel: Tensor, recurrent_kernel: Tensor, bias: Tensor | None = None, *, h: Tensor | None = None, c: Tensor | None = None,
    before: Elements | None = None, reverse: bool = False, counted: Tensor | None = None,
) -> tuple[Ragged, Tensor, Tensor]:  # fmt: skip
    """Long short-term memory over each row: (h at every element, last h, last c).  Formula, gates and source: nn/recurrent.py.

    Shape: x elements (features,), kernel (features, 4 units), recurrent_kernel (units, 4 units), bias (4 units,); h and c (rows, units),
    zeros unless given; results: elements (units,), and (rows, units) twice.

    Args:
        x: prepared by `in_lanes`; outside of a trace that is done here.
        kernel, recurrent_kernel, bias: the weights.
        h, c: the states before each row.
        before: a function of each element alone, which gives the features: an embedding of ids.  `x.map` does the same, where the elements
            are wanted besides; in the lanes it is computed once, and together with the product with the kernel.
        reverse: whether each row is read from its end.
        counted: (capacity,) bool, which elements are read; at others the states stay as they are.
    Raises: ShapeError, TraceError under trace for a value that is not in lanes (`in_lanes`).
    """
    lanes = lanes_of(x)
    projected = _projected(x, lanes, kernel, bias, before)
    read = None if counted is None else gather(counted, maximum(lanes.source, 0))
    states = tuple(_zeros(recurrent_kernel) if state is None else state for state in (h, c))

    zero = h is None

    def step(carry: tuple[Tensor, Tensor], given: tuple[Tensor, ...], flag: Tensor) -> tuple[tuple[Tensor, Tensor], Tensor]:
        z, *there = given
        product = matmul(carry[0], recurrent_kernel)
        if zero:  # the product of a state of zeros, where a row begins: a selection that is part of the gates, not a copy before
            product = where(reshape(flag, (-1, 1)), full((), 0, product.dtype, like=(product,)), product)
        new = lstm_gates(add(z, product), carry[1])
        if there:
            h = where(reshape(flag, (-1, 1)), full((), 0, product.dtype, like=(product,)), carry[0]) if zero else carry[0]
            new = (where(reshape(there[0], (-1, 1)), new[0], h), where(reshape(there[0], (-1, 1)), new[1], carry[1]))
        return new, new[0]

    cells = (projected,) if read is None else (projected, read)
    (h, c), steps = loop(step, states, cells, x, lanes, reverse=reverse, begun=(0,) if zero else ())
    return steps, h, c


def gru(
    x: Ragged, kernel: Tensor, recurrent_kernel: Tensor, bias: Tensor | None = None, recurrent_bias: Tensor | None = None, *,
    h: Tensor | None = None, before: Elements | None = None, reverse: bool = False,
) -> tuple[Ragged, Tensor]:  # fmt: skip
    """Gated recurrent units over each row: (h at every element, last h).  Formula, gates and source: nn/recurrent.py.

    Shape: x elements (features,), kernel (features, 3 units), recurrent_kernel (units, 3 units), biases (3 units,); h (rows, units), zeros
    unless given; results: elements (units,), and (rows, units).  `before`, errors: as `lstm`.
    """

    def step(h: Tensor, z: Tensor, _: Tensor) -> tuple[Tensor, Tensor]:
        new = gru_cell(z, h, recurrent_kernel, recurrent_bias)
        return new, new

    lanes = lanes_of(x)
    state = _zeros(recurrent_kernel) if h is None else h
    return _one_state(step, x, lanes, _projected(x, lanes, kernel, bias, before), state, reverse=reverse)


def simple_rnn(
    x: Ragged, kernel: Tensor, recurrent_kernel: Tensor, bias: Tensor | None = None, *, h: Tensor | None = None,
    before: Elements | None = None, reverse: bool = False,
) -> tuple[Ragged, Tensor]:  # fmt: skip
    """h <- tanh(x W + b + h U) over each row: (h at every element, last h).  Source: Elman, 1990.

    Shape: x elements (features,), kernel (features, units), recurrent_kernel (units, units), bias (units,); h (rows, units), zeros unless
    given; results: elements (units,), and (rows, units).  `before`, errors: as `lstm`.
    """

    def step(h: Tensor, z: Tensor, _: Tensor) -> tuple[Tensor, Tensor]:
        new = simple_cell(z, h, recurrent_kernel)
        return new, new

    lanes = lanes_of(x)
    state = _zeros(recurrent_kernel) if h is None else h
    return _one_state(step, x, lanes, _projected(x, lanes, kernel, bias, before), state, reverse=reverse)


def _projected(x: Ragged, lanes: Lanes, kernel: Tensor, bias: Tensor | None, before: Elements | None) -> Tensor:
    """(steps, lanes, gates): the products of the elements with the kernel, in their cells."""
    cells = to_lanes(x, lanes)
    made: Tensor = linear(cells if before is None else before(cells), kernel, bias)
    return made


def _one_state(step: FlaggedStep, x: Ragged, lanes: Lanes, projected: Tensor, h: Tensor, *, reverse: bool) -> tuple[Ragged, Tensor]:
    """A recurrence whose state is its output."""
    last, steps = loop(step, h, projected, x, lanes, reverse=reverse)
    return steps, last


def _zeros(recurrent_kernel: Tensor) -> Tensor:
    """(1, units): the state before each row."""
    zeros: Tensor = full((1, recurrent_kernel.shape[0]), 0, recurrent_kernel.dtype, like=(recurrent_kernel,))
    return zeros
