"""What a run is asked for: a tree of Tensors, Operations, variables and names, and the tree that is given back."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwerk.base.errors import ArgumentError, ArgumentTypeError, GradwerkError
from gradwerk.tf.graph.graph import Graph
from gradwerk.tf.graph.symbols import Operation, Tensor

# ruff: noqa: ANN401  a tree of anything


class Fetches:
    """The fetches of one run.  `needed`: the Tensors and Operations among them, once each, but for Tensors that are fed.

    Raises: ArgumentTypeError for what is no fetch, ArgumentError for what is none of this graph.
    """

    def __init__(self, graph: Graph, fetches: Any, fed: list[Tensor]) -> None:
        self.graph, self.fed = graph, {x: place for place, x in enumerate(fed)}
        self.elements: dict[Any, int] = {}
        self.tree = self._noted(fetches)
        self.needed = [x for x in self.elements if x not in self.fed]
        self.tensors = {x: place for place, x in enumerate(x for x in self.needed if isinstance(x, Tensor))}
        self.flat = self._flat()

    def _noted(self, fetch: Any) -> Any:
        if fetch is None:
            raise ArgumentTypeError("Argument `fetch` = None has invalid type NoneType.  Cannot be None")
        if isinstance(fetch, list | tuple):
            made = [self._noted(each) for each in fetch]
            return type(fetch)(*made) if hasattr(fetch, "_fields") else tuple(made) if isinstance(fetch, tuple) else made
        if isinstance(fetch, dict):
            return type(fetch)((key, self._noted(each)) for key, each in fetch.items())
        parts = getattr(fetch, "_fetched", None)
        if parts is not None:
            return Composite(parts()[0], [self._noted(each) for each in parts()[1]])
        try:
            found = self.graph.as_graph_element(fetch)
        except ArgumentTypeError as error:
            raise ArgumentTypeError(f"Fetch argument {fetch!r} has invalid type {type(fetch).__name__}: {error.message}") from None
        except GradwerkError as error:
            raise ArgumentError(f"Fetch argument {fetch!r} cannot be interpreted as a Tensor. ({error.message})") from None
        if not self.graph.is_fetchable(found):
            raise ArgumentError(f"Operation {found.name!r} has been marked as not fetchable.")
        self.elements.setdefault(found, len(self.elements))
        return found

    def _flat(self) -> list[int] | None:
        """Where the values of a plain list stand among the results; None where it is not so plain."""
        if type(self.tree) is list and all(isinstance(x, Tensor) and x in self.tensors for x in self.tree):
            return [self.tensors[x] for x in self.tree]
        return None

    def answer(self, results: list[Any], values: list[Any]) -> Any:
        """The tree of values."""
        tree = self.tree
        if type(tree) is Tensor and tree in self.tensors:
            return _plain(results[0])
        if self.flat is not None:
            return [_plain(results[at]) for at in self.flat]
        return self._filled(tree, results, values)

    def _filled(self, tree: Any, results: list[Any], values: list[Any]) -> Any:
        if isinstance(tree, Operation):
            return None
        if isinstance(tree, Tensor):
            return np.asarray(values[self.fed[tree]])[()] if tree in self.fed else _plain(results[self.tensors[tree]])
        if isinstance(tree, Composite):
            return tree.make(*[self._filled(each, results, values) for each in tree.parts])
        if isinstance(tree, dict):
            return type(tree)((key, self._filled(each, results, values)) for key, each in tree.items())
        made = [self._filled(each, results, values) for each in tree]
        return type(tree)(*made) if hasattr(tree, "_fields") else type(tree)(made)


class Composite:
    """A value that is made of several Tensors: sparse, ragged, slices."""

    def __init__(self, make: Any, parts: list[Any]) -> None:
        self.make, self.parts = make, parts


def _plain(result: Any) -> Any:
    """An array without axes as a number; a text is the bytes that it is."""
    return result if isinstance(result, bytes) else result[()]


def reads_of(x: Tensor) -> list[Tensor]:
    """Where x is a variable's own node: the nodes that read it."""
    if x.op.type != "VariableV2":
        return []
    return [op.outputs[0] for op in x.graph.get_operations() if op.type == "Identity" and op._variable is x.op._variable]


def flat_feeds(feeds: Any) -> dict[Any, Any]:
    """Feeds with the parts of keys that are tuples, a cell's state for one.  Raises: ArgumentError where values have other parts."""
    found: dict[Any, Any] = {}
    for key, value in feeds.items():
        if not isinstance(key, tuple):
            found[key] = value
            continue
        if not isinstance(value, list | tuple | np.ndarray) or len(value) != len(key):
            said = f"{len(value)} parts" if isinstance(value, list | tuple | np.ndarray) else type(value).__name__
            raise ArgumentError(f"Could not flatten dictionary. Key had {len(key)} elements, but value had {said}.")
        found.update(flat_feeds(dict(zip(key, value, strict=True))))
    return found
