"""Metrics whose state is sums of nn: shown as Keras' variables, read when a result is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from gradwerk.keras import loss_operands
from gradwerk.keras.layers.inputs import floating
from gradwerk.keras.metrics.metric import Metric, as_weights
from gradwerk.keras.variables import Variable
from gradwerk.nn.counted import Sums

Operand = Any
"""A Tensor or an array."""


def shown(sums: Sums, owner: Metric, names: Mapping[str, str] | None = None) -> None:
    """Makes the Tensors of sums variables of a metric, under their own names or others."""
    for name, tensor in list(sums.own_buffers()):
        variable = Variable(np.asarray(tensor.numpy())).named((names or {}).get(name, name), (owner.name,))
        setattr(sums, name, variable)
        owner._variables = (*owner._variables, variable)


def operands(y_true: Any, y_pred: Any, sample_weight: Any) -> tuple[Operand, Operand, Operand | None]:  # noqa: ANN401  Tensors or arrays
    """Targets and predictions of one rank, as floats, and weights."""
    targets, predictions = loss_operands.lined_up(loss_operands.as_operand(y_true), loss_operands.as_operand(y_pred))
    return floating(targets), floating(predictions), as_weights(sample_weight)
