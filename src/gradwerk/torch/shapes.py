"""Small results of torch's: a shape, and an extreme with its place."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np


class Size(tuple[int, ...]):
    """A shape."""

    __slots__ = ()

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
