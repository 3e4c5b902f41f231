"""The documents of the project as pages: links lead where the pages are, and programs are run."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from docs.site import markup
from docs.site.programs import outputs, programs, with_outputs
from tests.api.tables import MARKS

ROOT = Path(__file__).parents[2]
LINK = re.compile(r"\]\(([^)#\s]+)(#[^)]*)?\)")
FENCE = re.compile(r"^( *)(`{3,})[^\n]*\n.*?^\1\2 *$", re.DOTALL | re.MULTILINE)
NOT_RUN = ("CONTRIBUTING.md",)
"""Whose programs are parts of the package, which tests/api/test_newcomers.py puts there."""
HOME = "README.md"
TOP = (
    "tutorials/index", "reference/index", "course", "architecture", "decisions/index", "words", "examples/index", "CONTRIBUTING", "CHANGES",
)  # fmt: skip
"""The pages below the first."""


def documents() -> list[Path]:
    """Every document, from the root of the project; one that comes later is found by itself."""
    found = [*sorted(ROOT.glob("*.md")), ROOT / "examples" / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    return [path.relative_to(ROOT) for path in found]


def place_of(document: Path) -> Path:
    """Where its page lies: `docs/words.md` is words.md, the README of the project the first page, that of a folder its index."""
    inside = Path(*document.parts[1:]) if document.parts[0] == "docs" else document
    return inside.with_name("index.md") if inside.name == HOME else inside


def title_of(document: Path) -> str:
    """Its first heading."""
    return (ROOT / document).read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ")


def linked(text: str, document: Path, out: Path) -> str:
    """The text with each link leading to a page; a file that is none is copied beside the pages."""
    here = place_of(document)

    def led(found: re.Match[str]) -> str:
        if re.match(r"[a-z]+:", found[1]):
            return found[0]
        target = (ROOT / document.parent / found[1]).resolve().relative_to(ROOT)
        if (ROOT / target).is_dir():
            target /= HOME
        if target in known:
            page = place_of(target)
        else:
            page = Path("files", *target.parts)
            (out / page).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / target, out / page.with_name(page.name + (".txt" if page.suffix == ".md" else "")))
            page = page.with_name(page.name + (".txt" if page.suffix == ".md" else ""))
        up = "../" * (len(here.parts) - 1)
        return f"]({up}{page.as_posix()}{found[2] or ''})"

    known = set(documents())
    return "".join(piece if is_code else LINK.sub(led, piece) for is_code, piece in _pieces(text))


def _pieces(text: str) -> Iterator[tuple[bool, str]]:
    """Blocks of code, and what is between them."""
    end = 0
    for found in FENCE.finditer(text):
        yield False, text[end : found.start()]
        yield True, found[0]
        end = found.end()
    yield False, text[end:]


def page_of(document: Path, out: Path, *, run: bool = True) -> str:
    """The text of its page.  Raises: RuntimeError where one of its programs fails."""
    text = (ROOT / document).read_text(encoding="utf-8")
    if run and document.name not in NOT_RUN and programs(text):
        text = with_outputs(text, outputs(ROOT / document))
    return MARKS.sub("The [reference](reference/index.md) has them all.\n", linked(text, document, out))


def write_documents(out: Path, *, run: bool = True) -> None:
    """All pages that are documents, and the indices above them."""
    for document in documents():
        path = out / place_of(document)
        path.parent.mkdir(parents=True, exist_ok=True)
        text = page_of(document, out, run=run)
        below = contents(document)
        path.write_text(text + (f"\n{below}\n" if below else ""), encoding="utf-8")


def contents(document: Path) -> str:
    """What stands below a document in the tree of pages."""
    if document == Path(HOME):
        others = [path.stem for path in documents() if len(path.parts) == 1 and path.name != HOME and path.stem not in TOP]
        return markup.toctree([*TOP, *others])
    if document == Path("docs", "tutorials", HOME):
        others = [place_of(path).with_suffix("").as_posix() for path in documents() if len(path.parts) == 2 and path.parts[0] == "docs"]
        return markup.toctree(["*", *(f"../{page}" for page in others if page not in TOP)], glob=True, hidden=False)
    if document == Path("docs", "decisions", HOME):
        return markup.toctree(["0*"], glob=True)
    return ""
