"""Pooling and transposed convolution against loops over windows, and the transposes of what they are the transposes of."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest

import gradwerk
from gradwerk.base.errors import GradwerkError
from gradwerk.nn import adaptive, conv, pool
from gradwerk.tensor.tensor import Tensor
from tests.laws.laws import slope_law

Array = np.ndarray[Any, Any]
Geometry = tuple[tuple[int, ...], tuple[int, ...], tuple[tuple[int, int], ...], tuple[int, ...], bool]
"""Window, strides, padding, dilation; whether the number of windows is rounded up."""
CASES: dict[str, tuple[tuple[int, ...], Geometry]] = {
    "1-d": ((2, 7, 3), ((3,), (2,), ((1, 1),), (1,), False)),
    "rounded up": ((1, 8, 2), ((3,), (2,), ((1, 1),), (1,), True)),
    "rounded up, the last window behind": ((1, 5, 2), ((2,), (3,), ((1, 1),), (1,), True)),
    "2-d": ((2, 6, 7, 2), ((2, 3), (2, 1), ((1, 1), (0, 1)), (1, 1), False)),
    "2-d with gaps": ((2, 9, 7, 2), ((2, 3), (1, 2), ((1, 1), (2, 2)), (3, 2), False)),
    "2-d with gaps, rounded up": ((1, 9, 8, 1), ((2, 2), (2, 3), ((0, 0), (1, 1)), (2, 3), True)),
    "3-d": ((1, 4, 5, 4, 2), ((2, 2, 3), (1, 2, 2), ((0, 0), (1, 1), (1, 1)), (1, 1, 1), False)),
}


def cells(x: Array, geometry: Geometry) -> dict[tuple[int, ...], list[tuple[int, ...]]]:
    """For each window the places of x that it covers."""
    window, strides, padding, dilation, up = geometry
    counts = []
    for n, w, s, (low, high), d in zip(x.shape[1:-1], window, strides, padding, dilation, strict=True):
        span = n + low + high - d * (w - 1) - 1
        count = (math.ceil(span / s) if up else span // s) + 1
        counts.append(count - (up and (count - 1) * s >= n + low))
    found = {}
    for cell in itertools.product(*map(range, counts)):
        taps = itertools.product(*map(range, window))
        steps = [[*zip(cell, strides, tap, dilation, padding, strict=True)] for tap in taps]
        places = [tuple(c * s + t * d - low for c, s, t, d, (low, _) in step) for step in steps]
        found[cell] = [place for place in places if all(0 <= p < n for p, n in zip(place, x.shape[1:-1], strict=True))]
    return found


def largest(x: Array, windows: dict[tuple[int, ...], list[tuple[int, ...]]]) -> tuple[Array, Array]:
    """The largest of each window and its place."""
    shape = (x.shape[0], *(n + 1 for n in max(windows)), x.shape[-1])
    values, places = np.zeros(shape, x.dtype), np.zeros(shape, np.int64)
    for (cell, inside), n, c in itertools.product(windows.items(), range(x.shape[0]), range(x.shape[-1])):
        best = max(inside, key=lambda place: x[(n, *place, c)])  # the first of equals
        values[(n, *cell, c)], places[(n, *cell, c)] = x[(n, *best, c)], np.ravel_multi_index(best, x.shape[1:-1])
    return values, places


def beyond(x: Array, geometry: Geometry) -> tuple[int, ...]:
    window, strides, padding, dilation, up = geometry
    return pool.ceil_beyond(x.shape[1:-1], window, strides, padding, dilation) if up else (0,) * len(window)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64])
@pytest.mark.parametrize("name", CASES)
def test_largest_and_their_places(name: str, dtype: type) -> None:
    shape, geometry = CASES[name]
    window, strides, padding, dilation, _ = geometry
    x = np.random.default_rng(3).integers(-4, 5, shape).astype(dtype)  # with ties
    if dtype is np.float32:
        x.reshape(-1)[::3] = -np.inf
    wide = tuple((low, high + more) for (low, high), more in zip(padding, beyond(x, geometry), strict=True))

    def pooled(x: Any) -> Any:
        return pool.max_pool_with_places(x, window, strides=strides, padding=wide, dilation=dilation)

    wanted = largest(x, cells(x, geometry))
    for made in (pooled(x), pooled(Tensor(x)), gradwerk.compile(pooled)(Tensor(x))):
        for got, want in zip(made, wanted, strict=True):
            np.testing.assert_array_equal(np.asarray(got), want, strict=True)


@pytest.mark.parametrize("counted", [False, True])
@pytest.mark.parametrize("name", [name for name, case in CASES.items() if max(case[1][3]) == 1])
def test_means(name: str, *, counted: bool) -> None:
    shape, geometry = CASES[name]
    window, strides, padding, _, _ = geometry
    x = np.random.default_rng(4).standard_normal(shape)
    bordered = np.pad(x, ((0, 0), *padding, (0, 0)))
    lows = tuple(low for low, _ in padding)
    geometry_of_border = (window, strides, ((0, 0),) * len(window), (1,) * len(window), geometry[-1])
    inside = cells(x, geometry)
    wide = cells(bordered, geometry_of_border)
    wanted = np.stack([
        np.stack([x[(slice(None), *place)] for place in places]).sum(0) / (len(wide[cell]) if counted else len(places))
        for cell, places in inside.items()
    ])  # fmt: skip
    assert len(lows) == len(window)

    def pooled(x: Any) -> Any:
        return pool.average_pool_beyond(
            x, window, strides=strides, padding=padding, beyond=beyond(x, geometry), count_padding=counted
        )  # fmt: skip

    for made in (pooled(x), gradwerk.compile(pooled)(Tensor(x)).numpy()):
        np.testing.assert_allclose(np.moveaxis(made, 0, -2).reshape(wanted.shape), wanted, 1e-12)
    slope_law(lambda x: (pooled(x),), [x], name)


@pytest.mark.parametrize(("space", "extents"), [((7,), (3,)), ((6, 5), (3, 2)), ((3, 4), (5, 4)), ((8, 4), (2, 2)), ((4, 5, 3), (2, 3, 1))])
def test_adaptive_windows(space: tuple[int, ...], extents: tuple[int, ...]) -> None:
    x = np.random.default_rng(5).integers(-9, 9, (2, *space, 3)) / 4
    windows = {}
    for cell in itertools.product(*map(range, extents)):
        parts = [range(c * n // k, math.ceil((c + 1) * n / k)) for c, n, k in zip(cell, space, extents, strict=True)]
        windows[cell] = list(itertools.product(*parts))
    means = np.stack([np.stack([x[(slice(None), *place)] for place in places]).mean(0) for places in windows.values()], 1)
    averaged = lambda x: adaptive.adaptive_average_pool(x, extents)
    for mean in (averaged(x), gradwerk.compile(averaged)(Tensor(x)).numpy()):
        np.testing.assert_allclose(mean, means.reshape(2, *extents, 3), 1e-12)
    for made in (adaptive.adaptive_max_pool(x, extents), gradwerk.compile(lambda x: adaptive.adaptive_max_pool(x, extents))(Tensor(x))):
        for got, want in zip(made, largest(x, windows), strict=True):
            np.testing.assert_array_equal(np.asarray(got), want, strict=True)
    y = np.random.default_rng(6).permutation(x.size).reshape(x.shape) / 8.0
    slope_law(lambda x: (adaptive.adaptive_average_pool(x, extents), adaptive.adaptive_max_pool(x, extents)[0]), [y], (space, extents))


def test_an_infinity_stays_in_its_window() -> None:
    x = np.zeros((1, 7, 1), np.float32)
    x[0, 1] = np.inf
    assert adaptive.adaptive_average_pool(x, (3,))[0, :, 0].tolist() == [np.inf, 0, 0]


@pytest.mark.parametrize(
    ("space", "window", "strides", "padding", "dilation", "groups"),
    [
        ((5,), (3,), (2,), ((1, 1),), (1,), 1), ((4,), (2,), (3,), ((0, 1),), (2,), 2),
        ((4, 3), (3, 2), (1, 2), ((1, 0), (1, 1)), (2, 1), 1), ((3, 3), (2, 2), (2, 2), ((0, 0), (0, 0)), (1, 1), 4),
        ((2, 3, 2), (2, 1, 3), (2, 1, 1), ((0, 1), (0, 0), (1, 1)), (1, 1, 1), 2),
    ],
)  # fmt: skip
def test_the_transposed_convolution_is_the_transpose(space, window, strides, padding, dilation, groups) -> None:
    rng = np.random.default_rng(8)
    sizes = zip(space, strides, padding, window, dilation, strict=True)
    wide = tuple((n - 1) * s - low - high + d * (w - 1) + 1 for n, s, (low, high), w, d in sizes)
    kernel, y = rng.standard_normal((*window, 8 // groups, 4)), rng.standard_normal((2, *space, 4))
    x = rng.standard_normal((2, *wide, 8))
    forward = conv.convolution(x, kernel, strides=strides, padding=padding, dilation=dilation, groups=groups)
    how = {"strides": strides, "padding": padding, "dilation": dilation, "beyond": (0,) * len(space), "groups": groups}
    made = conv.transposed_convolution(y, kernel, **how)
    assert made.shape == x.shape
    assert np.sum(forward * y) == pytest.approx(np.sum(x * made))
    compiled = gradwerk.compile(lambda y, k: conv.transposed_convolution(y, k, **how))(Tensor(y), Tensor(kernel))
    np.testing.assert_allclose(compiled.numpy(), made, 1e-10, 1e-12)
    slope_law(lambda y, k: (conv.transposed_convolution(y, k, **how),), [y, kernel], (space, window))


def test_what_does_not_fit_is_refused() -> None:
    x = np.zeros((1, 4, 2))
    for wrong in (
        lambda: adaptive.adaptive_average_pool(x, (2, 2)), lambda: adaptive.adaptive_max_pool(np.zeros((1, 0, 2)), (2,)),
        lambda: conv.transposed_convolution(x, np.zeros((3, 2, 3)), strides=(1,), padding=((0, 0),), dilation=(1,), beyond=(0,)),
        lambda: pool.max_pool_with_places(x, (3,), strides=(1,), padding=((0, 0),), dilation=(2,)),
    ):  # fmt: skip
        with pytest.raises(GradwerkError):
            wrong()
