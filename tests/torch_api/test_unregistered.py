"""Modules in plain containers: a warning that names them, once, and none where they are part of the model after all."""

from __future__ import annotations

import warnings

import pytest

from gradwerk import torch
from gradwerk.torch import nn


class Net(nn.Module):
    def __init__(self, layers, keep=None):
        super().__init__()
        self.layers = layers
        self.kept = keep
        self.out = nn.Linear(2, 1)

    def forward(self, x):
        return self.out(x)


@pytest.mark.parametrize("wrap", [list, tuple, lambda layers: dict(enumerate(layers))])
def test_a_plain_container_is_warned_of_once(wrap) -> None:
    net = nn.Sequential(Net(wrap([nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 2)])))
    with pytest.warns(UserWarning, match=r"0\.layers: 2 modules in a plain .* are no part of Sequential.*Use nn\.Module(List|Dict)"):
        net(torch.ones(1, 2))
    assert len(list(net.parameters())) == 2
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        net(torch.ones(1, 2))
        net[0](torch.ones(1, 2))


def test_what_is_registered_elsewhere_or_has_no_parameters_is_no_mistake() -> None:
    layers = [nn.Linear(2, 2), nn.Linear(2, 2)]
    for net in (Net(layers, keep=nn.ModuleList(layers)), Net([nn.ReLU()]), Net(nn.ModuleList(layers)), Net([3, "a"])):
        net(torch.ones(1, 2))
