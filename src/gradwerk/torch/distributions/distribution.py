"""torch.distributions.Distribution, and what all of them share: parameters that meet, and checks of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np

from gradwerk.base import python_numbers
from gradwerk.base.errors import ArgumentError, ArgumentTypeError, StateError
from gradwerk.tensor.grad import no_grad
from gradwerk.tensor.handle import Handle
from gradwerk.tensor.state import mode
from gradwerk.torch.arranging import broadcast_tensors
from gradwerk.torch.defaults import get_default_dtype
from gradwerk.torch.distributions.constraints import Constraint, is_dependent
from gradwerk.torch.shapes import Size
from gradwerk.torch.tensors import Tensor

# ruff: noqa: FBT001, FBT002  torch's signatures
Shape = Sequence[int]
Value = Any
"""A parameter: a Tensor or a number."""
EMPTY = Size(())


class UndefinedError(StateError, NotImplementedError):
    """What a distribution does not have: a NotImplementedError in PyTorch."""


def broadcast_all(*values: Value) -> tuple[Tensor, ...]:
    """Parameters in one shape and dtype: that of the Tensors among them, else the default.  Raises: ArgumentError for what is no number."""
    for value in values:
        if not isinstance(value, Tensor) and (isinstance(value, bool) or not python_numbers.is_number(value)):
            raise ArgumentError("Input arguments must all be instances of Number, torch.Tensor or objects implementing __torch_function__.",
                                facts=(f"a {type(value).__name__}",))  # fmt: skip
    dtype = next((value.dtype for value in values if isinstance(value, Tensor)), get_default_dtype())
    held = [value if isinstance(value, Tensor) else Tensor.of(np.asarray(value), dtype) for value in values]
    return tuple(broadcast_tensors(*held))


def sum_rightmost(x: Tensor, count: int) -> Tensor:
    """The sum over the last axes."""
    return x if count == 0 else x.sum(tuple(range(-count, 0)))


class Distribution:
    """The base of distributions.

    `batch_shape` is that of the parameters, `event_shape` that of one sample; a sample has the shape
    sample_shape + batch_shape + event_shape.  A subclass says where parameters may be (`arg_constraints`) and how many axes of each
    belong to one distribution (`event_axes`).

    Raises: ArgumentError for parameters outside of their constraints, unless `validate_args` is False.
    """

    has_rsample = False
    has_enumerate_support = False
    _validate_args: bool = True
    arg_constraints: ClassVar[Mapping[str, Constraint]] = {}
    event_axes: ClassVar[Mapping[str, int]] = {}
    support: Any = None
    """Where samples are: a Constraint."""

    def __init__(self, batch_shape: Shape = EMPTY, event_shape: Shape = EMPTY, validate_args: bool | None = None) -> None:
        self._batch_shape, self._event_shape = Size(tuple(batch_shape)), Size(tuple(event_shape))
        if validate_args is not None:
            self._validate_args = validate_args
        if self._validate_args and mode.trace is None:
            self._check_parameters()

    def _check_parameters(self) -> None:
        for name, constraint in self.arg_constraints.items():
            value = vars(self).get(name)
            if value is None or is_dependent(constraint):
                continue
            if not bool(constraint.check(value).all()):
                given = f"{name} ({type(value).__name__} of shape {tuple(value.shape)})"
                raise ArgumentError(f"Expected parameter {given} of distribution {self!r} to satisfy the constraint {constraint!r}, "
                                    f"but found invalid values:\n{value}")  # fmt: skip

    @staticmethod
    def set_default_validate_args(value: bool) -> None:
        """Whether parameters and values are checked where nothing else is said.  Raises: ArgumentError for no truth value."""
        if value not in (True, False):
            raise ArgumentError(f"set_default_validate_args takes True or False, this is {value!r}")
        Distribution._validate_args = value

    def expand(self, batch_shape: Shape, _instance: Any = None) -> Self:  # noqa: ANN401
        """The same with parameters repeated to a larger batch_shape."""
        made = object.__new__(type(self))
        vars(made).update(vars(self))
        made._batch_shape = Size(tuple(batch_shape))
        for name, axes in self.event_axes.items():
            if (value := vars(self).get(name)) is not None:
                vars(made)[name] = value.expand(*batch_shape, *value.shape[value.ndim - axes :])
        return made

    @property
    def batch_shape(self) -> Size:
        """The shape of the parameters."""
        return self._batch_shape

    @property
    def event_shape(self) -> Size:
        """The shape of one sample."""
        return self._event_shape

    @property
    def mean(self) -> Tensor:
        """The mean."""
        return self._undefined("mean")

    @property
    def mode(self) -> Tensor:
        """The most probable value."""
        return self._undefined("mode")

    @property
    def variance(self) -> Tensor:
        """The variance."""
        return self._undefined("variance")

    @property
    def stddev(self) -> Tensor:
        """The root of the variance."""
        return self.variance.sqrt()

    def sample(self, sample_shape: Shape = EMPTY) -> Tensor:
        """Values, without a gradient.  Shape: sample_shape + batch_shape + event_shape."""
        with no_grad():
            return self.rsample(sample_shape)

    def sample_n(self, n: int) -> Tensor:
        """`sample((n,))`."""
        return self.sample((n,))

    def rsample(self, sample_shape: Shape = EMPTY) -> Tensor:
        """Values through which gradients flow to the parameters.  Raises: UndefinedError where there are no such."""
        return self._undefined("rsample", "sample() draws without a gradient; log_prob() has one")

    def log_prob(self, value: Tensor) -> Tensor:
        """The logarithm of the density, or probability, of values.  Raises: ArgumentError for a value outside of the support."""
        return self._undefined("log_prob")

    def cdf(self, value: Tensor) -> Tensor:
        """The probability of less than the value."""
        return self._undefined("cdf")

    def icdf(self, value: Tensor) -> Tensor:
        """The value of a probability: the inverse of `cdf`."""
        return self._undefined("icdf")

    def enumerate_support(self, expand: bool = True) -> Tensor:
        """All values, along a new first axis."""
        return self._undefined("enumerate_support")

    def entropy(self) -> Tensor:
        """The mean of -log_prob."""
        return self._undefined("entropy")

    def perplexity(self) -> Tensor:
        """e to the power of the entropy."""
        return self.entropy().exp()

    def _undefined(self, name: str, likely: str = "") -> Tensor:
        raise UndefinedError(f"{type(self).__name__} has no {name}", likely=likely)

    def _extended_shape(self, sample_shape: Shape = EMPTY) -> Size:
        """Shape of what is drawn.  Raises: ArgumentTypeError for what is no shape."""
        if isinstance(sample_shape, int) or not isinstance(sample_shape, Sequence):
            likely = f"sample(({sample_shape},))" if isinstance(sample_shape, int) else ""
            raise ArgumentTypeError(f"sample_shape is a tuple of whole numbers, this is {sample_shape!r}", likely=likely)
        return Size((*sample_shape, *self._batch_shape, *self._event_shape))

    def _check_sample(self, value: Any) -> None:  # noqa: ANN401
        """Raises: ArgumentError for a value of another shape, or outside of the support."""
        if not self._validate_args:
            return
        if not isinstance(value, Handle):
            raise ArgumentError("The value argument to log_prob must be a Tensor")
        shape, event = tuple(value.shape), tuple(self._event_shape)
        if shape[len(shape) - len(event) :] != event:
            raise ArgumentError(f"The right-most size of value must match event_shape: {list(shape)} vs {list(event)}.")
        expected = (*self._batch_shape, *self._event_shape)
        for one, other in zip(reversed(shape), reversed(expected), strict=False):
            if one != 1 and other != 1 and one != other:
                raise ArgumentError(f"Value is not broadcastable with batch_shape+event_shape: {list(shape)} vs {list(expected)}.")
        if mode.trace is None and self.support is not None and not bool(self.support.check(value).all()):
            raise ArgumentError(f"Expected value argument ({type(value).__name__} of shape {shape}) to be within the support "
                                f"({self.support!r}) of the distribution {self!r}, but found invalid values:\n{value}")  # fmt: skip

    def __repr__(self) -> str:
        held = {name: vars(self)[name] for name in self.arg_constraints if vars(self).get(name) is not None}
        said = ", ".join(f"{name}: {_short(value)}" for name, value in held.items())
        return f"{type(self).__name__}({said})"


def _short(value: Tensor) -> str:
    if value.numel() != 1:
        return str(value.shape)
    return str(value.item()) if value.ndim == 0 and not value.requires_grad else str(value)
