"""Matrices without an inverse or factors: one error that is NumPy's, PyTorch's and ours, eager and compiled, before anything is written."""

from __future__ import annotations

import numpy as np
import pytest

import gradwerk as gw
from gradwerk.ops import factorizations, lapack, linalg, matrices, matrix_functions
from gradwerk.ops.lapack import LinAlgError

SINGULAR = np.array([[1.0, 2.0], [2.0, 4.0]])


@pytest.mark.parametrize("kind", [np.linalg.LinAlgError, RuntimeError, ValueError, gw.GradwerkError])
def test_a_singular_matrix(kind: type[Exception]) -> None:
    stack = gw.Tensor(np.stack([np.eye(2), SINGULAR]))
    written = gw.Parameter(np.zeros(2))

    @gw.compile
    def step(x: gw.Tensor) -> gw.Tensor:
        written.assign(written + 1)
        return linalg.inv(x)  # type: ignore[no-any-return]  # of any operand

    for way in (linalg.inv, step):
        with pytest.raises(kind, match=r"\(Batch element 1\): The diagonal element 2 is zero"):
            way(stack)
    assert written.numpy().tolist() == [0, 0]
    np.testing.assert_array_equal(step(stack[:1]).numpy(), np.eye(2)[None])
    assert written.numpy().tolist() == [1, 1]


def test_a_stack_keeps_the_results_of_the_others() -> None:
    inverse, info = linalg.Inverse()(np.stack([SINGULAR, 2 * np.eye(2)]))
    assert info.tolist() == [2, 0]
    assert np.isnan(inverse[0]).all()
    np.testing.assert_array_equal(inverse[1], np.eye(2) / 2)
    with pytest.raises(LinAlgError, match="singular"):
        linalg.inv(SINGULAR)


@pytest.mark.parametrize("name", ["cholesky", "svd", "eigh"])
def test_what_has_no_factors_is_refused_by_name(name: str) -> None:
    bad = np.stack([np.eye(3), np.diag([1.0, -1, 1]) if name == "cholesky" else np.full((3, 3), np.nan)])
    ways = {
        "cholesky": lambda x: factorizations.Cholesky("lower", "linalg.cholesky")(x)[0],
        "svd": lambda x: factorizations.Svd(asked="linalg.svd")(x)[1],
        "eigh": lambda x: factorizations.Eigh("lower", "linalg.eigh")(x)[0],
    }
    for way in (ways[name], gw.compile(ways[name])):
        with pytest.raises(np.linalg.LinAlgError, match=rf"linalg.{name}: \(Batch element 1\)"):
            way(gw.Tensor(bad))
    if name == "cholesky":
        with pytest.raises(LinAlgError, match="leading minor of order 2 is not positive-definite"):
            ways[name](bad[1])


@pytest.mark.parametrize("size", [1, 2, 5, 40])
def test_factors_beside_numpy(size: int) -> None:
    rng = np.random.default_rng(size)
    x = rng.standard_normal((3, size, size))
    made, pivots = lapack.lu(x)
    low, up = np.tril(made, -1) + np.eye(size), np.triu(made)
    order = np.tile(np.arange(size), (3, 1))
    for row, exchanged in zip(order, pivots, strict=True):
        for k, other in enumerate(exchanged - 1):
            row[[k, other]] = row[[other, k]]
    np.testing.assert_allclose(np.matmul(low, up), np.take_along_axis(x, order[..., None], 1), atol=1e-12)
    for upper in (False, True):
        b = rng.standard_normal((3, size, 2))
        whole = np.triu(x) if upper else np.tril(x)
        whole += 3 * np.eye(size)
        np.testing.assert_allclose(np.matmul(whole, lapack.substituted(whole + 0, b, upper=upper, unit=False)), b, atol=1e-8)
    exponential = matrix_functions.MatrixExp()(x / size)
    values, vectors = np.linalg.eig(x / size)
    wanted = (vectors * np.exp(values)[:, None, :]) @ np.linalg.inv(vectors)
    np.testing.assert_allclose(exponential, wanted.real, rtol=1e-9, atol=1e-9)


def test_the_derivative_of_a_determinant_of_0() -> None:
    for rank, matrix in ((2, np.diag([2.0, 3, 0])), (1, np.diag([2.0, 0, 0])), (0, np.zeros((3, 3)))):
        x = gw.Tensor(matrix, requires_grad=True)
        linalg.Determinant()(x).backward()
        wanted = np.zeros((3, 3))
        wanted[2, 2] = 6.0 if rank == 2 else 0.0
        np.testing.assert_allclose(x.grad.numpy(), wanted, atol=1e-15)


def test_products_take_the_cheapest_order() -> None:
    rng = np.random.default_rng(0)
    sizes = [2, 30, 1, 20, 3, 8]
    factors = [rng.standard_normal(pair) for pair in zip(sizes, sizes[1:], strict=False)]
    np.testing.assert_allclose(matrices.multi_dot(factors), np.linalg.multi_dot(factors), rtol=1e-12)
    np.testing.assert_allclose(matrices.multi_dot([factors[0][0], *factors[1:-1], factors[-1][:, 0]]), np.linalg.multi_dot(
        [factors[0][0], *factors[1:-1], factors[-1][:, 0]]), rtol=1e-12)  # fmt: skip


def test_the_second_derivative_of_a_pseudo_inverse_of_less_than_full_rank() -> None:
    """That of a b' is b a' / (|a| |b|)^2: no singular value that is 0 comes between."""
    rng = np.random.default_rng(2)
    b, weights = rng.standard_normal((1, 4)), rng.standard_normal((4, 7))
    ways = (lambda a: matrices.pinv(a * b), lambda a: gw.transpose(a, (1, 0)) * b.T / (gw.reduce_sum(a * a) * (b * b).sum()))
    found = []
    for way in ways:
        a = gw.Tensor(np.linspace(-1, 2, 7)[:, None], requires_grad=True)
        first = gw.grad(gw.reduce_sum(way(a) * weights), a, create_graph=True)
        second = gw.grad(gw.reduce_sum(first * np.cos(np.arange(7.0))[:, None]), a)
        found.append((first.numpy(), second.numpy()))
    np.testing.assert_allclose(found[0], found[1], rtol=1e-9, atol=1e-12)
