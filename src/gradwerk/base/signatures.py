"""The signatures of an original's public names, as recorded in a JSON file beside the front end that follows it.

A name (`nn.Linear`, `Sequential.fit`) has a list of the ways to call it, each as text: `x, dim=None, *, out=None`.
tests/peers/signatures.py writes the file anew from an installed original, and tests hold our own signatures to it.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Sequence
from functools import cached_property
from inspect import Parameter, Signature
from numbers import Number
from typing import Any, Final

from gradwerk.base.shipped import content


class Other:
    """A default that is no plain value."""

    def __repr__(self) -> str:
        return "..."


OTHER: Final = Other()


def says_nothing(value: object, default: object) -> bool:
    """Whether a value of an option says what its default says: it is equal, or one of several that are.

    None is like False, or like a default that is no plain value.  False is not like None: it may say something of its own.
    """
    if value is default or (value is None and (default is False or default is OTHER)):
        return True
    several = isinstance(value, (tuple, list)) and len(value) > 0 and not isinstance(default, bool)
    values: Sequence[object] = value if several and isinstance(value, (tuple, list)) else (value,)
    return all(isinstance(one, (Number, str)) and bool(one == default) for one in values)


class SignatureRecord:
    """What was recorded of one original.  Nothing is read before somebody asks."""

    def __init__(self, package: str) -> None:
        self.package = package
        self._read: dict[str, tuple[Signature, ...]] = {}

    @cached_property
    def _table(self) -> dict[str, Any]:
        table: dict[str, Any] = json.loads(content(self.package, "signatures.json"))
        return table

    @cached_property
    def builtins(self) -> frozenset[str]:
        """The names that are no Python of the original's, but C."""
        return frozenset(self._table.get("builtins", ()))

    def __contains__(self, name: str) -> bool:
        return name in self._table["names"]

    def signatures(self, name: str) -> tuple[Signature, ...]:
        """Every way to call a name, `self` left out; none where it is not recorded."""
        if name not in self._read:
            self._read[name] = tuple(map(parsed, self._table["names"].get(name, ())))
        return self._read[name]


def parsed(text: str) -> Signature:
    """The parameters between the brackets of a definition.  Raises: SyntaxError for what is no Python."""
    definition = ast.parse(f"def f({text}): ...").body[0]
    if not isinstance(definition, ast.FunctionDef):
        raise SyntaxError(text)
    taken, parameters = definition.args, list[Parameter]()

    def add(arguments: Sequence[ast.arg], kind: Any, defaults: Sequence[ast.expr | None]) -> None:  # noqa: ANN401  an enumeration of inspect's own
        for argument, default in zip(arguments, [*[None] * (len(arguments) - len(defaults)), *defaults], strict=True):
            parameters.append(Parameter(argument.arg, kind, default=Parameter.empty if default is None else _plain(default)))

    add([*taken.posonlyargs, *taken.args], Parameter.POSITIONAL_OR_KEYWORD, taken.defaults)
    add([taken.vararg] if taken.vararg else [], Parameter.VAR_POSITIONAL, [])
    add(taken.kwonlyargs, Parameter.KEYWORD_ONLY, taken.kw_defaults)
    add([taken.kwarg] if taken.kwarg else [], Parameter.VAR_KEYWORD, [])
    return Signature(parameters)


def _plain(default: ast.expr) -> object:
    try:
        value: object = ast.literal_eval(default)
    except ValueError:
        return OTHER
    return OTHER if value is ... else value
