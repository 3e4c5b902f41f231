"""Pictures of the reference: SVG that says what it shows, and differs without its colours too."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

pytest.importorskip("matplotlib")

from docs.site.catalogue import sections  # noqa: E402
from docs.site.pictures import pictures_of  # noqa: E402

SVG = "{http://www.w3.org/2000/svg}"


def drawn(folder: str, name: str, out: Path) -> list[str]:
    section = next(section for section in sections() if section.folder == folder)
    entry = next(entry for entry in section.entries if entry.name == name)
    return pictures_of(section, entry, out)


DRAWN = [("ops", "tanh"), ("functions", "gelu"), ("losses", "hinge"), ("optimizers", "Adam"), ("schedules", "OneCycle")]


@pytest.mark.parametrize(("folder", "name"), DRAWN)
def test_a_picture_says_what_it_shows(folder: str, name: str, tmp_path: Path) -> None:
    *_, page = drawn(folder, name, tmp_path)
    (path,) = tmp_path.glob("*.svg")
    root = ET.fromstring(path.read_text(encoding="utf-8"))
    title, words = root.findtext(f"{SVG}title"), root.findtext(f"{SVG}desc")
    assert root.get("role") == "img"
    assert title and name in title
    assert words and words in page and re.search(r"\d", words)
    assert f"{{figure}} {path.name}" in page
    lines = [part.get("style", "") for part in root.iter(f"{SVG}path") if "stroke-width: 1.8" in part.get("style", "")]
    colours = {re.search(r"stroke: (#\w+)", style)[1] for style in lines}  # type: ignore[index]
    dashes = {"dasharray" in style and re.search(r"dasharray: ([^;]*)", style)[1] for style in lines}  # type: ignore[index]
    assert len(dashes) == len(colours) >= 1


def test_what_has_none() -> None:
    assert drawn("losses", "ctc", Path()) == []
    assert drawn("ops", "scan", Path()) == []
    assert drawn("layers", "linear", Path()) == []
