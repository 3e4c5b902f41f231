"""The vector functions against higher precision: largest error over samples of all bit patterns, specials, and equal bits for any lanes."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from gradwerk.compiler.llvm.link import host_target
from gradwerk.compiler.llvm.maps import lower_map
from gradwerk.compiler.target import Target
from gradwerk.ir.graph import Graph, Type
from gradwerk.ops import elementwise
from tests.compiler.run_work import Memory, run

BOUNDS = {  # name: largest error in ulp for f32, f64
    "exp": (1.0, 1.0), "log": (1.0, 1.0), "tanh": (1.5, 2.0), "sigmoid": (1.6, 2.0), "erf": (1.1, 2.0), "sin": (1.6, 1.6),
    "cos": (1.6, 1.6), "sqrt": (0.5, 0.5), "rsqrt": (1.5, 1.5), "floor": (0.0, 0.0), "abs_": (0.0, 0.0),
}  # fmt: skip
EXACT = {
    "exp": np.exp, "log": np.log, "tanh": np.tanh, "sin": np.sin, "cos": np.cos, "sqrt": np.sqrt, "floor": np.floor, "abs_": np.abs,
    "rsqrt": lambda x: 1 / np.sqrt(x), "sigmoid": lambda x: np.where(x >= 0, 1, np.exp(-np.abs(x))) / (1 + np.exp(-np.abs(x))),
    "erf": lambda x: np.vectorize(math.erf, otypes=[np.float64])(x.astype(np.float64)),
}  # fmt: skip
SPECIAL = [
    0.0, -0.0, np.inf, -np.inf, np.nan, 1e-45, -1e-45, 1.1754944e-38, 3.4028235e38, -3.4028235e38, 88.72284, 88.7229, -87.4, -103.97,
    -104.0, 0.34657, 1.0, -1.0, 0.99999994, 1.0000001, 0.625, 0.9277, 9.0, 10.0, -17.0, 89.5, 131072.0, -131072.0,
]  # fmt: skip


def computed(name: str, x: np.ndarray, target: Target) -> np.ndarray:
    body = Graph()
    body.finish([getattr(elementwise, name)(body.input(Type((), x.dtype)))])
    memory = Memory()
    out = memory.empty(x.shape, x.dtype)
    run([lower_map(body, (memory.place(x),), (out,), x.shape, target)], memory, target=target)
    return memory.read(out)


def ulp_error(got: np.ndarray, exact: np.ndarray) -> np.ndarray:
    """Error in units of the last place of the nearest result; equal infinities and NaNs have none."""
    with np.errstate(all="ignore"):
        nearest = exact.astype(got.dtype)
        same = (got == nearest) | (np.isnan(got) & np.isnan(exact))
        limits = np.finfo(got.dtype)
        unit = np.maximum(np.spacing(np.abs(nearest)), limits.smallest_subnormal)
        error = np.abs(got.astype(exact.dtype) - exact) / unit
        error[np.isinf(nearest) & (got == limits.max)] = 1
    error[same] = np.minimum(np.nan_to_num(error[same], nan=0, posinf=0), 0.5)
    return np.nan_to_num(error, nan=np.inf).astype(np.float64)


def patterns(dtype: str) -> np.ndarray:
    """Every so many bit patterns of the type, and the special values."""
    if dtype == "float32":
        bits = np.arange(0, 2**32, 25013, dtype=np.uint64).astype(np.uint32)
        return np.concatenate([np.array(SPECIAL, np.float32), bits.view(np.float32)])
    bits = np.arange(0, 2**64 - 2**47, 2**47 + 987654321, dtype=np.uint64)
    return np.concatenate([np.array(SPECIAL, np.float64), bits.view(np.float64), np.linspace(-40, 40, 20011)])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", BOUNDS)
def test_error_bound(name: str, dtype: str) -> None:
    x = patterns(dtype)
    if name in ("sin", "cos"):
        far = np.abs(x) > 2.0**17
        x = np.concatenate([x[~far], np.random.default_rng(0).uniform(-(2.0**17), 2.0**17, 50_000).astype(dtype)])
    if name == "erf":
        x = np.concatenate([x[:: len(x) // 20_000], np.linspace(-5, 5, 5001).astype(dtype)])
    with np.errstate(all="ignore"):
        exact = EXACT[name](x.astype(np.float64 if dtype == "float32" else np.longdouble))
    if name == "floor" or name == "abs_":
        exact = exact.astype(dtype)
    got = computed(name, x, host_target())
    error = ulp_error(got, exact)
    worst = int(np.argmax(error))
    bound = BOUNDS[name][dtype == "float64"]
    assert error[worst] <= bound, f"{name}({x[worst]!r}) = {got[worst]!r}, exact {exact[worst]!r}: {error[worst]} ulp"


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ["tanh", "sin", "erf", "floor", "sqrt"])
def test_sign_of_zero_stays(name: str, dtype: str) -> None:
    got = computed(name, np.array([-0.0, 0.0] * 9, dtype), host_target())
    assert np.array_equal(np.signbit(got), [True, False] * 9)


@pytest.mark.parametrize("name", BOUNDS)
def test_bits_do_not_depend_on_lanes(name: str) -> None:
    x = patterns("float32")[::7]
    host = host_target()
    wide = computed(name, x, host).view(np.uint32)
    for nbytes in (32, 16, 4):
        narrow = computed(name, x, replace(host, vector_bytes=nbytes)).view(np.uint32)
        nan = np.isnan(wide.view(np.float32))
        assert np.array_equal(wide[~nan], narrow[~nan])
        assert np.isnan(narrow[nan].view(np.float32)).all()


@pytest.mark.parametrize("name", ["sin", "cos"])
def test_far_angles_by_the_slow_reduction(name: str) -> None:
    x = np.random.default_rng(1).uniform(-1e12, 1e12, 4000).astype(np.float32)
    assert ulp_error(computed(name, x, host_target()), EXACT[name](x.astype(np.longdouble))).max() <= 1.6
    assert np.isnan(computed(name, np.array([np.inf, -np.inf, np.nan], np.float32), host_target())).all()
    assert np.abs(computed(name, np.array([3e38, -1e30, 1e20], np.float32), host_target())).max() <= 1.0
