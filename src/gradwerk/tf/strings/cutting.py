"""tf.strings: texts cut into parts, characters and neighbours."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradwerk.base.errors import ArgumentError, DataError, ShapeError
from gradwerk.tf.host_calls import host_op
from gradwerk.tf.strings.elements import each
from gradwerk.tf.values.hosted import array_of, one_text
from gradwerk.tf.values.ragged import RaggedTensor
from gradwerk.tf.values.texts import TextTensor, tensor_of, texts_of

# ruff: noqa: ANN401, FBT001, FBT002, A002  TensorFlow's signatures

CODINGS = ("UTF-8", "UTF-16-BE", "UTF-32-BE")
_SURROGATES = range(0xD800, 0xE000)


def _each_cut(value: Any, cut: Callable[[bytes], Sequence[Any]], gathered: Callable[[list[Any]], Any]) -> Any:
    """Several parts of each text: one more axis, ragged; of one text without axes a Tensor."""
    if isinstance(value, RaggedTensor):
        return value.with_values(_each_cut(value.values, cut, gathered))
    held = np.asarray(texts_of(value, "texts"), object)
    if not held.ndim:
        return gathered(list(cut(held.item())))
    if held.ndim > 1:
        inner = _each_cut(held.reshape(-1, *held.shape[2:]), cut, gathered)
        return RaggedTensor(inner, np.arange(held.shape[0] + 1, dtype=np.int64) * held.shape[1], held.shape[1])
    parts = [cut(text) for text in held.tolist()]
    splits = np.concatenate(([0], np.cumsum([len(part) for part in parts]))).astype(np.int64)
    return RaggedTensor(gathered([one for part in parts for one in part]), splits)


def _texts(parts: list[bytes]) -> TextTensor:
    held = np.empty(len(parts), object)
    held[:] = parts
    return TextTensor(held)


def _codes(parts: list[int]) -> Any:
    return tensor_of(np.array(parts, np.int32))


@host_op("StringSplitV2")
def split(input: Any, sep: Any = None, maxsplit: int = -1, name: str | None = None) -> Any:
    """The parts between separators, blanks unless given: one more axis, ragged; of one text without axes a Tensor.

    `maxsplit`: at most so many cuts.
    """
    between = b"" if sep is None else one_text(sep, "sep")
    return _each_cut(input, lambda text: text.split(between or None, maxsplit), _texts)


@host_op("StringBytesSplit")
def bytes_split(input: Any, name: str | None = None) -> Any:
    """Each byte of each text: one more axis, ragged."""
    return _each_cut(input, lambda text: [bytes((one,)) for one in text], _texts)


@host_op("UnicodeSplit")
def unicode_split(
    input: Any, input_encoding: str, errors: str = "replace", replacement_char: int = 65533, name: str | None = None
) -> Any:
    """Each character of each text: one more axis, ragged.

    `errors`: what is no character is replaced, left out ("ignore"), or refused ("strict").  Raises: ArgumentError, DataError.
    """
    python = _coding(input_encoding)
    return _each_cut(
        input, lambda text: [one.encode(python) for one in _decoded(text, input_encoding, errors, replacement_char)], _texts
    )


@host_op("UnicodeSplitWithOffsets")
def unicode_split_with_offsets(
    input: Any, input_encoding: str, errors: str = "replace", replacement_char: int = 65533, name: str | None = None
) -> tuple[Any, Any]:
    """Each character of each text, and the byte at which it begins (int64)."""
    characters = unicode_split(input, input_encoding, errors, replacement_char)
    return characters, _offsets(input, input_encoding, errors, replacement_char)


def _offsets(value: Any, coding: str, errors: str, replacement: int) -> Any:
    python = _coding(coding)

    def starts(text: bytes) -> list[int]:
        sizes = [len(one.encode(python)) for one in _decoded(text, coding, errors, replacement)]
        return [0, *np.cumsum(sizes).tolist()][: len(sizes)]

    return _each_cut(value, starts, lambda parts: tensor_of(np.array(parts, np.int64)))


@host_op("UnicodeDecode")
def unicode_decode(
    input: Any, input_encoding: str, errors: str = "replace", replacement_char: int = 65533, replace_control_characters: bool = False,
    name: str | None = None,
) -> Any:  # fmt: skip
    """The number in Unicode of each character: one more axis, ragged.  Dtype: int32.  Raises: ArgumentError, DataError."""
    found = lambda text: [ord(one) for one in _decoded(text, input_encoding, errors, replacement_char, control=replace_control_characters)]  # noqa: E731
    return _each_cut(input, found, _codes)


@host_op("UnicodeDecodeWithOffsets")
def unicode_decode_with_offsets(
    input: Any, input_encoding: str, errors: str = "replace", replacement_char: int = 65533, replace_control_characters: bool = False,
    name: str | None = None,
) -> tuple[Any, Any]:  # fmt: skip
    """The number in Unicode of each character, and the byte at which it begins (int64)."""
    numbers = unicode_decode(input, input_encoding, errors, replacement_char, replace_control_characters)
    return numbers, _offsets(input, input_encoding, errors, replacement_char)


@host_op("UnicodeEncode")
def unicode_encode(
    input: Any, output_encoding: str, errors: str = "replace", replacement_char: int = 65533, name: str | None = None
) -> Any:
    """The text that numbers of Unicode make along the last axis.  Raises: ArgumentError, DataError."""
    python = _coding(output_encoding)

    def encoded(codes: list[int]) -> bytes:
        return "".join(_characters(codes, errors, replacement_char)).encode(python)

    if isinstance(input, RaggedTensor):
        if isinstance(input.values, RaggedTensor) or len(input.values.shape) > 1:
            return input.with_values(unicode_encode(input.values, output_encoding, errors, replacement_char))
        return _texts([encoded(row) for row in input.to_list()])
    held = array_of(input, "tf.strings.unicode_encode")
    if not held.ndim:
        raise ShapeError("tf.strings.unicode_encode: the numbers of a text have an axis", facts=("input ()",))
    made = np.empty(held.shape[:-1], object)
    for place in np.ndindex(made.shape):
        made[place] = encoded(held[place].tolist())
    return TextTensor(made)


@host_op("UnicodeTranscode")
def unicode_transcode(
    input: Any, input_encoding: str, output_encoding: str, errors: str = "replace", replacement_char: int = 65533,
    replace_control_characters: bool = False, name: str | None = None,
) -> Any:  # fmt: skip
    """Texts in another encoding.  Shape: kept.  Raises: ArgumentError, DataError."""
    python = _coding(output_encoding)
    return each(
        input,
        lambda text: _decoded(text, input_encoding, errors, replacement_char, control=replace_control_characters).encode(python),
        "tf.strings.unicode_transcode",
    )


def _coding(name: str) -> str:
    """Python's name of an encoding.  Raises: ArgumentError."""
    if name not in CODINGS:
        raise ArgumentError(f"an encoding is one of {', '.join(CODINGS)}, not {name!r}")
    return name.lower()


def _decoded(text: bytes, coding: str, errors: str, replacement: int, *, control: bool = False) -> str:
    if errors not in ("replace", "ignore", "strict"):
        raise ArgumentError(f"errors is 'replace', 'ignore' or 'strict', not {errors!r}")
    try:
        found = text.decode(_coding(coding), errors)
    except UnicodeDecodeError as error:
        raise DataError(f"Invalid formatting on input string {text!r}", facts=(str(error),)) from None
    if errors == "replace" and replacement != 65533:
        found = found.replace("\ufffd", chr(replacement))
    return "".join(chr(replacement) if ord(one) < 32 or ord(one) == 127 else one for one in found) if control else found


def _characters(codes: list[int], errors: str, replacement: int) -> list[str]:
    found = []
    for code in codes:
        if 0 <= code < 0x110000 and code not in _SURROGATES:
            found.append(chr(code))
        elif errors == "strict":
            raise DataError(f"Code point is out of range for Unicode, or a noncharacter: {code}")
        elif errors == "replace":
            found.append(chr(replacement))
    return found


@host_op("StringNGrams")
def ngrams(
    data: Any, ngram_width: Any, separator: Any = " ", pad_values: Any = None, padding_width: int | None = None,
    preserve_short_sequences: bool = False, name: str | None = None,
) -> Any:  # fmt: skip
    """So many neighbours along the last axis, joined: of one width, or of several, one behind the other.

    Args:
        data: texts of at least one axis.
        ngram_width: how many, or several such numbers.
        separator: stands between them.
        pad_values: a text, or two, that stands before and behind each row.
        padding_width: so many of these; one less than the width, unless it is smaller.
        preserve_short_sequences: whether a row that is shorter than all widths is joined whole.

    Raises: ArgumentError for a width below 1, ShapeError without an axis.
    """
    widths = [ngram_width] if isinstance(ngram_width, int) else [int(one) for one in ngram_width]
    if min(widths, default=0) < 1:
        raise ArgumentError(f"ngram_width is at least 1, this is {ngram_width}")
    ends = _ends(pad_values)
    between = one_text(separator, "separator")

    def row(words: list[bytes]) -> list[bytes]:
        return _joined(words, widths, between, ends, padding_width, short=preserve_short_sequences)

    if isinstance(data, RaggedTensor) and (isinstance(data.values, RaggedTensor) or len(data.values.shape) > 1):
        return data.with_values(ngrams(data.values, widths, separator, pad_values, padding_width, preserve_short_sequences))
    rows, ragged = _rows(data)
    parts = [row(words) for words in rows]
    splits = np.concatenate(([0], np.cumsum([len(part) for part in parts]))).astype(np.int64)
    values = _texts([one for part in parts for one in part])
    if ragged:
        return RaggedTensor(values, splits)
    shape = texts_of(data, "data").shape
    return TextTensor(np.asarray(values).reshape(*shape[:-1], -1 if parts and parts[0] else 0))


def _ends(pad_values: Any) -> tuple[bytes, bytes] | None:
    if pad_values is None:
        return None
    if isinstance(pad_values, (str, bytes)):
        return (one_text(pad_values, "pad_values"),) * 2
    before, behind = pad_values
    return one_text(before, "pad_values"), one_text(behind, "pad_values")


def _rows(data: Any) -> tuple[list[list[bytes]], bool]:
    if isinstance(data, RaggedTensor):
        return data.to_list(), True
    held = np.asarray(texts_of(data, "tf.strings.ngrams"), object)
    if not held.ndim:
        raise ShapeError("tf.strings.ngrams: the texts have at least one axis", facts=("data ()",))
    return held.reshape(-1, held.shape[-1]).tolist(), False


def _joined(
    words: list[bytes], widths: list[int], between: bytes, ends: tuple[bytes, bytes] | None, padding: int | None, *, short: bool
) -> list[bytes]:
    made: list[bytes] = []
    for width in widths:
        before = behind = 0
        if ends is not None:
            before = behind = width - 1 if padding is None else min(padding, width - 1)
        whole = [*[ends[0] if ends else b""] * before, *words, *[ends[1] if ends else b""] * behind]
        made += [between.join(whole[at : at + width]) for at in range(len(whole) - width + 1)]
    if not made and short and words:
        made.append(between.join(words))
    return made
