"""torch.save and torch.load: state dicts, and trees of Tensors and plain values, in a safetensors file.  Nothing is ever unpickled."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from gradwerk.base.errors import ArgumentError, FileError
from gradwerk.io.atomic import read_bytes
from gradwerk.io.weights import pack, unpack
from gradwerk.io.weights import save as save_file
from gradwerk.nn.module import Module
from gradwerk.torch.devices import device
from gradwerk.torch.options import accepts, on_cpu
from gradwerk.torch.tensors import Tensor


@accepts("pickle_module", "pickle_protocol", "_use_new_zipfile_serialization")
def save(obj: Any, f: Any) -> None:  # noqa: ANN401  a tree; a path, or a file opened for writing bytes
    """Writes dicts, lists and tuples of Tensors, arrays and plain values to a path or an open file.

    What was at the path stays until the new file is whole.  Any program that reads safetensors reads the Tensors.
    Raises: ArgumentError for a whole module or optimizer, and for what a file cannot hold; FileError.
    """
    if isinstance(obj, Module) or hasattr(obj, "state_dict"):
        message = f"torch.save of a whole {type(obj).__name__} would need pickle, which files here never hold"
        raise ArgumentError(message, likely="save its state_dict(), and load it with load_state_dict")
    if hasattr(f, "write"):
        f.write(pack(obj))
    else:
        save_file(f, obj)


@accepts("pickle_module", "mmap", "weights_only")
def load(f: Any, map_location: Any = None) -> Any:  # noqa: ANN401
    """What `save` wrote, Tensors as Tensors; a safetensors file of another program as a dict of Tensors.

    Raises: FileError where the file is missing, cut, changed or of another format, PyTorch's own among them.
    """
    if isinstance(map_location, (str, device)):
        on_cpu(map_location)
    data, source = (f.read(), "the file") if hasattr(f, "read") else (read_bytes(Path(f), "the file"), str(f))
    if data[:2] == b"PK" or data[:1] == b"\x80":
        raise FileError(
            f"{source} is a file of PyTorch's own, which holds a pickle and is not read here yet",
            likely="where PyTorch is installed: safetensors.torch.save_file(torch.load(f), 'weights.safetensors')",
        )
    return unpack(data, source, _tensor)


def _tensor(array: np.ndarray[Any, np.dtype[Any]]) -> Tensor:
    return Tensor.of(array)
