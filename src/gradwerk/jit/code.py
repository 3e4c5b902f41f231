"""What a piece of the user's Python may read, by its code alone: names, globals, imports.  Never what it does: that is Python's to know."""

from __future__ import annotations

import dis
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from types import CodeType

BY_NAME = frozenset({"getattr", "hasattr", "setattr", "delattr"})
"""Functions that are told the name of an attribute: often as text, which stands among the constants."""
BY_ANY_NAME = frozenset({"vars", "dir", "__dict__", "__getattribute__", "__slots__"})
"""What gives all attributes at once."""
_GLOBAL = frozenset({"LOAD_GLOBAL", "LOAD_NAME", "STORE_GLOBAL", "DELETE_GLOBAL", "LOAD_FROM_DICT_OR_GLOBALS"})

_SHOWS = frozenset({"str", "repr", "format", "ascii", "join", "dumps"})
_MAKES = frozenset({"type", "mro", "__mro__", "__bases__"})
_SETTING = frozenset({"__setattr__", "__delattr__"})
_FIELD = re.compile(r"[.\[](\w+)")
"""What a text for `format` asks for: "{0.rate}"."""
_SIMPLE = ("LOAD_FAST", "LOAD_DEREF", "LOAD_GLOBAL", "LOAD_NAME")
_LEAVING = frozenset({"__exit__", "__aexit__"})
"""Methods that may swallow an error."""


@dataclass
class Asked:
    """What all code together was seen to ask for, as `Reads` has it of one code object."""

    names: set[str] = field(default_factory=set)
    valued: set[str] = field(default_factory=set)
    optional: set[str] = field(default_factory=set)
    prefixes: set[str] = field(default_factory=set)
    catches: bool = False
    anything: bool = False

    def add(self, reads: Reads) -> None:
        """With what one code object reads."""
        self.names |= reads.names
        self.valued |= reads.valued
        self.optional |= reads.optional
        self.prefixes |= reads.prefixes
        self.catches = self.catches or reads.catches
        self.anything = self.anything or reads.anything

    def take(self, names: Iterable[str]) -> None:
        """With names that no code says, but what it calls asks for."""
        self.names.update(names)
        self.valued.update(names)

    def copy(self) -> Asked:
        """The same, to add to."""
        return Asked(set(self.names), set(self.valued), set(self.optional), set(self.prefixes), self.catches, self.anything)


@dataclass(frozen=True)
class Reads:
    """Of a code object and of those in it: the names it uses, those that are globals, the modules it imports.

    `valued`: those of the names that are not called and nothing else: of a.step() a number is no concern, whichever it is.  `optional`:
    names of what need not be there, as code asks first, or makes it.  `prefixes`: how names begin whose rest is made at run time:
    getattr(self, f"layer{i}").  `catches`: an error of what it calls may end there.  `anything`: attributes are read by names that do not
    stand there.
    """

    names: frozenset[str]
    valued: frozenset[str]
    optional: frozenset[str]
    prefixes: frozenset[str]
    global_names: frozenset[str]
    imports: frozenset[str]
    catches: bool
    anything: bool


@lru_cache(maxsize=4096)
def reads_of(code: CodeType) -> Reads:
    """What the code may read."""
    steps = list(dis.get_instructions(code))
    names, texts, imports = set(code.co_names), set[str](), _imports(steps)
    globals_ = {step.argval for step in steps if step.opname in _GLOBAL}
    by_name = [number for number, step in enumerate(steps) if step.opname in _GLOBAL and step.argval in BY_NAME]
    unnamed = [number for number in by_name if not _names_one(steps, number)]
    prefixes = {_prefix(steps, number) for number in unnamed}
    anything = not BY_ANY_NAME.isdisjoint(names) or "" in prefixes or _fills_templates(steps)
    anything = anything or (not _SETTING.isdisjoint(names) and code.co_name not in _SETTING and not _sets_by_text(steps))
    anything = anything or any(step.opname == "MATCH_CLASS" and step.arg for step in steps)  # by place: the class says the names
    if not names.isdisjoint({"format", "format_map"}):
        texts |= {name for text in _texts(code.co_consts) for name in _FIELD.findall(text)}
    optional = {step.argval for step in steps if step.opname == "STORE_ATTR"}
    if not _SETTING.isdisjoint(names):
        texts |= {text for text in _texts(code.co_consts) if text.isidentifier()}
    if by_name or any(step.opname == "MATCH_CLASS" for step in steps):
        optional |= {text for text in _texts(code.co_consts) if text.isidentifier()}
    texts |= optional | _implied(steps, code)
    used = {step.argval for step in steps if step.opcode in dis.hasname and not (step.opname in _GLOBAL or _is_method(step))}
    catches = code.co_name in _LEAVING or "suppress" in names or _handles(steps)
    inner = [reads_of(constant) for constant in code.co_consts if isinstance(constant, CodeType)]
    return Reads(
        frozenset(names | texts).union(*(r.names for r in inner)),
        frozenset(used | texts).union(*(r.valued for r in inner)),
        frozenset(optional).union(*(r.optional for r in inner)),
        frozenset(prefixes - {""}).union(*(r.prefixes for r in inner)),
        frozenset(globals_).union(*(r.global_names for r in inner)),
        frozenset(imports).union(*(r.imports for r in inner)),
        catches or any(r.catches for r in inner),
        anything or any(r.anything for r in inner),
    )


def _is_method(step: dis.Instruction) -> bool:
    """Whether an attribute is loaded to be called, with nothing in between."""
    return step.opname == "LOAD_METHOD" or (step.opname == "LOAD_ATTR" and "NULL" in step.argrepr)


def _handles(steps: list[dis.Instruction]) -> bool:
    """Whether an error may end in the code."""
    return any(step.opname == "PUSH_EXC_INFO" and after.opname != "WITH_EXCEPT_START" for step, after in pairwise(steps))


def _fills_templates(steps: list[dis.Instruction]) -> bool:
    """Whether names may stand in a template for `format` that is not written there."""
    return any(
        step.opname in ("LOAD_ATTR", "LOAD_METHOD") and step.argval in ("format", "format_map")
        and not (before.opname.startswith("LOAD_CONST") and isinstance(before.argval, str)) for before, step in pairwise(steps)
    )  # fmt: skip


def _names_one(steps: list[dis.Instruction], number: int) -> bool:
    """Whether a call of `getattr` and its like, which begins here, is of an attribute that stands there: getattr(a.b, "c")."""
    rest = [step for step in steps[number + 1 : number + 16] if step.opname not in ("PUSH_NULL", "CACHE", "PRECALL")]
    behind = [step for place, step in enumerate(rest) if place and step.opname != "LOAD_ATTR"]  # the object, and what of it
    if "NULL" not in steps[number].argrepr:  # it is not called here
        return False
    if not rest or not rest[0].opname.startswith(_SIMPLE) or len(behind) < 3:
        return False
    name, *more = behind[:3]
    if not name.opname.startswith("LOAD_CONST") or not isinstance(name.argval, str):
        return False
    default = more[0].opname.startswith((*_SIMPLE, "LOAD_CONST"))
    called = more[1] if default else more[0]
    return called.opname == "CALL" and called.arg == 2 + default  # and not f"b{c()}"


def _implied(steps: list[dis.Instruction], code: CodeType) -> set[str]:
    """Methods that Python calls for what the code does: to show an object, to make another one of its class."""
    done, names = {step.opname for step in steps}, set(code.co_names)
    implied: set[str] = set()
    modulo = any(step.opname == "BINARY_OP" and step.argrepr.startswith("%") for step in steps)
    if modulo or any(op.startswith("FORMAT_") for op in done) or not _SHOWS.isdisjoint(names):
        implied |= {"__repr__", "__str__", "__format__"}
    if "BINARY_SUBSCR" in done or "BINARY_OP" in done:
        implied.add("__class_getitem__")
    called = any(step.argval == "__class__" and (step.opname == "LOAD_METHOD" or "NULL" in step.argrepr) for step in steps)  # c.__class__()
    if called or not _MAKES.isdisjoint(names) or "cls" in code.co_varnames:
        implied |= {"__init__", "__new__", "__post_init__", "__init_subclass__"}
    return implied


def _prefix(steps: list[dis.Instruction], number: int) -> str:
    """How the name begins that `getattr(self, f"layer{i}")` asks for; "" for any other call, and where nothing need be there."""
    rest = [step for step in steps[number + 1 : number + 20] if step.opname not in ("PUSH_NULL", "CACHE", "PRECALL")]
    behind = [step for place, step in enumerate(rest) if place and step.opname != "LOAD_ATTR"]
    if steps[number].argval != "getattr" or "NULL" not in steps[number].argrepr or not rest or not rest[0].opname.startswith(_SIMPLE):
        return ""
    end = next((place for place, step in enumerate(behind) if step.opname == "BUILD_STRING"), 0)
    parts = behind[:end]
    made = all(step.opname.startswith((*_SIMPLE, "LOAD_CONST", "FORMAT_")) for step in parts)
    if not end or not made:
        return ""
    first = parts[0]
    called = len(behind) > end + 1 and behind[end + 1].opname == "CALL" and behind[end + 1].arg == 2
    return first.argval if called and first.opname.startswith("LOAD_CONST") and isinstance(first.argval, str) else ""


def _sets_by_text(steps: list[dis.Instruction]) -> bool:
    """Whether each `object.__setattr__(c, "b", x)` says the name there."""
    asked = [number for number, step in enumerate(steps) if step.argval in _SETTING]
    return all(any(step.opname.startswith("LOAD_CONST") and isinstance(step.argval, str) and step.argval.isidentifier()
                   for step in steps[number + 1 : number + 5]) for number in asked)  # fmt: skip


def _imports(steps: list[dis.Instruction]) -> set[str]:
    """The modules that are imported, with the dots before their names."""
    found = set()
    for number, step in enumerate(steps):
        if step.opname == "IMPORT_NAME":
            level = next((before.argval for before in steps[max(0, number - 2) : number] if isinstance(before.argval, int)), 0)
            found.add("." * int(level) + step.argval)
    return found


def _texts(constants: tuple[object, ...]) -> Iterator[str]:
    for constant in constants:
        if isinstance(constant, str):
            yield constant
        elif isinstance(constant, tuple):
            yield from _texts(constant)
