"""Layers against their formulas in NumPy, float64; each on arrays and on Tensors; gradients by one random direction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gradwerk.base.errors import ArgumentError, DTypeError, ShapeError
from gradwerk.nn.conv import Convolution, convolution, named_padding, same_padding
from gradwerk.nn.dropout import dropout
from gradwerk.nn.embedding import embedding
from gradwerk.nn.linear import Linear, linear
from gradwerk.nn.norm import batch_statistics, check_features, normalize
from gradwerk.nn.pool import AveragePool, MaxPool, average_pool
from gradwerk.nn.recurrent import lstm
from gradwerk.tensor.random import Generator
from gradwerk.tensor.tensor import Parameter, Tensor
from tests.modules import LSTM, BatchNorm, Dropout, Embedding

RNG = np.random.default_rng(3)
Array = np.ndarray[Any, np.dtype[Any]]


def draw(*shape: int) -> Array:
    return RNG.standard_normal(shape)


def by_loops(x: Array, w: Array, strides: Any, padding: Any, dilation: Any) -> Array:
    """Convolution in two dimensions by its formula, one output at a time."""
    padded = np.pad(x, ((0, 0), *padding, (0, 0)))
    rows = (padded.shape[1] - dilation[0] * (w.shape[0] - 1) - 1) // strides[0] + 1
    columns = (padded.shape[2] - dilation[1] * (w.shape[1] - 1) - 1) // strides[1] + 1
    y = np.zeros((len(x), rows, columns, w.shape[3]))
    for i in range(rows):
        for j in range(columns):
            for r in range(w.shape[0]):
                for s in range(w.shape[1]):
                    y[:, i, j] += padded[:, i * strides[0] + r * dilation[0], j * strides[1] + s * dilation[1]] @ w[r, s]
    return y


@pytest.mark.parametrize(
    ("strides", "padding", "dilation"),
    [((1, 1), ((0, 0), (0, 0)), (1, 1)), ((2, 3), ((1, 2), (0, 1)), (1, 1)), ((1, 2), ((2, 2), (2, 2)), (2, 3))],
)
def test_convolution_is_its_formula(strides: Any, padding: Any, dilation: Any) -> None:
    x, w, b = draw(2, 7, 8, 3), draw(3, 2, 3, 4), draw(4)
    got = convolution(x, w, b, strides=strides, padding=padding, dilation=dilation)
    np.testing.assert_allclose(got, by_loops(x, w, strides, padding, dilation) + b, atol=1e-12)


def test_groups_are_convolutions_side_by_side() -> None:
    x, w = draw(2, 5, 5, 6), draw(3, 3, 2, 9)
    options: dict[str, Any] = {"strides": (1, 1), "padding": ((1, 1), (1, 1)), "dilation": (1, 1)}
    parts = [convolution(x[..., 2 * g : 2 * g + 2], w[..., 3 * g : 3 * g + 3], **options) for g in range(3)]
    np.testing.assert_allclose(convolution(x, w, groups=3, **options), np.concatenate(parts, -1), atol=1e-12)


def test_one_and_three_dimensions() -> None:
    x, w = draw(2, 9, 3), draw(4, 3, 5)
    flat = convolution(x[:, :, None], w[:, None], strides=(1, 1), padding=((0, 0), (0, 0)), dilation=(1, 1))
    np.testing.assert_allclose(convolution(x, w, strides=(1,), padding=((0, 0),), dilation=(1,)), flat[:, :, 0], atol=1e-12)
    cube = convolution(draw(1, 4, 4, 4, 2), draw(2, 2, 2, 2, 3), strides=(1, 1, 1), padding=((0, 0),) * 3, dilation=(1, 1, 1))
    assert cube.shape == (1, 3, 3, 3, 3)


@pytest.mark.parametrize(
    ("extent", "window", "stride", "dilation"), [(28, 5, 1, 1), (7, 3, 2, 1), (8, 3, 2, 1), (9, 2, 3, 2), (5, 1, 2, 1)]
)
def test_same_padding_gives_the_extent_over_the_stride(extent: int, window: int, stride: int, dilation: int) -> None:
    ((low, high),) = same_padding((extent,), (window,), (stride,), (dilation,))
    assert (extent + low + high - dilation * (window - 1) - 1) // stride + 1 == -(-extent // stride)
    assert high - low in (0, 1)


def test_average_pooling_divides_by_what_lies_inside() -> None:
    x = np.ones((1, 3, 3, 1))
    inside = average_pool(x, (2, 2), strides=(2, 2), padding=((1, 0), (1, 0)))
    assert (inside == 1).all()
    whole = average_pool(x, (2, 2), strides=(2, 2), padding=((1, 0), (1, 0)), count_padding=True)
    np.testing.assert_array_equal(whole[0, :, :, 0], [[0.25, 0.5], [0.5, 1.0]])


def test_lstm_is_its_recurrence() -> None:
    x, w, u, b = draw(5, 2, 3), draw(3, 16), draw(4, 16), draw(16)
    h, c = draw(2, 4), draw(2, 4)
    steps, last_h, last_c = lstm(*map(Tensor, (x, h, c, w, u, b)))
    expected = []
    for x_t in x:
        z = x_t @ w + h @ u + b
        i, f, g, o = np.split(z, 4, -1)
        c = c / (1 + np.exp(-f)) + np.tanh(g) / (1 + np.exp(-i))
        h = np.tanh(c) / (1 + np.exp(-o))
        expected.append(h)
    np.testing.assert_allclose(steps.numpy(), expected, atol=1e-12)
    np.testing.assert_allclose(last_h.numpy(), h, atol=1e-12)
    np.testing.assert_allclose(last_c.numpy(), c, atol=1e-12)


def test_batch_statistics_and_normalize() -> None:
    x = 3 * draw(6, 5, 4) + 10
    mean, variance = batch_statistics(x, axis=1)
    np.testing.assert_allclose(mean, x.mean((0, 2)))
    np.testing.assert_allclose(variance, x.var((0, 2)))
    y = normalize(x, mean, variance, draw(5), None, epsilon=0.0, axis=1)
    np.testing.assert_allclose(y.mean((0, 2)), 0, atol=1e-12)


@pytest.mark.parametrize("unbiased", [False, True])
def test_running_statistics(unbiased: bool) -> None:
    layer = BatchNorm(3, momentum=0.9, unbiased=unbiased)
    x = draw(8, 3).astype(np.float32)
    layer(Tensor(x))
    np.testing.assert_allclose(layer.running_mean.numpy(), 0.1 * x.mean(0), rtol=1e-5)
    np.testing.assert_allclose(layer.running_variance.numpy(), 0.9 + 0.1 * x.var(0, ddof=int(unbiased)), rtol=1e-5)
    layer.eval()
    before = layer.running_mean.numpy().copy()
    layer(Tensor(x))
    assert (layer.running_mean.numpy() == before).all()


def test_dropout_keeps_the_mean_scales_and_stops_in_eval() -> None:
    layer = Dropout(0.25, generator=Generator(5))
    x = Tensor(np.ones((100, 100), np.float32))
    y = layer(x).numpy()
    assert set(np.unique(y)) == {np.float32(0), np.float32(1 / 0.75)}
    assert abs(float((y == 0).mean()) - 0.25) < 0.02
    assert (layer(x).numpy() != y).any()
    assert layer.eval()(x) is x
    with pytest.raises(ArgumentError, match="between 0 and 1"):
        dropout(x, 1.5, Generator(5))


LAYERS: dict[str, tuple[Callable[[], Any], Array]] = {
    "linear": (lambda: Linear(3, 4), draw(5, 3)),
    "convolution": (lambda: Convolution(2, 3, (3, 3), padding="same", strides=(2, 2)), draw(2, 5, 6, 2)),
    "max pool": (lambda: MaxPool((2, 2), padding="same"), draw(2, 5, 4, 3)),
    "average pool": (lambda: AveragePool((3, 3), strides=(1, 1), padding="same"), draw(2, 4, 4, 3)),
    "batch norm": (lambda: BatchNorm(3), draw(7, 3)),
    "embedding": (lambda: Embedding(6, 3), np.array([[1, 5], [1, 0]])),
    "lstm": (lambda: LSTM(3, 4), draw(2, 5, 3)),
}


def in_float64(layer: Any) -> Any:
    for module in layer.modules():
        for name, tensor in [*module.own_parameters(), *module.own_buffers()]:
            setattr(module, name, type(tensor)(tensor.numpy().astype(np.float64)))
    return layer


@pytest.mark.parametrize("name", LAYERS)
def test_gradients_agree_with_differences(name: str) -> None:
    build, data = LAYERS[name]
    layer = in_float64(build())
    x = Tensor(data, requires_grad=data.dtype.kind == "f")
    leaves = [*layer.parameters(), *([x] if x.requires_grad else [])]

    def outputs() -> Tensor:
        y = layer(x)
        return y[0] if isinstance(y, tuple) else y

    weights = draw(*outputs().shape)
    (outputs() * weights).sum().backward()
    directions = [draw(*leaf.shape) for leaf in leaves]
    slope = sum(float((leaf.grad.numpy() * d).sum()) for leaf, d in zip(leaves, directions, strict=True))
    ends = []
    for step in (1e-5, -2e-5):
        for leaf, d in zip(leaves, directions, strict=True):
            leaf.assign(leaf.numpy() + step * d)
        ends.append(float((outputs().numpy() * weights).sum()))
    assert abs((ends[0] - ends[1]) / 2e-5 - slope) <= 1e-6 * max(abs(slope), 1.0)


def test_wrong_shapes_say_what_was_expected() -> None:
    with pytest.raises(ShapeError, match=r"Convolution: the channels \(last axis\) of the input are 1, the kernel expects 3"):
        Convolution(3, 4, (3, 3))(Tensor(np.zeros((2, 8, 8, 1), np.float32)))
    with pytest.raises(ShapeError, match="the input has 3 axes, a 2-dimensional convolution expects 4"):
        Convolution(3, 4, (3, 3))(Tensor(np.zeros((8, 8, 3), np.float32)))
    with pytest.raises(ShapeError, match="a window of 5 does not fit dimension 0 of space: 3"):
        Convolution(1, 4, (5, 5))(Tensor(np.zeros((2, 3, 8, 1), np.float32)))
    with pytest.raises(ShapeError, match=r"pooling over 2 dimensions of space expects 4"):
        MaxPool((2, 2))(Tensor(np.zeros((8, 3), np.float32)))
    with pytest.raises(ShapeError, match=r"axis -1 of the input must have 3 features"):
        check_features(Tensor(np.zeros((8, 4), np.float32)), -1, Tensor(np.zeros(3, np.float32)))
    with pytest.raises(DTypeError, match="ids must be integers"):
        embedding(Tensor(np.zeros((2, 3), np.float32)), Tensor(np.zeros((3, 4), np.float32)))
    with pytest.raises(ShapeError, match="missing"):
        linear(np.float32(1.0), np.zeros((3, 2), np.float32))
    with pytest.raises(ArgumentError, match="unknown padding 'full'"):
        named_padding("full", (3,), (3,), (1,), (1,))


def test_parameters_have_their_shapes() -> None:
    layer = Convolution(4, 6, (3, 2), groups=2)
    assert layer.kernel.shape == (3, 2, 2, 6)
    assert isinstance(layer.kernel, Parameter)
