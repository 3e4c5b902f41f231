"""What all of Keras' optimizers share: the learning rate or its schedule, the count of steps, and what composes around the rule."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, Unpack

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, ArgumentTypeError, StateError
from gradwerk.base.origin import warn
from gradwerk.keras import filling
from gradwerk.keras.absent import ORIGINAL
from gradwerk.keras.former import Former
from gradwerk.keras.initializers import InitializerLike
from gradwerk.keras.naming import unique_name
from gradwerk.keras.optimizers import schedules
from gradwerk.keras.optimizers.arguments import ByUpdate, Undecayed, between, by_path, checked_rate, scale_and_rounds
from gradwerk.keras.options import OptimizerOptions, checked, whole
from gradwerk.keras.variables import Variable
from gradwerk.nn import optimizer as known
from gradwerk.nn.averaging import Average
from gradwerk.nn.by_hand import ByHand
from gradwerk.nn.clipping import ByGlobalNorm, ByNorm, ByValue, Clip
from gradwerk.nn.updates import Decay
from gradwerk.nn.wrapped import Accumulated, LossScaled, Updates
from gradwerk.ops.elementwise import cast
from gradwerk.tensor.adjustable import Adjustable
from gradwerk.tensor.grad import no_grad
from gradwerk.tensor.state import mode
from gradwerk.tensor.tensor import Parameter, Tensor

_ABSENT = object()


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

    lr = Former("lr", "optimizer.learning_rate")
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
        self._rate = Variable(np.asarray(checked_rate(rate), np.float32)).named("learning_rate", (self.name,))
        self._iterations = Variable(np.asarray(0, np.int64)).named("iteration", (self.name,))
        self.weight_decay, self.use_ema = options.get("weight_decay"), bool(options.get("use_ema", False))
        self.clipnorm, self.clipvalue = options.get("clipnorm"), options.get("clipvalue")
        self.global_clipnorm, self.ema_momentum = options.get("global_clipnorm"), options.get("ema_momentum", 0.99)
        self.ema_overwrite_frequency = options.get("ema_overwrite_frequency")
        self.loss_scale_factor, self.gradient_accumulation_steps = scale_and_rounds(self, options)
        self.applied: Updates | None = None
        """The rule with what is wrapped around it."""
        self._own_variables: list[Tensor] = []
        self._paths: dict[int, str] = {}
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

    def begin(self, parameters: Mapping[str, Parameter]) -> Updates:
        """What updates these parameters, which have these paths.  Raises: ArgumentError where it was built for others."""
        self._paths = {id(parameter): path for path, parameter in parameters.items()}
        if self.rule is None or not self.fits(parameters):
            self.build(list(parameters.values()))
        if self.applied is None:
            raise StateError(f"{type(self).__name__}.build does not call that of its base", likely="begin it with super().build(variables)")
        return self.applied

    @checked
    def build(self, variables: Sequence[Any]) -> None:
        """Makes the state for these weights; once.  An optimizer of one's own makes its variables here, behind `super().build`.

        Raises: ArgumentError where it was built for others.
        """
        parameters = by_path(variables, self._paths)
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
        """The rule with its state: of an optimizer of one's own its `update_step`."""
        if type(self).update_step is Optimizer.update_step:
            likely = "write `def update_step(self, gradient, variable, learning_rate): ...`"
            raise StateError(f"{type(self).__name__} defines no update_step", likely=likely)
        if self.gradient_accumulation_steps or self.loss_scale_factor is not None:
            raise ArgumentError(f"{type(self).__name__}: sums of gradients and scaled losses are not here for an update_step of one's own")
        return ByHand(parameters, self._write, **self.around())

    def _write(self, gradient: Tensor, variable: Parameter) -> None:
        self.update_step(gradient, variable, self.learning_rate)

    def update_step(self, gradient: Tensor, variable: Any, learning_rate: Tensor) -> None:  # noqa: ANN401  a weight
        """One update of one weight, written by `assign` and its like.  A subclass of one's own writes it."""
        raise StateError(f"{type(self).__name__} defines no update_step")

    def add_variable(
        self, shape: Sequence[int], initializer: InitializerLike = "zeros", dtype: Any = None,  # noqa: ANN401
        *, name: str | None = None,
    ) -> Variable:  # fmt: skip
        """A variable of the optimizer's state.  Shape: as given.  Dtype: float32 where none is."""
        filled = filling.filled(initializer, tuple(map(int, shape)), dtypes.named(dtype or np.float32))
        made = Variable(filled).named(name, (self.name,))
        self._own_variables.append(made)
        return made

    def add_variable_from_reference(
        self, reference_variable: Any, name: str | None = None, initializer: InitializerLike = "zeros"  # noqa: ANN401
    ) -> Variable:
        """A variable of the shape and dtype of another one, and named after it."""
        of = str(getattr(reference_variable, "path", "variable")).replace("/", "_")
        return self.add_variable(reference_variable.shape, initializer, reference_variable.dtype, name=f"{of}_{name or 'var'}")

    def add_optimizer_variables(
        self, trainable_variables: Sequence[Any], name: str | Sequence[str], initializer: Any = "zeros"  # noqa: ANN401  one, or one for each name
    ) -> Any:  # noqa: ANN401  a list, or a tuple of lists
        """A variable for each weight, under a name; of several names a tuple with a list for each."""
        names = [name] if isinstance(name, str) else list(name)
        kinds = list(initializer) if isinstance(initializer, list | tuple) else [initializer] * len(names)
        if len(names) != len(kinds):
            raise ArgumentError(f"{len(names)} names and {len(kinds)} initializers", facts=(f"name {name!r}",))
        pairs = list(zip(names, kinds, strict=True))
        rows = [[self.add_variable_from_reference(w, each, kind) for each, kind in pairs] for w in trainable_variables]
        columns = tuple([row[place] for row in rows] for place in range(len(names)))
        return columns[0] if isinstance(name, str) else columns

    def assign(self, variable: Any, value: Any) -> None:  # noqa: ANN401  a Tensor and what is written
        """Writes a variable."""
        variable.assign(value)

    def assign_add(self, variable: Any, value: Any) -> None:  # noqa: ANN401
        """Adds to a variable."""
        variable.assign(variable + value)

    def assign_sub(self, variable: Any, value: Any) -> None:  # noqa: ANN401
        """Subtracts from a variable."""
        variable.assign(variable - value)

    def _get_variable_index(self, variable: Any) -> int:  # noqa: ANN401
        """The place of a weight among those that it was built for, which optimizers written for Keras ask for."""
        targets = [] if self.rule is None else list(self.rule.targets.values())
        return next(place for place, target in enumerate(targets) if target is variable)

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
        self._rate.assign(np.asarray(checked_rate(value), np.float32))

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
        return numbers + [tensor for column in columns for row in zip(*column, strict=True) for tensor in row] + self._own_variables

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
                held = gradient if isinstance(gradient, Tensor) else Tensor(np.asarray(gradient), weight.dtype)
                given[places[id(weight)]] = held if held.dtype == weight.dtype else cast(held, weight.dtype)
        with no_grad():
            self.applied.update(given)

    def stateless_apply(
        self, optimizer_variables: Sequence[Any], grads: Sequence[Any], trainable_variables: Sequence[Any]
    ) -> tuple[list[Tensor], list[Tensor]]:
        """What weights and variables with these contents would be after one update; optimizer and weights stay what they are.

        Raises: ArgumentError before it is built, and for another number of weights or variables.
        """
        if self.rule is None:
            raise ArgumentError("the optimizer is not built", likely="optimizer.build(model.trainable_variables)")
        held: list[list[Any]] = [[*self.rule.targets.values()], self.variables]
        given: list[Sequence[Any]] = [trainable_variables, optimizer_variables]
        if [len(each) for each in held] != [len(each) for each in given]:
            raise ArgumentError("as many weights and variables are needed as there are", facts=tuple(f"{len(each)}" for each in held))
        pairs = [pair for own, contents in zip(held, given, strict=True) for pair in zip(own, contents, strict=True)]
        kept = [own.numpy() for own, _ in pairs]
        try:
            with no_grad():
                for own, content in pairs:
                    own.assign(content)
            self.apply(grads)
            after = [[Tensor(own.numpy()) for own in each] for each in held]
        finally:
            with no_grad():
                for (own, _), content in zip(pairs, kept, strict=True):
                    own.assign(content)
        return after[0], after[1]

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
            variable.assign(weight if isinstance(weight, Tensor) else dtypes.converted(np.asarray(weight), variable.dtype))

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
            variable.assign(dtypes.converted(np.asarray(store[str(number)]), variable.dtype))

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
