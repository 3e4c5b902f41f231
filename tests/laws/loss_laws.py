"""What every loss obeys, as functions over one of gradwerk.nn that says by its arguments what it takes: a new one is tested by existing."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradwerk.nn
from gradwerk.base.errors import ShapeError
from gradwerk.jit.compile import compile as compile_
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
PREDICTED |= {"log_probabilities": np.log(PREDICTED["probabilities"])}
FURTHER: dict[str, Array] = {
    "signs": RNG.permuted([-1.0, 1.0] * 6).reshape(SHAPE), "others": RNG.standard_normal(SHAPE), "variances": RNG.uniform(0.2, 2.0, SHAPE),
}
"""The same of those behind it."""
KEPT = ("signs",)
"""What a loss is no smooth function of."""
WHERE = {
    "cosine_embedding": {"signs": FURTHER["signs"][:, 0]},
    "multilabel_margin": {"labels": np.array([[2, 0, -1], [1, -1, 0], [0, 1, 2], [-1, 1, 0]])},
}  # fmt: skip
"""What one loss takes otherwise."""

OF_SETS = ("dice", "tversky")
"""Losses of all elements together."""
LARGEST = {"poisson_of_logs": 40.0}
"""The largest predictions of which a loss is finite, where 1e4 is none of them."""


def modules() -> list[Any]:
    """Those of gradwerk.nn that hold losses."""
    names = [found.name for found in pkgutil.iter_modules(gradwerk.nn.__path__) if found.name.endswith("loss")]
    return [importlib.import_module(f"gradwerk.nn.{name}") for name in names]


def losses() -> dict[str, Loss]:
    """Every function of predictions and targets in the modules of losses."""
    found = [(name, value) for module in modules() for name, value in vars(module).items() if inspect.isfunction(value)]
    return {name: value for name, value in found if name[0] != "_" and _takes(value) and value.__module__.endswith("loss")}


def _takes(function: Loss) -> tuple[str, ...]:
    """The names of the arguments that must be given, where they are those of a loss."""
    parameters = inspect.signature(function).parameters.values()
    first, *others = [p.name for p in parameters if p.default is p.empty and p.kind is not p.VAR_POSITIONAL] or [""]
    known = TOLD.keys() | FURTHER.keys()
    is_loss = first in PREDICTED and others and known.issuperset(others) and not function.__name__.startswith("check")
    return (first, *others) if is_loss else ()


def drawn(function: Loss, dtype: str = "float32") -> list[Array]:
    """Predictions and what they are compared with."""
    table = PREDICTED | TOLD | FURTHER | WHERE.get(function.__name__, {})
    told = [table[name] for name in _takes(function)]
    return [array.astype(dtype) if array.dtype.kind == "f" else array for array in told]


def is_documented(function: Loss) -> None:
    """It says what it computes."""
    assert len((function.__doc__ or "").splitlines()[0]) > 3


def gives_one_value_per_example_or_element(function: Loss) -> None:
    """In the dtype of the predictions; arrays, Tensors and compiled Tensors give the same, up to rounding."""
    for dtype in ("float32", "float64"):
        arrays = drawn(function, dtype)
        values = function(*arrays)
        assert values.dtype == dtype
        assert tuple(values.shape) in (((),) if function.__name__ in OF_SETS else (SHAPE, SHAPE[:1]))
        for run in (function, compile_(function)):
            made = run(*map(Tensor, arrays)).numpy()
            assert made.dtype == dtype
            np.testing.assert_allclose(made, values, rtol=1e-5, atol=1e-6)


def its_gradient_is_the_slope(function: Loss) -> None:
    """Along a random direction, of all that is floating."""
    arrays, names = drawn(function, "float64"), _takes(function)
    smooth = [k for k, (name, array) in enumerate(zip(names, arrays, strict=True)) if array.dtype.kind == "f" and name not in KEPT]

    def of_smooth(*given: Any) -> tuple[Any]:
        places = dict(zip(smooth, given, strict=True))
        return (function(*[places.get(k, array) for k, array in enumerate(arrays)]),)

    slope_law(of_smooth, [arrays[k] for k in smooth], function.__name__)


def broadcasts_nothing(function: Loss) -> None:
    """(n, 1) against (n,) would compare all pairs."""
    arrays = drawn(function)
    for place, told in enumerate(arrays[1:], 1):
        for wrong in [told[:, :1], told[:1], told[:, 0]] if told.ndim > 1 else [told[:, None], told[:1]]:
            with pytest.raises(ShapeError):
                function(*arrays[:place], wrong, *arrays[place + 1 :])


def learns_at_the_extremes(function: Loss) -> None:
    """Predictions of 1e4 and -1e4, or probabilities of 0 and 1, leave a finite gradient, and what is no probability one that is not 0."""
    arrays, name = drawn(function), _takes(function)[0]
    size = LARGEST.get(function.__name__, 1e4)
    extreme = {"probabilities": np.eye(*SHAPE), "log_probabilities": np.where(np.eye(*SHAPE) > 0, 0.0, -1e4)}.get(name, arrays[0])
    if name in ("logits", "predictions"):
        extreme = np.where(RNG.random(SHAPE) < 0.5, -size, size) if name == "logits" else extreme * size
    x = Tensor(extreme.astype("float32"), requires_grad=True)
    function(x, *map(Tensor, arrays[1:])).sum().backward()
    assert x.grad is not None
    assert np.isfinite(x.grad.numpy()).all()
    assert x.grad.numpy().any() or name == "probabilities"  # held in [epsilon, 1 - epsilon] as Keras does


LOSS_LAWS: tuple[Callable[[Loss], None], ...] = (
    is_documented, gives_one_value_per_example_or_element, its_gradient_is_the_slope, broadcasts_nothing, learns_at_the_extremes,
)  # fmt: skip
