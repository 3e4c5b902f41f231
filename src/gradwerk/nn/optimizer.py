"""Update rules as recurrences, and the thin Optimizer that holds their state.

A rule is a pure function of (parameter w, gradient g, its slots, the step's numbers).  An Optimizer holds the slots and numbers as
Tensors, so a whole update compiles into the training step and a changed learning rate traces nothing again.

Conventions in which Keras and torch differ are arguments, described at the rule.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError
from gradwerk.nn.module import Module
from gradwerk.ops.compare import equal
from gradwerk.ops.elementwise import add, cast, div, maximum, mul, neg, sqrt, sub, where
from gradwerk.ops.functions import power
from gradwerk.ops.movement import reshape, slice_axis
from gradwerk.ops.precision import in_accumulator
from gradwerk.tensor.grad import alike
from gradwerk.tensor.state import mode
from gradwerk.tensor.tensor import Parameter, Tensor
from gradwerk.tensor.whole import Part, Writes, write_all

Operand = Any
"""An array, a Value or a Tensor."""
Parameters = Mapping[str, Parameter] | Iterable[Parameter] | Iterable[tuple[str, Parameter]]
ONE = 1.0


@dataclass(frozen=True)
class Decay:
    """Weight decay, coupled or decoupled.

        coupled     g <- g + rate * w                       (an L2 penalty; torch's SGD and Adam)
        decoupled   w <- w - learning_rate * rate * w       (Loshchilov and Hutter, 2017; torch's AdamW, Keras)
    """

    rate: float = 0.0
    decoupled: bool = False

    def gradient(self, w: Operand, g: Operand) -> Operand:
        """The gradient with a coupled penalty."""
        return add(g, mul(w, self.rate)) if self.rate and not self.decoupled else g

    def parameter(self, w: Operand, learning_rate: Operand) -> Operand:
        """The parameter after a decoupled decay."""
        return sub(w, mul(w, mul(learning_rate, self.rate))) if self.rate and self.decoupled else w


def descend(w: Operand, g: Operand, learning_rate: Operand) -> Operand:
    """w <- w - learning_rate * g."""
    return sub(w, mul(g, learning_rate))


def momentum_of_steps(
    w: Operand, g: Operand, v: Operand, learning_rate: Operand, momentum: float, *, nesterov: bool
) -> tuple[Operand, Operand]:
    """Keras' momentum: the velocity is a step, the learning rate is in it.

    v <- momentum * v - learning_rate * g;   w <- w + v,   with Nesterov   w <- w + momentum * v - learning_rate * g.
    Source: Sutskever et al., 2013, "On the importance of initialization and momentum in deep learning".
    """
    step = mul(g, learning_rate)
    v = sub(mul(v, momentum), step)
    return add(w, sub(mul(v, momentum), step) if nesterov else v), v


def momentum_of_gradients(
    w: Operand, g: Operand, v: Operand, learning_rate: Operand, momentum: float, *, nesterov: bool, share: Operand = ONE
) -> tuple[Operand, Operand]:
    """torch's momentum: the velocity is a sum of gradients, scaled by the learning rate when it is used.

    v <- momentum * v + share * g;   w <- w - learning_rate * v,   with Nesterov   w <- w - learning_rate * (g + momentum * v).
    The share is 1 - dampening, but 1 at the first step.
    """
    v = add(mul(v, momentum), g if share is ONE else mul(g, share))
    return descend(w, add(g, mul(v, momentum)) if nesterov else v, learning_rate), v


def adam(
    w: Operand, g: Operand, m: Operand, v: Operand, rate: Operand, epsilon: Operand, beta_1: float, beta_2: float, *,
    largest: Operand | None = None,
) -> tuple[Operand, ...]:  # fmt: skip
    """One step of Adam, given the corrected rate and epsilon (`Adam.numbers_of_step`): the new w, m, v, and `largest` where that is there.

    m <- beta_1 m + (1 - beta_1) g;   v <- beta_2 v + (1 - beta_2) g^2;   w <- w - rate * m / (sqrt(v) + epsilon),
    with AMSGrad   largest <- max(largest, v)   in the place of v below the root.
    Source: Kingma and Ba, 2014, "Adam: a method for stochastic optimization"; Reddi et al., 2018, "On the convergence of Adam and beyond".
    """
    m = add(mul(m, beta_1), mul(g, 1.0 - beta_1))
    v = add(mul(v, beta_2), mul(mul(g, g), 1.0 - beta_2))
    kept: tuple[Operand, ...] = (m, v) if largest is None else (m, v, maximum(largest, v))
    return sub(w, mul(rate, div(m, add(sqrt(kept[-1]), epsilon)))), *kept


def rmsprop(
    w: Operand, g: Operand, v: Operand, mean: Operand | None, velocity: Operand | None, learning_rate: Operand, rho: float, momentum: float,
    epsilon: float,
) -> tuple[Operand, ...]:  # fmt: skip
    """One step of RMSprop: the new w, v, and of mean and velocity those that are there.

    v <- rho v + (1 - rho) g^2;   mean <- rho mean + (1 - rho) g;   step = learning_rate * g / sqrt(v - mean^2 + epsilon);
    w <- w - step, with momentum   velocity <- momentum * velocity + step;   w <- w - velocity.
    Source: Hinton, 2012, "Neural networks for machine learning", lecture 6e; Graves, 2013, for the centred form.
    """
    v = add(mul(v, rho), mul(mul(g, g), 1.0 - rho))
    spread = v
    kept: tuple[Operand, ...] = (v,)
    if mean is not None:
        mean = add(mul(mean, rho), mul(g, 1.0 - rho))
        spread = sub(v, mul(mean, mean))
        kept += (mean,)
    step = div(mul(g, learning_rate), sqrt(add(spread, epsilon)))
    if velocity is not None:
        step = add(mul(velocity, momentum), step)
        kept += (step,)
    return (sub(w, step), *kept)


class Optimizer(Module):
    """Holds the learning rate, the step count and per-parameter slots as Tensors; a subclass says its slots and its rule.

    `parameters` is a mapping path -> Parameter, (path, Parameter) pairs, or Parameters alone (then numbered).  `maximize` goes up the
    gradient.  `iterations` counts the steps (Keras); with `count_each` it has one count for each parameter, of the steps in which that had
    a gradient and there were slots to fill (torch, in whose dtype it is).
    """

    slot_names: tuple[str, ...] = ()

    def __init__(
        self, parameters: Parameters, learning_rate: float, decay: Decay, *, maximize: bool = False, count_each: bool = False
    ) -> None:
        self.targets = _by_path(parameters)
        self.rate = Tensor(np.asarray(learning_rate, np.float32))
        self.iterations = Tensor(np.zeros(len(self.targets), np.float32) if count_each else np.asarray(0, np.int64))
        self.decay, self.maximize, self.count_each = decay, maximize, count_each
        self.slots: dict[str, list[Tensor]] = {slot: self.empty_slot() for slot in self.slot_names}
        self.resting: dict[str, list[Tensor]] = {}
        """Slots that the present settings do not need: they go on from where they were when they are needed again."""

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
        """Changes settings by name (momentum, betas, decay): compiled steps trace again, slots stay.

        Raises: ArgumentError for other names.
        """
        for name, value in settings.items():
            if name not in self.__dict__ or isinstance(value, Tensor):
                raise ArgumentError(f"{type(self).__name__} has no setting {name!r}")
            if self.__dict__[name] != value:
                setattr(self, name, value)
        wanted = self.slots_wanted()
        if wanted != self.slot_names:
            known = self.resting | self.slots
            kept = {slot: known.pop(slot, []) or self.empty_slot() for slot in wanted}
            self.slot_names, self.slots, self.resting = wanted, kept, known

    def slots_wanted(self) -> tuple[str, ...]:
        """The slots that the present settings need."""
        return self.slot_names

    def empty_slot(self) -> list[Tensor]:
        """Zeros for each parameter, that lie in memory as it does."""
        return [alike(Tensor(np.zeros(p.shape, p.dtype)), p) for p in self.targets.values()]

    def counted(self, taking: Sequence[bool]) -> Writes:
        """The count of steps, with one more in which these parameters take part."""
        more = 1 if not self.count_each or all(taking) else np.asarray(taking, np.float32)
        return [(self.iterations, add(self.iterations, more))]

    def numbers_of_step(self) -> tuple[Operand, ...]:
        """The step's numbers, once it is counted; the first is the learning rate.  They are 0-d, or have one entry for each parameter."""
        return (self.rate if self.rate.shape == () else reshape(self.rate, ()),)

    def rule(self, w: Operand, g: Operand, slots: tuple[Operand, ...], numbers: tuple[Operand, ...]) -> tuple[Operand, ...]:
        """The new parameter and the new slots.  A subclass writes it."""
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
        write_all(self.parts(gradients))

    def parts(self, gradients: Sequence[Tensor | None]) -> list[Part]:
        """An update in parts, in their order: the count, which the step's numbers follow from, and each parameter with its slots."""
        numbers: list[Numbers] = []

        def part(position: int, w: Parameter, g: Tensor) -> Writes:
            if not numbers:
                numbers.append(Numbers(self.numbers_of_step()))
            held = (w, *(self.slots[slot][position] for slot in self.slot_names))
            wide, *slots = map(in_accumulator, held)  # a step of a narrow parameter is rounded once
            slope = in_accumulator(g)
            penalised = self.decay.gradient(wide, neg(slope) if self.maximize else slope)
            made = self.rule(wide, penalised, tuple(slots), numbers[0].of(position, wide))
            return [(tensor, cast(value, tensor.dtype)) for tensor, value in zip(held, made, strict=True)]

        parts: list[Part] = []
        if self.slot_names or not self.count_each:
            parts.append(partial(self.counted, [g is not None for g in gradients]))
        taking = enumerate(zip(self.targets.values(), gradients, strict=True))
        return parts + [partial(part, position, w, g) for position, (w, g) in taking if g is not None]

    def zero_grad(self) -> None:
        """Forgets all gradients."""
        for parameter in self.targets.values():
            parameter.grad = None


class Numbers:
    """The numbers of one step, for one parameter after the other: in its dtype, its own where there is one for each parameter."""

    def __init__(self, numbers: tuple[Operand, ...]) -> None:
        self.numbers = numbers
        self.known: dict[Any, tuple[Operand, ...]] = {}

    def of(self, position: int, w: Tensor) -> tuple[Operand, ...]:
        """Those of the parameter at a position, each of which broadcasts to it."""
        if w.dtype not in self.known:  # cast once for all parameters of a dtype
            self.known[w.dtype] = tuple([cast(n, w.dtype) if isinstance(n, Tensor) and n.dtype != w.dtype else n for n in self.numbers])
        numbers = self.known[w.dtype]
        return tuple([_entry(n, position, w) if isinstance(n, Tensor) and n.shape else n for n in numbers])


def _entry(numbers: Tensor, position: int, w: Tensor) -> Operand:
    if mode.trace is None:
        return numbers.contents("a step")[position]
    entry = slice_axis(numbers, 0, position, position + 1)
    return entry if w.shape else reshape(entry, ())


class SGD(Optimizer):
    """Gradient descent with momentum.

    `velocity_of_steps` chooses Keras' recurrence (`momentum_of_steps`) over torch's (`momentum_of_gradients`); they are equal while the
    learning rate is constant.
    """

    def __init__(
        self, parameters: Parameters, learning_rate: float = 0.01, *, momentum: float = 0.0, nesterov: bool = False, dampening: float = 0.0,
        decay: Decay = Decay(), velocity_of_steps: bool = True, maximize: bool = False, count_each: bool = False,
    ) -> None:  # fmt: skip
        if nesterov and (momentum <= 0 or dampening):
            facts = (f"momentum {momentum}, dampening {dampening}",)
            raise ArgumentError("Nesterov momentum needs momentum > 0 and no dampening", facts=facts)
        self.momentum, self.nesterov, self.dampening, self.velocity_of_steps = momentum, nesterov, dampening, velocity_of_steps
        self.slot_names = self.slots_wanted()
        super().__init__(parameters, learning_rate, decay, maximize=maximize, count_each=count_each)

    def slots_wanted(self) -> tuple[str, ...]:
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
    """

    def __init__(
        self, parameters: Parameters, learning_rate: float = 0.001, *, beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-7,
        epsilon_hat: bool = True, amsgrad: bool = False, decay: Decay = Decay(), maximize: bool = False, count_each: bool = False,
    ) -> None:  # fmt: skip
        if not (0 <= beta_1 < 1 and 0 <= beta_2 < 1):
            raise ArgumentError("Adam's betas lie in [0, 1)", facts=(f"beta_1 {beta_1}, beta_2 {beta_2}",))
        self.beta_1, self.beta_2, self.epsilon, self.epsilon_hat, self.amsgrad = beta_1, beta_2, epsilon, epsilon_hat, amsgrad
        self.slot_names = self.slots_wanted()
        super().__init__(parameters, learning_rate, decay, maximize=maximize, count_each=count_each)

    def slots_wanted(self) -> tuple[str, ...]:
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


class RMSprop(Optimizer):
    """RMSprop, with Keras' epsilon inside of the root; `centered` divides by the deviation instead of the root mean square."""

    def __init__(
        self, parameters: Parameters, learning_rate: float = 0.001, *, rho: float = 0.9, momentum: float = 0.0, epsilon: float = 1e-7,
        centered: bool = False, decay: Decay = Decay(),
    ) -> None:  # fmt: skip
        self.rho, self.momentum, self.epsilon, self.centered = rho, momentum, epsilon, centered
        self.slot_names = self.slots_wanted()
        super().__init__(parameters, learning_rate, decay)

    def slots_wanted(self) -> tuple[str, ...]:
        """The mean square; the mean where centred; the velocity where there is momentum."""
        return ("mean_square", *(["mean"] if self.centered else []), *(["velocity"] if self.momentum else []))

    def rule(self, w: Operand, g: Operand, slots: tuple[Operand, ...], numbers: tuple[Operand, ...]) -> tuple[Operand, ...]:
        """See `rmsprop`."""
        held = dict(zip(self.slot_names, slots, strict=True))
        w = self.decay.parameter(w, numbers[0])
        square, mean, velocity = held["mean_square"], held.get("mean"), held.get("velocity")
        return rmsprop(w, g, square, mean, velocity, numbers[0], self.rho, self.momentum, self.epsilon)


def _by_path(parameters: Any) -> dict[str, Parameter]:  # noqa: ANN401  see Optimizer
    pairs = list(parameters.items()) if isinstance(parameters, Mapping) else list(parameters)
    pairs = [pair if isinstance(pair, tuple) else (str(position), pair) for position, pair in enumerate(pairs)]
    if not pairs:
        raise ArgumentError("an optimizer needs at least one parameter", likely="build the model before the optimizer")
    if wrong := [path for path, p in pairs if not isinstance(p, Tensor)]:
        raise ArgumentError(f"not parameters: {', '.join(wrong)}", likely="pass model.parameters()")
    return dict(pairs)
