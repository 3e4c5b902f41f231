"""Pages of functions, classes and other names: the signature, what the docstring says, and the code."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from docs.site import markup
from docs.site.alike import core_of
from docs.site.catalogue import Entry, Section
from docs.site.docstrings import LABELS, Docstring, docstring_of
from docs.site.samples import shapes_of
from docs.site.signatures import arguments_at, call, callable_of, only_at_defaults

ROOT = Path(__file__).parents[2]
SEE = re.compile(r"^(?:See|In place:|The same as) `([\w.]+)`\.?$")
MOST_LINES = 90
"""Of code on a page."""


@dataclass(frozen=True)
class Links:
    """Where names are documented."""

    places: Mapping[str, str] = field(default_factory=dict)
    """Pages, from the root of the reference, by dotted path."""

    @classmethod
    def of(cls, sections: tuple[Section, ...]) -> Links:
        """Of everything in the reference."""
        return cls({
            path: section.page_of(entry)
            for section in sections
            for entry in section.entries
            for path in (entry.path, *(f"{entry.path.rpartition('.')[0]}.{other}" for other in entry.also))
        })  # fmt: skip

    def found(self, name: str, beside: str) -> str | None:
        """The documented path that a docstring of `beside` means by a name: a neighbour, or one of its front end, or of the core."""
        front_end, neighbours = beside.partition(".")[0], beside.rpartition(".")[0]
        for path in (f"{neighbours}.{name}", f"{front_end}.{name}", f"{front_end}.nn.{name}", name):
            if path in self.places:
                return path
        return None


def named_page(section: Section, entry: Entry, links: Links, *pictures: str) -> str:
    """The page of a name."""
    up = "../" * section.page_of(entry).count("/")
    return markup.page(f"{entry.name}", directive(entry, links, up=up, options=True), *pictures, *source(entry.subject))


def listing(section: Section, links: Links) -> str:
    """One page of many names."""
    parts: list[str] = []
    group, up = "", "../" * (section.folder.count("/") + 1)
    for entry in section.entries:
        if entry.group != group:
            group = entry.group
            parts.append(f"## `gradwerk.{group}`" if "." in group else f"## {group}")
        parts.append(directive(entry, links, up=up))
    return markup.page(section.title, section.words, *parts)


def directive(entry: Entry, links: Links, *, up: str, options: bool = False) -> str:
    """The signature, and below it what is known: MyST's form of a Python object, which search and index know by name.

    Args:
        up: the way from the page to the root of the reference.
        options: with a table of arguments also where the docstring has none.
    """
    subject, said = entry.subject, with_bases(entry.subject)
    kind = "class" if isinstance(subject, type) else "data" if callable_of(subject) is None else "function"
    core = core_of(entry)
    by_core = f"In the core: [`gradwerk.{core}`]({up}{links.places[core]}.md)." if core else ""
    also = [f"Also called {', '.join(f'`{name}`' for name in entry.also)}."] if entry.also else []
    body = [see(said.summary, entry.path, links, up) or markup.plain(said.summary), markup.prose(said.body), *also, facts(said), by_core]
    if options or said.arguments:
        body.append(arguments(entry, said))
    shapes = shapes_of(entry.path) if entry.path.startswith("torch.") else []
    if shapes:
        body += ["Shapes, by samples of PyTorch's own:", markup.code("\n".join(shapes), "text")]
    left = only_at_defaults(entry.path, subject)
    if left:
        body.append(f"Of the original's options, {', '.join(f'`{name}`' for name in left)} may only say what the default says.")
    if options and isinstance(subject, type):
        body += [methods(subject), *elsewhere(subject, entry.path, links)]
    inner = "\n\n".join(part for part in body if part)
    return f"::::{{py:{kind}}} {call(f'gradwerk.{entry.path}', subject)}\n\n{inner}\n::::"


def with_bases(subject: object) -> Docstring:
    """What a name says, and the facts (`Parameters:`) of the bases of a class that have no page, as their names begin with `_`."""
    said = docstring_of(subject)
    bases = [base for base in subject.__mro__[1:] if base.__name__.startswith("_")] if isinstance(subject, type) else []
    inherited = {label: fact for base in reversed(bases) for label, fact in docstring_of(base).facts.items()}
    return replace(said, facts=inherited | dict(said.facts)) if inherited else said


def see(summary: str, path: str, links: Links, up: str) -> str:
    """A link for a summary that is no more than one; empty for others."""
    found = SEE.match(summary)
    target = links.found(found[1], path) if found else None
    if found is None or target is None:
        return ""
    return f"{summary.partition('`')[0]}{{py:obj}}`{found[1]} <gradwerk.{target}>`."


def facts(said: Docstring, *others: tuple[str, str]) -> str:
    """What stands behind labels, and other rows that are not empty, as a table."""
    rows = [(f"**{label}**", markup.cell(said.facts[label])) for label in LABELS if label in said.facts]
    rows += [row for row in others if row[1]]
    return markup.table(("", ""), rows) if rows else ""


def arguments(entry: Entry, said: Docstring) -> str:
    """A table of the arguments: types and defaults as the code has them, and what the docstring says."""
    words = {name.strip(" *"): text for names, text in said.arguments for name in names.split(",")}
    rows: list[list[str]] = []
    for one in arguments_at(entry.path, entry.subject):
        default = _code(one.default) or "needed" * (not one.name.startswith("*"))
        rows.append([f"`{one.name}`", _code(one.type), default, markup.cell(words.get(one.name.strip("*"), ""))])
    columns = 4 if any(row[3] for row in rows) else 3
    return markup.table(("argument", "type", "default", "")[:columns], [row[:columns] for row in rows]) if rows else ""


def _code(text: str) -> str:
    return f"`{text}`".replace("|", r"\|") if text else ""


def methods(cls: type) -> str:
    """The public methods and properties that a class itself has."""
    rows = []
    for name, value in vars(cls).items():
        if name.startswith("_") or not (inspect.isfunction(value) or isinstance(value, (property, classmethod, staticmethod))):
            continue
        shown = call(name, value) if not isinstance(value, property) else name
        rows.append((_code(shown), markup.cell(docstring_of(value).summary)))
    bases = dict.fromkeys(base.__name__ for base in cls.__mro__[1:] if base is not object and not base.__name__.startswith("_"))
    words = f"Bases: {', '.join(f'`{base}`' for base in bases)}." if bases else ""
    return "\n\n".join(part for part in (words, markup.table(("method", ""), rows) if rows else "") if part)


def elsewhere(cls: type, path: str, links: Links) -> Iterator[str]:
    """What a method of a class is no more than (`See adam`), where that has no page of its own: what it says."""
    for value in vars(cls).values():
        found = SEE.match(docstring_of(value).summary) if inspect.isfunction(value) else None
        meant = inspect.unwrap(value).__globals__.get(found[1]) if found and not links.found(found[1], path) else None
        if meant is not None:
            said = docstring_of(meant)
            parts = (f"`{call(found[1], meant)}`:", markup.plain(said.summary), markup.prose(said.body), facts(said))
            yield "\n\n".join(part for part in parts if part)


def source(subject: Any) -> list[str]:  # noqa: ANN401
    """Where it is defined, and its code, to be opened."""
    found = callable_of(subject) if not hasattr(subject, "__wrapped__") else inspect.unwrap(subject)
    if not (inspect.isfunction(found) or isinstance(found, type)):
        found = type(subject)
    try:
        lines, first = inspect.getsourcelines(found)
        path = Path(inspect.getsourcefile(found) or "").relative_to(ROOT)
    except (OSError, TypeError, ValueError):
        return []
    where = f"`{path}`, line {first}"
    if len(lines) > MOST_LINES:
        return ["## Code", f"{where} ({len(lines)} lines)."]
    return ["## Code", markup.details(f"{path}, line {first}", markup.code("".join(lines)))]
