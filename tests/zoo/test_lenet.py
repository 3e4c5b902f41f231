"""LeNet-5: shapes, sizes, and that both variants learn a small batch by heart, eager and compiled alike."""

from __future__ import annotations

import numpy as np
import pytest

from gradwerk.base.errors import ShapeError
from gradwerk.jit.compile import compile as compile_
from gradwerk.nn.loss import mean_loss, softmax_cross_entropy
from gradwerk.nn.optimizer import SGD
from gradwerk.tensor.random import Generator
from gradwerk.tensor.tensor import Tensor
from gradwerk.zoo.lenet import LeNet5

RNG = np.random.default_rng(2)
IMAGES, LABELS = RNG.random((16, 28, 28, 1), np.float32), RNG.integers(0, 10, 16)


@pytest.mark.parametrize("modern", [False, True])
def test_it_learns_a_batch(modern: bool) -> None:
    model = LeNet5(modern=modern, generator=Generator(4))
    optimizer = SGD(model.named_parameters(), 0.05, momentum=0.9)

    def step(images: Tensor, labels: Tensor) -> Tensor:
        loss = mean_loss(softmax_cross_entropy(model(images), labels))
        optimizer.zero_grad()
        loss.backward()
        optimizer.apply()
        return loss.detach()

    run = compile_(step)
    losses = [run(Tensor(IMAGES), Tensor(LABELS)).item() for _ in range(25)]
    assert losses[0] == pytest.approx(np.log(10), abs=1.5)
    assert losses[-1] < 0.8 * losses[0]


def test_sizes_and_the_error_for_another_image() -> None:
    model = LeNet5()
    assert sum(p.numpy().size for p in model.parameters()) == 61_706
    assert model(Tensor(IMAGES)).shape == (16, 10)
    with pytest.raises(ShapeError, match="28 x 28 x 1"):
        model(Tensor(np.zeros((2, 32, 32, 1), np.float32)))
