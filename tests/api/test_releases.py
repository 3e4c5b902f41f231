"""The look into a release sees what is wrong; the sources have what a release needs."""

from __future__ import annotations

from email.message import Message

import pytest

from tests import release

INFORMATION = f"gradwerk-{release.version()}.dist-info"
WHOLE = {name.removeprefix("src/") for name in release.tracked("src/gradwerk")} | {
    f"{INFORMATION}/{name}" for name in ("licenses/LICENSE", "licenses/NOTICE", "entry_points.txt", "METADATA", "RECORD", "WHEEL")
}


def metadata(**others: str) -> Message:
    made = Message()
    fields = {"Name": "gradwerk", "Version": release.version(), "License-Expression": "Apache-2.0", "Requires-Python": ">=3.11"} | others
    for key, value in fields.items():
        made[key] = value
    for line in ("numpy>=1.26", "llvmlite>=0.45", "pillow>=10", "rich>=13", 'matplotlib>=3.8; extra == "plot"'):
        made["Requires-Dist"] = line
    return made


def test_a_whole_wheel_has_no_faults() -> None:
    assert not [*release.faults_of_wheel(WHOLE, metadata(), 3_000_000)]


@pytest.mark.parametrize("name", ["gradwerk/py.typed", "gradwerk/data/bundled/iris.csv", f"{INFORMATION}/licenses/NOTICE"])
def test_what_a_wheel_lacks_is_said(name: str) -> None:
    assert any(name in fault for fault in release.faults_of_wheel(WHOLE - {name}, metadata(), 1))


def test_what_does_not_belong_in_a_wheel_is_said() -> None:
    assert any("tests/release.py" in fault for fault in release.faults_of_wheel(WHOLE | {"tests/release.py"}, metadata(), 1))
    assert any("Version" in fault for fault in release.faults_of_wheel(WHOLE, metadata(Version="9"), 1))
    assert any("bytes" in fault for fault in release.faults_of_wheel(WHOLE, metadata(), 10**9))
    more = metadata()
    more["Requires-Dist"] = "torch>=2"
    assert any("torch" in fault for fault in release.faults_of_wheel(WHOLE, more, 1))


def test_an_sdist_is_what_git_has() -> None:
    start = f"gradwerk-{release.version()}/"
    places = ("src", "tests", "examples", "bench", "docs", "*.md", "LICENSE", "NOTICE", "Makefile", "pyproject.toml")
    names = {start + name for name in release.tracked(*places)} | {f"{start}PKG-INFO"}
    assert not [*release.faults_of_sdist(names)]
    assert any("NOTICE" in fault for fault in release.faults_of_sdist(names - {f"{start}NOTICE"}))
    assert any("secret" in fault for fault in release.faults_of_sdist(names | {f"{start}secret.txt"}))


def test_the_texts_are_of_this_version() -> None:
    assert not [*release.faults_of_texts()]
