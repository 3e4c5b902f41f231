"""What the command does about its streams: characters they cannot show, streams that are closed, full, or read no longer."""

from __future__ import annotations

import io
import os
import sys
from contextlib import suppress
from typing import TextIO


def prepare() -> None:
    """What cannot be shown is written by its number, and no file that is opened later takes the place of a stream that is closed."""
    handle = os.open(os.devnull, os.O_RDWR)
    while handle < 3:
        handle = os.open(os.devnull, os.O_RDWR)
    os.close(handle)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def printable(text: str) -> str:
    """A name, or a line with names in it, that neither ends its line nor commands the terminal, whatever a stranger called his files."""
    return text if text.isprintable() else "".join(map(_seen, text))


def _seen(character: str) -> str:
    return character if character.isprintable() else character.encode("unicode_escape").decode()


def flushed() -> str:
    """Writes out what was printed; why that failed, or '' where it did not, or where the reader had read enough."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        silence(sys.stdout)
    except (OSError, ValueError) as error:
        silence(sys.stdout)
        return getattr(error, "strerror", None) or str(error)
    return ""


def silence(stream: TextIO | None) -> None:
    """Lets go what a stream still holds, which would fail again when the process ends."""
    with suppress(OSError, ValueError, AttributeError):
        number = stream.fileno() if stream is not None else 1
        handle = os.open(os.devnull, os.O_WRONLY)
        os.dup2(handle, number)
        os.close(handle)
