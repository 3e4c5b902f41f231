"""The base of torch's learning rate schedulers, and those of several others."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from types import FunctionType
from typing import Any

from gradwerk.base.errors import ArgumentError, ArgumentTypeError, MissingOptionError, TraceError
from gradwerk.base.origin import warn
from gradwerk.tensor.adjustable import Adjustable
from gradwerk.tensor.state import mode
from gradwerk.tensor.tensor import Tensor
from gradwerk.torch.optim.groups import number
from gradwerk.torch.optim.optimizers import Optimizer
from gradwerk.torch.options import as_recorded

Lambda = Callable[[int], float]
Rates = list[Any]
"""Of each group: a number, or a Tensor where the group's is one."""


def rates_of(optimizer: Optimizer, key: str = "lr") -> Rates:
    """An option of each group; of Tensors copies."""
    found = [group[key] for group in optimizer.param_groups]
    return [value.clone() if isinstance(value, Tensor) else value for value in found]


def times_written(optimizer: Optimizer) -> int:
    """How often the memory of its parameters was written, by compiled steps too."""
    return sum(parameter._storage.version for group in optimizer.param_groups for parameter in group["params"])


def made_a_step(optimizer: Any) -> bool:  # noqa: ANN401
    """Whether an optimizer made a step since its first scheduler was made; one with a `step` of its own is believed.

    A compiled step runs no Python that could say so: its parameters were written.
    """
    held = vars(optimizer)
    if type(optimizer).step is not Optimizer.step or held.get("_opt_called"):
        return True
    written: int = held.get("_written", 0)
    return times_written(optimizer) != written


def put(group: Any, value: Any) -> None:  # noqa: ANN401
    """Another learning rate: in the Tensor where it is one.  No compiled step is traced again.

    Raises: TraceError inside a compiled step, where it would be a constant that each call writes.
    """
    check_outside("a scheduler")
    rate = group["lr"]
    if isinstance(rate, Tensor):
        rate.assign(number("learning rate", value))
    else:
        group["lr"] = value


def check_outside(name: str) -> None:
    """Before anything is changed: the rates are set outside of compiled steps, which read them.  Raises: TraceError inside one."""
    if mode.trace is not None:
        problem = f"{name} sets learning rates inside a compiled function, which happens only while it is traced"
        raise TraceError(problem, likely="call its step() behind the compiled one, which reads the rates and is not traced again")


class LRScheduler(Adjustable):
    """Sets the learning rates of an optimizer's groups, at each `step`.  A subclass writes `get_lr`: the rates at `last_epoch`.

    The rates at which the groups begin are kept in them as 'initial_lr'.

    Raises: MissingOptionError for a `last_epoch` of groups without `initial_lr`.
    """

    _get_lr_called_within_step = False
    _is_initial = False

    @as_recorded()
    def __init__(self, optimizer: Optimizer, last_epoch: int = -1) -> None:
        self.optimizer = checked_optimizer(optimizer)
        for place, group in enumerate(optimizer.param_groups):
            if last_epoch == -1:
                rate = group["lr"]
                group.setdefault("initial_lr", rate.clone() if isinstance(rate, Tensor) else rate)
            elif "initial_lr" not in group:
                problem = f"param 'initial_lr' is not specified in param_groups[{place}] when resuming scheduler with last_epoch >= 0"
                raise MissingOptionError(problem, likely="load the optimizer's state_dict first")
        self.base_lrs = rates_of(optimizer, "initial_lr")
        self.last_epoch = last_epoch
        vars(optimizer).setdefault("_opt_called", False)
        vars(optimizer).setdefault("_written", times_written(optimizer))
        self._initial_step()

    def _initial_step(self) -> None:
        self._step_count = 0
        self._is_initial = True
        try:
            self.step()
        finally:
            self._is_initial = False

    def get_lr(self) -> Rates:
        """The rates at `last_epoch`, from those that the groups have."""
        raise ArgumentError(f"{type(self).__name__} does not say its rates", likely="def get_lr(self): return [...]")

    def get_last_lr(self) -> Rates:
        """The rates that were set last."""
        return self._last_lr

    def step(self, epoch: int | None = None) -> None:
        """The next epoch; or this one, by the closed form where there is one.  Warns at the first, where the optimizer made no step."""
        check_outside(type(self).__name__)
        if self._step_count == 1 and not made_a_step(self.optimizer):
            warn(
                "Detected call of `lr_scheduler.step()` before `optimizer.step()`.  Call them in the opposite order: "
                "the first rate of the schedule is skipped otherwise"
            )  # fmt: skip
        self._step_count += 1
        if epoch is not None:
            warn("The epoch parameter in `scheduler.step()` is being deprecated: `scheduler.step()` counts by itself")
        self._update_lr(epoch)

    def _update_lr(self, epoch: int | None = None) -> None:
        check_outside(type(self).__name__)
        self.last_epoch = self.last_epoch + 1 if epoch is None else epoch
        closed = getattr(self, "_get_closed_form_lr", None) if epoch is not None else None
        with self.within_step():
            values = self.get_lr() if closed is None else closed()
        self.set_rates(values)

    @contextmanager
    def within_step(self) -> Iterator[None]:
        """Where `get_lr` is asked by the scheduler itself."""
        self._get_lr_called_within_step = True
        try:
            yield
        finally:
            self._get_lr_called_within_step = False

    def set_rates(self, values: Iterable[Any]) -> None:
        """Another rate for each group."""
        for group, value in zip(self.optimizer.param_groups, values, strict=True):
            put(group, value)
        self._last_lr = rates_of(self.optimizer)

    def rates(self) -> list[float]:
        """The present rates, as numbers.  Warns where somebody else asks `get_lr` for them."""
        if not self._get_lr_called_within_step:
            warn("To get the last learning rate computed by the scheduler, please use `get_last_lr()`.")
        return [number("learning rate", group["lr"]) for group in self.optimizer.param_groups]

    def bases(self) -> list[float]:
        """The rates at the beginning, as numbers."""
        return [number("learning rate", rate) for rate in self.base_lrs]

    def times(self, factor: float) -> list[float]:
        """The present rates, multiplied."""
        return [rate * factor for rate in self.rates()]

    def state_dict(self) -> dict[str, Any]:
        """All but the optimizer."""
        return {key: getattr(self, key) for key in vars(self) if key != "optimizer"}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Goes on from what `state_dict` gave.  The optimizer's own holds the rates."""
        check_outside(type(self).__name__)
        vars(self).update(state_dict)


_LRScheduler = LRScheduler


def checked_optimizer(optimizer: Any) -> Optimizer:  # noqa: ANN401
    """Raises: ArgumentTypeError for anything else."""
    if not isinstance(optimizer, Optimizer):
        raise ArgumentTypeError(f"{type(optimizer).__name__} is not an Optimizer")
    return optimizer


def for_groups(name: str, optimizer: Optimizer, value: Any) -> list[Any]:  # noqa: ANN401
    """One value for each group.  Raises: ArgumentError."""
    count = len(optimizer.param_groups)
    given = list(value) if isinstance(value, list | tuple) else [value] * count
    if len(given) != count:
        raise ArgumentError(f"{name} must have the same length as optimizer.param_groups.", facts=(f"{len(given)} values, {count} groups",))
    return given


def counted_steps(total: int | None, epochs: int | None, steps_per_epoch: int | None) -> int:
    """The steps of a cycle.  Raises: ArgumentError."""
    given = {"total_steps": total} if total is not None else {"epochs": epochs, "steps_per_epoch": steps_per_epoch}
    if None in given.values():
        raise ArgumentError("You must define either total_steps OR (epochs AND steps_per_epoch)")
    for name, value in given.items():
        if not isinstance(value, int) or value <= 0:
            raise ArgumentError(f"Expected positive integer {name}, but got {value}")
    return math.prod(int(value or 0) for value in given.values())


class ByFunction(LRScheduler):
    """What `LambdaLR` and `MultiplicativeLR` share: a function of the epoch for each group."""

    lr_lambdas: list[Lambda]

    def take(self, optimizer: Optimizer, functions: Lambda | Sequence[Lambda]) -> None:
        """Raises: ArgumentError, ArgumentTypeError."""
        count = len(checked_optimizer(optimizer).param_groups)
        given: list[Any] = list(functions) if isinstance(functions, list | tuple) else [functions] * count
        if len(given) != count:
            raise ArgumentError(f"Expected {count} lr_lambdas, but got {len(given)}")
        if wrong := [function for function in given if not callable(function)]:
            raise ArgumentTypeError(f"lr_lambda should be a function, but got {type(wrong[0]).__name__}")
        self.optimizer, self.lr_lambdas = optimizer, given

    def state_dict(self) -> dict[str, Any]:
        """All but the optimizer and functions; of objects that are called, their attributes."""
        held = [None if isinstance(function, FunctionType) else dict(vars(function)) for function in self.lr_lambdas]
        return {key: value for key, value in super().state_dict().items() if key != "lr_lambdas"} | {"lr_lambdas": held}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Goes on from what `state_dict` gave, with the functions that are here."""
        super().load_state_dict({key: value for key, value in state_dict.items() if key != "lr_lambdas"})
        for function, held in zip(self.lr_lambdas, state_dict["lr_lambdas"], strict=True):
            if held is not None:
                vars(function).update(held)


class Several(LRScheduler):
    """What schedulers of schedulers share: all of one optimizer, none that is told a metric."""

    def take(self, schedulers: Sequence[Any], optimizer: Any) -> None:  # noqa: ANN401
        """Raises: ArgumentError, ArgumentTypeError."""
        if not schedulers:
            raise ArgumentError(f"{type(self).__name__} expects at least one scheduler, but got no scheduler.")
        optimizer = schedulers[0].optimizer if optimizer is None else optimizer
        for place, scheduler in enumerate(schedulers):
            if not hasattr(scheduler, "optimizer"):
                raise ArgumentTypeError(f"{type(self).__name__} at index {place} should have `optimizer` as its attribute.")
            if hasattr(scheduler, "num_bad_epochs"):
                problem = f"{type(self).__name__} does not support `ReduceLROnPlateau`, which is told a metric"
                raise ArgumentError(problem, facts=(f"index {place}",))
            if scheduler.optimizer is not optimizer:
                problem = f"{type(self).__name__} expects all schedulers to belong to the same optimizer"
                raise ArgumentError(problem, facts=(f"index {place}",))
        self._schedulers, self.optimizer = schedulers, optimizer

    def state_dict(self) -> dict[str, Any]:
        """All but the optimizer, of each scheduler."""
        held = {key: getattr(self, key) for key in vars(self) if key not in ("optimizer", "_schedulers")}
        return held | {"_schedulers": [scheduler.state_dict() for scheduler in self._schedulers]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Goes on from what `state_dict` gave."""
        check_outside(type(self).__name__)
        vars(self).update({key: value for key, value in state_dict.items() if key != "_schedulers"})
        for scheduler, held in zip(self._schedulers, state_dict["_schedulers"], strict=True):
            scheduler.load_state_dict(held)


class SequentialLR(Several):
    """One scheduler after the other: the next one begins at each milestone.

    Raises: ArgumentError where there is not one milestone less than schedulers.
    """

    @as_recorded()
    def __init__(self, optimizer: Optimizer, schedulers: list[LRScheduler], milestones: list[int], last_epoch: int = -1) -> None:
        self.take(schedulers, optimizer)
        if len(milestones) != len(schedulers) - 1:
            facts = (f"{len(schedulers)} schedulers, {len(milestones)} milestones",)
            raise ArgumentError("Sequential Schedulers expects one scheduler more than milestones", facts=facts)
        self._milestones = milestones
        self.last_epoch = last_epoch + 1
        for group in self.optimizer.param_groups:  # as if none of the schedulers had begun
            put(group, group["initial_lr"])
        undo(self)
        first = schedulers[bisect_right(milestones, 0)]
        first._initial_step()
        self._last_lr = first.get_last_lr()

    def step(self) -> None:  # type: ignore[override]  # torch's takes no epoch
        """The next epoch."""
        check_outside(type(self).__name__)
        self.last_epoch += 1
        place = bisect_right(self._milestones, self.last_epoch)
        scheduler = self._schedulers[place]
        if place > 0 and self._milestones[place - 1] == self.last_epoch:
            scheduler._update_lr(0)
        else:
            scheduler.step()
        self._last_lr = scheduler.get_last_lr()


def undo(scheduler: Any) -> None:  # noqa: ANN401
    """Takes the first step of a scheduler back, or of those inside of it."""
    if hasattr(scheduler, "_schedulers"):
        for inner in scheduler._schedulers:
            undo(inner)
    else:
        scheduler.last_epoch -= 1


class ChainedScheduler(Several):
    """Several schedulers at once, each going on from what the one before it has set."""

    @as_recorded()
    def __init__(self, schedulers: Sequence[LRScheduler], optimizer: Optimizer | None = None) -> None:
        self.take(schedulers, optimizer)
        self._last_lr = rates_of(self.optimizer)

    def step(self) -> None:  # type: ignore[override]  # torch's takes no epoch
        """The next epoch."""
        check_outside(type(self).__name__)
        for scheduler in self._schedulers:
            scheduler.step()
        self._last_lr = rates_of(self.optimizer)
