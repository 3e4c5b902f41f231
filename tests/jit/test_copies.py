"""copy, deepcopy and pickle of Tensors, modules, optimizers and compiled functions: independent of the original, and equal to it."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradwerk as gw
from gradwerk import torch
from gradwerk.nn.adagrad import RMSprop
from gradwerk.nn.linear import Linear
from gradwerk.nn.module import Module
from gradwerk.nn.optimizer import SGD, Adam
from gradwerk.ops.movement import transpose
from gradwerk.tensor.random import Generator, seed
from gradwerk.tensor.tensor import Parameter, Tensor
from gradwerk.train.steps import update
from tests.modules import Dropout

X = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)


def pickled(value: Any) -> Any:
    return pickle.loads(pickle.dumps(value))


def copied_after_pickling(value: Any) -> Any:
    return copy.deepcopy(pickled(value))


deep = pytest.mark.parametrize("duplicate", [copy.deepcopy, pickled, copied_after_pickling])
every = pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, pickled])


@gw.compile
def doubled(x):
    return x * 2.0


def tripled(x):
    return x * 3.0


class Scaled:
    def __init__(self, factor: float) -> None:
        self.factor = factor

    @gw.compile
    def times(self, x):
        return x * self.factor


class Shifted(Scaled):
    @gw.compile
    def times(self, x):
        return super().times(x) + 100.0


class Again(Shifted):
    pass


class Slotted:
    __slots__ = ("factor",)

    def __init__(self, factor: float) -> None:
        self.factor = factor

    @gw.compile
    def times(self, x):
        return x * self.factor


class AlikeAll(Scaled):
    """Equal to every other: instances are told apart by identity."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, AlikeAll)

    def __hash__(self) -> int:
        return 1


class ByClass:
    factor = 2.0

    @classmethod
    @gw.compile
    def times(cls, x):
        return x * cls.factor

    @gw.compile
    @classmethod
    def also(cls, x):
        return x * cls.factor


class ByOtherClass(ByClass):
    factor = 3.0


class Net(Module):
    def __init__(self) -> None:
        self.first, self.rest = Linear(3, 3), [Linear(3, 2), Dropout(0.5)]

    @gw.compile
    def forward(self, x):
        for layer in self.rest:
            x = layer(self.first(x) if layer is self.rest[0] else x)
        return x


@pytest.mark.parametrize("kind", [Scaled, Slotted, AlikeAll])
def test_instances_keep_to_themselves(kind: Any) -> None:
    one, other = kind(2.0), kind(3.0)
    for _ in range(2):
        assert (float(one.times(X[:1])[0, 0]), float(other.times(X[:1])[0, 0])) == (X[0, 0] * 2, X[0, 0] * 3)
    assert one.times is one.times, "traced once"
    if kind is Slotted:
        return  # what slots hold is not watched yet
    one.factor = 5.0
    assert float(one.times(X[:1])[0, 0]) == pytest.approx(X[0, 0] * 5)


def test_a_method_and_the_one_it_overrides_are_two() -> None:
    x = np.ones((), np.float32)
    for kind in (Shifted, Again):
        one = kind(2.0)
        assert [float(one.times(x)), float(Scaled.times(one, x)), float(one.times(x))] == [102, 2, 102]
        assert float(super(Shifted, one).times(x)) == 2


def test_class_methods_are_told_apart_by_class() -> None:
    x = np.ones((), np.float32)
    for _ in range(2):
        assert [float(ByClass.times(x)), float(ByOtherClass.times(x)), float(ByOtherClass().times(x))] == [2, 3, 3]
        assert [float(ByClass.also(x)), float(ByOtherClass.also(x)), float(ByOtherClass().also(x))] == [2, 3, 3]


@every
@pytest.mark.parametrize("used", [False, True])
def test_a_copied_object_computes_with_its_own_attributes(duplicate: Callable[[Any], Any], used: bool) -> None:
    x = np.ones((), np.float32)
    one = Shifted(2.0)
    if used:
        one.times(x)
    other = duplicate(one)
    other.factor = 7.0
    assert [float(other.times(x)), float(one.times(x)), float(other.times(x))] == [107, 102, 107]
    del one.times.specializations
    assert float(other.times(x)) == 107


@every
def test_compiled_functions_copy(duplicate: Callable[[Any], Any]) -> None:
    for function in (doubled, gw.compile(tripled), gw.compile(Linear(3, 2)), Scaled(3.0).times):
        wanted = function(X).numpy()
        other = duplicate(function)
        assert np.array_equal(other(X).numpy(), wanted)
        assert other is doubled or other.specializations is not function.specializations
    assert pickled(doubled) is doubled


@deep
def test_a_copied_module_is_another_one(duplicate: Callable[[Any], Any]) -> None:
    seed(3)
    net = Net().eval()
    wanted = net(X).numpy()
    other = duplicate(net)
    assert np.array_equal(other(X).numpy(), wanted)
    for a, b in zip(net.parameters(), other.parameters(), strict=True):
        assert type(a) is type(b) is Parameter
        assert a is not b
        assert b.requires_grad
        b.assign(np.zeros(b.shape, np.float32))
    assert np.array_equal(net(X).numpy(), wanted)
    assert not other(X).numpy().any()
    other.rest.append(Linear(2, 1))
    assert other(X).shape == (4, 1)
    assert net(X).shape == (4, 2)


@deep
@pytest.mark.parametrize(
    "make", [lambda p: SGD(p, 0.1, momentum=0.9), lambda p: Adam(p, 0.1), lambda p: RMSprop(p, 0.1, momentum=0.5, centered=True)]
)
@pytest.mark.parametrize("compiled", [False, True])
def test_a_copied_run_goes_on_like_the_original(duplicate: Callable[[Any], Any], make: Any, compiled: bool) -> None:
    seed(1)
    module = Linear(3, 2)
    run = {"module": module, "optimizer": make(module.named_parameters())}

    def step_of(run: Any) -> Any:
        def step(x):
            update(run["optimizer"], (run["module"](x) ** 2).mean())

        return gw.compile(step) if compiled else lambda x: step(Tensor(x))

    first = step_of(run)
    first(X)
    other = duplicate(run)
    assert list(other["optimizer"].targets.values())[0] is other["module"].kernel
    before = module.kernel.numpy()
    second = step_of(other)
    second(X), second(X)
    assert np.array_equal(module.kernel.numpy(), before)
    first(X), first(X)
    for a, b in zip(module.parameters(), other["module"].parameters(), strict=True):
        assert np.array_equal(a.numpy(), b.numpy())


@deep
def test_tensors(duplicate: Callable[[Any], Any]) -> None:
    base = Tensor(X)
    turned = transpose(base, (1, 0))
    for tensor in (base, turned, base[1:, ::2], Parameter(X), Parameter(X, requires_grad=False), Tensor(3), Tensor(np.ones((0, 2), bool))):
        other = duplicate(tensor)
        assert type(other) is type(tensor)
        assert other.dtype == tensor.dtype
        assert np.array_equal(other.numpy(), tensor.numpy())
        assert other.requires_grad == tensor.requires_grad
    other = duplicate(turned)
    other.assign(np.zeros((3, 4), np.float32))
    assert np.array_equal(base.numpy(), X)
    computed = Parameter(X) * 2.0
    assert np.array_equal(duplicate(computed).numpy(), 2 * X)
    shared = duplicate([base, base])
    assert shared[0] is shared[1]


@deep
def test_generators_draw_on_alone(duplicate: Callable[[Any], Any]) -> None:
    one = Generator(7)
    one.uniform((3,))
    other = duplicate(one)
    first = other.uniform((3,)).numpy()
    other.uniform((3,))
    assert np.array_equal(one.uniform((3,)).numpy(), first)


@deep
def test_torch_modules_and_what_they_train_with(duplicate: Callable[[Any], Any]) -> None:
    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4), torch.nn.ReLU(), torch.nn.Linear(4, 1))
    run = {"net": net, "optimizer": torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)}
    x = torch.from_numpy(X)

    def step(run: Any) -> float:
        run["optimizer"].zero_grad()
        loss = (run["net"](x) ** 2).mean()
        loss.backward()
        run["optimizer"].step()
        return float(loss)

    step(run)
    other = duplicate(run)
    theirs = [step(other) for _ in range(3)]
    assert [step(run) for _ in range(3)] == theirs
