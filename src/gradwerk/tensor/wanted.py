"""What gradients are asked of, by what they are weighed, and for what: looked at before anything is walked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from gradwerk.base.errors import ArgumentTypeError, OutOfRangeError, ShapeError
from gradwerk.ir.op import Operand
from gradwerk.tensor.handle import Handle
from gradwerk.tensor.hints import hints

Place = int | Sequence[int]
"""One argument of a function, or several."""


def tensors(function: str, role: str, given: Operand) -> list[Handle]:
    """One Tensor, or those of a sequence or an iterator.  Raises: ArgumentTypeError for anything else."""
    if isinstance(given, Handle):
        return [given]
    if isinstance(given, str | bytes | Mapping | np.ndarray) or not isinstance(given, Iterable):
        raise ArgumentTypeError(f"{function}: {role} must be Tensors, not {type(given).__name__}")
    found = list(given)
    for one in found:
        if not isinstance(one, Handle):
            raise ArgumentTypeError(f"{function}: {role} must be Tensors, but one is {type(one).__name__}")
    return found


def refuse_function(function: str, outputs: Operand, inputs: Operand) -> None:
    """Of a function no gradient is taken, but of what it gave.  Raises: ArgumentTypeError."""
    if callable(outputs) and not isinstance(outputs, Handle):
        numbers = isinstance(inputs, int) or (isinstance(inputs, tuple) and all(isinstance(one, int) for one in inputs))
        likely = hints().derive.format(inputs) if numbers else ""
        raise ArgumentTypeError(f"{function}: outputs must be Tensors, not a function", likely=likely)


def weights(function: str, given: Operand, outputs: Sequence[Handle]) -> list[Operand | None]:
    """What each output is weighed by: a Tensor or an array, None for 1.  Raises: ArgumentTypeError, ShapeError for too few or many."""
    several = list(given) if isinstance(given, list | tuple) else [given] * (len(outputs) if given is None else 1)
    for one in several:
        if one is not None and not isinstance(one, Handle | np.ndarray | np.generic):
            raise ArgumentTypeError(f"{function}: gradients can be either Tensors or None, but got {type(one).__name__}")
    if len(several) != len(outputs):
        raise ShapeError(f"{function}: got {len(outputs)} tensors and {len(several)} gradients")
    return several


def places(argument: Place) -> tuple[int, ...]:
    """Which arguments of a function gradients are for.  Raises: ArgumentTypeError for what is no whole number."""
    given = tuple(argument) if isinstance(argument, list | tuple) else (argument,)
    for place in given:
        if isinstance(place, bool) or not isinstance(place, int | np.integer):
            raise ArgumentTypeError(f"value_and_grad: argument is a place, or a tuple of places: whole numbers, not {place!r}")
    return tuple(map(int, given))


def check_places(wanted: Sequence[int], count: int, names: Iterable[str]) -> None:
    """Each is an argument that was given by position.  Raises: OutOfRangeError."""
    for place in wanted:
        if not -count <= place < count:
            message = f"value_and_grad: the function was called with {count} arguments by position, of which none is number {place}"
            by_name = tuple(names)
            raise OutOfRangeError(message, facts=(f"by name: {', '.join(by_name)}",) if by_name else ())


def loss_of(value: Any) -> Handle:  # noqa: ANN401
    """What a function gave, or the first entry of the tuple that it gave.  Raises: ArgumentTypeError for what is no Tensor."""
    loss = value[0] if isinstance(value, tuple) and value else value
    if not isinstance(loss, Handle):
        what = "nothing" if value is None else type(value).__name__ if loss is value else f"a tuple that begins with {type(loss).__name__}"
        message = f"value_and_grad: the function must give a Tensor of one element, or a tuple whose first entry is one, not {what}"
        raise ArgumentTypeError(message, likely="end the function with `return` of its loss" if value is None else "")
    return loss
