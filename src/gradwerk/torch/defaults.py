"""The dtype that floats have unless somebody says another: `torch.set_default_dtype`."""

from __future__ import annotations

from typing import Any

from gradwerk.base import dtypes
from gradwerk.base.dtypes import DType
from gradwerk.base.errors import ArgumentTypeError
from gradwerk.base.origin import warn
from gradwerk.torch.dtypes import OF_TYPES, is_dtype

_held: list[DType] = [dtypes.float32]
_COMPLEX = {dtypes.float64: dtypes.complex128}


def default_float() -> DType:
    """float32, unless `set_default_dtype` said another."""
    return _held[0]


def default_complex() -> DType:
    """The complex dtype whose parts are of the default."""
    return _COMPLEX.get(_held[0], dtypes.complex64)


def get_default_dtype() -> Any:  # noqa: ANN401  NumPy's dtype
    """The dtype that floats have unless another is said."""
    return _held[0]


def set_default_dtype(d: Any) -> None:  # noqa: ANN401  a dtype, whatever was given
    """Python's floats, drawn numbers and parameters of layers made from now on are of this floating dtype.

    Raises: ArgumentTypeError for what is no floating dtype.
    """
    if not is_dtype(d) or d in (int, bool, complex):
        raise ArgumentTypeError(f"set_default_dtype(): invalid dtype object {d!r}", likely="torch.float64")
    wanted = dtypes.float64 if d is float else dtypes.named(d)
    if not dtypes.is_float(wanted):
        raise ArgumentTypeError(f"only floating-point types are supported as the default type, not {dtypes.name(wanted)}")
    _held[0] = wanted


def set_default_tensor_type(t: Any) -> None:  # noqa: ANN401  a type of Tensors, or its name
    """As `set_default_dtype`, by torch's older types: torch.DoubleTensor.  Deprecated in torch, which warns.  Raises: ArgumentTypeError."""
    warn("torch.set_default_tensor_type() is deprecated as of PyTorch 2.1, please use torch.set_default_dtype() and "
         "torch.set_default_device() as alternatives.")  # fmt: skip
    name = t if isinstance(t, str) else f"torch.{getattr(t, '__name__', t)}"
    if name not in OF_TYPES:
        raise ArgumentTypeError(f"invalid type object {t!r}", likely="torch.set_default_dtype(torch.float64)")
    set_default_dtype(OF_TYPES[name])
