"""Modified Bessel functions of the first kind, orders 0 and 1, plain and times e**-|x|, as vector code, in f64: at most 3 ulp."""

from __future__ import annotations

import math

from gradwerk.compiler.llvm.coefficients import I0_LARGE, I0_SMALL, I1_LARGE, I1_SMALL
from gradwerk.compiler.llvm.exponentials import by_double
from gradwerk.compiler.llvm.lane_code import LaneCode, Lanes
from gradwerk.compiler.llvm.math import exp, horner

BORDER = 8.0


def _falling(e: LaneCode, size: Lanes, order: int) -> Lanes:
    """e**-x I(x) for x >= 0: a polynomial in x, beyond 8 one in 1 / x by the root of x."""
    one = e.const(1.0, size.dtype)
    near = horner(e, e.fma(size, e.const(0.25, size.dtype), e.const(-1.0, size.dtype)), I1_SMALL if order else I0_SMALL)
    far = horner(e, e.sub(e.div(e.const(2 * BORDER, size.dtype), size), one), I1_LARGE if order else I0_LARGE)
    near = e.mul(near, size) if order else near
    return e.select(e.compare("gt", size, e.const(BORDER, size.dtype)), e.div(far, e.intrinsic("sqrt", size)), near)


@by_double
def i0e(e: LaneCode, x: Lanes) -> Lanes:
    """e**-|x| I0(x)."""
    return _falling(e, e.intrinsic("fabs", x), 0)


@by_double
def i1e(e: LaneCode, x: Lanes) -> Lanes:
    """e**-|x| I1(x)."""
    return e.intrinsic("copysign", _falling(e, e.intrinsic("fabs", x), 1), x)


@by_double
def i0(e: LaneCode, x: Lanes) -> Lanes:
    """I0(x)."""
    size = e.intrinsic("fabs", x)
    return _grown(e, _falling(e, size, 0), size)


@by_double
def i1(e: LaneCode, x: Lanes) -> Lanes:
    """I1(x)."""
    size = e.intrinsic("fabs", x)
    return e.intrinsic("copysign", _grown(e, _falling(e, size, 1), size), x)


def _grown(e: LaneCode, y: Lanes, size: Lanes) -> Lanes:
    """y e**size, which may be finite where e**size is not: then by two factors."""
    far = e.compare("gt", size, e.const(700.0, size.dtype))
    half = exp(e, e.select(far, e.mul(size, e.const(0.5, size.dtype)), size))
    made = e.mul(y, half)
    made = e.select(far, e.mul(made, half), made)
    return e.select(e.compare("gt", size, e.const(720.0, size.dtype)), e.const(math.inf, size.dtype), made)
