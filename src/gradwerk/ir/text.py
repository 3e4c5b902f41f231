"""The text of a graph, which parses back to an equal graph.

    step(%0: f32[2,3] "x", %1: f32[3,4]) {
      %2: f32[2,4] = contract(lhs=(...), ...) %0 %1    # train.py:41    h = self.dense(x)
      return %2
    }

Attributes are written as Python writes numbers, strings and tuples; besides these a dtype by its short name (f32), a type (f32[2,3]), bytes
(x"0000803f"), a sub-graph (its own text) and a value of a class marked with `attribute` (Index"2*h + r + -1").
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from typing import Any, Protocol, TypeVar

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import VerifyError
from gradwerk.ir.graph import Graph, Node, Type, Value
from gradwerk.ir.leaves import Input
from gradwerk.ir.op import REGISTRY, Op

T = TypeVar("T")


class Attribute(Protocol):
    """A value with a text of its own: `parse(str(value)) == value`."""

    @classmethod
    def parse(cls, text: str) -> Any:  # noqa: ANN401  an instance
        """The value of a text."""


A = TypeVar("A", bound=Attribute)
ATTRIBUTES: dict[str, type[Attribute]] = {}
"""Classes whose values stand in ops' attributes, by name."""


def attribute(cls: type[A]) -> type[A]:
    """Lets the text form read values of a class that stand in an op's attributes."""
    ATTRIBUTES[cls.__name__] = cls
    return cls


def print_graph(graph: Graph, *, origins: bool = True, indent: str = "") -> str:
    """The text of a graph: its live nodes in order, with the user's line behind each as a comment."""
    names: dict[Value, str] = {}
    inputs = []
    for value in graph.inputs:
        names[value] = f"%{len(names)}"
        inputs.append(f"{names[value]}: {value.type}" + (f" {_quoted(value.label)}" if value.label else ""))
    name = graph.name if graph.name.isidentifier() else _quoted(graph.name)
    lines = [f"{name}({', '.join(inputs)}) {{"]
    for node in graph.live():
        if not isinstance(node.op, Input):
            for value in node.values:
                names[value] = f"%{len(names)}"
            lines.append(f"{indent}  {node_text(node, names, origins=origins, indent=indent + '  ')}")
    lines.append(f"{indent}  return {' '.join(names[value] for value in graph.outputs)}".rstrip())
    lines.append(f"{indent}}}")
    return "\n".join(lines)


def node_text(node: Node, names: dict[Value, str], *, origins: bool = True, indent: str = "") -> str:
    """One line: results with types, op with attributes, arguments, origin."""
    results = ", ".join(f"{names.get(value, '%?')}: {value.type}" for value in node.values)
    args = "".join(f" {names.get(value, '%?')}" for value in node.args)
    attributes = ", ".join(f"{name}={literal(value, origins=origins, indent=indent)}" for name, value in node.op.attributes().items())
    text = f"{results} = {node.op.name}({attributes}){args}"
    if origins and node.origins and (place := node.origins[0].place()):
        text += f"    # {place}"
    return text


def literal(value: object, *, origins: bool = False, indent: str = "") -> str:
    """An attribute's text."""
    if isinstance(value, Graph):
        return print_graph(value, origins=origins, indent=indent)
    if isinstance(value, np.dtype):
        return dtypes.SHORT[value]
    if isinstance(value, bytes):
        return f'x"{value.hex()}"'
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, tuple):
        inside = ", ".join(literal(item, origins=origins, indent=indent) for item in value)
        return f"({inside},)" if len(value) == 1 else f"({inside})"
    if isinstance(value, Type):
        return str(value)
    if type(value).__name__ in ATTRIBUTES:
        return type(value).__name__ + _quoted(str(value))
    return repr(value)


def _quoted(text: str) -> str:
    return '"' + text.encode("unicode_escape").decode("ascii").replace('"', '\\"') + '"'


def parse(text: str) -> Graph:
    """The graph of a text.  Raises: VerifyError, naming the line, where the text is not one."""
    reader = _Reader(text)
    graph = reader.graph()
    reader.take("end")
    return graph


_TOKENS = re.compile(
    r"""(?P<space>\s+|\#[^\n]*)
      |(?P<bytes>x"[0-9a-f]*")
      |(?P<string>"(?:[^"\\]|\\.)*")
      |(?P<value>%\d+)
      |(?P<number>[-+]?(?:inf|nan|\d+\.?\d*(?:e[-+]?\d+)?)\b)
      |(?P<name>[A-Za-z_][A-Za-z_0-9]*)
      |(?P<sign>[(){}\[\],:=])""",
    re.VERBOSE,
)


class _Reader:
    """Tokens of a text, one ahead."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = self._split()
        self.kind, self.word, self.place = next(self.tokens)

    def _split(self) -> Iterator[tuple[str, str, int]]:
        place = 0
        while place < len(self.text):
            found = _TOKENS.match(self.text, place)
            if found is None:
                raise self._error(f"cannot read {self.text[place : place + 20]!r}", place)
            if found.lastgroup != "space":
                yield str(found.lastgroup), found.group(), place
            place = found.end()
        yield "end", "", place

    def _error(self, message: str, place: int) -> VerifyError:
        number = self.text.count("\n", 0, place)
        around = self.text.split("\n")[max(number - 4, 0) : number + 5]
        return VerifyError(f"text of a graph, line {number + 1}: {message}", facts=tuple(around))

    def take(self, *wanted: str) -> str:
        """The next token's text, which must be one of these kinds or signs."""
        if self.kind not in wanted and self.word not in wanted:
            raise self._error(f"expected {' or '.join(wanted)}, found {self.word or self.kind!r}", self.place)
        word = self.word
        if self.kind != "end":
            self.kind, self.word, self.place = next(self.tokens)
        return word

    def followed_by(self, sign: str) -> bool:
        """Whether the sign stands right behind the next token."""
        return self.text.startswith(sign, self.place + len(self.word))

    def sequence(self, end: str, item: Callable[[], T]) -> list[T]:
        """Items between commas up to the closing sign."""
        items: list[T] = []
        while self.word != end:
            items.append(item())
            if self.word != end:
                self.take(",")
        self.take(end)
        return items

    def graph(self) -> Graph:
        graph = Graph(_unquoted(self.take("string")) if self.kind == "string" else self.take("name"))
        place: dict[str, Value] = {}
        self.take("(")

        def argument() -> None:
            name = self.take("value")
            self.take(":")
            type_ = self.type()
            label = _unquoted(self.take("string")) if self.kind == "string" else ""
            place[name] = graph.input(type_, label)

        self.sequence(")", argument)
        self.take("{")
        while self.word != "return":
            self.node(graph, place)
        self.take("return")
        outputs = []
        while self.kind == "value":
            outputs.append(self.known(place))
        self.take("}")
        return graph.finish(outputs)

    def node(self, graph: Graph, place: dict[str, Value]) -> None:
        start, results = self.place, list[tuple[str, Type]]()
        while self.word != "=":
            name = self.take("value")
            self.take(":")
            results.append((name, self.type()))
            if self.word != "=":
                self.take(",")
        self.take("=")
        op = self.op()
        args = []
        while self.kind == "value" and not self.followed_by(":"):  # a value and a colon begin the next node
            args.append(self.known(place))
        made = graph.apply(op, args)
        if [value.type for value in made] != [type_ for _, type_ in results]:
            raise self._error(f"{op.name} gives {', '.join(str(value.type) for value in made)}", start)
        place.update(zip((name for name, _ in results), made, strict=True))

    def known(self, place: dict[str, Value]) -> Value:
        start, name = self.place, self.take("value")
        if name not in place:
            raise self._error(f"{name} is used before it is made", start)
        return place[name]

    def op(self) -> Op:
        start, name = self.place, self.take("name")
        if name not in REGISTRY:
            raise self._error(f"there is no op {name}", start)
        self.take("(")
        return REGISTRY[name](**dict(self.sequence(")", self.field)))

    def field(self) -> tuple[str, Any]:
        name = self.take("name")
        self.take("=")
        return name, self.literal()

    def type(self) -> Type:
        name = self.take("name")
        if name not in dtypes.LONG:
            raise self._error(f"there is no dtype {name}", self.place)
        self.take("[")
        return Type(tuple(self.sequence("]", lambda: int(self.take("number")))), dtypes.LONG[name])

    def literal(self) -> Any:  # noqa: ANN401  whatever an attribute may be
        if self.kind == "number":
            return _number(self.take("number"))
        if self.kind == "string":
            return _unquoted(self.take("string"))
        if self.kind == "bytes":
            return bytes.fromhex(self.take("bytes")[2:-1])
        if self.word == "(":
            self.take("(")
            return tuple(self.sequence(")", self.literal))
        return self.named()

    def named(self) -> Any:  # noqa: ANN401
        """What begins with a name: a constant, dtype, type, attribute class or graph."""
        if self.word in {"True", "False", "None"}:
            return ast.literal_eval(self.take("name"))
        if self.word in dtypes.LONG:
            return self.type() if self.followed_by("[") else dtypes.LONG[self.take("name")]
        if self.word in ATTRIBUTES:
            cls = ATTRIBUTES[self.take("name")]
            return cls.parse(_unquoted(self.take("string")))
        return self.graph()


def _number(word: str) -> float:
    return float(word) if re.search(r"[.en]", word) else int(word)


def _unquoted(word: str) -> str:
    return str(ast.literal_eval(word))
