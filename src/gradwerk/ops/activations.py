"""Activations: what the outputs of a layer go through, element by element.

Where a derivative is not defined it is PyTorch's; each function says which.
"""
# mypy: disable-error-code="override"
# A member of a kind takes as many arguments as its formula has; the kind is variadic.

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np

from gradwerk.base import dtypes
from gradwerk.ir.emit import Emitter, Scalar
from gradwerk.ir.op import Array, Example, Grads, Operand, Unary, typed
from gradwerk.ops.arithmetic import mul, where
from gradwerk.ops.compare import greater
from gradwerk.ops.transcendental import exp

SELU_ALPHA = 1.6732632423543772848170429916717
SELU_SCALE = 1.0507009873554804934193349852946
"""Source: Klambauer et al., 2017, "Self-normalizing neural networks"."""


@final
@dataclass(frozen=True)
class Elu(Unary):
    """scale * x above 0, else scale * alpha * (e**(slope * x) - 1), which keeps the digits of small results.

    An op and not a choice of two formulas, of which the one that is not chosen overflows.  The derivative at 0 is that from below.
    Shape: that of x.  Dtype: floating, kept.  Error: f32 within 4 ulp.
    """

    accepts = dtypes.FLOATS
    alpha: float = 1.0
    scale: float = 1.0
    slope: float = 1.0

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (cls(), (typed(5, 17),)), (cls(SELU_ALPHA, SELU_SCALE, 0.5), (typed(3),))

    def vjp(self, ct: Operand, y: Operand, x: Operand) -> Grads:
        above = greater(x, 0)
        below = mul(exp(mul(where(above, 0, x), self.slope)), self.scale * self.alpha * self.slope)
        return (mul(ct, where(above, self.scale, below)),)

    def emit(self, e: Emitter, x: Scalar) -> Scalar:
        def of(value: float) -> Scalar:
            return e.const(value, e.dtype(x))

        half = e.math("tanh", e.mul(x, of(self.slope / 2)))  # t of x / 2, and e**x - 1 is 2 t / (1 - t)
        raised = e.div(e.add(half, half), e.sub(of(1.0), half))
        return e.select(e.compare("gt", x, of(0.0)), e.mul(x, of(self.scale)), e.mul(raised, of(self.scale * self.alpha)))

    def reference(self, x: Array) -> Array:
        one = x.dtype.type
        raised = np.expm1(np.where(x > 0, one(0), x) * one(self.slope)) * one(self.scale * self.alpha)
        return np.asarray(np.where(x > 0, x * one(self.scale), raised))


def elu(x: Operand, alpha: float = 1.0) -> Operand:
    """x above 0, else alpha (e**x - 1).  Source: Clevert et al., arXiv:1511.07289."""
    return Elu(float(alpha))(x)
