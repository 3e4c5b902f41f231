"""Every dtype into every other at every special value: one stated result, wherever and however the conversion runs."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

import gradwerk
from gradwerk.base import dtypes
from gradwerk.base.dtypes import SHORT, DType
from gradwerk.compiler.llvm.link import host_target
from gradwerk.compiler.pipeline import compile_graph
from gradwerk.ir.graph import Graph, Type, Value
from gradwerk.ir.interpret import interpret
from gradwerk.ops.arithmetic import Cast, cast
from gradwerk.ops.movement import broadcast_to, expand_dims, slice_axis
from gradwerk.ops.reduction import reduce_max, reduce_min
from gradwerk.tensor.tensor import Tensor
from tests.compiler.run_plan import Walk
from tests.laws.places import PLACES, Subject, Trial

Array = np.ndarray[Any, Any]
DTYPES = [dtype for dtype in SHORT if dtype not in (dtypes.token, dtypes.bfloat16) and not dtypes.is_complex(dtype)]
"""NumPy cannot say what bfloat16 is converted to: tests/compiler/test_narrow.py holds its rounding bit by bit.  Complex numbers are cast by
NumPy itself (tests/laws/test_complex.py)."""
PAIRS = [pair for pair in itertools.product(DTYPES, DTYPES) if pair[0] != pair[1]]
BOUNDS = (0, 1, 127, 128, 255, 256, 2**24, 2**31, 2**32, 2**53, 2**63, 2**64)
WHOLE = sorted(
    {sign * bound + near for bound in BOUNDS for sign in (1, -1) for near in (-1, 0, 1)}
    | {2**25 + 2, 2**25 + 3, -(2**25) - 3, 2**54 + 2, 2**54 + 3, 2**62 + 1, 2**63 - 513, 2**63 - 512}  # halfway between floats
)


def values(dtype: DType) -> Array:
    """Limits of every dtype with their neighbours, halves, zeros of either sign, NaN of either sign, infinities, denormals."""
    if dtype.kind == "b":
        return np.array([False, True])
    if dtype.kind != "f":
        limits = np.iinfo(dtype)
        return np.array([n for n in WHOLE if limits.min <= n <= limits.max], dtype)
    parts = [-0.0, 0.5, -0.5, 0.9, -0.9, 1.5, -1.5, 2.5, 255.5, -254.9, np.nan, -np.nan, np.inf, -np.inf, 1e300, -1e300, 1e-40]
    parts += [float(x) for kind in "fd" for x in (np.finfo(kind).max, np.finfo(kind).tiny, np.finfo(kind).smallest_subnormal)]
    parts += [3.4028235677973362e38, 7e-46, 7.1e-46, 1 + 2.0**-24, 1 + 3 * 2.0**-24]  # halfway to what float32 holds
    with np.errstate(all="ignore"):
        held = np.array([*WHOLE, *parts], np.float64).astype(dtype)
        return np.concatenate([held, np.nextafter(held, dtype.type(np.inf)), np.nextafter(held, dtype.type(-np.inf))])


def converted(x: Array, dtype: DType) -> Array:
    """What Cast says, number by number: NumPy's result where C has one."""
    if x.dtype.kind != "f" or dtype.kind not in "iu":
        with np.errstate(all="ignore"):
            return x.astype(dtype)
    limits = np.iinfo(dtype)
    inside = [0.0 if n != n else min(max(n, float(limits.min)), float(limits.max)) for n in x.tolist()]
    return np.array([min(int(n), limits.max) for n in inside], dtype)


def same(got: Array, wanted: Array, about: object) -> None:
    """Equal numbers, NaN where NaN is, zeros of one sign."""
    assert got.dtype == wanted.dtype, about
    np.testing.assert_array_equal(got, wanted, err_msg=str(about))
    if got.dtype.kind == "f":
        np.testing.assert_array_equal(np.signbit(got[got == 0]), np.signbit(wanted[wanted == 0]), err_msg=str(about))


@pytest.mark.parametrize(("start", "to"), PAIRS, ids=lambda dtype: SHORT[dtype])
def test_a_cast_is_one_function(start: DType, to: DType) -> None:
    x, trial = values(start), Trial()
    subject = Subject(lambda graph, xs: list(graph.apply(Cast(to), xs)), [x], [x[::-1].copy()], f"{start} to {to}", 0, thorough=False)
    for place in PLACES:
        place(trial, subject)
    graph = trial.graph.finish(trial.outputs)
    made = Walk(compile_graph(graph, host_target(), {}), trial.arrays).run()
    wanted = converted(x, to)
    same(made[0], wanted, "compiled")
    same(cast(x, to), wanted, "eager")
    same(Tensor(x).astype(to).numpy(), wanted, "a Tensor's")
    same(Tensor(x, to).numpy(), wanted, "a Tensor made of an array")
    same(gradwerk.compile(lambda: Tensor(x, to))().numpy(), wanted, "a Tensor made of an array under trace")
    for got, reference, about in zip(made, interpret(graph, trial.arrays), trial.about, strict=True):
        same(got, reference, about)


@pytest.mark.parametrize("start", DTYPES, ids=lambda dtype: SHORT[dtype])
def test_casts_of_casts_of_constants_of_single_numbers_and_under_folds(start: DType) -> None:
    x, graph = values(start), Graph()
    value, made, wanted = graph.input(Type(x.shape, start)), [], []

    def give(result: Value, right: Array) -> None:
        made.append(result)
        wanted.append(right)

    for by, to in itertools.product(DTYPES, DTYPES):
        give(cast(cast(value, by), to), converted(converted(x, by), to))
    for to in DTYPES:
        right = converted(x, to)
        give(cast(graph.constant(x), to), right)
        if to.kind != "b":
            rows = cast(broadcast_to(expand_dims(value, 1), (len(x), 3)), to)
            give(reduce_max(rows, 1), right)
            give(reduce_min(rows, 1), right)
        for k in range(0, len(x), 1 + len(x) // 12):
            give(cast(broadcast_to(slice_axis(value, 0, k, k + 1), (5,)), to), np.repeat(right[k], 5))
    graph.finish(made)
    ways = Walk(compile_graph(graph, host_target(), {}), [x]).run(), interpret(graph, [x])
    for compiled, interpreted, right, result in zip(*ways, wanted, made, strict=True):
        same(compiled, right, result)
        same(interpreted, right, result)
