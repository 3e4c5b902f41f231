"""Wherever Ctrl-C comes, no mode stays on, nothing is half written, and the next step is that of a run without it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

import gradwerk as gw
import gradwerk.torch as torch
from gradwerk import keras
from gradwerk.base.settings import settings
from gradwerk.tensor.tensor import Tensor
from gradwerk.tensor.whole import write_all
from gradwerk.torch import nn
from gradwerk.torch.utils.data import DataLoader, TensorDataset
from gradwerk.train.mode import mode as training_mode
from tests.runtime.every_point import Array, Subject, modes, strike

FEW, ALL = 60, 10**6
BLOCK = ("in __exit__",)
"""What no class can help: a signal that is handled as `no_grad().__exit__` is entered."""
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # one in a destructor is lost, as in Python


def held(tensors: Callable[[], Sequence[Tensor]]) -> dict[str, Callable[..., object]]:
    """State and restore of Tensors."""

    def restore(arrays: Sequence[Array]) -> None:
        for tensor, array in zip(tensors(), arrays, strict=True):
            tensor.assign(array)

    return {"state": lambda: [np.array(tensor.contents("the state")) for tensor in tensors()], "restore": restore}


def torch_step(made: Callable[[Iterator[nn.Parameter]], torch.optim.Optimizer], *, compiled: bool) -> Subject:
    """A step of a small net; compiled with dropout, whose count of draws is then written with all else."""
    generator = torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(6, 5), nn.Tanh(), nn.Dropout(0.25) if compiled else nn.Identity(), nn.Linear(5, 3))
    optimizer = made(net.parameters())
    x, y = torch.randn(8, 6), torch.arange(8) % 3

    def step() -> None:
        optimizer.zero_grad()
        nn.functional.cross_entropy(net(x), y).backward()
        optimizer.step()

    def tensors() -> list[Tensor]:
        kept = [tensor for p in net.parameters() for _, tensor in sorted(optimizer.state.get(p, {}).items())]
        return [*net.parameters(), *(t for t in kept if isinstance(t, Tensor)), generator.counter]

    return Subject(torch.compile(step) if compiled else step, **held(tensors))


def two_groups(parameters: Iterator[nn.Parameter]) -> torch.optim.Optimizer:
    """Adam with AMSGrad and weight decay, and another rate for the later parameters."""
    first, *others = parameters
    return torch.optim.Adam([{"params": [first]}, {"params": others, "lr": 0.02}], lr=0.01, amsgrad=True, weight_decay=0.1)


def keras_step() -> Subject:
    """A batch of a model with batch norm and dropout."""
    keras.utils.set_random_seed(1)
    drop = keras.layers.Dropout(0.3)
    rows = [keras.layers.Dense(5, activation="tanh"), keras.layers.BatchNormalization(), drop, keras.layers.Dense(3)]
    model = keras.Sequential([keras.Input((6,)), *rows])
    model.compile(optimizer=keras.optimizers.Adam(0.01), loss="mse")
    rng = np.random.default_rng(0)
    x, y = (rng.normal(size=(8, n)).astype("float32") for n in (6, 3))
    numbers = lambda: [*model.weights, *model.optimizer.variables, drop.generator.seed, drop.generator.counter]  # noqa: E731
    return Subject(lambda: model.train_on_batch(x, y), **held(numbers))


def gradient_left() -> Subject:
    """A compiled step that writes a parameter, and leaves a new gradient: both are seen, or neither."""
    w = gw.Parameter(np.eye(8, dtype=np.float32))
    x = Tensor(np.linspace(0, 1, 64, dtype=np.float32).reshape(8, 8))

    @gw.compile
    def step(x: Tensor) -> None:
        w.grad = None
        (gw.exp(w @ x) @ x).sum().backward()
        w.assign(w * 0.9)

    def restore(arrays: Sequence[Array]) -> None:
        w.assign(arrays[0])
        w.grad = Tensor(arrays[1])

    def state() -> list[Array]:
        return [w.numpy().copy(), np.zeros((8, 8), np.float32) if w.grad is None else w.grad.numpy().copy()]

    return Subject(lambda: step(x), state, restore)


def first_compile() -> Subject:
    """A training step that is traced, planned and linked anew each time."""
    w, x = gw.Parameter(np.ones(3, np.float32)), Tensor(np.ones((4, 3), np.float32))

    def action() -> None:
        def step(x: Tensor) -> None:
            w.grad = None
            (x @ w).sum().backward()
            w.assign(w - w.grad * 0.1)

        gw.compile(step)(x)

    return Subject(action, **held(lambda: [w]))


def blocks() -> Subject:
    """Settings and modes inside of each other."""
    net = nn.Sequential(nn.Linear(2, 2), nn.ReLU())

    @torch.no_grad()
    def inferred(x: Tensor) -> Tensor:
        return x + 1

    def action() -> None:
        with settings.scope(threads=1, debug=0), training_mode(net, training=False), torch.no_grad():
            inferred(torch.ones(2))

    return Subject(action, lambda: [np.array([module.training for module in net.modules()])])


def saving(folder: Path) -> Subject:
    """A file written over another."""
    net, count = nn.Linear(3, 2), [0]

    def action() -> None:
        with torch.no_grad():
            net.weight.fill_(count[0])
        torch.save(net.state_dict(), folder / "net.safetensors")

    def state() -> list[Array]:
        assert [path.name for path in folder.iterdir()] == ["net.safetensors"]
        return [torch.load(folder / "net.safetensors")["weight"].numpy() * 0]

    return Subject(action, state)


def batches() -> Subject:
    """An epoch of shuffled batches."""
    data = TensorDataset(torch.randn(12, 3), torch.arange(12))
    generator = torch.Generator()
    return Subject(lambda: list(DataLoader(data, 5, shuffle=True, generator=generator.manual_seed(0))))


SUBJECTS: dict[str, Callable[[Path], Subject]] = {
    "SGD": lambda _: torch_step(lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9), compiled=False),
    "Adam": lambda _: torch_step(two_groups, compiled=False),
    "compiled SGD": lambda _: torch_step(lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9), compiled=True),
    "compiled Adam": lambda _: torch_step(two_groups, compiled=True),
    "Keras": lambda _: keras_step(),
    "first compile": lambda _: first_compile(),
    "blocks": lambda _: blocks(),
    "saving": saving,
    "batches": lambda _: batches(),
}  # fmt: skip


@pytest.mark.parametrize("name", SUBJECTS)
def test_an_interrupt_at_some_points(name: str, tmp_path: Path) -> None:
    strike(SUBJECTS[name](tmp_path), FEW, seed=1, allowed=BLOCK)


@pytest.mark.parametrize("check", [False, True])
def test_an_interrupt_at_every_point_of_a_run(check: bool) -> None:
    """Memory is lent and given back around it, under `check` of another kind."""
    settings.check = check
    strike(gradient_left(), ALL, files=("runtime/program.py", "runtime/arenas.py", "runtime/memory.py", "jit/calls.py"))


@pytest.mark.long
@pytest.mark.parametrize("name", SUBJECTS)
def test_an_interrupt_at_every_point(name: str, tmp_path: Path) -> None:
    strike(SUBJECTS[name](tmp_path), ALL, allowed=BLOCK)


def test_a_part_that_cannot_be_computed_ends_the_writes() -> None:
    """Before the first write nothing is written; behind it what comes before the part is, and it is tried twice."""
    a, b, tries = Tensor(np.zeros(2)), Tensor(np.zeros(2)), []

    def part() -> list[tuple[Tensor, Array]]:
        tries.append(1)
        raise ValueError("no")

    one, other = ([(tensor, np.ones(2))] for tensor in (a, b))
    for parts, written, times in (([part, lambda: one], 0, 1), ([lambda: one, part, lambda: other], 1, 2)):
        tries.clear()
        with pytest.raises(ValueError, match="no"):
            write_all(parts)
        assert a.numpy().tolist() == [written] * 2 and b.numpy().tolist() == [0, 0] and len(tries) == times


def test_modes_are_looked_at() -> None:
    usual = modes()
    with settings.scope(threads=3):
        assert modes() != usual
    with torch.no_grad():
        assert modes() != usual
    assert modes() == usual
