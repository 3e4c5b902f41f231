"""Distributions of gamma numbers: gamma, beta, Dirichlet.

Draws have no gradient: PyTorch's is that of an implicit function, which is not here yet, so `rsample` is refused by name.
"""
# mypy: disable-error-code="no-any-return"
# Functions of ops speak of any operand; what they give for a Tensor is a Tensor.

from __future__ import annotations

from gradwerk.base.errors import ArgumentError
from gradwerk.tensor import draws
from gradwerk.tensor.grad import no_grad
from gradwerk.tensor.random import default_generator
from gradwerk.torch.creation import arange
from gradwerk.torch.distributions import constraints
from gradwerk.torch.distributions.continuous import shape_of
from gradwerk.torch.distributions.distribution import EMPTY, Distribution, Shape, Value, broadcast_all
from gradwerk.torch.drawing import as_tensor
from gradwerk.torch.functions import stack, where
from gradwerk.torch.tensors import Tensor

# ruff: noqa: FBT001  torch's signatures
LEAST = 1e-37
"""What a gamma number is at least, so that its logarithm is one."""


class Gamma(Distribution):
    """rate^a x^(a-1) exp(-rate x) / gamma(a), above 0.  Raises: ArgumentError for parameters that are not above 0."""

    arg_constraints = {"concentration": constraints.positive, "rate": constraints.positive}
    event_axes = {"concentration": 0, "rate": 0}
    support = constraints.nonnegative

    def __init__(self, concentration: Value, rate: Value, validate_args: bool | None = None) -> None:
        self.concentration, self.rate = broadcast_all(concentration, rate)
        super().__init__(shape_of(self.rate, concentration, rate), validate_args=validate_args)

    @property
    def mean(self) -> Tensor:
        return self.concentration.div(self.rate)

    @property
    def mode(self) -> Tensor:
        return self.concentration.sub(1).div(self.rate).clamp(0, None)

    @property
    def variance(self) -> Tensor:
        return self.concentration.div(self.rate.square())

    def sample(self, sample_shape: Shape = EMPTY) -> Tensor:
        shape = self._extended_shape(sample_shape)
        with no_grad():
            drawn: Tensor = as_tensor(Tensor, draws.gamma(default_generator(), self.concentration, shape=shape, dtype=self.rate.dtype))
            return drawn.div(self.rate).clamp(LEAST, None)

    def log_prob(self, value: Tensor) -> Tensor:
        self._check_sample(value)
        a, rate = self.concentration, self.rate
        return a.xlogy(rate).add(a.sub(1).xlogy(value)).sub(rate.mul(value)).sub(a.lgamma())

    def entropy(self) -> Tensor:
        a = self.concentration
        return a.sub(self.rate.log()).add(a.lgamma()).add(a.neg().add(1).mul(a.digamma()))


def peak(concentration: Tensor) -> Tensor:
    """The most probable shares: (a - 1) / sum (a - 1); all of one class where each concentration is below 1."""
    above = concentration.sub(1).clamp(0, None)
    shares = above.div(above.sum(-1, keepdim=True))
    first = arange(concentration.shape[-1]).eq(shares.argmax(-1, keepdim=True)).to(shares.dtype)
    return where(concentration.lt(1).all(-1, keepdim=True), first, shares)


class Dirichlet(Distribution):
    """prod x_i^(a_i - 1) gamma(sum a) / prod gamma(a_i), of shares x that sum to 1.

    Shape: concentration (..., k), a sample (..., k).  Raises: ArgumentError for a concentration that is not above 0, or of no axes.
    """

    arg_constraints = {"concentration": constraints.independent(constraints.positive, 1)}
    event_axes = {"concentration": 1}
    support = constraints.simplex

    def __init__(self, concentration: Tensor, validate_args: bool | None = None) -> None:
        if concentration.ndim < 1:
            raise ArgumentError("`concentration` parameter must be at least one-dimensional.")
        self.concentration = concentration
        super().__init__(concentration.shape[:-1], concentration.shape[-1:], validate_args=validate_args)

    @property
    def mean(self) -> Tensor:
        return self.concentration.div(self.concentration.sum(-1, keepdim=True))

    @property
    def mode(self) -> Tensor:
        return peak(self.concentration)

    @property
    def variance(self) -> Tensor:
        total = self.concentration.sum(-1, keepdim=True)
        return self.concentration.mul(total.sub(self.concentration)).div(total.square().mul(total.add(1)))

    def sample(self, sample_shape: Shape = EMPTY) -> Tensor:
        shape = self._extended_shape(sample_shape)
        with no_grad():
            a = self.concentration
            drawn: Tensor = as_tensor(Tensor, draws.gamma(default_generator(), a, shape=shape, dtype=a.dtype))
            drawn = drawn.clamp(LEAST, None)
            return drawn.div(drawn.sum(-1, keepdim=True))

    def log_prob(self, value: Tensor) -> Tensor:
        self._check_sample(value)
        a = self.concentration
        return a.sub(1).xlogy(value).sum(-1).add(a.sum(-1).lgamma()).sub(a.lgamma().sum(-1))

    def entropy(self) -> Tensor:
        a = self.concentration
        count, total = a.shape[-1], a.sum(-1)
        spread = a.lgamma().sum(-1).sub(total.lgamma()).sub(total.digamma().mul(total.neg().add(count)))
        return spread.sub(a.sub(1).mul(a.digamma()).sum(-1))


class Beta(Distribution):
    """x^(a-1) (1-x)^(b-1) gamma(a+b) / (gamma(a) gamma(b)), from 0 to 1.  Raises: ArgumentError for parameters that are not above 0."""

    arg_constraints = {"concentration1": constraints.positive, "concentration0": constraints.positive}
    event_axes = {"concentration1": 0, "concentration0": 0}
    support = constraints.unit_interval

    def __init__(self, concentration1: Value, concentration0: Value, validate_args: bool | None = None) -> None:
        self.concentration1, self.concentration0 = broadcast_all(concentration1, concentration0)
        super().__init__(shape_of(self.concentration1, concentration1, concentration0), validate_args=validate_args)

    @property
    def total(self) -> Tensor:
        """Of both concentrations."""
        return self.concentration1.add(self.concentration0)

    @property
    def mean(self) -> Tensor:
        return self.concentration1.div(self.total)

    @property
    def mode(self) -> Tensor:
        return peak(stack([self.concentration1, self.concentration0], -1))[..., 0]

    @property
    def variance(self) -> Tensor:
        total = self.total
        return self.concentration1.mul(self.concentration0).div(total.square().mul(total.add(1)))

    def sample(self, sample_shape: Shape = EMPTY) -> Tensor:
        shape = self._extended_shape(sample_shape)
        with no_grad():
            first, second = self.concentration1, self.concentration0
            drawn: Tensor = as_tensor(Tensor, draws.beta(default_generator(), first, second, shape, first.dtype))
            return drawn

    def log_prob(self, value: Tensor) -> Tensor:
        self._check_sample(value)
        a, b = self.concentration1, self.concentration0
        both = a.sub(1).xlogy(value).add(b.sub(1).xlogy(value.neg().add(1)))
        return both.add(a.add(b).lgamma()).sub(a.lgamma()).sub(b.lgamma())

    def entropy(self) -> Tensor:
        a, b, total = self.concentration1, self.concentration0, self.total
        held = a.lgamma().add(b.lgamma()).sub(total.lgamma()).sub(a.sub(1).mul(a.digamma())).sub(b.sub(1).mul(b.digamma()))
        return held.add(total.sub(2).mul(total.digamma()))
