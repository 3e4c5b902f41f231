"""Every function of `gradwerk` itself: called on Tensors, eager and compiled, it is what NumPy says."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradwerk as gw
from gradwerk import _FUNCTIONS

RNG = np.random.default_rng(0)
X, Y = RNG.uniform(0.2, 0.8, (3, 4)), RNG.uniform(0.2, 0.8, (3, 4))
S, W = RNG.uniform(-2, 2, (3, 4)), RNG.uniform(1.1, 3, (3, 4))
"""Of either sign, and above 1."""
M = RNG.normal(size=(3, 3)) + 3 * np.eye(3)
A, B = np.array([6, 4, 9]), np.array([4, 6, 3])
K = np.array([[0, 2, 1], [1, 1, 0], [2, 0, 2]])
P = S > 0
Case = tuple[tuple[Any, ...], Any]


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def each(function: Callable[[float], float]) -> Callable[[np.ndarray], np.ndarray]:
    return np.vectorize(function)


def series(order: int) -> Callable[[np.ndarray], np.ndarray]:
    """The modified Bessel function by its power series."""
    return each(lambda x: sum((x / 2) ** (2 * k + order) / (math.factorial(k) * math.factorial(k + order)) for k in range(30)))


def digamma(x: float) -> float:
    return (math.lgamma(x + 1e-5) - math.lgamma(x - 1e-5)) / 2e-5


def of_one(x: np.ndarray, **functions: Callable[[np.ndarray], Any]) -> dict[str, Case]:
    return {name: ((x,), function(x)) for name, function in functions.items()}


def softplus(x: np.ndarray) -> np.ndarray:
    return np.log1p(np.exp(x))


CASES: dict[str, Case] = {
    **of_one(S, exp=np.exp, neg=np.negative, sign=np.sign, sin=np.sin, cos=np.cos, tan=np.tan, tanh=np.tanh, floor=np.floor, ceil=np.ceil,
             trunc=np.trunc, frac=lambda x: x - np.trunc(x), relu=lambda x: np.maximum(x, 0), sigmoid=sigmoid, softplus=softplus,
             erf=each(math.erf), erfc=each(math.erfc), exp2=np.exp2, expm1=np.expm1, cbrt=np.cbrt, square=np.square, sinh=np.sinh,
             cosh=np.cosh, asinh=np.arcsinh, atan=np.arctan, deg2rad=np.deg2rad, rad2deg=np.rad2deg, sinc=np.sinc, signbit=np.signbit,
             isnan=np.isnan, isinf=np.isinf, isfinite=np.isfinite, stop_gradient=lambda x: x, i0=series(0), i1=series(1),
             i0e=lambda x: series(0)(x) * np.exp(-np.abs(x)), i1e=lambda x: series(1)(x) * np.exp(-np.abs(x)),
             gelu=lambda x: x * (1 + each(math.erf)(x / np.sqrt(2))) / 2, silu=lambda x: x * sigmoid(x),
             mish=lambda x: x * np.tanh(softplus(x)),
             elu=lambda x: np.where(x > 0, x, np.expm1(x)), celu=lambda x: np.where(x > 0, x, np.expm1(x)),
             selu=lambda x: 1.0507009873554805 * np.where(x > 0, x, 1.6732632423543772 * np.expm1(x)),
             leaky_relu=lambda x: np.where(x > 0, x, 0.01 * x), log_sigmoid=lambda x: np.log(sigmoid(x)),
             softsign=lambda x: x / (1 + np.abs(x)),
             relu6=lambda x: np.clip(x, 0, 6), hard_tanh=lambda x: np.clip(x, -1, 1), hard_sigmoid=lambda x: np.clip(x / 6 + 0.5, 0, 1),
             hard_swish=lambda x: x * np.clip(x / 6 + 0.5, 0, 1), soft_shrink=lambda x: np.sign(x) * np.maximum(np.abs(x) - 0.5, 0),
             glu=lambda x: x[:, :2] * sigmoid(x[:, 2:])),
    **of_one(X, log=np.log, log1p=np.log1p, log2=np.log2, log10=np.log10, sqrt=np.sqrt, rsqrt=lambda x: x**-0.5, asin=np.arcsin,
             acos=np.arccos, atanh=np.arctanh, logit=lambda x: np.log(x / (1 - x)), lgamma=each(math.lgamma)),
    **of_one(W, acosh=np.arccosh), "digamma": ((W,), each(digamma)(W)), "polygamma": ((0, W), each(digamma)(W)),
    "erfinv": ((X,), None), "cast": ((S, np.dtype(np.int32)), S.astype(np.int32)),
    **{name: ((S, W), function(S, W)) for name, function in {
        "add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.divide, "maximum": np.maximum, "minimum": np.minimum,
        "fmax": np.fmax, "fmin": np.fmin, "remainder": np.mod, "copysign": np.copysign, "atan2": np.arctan2, "hypot": np.hypot,
        "logaddexp": np.logaddexp, "logaddexp2": np.logaddexp2, "heaviside": np.heaviside, "equal": np.equal, "not_equal": np.not_equal,
        "less": np.less, "less_equal": np.less_equal, "greater": np.greater, "greater_equal": np.greater_equal,
    }.items()},
    "addcdiv": ((S, X, Y), S + X / Y), "addcmul": ((S, X, Y), S + X * Y), "lerp": ((X, Y, S), X + S * (Y - X)),
    "mvlgamma": ((W + 1, 1), each(math.lgamma)(W + 1)), "power": ((W, S), W**S),
    "xlogy": ((S, W), S * np.log(W)), "xlog1py": ((S, W), S * np.log1p(W)),
    "gcd": ((A, B), np.gcd(A, B)), "lcm": ((A, B), np.lcm(A, B)), "left_shift": ((A, B), A << B), "right_shift": ((A, B), A >> B),
    "logical_and": ((P, ~P), P & ~P), "logical_or": ((P, ~P), P | ~P), "logical_not": ((P,), ~P),
    "isclose": ((X, X + 1e-6 * (S > 0)), np.isclose(X, X + 1e-6 * (S > 0))),
    "where": ((P, X, Y), np.where(P, X, Y)), "clip": ((S, -1, 1), np.clip(S, -1, 1)),
    "broadcast_to": ((X, (2, 3, 4)), np.broadcast_to(X, (2, 3, 4))), "concatenate": (([X, Y], 1), np.concatenate([X, Y], 1)),
    "expand_dims": ((X, 1), X[:, None]), "flip": ((X, 0), X[::-1]), "pad": ((X, (1, 0), (0, 2)), np.pad(X, ((1, 0), (0, 2)))),
    "reshape": ((X, (2, -1)), X.reshape(2, -1)), "squeeze": ((X[:1], 0), X[0]), "transpose": ((X,), X.T),
    "roll": ((X, 1, 1), np.roll(X, 1, 1)), "rot90": ((X,), np.rot90(X)), "stack": (([X, Y], 1), np.stack([X, Y], 1)),
    "tile": ((X, (2, 1)), np.tile(X, (2, 1))), "repeat": ((X, 2, 1), np.repeat(X, 2, 1)), "block_diag": (([X, M],), None),
    "meshgrid": (([X[0], Y[:, 0]],), np.meshgrid(X[0], Y[:, 0], indexing="ij")), "move_axes": ((X, (0,), (1,)), np.moveaxis(X, 0, 1)),
    "argmax": ((X,), X.argmax(-1)), "argmin": ((X,), X.argmin(-1)), "reduce_max": ((X, 0), X.max(0)), "reduce_min": ((X, 0), X.min(0)),
    "reduce_sum": ((X, 0), X.sum(0)), "mean": ((X, 0), X.mean(0)), "variance": ((X, 0), X.var(0)), "norm": ((X,), np.linalg.norm(X)),
    "logsumexp": ((X,), np.log(np.exp(X).sum(-1))), "softmax": ((X,), np.exp(X) / np.exp(X).sum(-1, keepdims=True)),
    "log_softmax": ((X,), X - np.log(np.exp(X).sum(-1, keepdims=True))), "one_hot": ((B - 3, 4), np.eye(4)[B - 3]),
    "cumsum": ((X,), np.cumsum(X, -1)), "cumprod": ((X,), np.cumprod(X, -1)), "logcumsumexp": ((X,), np.log(np.cumsum(np.exp(X), -1))),
    "cummax": ((X,), (np.maximum.accumulate(X, -1), None)), "cummin": ((X,), (np.minimum.accumulate(X, -1), None)),
    "diagonal": ((M,), np.diagonal(M)), "diagonal_embed": ((X[0],), np.diag(X[0])), "trace": ((M,), np.trace(M)),
    "tril": ((M,), np.tril(M)), "triu": ((M,), np.triu(M)), "einsum": (("ij,kj->ik", X, Y), X @ Y.T), "kron": ((X, Y), np.kron(X, Y)),
    "tensordot": ((X, Y), np.tensordot(X, Y)), "matmul": ((X, Y.T), X @ Y.T), "contract": ((X, Y, "ij,kj->ik"), X @ Y.T),
    "inv": ((M,), np.linalg.inv(M)), "solve": ((M, X), np.linalg.solve(M, X)), "pinv": ((X,), np.linalg.pinv(X)),
    "matrix_norm": ((M,), np.linalg.norm(M)), "matrix_power": ((M, 3), M @ M @ M), "matrix_rank": ((M,), 3),
    "multi_dot": (([X, Y.T, M],), X @ Y.T @ M),
    "searchsorted": ((np.sort(X[0]), Y), np.searchsorted(np.sort(X[0]), Y)), "argsort": ((X,), np.argsort(X)),
    "sort": ((X,), (np.sort(X), np.argsort(X))), "top_k": ((X, 2), (-np.sort(-X)[:, :2], np.argsort(-X)[:, :2])),
    "lexsort": (([X[0], Y[0]],), None), "gather": ((X, np.array([2, 0])), X[[2, 0]]), "take_along": ((X, K), np.take_along_axis(X, K, -1)),
    "scatter_add": ((X, np.array([1, 1, 0]), 2), np.stack([X[2], X[0] + X[1]])), "scatter_along": ((X, K[:, :1], Y[:, :1]), None),
}  # fmt: skip
OTHERWISE = {"erfinv", "block_diag", "lexsort", "scatter_along"}
"""Whose values are checked below, or hold an equation."""


def carried(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return gw.Tensor(value)
    return [carried(item) for item in value] if isinstance(value, list) else value


def test_every_function_has_a_case() -> None:
    assert {name for names in _FUNCTIONS.values() for name in names} == set(CASES)


@pytest.mark.parametrize("way", [lambda f: f, gw.compile], ids=["eager", "compiled"])
@pytest.mark.parametrize("name", sorted(set(CASES) - OTHERWISE))
def test_a_function_is_what_numpy_says(name: str, way: Callable[..., Any]) -> None:
    args, expected = CASES[name]
    function, given = getattr(gw, name), [carried(a) for a in args]
    got = way(lambda: function(*given))()
    pairs = zip(got, expected, strict=True) if isinstance(expected, (tuple, list)) else [(got, expected)]
    for found, wanted in pairs:
        if wanted is not None:
            np.testing.assert_allclose(found.numpy(), wanted, rtol=1e-6, atol=1e-9)


def test_the_others() -> None:
    x, m = gw.Tensor(X), gw.Tensor(M)
    np.testing.assert_allclose(gw.erf(gw.erfinv(x)).numpy(), X, rtol=1e-12)
    blocks = gw.block_diag([x, m]).numpy()
    np.testing.assert_array_equal(blocks[:3, :4], X)
    np.testing.assert_array_equal(blocks[3:, 4:], M)
    assert not blocks[:3, 4:].any()
    order = gw.lexsort([gw.Tensor(K[0]), gw.Tensor(K[1])]).numpy()
    assert sorted(order) == [0, 1, 2]
    expected = X.copy()
    np.put_along_axis(expected, K[:, :1], Y[:, :1], -1)
    np.testing.assert_array_equal(gw.scatter_along(x, gw.Tensor(K[:, :1]), gw.Tensor(Y[:, :1])).numpy(), expected)
