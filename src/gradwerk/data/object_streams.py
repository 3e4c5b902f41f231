"""Numbers, texts, lists, dicts and arrays out of files that Python's pickle wrote: read as data, by a small machine that can call nothing.

A pickle is a program: it may name any function and have it called.  Here a name is a word, and what is made of it is one of four things: an
array, its dtype, bytes out of a text, an ordered dict.  Anything else is refused.  Published data sets (CIFAR, IMDB, Reuters) come so.
"""

from __future__ import annotations

import io
import re
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np

from gradwerk.base.errors import FileError

Array = np.ndarray[Any, np.dtype[Any]]
_RUN = re.compile(rb"(?:K.|M..|J....)+", re.DOTALL)
_NUMBER = re.compile(rb"K.|M..|J....", re.DOTALL)
_DTYPE = re.compile(r"[biufcSUO]\d{1,4}")
_RECONSTRUCT = {("numpy.core.multiarray", "_reconstruct"), ("numpy._core.multiarray", "_reconstruct")}
_ENCODE = ("_codecs", "encode")
_BYTES = {("__builtin__", "bytes"), ("builtins", "bytes")}
_NDARRAY, _KIND = ("numpy", "ndarray"), ("numpy", "dtype")
_MARK = object()


@dataclass(frozen=True)
class _Name:
    """A name of something of Python's: a word, and no value."""

    module: str
    called: str

    @property
    def parts(self) -> tuple[str, str]:
        return self.module, self.called


@dataclass
class _Array:
    """An array that is not filled yet."""

    value: Any = None


@dataclass
class _DType:
    """A dtype, and the order of its bytes."""

    code: str
    order: str = "|"

    @property
    def of_objects(self) -> bool:
        return self.code == "O"

    def made(self) -> np.dtype[Any]:
        return np.dtype(self.code if self.order == "|" else self.order + self.code)


def read_objects(data: bytes, path: str | Path) -> Any:  # noqa: ANN401  numbers, texts, lists, dicts and arrays
    """What a pickle holds.  Raises: FileError for one that names anything but the parts of arrays, and for a damaged one."""
    try:
        return _plain(_Machine(data, path).run())
    except FileError:
        raise
    except (IndexError, KeyError, ValueError, TypeError, AttributeError, struct.error, OverflowError, RecursionError) as error:
        raise FileError(f"{path} is damaged, or holds more than data", facts=(f"{type(error).__name__}: {error}",)) from None


def array_of_objects(data: bytes, path: str | Path) -> Array:
    """An `.npy` file's array, of numbers or of lists.  Raises: FileError for a damaged one, and as `read_objects`."""
    stream = io.BytesIO(data)
    try:
        return np.asarray(np.lib.format.read_array(stream, allow_pickle=False))
    except ValueError:
        stream.seek(0)
    version = np.lib.format.read_magic(stream)
    (np.lib.format.read_array_header_1_0 if version[0] == 1 else np.lib.format.read_array_header_2_0)(stream)
    found = read_objects(data[stream.tell() :], path)
    if not isinstance(found, np.ndarray):
        raise FileError(f"{path} holds no array, but a {type(found).__name__}")
    return found


def _plain(value: Any) -> Any:  # noqa: ANN401
    """A value with its arrays in the place of what stood for them."""
    if isinstance(value, _Array):
        return value.value
    if isinstance(value, (_Name, _DType)):
        raise ValueError(f"{value} stands where a value is expected")
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)) and any(isinstance(item, (_Array, _Name, _DType, dict, list, tuple)) for item in value):
        return type(value)(_plain(item) for item in value)
    return value


@dataclass
class _Machine:
    """The stack, and what was put aside."""

    data: bytes
    path: str | Path
    at: int = 0
    stack: list[Any] = field(default_factory=list)
    memo: dict[int, Any] = field(default_factory=dict)

    def run(self) -> Any:  # noqa: ANN401
        """Until the stop."""
        while True:
            code = self.data[self.at : self.at + 1]
            if code in b"KMJ" and code:
                self._numbers()
                continue
            self.at += 1
            if code == b".":
                return self.stack.pop()
            if code not in _CODES:
                raise FileError(f"{self.path} holds more than data", facts=(f"code {code!r} at byte {self.at - 1}",))
            _CODES[code](self)

    def take(self, count: int) -> bytes:
        """The next bytes."""
        part = self.data[self.at : self.at + count]
        if count < 0 or len(part) < count:
            raise FileError(f"{self.path} is cut short")
        self.at += count
        return part

    def number(self, form: str) -> Any:  # noqa: ANN401
        """The next number."""
        return struct.unpack(form, self.take(struct.calcsize(form)))[0]

    def line(self) -> str:
        """The next line."""
        end = self.data.index(b"\n", self.at)
        part, self.at = self.data[self.at : end], end + 1
        return part.decode("latin-1")

    def push(self, value: Any) -> None:  # noqa: ANN401
        """On the stack."""
        self.stack.append(value)

    def since_mark(self) -> list[Any]:
        """What is above the last mark, which goes."""
        above = next((k for k, one in enumerate(reversed(self.stack)) if one is _MARK), None)
        if above is None:
            raise ValueError("a list that nowhere begins")
        place = len(self.stack) - 1 - above
        items = self.stack[place + 1 :]
        del self.stack[place:]
        return items

    def _numbers(self) -> None:
        """Whole numbers one after another, as long lists have them: all at once."""
        run = _RUN.match(self.data, self.at)
        if run is None:
            raise FileError(f"{self.path} is cut short")
        self.at = run.end()
        self.stack += [int.from_bytes(one[1:], "little", signed=len(one) == 5) for one in _NUMBER.findall(run[0])]

    def call(self) -> None:
        """What a name makes of its arguments: arrays, dtypes, bytes.  Nothing is looked up, and nothing is called."""
        arguments, named = self.stack.pop(), self.stack.pop()
        name = named.parts if isinstance(named, _Name) else ("", "")
        if name in _RECONSTRUCT and arguments[0].parts == _NDARRAY:
            self.push(_Array())
        elif name == _KIND and isinstance(arguments[0], (str, bytes)):
            code = _text(arguments[0])
            if not _DTYPE.fullmatch(code):
                raise FileError(f"{self.path} holds an array of {code!r}, which is no plain dtype")
            self.push(_DType("O" if code[0] == "O" else code))
        elif name == _ENCODE and isinstance(arguments[0], str):
            self.push(arguments[0].encode("latin-1"))
        elif name in _BYTES and not arguments:
            self.push(b"")
        elif name == ("collections", "OrderedDict") and not arguments:
            self.push({})
        else:
            raise FileError(f"{self.path} asks for {'.'.join(name)}, which is not done for a file")

    def build(self) -> None:
        """The state of an array, or of a dtype."""
        state, made = self.stack.pop(), self.stack[-1]
        if isinstance(made, _DType):
            made.order = _text(state[1])
            return
        if not isinstance(made, _Array):
            raise FileError(f"{self.path} sets the state of what is no array")
        _, extents, dtype, by_columns, content = state
        shape = tuple(map(int, extents))
        order: Literal["F", "C"] = "F" if by_columns else "C"
        if dtype.of_objects:
            flat = np.empty(len(content), object)
            for place, one in enumerate(content):  # of lists of one length NumPy would make rows
                flat[place] = _plain(one)
            made.value = flat.reshape(shape, order=order)
        else:
            raw = content.encode("latin-1") if isinstance(content, str) else content
            made.value = np.frombuffer(raw, dtype.made()).reshape(shape, order=order).copy(order="K")

    def name(self, module: str, called: str) -> None:
        """A word of two parts."""
        self.push(_Name(module, called))


def _text(value: str | bytes) -> str:
    return value.decode("ascii") if isinstance(value, bytes) else value


def _extend(machine: _Machine) -> None:
    items = machine.since_mark()
    machine.stack[-1].extend(items)


def _set_items(machine: _Machine) -> None:
    items = machine.since_mark()
    machine.stack[-1].update(zip(items[::2], items[1::2], strict=True))


def _set_item(machine: _Machine) -> None:
    value, key = machine.stack.pop(), machine.stack.pop()
    machine.stack[-1][key] = value


def _append(machine: _Machine) -> None:
    value = machine.stack.pop()
    machine.stack[-1].append(value)


def _tuple_of(count: int) -> Callable[[_Machine], None]:
    def make(machine: _Machine) -> None:
        items = tuple(machine.stack[len(machine.stack) - count :])
        del machine.stack[len(machine.stack) - count :]
        machine.push(items)

    return make


def _dict_since(machine: _Machine) -> None:
    items = machine.since_mark()
    machine.push(dict(zip(items[::2], items[1::2], strict=True)))


def _global(machine: _Machine) -> None:
    module = machine.line()
    machine.name(module, machine.line())


def _stack_global(machine: _Machine) -> None:
    called, module = machine.stack.pop(), machine.stack.pop()
    machine.name(str(module), str(called))


def _string(machine: _Machine) -> None:
    text = machine.line()
    if len(text) < 2 or text[0] not in "'\"" or text[-1] != text[0]:
        raise FileError(f"{machine.path} is damaged")
    machine.push(text[1:-1].encode("latin-1").decode("unicode_escape").encode("latin-1"))


def _skipped(count: int) -> Callable[[_Machine], None]:
    def skip(machine: _Machine) -> None:
        machine.take(count)

    return skip


def _whole(machine: _Machine) -> None:
    text = machine.line()
    machine.push(bool(int(text)) if text in ("00", "01") else int(text))


def _long(machine: _Machine) -> None:
    machine.push(int.from_bytes(machine.take(machine.number("<B")), "little", signed=True))


_CODES: dict[bytes, Callable[[_Machine], None]] = {
    b"\x80": _skipped(1), b"\x95": _skipped(8),
    b"(": lambda m: m.push(_MARK), b"]": lambda m: m.push([]), b"}": lambda m: m.push({}), b")": lambda m: m.push(()),
    b"l": lambda m: m.push(m.since_mark()), b"t": lambda m: m.push(tuple(m.since_mark())), b"d": _dict_since,
    b"\x85": _tuple_of(1), b"\x86": _tuple_of(2), b"\x87": _tuple_of(3), b"a": _append, b"e": _extend, b"s": _set_item, b"u": _set_items,
    b"N": lambda m: m.push(None), b"\x88": lambda m: m.push(True), b"\x89": lambda m: m.push(False),  # noqa: FBT003  on the stack
    b"I": _whole,
    b"L": lambda m: m.push(int(m.line().rstrip("L"))), b"\x8a": _long, b"F": lambda m: m.push(float(m.line())),
    b"G": lambda m: m.push(m.number(">d")),
    b"U": lambda m: m.push(m.take(m.number("<B"))), b"T": lambda m: m.push(m.take(m.number("<i"))), b"S": _string,
    b"C": lambda m: m.push(m.take(m.number("<B"))), b"B": lambda m: m.push(m.take(m.number("<I"))),
    b"\x8e": lambda m: m.push(m.take(m.number("<Q"))),
    b"\x8c": lambda m: m.push(m.take(m.number("<B")).decode("utf-8")), b"X": lambda m: m.push(m.take(m.number("<I")).decode("utf-8")),
    b"V": lambda m: m.push(m.line().encode("latin-1").decode("raw_unicode_escape")),
    b"q": lambda m: m.memo.__setitem__(m.number("<B"), m.stack[-1]), b"r": lambda m: m.memo.__setitem__(m.number("<I"), m.stack[-1]),
    b"p": lambda m: m.memo.__setitem__(int(m.line()), m.stack[-1]), b"\x94": lambda m: m.memo.__setitem__(len(m.memo), m.stack[-1]),
    b"h": lambda m: m.push(m.memo[m.number("<B")]), b"j": lambda m: m.push(m.memo[m.number("<I")]),
    b"g": lambda m: m.push(m.memo[int(m.line())]),
    b"0": lambda m: m.stack.__delitem__(-1), b"c": _global, b"\x93": _stack_global, b"R": _Machine.call, b"b": _Machine.build,
}  # fmt: skip
"""What each code does."""
