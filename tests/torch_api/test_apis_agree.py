"""The same LeNet in two APIs, weights copied: the same Plan, the same losses and the same weights after several steps.

What is compared is the Plan's tables: every launch with its kernel, extents, chunks and title, in order, and the chains and stages over
them.  What may differ, each pinned by a test here:

    inputs       the images' order of axes, (8, 28, 28, 1) and (8, 1, 28, 28); with one channel that is no other memory, with several
                 what reads them reads them channels first
    constants    the label that is ignored: torch's -100, and in the Keras API one that nobody has
    .grad        torch leaves gradients behind unless they are cleared: they are outputs, which lie as their weights lie.  One that nobody
                 can read may lie as its product likes: that product and the update that reads it are then other tiles of the same work
    the mean     `train_on_batch` counts the loss in its running mean instead of returning it: the last launch of the loss, and the count
    the count    Keras counts its steps, torch those of each parameter, and only where there is state: one map of one number, and of as
                 many as there are parameters or none.  Where it is not what is pinned, `keras_step` counts as torch does
    momentum     the two recurrences differ: one map per parameter, of equal extents and chunks
    Adam         the two epsilons differ: one map over the counts
    Flatten      of several positions goes channels first in torch (other rows of the next weight mean other features): the data is put in
                 that order, and in training its gradient comes back in it
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradwerk
import gradwerk.keras as keras
import gradwerk.torch as torch
from gradwerk.inspect import explain
from gradwerk.ir.plan import FIRST_INPUT, Launch, Plan, Pointer
from gradwerk.keras import layers
from gradwerk.nn.loss import NO_LABEL
from gradwerk.tensor.tensor import Tensor
from gradwerk.torch import nn
from gradwerk.train.steps import update

RNG = np.random.default_rng(8)
BATCHES = [(RNG.random((8, 28, 28, 1), np.float32), RNG.integers(0, 10, 8).astype(np.int32)) for _ in range(4)]
both = pytest.mark.parametrize("modern", [False, True], ids=["tanh, average", "relu, max"])


def in_keras(*, modern: bool) -> Any:
    activation, pool = ("relu", layers.MaxPooling2D) if modern else ("tanh", layers.AveragePooling2D)
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(6, 5, padding="same", activation=activation), pool(2),
            layers.Conv2D(16, 5, activation=activation), pool(2),
            layers.Conv2D(120, 5, activation=activation), layers.Flatten(),
            layers.Dense(84, activation=activation), layers.Dense(10),
        ]
    )  # fmt: skip


def in_torch(*, modern: bool) -> Any:
    activation, pool = (nn.ReLU, nn.MaxPool2d) if modern else (nn.Tanh, nn.AvgPool2d)
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding="same"), activation(), pool(2),
        nn.Conv2d(6, 16, 5), activation(), pool(2),
        nn.Conv2d(16, 120, 5), activation(), nn.Flatten(),
        nn.Linear(120, 84), activation(), nn.Linear(84, 10),
    )  # fmt: skip


def for_torch(weight: Any) -> Any:
    """A Keras kernel (*window, in, out) in torch's order (out, in, *window)."""
    return weight if weight.ndim == 1 else np.ascontiguousarray(np.moveaxis(weight, (-1, -2), (0, 1)))


def pair(*, modern: bool) -> tuple[Any, Any]:
    """The model in both APIs, of equal weights."""
    keras.utils.set_random_seed(0)
    one, other = in_keras(modern=modern), in_torch(modern=modern)
    other.load_state_dict(dict(zip(other.state_dict(), map(for_torch, one.get_weights()), strict=True)))
    return one, other


def keras_step(model: Any, optimizer: Any, *, count_each: bool = True) -> Any:
    """What `train_on_batch` trains, without its running means: forward, loss, backward, update."""
    loss_of, rule = keras.losses.SparseCategoricalCrossentropy(from_logits=True), optimizer.begin(dict(model.named_parameters()))
    if count_each:
        rule.count_each, rule.iterations = True, Tensor(np.zeros(len(rule.targets), np.float32))

    @gradwerk.compile
    def step(images: Any, labels: Any) -> Any:
        loss = loss_of(labels, model(images, training=True))
        update(rule, loss)
        return loss.detach()

    return step


def torch_step(model: Any, optimizer: Any, *, clear_first: bool = False) -> Any:
    """The loop's body as people write it; gradients are cleared first or last."""
    loss_of = nn.CrossEntropyLoss()

    @torch.compile
    def step(images: Any, labels: Any) -> Any:
        if clear_first:
            optimizer.zero_grad()
        loss = loss_of(model(images), labels)
        loss.backward()
        optimizer.step()
        if not clear_first:
            optimizer.zero_grad()
        return loss.detach()

    return step


def for_eye(images: Any) -> Any:
    """(batch, height, width, channels) as torch's (batch, channels, height, width)."""
    return torch.tensor(np.ascontiguousarray(images.transpose(0, 3, 1, 2)))


def plans(in_one: Any, in_other: Any, batch: int = 8) -> tuple[Plan, Plan]:
    """What the two steps are compiled to."""
    images, labels = np.zeros((batch, 28, 28, 1), np.float32), np.zeros(batch, np.int32)
    return explain(in_one, images, labels).made.plan, explain(in_other, for_eye(images), torch.tensor(labels)).made.plan


def row(launch: Launch) -> tuple[Any, ...]:
    return launch.kernel, launch.extents, launch.chunks, launch.title, launch.flops, launch.nbytes


def rows(plan: Plan) -> list[tuple[Any, ...]]:
    return [row(launch) for launch in plan.launches]


def differing(one: Plan, other: Plan) -> list[tuple[Launch, Launch]]:
    """The launches that differ, of two plans that are otherwise one."""
    assert (one.chains, one.stages, one.loops, one.host_calls) == (other.chains, other.stages, other.loops, other.host_calls)
    return [(a, b) for a, b in zip(one.launches, other.launches, strict=True) if row(a) != row(b)]


@both
def test_the_same_lenet_gives_the_same_losses(modern: bool) -> None:
    one, other = pair(modern=modern)
    one.compile(
        optimizer=keras.optimizers.SGD(0.05, momentum=0.9), loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    )
    step = torch_step(other, torch.optim.SGD(other.parameters(), lr=0.05, momentum=0.9), clear_first=True)
    for images, labels in BATCHES:
        first = one.train_on_batch(images, labels)
        second = step(for_eye(images), torch.tensor(labels)).item()
        np.testing.assert_allclose(first if np.isscalar(first) else first[0], second, rtol=1e-5)
    for mine, its in zip(one.get_weights(), other.parameters(), strict=True):
        np.testing.assert_allclose(for_torch(mine), its.detach().numpy(), rtol=1e-4, atol=1e-6)


@both
def test_without_momentum_losses_and_weights_are_the_same_bits(modern: bool) -> None:
    one, other = pair(modern=modern)
    steps = keras_step(one, keras.optimizers.SGD(0.05)), torch_step(other, torch.optim.SGD(other.parameters(), lr=0.05))
    for images, labels in BATCHES:
        assert steps[0](images, labels).item() == steps[1](for_eye(images), torch.tensor(labels)).item()
    for mine, its in zip(one.get_weights(), other.parameters(), strict=True):
        np.testing.assert_array_equal(for_torch(mine), its.detach().numpy())


@both
def test_inference_is_one_plan(modern: bool) -> None:
    one, other = pair(modern=modern)

    @torch.compile
    def ask(images: Any) -> Any:
        with torch.no_grad():
            return other(images)

    images = BATCHES[0][0]
    first, second = explain(one.training_state.steps.predict, images).made.plan, explain(ask, for_eye(images)).made.plan
    assert len(first.launches) > 6
    assert not differing(first, second)
    assert memory(first) == memory(second)
    assert first.constants == second.constants


def memory(plan: Plan) -> tuple[Any, ...]:
    """The address of every operand, and the memory they lie in."""
    return [launch.pointers for launch in plan.launches], plan.outputs, plan.arena_bytes, plan.serial


@both
@pytest.mark.parametrize("batch", [1, 8, 37])
def test_a_training_step_is_one_plan(modern: bool, batch: int) -> None:
    one, other = pair(modern=modern)
    steps = keras_step(one, keras.optimizers.SGD(0.05)), torch_step(other, torch.optim.SGD(other.parameters(), lr=0.05))
    first, second = plans(*steps, batch)
    assert len(first.launches) > 50
    assert not differing(first, second)
    assert memory(first) == memory(second)
    images = [(a, b) for a, b in zip(first.inputs, second.inputs, strict=True) if a != b]
    assert [(a.shape, b.shape) for a, b in images] == [((batch, 28, 28, 1), (batch, 1, 28, 28))]
    ours, theirs = (np.frombuffer(plan.constants, np.int32) for plan in (first, second))
    changed = ours != theirs
    assert (set(ours[changed]), set(theirs[changed])) == ({NO_LABEL}, {-100})


def test_a_network_of_products_is_one_plan() -> None:
    one = keras.Sequential([keras.Input((20,)), layers.Dense(16, activation="relu"), layers.Dense(10)])
    other = nn.Sequential(nn.Linear(20, 16), nn.ReLU(), nn.Linear(16, 10))
    x, y = np.zeros((8, 20), np.float32), np.zeros(8, np.int32)
    steps = keras_step(one, keras.optimizers.SGD(0.05)), torch_step(other, torch.optim.SGD(other.parameters(), lr=0.05))
    first, second = (explain(step, torch.tensor(x), torch.tensor(y)).made.plan for step in steps)
    assert len(first.launches) > 15
    assert not differing(first, second)
    assert first.inputs == second.inputs
    assert memory(first) == memory(second)


def test_channels_first_images_change_only_what_reads_them() -> None:
    one = keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            layers.Conv2D(16, 3, activation="relu"), layers.MaxPooling2D(2),
            layers.Conv2D(8, 3), layers.Flatten(), layers.Dense(10),
        ]
    )  # fmt: skip
    other = nn.Sequential(nn.Conv2d(3, 16, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(16, 8, 3), nn.Flatten(), nn.Linear(8, 10))
    images, labels = np.zeros((16, 8, 8, 3), np.float32), np.zeros(16, np.int32)
    steps = keras_step(one, keras.optimizers.SGD(0.05)), torch_step(other, torch.optim.SGD(other.parameters(), lr=0.05))
    first = explain(steps[0], images, labels).made.plan
    found = [a for a, _ in differing(first, explain(steps[1], for_eye(images), torch.tensor(labels)).made.plan)]
    given = Pointer(FIRST_INPUT, 0)
    copies = {pointer for a in found if given in a.pointers and a.title.startswith("map_f32 ") for pointer in a.pointers}
    assert found
    assert [a.title for a in found if not {given, *copies} & set(a.pointers)] == []


@both
def test_gradients_left_behind_are_outputs_of_the_same_launches(modern: bool) -> None:
    one, other = pair(modern=modern)
    optimizer = torch.optim.SGD(other.parameters(), lr=0.05)
    first, second = plans(keras_step(one, keras.optimizers.SGD(0.05)), torch_step(other, optimizer, clear_first=True))
    assert sorted(launch.title for launch in first.launches) == sorted(launch.title for launch in second.launches)
    assert len(second.outputs) - len(first.outputs) == len(list(other.parameters()))
    pairs = zip(*(sorted(plan.launches, key=lambda launch: launch.title) for plan in (first, second)), strict=True)
    changed = [a.title for a, b in pairs if row(a) != row(b)]
    assert changed == ["contract 10x84x8", "map_mul_sub_f32 84x10"]


@both
def test_train_on_batch_differs_by_its_running_mean(modern: bool) -> None:
    one, other = pair(modern=modern)
    one.compile(optimizer=keras.optimizers.SGD(0.05), loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    one.train_on_batch(*BATCHES[0])
    steps = one.training_state.steps
    first, second = map(rows, plans(steps.train_fresh, torch_step(other, torch.optim.SGD(other.parameters(), lr=0.05))))
    mine, its = [r for r in first if r not in second], [r for r in second if r not in first]
    assert sorted(r[3] for r in mine) == ["map_add_i64 ", "map_div_cast_mul_add_f64 "]
    assert [r[3] for r in its] == ["map_div_f32 "]
    assert [r for r in first if r not in mine] == [r for r in second if r not in its]


Rates = Callable[[Any], Any]
RECURRENCES: dict[str, tuple[Callable[[], Any], Rates, list[str]]] = {
    "momentum": (
        lambda: keras.optimizers.SGD(0.05, momentum=0.9), lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9),
        ["map_mul_sub_add_f32", "map_mul_add_sub_f32"],
    ),
    "Nesterov": (
        lambda: keras.optimizers.SGD(0.05, momentum=0.9, nesterov=True),
        lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9, nesterov=True), ["map_mul_sub_add_f32", "map_mul_add_sub_f32"],
    ),
}  # fmt: skip


@both
@pytest.mark.parametrize("name", RECURRENCES)
def test_with_momentum_the_update_maps_alone_differ(modern: bool, name: str) -> None:
    ours, theirs, names = RECURRENCES[name]
    one, other = pair(modern=modern)
    found = differing(*plans(keras_step(one, ours()), torch_step(other, theirs(other.parameters()))))
    assert len(found) == len(list(other.parameters()))
    for a, b in found:
        assert [a.title.split()[0], b.title.split()[0]] == names
        assert (sorted(a.extents), a.chunks, a.title.split()[1:]) == (sorted(b.extents), b.chunks, b.title.split()[1:])


@both
def test_with_adam_the_correction_of_the_rate_alone_differs(modern: bool) -> None:
    one, other = pair(modern=modern)
    optimizers = keras.optimizers.Adam(0.001), torch.optim.Adam(other.parameters(), lr=0.001)
    ((a, b),) = differing(*plans(keras_step(one, optimizers[0]), torch_step(other, optimizers[1])))
    assert a.title == b.title == "map_add_cast_pow_sub_sqrt_mul_div_f32 10"
    assert (a.extents, a.chunks) == (b.extents, b.chunks)


@both
@pytest.mark.parametrize(("momentum", "counts"), [(0.0, []), (0.9, ["map_add_f32 10"])], ids=["no state", "state"])
def test_kerass_count_of_steps_is_one_launch(modern: bool, momentum: float, counts: list[str]) -> None:
    one, other = pair(modern=modern)
    ours, theirs = keras.optimizers.SGD(0.05, momentum=momentum), torch.optim.SGD(other.parameters(), lr=0.05, momentum=momentum)
    first, second = map(rows, plans(keras_step(one, ours, count_each=False), torch_step(other, theirs)))
    updates = {"map_mul_sub_add_f32", "map_mul_add_sub_f32"}
    assert [r[3] for r in first if r not in second and r[3].split()[0] not in updates] == ["map_add_i64 "]
    assert [r[3] for r in second if r not in first and r[3].split()[0] not in updates] == counts


def test_a_flatten_of_several_positions_is_one_copy_more() -> None:
    one = keras.Sequential(
        [keras.Input((28, 28, 1)), layers.Conv2D(16, 5), layers.AveragePooling2D(2), layers.Flatten(), layers.Dense(10)]
    )
    other = nn.Sequential(nn.Conv2d(1, 16, 5), nn.AvgPool2d(2), nn.Flatten(), nn.Linear(16 * 12 * 12, 10))

    @torch.compile
    def ask(images: Any) -> Any:
        with torch.no_grad():
            return other(images)

    images = BATCHES[0][0]
    first, second = rows(explain(one.training_state.steps.predict, images).made.plan), rows(explain(ask, for_eye(images)).made.plan)
    copies = [r for r in second if r not in first]
    assert [r[3] for r in copies] == ["map_f32 8x16x12x12"]
    assert [r for r in second if r not in copies] == first
