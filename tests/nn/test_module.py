"""Module: what an attribute is, paths, state, versions, and the errors that name the path."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradwerk.base.errors import ArgumentError, ShapeError, TraceError
from gradwerk.jit.compile import compile as compile_
from gradwerk.nn.activation import Activation, tanh
from gradwerk.nn.configured import Configured
from gradwerk.nn.linear import Linear
from gradwerk.nn.module import Module
from gradwerk.tensor.random import Generator
from gradwerk.tensor.state import epoch
from gradwerk.tensor.tensor import Tensor
from tests.modules import BatchNorm, Sequential


class Net(Module):
    def __init__(self) -> None:
        self.first = Linear(4, 3, generator=Generator(1))
        self.norm = BatchNorm(3)
        self.rest = [Linear(3, 3, generator=Generator(2)), Sequential(Activation(tanh), Linear(3, 2, generator=Generator(3)))]
        self.scale = 2.0

    def forward(self, x: Tensor) -> Tensor:
        x = self.norm(self.first(x))
        for layer in self.rest:
            x = layer(x)
        return x * self.scale


def test_paths_in_order_of_definition() -> None:
    net = Net()
    assert list(net.state()) == [
        "first.kernel", "first.bias", "norm.scale", "norm.offset", "rest.0.kernel", "rest.0.bias",
        "rest.1.layers.1.kernel", "rest.1.layers.1.bias", "norm.running_mean", "norm.running_variance",
    ]  # fmt: skip
    assert [path for path, _ in net.named_buffers()] == ["norm.running_mean", "norm.running_variance"]
    assert len(list(net.modules())) == 7


def test_a_tied_parameter_counts_once() -> None:
    net = Net()
    net.rest[0].kernel = net.rest[0].bias = net.first.kernel
    assert len({id(p) for p in net.parameters()}) == len(list(net.parameters())) == 6


def test_state_goes_from_one_model_to_another() -> None:
    net, other = Net(), Net()
    for tensor in net.state().values():
        tensor.assign(tensor.numpy() + 1)
    other.load_state({path: tensor.numpy() for path, tensor in net.state().items()})
    x = Tensor(np.ones((2, 4), np.float32))
    assert (net.eval()(x).numpy() == other.eval()(x).numpy()).all()


def test_loading_names_what_does_not_fit_and_copies_nothing() -> None:
    net = Net()
    before = {path: tensor.numpy().copy() for path, tensor in net.state().items()}
    state = {path: array + 1 for path, array in before.items()}
    with pytest.raises(ShapeError, match=r"first\.bias.*\n.*\(4,\).*\(3,\)"):
        net.load_state(state | {"first.bias": np.zeros(4)})
    with pytest.raises(ArgumentError, match=r"missing   norm\.scale \(3,\)\n  unknown   surplus"):
        net.load_state({path: array for path, array in state.items() if path != "norm.scale"} | {"surplus": np.zeros(1)})
    assert all((tensor.numpy() == before[path]).all() for path, tensor in net.state().items())
    net.load_state({"first.bias": np.ones(3), "surplus": np.zeros(1)}, partial=True)
    assert (net.first.bias.numpy() == 1).all()


def test_a_changed_attribute_raises_the_version_and_the_epoch_an_equal_one_does_not() -> None:
    net = Net()
    version, number = net.__gradwerk_version__, epoch.number
    net.scale = 2.0
    net.train()
    assert (net.__gradwerk_version__, epoch.number) == (version, number)
    net.scale = 2
    assert net.__gradwerk_version__ == version + 1
    assert epoch.number > number
    net.eval()
    assert net.__gradwerk_version__ == version + 2
    assert not net.rest[1].training


SETTINGS = [0.0, -0.0, 0, False, 1, 1.0, True, complex(0, -0.0), 0j, "", b"", None, (0.0, 1), (-0.0, 1), (0.0, True)]


class Loss(Configured):
    scale = 0.0


class Scaled(Module):
    scale = 0.0


@pytest.mark.filterwarnings("ignore:.*is traced again at each call")
@pytest.mark.parametrize("kind", [Loss, Scaled])
def test_an_attribute_is_what_was_set_last_and_steps_follow(kind) -> None:
    owner = kind()
    read = compile_(lambda x: (x, repr(owner.scale)))
    x = Tensor(np.ones(2))

    def check(wanted: object) -> None:
        assert repr(owner.scale) == repr(wanted)
        assert read(x)[1] == repr(wanted)

    for first in SETTINGS:
        for second in SETTINGS:
            owner.scale = first
            owner.scale = second
            check(second)
    del owner.scale
    check(0.0)
    owner.scale = 0.0  # as the class says, which then says something else
    read(x)
    kind.scale = 5.0
    try:
        check(0.0)
    finally:
        kind.scale = 0.0


@pytest.mark.parametrize("base", [Configured, Module])
def test_a_property_counts_what_it_sets(base: type[Any]) -> None:
    class Halved(base):
        whole = 2.0

        @property
        def half(self) -> float:
            return self.whole / 2

        @half.setter
        def half(self, value: float) -> None:
            self.whole = 2 * value

    owner = Halved()
    owner.half = 1.0  # as it is
    assert owner.__gradwerk_version__ == 0
    owner.half = 3.0
    assert (owner.whole, owner.__gradwerk_version__) == (6.0, 1)
    with pytest.raises(TraceError):
        compile_(lambda x: setattr(owner, "half", 4.0))(Tensor(np.ones(2)))
    assert owner.half == 3.0


def test_freeze() -> None:
    net = Net().freeze()
    assert not any(p.requires_grad for p in net.parameters())
    assert all(p.requires_grad for p in net.freeze(frozen=False).parameters())


def test_an_error_names_the_path_the_shapes_the_line_and_the_fix() -> None:
    net = Net()
    with pytest.raises(ShapeError) as caught:
        net(Tensor(np.zeros((2, 5), np.float32)))
    text = str(caught.value)
    assert text.startswith("Net/first (Linear): the last axis of the input is 5, the kernel expects 4")
    assert "input   (2, 5) float32      kernel (4, 3)" in text
    assert "at test_module.py:" in text
    assert "likely: " in text


def test_repr_shows_the_tree() -> None:
    assert "(first): Linear(4, 3)" in repr(Net())
