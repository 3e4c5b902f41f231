"""The type of a value: shape and element type."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from gradwerk.base import dtypes
from gradwerk.base.dtypes import DType


@dataclass(frozen=True, slots=True)
class Type:
    """Shape (extents, row-major order of axes) and element type."""

    shape: tuple[int, ...]
    dtype: DType

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """The number of elements."""
        return math.prod(self.shape)

    @property
    def nbytes(self) -> int:
        """The bytes of a dense buffer."""
        return self.size * self.dtype.itemsize

    @property
    def is_token(self) -> bool:
        """True for the type of an effect's place in the order of effects."""
        return self.dtype == dtypes.token

    def with_shape(self, shape: Iterable[int]) -> Type:
        """The same dtype, another shape."""
        return Type(tuple(shape), self.dtype)

    def with_dtype(self, dtype: DType) -> Type:
        """The same shape, another dtype."""
        return Type(self.shape, dtype)

    def __str__(self) -> str:
        return f"{dtypes.SHORT[self.dtype]}[{','.join(map(str, self.shape))}]"


TOKEN = Type((), dtypes.token)
