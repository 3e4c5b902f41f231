"""Random numbers: the state lies in Tensors, draws differ, seeds repeat, compiled draws what eager draws."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable

import numpy as np
import pytest

from gradwerk.base.errors import ArgumentError
from gradwerk.jit.compile import compile as compile_
from gradwerk.tensor import random
from gradwerk.tensor.random import Generator, default_generator, normal, seed, uniform
from gradwerk.tensor.tensor import Tensor


def test_draws_differ_and_seeds_repeat():
    g = Generator(7)
    first, second = g.uniform((100,)).numpy(), g.uniform((100,)).numpy()
    assert not np.array_equal(first, second)
    np.testing.assert_array_equal(Generator(7).uniform((100,)).numpy(), first)
    state = g.get_state()
    third = g.bits((5,)).numpy()
    g.set_state(state)
    np.testing.assert_array_equal(g.bits((5,)).numpy(), third)
    assert not np.array_equal(Generator(8).uniform((100,)).numpy(), first)


@pytest.mark.parametrize(("seed", "word"), [
    (0, 0), (2**32 - 1, 2**32 - 1), (2**32, 1), (2**32 + 5, 4), (2**64 - 1, 0), (2**64, 1), (3 * 2**96 + 2**32 + 1, 3),
])  # fmt: skip
def test_a_seed_of_any_size_is_folded_into_a_word(seed: int, word: int):
    """The exclusive or of its words of 32 bits; those that are one word stay as they are."""
    assert Generator(seed).get_state() == (word, 0)
    np.testing.assert_array_equal(Generator(seed).bits((4,)).numpy(), Generator(word).bits((4,)).numpy())


def test_moments():
    u, n = Generator(1).uniform((20000,), -1, 3).numpy(), Generator(2).normal((20000,), 1, 2).numpy()
    assert u.min() >= -1
    assert u.max() < 3
    assert abs(u.mean() - 1) < 0.03
    assert abs(n.mean() - 1) < 0.06
    assert abs(n.std() - 2) < 0.05


def test_compiled_steps_draw_what_eager_steps_draw():
    eager, compiled = Generator(5), Generator(5)
    step = compile_(lambda: compiled.uniform((4,)))
    for _ in range(3):
        np.testing.assert_array_equal(step().numpy(), eager.uniform((4,)).numpy())
    assert compiled.get_state() == eager.get_state() == (5, 3)
    np.testing.assert_array_equal(compiled.bits((2,)).numpy(), eager.bits((2,)).numpy())


def test_permutation_and_default_generator():
    order = Generator(3).permutation(50)
    assert sorted(order) == list(range(50))
    seed(11)
    first = (uniform((3,)).numpy(), normal((3,)).numpy(), default_generator().permutation(5))
    seed(11)
    for a, b in zip(first, (uniform((3,)).numpy(), normal((3,)).numpy(), default_generator().permutation(5)), strict=True):
        np.testing.assert_array_equal(a, b)
    with pytest.raises(ArgumentError, match="negative"):
        seed(-1)


@pytest.mark.parametrize("traced_first", [False, True])
def test_the_default_generator_may_be_asked_for_first_inside_a_compiled_function(monkeypatch, traced_first):
    """It is made then, and is no part of the step: it goes on from call to call, and outside."""
    monkeypatch.setattr(random, "_default", [])
    draw = compile_(lambda: uniform((4,))) if traced_first else lambda: uniform((4,))
    drawn = [draw().numpy(), draw().numpy(), uniform((4,)).numpy()]
    again = Generator(0)
    for values in drawn:
        np.testing.assert_array_equal(values, again.uniform((4,)).numpy())


def in_threads(*tasks: Callable[[], None]) -> None:
    """Runs each in a thread of its own, and lets them interrupt each other often."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        threads = [threading.Thread(target=task) for task in tasks]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)


@pytest.mark.parametrize("compiled", [(False,) * 4, (True,) * 4, (True, False, True, False)], ids=["eager", "compiled", "both"])
@pytest.mark.parametrize("count", [4, 50_000])
def test_threads_that_draw_from_one_generator_draw_different_numbers(compiled, count):
    generator, drawn = Generator(3), []
    step = compile_(lambda: generator.bits((count,)))
    each = 200 if count == 4 else 25

    def draws(*, compiled: bool) -> Callable[[], None]:
        draw = step if compiled else lambda: generator.bits((count,))
        return lambda: drawn.extend([draw().numpy()[:4].tobytes() for _ in range(each)])

    in_threads(*(draws(compiled=which) for which in compiled))
    assert len(set(drawn)) == len(drawn) == 4 * each
    assert set(drawn) == {_draw_number(n) for n in range(4 * each)}


def test_threads_that_write_to_one_tensor_in_compiled_functions_lose_nothing():
    total, other = Tensor(np.zeros(50_000)), Tensor(np.zeros(50_000))
    one = compile_(lambda: total.assign(total + 1.0))
    two = compile_(lambda: (total.assign(total + 2.0), other.assign(other + total * 0.0 + 1.0)))
    one(), two()
    in_threads(*[lambda: [one() for _ in range(40)], lambda: [two() for _ in range(40)]] * 2)
    assert set(total.numpy()) == {1.0 + 2.0 + 80 * 1.0 + 80 * 2.0}
    assert set(other.numpy()) == {81.0}


def _draw_number(n: int) -> bytes:
    generator = Generator(3)
    generator.set_state((3, n))
    return generator.bits((4,)).numpy().tobytes()


def test_a_step_draws_from_more_generators_than_python_has_frames():
    many = [Generator(k) for k in range(1100)]
    first = [float(one.uniform().numpy()) for one in many]
    for one in many:
        one.set_state((one.get_state()[0], 0))
    total = compile_(lambda: sum(one.uniform() for one in many))
    assert float(total().numpy()) == pytest.approx(sum(first), rel=1e-5)
