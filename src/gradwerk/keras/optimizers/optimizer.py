"""What all of Keras' optimizers share: the learning rate or its schedule, the count of steps, and what composes around the rule."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Unpack

import numpy as np

from gradwerk.base.errors import ArgumentError, ArgumentTypeError, StateError
from gradwerk.base.origin import warn
from gradwerk.keras.absent import ORIGINAL
from gradwerk.keras.naming import unique_name
from gradwerk.keras.optimizers import schedules
from gradwerk.keras.options import OptimizerOptions, checked, whole
from gradwerk.keras.variables import Variable
from gradwerk.nn import optimizer as known
from gradwerk.nn.averaging import Average
from gradwerk.nn.clipping import ByGlobalNorm, ByNorm, ByValue, Clip
from gradwerk.nn.updates import Decay
from gradwerk.nn.wrapped import Accumulated, LossScaled, Updates
from gradwerk.tensor.adjustable import Adjustable
from gradwerk.tensor.grad import no_grad
from gradwerk.tensor.state import mode
from gradwerk.tensor.tensor import Parameter, Tensor

_ABSENT = object()


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


Rate = float | schedules.LearningRateSchedule


CLIPS: Mapping[str, type[Clip]] = {"clipnorm": ByNorm, "clipvalue": ByValue, "global_clipnorm": ByGlobalNorm}
AROUND = ("weight_decay", *CLIPS, "use_ema", "ema_momentum", "ema_overwrite_frequency")
"""The attributes that all rules depend on."""


FAMILY: dict[str, type[Any]] = {}
"""All optimizers of this package, by their names in small letters."""


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

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if cls.__module__.startswith("gradwerk.keras."):
            FAMILY[cls.__name__.lower()] = cls

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
        self.loss_scale_factor, self.gradient_accumulation_steps = scale_and_rounds(self, options)
        self.applied: Updates | None = None
        """The rule with what is wrapped around it."""
        self._undecayed = Undecayed()

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

    def build(self, parameters: Mapping[str, Parameter] | Sequence[Parameter]) -> Updates:
        """Makes the state for these parameters; once."""
        parameters = by_path(parameters)
        if self.rule is None or self.applied is None:
            self.rule = self.make(parameters)
            self.rule.undecayed = frozenset(k for k, (path, p) in enumerate(parameters.items()) if self._undecayed(path, p))
            self.rule.rate, self.applied = self._rate, self.rule
            if self.gradient_accumulation_steps:
                self.applied = Accumulated(self.rule, self.gradient_accumulation_steps)
                self.applied.steps = self._iterations
            else:
                self.rule.iterations = self._iterations
            if self.loss_scale_factor is not None:
                self.applied = LossScaled(self.applied, self.loss_scale_factor, growth_steps=None)
            self.rule.configure(schedule=self._schedule_of_rule())
        elif not self.fits(parameters):
            raise ArgumentError(
                f"the optimizer {self.name!r} was built for another model, or for other weights of this one",
                likely="call model.compile again, with a new optimizer",
            )
        return self.applied

    def _schedule_of_rule(self) -> Any:  # noqa: ANN401  a function of a number
        """The schedule by the rule's own count: Keras asks it by the number of steps, of which several are one update."""
        schedule, every = self._schedule, self.gradient_accumulation_steps
        if schedule is None or not every:
            return schedule
        return ByUpdate(schedule, every)

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
                self.rule.configure(schedule=self._schedule_of_rule())
            return
        if self._schedule is not None:
            problem = "the learning rate follows a schedule, and is not set"
            raise ArgumentTypeError(problem, likely="make the optimizer with a number, or assign another schedule")
        self._rate.assign(np.asarray(_checked_rate(value), np.float32))

    @property
    def iterations(self) -> Tensor:
        """The number of updates so far, 0-d."""
        return self.rule.iterations if self.gradient_accumulation_steps and self.rule is not None else self._iterations

    @property
    def variables(self) -> list[Tensor]:
        """Iterations, learning rate where there is no schedule, averages, sums of gradients, then the slots, in Keras' order."""
        slots = dict(self.rule.slots) if self.rule is not None else {}
        wrapped = self.applied.inner if isinstance(self.applied, LossScaled) else self.applied
        if isinstance(wrapped, Accumulated):
            slots["gradient sums"] = wrapped.sums
        columns = [[slots[slot] for slot in names if slot in slots] for names in (("average",), ("gradient sums",), *self.columns)]
        numbers: list[Tensor] = [self._iterations, *([self._rate] if self._schedule is None else [])]
        return numbers + [tensor for column in columns for row in zip(*column, strict=True) for tensor in row]

    def scale_loss(self, loss: Tensor) -> Tensor:
        """The loss whose gradients `apply` takes: times `loss_scale_factor`, where there is one."""
        return loss if self.loss_scale_factor is None else loss * self.loss_scale_factor

    def apply_gradients(self, grads_and_vars: Iterable[tuple[Any, Any]]) -> Tensor:
        """One update by pairs of gradients and the weights that they are of; the number of steps so far."""
        pairs = list(grads_and_vars)
        self.apply([gradient for gradient, _ in pairs], [weight for _, weight in pairs])
        return self._iterations

    def apply(self, grads: Sequence[Any], trainable_variables: Sequence[Any] | None = None) -> None:
        """One update by gradients, of these weights, or of those that the optimizer was built for.

        Raises: ArgumentError where nothing has a gradient, for other weights than it was built for, and for another number of gradients.
        """
        if len(grads) == 0:
            return
        if trainable_variables is not None and self.rule is None:
            self.build(list(trainable_variables))
        if self.rule is None or self.applied is None:
            likely = "optimizer.build(model.trainable_variables)"
            raise ArgumentError("the optimizer is not built, and no weights were given", likely=likely)
        targets = list(self.rule.targets.values())
        weights = targets if trainable_variables is None else list(trainable_variables)
        if len(grads) != len(weights):
            raise ArgumentError(f"{len(grads)} gradients for {len(weights)} weights")
        places = {id(target): place for place, target in enumerate(targets)}
        if unknown := [weight for weight in weights if id(weight) not in places]:
            raise ArgumentError(
                f"{self.name} was not built for the weight {getattr(unknown[0], 'path', '')!r}", likely="make another optimizer for others"
            )
        if all(gradient is None for gradient in grads):
            raise ArgumentError("No gradients provided for any variable.", likely="compute the loss from the weights, under the tape")
        if lacking := [getattr(w, "path", "?") for w, gradient in zip(weights, grads, strict=True) if gradient is None]:
            warn(f"Gradients do not exist for variables {lacking} when minimizing the loss")
        given: list[Tensor | None] = [None] * len(targets)
        for weight, gradient in zip(weights, grads, strict=True):
            if gradient is not None:
                given[places[id(weight)]] = gradient if isinstance(gradient, Tensor) else Tensor(np.asarray(gradient, weight.dtype))
        with no_grad():
            self.applied.update(given)

    def exclude_from_weight_decay(self, var_list: Sequence[Any] | None = None, var_names: Sequence[str] | None = None) -> None:
        """Some weights do not decay: these, and those in whose name one of these patterns is.  Raises: StateError once it is built."""
        if self.rule is not None:
            likely = "call exclude_from_weight_decay before the model is trained"
            raise StateError("what does not decay is said before the first step", likely=likely)
        self._undecayed = Undecayed(tuple(var_list or ()), "|".join(sorted(set(var_names or ()))))

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Writes all variables, in their order.  Raises: StateError before it is built, ShapeError."""
        if self.rule is None:
            raise StateError("the optimizer has no variables yet", likely="optimizer.build(model.trainable_variables)")
        for variable, weight in zip(self.variables, weights, strict=True):
            variable.assign(np.asarray(weight, variable.dtype) if not isinstance(weight, Tensor) else weight)

    def save_own_variables(self, store: Any) -> None:  # noqa: ANN401  a mapping
        """Puts all variables into a mapping, by number."""
        for number, variable in enumerate(self.variables):
            store[str(number)] = variable.numpy()

    def load_own_variables(self, store: Mapping[str, Any]) -> None:
        """Takes them from there; warns where they are not as many."""
        held = self.variables
        if len(store) != len(held):
            warn(f"{self.name} has {len(held)} variables, {len(store)} were saved: none is loaded.  It may not be built yet.")
            return
        for number, variable in enumerate(held):
            variable.assign(np.asarray(store[str(number)], variable.dtype))

    def finalize_variable_values(self, var_list: object = None) -> None:
        """What comes behind the last step of `fit`: with `use_ema` the weights become their averages."""
        if self.rule is not None:
            self.rule.finish()

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal optimizer."""
        wrapping = ("loss_scale_factor", "gradient_accumulation_steps")
        settings = {name: getattr(self, name) for name in (*AROUND, *wrapping, *self.settings)}
        rate = float(self._rate.item()) if self._schedule is None else schedules.serialize(self._schedule)
        return {"name": self.name, "learning_rate": rate, **settings}

    @classmethod
    @checked
    def from_config(cls, config: Mapping[str, Any]) -> Optimizer:
        """An optimizer from `get_config`'s answer."""
        rate = config.get("learning_rate")
        given = {"learning_rate": schedules.deserialize(rate)} if isinstance(rate, Mapping) else {}
        return cls(**{**config, **given})


def by_path(parameters: Any) -> dict[str, Parameter]:  # noqa: ANN401  a mapping or a sequence
    """Parameters by their paths: their own, numbered where two have one."""
    if isinstance(parameters, Mapping):
        return dict(parameters)
    found: dict[str, Parameter] = {}
    for number, parameter in enumerate(parameters):
        path = getattr(parameter, "path", str(number))
        found[path if path not in found else f"{path}_{number}"] = parameter
    return found


def scale_and_rounds(owner: Optimizer, options: Mapping[str, Any]) -> tuple[float | None, int | None]:
    """What the loss is multiplied by, and how many steps are one update.  Raises: ArgumentError for what is out of range."""
    scale, rounds = options.get("loss_scale_factor"), options.get("gradient_accumulation_steps")
    if scale is not None and not between(owner, "loss_scale_factor", scale, 0.0, math.inf) > 0:
        raise ArgumentError(f"{type(owner).__name__}: the loss_scale_factor is above 0, this is {scale}")
    return scale, whole(type(owner).__name__, "gradient_accumulation_steps", rounds, 2) if rounds else None


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
