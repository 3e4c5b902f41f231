"""Named arrays in one safetensors file.  Nothing is ever executed while reading.

Source: https://github.com/huggingface/safetensors, the format description in its README.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from gradwerk.base.errors import FileError
from gradwerk.io.atomic import read_bytes, write_atomically

Array = np.ndarray[Any, np.dtype[Any]]


def to_bytes(tensors: Mapping[str, Array], metadata: Mapping[str, str] | None = None) -> bytes:
    """The file's contents.  Strided arrays are written by their elements, not by their memory."""
    from safetensors.numpy import save  # noqa: PLC0415  loaded when a file is first written

    return bytes(save({name: np.array(array, order="C") for name, array in tensors.items()}, dict(metadata or {})))


def from_bytes(data: bytes, source: str) -> dict[str, Array]:
    """The arrays of a file's contents; `source` names the file in errors.

    Raises: FileError where the bytes are no whole safetensors file.
    """
    from safetensors import SafetensorError  # noqa: PLC0415
    from safetensors.numpy import load  # noqa: PLC0415

    try:
        return dict(load(data))
    except SafetensorError as error:
        raise FileError(
            f"{source} is not a whole safetensors file",
            facts=(f"{len(data):,} bytes", str(error)),
            likely="it was cut short or damaged while being copied; copy it again or use an earlier one",
        ) from error
    except KeyError as error:
        raise FileError(f"{source} holds an element type that is not known here: {error}") from None


def save_tensors(path: str | Path, tensors: Mapping[str, Array], metadata: Mapping[str, str] | None = None) -> None:
    """Writes named arrays (and notes) to one file, atomically."""
    write_atomically(Path(path), to_bytes(tensors, metadata))


def load_tensors(path: str | Path) -> dict[str, Array]:
    """The named arrays of a file.

    Raises: FileError where it is missing or damaged.
    """
    return from_bytes(read_bytes(Path(path), "the safetensors file"), str(path))
