"""Weights lie in memory as they are computed with, and are torch's weights all the same: shapes, values, writes, gradients, state."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradwerk.torch as torch
from gradwerk.base.errors import ShapeError
from gradwerk.torch import nn

RNG = np.random.default_rng(3)
LAYERS: dict[str, tuple[Callable[[], Any], str, tuple[int, ...], tuple[int, ...]]] = {
    "Linear": (lambda: nn.Linear(3, 4), "weight", (4, 3), (1, 4)),
    "Conv1d": (lambda: nn.Conv1d(3, 4, 5), "weight", (4, 3, 5), (1, 4, 12)),
    "Conv2d": (lambda: nn.Conv2d(2, 4, (3, 5)), "weight", (4, 2, 3, 5), (1, 4, 40, 8)),
    "LSTM": (lambda: nn.LSTM(3, 2), "weight_ih_l0", (8, 3), (1, 8)),
}
each_layer = pytest.mark.parametrize("name", LAYERS)


def weight_of(name: str) -> Any:
    make, attribute, shape, strides = LAYERS[name]
    weight = getattr(make(), attribute)
    assert (tuple(weight.shape), tuple(weight.stride())) == (shape, strides)
    return weight


@each_layer
def test_a_weight_is_shown_as_torch_shows_it(name: str) -> None:
    weight = weight_of(name)
    assert weight.is_leaf
    assert not weight.is_contiguous()
    assert weight.contiguous().is_contiguous()
    array = weight.detach().numpy()
    assert array.shape == weight.shape
    flat = weight.reshape(-1)
    np.testing.assert_array_equal(flat.detach().numpy(), array.ravel())
    flat.sum().backward()
    np.testing.assert_array_equal(weight.grad.numpy(), np.ones(weight.shape))


@each_layer
def test_view_says_why_it_cannot(name: str) -> None:
    with pytest.raises(ShapeError, match=r"view size is not compatible(.|\n)*use \.reshape"):
        weight_of(name).view(-1)


@each_layer
def test_every_way_of_writing_reaches_the_weight(name: str) -> None:
    weight = weight_of(name)
    array, values = weight.detach().numpy(), RNG.standard_normal(weight.shape).astype(np.float32)
    with torch.no_grad():
        weight.copy_(torch.tensor(values))
        np.testing.assert_array_equal(array, values)
        weight[1] = 5.0
        weight[:, 1] *= 2.0
    values[1] = 5.0
    values[:, 1] *= 2.0
    np.testing.assert_array_equal(array, values)
    weight.data = torch.tensor(values + 1)
    np.testing.assert_array_equal(array, values + 1)
    array[0] = 7.0
    assert (weight.detach().numpy()[0] == 7.0).all()
    nn.init.constant_(weight, 3.0)
    assert (array == 3.0).all()
    assert tuple(weight.stride()) == LAYERS[name][3]


def test_state_comes_and_goes_in_torchs_order() -> None:
    one, other = nn.Conv2d(2, 4, 3), nn.Conv2d(2, 4, 3)
    state = one.state_dict()
    assert tuple(state["weight"].shape) == (4, 2, 3, 3)
    other.load_state_dict({name: np.array(tensor.numpy()) for name, tensor in state.items()})
    np.testing.assert_array_equal(other.weight.detach().numpy(), one.weight.detach().numpy())
    with torch.no_grad():
        one.weight[0, 0, 0, 0] = 9.0
    assert state["weight"][0, 0, 0, 0].item() == 9.0  # shared
    assert other.weight[0, 0, 0, 0].item() != 9.0


def test_a_copy_lies_as_its_original() -> None:
    one = nn.Sequential(nn.Conv2d(2, 4, 3), nn.Flatten(), nn.Linear(16, 3))
    other = copy.deepcopy(one)
    for mine, its in zip(one.parameters(), other.parameters(), strict=True):
        assert mine.stride() == its.stride()
        assert its.requires_grad
        np.testing.assert_array_equal(mine.detach().numpy(), its.detach().numpy())
    with torch.no_grad():
        other[0].weight.fill_(0.0)
    assert (one[0].weight.detach().numpy() != 0).any()


def loss_of(model: Any, x: Any) -> Any:
    return (model(x) ** 2).mean()


MODEL_SHAPES = {"0.weight": (4, 2, 3, 3), "0.bias": (4,), "2.weight": (3, 16), "2.bias": (3,)}


def model_and_data() -> tuple[Any, Any]:
    torch.manual_seed(0)
    x = torch.tensor(np.random.default_rng(0).standard_normal((5, 2, 4, 4)).astype(np.float32))
    return nn.Sequential(nn.Conv2d(2, 4, 3), nn.Flatten(), nn.Linear(16, 3)), x


@pytest.mark.parametrize("compiled", [False, True])
def test_gradients_and_momentum_lie_as_their_weights(compiled: bool) -> None:
    model, x = model_and_data()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)

    def step(x: Any) -> Any:
        optimizer.zero_grad()
        loss = loss_of(model, x)
        loss.backward()
        optimizer.step()
        return loss.detach()

    run = torch.compile(step) if compiled else step
    run(x)
    run(x)
    for name, parameter in model.named_parameters():
        assert tuple(parameter.grad.shape) == tuple(parameter.shape) == MODEL_SHAPES[name]
        assert parameter.grad.stride() == parameter.stride()
        assert parameter.grad.numpy().shape == MODEL_SHAPES[name]
    velocity = {name: tensor for name, tensor in optimizer.param_groups[0].optimizer.state().items() if name.startswith("velocity")}
    assert [tuple(tensor.shape) for tensor in velocity.values()] == list(MODEL_SHAPES.values())


@pytest.mark.parametrize("given", [False, True], ids=["its own", "row-major, from outside"])
def test_gradients_add_up_in_a_compiled_step_as_in_an_eager_one(given: bool) -> None:
    results = []
    for wrap in (lambda fn: fn, torch.compile):
        model, x = model_and_data()
        if given:
            for parameter in model.parameters():
                parameter.grad = torch.tensor(np.ones(parameter.shape, np.float32))

        @wrap
        def add_up(x: Any, model: Any = model) -> None:
            loss_of(model, x).backward()

        for _ in range(3):
            add_up(x)
        results.append([parameter.grad.numpy().copy() for parameter in model.parameters()])
    for eager, compiled in zip(*results, strict=True):
        np.testing.assert_allclose(compiled, eager, rtol=1e-5, atol=1e-6)


def test_a_compiled_function_gives_parts_of_a_gradient() -> None:
    model, x = model_and_data()
    weight = model[2].weight

    @torch.compile
    def part() -> Any:
        return weight.grad[1], weight.grad

    for _ in range(2):
        model.zero_grad()
        loss_of(model, x).backward()
        row, whole = part()
        np.testing.assert_array_equal(row.numpy(), weight.grad.numpy()[1])
        assert whole is weight.grad


def test_gradients_come_through_a_compiled_model() -> None:
    model, x = model_and_data()
    loss_of(model, x).backward()
    expected = [parameter.grad.numpy().copy() for parameter in model.parameters()]
    model.zero_grad()
    loss_of(torch.compile(model), x).backward()
    for parameter, gradient in zip(model.parameters(), expected, strict=True):
        assert parameter.grad.stride() == parameter.stride()
        np.testing.assert_allclose(parameter.grad.numpy(), gradient, rtol=1e-5, atol=1e-6)


def test_a_weight_of_the_users_own_works_in_any_layout() -> None:
    model, x = model_and_data()
    expected = model(x).detach().numpy()
    model[0].weight = nn.Parameter(torch.tensor(np.ascontiguousarray(model[0].weight.detach().numpy())))
    assert model[0].weight.is_contiguous()
    np.testing.assert_allclose(torch.compile(lambda x: model(x).detach())(x).numpy(), expected, rtol=1e-5, atol=1e-6)
    loss_of(model, x).backward()
    assert model[0].weight.grad.is_contiguous()
