"""Pickles of plain containers, written by hand: what is no container, number or text says itself how it is made."""

from __future__ import annotations

import struct
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from gradwerk.base.errors import ArgumentError

DEEPEST = 200


@dataclass(frozen=True)
class Name:
    """A class, function or value of a module."""

    module: str
    name: str


@dataclass(frozen=True)
class Call:
    """What a function of a module gives for arguments."""

    function: Name
    arguments: tuple[Any, ...]
    state: Any = None
    """What it is told afterwards; None for nothing."""
    opcode: bytes = b"R"
    """How it is made: called, or, `b"\x81"`, new."""


@dataclass(frozen=True)
class Elsewhere:
    """What stands elsewhere, by a tuple that names it."""

    key: tuple[Any, ...]


class Writer:
    """Writes one pickle, protocol 2.

    Args:
        special: gives a `Name`, `Call` or `Elsewhere` for what is none of the plain kinds; None for what cannot be written.
    """

    def __init__(self, special: Callable[[Any, tuple[str, ...]], Name | Call | Elsewhere | None]) -> None:
        self.special = special
        self.out = bytearray(b"\x80\x02")
        self.memo: dict[int, tuple[int, Any]] = {}
        """Containers and made things that were written, by identity: their number, and they, so that they stay."""

    def written(self, what: Any) -> bytes:  # noqa: ANN401  a tree
        """The whole pickle.  Raises: ArgumentError for what cannot be written, naming where it stands."""
        self._write(what, ())
        return bytes(self.out + b".")

    def _write(self, what: Any, place: tuple[str, ...]) -> None:  # noqa: ANN401
        if len(place) > DEEPEST:
            raise ArgumentError(f"{said(place[:3])} nests deeper than {DEEPEST}", likely="does it contain itself?")
        kind = type(what)
        if what is None or kind is bool:
            self.out += {None: b"N", True: b"\x88", False: b"\x89"}[what]
        elif kind in (int, float, str):
            self.out += _whole(what) if kind is int else _float(what) if kind is float else _text(what)
        elif kind is Name:
            self.out += b"c" + what.module.encode() + b"\n" + what.name.encode() + b"\n"
        elif kind is Elsewhere:
            self._write(what.key, place)
            self.out += b"Q"
        elif kind is tuple:
            self._tuple(what, place)
        elif id(what) in self.memo:
            self._number(b"hj", self.memo[id(what)][0])
        else:
            self._container(what, place)

    def _container(self, what: Any, place: tuple[str, ...]) -> None:  # noqa: ANN401
        kind = type(what)
        if kind is list:
            self.out += b"]"
            self._remember(what)
            self.out += b"("
            for number, item in enumerate(what):
                self._write(item, (*place, str(number)))
            self.out += b"e"
        elif kind is dict:
            self.out += b"}"
            self._remember(what)
            self._items(what, place)
        elif kind is OrderedDict:
            self._write(Name("collections", "OrderedDict"), place)
            self.out += b")R"
            self._remember(what)
            self._items(what, place)
            if vars(what):
                self._write(dict(vars(what)), place)
                self.out += b"b"
        elif kind is bytes:
            self._write(Call(Name("_codecs", "encode"), (what.decode("latin1"), "latin1")), place)
        elif kind is Call:
            self._write(what.function, place)
            self._tuple(what.arguments, place)
            self.out += what.opcode
            if what.state is not None:
                self._write(what.state, place)
                self.out += b"b"
        else:
            made = self.special(what, place)
            if made is None:
                likely = "save its state, a dict: its state_dict()" if callable(getattr(what, "state_dict", None)) else ""
                raise ArgumentError(f"{said(place)} is of type {kind.__name__}, which such a file cannot hold", likely=likely)
            self._write(made, place)
            self._remember(what)

    def _items(self, what: Mapping[Any, Any], place: tuple[str, ...]) -> None:
        self.out += b"("
        for key, value in what.items():
            self._write(key, place)
            self._write(value, (*place, str(key)))
        self.out += b"u"

    def _tuple(self, what: tuple[Any, ...], place: tuple[str, ...]) -> None:
        self.out += b"("
        for number, item in enumerate(what):
            self._write(item, (*place, str(number)))
        self.out += b"t"

    def _remember(self, what: Any) -> None:  # noqa: ANN401
        self.memo[id(what)] = (len(self.memo), what)
        self._number(b"qr", len(self.memo) - 1)

    def _number(self, codes: bytes, number: int) -> None:
        """An opcode with a number, in one byte where it fits."""
        self.out += codes[:1] + bytes([number]) if number < 256 else codes[1:] + struct.pack("<I", number)


def _whole(value: int) -> bytes:
    if -(2**31) <= value < 2**31:
        return b"J" + struct.pack("<i", value)
    digits = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
    return b"\x8a" + bytes([len(digits)]) + digits if len(digits) < 256 else b"\x8b" + struct.pack("<i", len(digits)) + digits


def _float(value: float) -> bytes:
    return b"G" + struct.pack(">d", value)


def _text(value: str) -> bytes:
    held = value.encode("utf-8", "surrogatepass")
    return b"X" + struct.pack("<I", len(held)) + held


def said(place: tuple[str, ...]) -> str:
    """Where something stands in what is saved."""
    return f"what is saved at {'.'.join(place)!r}" if place else "what is saved"
