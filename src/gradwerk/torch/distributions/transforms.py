"""torch.distributions.transforms: maps that can be undone, and the logarithms of what they stretch."""
# mypy: disable-error-code="no-any-return"
# Functions of ops speak of any operand; what they give for a Tensor is a Tensor.

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from gradwerk.torch.distributions import constraints
from gradwerk.torch.distributions.distribution import sum_rightmost
from gradwerk.torch.nn.activations import softplus
from gradwerk.torch.tensors import Tensor

LOG_2 = math.log(2.0)


class Transform:
    """y = t(x), its inverse `t.inv`, and log |dy / dx| (`log_abs_det_jacobian(x, y)`)."""

    domain: constraints.Constraint = constraints.real
    codomain: constraints.Constraint = constraints.real
    bijective = True
    sign: Any = 1
    """1 where it rises, -1 where it falls."""

    def __init__(self, cache_size: int = 0) -> None:
        self.cache_size = cache_size

    def __call__(self, x: Tensor) -> Tensor:
        return self._call(x)

    def _call(self, x: Tensor) -> Tensor:
        """The map."""
        return x

    def _inverse(self, y: Tensor) -> Tensor:
        """Its inverse."""
        return y

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        """log |dy / dx|."""
        return x.mul(0)

    @property
    def inv(self) -> Transform:
        """The inverse."""
        return _InverseTransform(self)

    def forward_shape(self, shape: Sequence[int]) -> Sequence[int]:
        """The shape of y."""
        return shape

    def inverse_shape(self, shape: Sequence[int]) -> Sequence[int]:
        """The shape of x."""
        return shape

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and vars(self) == vars(other)

    __hash__ = object.__hash__

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class _InverseTransform(Transform):
    def __init__(self, transform: Transform) -> None:
        super().__init__()
        self._inv = transform
        self.domain, self.codomain, self.sign = transform.codomain, transform.domain, transform.sign

    def _call(self, x: Tensor) -> Tensor:
        return self._inv._inverse(x)

    def _inverse(self, y: Tensor) -> Tensor:
        return self._inv(y)

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        return self._inv.log_abs_det_jacobian(y, x).neg()

    @property
    def inv(self) -> Transform:
        return self._inv

    def __repr__(self) -> str:
        return f"_InverseTransform({self._inv!r})"


class ExpTransform(Transform):
    """exp(x)."""

    codomain = constraints.positive

    def _call(self, x: Tensor) -> Tensor:
        return x.exp()

    def _inverse(self, y: Tensor) -> Tensor:
        return y.log()

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        return x


class AffineTransform(Transform):
    """loc + scale x; `event_dim` axes are one value."""

    def __init__(self, loc: Any, scale: Any, event_dim: int = 0, cache_size: int = 0) -> None:  # noqa: ANN401  numbers or Tensors
        super().__init__(cache_size)
        self.loc, self.scale, self.event_dim = loc, scale, event_dim
        if event_dim:
            self.domain = self.codomain = constraints.independent(constraints.real, event_dim)

    @property
    def sign(self) -> Any:  # noqa: ANN401  it depends on the scale
        return self.scale.sign() if isinstance(self.scale, Tensor) else (self.scale > 0) - (self.scale < 0)

    def _call(self, x: Tensor) -> Tensor:
        return x.mul(self.scale).add(self.loc)

    def _inverse(self, y: Tensor) -> Tensor:
        return y.sub(self.loc).div(self.scale)

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        stretched = x.mul(0).add(self.scale.abs().log() if isinstance(self.scale, Tensor) else math.log(abs(self.scale)))
        return sum_rightmost(stretched, self.event_dim)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, AffineTransform):
            return False
        pairs = ((self.loc, other.loc), (self.scale, other.scale))
        return all(bool(a.eq(b).all()) if isinstance(a, Tensor) else bool(a == b) for a, b in pairs)

    __hash__ = object.__hash__


class PowerTransform(Transform):
    """x ** exponent, above 0."""

    domain = codomain = constraints.positive

    def __init__(self, exponent: Any, cache_size: int = 0) -> None:  # noqa: ANN401  a number or a Tensor
        super().__init__(cache_size)
        self.exponent = exponent

    def _call(self, x: Tensor) -> Tensor:
        return x.pow(self.exponent)

    def _inverse(self, y: Tensor) -> Tensor:
        return y.pow(1 / self.exponent)

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        return y.mul(self.exponent).div(x).abs().log()


class SigmoidTransform(Transform):
    """1 / (1 + exp(-x))."""

    codomain = constraints.unit_interval

    def _call(self, x: Tensor) -> Tensor:
        return x.sigmoid()

    def _inverse(self, y: Tensor) -> Tensor:
        return y.log().sub(y.neg().log1p())

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        return softplus(x.neg()).neg().sub(softplus(x))


class TanhTransform(Transform):
    """tanh(x)."""

    codomain = constraints.interval(-1.0, 1.0)

    def _call(self, x: Tensor) -> Tensor:
        return x.tanh()

    def _inverse(self, y: Tensor) -> Tensor:
        return y.atanh()

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        return x.neg().add(LOG_2).sub(softplus(x.mul(-2.0))).mul(2.0)


class SoftplusTransform(Transform):
    """log(1 + exp(x))."""

    codomain = constraints.positive

    def _call(self, x: Tensor) -> Tensor:
        return softplus(x)

    def _inverse(self, y: Tensor) -> Tensor:
        return y.neg().expm1().neg().log().add(y)

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        return softplus(x.neg()).neg()


class ComposeTransform(Transform):
    """Several, one after another."""

    def __init__(self, parts: Sequence[Transform], cache_size: int = 0) -> None:
        super().__init__(cache_size)
        self.parts = [*parts]
        if self.parts:
            self.domain, self.codomain = self.parts[0].domain, self.parts[-1].codomain

    @property
    def sign(self) -> Any:  # noqa: ANN401  that of the parts
        found: Any = 1
        for part in self.parts:
            found = found * part.sign
        return found

    def _call(self, x: Tensor) -> Tensor:
        for part in self.parts:
            x = part(x)
        return x

    def _inverse(self, y: Tensor) -> Tensor:
        for part in reversed(self.parts):
            y = part._inverse(y)
        return y

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        most = max((part.domain.event_dim for part in self.parts), default=0)
        found: Tensor | None = None
        for part in self.parts:
            x, former = part(x), x
            stretched = sum_rightmost(part.log_abs_det_jacobian(former, x), most - part.domain.event_dim)
            found = stretched if found is None else found.add(stretched)
        return x.mul(0) if found is None else found

    def __repr__(self) -> str:
        return "\n".join(["ComposeTransform(", *(f"    {part!r}," for part in self.parts), ")"])


identity_transform = ComposeTransform([])
