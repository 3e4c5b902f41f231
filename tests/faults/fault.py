"""A fault to plant: a text of the sources and what stands there instead."""

from __future__ import annotations

from dataclasses import dataclass

SOURCE = "src/gradwerk/"


@dataclass(frozen=True)
class Fault:
    """One fault: the file, its text, the text instead, and what is wrong then."""

    name: str
    path: str
    old: str
    new: str
    what: str

    @property
    def file(self) -> str:
        """The file's path in the repository."""
        return SOURCE + self.path

    def planted(self, text: str) -> str:
        """The file with the fault.  Raises: ValueError where its text does not stand there exactly once."""
        if text.count(self.old) != 1:
            raise ValueError(f"{self.name}: {self.file} has this text {text.count(self.old)} times:\n{self.old}")
        return text.replace(self.old, self.new)
