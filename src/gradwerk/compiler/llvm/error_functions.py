"""erfc and erfinv as vector code, in f64: at most 3 ulp."""

from __future__ import annotations

import math

from gradwerk.compiler.llvm.coefficients import ERFCX, ERFINV_FAR, ERFINV_FARTHER, ERFINV_NEAR
from gradwerk.compiler.llvm.exponentials import by_double
from gradwerk.compiler.llvm.lane_code import LaneCode, Lanes
from gradwerk.compiler.llvm.math import at_most, exp, fused_sub, horner, log

BEYOND = 28.0
"""From here erfc is 0."""


@by_double
def erfc(e: LaneCode, x: Lanes) -> Lanes:
    """e**-(x**2) times a polynomial in (|x| - 2) / (|x| + 2) by 1 + 2|x|, and 2 less that below 0.

    Source: Shepherd, Laframboise, "Chebyshev approximation of (1 + 2x) exp(x^2) erfc x", Math. Comp. 36 (1981) 249.
    """
    one, two = e.const(1.0, x.dtype), e.const(2.0, x.dtype)
    size = at_most(e, e.intrinsic("fabs", x), BEYOND)
    u = e.div(e.sub(size, two), e.add(size, two))
    bell = e.div(horner(e, u, ERFCX), e.fma(two, size, one))
    square = e.mul(size, size)
    lost = e.fma(size, size, e.neg(square))
    y = e.mul(exp(e, e.neg(square)), fused_sub(e, lost, bell, bell))
    return e.select(e.compare("lt", x, e.const(0.0, x.dtype)), e.sub(two, y), y)


@by_double
def erfinv(e: LaneCode, x: Lanes) -> Lanes:
    """x times a polynomial in w = -log(1 - x**2), or in its root; infinite at 1, NaN beyond.

    Source: Giles, "Approximating the erfinv function", GPU Computing Gems (2011) 109.
    """
    one, size = e.const(1.0, x.dtype), e.intrinsic("fabs", x)
    w = e.neg(log(e, e.mul(e.sub(one, size), e.add(one, size))))
    root = e.intrinsic("sqrt", w)

    def part(t: Lanes, middle: float, half: float, coefficients: tuple[float, ...]) -> Lanes:
        return horner(e, e.fma(t, e.const(1.0 / half, x.dtype), e.const(-middle / half, x.dtype)), coefficients)

    far = e.select(
        e.compare("gt", root, e.const(4.0, x.dtype)), part(root, 5.125, 1.125, ERFINV_FARTHER), part(root, 3.25, 0.75, ERFINV_FAR)
    )
    y = e.select(e.compare("gt", w, e.const(6.25, x.dtype)), far, part(w, 3.125, 3.125, ERFINV_NEAR))
    y = e.select(e.compare("eq", size, one), e.const(math.inf, x.dtype), y)
    return e.mul(x, e.select(e.compare("gt", size, one), e.const(math.nan, x.dtype), y))
