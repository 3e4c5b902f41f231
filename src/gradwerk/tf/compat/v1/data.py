"""tf.compat.v1.data: data sets, and iterators whose next element an operation gives."""

from __future__ import annotations

from typing import Any

from gradwerk.tf import data
from gradwerk.tf.absent import ORIGINAL
from gradwerk.tf.data.graph_iterators import GraphIterator as Iterator

# ruff: noqa: ANN401  a data set


def make_one_shot_iterator(dataset: Any) -> Iterator:
    """An iterator that goes through a data set once, without an initializer."""
    found: Iterator = dataset.make_one_shot_iterator()
    return found


def make_initializable_iterator(dataset: Any, shared_name: str | None = None) -> Iterator:
    """An iterator that begins, and begins anew, where its initializer is run."""
    found: Iterator = dataset.make_initializable_iterator()
    return found


def get_output_types(dataset_or_iterator: Any) -> Any:
    """The dtypes of the parts of an element."""
    return dataset_or_iterator.output_types


def get_output_shapes(dataset_or_iterator: Any) -> Any:
    """The shapes of the parts of an element."""
    return dataset_or_iterator.output_shapes


def _loaded(name: str) -> Any:
    return getattr(data, name, None)


__all__ = ["Iterator", "get_output_shapes", "get_output_types", "make_initializable_iterator", "make_one_shot_iterator"]

__getattr__ = ORIGINAL.module("tf.compat.v1.data", __name__, elsewhere=_loaded)
