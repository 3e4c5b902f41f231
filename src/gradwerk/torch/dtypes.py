"""What torch takes for a dtype, and for the destination that `.to` names: read in one place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.dtypes import DType
from gradwerk.base.errors import ArgumentTypeError, DTypeError
from gradwerk.tensor import tensor as base
from gradwerk.tensor.devices import Device, place_of
from gradwerk.torch.arguments import NAMES
from gradwerk.torch.devices import device as Place  # noqa: N812  the name of an argument
from gradwerk.torch.devices import wanted as named_place

WORDS = (
    "bfloat16", "float16", "half", "float", "float32", "double", "float64", "int", "int8", "int16", "short", "int32", "long", "int64",
    "uint8", "uint16", "uint32", "uint64", "bool",
)  # fmt: skip
"""What torch calls its dtypes."""
PYTHON: dict[Any, DType] = {float: dtypes.float64, int: dtypes.int64, bool: dtypes.bool_, complex: np.dtype(np.complex128)}
"""Python's types are dtypes of torch's: the widest of their kind."""
OF_TYPES: dict[str, DType] = {f"torch.{name}Tensor": dtypes.named(dtype) for dtype, name in NAMES.items()}
"""torch's names of types of Tensors, `torch.FloatTensor`, which `.type()` gives and takes."""


def is_dtype(value: object) -> bool:
    """A dtype of torch's, which is NumPy's here, one of Python's types, or a class of NumPy's numbers."""
    return isinstance(value, np.dtype) or (isinstance(value, type) and (value in PYTHON or issubclass(value, np.generic)))


def asked(function: str, value: Any, otherwise: DType) -> DType:  # noqa: ANN401  whatever was given
    """The dtype that an argument names, `otherwise` for None.

    Raises: ArgumentTypeError for what names none, a text too, as in torch; DTypeError for one that is not known here.
    """
    if value is None:
        return otherwise
    if not is_dtype(value):
        likely = f"torch.{value}" if isinstance(value, str) and value in WORDS else ""
        raise ArgumentTypeError(f"{function}(): argument 'dtype' must be torch.dtype, not {type(value).__name__}", likely=likely)
    found = PYTHON[value] if isinstance(value, type) and value in PYTHON else dtypes.named(value)
    if found not in dtypes.HELD:
        raise DTypeError(f"{function}(): {dtypes.name(found)} is not an element type of this framework", facts=(f"known: {dtypes.KNOWN}",))
    return found


class Destination(NamedTuple):
    """Where `.to` leads: a dtype and a place, None where they stay; and the truth values that stand behind them."""

    dtype: DType | None
    place: Device | None
    switches: list[bool]


def destination(function: str, given: Sequence[Any], dtype: Any, device: Any) -> Destination:  # noqa: ANN401
    """What `(device, dtype, ...)`, `(dtype, ...)` and `(tensor, ...)` name, or the two arguments by name.

    Raises: ArgumentTypeError for anything else, NoDeviceError, DTypeError.
    """
    wanted = None if dtype is None else asked(function, dtype, dtypes.float32)
    place, first, rest = named_place(device), given[0] if given else None, [*given[1:]]
    if isinstance(first, base.Tensor):
        wanted, place = first.dtype, place_of(first._storage)
    elif is_dtype(first):
        wanted = asked(function, first, dtypes.float32)
    elif first is None or (isinstance(first, (str, Place, int)) and not isinstance(first, bool)):
        if isinstance(first, str) and first in WORDS:
            raise ArgumentTypeError(f"{function}(): {first!r} is the name of a dtype and no device", likely=f".to(torch.{first})")
        place = place if first is None else named_place(first)
        second = rest.pop(0) if rest else None
        wanted = wanted if second is None else asked(function, second, dtypes.float32)
    else:
        raise ArgumentTypeError(f"{function}() takes a dtype, a device or a Tensor, not {type(first).__name__}")
    if wrong := [value for value in rest if not isinstance(value, bool)]:
        raise ArgumentTypeError(f"{function}() takes True or False behind them, not {type(wrong[0]).__name__}")
    return Destination(wanted, place, rest)
