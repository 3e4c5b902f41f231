"""Where words for people go.  They may be lost; the work that says them never is.

A reader that left (`| head -1`), a closed or full stream, a terminal that cannot show a character: none of these is a reason to stop.
"""

from __future__ import annotations

import sys
from typing import TextIO

_PLAIN = str.maketrans("━─", "=-")
"""What stands for the characters of bars where they cannot be shown."""


class Screen:
    """A text stream, or None for none, that never raises.  After a failure the rest is left unsaid."""

    def __init__(self, stream: TextIO | None) -> None:
        self.stream = stream
        self.broken = stream is None

    def isatty(self) -> bool:
        """Whether a line can be drawn over itself."""
        try:
            return self.stream is not None and self.stream.isatty()
        except ValueError:  # closed
            return False

    def write(self, text: str) -> None:
        """Writes and flushes."""
        if self.stream is None or self.broken:
            return
        try:
            self.stream.write(self.printable(text))
            self.stream.flush()
        except BlockingIOError:
            return
        except (OSError, ValueError):
            self.broken = True

    def flush(self) -> None:
        """Done by `write`."""

    def printable(self, text: str) -> str:
        """The text in the characters that the stream's encoding has."""
        encoding = getattr(self.stream, "encoding", None) or "utf-8"
        try:
            text.encode(encoding)
        except UnicodeEncodeError:
            return text.translate(_PLAIN).encode(encoding, "backslashreplace").decode(encoding)
        return text


def say(text: str) -> None:
    """A line on the error stream, where it does not mix with results."""
    Screen(sys.stderr).write(text + "\n")
