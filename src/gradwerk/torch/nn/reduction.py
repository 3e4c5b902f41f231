"""How torch's losses are reduced: by `reduction`, or by the two options that it took the place of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gradwerk.base.errors import ArgumentError, ArgumentTypeError
from gradwerk.base.origin import warn
from gradwerk.base.python_numbers import is_number
from gradwerk.nn.activation import identity
from gradwerk.nn.loss import mean_loss
from gradwerk.ops.reduction import reduce_sum
from gradwerk.tensor.handle import Handle
from gradwerk.torch.options import made_with_tensors
from gradwerk.torch.tensors import Tensor

# ruff: noqa: FBT001  torch's options


def reduction_of(owner: str, size_average: bool | None, reduce: bool | None, reduction: str) -> str:
    """The reduction that is meant: an option of old that is given decides, with torch's warning; None is True for the other one.

    Source: torch/nn/_reduction.py, legacy_get_string.  Raises: ArgumentTypeError for an option of old that is no truth value.
    """
    if size_average is None and reduce is None:
        return reduction
    for name, value in (("size_average", size_average), ("reduce", reduce)):
        if isinstance(value, Handle) and owner.endswith("Loss"):
            raise made_with_tensors(owner)
        if value is not None and not is_number(value):
            likely = f"reduction={value!r}" if str(value) in ("mean", "sum", "none") else ""
            raise ArgumentTypeError(f"{owner}: {name} is True, False or None, not {type(value).__name__}", likely=likely)
    average, is_reduced = size_average is None or bool(size_average), reduce is None or bool(reduce)
    found = ("mean" if average else "sum") if is_reduced else "none"
    warn(f"size_average and reduce args will be deprecated, please use reduction='{found}' instead.")
    return found


def reduced(values: Tensor, reduction: str) -> Tensor:
    """The mean of all values, their sum, or they themselves.  Raises: ArgumentError."""
    reductions: dict[str, Callable[[Any], Any]] = {"mean": mean_loss, "sum": reduce_sum, "none": identity}
    if not isinstance(reduction, str) or reduction not in reductions:
        raise ArgumentError(f"{reduction!r} is not a valid value for reduction", facts=("known: mean, sum, none",))
    found: Tensor = reductions[reduction](values)
    return found
