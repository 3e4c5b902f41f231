"""Going through a data set: `next`, `get_next`, and where it ends."""

from __future__ import annotations

from typing import Any

from gradwerk.tf.data.optional import Optional
from gradwerk.tf.errors import OutOfRangeError
from gradwerk.tf.operations import at_run_time, computing

# ruff: noqa: ANN401  elements are of many kinds


class DatasetIterator:
    """An iterator of a data set.

    Args:
        dataset: what is gone through.
    """

    def __init__(self, dataset: Any) -> None:
        self._dataset, self._elements = dataset, iter(dataset.source.elements())

    def __iter__(self) -> DatasetIterator:
        return self

    def __next__(self) -> Any:
        at_run_time("next(iterator)")
        with computing():
            return self._dataset.shown(next(self._elements))

    def get_next(self) -> Any:
        """The next element.  Raises: OutOfRangeError behind the last."""
        at_run_time("iterator.get_next()")
        with computing():
            found = next(self._elements, self)
        if found is self:
            raise OutOfRangeError(None, None, "End of sequence")
        return self._dataset.shown(found)

    def get_next_as_optional(self) -> Optional:
        """The next element, or nothing behind the last."""
        at_run_time("iterator.get_next_as_optional()")
        with computing():
            found = next(self._elements, self)
        return Optional(None, there=False) if found is self else Optional(self._dataset.shown(found))

    @property
    def element_spec(self) -> Any:
        """What is said of an element."""
        return self._dataset.element_spec
