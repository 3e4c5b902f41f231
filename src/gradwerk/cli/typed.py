"""Commands as they can be typed again, whatever the names in them hold."""

from __future__ import annotations

import os
import shlex
from pathlib import Path


def resume_command(folder: str | Path) -> str:
    """The command that goes on with a run."""
    name = str(folder)
    return " ".join(["gradwerk train --resume", quoted(f"./{name}" if name.startswith("-") else name)])


def quoted(word: str) -> str:
    """A word for a shell.  What cannot be seen or typed is written by its bytes, as bash, zsh and ksh read them in $'...'."""
    if word.isprintable():
        return shlex.quote(word)
    return "$'" + "".join(_escaped(character) for character in word) + "'"


def _escaped(character: str) -> str:
    if character in "\\'":
        return "\\" + character
    if character.isprintable():
        return character
    return "".join(f"\\x{byte:02x}" for byte in os.fsencode(character))
