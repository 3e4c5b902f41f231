"""A signature as data and as text: `a, b=1, *, c=None`."""

from __future__ import annotations

import ast
import re
from typing import NamedTuple


class Parameter(NamedTuple):
    """One parameter: what may stand for it, and its default as text (None: it must be given)."""

    name: str
    kind: str
    default: str | None


Signature = list[Parameter]


def parsed(arguments: str) -> Signature:
    """The parameters of a call as written; nothing where it is no Python."""
    plain = re.sub(r":\s*[\w.]+(\[[^=]*\])?(?=\s*[,=]|\s*$)", "", arguments.replace("\\", ""))
    parameters, later = [], False
    for part in filter(None, (text.strip() for text in _parts(plain))):
        name, _, default = (text.strip() for text in part.partition("="))
        if part.startswith("*"):
            later = True
            if part != "*":
                parameters.append(Parameter(part.lstrip("*"), "VAR_KEYWORD" if part.startswith("**") else "VAR_POSITIONAL", None))
        elif name.isidentifier():
            parameters.append(Parameter(name, "KEYWORD_ONLY" if later else "POSITIONAL_OR_KEYWORD", default or None))
        else:
            return []
    return parameters


def _parts(arguments: str) -> list[str]:
    """What stands between the commas that are in no brackets and in no text."""
    found, depth, text = [""], 0, ""
    for letter in arguments:
        if letter in "'\"" and text in ("", letter):
            text = "" if text else letter
        depth += 0 if text else (letter in "([") - (letter in ")]")
        if letter == "," and not depth and not text:
            found.append("")
        else:
            found[-1] += letter
    return found


def written(signature: Signature) -> str:
    """`a, b=1, *, c=None`; a default that is no plain value is `...`."""
    parts, later = [], False
    for name, kind, default in signature:
        if kind == "KEYWORD_ONLY" and not later:
            parts.append("*")
        later = later or kind in {"KEYWORD_ONLY", "VAR_POSITIONAL"}
        stars = {"VAR_POSITIONAL": "*", "VAR_KEYWORD": "**"}.get(kind, "")
        parts.append(stars + name + ("" if default is None else f"={'...' if '<' in default else default}"))
    return ", ".join(parts)


def same_default(ours: str | None, theirs: str | None) -> bool:
    """Equal as numbers, tuples and words; 0 is 0.0."""
    if ours == theirs:
        return True
    try:
        return bool(ast.literal_eval(str(ours)) == ast.literal_eval(str(theirs)))
    except (SyntaxError, ValueError):
        return False
