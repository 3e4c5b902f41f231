"""The numbers of one step of an update rule, as each parameter takes them."""

from __future__ import annotations

from typing import Any

from gradwerk.ops.elementwise import cast
from gradwerk.ops.movement import reshape, slice_axis
from gradwerk.tensor.devices import KINDS
from gradwerk.tensor.state import mode
from gradwerk.tensor.tensor import Tensor

Operand = Any
"""An array, a Value or a Tensor."""


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
    if mode.trace is None and numbers._storage.waiting is None:
        return numbers.contents("a step")[position]
    entry = slice_axis(numbers, 0, position, position + 1)
    return entry if w.shape and not KINDS else reshape(entry, ())  # a number of no axes meets parameters of any device
