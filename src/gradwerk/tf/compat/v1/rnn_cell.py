"""Cells of recurrent networks: one step from an input and a state to an output and a state, with variables made at the first call.

Source: https://www.tensorflow.org/api_docs/python/tf/compat/v1/nn/rnn_cell
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable
from typing import Any

from gradwerk import tf
from gradwerk.base.errors import ArgumentError, ArgumentTypeError
from gradwerk.base.trees import map_tree
from gradwerk.tf.graph.initializers import constant_initializer, zeros_initializer
from gradwerk.tf.graph.variable_scopes import get_variable, variable_scope

# ruff: noqa: ANN401, FBT001, FBT002  TensorFlow's signatures
__all__ = [
    "BasicLSTMCell", "BasicRNNCell", "DeviceWrapper", "DropoutWrapper", "GRUCell", "LSTMCell", "LSTMStateTuple", "MultiRNNCell", "RNNCell",
    "ResidualWrapper",
]  # fmt: skip

LSTMStateTuple = namedtuple("LSTMStateTuple", ("c", "h"))
"""The state of an LSTM: what the cell holds, and what it gave last."""


class RNNCell:
    """What all cells have: `state_size`, `output_size`, `zero_state`, and a call that gives (output, state).

    Args:
        name: of the scope of its variables.
        reuse: whether these are found, not made.
    """

    label = "rnn_cell"

    def __init__(self, name: str | None = None, reuse: Any = None) -> None:
        self._name, self._reuse = name, reuse
        self._scope: Any = None
        self._held: dict[str, Any] = {}

    @property
    def state_size(self) -> Any:
        """The width of the state, or a tree of widths."""
        raise ArgumentTypeError(f"{type(self).__name__} says no state_size")

    @property
    def output_size(self) -> Any:
        """The width of the output."""
        raise ArgumentTypeError(f"{type(self).__name__} says no output_size")

    @property
    def variables(self) -> list[Any]:
        """Its variables, once it was called."""
        return list(self._held.values())

    trainable_variables = trainable_weights = weights = variables

    def zero_state(self, batch_size: Any, dtype: Any) -> Any:
        """A state of zeros for a batch."""
        return map_tree(lambda n: tf.zeros(_pair(batch_size, n), dtype), self.state_size)

    def __call__(self, inputs: Any, state: Any, scope: Any = None) -> tuple[Any, Any]:
        """(output, new state) of one step.

        Args:
            inputs: (batch, width).
            state: a tree as `state_size`.
            scope: of the variables, in the place of the cell's own name.
        """
        if self._scope is None:
            with variable_scope(scope or self._name, default_name=self.label, reuse=self._reuse) as held:
                self._scope = held
        with variable_scope(self._scope, auxiliary_name_scope=False):
            return self.step(inputs, state)

    def step(self, inputs: Any, state: Any) -> tuple[Any, Any]:
        """The computation."""
        raise ArgumentTypeError(f"{type(self).__name__} says no step", facts=(f"{inputs!r:.80}", f"{state!r:.80}"))

    def _weight(self, name: str, shape: Any, initializer: Any = None) -> Any:
        if name not in self._held:
            self._held[name] = get_variable(name, shape, initializer=initializer)
        return self._held[name]


def _pair(batch: Any, n: Any) -> Any:
    return tf.stack([batch, n]) if hasattr(batch, "op") else [batch, n]


def width(x: Any) -> int:
    """The extent of the last axis.  Raises: ArgumentError where it is not known."""
    found = x.shape[-1]
    if found is None:
        raise ArgumentError(f"Expected inputs.shape[-1] to be known, saw shape: {x.shape}")
    return int(found)


class BasicRNNCell(RNNCell):
    """h = activation([x, h] @ kernel + bias).  Args: num_units, activation (tanh), reuse, name, dtype."""

    label = "basic_rnn_cell"

    def __init__(
        self, num_units: int, activation: Callable[..., Any] | None = None, reuse: Any = None, name: str | None = None, dtype: Any = None
    ) -> None:  # fmt: skip
        super().__init__(name, reuse)
        self._units, self._activation = num_units, activation or tf.tanh

    @property
    def state_size(self) -> int:
        """The units."""
        return self._units

    output_size = state_size

    def step(self, inputs: Any, state: Any) -> tuple[Any, Any]:
        """See the class."""
        kernel = self._weight("kernel", [width(inputs) + self._units, self._units])
        bias = self._weight("bias", [self._units], zeros_initializer())
        made = self._activation(tf.nn.bias_add(tf.matmul(tf.concat([inputs, state], 1), kernel), bias))
        return made, made


class GRUCell(RNNCell):
    """r, u = sigmoid([x, h] @ gates);   c = activation([x, r * h] @ candidate);   h = u * h + (1 - u) * c.

    Args: num_units, activation (tanh), reuse, kernel_initializer, bias_initializer (1 for the gates, 0 for the candidate), name, dtype.
    Source: Cho et al., 2014, "Learning phrase representations using RNN encoder-decoder".
    """

    label = "gru_cell"

    def __init__(
        self, num_units: int, activation: Callable[..., Any] | None = None, reuse: Any = None, kernel_initializer: Any = None,
        bias_initializer: Any = None, name: str | None = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(name, reuse)
        self._units, self._activation = num_units, activation or tf.tanh
        self._kernel, self._bias = kernel_initializer, bias_initializer

    @property
    def state_size(self) -> int:
        """The units."""
        return self._units

    output_size = state_size

    def step(self, inputs: Any, state: Any) -> tuple[Any, Any]:
        """See the class."""
        rows = width(inputs) + self._units
        gates = self._weight("gates/kernel", [rows, 2 * self._units], self._kernel)
        gates_bias = self._weight("gates/bias", [2 * self._units], self._bias or constant_initializer(1.0))
        candidate = self._weight("candidate/kernel", [rows, self._units], self._kernel)
        candidate_bias = self._weight("candidate/bias", [self._units], self._bias or zeros_initializer())
        r, u = tf.split(tf.sigmoid(tf.nn.bias_add(tf.matmul(tf.concat([inputs, state], 1), gates), gates_bias)), 2, 1)
        made = self._activation(tf.nn.bias_add(tf.matmul(tf.concat([inputs, r * state], 1), candidate), candidate_bias))
        new = u * state + (1.0 - u) * made
        return new, new


class LSTMCell(RNNCell):
    """i, j, f, o = [x, h] @ kernel + bias;   c = sigmoid(f + forget_bias) * c + sigmoid(i) * activation(j).

    h = sigmoid(o) * activation(c).

    Args:
        num_units: the width of c.
        use_peepholes: whether the gates see c, each by a vector.
        cell_clip: bounds c.
        initializer: of kernels and peepholes.
        num_proj, proj_clip: the width of h where a kernel projects it, and its bound.
        forget_bias: added to f.
        state_is_tuple: whether the state is an LSTMStateTuple; else c and h side by side.
        activation: tanh where None.
        reuse, name, dtype: as of the others.  num_unit_shards and num_proj_shards are taken: kernels are in one part.

    Source: Hochreiter and Schmidhuber, 1997, "Long short-term memory"; Sak et al., 2014, for peepholes and projection.
    """

    label = "lstm_cell"

    def __init__(
        self, num_units: int, use_peepholes: bool = False, cell_clip: Any = None, initializer: Any = None, num_proj: int | None = None,
        proj_clip: Any = None, num_unit_shards: Any = None, num_proj_shards: Any = None, forget_bias: float = 1.0,
        state_is_tuple: bool = True, activation: Callable[..., Any] | None = None, reuse: Any = None, name: str | None = None,
        dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(name, reuse)
        self._units, self._peepholes, self._clip, self._initializer = num_units, use_peepholes, cell_clip, initializer
        self._proj, self._proj_clip, self._forget, self._tuple = num_proj, proj_clip, forget_bias, state_is_tuple
        self._activation = activation or tf.tanh

    @property
    def output_size(self) -> int:
        """The width of h."""
        return self._proj or self._units

    @property
    def state_size(self) -> Any:
        """The widths of c and h."""
        return LSTMStateTuple(self._units, self.output_size) if self._tuple else self._units + self.output_size

    def step(self, inputs: Any, state: Any) -> tuple[Any, Any]:
        """See the class."""
        c, h = state if self._tuple else tf.split(state, [self._units, self.output_size], 1)
        kernel = self._weight("kernel", [width(inputs) + self.output_size, 4 * self._units], self._initializer)
        bias = self._weight("bias", [4 * self._units], zeros_initializer())
        i, j, f, o = tf.split(tf.nn.bias_add(tf.matmul(tf.concat([inputs, h], 1), kernel), bias), 4, 1)
        if self._peepholes:
            see_f, see_i, see_o = (self._weight(f"w_{gate}_diag", [self._units], self._initializer) for gate in "fio")
            i, f = i + see_i * c, f + see_f * c
        new = tf.sigmoid(f + self._forget) * c + tf.sigmoid(i) * self._activation(j)
        if self._clip is not None:
            new = tf.clip_by_value(new, -self._clip, self._clip)
        made = tf.sigmoid(o + see_o * new if self._peepholes else o) * self._activation(new)
        if self._proj is not None:
            made = tf.matmul(made, self._weight("projection/kernel", [self._units, self._proj], self._initializer))
            if self._proj_clip is not None:
                made = tf.clip_by_value(made, -self._proj_clip, self._proj_clip)
        return made, LSTMStateTuple(new, made) if self._tuple else tf.concat([new, made], 1)


class BasicLSTMCell(LSTMCell):
    """An LSTM without peepholes, bounds and projection.  Args: num_units, forget_bias, state_is_tuple, activation, reuse, name, dtype."""

    label = "basic_lstm_cell"

    def __init__(
        self, num_units: int, forget_bias: float = 1.0, state_is_tuple: bool = True, activation: Callable[..., Any] | None = None,
        reuse: Any = None, name: str | None = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        given = {"forget_bias": forget_bias, "state_is_tuple": state_is_tuple, "activation": activation, "reuse": reuse, "name": name}
        super().__init__(num_units, **given)


class MultiRNNCell(RNNCell):
    """Cells one above the other, each on what the one below gives.

    Args:
        cells: from the lowest.
        state_is_tuple: whether the state is a tuple of theirs.

    Raises: ArgumentError for no cells, and for states that are no tuple.
    """

    label = "multi_rnn_cell"

    def __init__(self, cells: Any, state_is_tuple: bool = True) -> None:
        super().__init__()
        if not cells:
            raise ArgumentError("Must specify at least one cell for MultiRNNCell.")
        if not state_is_tuple:
            raise ArgumentError("MultiRNNCell: state_is_tuple=False is not here", likely="state_is_tuple=True")
        self._cells = list(cells)

    @property
    def state_size(self) -> Any:
        """Those of the cells."""
        return tuple(cell.state_size for cell in self._cells)

    @property
    def output_size(self) -> Any:
        """That of the highest."""
        return self._cells[-1].output_size

    @property
    def variables(self) -> list[Any]:
        """Those of the cells."""
        return [each for cell in self._cells for each in cell.variables]

    def zero_state(self, batch_size: Any, dtype: Any) -> Any:
        """Zeros for each."""
        return tuple(cell.zero_state(batch_size, dtype) for cell in self._cells)

    def step(self, inputs: Any, state: Any) -> tuple[Any, Any]:
        """From below."""
        new = []
        for number, (cell, held) in enumerate(zip(self._cells, state, strict=True)):
            with variable_scope(f"cell_{number}"):
                inputs, made = cell(inputs, held)
            new.append(made)
        return inputs, tuple(new)


class Wrapper(RNNCell):
    """A cell around a cell."""

    def __init__(self, cell: RNNCell) -> None:
        super().__init__()
        self._cell = cell

    @property
    def state_size(self) -> Any:
        """That of the cell."""
        return self._cell.state_size

    @property
    def output_size(self) -> Any:
        """That of the cell."""
        return self._cell.output_size

    @property
    def variables(self) -> list[Any]:
        """Those of the cell."""
        return self._cell.variables

    def zero_state(self, batch_size: Any, dtype: Any) -> Any:
        """That of the cell."""
        return self._cell.zero_state(batch_size, dtype)

    def __call__(self, inputs: Any, state: Any, scope: Any = None) -> tuple[Any, Any]:
        """(output, new state) of the cell."""
        return self._cell(inputs, state, scope)


class DropoutWrapper(Wrapper):
    """Dropout around a cell: on inputs, outputs and states.

    Args: cell, input_keep_prob, output_keep_prob, state_keep_prob, seed.  Raises: ArgumentError for variational_recurrent.
    """

    def __init__(
        self, cell: RNNCell, input_keep_prob: Any = 1.0, output_keep_prob: Any = 1.0, state_keep_prob: Any = 1.0,
        variational_recurrent: bool = False, input_size: Any = None, dtype: Any = None, seed: Any = None,
        dropout_state_filter_visitor: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(cell)
        if variational_recurrent:
            raise ArgumentError("DropoutWrapper: variational_recurrent is not here")
        self._input, self._output, self._state, self._seed = input_keep_prob, output_keep_prob, state_keep_prob, seed

    def _dropped(self, x: Any, keep: Any) -> Any:
        if isinstance(keep, float | int) and float(keep) == 1.0:
            return x
        return tf.nn.dropout(x, 1.0 - keep, seed=self._seed)

    def __call__(self, inputs: Any, state: Any, scope: Any = None) -> tuple[Any, Any]:
        """(output, new state), with zeros in random places."""
        made, new = self._cell(self._dropped(inputs, self._input), state, scope)
        if isinstance(new, LSTMStateTuple):
            new = LSTMStateTuple(new.c, self._dropped(new.h, self._state))
        else:
            new = map_tree(lambda x: self._dropped(x, self._state), new)
        return self._dropped(made, self._output), new


class ResidualWrapper(Wrapper):
    """The input is added to the output.  Args: cell, residual_fn (in the place of the sum)."""

    def __init__(self, cell: RNNCell, residual_fn: Callable[..., Any] | None = None) -> None:
        super().__init__(cell)
        self._residual = residual_fn or (lambda x, y: x + y)

    def __call__(self, inputs: Any, state: Any, scope: Any = None) -> tuple[Any, Any]:
        """(output + input, new state)."""
        made, new = self._cell(inputs, state, scope)
        return self._residual(inputs, made), new


class DeviceWrapper(Wrapper):
    """The cell: all runs on the processor.  Args: cell, device."""

    def __init__(self, cell: RNNCell, device: Any) -> None:
        super().__init__(cell)
        self._device = device
