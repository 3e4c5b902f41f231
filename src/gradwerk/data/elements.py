"""What a chained data set is made of: trees of arrays and texts, what is said of them, and how they are put together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, DTypeError, ShapeError
from gradwerk.base.trees import flatten, map_tree
from gradwerk.tensor.tensor import Tensor

Array = np.ndarray[Any, np.dtype[Any]]
Tree = Any
Shape = tuple[int | None, ...] | None
STRING = "string"


class Texts(np.ndarray[Any, np.dtype[Any]]):
    """Texts, as bytes: one, or an array of them.  `numpy()` gives them as NumPy has them.  Names of files are the bytes that they are."""

    def __new__(cls, values: Any) -> Texts:  # noqa: ANN401  a text, or an array of texts
        held = np.asarray(values, object)
        coded = np.empty(held.shape, object)
        for place, text in enumerate(held.ravel()):
            coded.reshape(-1)[place] = text.encode("utf-8", "surrogateescape") if isinstance(text, str) else bytes(text)
        return coded.view(cls)

    def numpy(self) -> Any:  # noqa: ANN401  bytes, or an array of them
        """The bytes of one text; of several an array of objects."""
        return self.item() if not self.ndim else np.asarray(self)

    def __repr__(self) -> str:
        return f"Texts({np.asarray(self).tolist()!r})"


class Part:
    """A leaf of an element that is no array, as ragged values: it says what is said of it, and puts several together."""

    shape: tuple[int, ...]

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    def spec(self) -> TensorSpec:
        """What is said of it."""
        raise AssertionError

    def together(self, parts: Sequence[Any]) -> Any:  # noqa: ANN401  a part, or an array
        """Several of its kind as one, along a new first axis."""
        raise AssertionError

    def row(self, place: int) -> Any:  # noqa: ANN401  a part, or an array
        """One of its rows."""
        raise AssertionError


PARTS: dict[type, Callable[[Any], Part]] = {}
"""Classes of values that are such parts, and how (tf/data/parts.py adds ragged and sparse ones)."""


@dataclass(frozen=True)
class TensorSpec:
    """A part of an element, its shape and dtype: None for an extent that differs, and for a shape of which nothing is known."""

    shape: Shape
    dtype: Any = "float32"
    name: str | None = None

    def __post_init__(self) -> None:
        shape = None if self.shape is None else tuple(None if extent in (None, -1) else int(extent) for extent in self.shape)
        object.__setattr__(self, "shape", shape)
        object.__setattr__(self, "dtype", dtype_named(self.dtype))

    def __repr__(self) -> str:
        return f"TensorSpec(shape={self.shape}, dtype={self.dtype}, name={self.name!r})"

    def batched(self, extent: int | None) -> TensorSpec:
        """Of several, so many, along a new first axis."""
        return replace(self, shape=None if self.shape is None else (extent, *self.shape))

    def of_row(self) -> TensorSpec:
        """Of one of the rows."""
        return replace(self, shape=self.shape[1:] if self.shape else None)

    def takes(self, array: Array) -> bool:
        """Whether an array is of the shape."""
        return self.shape is None or (
            len(self.shape) == array.ndim and all(a is None or a == b for a, b in zip(self.shape, array.shape, strict=True))
        )


def dtype_named(dtype: Any) -> str:  # noqa: ANN401
    """The name of a dtype; `string` for texts.  Raises: ArgumentError for what is none."""
    if dtype is str or dtype is bytes or getattr(dtype, "name", dtype) == STRING:
        return STRING
    try:
        held = dtypes.named(getattr(dtype, "name", dtype) if not isinstance(dtype, (np.dtype, type)) else dtype)
    except (TypeError, ValueError):
        raise ArgumentError(f"{dtype!r} is no dtype", likely='dtype="float32"') from None
    return STRING if dtypes.is_text(held) or dtypes.is_objects(held) else dtypes.name(held)


def as_element(value: Tree) -> Tree:
    """A value of the user's as an element: dicts and tuples are its structure, all else one array each, lists too.

    Raises: DTypeError for what is no number and no text.
    """
    if isinstance(value, Mapping):
        return {key: as_element(item) for key, item in value.items()}
    if isinstance(value, tuple):
        items = [as_element(item) for item in value]
        return type(value)(*items) if hasattr(value, "_fields") else tuple(items)
    return as_leaf(value)


def as_leaf(value: Any) -> Any:  # noqa: ANN401
    """One array, a copy; numbers of Python's are int32 or float32, texts are `Texts`; None stays.

    Elements wait, in batches, buffers and threads, while their owner may write into the array that they came in.

    Raises: DTypeError for what is no number and no text.
    """
    if value is None or isinstance(value, (Texts, Part)) or hasattr(value, "elements"):
        return value
    if type(value) in PARTS:
        return PARTS[type(value)](value)
    if isinstance(value, Tensor):
        return Tensor.numpy(value)  # a copy, whatever the front end's own gives
    try:
        array = _array(value)
    except (TypeError, ValueError) as error:
        raise DTypeError(f"a {type(value).__name__} is no part of an element", facts=(str(error),)) from None
    if dtypes.is_text(array.dtype) or (dtypes.is_objects(array.dtype) and all(isinstance(one, (str, bytes)) for one in array.ravel())):
        return Texts(array)
    if dtypes.is_objects(array.dtype) or not dtypes.is_data(array.dtype):
        raise DTypeError(f"a {type(value).__name__} is no part of an element: numbers, texts, and dicts and tuples of them are")
    return array


def _array(value: Any) -> Array:  # noqa: ANN401
    if isinstance(value, (np.ndarray, np.generic)):
        return np.array(value)
    if isinstance(value, list) and any(isinstance(one, (Tensor, np.ndarray, np.generic)) for one in flatten(value)):
        return np.asarray(map_tree(lambda one: one.numpy() if isinstance(one, Tensor) else one, value))
    array = np.asarray(value)
    if hasattr(value, "dtype") or hasattr(value, "dtypes"):  # of pandas and the like
        return np.array(array)
    if dtypes.is_float(array.dtype):
        return array.astype(np.float32)
    small = dtypes.is_integer(array.dtype) and (not array.size or (array.min() >= -(2**31) and array.max() < 2**31))
    return array.astype(np.int32) if small else array


def spec_of(element: Tree) -> Tree:
    """What is said of an element."""
    return map_tree(_spec_of, element)


def _spec_of(leaf: Any) -> Any:  # noqa: ANN401
    if leaf is None or hasattr(leaf, "elements"):
        return leaf
    return leaf.spec() if isinstance(leaf, Part) else TensorSpec(leaf.shape, _name_of(leaf))


def _name_of(leaf: Array) -> str:
    return STRING if isinstance(leaf, Texts) else dtypes.name(leaf.dtype)


def plain(leaf: Any) -> Any:  # noqa: ANN401
    """A leaf as `as_numpy_iterator` gives it: an array cannot be written, it may be that of the elements of the next time."""
    found = leaf.numpy() if isinstance(leaf, Texts) else leaf[()] if isinstance(leaf, np.ndarray) and not leaf.ndim else leaf
    if not isinstance(found, np.ndarray):
        return found
    shown = found.view()
    shown.flags.writeable = False
    return shown


def stacked(elements: Sequence[Tree]) -> Tree:
    """Elements as one, along a new first axis.  Raises: ShapeError where they differ."""
    return map_tree(lambda *leaves: _stack(leaves), elements[0], *elements[1:])


def _stack(leaves: Sequence[Any]) -> Any:  # noqa: ANN401
    if leaves[0] is None:
        return None
    if isinstance(leaves[0], Part):
        return leaves[0].together(leaves)
    shapes = {leaf.shape for leaf in leaves}
    if len(shapes) > 1:
        facts = tuple(f"{shape}" for shape in sorted(shapes, key=str)[:4])
        raise ShapeError("elements of different shapes make no batch", facts=facts, likely="padded_batch in the place of batch")
    made = np.stack(leaves)
    return made.view(Texts) if isinstance(leaves[0], Texts) else made


def padded(elements: Sequence[Tree], shapes: Tree, values: Tree) -> Tree:
    """Elements as one, each filled up to the longest, or to the extents that `shapes` says.  Raises: ShapeError for a longer one."""

    def fill(shape: TensorSpec, value: Leaf, *leaves: Any) -> Any:  # noqa: ANN401
        return _padded(leaves, shape.shape, value.value)

    return map_tree(fill, shapes, values, *elements)


@dataclass(frozen=True)
class Leaf:
    """A plain value as a leaf of a tree."""

    value: Any


def _padded(leaves: Sequence[Any], shape: Shape, value: Any) -> Any:  # noqa: ANN401
    ranks = {leaf.ndim for leaf in leaves} | ({len(shape)} if shape is not None else set())
    if len(ranks) > 1:
        facts = (f"axes {sorted(ranks)}",)
        raise ShapeError("padded_batch: elements have as many axes as each other, and as padded_shapes says", facts=facts)
    longest = [max(extents) for extents in zip(*(leaf.shape for leaf in leaves), strict=True)]
    extents = [a if b is None else b for a, b in zip(longest, shape or [None] * len(longest), strict=True)]
    if any(a > b for a, b in zip(longest, extents, strict=True)):
        told = (f"element {tuple(longest)}", f"said {tuple(extents)}")
        raise ShapeError("padded_batch: an element is longer than padded_shapes says", facts=told)
    texts = isinstance(leaves[0], Texts)
    made = np.empty((len(leaves), *extents), object if texts else leaves[0].dtype)
    made[...] = (b"" if texts else 0) if value is None else as_leaf(value)
    for number, leaf in enumerate(leaves):
        place: Any = (number, *(slice(0, extent) for extent in leaf.shape))
        made[place] = leaf if leaf.ndim else leaf[()]
    return made.view(Texts) if texts else made


def rows(element: Tree) -> Iterator[Tree]:
    """The elements along the first axis.  Raises: ShapeError where there is none, or lengths differ."""
    held = [leaf for leaf in flatten(element) if leaf is not None]
    lengths = {leaf.shape[0] if leaf.ndim else None for leaf in held}
    if None in lengths or len(lengths) != 1:
        facts = tuple(f"{leaf.shape}" for leaf in held[:4])
        raise ShapeError("the parts of what is cut into elements have one first axis, of one length", facts=facts)
    for place in range(int(next(iter(lengths)))):  # type: ignore[arg-type]  # None is refused above
        yield map_tree(lambda leaf, place=place: None if leaf is None else _row(leaf, place), element)


def _row(leaf: Any, place: int) -> Any:  # noqa: ANN401
    if isinstance(leaf, Part):
        return leaf.row(place)
    one = leaf[place]
    if isinstance(one, np.ndarray):
        return one
    return Texts(one) if isinstance(leaf, Texts) else np.asarray(one)
