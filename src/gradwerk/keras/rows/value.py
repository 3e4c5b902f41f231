"""Rows: sequences of different lengths as layers see them, one value of shape (rows, None, ...) without padding.

A ragged value (`gradwerk.ragged`) is a tuple of Tensors, which trees take apart.  Between layers it has to be one thing, which has a
shape: so it goes wrapped.  A layer that knows no better way is given a padded rectangle with a mask (calling.py).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, NoReturn

from gradwerk.base.errors import ArgumentTypeError
from gradwerk.base.trees import map_tree
from gradwerk.keras.masked import mask_of, with_mask
from gradwerk.ops.compare import logical_and
from gradwerk.ops.elementwise import add, mul, sub, where
from gradwerk.ops.indexing import gather
from gradwerk.ops.movement import reshape, slice_axis
from gradwerk.ops.source import arange
from gradwerk.ragged.build import longest_of, padded
from gradwerk.ragged.value import Ragged, row_numbers, without_tail
from gradwerk.tensor.tensor import Tensor


class Batch(NamedTuple):
    """Rows as a step is given them: Tensors and arrays alone.  The number of rows is that of the first, as of any other batch."""

    counted: Any
    """(rows,): holds nothing."""
    ragged: Ragged
    room: Any
    """(longest,): holds nothing; how many elements a row has at most."""


class Rows:
    """A ragged value between layers.

    Args:
        ragged: the value.
        longest: how many elements a row has at most; None where lengths may be looked at.
        mask: (capacity,) bool, which elements count; None for all.  `Embedding(mask_zero=True)` and `Masking` give one.
    """

    __slots__ = ("_longest", "mask", "ragged")

    def __init__(self, ragged: Ragged, longest: int | None = None, mask: Tensor | None = None) -> None:
        self.ragged, self._longest, self.mask = ragged, longest, mask

    @property
    def row_count(self) -> int:
        """The number of rows."""
        return self.ragged.row_count

    @property
    def shape(self) -> tuple[int | None, ...]:
        """(rows, None, ...)."""
        return (self.ragged.row_count, None, *self.ragged.element_shape)

    @property
    def ndim(self) -> int:
        """The number of axes, that of the steps among them."""
        return len(self.shape)

    @property
    def dtype(self) -> Any:  # noqa: ANN401
        """That of the elements."""
        return self.ragged.dtype

    @property
    def longest(self) -> int:
        """How many elements a row has at most.  Raises: TraceError under trace for a value that was not made for it."""
        if self._longest is None:
            self._longest = max(longest_of(self.ragged), 1)
        return self._longest

    def of(self, ragged: Ragged) -> Rows:
        """Another value of the same rows, of which the same elements count."""
        return Rows(ragged, self._longest, self.mask)

    def counting(self, mask: Tensor | None) -> Rows:
        """The same value, of which these elements count."""
        return Rows(self.ragged, self._longest, mask)

    @property
    def counted(self) -> Tensor:
        """(capacity,) bool: the elements of rows that count."""
        found: Tensor = self.ragged.in_use if self.mask is None else logical_and(self.ragged.in_use, self.mask)
        return found

    def each(self, function: Callable[..., Tensor], *others: Rows, as_sequence: bool = False) -> Rows:
        """`function` of the elements of all rows, (elements, ...), which computes each by itself.

        With `as_sequence` they are one row, (1, elements, ...), for what counts axes from the first.
        """
        masks: list[Tensor] = []
        every = (self, *others)

        def on_flat(*flats: Tensor) -> Tensor:
            given = [reshape(flat, (1, *flat.shape)) if as_sequence else flat for flat in flats]
            masks_of = [None if one.mask is None else reshape(one.mask, given[0].shape[: 1 + as_sequence]) for one in every]
            y = function(*(x if mask is None else with_mask(x, mask) for x, mask in zip(given, masks_of, strict=True)))
            if (mask := mask_of(y)) is not None:
                masks.append(reshape(mask, (-1,)))
            of_elements: Tensor = reshape(y, tuple(y.shape[1:])) if as_sequence else y
            return of_elements

        return Rows(self.ragged.map(on_flat, *(other.ragged for other in others)), self._longest, masks[0] if masks else None)

    def rectangle(self) -> tuple[Tensor, Tensor]:
        """(rows, longest, ...) with zeros behind the end of each row, and the mask that is True for what counts within them."""
        x, mask = padded(self.ragged, self.longest)
        if self.mask is not None:
            mask = padded(self.ragged.with_flat(self.counted), self.longest)[0]
        return x, mask

    def from_rectangle(self, rectangle: Tensor) -> Rows:
        """The elements within these rows of (rows, longest, ...)."""
        r, longest = self.ragged, self.longest
        number = arange(r.capacity, like=r.flat, dtype=r.splits.dtype)
        row = where(r.in_use, row_numbers(r), 0)
        starts = gather(slice_axis(r.splits, 0, 0, r.row_count), row)
        at = where(r.in_use, add(mul(row, longest), sub(number, starts)), 0)
        made = r.with_flat(gather(reshape(rectangle, (-1, *rectangle.shape[2:])), at))
        return self.of(made.with_flat(without_tail(made, 0)))

    def from_their_ends(self) -> Rows:
        """The same rows, the last element of each first."""
        r = self.ragged
        row = where(r.in_use, row_numbers(r), 0)
        both = add(gather(slice_axis(r.splits, 0, 0, r.row_count), row), gather(slice_axis(r.splits, 0, 1, r.row_count + 1), row))
        at = where(r.in_use, sub(sub(both, 1), arange(r.capacity, like=r.flat, dtype=r.splits.dtype)), 0)
        made = r.with_flat(gather(r.flat, at))
        mask = None if self.mask is None else gather(self.mask, at)
        return Rows(made.with_flat(without_tail(made, 0)), self._longest, mask)

    def __array__(self, *args: object, **kwargs: object) -> NoReturn:
        raise ArgumentTypeError(
            "rows of different lengths are no array", likely="layers take them; gradwerk.ragged.padded makes a rectangle of a ragged value"
        )

    def __repr__(self) -> str:
        return f"<Rows shape={self.shape}, dtype={self.dtype}>"


def opened(tree: Any) -> Any:  # noqa: ANN401
    """A tree in which ragged values are Rows."""
    if isinstance(tree, Batch):
        return Rows(tree.ragged, int(tree.room.shape[0]))
    if isinstance(tree, Ragged):
        return Rows(tree)
    if isinstance(tree, dict):
        return {name: opened(part) for name, part in tree.items()}
    return type(tree)([opened(part) for part in tree]) if type(tree) in {list, tuple} else tree


def closed(tree: Any) -> Any:  # noqa: ANN401
    """A tree in which Rows are ragged values."""
    return map_tree(lambda leaf: leaf.ragged if isinstance(leaf, Rows) else leaf, tree)
