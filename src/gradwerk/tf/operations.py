"""What an operation of TensorFlow is here: one function on Tensors, with the type that a graph's node of it has.

    @operation("MatMul")
    def matmul(a, b, transpose_a=False, transpose_b=False, name=None): ...
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])

OPERATIONS: dict[str, Callable[..., Any]] = {}
"""The functions by the type of their nodes."""


def operation(kind: str) -> Callable[[F], F]:
    """A decorator: the function computes what nodes of this type do.

    Args:
        kind: TensorFlow's name of the type, `MatMul`.
    """

    def decorate(function: F) -> F:
        OPERATIONS[kind] = function
        return function

    return decorate
