"""Operations in place: the contents, gradients and errors are those of the same program written out of place, eager and compiled.

The law: with `y = clone of x; y.op_(...)`, contents and gradients are those of `y = op(x, ...)`, whatever y is: a computed Tensor, a view
of one, a view of a view; a leaf that requires a gradient is refused unless under no_grad, and what a rule has kept is refused once written.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gradwerk import torch
from gradwerk.torch.nn import functional

Step = Callable[[Any], Any]
MASK = np.array([[True, False, True], [False, True, False]])
VALUES = np.array([[0.3, -1.2, 2.0], [0.7, 1.5, -0.4]], np.float32)
POSITIVE = {"log_", "sqrt_", "rsqrt_", "pow_"}
UNARY = ("abs_", "cos_", "exp_", "log_", "neg_", "reciprocal_", "relu_", "rsqrt_", "sigmoid_", "sin_", "sqrt_", "square_", "tanh_")
WITH: dict[str, tuple[Any, ...]] = {
    "add_": (1.5,), "sub_": (0.5,), "mul_": (3.0,), "div_": (2.0,), "pow_": (3,), "clamp_": (-0.5, 1.0),
    "masked_fill_": (torch.tensor(MASK), 4.0), "remainder_": (0.9,),
}  # fmt: skip
CASES = [*((name, ()) for name in UNARY), *WITH.items()]
PLACES: dict[str, Callable[[Any], Any]] = {
    "computed": lambda y: y,
    "row": lambda y: y[1],
    "columns": lambda y: y[:, ::2],
    "view of a view": lambda y: y.t()[1:][:, 1],
}
"""How the part that is written lies in the Tensor."""
EAGER = [(name, arguments, place, False) for name, arguments in CASES for place in PLACES]
COMPILED = [(name, WITH.get(name, ()), place, True) for name, place in zip(("relu_", "mul_", "exp_", "masked_fill_"), PLACES, strict=True)]


def start(name: str) -> Any:
    data = np.abs(VALUES) + 0.1 if name in POSITIVE else VALUES
    return torch.tensor(data, requires_grad=True)


def weights(like: Any) -> Any:
    return torch.tensor(np.arange(1, like.numel() + 1, dtype=np.float32).reshape(tuple(like.shape)))


def out_of_place(name: str, arguments: tuple[Any, ...], part: Callable[[Any], Any], x: Any) -> Any:
    """The base with the part replaced, by a mask."""
    chosen = torch.zeros(2, 3)
    part(chosen).fill_(1)
    return torch.where(chosen == 1, getattr(x, name[:-1])(*arguments), x)


@pytest.mark.parametrize(("name", "arguments", "place", "compiled"), EAGER + COMPILED, ids=lambda value: str(value) if value else "")
def test_in_place_is_out_of_place_and_a_write(name: str, arguments: tuple[Any, ...], place: str, compiled: bool) -> None:
    part = PLACES[place]
    if name == "masked_fill_" and place != "computed":
        arguments = (part(arguments[0]), arguments[1])

    def loss(x: Any) -> Any:
        y = x * 1.0
        target = part(y)
        assert getattr(target, name)(*arguments) is target
        return (y * weights(y)).sum(), y

    x, other = start(name), start(name)
    found, contents = (torch.compile(loss) if compiled else loss)(x)
    found.backward()
    whole = WITH["masked_fill_"] if name == "masked_fill_" else arguments
    wanted = out_of_place(name, whole, part, other * 1.0)
    (wanted * weights(wanted)).sum().backward()
    np.testing.assert_allclose(contents.detach().numpy(), wanted.detach().numpy(), rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(x.grad.numpy(), other.grad.numpy(), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("name", "arguments"), CASES, ids=[name for name, _ in CASES])
def test_leaves_are_refused_but_not_under_no_grad(name: str, arguments: tuple[Any, ...]) -> None:
    x = start(name)
    before, version = x.tolist(), x._storage.version
    with pytest.raises(RuntimeError, match="a leaf Tensor that requires grad is being used in an in-place operation"):
        getattr(x, name)(*arguments)
    with pytest.raises(RuntimeError, match="a view of a leaf Tensor that requires grad"):
        getattr(x.t(), name)(*((arguments[0].t(), *arguments[1:]) if name == "masked_fill_" else arguments))
    assert (x.tolist(), x._storage.version) == (before, version)
    with torch.no_grad():
        assert getattr(x, name)(*arguments) is x
    np.testing.assert_allclose(x.tolist(), getattr(start(name).detach(), name[:-1])(*arguments).tolist(), rtol=1e-6)
    assert x.requires_grad
    assert x.is_leaf


WRITES: dict[str, Callable[[Any, Any], Any]] = {
    "copy_": lambda b, p: b.copy_(p),
    "[:]": lambda b, p: b.__setitem__(slice(None), p),
    "[...]": lambda b, p: b.__setitem__(..., p),
    "[1:]": lambda b, p: b.__setitem__(slice(1, None), p[1:]),
    "view": lambda b, p: b.t().copy_(p.t()),
}


@pytest.mark.parametrize(("how", "compiled"), [*((how, False) for how in WRITES), ("copy_", True), ("[1:]", True)])
def test_a_leaf_written_into_memory_gets_its_gradient(how: str, compiled: bool) -> None:
    p = torch.nn.Parameter(torch.tensor(VALUES))

    def loss(z: Any) -> Any:
        b = z * 0.0
        WRITES[how](b, p)
        b *= 2.0
        return (b * weights(b)).sum() + p.sum()

    (torch.compile(loss) if compiled else loss)(torch.zeros(2, 3)).backward()
    wanted = 2 * np.arange(1, 7, dtype=np.float32).reshape(2, 3)
    if how == "[1:]":
        wanted[0] = 0
    np.testing.assert_array_equal(p.grad.numpy(), wanted + 1)


@pytest.mark.parametrize("write", [lambda v: v.fill_(0.5), lambda v: v.zero_(), lambda v: v.copy_(torch.ones(3))])
def test_what_is_overwritten_as_a_whole_has_gradient_zero_and_keeps_its_history(write: Step) -> None:
    x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
    v = x.clone()
    write(v)
    assert v.requires_grad
    v.sum().backward()
    assert x.grad.tolist() == [0, 0, 0]


def test_a_view_follows_its_base_and_the_base_its_view() -> None:
    x = torch.tensor(VALUES, requires_grad=True)
    y = x * 2.0
    row = y[0]
    y.mul_(3.0)
    row.add_(row.detach() * 0 + 1)
    (row * weights(row)).sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), [[6, 12, 18], [0, 0, 0]])
    assert y.tolist()[0] == row.tolist()


def test_activations_in_place() -> None:
    x = torch.tensor([-1.0, 2.0, -3.0], requires_grad=True)
    y = torch.nn.ReLU(inplace=True)(x * 2)
    y.sum().backward()
    assert (x.grad.tolist(), y.tolist()) == ([0, 2, 0], [0, 4, 0])
    h = x * 1
    z = functional.dropout(h, 0.5, True, True)  # noqa: FBT003
    assert z is h
    x.grad = None
    z.sum().backward()
    assert x.grad.tolist() == [2.0 if kept else 0.0 for kept in z.tolist()]


@pytest.mark.parametrize("rule", ["exp", "sigmoid", "tanh", "sqrt"])
def test_a_result_that_its_rule_has_kept_is_refused_once_written(rule: str) -> None:
    x = torch.tensor([0.5, 1.0], requires_grad=True)
    y = getattr(x, rule)()
    y.add_(1.0)
    with pytest.raises(RuntimeError, match="has been modified by an inplace operation"):
        y.sum().backward()
    x = torch.tensor([0.5, 1.0], requires_grad=True)
    y = x * 1.0
    z = y * y
    y.zero_()
    with pytest.raises(RuntimeError, match="has been modified by an inplace operation"):
        z.sum().backward()


def test_dtypes_shapes_and_broadcast_views() -> None:
    whole = torch.tensor([1, 2, 3])
    with pytest.raises(RuntimeError, match="result type Float can't be cast to the desired output type Long"):
        whole.add_(1.5)
    with pytest.raises(RuntimeError, match="result type Float can't be cast"):
        whole /= 2
    assert whole.mul_(True).tolist() == [1, 2, 3]  # noqa: FBT003
    x = torch.ones(2, 3)
    with pytest.raises(RuntimeError, match=r"output with shape \[3\] doesn't match the broadcast shape \[2, 3\]"):
        x[0].add_(torch.ones(2, 3))
    with pytest.raises(RuntimeError, match="broadcast view"):
        torch.ones(1, 3).expand(2, 3).mul_(2)
    assert x.copy_(whole).tolist() == [[1, 2, 3], [1, 2, 3]]
    assert x.add_(torch.ones(3, dtype=torch.float64)).dtype == torch.float32
    with pytest.raises(RuntimeError, match="fill_ only supports 0-dimension value tensor"):
        x.fill_(torch.ones(1))
    with pytest.raises(TypeError, match="must be Number"):
        x.fill_("a")


def test_operators_in_place_write_where_a_view_reads() -> None:
    x = torch.arange(4.0)
    whole = x
    x += 1
    x **= 2
    x //= 2
    x %= 3
    assert x is whole
    assert whole.tolist() == [0, 2, 1, 2]
    whole[1:3] *= 10
    assert whole.tolist() == [0, 20, 10, 2]


OWN: dict[str, Callable[[Any], Any]] = {
    "cat": lambda x: torch.cat([x.reshape(-1)]),
    "cat of one that is not empty": lambda x: torch.cat([x.reshape(-1), torch.zeros(0)]),
    "stack": lambda x: torch.stack([x]),
    "sum": lambda x: x.sum(),
    "sum(0)": lambda x: x.sum(0),
    "max": lambda x: x.max(),
    "min": lambda x: x.min(),
    "amax": lambda x: x.amax(),
    "amin(0)": lambda x: x.amin(0),
    "mean": lambda x: x.mean(),
    "pow": lambda x: x**1,
    "clamp": lambda x: x.clamp(-100, 100),
    "floor": lambda x: x.floor(),
    "masked_fill": lambda x: x.masked_fill(x != x, 0.0),
    "clone": lambda x: x.clone(),
}
"""What PyTorch gives in memory of its own, also where there is nothing to compute."""


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("shape", [(), (1,), (3,)])
@pytest.mark.parametrize("name", OWN)
def test_a_result_that_is_no_view_is_written_without_its_argument(name: str, shape: tuple[int, ...], compiled: bool) -> None:  # noqa: FBT001
    x = torch.ones(shape)

    def step(x: Any) -> Any:
        y = OWN[name](x)
        y += 7
        return y

    result = (torch.compile(step) if compiled else step)(x)
    assert (x.numpy() == 1).all()
    assert (result.numpy() >= 7).all()
    leaf = torch.ones(shape).requires_grad_()
    assert not OWN[name](leaf).is_leaf


def test_whole_numbers_rounded_down_are_a_copy() -> None:
    x = torch.arange(3)
    x.floor().zero_()
    assert x.tolist() == [0, 1, 2]
