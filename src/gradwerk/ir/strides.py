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


def merged_runs(x: Strides) -> list[tuple[int, int]]:
    """The axes of x, those of extent 1 left out, merged where one stride steps through both: (extent, stride), outermost first."""
    runs: list[tuple[int, int]] = []
    for extent, stride in zip(x.shape, x.strides, strict=True):
        if extent == 1:
            continue
        if runs and runs[-1][1] == extent * stride:
            runs[-1] = (runs[-1][0] * extent, stride)
        else:
            runs.append((extent, stride))
    return runs
