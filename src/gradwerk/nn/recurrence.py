"""Loops over the steps of a sequence: what is done at each, and how all are one native loop, with steps that a mask leaves out.

A step takes (carry, xs, constants), tuples of Tensors, and gives the next carry and what comes out.  Gates stand along the last axis in
Keras' order: i, f, g, o of LSTM, update z, reset r, candidate n of GRU (torch's has r first: `recurrent.gru_cell`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from gradwerk.base.trees import flatten
from gradwerk.jit.control import scan, traced
from gradwerk.nn.conv import convolution, same_padding
from gradwerk.ops.arrangement import move_axes
from gradwerk.ops.control import Scan
from gradwerk.ops.elementwise import add, mul, sub, where
from gradwerk.ops.functions import matmul
from gradwerk.ops.movement import concatenate, reshape, slice_axis
from gradwerk.ops.source import full
from gradwerk.tensor.handle import make
from gradwerk.tensor.state import mode
from gradwerk.tensor.tensor import Tensor

Operand = Any
"""An array, a Value or a Tensor."""
Operands = tuple[Operand, ...]
Activation = Callable[[Operand], Operand]


class Step(Protocol):
    """What is done at each step of a loop: (carry, xs, constants) -> (carry, y)."""

    def __call__(self, carry: Operands, xs: Operands, constants: Operands, /) -> tuple[Operands, Operand]: ...


@dataclass(frozen=True)
class Recurrent:
    """How the steps of SimpleRNN, GRU and LSTM are written: the projected input x W + b is xs, constants are U, its bias, kept parts of h.

    Args:
        activation: that of the candidate and, in LSTM, of the cell state.
        biased: whether constants[1] is a bias of h U.
        dropped: whether the last constants are factors of h, one for each gate or one for all.
    """

    activation: Activation
    biased: bool = False
    dropped: bool = False

    def product(self, h: Operand, constants: Operands, gates: int) -> Operand:
        """(h U + bias) of all gates, h times its factors.  Shape: (batch, gates * units)."""
        kernel, factors = constants[0], constants[2:] if self.biased else constants[1:]
        if len(factors) == 1:
            h = mul(h, factors[0])
        if len(factors) > 1:
            units = kernel.shape[-1] // gates
            parts = [matmul(mul(h, factor), slice_axis(kernel, -1, k * units, (k + 1) * units)) for k, factor in enumerate(factors)]
            product = concatenate(parts, -1)
        else:
            product = matmul(h, kernel)
        return add(product, constants[1]) if self.biased else product


@dataclass(frozen=True)
class SimpleStep(Recurrent):
    """h <- activation(x W + b + h U).  Source: Elman, 1990."""

    def __call__(self, carry: Operands, xs: Operands, constants: Operands, /) -> tuple[Operands, Operand]:
        """The new (h,), and h."""
        h = self.activation(add(xs[0], self.product(carry[0], constants, 1)))
        return (h,), h


@dataclass(frozen=True)
class LSTMStep(Recurrent):
    """i, f, o = recurrent_activation(z_i, z_f, z_o) of z = x W + b + h U; c <- f c + i activation(z_g); h <- o activation(c).

    Source: Hochreiter and Schmidhuber, 1997; forget gate: Gers et al., 2000.
    """

    recurrent_activation: Activation = None  # type: ignore[assignment]  # follows fields with defaults

    def __call__(self, carry: Operands, xs: Operands, constants: Operands, /) -> tuple[Operands, Operand]:
        """The new (h, c), and h."""
        h, c = carry
        new = gated(add(xs[0], self.product(h, constants, 4)), c, self.activation, self.recurrent_activation)
        return new, new[0]


def gated(z: Operand, c: Operand, activation: Activation, gate: Activation) -> tuple[Operand, Operand]:
    """The new (h, c) of LSTM, of the four parts of z along the last axis."""
    i, f, g, o = parts_of(z, 4)
    c = add(mul(gate(f), c), mul(gate(i), activation(g)))
    return mul(gate(o), activation(c)), c


@dataclass(frozen=True)
class ConvLSTMStep:
    """As `LSTMStep`, with the convolution of h and U, as wide as h, for their product; channels of xs stand last.

    Source: Shi et al., arXiv:1506.04214.

    Args:
        activation, recurrent_activation: as there.
        first: whether the channels of h and c stand first.
    """

    activation: Activation
    recurrent_activation: Activation
    first: bool = False

    def __call__(self, carry: Operands, xs: Operands, constants: Operands, /) -> tuple[Operands, Operand]:
        """The new (h, c), and h; the constants are U, and factors of h, one for each gate."""
        (h, c), kernel, factors = carry, constants[0], constants[1:]
        filters = kernel.shape[-1] // 4
        parts = [(h, kernel)]
        if factors:
            kernels = [slice_axis(kernel, -1, k * filters, (k + 1) * filters) for k in range(4)]
            parts = [(mul(h, factor), one) for factor, one in zip(factors, kernels, strict=True)]
        products = [self._convolved(state, one) for state, one in parts]
        z = add(xs[0], concatenate(products, -1) if factors else products[0])
        new = gated(z, move_axes(c, (1,), (-1,)) if self.first else c, self.activation, self.recurrent_activation)
        if self.first:
            new = (move_axes(new[0], (-1,), (1,)), move_axes(new[1], (-1,), (1,)))
        return new, new[0]

    def _convolved(self, h: Operand, kernel: Operand) -> Operand:
        h = move_axes(h, (1,), (-1,)) if self.first else h
        ones, space, window = (1,) * (h.ndim - 2), tuple(h.shape[1:-1]), tuple(kernel.shape[:-2])
        return convolution(h, kernel, strides=ones, padding=same_padding(space, window, ones, ones), dilation=ones)


@dataclass(frozen=True)
class GRUStep(Recurrent):
    """z, r = recurrent_activation(a + s) of a = x W + b, s = h U + d; n = activation(a_n + r s_n); h <- z h + (1 - z) n.

    Without `reset_after` the gate stands before the product: n = activation(a_n + (r h) U_n).  Source: Cho et al., 2014.
    With `reset_first`, where the gate stands after the product, r comes before z in the weights.
    """

    recurrent_activation: Activation = None  # type: ignore[assignment]  # follows fields with defaults
    reset_after: bool = True
    reset_first: bool = False

    def __call__(self, carry: Operands, xs: Operands, constants: Operands, /) -> tuple[Operands, Operand]:
        """The new (h,), and h."""
        (h,), gate = carry, self.recurrent_activation
        a_z, a_r, a_n = parts_of(xs[0], 3)
        if self.reset_after:
            s_z, s_r, s_n = parts_of(self.product(h, constants, 3), 3)
            if self.reset_first:
                a_z, a_r, s_z, s_r = a_r, a_z, s_r, s_z
            r = gate(add(a_r, s_r))
            n = self.activation(add(a_n, mul(r, s_n)))
        else:
            factors, units = constants[1:], h.shape[-1]
            of_gates = slice_axis(constants[0], -1, 0, 2 * units), *factors[:2]
            s_z, s_r = parts_of(self.product(h, of_gates, 2), 2)
            r = gate(add(a_r, s_r))
            kept = mul(h, factors[-1]) if factors else h
            n = self.activation(add(a_n, matmul(mul(r, kept), slice_axis(constants[0], -1, 2 * units, 3 * units))))
        z = gate(add(a_z, s_z))
        h = add(mul(z, h), mul(sub(1.0, z), n))
        return (h,), h


@dataclass(frozen=True)
class Projected:
    """A step whose h goes on, and comes out, as its product with the last of the constants.  Source: Sak et al., 2014."""

    step: Step

    def __call__(self, carry: Operands, xs: Operands, constants: Operands, /) -> tuple[Operands, Operand]:
        """The new (h, *rest), and h.  Shape: h (batch, projected), the last constant (units, projected)."""
        (h, *rest), _ = self.step(carry, xs, constants[:-1])
        h = matmul(h, constants[-1])
        return (h, *rest), h


@dataclass(frozen=True)
class Masked:
    """A step that is left out where the mask, the first of xs, is False: states stay, and what comes out is what came last, or zeros.

    The first of the carry is what came out last.
    """

    step: Step
    zero: bool = False

    def __call__(self, carry: Operands, xs: Operands, constants: Operands, /) -> tuple[Operands, Operand]:
        """The new (y, *states), and y."""
        last, *states = carry
        taken = xs[0]
        new, y = self.step(tuple(states), xs[1:], constants)
        y = where(along(taken, y), y, full(tuple(y.shape), 0.0, y.dtype, like=(y,)) if self.zero else last)
        return (y, *(where(along(taken, one), one, old) for one, old in zip(new, states, strict=True))), y


def along(mask: Operand, x: Operand) -> Operand:
    """A mask (batch,), or (batch, 1), as it stands along x (batch, ...)."""
    return reshape(mask, (mask.shape[0], *(1 for _ in x.shape[1:])))


def parts_of(z: Operand, count: int) -> list[Operand]:
    """`count` equal parts along the last axis."""
    units = z.shape[-1] // count
    return [slice_axis(z, -1, k * units, (k + 1) * units) for k in range(count)]


def recurrence(
    step: Step, carry: Sequence[Operand], xs: Sequence[Operand], constants: Sequence[Operand] = (), *, reverse: bool = False,
    known: bool = False,
) -> tuple[list[Operand], Operand]:  # fmt: skip
    """All steps along the first axis of xs: the last carry, and what came out at each.

    With `reverse` the last x comes first, and each y stands at the place of its x.

    Args:
        step: see `Step`.
        known: whether it reads nothing but what it is given, and is equal to all steps that do the same: outside of a trace its loop is
            then traced once for all calls of these types.
    """
    if known and mode.trace is None and all(isinstance(x, Tensor) for x in (*carry, *xs, *constants)):
        op, order = _scan_of(step, tuple(carry), tuple(xs), tuple(constants), reverse=reverse)
        results = op(*carry, *xs, *(constants[k] for k in order))
        return list(results[: len(carry)]), results[-1]

    def all_given(held: Operands, given: Operands) -> tuple[Operands, Operand]:
        return step(held, given, tuple(constants))

    last, ys = scan(all_given, tuple(carry), tuple(xs), reverse=reverse)
    return flatten(last), ys


_scans: dict[tuple[object, ...], tuple[Scan, tuple[int, ...]]] = {}
"""The loops of calls outside of any trace, by the types that they follow from, and in which order each takes its constants.

Nobody asks their nodes for a line: the program of an operation is that of all operations alike, and a step looks at no data.
"""
MOST_SCANS = 64


def _scan_of(step: Step, carry: Operands, xs: Operands, constants: Operands, *, reverse: bool) -> tuple[Scan, tuple[int, ...]]:
    """The op of all steps: to trace a step at each call takes longer than to run it."""
    key = (step, *(tuple(x._type for x in part) for part in (carry, xs, constants)), reverse)
    known = _scans.get(key)
    if known is None:
        outside = [make(Tensor, x._storage, x._held, x._type) for x in constants]  # as it lies: views of it are the caller's own affair

        def all_given(held: Operands, given: Operands) -> tuple[Operands, Operand]:
            return step(held, given, tuple(outside))

        if len(_scans) >= MOST_SCANS:
            _scans.clear()
        op, found, _, _ = traced(all_given, carry, xs, list(carry), list(xs), xs[0].shape[0], reverse=reverse)
        known = op, tuple(next(k for k, x in enumerate(outside) if x is one) for one in found)
        _scans[key] = known
    return known
