"""Other sizes and reading at places: against sums over all elements by the kernel of their distance."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradwerk
from gradwerk.base.errors import GradwerkError
from gradwerk.ops import interpolation
from gradwerk.tensor.tensor import Tensor
from tests.laws.laws import slope_law

Array = np.ndarray[Any, Any]


def triangle(t: Array) -> Array:
    return np.maximum(1 - np.abs(t), 0)


def cubic(t: Array) -> Array:
    t, a = np.abs(t), -0.75
    near, far = (a + 2) * t**3 - (a + 3) * t**2 + 1, a * t**3 - 5 * a * t**2 + 8 * a * t - 4 * a
    return np.where(t <= 1, near, np.where(t < 2, far, 0))


def by_kernel(x: Array, places: Array, kernel: Callable[[Array], Array]) -> Array:
    """The last axis at places: the outermost elements stand again beyond the ends."""
    wide = np.arange(-3, x.shape[-1] + 3)
    weights = kernel(places[:, None] - wide)
    return x[..., np.clip(wide, 0, x.shape[-1] - 1)] @ weights.T


def sources(extent: int, count: int, *, corners: bool) -> Array:
    return np.linspace(0, extent - 1, count) if corners else (np.arange(count) + 0.5) * extent / count - 0.5


@pytest.mark.parametrize("corners", [False, True])
@pytest.mark.parametrize(("extent", "count"), [(5, 8), (7, 3), (4, 4), (1, 3), (6, 1)])
def test_one_axis_by_its_kernel(extent: int, count: int, *, corners: bool) -> None:
    x = np.random.default_rng(1).standard_normal((2, extent))
    places = sources(extent, count, corners=corners) if count > 1 or not corners else np.zeros(1)
    linear = interpolation.linear_taps(extent, count, align_corners=corners)
    np.testing.assert_allclose(interpolation.resampled(x, 1, linear), by_kernel(x, np.clip(places, 0, extent - 1), triangle), 1e-12, 1e-12)
    curved = interpolation.cubic_taps(extent, count, align_corners=corners)
    np.testing.assert_allclose(interpolation.resampled(x, 1, curved), by_kernel(x, places, cubic), 1e-12, 1e-12)
    compiled = gradwerk.compile(lambda x: interpolation.resized(x, (1, 0), (curved, linear_of(2))))(Tensor(x))
    np.testing.assert_allclose(compiled.numpy(), interpolation.resized(x, (1, 0), (curved, linear_of(2))), 1e-12, 1e-12)
    slope_law(lambda x: (interpolation.resized(x, (1,), (curved,)), interpolation.resized(x, (1,), (linear,))), [x], "resized")


def test_an_axis_that_keeps_its_extent() -> None:
    """By the step of a scale a linear axis would be read at other places; PyTorch leaves it as it is, but not one by the cubic kernel."""
    x = np.random.default_rng(2).standard_normal((2, 5))
    np.testing.assert_array_equal(interpolation.resampled(x, 1, interpolation.linear_taps(5, 5, 1 / 1.1)), x)
    places = (np.arange(5) + 0.5) / 1.1 - 0.5
    np.testing.assert_allclose(interpolation.resampled(x, 1, interpolation.cubic_taps(5, 5, 1 / 1.1)), by_kernel(x, places, cubic), 1e-12)


@pytest.mark.parametrize("space", [(3, 4), (2, 3, 2)])
def test_the_nearest_element_has_a_derivative_of_zero_by_its_place(space: tuple[int, ...]) -> None:
    """Zeros, not none, as of every function that is flat."""
    rng = np.random.default_rng(3)
    x, grid = (Tensor(rng.standard_normal(shape), requires_grad=True) for shape in ((2, 1, *space), (2, *space, len(space))))
    made = interpolation.grid_sample(x, grid, "nearest")
    by_x, by_grid = gradwerk.grad(gradwerk.reduce_sum(made), [x, grid])
    assert by_x.numpy().any()
    np.testing.assert_array_equal(by_grid.numpy(), np.zeros(grid.shape))


def linear_of(extent: int) -> Any:
    return interpolation.linear_taps(extent, 3)


def test_nearest_elements() -> None:
    x = np.arange(12.0).reshape(3, 4)
    for count in (4, 8, 2, 6, 3):
        found = interpolation.resampled(x, 1, interpolation.nearest_taps(4, count))
        np.testing.assert_array_equal(found, x[:, np.arange(count) * 4 // count])
    middle = interpolation.resampled(x, 0, interpolation.nearest_taps(3, 2, centred=True))
    np.testing.assert_array_equal(middle, x[[0, 2]])
    slope_law(lambda x: (interpolation.resampled(x, 1, interpolation.nearest_taps(4, 8)),), [x], "nearest")


def mirrored(places: Array, extent: int, *, corners: bool) -> Array:
    low, high = (0, extent - 1) if corners else (-0.5, extent - 0.5)
    places = places.copy()
    for _ in range(12):
        places = np.where(places < low, 2 * low - places, places)
        places = np.where(places > high, 2 * high - places, places)
    return np.clip(places, 0, extent - 1)


def read(x: Array, grid: Array, mode: str, border: str, *, corners: bool) -> Array:
    """The sum over all elements by the product of the kernels of their distances, place by place."""
    rank = x.ndim - 2
    kernel = {"bilinear": triangle, "bicubic": cubic, "nearest": lambda t: (t == 0) * 1.0}[mode]
    result = np.zeros((*x.shape[:2], *grid.shape[1:-1]))
    for n, place in np.ndindex(x.shape[0], int(np.prod(grid.shape[1:-1]))):
        where = np.unravel_index(place, grid.shape[1:-1])
        weights = []
        for axis, extent in enumerate(x.shape[2:]):
            unit = grid[(n, *where, rank - 1 - axis)]
            at = (unit + 1) / 2 * (extent - 1) if corners else (unit + 1) / 2 * extent - 0.5
            wide = np.arange(-40, extent + 40)
            if mode != "bicubic" and border != "zeros":
                at = mirrored(np.array(at), extent, corners=corners) if border == "reflection" else np.clip(at, 0, extent - 1)
            share = kernel((np.round(at) if mode == "nearest" else at) - wide)
            if mode == "bicubic" and border != "zeros":
                shown = np.clip(wide, 0, extent - 1) if border == "border" else mirrored(wide * 1.0, extent, corners=corners).astype(int)
                share = np.bincount(shown, share, extent)
            else:
                share = share[40 : 40 + extent]
            weights.append(share)
        product = weights[0]
        for more in weights[1:]:
            product = np.multiply.outer(product, more)
        result[(n, slice(None), *where)] = np.tensordot(x[n], product, rank)
    return result


@pytest.mark.parametrize("corners", [False, True])
@pytest.mark.parametrize("border", interpolation.BORDERS)
@pytest.mark.parametrize(("mode", "space"), [("bilinear", (4, 5)), ("nearest", (4, 5)), ("bicubic", (5, 4)), ("bilinear", (3, 2, 4))])
def test_reading_at_places(mode: str, space: tuple[int, ...], border: str, *, corners: bool) -> None:
    rng = np.random.default_rng(2)
    x, grid = rng.standard_normal((2, 3, *space)), rng.uniform(-1.6, 1.6, (2, *(3,) * len(space), len(space)))

    def sampled(x: Any, grid: Any) -> Any:
        return interpolation.grid_sample(x, grid, mode, border, align_corners=corners)

    wanted = read(x, grid, mode, border, corners=corners)
    for made in (sampled(x, grid), gradwerk.compile(sampled)(Tensor(x), Tensor(grid)).numpy()):
        np.testing.assert_allclose(made, wanted, 1e-10, 1e-10)
    slope_law(lambda x: (sampled(x, grid),), [x], "picture")
    if mode != "nearest":
        slope_law(lambda grid: (sampled(x, grid),), [grid], "grid")


def test_the_identity_reads_what_is_there() -> None:
    x = np.random.default_rng(3).standard_normal((2, 3, 4, 5))
    theta = np.broadcast_to(np.eye(2, 3), (2, 2, 3))
    for corners in (False, True):
        grid = interpolation.affine_grid(theta, (4, 5), align_corners=corners)
        np.testing.assert_allclose(interpolation.grid_sample(x, grid, align_corners=corners), x, 1e-12, 1e-12)
    turned = interpolation.affine_grid(theta * [[-1], [1]], (4, 5), align_corners=True)
    np.testing.assert_allclose(interpolation.grid_sample(x, turned, align_corners=True), x[..., ::-1], 1e-12, 1e-12)
    slope_law(lambda theta: (interpolation.affine_grid(theta, (2, 3)),), [theta.copy()], "maps")


def test_a_place_that_is_no_number_shows_nothing() -> None:
    x, grid = np.ones((1, 1, 2, 2)), np.full((1, 1, 3, 2), [[np.nan, 0], [np.inf, 0], [-np.inf, 0]])
    assert np.isfinite(interpolation.grid_sample(x, grid, "nearest")).all()


def test_what_does_not_fit_is_refused() -> None:
    x = np.zeros((2, 3, 4, 5))
    for wrong in (
        lambda: interpolation.grid_sample(x, np.zeros((2, 3, 3, 3))), lambda: interpolation.grid_sample(x, np.zeros((1, 3, 3, 2))),
        lambda: interpolation.grid_sample(x, np.zeros((2, 3, 3, 2)), "trilinear"),
        lambda: interpolation.affine_grid(np.zeros((2, 3, 4)), (4, 5)),
    ):  # fmt: skip
        with pytest.raises(GradwerkError, match="grid"):
            wrong()
