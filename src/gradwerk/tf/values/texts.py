"""A Tensor of texts: bytes of any length, which are never computed with in kernels."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentTypeError, ShapeError
from gradwerk.data.elements import Texts
from gradwerk.tensor.handle import Handle
from gradwerk.tf.dtypes import string
from gradwerk.tf.references import Reference
from gradwerk.tf.shapes import shape_of
from gradwerk.tf.values.hosted import TENSORS, Array, is_text

# ruff: noqa: ANN401  operands are Tensors, arrays, lists and texts


class TextTensor:
    """Texts of a shape.  `numpy()` gives the bytes of one, of several an array of bytes.

    Args:
        values: a text, or an array or nested lists of them; `str` is encoded as UTF-8.
        shape: another shape of as many; one text fills any.

    Raises: ArgumentTypeError for what is no text, ShapeError where the shape does not fit.
    """

    __slots__ = ("__weakref__", "_texts")
    is_texts = True
    """How the rest of the package asks."""
    __array_priority__ = 1000.0

    def __init__(self, values: Any, shape: Any = None) -> None:
        held = texts_of(values, "a Tensor of texts")
        if shape is not None:
            extents = tuple(int(extent) for extent in shape)
            if held.size == 1:
                held = Texts(np.broadcast_to(np.asarray(held).reshape(()), extents))
            elif int(np.prod(extents)) != held.size:
                raise ShapeError(f"{held.size} texts have not the shape {extents}")
            else:
                held = Texts(np.asarray(held).reshape(extents))
        self._texts = held

    @property
    def shape(self) -> Any:
        """The extents."""
        return shape_of(self._texts.shape)

    @property
    def dtype(self) -> Any:
        """tf.string."""
        return string

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return int(self._texts.ndim)

    @property
    def device(self) -> str:
        """Where the texts are: always on the host."""
        return "/job:localhost/replica:0/task:0/device:CPU:0"

    def ref(self) -> Reference:
        """What stands for it as a key in sets and dicts."""
        return Reference(self)

    def get_shape(self) -> Any:
        """The extents."""
        return self.shape

    def numpy(self) -> Any:
        """The bytes of one text; of several an array of them."""
        return self._texts.numpy() if not self._texts.ndim else np.array(self._texts, object)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:  # noqa: FBT001  NumPy's protocol
        return np.array(self._texts, dtype if dtype is not None else object)

    def __len__(self) -> int:
        if not self._texts.ndim:
            raise ArgumentTypeError("Scalar tensor has no `len()`")
        return len(self._texts)

    def __iter__(self) -> Iterator[TextTensor]:
        if not self._texts.ndim:
            raise ArgumentTypeError("Cannot iterate over a scalar tensor")
        return (TextTensor(one) for one in np.asarray(self._texts))

    def __getitem__(self, key: Any) -> TextTensor:
        parts = key if isinstance(key, tuple) else (key,)
        plain = tuple(int(np.asarray(part)) if isinstance(part, Handle) and not part.ndim else part for part in parts)
        return TextTensor(np.asarray(self._texts)[plain])

    def __eq__(self, other: object) -> Any:
        return self._compared(other, equal=True)

    def __ne__(self, other: object) -> Any:
        return self._compared(other, equal=False)

    def _compared(self, other: object, *, equal: bool) -> Any:
        if not is_text(other):
            return not equal
        mine, theirs = np.asarray(self._texts), np.asarray(texts_of(other, "=="))
        try:
            found = np.asarray(np.equal(mine, theirs, dtype=object), bool)
        except ValueError:
            raise ShapeError("texts of these shapes are not compared", facts=(f"{mine.shape}", f"{theirs.shape}")) from None
        return tensor_of(found if equal else ~found)

    def __hash__(self) -> int:
        raise ArgumentTypeError("Tensor is unhashable. Instead, use tensor.ref() as the key.")

    def __add__(self, other: Any) -> TextTensor:
        return _behind(self, other)

    def __radd__(self, other: Any) -> TextTensor:
        return _behind(other, self)

    def __bool__(self) -> bool:
        if self._texts.size != 1:
            raise ShapeError(f"the truth of {self._texts.size} texts is asked for", likely="compare them, and reduce what comes of it")
        return bool(self._texts.reshape(()).item())

    def __int__(self) -> int:
        return int(self._alone("int"))

    def __float__(self) -> float:
        return float(self._alone("float"))

    def _alone(self, what: str) -> bytes:
        if self._texts.ndim:
            raise ArgumentTypeError(f"{what}() takes one text, these are {self._texts.size}")
        found: bytes = self._texts.item()
        return found

    def __repr__(self) -> str:
        shown = repr(self.numpy()) if not self.ndim else repr(np.asarray(self._texts))
        return f"<tf.Tensor: shape={_written(self._texts.shape)}, dtype=string, numpy={shown}>"

    def __str__(self) -> str:
        shown = repr(self.numpy()) if not self.ndim else str(np.asarray(self._texts))
        return f"tf.Tensor({shown}, shape={_written(self._texts.shape)}, dtype=string)"


def _written(shape: tuple[int, ...]) -> str:
    return f"({shape[0]},)" if len(shape) == 1 else f"({', '.join(map(str, shape))})"


def texts_of(values: Any, what: str) -> Texts:
    """Texts as an array of bytes on the host.  Raises: ArgumentTypeError for what is no text, ShapeError for lists of several lengths."""
    if isinstance(values, TextTensor):
        return values._texts
    if isinstance(values, Texts):
        return values
    try:
        if isinstance(values, (list, tuple)):
            values = [np.asarray(one, object) if isinstance(one, TextTensor) else one for one in values]
        held = np.asarray(values, object)
    except ValueError as error:
        raise ShapeError(f"{what}: texts in lists of several lengths", facts=(str(error),), likely="tf.ragged.constant") from None
    if not all(isinstance(one, (str, bytes)) for one in held.ravel()):
        wrong = next(one for one in held.ravel() if not isinstance(one, (str, bytes)))
        raise ArgumentTypeError(f"{what}: texts are needed, this is {'a ' * (wrong is not None)}{type(wrong).__name__}")
    return Texts(held)


def _behind(first: Any, second: Any) -> TextTensor:
    """Each text with another behind it."""
    a, b = np.asarray(texts_of(first, "+")), np.asarray(texts_of(second, "+"))
    try:
        return TextTensor(np.asarray(np.add(a, b), object))
    except ValueError:
        raise ShapeError("texts of these shapes are not joined", facts=(f"{a.shape}", f"{b.shape}")) from None


def tensor_of(array: Any, dtype: Any = None) -> Any:
    """An array of the host's as a Tensor; of texts as a TextTensor."""
    held = np.asarray(array, dtype)
    return TextTensor(held) if dtypes.is_objects(held.dtype) or dtypes.is_text(held.dtype) else TENSORS[-1](held)
