"""A docstring taken apart: its first sentence, the facts that stand behind labels (`Shape:`, `Raises:`), its arguments, and the rest."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

LABELS = ("Shape", "Dtype", "Weights", "Parameters", "Buffers", "Error", "Raises", "Returns", "Source")
"""In the order in which a page has them."""
LABEL = re.compile(rf"(?:^|(?<=  )|(?<=\. )|(?<=\.\) ))({'|'.join(LABELS)})\b([^:.\n]*): +", re.MULTILINE)
BOTH = re.compile(r"(?:,| and) (dtype|shape)")
"""`Shape, dtype: kept.`"""
SECTION = re.compile(rf"^({'|'.join(('Args', *LABELS))}):\n((?:(?: +.*)?(?:\n|$))+)", re.MULTILINE)
ARGUMENT = re.compile(r"^ {4}([\w*][\w*, ]*):(?: +|\n)((?:.*(?:\n|$))(?: {5,}.*(?:\n|$))*)", re.MULTILINE)


@dataclass(frozen=True)
class Docstring:
    """What a docstring says."""

    summary: str
    """Its first paragraph, without the facts in it."""
    body: str = ""
    """What else there is, as Markdown would have it: paragraphs, and indented lines that stay as they are."""
    facts: Mapping[str, str] = field(default_factory=dict)
    """By label."""
    arguments: tuple[tuple[str, str], ...] = ()
    """Names, as they are written, and what is said of them."""


def docstring_of(subject: object) -> Docstring:
    """That of a function, or of a class itself: what it inherits says nothing of it."""
    text = subject.__dict__.get("__doc__") if isinstance(subject, type) else getattr(subject, "__doc__", None)
    return parsed(inspect.cleandoc(text or ""))


def parsed(text: str) -> Docstring:
    """The parts of a cleaned docstring."""
    facts: dict[str, str] = {}
    arguments: list[tuple[str, str]] = []

    def taken(found: re.Match[str]) -> str:
        if found[1] == "Args":
            arguments.extend((each[1].strip(), _flowing(each[2])) for each in ARGUMENT.finditer(found[2]))
        else:
            facts[found[1]] = _flowing(found[2])
        return ""

    rest = []
    for paragraph in re.split(r"\n\s*\n", SECTION.sub(taken, text + "\n").strip()):
        first, *labelled = LABEL.split(paragraph)
        for label, more, said in zip(*[iter(labelled)] * 3, strict=True):
            said, beyond = _until_indented(said)
            several = BOTH.fullmatch(more)
            fact = _flowing(said) if several else f"{more.strip()} {_flowing(said)}".strip()
            for name in (label, several[1].capitalize()) if several else (label,):
                facts[name] = f"{facts[name]}; {fact}" if name in facts else fact
            first += beyond
        if first.strip():
            rest.append(first.rstrip())
    summary, body = rest[0] if rest else "", rest[1:]
    if "\n" in summary and any(line.startswith(" ") for line in summary.splitlines()):
        line, _, below = summary.partition("\n")
        summary, body = line, [below, *body]
    return Docstring(_flowing(summary), "\n\n".join(body), facts, tuple(arguments))


def blocks(body: str) -> Iterator[tuple[bool, str]]:
    """Paragraphs, and blocks of indented lines (True), of which the layout is part of what they say."""
    for paragraph in body.split("\n\n"):
        group: list[str] = []
        indented = False
        for line in paragraph.splitlines():
            if line.startswith("  ") != indented and group:
                yield indented, "\n".join(group)
                group = []
            indented = line.startswith("  ")
            group.append(line)
        if group:
            yield indented, "\n".join(group)


def _until_indented(said: str) -> tuple[str, str]:
    """A fact, and the indented block below it, which is none of it."""
    lines = said.splitlines()
    for k, line in enumerate(lines):
        if line.startswith("    "):
            return "\n".join(lines[:k]), "\n" + "\n".join(lines[k:])
    return said, ""


def _flowing(text: str) -> str:
    """The text on one line, its end without a full stop where it is a fragment."""
    return " ".join(text.split())
