"""Layers, losses, optimizers and a net give what Keras 3.15.1 gave in float64, eager and compiled: results, gradients, trained weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradwerk
from gradwerk import keras
from gradwerk.ops.functions import mul
from gradwerk.ops.reduction import reduce_sum
from gradwerk.tensor.grad import grad
from gradwerk.tensor.tensor import Tensor
from tests.peers.freeze import load
from tests.peers.keras_cases import GROUPS, LAYERS, answers, layer_results
from tests.peers.layer_cases import Array, error
from tests.peers.test_frozen import FLOOR

RECORDED = {group: load(group) for group in GROUPS}


class Ours:
    """Our Keras, run as it is or compiled."""

    def __init__(self, run: Callable[[Any], Any]) -> None:
        self.run = run

    def tensor(self, array: Array) -> Tensor:
        return Tensor(array)

    def total(self, y: Any, weights: Array | None) -> Any:
        return reduce_sum(y if weights is None else mul(y, weights.astype(y.dtype)))

    def layer(self, name: str) -> Any:
        return LAYERS[name].make()

    def differentiate(self, function: Callable[..., Any], xs: list[Tensor]) -> tuple[list[Any], list[Any]]:
        def step(*given: Tensor) -> tuple[Any, ...]:
            leaves = [x.detach() for x in given]
            for x in leaves:
                x.requires_grad = True
            results = function(*leaves)
            return *(r.detach() for r in results), *grad(results[0], leaves)

        found = [value.numpy() for value in self.run(step)(*xs)]
        return found[: -len(xs)], found[-len(xs) :]

    def differentiate_layer(self, layer: Any, xs: list[Tensor], *, training: bool) -> tuple[list[Any], list[Any]]:
        floating = xs[0].dtype.kind == "f"

        def step(*given: Tensor) -> tuple[Any, ...]:
            leaves = [x.detach() for x in given]
            for leaf in leaves:
                leaf.requires_grad = floating
            results = layer_results(layer, leaves, self.total, training=training)
            sources = (leaves if floating else []) + list(layer.trainable_weights)
            return *(r.detach() for r in results), *grad(results[0], sources)

        found = [value.numpy() for value in self.run(step)(*xs)]
        return found[:2], found[2:]


@pytest.mark.parametrize("compiled", [False, True], ids=["eager", "compiled"])
@pytest.mark.parametrize(("group", "name"), [(group, name) for group, names in GROUPS.items() for name in names])
def test_keras_numbers(group: str, name: str, *, compiled: bool) -> None:
    if compiled and group in ("keras optimizer", "keras net"):
        return  # these compile their steps by themselves
    exact = dict(RECORDED[group][name])
    theirs = float(exact.pop("error"))
    got = answers(keras, group, name, "float32", Ours(gradwerk.compile if compiled else lambda function: function))
    assert {key: np.shape(array) for key, array in got.items()} == {key: array.shape for key, array in exact.items()}
    assert error({key: np.asarray(array) for key, array in got.items()}, exact) <= 3 * theirs + FLOOR
