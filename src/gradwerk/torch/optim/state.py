"""The state of each parameter, as `optimizer.state` and state dicts show it: names of torch over the slots and counts of core optimizers.

The Tensors shown are those that the next step reads, 'step' a view of the counts: writing to them in place takes effect.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentTypeError, MissingOptionError, ShapeError
from gradwerk.ir.op import Array
from gradwerk.nn import optimizer as core
from gradwerk.nn.module import as_array
from gradwerk.tensor import tensor as base
from gradwerk.tensor.handle import adopt, make
from gradwerk.torch.tensors import Tensor

Names = Mapping[str, str]
"""torch's name of an entry: the slot that it shows, or COUNT."""
COUNT = "iterations"
OPTIONAL = frozenset({"grad_avg", "max_exp_avg_sq", "momentum_buffer"})
"""Entries that the state of a parameter may lack."""
SINGLE = frozenset({"eta", "mu", "mu_product"})
"""Entries of one number."""


@dataclass(frozen=True, eq=False)
class ParameterState:
    """Where the state of one parameter stands: its slots, what each begins with, and its place in the counts."""

    slots: dict[str, base.Tensor]
    starts: dict[str, float]
    counts: base.Tensor
    place: int

    @property
    def count(self) -> float:
        """The number of its steps."""
        return float(self.counts.contents("the state of an optimizer")[self.place])

    @property
    def begun(self) -> bool:
        """Whether there was a step, or something was written: torch has no state before."""
        contents = {slot: tensor.contents("the state of an optimizer") for slot, tensor in self.slots.items()}
        starts = {slot: dtypes.of_value(self.starts[slot], array.dtype) for slot, array in contents.items()}
        return self.count != 0 or any((dtypes.widened(x) != dtypes.widened(starts[slot])).any() for slot, x in contents.items())

    def entries(self, names: Names) -> dict[str, Tensor]:
        """By torch's names, sharing memory."""
        found = {}
        for name, slot in names.items():
            if slot == COUNT:
                found[name] = _exposed(self.counts)[self.place]
            elif slot in self.slots:
                found[name] = _exposed(self.slots[slot])
        return found


Former = dict[Any, ParameterState]
"""The state of parameters that are in no group now, by parameter."""


def _exposed(tensor: base.Tensor) -> Tensor:
    return make(Tensor, tensor._storage, tensor._held, tensor._type, tensor._view)


def state_of(optimizer: core.Optimizer, place: int) -> ParameterState:
    """The state of the parameter at a place, also what the present settings do not need."""
    slots = {slot: tensors[place] for slot, tensors in (optimizer.resting | optimizer.slots).items()}
    return ParameterState(slots, {slot: optimizer.slot_start(slot) for slot in slots}, optimizer.iterations, place)


def remember(optimizer: core.Optimizer, former: Former) -> None:
    """Puts the state of all parameters of an optimizer by."""
    for place, parameter in enumerate(optimizer.targets.values()):
        former[parameter] = state_of(optimizer, place)


def recall(optimizer: core.Optimizer, former: Former) -> None:
    """Gives a new optimizer the state that its parameters had."""
    counts = np.zeros(len(optimizer.targets), optimizer.iterations.dtype)
    for place, parameter in enumerate(optimizer.targets.values()):
        if parameter in former:
            state = former.pop(parameter)
            counts[place] = state.count
            for slot, tensor in state.slots.items():
                column(optimizer, slot)[place] = tensor
    optimizer.iterations.assign(counts)


def column(optimizer: core.Optimizer, slot: str) -> list[base.Tensor]:
    """One slot of all parameters; made now where no setting has needed it yet."""
    if slot not in optimizer.slots and slot not in optimizer.resting:
        optimizer.resting[slot] = optimizer.empty_slot(slot)
    return optimizer.slots[slot] if slot in optimizer.slots else optimizer.resting[slot]


def write(optimizer: core.Optimizer, place: int, entries: Mapping[str, Array], names: Names) -> None:
    """Makes these entries the whole state of a parameter."""
    count = float(any(name in entries for name in names))
    for name, slot in names.items():
        if slot == COUNT:
            count = float(entries.get(name, np.zeros(())))
        elif name in entries:
            held = column(optimizer, slot)[place]
            held.assign(dtypes.converted(entries[name], held.dtype))
        elif slot in optimizer.slots or slot in optimizer.resting:
            held = column(optimizer, slot)[place]
            held.assign(dtypes.filled(held.shape, optimizer.slot_start(slot), held.dtype))
    counts = optimizer.iterations.numpy()
    counts[place] = count
    optimizer.iterations.assign(counts)


def fitting(parameter: base.Tensor, entries: Any, names: Names) -> dict[str, Array]:  # noqa: ANN401  a mapping
    """The entries that mean something, of the parameter's shape.  Raises: ArgumentTypeError, MissingOptionError, ShapeError, DTypeError."""
    if not isinstance(entries, Mapping):
        raise ArgumentTypeError(f"the state of a parameter is a dict, this is {type(entries).__name__}")
    if entries and (missing := [name for name in names if name not in entries and name not in OPTIONAL]):
        raise MissingOptionError(f"the state of a parameter lacks {missing[0]!r}", facts=(f"given: {', '.join(map(str, entries))}",))
    found = {name: as_array(entries[name], name) for name in names if entries.get(name) is not None}
    for name, array in found.items():
        wanted: tuple[int, ...] = () if names[name] == COUNT or name in SINGLE else tuple(parameter.shape)
        if array.shape != wanted and not (names[name] == COUNT and array.size == 1):
            raise ShapeError(f"the state {name!r} is of another parameter", facts=(f"state {array.shape}      parameter {wanted}",))
    return {name: array.reshape(()) if names[name] == COUNT else array for name, array in found.items()}


class State(MutableMapping[Any, Any]):
    """`optimizer.state`: what each parameter has that had a step, or is `shown` without one, as where an entry was set (it is copied)."""

    def __init__(self, optimizers: list[core.Optimizer], former: Former, names: Names, shown: set[Any]) -> None:
        self.names, self.former, self.shown = names, former, shown
        self.places = {p: (optimizer, place) for optimizer in optimizers for place, p in enumerate(optimizer.targets.values())}

    def found(self, parameter: Any) -> ParameterState | None:  # noqa: ANN401
        """The state of a parameter, where it has any."""
        state = state_of(*self.places[parameter]) if parameter in self.places else self.former.get(parameter)
        return state if state is not None and (parameter in self.shown or state.begun) else None

    def __getitem__(self, parameter: Any) -> Mapping[str, Tensor]:  # noqa: ANN401
        state = self.found(parameter)
        return MappingProxyType({} if state is None else state.entries(self.names))

    def get(self, parameter: Any, default: Any = None) -> Any:  # noqa: ANN401
        """The state of a parameter, or the default where there is none."""
        return self[parameter] if parameter in self else default  # noqa: SIM401  this is that

    def __setitem__(self, parameter: Any, entries: Any) -> None:  # noqa: ANN401
        if parameter not in self.places:
            raise MissingOptionError("the optimizer has no such parameter", likely="add_param_group")
        write(*self.places[parameter], fitting(parameter, entries, self.names), self.names)
        (self.shown.add if entries else self.shown.discard)(parameter)

    def __delitem__(self, parameter: Any) -> None:  # noqa: ANN401
        if self.former.pop(parameter, None) is None:
            self[parameter] = {}
        self.shown.discard(parameter)

    def __iter__(self) -> Iterator[Any]:
        return (parameter for parameter in (*self.places, *self.former) if self.found(parameter) is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __contains__(self, parameter: object) -> bool:
        return self.found(parameter) is not None

    def clear(self) -> None:
        """Forgets the state of all parameters."""
        for parameter in [*self]:
            del self[parameter]

    def __repr__(self) -> str:
        return repr({parameter: dict(entries) for parameter, entries in self.items()})


def grow(optimizer: core.Optimizer) -> bool:
    """Gives slots to parameters that had no elements before, as those of lazy layers; whether some have none still."""
    targets = list(optimizer.targets.values())
    for slot, tensors in optimizer.slots.items():
        late = [place for place, (one, p) in enumerate(zip(tensors, targets, strict=True)) if p._type.size > one._type.size == 0]
        fresh = optimizer.empty_slot(slot) if late else []
        for place in late:
            adopt(tensors[place], fresh[place])
    return not all(p._type.size for p in targets)
