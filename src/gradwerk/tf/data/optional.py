"""tf.data.experimental.Optional: a value that may not be there."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwerk.base.errors import StateError
from gradwerk.tf.values.texts import tensor_of

# ruff: noqa: ANN401  values are of many kinds


class Optional:
    """A value, or nothing; made by its functions.

    Args:
        value: what it holds.
        there: whether it holds one.
    """

    def __init__(self, value: Any, *, there: bool = True) -> None:
        self._value, self._there = value, there

    @staticmethod
    def from_value(value: Any) -> Optional:
        """One that holds a value."""
        return Optional(value)

    @staticmethod
    def empty(element_spec: Any) -> Optional:
        """One that holds nothing."""
        return Optional(None, there=False)

    def has_value(self, name: str | None = None) -> Any:
        """Whether there is a value.  Dtype: bool."""
        return tensor_of(np.array(self._there))

    def get_value(self, name: str | None = None) -> Any:
        """The value.  Raises: StateError where there is none."""
        if not self._there:
            raise StateError("The given optional does not have a value.")
        return self._value
