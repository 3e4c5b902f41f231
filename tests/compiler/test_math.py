"""The vector functions against higher precision: largest error over samples of all bit patterns, specials, and equal bits for any lanes."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from gradwerk.compiler.llvm.angles import BITS, TWO_OVER_PI
from gradwerk.compiler.llvm.link import host_target
from gradwerk.compiler.llvm.maps import lower_map
from gradwerk.compiler.target import Target
from gradwerk.ir.graph import Graph, Type
from gradwerk.ops import elementwise, error_functions, exponentials, hyperbolic, rounding, trigonometry
from tests.compiler.run_work import Memory, run

MODULES = (elementwise, error_functions, exponentials, hyperbolic, rounding, trigonometry)
BOUNDS = {  # name: largest error in ulp for f32, f64
    "exp": (1.0, 1.0), "log": (1.0, 1.0), "tanh": (1.5, 2.0), "sigmoid": (1.6, 2.0), "erf": (1.1, 2.0), "sin": (1.6, 1.6),
    "cos": (1.6, 1.6), "sqrt": (0.5, 0.5), "rsqrt": (1.5, 1.5), "floor": (0.0, 0.0), "abs_": (0.0, 0.0), "softplus": (2.0, 2.0),
    "expm1": (1.5, 1.9), "exp2": (1.0, 1.0), "log1p": (1.5, 1.5), "log2": (0.51, 0.6), "log10": (0.51, 0.6), "cbrt": (0.51, 0.6),
    "sinh": (1.5, 1.7), "cosh": (1.5, 1.5), "asinh": (0.51, 2.0), "acosh": (0.51, 2.0), "atanh": (0.51, 2.0), "tan": (0.51, 3.2),
    "asin": (2.0, 2.0), "acos": (1.5, 1.5), "atan": (1.8, 1.8), "erfc": (0.51, 8.0),
    "ceil": (0.0, 0.0), "trunc": (0.0, 0.0), "round_": (0.0, 0.0),
}  # fmt: skip
"""The errors of lgamma, digamma, polygamma, erfinv and the Bessel functions are bounded by laws, beside references in more digits."""
EXACT = {
    **{name: getattr(np, name) for name in ("expm1", "exp2", "log1p", "log2", "log10", "cbrt", "sinh", "cosh", "tan", "ceil", "trunc")},
    **{name: getattr(np, name.replace("a", "arc", 1)) for name in ("asinh", "acosh", "atanh", "asin", "acos", "atan")},
    "round_": np.rint, "erfc": lambda x: np.vectorize(math.erfc, otypes=[np.float64])(x.astype(np.float64)),
    "exp": np.exp, "log": np.log, "tanh": np.tanh, "sin": np.sin, "cos": np.cos, "sqrt": np.sqrt, "floor": np.floor, "abs_": np.abs,
    "rsqrt": lambda x: 1 / np.sqrt(x), "sigmoid": lambda x: np.where(x >= 0, 1, np.exp(-np.abs(x))) / (1 + np.exp(-np.abs(x))),
    "erf": lambda x: np.vectorize(math.erf, otypes=[np.float64])(x.astype(np.float64)),
    "softplus": lambda x: np.logaddexp(x, x.dtype.type(0)),
}  # fmt: skip
SPECIAL = [
    0.0, -0.0, np.inf, -np.inf, np.nan, 1e-45, -1e-45, 1.1754944e-38, 3.4028235e38, -3.4028235e38, 88.72284, 88.7229, -87.4, -103.97,
    -104.0, 0.34657, 1.0, -1.0, 0.99999994, 1.0000001, 0.625, 0.9277, 9.0, 10.0, -17.0, 89.5, 131072.0, -131072.0,
]  # fmt: skip
BORDERS = [
    0.0, 1.0, 0.5, 2.0, 0.625, 0.927734375, 4.0, 6.0, 10.0, 20.0, 87.0, 88.72284, 103.97, 708.4, 709.78, 745.13, math.sqrt(0.5),
    math.sqrt(2.0), math.pi / 4, math.pi / 2, math.pi, math.log(2) / 2, 2.0**-24, 2.0**-53, 2.0**17, 2.0**40, 2.0**50, 1.1754944e-38,
    2.2250738585072014e-308, 3.4028235e38, 1.7976931348623157e308, np.inf,
]  # fmt: skip
"""Where a function takes another way, or a type ends."""


def computed(name: str, x: np.ndarray, target: Target) -> np.ndarray:
    body = Graph()
    (function,) = {vars(module)[name] for module in MODULES if name in vars(module)}
    body.finish([function(body.input(Type((), x.dtype)))])
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
    """Every so many bit patterns of the type, the special values, and what lies around borders."""
    known = np.concatenate([np.array(SPECIAL, dtype), around_borders(dtype)])
    if dtype == "float32":
        bits = np.arange(0, 2**32, 25013, dtype=np.uint64).astype(np.uint32)
        return np.concatenate([known, bits.view(np.float32)])
    bits = np.arange(0, 2**64 - 2**47, 2**47 + 987654321, dtype=np.uint64)
    return np.concatenate([known, bits.view(np.float64), np.linspace(-40, 40, 20011)])


def around_borders(dtype: str) -> np.ndarray:
    """The numbers next to each border, of either sign."""
    with np.errstate(over="ignore"):
        borders = np.array(BORDERS, np.float64).astype(dtype)
    whole = borders.view(f"u{borders.itemsize}")[:, None]
    steps = np.arange(40, dtype=whole.dtype)
    near = np.concatenate([whole + steps, np.maximum(whole, steps) - steps]).ravel().view(dtype)
    return np.concatenate([near, -near])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", BOUNDS)
def test_error_bound(name: str, dtype: str) -> None:
    x = patterns(dtype)
    if name in ("sin", "cos", "tan"):
        x = np.concatenate([x, np.random.default_rng(0).uniform(-(2.0**17), 2.0**17, 50_000).astype(dtype)])
    if name in ("erf", "erfc"):
        x = np.concatenate([x[:: len(x) // 20_000], around_borders(dtype), np.linspace(-5, 5, 5001).astype(dtype)])
    with np.errstate(all="ignore"):
        exact = EXACT[name](x.astype(np.longdouble))
    if name in ("floor", "abs_", "ceil", "trunc", "round_"):
        exact = exact.astype(dtype)
    got = computed(name, x, host_target())
    error = ulp_error(got, exact)
    worst = int(np.argmax(error))
    bound = BOUNDS[name][dtype == "float64"]
    assert error[worst] <= bound, f"{name}({x[worst]!r}) = {got[worst]!r}, exact {exact[worst]!r}: {error[worst]} ulp"


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "name",
    [
        "tanh", "sin", "erf", "floor", "sqrt", "expm1", "log1p", "cbrt", "sinh", "asinh", "atanh", "tan", "asin", "atan", "ceil", "trunc",
        "round_",
    ],
)  # fmt: skip
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


def test_two_over_pi() -> None:
    """The bits by Machin's formula in whole numbers."""
    one = 1 << BITS + 64

    def arctangent(divisor: int) -> int:
        term, total, sign, k = one // divisor, 0, 1, 1
        while term:
            total, sign, term, k = total + sign * (term // k), -sign, term // divisor**2, k + 2
        return total

    quarter_pi = 4 * arctangent(5) - arctangent(239)
    assert one * one // (2 * quarter_pi) >> 64 == TWO_OVER_PI


@pytest.mark.parametrize("name", ["sin", "cos", "tan"])
def test_angles_nearest_to_multiples_of_half_pi(name: str) -> None:
    """The hardest of each type (Kahan; Muller, Elementary Functions, 3rd ed., table 11.1), and all lanes beside far ones as alone."""
    hard = {"float32": [16367173.0 * 2.0**72], "float64": [6381956970095103.0 * 2.0**797, 5.0e15, 1e22]}
    for dtype, angles in hard.items():
        x = np.array([*angles, 0.5, -1.25, 3.0, 1e5, -0.0] * 5, dtype)
        x = np.concatenate([x, -x])
        assert ulp_error(computed(name, x, host_target()), EXACT[name](x.astype(np.longdouble))).max() <= BOUNDS[name][1]
        apart = np.where(np.abs(x) > 1e6, x.dtype.type(0.5), x)
        beside = computed(name, x, host_target())[np.abs(x) <= 1e6]
        np.testing.assert_array_equal(beside, computed(name, apart, host_target())[np.abs(x) <= 1e6])
        assert np.isnan(computed(name, np.array([np.inf, -np.inf, np.nan], dtype), host_target())).all()
