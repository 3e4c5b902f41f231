"""torch.save and torch.load: PyTorch's own files, which it reads and whose files are read, and safetensors beside them.

What PyTorch writes is a pickle and the memory of Tensors in a zip archive.  It is read by a machine that knows containers, numbers, Tensors
and a fixed list of names (io/pickles.py): nothing in a file is run.  What is no tensor and no plain value is refused while it is saved.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from gradwerk.base.errors import ArgumentError, ArgumentTypeError, FileError, StateError
from gradwerk.io.atomic import read_bytes, write_atomically
from gradwerk.io.torch_files import Archive, Held, Reader, is_archive, is_older
from gradwerk.io.weights import pack, unpack
from gradwerk.nn import module as core
from gradwerk.tensor.devices import CPU
from gradwerk.tensor.moves import moved
from gradwerk.torch.absent import ORIGINAL
from gradwerk.torch.devices import wanted
from gradwerk.torch.options import as_recorded
from gradwerk.torch.safe_names import NAMES, PLAIN, allowed, kept
from gradwerk.torch.safe_names import add_safe_globals as add_safe_globals
from gradwerk.torch.safe_names import clear_safe_globals as clear_safe_globals
from gradwerk.torch.safe_names import get_safe_globals as get_safe_globals
from gradwerk.torch.safe_names import safe_globals as safe_globals
from gradwerk.torch.sharing import from_numpy
from gradwerk.torch.strided import strided

# ruff: noqa: ANN401  any tree
PathOrFile = str | os.PathLike[str] | BinaryIO


@as_recorded()
def save(obj: Any, f: PathOrFile) -> None:
    """Writes tensors, arrays, numbers and texts, in dicts, lists and tuples, to a path or a file open for writing bytes.

    PyTorch reads what it writes; a file named .safetensors is one of those, sealed, which other tools read too.

    Raises: ArgumentTypeError for what is neither path nor file of bytes, ArgumentError for what such a file cannot hold, a whole
    module among it; FileError where it cannot be written.
    """
    if isinstance(obj, core.Module):
        raise ArgumentError(
            f"torch.save keeps the state of a module, not the {type(obj).__name__} itself: its code is in no file",
            likely="torch.save(model.state_dict(), path)",
        )
    if isinstance(f, str | os.PathLike):
        path = Path(f)
        write_atomically(path, pack(obj) if path.suffix == ".safetensors" else _archived(obj, path.stem))
    elif callable(getattr(f, "write", None)):
        _write(f, _archived(obj, "archive"))
    else:
        raise ArgumentTypeError(f"torch.save wants a path or a file, this is {type(f).__name__}", likely="torch.save(obj, path)")


def _archived(obj: Any, folder: str) -> bytes:
    archive = Archive()
    return archive.written(obj, lambda what, _: kept(what, archive), folder or "archive")


@as_recorded()
def load(f: PathOrFile, map_location: Any = None, *, weights_only: bool | None = None) -> Any:
    """What `save` wrote, here or in PyTorch; a safetensors file of any other program as a dict of tensors.

    It is always safe, whatever `weights_only` says: nothing in a file is run.

    Args:
        f: a path, or a file open for reading bytes.
        map_location: where Tensors go: a device, a dict from devices to devices, a function of a memory and a device (which is taken
            to mean the CPU).  Needed for what was saved from a card.
        weights_only: taken, and changes nothing.

    Raises: ArgumentTypeError for what is neither path nor file of bytes, StateError for a Tensor that was saved from a card, without
    `map_location`; FileError where the file is missing, cut, changed or of another format, or holds objects of other classes.
    """
    del weights_only
    if isinstance(f, str | os.PathLike):
        return _loaded(read_bytes(Path(f), "the file"), os.fspath(f), map_location)
    if not callable(getattr(f, "read", None)):
        raise ArgumentTypeError(f"torch.load wants a path or a file, this is {type(f).__name__}", likely="torch.load(path)")
    data = f.read()
    if not isinstance(data, bytes | bytearray | memoryview):
        raise ArgumentTypeError(f"torch.load wants a file of bytes, this one gives {type(data).__name__}", likely="open(path, 'rb')")
    return _loaded(bytes(data), str(getattr(f, "name", "the file")), map_location)


def _loaded(data: bytes | bytearray, source: str, map_location: Any) -> Any:
    """What the contents of a file hold."""
    place = _places(map_location)
    if not is_archive(bytes(data[:4])) and not is_older(bytes(data[:40])):
        return unpack(data, source, tensor=lambda array: moved(from_numpy(array), place("cpu")))
    known: dict[Any, Any] = {}

    def tensor(held: Held) -> Any:
        memory = (held.key, held.memory.dtype)
        if memory not in known:
            known[memory] = moved(from_numpy(held.memory), place(held.location))
        found = strided(known[memory], held.size, held.stride, held.offset)  # Tensors of one memory share it
        found = moved(from_numpy(held.array().copy()), place(held.location)) if found is None else found.detach()
        return found.requires_grad_(held.requires_grad)

    return Reader(source, tensor, {**NAMES, **allowed()}, PLAIN).read(bytes(data))


def _places(map_location: Any) -> Callable[[str], Any]:
    """Where what was saved from a device goes.  Raises: NoDeviceError; the function StateError for a card without a `map_location`."""
    if callable(map_location):
        return lambda location: CPU
    if not isinstance(map_location, Mapping):
        named = wanted(map_location)
        if named is not None:
            return lambda location: named
    places = map_location if isinstance(map_location, Mapping) else {}

    def place(location: str) -> Any:
        found = places.get(location)
        if found is None and location.startswith(("cuda", "mps", "xpu")):
            raise StateError(
                f"Attempting to deserialize object on a {location.partition(':')[0].upper()} device but there is none here",
                likely="torch.load(path, map_location='cpu')",
            )
        return wanted(found) or CPU

    return place


def _write(file: BinaryIO, data: bytes | bytearray) -> None:
    """All of it: a file without a buffer takes what it can and says how much that was."""
    if isinstance(file, io.TextIOBase):
        raise ArgumentTypeError("torch.save wants a file of bytes, this one is open for text", likely="open(path, 'wb')")
    rest = memoryview(data)
    while rest:
        taken = file.write(rest)
        if not isinstance(taken, int):  # a file of one's own that does not say
            return
        if taken <= 0:
            raise FileError("torch.save could not write all of it", facts=(f"{len(data) - len(rest):,} of {len(data):,} bytes",))
        rest = rest[taken:]


__getattr__ = ORIGINAL.module("torch.serialization", __name__)
