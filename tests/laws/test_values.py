"""Values of single ops and compositions that no general law can know."""

from __future__ import annotations

import math
import warnings
from fractions import Fraction

import numpy as np
import pytest

import gradwerk
from gradwerk.autodiff.reverse import gradients
from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, DataError, DTypeError, ShapeError
from gradwerk.ir.graph import Graph
from gradwerk.ir.interpret import interpret
from gradwerk.ir.op import typed
from gradwerk.ops import elementwise, from_bits, functions
from gradwerk.ops.elementwise import add, cast, div, maximum, mul, relu, sigmoid, sign, where
from gradwerk.ops.indexing import gather, scatter_add
from gradwerk.ops.movement import concatenate, expand_dims, flip, pad, reshape, slice_axis, squeeze, transpose
from gradwerk.ops.random import philox, random_bits
from gradwerk.ops.reduction import argmax, argmin, reduce_max, reduce_sum
from gradwerk.tensor.tensor import Tensor
from tests import tolerances
from tests.laws.laws import slope_law

RNG = np.random.default_rng(0)
X = RNG.standard_normal((3, 5))


def grad(function: object, x: np.ndarray) -> np.ndarray:
    """The gradient of the sum of `function`."""
    graph = Graph()
    value = graph.input(typed(*x.shape, dtype=x.dtype))
    graph.finish(gradients([function(value)], [np.ones(x.shape)], [value]))
    return interpret(graph, [x])[0]


def test_gradients_at_kinks() -> None:
    zero = np.zeros(1)
    assert grad(relu, zero) == 0
    assert grad(lambda x: maximum(x, 0), zero) == 0.5
    assert grad(lambda x: functions.clip(x, 0, 1), zero) == 1
    assert grad(lambda x: mul(x, sign(x)), zero) == 0


def test_relu_keeps_nan_and_sigmoid_never_overflows() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isnan(relu(np.array([np.nan, -1]))[0])
        assert sigmoid(np.array([-1e4, 1e4, -np.inf, np.inf])).tolist() == [0, 1, 0, 1]


def test_integer_division_rounds_toward_zero_and_never_raises() -> None:
    a, b = np.array([7, -7, 7, -7, 7, 0]), np.array([2, 2, -2, -2, 0, 0])
    assert div(a, b).tolist() == [3, -3, -3, 3, 0, 0]


def test_casts_saturate() -> None:
    x = np.array([np.nan, np.inf, -np.inf, 1e20, -1e20, 2.9, -2.9, 255.5], np.float32)
    assert cast(x, dtypes.int32).tolist() == [0, 2**31 - 1, -(2**31), 2**31 - 1, -(2**31), 2, -2, 255]
    assert cast(x, dtypes.int64).tolist() == [0, 2**63 - 1, -(2**63), 2**63 - 1, -(2**63), 2, -2, 255]
    assert cast(x, dtypes.uint8).tolist() == [0, 255, 0, 255, 0, 2, 0, 255]
    assert cast(x, dtypes.bool_).all()
    assert cast(np.array([300, -1]), dtypes.uint8).tolist() == [44, 255]
    assert cast(X, dtypes.float64) is X


def test_numbers_take_the_dtype_of_the_array() -> None:
    assert add(np.float32(1), 2).dtype == np.float32
    assert mul(2, np.ones(2, np.float32)).dtype == np.float32
    assert where(np.array([True, False]), np.ones(2, np.float32), 0).dtype == np.float32
    with pytest.raises(DTypeError, match="equal dtypes"):
        add(np.ones(2, np.float32), np.ones(2))


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_argmax_and_argmin_are_numpys(axis: int) -> None:
    x = RNG.integers(0, 3, (4, 6)).astype(np.float32)
    np.testing.assert_array_equal(argmax(x, axis), np.argmax(x, axis))
    np.testing.assert_array_equal(argmin(x, axis), np.argmin(x, axis))
    assert argmax(x.astype(np.int32), axis, keepdims=True).shape == np.argmax(x, axis, keepdims=True).shape
    x[1, 2] = x[1, 4] = x[3, 2] = np.nan
    np.testing.assert_array_equal(argmax(x, axis), np.argmax(x, axis))
    assert argmax(x, axis).dtype == np.int64


def test_folds_of_nothing() -> None:
    assert reduce_sum(np.zeros((0, 2)), 0).tolist() == [0, 0]
    assert reduce_max(np.zeros((0, 2)), 1).shape == (0,)
    with pytest.raises(ShapeError, match="no value"):
        reduce_max(np.zeros((0, 2)), 0)


def test_equal_largest_share_the_gradient() -> None:
    assert grad(lambda x: mul(reduce_max(x), np.ones((1, 3)) / 3), np.array([[1.0, 1.0, 0.0]])).tolist() == [[0.5, 0.5, 0]]


def test_softmax_and_logsumexp_are_stable() -> None:
    x = np.array([[1000.0, 1000.0], [-1000.0, 0.0], [-np.inf, -np.inf], [np.inf, 0.0]])
    assert functions.softmax(x)[:2].tolist() == [[0.5, 0.5], [0, 1]]
    assert functions.log_softmax(x)[0] == pytest.approx(-math.log(2))
    assert functions.logsumexp(x).tolist() == [1000 + math.log(2), 0, -np.inf, np.inf]
    assert elementwise.softplus(np.array([-1e3, 0, 1e3])).tolist() == [0, math.log(2), 1e3]


@pytest.mark.parametrize(
    "function",
    [
        functions.softmax, functions.log_softmax, functions.logsumexp, functions.gelu, functions.square, functions.mean,
        elementwise.softplus,
        lambda x: functions.softmax(x, 0), lambda x: functions.logsumexp(x, (0, 1)), lambda x: functions.gelu(x, approximate=True),
        lambda x: functions.variance(x, (0,), correction=1), lambda x: functions.power(x, 3), lambda x: functions.power(x, -2),
        lambda x: functions.power(functions.square(x), 0.5), lambda x: functions.power(functions.square(x), 1.7),
        lambda x: functions.pick(x, np.array([1, 4, 0])),
    ],
)  # fmt: skip
def test_compositions_have_gradients(function: object) -> None:
    slope_law(lambda x: (function(x),), [X], "composition")


def test_mean_and_variance_are_numpys() -> None:
    x = X + 1e6
    tolerances.allclose(functions.mean(x, 0), x.mean(0), "sums")
    found, rounding = functions.variance(x, (1,), keepdims=True, correction=1), tolerances.ulp(1e6, X.dtype)
    tolerances.within(found, x.var(1, keepdims=True, ddof=1), 16 * rounding, "of numbers that were rounded to about 1e6")
    np.testing.assert_array_equal(functions.power(X, 0), np.ones_like(X))
    tolerances.allclose(functions.power(X, 5), X**5, "elementwise")


def test_one_hot_and_pick() -> None:
    assert functions.one_hot(np.array([2, 0, 9, -1]), 3).tolist() == [[0, 0, 1], [1, 0, 0], [0, 0, 0], [0, 0, 0]]
    assert functions.pick(X, np.array([1, 4, 0])).tolist() == [X[0, 1], X[1, 4], X[2, 0]]


def test_gather_and_scatter_refuse_what_is_outside() -> None:
    table = np.arange(6.0).reshape(3, 2)
    assert gather(table, np.array([[2, 0]])).tolist() == [[[4, 5], [0, 1]]]
    assert scatter_add(np.ones(3), np.array([1, 1, 0]), 3).tolist() == [1, 2, 0]
    for wrong in (3, -1):
        with pytest.raises(DataError, match=rf"index {wrong} at \(1, 0\) is outside 0..2"):
            gather(table, np.array([[0], [wrong]]))
        with pytest.raises(DataError, match="outside"):
            scatter_add(np.ones(1), np.array([wrong]), 3)
    with pytest.raises(DTypeError, match="indices must be integers"):
        gather(table, np.zeros(2))


def test_movement_functions_take_what_people_write() -> None:
    x = np.arange(24).reshape(2, 3, 4)
    np.testing.assert_array_equal(transpose(x), x.T)
    np.testing.assert_array_equal(transpose(x, (-1, 0, 1)), x.transpose(2, 0, 1))
    np.testing.assert_array_equal(reshape(x, (4, -1)), x.reshape(4, -1))
    np.testing.assert_array_equal(flip(x, -1), x[..., ::-1])
    np.testing.assert_array_equal(slice_axis(x, -1, 1, 4, 2), x[..., 1:4:2])
    np.testing.assert_array_equal(concatenate([x, x], -1), np.concatenate([x, x], -1))
    assert squeeze(expand_dims(x, -1), -1).shape == expand_dims(x, 3).shape[:-1] == x.shape
    assert pad(x, (0, 0, 0), (0, 0, 0)) is x
    assert reshape(x, x.shape) is x
    for function, *args in ((reshape, x, (5, -1)), (transpose, x, (0, 0, 1)), (squeeze, x, 0), (flip, x, 3), (concatenate, [])):
        with pytest.raises(ShapeError):
            function(*args)


VECTORS = (
    ((0, 0), 0, (0xFF1DAE59, 0x6CD10DF2)),
    ((0xFFFFFFFF, 0xFFFFFFFF), 0xFFFFFFFF, (0x2C3F628B, 0xAB4FD7AD)),
    ((0x243F6A88, 0x85A308D3), 0x13198A2E, (0xDD7CE038, 0xF62A4C12)),
)
"""Counter, key and words that the authors of Philox publish (Random123, kat_vectors)."""


@pytest.mark.parametrize(("counter", "key", "words"), VECTORS)
def test_known_answers_of_philox(counter: tuple[int, int], key: int, words: tuple[int, int]) -> None:
    left, right = (np.array([word], np.uint32) for word in counter)
    assert tuple(int(word[0]) for word in philox(left, right, np.uint32(key))) == words


def test_bits_depend_on_place_seed_and_counter_alone() -> None:
    seed, counter = np.uint32(7), np.uint32(3)
    bits = random_bits((4, 5), seed, counter)
    np.testing.assert_array_equal(bits.ravel()[:7], random_bits((7,), seed, counter))
    for other in (random_bits((4, 5), np.uint32(8), counter), random_bits((4, 5), seed, np.uint32(4))):
        assert np.mean(other == bits) < 0.1


def test_random_numbers_are_distributed_as_said() -> None:
    first, second = (random_bits((200_000,), np.uint32(1), np.uint32(k)) for k in range(2))
    for dtype in (dtypes.float32, dtypes.float64):
        flat = from_bits.uniform(first, dtype)
        assert flat.dtype == dtype
        assert flat.min() >= 0
        assert flat.max() < 1
        assert flat.mean() == pytest.approx(0.5, abs=0.003)
        bell = from_bits.normal(first, second, dtype)
        assert np.isfinite(bell).all()
        assert bell.mean() == pytest.approx(0, abs=0.01)
        assert bell.std() == pytest.approx(1, abs=0.01)
    for rate in (0.0, 0.25, 1.0):
        assert from_bits.keep_mask(first, rate).mean() == pytest.approx(1 - rate, abs=0.005)
    dropped = from_bits.dropout(np.ones(200_000, np.float32), first, 0.25)
    assert set(np.unique(dropped)) == {np.float32(0), np.float32(1 / 0.75)}
    with pytest.raises(ArgumentError, match="between 0 and 1"):
        from_bits.keep_mask(first, 1.5)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_whole_quotients_and_rests_are_those_of_the_exact_quotient(dtype: str) -> None:
    rng = np.random.default_rng(2)
    a, b = ((rng.integers(1, 1000, 4000) / 10).astype(dtype) for _ in range(2))
    a = np.concatenate([a, -a, a, -a, [1, 5, -5, 0, 2**23 + 1, -(2**23) - 1, 2**52 + 1]]).astype(dtype)
    b = np.concatenate([b, b, -b, -b, [0.1, np.inf, np.inf, 2, 1, 1, 1]]).astype(dtype)
    pairs = [(float(x), float(y)) for x, y in zip(a, b, strict=True)]
    exact = [divmod(Fraction(x), Fraction(y)) if math.isfinite(y) else divmod(x, y) for x, y in pairs]
    for made in (lambda f: f(a, b), lambda f: gradwerk.compile(f)(Tensor(a), Tensor(b)).numpy()):
        np.testing.assert_array_equal(made(functions.floor_divide), np.array([float(q) for q, _ in exact], dtype))
        np.testing.assert_array_equal(made(functions.remainder), np.array([float(r) for _, r in exact], dtype))


@pytest.mark.parametrize(("dtype", "bits"), [(np.float32, np.uint32), (np.float64, np.uint64)])
def test_remainders_are_exact_whatever_the_quotient(dtype: type, bits: type) -> None:
    """Quotients up to 2**2098, of bits drawn at random and of the ends of the range; NumPy's is C's."""
    rng, limits = np.random.default_rng(4), np.finfo(dtype)
    drawn = rng.integers(0, np.iinfo(bits).max, (2, 4000), dtype=bits, endpoint=True).view(dtype)
    ends = [0.0, -0.0, 1, -0.1, 7 * limits.smallest_subnormal, limits.tiny, limits.max, np.inf, -np.inf, np.nan, 2.0**99, 2.0**101]
    pairs = np.meshgrid(np.array(ends, dtype), np.array(ends, dtype))
    a, b = (np.concatenate([drawn[k], pairs[k].ravel()]) for k in range(2))
    with np.errstate(all="ignore"):
        wanted = np.fmod(a, b)
    for part in (np.s_[:], np.s_[:1], np.s_[-7:]):  # one lane, and a masked vector
        got = gradwerk.compile(elementwise.fmod)(Tensor(a[part]), Tensor(b[part])).numpy()
        np.testing.assert_array_equal(got, wanted[part])
        np.testing.assert_array_equal(np.signbit(got[got == 0]), np.signbit(wanted[part][wanted[part] == 0]))


def test_the_whole_quotient_of_a_remainder_is_flat() -> None:
    a, b = Tensor(np.array([7.5, -7.5, 1e30])), Tensor(np.array([0.1, 2, 3]))
    for x in (a, b):
        x.requires_grad = True
    first = gradwerk.grad(functions.remainder(a, b).sum(), [a, b], create_graph=True)
    np.testing.assert_array_equal(first[1].numpy(), -np.floor([7.5 / 0.1 - 1, -3.75, 1e30 / 3]))
    second = gradwerk.grad((first[1] * first[1]).sum(), [a, b], allow_unused=True)
    assert all(g is None or not g.numpy().any() for g in second)
