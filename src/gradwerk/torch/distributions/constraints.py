"""torch.distributions.constraints: where parameters and values may be."""
# mypy: disable-error-code="no-any-return"
# Functions of ops speak of any operand; what they give for a Tensor is a Tensor.

from __future__ import annotations

from typing import Any

from gradwerk.base.errors import ArgumentError
from gradwerk.torch.linalg.decompositions import eigvalsh
from gradwerk.torch.tensors import Tensor

TOLERANCE = 1e-6


class Constraint:
    """A region of numbers: `check` says for each value whether it is inside.

    `event_dim` axes at the end are one value; `is_discrete` where there are gaps between values.
    """

    is_discrete = False
    event_dim = 0
    lower_bound: Any = None
    upper_bound: Any = None

    def check(self, value: Tensor) -> Tensor:
        """True for each value that is inside.  Raises: ArgumentError, of a constraint that depends on what is not known here."""
        raise ArgumentError(f"{self!r} cannot be checked by itself")

    def __repr__(self) -> str:
        ends = {"lower_bound": self.lower_bound, "upper_bound": self.upper_bound}
        return f"{type(self).__name__[1:]}({', '.join(f'{name}={end}' for name, end in ends.items() if end is not None)})"


class _Dependent(Constraint):
    """One that depends on the other parameters."""


def is_dependent(constraint: object) -> bool:
    """Whether a constraint depends on other parameters, and cannot be checked by itself."""
    return isinstance(constraint, _Dependent)


class _Real(Constraint):
    def check(self, value: Tensor) -> Tensor:
        return value.eq(value)


class _Boolean(Constraint):
    is_discrete = True

    def check(self, value: Tensor) -> Tensor:
        return value.eq(0).logical_or(value.eq(1))


class _GreaterThan(Constraint):
    def __init__(self, lower_bound: Any) -> None:  # noqa: ANN401  a number or a Tensor
        self.lower_bound = lower_bound

    def check(self, value: Tensor) -> Tensor:
        return value.gt(self.lower_bound)


class _GreaterThanEq(_GreaterThan):
    def check(self, value: Tensor) -> Tensor:
        return value.ge(self.lower_bound)


class _LessThan(Constraint):
    def __init__(self, upper_bound: Any) -> None:  # noqa: ANN401
        self.upper_bound = upper_bound

    def check(self, value: Tensor) -> Tensor:
        return value.lt(self.upper_bound)


class _Interval(Constraint):
    def __init__(self, lower_bound: Any, upper_bound: Any) -> None:  # noqa: ANN401
        self.lower_bound, self.upper_bound = lower_bound, upper_bound

    def check(self, value: Tensor) -> Tensor:
        return value.ge(self.lower_bound).logical_and(value.le(self.upper_bound))


class _HalfOpenInterval(_Interval):
    def check(self, value: Tensor) -> Tensor:
        return value.ge(self.lower_bound).logical_and(value.lt(self.upper_bound))


class _IntegerInterval(_Interval):
    is_discrete = True

    def check(self, value: Tensor) -> Tensor:
        return value.remainder(1).eq(0).logical_and(super().check(value))


class _IntegerGreaterThan(_GreaterThan):
    is_discrete = True

    def check(self, value: Tensor) -> Tensor:
        return value.remainder(1).eq(0).logical_and(value.ge(self.lower_bound))


class _Simplex(Constraint):
    event_dim = 1

    def check(self, value: Tensor) -> Tensor:
        return value.ge(0).all(-1).logical_and(value.sum(-1).sub(1).abs().lt(TOLERANCE))


class _Multinomial(Constraint):
    is_discrete = True
    event_dim = 1

    def __init__(self, upper_bound: int) -> None:
        self.upper_bound = upper_bound

    def check(self, x: Tensor) -> Tensor:
        return x.ge(0).all(-1).logical_and(x.sum(-1).le(self.upper_bound))


class _OneHot(Constraint):
    is_discrete = True
    event_dim = 1

    def check(self, value: Tensor) -> Tensor:
        return value.eq(0).logical_or(value.eq(1)).all(-1).logical_and(value.sum(-1).eq(1))


class _LowerCholesky(Constraint):
    event_dim = 2

    def check(self, value: Tensor) -> Tensor:
        lower = value.tril().eq(value).flatten(-2).all(-1)
        return lower.logical_and(value.diagonal(dim1=-2, dim2=-1).gt(0).all(-1))


class _PositiveDefinite(Constraint):
    event_dim = 2

    def check(self, value: Tensor) -> Tensor:
        symmetric = value.sub(value.mT).abs().le(TOLERANCE).flatten(-2).all(-1)
        if not bool(symmetric.all()):
            return symmetric
        values: Any = eigvalsh(value)
        return values.gt(0).all(-1)


class _IndependentConstraint(Constraint):
    """A constraint of each of the values in the last axes, together."""

    def __init__(self, base_constraint: Constraint, reinterpreted_batch_ndims: int) -> None:
        self.base_constraint, self.reinterpreted_batch_ndims = base_constraint, reinterpreted_batch_ndims
        self.is_discrete, self.event_dim = base_constraint.is_discrete, base_constraint.event_dim + reinterpreted_batch_ndims

    def check(self, value: Tensor) -> Tensor:
        found = self.base_constraint.check(value)
        if found.ndim < self.reinterpreted_batch_ndims:
            expected = self.base_constraint.event_dim + self.reinterpreted_batch_ndims
            raise ArgumentError(f"Expected value.dim() >= {expected} but got {value.ndim}")
        for _ in range(self.reinterpreted_batch_ndims):
            found = found.all(-1)
        return found

    def __repr__(self) -> str:
        return f"IndependentConstraint({self.base_constraint!r}, {self.reinterpreted_batch_ndims})"


dependent = _Dependent()
boolean = _Boolean()
one_hot = _OneHot()
nonnegative_integer = _IntegerGreaterThan(0)
positive_integer = _IntegerGreaterThan(1)
integer_interval = _IntegerInterval
real = _Real()
positive = _GreaterThan(0.0)
nonnegative = _GreaterThanEq(0.0)
greater_than = _GreaterThan
greater_than_eq = _GreaterThanEq
less_than = _LessThan
unit_interval = _Interval(0.0, 1.0)
interval = _Interval
half_open_interval = _HalfOpenInterval
simplex = _Simplex()
lower_cholesky = _LowerCholesky()
positive_definite = _PositiveDefinite()
multinomial = _Multinomial
independent = _IndependentConstraint
real_vector = independent(real, 1)
