"""Nested lists, tuples and dicts as one flat list of leaves and back, with a path for each leaf."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

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


def map_tree(fn: Callable[..., Any], tree: Tree, *others: Tree) -> Tree:
    """`fn` on every leaf (and the leaves at the same place of `others`), in the same structure."""
    if isinstance(tree, dict):
        return {key: map_tree(fn, item, *(other[key] for other in others)) for key, item in tree.items()}
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
    """The structure without its leaves: equal for trees of the same shape, hashable."""
    if isinstance(tree, dict):
        return ("dict", *((key, structure(item)) for key, item in tree.items()))
    if isinstance(tree, list | tuple):
        return (type(tree).__name__, *(structure(item) for item in tree))
    return None
