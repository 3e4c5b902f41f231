"""Strides: where the elements of a view are in what it is of."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class Strides:
    """An affine view: element (i...) lies at offset + sum i[k] * strides[k], in elements of the source."""

    shape: tuple[int, ...]
    strides: tuple[int, ...]
    offset: int = 0

    @cached_property
    def dense(self) -> bool:
        """Whether the elements lie row by row without gaps, axes of extent 1 wherever they like."""
        step = 1
        for extent, stride in zip(reversed(self.shape), reversed(self.strides), strict=True):
            if extent != 1 and stride != step:
                return 0 in self.shape
            step *= extent
        return True
