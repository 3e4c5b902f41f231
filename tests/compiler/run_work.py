"""A serial interpreter of Work for kernel tests: places buffers, runs kernels chunk by chunk through ctypes, checks the zones around."""

from __future__ import annotations

import ctypes
from collections.abc import Iterable, Sequence

import numpy as np

from gradwerk.compiler.llvm.link import Code, compile_text, host_target, link
from gradwerk.compiler.target import Target
from gradwerk.compiler.work import Buffer, Operand, Work, row_major

GUARD = 256
PATTERN = 0xFF
"""NaN as a float, no index: what is read without being written shows."""
_texts: dict[tuple[Target, str], tuple[str, Code]] = {}


class Memory:
    """Buffers as bytes between guard zones that no kernel may write."""

    def __init__(self) -> None:
        self.raw: dict[Buffer, np.ndarray] = {}

    def add(self, buffer: Buffer) -> None:
        """Memory for a buffer, filled with the guard pattern so that unwritten results show."""
        if buffer not in self.raw:
            whole = np.full(buffer.nbytes + 2 * GUARD + 64, PATTERN, np.uint8)
            skip = -whole.ctypes.data % 64
            self.raw[buffer] = whole[skip : skip + buffer.nbytes + 2 * GUARD]

    def flat(self, buffer: Buffer) -> np.ndarray:
        """All elements of a buffer."""
        self.add(buffer)
        return self.raw[buffer][GUARD : GUARD + buffer.nbytes].view(buffer.dtype)

    def place(self, array: np.ndarray, label: str = "") -> Operand:
        """A dense operand that holds a copy of the array."""
        array = np.ascontiguousarray(array).reshape(np.shape(array))
        buffer = Buffer(array.dtype, array.size, label)
        self.flat(buffer)[...] = array.ravel()
        return Operand(buffer, array.shape, row_major(array.shape))

    def strided(self, array: np.ndarray, strides: Sequence[int], *, offset: int = 0) -> Operand:
        """An operand that holds a copy of the array at the given element strides (0 broadcasts)."""
        extent = 1 + sum((n - 1) * s for n, s in zip(array.shape, strides, strict=True)) if array.size else 0
        buffer = Buffer(array.dtype, offset + extent)
        operand = Operand(buffer, array.shape, tuple(strides), offset)
        self.flat(buffer)[...] = 0
        if array.size:
            self.read(operand, writable=True)[...] = array
        return operand

    def empty(self, shape: Sequence[int], dtype: object) -> Operand:
        """A dense operand to be written."""
        shape = tuple(shape)
        return Operand(Buffer(np.dtype(dtype), int(np.prod(shape)), "out"), shape, row_major(shape))

    def read(self, operand: Operand, *, writable: bool = False) -> np.ndarray:
        """The operand as an array that shares the buffer."""
        flat = self.flat(operand.buffer)
        strides = [s * flat.itemsize for s in operand.strides]
        return np.lib.stride_tricks.as_strided(flat[operand.offset :], operand.shape, strides, writeable=writable)

    def check(self) -> None:
        """Raises when a guard zone was written."""
        for buffer, raw in self.raw.items():
            if (raw[:GUARD] != PATTERN).any() or (raw[GUARD + buffer.nbytes :] != PATTERN).any():
                raise AssertionError(f"a kernel wrote outside of {buffer.label or buffer}")


def address_of(work: Work, target: Target) -> int:
    """The kernel's code; equal names must mean equal text."""
    key = (target, work.kernel.name)
    if key in _texts and _texts[key][0] is work.kernel:
        return _texts[key][1][work.kernel.name]
    text = work.kernel.build(target)
    if key not in _texts:
        _texts[key] = (text, link({work.kernel.name: compile_text(text, target)}))
    if _texts[key][0] != text:
        raise AssertionError(f"two kernels are called {work.kernel.name}")
    return _texts[key][1][work.kernel.name]


def run(works: Iterable[Work], memory: Memory, *, target: Target | None = None, backwards: bool = False) -> None:
    """Runs works in order, the chunks of each forwards or backwards."""
    target = target or host_target()
    for work in works:
        buffers = list(dict.fromkeys(access.operand.buffer for access in work.accesses))
        for buffer in buffers:
            memory.add(buffer)
        slots = np.array([memory.raw[b].ctypes.data + GUARD for b in buffers] or [0], np.int64)
        words = [w for a in work.accesses for w in (buffers.index(a.operand.buffer), a.operand.offset * a.operand.dtype.itemsize, 0)]
        args = np.array([*words, *work.extents, 0], np.int64)
        kernel = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 2, *[ctypes.c_int64] * 2, ctypes.c_void_p)(address_of(work, target))
        beside = memory.place(np.zeros(work.form.scratch, np.uint8), "scratch memory")
        chunks = range(work.chunks)
        for chunk in reversed(chunks) if backwards else chunks:
            memory.flat(beside.buffer)[:] = PATTERN
            kernel(slots.ctypes.data, args.ctypes.data, chunk, 0, memory.raw[beside.buffer].ctypes.data + GUARD)
    memory.check()
