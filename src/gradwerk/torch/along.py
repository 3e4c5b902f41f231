"""torch's functions along an axis: running folds, orders, and what stands at places."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwerk.base import dtypes, python_numbers
from gradwerk.base.errors import ArgumentError
from gradwerk.ops import elementwise, quantiles
from gradwerk.ops.along import take_along
from gradwerk.ops.compare import logical_not
from gradwerk.torch import arguments
from gradwerk.torch.functions import function_of
from gradwerk.torch.options import as_recorded
from gradwerk.torch.sorting import sequences
from gradwerk.torch.tensors import Tensor

# ruff: noqa: A002, ANN401  torch's names; what is given may be a number or a Tensor

cummax, cummin, cumprod, cumsum = (function_of(f) for f in (Tensor.cummax, Tensor.cummin, Tensor.cumprod, Tensor.cumsum))
logcumsumexp = function_of(Tensor.logcumsumexp)
argsort, kthvalue, sort, topk = (function_of(f) for f in (Tensor.argsort, Tensor.kthvalue, Tensor.sort, Tensor.topk))
median, mode, nanmedian = function_of(Tensor.median), function_of(Tensor.mode), function_of(Tensor.nanmedian)
nanquantile, quantile = function_of(Tensor.nanquantile), function_of(Tensor.quantile)
gather, index_select, take = (function_of(f) for f in (Tensor.gather, Tensor.index_select, Tensor.take))
index_add, index_copy, index_fill = (function_of(f) for f in (Tensor.index_add, Tensor.index_copy, Tensor.index_fill))
index_put, index_reduce = function_of(Tensor.index_put), function_of(Tensor.index_reduce)
index_put_ = function_of(Tensor.index_put_, "index_put_")
masked_scatter = function_of(Tensor.masked_scatter)
masked_fill, masked_select, put = (function_of(f) for f in (Tensor.masked_fill, Tensor.masked_select, Tensor.put))
scatter, scatter_add, scatter_reduce = function_of(Tensor.scatter), function_of(Tensor.scatter_add), function_of(Tensor.scatter_reduce)
take_along_dim = function_of(Tensor.take_along_dim)


@as_recorded()
def msort(input: Tensor) -> Tensor:
    """Sorted along the first axis."""
    arguments.tensor("msort", input)
    return sort(input, 0).values  # type: ignore[no-any-return]  # of a tuple by name


@as_recorded()
def searchsorted(
    sorted_sequence: Tensor, input: Any, *, out_int32: bool = False, right: bool = False, side: str | None = None, sorter: Any = None
) -> Any:  # fmt: skip
    """Where values would be put into a sorted last axis: before its equals, with `right` behind them.

    Raises: ArgumentError where `side` says otherwise than `right`.
    """
    if side not in (None, "left", "right") or (side == "left" and right):
        raise ArgumentError(f"torch.searchsorted(): side can only be 'left' or 'right' and must agree with right, but got {side!r}")
    ordered, values = sequences("searchsorted", sorted_sequence, input)
    if sorter is not None:
        ordered = take_along(ordered, sorter, -1)
    found = quantiles.searchsorted(ordered, values, right=arguments.switch("searchsorted", "right", right) or side == "right")
    return elementwise.cast(found, dtypes.int32 if arguments.switch("searchsorted", "out_int32", out_int32) else dtypes.int64)


@as_recorded()
def bucketize(input: Any, boundaries: Tensor, *, out_int32: bool = False, right: bool = False) -> Any:
    """Between which boundaries, which are sorted, each value lies: the number of those below it, with `right` also of its equals."""
    return searchsorted(boundaries, input, out_int32=out_int32, right=right)


@as_recorded(ignored=("assume_unique",))
def isin(elements: Any, test_elements: Any, *, invert: bool = False) -> Any:
    """Whether each element is one of others."""
    given = [np.asarray(x) if python_numbers.is_number(x) else x for x in (elements, test_elements)]
    x, among = (y if isinstance(y, Tensor) else Tensor.of(y) for y in given)
    dtype = dtypes.promoted(x.dtype, among.dtype)
    found = quantiles.is_in(elementwise.cast(x, dtype), elementwise.cast(among, dtype))
    return logical_not(found) if arguments.switch("isin", "invert", invert) else found
