"""Writes that belong together: all of them are made, or none, whatever a signal handler raises meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from gradwerk.base.settings import settings
from gradwerk.tensor.apply import DEFERRED
from gradwerk.tensor.deferred.recorder import recorder
from gradwerk.tensor.grad import unrecorded
from gradwerk.tensor.state import mode
from gradwerk.tensor.tensor import Tensor

Writes = Sequence[tuple[Tensor, Any]]
"""Tensors, and what is written to them."""
Part = Callable[[], Writes]


class Update(Protocol):
    """Writes that belong together, and what they follow from."""

    def parts(self) -> list[Part]:
        """The writes."""

    def trusted(self) -> bool:
        """Whether nothing is read but the operands, and nothing is looked at."""

    def said(self) -> object:
        """All that they follow from beside the operands, to be compared by ==; None where nobody knows.  Asked of what is trusted."""

    def written(self) -> list[Tensor]:
        """The Tensors that are written, and may be read, always in the same order."""

    def read(self) -> list[Tensor]:
        """Those that are read alone, in the same order."""


@unrecorded
def update_all(updates: Sequence[Update]) -> None:
    """Writes the parts of all updates as `write_all` does.  Deferred, writes wait for their end, and what was seen before is known."""

    def action() -> None:
        _write_all([part for update in updates for part in update.parts()])

    if mode.trace is not None:
        write_all([part for update in updates for part in update.parts()])
    elif settings.eager is not DEFERRED or not all(update.trusted() for update in updates):
        action()
    else:
        said = [update.said() for update in updates]
        written = [operand for update in updates for operand in update.written()]
        recorder.together(action, None if None in said else said, written, [operand for update in updates for operand in update.read()])


@unrecorded
def write_all(parts: Sequence[Part]) -> None:
    """Writes what the parts say, one after the other: each is computed from what those before it have written.

    What is raised before the first is written breaks the whole off.  Later all are written first: only one at a time is held in memory, so
    what was written cannot be taken back.  A part that fails again, where it failed, ends it: no signal was to blame.
    """
    if mode.trace is not None:  # which is dropped as a whole
        for part in parts:
            _write(part())
        return
    _write_all(parts)


def _write_all(parts: Sequence[Part]) -> None:
    """The same outside of any trace."""
    done: tuple[int, Writes | None] = (0, None)  # so many parts, and the next one once it is computed: both change at once
    failed, first = None, None
    while done[0] < len(parts):
        try:
            while done[0] < len(parts):
                if done[1] is None:
                    done = (done[0], parts[done[0]]())
                _write(done[1] or ())
                done = (done[0] + 1, None)
        except BaseException as error:
            first = first or error
            if done == (0, None) or done is failed:
                raise first from None
            failed = done
    if first is not None:
        raise first


def _write(writes: Writes) -> None:
    """May be done twice."""
    for tensor, value in writes:
        tensor.assign(value)
