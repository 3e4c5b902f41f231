"""Patterns as TensorFlow takes them (RE2's) in Python's `re`: the few places where the two differ."""

from __future__ import annotations

import re
from functools import lru_cache

from gradwerk.base.errors import ArgumentError

_CLASSES = {
    "alnum": "0-9A-Za-z", "alpha": "A-Za-z", "ascii": "\\x00-\\x7f", "blank": "\\t ", "cntrl": "\\x00-\\x1f\\x7f", "digit": "0-9",
    "graph": "!-~", "lower": "a-z", "print": " -~", "punct": "!-/:-@\\[-`{-~", "space": "\\t\\n\\v\\f\\r ", "upper": "A-Z",
    "word": "0-9A-Za-z_", "xdigit": "0-9A-Fa-f",
}  # fmt: skip
_TOKEN = re.compile(r"\\[pP](?:\{\^?\w+\}|\w)|\\[zQCX]|\\.|(?<=\[)\^?\]|\[:(\^?)(\w+):\]|.", re.DOTALL)


@lru_cache(256)
def compiled(pattern: str) -> re.Pattern[str]:
    """A pattern of RE2's.  Raises: ArgumentError for one that is none, or asks for classes of Unicode."""
    parts: list[str] = []
    inside = False
    for found in _TOKEN.finditer(pattern):
        token = found[0]
        if token[:2] in ("\\p", "\\P", "\\Q", "\\C", "\\X"):
            raise ArgumentError(f"the pattern {pattern!r} asks for {token}, which is not here", likely="write the characters in [...]")
        if token == "\\z" or (token == "$" and not inside):
            token = r"\Z"
        elif inside and found[2] is not None:
            token = _named_class(pattern, found[2], inverted=bool(found[1]))
        elif inside and token[-1] == "]" and parts[-1] == "[":  # the first of a class stands for itself
            token = token.replace("]", "\\]")
        elif inside:
            inside = token != "]"
            token = token.replace("[", "\\[") if token[0] == "[" else token
        else:
            inside = token[0] == "["
        parts.append(token)
    try:
        return re.compile("".join(parts), re.ASCII)
    except re.error as error:
        raise ArgumentError(f"Invalid pattern: {pattern}, error: {error}") from None


def _named_class(pattern: str, name: str, *, inverted: bool) -> str:
    if name not in _CLASSES or inverted:
        raise ArgumentError(f"the pattern {pattern!r} has no class [:{'^' * inverted}{name}:]")
    return _CLASSES[name]


def rewritten(rewrite: str) -> str:
    r"""What stands for a match, in Python's words: `\1` of a group, `\0` of all, `\\` a backslash."""
    parts, place = [], 0
    while place < len(rewrite):
        sign = rewrite[place]
        if sign != "\\":
            parts.append(sign)
            place += 1
            continue
        following = rewrite[place + 1 : place + 2]
        if following.isdigit():
            parts.append(rf"\g<{following}>")
        elif following == "\\":
            parts.append(r"\\")
        else:
            raise ArgumentError(f"rewrite {rewrite!r}: a backslash stands before a digit or a backslash")
        place += 2
    return "".join(parts)
