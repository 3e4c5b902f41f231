"""The functions that scalar code names (`Emitter.math`), and what makes vector code of each."""

from __future__ import annotations

from collections.abc import Callable

from gradwerk.compiler.llvm import arcs, bessel, divisors, error_functions, exponentials, gammas, math, power, remainders
from gradwerk.compiler.llvm.lane_code import LaneCode, Lanes


def _rounded(stem: str) -> Callable[[LaneCode, Lanes], Lanes]:
    """An intrinsic that rounds to whole numbers."""
    return lambda e, x: e.intrinsic(stem, x)


FUNCTIONS: dict[str, Callable[..., Lanes]] = {
    "exp": math.exp, "log": math.log, "tanh": math.tanh, "sigmoid": math.sigmoid, "erf": math.erf, "sin": math.sin, "cos": math.cos,
    "sqrt": math.sqrt, "rsqrt": math.rsqrt, "abs": math.magnitude,
    "floor": math.floor, "ceil": _rounded("ceil"), "trunc": _rounded("trunc"), "round": _rounded("roundeven"),
    "expm1": exponentials.expm1, "exp2": exponentials.exp2, "log1p": exponentials.log1p, "log2": exponentials.log2,
    "log10": exponentials.log10, "cbrt": exponentials.cbrt, "sinh": exponentials.sinh, "cosh": exponentials.cosh,
    "asinh": exponentials.asinh, "acosh": exponentials.acosh, "atanh": exponentials.atanh,
    "tan": arcs.tan, "asin": arcs.asin, "acos": arcs.acos, "atan": arcs.atan, "atan2": arcs.atan2, "hypot": arcs.hypot,
    "erfc": error_functions.erfc, "erfinv": error_functions.erfinv,
    "lgamma": gammas.lgamma, "digamma": gammas.digamma, "cot_pi": gammas.cot_pi,
    "i0": bessel.i0, "i1": bessel.i1, "i0e": bessel.i0e, "i1e": bessel.i1e,
    "gcd": divisors.gcd, "power": power.power, "fmod": remainders.fmod,
}  # fmt: skip
