"""torch.save and torch.load: state dicts, and whatever stands beside them, in a file that is safe to read.

PyTorch's own files are pickles in a zip archive; these are sealed safetensors (io/weights.py).  Nothing is ever unpickled, so what is no
tensor and no plain value is refused while it is saved.
"""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

from gradwerk.base.errors import ArgumentError, ArgumentTypeError, FileError
from gradwerk.base.origin import warn
from gradwerk.io.atomic import read_bytes, write_atomically
from gradwerk.io.weights import pack, unpack
from gradwerk.nn import module as core
from gradwerk.tensor.devices import CPU
from gradwerk.tensor.moves import moved
from gradwerk.torch.absent import ORIGINAL
from gradwerk.torch.devices import wanted
from gradwerk.torch.options import as_recorded
from gradwerk.torch.sharing import from_numpy

PathOrFile = str | os.PathLike[str] | BinaryIO
PYTORCHS = (".pt", ".pth", ".bin", ".ckpt")
"""What files of PyTorch's are called.  Scripts that save so go on: they are told what was written, and read it again."""


@as_recorded()
def save(obj: Any, f: PathOrFile) -> None:  # noqa: ANN401  any tree
    """Writes tensors, arrays, numbers and texts, in dicts, lists and tuples, to a path or a file open for writing bytes.

    Raises: ArgumentTypeError for what is neither path nor file of bytes, ArgumentError for what such a file cannot hold, a whole
    module among it; FileError where it cannot be written.
    """
    if isinstance(obj, core.Module):
        raise ArgumentError(
            f"torch.save keeps the state of a module, not the {type(obj).__name__} itself: its code is in no file",
            likely="torch.save(model.state_dict(), path)",
        )
    data = pack(obj)
    if isinstance(f, str | os.PathLike):
        write_atomically(Path(f), data)
        if Path(f).suffix in PYTORCHS:
            warn(
                f"torch.save wrote a safetensors file to {os.fspath(f)!r}: gradwerk's torch.load reads it by any name, PyTorch's does "
                "not.  Named .safetensors it says what it is, and safetensors.torch.load_file reads its tensors."
            )
    elif callable(getattr(f, "write", None)):
        _write(f, data)
    else:
        raise ArgumentTypeError(f"torch.save wants a path or a file, this is {type(f).__name__}", likely="torch.save(obj, path)")


@as_recorded()
def load(f: PathOrFile, map_location: Any = None, *, weights_only: bool | None = None) -> Any:  # noqa: ANN401  what was saved
    """What `save` wrote; a safetensors file of any other program as a dict of tensors.  It is always safe, whatever `weights_only` says.

    Raises: ArgumentTypeError for what is neither path nor file of bytes, FileError where the file is missing, cut, changed or of
    another format, PyTorch's own among them.
    """
    del weights_only
    named = map_location.get("cpu") if isinstance(map_location, Mapping) else map_location  # everything was saved from the CPU
    place = wanted(named) or CPU

    def tensor(array: Any) -> Any:  # noqa: ANN401
        return moved(from_numpy(array), place)

    if isinstance(f, str | os.PathLike):
        return unpack(read_bytes(Path(f), "the file"), os.fspath(f), tensor=tensor)
    if not callable(getattr(f, "read", None)):
        raise ArgumentTypeError(f"torch.load wants a path or a file, this is {type(f).__name__}", likely="torch.load(path)")
    data = f.read()
    if not isinstance(data, bytes | bytearray | memoryview):
        raise ArgumentTypeError(f"torch.load wants a file of bytes, this one gives {type(data).__name__}", likely="open(path, 'rb')")
    return unpack(bytes(data) if isinstance(data, memoryview) else data, str(getattr(f, "name", "the file")), tensor=tensor)


def _write(file: BinaryIO, data: bytearray) -> None:
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
