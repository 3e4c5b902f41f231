"""What may stand beside a Tensor in an expression: numbers, arrays of NumPy's, lists of numbers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from gradwerk.base import dtypes, python_numbers
from gradwerk.base.dtypes import DType
from gradwerk.base.errors import ShapeError
from gradwerk.tensor.handle import Handle

OPERANDS = (Handle, np.ndarray, *python_numbers.WEAK)
"""What an operator takes: a Tensor, an array, or a real number."""


def listed(numbers: object, dtype: DType) -> Any:  # noqa: ANN401  an array, or NotImplemented
    """A list or tuple of numbers, nested or not, as an array: in this dtype where its kind holds theirs; a complex number beside
    complex ones.  NotImplemented for all else.

    Raises: ShapeError where its lists differ in length, DTypeError for a whole number that does not fit.
    """
    if isinstance(numbers, complex) and dtypes.is_complex(dtype):
        return np.asarray(numbers, dtype)
    leaves = list(_leaves(numbers))
    if not isinstance(numbers, (list, tuple)) or not leaves or not all(map(python_numbers.is_number, leaves)):
        return NotImplemented
    try:
        shape = np.shape(numbers)
    except ValueError:
        raise ShapeError("the lists beside a Tensor differ in length", facts=(f"{numbers!r}",)) from None
    plain = [x.item() if isinstance(x, np.generic) else x for x in leaves]
    own = python_numbers.of_numbers(plain)
    if dtypes.is_wider(own, dtype):
        return dtypes.of_value(plain, own).reshape(shape)
    return np.reshape([python_numbers.weak(x, dtype) for x in plain], shape)


def _leaves(numbers: object) -> Iterator[Any]:
    """What stands in lists and tuples, however deep."""
    if isinstance(numbers, (list, tuple)):
        for one in numbers:
            yield from _leaves(one)
    else:
        yield numbers
