"""Operations that run on the host: on texts, files, rows, and whatever else kernels do not compute."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from gradwerk.tf.calls import op

F = TypeVar("F", bound=Callable[..., Any])


def host_op(kind: str, *, effects: bool = False) -> Callable[[F], F]:
    """A decorator: an operation that is never compiled; its errors are TensorFlow's.

    Args:
        kind: TensorFlow's name of the type.
        effects: whether it does something besides giving values.
    """
    return op(kind, host=True, effects=effects)
