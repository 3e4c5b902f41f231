"""Recurrent networks over sequences: one step after the other as nodes, or as one loop."""

from __future__ import annotations

from typing import Any

from gradwerk import tf
from gradwerk.base.errors import ArgumentError, ArgumentTypeError
from gradwerk.base.trees import flatten, map_tree, unflatten
from gradwerk.tf.graph.loops import steps
from gradwerk.tf.graph.nodes import as_tensor
from gradwerk.tf.graph.variable_scopes import variable_scope

# ruff: noqa: ANN401, FBT001, FBT002  TensorFlow's signatures
__all__ = ["bidirectional_dynamic_rnn", "dynamic_rnn", "static_bidirectional_rnn", "static_rnn"]


def _batch(x: Any) -> Any:
    found = x.shape[0]
    return tf.shape(x)[0] if found is None else int(found)


def _first_state(cell: Any, initial_state: Any, batch: Any, dtype: Any) -> Any:
    if initial_state is not None:
        return initial_state
    if dtype is None:
        raise ArgumentError("If there is no initial_state, you must give a dtype.")
    return cell.zero_state(batch, dtype)


def _kept(going: Any, new: Any, old: Any) -> Any:
    """New values in rows that go on, old ones in those that have ended."""
    flat = [tf.where(tf.reshape(going, [-1, 1]), a, b) for a, b in zip(flatten(new), flatten(old), strict=True)]
    return unflatten(new, flat)


def static_rnn(cell: Any, inputs: Any, initial_state: Any = None, dtype: Any = None, sequence_length: Any = None, scope: Any = None) -> Any:
    """(outputs, last state) of a cell on a list of steps: as many nodes as there are steps.

    Args:
        cell: an RNNCell.
        inputs: a list of Tensors (batch, width).
        initial_state: zeros of `dtype` where None.
        dtype: of the state.
        sequence_length: of each row: behind its end outputs are 0 and the state stays.
        scope: of the variables, `rnn`.

    Raises: ArgumentTypeError where the inputs are no list, ArgumentError for no inputs, and where neither state nor dtype is given.
    """
    if not isinstance(inputs, list | tuple):
        raise ArgumentTypeError("inputs must be a sequence")
    if not inputs:
        raise ArgumentError("inputs must not be empty")
    with variable_scope(scope or "rnn"):
        state = _first_state(cell, initial_state, _batch(inputs[0]), dtype)
        lengths = None if sequence_length is None else tf.cast(sequence_length, "int32")
        outputs = []
        for number, x in enumerate(inputs):
            made, new = cell(x, state)
            if lengths is not None:
                going = tf.less(number, lengths)
                made, new = _kept(going, made, tf.zeros_like(made)), _kept(going, new, state)
            outputs.append(made)
            state = new
    return outputs, state


def dynamic_rnn(
    cell: Any, inputs: Any, sequence_length: Any = None, initial_state: Any = None, dtype: Any = None, parallel_iterations: Any = None,
    swap_memory: bool = False, time_major: bool = False, scope: Any = None,
) -> Any:  # fmt: skip
    """(outputs, last state) of a cell on a sequence: one loop, of as many steps as are fed.

    Args:
        cell: an RNNCell.
        inputs: (batch, time, width), or (time, batch, width) where time_major.
        sequence_length: of each row: behind its end outputs are 0 and the state stays.
        initial_state: zeros of `dtype` where None.
        dtype: of the state.
        time_major: whether time is the first axis of inputs and outputs.
        scope: of the variables, `rnn`.
        parallel_iterations, swap_memory: taken, without effect.

    Raises: ArgumentError where neither state nor dtype is given.
    """
    with variable_scope(scope or "rnn"):
        return _looped(cell, inputs, sequence_length, initial_state, dtype, time_major=time_major)


def _looped(cell: Any, inputs: Any, lengths: Any, initial_state: Any, dtype: Any, *, time_major: bool) -> Any:
    given = as_tensor(inputs)
    xs = given if time_major else tf.transpose(given, [1, 0, 2])
    batch = int(xs.shape[1]) if xs.shape[1] is not None else tf.shape(xs)[1]
    state = map_tree(as_tensor, _first_state(cell, initial_state, batch, dtype))
    if lengths is None:
        last, outputs = steps(lambda held, x: _turned(cell(x, held)), state, xs, "while")
    else:
        ends = tf.cast(lengths, "int32")

        def step(carry: Any, x: Any) -> tuple[Any, Any]:
            number, held = carry
            made, new = cell(x, held)
            going = tf.less(number, ends)
            return (number + 1, _kept(going, new, held)), _kept(going, made, tf.zeros_like(made))

        (_, last), outputs = steps(step, (as_tensor(0), state), xs, "while")
    return outputs if time_major else tf.transpose(outputs, [1, 0, 2]), last


def _turned(pair: tuple[Any, Any]) -> tuple[Any, Any]:
    return pair[1], pair[0]


def bidirectional_dynamic_rnn(
    cell_fw: Any, cell_bw: Any, inputs: Any, sequence_length: Any = None, initial_state_fw: Any = None, initial_state_bw: Any = None,
    dtype: Any = None, parallel_iterations: Any = None, swap_memory: bool = False, time_major: bool = False, scope: Any = None,
) -> Any:  # fmt: skip
    """((outputs forward, outputs backward), (last states)) of two cells, one on the sequence and one on its reverse.

    Args: see `dynamic_rnn`.
    """
    axis = 0 if time_major else 1

    def turned(x: Any) -> Any:
        if sequence_length is None:
            return tf.reverse(x, [axis])
        return tf.reverse_sequence(x, sequence_length, seq_axis=axis, batch_axis=1 - axis)

    with variable_scope(scope or "bidirectional_rnn"):
        with variable_scope("fw"):
            forward, last = _looped(cell_fw, inputs, sequence_length, initial_state_fw, dtype, time_major=time_major)
        with variable_scope("bw"):
            backward, first = _looped(cell_bw, turned(inputs), sequence_length, initial_state_bw, dtype, time_major=time_major)
    return (forward, turned(backward)), (last, first)


def static_bidirectional_rnn(
    cell_fw: Any, cell_bw: Any, inputs: Any, initial_state_fw: Any = None, initial_state_bw: Any = None, dtype: Any = None,
    sequence_length: Any = None, scope: Any = None,
) -> Any:  # fmt: skip
    """(outputs of both side by side, last state forward, last state backward) of two cells on a list of steps.  Args: see `static_rnn`.

    Raises: ArgumentError for sequence_length.
    """
    if sequence_length is not None:
        raise ArgumentError("static_bidirectional_rnn: sequence_length is not here", likely="bidirectional_dynamic_rnn")
    with variable_scope(scope or "bidirectional_rnn"):
        forward, last = static_rnn(cell_fw, inputs, initial_state_fw, dtype, None, "fw")
        backward, first = static_rnn(cell_bw, list(reversed(inputs)), initial_state_bw, dtype, None, "bw")
    return [tf.concat([a, b], 1) for a, b in zip(forward, reversed(backward), strict=True)], last, first
