"""How torch prints a Tensor: four digits, scientific where magnitudes lie more than a thousandfold apart, lines of 80, the middle of more
than 1,000 elements left out.  Follows torch/_tensor_str.py of PyTorch 2.13.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.ir.op import Array

PRECISION, MOST, EDGE, LINE = 4, 1000, 3, 80


def text(array: Array, suffixes: list[str], head: str = "tensor(") -> str:
    """`tensor([1., 2.], requires_grad=True)`."""
    indent = len(head)
    plain = (dtypes.float32, dtypes.int64, dtypes.bool_, dtypes.complex64)
    if array.dtype not in plain or (not array.size and array.dtype != dtypes.float32):
        suffixes = [f"dtype=torch.{dtypes.name(array.dtype)}", *suffixes]
    array = dtypes.widened(array)
    if not array.size:
        suffixes = [*([f"size={tuple(array.shape)}"] if array.ndim != 1 else []), *suffixes]
        body = "[]"
    else:
        body = _block(array, indent, _formatter(_shortened(array)), summarize=array.size > MOST)
    result, last = head + body, len(body) - body.rfind("\n") + 1
    for suffix in suffixes:
        if last + len(suffix) + 2 > LINE:
            result, last = f"{result},\n{' ' * indent}{suffix}", indent + len(suffix)
        else:
            result, last = f"{result}, {suffix}", last + len(suffix) + 2
    return result + ")"


def _shortened(array: Array) -> Array:
    """What is printed of an array: its edges where it is large."""
    if array.size <= MOST:
        return array.reshape(-1)
    for axis, extent in enumerate(array.shape):
        if extent > 2 * EDGE:
            array = np.take(array, [*range(EDGE), *range(extent - EDGE, extent)], axis)
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
    width = max(len(form(value)) for value in shown)
    return lambda value: form(value).rjust(width), width


def _scientific(value: Any) -> str:  # noqa: ANN401
    return f"{float(value):.{PRECISION}e}"


def _fixed(value: Any) -> str:  # noqa: ANN401
    return f"{float(value):.{PRECISION}f}"


def _whole(value: Any) -> str:  # noqa: ANN401
    return f"{float(value):.0f}" + ("." if np.isfinite(value) else "")


def _block(array: Array, indent: int, formatter: tuple[Callable[[Any], str], int], *, summarize: bool) -> str:
    form, width = formatter
    if not array.ndim:
        return form(array[()])
    cut = summarize and array.shape[0] > 2 * EDGE
    rows = [*array[:EDGE], *array[-EDGE:]] if cut else list(array)
    if array.ndim == 1:
        written = [form(value) for value in rows]
        if cut:
            written.insert(EDGE, " ...")
        a_line = max(1, (LINE - indent) // (width + 2))
        lines = [", ".join(written[k : k + a_line]) for k in range(0, len(written), a_line)]
        return "[" + (",\n" + " " * (indent + 1)).join(lines) + "]"
    parts = [_block(row, indent + 1, formatter, summarize=summarize) for row in rows]
    if cut:
        parts.insert(EDGE, "...")
    return "[" + ("," + "\n" * (array.ndim - 1) + " " * (indent + 1)).join(parts) + "]"


def gradient_name(op: str) -> str:
    """`MulBackward0`, as torch calls what made a Tensor."""
    return "".join(part[:1].upper() + part[1:] for part in op.replace(" ", "_").split("_") if part) + "Backward0"
