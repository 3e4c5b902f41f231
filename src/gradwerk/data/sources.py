"""Where the elements of a chained data set come from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentTypeError, DTypeError, ShapeError
from gradwerk.base.trees import flatten, leaves, map_tree, structure
from gradwerk.data.elements import STRING, Array, TensorSpec, Texts, Tree, as_element, rows, spec_of

INFINITE, UNKNOWN = -1, -2
"""Numbers of elements that are none."""


class Source(Protocol):
    """A chain up to here: its elements, how many they are, what is said of them.  Raises: TypeError where one is made."""

    def elements(self) -> Iterator[Tree]:
        """The elements, from the first on."""

    def count(self) -> int:
        """How many there are, INFINITE or UNKNOWN."""

    def spec(self) -> Tree:
        """A TensorSpec for each part."""

    def first(self) -> Tree:
        """An element as they are, without a trace: None where there is none."""


def first_of(source: Source) -> Tree:
    """The first of the elements; what was begun for it is ended."""
    begun = source.elements()
    try:
        return next(begun, None)
    finally:
        if hasattr(begun, "close"):
            begun.close()


@dataclass(frozen=True, eq=False)
class Slices:
    """The rows of arrays."""

    arrays: Tree

    def elements(self) -> Iterator[Tree]:
        return rows(self.arrays)

    def count(self) -> int:
        return int(next(leaf for leaf in flatten(self.arrays) if leaf is not None).shape[0])

    def spec(self) -> Tree:
        return map_tree(lambda spec: spec if spec is None else spec.of_row(), spec_of(self.arrays))

    def first(self) -> Tree:
        return first_of(self)


@dataclass(frozen=True, eq=False)
class Given:
    """Elements that are there."""

    kept: Sequence[Tree]
    said: Tree

    def elements(self) -> Iterator[Tree]:
        return iter(self.kept)

    def count(self) -> int:
        return len(self.kept)

    def spec(self) -> Tree:
        return self.said

    def first(self) -> Tree:
        return self.kept[0] if self.kept else None


@dataclass(frozen=True, eq=False)
class Numbers:
    """Whole numbers, as Python's `range`."""

    numbers: range
    dtype: np.dtype[Any]

    def elements(self) -> Iterator[Tree]:
        return (np.asarray(number, self.dtype) for number in self.numbers)

    def count(self) -> int:
        return len(self.numbers)

    def spec(self) -> Tree:
        return TensorSpec((), dtypes.name(self.dtype))

    def first(self) -> Tree:
        return first_of(self)


@dataclass(frozen=True, eq=False)
class Generated:
    """What a function's generator gives, each brought to the dtypes that are said of it."""

    make: Callable[..., Any]
    args: tuple[Any, ...]
    said: Tree

    def elements(self) -> Iterator[Tree]:
        made = self.make(*self.args)
        if not hasattr(made, "__iter__"):
            raise ArgumentTypeError(f"from_generator: what was called gives a {type(made).__name__}, which cannot be gone through")
        for number, one in enumerate(made):
            yield self._taken(one, number)

    def _taken(self, one: Any, number: int) -> Tree:  # noqa: ANN401
        """An element as it is said to be.  Raises: ShapeError, DTypeError."""
        one = tuple(one) if isinstance(self.said, tuple) and isinstance(one, list) else one
        element = as_element(one)
        if structure(element) != structure(self.said):
            parts = ", ".join(path or "one part" for path, _ in leaves(element))
            raise ShapeError(f"from_generator: element {number} is not built as output_signature says", facts=(f"it has {parts}",))
        return map_tree(lambda spec, leaf: _fitted(spec, leaf, number), self.said, element)

    def count(self) -> int:
        return UNKNOWN

    def spec(self) -> Tree:
        return self.said

    def first(self) -> Tree:
        return first_of(self)


def _fitted(spec: TensorSpec, leaf: Any, number: int) -> Any:  # noqa: ANN401
    where = f"from_generator: element {number}"
    if (spec.dtype == STRING) != isinstance(leaf, Texts):
        raise DTypeError(f"{where} has {'text' if isinstance(leaf, Texts) else 'numbers'} where output_signature says {spec.dtype}")
    if not spec.takes(leaf):
        raise ShapeError(f"{where} has another shape than output_signature says", facts=(f"element {leaf.shape}", f"said {spec.shape}"))
    if spec.dtype == STRING:
        return leaf
    wanted = dtypes.named(spec.dtype)
    if dtypes.is_float(leaf.dtype) and not dtypes.is_float(wanted) and not dtypes.is_complex(wanted):
        raise DTypeError(f"{where} is {dtypes.name(leaf.dtype)}, output_signature says {spec.dtype}")
    return np.asarray(leaf.astype(wanted))


@dataclass(frozen=True, eq=False)
class Zipped:
    """Several side by side, in the structure that they were given in; it ends with the shortest."""

    parts: Tree
    """Sources as leaves."""

    def elements(self) -> Iterator[Tree]:
        begun = [part.elements() for part in flatten(self.parts)]
        for several in zip(*begun, strict=False):
            left = iter(several)
            yield map_tree(lambda _, left=left: next(left), self.parts)

    def count(self) -> int:
        counts = [part.count() for part in flatten(self.parts)]
        known = [count for count in counts if count != INFINITE]
        return INFINITE if not known else UNKNOWN if UNKNOWN in known else min(known)

    def spec(self) -> Tree:
        return map_tree(lambda part: part.spec(), self.parts)

    def first(self) -> Tree:
        found = map_tree(lambda part: Kept(part.first()), self.parts)
        return None if any(one.value is None for one in flatten(found)) else map_tree(lambda one: one.value, found)


@dataclass(frozen=True)
class Kept:
    """A tree as a leaf."""

    value: Tree


def numbers(args: tuple[int, ...], dtype: Any) -> Numbers:  # noqa: ANN401
    """`range` of the arguments.  Raises: ArgumentTypeError for what are none."""
    try:
        return Numbers(range(*args), np.dtype(dtype))
    except (TypeError, ValueError) as error:
        raise ArgumentTypeError(f"range: {error}, given {args}") from None


def texts(values: Sequence[str]) -> Array:
    """Texts as one array."""
    return Texts(list(values))
