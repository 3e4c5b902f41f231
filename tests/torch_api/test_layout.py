"""Weights lie in memory as they are computed with, and are torch's weights all the same: shapes, values, writes, gradients, state."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradwerk.torch as torch
from gradwerk.torch import nn

RNG = np.random.default_rng(3)
LAYERS: dict[str, tuple[Callable[[], Any], str, tuple[int, ...]]] = {
    "Linear": (lambda: nn.Linear(3, 4), "weight", (4, 3)),
    "Conv1d": (lambda: nn.Conv1d(3, 4, 5), "weight", (4, 3, 5)),
    "Conv2d": (lambda: nn.Conv2d(2, 4, (3, 5)), "weight", (4, 2, 3, 5)),
    "LSTM": (lambda: nn.LSTM(3, 2), "weight_ih_l0", (8, 3)),
}
each_layer = pytest.mark.parametrize("name", LAYERS)


def row_major(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(int(np.prod(shape[k + 1 :])) for k in range(len(shape)))


def weight_of(name: str) -> Any:
    make, attribute, shape = LAYERS[name]
    weight = getattr(make(), attribute)
    assert (tuple(weight.shape), tuple(weight.stride()), weight.is_contiguous()) == (shape, row_major(shape), True)
    assert not is_seen(weight)
    return weight


def is_seen(tensor: Any) -> bool:
    """Whether the memory lies as it is shown."""
    return tensor._storage.order is None


@each_layer
def test_a_weight_is_shown_as_torch_shows_it(name: str) -> None:
    weight = weight_of(name)
    assert weight.is_leaf
    assert weight.contiguous() is weight
    flat = weight.reshape(-1)
    np.testing.assert_array_equal(flat.detach().numpy(), np.array(weight.tolist()).ravel())
    flat.sum().backward()
    np.testing.assert_array_equal(weight.grad.numpy(), np.ones(weight.shape))


SIGHTS: dict[str, Callable[[Any], Any]] = {
    "numpy": lambda w: w.detach().numpy(),
    "np.asarray": lambda w: np.asarray(w.detach()),
    "numpy(force=True)": lambda w: w.numpy(force=True),
    "DLPack": lambda w: np.from_dlpack(w.detach()),
    "view": lambda w: w.detach().view(-1).numpy(),
    "flatten": lambda w: w.detach().flatten().numpy(),
    "numpy of a part": lambda w: w.detach()[1:].numpy(),
}


@each_layer
@pytest.mark.parametrize("sight", SIGHTS)
def test_what_shows_memory_shows_torchs_strides_and_shares_with_all(sight: str, name: str) -> None:
    weight = weight_of(name)
    values = np.array(weight.tolist(), np.float32)
    early, row, version = weight.detach(), weight.detach()[1], weight._storage.version
    array = SIGHTS[sight](weight)
    assert array.flags.c_contiguous
    assert is_seen(weight)
    np.testing.assert_array_equal(np.array(weight.tolist(), np.float32), values)
    assert weight._storage.version == version  # nothing was written
    writable = array if array.flags.writeable else weight.detach().numpy()  # what NumPy 1 takes by DLPack it only reads
    writable[...] = np.arange(array.size, dtype=np.float32).reshape(array.shape)
    np.testing.assert_array_equal(array.ravel(), np.arange(array.size))
    wanted = weight.detach().numpy()
    np.testing.assert_array_equal(wanted.ravel()[-array.size :], np.arange(array.size))
    np.testing.assert_array_equal(np.array(early.tolist()), wanted)
    np.testing.assert_array_equal(np.array(row.tolist()), wanted[1])
    with torch.no_grad():
        weight.fill_(3.0)
    assert (array == 3.0).all()
    assert row.tolist() == np.full(row.shape, 3.0).tolist()
    assert weight.data_ptr() == wanted.__array_interface__["data"][0]


LOOKS: dict[str, Callable[[Any], Any]] = {
    "state_dict": lambda m: m.state_dict(),
    "load_state_dict": lambda m: m.load_state_dict(nn.Linear(3, 4).state_dict()),
    "deepcopy": copy.deepcopy,
    "repr": lambda m: repr(m.weight),
    "clone": lambda m: m.weight.clone(),
    "item": lambda m: m.weight[1, 2].item(),
    "tolist": lambda m: m.weight.tolist(),
    "torch.tensor": lambda m: torch.tensor(m.weight.detach()),
    "sum": lambda m: m.weight.sum(),
    "part": lambda m: m.weight[1:, 0],
    "write": lambda m: m.weight.data.mul_(2.0),
    "eager step": lambda m: m(torch.ones(2, 3)).sum().backward(),
    "compiled step": lambda m: torch.compile(m)(torch.ones(2, 3)),
    "optimizer": lambda m: torch.optim.Adam(m.parameters()).state_dict(),
}


@pytest.mark.parametrize("look", LOOKS)
def test_what_copies_or_computes_moves_nothing(look: str) -> None:
    model = nn.Linear(3, 4)
    LOOKS[look](model)
    assert not is_seen(model.weight)


def test_weights_written_from_memory_come_back(tmp_path: Any) -> None:
    for layer in (nn.Linear(3, 4), nn.Conv2d(2, 3, 3), nn.LSTM(3, 4)):
        values = {name: np.array(tensor.tolist(), np.float32) for name, tensor in layer.state_dict().items()}
        arrays = {name: tensor.numpy() for name, tensor in layer.state_dict().items()}
        for name, array in arrays.items():
            raw = np.frombuffer(memoryview(array).cast("B"), np.float32).reshape(array.shape)  # what safetensors writes
            np.testing.assert_array_equal(raw, values[name])


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
    weight.data.copy_(torch.tensor(values + 1))
    np.testing.assert_array_equal(array, values + 1)
    array[0] = 7.0
    assert (weight.detach().numpy()[0] == 7.0).all()
    nn.init.constant_(weight, 3.0)
    assert (array == 3.0).all()
    assert weight.is_contiguous()


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
        assert mine._storage.order == its._storage.order
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
        assert parameter.grad._storage.order == parameter._storage.order
        assert is_seen(parameter) is (parameter.ndim == 1)
        assert parameter.grad.numpy().shape == MODEL_SHAPES[name]
    velocity = {name: tensor for name, tensor in optimizer.param_groups[0].optimizer.state().items() if name.startswith("velocity")}
    assert [tuple(tensor.shape) for tensor in velocity.values()] == list(MODEL_SHAPES.values())


@pytest.mark.parametrize("compiled", [False, True], ids=["eager", "compiled"])
def test_training_goes_on_when_memory_is_looked_at(compiled: bool) -> None:
    """Weights, gradients and an optimizer's state may be laid anew between any two steps: the numbers are those of a run left alone."""
    results = []
    for looks in (False, True):
        model, x = model_and_data()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)

        def step(x: Any, model: Any = model, optimizer: Any = optimizer) -> Any:
            loss = loss_of(model, x)
            loss.backward()
            optimizer.step()
            return loss.detach()

        run = torch.compile(step) if compiled else step
        losses = []
        for number in range(6):
            losses.append(run(x).item())
            if looks and number == 1:
                arrays = {name: tensor.numpy() for name, tensor in model.state_dict().items()}
            if looks and number == 3:
                assert all(parameter.grad.numpy().flags.c_contiguous for parameter in model.parameters())
        results.append((losses, [parameter.detach().numpy().copy() for parameter in model.parameters()]))
    np.testing.assert_allclose(results[1][0], results[0][0], rtol=1e-5)
    for one, other, held in zip(results[1][1], results[0][1], arrays.values(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)
        np.testing.assert_array_equal(held, one)  # what was looked at follows


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
    model[0].weight = nn.Parameter(torch.tensor(model[0].weight.detach().numpy().transpose(3, 2, 1, 0).copy()).permute(3, 2, 1, 0))
    assert not model[0].weight.is_contiguous()
    np.testing.assert_allclose(torch.compile(lambda x: model(x).detach())(x).numpy(), expected, rtol=1e-5, atol=1e-6)
    loss_of(model, x).backward()
    assert model[0].weight.grad.stride() == model[0].weight.stride()
