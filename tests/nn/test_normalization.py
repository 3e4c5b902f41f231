"""Normalisations and attention against their formulas in float64, compiled too; slopes; narrow dtypes; what is hidden or overflows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradwerk
from gradwerk.base import dtypes
from gradwerk.base.errors import ShapeError
from gradwerk.nn import attention, normalization
from gradwerk.tensor.random import Generator
from gradwerk.tensor.tensor import Tensor
from tests.laws.laws import slope_law

Array = np.ndarray[Any, Any]
RNG = np.random.default_rng(0)
X, SCALE, OFFSET = RNG.standard_normal((3, 4, 5)) * 2 + 1, RNG.standard_normal(4), RNG.standard_normal(4)
LAST, AFTER = RNG.standard_normal((4, 5)), RNG.standard_normal((4, 5))


def standardised(x: Array, axes: tuple[int, ...]) -> Array:
    return (x - x.mean(axes, keepdims=True)) / np.sqrt(x.var(axes, keepdims=True) + 1e-3)


def by_group(x: Array) -> Array:
    return standardised(x.reshape(3, 2, 2, 5), (2, 3)).reshape(x.shape) * SCALE[:, None] + OFFSET[:, None]


def by_neighbours(x: Array) -> Array:
    total = np.stack([(x[:, max(c - 1, 0) : c + 2] ** 2).sum(1) for c in range(4)], 1)
    return x / (2 + 0.3 / 3 * total) ** 0.75


CASES: dict[str, tuple[Callable[..., Any], Callable[..., Array]]] = {
    "layer": (lambda x: normalization.layer_norm(x, 2, cast(LAST, x), cast(AFTER, x), epsilon=1e-3),
              lambda x: standardised(x, (1, 2)) * LAST + AFTER),
    "rms": (lambda x: normalization.rms_norm(x, 1, epsilon=1e-3), lambda x: x / np.sqrt((x**2).mean(-1, keepdims=True) + 1e-3)),
    "group": (lambda x: normalization.group_norm(x, 2, cast(SCALE, x), cast(OFFSET, x), epsilon=1e-3), by_group),
    "instance": (lambda x: normalization.instance_norm(x, None, epsilon=1e-3, momentum=0.9, by_itself=True),
                 lambda x: standardised(x, (2,))),
    "local response": (lambda x: normalization.local_response_norm(x, 3, alpha=0.3, beta=0.75, offset=2), by_neighbours),
    "unit": (lambda x: normalization.unit_norm(x, (1,)), lambda x: x / np.sqrt((x**2).sum(1, keepdims=True))),
    "unit of cubes": (lambda x: normalization.unit_norm(x, (1,), order=3), lambda x: x / (np.abs(x) ** 3).sum(1, keepdims=True) ** (1 / 3)),
}  # fmt: skip


def cast(array: Array, like: Any) -> Any:
    """A parameter in the dtype of the input."""
    return dtypes.converted(array, like.dtype)


@pytest.mark.parametrize("name", CASES)
def test_formula(name: str) -> None:
    ours, formula = CASES[name]
    for dtype, most in ((dtypes.float64, 1e-12), (dtypes.float32, 1e-5), (dtypes.float16, 4e-3), (dtypes.bfloat16, 3e-2)):
        x = dtypes.converted(X, dtype)
        wanted = formula(dtypes.widened(x).astype(np.float64))
        for made in (ours(x), gradwerk.compile(ours)(Tensor(x)).numpy()):
            assert made.dtype == dtype
            np.testing.assert_allclose(dtypes.widened(made), wanted, most, most)
    slope_law(lambda x: (ours(x),), [X], name)


def test_a_large_mean_takes_no_digits() -> None:
    x = (X + 1000).astype(np.float32)
    wide = x.astype(np.float64)
    wanted = (wide - wide.mean(-1, keepdims=True)) / wide.std(-1, keepdims=True)
    np.testing.assert_allclose(normalization.layer_norm(x, 1, epsilon=0), wanted, atol=2e-4)


def test_running_statistics_of_instances() -> None:
    mean, variance = Tensor(np.zeros(4)), Tensor(np.ones(4))
    normalization.instance_norm(Tensor(X), (mean, variance), epsilon=1e-3, momentum=0.9, by_itself=True)
    np.testing.assert_allclose(mean.numpy(), 0.1 * X.mean((0, 2)))
    np.testing.assert_allclose(variance.numpy(), 0.9 + 0.1 * X.var(2, ddof=1).mean(0))
    made = normalization.instance_norm(Tensor(X), (mean, variance), epsilon=0, momentum=0.9, by_itself=False)
    np.testing.assert_allclose(made.numpy(), (X - mean.numpy()[:, None]) / np.sqrt(variance.numpy()[:, None]))


Q, K, V = RNG.standard_normal((2, 3, 5, 4)), RNG.standard_normal((2, 3, 6, 4)), RNG.standard_normal((2, 3, 6, 7))
SEEN = RNG.random((5, 6)) < 0.6


def weighted(scores: Array) -> Array:
    raised = np.exp(scores - scores.max(-1, keepdims=True))
    return raised / raised.sum(-1, keepdims=True) @ V


def test_attention_is_its_formula() -> None:
    SEEN[:, 0] = True
    scores, bias = Q @ K.swapaxes(-1, -2) / 2, RNG.standard_normal((3, 5, 6))
    cases = [
        ({}, scores), ({"scale": 0.3}, scores * 0.6), ({"causal": True}, np.where(np.tri(5, 6, dtype=bool), scores, -np.inf)),
        ({"mask": SEEN}, np.where(SEEN, scores, -np.inf)), ({"mask": bias}, scores + bias),
    ]  # fmt: skip
    for options, wanted in cases:
        ours = lambda q, k, v, options=options: attention.attention(q, k, v, **options)
        np.testing.assert_allclose(ours(Q, K, V), weighted(wanted), 1e-10)
        np.testing.assert_allclose(gradwerk.compile(ours)(Tensor(Q), Tensor(K), Tensor(V)).numpy(), weighted(wanted), 1e-10)
        slope_law(lambda q, k, v, ours=ours: (ours(q, k, v),), [Q, K, V], options.keys())


def test_large_scores_do_not_overflow_and_who_sees_nothing_gets_zeros() -> None:
    far = attention.attention((Q * 1e20).astype(np.float32), (K * 1e15).astype(np.float32), V.astype(np.float32))
    assert np.isfinite(far).all()
    blind = SEEN.copy()
    blind[2] = False
    x = [Tensor(part, requires_grad=True) for part in (Q, K, V)]
    made = attention.attention(*x, blind)
    assert not made.numpy()[..., 2, :].any()
    assert all(np.isfinite(g.numpy()).all() for g in gradwerk.grad(made.sum(), x))


def test_dropped_weights_are_the_same_compiled() -> None:
    def dropped(q: Any, generator: Generator) -> Any:
        return attention.attention(q, Tensor(K), Tensor(V), rate=0.5, generator=generator)

    eager, compiled = dropped(Tensor(Q), Generator(3)), gradwerk.compile(dropped)(Tensor(Q), Generator(3))
    np.testing.assert_allclose(eager.numpy(), compiled.numpy(), 1e-12)
    assert np.abs(eager.numpy() - attention.attention(Q, K, V)).max() > 0.1


def test_counts_that_differ_are_refused() -> None:
    for k, v in ((K[..., :3], V), (K, V[..., :5, :])):
        with pytest.raises(ShapeError, match="attention"):
            attention.attention(Q, k, v)
