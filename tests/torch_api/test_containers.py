"""Sequential and ModuleList against Python's own lists, and modules that stand in two places."""

from __future__ import annotations

import copy
import pickle
from collections import OrderedDict
from typing import Any

import numpy as np
import pytest

from gradwerk import torch
from gradwerk.torch import nn

EDITS = {
    "append": lambda held, new, k: held.append(new()),
    "extend": lambda held, new, k: held.extend([new(), new()]),
    "insert": lambda held, new, k: held.insert(k % (len(held) + 1), new()),
    "replace": lambda held, new, k: held.__setitem__(k % len(held), new()),
    "replace from behind": lambda held, new, k: held.__setitem__(-1 - k % len(held), new()),
    "delete": lambda held, new, k: held.__delitem__(k % len(held)),
    "delete several": lambda held, new, k: held.__delitem__(slice(k % len(held), k % len(held) + 2)),
    "pop": lambda held, new, k: held.pop(k % len(held)),
}


def one(seed: int) -> nn.Module:
    """A layer known by its weights."""
    layer: nn.Module = nn.Linear(2, 2) if seed % 3 else nn.Tanh()
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.copy_(torch.tensor(np.random.default_rng(seed).normal(size=tuple(parameter.shape)).astype(np.float32)))
    return layer


def edited(kind: Any, seed: int) -> tuple[Any, list[nn.Module]]:
    """A container after some edits, and the list that it should be."""
    rng = np.random.default_rng(seed)
    held = [one(k) for k in range(4)]
    container = kind(*held) if kind is nn.Sequential else kind(held)
    for step in range(8):
        edit, k = EDITS[rng.choice([*EDITS][: 3 if len(held) < 3 else None])], int(rng.integers(8))
        made = [one(100 * seed + 10 * step + n) for n in range(2)]
        for target in (container, held):
            rest = iter(made)
            edit(target, lambda rest=rest: next(rest), k)
    return container, held


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("kind", [nn.Sequential, nn.ModuleList])
def test_edits_do_what_they_do_to_a_list(kind: Any, seed: int) -> None:
    container, held = edited(kind, seed)
    assert list(container) == held
    assert len(container) == len(held)
    assert [container[k] for k in range(-len(held), len(held))] == held * 2
    assert list(container[1:3]) == held[1:3]
    wanted = [f"{k}.{name}" for k, layer in enumerate(held) for name in layer.state_dict()]
    assert list(container.state_dict()) == wanted
    assert [str(k) for k in range(len(held))] == [name for name, _ in container.named_children()]
    for k in (len(held), -len(held) - 1):
        for change in (lambda k=k: container[k], lambda k=k: container.__setitem__(k, one(0)), lambda k=k: container.__delitem__(k)):
            with pytest.raises(IndexError):
                change()


def test_a_compiled_sequential_follows_its_edits() -> None:
    x = torch.tensor([[0.5, -1.0]])
    container = nn.Sequential(*[one(k) for k in range(4)])
    compiled = torch.compile(container)
    for number, edit in enumerate(EDITS.values()):
        made = iter([one(1000 + number), one(2000 + number)])
        edit(container, lambda made=made: next(made), number)
        wanted = x
        for layer in container:
            wanted = layer(wanted)
        np.testing.assert_allclose(compiled(x).detach().numpy(), wanted.detach().numpy(), rtol=1e-5)


def test_a_part_of_a_sequential_keeps_its_names() -> None:
    numbered = nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 2))
    assert list(numbered[1:].state_dict()) == ["2.weight", "2.bias"]
    named = nn.Sequential(OrderedDict(first=nn.Linear(2, 2), second=nn.Tanh(), third=nn.Linear(2, 2)))
    assert list(named[1:].state_dict()) == ["third.weight", "third.bias"]
    named[1] = nn.ReLU()
    assert [name for name, _ in named.named_children()] == ["first", "second", "third"]
    del named[0]
    assert [name for name, _ in named.named_children()] == ["0", "1"]


class Shared(nn.Module):
    """One activation and one layer in two places each."""

    def __init__(self) -> None:
        super().__init__()
        layer, norm = nn.Linear(2, 2), nn.BatchNorm1d(2)
        self.first = nn.Sequential(layer, norm)
        self.second = nn.Sequential(layer, norm)


@pytest.mark.parametrize("through", [lambda m: m, copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))], ids=["itself", "copy", "pickle"])
def test_a_module_in_two_places_has_both_keys_and_one_weight(through: Any) -> None:
    """As PyTorch: both paths in the state dict, the last of them counts when it is loaded; trained and counted once."""
    model = through(Shared())
    paths = ["0.weight", "0.bias", "1.weight", "1.bias", "1.running_mean", "1.running_var", "1.num_batches_tracked"]
    keys = [f"{place}.{path}" for place in ("first", "second") for path in paths]
    assert list(model.state_dict()) == keys
    assert len(list(model.parameters())) == 4
    once = [f"first.{path}" for path in paths[:4]]
    assert [name for name, _ in model.named_parameters()] == once
    assert [name for name, _ in model.named_parameters(remove_duplicate=False)] == [*once, *(f"second.{path}" for path in paths[:4])]
    state = {key: torch.full(tuple(tensor.shape), 1 + key.startswith("second")) for key, tensor in model.state_dict().items()}
    model.load_state_dict(state)
    assert (model.first[0].weight == 2).all()
    pair = nn.Sequential(model.first[0], model.first[0])
    assert len(pair) == len(list(pair)) == 2
    assert len(list(pair.children())) == 1
    seen: list[nn.Module] = []
    pair.apply(seen.append)
    assert seen == [pair[0], pair]


def test_a_buffer_that_is_deleted_is_gone() -> None:
    module = nn.Module()
    for name, persistent in (("one", False), ("two", True)):
        module.register_buffer(name, torch.ones(2), persistent=persistent)
    del module.one
    assert list(module.state_dict()) == ["two"]
    module.register_buffer("one", torch.ones(2))
    assert sorted(module.state_dict()) == ["one", "two"]


def test_what_goes_through_a_module_may_set_what_it_likes_on_it() -> None:
    net = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
    x, rounds = torch.ones(3, 4), 0
    for _ in net.parameters():
        net.eval()
        net(x)
        rounds += 1
    for _ in net.named_parameters():
        net.state_dict()
        rounds += 1
    for _ in net.named_modules():
        net.train()
        net.own = rounds
        rounds += 1
    for _ in net.parameters():
        handle = net[0].register_forward_hook(lambda *_: None)
        net(x)
        handle.remove()
        rounds += 1
    assert rounds == 4 + 4 + 4 + 4
    linear = net[0]
    for name, p in linear.named_parameters():
        linear.register_buffer(f"{name}_mask", torch.ones(3))
        setattr(linear, f"init_{name}", p.detach().clone())
    for name, _ in linear.named_buffers():
        linear.register_buffer(f"{name}_more", torch.ones(3))
    assert sorted(dict(linear.named_buffers())) == ["bias_mask", "bias_mask_more", "weight_mask", "weight_mask_more"]
    for _ in net.children():
        net.append(nn.ReLU())
    assert len(net) == 6


@pytest.mark.parametrize("kind", ["parameters", "buffers"])
def test_what_stands_under_several_names_is_named_once_unless_all_names_are_asked_for(kind: str) -> None:
    class Pair(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first = nn.Parameter(torch.ones(2))
            self.second = self.first
            self.register_buffer("third", torch.ones(2))
            self.register_buffer("fourth", self.third)

    whole = nn.Module()
    whole.one = whole.two = Pair()
    named, plain = getattr(whole, f"named_{kind}"), getattr(whole, kind)
    here = ("first", "second") if kind == "parameters" else ("third", "fourth")
    assert [name for name, _ in named()] == [f"one.{here[0]}"] and len(list(plain())) == 1
    assert [name for name, _ in named("at", remove_duplicate=False)] == [f"at.{owner}.{name}" for owner in ("one", "two") for name in here]
    assert list(plain(recurse=False)) == [name for name, _ in named("", False)] == []
