"""What messages of protocol buffers have in common: to and from bytes, equality, a text; and lists whose values are looked at."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Generic, Self, TypeVar

import numpy as np

from gradwerk.base.errors import ArgumentError, ArgumentTypeError
from gradwerk.data.wire import BYTES, field, fields

# ruff: noqa: N802  the names of protocol buffers
# ruff: noqa: ANN401  values come from NumPy and Python

M = TypeVar("M", bound="Message")


class Message:
    """What all of them have in common: to and from bytes, equality, a text."""

    __slots__ = ()

    def SerializeToString(self, deterministic: bool = False) -> bytes:  # noqa: FBT001, FBT002  the name of protocol buffers
        """The bytes."""
        return b"".join(field(number, data) for number, data in self.parts())

    def ParseFromString(self, serialized: bytes) -> int:
        """Takes what bytes say in the place of what is there; how many there were.  Raises: DataError for what are none."""
        self.Clear()
        return self.MergeFromString(serialized)

    def MergeFromString(self, serialized: bytes) -> int:
        """Takes what bytes say beside what is there.  Raises: DataError for what are none."""
        if hasattr(serialized, "numpy"):
            raise ArgumentTypeError("a message is read from bytes, this is a Tensor", likely=".numpy()")
        for number, kind, value in fields(bytes(serialized)):
            self.take(number, kind, value)
        return len(serialized)

    @classmethod
    def FromString(cls, s: bytes) -> Self:
        """A new one of bytes.  Raises: DataError for what are none."""
        made = cls()
        made.MergeFromString(s)
        return made

    def CopyFrom(self, other_msg: Self) -> None:
        """Becomes as another one."""
        self.ParseFromString(other_msg.SerializeToString())

    def MergeFrom(self, other_msg: Self) -> None:
        """Takes what another one has beside what is there."""
        self.MergeFromString(other_msg.SerializeToString())

    def ByteSize(self) -> int:
        """How many bytes it has."""
        return len(self.SerializeToString())

    def IsInitialized(self) -> bool:
        """Always: nothing in these has to be there."""
        return True

    def Clear(self) -> None:
        """Takes all out."""
        raise AssertionError

    def parts(self) -> Iterator[tuple[int, bytes]]:
        """(number, bytes) of each field."""
        raise AssertionError

    def take(self, number: int, kind: int, value: Any) -> None:
        """A field that was read."""
        raise AssertionError

    def lines(self) -> Iterator[str]:
        """The lines of its text."""
        raise AssertionError

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other.SerializeToString() == self.SerializeToString()

    __hash__ = None  # type: ignore[assignment]  # they change

    def __repr__(self) -> str:
        return "".join(f"{line}\n" for line in self.lines())


class Named(dict[str, M], Generic[M]):
    """Messages by their names; asking for one that is missing makes it, as protocol buffers do."""

    def __init__(self, kind: type[M], given: Mapping[str, M] | None = None) -> None:
        super().__init__(given or {})
        self.kind = kind
        for name, one in self.items():
            if not isinstance(one, kind):
                raise ArgumentTypeError(f"{name!r} is a {kind.__name__}, not a {type(one).__name__}")

    def __missing__(self, name: str) -> M:
        self[name] = made = self.kind()
        return made

    def entries(self) -> Iterator[bytes]:
        """The bytes of each, with its name."""
        return (field(1, name.encode()) + field(2, one.SerializeToString()) for name, one in sorted(self.items()))

    def read(self, entry: bytes) -> None:
        """One that was written so."""
        name, data = "", b""
        for number, kind, value in fields(entry):
            if kind == BYTES and number == 1:
                name = value.decode()
            elif kind == BYTES and number == 2:
                data = value
        self[name] = self.kind.FromString(data)

    def lines(self, what: str) -> Iterator[str]:
        """The lines of the text of each."""
        for name, one in sorted(self.items()):
            yield from block(what, [f'key: "{escaped(name.encode())}"', *block("value", one.lines())])


class Several(list[M], Generic[M]):
    """A list of messages; `add` makes one more."""

    def __init__(self, kind: type[M], given: Iterable[M] = ()) -> None:
        super().__init__(given)
        self.kind = kind

    def add(self) -> M:
        """One more, empty."""
        self.append(made := self.kind())
        return made


def checked(given: Any, kind: type[M]) -> M:
    """What was given, or a new one.  Raises: ArgumentTypeError for one of another kind."""
    if given is not None and not isinstance(given, kind):
        raise ArgumentTypeError(f"a {kind.__name__} is needed, this is a {type(given).__name__}")
    return kind() if given is None else given


class Values(list[Any]):
    """The values of a list of a kind, looked at as they come."""

    def __init__(self, kind: Any, given: Any = ()) -> None:
        self.kind, self.owner = kind, None
        super().__init__(self._looked_at(given))

    def _looked_at(self, given: Any) -> Iterator[Any]:
        if isinstance(given, (str, bytes)) or not hasattr(given, "__iter__"):
            raise ArgumentTypeError(f"value is a list, this is {given!r:.60}", likely=f"value=[{given!r:.30}]")
        return map(self.kind, given)

    def append(self, value: Any) -> None:
        super().append(self.kind(value))
        self._written()

    def extend(self, values: Any) -> None:
        super().extend(self._looked_at(values))
        self._written()

    def _written(self) -> None:
        if self.owner is not None:
            self.owner()
            self.owner = None


def as_bytes(value: Any) -> bytes:
    """Bytes.  Raises: ArgumentTypeError."""
    if isinstance(value, str):
        raise ArgumentTypeError(f"{value!r:.60} has type str, but expected one of: bytes", likely=".encode()")
    if not isinstance(value, bytes):
        raise ArgumentTypeError(f"{value!r:.60} has type {type(value).__name__}, but expected one of: bytes", likely=_hint(value))
    return bytes(value)


def _hint(value: Any) -> str:
    return ".numpy() of the Tensor" if hasattr(value, "numpy") else ".tobytes() of the array" if isinstance(value, np.ndarray) else ""


def as_float(value: Any) -> float:
    """A float32.  Raises: ArgumentTypeError."""
    try:
        return float(np.float32(value))
    except (TypeError, ValueError):
        raise ArgumentTypeError(f"{value!r:.60} has type {type(value).__name__}, but expected one of: int, float") from None


def as_int(value: Any) -> int:
    """A whole number of 64 bits.  Raises: ArgumentTypeError, ArgumentError."""
    if isinstance(value, (float, np.floating)) or not hasattr(value, "__index__"):
        raise ArgumentTypeError(f"{value!r:.60} has type {type(value).__name__}, but expected one of: int")
    number = int(value.__index__())
    if not -(2**63) <= number < 2**63:
        raise ArgumentError(f"Value out of range: {number}")
    return number


def block(name: str, lines: Iterable[str]) -> Iterator[str]:
    """The lines of a part, within braces."""
    inside = [f"  {line}" for line in lines]
    yield from (f"{name} {{", *inside, "}")


def escaped(text: bytes) -> str:
    """Bytes as they are written between quotes."""
    signs = {10: "\\n", 13: "\\r", 9: "\\t", 34: '\\"', 39: "\\'", 92: "\\\\"}
    return "".join(signs.get(byte) or (chr(byte) if 32 <= byte < 127 else f"\\{byte:03o}") for byte in text)


def shortest(value: float) -> str:
    """The fewest digits that give the same float32."""
    text = str(np.float32(value))
    return text.removesuffix(".0") if text.endswith(".0") and "e" not in text else text
