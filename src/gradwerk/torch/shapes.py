"""Small results of torch's: a shape, and an extreme with its place."""

from __future__ import annotations

import operator
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, NamedTuple, Self

import numpy as np

from gradwerk.base.errors import ArgumentTypeError


class Size(tuple[int, ...]):
    """A shape.  Parts of it, and it beside a tuple, are shapes too."""

    __slots__ = ()

    def __new__(cls, extents: Iterable[Any] = ()) -> Self:
        """Of whole numbers, or what counts as one.  Raises: ArgumentTypeError."""
        if not isinstance(extents, Iterable):
            raise ArgumentTypeError(f"torch.Size() takes an iterable of 'int', not {type(extents).__name__}")
        found = []
        for place, extent in enumerate(extents):
            try:
                found.append(operator.index(extent))
            except TypeError:
                raise ArgumentTypeError(f"torch.Size() takes an iterable of 'int' (item {place} is '{type(extent).__name__}')") from None
        return super().__new__(cls, found)

    def __getitem__(self, key: Any) -> Any:  # noqa: ANN401  an extent, or a Size
        found = tuple.__getitem__(self, key)
        return size_of(found) if type(key) is slice else found

    def __add__(self, other: Any) -> Any:  # noqa: ANN401  a Size
        return size_of(tuple.__add__(self, other)) if isinstance(other, tuple) else NotImplemented

    def __radd__(self, other: Any) -> Any:  # noqa: ANN401  a Size
        return size_of(tuple.__add__(other, self)) if isinstance(other, tuple) else NotImplemented

    def __mul__(self, times: Any) -> Any:  # noqa: ANN401  a Size
        return size_of(tuple.__mul__(self, times))

    __rmul__ = __mul__

    def numel(self) -> int:
        """The number of elements."""
        return int(np.prod(self, dtype=np.int64))

    def __repr__(self) -> str:
        return f"torch.Size({list(self)})"


@lru_cache(maxsize=4096)
def size_of(shape: tuple[int, ...]) -> Size:
    """The extents of a Tensor as torch gives them: asked for several times by each operation."""
    return Size(shape)


class Extreme(NamedTuple):
    """The largest along an axis, and where it stands."""

    values: Any
    indices: Any

    def __repr__(self) -> str:
        return f"torch.return_types.max(\nvalues={self.values!r},\nindices={self.indices!r})"


class Least(NamedTuple):
    """The smallest along an axis, and where it stands."""

    values: Any
    indices: Any

    def __repr__(self) -> str:
        return f"torch.return_types.min(\nvalues={self.values!r},\nindices={self.indices!r})"
