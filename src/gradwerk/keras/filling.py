"""The first contents of weights and variables, by an initializer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.dtypes import DType
from gradwerk.base.parameters import parameters_of
from gradwerk.keras import initializers
from gradwerk.keras.initializers import InitializerLike

Array = np.ndarray[Any, np.dtype[Any]]


def filled(identifier: InitializerLike, shape: Sequence[int], dtype: DType) -> Array:
    """An array of this shape and dtype by an initializer, one's own too, which is told the dtype where it asks for it."""
    found = initializers.get(identifier)
    told = {"dtype": dtypes.name(dtype)} if "dtype" in parameters_of(found) else {}
    return dtypes.converted(np.asarray(found(tuple(shape), **told)), dtype)
