"""Distributions over classes: categorical, one-hot, multinomial."""
# mypy: disable-error-code="no-any-return"
# Functions of ops speak of any operand; what they give for a Tensor is a Tensor.

from __future__ import annotations

import math
from functools import cached_property
from typing import Any

from gradwerk.base.dtypes import limits
from gradwerk.base.errors import ArgumentError
from gradwerk.tensor import draws
from gradwerk.tensor.grad import no_grad
from gradwerk.tensor.random import default_generator
from gradwerk.torch.arranging import broadcast_tensors
from gradwerk.torch.creation import arange, eye
from gradwerk.torch.distributions import constraints
from gradwerk.torch.distributions.counts import Binomial, inside, one_of
from gradwerk.torch.distributions.distribution import EMPTY, Distribution, Shape
from gradwerk.torch.drawing import as_tensor
from gradwerk.torch.tensors import Tensor

# ruff: noqa: FBT001, FBT002  torch's signatures


class Classes(Distribution):
    """The base of those over classes: probabilities that sum to 1, or their logarithms, of weights of any sum."""

    arg_constraints = {"probs": constraints.simplex, "logits": constraints.real_vector}
    event_axes = {"probs": 1, "logits": 1}

    def _held(self, probs: Tensor | None, logits: Tensor | None) -> Tensor:
        """The parameter that was given, normalised.  Raises: ArgumentError for both or none, and for one of no axes."""
        one_of(probs, logits)
        name, given = ("probs", probs) if probs is not None else ("logits", logits)
        if not isinstance(given, Tensor) or given.ndim < 1:
            raise ArgumentError(f"`{name}` parameter must be at least one-dimensional.")
        held = given.div(given.sum(-1, keepdim=True)) if name == "probs" else given.sub(given.logsumexp(-1, keepdim=True))
        vars(self)[name] = held
        return held

    @cached_property
    def probs(self) -> Tensor:
        """The probability of each class."""
        return self.logits.softmax(-1)

    @cached_property
    def logits(self) -> Tensor:
        """Its logarithm."""
        return inside(self.probs).log()

    @property
    def param_shape(self) -> Any:  # noqa: ANN401
        """The shape of the parameter."""
        return self.logits.shape

    def _drawn(self, sample_shape: Shape) -> Tensor:
        """Numbers of classes, sample_shape + batch_shape."""
        self._extended_shape(sample_shape)
        with no_grad():
            lead = tuple(self.probs.shape[:-1])
            count = math.prod(sample_shape)
            if not count:
                return arange(0).reshape(*sample_shape, *lead)
            found: Tensor = as_tensor(Tensor, draws.categorical(default_generator(), self.probs, count))
            return found.movedim(-1, 0).reshape(*sample_shape, *lead)

    def _entropy(self) -> Tensor:
        return self.logits.clamp(-limits(self.logits.dtype).max, None).mul(self.probs).sum(-1).neg()


class Categorical(Classes):
    """The number of a class, with these probabilities.

    Shape: probs or logits (..., classes), a sample (...).  Dtype: int64.
    Raises: ArgumentError for both or none of `probs` and `logits`, and for weights that are none.
    """

    has_enumerate_support = True

    def __init__(self, probs: Tensor | None = None, logits: Tensor | None = None, validate_args: bool | None = None) -> None:
        held = self._held(probs, logits)
        self._num_events = held.shape[-1]
        super().__init__(held.shape[:-1], validate_args=validate_args)

    @property
    def support(self) -> Any:  # noqa: ANN401  it depends on the classes
        return constraints.integer_interval(0, self._num_events - 1)

    @property
    def mean(self) -> Tensor:
        return self.probs.detach().sum(-1).mul(float("nan"))

    @property
    def mode(self) -> Tensor:
        return self.probs.argmax(-1)

    @property
    def variance(self) -> Tensor:
        return self.mean

    def sample(self, sample_shape: Shape = EMPTY) -> Tensor:
        return self._drawn(sample_shape)

    def log_prob(self, value: Tensor) -> Tensor:
        self._check_sample(value)
        place, logits = broadcast_tensors(value.long().unsqueeze(-1), self.logits)
        return logits.gather(-1, place[..., :1]).squeeze(-1)

    def entropy(self) -> Tensor:
        return self._entropy()

    def enumerate_support(self, expand: bool = True) -> Tensor:
        values = arange(self._num_events).reshape(self._num_events, *(1,) * len(self.batch_shape))
        return values.expand(self._num_events, *self.batch_shape) if expand else values


class OneHotCategorical(Classes):
    """A class as a vector of 0 and one 1.  Shape: probs or logits (..., classes), a sample the same.  Raises: as `Categorical`."""

    support = constraints.one_hot
    has_enumerate_support = True

    def __init__(self, probs: Tensor | None = None, logits: Tensor | None = None, validate_args: bool | None = None) -> None:
        held = self._held(probs, logits)
        super().__init__(held.shape[:-1], held.shape[-1:], validate_args=validate_args)

    @property
    def mean(self) -> Tensor:
        return self.probs

    @property
    def mode(self) -> Tensor:
        return arange(self.probs.shape[-1]).eq(self.probs.argmax(-1, keepdim=True)).to(self.probs.dtype)

    @property
    def variance(self) -> Tensor:
        return self.probs.mul(self.probs.neg().add(1))

    def sample(self, sample_shape: Shape = EMPTY) -> Tensor:
        return arange(self.probs.shape[-1]).eq(self._drawn(sample_shape).unsqueeze(-1)).to(self.probs.dtype)

    def log_prob(self, value: Tensor) -> Tensor:
        self._check_sample(value)
        place, logits = broadcast_tensors(value.argmax(-1, keepdim=True), self.logits)
        return logits.gather(-1, place[..., :1]).squeeze(-1)

    def entropy(self) -> Tensor:
        return self._entropy()

    def enumerate_support(self, expand: bool = True) -> Tensor:
        count = self.probs.shape[-1]
        values = eye(count, dtype=self.probs.dtype).reshape(count, *(1,) * len(self.batch_shape), count)
        return values.expand(count, *self.batch_shape, count) if expand else values


class Multinomial(Classes):
    """How often each class comes of `total_count` draws.

    Shape: probs or logits (..., classes), a sample the same.  Raises: as `Categorical`; ArgumentError for a count that is no whole number.
    """

    def __init__(
        self, total_count: int = 1, probs: Tensor | None = None, logits: Tensor | None = None, validate_args: bool | None = None
    ) -> None:
        if isinstance(total_count, bool) or not isinstance(total_count, int):
            raise ArgumentError("inhomogeneous total_count is not supported", facts=(f"total_count {total_count!r}",))
        self.total_count = total_count
        held = self._held(probs, logits)
        super().__init__(held.shape[:-1], held.shape[-1:], validate_args=validate_args)

    @property
    def support(self) -> Any:  # noqa: ANN401  it depends on the count
        return constraints.multinomial(self.total_count)

    @property
    def mean(self) -> Tensor:
        return self.probs.mul(self.total_count)

    @property
    def variance(self) -> Tensor:
        return self.probs.mul(self.probs.neg().add(1)).mul(self.total_count)

    def sample(self, sample_shape: Shape = EMPTY) -> Tensor:
        drawn = self._drawn((self.total_count, *sample_shape))
        return arange(self.probs.shape[-1]).eq(drawn.unsqueeze(-1)).sum(0).to(self.probs.dtype)

    def log_prob(self, value: Tensor) -> Tensor:
        self._check_sample(value)
        logits, value = broadcast_tensors(self.logits, value)
        logits = logits.masked_fill(value.eq(0).logical_and(logits.eq(float("-inf"))), 0)
        return value.sum(-1).add(1).lgamma().sub(value.add(1).lgamma().sum(-1)).add(logits.mul(value).sum(-1))

    def entropy(self) -> Tensor:
        count = self.total_count
        trials = Binomial(count, probs=self.probs)
        ways = trials.enumerate_support(expand=False)[1:]
        weights = trials.log_prob(ways).exp().mul(ways.add(1).lgamma()).sum((0, -1))
        return self._entropy().mul(count).sub(math.lgamma(count + 1)).add(weights)
