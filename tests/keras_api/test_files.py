"""get_file: copied and downloaded once, compared with its digest, unpacked inside of its folder, whole or not there."""

from __future__ import annotations

import functools
import hashlib
import io
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from gradwerk import keras
from gradwerk.base.errors import ArgumentError, FileError

CONTENT = b"some bytes " * 5000
SHA = hashlib.sha256(CONTENT).hexdigest()
get_file = keras.utils.get_file


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "home"))


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A file to be had."""
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "data.bin").write_bytes(CONTENT)
    return tmp_path / "source" / "data.bin"


@pytest.fixture
def server(source: Path) -> Iterator[str]:
    """The address of a folder, by http."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *args: object) -> None: ...

    made = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(source.parent)))
    thread = threading.Thread(target=made.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{made.server_port}"
    made.shutdown()
    made.server_close()
    thread.join()


def left(tmp_path: Path) -> list[str]:
    return sorted(path.name for path in (tmp_path / "home").rglob("*") if path.is_file())


@pytest.mark.parametrize("kind", ["http", "file"])
def test_a_file_is_brought_once(kind: str, source: Path, server: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    origin = f"{server}/data.bin" if kind == "http" else source.as_uri()
    path = get_file("mine.bin", origin, file_hash=SHA)
    assert path == str(tmp_path / "home" / "datasets" / "mine.bin") and Path(path).read_bytes() == CONTENT
    assert f"Downloading data from {origin}" in capsys.readouterr().out
    source.unlink()
    assert get_file("mine.bin", origin=origin, md5_hash=None, file_hash=SHA) == path and not capsys.readouterr().out
    assert left(tmp_path) == ["mine.bin"]


def test_another_file_of_the_name_is_brought_anew(source: Path, tmp_path: Path) -> None:
    path = Path(get_file(origin=source.as_uri(), cache_dir=tmp_path / "cache", cache_subdir="sub"))
    assert path == tmp_path / "cache" / "sub" / "data.bin"
    path.write_bytes(b"another")
    assert get_file(origin=source.as_uri(), cache_dir=tmp_path / "cache", cache_subdir="sub") and path.read_bytes() == b"another"
    digest = hashlib.md5(CONTENT).hexdigest()
    get_file(origin=source.as_uri(), cache_dir=tmp_path / "cache", cache_subdir="sub", md5_hash=digest)
    assert path.read_bytes() == CONTENT
    path.write_bytes(b"another")
    get_file(origin=source.as_uri(), cache_dir=tmp_path / "cache", cache_subdir="sub", force_download=True)
    assert path.read_bytes() == CONTENT


def test_what_is_another_than_its_digest_leaves_what_was_there(source: Path, tmp_path: Path) -> None:
    path = tmp_path / "home" / "datasets" / "data.bin"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"older")
    with pytest.raises(FileError, match="not the file that is expected"):
        get_file(origin=source.as_uri(), file_hash="0" * 64)
    assert path.read_bytes() == b"older" and left(tmp_path) == ["data.bin"]


@pytest.mark.parametrize("origin", ["http://127.0.0.1:9/nothing.bin", "file:///nowhere/nothing.bin", "SERVER/nothing.bin"])
def test_what_cannot_be_had_names_the_place_it_is_wanted_at(origin: str, server: str, tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"nothing\.bin cannot be had") as caught:
        get_file(origin=origin.replace("SERVER", server))
    wanted = tmp_path / "home" / "datasets" / "nothing.bin"
    assert str(wanted) in str(caught.value) and caught.value.likely == f"put the file there: {wanted}"
    assert left(tmp_path) == []


def archives(folder: Path) -> Iterator[Path]:
    """The same two files in each kind of archive."""
    for ending, mode in ((".tar", "w"), (".tar.gz", "w:gz"), (".tar.bz2", "w:bz2"), (".tgz", "w:gz")):
        with tarfile.open(folder / f"two{ending}", mode) as file:
            for name in ("two/a.txt", "two/deep/b.txt"):
                member = tarfile.TarInfo(name)
                member.size = len(name)
                file.addfile(member, io.BytesIO(name.encode()))
        yield folder / f"two{ending}"
    with zipfile.ZipFile(folder / "two.zip", "w") as zipped:
        for name in ("two/a.txt", "two/deep/b.txt"):
            zipped.writestr(name, name)
    yield folder / "two.zip"


def test_archives_are_unpacked(tmp_path: Path) -> None:
    for number, archive in enumerate(archives(tmp_path)):
        for name, folder in (("set", "set"), (None, archive.name), (f"named{archive.name}", "namedtwo_extracted")):
            path = Path(get_file(name, archive.as_uri(), extract=True, cache_subdir=f"of{number}"))
            assert path == tmp_path / "home" / f"of{number}" / folder
            assert {str(one.relative_to(path)): one.read_text() for one in path.rglob("*.txt")} == {
                "two/a.txt": "two/a.txt", "two/deep/b.txt": "two/deep/b.txt"
            }  # fmt: skip
    assert (tmp_path / "home" / "of0" / "set_archive").is_file()


def hostile(kind: str) -> bytes:
    """An archive with a member that would be written elsewhere."""
    stream = io.BytesIO()
    if kind.startswith("zip"):
        with zipfile.ZipFile(stream, "w") as zipped:
            zipped.writestr({"zip up": "../out.txt", "zip root": "/tmp/out.txt", "zip back": "..\\out.txt"}[kind], "out")
        return stream.getvalue()
    with tarfile.open(fileobj=stream, mode="w") as file:
        member = tarfile.TarInfo({"tar up": "a/../../out.txt", "tar root": "/out.txt"}.get(kind, "link"))
        if kind == "tar device":
            member.type = tarfile.CHRTYPE
        elif kind in ("tar link", "tar hard link", "tar link root"):
            member.type = tarfile.LNKTYPE if "hard" in kind else tarfile.SYMTYPE
            member.linkname = "/etc/passwd" if "root" in kind else "../../out.txt"
        file.addfile(member)
    return stream.getvalue()


@pytest.mark.parametrize("kind", [
    "zip up", "zip root", "zip back", "tar up", "tar root", "tar device", "tar link", "tar hard link", "tar link root",
])  # fmt: skip
def test_archives_do_not_leave_their_folder(kind: str, tmp_path: Path) -> None:
    (tmp_path / "bad").write_bytes(hostile(kind))
    with pytest.raises(FileError):
        get_file("set", (tmp_path / "bad").as_uri(), extract=True)
    assert left(tmp_path) == ["set_archive"] and not (tmp_path / "home" / "out.txt").exists()
    assert [path.name for path in (tmp_path / "home" / "datasets").iterdir()] == ["set_archive"]


def test_a_damaged_archive_leaves_nothing(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "large.tar", "w") as file:
        for name in ("a", "b"):
            member = tarfile.TarInfo(name)
            member.size = len(CONTENT)
            file.addfile(member, io.BytesIO(CONTENT))
    (tmp_path / "cut.tar").write_bytes((tmp_path / "large.tar").read_bytes()[:-60_000])
    with pytest.raises(FileError, match="cannot be read"):
        get_file("set", (tmp_path / "cut.tar").as_uri(), extract=True)
    assert [path.name for path in (tmp_path / "home" / "datasets").iterdir()] == ["set_archive"]


@pytest.mark.parametrize("ending", ["gz", "xz"])
def test_a_compressed_archive_is_compared_with_its_sum(ending: str, tmp_path: Path) -> None:
    """gzip's stands behind the last member, where nobody would read."""
    content = np.random.default_rng(0).bytes(50_000)
    with tarfile.open(tmp_path / "set.tar", f"w:{ending}") as file:
        member = tarfile.TarInfo("a")
        member.size = len(content)
        file.addfile(member, io.BytesIO(content))
    damaged = bytearray((tmp_path / "set.tar").read_bytes())
    damaged[len(damaged) // 2] ^= 1
    (tmp_path / "set.tar").write_bytes(damaged)
    with pytest.raises(FileError, match="cannot be read"):
        get_file("set", (tmp_path / "set.tar").as_uri(), extract=True)
    assert [path.name for path in (tmp_path / "home" / "datasets").iterdir()] == ["set_archive"]


def test_what_is_no_archive_is_said(source: Path) -> None:
    with pytest.warns(UserWarning, match="no archive"):
        get_file("text", source.as_uri(), extract=True)


@pytest.mark.parametrize(("given", "says"), [
    ({}, "origin is the address"), ({"fname": "http://host/x"}, "origin is the address"), ({"origin": "no address"}, "begins with http"),
    ({"origin": "http://host/"}, "name of a file"), ({"origin": "http://host/x", "fname": "a/b"}, "name of a file"),
    ({"origin": "http://host/x", "fname": ".."}, "name of a file"), ({"origin": "http://host/x", "hash_algorithm": "sha1"}, "sha1"),
    ({"origin": "http://host/x", "file_hash": "12"}, "digest"),
    ({"origin": "http://host/x", "archive_format": "rar", "extract": True}, "rar"),
    ({"origin": "http://host/x", "file_hash": "0" * 32, "hash_algorithm": "sha256"}, "no sha256"),
])  # fmt: skip
def test_options_are_checked(given: dict[str, object], says: str) -> None:
    with pytest.raises(ArgumentError, match=says):
        get_file(**given)
