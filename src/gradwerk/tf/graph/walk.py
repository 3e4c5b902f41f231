"""Walks through the arguments of nodes: the symbolic values in them, in order, and the same arguments with values in their places."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradwerk.tf.graph.symbols import Tensor
from gradwerk.tf.operations import SYMBOLS

# ruff: noqa: ANN401  trees of anything


def converted(graph: Any, tree: Any) -> Any:
    """The arguments with what stands for a Tensor of the graph (a variable) replaced by it."""
    kind = type(tree)
    if kind is Tensor:
        return graph.captured(tree) if tree.op.graph is not graph else tree
    if kind in SYMBOLS:
        return tree._as_tensor(graph)
    if kind is tuple or kind is list:
        return kind([converted(graph, each) for each in tree])
    if kind is dict:
        return {key: converted(graph, each) for key, each in tree.items()}
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):
        return kind(*[converted(graph, each) for each in tree])
    if kind is slice:
        return slice(*[converted(graph, each) for each in (tree.start, tree.stop, tree.step)])
    return tree.copy() if kind is np.ndarray else tree  # an array may be written later


def symbols_of(tree: Any) -> list[Tensor]:
    """The symbolic Tensors in a tree."""
    kind = type(tree)
    if kind is Tensor:
        return [tree]
    if isinstance(tree, tuple | list):
        found = []
        for each in tree:
            if type(each) is Tensor:
                found.append(each)
            elif isinstance(each, tuple | list | dict | slice):
                found += symbols_of(each)
        return found
    if isinstance(tree, dict):
        return symbols_of(list(tree.values()))
    if kind is slice:
        return symbols_of([tree.start, tree.stop, tree.step])
    return []


def filled(tree: Any, value: Callable[[Tensor], Any]) -> Any:
    """The tree with the values of its symbolic Tensors."""
    kind = type(tree)
    if kind is Tensor:
        return value(tree)
    if kind is tuple or kind is list:
        return kind([filled(each, value) for each in tree])
    if kind is dict:
        return {key: filled(each, value) for key, each in tree.items()}
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):
        return kind(*[filled(each, value) for each in tree])
    if kind is slice:
        return slice(*[filled(each, value) for each in (tree.start, tree.stop, tree.step)])
    return tree
