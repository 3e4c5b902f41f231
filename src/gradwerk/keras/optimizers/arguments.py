"""What Keras' optimizers are given, looked at: rates, numbers in a range, weights by their paths."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradwerk.base.errors import ArgumentError
from gradwerk.keras.options import whole
from gradwerk.tensor.tensor import Parameter


@dataclass(frozen=True)
class Undecayed:
    """Which weights do not decay: some, and those in whose name a pattern is."""

    weights: tuple[Any, ...] = ()
    pattern: str = ""

    def __call__(self, path: str, parameter: Parameter) -> bool:
        found = self.pattern and re.search(self.pattern, getattr(parameter, "name", path))
        return bool(found) or any(weight is parameter for weight in self.weights)


@dataclass(frozen=True)
class ByUpdate:
    """A schedule of steps, asked by the number of updates, each of which is `every` steps."""

    schedule: Any
    every: int

    def __call__(self, updates: Any) -> Any:  # noqa: ANN401  a Tensor
        return self.schedule(updates * self.every + (self.every - 1))


def by_path(parameters: Sequence[Parameter], known: Mapping[int, str]) -> dict[str, Parameter]:
    """Parameters by their paths: those known by identity, else their own, numbered where two have one."""
    found: dict[str, Parameter] = {}
    for number, parameter in enumerate(parameters):
        path = known.get(id(parameter)) or str(getattr(parameter, "path", number))
        found[path if path not in found else f"{path}_{number}"] = parameter
    return found


def scale_and_rounds(owner: object, options: Mapping[str, Any]) -> tuple[float | None, int | None]:
    """What the loss is multiplied by, and how many steps are one update.  Raises: ArgumentError for what is out of range."""
    scale, rounds = options.get("loss_scale_factor"), options.get("gradient_accumulation_steps")
    if scale is not None and not between(owner, "loss_scale_factor", scale, 0.0, math.inf) > 0:
        raise ArgumentError(f"{type(owner).__name__}: the loss_scale_factor is above 0, this is {scale}")
    return scale, whole(type(owner).__name__, "gradient_accumulation_steps", rounds, 2) if rounds else None


def checked_rate(value: Any) -> float:  # noqa: ANN401  a number or a Tensor of one
    """Raises: ArgumentError for what is no learning rate."""
    if callable(value):
        likely = "a subclass of keras.optimizers.schedules.LearningRateSchedule, or set optimizer.learning_rate in a callback"
        raise ArgumentError("a learning rate that is a plain function is not supported here yet", likely=likely)
    if isinstance(value, (bool, np.bool_)):
        raise ArgumentError(f"the learning rate is a number, this is {value!r}")
    try:
        rate = float(value)
        is_text = isinstance(value, (str, bytes))
    except (TypeError, ValueError):
        raise ArgumentError(f"the learning rate is a number, this is {value!r}") from None
    if is_text:
        raise ArgumentError(f"the learning rate is a number, this is {value!r}", likely=f"write {rate}")
    if not 0 <= rate < math.inf:
        raise ArgumentError(f"the learning rate is {rate}")
    return rate


def between(owner: object, name: str, value: Any, low: float, high: float, *, below: bool = False) -> float:  # noqa: ANN401
    """A number from `low` to `high`, or to `below` it.  Raises: ArgumentError."""
    known = isinstance(value, (int, float, np.number)) and not isinstance(value, bool)
    if not known or not low <= value <= high or (below and value == high):
        bounded = f"lies from {low:g} to below {high:g}" if below else f"lies between {low:g} and {high:g}"
        limits = bounded if high < math.inf else f"is at least {low:g}"
        raise ArgumentError(f"{type(owner).__name__}: the {name} {limits}, this is {value!r}")
    return float(value)
