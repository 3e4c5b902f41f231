"""Learning rates that follow from the number of steps, as Tensors of a graph.

Source: https://www.tensorflow.org/api_docs/python/tf/compat/v1/train/exponential_decay and its neighbours
"""

from __future__ import annotations

import math
from typing import Any

from gradwerk.base.errors import ArgumentError
from gradwerk.nn import schedules
from gradwerk.ops.elementwise import add, mul, sub
from gradwerk.tf.graph import kinds
from gradwerk.tf.operations import operation

# ruff: noqa: ANN401, FBT001, FBT002  TensorFlow's signatures
__all__ = [
    "cosine_decay", "cosine_decay_restarts", "exponential_decay", "inverse_time_decay", "natural_exp_decay",
    "piecewise_constant", "piecewise_constant_decay", "polynomial_decay",
]  # fmt: skip


def _scaled(rate: Any, share: Any) -> Any:
    return mul(kinds.as_value(share), rate)


def _check(global_step: Any, name: str) -> None:
    if global_step is None:
        raise ArgumentError(f"global_step is required for {name}.")


@operation("ExponentialDecay")
def _exponential(learning_rate: Any, global_step: Any, decay_steps: float, decay_rate: float, staircase: bool, name: Any = None) -> Any:
    return _scaled(learning_rate, schedules.ExponentialDecay(1.0, decay_steps, decay_rate, staircase)(global_step))


def exponential_decay(
    learning_rate: Any, global_step: Any, decay_steps: Any, decay_rate: float, staircase: bool = False, name: str | None = None
) -> Any:  # fmt: skip
    """learning_rate * decay_rate ^ (global_step / decay_steps), of whole periods where staircase.

    Args: as the formula says; the steps a variable or Tensor.  Raises: ArgumentError without global_step.
    """
    _check(global_step, "exponential_decay")
    return _exponential(learning_rate, global_step, float(decay_steps), float(decay_rate), staircase, name or "ExponentialDecay")


def natural_exp_decay(
    learning_rate: Any, global_step: Any, decay_steps: Any, decay_rate: float, staircase: bool = False, name: str | None = None
) -> Any:  # fmt: skip
    """learning_rate * e ^ (-decay_rate * global_step / decay_steps), of whole periods where staircase."""
    _check(global_step, "natural_exp_decay")
    base = math.exp(-decay_rate)
    return _exponential(learning_rate, global_step, float(decay_steps), base, staircase, name or "ExponentialTimeDecay")


@operation("InverseTimeDecay")
def _inverse(learning_rate: Any, global_step: Any, decay_steps: float, decay_rate: float, staircase: bool, name: Any = None) -> Any:
    return _scaled(learning_rate, schedules.InverseTimeDecay(1.0, decay_steps, decay_rate, staircase)(global_step))


def inverse_time_decay(
    learning_rate: Any, global_step: Any, decay_steps: Any, decay_rate: float, staircase: bool = False, name: str | None = None
) -> Any:  # fmt: skip
    """learning_rate / (1 + decay_rate * global_step / decay_steps), of whole periods where staircase."""
    _check(global_step, "inverse_time_decay")
    return _inverse(learning_rate, global_step, float(decay_steps), float(decay_rate), staircase, name or "InverseTimeDecay")


@operation("PolynomialDecay")
def _polynomial(learning_rate: Any, global_step: Any, steps: float, end: float, power: float, cycle: bool, name: Any = None) -> Any:
    share = kinds.as_value(schedules.PolynomialDecay(1.0, 0.0, steps, power, cycle)(global_step))
    return add(mul(share, sub(kinds.as_value(learning_rate), end)), end)


def polynomial_decay(
    learning_rate: Any, global_step: Any, decay_steps: Any, end_learning_rate: float = 0.0001, power: float = 1.0, cycle: bool = False,
    name: str | None = None,
) -> Any:  # fmt: skip
    """(learning_rate - end) * (1 - global_step / decay_steps) ^ power + end, at most to the end; again and again where cycle."""
    _check(global_step, "polynomial_decay")
    return _polynomial(learning_rate, global_step, float(decay_steps), end_learning_rate, power, cycle, name or "PolynomialDecay")


@operation("CosineDecay")
def _cosine(learning_rate: Any, global_step: Any, decay_steps: float, alpha: float, name: Any = None) -> Any:
    return _scaled(learning_rate, schedules.CosineDecay(1.0, decay_steps, alpha)(global_step))


def cosine_decay(learning_rate: Any, global_step: Any, decay_steps: Any, alpha: float = 0.0, name: str | None = None) -> Any:
    """learning_rate * ((1 - alpha) * (1 + cos(pi * global_step / decay_steps)) / 2 + alpha), at most to the end of the steps."""
    _check(global_step, "cosine decay")
    return _cosine(learning_rate, global_step, float(decay_steps), alpha, name or "CosineDecay")


@operation("SGDRDecay")
def _restarts(learning_rate: Any, global_step: Any, first: float, t_mul: float, m_mul: float, alpha: float, name: Any = None) -> Any:
    return _scaled(learning_rate, schedules.CosineRestarts(1.0, first, t_mul, m_mul, alpha)(global_step))


def cosine_decay_restarts(
    learning_rate: Any, global_step: Any, first_decay_steps: Any, t_mul: float = 2.0, m_mul: float = 1.0, alpha: float = 0.0,
    name: str | None = None,
) -> Any:  # fmt: skip
    """The cosine decay again and again, each round t_mul times as long and from m_mul times the rate of the last."""
    _check(global_step, "cosine decay restarts")
    return _restarts(learning_rate, global_step, float(first_decay_steps), t_mul, m_mul, alpha, name or "SGDRDecay")


@operation("PiecewiseConstant")
def _piecewise(x: Any, boundaries: tuple[float, ...], values: tuple[float, ...], name: Any = None) -> Any:
    return kinds.as_value(schedules.PiecewiseConstant(boundaries, values)(x))  # type: ignore[arg-type]  # boundaries may be fractions too


def piecewise_constant(x: Any, boundaries: Any, values: Any, name: str | None = None) -> Any:
    """values[k] of the first k with x <= boundaries[k], behind all boundaries the last value.

    Raises: ArgumentError where there is not one value more than boundaries.
    """
    if len(boundaries) != len(values) - 1:
        raise ArgumentError("The length of boundaries should be 1 less than the length of values")
    return _piecewise(x, tuple(boundaries), tuple(float(value) for value in values), name or "PiecewiseConstant")


piecewise_constant_decay = piecewise_constant
