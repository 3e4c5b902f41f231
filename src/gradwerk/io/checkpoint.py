"""A checkpoint: arrays in safetensors, everything else in JSON; as a pair it is whole or absent.

    checkpoint.json                        format, version, its own seal, the record, and name, size and SHA-256 of the arrays' file
    checkpoint-<start of SHA-256>.safetensors

The arrays are written first, under a name made of their contents; renaming the JSON into place then switches both at once.  A crash at
any moment leaves the earlier pair readable.  Either half is sealed: one changed bit in it is found.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gradwerk.base.errors import FileError
from gradwerk.io.atomic import is_file, read_bytes, write_within
from gradwerk.io.safetensors import from_bytes, to_bytes
from gradwerk.io.seal import KEY, OPEN, digest_of, holds, seal

Array = np.ndarray[Any, np.dtype[Any]]
FORMAT, VERSION = "gradwerk-checkpoint", 2
_TRIES = 5
"""How often a pair is read again that was replaced between its halves."""
_REPAIR = "use an earlier checkpoint, or copy this one again from where it was made"


@dataclass(frozen=True, eq=False)
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
    except (OSError, ValueError) as error:  # ValueError: a name that no folder can have
        raise FileError(f"cannot make the folder {folder}", facts=(getattr(error, "strerror", None) or str(error),)) from error
    data = to_bytes(checkpoint.tensors)
    digest = hashlib.sha256(data).hexdigest()
    arrays = write_within(folder, f"{name}-{digest[:12]}.safetensors", data)
    head = {
        "format": FORMAT,
        "version": VERSION,
        KEY: OPEN,
        "arrays": {"file": arrays.name, "bytes": len(data), "sha256": digest},
        "record": dict(checkpoint.record),
    }
    path = write_within(folder, f"{name}.json", seal(bytearray(json.dumps(head, indent=1, ensure_ascii=False).encode())))
    for earlier in folder.glob(f"{name}-*.safetensors"):
        if earlier != arrays and re.fullmatch(_arrays_name(name), earlier.name):
            with suppress(OSError):
                earlier.unlink()
    return path


def load_checkpoint(folder: str | Path, *, name: str = "checkpoint") -> Checkpoint:
    """Reads the pair back and verifies it.  One that is replaced meanwhile, by a run that goes on, is read again.

    Raises: FileError where a file is missing, cut short, altered, not a checkpoint, or of another version; each says what to do.
    """
    path = Path(folder) / f"{name}.json"
    for _ in range(_TRIES):
        data = read_bytes(path, "the checkpoint")
        head = _read_head(path, data, name)
        try:
            return Checkpoint(_read_arrays(path, head["arrays"]), head["record"])
        except FileError:
            if read_bytes(path, "the checkpoint") == data:
                raise
    raise FileError(f"{path} is replaced faster than it can be read", likely="wait until the run that writes it is done")


def _read_arrays(path: Path, stated: dict[str, Any]) -> dict[str, Array]:
    """The arrays that a head names."""
    arrays = path.with_name(stated["file"])
    data = read_bytes(arrays, "the checkpoint's array file")
    if len(data) != stated["bytes"]:
        raise FileError(
            f"{arrays} is half-written", facts=(f"{len(data):,} bytes, of {stated['bytes']:,} that {path.name} promises",), likely=_REPAIR
        )
    if hashlib.sha256(data).hexdigest() != stated["sha256"]:
        raise FileError(f"{arrays} was altered: its contents are not those that were saved", likely=_REPAIR)
    return from_bytes(data, str(arrays))


def has_checkpoint(folder: str | Path, *, name: str = "checkpoint") -> bool:
    """True where the folder holds one, whole or not."""
    return is_file(Path(folder) / f"{name}.json")


def _arrays_name(name: str) -> str:
    """How the array files of a checkpoint are called, as a pattern."""
    return rf"{re.escape(name)}-[0-9a-f]{{12}}\.safetensors"


def _read_head(path: Path, data: bytes, name: str) -> dict[str, Any]:
    """The JSON half, checked."""
    try:
        head: Any = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise FileError(f"{path} is not whole JSON", facts=(f"{len(data):,} bytes", str(error)), likely=_REPAIR) from error
    head = head if isinstance(head, dict) else {}
    known, version = head.get("format"), head.get("version")
    current = known == FORMAT and type(version) is int and version == VERSION
    if (digest_of(data) or current) and not holds(data):  # where a seal is broken, nothing tells what the format and version were
        raise FileError(f"{path} was altered: its contents are not those that were saved", likely=_REPAIR)
    if known != FORMAT:
        raise FileError(f"{path} is not a checkpoint", facts=('it lacks "format": "gradwerk-checkpoint"',), likely="check the path")
    if not current:
        earlier = type(version) is int and version < VERSION
        likely = "read it with the Gradwerk that wrote it" if earlier else "upgrade gradwerk"
        raise FileError(f"{path} is a checkpoint of version {version}; this Gradwerk reads version {VERSION}", likely=likely)
    if not _is_complete(head, name):
        raise FileError(f"{path} is a damaged checkpoint", facts=('"arrays" or "record" is missing or of the wrong kind',), likely=_REPAIR)
    return dict(head)


def _is_complete(head: dict[str, Any], name: str) -> bool:
    """Whether what is stated of the arrays can be true, and there is a record."""
    arrays = head.get("arrays")
    if not isinstance(arrays, dict) or not isinstance(head.get("record"), dict):
        return False
    kinds = {"file": str, "bytes": int, "sha256": str}
    typed = all(type(arrays.get(key)) is kind for key, kind in kinds.items())
    return typed and arrays["bytes"] > 0 and re.fullmatch(_arrays_name(name), arrays["file"]) is not None
