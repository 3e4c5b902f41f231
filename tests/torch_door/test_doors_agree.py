"""The same LeNet in two doors, weights copied: the same losses and the same weights after several steps."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest

import gradwerk.keras as keras
import gradwerk.torch as torch
from gradwerk.compiler import simplify as simplify_module
from gradwerk.compiler.simplify import simplify
from gradwerk.compiler.transposes import TRANSPOSE_RULES
from gradwerk.ir.op import Contraction, Elementwise, Reduction, Window
from gradwerk.keras import layers
from gradwerk.nn.loss import mean_loss, softmax_cross_entropy
from gradwerk.ops.movement import Transpose
from gradwerk.torch import nn

RNG = np.random.default_rng(8)
BATCHES = [(RNG.random((8, 28, 28, 1), np.float32), RNG.integers(0, 10, 8)) for _ in range(4)]


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


@pytest.mark.parametrize("modern", [False, True])
def test_the_same_lenet_gives_the_same_losses(modern: bool) -> None:
    keras.utils.set_random_seed(0)
    one, other = in_keras(modern=modern), in_torch(modern=modern)
    other.load_state_dict(dict(zip(other.state_dict(), map(for_torch, one.get_weights()), strict=True)))
    one.compile(
        optimizer=keras.optimizers.SGD(0.05, momentum=0.9), loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    )
    optimizer, loss_fn = torch.optim.SGD(other.parameters(), lr=0.05, momentum=0.9), nn.CrossEntropyLoss()

    @torch.compile
    def step(images: Any, labels: Any) -> Any:
        optimizer.zero_grad()
        loss = loss_fn(other(images), labels)
        loss.backward()
        optimizer.step()
        return loss

    for images, labels in BATCHES:
        first = one.train_on_batch(images, labels)
        second = step(torch.tensor(images.transpose(0, 3, 1, 2).copy()), torch.tensor(labels)).item()
        np.testing.assert_allclose(first if np.isscalar(first) else first[0], second, rtol=1e-5)
    for mine, its in zip(one.get_weights(), other.parameters(), strict=True):
        np.testing.assert_allclose(for_torch(mine), its.detach().numpy(), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("modern", [False, True])
def test_the_same_lenet_is_the_same_program(modern: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Channels first is only for the eye: what runs is what the Keras door runs, but for transposes of the weights and their gradients."""
    if TRANSPOSE_RULES[0] not in simplify_module.RULES:
        monkeypatch.setattr(simplify_module, "RULES", (*TRANSPOSE_RULES, *simplify_module.RULES))
    keras.utils.set_random_seed(0)
    one, other = in_keras(modern=modern), in_torch(modern=modern)
    images, labels = BATCHES[0][0], np.zeros(8, np.int64)

    @torch.compile
    def loss_in_keras(x: Any, y: Any) -> Any:
        loss = mean_loss(softmax_cross_entropy(one(x, training=True), y))
        loss.backward()
        return loss.detach()

    @torch.compile
    def loss_in_torch(x: Any, y: Any) -> Any:
        loss = mean_loss(softmax_cross_entropy(other(x), y))
        loss.backward()
        return loss.detach()

    loss_in_keras(torch.tensor(images), torch.tensor(labels))
    loss_in_torch(torch.tensor(images.transpose(0, 3, 1, 2).copy()), torch.tensor(labels))
    programs = [simplify(graph_of(step)) for step in (loss_in_keras, loss_in_torch)]
    first, second = (Counter(node.op for node in program.live() if is_work(node)) for program in programs)
    assert first == second
    batch = images.shape[0]
    moved = [node for node in programs[1].live() if isinstance(node.op, Transpose)]
    assert not [node for node in moved if batch in node.values[0].shape]


def graph_of(step: Any) -> Any:
    ((binding,),) = step.specializations.values()
    return binding.entry.program.graph


def is_work(node: Any) -> bool:
    return isinstance(node.op, Elementwise | Reduction | Contraction | Window)
