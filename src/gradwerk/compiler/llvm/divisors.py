"""The greatest common divisor of whole numbers as vector code: by shifts and differences, until no lane has a rest.

Source: Stein, "Computational problems associated with Racah algebra", J. Comput. Phys. 1 (1967) 397.
"""

from __future__ import annotations

from gradwerk.base import dtypes
from gradwerk.compiler.llvm.lane_code import LaneCode, Lanes
from gradwerk.compiler.llvm.math import any_lane
from gradwerk.compiler.llvm.values import Value, overload


def gcd(e: LaneCode, a: Lanes, b: Lanes) -> Lanes:
    """Of |a| and |b|, as bits without a sign: the lowest number's magnitude is itself, wrapped.  Of 0 and b it is |b|."""
    kept, zero, f = a.dtype, e.const(0, a.dtype), e.function
    u, v = (_magnitude(e, x) for x in (a, b))
    either = e.bit_or(u, v)
    plain = e.bit_or(e.compare("eq", a, zero), e.compare("eq", b, zero))
    odd = e.select(plain, either, _shifted(e, "lshr", u, _trailing(e, u)))

    def goes_on(_: Value, small: Value, rest: Value) -> Value:
        return any_lane(e, e.compare("ne", e.wrap(rest, kept), zero))

    with f.repeat(goes_on, odd, e.select(plain, zero, v)) as loop:
        small, rest = (e.wrap(value, kept) for value in loop.carried)
        rest = _shifted(e, "lshr", rest, _trailing(e, rest))
        smaller = e.wrap(f.intrinsic("umin", small, rest), kept)
        larger = e.wrap(f.intrinsic("umax", small, rest), kept)
        done = e.compare("eq", rest, zero)
        loop.following = [e.select(done, small, smaller), e.select(done, zero, e.sub(larger, smaller))]
    odd = e.wrap(loop.results[0], kept)
    return e.select(plain, odd, _shifted(e, "shl", odd, _trailing(e, either)))


def _magnitude(e: LaneCode, x: Lanes) -> Lanes:
    """|x|, of the lowest number itself."""
    if dtypes.is_unsigned(x.dtype):
        return x
    return e.select(e.compare("lt", x, e.const(0, x.dtype)), e.neg(x), x)


def _trailing(e: LaneCode, x: Lanes) -> Lanes:
    """How many zeros x ends with; of 0 none."""
    f, zero = e.function, e.const(0, x.dtype)
    flag = f.call(f"llvm.cttz.{overload(x.type)}", x.type, x, Value("false", "i1"))
    return e.select(e.compare("eq", x, zero), zero, e.wrap(flag, x.dtype))


def _shifted(e: LaneCode, word: str, x: Lanes, bits: Lanes) -> Lanes:
    """x moved by so many bits, zeros moving in."""
    return e.wrap(e.function.emit(f"{word} {x.type} {x.name}, {bits.name}", x.type), x.dtype)
