"""Hashing and HashedCrossing: texts and whole numbers sorted into bins, always the same."""

from __future__ import annotations

from typing import Any, Unpack

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, ShapeError
from gradwerk.data.encoding import encoded
from gradwerk.data.hashes import fingerprint, fingerprint_of_two
from gradwerk.data.vocabulary import hashing
from gradwerk.data.words import as_integers, as_texts
from gradwerk.keras.layers.layer import Shape
from gradwerk.keras.layers.preprocessing.encodings import row_shape
from gradwerk.keras.layers.preprocessing.host import HostLayer, mode_of, refuse_sparse, salt_of
from gradwerk.keras.options import LayerOptions, checked_except, positive_integer

Array = np.ndarray[Any, np.dtype[Any]]
_KEY = 0xDECAFCAFFE
_WORD = (1 << 64) - 1


def dtype_of(owner: str, dtype: object, mode: str) -> str:
    """The dtype of the result: int64 where nothing is said for numbers of bins, float32 for rows.  Raises: ArgumentError for others."""
    allowed = ("int32", "int64") if mode == "int" else ("float32", "int32", "int64")
    if dtype is None or (str(dtype) == "float32" and mode == "int" and owner == "HashedCrossing"):
        return "int64" if mode == "int" else "float32"
    if str(dtype) not in allowed:
        raise ArgumentError(f"{owner}: dtype is {' or '.join(allowed)} with output_mode={mode!r}, this is {dtype!r}")
    return str(dtype)


def tokens_of(inputs: Any, what: str) -> Array:  # noqa: ANN401
    """Texts or whole numbers as an array; other numbers without their fractions.  Raises: DTypeError."""
    held = np.asarray(inputs) if not hasattr(inputs, "to_numpy") else inputs.to_numpy()
    if dtypes.is_float(held.dtype):
        return held.astype(np.int64)
    return as_integers(held, what) if dtypes.is_integer(held.dtype) else as_texts(held, what)


class Hashing(HostLayer):
    """The number of the bin that a text or whole number is sorted into, by its hash: two may share one.

    Computed on the host: it is called on data, and stands in front of a model.
    Shape: int: any, kept; one_hot, multi_hot, count: rows of `num_bins` numbers (see `encoded`).
    Raises: ArgumentError for options of another kind.

    Args:
        num_bins: how many bins there are.
        mask_value: a token of its own, which goes to bin 0 alone.
        salt: one or two numbers that say which hash (SipHash); without it that of FarmHash, the same in every program.
        output_mode: int, one_hot, multi_hot or count.
        sparse: refused.
        dtype: of the result: int64 or int32 for numbers of bins, float32 for rows.
    """

    dtype: str = "int64"

    @checked_except("num_bins", "mask_value", "salt", "output_mode", "sparse")
    def __init__(
        self, num_bins: int, mask_value: Any = None, salt: Any = None, output_mode: str = "int", sparse: bool = False,  # noqa: ANN401, FBT001, FBT002
        **options: Unpack[LayerOptions],
    ) -> None:  # fmt: skip
        dtype = options.pop("dtype", None)
        super().__init__(**options)
        refuse_sparse("Hashing", sparse=sparse)
        self.num_bins = positive_integer("Hashing", "num_bins", num_bins)
        self.output_mode, self.sparse = mode_of("Hashing", output_mode, ("int", "one_hot", "multi_hot", "count")), False
        self.salt, self.mask_value = salt_of("Hashing", salt), mask_value
        self.dtype = dtype_of("Hashing", dtype, self.output_mode)

    def call(self, inputs: Any) -> Array:  # noqa: ANN401  texts or numbers
        """See `hashing`, `encoded`."""
        tokens = tokens_of(inputs, "Hashing: the input")
        masks = self.mask_value is not None and self.num_bins > 1
        bin_of = hashing(self.num_bins - masks, self.salt)
        found = np.array([bin_of(token) for token in tokens.ravel().tolist()], np.int64).reshape(tokens.shape)
        if masks:
            found = np.where(tokens == self.mask_value, 0, found + 1)
        if self.output_mode == "int":
            return found.astype(self.dtype)
        return encoded(found, self.output_mode, self.num_bins, np.dtype(self.dtype))

    def result_dtype(self, symbols: Any) -> str:  # noqa: ANN401
        """That of the option."""
        return self.dtype

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """See `encoded`."""
        return tuple(input_shape) if self.output_mode == "int" else row_shape(tuple(input_shape), self.output_mode, self.num_bins)

    def get_config(self) -> dict[str, Any]:
        """The arguments."""
        return super().get_config() | {"dtype": self.dtype}


class HashedCrossing(HostLayer):
    """The number of the bin that several tokens together are sorted into: a city and a trade, an hour and a day.

    Computed on the host: it is called on data, and stands in front of a model.
    Shape: several inputs (), (batch,) or (batch, 1) of texts or whole numbers -> as they, or rows of `num_bins` numbers with one_hot.
    Raises: ArgumentError for options of another kind.

    Args:
        num_bins: how many bins there are.
        output_mode: int or one_hot.
        sparse: refused.
        dtype: of the result: int64 or int32 for numbers of bins, float32 for rows.
    """

    dtype: str = "int64"

    @checked_except("num_bins", "output_mode", "sparse")
    def __init__(
        self, num_bins: int, output_mode: str = "int", sparse: bool = False, **options: Unpack[LayerOptions]  # noqa: FBT001, FBT002
    ) -> None:  # fmt: skip
        dtype = options.pop("dtype", None)
        super().__init__(**options)
        refuse_sparse("HashedCrossing", sparse=sparse)
        self.num_bins = positive_integer("HashedCrossing", "num_bins", num_bins)
        self.output_mode, self.sparse = mode_of("HashedCrossing", output_mode, ("int", "one_hot")), False
        self.dtype = dtype_of("HashedCrossing", dtype, self.output_mode)

    def call(self, inputs: Any) -> Array:  # noqa: ANN401  a list of arrays of texts or numbers
        """See `fingerprint_of_two`, `encoded`."""
        if not isinstance(inputs, (list, tuple)) or len(inputs) < 2:
            raise ArgumentError("HashedCrossing takes a list of two or more inputs", likely="layer([cities, trades])")
        columns = [tokens_of(one, f"HashedCrossing: input {number}") for number, one in enumerate(inputs)]
        shape = columns[0].shape
        if any(column.shape != shape for column in columns) or len(shape) > 2 or (len(shape) == 2 and shape[1] != 1):
            shapes = f"inputs   {', '.join(str(column.shape) for column in columns)}"
            raise ShapeError("HashedCrossing takes inputs of one shape: (), (batch,) or (batch, 1)", facts=(shapes,))
        rows = zip(*(column.ravel().tolist() for column in columns), strict=True)
        found = np.array([self._bin_of(row) for row in rows], np.int64).reshape(shape)
        return found.astype(self.dtype) if self.output_mode == "int" else encoded(found, "one_hot", self.num_bins, np.dtype(self.dtype))

    def _bin_of(self, tokens: tuple[Any, ...]) -> int:
        joined = _KEY
        for token in tokens:
            joined = fingerprint_of_two(joined, fingerprint(token.encode()) if isinstance(token, str) else token & _WORD)
        return joined % self.num_bins

    def result_dtype(self, symbols: Any) -> str:  # noqa: ANN401
        """That of the option."""
        return self.dtype

    def compute_output_shape(self, input_shape: Any) -> Any:  # noqa: ANN401  a list of shapes
        """That of one input, or rows."""
        first = tuple(input_shape[0])
        return first if self.output_mode == "int" else row_shape(first, "one_hot", self.num_bins)

    def get_config(self) -> dict[str, Any]:
        """The arguments."""
        return super().get_config() | {"dtype": self.dtype}
