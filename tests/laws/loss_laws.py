"""What every loss obeys, as functions over one of nn/loss.py that says by its arguments what it takes: a new one is tested by existing."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gradwerk.base.errors import ShapeError
from gradwerk.jit.compile import compile as compile_
from gradwerk.nn import loss as module
from gradwerk.tensor.tensor import Tensor
from tests.laws.laws import slope_law

Loss = Callable[..., Any]
Array = np.ndarray[Any, Any]
RNG = np.random.default_rng(8)
SHAPE = (4, 3)
PREDICTED: dict[str, Array] = {
    "logits": RNG.standard_normal(SHAPE),
    "probabilities": RNG.dirichlet(np.ones(SHAPE[1]), SHAPE[0]),
    "predictions": RNG.uniform(0.2, 2.0, SHAPE),
}
"""What the first argument of a loss is called, and such numbers."""
TOLD: dict[str, Array] = {"targets": RNG.dirichlet(np.ones(SHAPE[1]), SHAPE[0]), "labels": RNG.integers(0, SHAPE[1], SHAPE[0])}
"""The same of the second."""


def losses() -> dict[str, Loss]:
    """Every function of predictions and targets in nn/loss.py."""
    functions = {name: value for name, value in vars(module).items() if inspect.isfunction(value) and not name.startswith("_")}
    return {name: value for name, value in functions.items() if _takes(value) is not None and value.__module__ == module.__name__}


def _takes(function: Loss) -> tuple[str, str] | None:
    """The names of the two arguments that must be given, where they are those of a loss."""
    names = [p.name for p in inspect.signature(function).parameters.values() if p.default is p.empty]
    return (names[0], names[1]) if len(names) == 2 and names[0] in PREDICTED and names[1] in TOLD else None


def drawn(function: Loss, dtype: str = "float32") -> tuple[Array, Array]:
    """Predictions and what they are compared with."""
    names = _takes(function)
    assert names is not None
    told = TOLD[names[1]]
    return PREDICTED[names[0]].astype(dtype), told.astype(dtype) if told.dtype.kind == "f" else told


def is_documented(function: Loss) -> None:
    """It says what it computes."""
    assert len((function.__doc__ or "").splitlines()[0]) > 3


def gives_one_value_per_example_or_element(function: Loss) -> None:
    """In the dtype of the predictions; arrays, Tensors and compiled Tensors give the same, up to rounding."""
    for dtype in ("float32", "float64"):
        arrays = drawn(function, dtype)
        values = function(*arrays)
        assert values.dtype == dtype
        assert tuple(values.shape) in (SHAPE, SHAPE[:1])
        for run in (function, compile_(function)):
            made = run(*map(Tensor, arrays)).numpy()
            assert made.dtype == dtype
            np.testing.assert_allclose(made, values, rtol=1e-5, atol=1e-6)


def its_gradient_is_the_slope(function: Loss) -> None:
    """Along a random direction, of predictions and floating targets."""
    predictions, told = drawn(function, "float64")
    if told.dtype.kind == "f":
        slope_law(lambda p, t: (function(p, t),), [predictions, told], function.__name__)
    else:
        slope_law(lambda p: (function(p, told),), [predictions], function.__name__)


def broadcasts_nothing(function: Loss) -> None:
    """(n, 1) against (n,) would compare all pairs."""
    predictions, told = drawn(function)
    wrongs = [told[:, :1], told[:1], told[:, 0]] if told.dtype.kind == "f" else [told[:, None], told[:1]]
    for wrong in wrongs:
        with pytest.raises(ShapeError):
            function(predictions, wrong)


LOSS_LAWS: tuple[Callable[[Loss], None], ...] = (
    is_documented, gives_one_value_per_example_or_element, its_gradient_is_the_slope, broadcasts_nothing,
)  # fmt: skip
