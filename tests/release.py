"""What a release must be: `make release` builds a wheel and an sdist, and this looks into both and tries the wheel.

    python -m tests.release dist

It needs nothing but Python itself and git, and, for the trial, the packages that Gradwerk needs.
"""

from __future__ import annotations

import email
import re
import subprocess
import sys
import tarfile
import tempfile
import venv
import zipfile
from collections.abc import Iterable, Iterator
from email.message import Message
from pathlib import Path

ROOT = Path(__file__).parents[1]
LARGEST = 8_000_000
"""Bytes of a wheel."""
TRIAL = """
import sys
import gradwerk as gw
from gradwerk.data import datasets
from gradwerk import keras
assert gw.__file__.startswith(sys.prefix), gw.__file__
iris = datasets.iris()
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, "softmax")])
model.compile("adam", "sparse_categorical_crossentropy")
model.fit(iris.x, iris.y, epochs=2, verbose=0)
"""


def version() -> str:
    """That of the sources."""
    found = re.search(r'^__version__ = "(.+)"$', (ROOT / "src/gradwerk/__init__.py").read_text(), re.MULTILINE)
    assert found
    return found[1]


def tracked(*places: str) -> set[str]:
    """The files of the repository below some places."""
    listed = subprocess.run(["git", "ls-files", "-z", *places], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return {name for name in listed.split("\0") if name and (ROOT / name).exists()}


def faults_of_wheel(names: Iterable[str], metadata: Message, size: int) -> Iterator[str]:
    """What is wrong with a wheel of these files."""
    found, of_package = set(names), {name.removeprefix("src/") for name in tracked("src/gradwerk")}
    information = f"gradwerk-{version()}.dist-info"
    yield from (f"the wheel lacks {name}" for name in sorted(of_package - found))
    for name in sorted(found - of_package):
        if not name.startswith(f"{information}/"):
            yield f"the wheel holds {name}, which is no file of the package"
    for name in ("licenses/LICENSE", "licenses/NOTICE", "entry_points.txt", "METADATA", "RECORD"):
        if f"{information}/{name}" not in found:
            yield f"the wheel lacks {information}/{name}"
    wanted = {"Name": "gradwerk", "Version": version(), "License-Expression": "Apache-2.0", "Requires-Python": ">=3.11"}
    yield from (f"{key} is {metadata[key]!r}, not {value!r}" for key, value in wanted.items() if metadata[key] != value)
    needed = {re.split(r"[^A-Za-z_-]", line)[0] for line in metadata.get_all("Requires-Dist", []) if "extra ==" not in line}
    if needed != {"numpy", "llvmlite", "pillow", "rich"}:
        yield f"it needs {sorted(needed)}"
    if size > LARGEST:
        yield f"the wheel has {size:,} bytes, more than {LARGEST:,}"


def faults_of_sdist(names: Iterable[str]) -> Iterator[str]:
    """What is wrong with an sdist of these files."""
    start = f"gradwerk-{version()}/"
    found = {name.removeprefix(start) for name in names}
    wanted = tracked("src", "tests", "examples", "bench", "docs", "*.md", "LICENSE", "NOTICE", "Makefile", "pyproject.toml")
    yield from (f"the sdist lacks {name}" for name in sorted(wanted - found))
    yield from (f"the sdist holds {name}, which git does not" for name in sorted(found - tracked(".") - {"PKG-INFO"}))


def faults_of_texts() -> Iterator[str]:
    """What texts of the sources do not say of this version."""
    if not re.search(rf"^## {re.escape(version())}\b", (ROOT / "CHANGES.md").read_text(), re.MULTILINE):
        yield f"CHANGES.md has no section {version()}"
    notice = (ROOT / "NOTICE").read_text()
    for path in sorted((ROOT / "src/gradwerk/data/bundled").iterdir()):
        if path.name != "README.md" and path.name not in notice:
            yield f"NOTICE does not name {path.name}"


def tried(wheel: Path, folder: Path) -> None:
    """Installs the wheel in an environment of its own, and runs it away from the sources."""
    venv.create(folder / "venv", with_pip=True)
    python = folder / "venv" / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    subprocess.run([str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", str(wheel)], check=True)
    subprocess.run([str(python), "-I", "-c", TRIAL], cwd=folder, check=True)
    for words in (["--version"], ["report"], ["train", "lenet5", "--epochs", "1", "--out", "run"], ["evaluate", "run"]):
        subprocess.run([str(python), "-I", str(python.parent / "gradwerk"), *words], cwd=folder, check=True)
    subprocess.run([str(python), "-m", "pip", "uninstall", "--quiet", "--yes", "gradwerk"], check=True)
    left = [path for path in (folder / "venv").rglob("gradwerk*") if path.is_file() and "__pycache__" not in path.parts]
    assert not left, left


def main() -> int:
    """The command; 1 where anything is wrong."""
    folder = Path(sys.argv[1])
    (wheel,), (sdist,) = list(folder.glob("*.whl")), list(folder.glob("*.tar.gz"))
    with zipfile.ZipFile(wheel) as archive:
        metadata = email.message_from_bytes(archive.read(f"gradwerk-{version()}.dist-info/METADATA"))
        faults = [*faults_of_wheel(archive.namelist(), metadata, wheel.stat().st_size)]
    with tarfile.open(sdist) as packed:
        faults += [*faults_of_sdist(member.name for member in packed.getmembers() if member.isfile()), *faults_of_texts()]
    print("\n".join(faults) or f"{wheel.name}: {wheel.stat().st_size:,} bytes; {sdist.name}: {sdist.stat().st_size:,} bytes")
    if not faults:
        with tempfile.TemporaryDirectory() as place:
            tried(wheel, Path(place))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
