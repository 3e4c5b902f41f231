"""lgamma, digamma and cot(pi x) as vector code, in f64.

Between 1/2 and 4 one polynomial, of a quotient that has no zeros there: so both keep their digits at 1, at 2 and at digamma's root.  Above
Stirling's series, as a polynomial; below one step of the recurrence; of negative numbers the reflection, by sines whose argument is reduced
exactly.
"""

from __future__ import annotations

import math

from gradwerk.compiler.llvm.coefficients import DIGAMMA, DIGAMMA_LARGE, LGAMMA, LGAMMA_LARGE, SIN_PI
from gradwerk.compiler.llvm.exponentials import by_double
from gradwerk.compiler.llvm.lane_code import LaneCode, Lanes
from gradwerk.compiler.llvm.math import horner, log

ROOT = (1.4616321449683622, 9.549995429965697e-17)
"""The positive root of digamma, in two parts."""
MIDDLE = math.sqrt(2.0)
SPREAD = (4.0 + MIDDLE) / (4.0 - MIDDLE)
LOG_PI = 1.1447298858494002
HALF_LOG_TWO_PI = 0.9189385332046728


def _rest_of_turn(e: LaneCode, x: Lanes) -> Lanes:
    """x less the whole number next to it, exact."""
    return e.sub(x, e.intrinsic("roundeven", x))


def _sin_pi(e: LaneCode, r: Lanes) -> Lanes:
    """sin(pi r) for |r| <= 1/2."""
    return e.mul(r, horner(e, e.mul(r, r), SIN_PI))


@by_double
def cot_pi(e: LaneCode, x: Lanes) -> Lanes:
    """1 / tan(pi x); NaN where x is whole, but infinite at 0."""
    r = _rest_of_turn(e, x)
    zero = e.const(0.0, x.dtype)
    y = e.div(_sin_pi(e, e.sub(e.const(0.5, x.dtype), e.intrinsic("fabs", r))), _sin_pi(e, r))
    pole = e.bit_and(e.compare("eq", r, zero), e.compare("ne", x, zero))
    return e.select(pole, e.const(math.nan, x.dtype), y)


def _near(e: LaneCode, x: Lanes, small: Lanes) -> tuple[Lanes, Lanes]:
    """x, one more where it is `small`, and the variable of the polynomials there."""
    s = e.select(small, e.add(x, e.const(1.0, x.dtype)), x)
    middle = e.const(MIDDLE, x.dtype)
    return s, e.mul(e.div(e.sub(s, middle), e.add(s, middle)), e.const(SPREAD, x.dtype))


@by_double
def lgamma(e: LaneCode, x: Lanes) -> Lanes:
    """log|gamma(x)|; infinite at 0, below it where x is whole, and of infinity."""
    zero, one, half = (e.const(value, x.dtype) for value in (0.0, 1.0, 0.5))
    size = e.intrinsic("fabs", x)
    logarithm = log(e, size)
    small = e.compare("lt", size, half)
    s, u = _near(e, size, small)
    zeros = e.mul(e.sub(s, one), e.sub(s, e.const(2.0, x.dtype)))
    near = e.fma(zeros, horner(e, u, LGAMMA), e.select(small, e.neg(logarithm), zero))
    inverse = e.div(one, size)
    series = e.mul(inverse, horner(e, e.mul(inverse, inverse), LGAMMA_LARGE))
    far = e.fma(e.sub(size, half), e.sub(logarithm, one), e.add(e.const(HALF_LOG_TWO_PI - 0.5, x.dtype), series))
    y = e.select(e.compare("gt", size, e.const(4.0, x.dtype)), far, near)
    rest = _rest_of_turn(e, size)
    wave = log(e, e.intrinsic("fabs", _sin_pi(e, rest)))
    reflected = e.sub(e.sub(e.sub(e.const(LOG_PI, x.dtype), logarithm), wave), y)
    y = e.select(e.compare("lt", x, zero), reflected, y)
    infinite = e.const(math.inf, x.dtype)
    pole = e.bit_and(e.compare("le", x, zero), e.compare("eq", rest, zero))
    return e.select(e.bit_or(e.compare("eq", size, infinite), pole), infinite, y)


@by_double
def digamma(e: LaneCode, x: Lanes) -> Lanes:
    """The derivative of log(gamma(x)); infinite at 0, of the other sign, NaN below where x is whole."""
    zero, one, half = (e.const(value, x.dtype) for value in (0.0, 1.0, 0.5))
    negative = e.compare("lt", x, zero)
    p = e.select(negative, e.sub(one, x), x)
    small = e.compare("lt", p, half)
    s, u = _near(e, p, small)
    near = e.mul(e.sub(e.sub(s, e.const(ROOT[0], x.dtype)), e.const(ROOT[1], x.dtype)), horner(e, u, DIGAMMA))
    inverse = e.div(one, p)
    z = e.mul(inverse, inverse)
    far = e.sub(e.sub(log(e, p), e.mul(inverse, half)), e.mul(z, horner(e, z, DIGAMMA_LARGE)))
    y = e.sub(e.select(e.compare("gt", p, e.const(4.0, x.dtype)), far, near), e.select(small, inverse, zero))
    return e.sub(y, e.select(negative, e.mul(cot_pi(e, x), e.const(math.pi, x.dtype)), zero))
