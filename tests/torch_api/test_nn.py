"""torch.nn and torch.optim: names, states, groups, loaders, and training loops eager and compiled."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradwerk.torch as torch
from gradwerk.base.errors import ArgumentError, DataError, ShapeError, StateError
from gradwerk.torch import nn
from gradwerk.torch.nn import functional as F
from gradwerk.torch.utils.data import DataLoader, Dataset, TensorDataset, random_split


class Small(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 3, 3, padding=1, bias=False)  # batch norm takes any bias away again
        self.norm = nn.BatchNorm2d(3)
        self.drop = nn.Dropout(0.25)
        self.fc = nn.Linear(3 * 4 * 4, 5)
        self.register_buffer("seen", torch.zeros(1))
        self.register_buffer("scratch", torch.zeros(1), persistent=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = F.max_pool2d(F.relu(self.norm(self.conv(x))), 2)
        return self.fc(self.drop(torch.flatten(x, 1)))


def test_names_are_those_of_torch() -> None:
    model = Small()
    assert list(model.state_dict()) == [
        "seen", "conv.weight", "norm.weight", "norm.bias", "norm.running_mean", "norm.running_var", "norm.num_batches_tracked",
        "fc.weight", "fc.bias",
    ]  # fmt: skip
    assert [name for name, _ in model.named_parameters()][-2:] == ["fc.weight", "fc.bias"]
    assert [name for name, _ in model.named_children()] == ["conv", "norm", "drop", "fc"]
    assert [type(m).__name__ for m in model.modules()] == ["Small", "Conv2d", "BatchNorm2d", "Dropout", "Linear"]
    assert model.get_submodule("fc") is model.fc
    assert model.conv.weight.shape == (3, 1, 3, 3)


def test_state_dict_round_trip_and_what_does_not_fit() -> None:
    model, other = Small(), Small()
    assert other.load_state_dict(model.state_dict()) == ([], [])
    x = torch.randn(2, 1, 8, 8)
    assert torch.equal(model.eval()(x), other.eval()(x))
    state = model.state_dict()
    bias = state.pop("fc.bias")
    with pytest.raises(ArgumentError, match=r"missing     fc\.bias"):
        other.load_state_dict(state)
    assert other.load_state_dict(state, strict=False).missing_keys == ["fc.bias"]
    with pytest.raises(ShapeError, match=r"fc\.bias: dict \(7,\), module \(5,\)"):
        other.load_state_dict(state | {"fc.bias": np.zeros(7, np.float32)})
    assert bias.shape == (5,)


def test_a_plain_tensor_or_list_is_no_state() -> None:
    model = nn.Module()
    model.constant = torch.ones(2)
    model.parts = [nn.Linear(2, 2)]
    model.held = nn.ModuleList([nn.Linear(2, 2), nn.Linear(2, 2)])
    assert list(model.state_dict()) == ["held.0.weight", "held.0.bias", "held.1.weight", "held.1.bias"]
    assert len(model.held) == 2


def test_sequential_and_apply() -> None:
    model = nn.Sequential(nn.Linear(2, 3), nn.Tanh())
    model.append(nn.Linear(3, 1))
    assert len(model) == 3
    assert isinstance(model[1], nn.Tanh)
    assert len(model[:2]) == 2
    model.apply(lambda m: nn.init.constant_(m.weight, 0.5) if isinstance(m, nn.Linear) else None)
    assert (model[0].weight.detach().numpy() == 0.5).all()
    assert model(torch.ones(4, 2)).shape == (4, 1)


def test_errors_name_the_layer() -> None:
    with pytest.raises(ShapeError, match=r"^Small/conv \(Conv2d\): given groups=1, weight of size"):
        Small()(torch.zeros(2, 3, 8, 8))
    with pytest.raises(ArgumentError, match="expected 4D input"):
        nn.BatchNorm2d(3)(torch.zeros(2, 3))
    with pytest.raises(ArgumentError, match="not a valid value for reduction"):
        F.mse_loss(torch.zeros(2), torch.zeros(2), reduction="avg")


def batches() -> list[tuple[Any, Any]]:
    rng = np.random.default_rng(0)
    return [
        (torch.tensor(rng.standard_normal((6, 1, 8, 8)).astype(np.float32)), torch.tensor(rng.integers(0, 5, 6))) for _ in range(5)
    ]


@pytest.mark.parametrize("rule", ["sgd", "adam"])
def test_a_training_loop_is_the_same_compiled(rule: str) -> None:
    losses = []
    for compiled in (False, True):
        torch.manual_seed(1)
        model, loss_fn = Small(), nn.CrossEntropyLoss()
        sgd, adam = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9), torch.optim.Adam(model.parameters(), lr=0.01)
        optimizer = sgd if rule == "sgd" else adam

        def step(x: Any, y: Any, model: Any = model, optimizer: Any = optimizer, loss_fn: Any = loss_fn) -> Any:
            optimizer.zero_grad()
            loss = loss_fn(model(x), y)
            loss.backward()
            optimizer.step()
            return loss

        run = torch.compile(step) if compiled else step
        values = []
        for number, (x, y) in enumerate(batches()):
            if number == 3:
                optimizer.param_groups[0]["lr"] = 0.002
            values.append(run(x, y).item())
        losses.append((values, {k: v.numpy() for k, v in model.state_dict().items()}))
    np.testing.assert_allclose(losses[0][0], losses[1][0], rtol=2e-4)
    for key, value in losses[0][1].items():
        np.testing.assert_allclose(value, losses[1][1][key], rtol=1e-3, atol=1e-5, err_msg=key)
    assert losses[1][1]["norm.num_batches_tracked"] == 5


def test_a_compiled_model_trains_with_backward_outside() -> None:
    torch.manual_seed(1)
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))
    fast = torch.compile(model)
    x = torch.randn(5, 3)
    fast(x).sum().backward()
    got = [p.grad.numpy() for p in model.parameters()]
    for p in model.parameters():
        p.grad = None
    model(x).sum().backward()
    for mine, p in zip(got, model.parameters(), strict=True):
        np.testing.assert_allclose(mine, p.grad.numpy(), rtol=1e-5, atol=1e-6)


def test_optimizer_groups_and_state() -> None:
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    optimizer = torch.optim.SGD(
        [{"params": model[0].parameters(), "lr": 1.0}, {"params": model[1].parameters()}], lr=0.0, momentum=0.9
    )
    before = [p.detach().clone() for p in model.parameters()]
    model(torch.ones(1, 2)).sum().backward()
    optimizer.step()
    moved = [not torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True)]
    assert moved == [True, True, False, False]
    saved = optimizer.state_dict()
    again = torch.optim.SGD(
        [{"params": model[0].parameters(), "lr": 0.5}, {"params": model[1].parameters()}], lr=0.0, momentum=0.5
    )
    again.load_state_dict(saved)
    assert again.param_groups[0]["lr"] == 1.0
    assert again.param_groups[0]["momentum"] == 0.9
    with pytest.raises(ArgumentError, match="empty parameter list"):
        torch.optim.SGD([], lr=1.0)
    with pytest.raises(ArgumentError, match="capturable. is not supported"):
        torch.optim.Adam(model.parameters(), capturable=True)


class Squares(Dataset):
    def __len__(self) -> int:
        return 7

    def __getitem__(self, index: int) -> Any:
        return torch.tensor([float(index)]), index * index


def test_loaders() -> None:
    data = TensorDataset(torch.arange(10), torch.arange(10) * 2)
    got = [x.tolist() for x, _ in DataLoader(data, batch_size=4)]
    assert got == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    assert len(DataLoader(data, batch_size=4, drop_last=True)) == 2
    torch.manual_seed(0)
    shuffled = [(x.tolist(), y.tolist()) for x, y in DataLoader(data, batch_size=10, shuffle=True)]
    assert sorted(shuffled[0][0]) == list(range(10))
    assert shuffled[0][0] != list(range(10))
    assert shuffled[0][1] == [2 * n for n in shuffled[0][0]]
    x, y = list(DataLoader(Squares(), batch_size=3))[1]
    assert x.tolist() == [[3.0], [4.0], [5.0]]
    assert y.tolist() == [9, 16, 25]
    parts = random_split(data, [7, 3])
    assert sorted(int(part[k][0]) for part in parts for k in range(len(part))) == list(range(10))
    with pytest.raises(ArgumentError, match="batch_size"):
        DataLoader(data, batch_size=0)
    with pytest.raises(ShapeError, match="Size mismatch"):
        TensorDataset(torch.zeros(2), torch.zeros(3))


@pytest.mark.parametrize("compiled", [False, True])
def test_a_target_of_no_class_is_one_clear_error_and_changes_nothing(compiled: bool) -> None:
    model = nn.Sequential(nn.Embedding(9, 4), nn.Flatten(), nn.Linear(8, 3))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.1)

    def step(ids: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(ids), target)
        loss.backward()
        optimizer.step()
        return loss.detach()

    run = torch.compile(step) if compiled else step
    ids, target = torch.tensor([[0, 8], [3, 4]]), torch.tensor([2, -100])
    run(ids, target)
    before = {name: tensor.numpy().copy() for name, tensor in model.state_dict().items()}
    with pytest.raises(DataError, match=r"label 3 at \(1\) is outside 0..2[\s\S]*F.cross_entropy"):
        run(ids, torch.tensor([2, 3]))
    with pytest.raises(DataError, match=r"index 9 at \(0, 1\) is outside 0..8[\s\S]*model\(ids\)"):
        run(torch.tensor([[0, 9], [3, 4]]), target)
    with pytest.raises(DataError, match=r"one_hot: label 5 at \(0\) is outside 0..2"):
        (torch.compile(F.one_hot) if compiled else F.one_hot)(torch.tensor([5]), 3)
    for name, tensor in model.state_dict().items():
        np.testing.assert_array_equal(tensor.numpy(), before[name])
    assert np.isfinite(run(ids, target).item())


def test_a_subclass_that_lacks_its_part_is_told_so() -> None:
    with pytest.raises(StateError, match="Dataset defines no __getitem__"):
        Dataset()[0]
    with pytest.raises(StateError, match="Optimizer defines no step"):
        torch.optim.Optimizer(nn.Linear(2, 2).parameters(), {"lr": 0.1}).step()


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize(("stride", "dilation", "groups"), [(1, 1, 1), (2, 1, 1), (1, 2, 1), (1, 1, 4), (2, 2, 2)])
def test_padding_adds_nothing_to_infinity(stride: int, dilation: int, groups: int, *, compiled: bool) -> None:
    """As PyTorch by oneDNN: a kernel of infinities gives infinity at the border too, in gradients as well."""

    def step(x: Any, kernel: Any) -> tuple[Any, ...]:
        y = F.conv2d(x, kernel, stride=stride, padding=dilation, dilation=dilation, groups=groups)
        y.backward(torch.full(tuple(y.shape), float("inf")))
        return y.detach(), x.grad, kernel.grad

    for endless in (0.0, float("inf")):
        x, kernel = torch.ones(8, 4, 9, 9), torch.full((8, 4 // groups, 3, 3), 1 + endless)
        x.requires_grad_(), kernel.requires_grad_()
        y, *found = (torch.compile(step) if compiled else step)(x, kernel)
        assert not np.isnan(y.numpy()).any()
        assert (np.isinf(y.numpy()).all() if endless else np.isfinite(y.numpy()).all())
        assert not any(np.isnan(g.numpy()).any() for g in found)


@pytest.mark.parametrize("smoothing", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("reduction", ["none", "sum", "mean"])
def test_cross_entropy_of_smoothed_probabilities(smoothing: float, weighted: bool, reduction: str) -> None:
    """-sum w ((1 - s) t + s / C) log softmax(x), also of rows that are no unit vectors; the mean is over places, whatever the weights."""
    rng = np.random.default_rng(0)
    x, target, weight = rng.normal(size=(4, 3, 2)), rng.random((4, 3, 2)), rng.random(3) if weighted else np.ones(3)
    shares = (1 - smoothing) * np.moveaxis(target, 1, -1) + smoothing / 3
    scores = np.moveaxis(x, 1, -1)
    losses = -(weight * shares * (scores - np.log(np.exp(scores).sum(-1, keepdims=True)))).sum(-1)
    wanted = {"none": losses, "sum": losses.sum(), "mean": losses.mean()}[reduction]
    given = torch.tensor(weight) if weighted else None
    loss = nn.CrossEntropyLoss(given, reduction=reduction, label_smoothing=smoothing)(torch.tensor(x), torch.tensor(target))
    np.testing.assert_allclose(loss.numpy(), wanted, rtol=1e-12)


@pytest.mark.parametrize("weight", [float("inf"), float("nan")])
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_the_weight_of_a_class_that_no_example_has_is_not_looked_at(reduction: str, weight: float) -> None:
    """One over how many there are: infinite for a class of which there are none."""
    found = []
    for other in (1.0, weight):
        x = torch.tensor([[1.0, 2.0, 0.5], [0.0, -1.0, 3.0]], requires_grad=True)
        loss = F.cross_entropy(x, torch.tensor([0, 2]), weight=torch.tensor([1.0, other, 2.0]), reduction=reduction)
        loss.sum().backward()
        found.append((loss.detach().numpy().tolist(), x.grad.numpy().tolist()))
    assert found[0] == found[1]


@pytest.mark.parametrize("compiled", [False, True], ids=["eager", "compiled"])
def test_an_id_beyond_the_table_says_how_many_rows_it_needs(compiled: bool) -> None:  # noqa: FBT001
    table: Any = nn.Embedding(3, 2)
    wanted = r"Embedding: index 5 at \(1\) is outside 0\.\.2[\s\S]*likely: ids count from 0: for the largest, 5, the table needs 6"
    with pytest.raises(IndexError, match=wanted):
        (torch.compile(table) if compiled else table)(torch.tensor([0, 5]))
