"""Nested lists, tuples and dicts as one flat list of leaves and back, with a path for each leaf."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

from gradwerk.base.errors import ShapeError

Tree = Any


def leaves(tree: Tree, path: str = "") -> Iterator[tuple[str, Any]]:
    """(path, leaf) of every leaf, in order; dicts in the order of their keys' insertion.  None is a leaf."""
    if isinstance(tree, dict):
        for key, item in tree.items():
            yield from leaves(item, f"{path}[{key!r}]")
    elif isinstance(tree, list | tuple):
        for number, item in enumerate(tree):
            yield from leaves(item, f"{path}[{number}]")
    else:
        yield path, tree


def flatten(tree: Tree) -> list[Any]:
    """The leaves, in order."""
    return [leaf for _, leaf in leaves(tree)]


def flatten_as(like: Tree, tree: Tree) -> list[Any]:
    """The leaves of `tree` in the order of those of `like`: those of dicts by their keys, a list may stand for a tuple.

    Raises: ShapeError where the structures differ.
    """
    if isinstance(like, dict) and isinstance(tree, dict) and tree.keys() == like.keys():
        return [leaf for key, item in like.items() for leaf in flatten_as(item, tree[key])]
    if isinstance(like, list | tuple) and isinstance(tree, list | tuple) and len(tree) == len(like):
        return [leaf for pair in zip(like, tree, strict=True) for leaf in flatten_as(*pair)]
    if isinstance(like, dict | list | tuple) or isinstance(tree, dict | list | tuple):
        facts = tuple(", ".join(path or "one leaf" for path, _ in leaves(given))[:200] or "no leaf" for given in (like, tree))
        raise ShapeError("the structures differ", facts=facts)
    return [tree]


def map_tree(fn: Callable[..., Any], tree: Tree, *others: Tree) -> Tree:
    """`fn` on every leaf (and the leaves at the same place of `others`), in the same structure of the same types."""
    if isinstance(tree, dict):
        made = {} if type(tree) is dict else copy.copy(tree)  # a subclass may hold more than its items, as a defaultdict does
        for key, item in tree.items():
            made[key] = map_tree(fn, item, *(other[key] for other in others))
        return made
    if isinstance(tree, list | tuple):
        items = [map_tree(fn, *parts) for parts in zip(tree, *others, strict=True)]
        if isinstance(tree, tuple) and hasattr(tree, "_fields"):
            return type(tree)(*items)
        return type(tree)(items)
    return fn(tree, *others)


def unflatten(like: Tree, flat: list[Any]) -> Tree:
    """`flat` in the structure of `like`."""
    rest = iter(flat)
    return map_tree(lambda _: next(rest), like)


def structure(tree: Tree) -> object:
    """The structure without its leaves: equal for trees of the same shape, whatever the order of a dict's keys; hashable."""
    if isinstance(tree, dict):
        return "dict", frozenset((key, structure(item)) for key, item in tree.items())
    if isinstance(tree, list | tuple):
        return (type(tree).__name__, *(structure(item) for item in tree))
    return None
