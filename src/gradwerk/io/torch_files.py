"""PyTorch's files (.pt, .pth): zip archives of a pickle and of the memory of Tensors.  Nothing in them is run: see pickles.py.

Read are these and the files of PyTorch before 1.6, which are several pickles one behind the other; written are the archives, which PyTorch
reads with `weights_only=True`.

Source: PyTorch's torch/serialization.py and torch/_utils.py, for the names and the order of arguments.
"""

from __future__ import annotations

import io
import math
import struct
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.dtypes import DType
from gradwerk.base.errors import FileError, GradwerkError
from gradwerk.io.pickles import Global, Machine
from gradwerk.io.pickling import Call, Elsewhere, Name, Writer

Array = np.ndarray[Any, np.dtype[Any]]
ALIGNMENT = 64
MAGIC, PROTOCOL = 0x1950A86A20F9469CFC6C, 1001
STORAGES: dict[str, DType] = {
    "FloatStorage": dtypes.float32, "DoubleStorage": dtypes.float64, "HalfStorage": dtypes.float16, "BFloat16Storage": dtypes.bfloat16,
    "LongStorage": dtypes.int64, "IntStorage": dtypes.int32, "ShortStorage": dtypes.int16, "CharStorage": dtypes.int8,
    "ByteStorage": dtypes.uint8, "BoolStorage": dtypes.bool_, "ComplexFloatStorage": dtypes.complex64,
    "ComplexDoubleStorage": dtypes.complex128, "UntypedStorage": dtypes.uint8,
}  # fmt: skip
NAMES = {dtype: name for name, dtype in STORAGES.items() if name != "UntypedStorage"}
WIDE = (dtypes.uint16, dtypes.uint32, dtypes.uint64)
"""Dtypes without a storage of their own: PyTorch writes their bytes."""


@dataclass(frozen=True, eq=False)
class Held:
    """A Tensor as a file has it: a part of a memory.

    Args:
        memory: all of it, of one axis.
        key: tells memories apart.
        offset: of the first element.
        size: the extents.
        stride: elements from one place to the next, along each axis.
        requires_grad: whether it takes part in training.
        kind: "tensor", "parameter" or "buffer".
        location: the device that it was saved from.
    """

    memory: Array
    key: str
    offset: int
    size: tuple[int, ...]
    stride: tuple[int, ...]
    requires_grad: bool = False
    kind: str = "tensor"
    location: str = "cpu"

    def array(self) -> Array:
        """The elements, in that memory."""
        return np.lib.stride_tricks.as_strided(
            self.memory[self.offset :], self.size, [n * self.memory.itemsize for n in self.stride]
        ) if math.prod(self.size) else np.zeros(self.size, self.memory.dtype)


@dataclass(frozen=True, eq=False)
class _Storage:
    key: str
    dtype: DType
    count: int
    location: str
    memory: Array


def is_archive(data: bytes) -> bool:
    """Whether a file is one of these archives, or any zip."""
    return data[:4] == b"PK\x03\x04"


def is_older(data: bytes) -> bool:
    """Whether a file begins as those of PyTorch before 1.6."""
    return data[:1] == b"\x80" and MAGIC.to_bytes(10, "little") in data[:40]


class Reader:
    """Reads one file.

    Args:
        source: its name, for errors.
        tensor: what a Tensor comes back as.
        others: what stands for names that are not PyTorch's own: `Global`s by (module, name).
        plain: gives what `torch.float32`, a Size, a device come back as.
    """

    def __init__(
        self, source: str, tensor: Callable[[Held], Any], others: dict[tuple[str, str], Any], plain: dict[str, Any]
    ) -> None:  # fmt: skip
        self.source, self.tensor, self.size = source, tensor, 0
        self.storages: dict[str, _Storage] = {}
        self.entry: Callable[[str], bytes] | None = None
        rebuilt: dict[str, Callable[..., Any]] = {
            "_rebuild_tensor_v2": self._rebuilt, "_rebuild_tensor": self._rebuilt, "_rebuild_tensor_v3": self._rebuilt_of_bytes,
            "_rebuild_parameter": self._parameter, "_rebuild_parameter_with_state": self._parameter,
        }  # fmt: skip
        self.known: dict[tuple[str, str], Any] = {
            ("collections", "OrderedDict"): Global(OrderedDict),
            **{("torch._utils", name): Global(function) for name, function in rebuilt.items()},
            **{("torch", name): dtype for name, dtype in STORAGES.items()},
            ("torch.storage", "UntypedStorage"): dtypes.uint8,
            **{("torch", name): value for name, value in plain.items()},
            **ARRAYS, **others,
        }  # fmt: skip

    def read(self, data: bytes) -> Any:  # noqa: ANN401  what was saved
        """What a file holds.  Raises: FileError for one that is damaged, or holds what is not read here."""
        self.size = len(data)
        try:
            return self._archive(data) if is_archive(data) else self._older(data)
        except MemoryError:
            raise FileError(f"{self.source} is too large for the memory there is", facts=(f"{len(data):,} bytes",)) from None

    def _archive(self, data: bytes) -> Any:  # noqa: ANN401
        try:
            archive = zipfile.ZipFile(io.BytesIO(data))
            names = archive.namelist()
            found = [name for name in names if name.endswith("data.pkl") and name.count("/") <= 1]
            if not found or any(name.endswith("/constants.pkl") for name in names):
                what = "a program of torch.jit.save" if found else "no file of torch.save"
                raise FileError(f"{self.source} is {what}", facts=(f"it holds {', '.join(names[:6])}",))
            folder = found[0].removesuffix("data.pkl")
            order = archive.read(f"{folder}byteorder").decode() if f"{folder}byteorder" in names else "little"
            if order != "little":
                raise FileError(f"{self.source} was written on a machine that stores numbers the other way around")
            self.entry = lambda key: archive.read(f"{folder}data/{key}")
            return self._machine().read(io.BytesIO(archive.read(found[0])))
        except GradwerkError:
            raise
        except (zipfile.BadZipFile, KeyError, NotImplementedError, EOFError, OSError) as error:
            raise FileError(f"{self.source} is a damaged archive", facts=(f"{type(error).__name__}: {error}",)) from None

    def _older(self, data: bytes) -> Any:  # noqa: ANN401
        stream = io.BytesIO(data)
        head = [self._machine().read(stream) for _ in range(3)]
        if head[:2] != [MAGIC, PROTOCOL] or not isinstance(head[2], dict) or not head[2].get("little_endian", True):
            raise FileError(f"{self.source} is no file of torch.save", facts=(f"it begins with {head[:2]}",))
        tree = self._machine().read(stream)
        for key in self._machine().read(stream):
            storage = self.storages.get(str(key))
            (count,) = struct.unpack("<q", _exactly(stream, 8, self.source))
            if storage is None or count != storage.count:
                raise FileError(f"{self.source} is damaged", facts=(f"memory {key!r} of {count} elements",))
            storage.memory[:] = np.frombuffer(_exactly(stream, count * storage.dtype.itemsize, self.source), storage.dtype)
        return tree

    def _machine(self) -> Machine:
        return Machine(self.source, self._found, self._persistent)

    def _found(self, module: str, name: str) -> Any:  # noqa: ANN401
        if (module, name) in self.known:
            return self.known[module, name]
        whole = module.startswith("torch.nn.modules") or module == "__main__"
        raise FileError(
            f"{self.source} holds an object of {module}.{name}, which is not read here: to make it would run its code",
            likely="save the state alone: torch.save(model.state_dict(), path)" if whole
            else "torch.serialization.add_safe_globals([...]) allows a class of yours",
        )  # fmt: skip

    def _persistent(self, key: Any) -> _Storage:  # noqa: ANN401
        """A memory that a pickle names.  Raises: FileError."""
        sound = isinstance(key, tuple) and len(key) >= 5 and key[0] == "storage" and isinstance(key[1], np.dtype)
        if not sound or type(key[4]) is not int or not 0 <= key[4] * key[1].itemsize <= self.size:
            raise FileError(f"{self.source} names a memory in a way that is not known", facts=(f"{key!r}",))
        name, count = str(key[2]), key[4]
        if name not in self.storages:
            if self.entry is None:
                memory = np.zeros(count, key[1])
            else:
                held = self.entry(name)
                if len(held) != count * key[1].itemsize:
                    raise FileError(f"{self.source} is damaged", facts=(f"memory {name!r}: {len(held)} bytes for {count} elements",))
                memory = np.frombuffer(bytearray(held), key[1])
            self.storages[name] = _Storage(name, key[1], count, str(key[3]), memory)
        return self.storages[name]

    def _rebuilt(self, storage: _Storage, offset: int, size: Any, stride: Any, requires_grad: bool = False, *_: Any) -> Any:  # noqa: ANN401, FBT001, FBT002
        return self._made(storage, storage.memory, offset, size, stride, requires_grad=requires_grad)

    def _rebuilt_of_bytes(
        self, storage: _Storage, offset: int, size: Any, stride: Any, requires_grad: bool, hooks: Any, dtype: DType, *_: Any  # noqa: ANN401, FBT001
    ) -> Any:  # fmt: skip  # noqa: ANN401
        del hooks
        return self._made(storage, storage.memory.view(dtype), offset, size, stride, requires_grad=requires_grad)

    def _made(self, storage: _Storage, memory: Array, offset: int, size: Any, stride: Any, *, requires_grad: bool) -> Any:  # noqa: ANN401
        size, stride = tuple(size), tuple(stride)
        whole = all(type(n) is int and n >= 0 for n in (offset, *size, *stride)) and len(size) == len(stride)
        last = offset + sum((n - 1) * step for n, step in zip(size, stride, strict=True)) if whole else -1
        if not whole or (math.prod(size) and last >= memory.size):
            facts = (f"size {size}, stride {stride}, offset {offset} in {memory.size} elements",)
            raise FileError(f"{self.source} is damaged: a Tensor reaches beyond its memory", facts=facts)
        return self.tensor(Held(memory, storage.key, offset, size, stride, bool(requires_grad), location=storage.location))

    def _parameter(self, data: Any, requires_grad: bool, hooks: Any, *_: Any) -> Any:  # noqa: ANN401, FBT001
        del hooks
        made = self.known.get(("torch.nn.parameter", "Parameter"))
        return data if made is None else made.call(data, bool(requires_grad))


def _exactly(stream: io.BytesIO, count: int, source: str) -> bytes:
    held = stream.read(count) if count >= 0 else b""
    if len(held) != count:
        raise FileError(f"{source} is cut off")
    return held


# ---- arrays and numbers of NumPy's


class _Dtype:
    """A dtype of NumPy's while it is read."""

    def __init__(self, name: str) -> None:
        self.dtype = np.dtype(name)

    def built(self, state: Any) -> _Dtype:  # noqa: ANN401
        """With its order of bytes."""
        if state[1] in ("<", ">"):
            self.dtype = self.dtype.newbyteorder(state[1])
        return self


def _dtype(name: Any, *_: Any) -> _Dtype:  # noqa: ANN401
    made = _Dtype(str(name))
    if not dtypes.is_storable(made.dtype) and not dtypes.is_text(made.dtype):
        raise FileError(f"an array of {name!r} is not read here")
    return made


def _scalar(dtype: _Dtype, held: Any) -> Any:  # noqa: ANN401
    return np.frombuffer(_bytes(held), dtype.dtype)[0]


def _bytes(held: Any) -> bytes:  # noqa: ANN401
    return held.encode("latin1") if isinstance(held, str) else bytes(held)


def _of_buffer(held: Any, dtype: _Dtype, shape: Any, order: str) -> Array:  # noqa: ANN401
    return np.frombuffer(bytearray(_bytes(held)), dtype.dtype).reshape(shape, order="F" if order == "F" else "C")


def _filled(_: Any, state: Any) -> Array:  # noqa: ANN401
    _, shape, dtype, columns_first, held = state
    if not isinstance(dtype, _Dtype):
        raise FileError("an array of objects is not read here")
    return np.frombuffer(bytearray(_bytes(held)), dtype.dtype).reshape(shape, order="F" if columns_first else "C")


_RECONSTRUCT = Global(lambda *_: np.zeros(0), _filled)
ARRAYS: dict[tuple[str, str], Any] = {
    ("_codecs", "encode"): Global(lambda text, encoding: text.encode("latin1" if encoding in ("latin1", "latin-1") else "utf-8")),
    ("numpy", "dtype"): Global(_dtype, _Dtype.built),
    ("numpy", "ndarray"): None,
    **{(f"{core}.multiarray", "_reconstruct"): _RECONSTRUCT for core in ("numpy.core", "numpy._core")},
    **{(f"{core}.numeric", "_frombuffer"): Global(_of_buffer) for core in ("numpy.core", "numpy._core")},
    **{(f"{core}.multiarray", "scalar"): Global(_scalar) for core in ("numpy.core", "numpy._core")},
}


# ---- writing


class Archive:
    """What stands in a file besides the pickle: the memories."""

    def __init__(self) -> None:
        self.memories: list[Array] = []
        self.numbers: dict[Any, int] = {}

    def tensor(self, held: Held) -> Call:
        """How a Tensor is made again."""
        if held.key not in self.numbers:
            self.numbers[held.key] = len(self.memories)
            self.memories.append(held.memory)
        number, dtype = self.numbers[held.key], held.memory.dtype
        bytewise = dtype in WIDE
        kind = Name("torch.storage", "UntypedStorage") if bytewise else Name("torch", NAMES[dtype])
        key = ("storage", kind, str(number), "cpu", held.memory.nbytes if bytewise else held.memory.size)
        hooks = Call(Name("collections", "OrderedDict"), ())
        parts = (Elsewhere(key), held.offset, held.size, held.stride, held.requires_grad, hooks)
        if bytewise:
            return Call(Name("torch._utils", "_rebuild_tensor_v3"), (*parts, Name("torch", dtypes.name(dtype))))
        return Call(Name("torch._utils", "_rebuild_tensor_v2"), parts)

    def written(self, what: Any, special: Callable[[Any, tuple[str, ...]], Any], folder: str) -> bytes:  # noqa: ANN401
        """The whole file.  Raises: ArgumentError for what cannot be written."""
        pickle = Writer(special).written(what)
        stream = io.BytesIO()
        stream.seek(len(pickle) + sum(memory.nbytes + 512 for memory in self.memories) + 4096)
        stream.write(b"\0")  # where memory is short that is said here, and not from inside of zipfile
        stream.seek(0)
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
            entries: list[tuple[str, Any]] = [("data.pkl", pickle), (".format_version", b"1"), (".storage_alignment", b"64")]
            entries.append(("byteorder", b"little"))
            entries += [(f"data/{number}", memory.view(np.uint8).data) for number, memory in enumerate(self.memories)]
            for name, data in [*entries, ("version", b"3\n")]:
                entry = zipfile.ZipInfo(f"{folder}/{name}")
                padding = -(stream.tell() + 30 + len(entry.filename.encode()) + 4) % ALIGNMENT
                entry.extra = b"FB" + struct.pack("<H", padding) + b"Z" * padding
                archive.writestr(entry, data)
        stream.truncate()
        return stream.getvalue()


def array_call(array: Array | np.generic) -> Call:
    """How an array or a number of NumPy's is made again, which PyTorch reads with `weights_only=False`."""
    code = array.dtype.str.lstrip("<|>=")
    dtype = Call(Name("numpy", "dtype"), (code, False, True), (3, "<" if array.dtype.itemsize > 1 else "|", None, None, None, -1, -1, 0))
    if isinstance(array, np.generic):
        return Call(Name("numpy.core.multiarray", "scalar"), (dtype, array.tobytes()))
    start = (Name("numpy", "ndarray"), (0,), b"b")
    return Call(Name("numpy.core.multiarray", "_reconstruct"), start, (1, array.shape, dtype, False, array.tobytes()))
