"""How a Tensor lies in its memory: what gradients and compiled steps go by, and what a step notes of the Tensors that it meets."""

from __future__ import annotations

from typing import NamedTuple

from gradwerk.base.hooks import Hooks
from gradwerk.ir.graph import Type
from gradwerk.ir.op import Movement
from gradwerk.tensor.handle import Handle
from gradwerk.tensor.storage import Storage

Placement = tuple[Type, tuple[int, ...] | None, tuple[int, ...] | None]
"""The type of a Tensor, the order of its axes in its base (see `View.order`: () for the base itself, None for a part of it), and the order
of the base in memory."""


def placement(handle: Handle) -> Placement:
    """How a Tensor lies in its Storage."""
    view = handle._view
    return handle._type, () if view is None or not view.steps else view.order, handle._storage.order


def axes_in_memory(handle: Handle) -> tuple[int, ...]:
    """Which axis of the memory each axis of a Tensor is; those of a part of it lie as if it were alone."""
    _, order, physical_order = placement(handle)
    if order is None or (not order and physical_order is None):
        return tuple(range(handle.ndim))
    base = physical_order or tuple(range(handle.ndim))
    return tuple(base[axis] for axis in order) if order else base


class Captured(NamedTuple):
    """A Tensor from outside that a trace met: whether it wanted a gradient, its memory, how that lay, how it lay there, and its hooks."""

    handle: Handle
    requires_grad: bool
    storage: Storage
    order: tuple[int, ...] | None
    steps: tuple[Movement, ...]
    hooks: Hooks | None
