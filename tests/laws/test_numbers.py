"""A Python number beside a narrow float: the product or quotient is that in float32, rounded once, on every road."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradwerk as gw
from gradwerk.base import dtypes
from gradwerk.base.settings import settings
from gradwerk.ops.arithmetic import div, mul
from gradwerk.ops.functions import clip
from tests.laws.cases import generator
from tests.tolerances import same

NARROW = [row.dtype for row in dtypes.TABLE if row.fraction]
NUMBERS = (0.1, 1.003, -7.3, 3, 1e-8, 1e5, 1e300)
ROADS = ("arrays", "eager", "compiled", "interpreted")
FORMS = {
    "x * n": (lambda x, n: mul(x, n), lambda x, n: x * n),
    "n * x": (lambda x, n: mul(n, x), lambda x, n: n * x),
    "x / n": (lambda x, n: div(x, n), lambda x, n: x / n),
    "n / x": (lambda x, n: div(n, x), lambda x, n: n / x),
}


def computed(function: Any, array: Any, number: float, road: str) -> Any:
    if road == "arrays":
        return function(array, number)
    x = gw.Tensor(array)
    if road == "eager":
        return function(x, number).numpy()
    with settings.scope(interpret=road == "interpreted"):
        return gw.compile(lambda x: function(x, number))(x).numpy()


@pytest.mark.parametrize("road", ROADS)
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("dtype", NARROW, ids=dtypes.name)
def test_a_number_is_not_rounded_first(dtype: Any, form: str, road: str) -> None:
    function, exact = FORMS[form]
    drawn = (generator("numbers", form).normal(size=300) * 3).astype(np.float32)
    array = dtypes.converted(drawn, dtype)
    for number in NUMBERS:
        with np.errstate(all="ignore"):
            wanted = dtypes.converted(exact(dtypes.widened(array), np.float32(number)), dtype)
        same(computed(function, array, number, road), wanted, (form, number))


@pytest.mark.parametrize("dtype", NARROW, ids=dtypes.name)
def test_its_gradient_is_not_either(dtype: Any) -> None:
    for number in NUMBERS[:-2]:
        for function, slope in ((lambda x, n=number: x * n, np.float32(number)), (lambda x, n=number: x / n, 1 / np.float32(number))):
            x = gw.Parameter(dtypes.converted(np.ones(3, np.float32), dtype))
            function(x).backward(gw.Tensor(dtypes.converted(np.full(3, 0.75, np.float32), dtype)))
            with np.errstate(all="ignore"):
                wanted = dtypes.converted(np.float32(0.75) * np.full(3, slope, np.float32), dtype)
            np.testing.assert_allclose(dtypes.widened(x.grad.numpy()), dtypes.widened(wanted), rtol=dtypes.limits(dtype).eps)


FLOATS = [row.dtype for row in dtypes.TABLE if dtypes.is_float(row.dtype)]
LARGE: dict[str, Any] = {
    "x * n": lambda x, n: x * n, "n - x": lambda x, n: n - x, "x < n": lambda x, n: x < n, "x ** n": lambda x, n: x**n,
    "clip": lambda x, n: clip(x, -n, n), "where": lambda x, n: gw.where(x > 0, x, n), "maximum": lambda x, n: gw.maximum(x, n),
}  # fmt: skip


@pytest.mark.parametrize("compiled", [False, True], ids=["eager", "compiled"])
@pytest.mark.parametrize("form", LARGE)
@pytest.mark.parametrize("dtype", FLOATS, ids=dtypes.name)
def test_a_number_beyond_a_dtype_is_infinity_in_silence(dtype: Any, form: str, compiled: bool) -> None:  # noqa: FBT001
    """NumPy's warnings would name a line of the framework; warnings are errors here."""
    x = gw.Tensor(dtypes.converted(np.array([1.0, 2.0, -3.0], np.float32), dtype))
    for number in (1e300, 10**39, 70000.0):
        function = lambda x, n=number: LARGE[form](x, n)  # noqa: E731
        made = dtypes.widened((gw.compile(function) if compiled else function)(x).numpy())
        wide = dtypes.number_of(dtypes.of_value(number, dtypes.accumulator(dtype)))
        with np.errstate(all="ignore"):
            wanted = LARGE_WANTED[form](dtypes.widened(x.numpy()), wide).astype(made.dtype)
            wanted = dtypes.widened(dtypes.converted(wanted, dtype)) if form != "x < n" else wanted
        np.testing.assert_allclose(made, wanted, rtol=1e-6)


LARGE_WANTED: dict[str, Any] = LARGE | {
    "clip": lambda x, n: np.clip(x, -n, n), "where": lambda x, n: np.where(x > 0, x, n), "maximum": lambda x, n: np.maximum(x, n),
}  # fmt: skip


def test_data_beyond_a_dtype_is_infinity_in_silence() -> None:
    for data in ([1e300], [[1.0, -1e300]], np.array([1e300])):
        for dtype in (dtypes.float32, *NARROW):
            assert np.isinf(dtypes.widened(gw.Tensor(data, dtype).numpy())).any()
    assert np.isinf(gw.Tensor([1e300]).numpy()).all()
    assert np.isinf((gw.Tensor(np.ones(2, np.float32)) * [1e300, -1e300]).numpy()).all()
    x = gw.Tensor(np.zeros(3, np.float32))
    x[1:] = 1e300
    assert x.numpy().tolist() == [0, np.inf, np.inf]
