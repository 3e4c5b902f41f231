"""tf.io: bytes and lines as Tensors, and Tensors as bytes."""

from __future__ import annotations

import base64
import csv
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, DataError, DTypeError, ShapeError
from gradwerk.data.wire import BYTES, VARINT, field, fields, floats, ints, varint
from gradwerk.tf.dtypes import DType
from gradwerk.tf.host_calls import host_op
from gradwerk.tf.strings.elements import each
from gradwerk.tf.values.hosted import Array, array_of, is_text, name_of_dtype, one_text
from gradwerk.tf.values.texts import tensor_of, texts_of

# ruff: noqa: ANN401, FBT001, FBT002  TensorFlow's signatures

NUMBERS = {
    "float32": 1, "float64": 2, "int32": 3, "uint8": 4, "int16": 5, "int8": 6, "string": 7, "complex64": 8, "int64": 9, "bool": 10,
    "bfloat16": 14, "uint16": 17, "complex128": 18, "float16": 19, "uint32": 22, "uint64": 23,
}  # fmt: skip
"""The dtypes by their numbers in files.  Source: tensorflow/core/framework/types.proto."""
NAMES = {number: name for name, number in NUMBERS.items()}


@host_op("DecodeRaw")
def decode_raw(
    input_bytes: Any, out_type: Any, little_endian: bool = True, fixed_length: int | None = None, name: str | None = None
) -> Any:
    """The numbers that stand in bytes one behind the other; all texts have the same length, or are cut or filled up to `fixed_length`.

    Shape: that of the texts, and one axis more.  Dtype: out_type.  Raises: ShapeError for other lengths.
    """
    held, dtype = np.asarray(texts_of(input_bytes, "input_bytes"), object), dtypes.named(name_of_dtype(out_type))
    texts = [text if fixed_length is None else text[:fixed_length].ljust(fixed_length, b"\0") for text in held.ravel().tolist()]
    sizes = {len(text) for text in texts}
    if len(sizes) > 1:
        raise ShapeError("DecodeRaw requires input strings to all be the same size", facts=(f"sizes {sorted(sizes)[:6]}",))
    size = next(iter(sizes), 0)
    if size % dtype.itemsize:
        what = f"{dtype.itemsize}, the size of {dtypes.name(dtype)}"
        raise ShapeError(f"Input to DecodeRaw has length {size} that is not a multiple of {what}")
    found = np.frombuffer(b"".join(texts), dtype).reshape(*held.shape, -1 if texts and size else 0)
    return tensor_of(found if little_endian else found.byteswap())


@host_op("DecodeCSV")
def decode_csv(
    records: Any, record_defaults: Sequence[Any], field_delim: str = ",", use_quote_delim: bool = True, na_value: str = "",
    select_cols: Sequence[int] | None = None, name: str | None = None,
) -> list[Any]:  # fmt: skip
    """Lines of a table as Tensors, one for each column.

    Args:
        records: the lines, texts of any shape.
        record_defaults: for each column a value that stands where it is empty, of the column's dtype; a dtype alone, or an empty list or
            Tensor, where there has to be a value.
        field_delim: what stands between columns.
        use_quote_delim: whether quotation marks hold a column together.
        na_value: what counts as empty beside the empty text.
        select_cols: the numbers of the columns that are wanted, rising; all unless given.
        name: of the operation.

    Raises: DataError for a line of another number of columns, an empty one without a default, and what is no number.
    """
    held = np.asarray(texts_of(records, "records"), object)
    columns = [column(default) for default in record_defaults]
    chosen = list(range(len(columns))) if select_cols is None else list(select_cols)
    if len(chosen) != len(columns):
        raise ArgumentError(f"select_cols has {len(chosen)} columns, record_defaults {len(columns)}")
    rows = []
    for number, text in enumerate(held.ravel().tolist()):
        parts = fields_of(text, field_delim, quoted=use_quote_delim)
        if (select_cols is None and len(parts) != len(columns)) or (chosen and max(chosen) >= len(parts)):
            raise DataError(f"Expect {len(columns)} fields but have {len(parts)} in record {number}")
        rows.append([read_field(parts[at], *columns[k], na_value, (number, at)) for k, at in enumerate(chosen)])
    found = []
    for k, (kind, _) in enumerate(columns):
        values = np.empty(len(rows), object)
        values[:] = [row[k] for row in rows]
        with np.errstate(over="ignore"):  # a larger number is infinite, as in TensorFlow
            found.append(tensor_of((values if kind == "string" else values.astype(kind)).reshape(held.shape)))
    return found


def fields_of(text: bytes, delimiter: str, *, quoted: bool = True) -> list[str]:
    """The columns of a line."""
    line = text.decode("utf-8", "surrogateescape").rstrip("\r\n")
    if not quoted:
        return line.split(delimiter)
    try:
        return next(csv.reader([line], delimiter=delimiter, strict=True), [""])
    except csv.Error as error:
        facts = (f"{line!r:.80}", str(error))
        raise DataError("Unquoted fields cannot have quotes inside, quoted ones end with one", facts=facts) from None


def column(default: Any) -> tuple[str, Any]:
    """The dtype of a column and what stands where it is empty, None where nothing may."""
    if isinstance(default, (type, DType, np.dtype)):
        return name_of_dtype(default), None
    if is_text(default):
        held = texts_of(default, "record_defaults").ravel().tolist()
        return "string", held[0] if held else None
    if isinstance(default, (list, tuple)) and not default:
        return "float32", None
    array = array_of(default, "record_defaults")
    kind = dtypes.name(array.dtype)
    if kind not in ("float32", "float64", "int32", "int64"):
        raise DTypeError(f"record_defaults: a column is float32, float64, int32, int64 or string, not {kind}")
    return kind, array.reshape(-1)[0].item() if array.size else None


def read_field(text: str, kind: str, default: Any, empty: str, place: tuple[int, int]) -> Any:
    """What a field says; `default` where it is empty.  Raises: DataError for what says no number, and an empty one without a default."""
    number, at = place
    if text in ("", empty):
        if default is None:
            raise DataError(f"Field {at} is required but missing in record {number}!")
        return default
    if kind == "string":
        return text.encode("utf-8", "surrogateescape")
    try:
        if "_" in text:
            raise ValueError
        value = float(text) if kind.startswith("float") else int(text)
        if kind.startswith("int") and not np.iinfo(kind).min <= value <= np.iinfo(kind).max:
            raise ValueError
    except ValueError:
        raise DataError(f"Field {at} in record {number} is not a valid {kind}: {text}") from None
    return value


@host_op("EncodeBase64")
def encode_base64(input: Any, pad: bool = False, name: str | None = None) -> Any:  # noqa: A002
    """Bytes as letters, digits, - and _ ; filled up with = where `pad` says so.  Shape: kept."""
    return each(input, lambda text: base64.urlsafe_b64encode(text).rstrip(b"" if pad else b"="), "tf.io.encode_base64")


@host_op("DecodeBase64")
def decode_base64(input: Any, name: str | None = None) -> Any:  # noqa: A002
    """The bytes that letters, digits, - and _ stand for.  Shape: kept.  Raises: DataError for others."""

    def decoded(text: bytes) -> bytes:
        try:
            if set(text) & set(b"+/"):
                raise ValueError
            return base64.b64decode(text + b"=" * (-len(text) % 4), b"-_", validate=True)
        except ValueError:
            raise DataError(f"Invalid character found in base64: {text!r:.60}") from None

    return each(input, decoded, "tf.io.decode_base64")


@host_op("DecodeCompressed")
def decode_compressed(bytes: Any, compression_type: str = "", name: str | None = None) -> Any:  # noqa: A002
    """Bytes that were packed, unpacked.  Shape: kept.  Raises: DataError for what was not packed so."""
    bits = {"": 0, "GZIP": 31, "ZLIB": 15}
    if compression_type not in bits:
        raise ArgumentError(f"compression_type is one of '', 'ZLIB', 'GZIP', not {compression_type!r}")

    def unpacked(text: Any) -> Any:
        try:
            return zlib.decompress(text, bits[compression_type]) if compression_type else text
        except zlib.error as error:
            raise DataError(f"the bytes are not packed as {compression_type}", facts=(str(error),)) from None

    return each(bytes, unpacked, "tf.io.decode_compressed")


@host_op("SerializeTensor")
def serialize_tensor(tensor: Any, name: str | None = None) -> Any:
    """A Tensor as bytes, which `parse_tensor` reads: those of TensorFlow's TensorProto.  Shape: ().  Dtype: string."""
    array = np.asarray(texts_of(tensor, "tensor"), object) if is_text(tensor) else array_of(tensor, "tensor")
    return tensor_of(np.array(as_proto(array), object))


def as_proto(array: Array) -> bytes:
    """An array as the bytes of a TensorProto."""
    text = dtypes.is_objects(array.dtype)
    kind = NUMBERS["string" if text else dtypes.name(array.dtype)]
    shape = b"".join(field(2, varint(1 << 3 | VARINT) + varint(extent)) if extent else field(2, b"") for extent in array.shape)
    head = varint(1 << 3 | VARINT) + varint(kind) + field(2, shape)
    if text:
        return head + b"".join(field(8, one) for one in array.ravel().tolist())
    return head + (field(4, np.ascontiguousarray(array).tobytes()) if array.size else b"")


@host_op("ParseTensor")
def parse_tensor(serialized: Any, out_type: Any, name: str | None = None) -> Any:
    """The Tensor that `serialize_tensor` wrote.  Raises: DataError for other bytes, DTypeError for another dtype."""
    array = of_proto(one_text(serialized, "serialized"))
    have, wanted = "string" if dtypes.is_objects(array.dtype) else dtypes.name(array.dtype), name_of_dtype(out_type)
    if have != wanted:
        raise DTypeError(f"Type mismatch between parsed tensor ({have}) and dtype ({wanted})")
    return tensor_of(array)


def of_proto(data: bytes) -> Array:
    """The array of the bytes of a TensorProto.  Raises: DataError."""
    kind, shape, content, values = 0, [], b"", []
    for number, wire, value in fields(data):
        if number == 1 and wire == VARINT:
            kind = value
        elif number == 2 and wire == BYTES:
            shape = [_extent(one) for at, _, one in fields(value) if at == 2]
        elif number == 4 and wire == BYTES:
            content = value
        elif number == 5:
            values += floats(value, wire)
        elif number == 6 and wire == BYTES:
            values += np.frombuffer(value, "<f8").tolist()
        elif number in (7, 10, 11):
            values += ints(value)
        elif number == 8 and wire == BYTES:
            values.append(value)
    if kind not in NAMES:
        raise DataError("the bytes are no Tensor", facts=(f"its dtype is number {kind}",))
    return _of_parts(NAMES[kind], shape, content, values)


def _of_parts(kind: str, shape: list[int], content: bytes, values: list[Any]) -> Array:
    count = int(np.prod(shape))
    if kind == "string":
        held = np.empty(len(values), object)
        held[:] = values
    elif content or not values:
        dtype = dtypes.named(kind)
        if len(content) != count * dtype.itemsize:
            raise DataError("the bytes are no Tensor", facts=(f"{len(content)} bytes", f"shape {shape} {kind}"))
        held = np.frombuffer(content, dtype).copy()
    else:
        held = np.array(values).astype(dtypes.named(kind))
    if held.size < count and held.size:
        held = np.concatenate((held, np.repeat(held[-1:], count - held.size)))
    if held.size != count:
        raise DataError("the bytes are no Tensor", facts=(f"{held.size} values", f"shape {shape}"))
    return held.reshape(shape)


def _extent(data: bytes) -> int:
    return next((value for number, wire, value in fields(data) if number == 1 and wire == VARINT), 0)
