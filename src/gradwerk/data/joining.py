"""Examples as one batch: trees of arrays with one axis more."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import DataError, ShapeError
from gradwerk.base.trees import flatten_as, leaves, map_tree, structure

Array = np.ndarray[Any, np.dtype[Any]]
Tree = Any


def stacked(examples: Sequence[Tree]) -> Tree:
    """Arrays and numbers joined along a new first axis; texts and other objects as a list.  Dicts, lists and tuples of them as one.

    Raises: DataError for examples of different structure; ShapeError for arrays of different shapes.
    """
    return _joined(examples, _stack)


def padded(examples: Sequence[Tree]) -> Tree:
    """As `stacked`; arrays that differ in their first extent are filled up with zeros at the end, to the longest.

    Raises: DataError for examples of different structure; ShapeError for arrays that differ in other extents.
    """
    return _joined(examples, _pad)


def rows_of(tree: Tree, rows: Array | int) -> Tree:
    """A batch of a tree of arrays: their rows, copied."""
    return map_tree(lambda array: array[rows], tree)


def count_of(tree: Tree) -> int:
    """How many examples the arrays of a tree have.  Raises: DataError where they differ, or there are none."""
    counts = {path: len(leaf) if np.ndim(leaf) else None for path, leaf in leaves(tree)}
    if not counts or len({*counts.values()}) != 1 or None in counts.values():
        facts = tuple(f"{path or 'the array'}: {'a number' if count is None else count}" for path, count in counts.items())
        raise DataError("the arrays of one data set have equally many examples", facts=facts)
    return next(count for count in counts.values() if count is not None)


def as_arrays(tree: Tree) -> Tree:
    """A tree whose leaves are arrays.  Raises: DataError for leaves that are none."""

    def of(leaf: Any) -> Array:  # noqa: ANN401
        array = leaf.numpy() if hasattr(leaf, "numpy") else np.asarray(leaf)
        if dtypes.is_objects(array.dtype):
            raise DataError(f"a data set is made of arrays, this holds {type(leaf).__name__}", likely="give a list of examples")
        return array

    return map_tree(of, tree)


def _joined(examples: Sequence[Tree], join: Callable[[Sequence[Any], str], Any]) -> Tree:
    if not examples:
        raise DataError("a batch of no examples")
    first = examples[0]
    expected = structure(first)
    for number, example in enumerate(examples):
        if structure(example) != expected:
            facts = tuple(f"example {k}: {_said(each)}" for k, each in ((0, first), (number, example)))
            raise DataError("the examples of a batch differ in their structure", facts=facts)
    paths = [path for path, _ in leaves(first)]
    columns = zip(*(flatten_as(first, example) for example in examples), strict=True)
    joined = iter([join(column, path) for column, path in zip(columns, paths, strict=True)])
    return map_tree(lambda _: next(joined), first)


def _said(example: Tree) -> str:
    return ", ".join(path or type(leaf).__name__ for path, leaf in leaves(example))[:200] or "nothing"


def _as_numbers(column: Sequence[Any]) -> list[Array] | None:
    """The leaves as arrays; None where they are texts or other objects."""
    arrays = [np.asarray(leaf.numpy() if hasattr(leaf, "numpy") else leaf) for leaf in column]
    return None if any(dtypes.is_text(array.dtype) or dtypes.is_objects(array.dtype) for array in arrays) else arrays


def _stack(column: Sequence[Any], path: str) -> Any:  # noqa: ANN401
    arrays = _as_numbers(column)
    if arrays is None:
        return list(column)
    for number, array in enumerate(arrays):
        if array.shape != arrays[0].shape:
            facts = (f"example 0: {arrays[0].shape}", f"example {number}: {array.shape}")
            likely = "join=padded" if array.shape[1:] == arrays[0].shape[1:] else "bring them to one shape first"
            raise ShapeError(f"the arrays of a batch differ in shape{f' at {path}' if path else ''}", facts=facts, likely=likely)
    return np.stack(arrays)


def _pad(column: Sequence[Any], path: str) -> Any:  # noqa: ANN401
    arrays = _as_numbers(column)
    if arrays is None or len({array.shape for array in arrays}) == 1 or len({array.shape[1:] for array in arrays}) > 1:
        return _stack(column, path)
    longest = max(len(array) for array in arrays)
    result = np.zeros((len(arrays), longest, *arrays[0].shape[1:]), np.result_type(*arrays))
    for row, array in zip(result, arrays, strict=True):
        row[: len(array)] = array
    return result
