"""A checkpoint: arrays in safetensors, everything else in JSON; as a pair it is whole or absent.

    checkpoint.json                        format, version, the record, and name, size and SHA-256 of the arrays' file
    checkpoint-<start of SHA-256>.safetensors

The arrays are written first, under a name made of their contents; renaming the JSON into place then switches both at once.  A crash at
any moment leaves the earlier pair readable.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gradwerk.base.errors import FileError
from gradwerk.io.atomic import read_bytes, write_atomically
from gradwerk.io.safetensors import from_bytes, to_bytes

Array = np.ndarray[Any, np.dtype[Any]]
FORMAT, VERSION = "gradwerk-checkpoint", 1
_REPAIR = "use an earlier checkpoint, or copy this one again from where it was made"


@dataclass(frozen=True)
class Checkpoint:
    """`tensors` by path, and `record`: what JSON can say (position, settings, seeds, history)."""

    tensors: Mapping[str, Array]
    record: Mapping[str, Any]


def save_checkpoint(folder: str | Path, checkpoint: Checkpoint, *, name: str = "checkpoint") -> Path:
    """Writes the pair into a folder (made where missing) and removes the arrays of the one it replaces; the path of the JSON.

    Raises: FileError where it cannot be written; the earlier checkpoint then still stands.
    """
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(f"cannot make the folder {folder}", facts=(str(error.strerror or error),)) from error
    data = to_bytes(checkpoint.tensors)
    digest = hashlib.sha256(data).hexdigest()
    arrays = folder / f"{name}-{digest[:12]}.safetensors"
    write_atomically(arrays, data)
    head = {
        "format": FORMAT,
        "version": VERSION,
        "arrays": {"file": arrays.name, "bytes": len(data), "sha256": digest},
        "record": dict(checkpoint.record),
    }
    path = folder / f"{name}.json"
    write_atomically(path, json.dumps(head, indent=1, ensure_ascii=False).encode())
    for earlier in folder.glob(f"{name}-*.safetensors"):
        if earlier != arrays:
            earlier.unlink(missing_ok=True)
    return path


def load_checkpoint(folder: str | Path, *, name: str = "checkpoint") -> Checkpoint:
    """Reads the pair back and verifies it.

    Raises: FileError where a file is missing, cut short, altered, not a checkpoint, or of a later version; each says what to do.
    """
    path = Path(folder) / f"{name}.json"
    head = _read_head(path)
    stated = head["arrays"]
    arrays = path.with_name(Path(str(stated["file"])).name)
    data = read_bytes(arrays, "the checkpoint's array file")
    if len(data) != stated["bytes"]:
        raise FileError(
            f"{arrays} is half-written", facts=(f"{len(data):,} bytes, of {stated['bytes']:,} that {path.name} promises",), likely=_REPAIR
        )
    if hashlib.sha256(data).hexdigest() != stated["sha256"]:
        raise FileError(f"{arrays} was altered: its contents are not those that were saved", likely=_REPAIR)
    return Checkpoint(from_bytes(data, str(arrays)), head["record"])


def has_checkpoint(folder: str | Path, *, name: str = "checkpoint") -> bool:
    """True where the folder holds one, whole or not."""
    return (Path(folder) / f"{name}.json").is_file()


def _read_head(path: Path) -> dict[str, Any]:
    """The JSON half, checked."""
    data = read_bytes(path, "the checkpoint")
    try:
        head = json.loads(data)
    except ValueError as error:
        raise FileError(f"{path} is not whole JSON", facts=(f"{len(data):,} bytes", str(error)), likely=_REPAIR) from error
    if not isinstance(head, dict) or head.get("format") != FORMAT:
        raise FileError(f"{path} is not a checkpoint", facts=('it lacks "format": "gradwerk-checkpoint"',), likely="check the path")
    if head.get("version") != VERSION:
        raise FileError(
            f"{path} is a checkpoint of version {head.get('version')}; this Gradwerk reads version {VERSION}", likely="upgrade gradwerk"
        )
    if not _is_complete(head):
        raise FileError(f"{path} is a damaged checkpoint", facts=('"arrays" or "record" is missing or of the wrong kind',), likely=_REPAIR)
    return head


def _is_complete(head: dict[str, Any]) -> bool:
    arrays = head.get("arrays")
    if not isinstance(arrays, dict) or not isinstance(head.get("record"), dict):
        return False
    kinds = {"file": str, "bytes": int, "sha256": str}
    return all(isinstance(arrays.get(key), kind) for key, kind in kinds.items())
