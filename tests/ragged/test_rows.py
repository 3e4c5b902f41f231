"""Reductions over rows, maps and losses: as each row by itself, whatever stands in the tail, beside a row, or around it."""

from __future__ import annotations

import operator
from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import pytest

import gradwerk as gw
from gradwerk.base.errors import DTypeError, ShapeError
from gradwerk.nn.embedding import embedding
from gradwerk.nn.linear import linear
from gradwerk.nn.loss import softmax_cross_entropy
from gradwerk.nn.metric import Mean
from gradwerk.ragged.value import Ragged
from tests.ragged.rows import LENGTHS, Array, drawn, of, rows_of, slope, spoiled

ROW: dict[Callable[[Ragged], Any], Callable[[Array], Array]] = {
    gw.ragged.row_sum: lambda row: row.sum(0),
    gw.ragged.row_mean: lambda row: row.mean(0) if len(row) else np.full(row.shape[1:], np.nan),
    gw.ragged.row_max: lambda row: row.max(0, initial=-np.inf),
    gw.ragged.row_min: lambda row: row.min(0, initial=np.inf),
    gw.ragged.row_logsumexp: lambda row: np.log(np.exp(row - 5).sum(0)) + 5 if len(row) else np.full(row.shape[1:], -np.inf),
    gw.ragged.row_softmax: lambda row: np.exp(row) / np.exp(row).sum(0),
    gw.ragged.row_log_softmax: lambda row: row - np.log(np.exp(row).sum(0)) if len(row) else row,
}
"""Each function of ragged values, and what it is of one row."""


def all_of(x: Ragged) -> list[Any]:
    """The results of all."""
    return [function(x) for function in ROW]


compiled = gw.compile(all_of)


def by_row(result: Any) -> list[Array]:
    """The result of each row."""
    return rows_of(result) if isinstance(result, Ragged) else list(result.numpy())


@pytest.mark.parametrize("lengths", LENGTHS)
def test_each_is_what_it_is_of_each_row(lengths: tuple[int, ...]) -> None:
    rows = drawn(lengths)
    x = spoiled(of(rows))
    for results in (compiled(x), all_of(x)):
        for expected, result in zip(ROW.values(), results, strict=True):
            for row, got in zip(rows, by_row(result), strict=True):
                np.testing.assert_allclose(got, expected(row), rtol=1e-12, atol=1e-12)


def test_the_bits_of_a_row_are_its_own() -> None:
    lengths = (3, 130, 0, 1, 64, 65)
    rows = drawn(lengths, dtype=np.float32)
    together = compiled(spoiled(of(rows, dtype=np.float32, capacity=448)))
    mixed = compiled(spoiled(of(rows[::-1] + rows[:2], dtype=np.float32)))
    for k, row in enumerate(rows):
        alone = compiled(spoiled(of([row], dtype=np.float32)))
        for one, many, other in zip(alone, together, mixed, strict=True):
            bits = by_row(one)[0].tobytes()
            assert bits == by_row(many)[k].tobytes()
            assert bits == by_row(other)[len(rows) - 1 - k].tobytes()


def test_gradients_are_those_of_finite_differences_and_the_tail_gets_none() -> None:
    rows = drawn((3, 0, 1, 70))
    x, random = of(rows), np.random.default_rng(1)
    weights = [random.standard_normal(gw.ragged.row_sum(x).shape), random.standard_normal(x.flat.shape)]

    def value(result: Any) -> gw.Tensor:
        if isinstance(result, Ragged):
            return gw.ragged.sum_of_all(result * result.with_flat(gw.Tensor(weights[1])))
        filled = gw.where(gw.Tensor(np.array([[True], [False], [True], [True]])), result, 0.0)
        return gw.reduce_sum(filled * weights[0])

    direction = random.standard_normal(x.flat.shape)
    used = int(x.total)
    for function in ROW:

        def at(flat: Array, function: Callable[[Ragged], Any] = function) -> float:
            return float(value(function(x._replace(flat=gw.Tensor(flat)))))

        given = spoiled(x)
        given.flat.requires_grad = True
        (gradient,) = gw.grad(value(function(given)), [given.flat])
        expected = slope(at, x.flat.numpy(), np.where(np.arange(x.capacity)[:, None] < used, direction, 0))
        assert np.isclose((gradient.numpy()[:used] * direction[:used]).sum(), expected, rtol=1e-6), function


def test_what_functions_read_from_outside_gets_no_gradient_of_the_tail() -> None:
    rows, random = drawn((2, 0, 3), (4,)), np.random.default_rng(0)
    kernel, bias, table = (gw.Parameter(random.standard_normal(shape)) for shape in ((4, 5), (5,), (7, 4)))
    ids = spoiled(gw.ragged.from_rows([[1, 6], [], [0, 0, 3]], np.int64))
    labels = spoiled(gw.ragged.from_rows([[4, 0], [], [1, 2, 2]], np.int64))
    x = spoiled(of(rows, (4,)))

    @gw.compile
    def loss(x: Ragged, ids: Ragged, labels: Ragged) -> Any:
        seen = x.map(gw.exp) * (x + ids.map(lambda k: embedding(k, table)))
        logits = seen.map(lambda e: linear(e, kernel, bias)).map(lambda e: e / gw.sqrt(e * e + 1.0))
        loss = gw.ragged.mean_of_all(logits.map(softmax_cross_entropy, labels))
        return loss, gw.grad(loss, [kernel, bias, table])

    def by_hand(kernel: Array, bias: Array, table: Array) -> float:
        element = np.concatenate(rows)
        z = np.exp(element) * (element + table[[1, 6, 0, 0, 3]]) @ kernel + bias
        z = z / np.sqrt(z * z + 1)
        return float(np.mean(np.log(np.exp(z).sum(1)) - z[np.arange(5), [4, 0, 1, 2, 2]]))

    given = [t.numpy() for t in (kernel, bias, table)]
    value, gradients = loss(x, ids, labels)
    assert np.isclose(float(value), by_hand(*given))
    for k, gradient in enumerate(gradients):
        direction = random.standard_normal(given[k].shape)
        expected = slope(lambda a, k=k: by_hand(*given[:k], a, *given[k + 1 :]), given[k], direction)
        assert np.isclose((gradient.numpy() * direction).sum(), expected, rtol=1e-6)


def test_no_element_at_all_makes_no_nan_gradient() -> None:
    x = spoiled(of(drawn((0, 0))))
    scale = gw.Tensor(np.ones(3), requires_grad=True)
    gw.ragged.sum_of_all((x * scale).map(gw.log) + x.map(gw.sqrt)).backward()
    assert scale.grad is not None
    assert scale.grad.tolist() == [0, 0, 0]


def test_who_reads_a_result_with_its_tail_gets_no_gradient_of_it() -> None:
    x, y = (spoiled(of(drawn(lengths))) for lengths in ((2, 0, 3), (1, 1, 4)))
    scale = gw.Parameter(np.ones(3) / 2)
    scaled = x.map(lambda e: e * scale)
    found = [scaled, gw.ragged.row_softmax(scaled), gw.ragged.row_log_softmax(scaled), gw.ragged.concatenated([scaled, y])]
    found += [gw.ragged.concatenated([scaled, y], 1), gw.ragged.scan(lambda c, e: (c, e * scale), gw.Tensor(np.zeros((1, 1))), x)[1]]
    for result in found:
        (whole,), (right,) = (gw.grad(value, [scale]) for value in (gw.reduce_sum(result.flat * 3), gw.ragged.sum_of_all(result * 3)))
        np.testing.assert_allclose(whole.numpy(), right.numpy())


def test_infinities_of_a_row() -> None:
    x = gw.ragged.from_rows([[-np.inf, -np.inf], [np.inf, 1.0], [], [2.0]])
    assert gw.ragged.row_logsumexp(x).tolist() == [-np.inf, np.inf, -np.inf, 2]


def test_means_weigh_and_count_elements_alone() -> None:
    x, weights = gw.ragged.from_rows([[1.0, 2.0], [], [6.0]]), gw.ragged.from_rows([[1.0, 0.0], [], [3.0]])
    assert gw.ragged.mean_of_all(x).item() == 3
    assert gw.ragged.mean_of_all(x, weights).item() == 4.75
    assert gw.ragged.mean_of_all(spoiled(of(drawn((2, 2)))) * 0 + 2).item() == 2
    assert gw.ragged.to_elements(gw.ragged.row_sum(x), x).tolist() == [[3, 3], [], [6]]
    assert gw.ragged.row_sum(gw.ragged.from_rows([[1, 2], []], np.int64)).tolist() == [3, 0]
    with pytest.raises(DTypeError, match="bool"):
        gw.ragged.row_sum(gw.ragged.from_rows([[True]]))
    with pytest.raises(DTypeError, match="floats"):
        gw.ragged.row_mean(gw.ragged.from_rows([[1]], np.int64))


def test_a_metric_counts_elements_alone_over_batches() -> None:
    right, random = Mean(), np.random.default_rng(0)

    @gw.compile
    def update(logits: Ragged, labels: Ragged) -> None:
        hits = logits.map(lambda z, k: gw.cast(gw.equal(gw.argmax(z), k), np.float32), labels)
        right.update_samples(hits.flat, gw.cast(hits.in_use, np.float32))

    found = []
    for lengths in ((2, 0, 5), (4, 4, 1)):
        logits, labels = drawn(lengths), [random.integers(0, 3, n) for n in lengths]
        update(spoiled(of(logits)), spoiled(gw.ragged.from_rows(labels, np.int64)))
        found += [row.argmax(1) == label for row, label in zip(logits, labels, strict=True)]
    assert np.isclose(right.result(), np.concatenate(found).mean())


def test_narrow_floats_are_rounded_once() -> None:
    row = (np.random.default_rng(0).uniform(10, 20, 3000) * np.repeat([1, -1], 1500)).astype(np.float16)
    x = gw.ragged.from_rows([row])
    exact = row.astype(np.float64)
    assert gw.ragged.row_sum(x).numpy()[0] == np.float16(exact.sum())
    assert gw.ragged.row_mean(x).numpy()[0] == np.float16(exact.mean())
    assert gw.ragged.mean_of_all(x).numpy() == np.float16(exact.mean())


def test_arithmetic_is_that_of_elements() -> None:
    x = gw.ragged.from_rows([[1.0, 2.0], [], [4.0]])
    y = x.with_flat(x.flat + 1)
    found = [x + 1, 1 + x, x - 1, 1 - x, x * 2, 2 * x, x / 2, 2 / x, -x, x + y, x - y, x * y, x / y]
    row = np.array([1.0, 2.0])
    expected = [row + 1, 1 + row, row - 1, 1 - row, row * 2, 2 * row, row / 2, 2 / row, -row]
    expected += [row + row + 1, row * 0 - 1, row * (row + 1), row / (row + 1)]
    for result, right in zip(found, expected, strict=True):
        np.testing.assert_allclose(rows_of(result)[0], right, rtol=1e-6)


@pytest.mark.parametrize("compiled", [False, True])
def test_elements_broadcast_against_elements_whatever_the_capacity(*, compiled: bool) -> None:
    """Element by element by NumPy.  There are as many elements of a row, and as much room, as numbers in an element of some."""
    lengths = (3, 0, 13)
    shapes = ((), (1,), (16,), (2, 16))
    values = [(element, drawn(lengths, element, seed=seed)) for seed, element in enumerate(shapes)]
    ragged = [spoiled(of(rows, element, capacity=16)) for element, rows in values]
    pairs = list(product(range(len(shapes)), repeat=2))

    def all_of(values: list[Ragged]) -> list[Any]:
        weighted = [gw.ragged.mean_of_all(values[a], values[b] * values[b]) for a, b in pairs]
        return [[op(values[a], values[b]) for op in (operator.sub, operator.mul) for a, b in pairs], weighted]

    made, means = (gw.compile(all_of) if compiled else all_of)(ragged)
    for x, (op, (a, b)) in zip(made, product((np.subtract, np.multiply), pairs), strict=True):
        want = [[op(*pair) for pair in zip(*rows, strict=True)] for rows in zip(values[a][1], values[b][1], strict=True)]
        assert x.element_shape == np.broadcast_shapes(shapes[a], shapes[b])
        for row, expected in zip(rows_of(x), want, strict=True):
            np.testing.assert_array_equal(row, np.array(expected).reshape(row.shape))
    for mean, (a, b) in zip(means, pairs, strict=True):
        flats = [[element for row in values[k][1] for element in row] for k in (a, b)]
        terms = [np.broadcast_arrays(x, w * w) for x, w in zip(*flats, strict=True)]
        np.testing.assert_allclose(mean.numpy(), sum((x * w).sum() for x, w in terms) / sum(w.sum() for _, w in terms), rtol=1e-9)


def test_what_each_row_has_is_one_entry_a_row() -> None:
    x = of(drawn((2, 3)))
    for shape in ((), (1,), (3,)):
        with pytest.raises(ShapeError, match="one entry for each row"):
            gw.ragged.to_elements(gw.Tensor(np.zeros(shape)), x)
