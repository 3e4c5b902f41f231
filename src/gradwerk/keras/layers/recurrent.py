"""RNN: any cell at each step of a sequence, all steps in one native loop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, Self, Unpack

import numpy as np

from gradwerk.base.errors import ShapeError, StateError
from gradwerk.base.trees import flatten, unflatten
from gradwerk.keras.layers.calls import calls
from gradwerk.keras.layers.cells import (
    GateCell,
    StackedRNNCells,
    asked,
    check_cell,
    factors_of,
    initial_state_of,
    output_size_of,
)
from gradwerk.keras.layers.fixed import fixed
from gradwerk.keras.layers.inputs import as_inputs, floating
from gradwerk.keras.layers.layer import Layer, Shape
from gradwerk.keras.layers.rebuilt import made_of, said
from gradwerk.keras.options import LayerOptions, checked_except
from gradwerk.keras.variables import Variable
from gradwerk.nn.recurrence import Masked, Recurrent, recurrence
from gradwerk.ops.compare import not_equal
from gradwerk.ops.elementwise import mul
from gradwerk.ops.movement import flip, transpose
from gradwerk.ops.source import full
from gradwerk.tensor.grad import no_grad
from gradwerk.tensor.tensor import Tensor

Operand = Any
"""A Tensor."""


@fixed("stateful")
class RNN(Layer):
    """A cell at each step of a sequence.

    A cell says its `state_size` (a number, or a list of them) and `call(inputs, states)`, which gives a result and the new states; a list
    of cells is `StackedRNNCells`.  The layer is called with (sequences, initial_state=None, mask=None).  At steps that the mask leaves out
    states stay, and the result is the one before (zeros with `zero_output_for_mask`).  With `stateful` the states at the end of a batch are
    those before the next, until `reset_state`.  `unroll` changes nothing: all steps are one native loop.

    Shape: (batch, time, ...) -> (batch, units), or with `return_sequences` (batch, time, units), with `go_backwards` the last step first;
    with `return_state` a list of that and the last states.
    Raises: ArgumentError for what is no cell, ShapeError for states and masks of other shapes, StateError for `stateful` without a size of
    batches.
    """

    computes_in = np.float32
    states: Any = None

    @checked_except("cell")
    def __init__(
        self, cell: Any, return_sequences: bool = False, return_state: bool = False, go_backwards: bool = False, stateful: bool = False,  # noqa: ANN401, FBT001, FBT002
        unroll: bool = False, zero_output_for_mask: bool = False, **options: Unpack[LayerOptions],  # noqa: FBT001, FBT002
    ) -> None:  # fmt: skip
        super().__init__(**options)
        self.cell = StackedRNNCells(cell) if isinstance(cell, (list, tuple)) else cell
        check_cell(self.cell)
        self.return_sequences, self.return_state, self.go_backwards = return_sequences, return_state, go_backwards
        self.stateful, self.unroll, self.zero_output_for_mask = stateful, unroll, zero_output_for_mask

    @property
    def state_size(self) -> list[Any]:
        """The extents of the states."""
        size = self.cell.state_size
        return list(size) if isinstance(size, (list, tuple)) else [size]

    def casting(self) -> list[Layer]:
        """Its cell, and those inside of that, which it steps through by itself."""
        return [self, *(one for one in self.modules() if isinstance(one, Layer) and one is not self)]

    def build_for_call(self, x: Any) -> None:  # noqa: ANN401
        """With `stateful` for batches of this size alone."""
        if self.stateful and not self.built:
            self.build(tuple(x.shape))
        else:
            super().build_for_call(x)

    def build(self, input_shape: Shape) -> None:
        """Builds the cell for one step, and with `stateful` makes the states."""
        self.check_sequence(input_shape)
        if isinstance(self.cell, Layer):
            self.cell.build((input_shape[0], *input_shape[2:]))
        if self.stateful:
            if input_shape[0] is None:
                likely = "keras.Input(batch_shape=(size, time, features))"
                raise StateError(f"{self.label} is stateful and needs to know the size of a batch", likely=likely)
            first = flatten(initial_state_of(self.cell, input_shape[0]))
            self.states = [Variable(np.array(state.numpy())).named("rnn_state", (self.name,)) for state in first]

    def check_sequence(self, shape: Shape) -> None:
        """Refuses what is no batch of sequences.  Raises: ShapeError."""
        inside = self.cell.cells[0] if isinstance(self.cell, StackedRNNCells) else self.cell
        check_sequence(shape, exact=isinstance(inside, GateCell))

    def call(self, sequences: Operand, initial_state: Any = None, mask: Any = None, training: bool = False) -> Any:  # noqa: ANN401, FBT001, FBT002  Keras' signature
        """See the class."""
        self.check_sequence(tuple(sequences.shape))
        sequences = floating(sequences)
        batch, time = sequences.shape[:2]
        carry = self._first(sequences, initial_state)
        x = transpose(sequences, (1, 0, *range(2, len(sequences.shape))))
        taken = None if mask is None else mask_over_time(mask, batch, time)
        with factors_of(self.cell, batch, training=bool(training)):
            last, states, steps = self._steps(x, carry, taken, training=bool(training))
        if self.stateful and calls.made is None:
            with no_grad():
                for held, state in zip(self.states, states, strict=True):
                    held.assign(state)
        y = last
        if self.return_sequences:
            y = transpose(flip(steps, (0,)) if self.go_backwards else steps, (1, 0, *range(2, len(steps.shape))))
        return [y, *unflatten(self.state_size, states)] if self.return_state else y

    def _steps(self, x: Operand, carry: list[Operand], taken: Operand | None, *, training: bool) -> tuple[Operand, list[Operand], Operand]:
        """The last result, the last states, and all results by step."""
        cell = self.cell
        known, constants = False, ()
        if isinstance(cell, GateCell) and type(cell).call.__module__ == GateCell.__module__:
            factors = cell.factors(x.shape[1], training=training)
            step: Any = cell.step(factors)
            xs, constants, known = (cell.projected(x, factors),), cell.constants(factors), cell.is_known
        else:
            step, xs = _step_of(cell, training=training), (x,)
        if taken is None:
            states, steps = recurrence(step, carry, xs, constants, reverse=self.go_backwards, known=known)
            last = states[0] if isinstance(step, Recurrent) else steps[0 if self.go_backwards else -1]
            return last, states, steps
        shape = tuple(carry[0].shape) if isinstance(cell, GateCell) else (x.shape[1], output_size_of(cell))
        nothing = full(shape, 0.0, x.dtype, like=(x,))
        masked = Masked(step, zero=self.zero_output_for_mask)
        (last, *states), steps = recurrence(masked, (nothing, *carry), (taken, *xs), constants, reverse=self.go_backwards, known=known)
        return last, states, steps

    def _first(self, sequences: Operand, given: Any) -> list[Operand]:  # noqa: ANN401
        """The states before the first step.  Raises: ShapeError for other states than the cell's."""
        batch = sequences.shape[0]
        if given is None and self.stateful:
            states = [mul(state, 1.0) for state in self.states]  # the gradient needs what they were, and they are written below
        elif given is None:
            states = flatten(initial_state_of(self.cell, batch, (sequences,)))
        else:
            states = [floating(as_inputs(self, state)) for state in flatten(given)]
        wanted = self.state_shapes(batch)
        found = [tuple(state.shape) for state in states]
        if found != wanted:
            raise ShapeError(
                f"{self.label}: the states before the first step do not fit", facts=(f"given    {found}", f"expected {wanted}"),
                likely="a stateful layer takes batches of one size" if self.stateful and given is None else "",
            )  # fmt: skip
        return list(states)

    def state_shapes(self, batch: int) -> list[tuple[int, ...]]:
        """Those of the states, in a row."""
        return [(batch, *(size if isinstance(size, (list, tuple)) else (size,))) for size in flatten(self.state_size)]

    def compute_output_shape(self, input_shape: Shape, initial_state_shape: Any = None) -> Any:  # noqa: ANN401  a shape, or a list of them
        """That of the sequence of results, or of the last; with the states theirs behind it."""
        result = (*input_shape[: 2 if self.return_sequences else 1], output_size_of(self.cell))
        states = [unflatten(size, [(input_shape[0], one) for one in flatten(size)]) for size in self.state_size]
        return [result, *states] if self.return_state else result

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:  # noqa: ANN401
        """That of the sequences, for results of all steps; else none."""
        found = flatten(previous_mask)[0] if self.return_sequences else None
        return [found, *(None for _ in self.state_size)] if self.return_state else found

    def get_initial_state(self, batch_size: int) -> list[Operand]:
        """The states before the first step, where none are given."""
        found = initial_state_of(self.cell, batch_size)
        return list(found) if isinstance(found, (list, tuple)) else [found]

    def reset_state(self) -> None:
        """The next batch of a stateful layer begins anew."""
        for state in self.states or ():
            state.assign(np.zeros(state.shape, state.dtype))

    reset_states = reset_state

    def get_config(self) -> dict[str, Any]:
        """The arguments, the cell as its class and config."""
        if type(self) is not RNN:
            return super().get_config() | {"zero_output_for_mask": self.zero_output_for_mask}
        names = ("return_sequences", "return_state", "go_backwards", "stateful", "unroll", "zero_output_for_mask")
        return self.base_config() | {name: getattr(self, name) for name in names} | {"cell": said(self.cell)}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Mapping[str, type] | None = None) -> Self:
        """A layer from `get_config`'s answer; `custom_objects` are classes of one's own, by name."""
        made: Self = made_of(cls, {name: value for name, value in config.items() if name != "zero_output_for_mask"}, custom_objects)
        made.zero_output_for_mask = bool(config.get("zero_output_for_mask", False))  # no argument of all of them
        return made


def _step_of(cell: Any, *, training: bool) -> Any:  # noqa: ANN401  a `Step`
    """The step of any cell."""

    def step(carry: tuple[Operand, ...], xs: tuple[Operand, ...], constants: tuple[Operand, ...], /) -> tuple[tuple[Operand, ...], Operand]:
        held = unflatten(cell.state_size if isinstance(cell.state_size, (list, tuple)) else [cell.state_size], list(carry))
        y, new = asked(cell, xs[0], held, training=training)
        return tuple(flatten(new)), y

    return step


def check_sequence(shape: Shape, *, exact: bool = True) -> None:
    """Refuses what is no batch of sequences, `exact` of vectors.  Raises: ShapeError."""
    if len(shape) == 3 or (len(shape) > 3 and not exact):
        return
    raise ShapeError(
        f"the input must be (batch, time, features), it has {len(shape)} axes", facts=(f"input   {tuple(shape)}",),
        likely="sequences of plain numbers need a features axis: x[..., None]" if len(shape) == 2 else "",
    )  # fmt: skip


def check_sequences(layers: Sequence[Layer]) -> None:
    """A recurrent layer upon another needs all its steps.  Raises: ShapeError naming the one that gives its last alone."""
    for before, layer in pairwise(layers):
        if isinstance(before, RNN) and isinstance(layer, RNN) and not before.return_sequences:
            raise ShapeError(
                f"{layer.label} needs every step of {before.label}, which gives its last alone", likely="return_sequences=True in the first"
            )


def mask_over_time(mask: Any, batch: int, time: int) -> Operand:  # noqa: ANN401  a Tensor or an array
    """A mask as the loop takes it, (time, batch) of truth values.  Raises: ShapeError."""
    given = mask if isinstance(mask, Tensor) else Tensor(np.asarray(mask))
    if tuple(given.shape) not in {(batch, time), (batch, time, 1)}:
        facts = (f"mask {tuple(given.shape)}      sequences ({batch}, {time}, ...)",)
        raise ShapeError("a mask has one truth value for each step, (batch, time)", facts=facts)
    taken = given if given.dtype == np.bool_ else not_equal(given, 0)
    return transpose(taken, (1, 0, *range(2, len(taken.shape))))
