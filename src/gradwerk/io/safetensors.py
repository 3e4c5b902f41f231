"""Named arrays in one safetensors file.  Nothing is ever executed while reading.

A file that is written here is sealed in its notes, so that one changed bit anywhere is found.  Files of other programs have no seal and
are held to what the format itself promises.

Source: https://github.com/huggingface/safetensors, the format description in its README.
"""

from __future__ import annotations

import json
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
_LONGEST_HEADER = 100_000_000
"""As the format has it."""
_KNOWN = {"f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "b1"}
_CODES: dict[str, Any] = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": bfloat16, "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "i1", "U64": "<u8",
    "U32": "<u4", "U16": "<u2", "U8": "u1", "BOOL": "?", "C64": "<c8",
}  # fmt: skip
"""What the format calls its element types."""
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


def to_bytes(tensors: Mapping[str, Array], notes: Mapping[str, str] | None = None) -> bytes:
    """The contents of a sealed file.  Strided arrays are written by their elements, not by their memory.

    Raises: DTypeError for an element type that the format does not have, ArgumentError for a name that it cannot hold.
    """
    from safetensors.numpy import save  # noqa: PLC0415  loaded when a file is first written

    for name, array in tensors.items():
        if array.dtype.str[1:] not in _KNOWN and array.dtype != bfloat16:
            facts = (f"{name} {array.shape} {dtypes.name(array.dtype)}",)
            raise DTypeError(f"{name} holds {dtypes.name(array.dtype)}, which a safetensors file cannot", facts=facts)
        if name == "__metadata__" or not is_name(name):
            raise ArgumentError(f"{name!r} cannot be the name of an array in a safetensors file", likely="give it another name")
    notes = {**(notes or {}), KEY: OPEN}
    data = bytes(save({name: np.array(array, order="C") for name, array in tensors.items()}, notes)) if tensors else _notes_alone(notes)
    return seal(data, 8, 8 + int.from_bytes(data[:8], "little"))


def from_bytes(data: bytes, source: str) -> dict[str, Array]:
    """The arrays of a file's contents, each with memory of its own; `source` names the file in errors.

    Raises: FileError where the bytes are no whole safetensors file, or not those that were sealed.
    """
    return parts_of(data, source)[1]


def parts_of(data: bytes, source: str) -> tuple[dict[str, str], dict[str, Array]]:
    """The notes and the arrays of a file's contents, the seal checked where there is one.

    Raises: as `from_bytes`.
    """
    from safetensors import SafetensorError, deserialize  # noqa: PLC0415

    notes = _notes_of(data, source)
    try:
        return notes, {name: _array_of(part) for name, part in deserialize(data)}  # type: ignore[no-untyped-call]
    except KeyError as error:
        raise FileError(f"{source} holds an element type that is not known here: {error}") from None
    except (SafetensorError, ValueError, TypeError, OverflowError) as error:
        raise _not_whole(data, source, str(error)) from error


def _array_of(part: Mapping[str, Any]) -> Array:
    array = np.frombuffer(part["data"], _CODES[part["dtype"]]).reshape(part["shape"])
    return array if array.flags.writeable else array.copy()


def _notes_alone(notes: Mapping[str, str]) -> bytes:
    """A file without arrays, which safetensors before 0.5 writes wrong."""
    header = json.dumps({"__metadata__": notes}, separators=(",", ":")).encode()
    header += b" " * (-len(header) % 8)
    return len(header).to_bytes(8, "little") + header


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


def _notes_of(data: bytes, source: str) -> dict[str, str]:
    """The notes in the header, once the seal is found whole."""
    length = int.from_bytes(data[:8], "little")
    if len(data) < 8 or length > min(_LONGEST_HEADER, len(data) - 8):
        raise _not_whole(data, source, f"its header would have {length:,} bytes")
    try:
        header = json.loads(data[8 : 8 + length])
    except (ValueError, RecursionError) as error:
        raise _not_whole(data, source, str(error)) from None
    notes = header.get("__metadata__", {}) if isinstance(header, dict) else None
    if not isinstance(notes, dict) or not all(isinstance(text, str) for text in notes.values()):
        raise _not_whole(data, source, "its header is not one of this format")
    if any(name.startswith("gradwerk") for name in notes) and not holds(data, 8, 8 + length):
        raise FileError(f"{source} was altered: its contents are not those that were saved", likely=_REPAIR)
    return notes


def _not_whole(data: bytes, source: str, why: str) -> FileError:
    """The error for bytes that are no safetensors file: another format's, or a part of one."""
    for start, what in _NEIGHBOURS.items():
        if data.startswith(start):
            return FileError(f"{source} is no safetensors file: it is {what}", likely="load it where it was made and save its arrays here")
    return FileError(
        f"{source} is not a whole safetensors file",
        facts=(f"{len(data):,} bytes", why),
        likely=f"it was cut short or damaged while being copied, or is of another format: {_REPAIR}",
    )
