"""Distributions of yes and no, and of counts: Bernoulli, binomial, geometric, Poisson.  Probabilities, or logits log(p / (1 - p))."""
# mypy: disable-error-code="no-any-return"
# Functions of ops speak of any operand; what they give for a Tensor is a Tensor.

from __future__ import annotations

from functools import cached_property
from typing import Any

from gradwerk.base.dtypes import limits
from gradwerk.base.errors import ArgumentError
from gradwerk.tensor import draws
from gradwerk.tensor.grad import no_grad
from gradwerk.tensor.random import default_generator
from gradwerk.torch.creation import arange
from gradwerk.torch.distributions import constraints
from gradwerk.torch.distributions.continuous import shape_of, units
from gradwerk.torch.distributions.distribution import EMPTY, Distribution, Shape, Value, broadcast_all
from gradwerk.torch.drawing import as_tensor
from gradwerk.torch.nn.activations import softplus
from gradwerk.torch.tensors import Tensor

# ruff: noqa: FBT001, FBT002  torch's signatures


def one_of(probs: Any, logits: Any) -> None:  # noqa: ANN401
    """Raises: ArgumentError unless one of the two is given."""
    if (probs is None) == (logits is None):
        raise ArgumentError("Either `probs` or `logits` must be specified, but not both.")


def inside(probs: Tensor) -> Tensor:
    """Probabilities that are neither 0 nor 1."""
    eps = limits(probs.dtype).eps
    return probs.clamp(eps, 1 - eps)


def to_logits(probs: Tensor) -> Tensor:
    """log(p / (1 - p))."""
    held = inside(probs)
    return held.log().sub(held.neg().log1p())


class Yes(Distribution):
    """The base of those with a probability: each of `probs` and `logits` is made of the other when it is asked for."""

    def _held(self, probs: Value, logits: Value) -> Tensor:
        """The parameter that was given, kept under its name.  Raises: ArgumentError for both or none."""
        one_of(probs, logits)
        (held,) = broadcast_all(logits if probs is None else probs)
        vars(self)["logits" if probs is None else "probs"] = held
        return held

    @cached_property
    def probs(self) -> Tensor:
        """The probability."""
        return self.logits.sigmoid()

    @cached_property
    def logits(self) -> Tensor:
        """log(p / (1 - p))."""
        return to_logits(self.probs)

    @property
    def param_shape(self) -> Any:  # noqa: ANN401
        """The shape of the parameter."""
        return self.logits.shape


class Bernoulli(Yes):
    """1 with probability p, else 0.  Raises: ArgumentError for both or none of `probs` and `logits`, and for no probability."""

    arg_constraints = {"probs": constraints.unit_interval, "logits": constraints.real}
    event_axes = {"probs": 0, "logits": 0}
    support = constraints.boolean
    has_enumerate_support = True

    def __init__(self, probs: Value = None, logits: Value = None, validate_args: bool | None = None) -> None:
        held = self._held(probs, logits)
        super().__init__(shape_of(held, probs, logits), validate_args=validate_args)

    @property
    def mean(self) -> Tensor:
        return self.probs

    @property
    def mode(self) -> Tensor:
        return self.probs.ge(0.5).to(self.probs.dtype).masked_fill(self.probs.eq(0.5), float("nan"))

    @property
    def variance(self) -> Tensor:
        return self.probs.mul(self.probs.neg().add(1))

    def sample(self, sample_shape: Shape = EMPTY) -> Tensor:
        with no_grad():
            return units(self._extended_shape(sample_shape), self.probs).lt(self.probs).to(self.probs.dtype)

    def log_prob(self, value: Tensor) -> Tensor:
        self._check_sample(value)
        x, value = broadcast_all(self.logits, value)
        return value.mul(x).sub(softplus(x))

    def entropy(self) -> Tensor:
        x, p = self.logits, self.probs
        return softplus(x).sub(x.mul(p))

    def enumerate_support(self, expand: bool = True) -> Tensor:
        return _enumerated(self, 2, self.probs, expand)


class Geometric(Yes):
    """How often it fails before it succeeds: (1 - p)^k p.  Raises: ArgumentError for both or none of the two, and for p = 0."""

    arg_constraints = {"probs": constraints.unit_interval, "logits": constraints.real}
    event_axes = {"probs": 0, "logits": 0}
    support = constraints.nonnegative_integer

    def __init__(self, probs: Value = None, logits: Value = None, validate_args: bool | None = None) -> None:
        held = self._held(probs, logits)
        super().__init__(shape_of(held, probs, logits), validate_args=validate_args)
        if self._validate_args and probs is not None and not bool(held.gt(0).all()):
            raise ArgumentError("Expected parameter probs of distribution Geometric to be positive but found invalid values.")

    @property
    def mean(self) -> Tensor:
        return self.probs.reciprocal().sub(1)

    @property
    def mode(self) -> Tensor:
        return self.probs.mul(0)

    @property
    def variance(self) -> Tensor:
        return self.probs.reciprocal().sub(1).div(self.probs)

    def sample(self, sample_shape: Shape = EMPTY) -> Tensor:
        with no_grad():
            u = units(self._extended_shape(sample_shape), self.probs).clamp(limits(self.probs.dtype).tiny, None)
            return u.log().div(self.probs.neg().log1p()).floor()

    def log_prob(self, value: Tensor) -> Tensor:
        self._check_sample(value)
        value, p = broadcast_all(value, self.probs)
        fails = p.masked_fill(p.eq(1).logical_and(value.eq(0)), 0)
        return value.mul(fails.neg().log1p()).add(self.probs.log())

    def entropy(self) -> Tensor:
        x, p = self.logits, self.probs
        return softplus(x).sub(x.mul(p)).div(p)


class Binomial(Yes):
    """How often of `total_count` trials it succeeds.  Raises: ArgumentError for both or none of `probs` and `logits`, and for no count."""

    arg_constraints = {"total_count": constraints.nonnegative_integer, "probs": constraints.unit_interval, "logits": constraints.real}
    event_axes = {"total_count": 0, "probs": 0, "logits": 0}
    has_enumerate_support = True

    def __init__(self, total_count: Value = 1, probs: Value = None, logits: Value = None, validate_args: bool | None = None) -> None:
        one_of(probs, logits)
        name = "logits" if probs is None else "probs"
        given = logits if probs is None else probs
        held, count = broadcast_all(given, total_count)
        vars(self)[name], self.total_count = held, count.to(held.dtype)
        super().__init__(held.shape, validate_args=validate_args)

    @property
    def support(self) -> Any:  # noqa: ANN401  it depends on the count
        return constraints.integer_interval(0, self.total_count)

    @property
    def mean(self) -> Tensor:
        return self.total_count.mul(self.probs)

    @property
    def mode(self) -> Tensor:
        return self.total_count.add(1).mul(self.probs).floor().clamp(None, self.total_count)

    @property
    def variance(self) -> Tensor:
        return self.mean.mul(self.probs.neg().add(1))

    def sample(self, sample_shape: Shape = EMPTY) -> Tensor:
        shape = self._extended_shape(sample_shape)
        with no_grad():
            most = int(self.total_count.max().item()) if self.total_count.numel() else 0
            tried = units(type(shape)((most, *shape)), self.probs).lt(self.probs)
            counted = arange(most).reshape(most, *(1,) * len(shape)).lt(self.total_count)
            return tried.logical_and(counted).sum(0).to(self.probs.dtype)

    def log_prob(self, value: Tensor) -> Tensor:
        self._check_sample(value)
        count, x = self.total_count, self.logits
        ways = count.add(1).lgamma().sub(value.add(1).lgamma()).sub(count.sub(value).add(1).lgamma())
        return value.mul(x).add(ways).sub(count.mul(softplus(x)))

    def entropy(self) -> Tensor:
        count = int(self.total_count.max().item())
        if not bool(self.total_count.min().eq(count)):
            return self._undefined("entropy of different counts")
        found = self.log_prob(self.enumerate_support(expand=False))
        return found.exp().mul(found).sum(0).neg()

    def enumerate_support(self, expand: bool = True) -> Tensor:
        count = int(self.total_count.max().item())
        if not bool(self.total_count.min().eq(count)):
            return self._undefined("enumerate_support of different counts")
        return _enumerated(self, count + 1, self.probs, expand)


class Poisson(Distribution):
    """rate^k exp(-rate) / k!.  Raises: ArgumentError for a rate below 0."""

    arg_constraints = {"rate": constraints.nonnegative}
    event_axes = {"rate": 0}
    support = constraints.nonnegative_integer

    def __init__(self, rate: Value, validate_args: bool | None = None) -> None:
        (self.rate,) = broadcast_all(rate)
        super().__init__(shape_of(self.rate, rate), validate_args=validate_args)

    @property
    def mean(self) -> Tensor:
        return self.rate

    @property
    def mode(self) -> Tensor:
        return self.rate.floor()

    @property
    def variance(self) -> Tensor:
        return self.rate

    def sample(self, sample_shape: Shape = EMPTY) -> Tensor:
        shape = self._extended_shape(sample_shape)
        with no_grad():
            drawn: Tensor = as_tensor(Tensor, draws.poisson(default_generator(), self.rate, shape, self.rate.dtype))
            return drawn

    def log_prob(self, value: Tensor) -> Tensor:
        self._check_sample(value)
        rate, value = broadcast_all(self.rate, value)
        return value.xlogy(rate).sub(rate).sub(value.add(1).lgamma())


def _enumerated(distribution: Distribution, count: int, like: Tensor, expand: bool) -> Tensor:
    """0 to count - 1 along a new first axis."""
    values = arange(count).to(like.dtype).reshape(count, *(1,) * len(distribution.batch_shape))
    return values.expand(count, *distribution.batch_shape) if expand else values


