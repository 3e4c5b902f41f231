"""keras.optimizers.schedules: Keras' names over nn.schedules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gradwerk.base.errors import ArgumentError
from gradwerk.keras.absent import ORIGINAL
from gradwerk.keras.options import by_name, checked, is_number
from gradwerk.nn import schedules as known
from gradwerk.tensor.tensor import Tensor


class LearningRateSchedule:
    """A learning rate as a function of the number of steps so far.  A subclass of the user's writes `__call__` with Tensors, or numbers."""

    def __call__(self, step: int | Tensor) -> Any:  # noqa: ANN401  a number or a Tensor of one
        """The rate of the next step."""
        problem = f"the learning rate schedule {type(self).__name__} does not say what it gives"
        raise ArgumentError(problem, likely="def __call__(self, step)")

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal schedule."""
        raise ArgumentError(f"{type(self).__name__} has no get_config: it cannot be saved with its optimizer")

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> LearningRateSchedule:
        """A schedule from `get_config`'s answer."""
        return cls(**config)


class Known(LearningRateSchedule):
    """A schedule of Keras' own: its arguments, kept by name, and the one of nn.schedules that they make."""

    def __init__(self, rule: known.Schedule, **arguments: Any) -> None:  # noqa: ANN401
        self._rule, self._arguments = rule, arguments

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        arguments = self.__dict__.get("_arguments", {})
        if name not in arguments:
            raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")
        return arguments[name]

    def __call__(self, step: int | Tensor) -> Any:  # noqa: ANN401
        """See nn.schedules."""
        return self._rule(step)

    def get_config(self) -> dict[str, Any]:
        """The arguments."""
        return dict(self._arguments)


def _numbers(owner: LearningRateSchedule, **values: object) -> None:
    """Raises: ArgumentError for what is no number, and for a length in steps that is not above 0."""
    for name, value in values.items():
        if not is_number(value):
            raise ArgumentError(f"{type(owner).__name__}: {name} is a number, this is {value!r}")
        if name.endswith("decay_steps") and not value > 0:  # type: ignore[operator]
            raise ArgumentError(f"{type(owner).__name__}: {name} is above 0, this is {value!r}")


class ExponentialDecay(Known):
    """rate = initial_learning_rate * decay_rate^(step / decay_steps); with `staircase` of whole periods."""

    @checked
    def __init__(
        self, initial_learning_rate: float, decay_steps: int, decay_rate: float, staircase: bool = False,  # noqa: FBT001, FBT002
        name: str = "ExponentialDecay",
    ) -> None:  # fmt: skip
        numbers = {"initial_learning_rate": initial_learning_rate, "decay_steps": decay_steps, "decay_rate": decay_rate}
        _numbers(self, **numbers)
        rule = known.ExponentialDecay(initial_learning_rate, decay_steps, decay_rate, bool(staircase))
        super().__init__(rule, **numbers, staircase=staircase, name=name)


class InverseTimeDecay(Known):
    """rate = initial_learning_rate / (1 + decay_rate * step / decay_steps); with `staircase` of whole periods."""

    @checked
    def __init__(
        self, initial_learning_rate: float, decay_steps: int, decay_rate: float, staircase: bool = False,  # noqa: FBT001, FBT002
        name: str = "InverseTimeDecay",
    ) -> None:  # fmt: skip
        numbers = {"initial_learning_rate": initial_learning_rate, "decay_steps": decay_steps, "decay_rate": decay_rate}
        _numbers(self, **numbers)
        rule = known.InverseTimeDecay(initial_learning_rate, decay_steps, decay_rate, bool(staircase))
        super().__init__(rule, **numbers, staircase=staircase, name=name)


class PiecewiseConstantDecay(Known):
    """rate = values[k] of the first k with step <= boundaries[k], behind all boundaries the last value."""

    @checked
    def __init__(self, boundaries: Sequence[float], values: Sequence[float], name: str = "PiecewiseConstant") -> None:
        if not boundaries or len(boundaries) != len(values) - 1:
            facts = (f"{len(boundaries)} boundaries, {len(values)} values",)
            raise ArgumentError("PiecewiseConstantDecay: there is one value more than there are boundaries, and one of these", facts=facts)
        for number in (*boundaries, *values):
            _numbers(self, **{"each boundary and value": number})
        rule = known.PiecewiseConstant(tuple(map(int, boundaries)), tuple(values))
        super().__init__(rule, boundaries=boundaries, values=values, name=name)


class PolynomialDecay(Known):
    """rate = (initial_learning_rate - end_learning_rate) * (1 - step / decay_steps)^power + end_learning_rate."""

    @checked
    def __init__(
        self, initial_learning_rate: float, decay_steps: int, end_learning_rate: float = 0.0001, power: float = 1.0,
        cycle: bool = False, name: str = "PolynomialDecay",  # noqa: FBT001, FBT002
    ) -> None:  # fmt: skip
        numbers = {"initial_learning_rate": initial_learning_rate, "decay_steps": decay_steps, "end_learning_rate": end_learning_rate}
        _numbers(self, **numbers, power=power)
        rule = known.PolynomialDecay(initial_learning_rate, end_learning_rate, decay_steps, power, bool(cycle))
        super().__init__(rule, **numbers, power=power, cycle=cycle, name=name)


class CosineDecay(Known):
    """Half a cosine wave down to `alpha` times where it begins; before it a straight line up to `warmup_target`."""

    @checked
    def __init__(
        self, initial_learning_rate: float, decay_steps: int, alpha: float = 0.0, name: str = "CosineDecay",
        warmup_target: float | None = None, warmup_steps: int = 0,
    ) -> None:  # fmt: skip
        numbers = {"initial_learning_rate": initial_learning_rate, "decay_steps": decay_steps, "alpha": alpha}
        _numbers(self, **numbers, warmup_steps=warmup_steps)
        rule = known.CosineDecay(initial_learning_rate, decay_steps, alpha, warmup_target, warmup_steps)
        super().__init__(rule, **numbers, name=name, warmup_target=warmup_target, warmup_steps=warmup_steps)


class CosineDecayRestarts(Known):
    """Half a cosine wave down again and again, each round `t_mul` times as long and `m_mul` times as high as the last."""

    @checked
    def __init__(
        self, initial_learning_rate: float, first_decay_steps: int, t_mul: float = 2.0, m_mul: float = 1.0, alpha: float = 0.0,
        name: str = "SGDRDecay",
    ) -> None:  # fmt: skip
        numbers = {"initial_learning_rate": initial_learning_rate, "first_decay_steps": first_decay_steps, "t_mul": t_mul, "m_mul": m_mul}
        _numbers(self, **numbers, alpha=alpha)
        rule = known.CosineRestarts(initial_learning_rate, first_decay_steps, t_mul, m_mul, alpha)
        super().__init__(rule, **numbers, alpha=alpha, name=name)


NAMED: dict[str, type[LearningRateSchedule]] = {
    cls.__name__: cls
    for cls in (ExponentialDecay, InverseTimeDecay, PiecewiseConstantDecay, PolynomialDecay, CosineDecay, CosineDecayRestarts)
}


def serialize(learning_rate_schedule: LearningRateSchedule) -> dict[str, Any]:
    """The schedule as plain data."""
    cls, ours = type(learning_rate_schedule), isinstance(learning_rate_schedule, Known)
    module = "keras.optimizers.schedules" if ours else cls.__module__
    return {"module": module, "class_name": cls.__name__, "config": learning_rate_schedule.get_config(), "registered_name": None}


def deserialize(config: Mapping[str, Any]) -> LearningRateSchedule:
    """The schedule of `serialize`'s answer.  Raises: ArgumentError for a class that is not Keras' own."""
    return by_name("learning rate schedule", config["class_name"], NAMED).from_config(config["config"])


__all__ = [
    "CosineDecay", "CosineDecayRestarts", "ExponentialDecay", "InverseTimeDecay", "LearningRateSchedule", "PiecewiseConstantDecay",
    "PolynomialDecay", "deserialize", "serialize",
]  # fmt: skip

__getattr__ = ORIGINAL.module("keras.optimizers.schedules", __name__)
