"""Which options Keras' own names take, and what they are where they are left out: as recorded of the original (signatures.json).

tests/peers/signatures.py writes the record anew from an installed Keras, and tests hold our own signatures to it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from inspect import Parameter
from typing import Any

from gradwerk.base.signatures import OTHER, SignatureRecord

RECORD = SignatureRecord("gradwerk.keras")
BASES: Mapping[str, str] = {"layers": "layers.Layer", "optimizers": "optimizers.Optimizer"}
"""Whose options the others of a module take with theirs, where they take any."""

MOVED: Mapping[str, str] = {"crossentropies": "losses", "loss": "losses", "set_losses": "losses", "pydataset": "utils"}
"""Where Keras has what is defined in a module of ours."""


@cache
def options_at(path: str) -> Mapping[str, object]:
    """The parameters of a name of Keras' (`layers.Dense`, `Sequential.fit`) with their defaults; none where it is not recorded."""
    found: dict[str, object] = {}
    for signature in RECORD.signatures(path):
        taken, (module, _, name) = signature.parameters.values(), path.partition(".")
        is_method = "." in name  # which takes none of its class's options
        takes_more = any(p.kind is Parameter.VAR_KEYWORD for p in taken)
        if module in BASES and path != BASES[module] and takes_more and not is_method:
            found.update(options_at(BASES[module]))
        named = [p for p in taken if p.kind in (Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY)]
        found.update((p.name, OTHER if p.default is Parameter.empty else p.default) for p in named)
    return found


def options_of(function: Callable[..., Any], owner: type | None) -> Mapping[str, object]:
    """The parameters of the original of a function of ours, of an `__init__` that makes an `owner`, or of a method of one."""
    return options_at(_original(function, owner))


def placed_of(function: Callable[..., Any], owner: type | None) -> list[str]:
    """Those of them that may be given by position, in their order."""
    signatures = RECORD.signatures(_original(function, owner))
    return [p.name for p in signatures[0].parameters.values() if p.kind is Parameter.POSITIONAL_OR_KEYWORD] if signatures else []


def _original(function: Callable[..., Any], owner: type | None) -> str:
    """The recorded name, '' where there is none."""
    of_class, _, name = function.__qualname__.rpartition(".")
    if not of_class:
        return _path(function)
    family = () if owner is None else owner.__mro__
    if name == "__init__":
        paths = [_path(cls) for cls in family]
    else:
        paths = [f"{_path(cls)}.{name}" for cls in family] + [f"{of_class}.{name}", f"Sequential.{name}"]
    return next((path for path in paths if options_at(path)), "")


def _path(named: Any) -> str:  # noqa: ANN401  a class or a function
    """`layers.Dense`, for what is defined in any module of `gradwerk.keras.layers`."""
    package, _, module = named.__module__.partition("gradwerk.keras.")
    place = module.partition(".")[0]
    return f"{MOVED.get(place, place)}.{named.__name__}" if not package else ""
