"""Loops over the elements of rows: as each row by itself, forward and backward; nothing new is planned for lengths never seen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradwerk as gw
from gradwerk.base.errors import ArgumentError, ShapeError, TraceError
from gradwerk.base.events import listening
from gradwerk.nn.embedding import embedding
from gradwerk.ragged.lanes import packed, quickest
from gradwerk.ragged.value import Ragged
from tests.ragged.rows import LENGTHS, Array, drawn, of, rows_of, slope, spoiled

UNITS = 2


def sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


def lstm_row(row: Array, w: list[Array], states: tuple[Array, Array]) -> tuple[Array, ...]:
    (h, c), steps = states, []
    for x in row:
        i, f, g, o = np.split(x @ w[0] + w[2] + h @ w[1], 4)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        steps.append(h)
    return np.array(steps).reshape(-1, UNITS), h, c


def gru_row(row: Array, w: list[Array], states: tuple[Array, Array]) -> tuple[Array, ...]:
    h, steps = states[0], []
    for x in row:
        (r, z, n), (u, v, m) = np.split(x @ w[0] + w[2], 3), np.split(h @ w[1] + w[3], 3)
        r, z = sigmoid(r + u), sigmoid(z + v)
        h = (1 - z) * np.tanh(n + r * m) + z * h
        steps.append(h)
    return np.array(steps).reshape(-1, UNITS), h


def simple_row(row: Array, w: list[Array], states: tuple[Array, Array]) -> tuple[Array, ...]:
    h, steps = states[0], []
    for x in row:
        h = np.tanh(x @ w[0] + w[2] + h @ w[1])
        steps.append(h)
    return np.array(steps).reshape(-1, UNITS), h


KINDS: dict[str, tuple[Callable[..., Any], Callable[..., Any], int, int]] = {
    "lstm": (gw.ragged.lstm, lstm_row, 4, 3),
    "gru": (gw.ragged.gru, gru_row, 3, 4),
    "simple_rnn": (gw.ragged.simple_rnn, simple_row, 1, 3),
}
"""Of each recurrence: its function, one row of it, its gates, its weights."""


def weights_of(gates: int, count: int) -> list[Array]:
    random = np.random.default_rng(0)
    shapes = ((3, gates * UNITS), (UNITS, gates * UNITS), (gates * UNITS,), (gates * UNITS,))
    return [random.standard_normal(shape) for shape in shapes[:count]]


@pytest.mark.parametrize("kind", KINDS)
def test_each_row_is_as_if_it_were_alone(kind: str) -> None:
    function, row_of, gates, count = KINDS[kind]
    w = weights_of(gates, count)
    given = [gw.Tensor(a) for a in w]

    @gw.compile
    def run(x: Ragged, h: Any, *, reverse: bool) -> Any:
        return function(x, *given, h=h, reverse=reverse)

    for number, lengths in enumerate(((3, 0, 1, 17, 4), (0, 0, 0, 0, 5), (13, 2, 1, 1, 1), (0,) * 5, (), (7, 7, 7, 0, 7), (1,))):
        rows = drawn(lengths)
        x = gw.ragged.in_lanes(spoiled(of(rows, capacity=28)), 4, steps=18)
        h = np.random.default_rng(1).standard_normal((len(rows), UNITS)) if number < 5 else None
        reverse = number in (1, 2, 6)
        steps, *last = run(x, None if h is None else gw.Tensor(h), reverse=reverse)
        for k, row in enumerate(rows):
            start = (np.zeros(UNITS) if h is None else h[k], np.zeros(UNITS))
            ys, *ends = row_of(row[::-1] if reverse else row, w, start)
            np.testing.assert_allclose(rows_of(steps)[k], ys[::-1] if reverse else ys, rtol=1e-9, atol=1e-12)
            for end, found in zip(ends, last, strict=True):
                np.testing.assert_allclose(found.numpy()[k], end, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_are_those_of_the_rows(kind: str) -> None:
    function, row_of, gates, count = KINDS[kind]
    w, rows = weights_of(gates, count), drawn((3, 0, 1, 6, 2))
    random = np.random.default_rng(2)
    h, end, each = random.standard_normal((5, UNITS)), random.standard_normal((5, UNITS)), random.standard_normal(UNITS)
    x = gw.ragged.in_lanes(spoiled(of(rows)), 2)

    @gw.compile
    def loss(flat: gw.Tensor, h: gw.Tensor, *w: gw.Tensor) -> Any:
        steps, last, *_ = function(x._replace(flat=flat), *w, h=h)
        made = gw.ragged.sum_of_all(steps * gw.Tensor(each)) + gw.reduce_sum(last * gw.Tensor(end))
        return made, gw.grad(made, [flat, h, *w])

    def by_hand(flat: Array, h: Array, *w: Array) -> float:
        parts = np.split(flat[:12], np.cumsum([len(row) for row in rows])[:-1])
        found = [row_of(part, list(w), (h[k], np.zeros(UNITS))) for k, part in enumerate(parts)]
        return float(sum((ys * each).sum() + last @ end[k] for k, (ys, last, *_) in enumerate(found)))

    given = [np.where(np.arange(16)[:, None] < 12, x.flat.numpy(), 0), h, *w]
    value, gradients = loss(*(gw.Parameter(a) for a in (x.flat.numpy(), *given[1:])))
    assert np.isclose(float(value), by_hand(*given))
    for k, gradient in enumerate(gradients):
        direction = random.standard_normal(given[k].shape)
        direction[12:] = 0 if k == 0 else direction[12:]
        expected = slope(lambda a, k=k: by_hand(*given[:k], a, *given[k + 1 :]), given[k], direction)
        assert np.isclose((np.where(direction == 0, 0, gradient.numpy()) * direction).sum(), expected, rtol=1e-5), k


def test_a_row_has_its_bits_in_any_batch() -> None:
    """Its results and its gradient: in the kernels of one lane, of fewer than a tile has, and of more."""
    w = [gw.Tensor(a.astype(np.float32)) for a in weights_of(4, 3)]

    @gw.compile
    def run(x: Ragged) -> Any:
        steps, h, c = gw.ragged.lstm(x, *w)
        return steps, h, c, gw.grad(gw.ragged.sum_of_all(steps * steps) + gw.reduce_sum(c), [x.flat])[0]

    rows = drawn((5, 9, 2, 17), dtype=np.float32)
    bits: dict[bytes, set[tuple[bytes, ...]]] = {}
    for batch, lanes in ((rows[:1], 1), (rows[:2], 2), (rows, 4), (rows[::-1] * 3, 7)):
        x = gw.ragged.in_lanes(spoiled(of(batch, dtype=np.float32)), lanes)
        x = x._replace(flat=gw.Parameter(x.flat.numpy()))
        steps, h, c, gradient = run(x)
        parts = rows_of(steps), h.numpy(), c.numpy(), rows_of(x.with_flat(gradient))
        for k, row in enumerate(batch):
            bits.setdefault(row.tobytes(), set()).add(tuple(part[k].tobytes() for part in parts))
    assert [len(seen) for seen in bits.values()] == [1] * 4


def test_a_row_that_is_not_finite_spoils_no_other() -> None:
    w = [gw.Tensor(a) for a in weights_of(4, 3)]
    rows = drawn((3, 4, 2))
    rows[1][2] = np.nan
    x = gw.ragged.in_lanes(of(rows), 1)

    @gw.compile
    def of_two(flat: gw.Tensor) -> Any:
        _, h, _ = gw.ragged.lstm(x._replace(flat=flat), *w)
        return gw.grad(gw.reduce_sum(h[0]) + gw.reduce_sum(h[2]), [flat])

    gradient = of_two(gw.Parameter(x.flat.numpy()))[0].numpy()
    others = gradient[[0, 1, 2, 7, 8]]
    assert np.isfinite(others).all()
    assert (others != 0).all()
    assert (gradient[9:] == 0).all()


def test_rows_without_elements_give_weights_no_gradient() -> None:
    w = [gw.Parameter(a) for a in weights_of(3, 4)]
    steps, h = gw.ragged.gru(spoiled(of(drawn((0, 0)))), *w)
    assert h.tolist() == [[0] * UNITS] * 2
    assert all((gradient.numpy() == 0).all() for gradient in gw.grad(gw.ragged.sum_of_all(steps) + gw.reduce_sum(h), w))


@pytest.mark.parametrize("kind", KINDS)
def test_what_comes_before_a_recurrence_is_a_map(kind: str) -> None:
    function, _, gates, count = KINDS[kind]
    w = [gw.Parameter(a) for a in weights_of(gates, count)]
    table = gw.Parameter(np.random.default_rng(1).standard_normal((5, 3)))
    ids = gw.ragged.in_lanes(spoiled(gw.ragged.from_rows([[4, 1], [], [2, 2, 3]], np.int64)), 2)
    ways = [function(ids, *w, before=lambda k: embedding(k, table)), function(ids.map(lambda k: embedding(k, table)), *w)]
    one, other = ([steps.flat, h, *gw.grad(gw.ragged.sum_of_all(steps * steps) + gw.reduce_sum(h), [table, *w])] for steps, h, *_ in ways)
    for a, b in zip(one, other, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-9, atol=1e-12)


def test_a_scan_of_any_step() -> None:
    rows = drawn((3, 0, 2))
    x = gw.ragged.from_rows(rows)
    first = {"sum": gw.Tensor(np.zeros((1, 3))), "count": gw.Tensor(np.array([10, 20, 30]))}

    def step(carry: Any, element: gw.Tensor) -> Any:
        new = {"sum": carry["sum"] + element, "count": carry["count"] + 1}
        return new, (new["sum"], carry["count"])

    last, (sums, counts) = gw.ragged.scan(step, first, x)
    assert last["count"].tolist() == [13, 20, 32]
    np.testing.assert_allclose(last["sum"].numpy(), [row.sum(0) for row in rows])
    assert counts.tolist() == [[10, 11, 12], [], [30, 31]]
    np.testing.assert_allclose(rows_of(sums)[2], np.cumsum(rows[2], 0))
    last, none = gw.ragged.scan(lambda c, e: (c * 2, None), gw.Tensor(np.ones((1,))), x, reverse=True)
    assert none is None
    assert last.tolist() == [8, 1, 4]
    with pytest.raises(ShapeError, match="one entry a row"):
        gw.ragged.scan(step, first | {"count": gw.Tensor(np.array([1, 2]))}, x)


def test_lengths_never_seen_plan_nothing() -> None:
    w = [gw.Tensor(a.astype(np.float32)) for a in weights_of(4, 3)]

    @gw.compile
    def run(x: Ragged) -> Any:
        steps, h, _ = gw.ragged.lstm(x, *w)
        loss = gw.ragged.sum_of_all(steps * steps) + gw.reduce_sum(gw.ragged.row_max(x)) + gw.reduce_sum(h)
        return loss, gw.grad(loss, w)

    random = np.random.default_rng(0)

    def batch() -> Ragged:
        lengths = random.integers(8, 13, 8)
        return gw.ragged.in_lanes(of(drawn(lengths, dtype=np.float32), dtype=np.float32, capacity=112), 4, steps=28)

    for w_ in w:
        w_.requires_grad = True
    run(batch())
    made: list[str] = []
    with listening("program", lambda **facts: made.append("program")), listening("kernel", lambda **facts: made.append("kernel")):
        totals = {int(one.total) for one in (batch() for _ in range(30)) if run(one)}
    assert made == []
    assert len(totals) > 5
    assert len(run.specializations) == 1  # type: ignore[attr-defined]


def test_lanes_are_filled_evenly_and_hold_every_element_once() -> None:
    for lengths in LENGTHS:
        x = gw.ragged.in_lanes(of(drawn(lengths)))
        assert x.lanes is not None
        source, place = x.lanes.source.numpy(), x.lanes.place.numpy()
        assert sorted(source[source >= 0].tolist()) == list(range(sum(lengths)))
        assert (source.ravel()[place[: sum(lengths)]] == np.arange(sum(lengths))).all()
        assert (place[sum(lengths) :] == -1).all()
        assert x.lanes.first.numpy().sum() == (source < 0).sum() + np.count_nonzero(lengths)
    lengths = np.random.default_rng(0).integers(7, 30, 64)
    _, most = packed(lengths, 20)
    assert most <= 1.1 * lengths.sum() / 20
    assert [quickest(*pair) for pair in ((0, 0), (506, 29), (427, 29), (854, 29), (100_000, 10))] == [6, 18, 12, 30, 9996]
    assert gw.ragged.lanes_for(lengths, 32) == gw.ragged.lanes_for(gw.Tensor(lengths), 32)
    y = of(drawn((1,)))
    assert (y + gw.ragged.in_lanes(y)).lanes is not None
    with pytest.raises(ArgumentError, match="at least one lane"):
        gw.ragged.in_lanes(x, 0)
    with pytest.raises(ArgumentError, match="3 steps of 2 lanes do not hold"):
        gw.ragged.in_lanes(of(drawn((4, 1))), 2, steps=3)
    with pytest.raises(TraceError, match="know their lengths"):
        gw.compile(lambda v: gw.ragged.scan(lambda c, e: (c, None), gw.Tensor([[0.0]]), v))(of(drawn((4, 1))))
