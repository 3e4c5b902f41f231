"""What keras.backend had in Keras 2 for the contents of variables and Tensors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradwerk.keras import ops
from gradwerk.keras.ops.operands import Operand, tensor, wanted
from gradwerk.keras.ops.promotion import floatx
from gradwerk.keras.variables import Variable, Weight

# ruff: noqa: A001, ANN401  Keras' names and signatures; operands are Tensors, arrays, lists and numbers
Array = np.ndarray[Any, np.dtype[Any]]


def variable(value: Operand, dtype: Any = None, name: str | None = None, constraint: Any = None) -> Variable:
    """A variable that is trained, of these contents.  Dtype: `dtype`, by default floatx."""
    made = Weight(np.asarray(tensor(value, wanted(dtype, floatx())).numpy())).named(name, ())
    made.constraint = constraint
    return made


def constant(value: Operand, dtype: Any = None, shape: Any = None, name: str | None = None) -> Any:
    """A Tensor of these contents, repeated to a shape where one is given.  Dtype: `dtype`, by default floatx."""
    made = tensor(value, wanted(dtype, floatx()))
    return made if shape is None else ops.broadcast_to(made, shape)


def eval(x: Operand) -> Array:
    """The contents as an array."""
    return ops.convert_to_numpy(x)


get_value = eval


def batch_get_value(tensors: Sequence[Operand]) -> list[Array]:
    """The contents of several."""
    return [ops.convert_to_numpy(x) for x in tensors]


def set_value(x: Variable, value: Operand) -> None:
    """New contents of a variable."""
    x.assign(tensor(value, x.dtype))


def batch_set_value(tuples: Sequence[tuple[Variable, Operand]]) -> None:
    """New contents of several variables."""
    for x, value in tuples:
        set_value(x, value)


def update(x: Variable, new_x: Operand) -> Variable:
    """New contents of a variable, which is given back."""
    set_value(x, new_x)
    return x


def update_add(x: Variable, increment: Operand) -> Variable:
    """Adds to a variable in place."""
    return x.assign_add(tensor(increment, x.dtype))


def update_sub(x: Variable, decrement: Operand) -> Variable:
    """Subtracts from a variable in place."""
    return x.assign_sub(tensor(decrement, x.dtype))
