"""torch.finfo and torch.iinfo: what a floating and a whole dtype can say."""

from __future__ import annotations

from typing import Any

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentTypeError
from gradwerk.torch.defaults import default_float
from gradwerk.torch.dtypes import asked

DEFAULT = object()


class finfo:  # noqa: N801  torch's name
    """The limits of a floating dtype, the default float unless given.  Raises: ArgumentTypeError for a dtype that is not floating."""

    def __init__(self, dtype: Any = DEFAULT) -> None:  # noqa: ANN401
        dtype = default_float() if dtype is DEFAULT else dtype
        if dtype is None:
            raise ArgumentTypeError("finfo(): argument 'type' must be torch.dtype, not NoneType")
        dtype = asked("finfo", dtype, default_float())
        if not dtypes.is_float(dtype):
            raise ArgumentTypeError(f"torch.finfo() requires a floating point input type, not {dtypes.name(dtype)}")
        known = dtypes.limits(dtype)
        self.dtype, self.bits = dtypes.name(dtype), 8 * dtype.itemsize
        self.max, self.min, self.eps = known.max, -known.max, known.eps
        self.tiny = self.smallest_normal = known.tiny
        self.resolution = 10.0**-known.precision

    def __repr__(self) -> str:
        numbers = ("resolution", "min", "max", "eps", "smallest_normal", "tiny")
        return f"finfo({', '.join(f'{name}={getattr(self, name):g}' for name in numbers)}, dtype={self.dtype})"


class iinfo:  # noqa: N801  torch's name
    """The limits of a whole dtype.  Raises: ArgumentTypeError for a dtype that is not whole."""

    def __init__(self, dtype: Any) -> None:  # noqa: ANN401
        dtype = asked("iinfo", dtype, dtypes.int64)
        if not dtypes.is_integer(dtype):
            raise ArgumentTypeError(f"torch.iinfo() requires an integer input type, not {dtypes.name(dtype)}")
        known = dtypes.extremes(dtype)
        self.dtype, self.bits, self.min, self.max = dtypes.name(dtype), 8 * dtype.itemsize, known[0], known[1]

    def __repr__(self) -> str:
        return f"iinfo(min={self.min}, max={self.max}, dtype={self.dtype})"
