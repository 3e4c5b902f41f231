"""Rows of a table, chosen by integer ids."""

from __future__ import annotations

from typing import Any

from gradwerk.base import dtypes
from gradwerk.base.errors import DTypeError
from gradwerk.ops.indexing import gather

Operand = Any
"""An array, a Value or a Tensor."""


def embedding(ids: Operand, table: Operand) -> Operand:
    """y[..., k] = table[ids[...], k].

    Shape: ids (...) integer, table (symbols, units); result (..., units).  Raises: DTypeError for ids that are not integers.
    """
    if not dtypes.is_integer(ids.dtype):
        raise DTypeError(f"embedding ids must be integers, these are {dtypes.name(ids.dtype)}", likely="cast them to int64")
    return gather(table, ids)
