"""draw: an SVG that parses, with a box for every unit inside the picture, and no two on each other."""

from __future__ import annotations

from itertools import combinations
from xml.etree import ElementTree as ET

import gradwerk as gw
from gradwerk.inspect.explanation import explain
from gradwerk.inspect.pictures import WIDTH, bands_of, boxes_of

SVG = "{http://www.w3.org/2000/svg}"


def test_the_picture_says_what_is_there(step, tmp_path) -> None:
    path = tmp_path / "step.svg"
    text = gw.inspect.draw(step.plain, step.x, step.y, path=path)
    assert path.read_text() == text
    root = ET.fromstring(text)
    said = "\n".join(element.text or "" for element in root.iter(f"{SVG}text"))
    for word in ("contract", "first (Linear)", "second (Linear)", "f32[32,24]", "argument 0", "arena: "):
        assert word in said
    width, height = float(root.get("width")), float(root.get("height"))
    for element in root.iter(f"{SVG}rect"):
        if element.get("width") == "100%":
            continue
        assert float(element.get("x") or 0) + float(element.get("width")) <= width
        assert float(element.get("y") or 0) + float(element.get("height")) <= height


def test_boxes_stand_apart_and_in_order(step) -> None:
    units = explain(step.plain, step.x, step.y).made.record.units
    boxes = boxes_of(units)
    bands_of(boxes)
    assert sum(box.kind != "input" for box in boxes) == len(units)
    for a, b in combinations(boxes, 2):
        assert a.x + WIDTH <= b.x or b.x + WIDTH <= a.x or a.y + a.height <= b.y or b.y + b.height <= a.y
    for box in boxes:
        assert all(source.y + source.height < box.y for source in box.sources)


def test_a_program_of_nothing_is_drawn(step) -> None:
    text = gw.inspect.draw(lambda x: x, step.x)
    assert ET.fromstring(text) is not None
