"""How the layers of Keras compute on rows of different lengths.

Those that treat each step by itself see all elements of all rows as one row.  Recurrent layers go through lanes (ragged/lanes.py), pooling
over time reduces each row.  Where a layer has settings that need a rectangle it gets one: the rule says NotImplemented.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gradwerk.base.trees import flatten, map_tree, unflatten
from gradwerk.keras.layers import activation, core, gated, masking, merging, normalizing, pooling, regularization, wrappers
from gradwerk.keras.layers.calls import Factors
from gradwerk.keras.layers.cells import GateCell
from gradwerk.keras.layers.channels import FIRST
from gradwerk.keras.layers.input import InputLayer
from gradwerk.keras.layers.inputs import as_inputs, floating
from gradwerk.keras.layers.layer import Layer
from gradwerk.keras.layers.preprocessing.scaling import Rescaling
from gradwerk.keras.rows.calling import RULES, rule_of, trains
from gradwerk.keras.rows.value import Rows
from gradwerk.nn.recurrence import Masked
from gradwerk.nn.recurrent import PLAIN
from gradwerk.ops.elementwise import cast, div, maximum, mul
from gradwerk.ops.indexing import gather
from gradwerk.ops.movement import reshape
from gradwerk.ops.source import full
from gradwerk.ragged.lanes import to_lanes
from gradwerk.ragged.recurrent import lanes_of, loop, lstm
from gradwerk.ragged.rows import row_max, row_mean, row_sum
from gradwerk.tensor.tensor import Tensor


def step_by_step(fits: Callable[[Any], bool]) -> Callable[..., Any]:
    """The rule of a layer that treats each step by itself, where its settings are such."""

    def rule(layer: Any, inputs: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:  # noqa: ANN401
        if not isinstance(inputs, Rows) or args or layer.activity_regularizer is not None or not fits(layer):
            return NotImplemented
        return inputs.each(lambda x: layer(x, **kwargs), as_sequence=counts_axes(layer))

    return rule


def distributed(layer: Any, inputs: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:  # noqa: ANN401
    """The rule of TimeDistributed: what draws or counts while it trains does so for each step of a batch."""
    tells = any(isinstance(one, Layer) and (one.training_place is not None or one.activity_regularizer) for one in layer.layer.modules())
    if not isinstance(inputs, Rows) or args or kwargs.get("mask") is not None or layer.activity_regularizer or (tells and trains(kwargs)):
        return NotImplemented
    return inputs.each(layer.layer)


def merged(layer: Any, inputs: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:  # noqa: ANN401
    """The rule of layers that merge several of the same rows."""
    if not isinstance(inputs, (list, tuple)) or args or not all(isinstance(one, Rows) for one in inputs) or layer.activity_regularizer:
        return NotImplemented
    if isinstance(layer, merging.Concatenate) and layer.axis not in (-1, inputs[0].ndim - 1):
        return NotImplemented
    return inputs[0].each(lambda *x: layer(list(x), **kwargs), *inputs[1:], as_sequence=counts_axes(layer))


def pooled(fold: Callable[[Rows], Tensor]) -> Callable[..., Any]:
    """The rule of pooling over all steps."""

    def rule(layer: Any, inputs: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:  # noqa: ANN401
        if not isinstance(inputs, Rows) or args or kwargs.get("mask") is not None or layer.data_format == FIRST or inputs.ndim != 3:
            return NotImplemented

        def call(x: Rows, **_: Any) -> Tensor:  # noqa: ANN401
            flat = floating(as_inputs(layer, x.ragged.flat))
            y = fold(x.of(x.ragged.with_flat(flat)))
            return reshape(y, (y.shape[0], 1, *y.shape[1:])) if layer.keepdims else y

        return layer.run(inputs, (), {}, kwargs.get("training"), call)

    return rule


def mean_of_rows(x: Rows) -> Tensor:
    """The mean of each row, of the elements that count."""
    if x.mask is None:
        return row_mean(x.ragged)
    counted = cast(x.counted, x.ragged.dtype)
    sums = row_sum(x.ragged.with_flat(mul(x.ragged.flat, reshape(counted, (-1, 1)))))
    found: Tensor = div(sums, row_sum(x.ragged.with_flat(reshape(counted, (-1, 1)))))
    return found


def recurrent(layer: Any, inputs: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:  # noqa: ANN401
    """The rule of SimpleRNN, GRU and LSTM.  With `go_backwards` the results of each row stand from its end on."""
    if not _in_lanes(layer, inputs, args, kwargs):
        return NotImplemented
    result = _recurrence(layer, inputs, kwargs)
    turns = layer.go_backwards and layer.return_sequences
    return map_tree(lambda y: y.from_their_ends() if turns and isinstance(y, Rows) else y, result)


def bidirectional(layer: Any, inputs: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:  # noqa: ANN401
    """The rule of two of them."""
    both = (layer.forward_layer, layer.backward_layer)
    told = kwargs.get("initial_state") is not None or layer.activity_regularizer is not None
    if told or not all(_in_lanes(one, inputs, args, kwargs) for one in both):
        return NotImplemented
    sequences = inputs

    def call(x: Rows, **_: Any) -> Any:  # noqa: ANN401
        (y, *states), (back, *others) = (_listed(_recurrence(one, x, {}), layer) for one in both)
        if layer.merge_mode is None:
            return [y, back, *states, *others]
        merge = wrappers.MERGES[layer.merge_mode]
        made = sequences.of(y.ragged.map(merge, back.ragged)) if isinstance(y, Rows) else merge(y, back)
        return [made, *states, *others] if states else made

    return layer.run(inputs, (), {}, kwargs.get("training"), call)


def _listed(result: Any, layer: Any) -> list[Any]:  # noqa: ANN401
    return list(result) if layer.return_state else [result]


def _in_lanes(layer: Any, inputs: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:  # noqa: ANN401
    """Whether a recurrent layer goes through rows in lanes: its cell is Keras' own, and nothing is drawn or kept for each example."""
    if rule_of(layer) is not recurrent or args or kwargs.get("mask") is not None or not isinstance(inputs, Rows):
        return False
    cell = layer.cell
    own = isinstance(cell, GateCell) and type(cell).call.__module__ == GateCell.__module__
    drawn = own and trains(kwargs) and bool(cell.dropout or cell.recurrent_dropout)
    return own and inputs.ndim == 3 and not drawn and not layer.stateful and layer.activity_regularizer is None


def _recurrence(layer: Any, inputs: Rows, kwargs: dict[str, Any]) -> Any:  # noqa: ANN401
    """All steps of all rows: what the layer gives, results of steps where they were computed from."""
    starts = kwargs.get("initial_state")

    def call(x: Rows, **_: Any) -> Any:  # noqa: ANN401
        cell, ragged, none = layer.cell, x.ragged, Factors()
        ragged = ragged.with_flat(floating(as_inputs(layer, ragged.flat)))
        lanes = lanes_of(ragged)
        step = cell.step(none)
        if step == PLAIN and starts is None and not (layer.zero_output_for_mask and x.mask is not None):
            weights = (cell.kernel, cell.recurrent_kernel, cell.biases()[0])
            steps, *states = lstm(ragged, *weights, reverse=layer.go_backwards, counted=None if x.mask is None else x.counted)
            return given(x, steps, states[0], states)
        projected, constants = cell.projected(to_lanes(ragged, lanes), none), cell.constants(none)
        if starts is None:
            carry = tuple(full((1, size), 0.0, projected.dtype, like=(projected,)) for size in flatten(layer.state_size))
        else:
            carry = tuple(floating(as_inputs(layer, state)) for state in flatten(starts))

        def each(state: Any, z: Any, _: Tensor) -> tuple[Any, Tensor]:  # noqa: ANN401
            new, y = step(tuple(state), tuple(z), constants)
            return tuple(new), y

        cells: tuple[Tensor, ...] = (projected,)

        if x.mask is not None:
            step, nothing = Masked(step, zero=layer.zero_output_for_mask), full((1, cell.units), 0.0, projected.dtype, like=(projected,))
            cells, carry = (gather(x.counted, maximum(lanes.source, 0)), projected), (nothing, *carry)
        states, steps = loop(each, carry, cells, ragged, lanes, reverse=layer.go_backwards)
        last, states = states[0], states[1:] if x.mask is not None else states
        return given(x, steps, last, states)

    def given(x: Rows, steps: Any, last: Tensor, states: Any) -> Any:  # noqa: ANN401
        y = x.of(steps) if layer.return_sequences else last
        return [y, *unflatten(layer.state_size, list(states))] if layer.return_state else y

    return layer.run(inputs, (), {}, kwargs.get("training"), call)


def last_axis(layer: Any) -> bool:  # noqa: ANN401
    """Whether it normalizes the features of each step."""
    axis = layer.axis
    return (list(axis) if isinstance(axis, (list, tuple)) else [axis]) in ([-1], [2])


def counts_axes(layer: Any) -> bool:  # noqa: ANN401
    """Whether its settings count the axes from the first."""
    axis = getattr(layer, "axis", -1)
    return axis not in (-1, [-1], (-1,))


def draws_alone(layer: Any) -> bool:  # noqa: ANN401
    """Whether no two elements share what is drawn."""
    return layer.noise_shape is None


def always(layer: Any) -> bool:  # noqa: ANN401
    """Each step by itself, whatever the settings."""
    return True


EACH: tuple[tuple[type, Callable[[Any], bool]], ...] = (
    (core.Dense, always), (core.Activation, always), (core.Identity, always), (InputLayer, always), (Rescaling, always),
    (core.Embedding, always), (masking.Masking, always),
    (activation.ReLU, always), (activation.LeakyReLU, always), (activation.ELU, always), (activation.Softmax, last_axis),
    (regularization.Dropout, draws_alone), (regularization.AlphaDropout, draws_alone),
    (regularization.GaussianNoise, always), (regularization.GaussianDropout, always),
    (normalizing.LayerNormalization, last_axis), (normalizing.UnitNormalization, last_axis), (normalizing.RMSNormalization, last_axis),
)  # fmt: skip
"""Layers that treat each step by itself, and with which settings they do."""
MERGED: tuple[type, ...] = (
    merging.Add, merging.Multiply, merging.Maximum, merging.Minimum, merging.Average, merging.Subtract, merging.Concatenate,
)  # fmt: skip


def register() -> None:
    """Says all rules."""
    RULES.update({kind: step_by_step(fits) for kind, fits in EACH})
    RULES.update(dict.fromkeys(MERGED, merged))
    RULES.update({pooling.GlobalAveragePooling1D: pooled(mean_of_rows), pooling.GlobalMaxPooling1D: pooled(lambda x: row_max(x.ragged))})
    RULES.update(dict.fromkeys((gated.SimpleRNN, gated.GRU, gated.LSTM), recurrent))
    RULES.update({wrappers.TimeDistributed: distributed, wrappers.Bidirectional: bidirectional})


register()
