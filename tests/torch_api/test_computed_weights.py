"""Parametrizations and pruning: what they are made of, how they are taken back, copied, saved, trained, compiled, and refused."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest

from gradwerk import torch
from gradwerk.base.errors import ArgumentError, ArgumentTypeError, DTypeError, OutOfRangeError, ShapeError
from gradwerk.torch import nn
from gradwerk.torch.nn.utils import (
    parametrizations,
    parametrize,
    prune,
    remove_spectral_norm,
    remove_weight_norm,
    spectral_norm,
    weight_norm,
)


class Symmetric(nn.Module):
    def forward(self, x: Any) -> Any:
        return x.triu() + x.triu(1).t()

    def right_inverse(self, x: Any) -> Any:
        return x.triu()


class Double(nn.Module):
    calls = 0

    def forward(self, x: Any) -> Any:
        Double.calls += 1
        return x * 2


def test_parametrizations_stand_one_behind_the_other() -> None:
    layer = nn.Linear(3, 3)
    before = layer.weight
    parametrize.register_parametrization(layer, "weight", Symmetric())
    assert torch.equal(layer.weight, layer.weight.t())
    assert parametrize.is_parametrized(layer) and parametrize.is_parametrized(layer, "weight")
    assert not parametrize.is_parametrized(layer, "bias")
    assert parametrize.type_before_parametrizations(layer) is nn.Linear
    assert isinstance(layer, nn.Linear)
    assert layer.parametrizations.weight.original is before
    parametrize.register_parametrization(layer, "weight", Double())
    assert list(layer.state_dict()) == ["bias", "parametrizations.weight.original"]
    assert torch.equal(layer.weight, 2 * Symmetric()(before))
    with pytest.raises(ArgumentError, match="Double does not implement right_inverse"):
        layer.weight = torch.eye(3)
    kept = layer.weight.detach().clone()
    parametrize.remove_parametrizations(layer, "weight")
    assert type(layer) is nn.Linear
    assert torch.equal(layer.weight, kept)
    assert layer.weight is before
    assert sorted(layer.state_dict()) == ["bias", "weight"]


def test_a_parametrized_weight_is_set_by_its_inverse_and_left_as_it_was() -> None:
    layer = nn.Linear(2, 2)
    parametrize.register_parametrization(layer, "weight", Symmetric())
    layer.weight = torch.tensor([[1.0, 2.0], [2.0, 3.0]])
    assert layer.weight.tolist() == [[1.0, 2.0], [2.0, 3.0]]
    original = layer.parametrizations.weight.original
    parametrize.remove_parametrizations(layer, "weight", leave_parametrized=False)
    assert layer.weight is original and layer.weight.tolist() == [[1.0, 2.0], [0.0, 3.0]]


def test_inside_cached_it_is_computed_once() -> None:
    layer = nn.Linear(2, 2)
    parametrize.register_parametrization(layer, "weight", Double())
    Double.calls = 0
    with parametrize.cached():
        for _ in range(3):
            layer(torch.ones(1, 2))
    assert Double.calls == 1
    layer(torch.ones(1, 2))
    assert Double.calls == 2


@pytest.mark.parametrize("make", [
    parametrizations.weight_norm, parametrizations.spectral_norm, parametrizations.orthogonal, spectral_norm,
    lambda layer: prune.l1_unstructured(layer, "weight", 2),
])  # fmt: skip
def test_they_train_are_copied_and_saved(make: Any) -> None:
    torch.manual_seed(2)
    layer = make(nn.Linear(3, 3))
    x = torch.randn(4, 3)
    optimizer = torch.optim.SGD(layer.parameters(), 0.1)
    for _ in range(3):
        optimizer.zero_grad()
        (layer(x) ** 2).sum().backward()
        optimizer.step()
    layer.eval()
    twin = copy.deepcopy(layer)
    assert torch.equal(twin(x), layer(x))
    with torch.no_grad():
        for p in layer.parameters():
            p.add_(0.5)
    assert not torch.equal(twin(x), layer(x))
    other = make(nn.Linear(3, 3)).eval()
    other.load_state_dict(layer.state_dict())
    assert np.allclose(other(x).detach().numpy(), layer(x).detach().numpy(), 1e-5, 1e-5)
    step = torch.compile(layer)
    assert np.allclose(step(x).detach().numpy(), layer(x).detach().numpy(), 1e-5, 1e-5)


def test_orthogonal_weights_stay_orthogonal() -> None:
    for shape in ((3, 3), (3, 5), (5, 3)):
        for chosen in ("matrix_exp", "cayley", "householder"):
            layer = parametrizations.orthogonal(nn.Linear(*shape), orthogonal_map=chosen)
            with torch.no_grad():
                layer.parametrizations.weight.original.add_(0.1 * torch.randn(shape[1], shape[0]).tril(-1))
            w = layer.weight.detach().numpy()
            small = w @ w.T if shape[1] <= shape[0] else w.T @ w
            assert np.allclose(small, np.eye(len(small)), atol=1e-5)
    with pytest.raises(ArgumentError, match="orthogonal_map has to be one of"):
        parametrizations.orthogonal(nn.Linear(2, 2), orthogonal_map="other")
    with pytest.raises(ArgumentError, match="Expected a matrix"):
        parametrizations.orthogonal(nn.Linear(2, 2), "bias")


def test_norms_are_taken_back() -> None:
    layer = nn.Linear(3, 2)
    wanted = layer.weight.detach().numpy().copy()
    with pytest.warns(FutureWarning, match=r"parametrizations\.weight_norm"):
        weight_norm(layer)
    assert np.allclose(layer.weight.detach().numpy(), wanted, 1e-5)
    assert sorted(layer.state_dict()) == ["bias", "weight_g", "weight_v"]
    with pytest.warns(FutureWarning), pytest.raises(ArgumentError, match="Cannot register two weight_norm hooks"):
        weight_norm(layer)
    remove_weight_norm(layer)
    assert np.allclose(layer.weight.detach().numpy(), wanted, 1e-5)
    assert sorted(layer.state_dict()) == ["bias", "weight"]
    for _ in range(30):
        spectral_norm(layer, n_power_iterations=20)(torch.ones(1, 3))
        wanted = layer.weight.detach().numpy().copy()
        remove_spectral_norm(layer)
    assert abs(np.linalg.norm(layer.weight.detach().numpy(), 2) - 1) < 1e-4
    for call in (remove_weight_norm, remove_spectral_norm):
        with pytest.raises(ArgumentError, match="not found in"):
            call(layer)
    with pytest.raises(ArgumentError, match="n_power_iterations to be positive"):
        spectral_norm(layer, n_power_iterations=0)


def test_what_changes_shape_or_dtype_is_refused() -> None:
    class Half(nn.Module):
        def forward(self, x: Any) -> Any:
            return x.half()

    class Flat(nn.Module):
        def forward(self, x: Any) -> Any:
            return x.reshape(-1)

    layer = nn.Linear(2, 2)
    with pytest.raises(DTypeError, match="may not change the dtype"):
        parametrize.register_parametrization(layer, "weight", Half())
    with pytest.raises(ShapeError, match="may not change the shape"):
        parametrize.register_parametrization(layer, "weight", Flat())
    with pytest.raises(ArgumentError, match="does not have a parameter"):
        parametrize.register_parametrization(layer, "other", Symmetric())
    with pytest.raises(ArgumentError, match="does not have a parametrization on weight"):
        parametrize.remove_parametrizations(layer, "weight")
    assert type(layer) is nn.Linear


def test_pruning_several_at_once_and_removing_it() -> None:
    model = nn.Sequential(nn.Linear(4, 5), nn.ReLU(), nn.Linear(5, 3))
    pairs = [(model[0], "weight"), (model[2], "weight")]
    whole = np.sort(np.concatenate([np.abs(module.weight.detach().numpy()).ravel() for module, _ in pairs]))
    prune.global_unstructured(pairs, pruning_method=prune.L1Unstructured, amount=0.4)
    zeros = sum(int((module.weight == 0).sum()) for module, _ in pairs)
    assert zeros == 14
    assert min(np.abs(module.weight.detach().numpy())[module.weight_mask.numpy() == 1].min() for module, _ in pairs) == whole[14]
    assert prune.is_pruned(model)
    assert list(dict(model[0].named_buffers())) == ["weight_mask"]
    wanted = model[0].weight.detach().numpy().copy()
    for pair in pairs:
        prune.remove(*pair)
    assert not prune.is_pruned(model)
    assert np.array_equal(model[0].weight.detach().numpy(), wanted)
    assert type(model[0]) is nn.Linear and list(model[0].state_dict()) == ["bias", "weight"]


def test_chance_prunes_so_many() -> None:
    for amount, count in ((4, 4), (0.25, 5), (0, 0), (1.0, 20)):
        layer = prune.random_unstructured(nn.Linear(4, 5), "weight", amount)
        assert int((layer.weight_mask == 0).sum()) == count
    layer = prune.random_structured(nn.Linear(4, 5), "weight", 2, dim=1)
    assert int((layer.weight_mask.sum(0) == 0).sum()) == 2

    class Every(prune.BasePruningMethod):
        PRUNING_TYPE = "unstructured"

        def compute_mask(self, t: Any, default_mask: Any) -> Any:
            mask = default_mask.clone()
            mask.view(-1)[::2] = 0
            return mask

    Every.apply(layer := nn.Linear(2, 2), "bias")
    assert layer.bias_mask.tolist() == [0.0, 1.0]


@pytest.mark.parametrize(("amount", "error"), [(-1, ArgumentError), (1.5, ArgumentError), ("a", ArgumentTypeError), (30, ArgumentError)])
def test_wrong_amounts_leave_the_parameter(amount: Any, error: type[Exception]) -> None:
    layer = nn.Linear(4, 5)
    with pytest.raises(error, match="amount"):
        prune.l1_unstructured(layer, "weight", amount)
    assert type(layer) is nn.Linear and sorted(layer.state_dict()) == ["bias", "weight"]
    for call, kind in (
        (lambda: prune.ln_structured(layer, "bias", 1, n=2, dim=0), ArgumentError),
        (lambda: prune.ln_structured(layer, "weight", 1, n=2, dim=3), OutOfRangeError),
        (lambda: prune.remove(layer, "weight"), ArgumentError),
        (lambda: prune.custom_from_mask(layer, "weight", torch.ones(2)), ShapeError),
    ):
        with pytest.raises(kind):
            call()
