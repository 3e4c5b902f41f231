"""torch.nn.utils.parametrizations: weights with a norm of their own, of spectral norm 1, and orthogonal ones."""

from __future__ import annotations

from typing import Any, TypeVar

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, ShapeError
from gradwerk.torch import linalg
from gradwerk.torch.absent import ORIGINAL
from gradwerk.torch.creation import eye, randn, zeros
from gradwerk.torch.functions import cat
from gradwerk.torch.multiplied import matrix_exp
from gradwerk.torch.nn.functional import normalize
from gradwerk.torch.nn.module import Module
from gradwerk.torch.nn.utils.parametrize import register_parametrization
from gradwerk.torch.nn.utils.weight_norms import as_matrix, axis_of, by_spectrum, iterate, norm_except

# ruff: noqa: ANN401  Tensors
M = TypeVar("M", bound=Module)
MAPS = ("matrix_exp", "cayley", "householder")
FIRST_STEPS = 15


class _WeightNorm(Module):
    """g v / |v|."""

    def __init__(self, dim: int | None) -> None:
        super().__init__()
        self.dim = -1 if dim is None else dim

    def forward(self, weight_g: Any, weight_v: Any) -> Any:
        return weight_v * (weight_g / norm_except(weight_v, self.dim))

    def right_inverse(self, weight: Any) -> tuple[Any, Any]:
        return norm_except(weight, self.dim), weight


def weight_norm(module: M, name: str = "weight", dim: int | None = 0) -> M:
    """A weight as g v / |v|: `parametrizations.weight.original0` is g, `original1` v.

    Args:
        module: it.
        name: of the parameter.
        dim: the axis along which norms are apart; None for one norm.

    Source: https://arxiv.org/abs/1602.07868
    """
    register_parametrization(module, name, _WeightNorm(dim), unsafe=True)
    return module


class _SpectralNorm(Module):
    """W / sigma, by a step of the power iteration at each reading in training."""

    _u: Any
    _v: Any

    def __init__(self, weight: Any, n_power_iterations: int, dim: int, eps: float) -> None:
        super().__init__()
        if not -weight.ndim <= dim < weight.ndim:
            raise ArgumentError(f"Dimension out of range (expected to be in range of [-{weight.ndim}, {weight.ndim - 1}] but got {dim})")
        if n_power_iterations <= 0:
            raise ArgumentError(f"Expected n_power_iterations to be positive, but got n_power_iterations={n_power_iterations}")
        self.dim, self.eps, self.n_power_iterations = dim % weight.ndim, eps, n_power_iterations
        if weight.ndim > 1:
            matrix = as_matrix(weight.detach(), self.dim)
            for name, extent in zip(("_u", "_v"), matrix.shape, strict=True):
                self.register_buffer(name, normalize(randn(extent, dtype=weight.dtype), dim=0, eps=eps))
            iterate(matrix.t(), self._v, self._u, FIRST_STEPS, eps)

    def forward(self, weight: Any) -> Any:
        if weight.ndim == 1:
            return normalize(weight, dim=0, eps=self.eps)
        if self.training:
            iterate(as_matrix(weight.detach(), self.dim).t(), self._v, self._u, self.n_power_iterations, self.eps)  # u first
        return by_spectrum(weight, self.dim, self._u, self._v)

    def right_inverse(self, value: Any) -> Any:
        return value


def spectral_norm(module: M, name: str = "weight", n_power_iterations: int = 1, eps: float = 1e-12, dim: int | None = None) -> M:
    """A weight over its largest singular value, which a power iteration follows while the module trains.

    Args:
        module: it.
        name: of the parameter.
        n_power_iterations: steps at each reading in training.
        eps: the least norm of the vectors.
        dim: the axis of outputs; 1 of transposed convolutions and 0 of others, unless given.

    Raises: ArgumentError for fewer than one step, an axis that is not there, and a parameter that is none.

    Source: https://arxiv.org/abs/1802.05957
    """
    weight = getattr(module, name, None)
    if weight is None:
        raise ArgumentError(f"Module '{module}' has no parameter or buffer with name '{name}'")
    register_parametrization(module, name, _SpectralNorm(weight, n_power_iterations, axis_of(module, dim), eps))
    return module


def _signs(square: Any) -> Any:
    """The signs on the diagonal, as a row."""
    return square.diagonal(dim1=-2, dim2=-1).sgn().unsqueeze(-2)


def _orthogonalized(matrix: Any) -> Any:
    """The orthogonal matrix next to a tall one, in the signs of its triangle."""
    q, r = linalg.qr(matrix)
    return q * _signs(r)


def _is_orthogonal(q: Any) -> bool:
    n, k = q.shape[-2:]
    gap = (q.mT @ q - eye(k, dtype=q.dtype)).abs().amax(dim=(-2, -1)) if n >= k else None
    bound = 10.0 * n * dtypes.limits(q.dtype).eps
    return gap is not None and bool((gap <= bound).all())


def _reflected(x: Any) -> Any:
    """The product of the reflections whose vectors are the columns below the diagonal, each 1 there; in the diagonal's signs."""
    n, k = x.shape[-2:]
    q = eye(n, k, dtype=x.dtype).expand(*x.shape[:-2], n, k)
    for column in reversed(range(k)):
        below = x[..., column + 1 :, column : column + 1]
        head = zeros(column, 1, dtype=x.dtype).expand(*x.shape[:-2], column, 1)
        one = eye(1, dtype=x.dtype).expand(*x.shape[:-2], 1, 1)
        v = cat([head, one, below], dim=-2)
        q = q - (2.0 / (v * v).sum(dim=-2, keepdim=True)) * (v @ (v.mT @ q))
    return q * x.detach().diagonal(dim1=-2, dim2=-1).int().unsqueeze(-2)


class _Orthogonal(Module):
    """An orthogonal matrix of any, by one of three maps; with a base it is what that is turned by."""

    base: Any

    def __init__(self, weight: Any, orthogonal_map: str, *, use_trivialization: bool) -> None:
        super().__init__()
        self.shape, self.orthogonal_map, self.trivialized = tuple(weight.shape), orthogonal_map, use_trivialization
        if use_trivialization:
            self.register_buffer("base", None)

    def forward(self, x: Any) -> Any:
        n, k = x.shape[-2:]
        wide = n < k
        if wide:
            x, n, k = x.mT, k, n
        if self.orthogonal_map == "householder":
            q = _reflected(x)
        else:
            x = x.tril()
            if n != k:
                x = cat([x, zeros(n, n - k, dtype=x.dtype).expand(*x.shape[:-2], n, n - k)], dim=-1)
            skew = x - x.mT
            one = eye(n, dtype=x.dtype)
            q = matrix_exp(skew) if self.orthogonal_map == "matrix_exp" else linalg.solve(one - 0.5 * skew, one + 0.5 * skew)
            q = q[..., :k]
        if self.trivialized and self.base is not None:
            q = self.base @ q
        return q.mT if wide else q

    def right_inverse(self, q: Any) -> Any:
        if tuple(q.shape) != self.shape:
            raise ShapeError(f"Expected a matrix or batch of matrices of shape {self.shape}. Got a tensor of shape {tuple(q.shape)}.")
        given = q
        n, k = q.shape[-2:]
        wide = n < k
        if wide:
            q, n, k = q.mT, k, n
        if not self.trivialized:
            if self.orthogonal_map != "householder":
                problem = f"{self.orthogonal_map} has no right inverse without a base"
                raise ArgumentError(problem, likely="use_trivialization=True")
            return self._reflections(q, wide=wide)
        if n == k:
            self.base = q.clone() if _is_orthogonal(q) else _orthogonalized(q)
        else:
            self.base = _orthogonalized(cat([q, randn(*q.shape[:-2], n, n - k, dtype=q.dtype)], dim=-1))
        vars(self).setdefault("_persistent", {})["base"] = True
        start = eye(*given.shape[-2:], dtype=given.dtype).expand(given.shape)
        return -start

    @staticmethod
    def _reflections(q: Any, *, wide: bool) -> Any:
        """The columns of reflections whose product is an orthogonal matrix."""
        n, k = q.shape[-2:]
        rest, columns = q.clone(), []
        signs = []
        for column in range(k):
            x = rest[..., column:, column : column + 1]
            norm = (x * x).sum(dim=-2, keepdim=True).sqrt()
            head = x[..., :1, :]
            beta = -norm * ((head >= 0).to(q.dtype) * 2 - 1)
            v = cat([(head - beta) / (head - beta), x[..., 1:, :] / (head - beta)], dim=-2) if n - column > 1 else x * 0 + 1
            full = cat([zeros(column, 1, dtype=q.dtype).expand(*q.shape[:-2], column, 1), v], dim=-2)
            last = n - column == 1
            if not last:
                rest = rest - (2.0 / (full * full).sum(dim=-2, keepdim=True)) * (full @ (full.mT @ rest))
            signs.append(-head.sgn() if last else beta.sgn())
            columns.append(full)
        made = cat(columns, dim=-1).tril(-1)
        diagonal = cat(signs, dim=-1)
        made = made + eye(n, k, dtype=q.dtype) * diagonal + rest.triu(1)
        return made.mT if wide else made


def orthogonal(module: M, name: str = "weight", orthogonal_map: str | None = None, *, use_trivialization: bool = True) -> M:
    """A weight whose columns, or rows where it is wide, are orthonormal.

    Args:
        module: it.
        name: of the parameter.
        orthogonal_map: "matrix_exp" (as square ones have unless given), "cayley" or "householder" (others).
        use_trivialization: keeps the first weight as a base, which the map turns.

    Raises: ArgumentError for another map, and a weight that is no matrix.

    Source: https://arxiv.org/abs/1901.08428, https://arxiv.org/abs/1909.09501
    """
    weight = getattr(module, name, None)
    if weight is None:
        raise ArgumentError(f"Module '{module}' has no parameter or buffer with name '{name}'")
    if weight.ndim < 2:
        raise ArgumentError(f"Expected a matrix or batch of matrices. Got a tensor of {weight.ndim} dimensions.")
    chosen = orthogonal_map or ("matrix_exp" if weight.shape[-2] == weight.shape[-1] else "householder")
    if chosen not in MAPS:
        raise ArgumentError(f'orthogonal_map has to be one of "matrix_exp", "cayley", "householder". Got: {orthogonal_map}')
    register_parametrization(module, name, _Orthogonal(weight, chosen, use_trivialization=use_trivialization), unsafe=True)
    return module


__getattr__ = ORIGINAL.module("torch.nn.utils.parametrizations", __name__)
