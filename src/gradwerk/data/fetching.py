"""Files of other places: copied or downloaded once, compared with their digest, unpacked inside of one folder; whole or not there."""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import stat
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Any

from gradwerk.base.errors import ArgumentError, FileError
from gradwerk.data.reading import check_room, reading

SCHEMES = ("http", "https", "file")
DIGESTS = {"md5": 32, "sha256": 64}
"""Kinds of digest, and how many hexadecimal digits they have."""
_PART = 1 << 20
_WAIT = 30.0
"""Seconds without an answer."""


def kind_of(digest: str) -> str:
    """md5 or sha256, by the number of digits.  Raises: ArgumentError for another number."""
    found = [kind for kind, length in DIGESTS.items() if len(digest) == length]
    if not found:
        raise ArgumentError(f"a digest has 32 digits (md5) or 64 (sha256), this has {len(digest)}")
    return found[0]


def digest_of(path: str | Path, kind: str) -> str:
    """The digest of a file.  Raises: FileError where it cannot be read."""
    made = hashlib.new(kind, usedforsecurity=False)
    with reading(path), Path(path).open("rb") as file:
        while part := file.read(_PART):
            made.update(part)
    return made.hexdigest()


def fetch(url: str, path: Path, digest: str | None = None, told: Callable[[int, int | None], None] | None = None) -> None:
    """Brings the file of an address, http, https or file, to `path`; it is there whole and of its digest, or as it was before.

    `told(bytes, all)` hears how far it is.
    Raises: FileError where it cannot be had, is not the one that the digest says, or cannot be written; ArgumentError for another address.
    """
    from urllib.error import HTTPError  # noqa: PLC0415  loaded where somebody asks for a file of another place
    from urllib.request import Request, urlopen  # noqa: PLC0415

    if url.partition("://")[0] not in SCHEMES:
        raise ArgumentError(f"{url!r} is no address that begins with {', '.join(f'{one}://' for one in SCHEMES)}", likely=_as_address(url))
    made = None if digest is None else hashlib.new(kind_of(digest), usedforsecurity=False)
    with _beside(path) as part:
        try:
            with part.open("wb") as file, urlopen(Request(url, headers={"User-Agent": "gradwerk"}), timeout=_WAIT) as source:
                _copy(source, file, made, told)
        except (OSError, ValueError) as error:  # urllib's are such
            if isinstance(error, HTTPError):
                error.close()
            likely = f"put the file there: {path}"
            raise FileError(f"{url} cannot be had", facts=(_why(error), f"wanted as {path}"), likely=likely) from None
        if made is not None and digest is not None and made.hexdigest() != digest.lower():
            facts = (f"its {kind_of(digest)} is {made.hexdigest()}", f"expected {digest.lower()}")
            raise FileError(f"what {url} gave is not the file that is expected: it is incomplete, or another", facts=facts)
        part.replace(path)


def _copy(source: Any, file: IO[bytes], made: Any, told: Callable[[int, int | None], None] | None) -> None:  # noqa: ANN401  an open address, a digest
    length = source.headers.get("Content-Length")
    every = int(length) if length and length.isdecimal() else None
    done = 0
    while part := source.read(_PART):
        file.write(part)
        done += len(part)
        if made is not None:
            made.update(part)
        if told is not None:
            told(done, every)
    if every is not None and done < every:
        raise OSError(f"the connection ended after {done:,} of {every:,} bytes")


def unpack(archive: Path, folder: Path, kinds: tuple[str, ...] = ("tar", "zip")) -> bool:
    """Unpacks a tar file (plain, or of gzip, bzip2 or xz) or a zip file as `folder`, which is there whole afterwards; False for no archive.

    Raises: FileError for a member that would be written outside of the folder, for a device or a link out of it, and for a damaged file.
    """
    with reading(archive):
        ways = {"tar": (tarfile.is_tarfile, _members_of_tar), "zip": (zipfile.is_zipfile, _members_of_zip)}
        way = next((ways[kind][1] for kind in kinds if ways[kind][0](archive)), None)
        if way is None:
            return False
        with _beside(folder) as part:
            part.mkdir()
            way(archive, part)
            if folder.is_dir() and not folder.is_symlink():
                shutil.rmtree(folder)
            part.replace(folder)
    return True


def _members_of_tar(archive: Path, folder: Path) -> None:
    with tarfile.open(archive) as file:
        members = file.getmembers()
        check_room(archive, sum(member.size for member in members if member.isreg()))
        for member in members:
            place = _place(archive, folder, member.name)
            if member.isdir():
                place.mkdir(parents=True, exist_ok=True)
            elif member.isreg():
                _written(place, file.extractfile(member), member.mode)
            elif member.issym() or member.islnk():
                _linked(archive, folder, member)
            else:
                raise FileError(f"{archive} holds {member.name}, which is a device or a pipe")
        while file.fileobj is not None and file.fileobj.read(_PART):  # what compression checks stands behind the last member
            pass


def _linked(archive: Path, folder: Path, member: tarfile.TarInfo) -> None:
    """A link inside of the folder.  Raises: FileError for one out of it."""
    base = PurePosixPath(member.name).parent if member.issym() else PurePosixPath()
    target = _place(archive, folder, os.path.normpath(str(base / member.linkname)))
    place = _place(archive, folder, member.name)
    place.parent.mkdir(parents=True, exist_ok=True)
    if target.is_file():
        shutil.copyfile(target, place)  # a copy: nothing can be written through it later
    elif not target.is_dir():
        raise FileError(f"{archive} holds a link, {member.name}, to what is not in it: {member.linkname}")


def _members_of_zip(archive: Path, folder: Path) -> None:
    with zipfile.ZipFile(archive) as file:
        check_room(archive, sum(member.file_size for member in file.infolist()))
        for member in file.infolist():
            place = _place(archive, folder, member.filename)
            if stat.S_ISLNK(member.external_attr >> 16):
                raise FileError(f"{archive} holds a link: {member.filename}")
            if member.is_dir():
                place.mkdir(parents=True, exist_ok=True)
            else:
                with file.open(member) as source:
                    _written(place, source, 0)


def _place(archive: Path, folder: Path, name: str) -> Path:
    """Where a member goes.  Raises: FileError outside of the folder."""
    parts = PurePosixPath(name.replace("\\", "/")).parts
    if not parts and name not in (".", "./", ""):
        parts = (name,)
    if PurePosixPath(name.replace("\\", "/")).is_absolute() or ".." in parts or "\0" in name or any(part.endswith(":") for part in parts):
        raise FileError(f"{archive} is not unpacked: its member {name!r} would be written outside of its folder")
    return folder.joinpath(*parts)


def _written(place: Path, source: IO[bytes] | None, mode: int) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    with place.open("wb") as file:
        if source is not None:
            shutil.copyfileobj(source, file, _PART)
    if mode & 0o111:
        place.chmod(0o755)


@contextmanager
def _beside(path: Path) -> Iterator[Path]:
    """A name beside a path that is removed in the end, where it has not been renamed."""
    part = path.with_name(f".{secrets.token_hex(4)}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(f"the folder {path.parent} cannot be made", facts=(error.strerror or str(error),)) from None
    try:
        yield part
    finally:
        shutil.rmtree(part, ignore_errors=True) if part.is_dir() else part.unlink(missing_ok=True)


def name_in(url: str) -> str:
    """The last part of an address: what its file is called."""
    return (url.partition("://")[2] or url).partition("?")[0].partition("#")[0].rpartition("/")[2]


def _why(error: Exception) -> str:
    if hasattr(error, "code"):
        return f"the server says {error.code}: {getattr(error, 'reason', '')}"
    reason = getattr(error, "reason", error)
    return str(getattr(reason, "strerror", None) or reason) or type(error).__name__


def _as_address(url: str) -> str:
    path = Path(url).expanduser()
    try:
        return path.resolve().as_uri() if path.is_file() else ""
    except (OSError, ValueError):
        return ""
