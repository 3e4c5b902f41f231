"""The reference: its index, the lists of its sections, and a page for each name."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

from docs.site import markup
from docs.site.catalogue import Entry, Section, sections
from docs.site.docstrings import docstring_of
from docs.site.name_pages import Links, listing, named_page
from docs.site.op_pages import op_page
from docs.site.pictures import pictures_of

FRONT_ENDS = {
    "keras": "Keras: `from gradwerk import keras`",
    "torch": "PyTorch: `from gradwerk import torch`",
}
WORDS = """Made from the code when these pages are built: from the registry of ops, the packages, and what a front end has of its original.

In signatures an `Operand` is a Tensor, an array or a Python number; `Array` is NumPy's."""


def write_reference(out: Path, *, draw: bool = True) -> None:
    """All pages, below `out`."""
    known = sections()
    links = Links.of(known)
    for section in known:
        (out / section.folder).mkdir(parents=True, exist_ok=True)
        if section.listed:
            _write(out / section.folder / "index.md", listing(section, links))
            continue
        _write(out / section.folder / "index.md", index_of(section, links))
        for entry in section.entries:
            place = out / f"{section.page_of(entry)}.md"
            pictures = pictures_of(section, entry, place.parent) if draw else []
            page = op_page(entry, *pictures) if section.folder == "ops" else named_page(section, entry, links, *pictures)
            _write(place, page)
    for front_end, title in FRONT_ENDS.items():
        _write(out / front_end / "index.md", front_end_index(front_end, title, known))
    own = [section for section in known if section.folder.partition("/")[0] not in FRONT_ENDS]
    rows = [(f"[{section.title}]({section.folder}/index.md)", section.words.replace("](../", "](")) for section in own]
    rows += [(f"[{front_end}]({front_end}/index.md)", title) for front_end, title in FRONT_ENDS.items()]
    below = [f"{section.folder}/index" for section in own] + [f"{front_end}/index" for front_end in FRONT_ENDS]
    _write(out / "index.md", markup.page("Reference", WORDS, markup.table(("", ""), rows), markup.toctree(below)))


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def front_end_index(front_end: str, title: str, known: tuple[Section, ...]) -> str:
    """The places of a front end."""
    own = [section for section in known if section.folder.partition("/")[0] == front_end]
    here = [section.folder.partition("/")[2] + "/index" for section in own]
    rows = [(f"[`{section.title}`]({page}.md)", f"{len(section.entries)} names") for section, page in zip(own, here, strict=True)]
    words = "Names, arguments, orders and defaults of the original, over the same core. What is not here yet says so by name."
    name, _, imported = title.partition(": ")
    return markup.page(name, f"{imported}. {words}", markup.table(("place", ""), rows), markup.toctree(here))


def index_of(section: Section, links: Links) -> str:
    """The names of a section, each with the first line of what is said of it."""
    parts = []
    for group, entries in groupby(section.entries, key=lambda entry: entry.group):
        rows = [_row(section, entry) for entry in entries]
        parts += [f"## {group}"] * bool(group) + [markup.table(("name", ""), rows)]
    below = [section.page_of(entry).rpartition("/")[2] for entry in section.entries]
    return markup.page(section.title, section.words, *parts, markup.toctree(below))


def _row(section: Section, entry: Entry) -> tuple[str, str]:
    page = section.page_of(entry).rpartition("/")[2]
    also = f" ({', '.join(f'`{name}`' for name in entry.also)})" if entry.also else ""
    return f"[`{entry.name}`]({page}.md){also}", markup.cell(first_line(docstring_of(entry.subject).summary))


def first_line(summary: str) -> str:
    """A summary short enough for a list."""
    return summary if len(summary) <= 150 else summary[:148].rpartition(" ")[0] + " ..."
