"""a ** b as vector code against higher precision, at C's special cases, and with equal bits for any lanes."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from gradwerk.compiler.llvm.link import host_target
from gradwerk.compiler.llvm.maps import lower_map
from gradwerk.compiler.target import Target
from gradwerk.ir.graph import Graph, Type
from gradwerk.ops.elementwise import pow_
from tests.compiler.run_work import Memory, run
from tests.compiler.test_math import ulp_error

SPECIAL = [
    0.0, -0.0, 1.0, -1.0, 2.0, -2.0, 3.0, -3.0, 0.5, -0.5, 1.5, -2.5, 1e-30, -1e30, 7.0, 1023.0, -1074.0, np.inf, -np.inf, np.nan,
    1.0000001, 1e-310, 2.0**53, 2.0**53 + 2,
]  # fmt: skip


def computed(a: np.ndarray, b: np.ndarray, target: Target) -> np.ndarray:
    body = Graph()
    inputs = [body.input(Type((), a.dtype)) for _ in range(2)]
    body.finish([pow_(*inputs)])
    memory = Memory()
    out = memory.empty(a.shape, a.dtype)
    run([lower_map(body, (memory.place(a), memory.place(b)), (out,), a.shape, target)], memory, target=target)
    return memory.read(out)


def drawn(dtype: str, reach: float) -> tuple[np.ndarray, np.ndarray]:
    """Bases of all sizes, exponents such that |b log a| is at most `reach`."""
    rng = np.random.default_rng(3)
    logs = rng.uniform(-80, 80, 40_000) * 10 ** rng.uniform(-6, 0, 40_000)
    a = np.exp(logs).astype(dtype)
    with np.errstate(all="ignore"):
        b = (rng.uniform(-reach, reach, a.size) / np.log(a.astype(np.float64))).astype(dtype)
    usual = np.isfinite(b)
    return a[usual], b[usual]


def exact(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    wide = np.float64 if a.dtype == np.float32 else np.longdouble
    with np.errstate(all="ignore"):
        return np.power(a.astype(wide), b.astype(wide))


@pytest.mark.parametrize(("dtype", "reach", "bound"), [("float32", 85, 1.0), ("float64", 2, 2.0), ("float64", 700, 2.0)])
def test_error_bound(dtype: str, reach: float, bound: float) -> None:
    a, b = drawn(dtype, reach)
    error = ulp_error(computed(a, b, host_target()), exact(a, b))
    worst = int(np.argmax(error))
    assert error[worst] <= bound, (a[worst], b[worst], error[worst])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_special_cases_are_those_of_c(dtype: str) -> None:
    with np.errstate(all="ignore"):
        pairs = np.array(list(product(SPECIAL, SPECIAL)), np.float64).astype(dtype)
        wanted = np.power(pairs[:, 0], pairs[:, 1])
    got = computed(pairs[:, 0].copy(), pairs[:, 1].copy(), host_target())
    np.testing.assert_allclose(got, wanted, rtol=4 * np.finfo(dtype).eps, atol=np.finfo(dtype).smallest_subnormal)
    assert np.array_equal(np.signbit(got[wanted == wanted]), np.signbit(wanted[wanted == wanted]))


def test_bits_do_not_depend_on_lanes() -> None:
    a, b = drawn("float32", 60)
    wide = computed(a, b, host_target())
    for nbytes in (32, 16, 4):
        np.testing.assert_array_equal(computed(a, b, replace(host_target(), vector_bytes=nbytes)), wide)
