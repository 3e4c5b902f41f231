"""keras.optimizers.schedules: Keras' names over nn.schedules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from gradwerk.base.errors import ArgumentError
from gradwerk.keras.absent import ORIGINAL
from gradwerk.keras.identifiers import as_config, of_config
from gradwerk.keras.options import checked, is_number
from gradwerk.nn import schedules as known
from gradwerk.tensor.adjustable import Adjustable
from gradwerk.tensor.tensor import Tensor


class LearningRateSchedule(Adjustable):
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
    """A schedule of Keras' own: its arguments as attributes, and the one of nn.schedules that they make, as they are when it is called."""

    arguments: ClassVar[tuple[str, ...]] = ()
    """The attributes, in the order of the configuration; `_t_mul` is there called `t_mul`."""

    def __init__(self, *values: object) -> None:
        for name, value in zip(self.arguments, values, strict=True):
            setattr(self, name, value)
        self.rule()

    def rule(self) -> known.Schedule:
        """What the attributes make.  A subclass writes it.  Raises: ArgumentError for what is out of range."""
        raise ArgumentError(f"{type(self).__name__} defines no rule")

    def numbers(self, *names: str) -> list[Any]:
        """Attributes that are numbers.  Raises: ArgumentError for another, and for a length in steps that is not above 0."""
        return [checked_number(self, name.removeprefix("_"), getattr(self, name)) for name in names]

    def __call__(self, step: int | Tensor) -> Any:  # noqa: ANN401
        """See nn.schedules."""
        return self.rule()(step)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal schedule, as they are now."""
        return {name.removeprefix("_"): getattr(self, name) for name in self.arguments}


def checked_number(owner: LearningRateSchedule, name: str, value: Any) -> Any:  # noqa: ANN401
    """Raises: ArgumentError for what is no number, and for a length in steps that is not above 0."""
    if not is_number(value):
        raise ArgumentError(f"{type(owner).__name__}: {name} is a number, this is {value!r}")
    if name.endswith("decay_steps") and not value > 0:
        raise ArgumentError(f"{type(owner).__name__}: {name} is above 0, this is {value!r}")
    return value


class ExponentialDecay(Known):
    """rate = initial_learning_rate * decay_rate^(step / decay_steps); with `staircase` of whole periods."""

    arguments = ("initial_learning_rate", "decay_steps", "decay_rate", "staircase", "name")

    @checked
    def __init__(
        self, initial_learning_rate: float, decay_steps: int, decay_rate: float, staircase: bool = False,  # noqa: FBT001, FBT002
        name: str = "ExponentialDecay",
    ) -> None:  # fmt: skip
        super().__init__(initial_learning_rate, decay_steps, decay_rate, staircase, name)

    def rule(self) -> known.Schedule:
        """See nn.schedules.ExponentialDecay."""
        first, length, base = self.numbers("initial_learning_rate", "decay_steps", "decay_rate")
        return known.ExponentialDecay(first, length, base, bool(self.staircase))


class InverseTimeDecay(Known):
    """rate = initial_learning_rate / (1 + decay_rate * step / decay_steps); with `staircase` of whole periods."""

    arguments = ("initial_learning_rate", "decay_steps", "decay_rate", "staircase", "name")

    @checked
    def __init__(
        self, initial_learning_rate: float, decay_steps: int, decay_rate: float, staircase: bool = False,  # noqa: FBT001, FBT002
        name: str = "InverseTimeDecay",
    ) -> None:  # fmt: skip
        super().__init__(initial_learning_rate, decay_steps, decay_rate, staircase, name)

    def rule(self) -> known.Schedule:
        """See nn.schedules.InverseTimeDecay."""
        first, length, base = self.numbers("initial_learning_rate", "decay_steps", "decay_rate")
        return known.InverseTimeDecay(first, length, base, bool(self.staircase))


class PiecewiseConstantDecay(Known):
    """rate = values[k] of the first k with step <= boundaries[k], behind all boundaries the last value."""

    arguments = ("boundaries", "values", "name")

    @checked
    def __init__(self, boundaries: Sequence[float], values: Sequence[float], name: str = "PiecewiseConstant") -> None:
        super().__init__(boundaries, values, name)

    def rule(self) -> known.Schedule:
        """See nn.schedules.PiecewiseConstant."""
        boundaries, values = list(self.boundaries), list(self.values)
        if not boundaries or len(boundaries) != len(values) - 1:
            facts = (f"{len(boundaries)} boundaries, {len(values)} values",)
            raise ArgumentError("PiecewiseConstantDecay: there is one value more than there are boundaries, and one of these", facts=facts)
        for number in (*boundaries, *values):
            checked_number(self, "each boundary and value", number)
        return known.PiecewiseConstant(tuple(map(int, boundaries)), tuple(values))


class PolynomialDecay(Known):
    """rate = (initial_learning_rate - end_learning_rate) * (1 - step / decay_steps)^power + end_learning_rate."""

    arguments = ("initial_learning_rate", "decay_steps", "end_learning_rate", "power", "cycle", "name")

    @checked
    def __init__(
        self, initial_learning_rate: float, decay_steps: int, end_learning_rate: float = 0.0001, power: float = 1.0,
        cycle: bool = False, name: str = "PolynomialDecay",  # noqa: FBT001, FBT002
    ) -> None:  # fmt: skip
        super().__init__(initial_learning_rate, decay_steps, end_learning_rate, power, cycle, name)

    def rule(self) -> known.Schedule:
        """See nn.schedules.PolynomialDecay."""
        first, last, length, exponent = self.numbers("initial_learning_rate", "end_learning_rate", "decay_steps", "power")
        return known.PolynomialDecay(first, last, length, exponent, bool(self.cycle))


class CosineDecay(Known):
    """Half a cosine wave down to `alpha` times where it begins; before it a straight line up to `warmup_target`."""

    arguments = ("initial_learning_rate", "decay_steps", "alpha", "name", "warmup_target", "warmup_steps")

    @checked
    def __init__(
        self, initial_learning_rate: float, decay_steps: int, alpha: float = 0.0, name: str = "CosineDecay",
        warmup_target: float | None = None, warmup_steps: int = 0,
    ) -> None:  # fmt: skip
        super().__init__(initial_learning_rate, decay_steps, alpha, name, warmup_target, warmup_steps)

    def rule(self) -> known.Schedule:
        """See nn.schedules.CosineDecay."""
        first, length, share, warmup = self.numbers("initial_learning_rate", "decay_steps", "alpha", "warmup_steps")
        return known.CosineDecay(first, length, share, self.warmup_target, warmup)


class CosineDecayRestarts(Known):
    """Half a cosine wave down again and again, each round `t_mul` times as long and `m_mul` times as high as the last."""

    arguments = ("initial_learning_rate", "first_decay_steps", "_t_mul", "_m_mul", "alpha", "name")

    @checked
    def __init__(
        self, initial_learning_rate: float, first_decay_steps: int, t_mul: float = 2.0, m_mul: float = 1.0, alpha: float = 0.0,
        name: str = "SGDRDecay",
    ) -> None:  # fmt: skip
        super().__init__(initial_learning_rate, first_decay_steps, t_mul, m_mul, alpha, name)

    def rule(self) -> known.Schedule:
        """See nn.schedules.CosineRestarts."""
        return known.CosineRestarts(*self.numbers("initial_learning_rate", "first_decay_steps", "_t_mul", "_m_mul", "alpha"))


NAMED: dict[str, type[LearningRateSchedule]] = {
    cls.__name__: cls
    for cls in (ExponentialDecay, InverseTimeDecay, PiecewiseConstantDecay, PolynomialDecay, CosineDecay, CosineDecayRestarts)
}


def serialize(learning_rate_schedule: LearningRateSchedule) -> dict[str, Any]:
    """The schedule as plain data."""
    return as_config("keras.optimizers.schedules", learning_rate_schedule)


def deserialize(config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Any:  # noqa: ANN401  a schedule
    """The schedule of `serialize`'s answer; of one's own where `custom_objects` names it.  Raises: ArgumentError for an unknown class."""
    return of_config("learning rate schedule", "keras.optimizers.schedules", config, NAMED | dict(custom_objects or {}))


__all__ = [
    "CosineDecay", "CosineDecayRestarts", "ExponentialDecay", "InverseTimeDecay", "LearningRateSchedule", "PiecewiseConstantDecay",
    "PolynomialDecay", "deserialize", "serialize",
]  # fmt: skip

__getattr__ = ORIGINAL.module("keras.optimizers.schedules", __name__)
