"""tf.nest: trees of values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gradwerk.base.errors import ArgumentError
from gradwerk.base.trees import flatten as _flat
from gradwerk.base.trees import map_tree, unflatten

# ruff: noqa: ANN401, FBT001, FBT002  trees of anything; TensorFlow's signatures


def _sorted(structure: Any) -> Any:
    """The tree, whose dicts have their keys in order."""
    if isinstance(structure, dict):
        return {key: _sorted(structure[key]) for key in sorted(structure)}
    if type(structure) in (list, tuple):
        return type(structure)(_sorted(one) for one in structure)
    return structure


def flatten(structure: Any, expand_composites: bool = False) -> list[Any]:
    """What stands in a tree, dicts by their keys in order."""
    return list(_flat(_sorted(structure)))


def map_structure(func: Callable[..., Any], *structure: Any, **kwargs: Any) -> Any:
    """The tree of what func gives of what stands at the same place of each."""
    return map_tree(func, *structure)


def pack_sequence_as(structure: Any, flat_sequence: Any, expand_composites: bool = False) -> Any:
    """Values as a tree like this one.  Raises: ArgumentError for another number of them."""
    count = len(_flat(structure))
    if len(flat_sequence) != count:
        raise ArgumentError(f"Structure had {count} atoms, but flat_sequence had {len(flat_sequence)} items.")
    return unflatten(_sorted(structure), list(flat_sequence))


def is_nested(structure: Any) -> bool:
    """Whether it is a list, tuple or dict."""
    return isinstance(structure, (list, tuple, dict))


def assert_same_structure(nest1: Any, nest2: Any, check_types: bool = True, expand_composites: bool = False) -> None:
    """Raises: ArgumentError for trees of another form."""
    if map_tree(lambda _: 0, nest1) != map_tree(lambda _: 0, nest2):
        raise ArgumentError("The two structures don't have the same nested structure.", facts=(f"{nest1!r:.80}", f"{nest2!r:.80}"))
