"""What the tape consists of, as data: operations, what they were given, and their results as far as gradients need them."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any, Protocol

from gradwerk.ir.op import Operand
from gradwerk.ir.type import Type
from gradwerk.tensor.storage import Storage

_numbers = itertools.count(1)


class Pullback(Protocol):
    """What a tape node asks of its op: an Op, or a compiled program with a backward half."""

    @property
    def name(self) -> str:
        """For messages."""

    def pullback(self, cts: Sequence[Operand | None], ys: Sequence[Operand], xs: Sequence[Operand]) -> Sequence[Operand | None]:
        """The gradient for each argument."""


class Saved:
    """A result as the tape keeps it: everything but the Tensor itself, which holds the node (no reference cycle).

    Args:
        cls: the class of the Tensor.
        storage, array, type_, view: its parts; see `handle.make`.
        version: of its contents, as whoever records sees it.
    """

    __slots__ = ("array", "cls", "storage", "type", "version", "view")

    def __init__(self, cls: type[Any], storage: Storage, array: Any, type_: Type, view: Any, version: int) -> None:  # noqa: ANN401
        self.cls, self.storage, self.array, self.type, self.view, self.version = cls, storage, array, type_, view, version


class TapeNode:
    """One recorded operation.

    `edges` are the histories its arguments had: (node, index), or (None, 0) for leaves and constants; `versions` those of their storages.

    A walk that does not keep the graph frees it: then no value can be read any more.  Rules that read none (a sum, a view) still work.
    `points` are the hooks on the gradients of its results, by number (hooks.py).
    """

    __slots__ = ("args", "edges", "freed", "number", "op", "points", "results", "versions")

    def __init__(
        self, op: Pullback, args: tuple[Any, ...], edges: tuple[tuple[TapeNode | None, int], ...], versions: tuple[int, ...]
    ) -> None:  # fmt: skip
        self.op, self.args, self.edges, self.versions, self.freed = op, args, edges, versions, False
        self.number = next(_numbers)
        self.results: tuple[Saved, ...] = ()
        self.points: dict[int, Any] | None = None


def next_number() -> int:
    """A number above those of all nodes so far."""
    return next(_numbers)
