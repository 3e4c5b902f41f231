"""Compositions of movements: NumPy's elements, eager and compiled, and the gradient that puts cotangents back to where elements were."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradwerk
from gradwerk.base.errors import GradwerkError, ShapeError
from gradwerk.ops import arrangement, diagonal, unfold
from gradwerk.tensor.tensor import Tensor
from tests.laws.laws import slope_law

Array = np.ndarray[Any, Any]
Case = tuple[Callable[..., Any], Callable[..., Any], tuple[tuple[int, ...], ...]]
"""Ours, NumPy's, and the shapes of the arguments."""


def rolled(*how: Any) -> tuple[Callable[..., Any], Callable[..., Any]]:
    return lambda x: arrangement.roll(x, *how), lambda x: np.roll(x, *how)


def blocks(*matrices: Array) -> Array:
    whole = np.zeros(tuple(sum(x.shape[k] for x in matrices) for k in range(2)), matrices[0].dtype)
    row = column = 0
    for x in matrices:
        whole[row : row + x.shape[0], column : column + x.shape[1]] = x
        row, column = row + x.shape[0], column + x.shape[1]
    return whole


CASES: dict[str, Case] = {
    "roll of all": (*rolled(3), ((2, 3, 4),)),
    "roll back along an axis": (*rolled(-5, 1), ((2, 3, 4),)),
    "roll along several": (*rolled((1, -1, 7), (0, 2, 0)), ((3, 1, 4),)),
    "roll of nothing": (*rolled(1, 1), ((2, 0),)),
    "roll by a whole turn": (*rolled(4, 0), ((4, 2),)),
    **{
        f"turn {times} times": (lambda x, k=times: arrangement.rot90(x, k, (2, 0)), lambda x, k=times: np.rot90(x, k, (2, 0)), ((2, 3, 4),))
        for times in (-1, 0, 1, 2)
    },
    "tile": (lambda x: arrangement.tile(x, (2, 1, 3)), lambda x: np.tile(x, (2, 1, 3)), ((2, 3),)),
    "tile by fewer": (lambda x: arrangement.tile(x, (2,)), lambda x: np.tile(x, (2,)), ((2, 3),)),
    "tile of nothing": (lambda x: arrangement.tile(x, (2, 0)), lambda x: np.tile(x, (2, 0)), ((2, 3),)),
    "repeat": (lambda x: arrangement.repeat(x, 3, 1), lambda x: np.repeat(x, 3, 1), ((2, 3, 2),)),
    "stack": (lambda *xs: arrangement.stack(xs, 1), lambda *xs: np.stack(xs, 1), ((2, 3), (2, 3), (2, 3))),
    "move axes": (
        lambda x: arrangement.move_axes(x, (0, -1), (1, 0)), lambda x: np.moveaxis(x, (0, -1), (1, 0)), ((2, 3, 4, 2),),
    ),
    "meshgrid": (lambda *xs: arrangement.meshgrid(xs), lambda *xs: np.meshgrid(*xs, indexing="ij"), ((2,), (3,), (1,))),
    "meshgrid, columns first": (
        lambda *xs: arrangement.meshgrid(xs, columns_first=True), lambda *xs: np.meshgrid(*xs), ((2,), (3,), (4,)),
    ),
    "block_diag": (lambda *xs: arrangement.block_diag(xs), blocks, ((2, 3), (1, 1), (0, 2), (3, 1))),
    "lower triangle": (lambda x: diagonal.tril(x, -1), lambda x: np.tril(x, -1), ((2, 4, 5),)),
    "upper triangle": (lambda x: diagonal.triu(x, 1), lambda x: np.triu(x, 1), ((5, 4),)),
    "diagonal": (lambda x: diagonal.diagonal(x, 1, (2, 0)), lambda x: np.diagonal(x, 1, 2, 0), ((3, 2, 4),)),
    "diagonal embedded": (lambda x: diagonal.diagonal_embed(x, -2), lambda x: np.diag(x, -2), ((3,),)),
    "windows": (
        lambda x: unfold.unfold_all(x, (0, 1), (2, 3), (3, 1), (1, 2)),
        lambda x: np.lib.stride_tricks.sliding_window_view(x, (2, 5), (0, 1))[::3, :, :, ::2], ((6, 7),),
    ),
}


def drawn(shapes: tuple[tuple[int, ...], ...]) -> list[Array]:
    """Numbers that all differ."""
    rng = np.random.default_rng(7)
    return [rng.permutation(int(np.prod(shape)) + 3)[3:].reshape(shape) / 8 for shape in shapes]


def several(results: Any) -> list[Any]:
    return list(results) if isinstance(results, (tuple, list)) else [results]


@pytest.mark.parametrize("name", CASES)
def test_the_elements_are_numpys(name: str) -> None:
    ours, numpys, shapes = CASES[name]
    for dtype in (np.float64, np.float32, np.int64, np.bool_):
        arrays = [(x * 8 % 3 == 1) if dtype is np.bool_ else (x * 8 if dtype is np.int64 else x).astype(dtype) for x in drawn(shapes)]
        wanted = several(numpys(*arrays))
        ways = (ours(*arrays), ours(*map(Tensor, arrays)), gradwerk.compile(ours)(*map(Tensor, arrays)))
        for made in ([np.asarray(y) for y in several(results)] for results in ways):
            assert len(made) == len(wanted)
            for got, want in zip(made, wanted, strict=True):
                np.testing.assert_array_equal(got, want, strict=True)


@pytest.mark.parametrize("name", CASES)
def test_the_gradient_is_the_slope(name: str) -> None:
    ours, _, shapes = CASES[name]
    slope_law(lambda *xs: tuple(several(ours(*xs))), drawn(shapes), name)


def test_powers_and_traces() -> None:
    x = np.array([2.0, -3.0, 0.0])
    for increasing in (False, True):
        for count in (0, 1, 4):
            np.testing.assert_array_equal(arrangement.vander(x, count, increasing=increasing), np.vander(x, count, increasing=increasing))
    matrix = np.arange(12.0).reshape(3, 4)
    assert diagonal.trace(matrix) == np.trace(matrix)
    slope_law(lambda x: (arrangement.vander(x, 4), diagonal.trace(arrangement.vander(x, 4))), [x + 0.5], "powers")


def test_folded_windows_are_the_transpose_of_windows() -> None:
    rng = np.random.default_rng(1)
    how = (0, 1), (3, 2), (1, 2), (2, 1)
    x = rng.standard_normal((7, 9))
    windows = unfold.unfold_all(x, *how)
    other = rng.standard_normal(windows.shape)
    folded = unfold.fold_all(other, (0, 1), (7, 9), *how[2:])
    assert np.sum(windows * other) == pytest.approx(np.sum(x * folded))
    np.testing.assert_allclose(gradwerk.compile(lambda w: unfold.fold_all(w, (0, 1), (7, 9), *how[2:]))(Tensor(other)).numpy(), folded)
    slope_law(lambda w: (unfold.fold_all(w, (0, 1), (7, 9), *how[2:]),), [other], "fold")


WRITES: dict[str, tuple[Callable[[Any], Any], Callable[[Array], Array]]] = {
    "diagonal": (lambda x: diagonal.diagonal(x, 1), lambda x: np.einsum("ii->i", x[:, 1:])),
    "diagonal of a part": (lambda x: diagonal.diagonal(x[1:4], 0, (1, 0)), lambda x: np.einsum("ii->i", x[1:4, :3])),
    "part of a diagonal": (lambda x: diagonal.diagonal(x)[1:3], lambda x: np.einsum("ii->i", x[:, :5])[1:3]),
    "windows apart": (
        lambda x: unfold.unfold(x, 1, 2, 3), lambda x: np.lib.stride_tricks.as_strided(x, (5, 2, 2), (48, 24, 8)),
    ),
    "one window of several": (lambda x: unfold.unfold(x, 0, 3, 1)[1], lambda x: x[1:4].T),
}  # fmt: skip


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("name", WRITES)
def test_what_is_written_to_a_view_is_written(name: str, *, compiled: bool) -> None:
    ours, numpys = WRITES[name]
    wanted = np.arange(30.0).reshape(5, 6)
    part = numpys(wanted)
    part[...] = -part - 1
    x = Tensor(np.arange(30.0).reshape(5, 6))

    def write(x: Tensor) -> None:
        part = ours(x)
        part.assign(-part - 1)

    (gradwerk.compile(write) if compiled else write)(x)
    np.testing.assert_array_equal(x.numpy(), wanted)


def test_overlapping_windows_are_not_written() -> None:
    with pytest.raises(GradwerkError, match="more than one element"):
        unfold.unfold(Tensor(np.zeros(5)), 0, 3, 1).assign(np.ones((3, 3)))


def test_the_result_has_memory_of_its_own() -> None:
    x = Tensor(np.arange(6.0).reshape(2, 3))
    for made in (arrangement.roll(x, 0), arrangement.roll(x, 3, 1)):
        made.assign(np.zeros((2, 3)))
    assert x.numpy().tolist() == [[0, 1, 2], [3, 4, 5]]


def test_what_does_not_fit_is_refused() -> None:
    x = np.zeros((2, 3))
    for wrong in (lambda: arrangement.roll(x, (1, 2)), lambda: arrangement.roll(x, 1, 2), lambda: arrangement.roll(x, (1, 2), 0)):
        with pytest.raises(GradwerkError, match="roll"):
            wrong()
    for wrong in (
        lambda: arrangement.rot90(x, 1, (0, -2)), lambda: arrangement.tile(x, (-1,)), lambda: arrangement.repeat(x, -1, 0),
        lambda: arrangement.move_axes(x, (0,), (0, 1)), lambda: arrangement.move_axes(x, (0, 0), (0, 1)), lambda: diagonal.tril(x[0]),
        lambda: arrangement.block_diag([x[0]]), lambda: diagonal.diagonal(x, 0, (1, 1)), lambda: unfold.unfold(x, 0, 3),
    ):  # fmt: skip
        with pytest.raises(ShapeError):
            wrong()
