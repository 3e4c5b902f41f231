"""What gradients are asked of and for, where it is no Tensor."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradwerk as gw
from gradwerk import torch
from gradwerk.base.errors import ArgumentError, ArgumentTypeError, GradwerkError, OutOfRangeError, ShapeError

ODD: dict[str, Any] = {
    "a number": 0, "numbers": (0, 1), "an array": np.ones(2), "nothing": None, "a dict of them": {"a": 1}, "a text": "w",
    "a list of lists": [[1]], "a function": len, "a list with one": [2.0],
}  # fmt: skip


def parts() -> tuple[Any, Any]:
    """A leaf and what was computed from it."""
    w = gw.Parameter(np.ones(2, np.float32))
    return w, gw.reduce_sum(w * w)


def product(a: Any, b: Any) -> Any:
    return gw.reduce_sum(a * b)


@pytest.mark.parametrize("odd", ODD)
def test_what_is_no_tensor_is_refused(odd: str) -> None:
    w, y = parts()
    with pytest.raises(ArgumentTypeError, match="outputs must be Tensors"):
        gw.grad(ODD[odd], w)
    with pytest.raises(ArgumentTypeError, match="inputs must be Tensors"):
        gw.grad(y, ODD[odd])
    if ODD[odd] is not None and odd != "an array":
        with pytest.raises(GradwerkError, match="gradients can be either Tensors or None|tensors and . gradients"):
            gw.grad(y, w, ODD[odd])
        with pytest.raises(GradwerkError, match="gradients can be either Tensors or None|tensors and . gradients"):
            y.backward(ODD[odd])
    with pytest.raises(ShapeError, match="got 2 tensors and 1 gradients"):
        gw.grad([y, y], w, [None])


@pytest.mark.parametrize("places", [0, 1, (0, 1), (1,)])
def test_the_gradient_of_a_function_is_told_where_it_is(places: Any) -> None:
    with pytest.raises(ArgumentTypeError, match="not a function") as error:
        gw.grad(product, places)
    code = error.value.likely.partition(" is ")[0]
    x, y = (gw.Tensor(np.array([k, 3.0], np.float32)) for k in (1, 2))
    _, gradients = eval(code, {"gradwerk": gw, "f": product})(x, y)
    for place, found in zip(places, gradients, strict=True) if isinstance(places, tuple) else [(places, gradients)]:
        np.testing.assert_array_equal(found.numpy(), (x if place else y).numpy())
    with pytest.raises(ArgumentTypeError) as error:
        torch.autograd.grad(product, (torch.ones(2), torch.ones(2)))
    assert not error.value.likely


def test_inputs_may_come_from_an_iterator_or_a_dict() -> None:
    net = torch.nn.Linear(2, 3)
    loss = net(torch.ones(4, 2)).sum()
    first = torch.autograd.grad(loss, net.parameters(), retain_graph=True)
    second = torch.autograd.grad(loss, dict(net.named_parameters()), retain_graph=True)
    third = torch.autograd.grad(loss, list(net.parameters()))
    assert list(second) == ["weight", "bias"]
    for a, b, c in zip(first, second.values(), third, strict=True):
        np.testing.assert_array_equal(a.numpy(), c.numpy())
        np.testing.assert_array_equal(b.numpy(), c.numpy())
    with pytest.raises(ArgumentError, match="cannot be empty"):
        torch.autograd.grad(loss, [])


@pytest.mark.parametrize("place", ["a", 1.0, True, (0, "b"), None])
def test_places_are_whole_numbers(place: Any) -> None:
    with pytest.raises(ArgumentTypeError, match="whole numbers"):
        gw.value_and_grad(product, place)


def test_places_that_no_argument_stands_at() -> None:
    x = gw.Tensor(np.ones(2, np.float32))
    for place in (2, (0, 5), -3):
        with pytest.raises(OutOfRangeError, match="called with 2 arguments"):
            gw.value_and_grad(product, place)(x, x)
    with pytest.raises(OutOfRangeError, match="by name: a, b"):
        gw.value_and_grad(product)(a=x, b=x)
    np.testing.assert_array_equal(gw.value_and_grad(product, -1)(x, x * 3)[1].numpy(), [1, 1])
    np.testing.assert_array_equal(gw.value_and_grad(product, np.int64(1))(x, x * 3)[1].numpy(), [1, 1])
    assert len(gw.value_and_grad(product, [0, 1])(x, x)[1]) == 2


@pytest.mark.parametrize(("function", "says"), [
    (lambda a: None, "nothing"), (lambda a: 3.0, "float"), (lambda a: (), "tuple"), (lambda a: (1, a), "a tuple that begins with int"),
])  # fmt: skip
def test_functions_that_give_no_tensor(function: Callable[[Any], Any], says: str) -> None:
    with pytest.raises(ArgumentTypeError, match=f"not {says}"):
        gw.value_and_grad(function)(gw.Tensor(np.ones(2, np.float32)))
    with pytest.raises(ArgumentTypeError, match="takes a function, not a Tensor"):
        gw.value_and_grad(parts()[1])
