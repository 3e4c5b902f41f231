"""Rows of a table, chosen by integer ids."""

from __future__ import annotations

from typing import Any

from gradwerk.base import dtypes
from gradwerk.base.errors import DTypeError
from gradwerk.nn import init
from gradwerk.nn.module import Module
from gradwerk.ops.indexing import gather
from gradwerk.tensor.random import Generator, default_generator
from gradwerk.tensor.tensor import Parameter

Operand = Any
"""An array, a Value or a Tensor."""


def embedding(ids: Operand, table: Operand) -> Operand:
    """y[..., k] = table[ids[...], k].

    Shape: ids (...) integer, table (symbols, units); result (..., units).  Raises: DTypeError for ids that are not integers.
    """
    if not dtypes.is_integer(ids.dtype):
        raise DTypeError(f"embedding ids must be integers, these are {dtypes.name(ids.dtype)}", likely="cast them to int64")
    return gather(table, ids)


class Embedding(Module):
    """A trained vector for each of `symbols` ids.

    Shape: ids (...) -> (..., units).  Parameter: table (symbols, units).
    """

    def __init__(
        self, symbols: int, units: int, *, table_init: init.Initializer = init.uniform, generator: Generator | None = None
    ) -> None:
        self.table = Parameter(table_init((symbols, units), generator or default_generator()))

    def forward(self, ids: Operand) -> Operand:
        """See `embedding`."""
        return embedding(ids, self.table)

    def describe(self) -> str:
        """`96, 64`."""
        return ", ".join(map(str, self.table.shape))
