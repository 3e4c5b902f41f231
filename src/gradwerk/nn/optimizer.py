"""The thin Optimizer that holds the state of an update rule, and the classes of the two best known rules.

An Optimizer holds slots and numbers as Tensors, so a whole update compiles into the training step and a changed learning rate traces
nothing again.  Rules as functions are in updates.py; adagrad.py, moments.py, online.py and directions.py have the other ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, ClassVar, Self, TypedDict, Unpack

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError
from gradwerk.base.plain import exactly, same_setting
from gradwerk.nn.averaging import Average
from gradwerk.nn.clipping import Clip
from gradwerk.nn.module import Module
from gradwerk.nn.step_numbers import Numbers
from gradwerk.nn.updates import ONE, Decay, Operand, adam, descend, momentum_of_gradients, momentum_of_steps
from gradwerk.ops.compare import equal
from gradwerk.ops.elementwise import add, cast, div, mul, neg, sqrt, sub, where
from gradwerk.ops.functions import power
from gradwerk.ops.movement import reshape
from gradwerk.ops.precision import in_accumulator
from gradwerk.tensor.devices import KINDS, place_of
from gradwerk.tensor.grad import alike
from gradwerk.tensor.handle import adopt
from gradwerk.tensor.moves import moved
from gradwerk.tensor.state import mode
from gradwerk.tensor.tensor import Parameter, Tensor
from gradwerk.tensor.whole import Part, Writes, update_all, write_all

Parameters = Mapping[str, Parameter] | Iterable[Parameter] | Iterable[tuple[str, Parameter]]
Schedule = Callable[[Operand], Operand]
"""The learning rate of a step, of the number of steps before it (see schedules.py)."""


class Around(TypedDict, total=False):
    """What composes around every rule, in this order."""

    maximize: bool
    """Goes up the gradient."""
    clip: Clip | None
    decay: Decay
    schedule: Schedule | None
    """In the place of the learning rate."""
    average: Average | None
    count_each: bool
    """One step count for each parameter, of the steps in which that had a gradient and there were slots to fill (torch)."""


class Optimizer(Module):
    """Holds the learning rate, the step count and per-parameter slots as Tensors; a subclass says its slots and its rule.

    `parameters` is a mapping path -> Parameter, (path, Parameter) pairs, or Parameters alone (then numbered).  `iterations` counts the
    steps (Keras); with `count_each` it has one count for each parameter (torch, in whose dtype it is).
    """

    numbers_kept: ClassVar[tuple[str, ...]] = ()
    """The slots that are one number for a parameter."""

    def __init__(self, parameters: Parameters, learning_rate: float, **around: Unpack[Around]) -> None:
        self.targets = named(parameters)
        self.count_each, self.maximize = around.get("count_each", False), around.get("maximize", False)
        self.clip, self.decay, self.average = around.get("clip"), around.get("decay", Decay()), around.get("average")
        self.schedule = around.get("schedule")
        self.undecayed: frozenset[int] = frozenset()
        """The places of parameters that do not decay."""
        self.rate = Tensor(np.asarray(learning_rate, np.float32))
        self.iterations = Tensor(np.zeros(len(self.targets), np.float32) if self.count_each else np.asarray(0, np.int64))
        self.slots: dict[str, list[Tensor]] = {slot: self.empty_slot(slot) for slot in self.all_slots()}
        self.resting: dict[str, list[Tensor]] = {}
        """Slots that the present settings do not need: they go on from where they were when they are needed again."""

    @property
    def slot_names(self) -> tuple[str, ...]:
        """The slots that the rule needs with the present settings; an average has one of its own beside them."""
        return ()

    def __setattr__(self, name: str, value: object) -> None:
        super().__setattr__(name, value)
        if "resting" not in self.__dict__:  # not made yet
            return
        wanted = self.all_slots()
        if wanted != tuple(self.slots):
            known = self.resting | self.slots
            self.slots, self.resting = {slot: known.pop(slot, []) or self.empty_slot(slot) for slot in wanted}, known

    @property
    def learning_rate(self) -> Tensor:
        """The learning rate, a 0-d float32 Tensor.  Assigning a number changes it without tracing anything again."""
        return self.rate

    @learning_rate.setter
    def learning_rate(self, value: float | Tensor) -> None:
        self.rate.assign(value if isinstance(value, Tensor) else np.asarray(value, self.rate.dtype))

    def own_buffers(self) -> Iterator[tuple[str, Tensor]]:
        """Numbers, then slots as `velocity.conv1.kernel`."""
        yield from super().own_buffers()
        for slot, tensors in self.slots.items():
            for path, tensor in zip(self.targets, tensors, strict=True):
                yield f"{slot}.{path}", tensor

    def numbers(self) -> list[tuple[str, Tensor]]:
        """The numbers that are Tensors, by attribute: learning rate, step count."""
        return [(name, value) for name, value in self.__dict__.items() if isinstance(value, Tensor)]

    def configure(self, **settings: object) -> None:
        """Changes settings by name (momentum, betas, decay), as assigning them does: compiled steps trace again, slots stay.

        Raises: ArgumentError for other names.
        """
        for name, value in settings.items():
            if name not in self.__dict__ or isinstance(value, Tensor):
                raise ArgumentError(f"{type(self).__name__} has no setting {name!r}")
            if not same_setting(self.__dict__[name], value):
                setattr(self, name, value)

    def all_slots(self) -> tuple[str, ...]:
        """Those of the rule and that of the average."""
        return (*(["average"] if self.average is not None else []), *self.slot_names)

    def slot_start(self, slot: str) -> float:
        """What fills a slot before the first step."""
        return 0.0

    def slot_shape(self, slot: str, parameter: Parameter) -> tuple[int, ...]:
        """The shape of a slot: the parameter's, or () for one number."""
        return () if slot in self.numbers_kept else parameter.shape

    def slot_dtype(self, slot: str, parameter: Parameter) -> dtypes.DType:
        """The dtype of a slot: the parameter's; for one number, a rate or a share, that of its steps, not to be rounded at each."""
        return dtypes.accumulator(parameter.dtype) if slot in self.numbers_kept else parameter.dtype

    def empty_slot(self, slot: str) -> list[Tensor]:
        """What a slot holds before the first step, for each parameter; it lies in memory as that does."""
        targets = self.targets.values()
        if slot == "average":  # which is no slot of the rule
            return [alike(Tensor(np.zeros(p.shape, p.dtype)), p) for p in targets]
        start = self.slot_start(slot)
        filled = [(Tensor(dtypes.filled(self.slot_shape(slot, p), start, self.slot_dtype(slot, p))), p) for p in targets]
        return [alike(tensor, p) if tensor.shape == p.shape else tensor for tensor, p in filled]

    def counted(self, taking: Sequence[bool]) -> Writes:
        """The count of steps, with one more in which these parameters take part."""
        more = 1 if not self.count_each or all(taking) else np.asarray(taking, np.float32)
        return [(self.iterations, add(self.iterations, more))]

    def numbers_of_step(self) -> tuple[Operand, ...]:
        """The step's numbers, once it is counted; the first is the learning rate.  They are 0-d, or have one entry for each parameter."""
        if self.schedule is not None:
            return (cast(self.schedule(sub(self.iterations, 1)), self.rate.dtype),)
        return (self.rate if self.rate.shape == () else reshape(self.rate, ()),)

    def rule(self, w: Operand, g: Operand, slots: tuple[Operand, ...], numbers: tuple[Operand, ...]) -> tuple[Operand, ...]:
        """The new parameter and the new slots, in the order of `slot_names`.  A subclass writes it, as a pure function.

        Args:
            w: the parameter; where it is of a narrow dtype, in float32.
            g: its gradient, clipped, with a coupled penalty; of the shape and dtype of w.
            slots: its slots, in the order of `slot_names`.
            numbers: what `numbers_of_step` gives, the learning rate first; numbers, or 0-d in the dtype of w.
        """
        raise ArgumentError(f"{type(self).__name__} defines no rule")

    def apply(self, gradients: Sequence[Tensor | None] | None = None) -> None:
        """One update in place.  Without `gradients`, those in `.grad`; a parameter without one, or frozen, stays as it is.

        Raises: ArgumentError when the number of gradients is not that of the parameters.
        """
        given = [p.grad for p in self.targets.values()] if gradients is None else list(gradients)
        if len(given) != len(self.targets):
            raise ArgumentError(f"{len(given)} gradients for {len(self.targets)} parameters")
        self.update([g if w.requires_grad else None for w, g in zip(self.targets.values(), given, strict=True)])

    def update(self, gradients: Sequence[Tensor | None]) -> None:
        """One update in place of all parameters that have a gradient, frozen or not: whole, whatever a signal handler raises meanwhile."""
        update_all([Step(self, gradients)])

    def follow(self) -> None:
        """Moves the slots of parameters that were moved to another device since."""
        for tensors in (*self.slots.values(), *self.resting.values()):
            for tensor, parameter in zip(tensors, self.targets.values(), strict=True):
                if place_of(tensor._storage) != place_of(parameter._storage):
                    adopt(tensor, moved(tensor.detach(), place_of(parameter._storage)))

    def scaled(self, loss: Operand) -> Operand:
        """The loss whose gradients `apply` is given: itself (see wrapped.py)."""
        return loss

    def parts(self, gradients: Sequence[Tensor | None]) -> list[Part]:
        """An update in parts, in their order: the count, which the step's numbers follow from, each parameter with its slots, averages."""
        return self.update_parts(gradients) + self.average_parts(self.iterations)

    def average_parts(self, steps: Operand) -> list[Part]:
        """The averages, behind step number `steps`."""
        if self.average is None:
            return []
        pairs = zip(self.targets.values(), self.slots["average"], strict=True)
        return [partial(self.average.follow, w, average, steps) for w, average in pairs]

    def update_parts(self, gradients: Sequence[Tensor | None]) -> list[Part]:
        """An update without its averages."""
        if KINDS and mode.trace is None:
            self.follow()
        slot_names = self.slot_names
        numbers: list[Numbers] = []
        clipped: list[Sequence[Tensor | None]] = []
        bare = [self.without_decay()] if self.undecayed else []

        def part(position: int, w: Parameter) -> Writes:
            if not numbers:
                numbers.append(Numbers(self.numbers_of_step()))
            if not clipped:
                clipped.append(gradients if self.clip is None else self.clip.of(gradients))
            g: Any = clipped[0][position]
            held = (w, *(self.slots[slot][position] for slot in slot_names))
            wide, *slots = map(in_accumulator, held)  # a step of a narrow parameter is rounded once
            slope = in_accumulator(g)
            rule = self if position not in self.undecayed else bare[0]
            penalised = rule.decay.gradient(wide, neg(slope) if self.maximize else slope)
            made = rule.rule(wide, penalised, tuple(slots), numbers[0].of(position, wide))
            return [(tensor, cast(_shaped(value, tensor), tensor.dtype)) for tensor, value in zip(held, made, strict=True)]

        parts: list[Part] = []
        if slot_names or not self.count_each:
            parts.append(partial(self.counted, [g is not None for g in gradients]))
        taking = enumerate(zip(self.targets.values(), gradients, strict=True))
        return parts + [partial(part, position, w) for position, (w, g) in taking if g is not None]

    def without_decay(self) -> Self:
        """The same rule over the same state, without a decay."""
        twin = object.__new__(type(self))
        vars(twin).update(vars(self), decay=Decay())
        return twin

    def finish(self) -> None:
        """What comes behind the last step: the parameters take their averages, where there are any."""
        if self.average is not None:
            pairs = zip(self.targets.values(), self.slots["average"], strict=True)
            write_all([partial(lambda w, average: [(w, average)], w, average) for w, average in pairs if w.requires_grad])

    def zero_grad(self) -> None:
        """Forgets all gradients."""
        for parameter in self.targets.values():
            parameter.grad = None


class Step:
    """One update of an optimizer (tensor/whole.py).

    Args:
        optimizer: whose.
        gradients: one for each parameter, None for one that stays.
    """

    def __init__(self, optimizer: Optimizer, gradients: Sequence[Tensor | None]) -> None:
        self.optimizer, self.gradients = optimizer, gradients

    def parts(self) -> list[Part]:
        """See `Optimizer.parts`."""
        return self.optimizer.parts(self.gradients)

    def trusted(self) -> bool:
        """Whether the rule and all that composes around it are ours, which look at no contents."""
        made = self.optimizer
        around = [each for each in (made, made.clip, made.schedule, made.average, made.decay) if each is not None]
        return all(type(each).__module__.startswith("gradwerk.") for each in around)

    def said(self) -> object:
        """The class and the settings; None where more composes around the rule than a decay."""
        made = self.optimizer
        if type(made.decay) is not Decay or any(each is not None for each in (made.clip, made.schedule, made.average)):
            return None
        plain = [(name, exactly(value)) for name, value in vars(made).items() if isinstance(value, float | bool | int)]
        return type(made), plain, exactly(made.decay.rate), made.decay.decoupled, made.undecayed, [g is None for g in self.gradients]

    def written(self) -> list[Tensor]:
        """Numbers, parameters, slots."""
        made = self.optimizer
        return [made.rate, made.iterations, *made.targets.values(), *[tensor for tensors in made.slots.values() for tensor in tensors]]

    def read(self) -> list[Tensor]:
        """Gradients."""
        return [g for g in self.gradients if g is not None]


def _shaped(value: Operand, slot: Tensor) -> Operand:
    """What is written to a slot of one number may have an axis of 1, as the entries of counts have."""
    return value if slot.shape or not value.shape else reshape(value, ())


class SGD(Optimizer):
    """Gradient descent with momentum.

    Raises: ArgumentError for Nesterov's form without momentum, or with dampening.

    Args:
        parameters, learning_rate, around: see `Optimizer`.
        momentum: the share of the velocity that stays; 0 for none, and no slot.
        nesterov: looks ahead by the momentum; needs one, and no dampening.
        dampening: what is taken from the gradient's share in the velocity, but at the first step (torch).
        velocity_of_steps: Keras' recurrence (`momentum_of_steps`), else torch's (`momentum_of_gradients`); equal while the learning rate is
            constant.
    """

    def __init__(
        self, parameters: Parameters, learning_rate: float = 0.01, *, momentum: float = 0.0, nesterov: bool = False, dampening: float = 0.0,
        velocity_of_steps: bool = True, **around: Unpack[Around],
    ) -> None:  # fmt: skip
        if nesterov and (momentum <= 0 or dampening):
            facts = (f"momentum {momentum}, dampening {dampening}",)
            raise ArgumentError("Nesterov momentum needs momentum > 0 and no dampening", facts=facts)
        self.momentum, self.nesterov, self.dampening, self.velocity_of_steps = momentum, nesterov, dampening, velocity_of_steps
        super().__init__(parameters, learning_rate, **around)

    @property
    def slot_names(self) -> tuple[str, ...]:
        """The velocity, where there is momentum."""
        return ("velocity",) if self.momentum else ()

    def numbers_of_step(self) -> tuple[Operand, ...]:
        """(learning rate, share of the gradient in the velocity)."""
        (rate,) = super().numbers_of_step()
        if not (self.dampening and self.momentum):
            return rate, ONE
        return rate, where(equal(self.iterations, 1), np.float64(1.0), np.float64(1.0 - self.dampening))

    def rule(self, w: Operand, g: Operand, slots: tuple[Operand, ...], numbers: tuple[Operand, ...]) -> tuple[Operand, ...]:
        """See `descend`, `momentum_of_steps`, `momentum_of_gradients`."""
        rate, share = numbers
        w = self.decay.parameter(w, rate)
        if not self.momentum:
            return (descend(w, g, rate),)
        if self.velocity_of_steps:
            return momentum_of_steps(w, g, slots[0], rate, self.momentum, nesterov=self.nesterov)
        return momentum_of_gradients(w, g, slots[0], rate, self.momentum, nesterov=self.nesterov, share=share)


class Adam(Optimizer):
    """Adam.

    rate = learning_rate * sqrt(1 - beta_2^t) / (1 - beta_1^t).  `epsilon_hat`: the epsilon is added to sqrt(v) as it is (section 2 of the
    paper; Keras).  Otherwise it is added to the corrected sqrt(v / (1 - beta_2^t)) (algorithm 1; torch): epsilon * sqrt(1 - beta_2^t) here.
    The powers are float64: 1 - beta_2 has only four digits in float32.  They follow from the step count, which is the whole state beside
    the moments: who sets it, or a beta, finds the step that belongs to it.

    Raises: ArgumentError for a beta outside [0, 1).
    """

    def __init__(
        self, parameters: Parameters, learning_rate: float = 0.001, *, beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-7,
        epsilon_hat: bool = True, amsgrad: bool = False, **around: Unpack[Around],
    ) -> None:  # fmt: skip
        if not (0 <= beta_1 < 1 and 0 <= beta_2 < 1):
            raise ArgumentError("Adam's betas lie in [0, 1)", facts=(f"beta_1 {beta_1}, beta_2 {beta_2}",))
        self.beta_1, self.beta_2, self.epsilon, self.epsilon_hat, self.amsgrad = beta_1, beta_2, epsilon, epsilon_hat, amsgrad
        super().__init__(parameters, learning_rate, **around)

    @property
    def slot_names(self) -> tuple[str, ...]:
        """The moments, with AMSGrad also the largest second moment so far."""
        return ("first_moment", "second_moment", *(["largest_moment"] if self.amsgrad else []))

    def numbers_of_step(self) -> tuple[Operand, ...]:
        """(learning rate, corrected rate, epsilon), float64 where they were corrected."""
        (learning_rate,) = super().numbers_of_step()
        steps = cast(self.iterations, dtypes.float64)
        power_1, power_2 = (power(np.asarray(beta, np.float64), steps) for beta in (self.beta_1, self.beta_2))
        root = sqrt(sub(1.0, power_2))
        rate = div(mul(cast(learning_rate, dtypes.float64), root), sub(1.0, power_1))
        return learning_rate, rate, self.epsilon if self.epsilon_hat else mul(root, self.epsilon)

    def rule(self, w: Operand, g: Operand, slots: tuple[Operand, ...], numbers: tuple[Operand, ...]) -> tuple[Operand, ...]:
        """See `adam`."""
        learning_rate, rate, epsilon = numbers
        m, v, *largest = slots
        w = self.decay.parameter(w, learning_rate)
        return adam(w, g, m, v, rate, epsilon, self.beta_1, self.beta_2, largest=largest[0] if largest else None)


def named(parameters: Any) -> dict[str, Parameter]:  # noqa: ANN401  see Optimizer
    """Parameters by their paths; a generator of them is used up.  Raises: ArgumentError for none, and for what is none."""
    pairs = list(parameters.items()) if isinstance(parameters, Mapping) else list(parameters)
    pairs = [pair if isinstance(pair, tuple) else (str(position), pair) for position, pair in enumerate(pairs)]
    if not pairs:
        raise ArgumentError("an optimizer needs at least one parameter", likely="build the model before the optimizer")
    if wrong := [path for path, p in pairs if not isinstance(p, Tensor)]:
        raise ArgumentError(f"not parameters: {', '.join(wrong)}", likely="pass model.parameters()")
    return dict(pairs)
