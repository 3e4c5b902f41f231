"""Training or inference behaviour for the length of a block."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from gradwerk.nn.module import Module


@contextmanager
def mode(model: Module, *, training: bool) -> Iterator[None]:
    """Sets `training` on the model and all below it inside the block, and puts back what was there.

    A step sets its own mode wherever it is traced, so the attribute is no setting it depends on: the versions of the modules stay as they
    are, and going back and forth between training and validation traces nothing again.
    """
    earlier = [(module, module.training) for module in model.modules()]
    try:
        _set((module, training) for module, _ in earlier)
        yield
    finally:
        try:
            _set(earlier)
        except BaseException:  # a signal came
            _set(earlier)
            raise


def _set(modes: Iterable[tuple[Module, bool]]) -> None:
    """May be done twice."""
    for module, training in modes:
        object.__setattr__(module, "training", training)
