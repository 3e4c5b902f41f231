"""L-BFGS against what it is: its direction against the dense inverse Hessian of BFGS, its lengths against Wolfe's conditions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradwerk.nn.lbfgs import LBFGS, Line, Memory, Point

RNG = np.random.default_rng(3)


def rosenbrock(x: Any) -> tuple[float, Any]:
    left, right = x[1:] - x[:-1] ** 2, 1 - x[:-1]
    slope = np.zeros_like(x)
    slope[:-1] = -400 * x[:-1] * left - 2 * right
    slope[1:] += 200 * left
    return float(100 * (left**2).sum() + (right**2).sum()), slope


def test_the_direction_is_that_of_the_dense_inverse_hessian() -> None:
    size, memory = 6, Memory(iterations=1)
    dense, root = np.eye(size), RNG.normal(size=(size, size))
    hessian = root @ root.T + np.eye(size)
    pairs = [(hessian @ s, s) for s in RNG.normal(size=(4, size))]
    for change, step in pairs:
        memory.gradient, memory.direction, memory.length = np.zeros(size), step, 1.0
        memory.learn(change, 10)
    change, step = pairs[-1]
    dense = np.eye(size) * (change @ step) / (change @ change)
    for change, step in pairs:  # H <- (I - s y'/y's) H (I - y s'/y's) + s s'/y's
        share = 1 / (change @ step)
        left = np.eye(size) - share * np.outer(step, change)
        dense = left @ dense @ left.T + share * np.outer(step, step)
    gradient = RNG.normal(size=size)
    np.testing.assert_allclose(memory.descent(gradient), -dense @ gradient, rtol=1e-9)


def test_a_step_that_found_no_curvature_is_forgotten_and_so_is_the_oldest() -> None:
    memory = Memory()
    for k in range(5):
        memory.gradient, memory.direction, memory.length = np.zeros(2), np.array([1.0, 0.0]), 1.0
        memory.learn(np.array([-1.0 if k == 2 else k + 1.0, 0.0]), 3)
    assert [change[0] for change in memory.changes] == [2.0, 4.0, 5.0]


@pytest.mark.parametrize("seed", range(12))
def test_a_search_ends_where_wolfes_conditions_hold(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x, first = rng.normal(size=4), float(rng.choice([1e-3, 0.1, 1.0, 30.0]))
    loss, gradient = rosenbrock(x)
    line = Line(rosenbrock, x, -gradient, 1e-12, 60)
    start = Point(0.0, loss, gradient, float(-gradient @ gradient))
    found = line.search(start, first)
    assert found.loss <= loss + line.decrease * found.at * start.slope
    assert abs(found.slope) <= line.flattening * abs(start.slope)
    assert found.loss == rosenbrock(line.reached(found.at))[0]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_it_finds_the_end_of_a_valley(dtype: Any) -> None:
    memory, x, asked = Memory(), np.array([-1.2, 1.0, -0.5, 0.8], dtype), list[Any]()

    def evaluate(point: Any) -> tuple[float, Any]:
        asked.append(point)
        return rosenbrock(point)

    x = LBFGS(searches=True, most_steps=120, most_evaluations=400).minimize(evaluate, x, memory)
    assert x.dtype == dtype
    np.testing.assert_allclose(x, 1.0, atol=1e-6 if dtype is np.float64 else 2e-2)
    assert memory.evaluations == len(asked)


def test_it_ends_at_once_where_there_is_nothing_to_gain() -> None:
    memory = Memory()
    assert LBFGS().minimize(lambda x: (0.0, np.zeros_like(x)), np.ones(3), memory).tolist() == [1, 1, 1]
    assert (memory.evaluations, memory.iterations, memory.direction) == (1, 0, None)
