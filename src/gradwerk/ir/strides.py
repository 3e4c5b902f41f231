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

    @cached_property
    def distinct(self) -> bool:
        """Whether no two elements lie in one place: each stride is longer than all that the shorter ones reach."""
        reach = 0
        for stride, extent in sorted((abs(stride), extent) for stride, extent in zip(self.strides, self.shape, strict=True)):
            if extent > 1:
                if stride <= reach:
                    return 0 in self.shape
                reach += stride * (extent - 1)
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
