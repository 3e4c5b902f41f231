"""Window kernels against the references, channels last, planes, and other layouts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gradwerk.compiler.llvm.link import host_target
from gradwerk.compiler.llvm.windows import lower_window
from gradwerk.compiler.work import Operand
from gradwerk.ops.window import WindowMax, WindowMaxGrad, WindowMaxPick, WindowSum, WindowSumGrad
from tests.compiler.run_work import Memory, run

NONE = (0, 0, 0, 0)
CASES = {
    "halves, channels last": ((4, 12, 12, 6), (1, 2, 2, 1), (1, 2, 2, 1), NONE, NONE),
    "halves, many channels": ((2, 6, 6, 40), (1, 2, 2, 1), (1, 2, 2, 1), NONE, NONE),
    "halves, planes": ((4, 6, 28, 28), (1, 1, 2, 2), (1, 1, 2, 2), NONE, NONE),
    "halves with a rest": ((3, 5, 9, 71), (1, 1, 2, 2), (1, 1, 2, 2), NONE, NONE),
    "overlapping, padded": ((2, 3, 37, 41), (1, 1, 3, 3), (1, 1, 2, 2), (0, 0, 1, 1), (0, 0, 1, 1)),
    "overlapping, not padded": ((2, 2, 35, 35), (1, 1, 3, 3), (1, 1, 2, 2), NONE, NONE),
    "every place, channels last": ((2, 9, 9, 20), (1, 3, 3, 1), (1, 1, 1, 1), (0, 1, 1, 0), (0, 1, 1, 0)),
    "all of a plane": ((2, 4, 7, 7), (1, 1, 7, 7), (1, 1, 7, 7), NONE, NONE),
    "all, channels last": ((2, 7, 7, 33), (1, 7, 7, 1), (1, 1, 1, 1), NONE, NONE),
    "one axis": ((50,), (3,), (3,), (0,), (1,)),
    "uneven padding": ((2, 3, 20), (1, 1, 4), (1, 1, 1), (0, 0, 2), (0, 0, 1)),
    "gaps": ((2, 3, 40), (1, 1, 2), (1, 1, 3), (0, 0, 0), (0, 0, 0)),
    "nothing slides": ((2, 1, 1, 3), (1, 1, 1, 1), (1, 1, 1, 1), NONE, NONE),
}
DRAW = np.random.default_rng(0)


def placed(memory: Memory, array: np.ndarray, *, reverse: bool) -> Operand:
    """The array in memory, its axes laid out in order or in reverse order."""
    if not reverse:
        return memory.place(array)
    operand = memory.place(array.T)
    return Operand(operand.buffer, array.shape, operand.strides[::-1])


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("name", ["window_max", "window_sum", "window_max_grad", "window_max_pick", "window_sum_grad"])
@pytest.mark.parametrize("case", CASES)
def test_against_reference(case: str, name: str, reverse: bool) -> None:
    shape, *geometry = CASES[case]
    kinds = {k.name: k for k in (WindowMax, WindowSum, WindowMaxGrad, WindowMaxPick)}
    op = WindowSumGrad(*geometry, shape) if name == "window_sum_grad" else kinds[name](*geometry)
    x = np.round(DRAW.normal(size=shape), 1).astype(np.float32)
    x.flat[3 % x.size], x.flat[7 % x.size] = np.nan, -np.inf
    y = DRAW.normal(size=op.windows(shape)).astype(np.float32)
    g = DRAW.normal(size=shape).astype(np.float32)
    args = {"window_max_grad": (x, y), "window_max_pick": (x, g), "window_sum_grad": (y,)}.get(name, (x,))
    (expected,) = op.evaluate(*args)
    for nbytes in (64, 16):
        memory = Memory()
        target = replace(host_target(), vector_bytes=nbytes)
        out = memory.empty(expected.shape, np.float32)
        works = lower_window(op, [placed(memory, a, reverse=reverse) for a in args], out, target)
        run(works, memory, target=target, backwards=True)
        np.testing.assert_allclose(memory.read(out), expected, rtol=1e-5, atol=1e-5)
