"""torch.distributions.MultivariateNormal."""
# mypy: disable-error-code="no-any-return"
# Functions of ops speak of any operand; what they give for a Tensor is a Tensor.

from __future__ import annotations

import math
from functools import cached_property
from typing import Any

from gradwerk.base.errors import ArgumentError
from gradwerk.torch.arranging import broadcast_tensors
from gradwerk.torch.creation import eye
from gradwerk.torch.distributions import constraints
from gradwerk.torch.distributions.continuous import normals
from gradwerk.torch.distributions.distribution import EMPTY, Distribution, Shape
from gradwerk.torch.linalg.decompositions import cholesky
from gradwerk.torch.linalg.inverses import solve_triangular
from gradwerk.torch.tensors import Tensor

# ruff: noqa: FBT001  torch's signatures


def mahalanobis(lower: Tensor, away: Tensor) -> Tensor:
    """|L^-1 x|^2.  Shape: lower (..., n, n), away (..., n), result (...)."""
    wide = lower.expand(*away.shape[:-1], *lower.shape[-2:])
    solved: Any = solve_triangular(wide, away.unsqueeze(-1), upper=False)
    found: Tensor = solved.squeeze(-1).square().sum(-1)
    return found


class MultivariateNormal(Distribution):
    """exp(-|L^-1 (x - loc)|^2 / 2) / sqrt((2 pi)^n det(L L^T)), of a covariance L L^T, its inverse, or L (`scale_tril`).

    Shape: loc (..., n), the matrix (..., n, n), a sample (..., n).
    Raises: ArgumentError unless one matrix is given, and for one that is none of its kind.
    """

    arg_constraints = {
        "loc": constraints.real_vector, "covariance_matrix": constraints.positive_definite,
        "precision_matrix": constraints.positive_definite, "scale_tril": constraints.lower_cholesky,
    }  # fmt: skip
    event_axes = {"loc": 1, "covariance_matrix": 2, "precision_matrix": 2, "scale_tril": 2, "_unbroadcasted_scale_tril": 2}
    support = constraints.real_vector
    has_rsample = True

    def __init__(
        self, loc: Tensor, covariance_matrix: Tensor | None = None, precision_matrix: Tensor | None = None,
        scale_tril: Tensor | None = None, validate_args: bool | None = None,
    ) -> None:  # fmt: skip
        if loc.ndim < 1:
            raise ArgumentError("loc must be at least one-dimensional.")
        given = {"covariance_matrix": covariance_matrix, "precision_matrix": precision_matrix, "scale_tril": scale_tril}
        held = {name: value for name, value in given.items() if value is not None}
        if len(held) != 1:
            raise ArgumentError("Exactly one of covariance_matrix or precision_matrix or scale_tril may be specified.")
        ((name, matrix),) = held.items()
        if matrix.ndim < 2:
            raise ArgumentError(f"{name} must be at least two-dimensional, with optional leading batch dimensions")
        wide_loc, matrix = broadcast_tensors(loc.unsqueeze(-1), matrix)
        self.loc = wide_loc[..., 0]
        vars(self)[name] = matrix
        super().__init__(self.loc.shape[:-1], self.loc.shape[-1:], validate_args=validate_args)

    @cached_property
    def scale_tril(self) -> Tensor:
        """L, lower triangular."""
        whole = "covariance_matrix" in vars(self)
        lower: Any = cholesky(self.covariance_matrix if whole else self.precision_matrix.flip((-2, -1)))
        return lower if whole else _inverse(lower.flip((-2, -1)).mT)

    @cached_property
    def covariance_matrix(self) -> Tensor:
        """L L^T."""
        return self.scale_tril.matmul(self.scale_tril.mT)

    @cached_property
    def precision_matrix(self) -> Tensor:
        """The inverse of the covariance."""
        back = _inverse(self.scale_tril)
        return back.mT.matmul(back)

    @property
    def mean(self) -> Tensor:
        return self.loc

    @property
    def mode(self) -> Tensor:
        return self.loc

    @property
    def variance(self) -> Tensor:
        return self.scale_tril.square().sum(-1)

    def rsample(self, sample_shape: Shape = EMPTY) -> Tensor:
        drawn = normals(self._extended_shape(sample_shape), self.loc)
        return self.scale_tril.matmul(drawn.unsqueeze(-1)).squeeze(-1).add(self.loc)

    def _half_log_det(self) -> Tensor:
        return self.scale_tril.diagonal(dim1=-2, dim2=-1).log().sum(-1)

    def log_prob(self, value: Tensor) -> Tensor:
        self._check_sample(value)
        n: Any = self._event_shape[0]
        far = mahalanobis(self.scale_tril, value.sub(self.loc))
        return far.add(n * math.log(2 * math.pi)).mul(-0.5).sub(self._half_log_det())

    def entropy(self) -> Tensor:
        n = self._event_shape[0]
        return self._half_log_det().add(0.5 * n * (1.0 + math.log(2 * math.pi)))


def _inverse(lower: Tensor) -> Tensor:
    """Of a lower triangular matrix."""
    unit = eye(lower.shape[-1], dtype=lower.dtype).expand(*lower.shape)
    found: Any = solve_triangular(lower, unit, upper=False)
    return found
