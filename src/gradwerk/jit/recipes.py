"""What a trace leaves behind as plain data: where the memory of each input is found, and how each result is made of the outputs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from gradwerk.ir.graph import Type
from gradwerk.ir.op import Array, Movement
from gradwerk.jit.guards import Guards
from gradwerk.jit.placement import Placement
from gradwerk.tensor.devices import CPU, Device
from gradwerk.tensor.engine import Executable
from gradwerk.tensor.handle import Handle
from gradwerk.tensor.node import TapeNode
from gradwerk.tensor.storage import Storage


@dataclass(frozen=True)
class Argument:
    """The Tensor or array at a place of the call."""

    place: int


@dataclass(frozen=True, eq=False)
class Fixed:
    """A Tensor that the function found outside: always the same one."""

    handle: Handle


@dataclass(frozen=True)
class GradientOf:
    """What `.grad` of a Tensor holds at the time of the call."""

    owner: Argument | Fixed


Reference = Argument | Fixed | GradientOf
Source = Reference | Array


@dataclass(frozen=True)
class Same:
    """A result that is a Tensor from outside itself."""

    of: Reference


@dataclass(frozen=True)
class Fresh:
    """A result in new memory: output `number`, or a view of it, the base laid in `order`.  Results of one `group` share their memory."""

    number: int
    cls: type[Handle]
    steps: tuple[Movement, ...]
    order: tuple[int, ...] | None = None
    place: Device = CPU


@dataclass(frozen=True)
class Within:
    """A result that is a view of a Tensor from outside; gradients go through it to `root`, where there is one."""

    of: Reference
    cls: type[Handle]
    steps: tuple[Movement, ...]
    root: Reference | None = None


Recipe = Same | Fresh | Within


@dataclass(frozen=True)
class Differentiable:
    """The backward half: which outputs get a gradient, what it reads of the forward half, whose gradients it gives.

    Gradients come as their leaves lie in memory; `orders` are the transposes that show them as the leaves are shown.
    """

    outputs: tuple[int, ...]
    kept_inputs: tuple[int, ...]
    residuals: tuple[int, ...]
    leaves: tuple[Reference, ...]
    orders: tuple[tuple[int, ...], ...]
    program: Executable
    types: tuple[Type, ...]


@dataclass(eq=False)
class Specialization:
    """One traced and compiled form of a function.

    `inputs` say where each input's memory is found, `recipes` how results are made of the outputs, `gradients` what hangs in `.grad` behind
    a call, `written` which inputs are overwritten, `no_gradient` why no gradient flows through the results that require one.
    """

    guards: Guards
    program: Executable
    inputs: tuple[Source, ...]
    tree: Any
    recipes: tuple[Recipe, ...]
    gradients: tuple[tuple[Reference, Recipe | None], ...]
    written: tuple[int, ...]
    identities: tuple[tuple[int, Storage, tuple[Movement, ...]], ...]
    grad_guards: tuple[tuple[Argument | Fixed, Placement | None], ...]
    backward: Differentiable | None
    no_gradient: TapeNode | None
    requiring: tuple[int, ...]
    keep: tuple[Any, ...]
    fixed: frozenset[Storage] = field(init=False)
    gradients_read: tuple[tuple[Argument | Fixed, Placement | None, Handle | None], ...] = field(init=False)
    """`grad_guards`, each with the Tensor where that is always the same."""

    def __post_init__(self) -> None:
        self.fixed = frozenset(source.handle._storage for source in self.inputs if isinstance(source, Fixed))
        self.gradients_read = tuple((owner, place, owner.handle if isinstance(owner, Fixed) else None) for owner, place in self.grad_guards)
