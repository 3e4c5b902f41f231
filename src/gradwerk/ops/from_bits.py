"""Random numbers and decisions from random bits (ops/random.py), element by element; other distributions: ops/distributions.py."""

from __future__ import annotations

import math

from gradwerk.base import dtypes
from gradwerk.base.dtypes import DType
from gradwerk.base.errors import ArgumentError
from gradwerk.ir.op import Operand
from gradwerk.ops.arithmetic import cast, mul, sub, where
from gradwerk.ops.compare import greater_equal, less
from gradwerk.ops.random import shift_right
from gradwerk.ops.transcendental import cos, log, sqrt


def uniform(bits: Operand, dtype: DType = dtypes.float32) -> Operand:
    """Numbers in [0, 1) from uint32, of as many bits as the dtype holds and at most 32: none is rounded up to 1.  Shape: that of bits."""
    if dtype != dtypes.float64:
        held, wide = 1 - round(math.log2(dtypes.limits(dtype).eps)), dtypes.accumulator(dtype)
        return cast(mul(cast(cast(shift_right(bits, 32 - held), dtypes.int32), wide), 2.0**-held), dtype)
    return mul(cast(bits, dtype), 2.0**-32)


def normal(first: Operand, second: Operand, dtype: DType = dtypes.float32) -> Operand:
    """Normal numbers from two arrays of uint32.  Shape: theirs.  Source: Box, Muller, Ann. Math. Stat. 29 (1958) 610."""
    if dtypes.is_narrow(dtype):
        return cast(normal(first, second, dtypes.accumulator(dtype)), dtype)
    radius = sqrt(mul(log(sub(1, uniform(first, dtype))), -2))
    return mul(radius, cos(mul(uniform(second, dtype), 2 * math.pi)))


def keep_mask(bits: Operand, rate: float) -> Operand:
    """True with probability 1 - rate.  Shape: that of bits, uint32.  Raises: ArgumentError unless 0 <= rate <= 1."""
    if not 0 <= rate <= 1:
        raise ArgumentError(f"a rate lies between 0 and 1, not {rate}")
    if rate == 1:
        return less(bits, 0)
    return greater_equal(bits, min(round(rate * 2**32), 2**32 - 1))


def dropout(x: Operand, bits: Operand, rate: float) -> Operand:
    """x / (1 - rate) with probability 1 - rate, else 0.  Shape: that of x and bits.  Source: Srivastava et al., JMLR 15 (2014) 1929."""
    return where(keep_mask(bits, rate), mul(x, 1 / (1 - rate) if rate < 1 else 0), 0)
