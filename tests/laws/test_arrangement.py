"""Compositions of movements: NumPy's elements, eager and compiled, and the gradient that puts cotangents back to where elements were."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradwerk
from gradwerk.base.errors import GradwerkError
from gradwerk.ops import arrangement
from gradwerk.tensor.tensor import Tensor
from tests.laws.laws import slope_law

Array = np.ndarray[Any, Any]
Case = tuple[Callable[..., Any], Callable[..., Any], tuple[tuple[int, ...], ...]]
"""Ours, NumPy's, and the shapes of the arguments."""


def rolled(*how: Any) -> tuple[Callable[..., Any], Callable[..., Any]]:
    return lambda x: arrangement.roll(x, *how), lambda x: np.roll(x, *how)


CASES: dict[str, Case] = {
    "roll of all": (*rolled(3), ((2, 3, 4),)),
    "roll back along an axis": (*rolled(-5, 1), ((2, 3, 4),)),
    "roll along several": (*rolled((1, -1, 7), (0, 2, 0)), ((3, 1, 4),)),
    "roll of nothing": (*rolled(1, 1), ((2, 0),)),
    "roll by a whole turn": (*rolled(4, 0), ((4, 2),)),
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
