"""What is said of texts where numbers are asked for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradwerk import keras, torch
from gradwerk.base.errors import DataError, DTypeError, GradwerkError
from gradwerk.base.texts import numbered

X, NAMES = np.ones((4, 2), np.float32), ["ant", "bee", "ant", "fly"]
UNIQUE = "np.unique(y, return_inverse=True)[1]"


class NAType:
    """Of pandas: what is missing, of which nothing can be asked."""

    def __bool__(self) -> bool:
        raise TypeError("boolean value of NA is ambiguous")

    def __eq__(self, other: object) -> Any:
        return self

    __hash__ = object.__hash__


@pytest.mark.parametrize(("values", "classes", "says"), [
    (NAMES, True, f"names of classes as numbers: {UNIQUE}"), (np.array(NAMES, object), True, f"names of classes as numbers: {UNIQUE}"),
    ([b"ant", b"bee"], True, f"names of classes as numbers: {UNIQUE}"), (NAMES, False, ""),
    (["1", "2.5"], True, "np.asarray(y, 'float32')"),
    (np.array(["1", "2"], object), False, "np.asarray(y, 'float32')"), (np.array(["1", None], object), False, ""),
    (np.array(["ant", None, "bee"], object), True, f"drop the rows without a class, then {UNIQUE}"),
    (np.array(["ant", float("nan")], object), True, f"drop the rows without a class, then {UNIQUE}"),
    (np.array(["ant", NAType()], object), True, f"drop the rows without a class, then {UNIQUE}"),
    (np.array(["ant", 3], object), True, ""), (np.array([None, None], object), True, ""), (np.array([[1], "a"], object), True, ""),
    (np.array([], "U1"), True, ""),
])  # fmt: skip
def test_what_to_write(values: Any, classes: bool, says: str) -> None:
    array = np.asarray(values)
    assert numbered(array, "y", classes=classes) == says
    if says and "drop" not in says:
        found = eval(says.rpartition(": ")[2], {"np": np, "y": values})
        assert found.dtype.kind in "fi" and len(found) == len(array)


def test_only_y_names_classes() -> None:
    def said(*data: Any) -> str:
        model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3, "softmax")])
        model.compile("sgd", "sparse_categorical_crossentropy")
        with pytest.raises(DTypeError) as error:
            model.fit(*data, verbose=0)
        return error.value.likely

    names = np.array(NAMES, object)
    assert said(X, names) == said(X, NAMES) == f"names of classes as numbers: {UNIQUE}"
    assert said(names[:, None].repeat(2, 1), np.zeros(4)) == "convert text to numbers first, and fill what is missing"
    assert said(np.array(NAMES)[:, None].repeat(2, 1), np.zeros(4)) == "convert text to numbers first"
    assert said(X, np.array(["ant", None, "ant", "fly"], object)) == f"drop the rows without a class, then {UNIQUE}"


def test_a_table_of_text_names_no_class_in_a_tensor() -> None:
    for given in (np.array([NAMES, NAMES]), np.array([NAMES, NAMES], object), [NAMES, NAMES]):
        with pytest.raises(GradwerkError) as error:
            torch.tensor(given)
        assert not error.value.likely


def test_a_label_that_is_missing_is_no_class() -> None:
    with pytest.raises(DataError, match="x holds nan"):
        keras.utils.to_categorical([0.0, float("nan"), 1.0])
