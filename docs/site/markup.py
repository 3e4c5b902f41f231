"""Markdown (MyST) as the pages need it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from docs.site.docstrings import blocks

SPECIAL = re.compile(r"([\\*_\[\]<>#|{}~$^@])")
CODE = re.compile(r"(`[^`\n]+`)")


def plain(text: str) -> str:
    """Text of a docstring, in which nothing but backticks means anything: so `e**x` stays as it is."""
    pieces = CODE.split(text)
    return "".join(piece if k % 2 else SPECIAL.sub(r"\\\1", piece).replace("`", "\\`") for k, piece in enumerate(pieces))


def cell(text: str) -> str:
    """The same in a table, where a bar would end a cell even in code."""
    pieces = CODE.split(text.replace("\n", " "))
    return "".join(piece.replace("|", r"\|") if k % 2 else plain(piece) for k, piece in enumerate(pieces))


def prose(body: str) -> str:
    """Paragraphs of a docstring; what is indented there stands as it is."""
    return "\n\n".join(code(text, "text") if indented else plain(text) for indented, text in blocks(body))


def code(text: str, language: str = "python", *, css: str = "") -> str:
    """A block of code, indented no further than it has to be."""
    lines = text.rstrip("\n").splitlines()
    indent = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
    fence = "`" * max(3, 1 + max(map(len, re.findall(r"`+", text)), default=0))
    options = f":class: {css}\n\n" if css else ""
    return f"{fence}{{code-block}} {language}\n{options}" + "\n".join(line[indent:] for line in lines) + f"\n{fence}"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of cells that are Markdown already."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def details(summary: str, body: str) -> str:
    """What opens when it is asked for."""
    return f"```{{raw}} html\n<details><summary>{summary}</summary>\n```\n\n{body}\n\n```{{raw}} html\n</details>\n```"


def page(title: str, *parts: str) -> str:
    """A page of its parts, those that are empty left out."""
    return "\n\n".join(["# " + title, *(part for part in parts if part)]) + "\n"


def toctree(pages: Iterable[str], *, hidden: bool = True, glob: bool = False) -> str:
    """The pages below this one."""
    options = [":hidden:"] * hidden + [":glob:"] * glob + [":maxdepth: 1"]
    return "\n".join(["```{toctree}", *options, "", *pages, "```"])


def picture(path: str, words: str) -> str:
    """A picture, and beside it in words what it shows."""
    return f"```{{figure}} {path}\n:alt: {words}\n:class: plot\n\n{plain(words)}\n```"
