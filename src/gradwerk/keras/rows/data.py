"""Rows of different lengths as `fit`, `evaluate` and `predict` take them: a list of arrays, or a ragged value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Self

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, ShapeError
from gradwerk.keras.data import Data, class_weights
from gradwerk.keras.options import positive_integer
from gradwerk.keras.rowed import Form, is_rows
from gradwerk.keras.rows.value import Batch
from gradwerk.ragged.build import bucket, from_lengths, from_rows, rounded_up
from gradwerk.ragged.lanes import in_lanes, lanes_for, packed, quickest
from gradwerk.tensor.tensor import Tensor
from gradwerk.train.arrays import ArrayBatches

Array = np.ndarray[Any, np.dtype[Any]]
PARTS = 4
"""How many bounds of the longest row an octave has, where a batch comes alone."""
STEPS = 8
"""Numbers of steps in an octave: half as many as `in_lanes` has, since a model is planned for each, and with it all that it does."""


class Targets(NamedTuple):
    """What each element of the rows has: targets, or weights.  The number of rows is that of the first, as of any other batch."""

    counted: Any
    """(rows,): holds nothing."""
    flat: Any
    """(capacity, ...)."""


@dataclass(frozen=True, eq=False)
class RowList:
    """Rows on the host: one behind the other, and the length of each."""

    flat: Array
    lengths: Array

    @classmethod
    def of(cls, value: Any, what: str) -> Self:  # noqa: ANN401
        """Rows as they are given.  Raises: ShapeError, DTypeError naming the row that does not fit."""
        if isinstance(value, np.ndarray):
            value = list(value)
        ragged = value if is_rows(value) else from_rows(_named(value, what))
        lengths = np.diff(ragged.splits.numpy())
        return cls(np.asarray(ragged.flat.numpy())[: int(lengths.sum())], lengths)

    def __len__(self) -> int:
        return len(self.lengths)

    @property
    def as_one(self) -> Array:
        """(1, elements, ...): all as if they were one row, as what looks at sequences takes it."""
        return self.flat[None]

    def taken(self, order: Array) -> Self:
        """Some of the rows."""
        starts = np.cumsum(self.lengths) - self.lengths
        lengths = self.lengths[order]
        at = np.repeat(starts[order] - (np.cumsum(lengths) - lengths), lengths) + np.arange(int(lengths.sum()))
        return replace(self, flat=self.flat[at], lengths=lengths)

    def filled(self, capacity: int) -> Array:
        """(capacity, ...): the elements, and behind them the first, of which nobody reads what is made."""
        first = self.flat[:1] if len(self.flat) else np.zeros((1, *self.flat.shape[1:]), self.flat.dtype)
        return np.concatenate([self.flat, np.repeat(first, capacity - len(self.flat), 0)])


def _named(rows: Any, what: str) -> Any:  # noqa: ANN401
    """The rows as arrays of numbers, of one dtype for all; errors name the argument."""
    made = [row.numpy() if isinstance(row, Tensor) else np.asarray(row) for row in rows]
    shapes = {row.shape[1:] for row in made if row.shape != (0,)}
    if len(shapes) > 1:
        facts = tuple(f"{what}[{k}] {row.shape} {dtypes.name(row.dtype)}" for k, row in enumerate(made[:4]))
        raise ShapeError(f"the rows of {what} have elements of other shapes", facts=facts)
    kind = np.result_type(*(row.dtype for row in made if row.size)) if any(row.size for row in made) else np.dtype(np.float32)
    inner = next(iter(shapes), ())
    return [dtypes.converted(row, kind) if row.size else np.zeros((0, *inner), kind) for row in made]


@dataclass(frozen=True, eq=False)
class RaggedData:
    """x, y and perhaps weights, of which x is rows: y and weights have one entry for each row, or rows of the same lengths."""

    x: RowList
    y: Any = None
    weights: Any = None

    @property
    def form(self) -> Form:
        """By what steps are made."""
        return Form(self.y.as_one, of_elements=True) if isinstance(self.y, RowList) else Form(self.y, of_elements=False)

    def split(self, share: float) -> tuple[RaggedData, RaggedData]:
        """As `Data.split`."""
        first, last = Data(np.arange(len(self.x)), None, None).split(share)
        return self.part(first.x), self.part(last.x)

    def part(self, order: Array) -> RaggedData:
        """Some of the examples."""
        return RaggedData(self.x.taken(order), *(_taken(one, order) for one in (self.y, self.weights)))

    def with_class_weights(self, weights: Mapping[int, float] | None) -> RaggedData:
        """Weighted by the class of each row, or of each element.  Raises: ArgumentError where examples have weights of their own."""
        if weights is None:
            return self
        if self.weights is not None:
            raise ArgumentError("give sample_weight or class_weight, not both")
        if isinstance(self.y, RowList):
            return replace(self, weights=replace(self.y, flat=class_weights(self.y.flat, weights)))
        return replace(self, weights=class_weights(self.y, weights))

    def batches(self, batch_size: int | None, seed: int | None = None) -> RaggedBatches:
        """Batches of 32 unless said otherwise."""
        size = 32 if batch_size is None else positive_integer("fit, evaluate and predict", "batch_size", batch_size)
        return RaggedBatches(self, size, seed)

    def batch(self, lanes: int | None = None, longest: int | None = None) -> tuple[Any, ...]:
        """All examples as one batch."""
        lengths, total = self.x.lengths, int(self.x.lengths.sum())
        capacity, count = bucket(total), len(lengths)
        most = rounded_up(max(int(lengths.max(initial=1)), 1), PARTS) if longest is None else longest
        whole = from_lengths(self.x.flat, lengths, capacity=capacity)
        width = quickest(capacity, int(lengths.max(initial=1))) if lanes is None else lanes
        ragged = in_lanes(whole, width, steps=rounded_up(max(packed(lengths, width)[1], 1), STEPS))
        nothing = np.zeros(count, np.bool_)
        found: list[Any] = [Batch(nothing, ragged, np.zeros(most, np.bool_))]
        for part in (self.y, self.weights):
            if isinstance(part, RowList):
                found.append(Targets(nothing, part.filled(capacity)))
            elif part is not None and part is self.weights and isinstance(self.y, RowList):
                spread = RowList(np.repeat(part, lengths, 0), lengths)
                found.append(Targets(nothing, spread.filled(capacity)))
            elif part is not None:
                found.append(part)
        return tuple(found)


def _taken(part: Any, order: Array) -> Any:  # noqa: ANN401
    return part.taken(order) if isinstance(part, RowList) else None if part is None else part[order]


class RaggedBatches:
    """Batches of rows in an order that a seed and the epoch's number decide, in as few forms as they allow."""

    def __init__(self, data: RaggedData, batch_size: int, seed: int | None) -> None:
        self.data, lengths = data, data.x.lengths
        self.order = ArrayBatches((np.arange(len(data.x)),), batch_size, seed=seed)
        self.lanes = lanes_for(lengths, min(batch_size, len(lengths)))
        self.longest = rounded_up(max(int(lengths.max(initial=1)), 1), PARTS)

    @property
    def batch_size(self) -> int:
        """Rows in a batch."""
        return self.order.batch_size

    def describe(self) -> dict[str, int | None]:
        """What decides the batches, for checkpoints."""
        return self.order.describe()

    def __len__(self) -> int:
        return len(self.order)

    def epoch(self, number: int, first: int = 0) -> Iterator[tuple[Any, ...]]:
        """The batches of an epoch from the one numbered `first` on."""
        for (order,) in self.order.epoch(number, first):
            yield self.data.part(order).batch(self.lanes, self.longest)
