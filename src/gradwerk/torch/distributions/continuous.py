"""Distributions of one number: normal, uniform, exponential, Laplace."""
# mypy: disable-error-code="no-any-return"
# Functions of ops speak of any operand; what they give for a Tensor is a Tensor.

from __future__ import annotations

import math
from typing import Any

from gradwerk.base.errors import ArgumentError
from gradwerk.tensor.random import default_generator
from gradwerk.torch.distributions import constraints
from gradwerk.torch.distributions.distribution import EMPTY, Distribution, Shape, Value, broadcast_all
from gradwerk.torch.drawing import as_tensor
from gradwerk.torch.shapes import Size
from gradwerk.torch.tensors import Tensor

# ruff: noqa: FBT001  torch's signatures
HALF_LOG_TAU = 0.5 * math.log(2 * math.pi)


def shape_of(parameter: Tensor, *given: Any) -> Size:  # noqa: ANN401
    """The shape of the parameters; () where all are numbers."""
    return parameter.shape if any(isinstance(one, Tensor) for one in given) else EMPTY


def units(shape: Size, like: Tensor) -> Tensor:
    """Uniform numbers from 0 to 1, without a gradient."""
    drawn: Tensor = as_tensor(Tensor, default_generator().uniform(shape, dtype=like.dtype))
    return drawn


def normals(shape: Size, like: Tensor) -> Tensor:
    """Normal numbers, without a gradient."""
    drawn: Tensor = as_tensor(Tensor, default_generator().normal(shape, dtype=like.dtype))
    return drawn


class Normal(Distribution):
    """exp(-((x - loc) / scale)^2 / 2) / (scale sqrt(2 pi)).  Raises: ArgumentError for a scale that is not above 0."""

    arg_constraints = {"loc": constraints.real, "scale": constraints.positive}
    event_axes = {"loc": 0, "scale": 0}
    support = constraints.real
    has_rsample = True

    def __init__(self, loc: Value, scale: Value, validate_args: bool | None = None) -> None:
        self.loc, self.scale = broadcast_all(loc, scale)
        super().__init__(shape_of(self.loc, loc, scale), validate_args=validate_args)

    @property
    def mean(self) -> Tensor:
        return self.loc

    @property
    def mode(self) -> Tensor:
        return self.loc

    @property
    def stddev(self) -> Tensor:
        return self.scale

    @property
    def variance(self) -> Tensor:
        return self.scale.square()

    def rsample(self, sample_shape: Shape = EMPTY) -> Tensor:
        return normals(self._extended_shape(sample_shape), self.loc).mul(self.scale).add(self.loc)

    def log_prob(self, value: Tensor) -> Tensor:
        self._check_sample(value)
        return value.sub(self.loc).div(self.scale).square().mul(-0.5).sub(self.scale.log()).sub(HALF_LOG_TAU)

    def cdf(self, value: Tensor) -> Tensor:
        self._check_sample(value)
        return value.sub(self.loc).div(self.scale).div(math.sqrt(2)).erf().add(1).mul(0.5)

    def icdf(self, value: Tensor) -> Tensor:
        return value.mul(2).sub(1).erfinv().mul(math.sqrt(2)).mul(self.scale).add(self.loc)

    def entropy(self) -> Tensor:
        return self.scale.log().add(0.5 + HALF_LOG_TAU)


class Uniform(Distribution):
    """1 / (high - low) from low on and below high.  Raises: ArgumentError where low is not below high."""

    arg_constraints = {"low": constraints.dependent, "high": constraints.dependent}
    event_axes = {"low": 0, "high": 0}
    has_rsample = True

    def __init__(self, low: Value, high: Value, validate_args: bool | None = None) -> None:
        self.low, self.high = broadcast_all(low, high)
        super().__init__(shape_of(self.low, low, high), validate_args=validate_args)
        if self._validate_args:
            self._check_ends()

    def _check_ends(self) -> None:
        if not bool(self.low.lt(self.high).all()):
            raise ArgumentError("Uniform is not defined when low>= high")

    @property
    def support(self) -> Any:  # noqa: ANN401  it depends on the parameters
        return constraints.interval(self.low, self.high)

    @property
    def mean(self) -> Tensor:
        return self.high.add(self.low).div(2)

    @property
    def mode(self) -> Tensor:
        return self.high.mul(float("nan"))

    @property
    def stddev(self) -> Tensor:
        return self.high.sub(self.low).div(math.sqrt(12))

    @property
    def variance(self) -> Tensor:
        return self.high.sub(self.low).square().div(12)

    def rsample(self, sample_shape: Shape = EMPTY) -> Tensor:
        return units(self._extended_shape(sample_shape), self.low).mul(self.high.sub(self.low)).add(self.low)

    def log_prob(self, value: Tensor) -> Tensor:
        self._check_sample(value)
        inside = value.ge(self.low).logical_and(value.lt(self.high)).to(self.low.dtype)
        return inside.log().sub(self.high.sub(self.low).log())

    def cdf(self, value: Tensor) -> Tensor:
        self._check_sample(value)
        return value.sub(self.low).div(self.high.sub(self.low)).clamp(0, 1)

    def icdf(self, value: Tensor) -> Tensor:
        return value.mul(self.high.sub(self.low)).add(self.low)

    def entropy(self) -> Tensor:
        return self.high.sub(self.low).log()


class Exponential(Distribution):
    """rate exp(-rate x), from 0 on.  Raises: ArgumentError for a rate that is not above 0."""

    arg_constraints = {"rate": constraints.positive}
    event_axes = {"rate": 0}
    support = constraints.nonnegative
    has_rsample = True

    def __init__(self, rate: Value, validate_args: bool | None = None) -> None:
        (self.rate,) = broadcast_all(rate)
        super().__init__(shape_of(self.rate, rate), validate_args=validate_args)

    @property
    def mean(self) -> Tensor:
        return self.rate.reciprocal()

    @property
    def mode(self) -> Tensor:
        return self.rate.mul(0)

    @property
    def stddev(self) -> Tensor:
        return self.rate.reciprocal()

    @property
    def variance(self) -> Tensor:
        return self.rate.pow(-2)

    def rsample(self, sample_shape: Shape = EMPTY) -> Tensor:
        return units(self._extended_shape(sample_shape), self.rate).neg().log1p().neg().div(self.rate)

    def log_prob(self, value: Tensor) -> Tensor:
        self._check_sample(value)
        return self.rate.log().sub(self.rate.mul(value))

    def cdf(self, value: Tensor) -> Tensor:
        self._check_sample(value)
        return self.rate.neg().mul(value).exp().neg().add(1)

    def icdf(self, value: Tensor) -> Tensor:
        return value.neg().log1p().neg().div(self.rate)

    def entropy(self) -> Tensor:
        return self.rate.log().neg().add(1)


class Laplace(Distribution):
    """exp(-|x - loc| / scale) / (2 scale).  Raises: ArgumentError for a scale that is not above 0."""

    arg_constraints = {"loc": constraints.real, "scale": constraints.positive}
    event_axes = {"loc": 0, "scale": 0}
    support = constraints.real
    has_rsample = True

    def __init__(self, loc: Value, scale: Value, validate_args: bool | None = None) -> None:
        self.loc, self.scale = broadcast_all(loc, scale)
        super().__init__(shape_of(self.loc, loc, scale), validate_args=validate_args)

    @property
    def mean(self) -> Tensor:
        return self.loc

    @property
    def mode(self) -> Tensor:
        return self.loc

    @property
    def variance(self) -> Tensor:
        return self.scale.square().mul(2)

    @property
    def stddev(self) -> Tensor:
        return self.scale.mul(math.sqrt(2))

    def rsample(self, sample_shape: Shape = EMPTY) -> Tensor:
        u = units(self._extended_shape(sample_shape), self.loc).mul(2).sub(1)
        return self.loc.sub(self.scale.mul(u.sign()).mul(u.abs().neg().log1p()))

    def log_prob(self, value: Tensor) -> Tensor:
        self._check_sample(value)
        return self.scale.mul(2).log().neg().sub(value.sub(self.loc).abs().div(self.scale))

    def cdf(self, value: Tensor) -> Tensor:
        self._check_sample(value)
        away = value.sub(self.loc)
        return away.sign().mul(away.abs().neg().div(self.scale).expm1()).mul(-0.5).add(0.5)

    def icdf(self, value: Tensor) -> Tensor:
        term = value.sub(0.5)
        return self.loc.sub(self.scale.mul(term.sign()).mul(term.abs().mul(-2).log1p()))

    def entropy(self) -> Tensor:
        return self.scale.mul(2).log().add(1)
