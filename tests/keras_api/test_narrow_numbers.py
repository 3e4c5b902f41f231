"""Labels in dtypes that hold few numbers, beside more classes than these can count; bytes whose products are larger than bytes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gradwerk.base.errors import DTypeError
from gradwerk.keras import layers, ops, random
from gradwerk.nn.encoding import bin_of
from gradwerk.nn.margin_loss import multilabel_margin
from gradwerk.ops import functions
from gradwerk.ops.source import arange
from gradwerk.tensor.tensor import Tensor

LABELS = np.array([[0, 1, 44], [100, 127, 3]])
SCORES = np.linspace(-1, 1, 600, dtype=np.float32).reshape(2, 300)
ENCODERS: dict[str, Callable[[Any], Any]] = {
    "ops.one_hot": lambda labels: ops.one_hot(labels, 300),
    "ops.one_hot, another axis": lambda labels: ops.one_hot(labels, 300, axis=0),
    "ops.multi_hot": lambda labels: ops.multi_hot(labels, 300),
    "one_hot": lambda labels: layers.CategoryEncoding(300, "one_hot")(labels),
    "multi_hot": lambda labels: layers.CategoryEncoding(300, "multi_hot")(labels),
    "count": lambda labels: layers.CategoryEncoding(300, "count")(labels),
    "pick": lambda labels: functions.pick(SCORES, Tensor(labels[:, 0])),
    "cross-entropy": lambda labels: ops.sparse_categorical_crossentropy(labels[:, 0], SCORES, from_logits=True),
}


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "uint16", "int32", "uint32", "uint64"])
@pytest.mark.parametrize("name", ENCODERS)
def test_narrow_labels_are_those_of_wide_ones(name: str, dtype: str) -> None:
    """uint8 counts 256 as 0 again: class 0 was also class 256."""
    wide, narrow = (np.asarray(ENCODERS[name](LABELS.astype(kind))) for kind in ("int64", dtype))
    np.testing.assert_array_equal(wide, narrow)


def test_labels_of_a_loss_of_several_are_counted_far_enough() -> None:
    """The law that the next place fails by: no iota of a dtype that does not hold its last number."""
    with pytest.raises(DTypeError, match="uint8 cannot count to 299"):
        arange(300, np.dtype("uint8"), like=LABELS)
    np.testing.assert_array_equal(np.asarray(arange(256, np.dtype("uint8"), like=LABELS)), np.arange(256, dtype=np.uint8))
    labels = np.full((2, 300), -1)
    labels[:, :2] = LABELS[:, :2]
    found = [np.asarray(multilabel_margin(SCORES, labels.astype(kind))) for kind in ("int64", "int8")]
    np.testing.assert_array_equal(*found)


def test_products_of_bytes_are_added_up_in_int32() -> None:
    x = np.full(200, 100, np.int8)
    found = ops.einsum("i,i->", x, x)
    assert (int(found), str(found.dtype)) == (2_000_000, "int32")


def test_nan_stands_behind_all_boundaries() -> None:
    """As in a search, which is how Keras finds the bin."""
    x = np.array([-np.inf, 0.5, np.nan, np.inf], np.float32)
    assert np.asarray(layers.Discretization([0.0, 1.0, 2.0])(x)).tolist() == [0, 1, 3, 3]
    assert np.asarray(bin_of(x, np.zeros(0))).tolist() == [0, 0, 0, 0]


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int32"])
def test_weights_of_counts_in_any_dtype(dtype: str) -> None:
    weights = np.array([[1, 2, 3, 4]], dtype)
    found = layers.CategoryEncoding(4, "count")(np.array([[0, 1, 1, 3]]), count_weights=weights)
    assert (np.asarray(found).tolist(), str(found.dtype)) == ([[1.0, 5.0, 0.0, 4.0]], "float32")


@pytest.mark.parametrize("draw", [random.normal, random.uniform, random.truncated_normal], ids=lambda draw: draw.__name__)
def test_shapes_that_are_drawn_have_no_negative_extents(draw: Any) -> None:
    with pytest.raises(ValueError, match=r"an extent is not negative, the shape is \(2, -1\)"):
        draw((2, -1))
