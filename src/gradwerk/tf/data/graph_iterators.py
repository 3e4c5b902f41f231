"""Iterators of TensorFlow 1: operations of a graph that give the next element, and begin anew.

Where an iterator stands is kept by itself, not by a session.
"""

from __future__ import annotations

from collections.abc import Iterator as Going
from typing import Any

import numpy as np

from gradwerk.base.errors import ArgumentError, ArgumentTypeError
from gradwerk.base.trees import flatten, map_tree, unflatten
from gradwerk.data.chain_options import said_of
from gradwerk.data.elements import STRING, TensorSpec, Tree, as_element, rows
from gradwerk.data.sources import UNKNOWN, first_of
from gradwerk.tf.calls import op
from gradwerk.tf.dtypes import as_dtype
from gradwerk.tf.errors import FailedPreconditionError, OutOfRangeError
from gradwerk.tf.operations import computing, here
from gradwerk.tf.shapes import TensorShape
from gradwerk.tf.values.texts import tensor_of

# ruff: noqa: ANN401  elements are of many kinds


class Fed:
    """The rows of Tensors of a graph: what they are is said when an iterator is initialized.

    Args:
        symbols: a tree of Tensors of a graph.
    """

    def __init__(self, symbols: Tree) -> None:
        self.symbols, self.arrays = symbols, None

    def elements(self) -> Going[Tree]:
        if self.arrays is None:
            said = "the iterator of these Tensors was not initialized"
            raise FailedPreconditionError(None, None, said, likely="run iterator.initializer")
        return rows(self.arrays)

    def count(self) -> int:
        extents = tuple(flatten(self.symbols)[0].shape)[:1]
        return UNKNOWN if extents in ((), (None,)) else int(extents[0])

    def spec(self) -> Tree:
        return map_tree(lambda one: TensorSpec(tuple(one.shape)[1:], _name(one.dtype)), self.symbols)

    def first(self) -> Tree:
        return map_tree(_stand_in, self.spec()) if self.arrays is None else first_of(self)


def _stand_in(spec: Any) -> Any:
    """What functions of elements are tried on before anybody knows an element."""
    shape = [n or 1 for n in spec.shape or ()]
    return np.full(shape, b"", object) if spec.dtype == STRING else np.zeros(shape, spec.dtype)


def _name(dtype: Any) -> Any:
    return getattr(dtype, "name", dtype)


def fed_in(source: Any) -> list[Fed]:
    """The Tensors of a graph that a chain goes back to."""
    if isinstance(source, Fed):
        return [source]
    inside = [leaf for value in vars(source).values() for leaf in (flatten(value) if isinstance(value, (dict, tuple, list)) else [value])]
    return [one for leaf in inside if hasattr(leaf, "elements") and hasattr(leaf, "spec") for one in fed_in(leaf)]


class GraphIterator:
    """An iterator whose next element an operation gives.

    Args:
        dataset: what is gone through; None where initializers say.
        spec: what is said of an element.
        begun: whether it needs no initializer.
    """

    def __init__(self, dataset: Any, spec: Tree, *, begun: bool = False) -> None:
        self._dataset, self._spec, self._begun, self._elements = dataset, spec, begun, None

    @staticmethod
    def from_structure(
        output_types: Tree, output_shapes: Tree = None, shared_name: str | None = None, output_classes: Any = None
    ) -> GraphIterator:
        """One for all data sets of these dtypes and shapes; `make_initializer` says which."""
        return GraphIterator(None, said_of(output_types, output_shapes))

    @property
    def initializer(self) -> Any:
        """The operation that begins anew.  Raises: ArgumentError for one of no data set."""
        if self._dataset is None or self._begun:
            raise ArgumentError("Iterator does not have an initializer.", likely="make_initializer(dataset)" if not self._begun else "")
        return self.make_initializer(self._dataset)

    def make_initializer(self, dataset: Any, name: str | None = None) -> Any:
        """The operation that begins anew, with this data set.  Raises: ArgumentTypeError for what is none."""
        if not hasattr(dataset, "source"):
            raise ArgumentTypeError(f"a data set is expected, this is a {type(dataset).__name__}")
        fed = fed_in(dataset.source)
        made = _initialize(self, dataset, fed, [flatten(one.symbols) for one in fed], name=name)
        graph: Any = here.graph
        return graph._operations[-1] if graph is not None and made == [] else None

    def get_next(self, name: str | None = None) -> Any:
        """The next element.  Raises, when it is run: OutOfRangeError behind the last, FailedPreconditionError where it was not begun."""
        fed = fed_in(self._dataset.source) if self._begun else []
        parts = _next(self, fed, [flatten(one.symbols) for one in fed], name=name)
        held = parts if isinstance(parts, list) else [parts]
        return unflatten(self._spec, held)

    def begin(self, dataset: Any) -> None:
        """Goes through a data set from the first element on."""
        self._dataset, self._elements = dataset, iter(dataset.source.elements())

    @property
    def fresh(self) -> bool:
        """Whether nothing was asked of it yet."""
        return self._elements is None

    def following(self) -> list[Any]:
        """The parts of the next element."""
        if self._elements is None:
            if not self._begun:
                said = "GetNext() failed because the iterator has not been initialized. Ensure that you have run the initializer operation."
                raise FailedPreconditionError(None, None, said)
            self.begin(self._dataset)
        found = next(self._elements, self)  # type: ignore[call-overload]  # begun above
        if found is self:
            raise OutOfRangeError(None, None, "End of sequence")
        return flatten(self._dataset.shown(found))

    def said(self) -> list[tuple[Any, Any]]:
        """(shape, dtype) of each part."""
        specs = flatten(self._spec)
        return [(one.shape, np.dtype(object) if one.dtype == STRING else one.dtype) for one in specs]

    @property
    def output_types(self) -> Any:
        """The dtypes of the parts of an element."""
        return map_tree(lambda one: as_dtype(one.dtype), self._spec)

    @property
    def output_shapes(self) -> Any:
        """The shapes of the parts of an element."""
        return map_tree(lambda one: TensorShape(one.shape), self._spec)


@op("MakeIterator", host=True, effects=True, gives=lambda *args, **kwargs: [])
def _initialize(iterator: GraphIterator, dataset: Any, fed: list[Fed], values: list[list[Any]], name: str | None = None) -> None:
    with computing():
        _feed(fed, values)
        iterator.begin(dataset)


def _feed(fed: list[Fed], values: list[list[Any]]) -> None:
    for one, parts in zip(fed, values, strict=True):
        one.arrays = as_element(unflatten(one.symbols, [np.asarray(part) for part in parts]))


@op("IteratorGetNext", host=True, effects=True, gives=lambda iterator, fed, values, name=None: iterator.said())
def _next(iterator: GraphIterator, fed: list[Fed], values: list[list[Any]], name: str | None = None) -> Any:
    """fed, values: of an iterator without an initializer the Tensors that its data set is made of, read at its first element."""
    with computing():
        if iterator.fresh:
            _feed(fed, values)
        parts = iterator.following()
    return parts[0] if len(parts) == 1 else [tensor_of(one) if isinstance(one, np.ndarray) else one for one in parts]
