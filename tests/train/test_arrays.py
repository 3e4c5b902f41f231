"""Batches: an order that (seed, epoch) decides, and can be entered in the middle."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradwerk.base.errors import ArgumentError, DataError, DTypeError, ShapeError
from gradwerk.train.arrays import ArrayBatches
from gradwerk.train.checks import as_data, check_finite, check_labels, check_lengths


@settings(max_examples=60, deadline=None)
@given(count=st.integers(1, 60), size=st.integers(1, 70), seed=st.none() | st.integers(0, 2**40), epoch=st.integers(0, 9), data=st.data())
def test_an_epoch_is_every_example_once_and_the_same_from_any_batch_on(
    count: int, size: int, seed: int | None, epoch: int, data: st.DataObject
) -> None:
    x = np.arange(count, dtype=np.float64)
    batches = ArrayBatches((x, x.astype(np.int64)), size, seed=seed, dtypes=(np.float32, np.int32))
    whole = list(batches.epoch(epoch))
    assert len(whole) == len(batches)
    assert [len(a) for a, _ in whole[:-1]] == [size] * (len(batches) - 1)
    assert all(a.dtype == np.float32 and b.dtype == np.int32 and np.array_equal(a, b) for a, b in whole)
    assert sorted(np.concatenate([a for a, _ in whole])) == list(range(count))
    first = data.draw(st.integers(0, len(batches)))
    for (a, _), (b, _) in zip(batches.epoch(epoch, first), whole[first:], strict=True):
        assert a.tobytes() == b.tobytes()


def test_epochs_differ_and_seeds_differ() -> None:
    x = np.arange(50)
    orders = {tuple(next(iter(ArrayBatches((x,), 50, seed=seed).epoch(epoch)))[0]) for seed in range(3) for epoch in range(3)}
    assert len(orders) == 9


def test_batches_share_no_memory_with_the_data() -> None:
    x = np.zeros(8, np.float32)
    (batch,) = next(iter(ArrayBatches((x,), 8).epoch(0)))
    batch += 1
    assert not x.any()


@pytest.mark.parametrize("size", [0, -1, 2.0, True, None])
def test_a_batch_size_is_a_positive_integer(size: object) -> None:
    with pytest.raises(ArgumentError, match="batch size"):
        ArrayBatches((np.zeros(3),), size)


def test_what_cannot_be_trained_on_is_refused() -> None:
    with pytest.raises(DTypeError, match="not numbers"):
        as_data(["a", "b"], "x")
    with pytest.raises(DTypeError, match="rectangular"):
        as_data([[1, 2], [3]], "x")
    with pytest.raises(DTypeError, match="not numbers"):
        as_data(np.array([None, 1]), "x")
    with pytest.raises(DataError, match="x is empty"):
        as_data([], "x")
    with pytest.raises(ShapeError, match="x and y differ"):
        check_lengths(x=np.zeros(3), y=np.zeros(4), sample_weight=None)
    with pytest.raises(ShapeError, match="no examples axis"):
        check_lengths(x=np.zeros(()))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_the_first_bad_number_is_named(bad: float) -> None:
    x = np.ones((4, 3), np.float32)
    check_finite(x, "x")
    check_finite(np.full(1000, 3e38, np.float32), "x")
    check_finite(np.arange(3), "x")
    x[2, 1] = x[3, 0] = bad
    with pytest.raises(DataError, match=r"first at \[2, 1\]; 2 such"):
        check_finite(x, "x")


def test_labels_are_classes() -> None:
    check_labels(np.array([0, 2, 1], np.uint8), 3)
    check_labels(np.array([[0.0], [2.0]]), 3)
    with pytest.raises(DataError, match=r"label 3, outside 0..2 \(do they start at 1\?\)"):
        check_labels(np.array([1, 2, 3]), 3)
    with pytest.raises(DataError, match=r"label -1, outside"):
        check_labels(np.array([0, -1]), 3)
    with pytest.raises(DTypeError, match="fractions"):
        check_labels(np.array([0.5]), 3)
