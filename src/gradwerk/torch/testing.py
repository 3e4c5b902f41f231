"""torch.testing: whether two results are close."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn

import numpy as np

from gradwerk.base import dtypes, python_numbers
from gradwerk.base.errors import ArgumentError, ArgumentTypeError, GradwerkError
from gradwerk.torch.absent import ORIGINAL
from gradwerk.torch.tensors import Tensor

TOLERANCES = {"float16": (1e-3, 1e-5), "bfloat16": (1.6e-2, 1e-5), "float32": (1.3e-6, 1e-5), "float64": (1e-7, 1e-7),
              "complex64": (1.3e-6, 1e-5), "complex128": (1e-7, 1e-7)}  # fmt: skip
"""(relative, absolute) by dtype; of whole numbers and truths 0."""
Message = str | Callable[[str], str] | None


class MismatchError(GradwerkError, AssertionError):
    """Two results that are not close."""


def _fail(text: str, msg: Message) -> NoReturn:
    raise MismatchError(text if msg is None else msg(text) if callable(msg) else msg)


def assert_close(
    actual: Any, expected: Any, *, allow_subclasses: bool = True, rtol: float | None = None, atol: float | None = None,  # noqa: ANN401
    equal_nan: bool = False, check_device: bool = True, check_dtype: bool = True, check_layout: bool = True, check_stride: bool = False,
    msg: Message = None,
) -> None:  # fmt: skip
    """Nothing where |actual - expected| <= atol + rtol |expected|, of Tensors, arrays, numbers, and lists and dicts of them.

    Args:
        actual: what was computed.
        expected: what it is held to.
        allow_subclasses: whether the two may be of kinds of one another.
        rtol: the relative difference allowed; both or none are given, else they follow from the dtype.
        atol: the absolute difference allowed.
        equal_nan: whether NaN is NaN.
        check_device: whether the devices have to be the same.
        check_dtype: whether the dtypes have to be the same.
        check_layout: as there is one layout, nothing.
        check_stride: whether the strides have to be the same.
        msg: what the error says, or a function of what it would say.

    Raises: MismatchError (an AssertionError) where they are not close; ArgumentError for one tolerance alone; ArgumentTypeError for what
    cannot be compared.
    """
    if (rtol is None) != (atol is None):
        raise ArgumentError("rtol and atol must both be specified or both be unspecified", facts=(f"rtol={rtol}  atol={atol}",))
    if not allow_subclasses and type(actual) is not type(expected):
        raise ArgumentTypeError(f"{type(actual).__name__} and {type(expected).__name__} are compared", facts=("allow_subclasses=False",))
    options = {"allow_subclasses": allow_subclasses, "rtol": rtol, "atol": atol, "equal_nan": equal_nan, "check_device": check_device,
               "check_dtype": check_dtype, "check_layout": check_layout, "check_stride": check_stride, "msg": msg}  # fmt: skip
    if isinstance(actual, Mapping) and isinstance(expected, Mapping):
        if actual.keys() != expected.keys():
            _fail(f"The keys of the mappings do not match: {sorted(map(str, actual))} and {sorted(map(str, expected))}", msg)
        for key in actual:
            assert_close(actual[key], expected[key], **options)  # type: ignore[arg-type]  # each option as it was given
        return
    if all(isinstance(one, Sequence) and not isinstance(one, str) for one in (actual, expected)):
        if len(actual) != len(expected):
            _fail(f"The length of the sequences mismatch: {len(actual)} != {len(expected)}", msg)
        for one, other in zip(actual, expected, strict=True):
            assert_close(one, other, **options)  # type: ignore[arg-type]  # each option as it was given
        return
    _check_kinds(actual, expected, msg, device=check_device, dtype=check_dtype, stride=check_stride)
    _check_numbers(actual, expected, (rtol, atol), msg, equal_nan=equal_nan)


def _check_kinds(actual: Any, expected: Any, msg: Message, *, device: bool, dtype: bool, stride: bool) -> None:  # noqa: ANN401
    """Two Tensors of one shape, dtype and device, or two arrays or numbers."""
    kinds = [next((kind for kind in (Tensor, np.ndarray) if isinstance(one, kind)), None) for one in (actual, expected)]
    known = all(kind is not None or python_numbers.is_number(one) for kind, one in zip(kinds, (actual, expected), strict=True))
    if not known or kinds[0] is not kinds[1]:
        raise ArgumentTypeError(f"No comparison pair was able to handle inputs of type {type(actual)} and {type(expected)}.")
    if kinds[0] is None:
        return
    compared = ["shape", *(["dtype"] if dtype else []), *(["device"] if device and kinds[0] is Tensor else [])]
    for name in compared:
        one, other = getattr(actual, name), getattr(expected, name)
        if one != other:
            _fail(f"The values for attribute {name!r} do not match: {one} != {other}.", msg)
    if stride and kinds[0] is Tensor and actual.stride() != expected.stride():
        _fail(f"The values for attribute 'stride()' do not match: {actual.stride()} != {expected.stride()}.", msg)


def _check_numbers(actual: Any, expected: Any, tolerances: tuple[Any, Any], msg: Message, *, equal_nan: bool) -> None:  # noqa: ANN401
    held = [one.detach().cpu().contents("assert_close()") if isinstance(one, Tensor) else np.asarray(one) for one in (actual, expected)]
    named = [TOLERANCES.get(dtypes.name(array.dtype), (0.0, 0.0)) for array in held]
    rtol, atol = tolerances if tolerances[0] is not None else (max(one) for one in zip(*named, strict=True))
    x, y = map(dtypes.widened, held)
    if np.isclose(x, y, rtol=rtol, atol=atol, equal_nan=equal_nan).all():
        return
    wrong = ~np.isclose(x, y, rtol=rtol, atol=atol, equal_nan=equal_nan)
    with np.errstate(all="ignore"):
        apart = np.abs(np.subtract(x, y, dtype=np.result_type(x, y, np.float64)))
        share = apart / np.abs(y)
    if not x.ndim:
        head = "Tensor-likes" if isinstance(actual, Tensor | np.ndarray) else "Scalars"
        _fail(f"{head} are not close!\n\nExpected {y.item()} but got {x.item()}.\n"
              f"Absolute difference: {float(apart)} (up to {atol} allowed)\n"
              f"Relative difference: {float(share)} (up to {rtol} allowed)", msg)  # fmt: skip
    lines = [f"Mismatched elements: {int(wrong.sum())} / {wrong.size} ({100 * wrong.sum() / wrong.size:.1f}%)"]
    for name, found, limit in (("absolute", apart, atol), ("relative", share, rtol)):
        place = np.unravel_index(int(np.argmax(np.where(wrong, found, -1))), found.shape)
        index = tuple(int(one) for one in place)
        lines.append(f"Greatest {name} difference: {float(found[place])} at index {index} (up to {limit} allowed)")
    _fail("\n".join(["Tensor-likes are not close!", "", *lines]), msg)


__getattr__ = ORIGINAL.module("torch.testing", __name__)
