"""tf.TensorShape: a tuple of extents, some of which may be unknown."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, SupportsIndex

import numpy as np

from gradwerk.base.errors import ArgumentError
from gradwerk.tf.errors import InvalidArgumentError

# ruff: noqa: ANN401  TensorFlow's names


class TensorShape(tuple[int | None, ...]):
    """The extents of a Tensor; None for one that is not known, and of None for a shape of which nothing is known.

    Args:
        dims: the extents, another shape, one number, or None.
    Raises: ArgumentError for what is no extent.
    """

    unknown: bool
    """Whether not even the number of axes is known."""

    def __new__(cls, dims: Any) -> TensorShape:
        if type(dims) is TensorShape:
            return dims
        made = super().__new__(cls, () if dims is None else map(_extent, dims if isinstance(dims, Iterable) else (dims,)))
        made.unknown = dims is None
        return made

    @property
    def rank(self) -> int | None:
        """The number of axes, or None."""
        return None if self.unknown else len(self)

    ndims = rank

    @property
    def dims(self) -> list[int | None] | None:
        """The extents, or None."""
        return None if self.unknown else list(self)

    def as_list(self) -> list[int | None]:
        """The extents.  Raises: ArgumentError where nothing is known."""
        if self.unknown:
            raise ArgumentError("as_list() is not defined on an unknown TensorShape.")
        return list(self)

    def num_elements(self) -> int | None:
        """The product of the extents; None where one is unknown."""
        return math.prod(n for n in self if n is not None) if self.is_fully_defined() else None

    def is_fully_defined(self) -> bool:
        """Whether all is known."""
        return not self.unknown and None not in tuple(self)

    def is_compatible_with(self, other: Any) -> bool:
        """Whether a Tensor can have both shapes."""
        other = TensorShape(other)
        if self.unknown or other.unknown:
            return True
        return len(self) == len(other) and all(None in (a, b) or a == b for a, b in zip(self, other, strict=True))

    def is_subtype_of(self, other: Any) -> bool:
        """Whether each Tensor of this shape has the other too."""
        if other.unknown:
            return True
        return not self.unknown and len(self) == len(other) and all(b is None or a == b for a, b in zip(self, other, strict=True))

    def merge_with(self, other: Any) -> TensorShape:
        """What both say.  Raises: ArgumentError where they contradict each other."""
        other = TensorShape(other)
        if self.unknown:
            return TensorShape(other)
        if other.unknown:
            return self
        self.assert_is_compatible_with(other)
        return TensorShape([a if a is not None else b for a, b in zip(self, other, strict=True)])

    def most_specific_compatible_shape(self, other: Any) -> TensorShape:
        """What holds for both."""
        other = TensorShape(other)
        if self.unknown or other.unknown or len(self) != len(other):
            return TensorShape(None)
        return TensorShape([a if a == b else None for a, b in zip(self, other, strict=True)])

    def concatenate(self, other: Any) -> TensorShape:
        """The extents of this one, then those of the other."""
        other = TensorShape(other)
        return TensorShape(None if self.unknown or other.unknown else [*self, *other])

    def with_rank(self, rank: int) -> TensorShape:
        """Itself, of so many axes.  Raises: ArgumentError."""
        return self.merge_with(TensorShape([None] * rank))

    def with_rank_at_least(self, rank: int) -> TensorShape:
        """Itself.  Raises: ArgumentError for fewer axes."""
        if not self.unknown and len(self) < rank:
            raise ArgumentError(f"Shape {self} must have rank at least {rank}")
        return self

    def with_rank_at_most(self, rank: int) -> TensorShape:
        """Itself.  Raises: ArgumentError for more axes."""
        if not self.unknown and len(self) > rank:
            raise ArgumentError(f"Shape {self} must have rank at most {rank}")
        return self

    def assert_has_rank(self, rank: int) -> None:
        """Raises: ArgumentError for another number of axes."""
        if self.rank not in (None, rank):
            raise ArgumentError(f"Shape {self} must have rank {rank}")

    def assert_same_rank(self, other: Any) -> None:
        """Raises: ArgumentError for another number of axes than the other."""
        other = TensorShape(other)
        if self.rank is not None and other.rank is not None and self.rank != other.rank:
            raise ArgumentError(f"Shapes {self} and {other} must have the same rank")

    def assert_is_compatible_with(self, other: Any) -> None:
        """Raises: ArgumentError where no Tensor can have both shapes."""
        if not self.is_compatible_with(other):
            raise ArgumentError(f"Shapes {self} and {TensorShape(other)} are incompatible")

    def assert_is_fully_defined(self) -> None:
        """Raises: ArgumentError where an extent is unknown."""
        if not self.is_fully_defined():
            raise ArgumentError(f"Shape {self} is not fully defined")

    def __getitem__(self, key: SupportsIndex | slice) -> Any:
        if self.unknown:
            return TensorShape(None) if isinstance(key, slice) else None
        found = super().__getitem__(key)
        return TensorShape(found) if isinstance(key, slice) else found

    def __add__(self, other: Any) -> TensorShape:
        return self.concatenate(other)

    def __radd__(self, other: Any) -> TensorShape:
        return TensorShape(other).concatenate(self)

    def __bool__(self) -> bool:
        return len(self) > 0  # as of any tuple; in TensorFlow that of no axes is true

    def __eq__(self, other: object) -> bool:
        if isinstance(other, TensorShape):
            return self.unknown == other.unknown and tuple.__eq__(self, other)
        if other is None:
            return self.unknown
        try:
            return not self.unknown and tuple(self) == tuple(other)  # type: ignore[arg-type]  # refused by Python
        except TypeError:
            return False

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return tuple.__hash__(self)

    def __str__(self) -> str:
        if self.unknown:
            return "<unknown>"
        return f"({self[0]},)" if len(self) == 1 else f"({', '.join(map(str, self))})"

    def __repr__(self) -> str:
        return f"TensorShape({None if self.unknown else list(self)})"

    def __reduce__(self) -> tuple[Any, ...]:
        return TensorShape, (None if self.unknown else list(self),)


def _extent(n: Any) -> int | None:
    """One extent.  Raises: ArgumentError."""
    if n is None or isinstance(n, int):
        if n is not None and n < 0:
            raise ArgumentError(f"Dimension {n} must be >= 0")
        return n
    try:
        return int(n.__index__())
    except (AttributeError, TypeError):
        raise ArgumentError(f"an extent is a whole number or None, this is {n!r:.80}") from None


_KNOWN: dict[tuple[int, ...], TensorShape] = {}
MOST = 512


def shape_of(extents: tuple[int, ...]) -> TensorShape:
    """The TensorShape of known extents."""
    found = _KNOWN.get(extents)
    if found is None:
        found = TensorShape(extents)
        if len(_KNOWN) < MOST:
            _KNOWN[extents] = found
    return found


def extents(shape: Any, what: str) -> tuple[int, ...]:
    """A shape as given to a function: numbers, a Tensor of them, or one number.  -1 stays.

    Raises: InvalidArgumentError for an extent that is not known.
    """
    if hasattr(shape, "numpy"):
        shape = shape.numpy().tolist()
    elif isinstance(shape, np.ndarray):
        shape = shape.tolist()
    given = tuple(shape) if isinstance(shape, Iterable) else (shape,)
    try:
        return tuple([int(n) if hasattr(n, "numpy") else n.__index__() for n in given])
    except (AttributeError, TypeError):
        raise InvalidArgumentError(f"{what}: a shape is a list of whole numbers, this is {shape!r:.80}") from None

__all__ = ["TensorShape"]
