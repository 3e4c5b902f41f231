"""Pictures of the reference: SVG that says what it shows, and differs without its colours too."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from docs.site import curves  # noqa: E402
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


def test_every_picture_has_numbers() -> None:
    """Of each loss, schedule and rule that there is, whatever comes; and of most of them there is one."""
    drawn_of: dict[str, list[bool]] = {"losses": [], "schedules": [], "optimizers": []}
    for section in sections():
        for entry in section.entries if section.folder in drawn_of else ():
            if section.folder == "losses":
                found = curves.loss_picture(entry.name, entry.subject)
                drawn_of["losses"].append(found is not None and all(np.isfinite(curve.y).any() for curve in found.curves))
            elif section.folder == "schedules":
                rates = curves.schedule_curve(entry.subject)
                drawn_of["schedules"].append(rates is not None and np.isfinite(rates.y).all())
            elif curves.is_walked(entry.subject):
                drawn_of["optimizers"].append(bool(curves.walk(entry.subject).heights[-1] < 8))
    assert all(sum(found) > 0.7 * len(found) for found in drawn_of.values()), drawn_of
    assert all(drawn_of["optimizers"])
