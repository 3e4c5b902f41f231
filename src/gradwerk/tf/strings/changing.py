"""tf.strings: texts changed, measured, joined, read as numbers and written from them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, DTypeError, OutOfRangeError, ShapeError
from gradwerk.data.hashes import fingerprint, keyed
from gradwerk.tf.host_calls import host_op
from gradwerk.tf.strings.elements import each, each_number, letters, over
from gradwerk.tf.strings.patterns import compiled, rewritten
from gradwerk.tf.strings.summarized import written
from gradwerk.tf.values.hosted import Array, array_of, is_text, name_of_dtype, one_text, whole
from gradwerk.tf.values.ragged import RaggedTensor
from gradwerk.tf.values.texts import TextTensor, texts_of

# ruff: noqa: ANN401, FBT001, FBT002, A001, A002  TensorFlow's signatures

ENCODINGS = ("", "utf-8")


@host_op("StringLower")
def lower(input: Any, encoding: str = "", name: str | None = None) -> Any:
    """Small letters in the place of capitals: those of ASCII, or with encoding="utf-8" all.

    Shape: kept.  Raises: ArgumentError for another encoding.
    """
    return each(input, _letters_changed(encoding, bytes.lower, str.lower), "tf.strings.lower")


@host_op("StringUpper")
def upper(input: Any, encoding: str = "", name: str | None = None) -> Any:
    """Capitals in the place of small letters: those of ASCII, or with encoding="utf-8" all.

    Shape: kept.  Raises: ArgumentError for another encoding.
    """
    return each(input, _letters_changed(encoding, bytes.upper, str.upper), "tf.strings.upper")


def _letters_changed(encoding: str, of_bytes: Callable[[bytes], bytes], of_texts: Callable[[str], str]) -> Callable[[bytes], bytes]:
    if encoding not in ENCODINGS:
        raise ArgumentError(f"encoding is '' or 'utf-8', not {encoding!r}")
    if not encoding:
        return of_bytes
    return lambda text: of_texts(text.decode("utf-8", "replace")).encode()


@host_op("StringStrip")
def strip(input: Any, name: str | None = None) -> Any:
    """Without blanks at both ends.  Shape: kept."""
    return each(input, bytes.strip, "tf.strings.strip")


@host_op("RegexReplace")
def regex_replace(input: Any, pattern: Any, rewrite: Any, replace_global: bool = True, name: str | None = None) -> Any:
    r"""What fits a pattern replaced; `\1` in `rewrite` is the first group.

    Shape: kept.  Raises: ArgumentError for what is no pattern.
    """
    found = compiled(one_text(pattern, "pattern").decode("utf-8", "surrogateescape"))
    instead = rewritten(one_text(rewrite, "rewrite").decode("utf-8", "surrogateescape"))
    count = 0 if replace_global else 1

    def replaced(text: bytes) -> bytes:
        return found.sub(instead, text.decode("utf-8", "surrogateescape"), count=count).encode("utf-8", "surrogateescape")

    return each(input, replaced, "tf.strings.regex_replace")


@host_op("RegexFullMatch")
def regex_full_match(input: Any, pattern: Any, name: str | None = None) -> Any:
    """Whether a pattern fits the whole text.  Shape: kept.  Dtype: bool.  Raises: ArgumentError for what is no pattern."""
    found = compiled(one_text(pattern, "pattern").decode("utf-8", "surrogateescape"))
    return each_number(
        input, lambda text: found.fullmatch(text.decode("utf-8", "surrogateescape")) is not None, bool, "tf.strings.regex_full_match"
    )


@host_op("StringLength")
def length(input: Any, unit: str = "BYTE", name: str | None = None) -> Any:
    """How many bytes, or with unit="UTF8_CHAR" characters.  Shape: kept.  Dtype: int32.  Raises: ArgumentError for another unit."""
    counted: Callable[[bytes], int] = len if _is_bytes(unit) else lambda text: len(letters(text))
    return each_number(input, counted, np.int32, "tf.strings.length")


def _is_bytes(unit: str) -> bool:
    if unit not in ("BYTE", "UTF8_CHAR"):
        raise ArgumentError(f"unit is 'BYTE' or 'UTF8_CHAR', not {unit!r}")
    return unit == "BYTE"


@host_op("Substr")
def substr(input: Any, pos: Any, len: Any, unit: str = "BYTE", name: str | None = None) -> Any:
    """`len` bytes (or characters) from `pos` on, counted from the end where it is below 0; the whole rest where `len` is.

    Shape: that to which they broadcast.  Raises: OutOfRangeError for a pos beyond a text.
    """
    by_bytes, starts, counts = _is_bytes(unit), array_of(pos, "pos").astype(np.int64), array_of(len, "len").astype(np.int64)

    def cut(held: Any) -> TextTensor:
        parts = _broadcast("tf.strings.substr", np.asarray(held, object), starts, counts)
        made = np.empty(parts[0].shape, object)
        for number, (text, start, count) in enumerate(zip(*(part.ravel().tolist() for part in parts), strict=True)):
            signs: Any = text if by_bytes else letters(text)
            extent = signs.__len__()
            if not -extent <= start <= extent:
                raise OutOfRangeError(f"pos {start} out of range for string {text!r} at index {number}")
            at = start % extent if start < 0 else start
            part = signs[at : at + count] if count >= 0 else signs[at:]
            made.reshape(-1)[number] = part if by_bytes else b"".join(part)
        return TextTensor(made)

    return over(input, cut, "tf.strings.substr")


def _broadcast(what: str, *arrays: Array) -> list[Array]:
    try:
        return list(np.broadcast_arrays(*arrays))
    except ValueError:
        raise ShapeError(f"{what}: the shapes do not broadcast", facts=tuple(f"{one.shape}" for one in arrays)) from None


@host_op("StringJoin")
def join(inputs: Sequence[Any], separator: Any = "", name: str | None = None) -> Any:
    """Several Tensors of texts joined, element by element; one without axes stands for all.

    Raises: ShapeError where shapes differ.
    """
    between = one_text(separator, "separator")
    ragged = next((one for one in inputs if isinstance(one, RaggedTensor)), None)
    parts = [one.flat_values if isinstance(one, RaggedTensor) else one for one in inputs]
    held = [np.asarray(texts_of(one, "tf.strings.join"), object) for one in parts]
    if len({one.shape for one in held if one.ndim}) > 1:
        raise ShapeError("tf.strings.join: shapes are the same, or ()", facts=tuple(f"{one.shape}" for one in held))
    arrays = _broadcast("tf.strings.join", *held)
    made = np.empty(arrays[0].shape, object)
    made.reshape(-1)[:] = [between.join(several) for several in zip(*(one.ravel().tolist() for one in arrays), strict=True)]
    return TextTensor(made) if ragged is None else ragged.with_flat_values(TextTensor(made))


@host_op("ReduceJoin")
def reduce_join(inputs: Any, axis: Any = None, keepdims: bool = False, separator: Any = "", name: str | None = None) -> Any:
    """Texts joined along axes, all unless given; of ragged ones along one.  Raises: OutOfRangeError for an axis beyond."""
    between = one_text(separator, "separator")
    if isinstance(inputs, RaggedTensor):
        return _rows_joined(inputs, axis, between, keepdims=keepdims)
    held = np.asarray(texts_of(inputs, "tf.strings.reduce_join"), object)
    axes = list(range(held.ndim)) if axis is None else array_of(axis, "axis").reshape(-1).tolist()
    for one in axes:
        if not -held.ndim <= one < held.ndim:
            raise OutOfRangeError(f"Invalid reduction dimension {one} for input with {held.ndim} dimension(s)")
    reduced = [one % held.ndim for one in axes]
    kept = [one for one in range(held.ndim) if one not in reduced]
    turned = held.transpose([*kept, *reduced]).reshape(*(held.shape[one] for one in kept), -1)
    made = np.empty(turned.shape[:-1], object)
    for place in np.ndindex(made.shape):
        made[place] = between.join(turned[place].tolist())
    return TextTensor(made.reshape([1 if one in reduced else held.shape[one] for one in range(held.ndim)]) if keepdims else made)


def _rows_joined(value: RaggedTensor, axis: Any, between: bytes, *, keepdims: bool) -> Any:
    if axis is None:
        joined = between.join(np.asarray(texts_of(value.flat_values, "texts"), object).ravel().tolist())
        return TextTensor(np.full((1,) * value.ndim, joined, object)) if keepdims else TextTensor(joined)
    at = whole(axis, "axis") % value.ndim
    if at > 1 or (at == 1 and not isinstance(value.values, RaggedTensor) and len(value.values.shape) > 1):
        inner = reduce_join(value.values, at - 1, keepdims, between)
        return value.with_values(inner)
    if at == 0 or isinstance(value.values, RaggedTensor):
        raise ArgumentError(f"tf.strings.reduce_join: axis {at} of a ragged value is not joined", likely="axis=-1, or None for all")
    rows = [between.join(row) for row in value.to_list()]
    made = TextTensor(np.array(rows, object)) if rows else TextTensor(np.zeros(0, object))
    return TextTensor(np.asarray(made)[:, None]) if keepdims else made


@host_op("UnsortedSegmentJoin")
def unsorted_segment_join(inputs: Any, segment_ids: Any, num_segments: Any, separator: Any = "", name: str | None = None) -> Any:
    """The texts of one number joined.  Shape: (num_segments,).  Raises: OutOfRangeError for a number beyond."""
    held, count = np.asarray(texts_of(inputs, "inputs"), object).ravel().tolist(), whole(num_segments, "num_segments")
    parts: list[list[bytes]] = [[] for _ in range(count)]
    for text, number in zip(held, array_of(segment_ids, "segment_ids").ravel().tolist(), strict=True):
        if number >= count:
            raise OutOfRangeError(f"segment_ids: {number} is not below num_segments={count}")
        if number >= 0:
            parts[number].append(text)
    between = one_text(separator, "separator")
    return TextTensor(np.array([between.join(part) for part in parts], object))


@host_op("StringToNumber")
def to_number(input: Any, out_type: Any = "float32", name: str | None = None) -> Any:
    """The number that a text says.  Shape: kept.  Dtype: float32, float64, int32 or int64.  Raises: ArgumentError for what says none."""
    wanted = name_of_dtype(out_type)
    if wanted not in ("float32", "float64", "int32", "int64"):
        raise DTypeError(f"tf.strings.to_number: out_type is float32, float64, int32 or int64, not {wanted}")
    dtype = dtypes.named(wanted)
    read: Callable[[str], Any] = float if dtypes.is_float(dtype) else int

    def number(text: bytes) -> Any:
        try:
            said = text.decode("ascii").strip()
            if "_" in said:
                raise ValueError
            found = read(said)
            if read is int and not np.iinfo(dtype).min <= found <= np.iinfo(dtype).max:
                raise ValueError
        except (ValueError, UnicodeDecodeError):
            raise ArgumentError(f"StringToNumberOp could not correctly convert string: {text.decode('utf-8', 'replace')}") from None
        return found

    return each_number(input, number, dtype, "tf.strings.to_number")


@host_op("AsString")
def as_string(
    input: Any, precision: int = -1, scientific: bool = False, shortest: bool = False, width: int = -1, fill: str = "",
    name: str | None = None,
) -> Any:  # fmt: skip
    """Numbers and truths as texts: floats with six digits behind the point, or `precision`; `scientific` or the `shortest` of both.

    `width` and `fill` ("0", "-" to the left, " ", "+") as in C.  Shape: kept.
    Raises: ArgumentError where scientific and shortest are both asked for, or whole numbers with one of them.
    """
    if scientific and shortest:
        raise ArgumentError("Cannot select both scientific and shortest notation")
    if fill not in ("", " ", "0", "-", "+"):
        raise ArgumentError(f"Fill argument not supported: {fill!r}")
    if is_text(input):
        return input if isinstance(input, TextTensor) else TextTensor(input)

    def said(array: Array) -> TextTensor:
        made = np.empty(array.shape, object)
        made.reshape(-1)[:] = [_said(one, array.dtype, precision, scientific, shortest, width, fill) for one in array.ravel().tolist()]
        return TextTensor(made)

    if isinstance(input, RaggedTensor):
        return input.mapped(lambda flat: said(array_of(flat, "as_string")))
    return said(array_of(input, "tf.strings.as_string"))


def _said(value: Any, dtype: Any, precision: int, scientific: bool, shortest: bool, width: int, fill: str) -> bytes:
    if isinstance(value, bool):
        return b"true" if value else b"false"
    floating = dtypes.has_gradient(dtype)
    if not floating and (scientific or shortest or precision >= 0):
        raise ArgumentError("scientific and shortest format not supported for datatype " + dtypes.name(dtype))
    digits = f".{precision}" if precision >= 0 else ""
    form = f"%{fill.strip()}{width if width >= 0 else ''}{digits}{'e' if scientific else 'g' if shortest else 'f'}"
    if isinstance(value, complex):
        return f"({form % value.real},{form % value.imag})".encode()
    text: str = form % value if floating else f"%{fill.strip()}{width if width >= 0 else ''}d" % value
    return text.encode()


@host_op("StringFormat")
def format(template: str, inputs: Any, placeholder: str = "{}", summarize: int = 3, name: str | None = None) -> Any:
    """A text in which each `{}` is replaced by a Tensor as it is printed.  Raises: ArgumentError for another number of Tensors."""
    given = list(inputs) if isinstance(inputs, (list, tuple)) else [inputs]
    parts = template.split(placeholder)
    if len(parts) != len(given) + 1:
        raise ArgumentError(f"{len(parts) - 1} placeholder(s) in template does not match {len(given)} tensor(s) provided as input")
    shown = [written(one, summarize) for one in given]
    return TextTensor("".join(part + one for part, one in zip(parts, [*shown, ""], strict=True)))


@host_op("StringToHashBucketFast")
def to_hash_bucket_fast(input: Any, num_buckets: Any, name: str | None = None) -> Any:
    """The number of a bin by FarmHash's fingerprint of each text.  Shape: kept.  Dtype: int64."""
    bins = _bins(num_buckets)
    return each_number(input, lambda text: fingerprint(text) % bins, np.int64, "tf.strings.to_hash_bucket_fast")


@host_op("StringToHashBucketStrong")
def to_hash_bucket_strong(input: Any, num_buckets: Any, key: Sequence[int], name: str | None = None) -> Any:
    """The number of a bin by SipHash of each text under a key of two numbers.  Shape: kept.  Dtype: int64."""
    bins = _bins(num_buckets)
    if len(key) != 2:
        raise ArgumentError(f"Key must have 2 elements, this has {len(key)}")
    pair = (int(key[0]), int(key[1]))
    return each_number(input, lambda text: keyed(text, pair) % bins, np.int64, "tf.strings.to_hash_bucket_strong")


def _bins(num_buckets: Any) -> int:
    bins = whole(num_buckets, "num_buckets")
    if bins < 1:
        raise ArgumentError(f"num_buckets is at least 1, this is {bins}")
    return bins


__all__ = ["as_string"]
