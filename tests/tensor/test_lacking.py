"""What Python can ask of a number and a Tensor does not do is refused in words of ours, as its own errors are: with the user's line."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradwerk as gw
from gradwerk import torch
from gradwerk.base.errors import ArgumentTypeError, GradwerkError, ShapeError

MAKE: dict[str, Callable[[Any], Any]] = {"core": gw.Tensor, "torch": torch.tensor}
BINARY = {
    "<<": operator.lshift, ">>": operator.rshift, "&": operator.and_, "|": operator.or_, "^": operator.xor, "@": operator.matmul,
    "%": operator.mod, "//": operator.floordiv, "/": operator.truediv, "**": operator.pow, "+": operator.add, "-": operator.sub,
    "*": operator.mul, "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, "divmod": divmod,
    "<<=": operator.ilshift, ">>=": operator.irshift, "&=": operator.iand, "@=": operator.imatmul, "**=": operator.ipow,
}  # fmt: skip
UNARY: dict[str, Callable[[Any], Any]] = {
    "~": operator.invert, "-": operator.neg, "+": operator.pos, "abs": abs, "round": round, "round to digits": lambda x: round(x, 2),
    "int": int, "float": float, "bool": bool, "index": operator.index, "del": lambda x: operator.delitem(x, 0),
    "a third for pow": lambda x: pow(x, 2, 3), "format": lambda x: f"{x:.2f}", "list": list, "len": len, "in": lambda x: 1 in x,
}  # fmt: skip
ARRAYS = {
    "floats": np.arange(6, dtype=np.float32).reshape(2, 3), "whole": np.arange(6).reshape(2, 3), "bools": np.arange(6).reshape(2, 3) > 2,
    "one": np.float32(1.5).reshape(1), "none": np.zeros((0, 3), np.float32), "number": np.array(2.0, np.float32),
}  # fmt: skip
OTHERS: list[Any] = [2, 0.5, True, [1, 2, 3], np.ones(3, np.float32), np.float32(2)]


def refused(call: Callable[[], Any]) -> GradwerkError | None:
    """The error, which is ours, of a call that fails."""
    try:
        call()
    except GradwerkError as error:
        return error
    except TypeError as error:  # Python's own: of an operand beside which a Tensor does not stand, or what comes before it is asked
        words = r"unsupported operand|'.*' not supported between|can only concatenate list|argument of type .* is not"
        assert re.match(words, str(error)), error
    return None


@pytest.mark.parametrize("api", MAKE)
@pytest.mark.parametrize("name", BINARY)
def test_an_operator_answers_or_refuses_in_our_words(api: str, name: str) -> None:
    for kind in ARRAYS.values():
        for other in (*OTHERS, MAKE[api](kind)):
            refused(lambda: BINARY[name](MAKE[api](kind), other))  # noqa: B023
            refused(lambda: BINARY[name](other, MAKE[api](kind)))  # noqa: B023


@pytest.mark.parametrize("api", MAKE)
@pytest.mark.parametrize("name", UNARY)
def test_what_python_asks_of_one_is_answered_or_refused_in_our_words(api: str, name: str) -> None:
    for kind in ARRAYS.values():
        refused(lambda: UNARY[name](MAKE[api](kind)))  # noqa: B023


@pytest.mark.parametrize("api", MAKE)
def test_the_hint_computes_what_the_operator_would(api: str) -> None:
    x = MAKE[api](np.array([-5, 3, 12]))
    with pytest.raises(ArgumentTypeError) as error:
        pow(x, 2, 7)
    assert error.value.likely.translate(str.maketrans("yz", "27")) == "x**2 % 7"
    assert (x**2 % 7).tolist() == [4, 2, 4]
    with pytest.raises(ArgumentTypeError, match="x // y and x % y"):
        divmod(x, 4)
    with pytest.raises(ArgumentTypeError, match=r"round\(x.item\(\)"):
        round(MAKE[api](np.float32(1.25)), 1)
    with pytest.raises(ArgumentTypeError) as error:
        round(x)
    assert not error.value.likely


@pytest.mark.parametrize("api", MAKE)
def test_numbers_beside_a_matrix_product(api: str) -> None:
    x = MAKE[api](np.ones((2, 3), np.float32))
    for call in (lambda: x @ 2, lambda: 2.5 @ x, lambda: x @ np.float32(2)):
        with pytest.raises(ArgumentTypeError, match=r"unsupported operand type\(s\) for @"):
            call()


@pytest.mark.parametrize(("a", "b", "says"), [
    ((2, 3), (2, 3), "mat1 and mat2 shapes cannot be multiplied (2x3 and 2x3)"),
    ((3,), (2, 3), "mat1 and mat2 shapes cannot be multiplied (1x3 and 2x3)"),
    ((4, 2, 3), (2, 3), "mat1 and mat2 shapes cannot be multiplied (8x3 and 2x3)"),
    ((2, 3), (2,), "size mismatch, got input (2), mat (2x3), vec (2)"),
    ((4, 2, 3), (2,), "size mismatch, got input (8), mat (8x3), vec (2)"),
    ((3,), (2,), "inconsistent tensor size, expected tensor [3] and src [2] to have the same number of elements, but got 3 and 2 elements"),
    ((), (2, 3), "both arguments to matmul need to be at least 1D, but they are 0D and 2D"),
    ((4, 2, 3), (5, 3, 2), "The size of tensor a (4) must match the size of tensor b (5) at non-singleton dimension 0"),
    ((2, 4, 2, 3), (5, 4, 2), "The size of tensor a (4) must match the size of tensor b (5) at non-singleton dimension 1"),
    ((3,), (4, 2, 3), "Expected size for first two dimensions of batch2 tensor to be: [4, 3] but got: [4, 2]."),
    ((2, 1, 2, 3), (1, 5, 2, 3), "Expected size for first two dimensions of batch2 tensor to be: [10, 3] but got: [10, 2]."),
])  # fmt: skip
@pytest.mark.parametrize("way", [
    lambda a, b: a @ b, lambda a, b: torch.matmul(a, b), lambda a, b: a.matmul(b), lambda a, b: torch.compile(lambda a, b: a @ b)(a, b),
    lambda a, b: np.ones(tuple(a.shape), np.float32) @ b,
], ids=["@", "matmul", "method", "compiled", "of an array"])  # fmt: skip
def test_products_that_do_not_fit_in_pytorchs_words(a: tuple[int, ...], b: tuple[int, ...], says: str, way: Any) -> None:
    with pytest.raises(ShapeError, match=re.escape(says)) as error:
        way(torch.ones(a), torch.ones(b))
    assert error.value.facts == (f"input {a}      mat2 {b}",)


def test_mm_and_bmm_in_pytorchs_words() -> None:
    for function, a, b, says in (
        (torch.mm, (4, 2, 3), (3, 2), "self must be a matrix"), (torch.mm, (2, 3), (3,), "mat2 must be a matrix"),
        (torch.mm, (2, 3), (2, 3), "mat1 and mat2 shapes cannot be multiplied (2x3 and 2x3)"),
        (torch.bmm, (2, 3), (4, 3, 2), "batch1 must be a 3D tensor"), (torch.bmm, (4, 2, 3), (3, 2), "batch2 must be a 3D tensor"),
        (torch.bmm, (1, 2, 3), (4, 3, 2), "Expected size for first two dimensions of batch2 tensor to be: [1, 3] but got: [4, 3]."),
    ):  # fmt: skip
        with pytest.raises(ShapeError, match=re.escape(says)) as error:
            function(torch.ones(a), torch.ones(b))
        fits = a[-1] == b[-2 if len(b) > 1 else 0]
        assert error.value.likely == ("matmul takes any ranks" if fits else "")
        if fits:
            torch.matmul(torch.ones(a), torch.ones(b))
    with pytest.raises(ShapeError, match="linear.*weight of 1 or 2 dimensions, got 3"):
        torch.nn.functional.linear(torch.ones(2, 3), torch.ones(4, 2, 3))
