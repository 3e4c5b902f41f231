"""Whether a layer is called on rows of different lengths.  What then follows is loaded when it is first asked for."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.trees import map_tree
from gradwerk.tensor.tensor import Tensor


def is_rows(value: Any) -> bool:  # noqa: ANN401
    """Whether it is a ragged value, of which neither class need be loaded to tell."""
    return hasattr(value, "row_count")


def holds_rows(value: Any) -> bool:  # noqa: ANN401
    """Whether it is ragged, or a list, tuple or dict in which something is."""
    if is_rows(value):
        return True
    if isinstance(value, dict):
        return any(map(holds_rows, value.values()))
    return isinstance(value, (list, tuple)) and any(map(holds_rows, value))


def called_on_rows(layer: Any, inputs: Any, args: tuple[Any, ...], kwargs: dict[str, Any], training: bool | None) -> Any:  # noqa: ANN401, FBT001
    """See rows/calling.py."""
    told = kwargs if training is None else {**kwargs, "training": training}
    return importlib.import_module("gradwerk.keras.rows.calling").called_on_rows(layer, inputs, args, told)


def are_rows(value: Any) -> bool:  # noqa: ANN401
    """Whether it is a ragged value, or a list of arrays, or of lists, that differ in their length alone."""
    if is_rows(value):
        return True
    if isinstance(value, np.ndarray):
        return dtypes.is_objects(value.dtype) and value.ndim == 1 and len(value) > 1 and _differ(list(value))
    return isinstance(value, (list, tuple)) and len(value) > 1 and _differ(value)


def _differ(rows: Sequence[Any]) -> bool:
    shapes = {_shape(row) for row in rows}
    return len(shapes) > 1 and () not in shapes and len({shape[1:] for shape in shapes if shape != (0,)}) == 1


def _shape(row: Any) -> tuple[int, ...]:  # noqa: ANN401
    """Of an array, or of a list of numbers; () of what is no row."""
    if isinstance(row, (np.ndarray, Tensor)):
        return tuple(row.shape)
    return (len(row),) if isinstance(row, list) and all(isinstance(one, (int, float, np.number)) for one in row) else ()


class Form:
    """Of which form the targets of rows are, by which steps are made: those of elements as one row of all."""

    def __init__(self, y: Any, *, of_elements: bool) -> None:  # noqa: ANN401  an array
        self.y, self.of_elements = y, of_elements


def form_of(parts: Sequence[Any]) -> Any:  # noqa: ANN401
    """What steps for a batch are made by: its targets, of rows their form; None where there are none."""
    y = parts[1] if len(parts) > 1 else None
    if y is None or not is_batch(parts[0]):
        return y
    return Form(y.flat[None], of_elements=True) if hasattr(y, "counted") else Form(y, of_elements=False)


def is_batch(x: Any) -> bool:  # noqa: ANN401
    """Whether it is rows as a step is given them."""
    return hasattr(x, "room")


def steps_on_rows() -> Any:  # noqa: ANN401  a module
    """See rows/steps.py."""
    return importlib.import_module("gradwerk.keras.rows.steps")


class PerRow:
    """The arrays of rows, as one leaf of a tree."""

    def __init__(self, rows: list[Any]) -> None:
        self.rows = rows


def as_answer(tree: Any) -> Any:  # noqa: ANN401
    """A step's answer as arrays; of a ragged value those of its rows."""
    if is_rows(tree):
        splits = tree.splits.numpy()
        return PerRow(np.split(np.array(tree.flat.numpy())[: int(splits[-1])], splits[1:-1]))
    if isinstance(tree, dict):
        return {name: as_answer(part) for name, part in tree.items()}
    if isinstance(tree, (list, tuple)):
        return type(tree)([as_answer(part) for part in tree])
    return np.array(tree.numpy())


def joined(*parts: Any) -> Any:  # noqa: ANN401
    """The answers of batches, one behind the other: a list for results for elements."""
    if isinstance(parts[0], PerRow):
        return PerRow([row for part in parts for row in part.rows])
    return np.concatenate(parts)


def shown_rows(tree: Any, shown: Any) -> Any:  # noqa: ANN401
    """What people are given of an answer."""
    return map_tree(lambda y: [shown(row) for row in y.rows] if isinstance(y, PerRow) else shown(y), tree)
