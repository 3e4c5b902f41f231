"""torch.Tensor's methods that put elements in other places, each a copy, or a view where torch has a view."""
# mypy: disable-error-code="no-any-return"
# Functions of ops speak of any operand; what they give for a Tensor is a Tensor.

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

from gradwerk.base.errors import ArgumentError
from gradwerk.ops import arrangement
from gradwerk.torch import arguments

Dims = int | Sequence[int]


def _several(function: str, argument: str, given: Any) -> list[int]:  # noqa: ANN401
    """One whole number or several, as a list.  Raises: ArgumentTypeError."""
    return [arguments.whole(function, argument, n) for n in (given if isinstance(given, (tuple, list)) else (given,))]


class Moving:
    """Elements in other places."""

    __slots__ = ()
    if TYPE_CHECKING:
        ndim: int

        @property
        def shape(self) -> tuple[int, ...]: ...

    def roll(self, shifts: Dims, dims: Dims = ()) -> Self:
        """Element i at place i + shift along each axis, what falls off the end in front; without axes in row-major order."""
        steps = _several("roll", "shifts", shifts)
        axes = [arguments.axis("roll", dim, self.ndim, "dims") for dim in _several("roll", "dims", dims)]
        if not steps:
            raise ArgumentError("`shifts` required")
        if len(steps) != len(axes) and (axes or len(steps) != 1):
            raise ArgumentError(f"shifts and dimensions must align. shifts: {len(steps)}, dims:{len(axes)}")
        return arrangement.roll(self, steps, axes if axes and self.ndim else None)
