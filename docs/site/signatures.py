"""How a name is called: its arguments with their types and defaults, and those that the original takes besides."""

from __future__ import annotations

import inspect
import re
import sys
import typing
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import FunctionType, UnionType
from typing import Any

from gradwerk.base.signatures import OTHER
from gradwerk.ir.op import Op
from gradwerk.keras.signatures import options_at
from gradwerk.torch.options import HINTS
from gradwerk.torch.signatures import RECORD as TORCH

LONGEST_UNION = 60


@dataclass(frozen=True)
class Argument:
    """One that a name takes."""

    name: str
    """With its stars."""
    type: str
    default: str
    """Empty where it must be given."""


def callable_of(subject: Any) -> Callable[..., Any] | None:  # noqa: ANN401
    """The function that is called, or None for what is no function and no class."""
    if isinstance(subject, (staticmethod, classmethod)):
        return subject.__func__
    if isinstance(subject, Op):
        return type(subject).vjp
    return subject if callable(subject) and not isinstance(subject, property) else None


def arguments_of(subject: Any) -> list[Argument]:  # noqa: ANN401
    """In their order, `self` left out; the members of `**options: Unpack[Options]` by name."""
    found: list[Argument] = []
    for parameter in parameters_of(subject):
        written = _written(parameter.annotation)
        packed = re.fullmatch(r"(?:typing\.)?Unpack\[([\w.]+)\]", written)
        if packed:
            found += _members(subject, packed[1])
            continue
        stars = {parameter.VAR_POSITIONAL: "*", parameter.VAR_KEYWORD: "**"}.get(parameter.kind, "")
        written = _spelt_out(written, subject)
        found.append(Argument(stars + parameter.name, written, "" if parameter.default is parameter.empty else shown(parameter.default)))
    return found


def _names(subject: Any) -> dict[str, Any]:  # noqa: ANN401
    """The names that the annotations of a function, or of a class's `__init__`, are written in."""
    owner = inspect.unwrap(subject.__init__ if isinstance(subject, type) else callable_of(subject) or _names)
    home = getattr(owner, "__module__", None)  # what Python itself defines says none
    return getattr(owner, "__globals__", None) or (vars(sys.modules[home]) if home else {})


def _spelt_out(written: str, subject: Any) -> str:  # noqa: ANN401
    """The union that a name of a module stands for, such as `Extents`: it says more than its name."""
    union = _names(subject).get(written) if written.isidentifier() else None
    if not isinstance(union, UnionType):
        return written
    text = re.sub(r"\b(?:\w+\.)+(?=\w)", "", str(union))
    return text if len(text) <= LONGEST_UNION else written


def _written(annotation: Any) -> str:  # noqa: ANN401
    if annotation is inspect.Parameter.empty:
        return ""
    return annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)


def parameters_of(subject: Any) -> list[inspect.Parameter]:  # noqa: ANN401
    """What `inspect` says of it, `self` left out; of an op what its derivative rule takes."""
    if isinstance(subject, Op):
        parameters = list(inspect.signature(type(subject).vjp).parameters.values())[3:] or [_variadic()]
        return [parameter.replace(annotation=inspect.Parameter.empty) for parameter in parameters]
    called = callable_of(subject)
    if called is None:
        return []
    try:
        parameters = list(inspect.signature(called).parameters.values())
    except (TypeError, ValueError):
        return []
    bound = parameters[:1] and parameters[0].name in ("self", "cls") and not isinstance(subject, type)
    return parameters[1:] if bound else parameters


def _variadic() -> inspect.Parameter:
    return inspect.Parameter("xs", inspect.Parameter.VAR_POSITIONAL)


def _members(subject: Any, name: str) -> Iterator[Argument]:  # noqa: ANN401
    options = _names(subject).get(name)
    for key in getattr(options, "__annotations__", {}):
        hint = options.__annotations__[key]
        written = hint.__forward_arg__ if isinstance(hint, typing.ForwardRef) else inspect.formatannotation(hint)
        yield Argument(key, written, "unset")


def shown(default: object) -> str:
    """A default as a reader would write it."""
    if isinstance(default, type | FunctionType):
        return default.__name__
    if default is OTHER or " at 0x" in repr(default):
        return "..."
    text = repr(default)
    return text if len(text) <= 40 and "\n" not in text else "..."


def recorded_of(path: str, subject: Any) -> list[inspect.Parameter]:  # noqa: ANN401
    """The parameters of a name of torch's whose function here takes all of them, as `**options`; none for others."""
    own = parameters_of(subject)
    path = path.removeprefix("gradwerk.")
    if not path.startswith("torch.") or not own or own[-1].kind is not inspect.Parameter.VAR_KEYWORD:
        return []
    recorded = TORCH.signatures(path.removeprefix("torch."))
    return list(recorded[0].parameters.values()) if recorded else []


def arguments_at(path: str, subject: Any) -> list[Argument]:  # noqa: ANN401
    """Those of a documented name: as ours has them, or as the original has them where ours takes all."""
    own = {argument.name: argument.type for argument in arguments_of(subject)}
    recorded = recorded_of(path, subject)
    if not recorded:
        return arguments_of(subject)
    return [Argument(p.name, own.get(p.name, ""), "" if p.default is p.empty else shown(p.default)) for p in recorded]


def call(path: str, subject: Any) -> str:  # noqa: ANN401
    """`path(x, axis=-1, *, keepdims=False)`, of what is called; the original's where ours takes all that it does."""
    if callable_of(subject) is None or (isinstance(subject, type) and issubclass(subject, BaseException)):
        return path
    pieces, keyword_only = [], False
    for parameter in recorded_of(path, subject) or parameters_of(subject):
        if parameter.kind is parameter.KEYWORD_ONLY and not keyword_only:
            pieces.append("*")
        stars = {parameter.VAR_POSITIONAL: "*", parameter.VAR_KEYWORD: "**"}.get(parameter.kind, "")
        keyword_only = keyword_only or parameter.kind in (parameter.KEYWORD_ONLY, parameter.VAR_POSITIONAL)
        pieces.append(f"{stars}{parameter.name}" + ("" if parameter.default is parameter.empty else f"={shown(parameter.default)}"))
    return f"{path}({', '.join(pieces)})"


def only_at_defaults(path: str, subject: Any) -> list[str]:  # noqa: ANN401
    """Options that the original of `keras.layers.Dense` takes and ours takes where they say what their default says."""
    front_end, _, name = path.partition(".")
    served = [argument.name for argument in arguments_of(subject)]
    if front_end not in ("keras", "torch") or any(argument.startswith("**") for argument in served):
        return []
    if front_end == "keras":
        recorded = set(options_at(name))
    else:
        recorded = {option for signature in TORCH.signatures(name) for option in signature.parameters} - HINTS
    others = recorded.difference(argument.strip("*") for argument in served)
    return sorted(option for option in others if option.isidentifier() and option[0] != "_" and option not in ("args", "kwargs"))
