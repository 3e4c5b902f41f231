"""Places of extremes, of a Tensor whose contents are there: NumPy finds in one pass what takes eight operations as functions of ops."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.settings import settings
from gradwerk.ir.type import Type
from gradwerk.ops import reduction
from gradwerk.tensor.apply import DEFERRED, HEAVY
from gradwerk.tensor.devices import KINDS
from gradwerk.tensor.handle import Handle, make
from gradwerk.tensor.state import mode
from gradwerk.tensor.storage import Storage


def argmax(x: Any, axis: int = -1, *, keepdims: bool = False) -> Any:  # noqa: ANN401  an operand
    """As `reduction.argmax`."""
    found = _at_once(np.argmax, x, axis, keepdims=keepdims)
    return reduction.argmax(x, axis, keepdims=keepdims) if found is None else found


def argmin(x: Any, axis: int = -1, *, keepdims: bool = False) -> Any:  # noqa: ANN401  an operand
    """As `reduction.argmin`."""
    found = _at_once(np.argmin, x, axis, keepdims=keepdims)
    return reduction.argmin(x, axis, keepdims=keepdims) if found is None else found


def _at_once(find: Callable[..., Any], x: Any, axis: int, *, keepdims: bool) -> Handle | None:  # noqa: ANN401  an operand
    """What NumPy finds, which names the first of equals and the first NaN as ours do; None where it is not to be asked."""
    if mode.trace is not None or KINDS or settings.eager is DEFERRED or not isinstance(x, Handle):
        return None
    array = x._array
    if array is None or dtypes.is_complex(array.dtype) or not 0 < array.size < HEAVY or not -array.ndim <= axis < array.ndim:
        return None
    made = np.asarray(find(dtypes.widened(array), axis, keepdims=keepdims), dtypes.int64)
    type_ = Type(made.shape, made.dtype)
    return make(type(x).result_class, Storage(made, type_), made, type_)
