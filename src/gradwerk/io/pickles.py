"""Pickles, read without running anything: containers, numbers and texts, and of classes and functions a fixed list that the caller names.

A pickle is a program for a small machine.  This is that machine, without the part that finds and calls what it likes.

Source: the opcodes of pickletools in Python's own library.
"""

from __future__ import annotations

import pickletools
from collections import OrderedDict
from collections.abc import Callable
from typing import IO, Any

from gradwerk.base.errors import FileError, GradwerkError

Found = Callable[[str, str], Any]
"""What stands for a class or a function of a module, both by name.  Raises: FileError for one that is not known."""
MARK = object()
PLAIN = frozenset({
    "BINBYTES", "BINBYTES8", "BINFLOAT", "BININT", "BININT1", "BININT2", "BINSTRING", "BINUNICODE", "BINUNICODE8", "BYTEARRAY8", "FLOAT",
    "INT", "LONG", "LONG1", "LONG4", "SHORT_BINBYTES", "SHORT_BINSTRING", "SHORT_BINUNICODE", "STRING", "UNICODE",
})  # fmt: skip
CONSTANT = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
EMPTY: dict[str, Callable[[], Any]] = {"EMPTY_DICT": dict, "EMPTY_LIST": list, "EMPTY_SET": set, "EMPTY_TUPLE": tuple}
DAMAGED = (ValueError, LookupError, TypeError, AttributeError, OverflowError, RecursionError, EOFError, StopIteration)
NOTHING = frozenset({"PROTO", "FRAME"})


class Global:
    """A class or a function of the list: what a pickle may call, here as it stands in the list."""

    def __init__(
        self, call: Callable[..., Any], build: Callable[[Any, Any], Any] | None = None, new: Callable[..., Any] | None = None
    ) -> None:  # fmt: skip
        self.call, self.build, self.new = call, build, new or call


class Machine:
    """Reads one pickle.

    Args:
        source: the file's name, for errors.
        find: what stands for names: a `Global` that is called, or a value.
        persistent: what stands for what the pickle holds elsewhere, of the tuple that names it.
    """

    def __init__(self, source: str, find: Found, persistent: Callable[[Any], Any]) -> None:
        self.source, self.find, self.persistent = source, find, persistent
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}
        self.builders: dict[int, Callable[[Any, Any], Any]] = {}
        self.kept: list[Any] = []

    def read(self, stream: IO[bytes]) -> Any:  # noqa: ANN401  whatever it holds
        """The next pickle of a stream.  Raises: FileError for one that is damaged, or asks for what is not in the list."""
        try:
            for opcode, argument, _ in pickletools.genops(stream):
                if opcode.name == "STOP":
                    return self.stack.pop()
                self._step(opcode.name, argument)
        except GradwerkError:
            raise
        except DAMAGED as error:
            raise FileError(f"{self.source} is a damaged pickle", facts=(f"{type(error).__name__}: {error}",)) from None
        raise FileError(f"{self.source} is a pickle without an end")

    def _step(self, name: str, argument: Any) -> None:  # noqa: ANN401
        stack = self.stack
        if name in PLAIN:
            stack.append(argument)
        elif name in CONSTANT:
            stack.append(CONSTANT[name])
        elif name in EMPTY:
            stack.append(EMPTY[name]())
        elif name == "MARK":
            stack.append(MARK)
        elif name in ("BINPUT", "LONG_BINPUT", "PUT"):
            self.memo[argument] = stack[-1]
        elif name == "MEMOIZE":
            self.memo[len(self.memo)] = stack[-1]
        elif name in ("BINGET", "LONG_BINGET", "GET"):
            stack.append(self.memo[argument])
        elif name not in NOTHING:
            if name not in ACTIONS:
                raise FileError(f"{self.source} is a pickle with {name}, which is not read here")
            ACTIONS[name](self, argument)

    def _marked(self) -> list[Any]:
        """What was put since the mark."""
        place = next(k for k in reversed(range(len(self.stack))) if self.stack[k] is MARK)
        items = self.stack[place + 1 :]
        del self.stack[place:]
        return items

    def _pop(self, _: Any) -> None:  # noqa: ANN401
        self.stack.pop()

    def _pop_mark(self, _: Any) -> None:  # noqa: ANN401
        self._marked()

    def _dup(self, _: Any) -> None:  # noqa: ANN401
        self.stack.append(self.stack[-1])

    def _append(self, _: Any) -> None:  # noqa: ANN401
        item = self.stack.pop()
        self._of(list).append(item)

    def _appends(self, _: Any) -> None:  # noqa: ANN401
        items = self._marked()
        self._of(list).extend(items)

    def _additems(self, _: Any) -> None:  # noqa: ANN401
        items = self._marked()
        self._of(set).update(items)

    def _setitem(self, _: Any) -> None:  # noqa: ANN401
        value, key = self.stack.pop(), self.stack.pop()
        self._of(dict)[key] = value

    def _setitems(self, _: Any) -> None:  # noqa: ANN401
        items = self._marked()
        self._of(dict).update(zip(items[::2], items[1::2], strict=True))

    def _of(self, kind: type) -> Any:  # noqa: ANN401  a list, a dict, a set
        """The container on top.  Raises: FileError where it is none."""
        if not isinstance(self.stack[-1], kind):
            facts = (f"it fills a {type(self.stack[-1]).__name__} as a {kind.__name__}",)
            raise FileError(f"{self.source} is a damaged pickle", facts=facts)
        return self.stack[-1]

    def _list(self, _: Any) -> None:  # noqa: ANN401
        self.stack.append(self._marked())

    def _tuple(self, _: Any) -> None:  # noqa: ANN401
        self.stack.append(tuple(self._marked()))

    def _frozenset(self, _: Any) -> None:  # noqa: ANN401
        self.stack.append(frozenset(self._marked()))

    def _dict(self, _: Any) -> None:  # noqa: ANN401
        items = self._marked()
        self.stack.append(dict(zip(items[::2], items[1::2], strict=True)))

    def _tuple1(self, _: Any) -> None:  # noqa: ANN401
        self.stack[-1:] = [tuple(self.stack[-1:])]

    def _tuple2(self, _: Any) -> None:  # noqa: ANN401
        self.stack[-2:] = [tuple(self.stack[-2:])]

    def _tuple3(self, _: Any) -> None:  # noqa: ANN401
        self.stack[-3:] = [tuple(self.stack[-3:])]

    def _global(self, argument: str) -> None:
        module, _, name = argument.partition(" ")
        self.stack.append(self.find(module, name))

    def _stack_global(self, _: Any) -> None:  # noqa: ANN401
        name, module = self.stack.pop(), self.stack.pop()
        self.stack.append(self.find(str(module), str(name)))

    def _reduce(self, _: Any) -> None:  # noqa: ANN401
        arguments, function = self.stack.pop(), self.stack.pop()
        self._made(getattr(function, "call", None), function, arguments, {})

    def _newobj(self, _: Any) -> None:  # noqa: ANN401
        arguments, function = self.stack.pop(), self.stack.pop()
        self._made(getattr(function, "new", None), function, arguments, {})

    def _newobj_ex(self, _: Any) -> None:  # noqa: ANN401
        named, arguments, function = self.stack.pop(), self.stack.pop(), self.stack.pop()
        self._made(getattr(function, "new", None), function, arguments, named)

    def _made(self, call: Any, function: Any, arguments: Any, named: Any) -> None:  # noqa: ANN401
        if not isinstance(function, Global) or not isinstance(arguments, tuple):
            raise FileError(f"{self.source} calls what cannot be called here", facts=(f"{function!r}",))
        made = call(*arguments, **named)
        if function.build is not None:
            self.builders[id(made)] = function.build
            self.kept.append(made)  # as long as its identity is asked for
        self.stack.append(made)

    def _build(self, _: Any) -> None:  # noqa: ANN401
        state, made = self.stack.pop(), self.stack[-1]
        if isinstance(made, OrderedDict) and isinstance(state, dict):
            vars(made).update(state)
        elif id(made) in self.builders:
            self.stack[-1] = self._renamed(made, self.builders[id(made)](made, state))
        else:
            raise FileError(f"{self.source} sets the state of a {type(made).__name__}, which has none here")

    def _renamed(self, before: Any, made: Any) -> Any:  # noqa: ANN401
        """What was built, in the place of what stood for it so far."""
        if made is not before:
            for key, held in list(self.memo.items()):
                if held is before:
                    self.memo[key] = made
        return made

    def _persid(self, argument: str) -> None:
        self.stack.append(self.persistent(argument))

    def _binpersid(self, _: Any) -> None:  # noqa: ANN401
        self.stack.append(self.persistent(self.stack.pop()))


ACTIONS: dict[str, Callable[[Machine, Any], None]] = {
    "POP": Machine._pop, "POP_MARK": Machine._pop_mark, "DUP": Machine._dup, "APPEND": Machine._append, "APPENDS": Machine._appends,
    "ADDITEMS": Machine._additems, "SETITEM": Machine._setitem, "SETITEMS": Machine._setitems, "LIST": Machine._list,
    "TUPLE": Machine._tuple, "FROZENSET": Machine._frozenset, "DICT": Machine._dict, "TUPLE1": Machine._tuple1, "TUPLE2": Machine._tuple2,
    "TUPLE3": Machine._tuple3, "GLOBAL": Machine._global, "STACK_GLOBAL": Machine._stack_global, "REDUCE": Machine._reduce,
    "NEWOBJ": Machine._newobj, "NEWOBJ_EX": Machine._newobj_ex, "BUILD": Machine._build, "PERSID": Machine._persid,
    "BINPERSID": Machine._binpersid,
}  # fmt: skip
