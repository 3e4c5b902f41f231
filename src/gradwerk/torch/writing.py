"""Operations of Tensors in place: an operation, and a write of what it gives.

`x.exp_()` is `x.rewrite(Tensor.exp)`.  The result is stored in the dtype of the Tensor, which must be of no lower kind (torch: "result type
Float can't be cast to the desired output type Long").
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from gradwerk.base import dtypes
from gradwerk.base.dtypes import DType
from gradwerk.base.errors import DTypeError
from gradwerk.ops import elementwise
from gradwerk.torch import arguments


def stored(value: Any, dtype: DType) -> Any:  # noqa: ANN401
    """A result as it is written over a Tensor of this dtype.  Raises: DTypeError where its kind is higher."""
    given = getattr(value, "dtype", dtype)
    if given == dtype:
        return value
    if dtypes.is_wider(given, dtype):
        names = arguments.name_of(given), arguments.name_of(dtype)
        message = f"result type {names[0]} can't be cast to the desired output type {names[1]}"
        raise DTypeError(message, likely="write it out of place, or make the Tensor floating first with .float()")
    return elementwise.cast(value, dtype)


def in_place(function: Callable[..., Any]) -> Callable[..., Any]:
    """The method that writes what `function` gives over the Tensor."""

    @functools.wraps(function)
    def change(self: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        return self.rewrite(lambda old: stored(function(old, *args, **kwargs), self.dtype), *args, *kwargs.values())

    change.__doc__ = f"In place: {function.__doc__}"
    change.__dict__.pop("adapter", None)  # of `function`, by whose name errors would speak: `all_recorded` gives it one of its own
    return change
