"""The geometry of a window kernel: which axes slide, which merge, which carries the lanes, which is cut."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gradwerk.compiler.footprint import Footprint, along
from gradwerk.compiler.llvm.spaces import Axis, Cut, patterns, run_time_strides
from gradwerk.compiler.work import Access, Operand
from gradwerk.ops.window import Window


@dataclass(frozen=True)
class Slide:
    """One axis of the geometry, as it shapes the code.  `order`: its place among the op's axes, for the order of taps."""

    window: int = 1
    stride: int = 1
    low: int = 0
    padded: bool = False
    order: int = 0

    @property
    def slides(self) -> bool:
        """Whether the window is longer than one along it, skips, or is padded."""
        return self != Slide(order=self.order)


@dataclass(frozen=True)
class WindowAxis:
    """One axis: windows along it, extent of the input, and each operand's stride."""

    slide: Slide
    windows: int
    extent: int
    strides: tuple[int, ...]
    examples: bool
    """Whether the extent counts examples, or is a product with their number."""


@dataclass(frozen=True)
class WindowPlan:
    """Axes with the lanes' last, the axis that is cut (None: every axis slides, and all is one chunk), and how."""

    axes: tuple[WindowAxis, ...]
    chunked: int | None
    cut: Cut
    like_input: tuple[bool, ...]

    @classmethod
    def of(cls, op: Window, operands: Sequence[Operand], like_input: tuple[bool, ...], examples: int) -> WindowPlan:
        """The plan of an op on these operands; axis number `examples` counts examples."""
        shape = operands[like_input.index(True)].shape
        axes = merged(op, operands, shape, op.windows(shape), examples)
        first = next((axis for axis in axes if not axis.slide.slides), None)
        number = like_input.index(True)
        lane = max(range(len(axes)), key=lambda k: (axes[k].strides[number] == 1 and axes[k].windows > 1, k))
        axes.append(axes.pop(lane))
        nbytes = sum(_count(axes, like) * operand.dtype.itemsize for operand, like in zip(operands, like_input, strict=True))
        if first is None:
            return cls(tuple(axes), None, Cut(1, 1), like_input)
        step = Cut.of(_axis(first), nbytes, whole=True)
        return cls(tuple(axes), axes.index(first), step, like_input)

    def letters(self) -> tuple[str, ...]:
        """One letter per operand and axis, as in spaces.py."""
        return patterns([_axis(axis) for axis in self.axes])

    def run_time_strides(self, letters: Sequence[str]) -> tuple[int, ...]:
        """The strides of letter s."""
        return run_time_strides([_axis(axis) for axis in self.axes], letters)

    def covers(self) -> bool:
        """Whether every element of the input lies in a window."""
        slides = [(axis, axis.slide) for axis in self.axes]
        return all(s.window >= s.stride and (axis.windows - 1) * s.stride + s.window - s.low >= axis.extent for axis, s in slides)

    def accesses(self, operands: Sequence[Operand]) -> tuple[Access, ...]:
        """What each chunk touches; the last operand is written."""
        last = len(operands) - 1
        return tuple(Access(o, writes=n == last, reads=n != last, part=self._part(n)) for n, o in enumerate(operands))

    def _part(self, number: int) -> Footprint:
        """The whole input along axes that slide, of which none is cut."""
        extents = [axis.extent if self.like_input[number] else axis.windows for axis in self.axes]
        moving = self.chunked if self.cut.count > 1 else None
        return along([(n, axis.strides[number]) for n, axis in zip(extents, self.axes, strict=True)], moving, self.cut.step)

    def flops(self) -> int:
        """One operation per tap."""
        total = 1
        for axis in self.axes:
            total *= axis.windows * axis.slide.window
        return total


def merged(op: Window, operands: Sequence[Operand], shape: Sequence[int], windows: Sequence[int], examples: int) -> list[WindowAxis]:
    """The op's axes; those that do not slide vanish at extent 1 and merge with such neighbours."""
    axes: list[WindowAxis] = []
    for k, (extent, count) in enumerate(zip(shape, windows, strict=True)):
        slide = Slide(op.window[k], op.strides[k], op.low[k], bool(op.low[k] or op.high[k]), k)
        axis = WindowAxis(slide, count, extent, tuple(o.strides[k] for o in operands), k == examples)
        if not slide.slides and extent == 1:
            continue
        if not slide.slides and axes and not axes[-1].slide.slides:
            outer = axes[-1]
            if all(a == b * extent for a, b in zip(outer.strides, axis.strides, strict=True)):
                together = outer.examples or axis.examples
                axes[-1] = WindowAxis(outer.slide, outer.windows * count, outer.extent * extent, axis.strides, together)
                continue
        axes.append(axis)
    return axes or [WindowAxis(Slide(), 1, 1, (1,) * len(operands), examples=False)]


def _axis(axis: WindowAxis) -> Axis:
    return Axis(axis.windows, axis.strides, axis.windows)


def _count(axes: Sequence[WindowAxis], like_input: bool) -> int:  # noqa: FBT001
    count = 1
    for axis in axes:
        count *= axis.extent if like_input else axis.windows
    return count
