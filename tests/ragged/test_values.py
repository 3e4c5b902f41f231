"""Ragged values: what goes in comes out, however it is given, and what is no ragged value is refused by name."""

from __future__ import annotations

import copy
from types import SimpleNamespace

import numpy as np
import pytest

import gradwerk as gw
from gradwerk.base.errors import (
    ArgumentError,
    ArgumentTypeError,
    DTypeError,
    IndexDataError,
    OutOfRangeError,
    ShapeError,
    TraceError,
)
from gradwerk.ragged.build import bucket, rounded_up
from tests.ragged.rows import LENGTHS, drawn, of, rows_of, spoiled


@pytest.mark.parametrize("lengths", LENGTHS)
def test_rows_come_back_from_every_form(lengths: tuple[int, ...]) -> None:
    rows = drawn(lengths)
    x = spoiled(of(rows))
    rectangle, mask = gw.ragged.padded(x, value=-1)
    assert rectangle.shape == (len(lengths), max(lengths, default=0), 3)
    assert (mask.numpy().sum(1) == lengths).all()
    assert (rectangle.numpy()[~mask.numpy()] == -1).all()
    forms = [x, gw.ragged.from_padded(rectangle, lengths), gw.ragged.from_padded(rectangle.numpy(), x.lengths)]
    forms += [gw.ragged.from_splits(np.concatenate([*rows, np.zeros((0, 3))]), x.splits)]
    if lengths and 0 not in lengths:
        packed = gw.ragged.to_packed(x)
        forms += [gw.ragged.from_packed(packed), gw.ragged.from_packed(SimpleNamespace(**packed._asdict()))]
    if any(lengths):
        forms += [gw.ragged.from_rows([row.tolist() if len(row) else [] for row in rows], np.float64)]
        forms += [gw.ragged.from_rows(rows), gw.ragged.from_rows([gw.Tensor(row) for row in rows])]
    for form in forms:
        assert form.row_count == len(lengths)
        assert form.tolist() == [row.tolist() for row in rows]
        assert int(form.total) == sum(lengths)
        assert form.capacity >= sum(lengths)


def test_a_packed_sequence_has_the_order_of_torch() -> None:
    packed = gw.ragged.to_packed(gw.ragged.from_rows([[1, 2], [3, 4, 5], [6]]))
    assert packed.data.tolist() == [3, 1, 6, 4, 2, 5]
    assert packed.batch_sizes.tolist() == [3, 2, 1]
    assert packed.sorted_indices.tolist() == [1, 0, 2]
    assert packed.unsorted_indices.tolist() == [1, 0, 2]
    with pytest.raises(ArgumentError, match="row 1 is empty"):
        gw.ragged.to_packed(gw.ragged.from_rows([[1], []], np.int64))


def test_the_tail_is_a_fifth_at_most_and_an_octave_has_four_capacities() -> None:
    rooms = {n: bucket(n) for n in range(17, 5000)}
    assert all(n <= room < 1.26 * n for n, room in rooms.items())
    assert len({room for n, room in rooms.items() if 1024 < n <= 2048}) == 4
    assert (bucket(0), bucket(16)) == (16, 16)
    assert [rounded_up(n, 8) for n in (1, 9, 16, 17, 29, 30, 31)] == [1, 9, 16, 18, 30, 30, 32]


def test_one_row_is_asked_for_by_its_number() -> None:
    x = gw.ragged.from_rows(row for row in ([1.0, 2.0], [], [3.0]))
    assert [x[k].tolist() for k in (0, 1, 2, -1, -3)] == [[1, 2], [], [3], [3], [1, 2]]
    for wrong, kind in ((3, OutOfRangeError), (-4, OutOfRangeError), (slice(1), ArgumentTypeError), ("a", ArgumentTypeError)):
        with pytest.raises(kind):
            x[wrong]
    same = copy.deepcopy(x)
    assert isinstance(same, type(x))
    assert same.tolist() == x.tolist()
    first, *_ = gw.compile(lambda v: v._replace(flat=v.flat * 2))(x)
    assert first.tolist()[:3] == [2, 4, 6]


def test_gradients_flow_back_into_rows_and_rectangles() -> None:
    rows = [gw.Tensor(row, requires_grad=True) for row in drawn((2, 0, 3))]
    weights = gw.Tensor(np.arange(15, dtype=np.float64).reshape(5, 3))
    x = gw.ragged.from_rows(rows)
    (gw.ragged.sum_of_all(x.with_flat(x.flat * gw.pad(weights, (0, 0), (x.capacity - 5, 0))))).backward()
    assert rows[0].grad is not None
    assert rows[2].grad is not None
    assert np.concatenate([rows[0].grad.numpy(), rows[2].grad.numpy()]).tolist() == weights.tolist()
    flat = gw.Tensor(np.ones((3, 2)), requires_grad=True)
    made = gw.ragged.from_padded(gw.ragged.padded(gw.ragged.from_lengths(flat, [1, 2]), 4)[0], [1, 2])
    gw.ragged.sum_of_all(made * 2).backward()
    assert flat.grad is not None
    assert flat.grad.tolist() == [[2, 2]] * 3


def test_what_is_no_ragged_value_is_refused_by_name() -> None:
    ragged, ones = gw.ragged, np.ones
    cases = [
        (ShapeError, "row 1 has elements of another shape", lambda: ragged.from_rows([ones((2, 3)), ones((1, 4))])),
        (DTypeError, "row 2 has another dtype", lambda: ragged.from_rows([ones(2), ones(1), np.ones(1, np.int64)])),
        (ShapeError, "row 0 is a single number", lambda: ragged.from_rows([1.0])),
        (DTypeError, "row 1", lambda: ragged.from_rows([[1.0], ["a"]])),
        (ShapeError, "row 0", lambda: ragged.from_rows([[[1.0], [1.0, 2.0]]])),
        (ArgumentError, "row splits fall at row 1, from 3 to 2", lambda: ragged.from_splits(ones(3), [0, 3, 2, 3])),
        (ArgumentError, "not as many elements", lambda: ragged.from_splits(ones(4), [0, 3])),
        (ArgumentError, "begin at 0", lambda: ragged.from_splits(ones(4), [1, 4])),
        (ArgumentError, "a capacity of 2 does not hold 3", lambda: ragged.from_splits(ones(3), [0, 3], capacity=2)),
        (DTypeError, "whole numbers", lambda: ragged.from_splits(ones(3), [0.0, 3.0])),
        (ShapeError, "one number more", lambda: ragged.from_splits(ones(3), [])),
        (ArgumentError, "the length of row 1 is -1", lambda: ragged.from_lengths(ones(1), [2, -1])),
        (ShapeError, "one number each", lambda: ragged.from_lengths(ones(1), [[1]])),
        (ArgumentError, "row 1 has 3 elements, the rectangle has room for 2", lambda: ragged.from_padded(ones((2, 2)), [1, 3])),
        (ShapeError, "one length a row", lambda: ragged.from_padded(ones((2, 2)), [1])),
        (ArgumentTypeError, "a packed sequence has data", lambda: ragged.from_packed(3)),
        (ArgumentTypeError, "expected a ragged value, not list", lambda: ragged.scan(lambda c, x: (c, None), ones(1), [])),
        (ArgumentError, "nothing to concatenate", lambda: ragged.concatenated([])),
        (ArgumentTypeError, "numbers, Tensors and ragged values", lambda: ragged.from_rows([[1.0]]) + (1, 2)),
        (ShapeError, "broadcast against one element", lambda: ragged.from_rows([[1.0]]) * gw.Tensor([1.0])),
        (ShapeError, "flat values of these rows have 16", lambda: ragged.from_rows([[1.0]]).with_flat(gw.Tensor([1.0]))),
        (IndexDataError, "length of a row 3", lambda: ragged.padded(ragged.from_rows([[1, 2, 3]]), 2)),
    ]
    for kind, message, attempt in cases:
        with pytest.raises(kind, match=message):
            attempt()


@pytest.mark.parametrize("compiled", [False, True])
def test_values_of_other_rows_do_not_meet(*, compiled: bool) -> None:
    a, b, c = (gw.ragged.from_rows([[1.0] * n for n in lengths]) for lengths in ((2, 1), (1, 2), (1, 1, 1)))
    add = gw.compile(lambda a, b: a + b) if compiled else lambda a, b: a + b
    assert add(a, gw.ragged.from_rows([[1.0, 2.0], [3.0]])).tolist() == [[2, 3], [4]]
    with pytest.raises(IndexDataError, match="are apart by"):
        add(a, b)
    with pytest.raises(ShapeError, match="the same rows"):
        add(a, c)


def test_lengths_are_not_asked_under_trace() -> None:
    x = gw.ragged.from_rows([[1.0]])
    for ask in (lambda v: v.rows(), lambda v: gw.ragged.padded(v), lambda v: gw.ragged.in_lanes(v)):
        with pytest.raises(TraceError):
            gw.compile(ask)(x)


def test_it_shows_its_rows() -> None:
    x = gw.ragged.from_rows([[1, 2], [], [3]], np.int64)
    assert repr(x) == "Ragged([\n  [1 2],\n  [],\n  [3]\n], 3 rows, 3 elements of int64[], room for 16)"
    assert "..." in repr(gw.ragged.from_rows([[1.0]] * 10))
    seen = []
    gw.compile(lambda v: (seen.append(str(v)), v + 1)[1])(x)
    assert seen == ["Ragged(traced, 3 rows in 16 elements of int64[])"]


@pytest.mark.parametrize(("a", "b"), [((2, 0, 3), (1, 4, 0)), ((0, 0), (0, 1)), ((5,), (6,)), ((), ())])
def test_concatenation_along_each_axis(a: tuple[int, ...], b: tuple[int, ...]) -> None:
    one, other = drawn(a), drawn(b, seed=1)
    x, y = spoiled(of(one)), spoiled(of(other))
    rows, elements = gw.compile(lambda x, y: (gw.ragged.concatenated([x, y, x]), gw.ragged.concatenated([x, y], 1)))(x, y)
    assert rows.tolist() == [row.tolist() for row in one + other + one]
    assert elements.tolist() == [np.concatenate(pair).tolist() for pair in zip(one, other, strict=True)]
    assert [row.shape[1:] for row in rows_of(gw.ragged.concatenated([x, x * 2], -1))] == [(6,)] * len(a)
    weights = gw.Tensor(np.array(2.0), requires_grad=True)
    gw.ragged.sum_of_all(gw.ragged.concatenated([x * weights, y], 1)).backward()
    assert weights.grad is not None
    assert np.isclose(weights.grad.item(), sum(row.sum() for row in one))
