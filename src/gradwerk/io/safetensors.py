"""Named arrays in one safetensors file.  Nothing is ever executed while reading.

A file that is written here is sealed in its notes, so that one changed bit anywhere is found: its notes have two names that say so, one of
which stays.  Files of other programs have no seal and are held to what the format itself promises.

Source: https://github.com/huggingface/safetensors, the format description in its README.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.dtypes import bfloat16
from gradwerk.base.errors import ArgumentError, DTypeError, FileError
from gradwerk.io.atomic import read_bytes, write_atomically
from gradwerk.io.seal import KEY, OPEN, holds, seal

Array = np.ndarray[Any, np.dtype[Any]]
Buffer = bytes | bytearray
_NOTES = "__metadata__"
_SEALED = "gradwerk.sealed"
_LONGEST_HEADER = 100_000_000
"""As the format has it."""
_MOST_AXES, _LARGEST = 64, 2**63 - 1
"""Axes of an array, and what an extent or a place may be: numbers without end would be multiplied for days."""
_KNOWN = {"f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "b1"}
_CODES: dict[str, Any] = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": bfloat16, "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "i1", "U64": "<u8",
    "U32": "<u4", "U16": "<u2", "U8": "u1", "BOOL": "?", "C64": "<c8",
}  # fmt: skip
"""What the format calls its element types."""
_NAMES = {np.dtype(dtype): code for code, dtype in _CODES.items()}
_REPAIR = "copy it again from where it was made, or use an earlier one"
_NEIGHBOURS = {
    b"PK\x03\x04": "a zip archive, as PyTorch's .pt, Keras' .keras and NumPy's .npz files are",
    b"\x89HDF\r\n": "an HDF5 file, as Keras' .h5 files are",
    b"\x93NUMPY": "a NumPy .npy file",
    b"\x1f\x8b": "a gzip file",
    b"\x80\x02": "a pickle, which could run any program while being read",
    b"\x80\x03": "a pickle, which could run any program while being read",
    b"\x80\x04": "a pickle, which could run any program while being read",
    b"\x80\x05": "a pickle, which could run any program while being read",
}
"""How the files of other formats begin."""


def to_bytes(tensors: Mapping[str, Array], notes: Mapping[str, str] | None = None) -> bytearray:
    """The contents of a sealed file, the only copy that is made.  Strided arrays are written by their elements, not by their memory.

    Raises: DTypeError for an element type that the format does not have; ArgumentError for a name that it cannot hold, and for more names
    and notes than a header holds; MemoryError.
    """
    for name, array in tensors.items():
        if array.dtype.str[1:] not in _KNOWN and array.dtype != bfloat16:
            facts = (f"{name} {array.shape} {dtypes.name(array.dtype)}",)
            raise DTypeError(f"{name} holds {dtypes.name(array.dtype)}, which a safetensors file cannot", facts=facts)
        if name == _NOTES or not is_name(name):
            raise ArgumentError(f"{name!r} cannot be the name of an array in a safetensors file", likely="give it another name")
    entries: dict[str, Any] = {_NOTES: {**(notes or {}), KEY: OPEN, _SEALED: ""}}
    end = 0
    for name in sorted(tensors, key=lambda name: (-tensors[name].itemsize, name)):  # so that each lies at a multiple of its element's size
        array, begin = tensors[name], end
        end += array.nbytes
        entries[name] = {"dtype": _NAMES[_little(array)], "shape": array.shape, "data_offsets": (begin, end)}
    header = json.dumps(entries, ensure_ascii=False, separators=(",", ":")).encode()
    header += b" " * (-len(header) % 8)
    if len(header) > _LONGEST_HEADER:
        size = f"{len(header):,} bytes of names, shapes and plain values; a safetensors file holds {_LONGEST_HEADER:,}"
        likely = "save a long list of numbers as an array, np.asarray(it)"
        raise ArgumentError("there is too much beside the arrays for one file", facts=(size,), likely=likely)
    data = bytearray(8 + len(header) + end)
    data[: 8 + len(header)] = len(header).to_bytes(8, "little") + header
    memory = np.frombuffer(data, np.uint8)[8 + len(header) :]
    for name, array in tensors.items():
        begin, stop = entries[name]["data_offsets"]
        memory[begin:stop].view(_little(array)).reshape(array.shape)[...] = array
    return seal(data, 8, 8 + len(header))


def _little(array: Array) -> np.dtype[Any]:
    """The dtype of its elements as they stand in a file."""
    return array.dtype if array.dtype == bfloat16 else array.dtype.newbyteorder("<")


def from_bytes(data: Buffer, source: str) -> dict[str, Array]:
    """The arrays of a file's contents, each with memory of its own; `source` names the file in errors.

    Raises: FileError where the bytes are no whole safetensors file, not those that were sealed, or more than there is memory for.
    """
    return parts_of(data, source)[1]


def parts_of(data: Buffer, source: str) -> tuple[dict[str, str], dict[str, Array]]:
    """The notes and the arrays of a file's contents, the seal checked where there is one.

    Raises: as `from_bytes`.
    """
    try:
        header, begin = _header_of(data, source)
        notes = header.pop(_NOTES, {})
        return notes, _arrays_of(data, header, begin)
    except MemoryError:
        raise FileError(f"{source} is too large for the memory there is", facts=(f"{len(data):,} bytes",)) from None
    except KeyError as error:
        raise FileError(f"{source} holds an element type that is not known here: {error}") from None
    except (ValueError, TypeError, OverflowError) as error:
        raise _not_whole(data, source, str(error)) from error


def _arrays_of(data: Buffer, entries: Mapping[str, Any], begin: int) -> dict[str, Array]:
    """The arrays that a header states, in the order in which they lie in the file; between them nothing may lie, as the format has it.

    Raises: ValueError for a header that cannot be true, KeyError for an element type that is not known; MemoryError.
    """
    memory, stop = np.frombuffer(data, np.uint8)[begin:], 0
    for name, entry in entries.items():
        if not isinstance(entry, dict) or not _are_sizes(entry.get("shape")) or not _are_sizes(entry.get("data_offsets"), 2):
            raise ValueError(f"its header says no shape and place of {name!r}")
    arrays = {}
    for name, entry in sorted(entries.items(), key=lambda item: item[1]["data_offsets"]):
        (first, end), dtype = entry["data_offsets"], np.dtype(_CODES[entry.get("dtype")])
        if first != stop or end - first != math.prod(entry["shape"]) * dtype.itemsize or end > len(memory):
            raise ValueError(f"{name!r} does not lie where its header says")
        part, stop = memory[first:end], end
        arrays[name] = (part != 0 if dtype == dtypes.bool_ else part.view(dtype).copy()).reshape(entry["shape"])
    if stop != len(memory):
        raise ValueError(f"{len(memory) - stop:,} bytes belong to no array")
    return arrays


def _are_sizes(value: object, count: int | None = None) -> bool:
    """Whether a value of JSON is a list of whole numbers from 0: an array's extents, or `count` of them."""
    if not isinstance(value, list) or not (len(value) <= _MOST_AXES if count is None else len(value) == count):
        return False
    return all(type(size) is int and 0 <= size <= _LARGEST for size in value)


def save_tensors(path: str | Path, tensors: Mapping[str, Array], notes: Mapping[str, str] | None = None) -> None:
    """Writes named arrays (and notes) to one file, atomically."""
    write_atomically(Path(path), to_bytes(tensors, notes))


def load_tensors(path: str | Path) -> dict[str, Array]:
    """The named arrays of a file.

    Raises: FileError where it is missing or damaged.
    """
    return from_bytes(read_bytes(Path(path), "the safetensors file"), str(path))


def is_name(text: str) -> bool:
    """Whether a text can be written to a file: half a surrogate pair cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _header_of(data: Buffer, source: str) -> tuple[dict[str, Any], int]:
    """The header, its notes known to be texts, once the seal is found whole, and where it ends."""
    length = int.from_bytes(data[:8], "little")
    if len(data) < 8 or length > min(_LONGEST_HEADER, len(data) - 8):
        raise _not_whole(data, source, f"its header would have {length:,} bytes")
    try:
        text = str(data[8 : 8 + length], "utf-8")
        header = json.loads(text, object_pairs_hook=_object, parse_constant=_whole, parse_int=_whole if "-0" in text else None)
    except (ValueError, RecursionError) as error:
        raise _not_whole(data, source, str(error)) from None
    notes = header.get(_NOTES, {}) if isinstance(header, dict) and data[8:9] == b"{" else None
    if not isinstance(notes, dict) or not all(isinstance(text, str) for text in notes.values()):
        raise _not_whole(data, source, "its header is not one of this format")
    if any(name.startswith("gradwerk") for name in notes) and not holds(data, 8, 8 + length):
        raise FileError(f"{source} was altered: its contents are not those that were saved", likely=_REPAIR)
    return header, 8 + length


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of JSON.  Raises: ValueError where a name stands twice in it, or it or a text is half a surrogate pair."""
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a name stands twice in its header")
    if not all(is_name(text) for pair in pairs for text in pair if isinstance(text, str)):
        raise ValueError("a text in its header is none")
    return made


def _whole(text: str) -> int | float:
    """A whole number of JSON; -0 is none of them.  Raises: ValueError for NaN and infinity, which JSON does not have."""
    return -0.0 if text == "-0" else int(text)


def _not_whole(data: Buffer, source: str, why: str) -> FileError:
    """The error for bytes that are no safetensors file: another format's, or a part of one."""
    for start, what in _NEIGHBOURS.items():
        if data.startswith(start):
            return FileError(f"{source} is no safetensors file: it is {what}", likely="load it where it was made and save its arrays here")
    return FileError(
        f"{source} is not a whole safetensors file",
        facts=(f"{len(data):,} bytes", why),
        likely=f"it was cut short or damaged while being copied, or is of another format: {_REPAIR}",
    )
