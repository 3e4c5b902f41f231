"""What stands for data while a model is drawn: whether something is such, and what it is made of."""

from __future__ import annotations

from typing import Any

from gradwerk.base.errors import ArgumentTypeError
from gradwerk.keras.layers.symbolic import KerasTensor, is_symbol


def is_keras_tensor(x: Any) -> bool:  # noqa: ANN401
    """Whether x is symbolic: a result of `keras.Input`, or of calls on such."""
    return is_symbol(x)


def get_source_inputs(tensor: KerasTensor) -> list[KerasTensor]:
    """The inputs that a symbolic value is computed from, in the order in which they are come to.

    Raises: ArgumentTypeError for what is not symbolic.
    """
    if not is_symbol(tensor):
        raise ArgumentTypeError(f"get_source_inputs takes a symbolic value, this is a {type(tensor).__name__}")
    found: dict[int, KerasTensor] = {}
    seen: set[int] = set()
    left = [tensor]
    while left:
        one = left.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        given = [] if one.node is None else one.node.given
        if given:
            left += reversed(given)
        else:
            found[id(one)] = one
    return list(found.values())
