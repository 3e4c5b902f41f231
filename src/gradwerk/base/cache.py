"""A cache of bytes by key, in a folder: safe against crashes, damage, other processes and other users.

What is kept is native code that runs without a further look.  So it is only taken from a folder and a file that nobody else can have
written (base/ownership.py), else there is a warning, once, and no cache.  An entry is written under a temporary name and renamed; it begins
with a digest of its key and its bytes, and one that does not match is dropped, as is anything that is no plain file.  Any failure of the
disk means "not cached", never an error.  The entries not read for longest go before the folder grows past `LARGEST`.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import secrets
import shutil
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache as remember
from pathlib import Path

from gradwerk.base.origin import warn
from gradwerk.base.ownership import fault_above, fault_of_folder, is_ours
from gradwerk.base.settings import settings

LARGEST = 256 << 20
"""Bytes that the folder may take.  It is counted again when a 64th of that was written, and an 8th is left free meanwhile."""
_DIGEST = 32
_ENTRY = re.compile(r"[0-9a-f]+")
"""The names that may be removed to make room: a folder that somebody named may hold more than ours."""
_PART = re.compile(r"\.(\d+)\.[0-9a-f]+\.part")
_OLDEST_PART = 3600.0
"""Seconds after which what was being written belongs to nobody, whoever has the number of its process now."""
_TALLY = ".written"
"""A file as long as the KiB that all processes wrote since the folder was counted: a process that begins need not look at each entry."""
_KIB = 1024
_PASSING = (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EINTR)
"""Failures that say nothing about an entry."""
_READ = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
_WRITE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0)
_APPEND = os.O_WRONLY | os.O_APPEND | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
_warned: set[str] = set()


class DiskCache:
    """Bytes by key in `folder`; without a folder nothing is kept.  Keys are names of files, in hexadecimal digits."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder if os.name == "posix" else None
        self._trusted: tuple[int, int] | None = None

    def get(self, key: str) -> bytes | None:
        """The bytes of `key`, or None."""
        with suppress(OSError), self._opened(make=False) as folder:
            if folder is not None:
                return _read(folder, key)
        return None

    def put(self, key: str, data: bytes) -> None:
        """Keeps the bytes under `key`."""
        size = _DIGEST + len(data)
        if size > LARGEST // 2:
            return
        with suppress(OSError), self._opened(make=True) as folder:
            if folder is None:
                return
            if not _tallied(folder, size):
                _count_anew(folder, LARGEST - LARGEST // 8 - size)
                _tallied(folder, size)
            _write(folder, key, _sealed(key, data))

    def drop(self, key: str) -> None:
        """Forgets the bytes of `key`: sound, but of no use to who asked for them."""
        with suppress(OSError), self._opened(make=False) as folder:
            if folder is not None:
                _drop(folder, key)

    def trim(self) -> None:
        """Drops the entries not read for longest until the folder is small enough, and what dead processes left."""
        with suppress(OSError), self._opened(make=False) as folder:
            if folder is not None:
                _count_anew(folder, LARGEST - LARGEST // 8)

    @contextmanager
    def _opened(self, *, make: bool) -> Iterator[int | None]:
        """The folder as a descriptor, by which its entries are reached whatever happens to its name; None where it cannot be trusted."""
        if self.folder is None:
            yield None
            return
        folder = _open_folder(self.folder, make=make)
        try:
            yield folder if self._is_ours(self.folder, folder) else None
        finally:
            os.close(folder)

    def _is_ours(self, path: Path, folder: int) -> bool:
        """Whether nobody else can have written to the open folder.  Its parents are looked at once."""
        status = os.fstat(folder)
        if (status.st_dev, status.st_ino) == self._trusted and is_ours(status):
            return True
        fault = fault_of_folder(path, status)
        self._trusted = None if fault else (status.st_dev, status.st_ino)
        if fault:
            _complain(fault)
        return not fault


def _complain(fault: str) -> None:
    """Warns, once, of what keeps kernels from being kept."""
    if fault not in _warned:
        _warned.add(fault)
        text = "compiled kernels are native code and are kept only where nobody else can write: chmod, or set GRADWERK_CACHE to another"
        warn(f"no cache of kernels: {fault}; {text}", RuntimeWarning)


def _open_folder(path: Path, *, make: bool) -> int:
    """The folder as a descriptor; `make`: made with what is missing above it, for this user alone, where it will be trusted.

    Root who has a user's HOME would else make ~/.cache, and lock the user out of it.
    """
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
    try:
        return os.open(path, flags)
    except FileNotFoundError:
        if not make:
            raise
    if fault := fault_above(path):
        _complain(fault)
        raise PermissionError(errno.EPERM, fault)
    for missing in reversed([path, *path.parents]):
        with suppress(FileExistsError):
            missing.mkdir(mode=0o700)
    return os.open(path, flags)


def _sealed(key: str, data: bytes) -> bytes:
    """The bytes behind a digest of them and of their key, so that an entry under another's name is found."""
    return hashlib.sha256(key.encode() + b"\0" + data).digest() + data


def _read(folder: int, key: str) -> bytes | None:
    """The bytes of an entry, opened without following a link or waiting for a pipe, then looked at; what is no sound file is dropped."""
    try:
        entry = os.open(key, _READ, dir_fd=folder)
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno not in _PASSING:
            _drop(folder, key)
        return None
    status = os.fstat(entry)
    if stat.S_ISREG(status.st_mode) and is_ours(status) and status.st_size <= LARGEST:
        with os.fdopen(entry, "rb") as file:
            whole = file.read()
    else:
        os.close(entry)
        whole = b""
    data = whole[_DIGEST:]
    if _sealed(key, data) != whole:
        _drop(folder, key)
        return None
    return data


def _write(folder: int, key: str, whole: bytes) -> None:
    """An entry, there in one moment or not at all."""
    part = f".{os.getpid()}.{secrets.token_hex(8)}.part"
    try:
        with os.fdopen(os.open(part, _WRITE, 0o600, dir_fd=folder), "wb") as file:
            file.write(whole)
        try:
            os.replace(part, key, src_dir_fd=folder, dst_dir_fd=folder)
        except OSError:  # a folder of that name is not replaced by a file
            _drop(folder, key)
            os.replace(part, key, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        with suppress(OSError):
            os.unlink(part, dir_fd=folder)
        raise


def _drop(folder: int, name: str) -> None:
    """Removes an entry, whatever it is."""
    try:
        os.unlink(name, dir_fd=folder)
    except FileNotFoundError:
        return
    except OSError:
        with suppress(OSError):
            shutil.rmtree(name, dir_fd=folder)


def _tallied(folder: int, size: int) -> bool:
    """Adds to the tally what is about to be written.  False where there is none, or so much was written that it is time to count."""
    try:
        tally = os.open(_TALLY, _APPEND, dir_fd=folder)
    except OSError as error:
        if error.errno in _PASSING:
            raise
        return False
    try:
        status, more = os.fstat(tally), -(-size // _KIB)
        if not stat.S_ISREG(status.st_mode) or not is_ours(status) or (status.st_size + more) * _KIB > max(LARGEST // 64, more * _KIB):
            return False
        os.write(tally, bytes(more))
    finally:
        os.close(tally)
    return True


def _count_anew(folder: int, most: int) -> None:
    """Makes room and begins another tally: before it looks, so that what others write meanwhile is in the one or seen in the other."""
    _write(folder, _TALLY, b"")
    try:
        _make_room(folder, most)
    except BaseException:  # not counted: the next process does
        _drop(folder, _TALLY)
        raise


def _make_room(folder: int, most: int) -> None:
    """Removes what dead processes left half written, then the entries not read for longest, until `most` bytes are left."""
    entries: list[tuple[float, int, str]] = []
    with os.scandir(folder) as found:
        for item in found:
            part = _PART.fullmatch(item.name)
            if part is None and _ENTRY.fullmatch(item.name) is None:
                continue
            with suppress(OSError):
                status = item.stat(follow_symlinks=False)
                if part is None and stat.S_ISREG(status.st_mode):
                    entries.append((max(status.st_atime, status.st_mtime), status.st_size, item.name))
                elif part is not None and (not _is_running(int(part[1])) or time.time() - status.st_mtime > _OLDEST_PART):
                    os.unlink(item.name, dir_fd=folder)
    total = sum(size for _, size, _ in entries)
    for _, size, name in sorted(entries):
        if total <= most:
            break
        with suppress(OSError):
            os.unlink(name, dir_fd=folder)
        total -= size


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True


def _folder_named(text: str) -> Path | None:
    """The folder that the setting means; None for none, and where the user has no home (or / for one, as an empty HOME is read)."""
    if text in ("", "off"):
        return None
    try:
        return None if text.startswith("~/") and Path.home() == Path("/") else Path(text).expanduser().absolute()
    except (RuntimeError, OSError):  # no home; the present folder was deleted
        return None


@remember
def _at(folder: str) -> DiskCache:
    return DiskCache(_folder_named(folder))


def cache() -> DiskCache:
    """The cache in the folder that the settings name now."""
    return _at(settings.cache)
