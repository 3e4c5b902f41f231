"""How torch prints a Tensor: four digits, scientific where magnitudes lie more than a thousandfold apart, lines of 80, the middle of more
than 1,000 elements left out.  Follows torch/_tensor_str.py of PyTorch 2.13.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError
from gradwerk.base.python_numbers import is_number
from gradwerk.ir.op import Array
from gradwerk.torch.defaults import default_complex, default_float

PROFILES: dict[str, dict[str, Any]] = {
    "default": {"precision": 4, "threshold": 1000, "edgeitems": 3, "linewidth": 80},
    "short": {"precision": 2, "threshold": 1000, "edgeitems": 2, "linewidth": 80},
    "full": {"precision": 4, "threshold": math.inf, "edgeitems": 3, "linewidth": 80},
}
"""Sets of options by torch's names for them."""
_options: dict[str, Any] = {**PROFILES["default"], "sci_mode": None}


def set_printoptions(
    precision: int | None = None, threshold: float | None = None, edgeitems: int | None = None, linewidth: int | None = None,
    profile: str | None = None, sci_mode: bool | None = None,  # noqa: FBT001  torch's signature
) -> None:  # fmt: skip
    """How Tensors are printed from now on.  Raises: ArgumentError for a profile that is not known, and for what is no number.

    Args:
        precision: digits behind the point.
        threshold: of more elements the middle is left out.
        edgeitems: how many are then shown at each end of an axis.
        linewidth: characters a line.
        profile: "default", "short" or "full"; the others, where given, come on top of it.
        sci_mode: whether to write powers of ten; None decides by the numbers.
    """
    if profile is not None:
        if profile not in PROFILES:
            raise ArgumentError(f"set_printoptions: profile is one of {', '.join(PROFILES)}, not {profile!r}")
        _options.update(PROFILES[profile])
    given = {"precision": precision, "threshold": threshold, "edgeitems": edgeitems, "linewidth": linewidth}
    for name, value in given.items():
        if value is not None and (not is_number(value) or value < 0):
            raise ArgumentError(f"set_printoptions: {name} is a number of at least 0, not {value!r}")
    _options.update({name: value for name, value in given.items() if value is not None})
    _options["sci_mode"] = sci_mode


def text(array: Array, suffixes: list[str], head: str = "tensor(") -> str:
    """`tensor([1., 2.], requires_grad=True)`."""
    indent = len(head)
    plain = (default_float(), dtypes.int64, dtypes.bool_, default_complex())
    if array.dtype not in plain or (not array.size and array.dtype != default_float()):
        suffixes = [f"dtype=torch.{dtypes.name(array.dtype)}", *suffixes]
    array = dtypes.widened(array)
    if not array.size:
        suffixes = [*([f"size={tuple(array.shape)}"] if array.ndim != 1 else []), *suffixes]
        body = "[]"
    else:
        body = _block(array, indent, _formatter(_shortened(array)), summarize=array.size > _options["threshold"])
    result, last = head + body, len(body) - body.rfind("\n") + 1
    for suffix in suffixes:
        if last + len(suffix) + 2 > _options["linewidth"]:
            result, last = f"{result},\n{' ' * indent}{suffix}", indent + len(suffix)
        else:
            result, last = f"{result}, {suffix}", last + len(suffix) + 2
    return result + ")"


def _shortened(array: Array) -> Array:
    """What is printed of an array: its edges where it is large."""
    if array.size <= _options["threshold"]:
        return array.reshape(-1)
    edge = _options["edgeitems"]
    for axis, extent in enumerate(array.shape):
        if extent > 2 * edge:
            array = np.take(array, [*range(edge), *range(extent - edge, extent)], axis)
    return array.reshape(-1)


def _formatter(values: Array) -> tuple[Callable[[Any], str], int]:
    """What writes one number, and how wide the widest is."""
    if dtypes.is_complex(values.dtype):
        (re, first), (im, second) = _formatter(values.real), _formatter(np.abs(values.imag))

        def written_complex(value: Any) -> str:  # noqa: ANN401
            return f"{re(value.real).rjust(first)}{'-' if np.signbit(value.imag) else '+'}{im(abs(value.imag)).strip()}j"

        return written_complex, first + second + 2
    if not dtypes.is_float(values.dtype):
        written = [str(value) for value in values.tolist()]
        width = max(map(len, written), default=1)
        return lambda value: str(value.item()).rjust(width), width
    sizes = np.abs(values[np.isfinite(values) & (values != 0)]).astype(np.float64)
    if not sizes.size:
        return lambda value: _whole(value).rjust(1), 1
    wide = sizes.max() / sizes.min() > 1000.0 or sizes.max() > 1e8
    shown = [float(value) for value in values[np.isfinite(values) & (values != 0)]]
    if (sizes == np.ceil(sizes)).all():
        form: Callable[[Any], str] = _scientific if wide else _whole
    else:
        form = _scientific if wide or sizes.min() < 1e-4 else _fixed
    if _options["sci_mode"] is not None:
        whole = bool((sizes == np.ceil(sizes)).all())
        form = _scientific if _options["sci_mode"] else _whole if whole else _fixed
    width = max(len(form(value)) for value in shown)
    return lambda value: form(value).rjust(width), width


def _scientific(value: Any) -> str:  # noqa: ANN401
    return f"{float(value):.{_options['precision']}e}"


def _fixed(value: Any) -> str:  # noqa: ANN401
    return f"{float(value):.{_options['precision']}f}"


def _whole(value: Any) -> str:  # noqa: ANN401
    return f"{float(value):.0f}" + ("." if np.isfinite(value) else "")


def _block(array: Array, indent: int, formatter: tuple[Callable[[Any], str], int], *, summarize: bool) -> str:
    form, width = formatter
    edge = _options["edgeitems"]
    if not array.ndim:
        return form(array[()])
    cut = summarize and array.shape[0] > 2 * edge
    rows = [*array[:edge], *array[-edge:]] if cut else list(array)
    if array.ndim == 1:
        written = [form(value) for value in rows]
        if cut:
            written.insert(edge, " ...")
        a_line = max(1, (_options["linewidth"] - indent) // (width + 2))
        lines = [", ".join(written[k : k + a_line]) for k in range(0, len(written), a_line)]
        return "[" + (",\n" + " " * (indent + 1)).join(lines) + "]"
    parts = [_block(row, indent + 1, formatter, summarize=summarize) for row in rows]
    if cut:
        parts.insert(edge, "...")
    return "[" + ("," + "\n" * (array.ndim - 1) + " " * (indent + 1)).join(parts) + "]"


def gradient_name(op: str) -> str:
    """`MulBackward0`, as torch calls what made a Tensor."""
    return "".join(part[:1].upper() + part[1:] for part in op.replace(" ", "_").split("_") if part) + "Backward0"
