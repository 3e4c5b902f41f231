"""Moves between devices: copies, through which gradients flow back to where the Tensor was."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradwerk.base.errors import TraceError
from gradwerk.ir.graph import Type
from gradwerk.ir.op import Operand
from gradwerk.tensor.apply import unreadable
from gradwerk.tensor.devices import Device, copied_to, place_of, set_place
from gradwerk.tensor.handle import H, Handle, make, settle
from gradwerk.tensor.state import mode
from gradwerk.tensor.storage import Storage
from gradwerk.tensor.tape import record


class Move:
    """The tape's entry for a copy on another device."""

    name = "to_copy"

    def __init__(self, before: Device) -> None:
        self.before = before

    def pullback(self, cts: Sequence[Operand | None], ys: Sequence[Operand], xs: Sequence[Operand]) -> Sequence[Operand | None]:
        """The gradient, where the Tensor was."""
        return [moved(ct, self.before) if isinstance(ct, Handle) else ct for ct in cts]


def moved(x: H, device: Device) -> H:
    """The Tensor itself where it is on the device, else a copy of it there.  Raises: TraceError inside a compiled function."""
    before = place_of(x._storage)
    if before == device:
        return x
    if mode.trace is not None:
        raise TraceError(
            f"a Tensor is moved from {before} to {device} inside a compiled function", facts=(str(x._type),),
            likely="move it before the call: a compiled function computes on one device",
        )  # fmt: skip
    if x._array is None:
        raise unreadable(x)
    settle(x._storage)
    array = copied_to(np.ascontiguousarray(x._array).reshape(x._type.shape), before, device)
    type_ = Type(array.shape, array.dtype)
    cls: Any = type(x).result_class
    made: H = make(cls, Storage(array, type_), array, type_)
    set_place((made,), device)
    if mode.grad and x.requires_grad:
        record(Move(before), (x,), (made,))
    return made
