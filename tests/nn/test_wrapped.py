"""What is wrapped around a rule, as laws over every rule of gradwerk.nn: sums over steps, scaled losses."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradwerk.base.errors import ArgumentError
from gradwerk.jit.compile import compile as compile_
from gradwerk.nn.optimizer import SGD
from gradwerk.nn.wrapped import Accumulated, LossScaled
from gradwerk.tensor.tensor import Parameter, Tensor
from tests.laws.update_laws import STARTS, bits, given, parameters, rules

RULES = rules()
FEW = ("SGD",)
"""Rules whose wrapped steps are compiled here: the wrapping is the same for all."""


def slots_of(optimizer: Any) -> list[Tensor]:
    return [tensor for tensors in optimizer.slots.values() for tensor in tensors]


@pytest.mark.parametrize("name", RULES)
def test_sums_over_two_steps_are_one_update_by_their_mean(name: str) -> None:
    told, mean = parameters(), parameters()
    wrapped, plain = Accumulated(RULES[name](told, 0.05), 2), RULES[name](mean, 0.05)
    apply = compile_(lambda *gradients: wrapped.apply(gradients)) if name in FEW else lambda *gradients: wrapped.apply(gradients)
    for first, second in ((0, 1), (2, 3)):
        before = bits(told, slots_of(wrapped.inner))
        apply(*given(first))
        assert bits(told, slots_of(wrapped.inner)) == before
        apply(*given(second))
        plain.apply([Tensor((a.numpy() + b.numpy()) / np.float32(2)) for a, b in zip(given(first), given(second), strict=True)])
        for mine, other in zip((*told, *slots_of(wrapped.inner)), (*mean, *slots_of(plain)), strict=True):
            np.testing.assert_allclose(mine.numpy(), other.numpy(), rtol=2e-5, atol=1e-6)
    assert (wrapped.steps.item(), wrapped.inner.iterations.item()) == (4, 2)
    assert not any(held.numpy().any() for held in wrapped.sums)


@pytest.mark.parametrize("name", RULES)
def test_a_scale_changes_no_bit_and_what_is_not_finite_changes_nothing_but_the_scale(name: str) -> None:
    told, plain_told = parameters(), parameters()
    wrapped, plain = LossScaled(RULES[name](told, 0.05), 2.0**6, growth_steps=2), RULES[name](plain_told, 0.05)
    apply = compile_(lambda *gradients: wrapped.apply(gradients)) if name in FEW else lambda *gradients: wrapped.apply(gradients)
    scales = []
    for number in (0, 1, None, 2, 3):
        scales.append(float(wrapped.scale.item()))
        if number is None:
            before = bits(told, slots_of(wrapped.inner), [wrapped.inner.iterations])
            broken = [g * np.float32(scales[-1]) for g in given(0)]
            apply(*broken[:-1], Tensor(np.full(STARTS[-1].shape, np.inf, np.float32)))
            apply(Tensor(np.full(STARTS[0].shape, np.nan, np.float32)), *broken[1:])
            assert bits(told, slots_of(wrapped.inner), [wrapped.inner.iterations]) == before
            continue
        apply(*[g * np.float32(scales[-1]) for g in given(number)])
        plain.apply(given(number))
        for mine, other in zip((*told, *slots_of(wrapped.inner)), (*plain_told, *slots_of(plain)), strict=True):
            np.testing.assert_allclose(mine.numpy(), other.numpy(), rtol=1e-6, atol=1e-7)
    assert scales == [64.0, 64.0, 128.0, 32.0, 32.0]
    assert wrapped.scale.item() == 64.0
    assert float(wrapped.scaled(Tensor(np.float32(3.0))).item()) == 192.0


def test_a_scale_that_stays_looks_at_nothing() -> None:
    w = Parameter(np.ones(2, np.float32))
    wrapped = LossScaled(Accumulated(SGD([w], 0.5), 2), 4.0, growth_steps=None)
    for gradient in ([4.0, np.inf], [8.0, 0.0]):
        wrapped.apply([Tensor(np.array(gradient, np.float32))])
    assert w.tolist() == [1.0 - 0.5 * 1.5, -np.inf]
    assert wrapped.scale.item() == 4.0
    assert wrapped.learning_rate.item() == 0.5


def test_what_does_not_decay_is_said_by_place() -> None:
    from gradwerk.nn.updates import Decay

    for name in ("SGD", "Adam", "RMSprop"):
        ends = []
        for places, decay in ((frozenset({0, 2}), 0.5), (frozenset(), 0.5), (frozenset(), 0.0)):
            told = parameters()
            optimizer = RULES[name](told, 0.05, decay=Decay(decay, decoupled=True))
            optimizer.undecayed = places
            for number in range(3):
                optimizer.apply(given(number))
            ends.append(told)
        some, all_, none = ends
        for place, (mine, decayed, free) in enumerate(zip(some, all_, none, strict=True)):
            wanted = free if place in (0, 2) else decayed
            np.testing.assert_allclose(mine.numpy(), wanted.numpy(), rtol=1e-6, atol=1e-7)


def test_numbers_out_of_range_are_refused() -> None:
    rule = SGD(parameters(), 0.1)
    for wrong in (
        lambda: Accumulated(rule, 0), lambda: LossScaled(rule, -1.0), lambda: LossScaled(rule, 1.0, growth_steps=0),
        lambda: Accumulated(rule, 2).apply(given(0)[:1]),
    ):  # fmt: skip
        with pytest.raises(ArgumentError):
            wrong()
