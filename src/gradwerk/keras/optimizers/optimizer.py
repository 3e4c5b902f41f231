"""What all of Keras' optimizers share: the learning rate or its schedule, the count of steps, and what composes around the rule."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar, Unpack

import numpy as np

from gradwerk.base.errors import ArgumentError, ArgumentTypeError
from gradwerk.keras.absent import ORIGINAL
from gradwerk.keras.naming import unique_name
from gradwerk.keras.optimizers import schedules
from gradwerk.keras.options import OptimizerOptions, checked, whole
from gradwerk.keras.variables import Variable
from gradwerk.nn import optimizer as known
from gradwerk.nn.averaging import Average
from gradwerk.nn.clipping import ByGlobalNorm, ByNorm, ByValue, Clip
from gradwerk.nn.updates import Decay
from gradwerk.tensor.adjustable import Adjustable
from gradwerk.tensor.grad import no_grad
from gradwerk.tensor.state import mode
from gradwerk.tensor.tensor import Parameter, Tensor

_ABSENT = object()
Rate = float | schedules.LearningRateSchedule


CLIPS: Mapping[str, type[Clip]] = {"clipnorm": ByNorm, "clipvalue": ByValue, "global_clipnorm": ByGlobalNorm}
AROUND = ("weight_decay", *CLIPS, "use_ema", "ema_momentum", "ema_overwrite_frequency")
"""The attributes that all rules depend on."""


@ORIGINAL.completes("keras.optimizers.Optimizer")
class Optimizer(Adjustable):
    """An update rule, told its parameters by the model that is compiled with it.

    Its settings may change at any time: the next step computes with what they are then.

    weight_decay       w <- w - learning_rate * weight_decay * w, before the rule
    clipnorm           each gradient has at most this norm            clipvalue     each element of a gradient has at most this size
    global_clipnorm    all gradients together have at most this norm
    use_ema            keeps averages a <- ema_momentum a + (1 - ema_momentum) w, which the weights become at the end of `fit`, and
                       after every `ema_overwrite_frequency` steps
    """

    settings: ClassVar[tuple[str, ...]] = ()
    """The attributes that the rule itself depends on, the learning rate apart."""
    columns: ClassVar[tuple[tuple[str, ...], ...]] = ()
    """The slots in the order of Keras' `variables`: those of one tuple parameter by parameter."""

    def __init__(self, learning_rate: Rate, **options: Unpack[OptimizerOptions]) -> None:
        self.name = options.get("name") or unique_name(type(self).__name__)
        self.rule: known.Optimizer | None = None
        self._schedule = learning_rate if isinstance(learning_rate, schedules.LearningRateSchedule) else None
        rate = learning_rate if self._schedule is None else 0.0
        self._rate = Variable(np.asarray(_checked_rate(rate), np.float32)).named("learning_rate", (self.name,))
        self._iterations = Variable(np.asarray(0, np.int64)).named("iteration", (self.name,))
        self.weight_decay, self.use_ema = options.get("weight_decay"), bool(options.get("use_ema", False))
        self.clipnorm, self.clipvalue = options.get("clipnorm"), options.get("clipvalue")
        self.global_clipnorm, self.ema_momentum = options.get("global_clipnorm"), options.get("ema_momentum", 0.99)
        self.ema_overwrite_frequency = options.get("ema_overwrite_frequency")

    def __setattr__(self, name: str, value: object) -> None:
        if mode.trace is not None or (name not in self.settings and name not in AROUND):
            super().__setattr__(name, value)
            return
        if name == "use_ema" and self.rule is not None and bool(value) is not self.use_ema:
            raise ArgumentError(f"{type(self).__name__}: use_ema is chosen before the first step", likely="compile with a new optimizer")
        before = vars(self).get(name, _ABSENT)
        object.__setattr__(self, name, value)
        try:
            if all(setting in vars(self) for setting in (*self.settings, *AROUND)):
                told = self.rule_settings() | self.around()
                if self.rule is not None:
                    self.rule.configure(**told)
        except BaseException:
            object.__delattr__(self, name) if before is _ABSENT else object.__setattr__(self, name, before)
            raise

    def build(self, parameters: Mapping[str, Parameter]) -> known.Optimizer:
        """Makes the state for these parameters; once."""
        if self.rule is None:
            self.rule = self.make(parameters)
            self.rule.rate, self.rule.iterations = self._rate, self._iterations
            self.rule.configure(schedule=self._schedule)
        elif not self.fits(parameters):
            raise ArgumentError(
                f"the optimizer {self.name!r} was built for another model, or for other weights of this one",
                likely="call model.compile again, with a new optimizer",
            )
        return self.rule

    def fits(self, parameters: Mapping[str, Parameter]) -> bool:
        """Whether the state is of these parameters, or there is none yet."""
        return self.rule is None or [id(p) for p in self.rule.targets.values()] == [id(p) for p in parameters.values()]

    def make(self, parameters: Mapping[str, Parameter]) -> known.Optimizer:
        """The rule with its state.  A subclass writes it."""
        raise ArgumentError(f"{type(self).__name__} defines no rule")

    def rule_settings(self) -> dict[str, Any]:
        """The settings as the rule takes them.  Raises: ArgumentError for what is out of range."""
        return {}

    def around(self) -> dict[str, Any]:
        """What composes around the rule.  Raises: ArgumentError for what is out of range, and for two ways to clip."""
        given = [name for name in CLIPS if getattr(self, name) is not None]
        if len(given) > 1:
            raise ArgumentError(f"{type(self).__name__}: of {', '.join(CLIPS)} only one can be set", facts=(f"given: {', '.join(given)}",))
        limits = {name: between(self, name, getattr(self, name), 0.0, math.inf) for name in given}
        clip = next((CLIPS[name](limit) for name, limit in limits.items() if limit > 0), None)
        decay = 0.0 if self.weight_decay is None else between(self, "weight_decay", self.weight_decay, 0.0, math.inf)
        momentum, every = between(self, "ema_momentum", self.ema_momentum, 0.0, 1.0), self.ema_overwrite_frequency
        if every is not None:
            every = whole(type(self).__name__, "ema_overwrite_frequency", every, 1)
        average = Average(momentum, every) if self.use_ema else None
        return {"clip": clip, "decay": Decay(decay, decoupled=True), "average": average}

    @property
    def built(self) -> bool:
        """True once the state exists."""
        return self.rule is not None

    @property
    def learning_rate(self) -> Tensor:
        """The learning rate of the next step, 0-d.  Assigning a number changes it without compiling anything again.

        Raises: ArgumentTypeError for a number where there is a schedule.
        """
        if self._schedule is None:
            return self._rate
        with no_grad():
            rate = self._schedule(self._iterations)
        return rate if isinstance(rate, Tensor) else Tensor(np.asarray(rate, np.float32))

    @learning_rate.setter
    def learning_rate(self, value: float | Tensor | schedules.LearningRateSchedule) -> None:
        if isinstance(value, schedules.LearningRateSchedule):
            self._schedule = value
            if self.rule is not None:
                self.rule.configure(schedule=value)
            return
        if self._schedule is not None:
            problem = "the learning rate follows a schedule, and is not set"
            raise ArgumentTypeError(problem, likely="make the optimizer with a number, or assign another schedule")
        self._rate.assign(np.asarray(_checked_rate(value), np.float32))

    @property
    def iterations(self) -> Tensor:
        """The number of updates so far, 0-d."""
        return self._iterations

    @property
    def variables(self) -> list[Tensor]:
        """Iterations, learning rate where there is no schedule, averages, then the slots, in Keras' order."""
        slots = self.rule.slots if self.rule is not None else {}
        columns = [[slots[slot] for slot in names if slot in slots] for names in (("average",), *self.columns)]
        numbers = [self.iterations, *([self._rate] if self._schedule is None else [])]
        return numbers + [tensor for column in columns for row in zip(*column, strict=True) for tensor in row]

    def finalize_variable_values(self, var_list: object = None) -> None:
        """What comes behind the last step of `fit`: with `use_ema` the weights become their averages."""
        if self.rule is not None:
            self.rule.finish()

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal optimizer."""
        settings = {name: getattr(self, name) for name in (*AROUND, *self.settings)}
        rate = float(self._rate.item()) if self._schedule is None else schedules.serialize(self._schedule)
        return {"name": self.name, "learning_rate": rate, **settings}

    @classmethod
    @checked
    def from_config(cls, config: Mapping[str, Any]) -> Optimizer:
        """An optimizer from `get_config`'s answer."""
        rate = config.get("learning_rate")
        given = {"learning_rate": schedules.deserialize(rate)} if isinstance(rate, Mapping) else {}
        return cls(**{**config, **given})


def _checked_rate(value: Any) -> float:  # noqa: ANN401  a number or a Tensor of one
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


def between(owner: Optimizer, name: str, value: Any, low: float, high: float, *, below: bool = False) -> float:  # noqa: ANN401
    """A number from `low` to `high`, or to `below` it.  Raises: ArgumentError."""
    known = isinstance(value, (int, float, np.number)) and not isinstance(value, bool)
    if not known or not low <= value <= high or (below and value == high):
        bounded = f"lies from {low:g} to below {high:g}" if below else f"lies between {low:g} and {high:g}"
        limits = bounded if high < math.inf else f"is at least {low:g}"
        raise ArgumentError(f"{type(owner).__name__}: the {name} {limits}, this is {value!r}")
    return float(value)
