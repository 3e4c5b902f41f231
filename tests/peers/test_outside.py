"""Tensors given to Python, NumPy, pandas and matplotlib: what PyTorch 2.13.0 and Keras 3.15.1 on TensorFlow 2.21 give, recorded.

Where the original gives a result ours is the same: its kind, dtype and values.  Where it raises, ours is that builtin error too, or one of
MORE.  Inside a compiled function the result is the same again, or there is a TraceError: never another result.
"""

from __future__ import annotations

import contextlib
import io
import json
import warnings
from typing import Any

import numpy as np
import pytest

import gradwerk
from gradwerk.base.errors import TraceError
from tests.peers import outside_cases as outside

APIS = ("torch", "keras")
RECORDED = {api: json.loads((outside.RECORDS / f"outside_{api}.json").read_text(encoding="utf-8")) for api in APIS}
GROUPS = [(api, group) for api in APIS for group in outside.of(api)]

MORE = {
    "torch": {
        "an array on the left is an operand as one on the right is": """
            a + t | a - t | a * t | a ** t | a @ t.T | a > t | d + t | d + w | n[:3] + k | n[:3] * k | d * k | a // t | a % t | a[0] @ t[0]
            np.ones(3, np.float32) + g | changed(a, t) | changed(n[:3], k) | changed(d, k) | changed(d, g) | np.bool_(True) & b
            pd.Series([1, 2, 3]) * k | k * pd.Series([1, 2, 3])""",
        "NumPy finds no method that it cannot call": "pd.cut(k, 2).codes.tolist()",
        "matplotlib draws the elements": "plt.plot(g)",
    },
    "keras": {
        "Tensors have NumPy's names": "np.matmul(a, t.T) | a @ t.T",
        "a product of vectors is one": "a[0] @ t[0] | k @ k",
        "a number never changes its meaning": "k * 1.5 | 1.5 * k | k + 1.0 | 2.0 in k",
        "what is of another kind is not equal": """t == "x" | "x" in k""",
        "one element is a number whatever its axes": """math.log(one) | int(one) | float(one) | "%.1f" % one""",
        "a Tensor is a key by identity": "s in {1: 2} | {t: 1}[t] | {s} | hash(t) == hash(t) | len({k[0], k[0]})",
        "an index is NumPy's": "t[True].shape | t[np.array([0, 1])]",
        "a whole number is a count": '"x" * i',
        "signs": "+t", "whole numbers have shifts": "k << 1",
        "arrays and Tensors of one dtype": "pd.Series([1, 2, 3]) * k | plt.bar(k, k)[0].get_height()",
    },
}
"""What the original refuses, and why it is a result here."""

DIFFERENT = {
    "torch": {
        "torch leaves != to Python, which answers by identity": "a != t",
        "matplotlib knows PyTorch's class by its module": """
            plt.plot(k)[0].get_ydata() | plt.plot(k, k)[0].get_xdata() | plt.plot(t[0], t[1])[0].get_ydata()
            plt.plot(t)[1].get_ydata()""",
    },
    "keras": {
        "TensorFlow cuts the fraction off": "d * k | k * d | np.float32(2) * k | k * np.float32(2) | np.float64(2) * k | changed(d, k)",
        "whole numbers are divided in float32, as keras.ops does": "k / 2",
        "the error is Python's for operands": "t + None | t > None",
        "TensorFlow asks for a method that is not there": """
            round(s) | round(s, 1) | round(t) | round(t, 1) | round(i) | round(k) | operator.index(s) | operator.index(b[0]) | [1, 2, 3][s]
            range(s) | time.sleep(s * 0)""",
        "the truth of nothing is none": "bool(e)",
        "a list is rows, as in NumPy and Keras' other backends": "t[[0, 1]]",
        "the text is our own": """"%s" % s | f"{s!r}" | str(s) | repr(i) | str(k) | ascii(s)""",
        "no buffer: Python 3.11 has none for classes of Python": "memoryview(t)",
        "pandas is asked": "k * pd.Series([1, 2, 3])",
        "matplotlib knows TensorFlow's class by its module": """
            plt.plot(k)[0].get_ydata() | plt.plot(k, k)[0].get_xdata() | plt.plot(t[0], t[1])[0].get_ydata()
            plt.plot(t)[1].get_ydata()""",
    },
}
"""What is another result, or another error, and why."""

OF_NUMPY_2 = set() if np.lib.NumpyVersion(np.__version__) >= "2.0.0" else {"np.count_nonzero(b)", "np.linspace(0, s, 3)"}
"""Where NumPy 1 gives another kind of result than the recorded NumPy 2."""


def listed(reasons: dict[str, str]) -> set[str]:
    return {part.strip() for text in reasons.values() for line in text.strip().splitlines() for part in line.split(" | ")}


def agrees(ours: list[Any], theirs: list[Any]) -> bool:
    """The same result; or an error that is the original's too."""
    if theirs[0] == "raises":
        return ours[0] == "raises" and theirs[1] in ours
    return ours == theirs


def available(group: str) -> None:
    if group == "pandas":
        pytest.importorskip("pandas", reason="pandas is not installed: make test-peers runs this")


@pytest.mark.parametrize(("api", "group"), GROUPS)
def test_the_result_is_the_originals(api: str, group: str) -> None:
    available(group)
    more, different = listed(MORE[api]), listed(DIFFERENT[api])
    ours = outside.outcomes(api, group, *outside.ours(api))
    theirs = RECORDED[api][group] | {expression: ours[expression] for expression in OF_NUMPY_2 & ours.keys()}
    assert ours.keys() == theirs.keys(), "record the originals anew"
    wrong = {}
    for expression, result in ours.items():
        good = agrees(result, theirs[expression])
        if expression in more:
            good = theirs[expression][0] == "raises" != result[0]
        elif expression in different:
            good = not good
        if not good:
            wrong[expression] = (result, theirs[expression])
    assert not wrong


def test_the_exceptions_are_of_the_table() -> None:
    for api in APIS:
        known = {expression for listed in outside.of(api).values() for expression in listed}
        more, different = listed(MORE[api]), listed(DIFFERENT[api])
        assert more | different <= known
        assert not more & different
        assert len(known) > 400


@pytest.mark.parametrize(("api", "group"), GROUPS)
def test_traced_it_is_the_same_or_a_trace_error(api: str, group: str) -> None:
    available(group)
    front, kinds = outside.ours(api)
    wrong = {}
    for expression in outside.of(api)[group]:
        names = outside.namespace(api, front) | ({"plt": outside.figures()} if "plt." in expression else {})
        eager = outside.outcome(expression, dict(names), kinds)
        names = outside.namespace(api, front) | ({"plt": outside.figures()} if "plt." in expression else {})
        tensors = {name: value for name, value in names.items() if isinstance(value, kinds)}

        def function(tensors: Any, expression: str = expression, names: Any = names) -> Any:
            return outside.value(expression, names | tensors)

        compiled = gradwerk.compile(function)
        with contextlib.suppress(TraceError), warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            try:
                traced = outside.described(compiled(tensors), kinds)
            except TraceError:
                raise
            except Exception as error:
                traced = ["raises", *(kind.__name__ for kind in type(error).__mro__)]
            if not agrees(traced, eager) and "(traced, " not in str(traced):  # a text says the type: there is no number yet
                wrong[expression] = (traced, eager)
        if "plt" in names:
            names["plt"].close("all")
    assert not wrong
