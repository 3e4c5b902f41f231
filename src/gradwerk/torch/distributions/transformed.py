"""torch.distributions.TransformedDistribution, and LogNormal, which is one."""
# mypy: disable-error-code="no-any-return"
# Functions of ops speak of any operand; what they give for a Tensor is a Tensor.

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gradwerk.base.errors import ArgumentError
from gradwerk.tensor.grad import no_grad
from gradwerk.torch.distributions import constraints
from gradwerk.torch.distributions.continuous import Normal
from gradwerk.torch.distributions.distribution import EMPTY, Distribution, Shape, Value, sum_rightmost
from gradwerk.torch.distributions.transforms import ComposeTransform, ExpTransform, Transform
from gradwerk.torch.tensors import Tensor

# ruff: noqa: FBT001  torch's signatures


class TransformedDistribution(Distribution):
    """t(x) of another's x: log_prob(y) = base.log_prob(x) - log |dy / dx|.  Raises: ArgumentError for what is no transform."""

    def __init__(
        self, base_distribution: Distribution, transforms: Transform | Sequence[Transform], validate_args: bool | None = None
    ) -> None:
        self.transforms = [transforms] if isinstance(transforms, Transform) else [*transforms] if isinstance(transforms, Sequence) else []
        if not isinstance(transforms, Transform | Sequence) or not all(isinstance(one, Transform) for one in self.transforms):
            raise ArgumentError(f"transforms must be a Transform or list, but was {transforms!r}")
        self.base_dist = base_distribution
        whole = (*base_distribution.batch_shape, *base_distribution.event_shape)
        count = max([len(base_distribution.event_shape), *(one.codomain.event_dim for one in self.transforms)])
        super().__init__(whole[: len(whole) - count], whole[len(whole) - count :], validate_args=validate_args)

    def expand(self, batch_shape: Shape, _instance: Any = None) -> TransformedDistribution:  # noqa: ANN401
        extra = self.event_shape[: len(self.event_shape) - len(self.base_dist.event_shape)]
        return TransformedDistribution(self.base_dist.expand((*batch_shape, *extra)), self.transforms, validate_args=False)

    @property
    def has_rsample(self) -> bool:  # type: ignore[override]  # that of the base
        return self.base_dist.has_rsample

    @property
    def support(self) -> Any:  # noqa: ANN401  that of the last transform
        if not self.transforms:
            return self.base_dist.support
        found = self.transforms[-1].codomain
        more = len(self.event_shape) - found.event_dim
        return constraints.independent(found, more) if more > 0 else found

    def sample(self, sample_shape: Shape = EMPTY) -> Tensor:
        with no_grad():
            return ComposeTransform(self.transforms)(self.base_dist.sample(sample_shape))

    def rsample(self, sample_shape: Shape = EMPTY) -> Tensor:
        return ComposeTransform(self.transforms)(self.base_dist.rsample(sample_shape))

    def log_prob(self, value: Tensor) -> Tensor:
        self._check_sample(value)
        count, y = len(self.event_shape), value
        stretched: Tensor | None = None
        for one in reversed(self.transforms):
            x = one.inv(y)
            part = sum_rightmost(one.log_abs_det_jacobian(x, y), count - one.domain.event_dim)
            stretched = part if stretched is None else stretched.add(part)
            y = x
        found = sum_rightmost(self.base_dist.log_prob(y), count - len(self.base_dist.event_shape))
        return found if stretched is None else found.sub(stretched)

    def _sign(self) -> Any:  # noqa: ANN401
        return ComposeTransform(self.transforms).sign

    def cdf(self, value: Tensor) -> Tensor:
        self._check_sample(value)
        sign = self._sign()
        return self.base_dist.cdf(ComposeTransform(self.transforms).inv(value)).sub(0.5).mul(sign).add(0.5)

    def icdf(self, value: Tensor) -> Tensor:
        turned = value.sub(0.5).mul(self._sign()).add(0.5)
        return ComposeTransform(self.transforms)(self.base_dist.icdf(turned))


class LogNormal(TransformedDistribution):
    """e to the power of a normal number of mean `loc` and deviation `scale`.  Raises: ArgumentError for a scale that is not above 0."""

    arg_constraints = {"loc": constraints.real, "scale": constraints.positive}
    support = constraints.positive

    def __init__(self, loc: Value, scale: Value, validate_args: bool | None = None) -> None:
        base = Normal(loc, scale, validate_args=validate_args)
        super().__init__(base, ExpTransform(), validate_args=validate_args)

    def expand(self, batch_shape: Shape, _instance: Any = None) -> LogNormal:  # noqa: ANN401
        base = self.base_dist.expand(batch_shape)
        return type(self)(base.loc, base.scale, validate_args=False)  # type: ignore[attr-defined]  # a Normal has both

    @property
    def loc(self) -> Tensor:
        """The mean of the logarithm."""
        return self.base_dist.mean

    @property
    def scale(self) -> Tensor:
        """The deviation of the logarithm."""
        return self.base_dist.stddev

    @property
    def mean(self) -> Tensor:
        return self.loc.add(self.scale.square().div(2)).exp()

    @property
    def mode(self) -> Tensor:
        return self.loc.sub(self.scale.square()).exp()

    @property
    def variance(self) -> Tensor:
        squared = self.scale.square()
        return squared.expm1().mul(self.loc.mul(2).add(squared).exp())

    def entropy(self) -> Tensor:
        return self.base_dist.entropy().add(self.loc)

    def __repr__(self) -> str:
        return f"LogNormal({repr(self.base_dist).partition('(')[2]}"
