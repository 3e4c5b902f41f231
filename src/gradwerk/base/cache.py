"""A cache of bytes by key, in a folder: safe against crashes, damage and other processes.

An entry is written under a temporary name and renamed; it begins with a digest of its bytes, and one that does not match is dropped.  Any
failure of the disk means "not cached", never an error.  When the folder grows past `LARGEST` the entries not read for longest go.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from contextlib import suppress
from functools import cache as remember
from pathlib import Path

from gradwerk.base.settings import settings

LARGEST = 256 << 20
_DIGEST = 16


class DiskCache:
    """Bytes by key in `folder`; without a folder nothing is kept."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        self._written = 0

    def get(self, key: str) -> bytes | None:
        """The bytes of `key`, or None."""
        if self.folder is None:
            return None
        path = self.folder / key[:2] / key
        try:
            data = path.read_bytes()
        except OSError:
            return None
        if hashlib.sha256(data[_DIGEST:]).digest()[:_DIGEST] != data[:_DIGEST]:
            with suppress(OSError):
                path.unlink()
            return None
        return data[_DIGEST:]

    def put(self, key: str, data: bytes) -> None:
        """Keeps the bytes under `key`."""
        if self.folder is None:
            return
        path = self.folder / key[:2] / key
        with suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=path.parent)
            with os.fdopen(handle, "wb") as file:
                file.write(hashlib.sha256(data).digest()[:_DIGEST] + data)
            Path(name).replace(path)
            self._written += len(data)
            if self._written > LARGEST // 16:
                self._written = 0
                self.trim()

    def trim(self) -> None:
        """Drops the entries not read for longest until the folder is small enough."""
        if self.folder is None:
            return
        entries = []
        for path in self.folder.glob("*/*"):
            with suppress(OSError):
                status = path.stat()
                entries.append((max(status.st_atime, status.st_mtime), status.st_size, path))
        total = sum(size for _, size, _ in entries)
        for _, size, path in sorted(entries):
            if total <= LARGEST:
                break
            with suppress(OSError):
                path.unlink()
            total -= size


@remember
def _at(folder: str) -> DiskCache:
    return DiskCache(None if folder in ("", "off") else Path(folder).expanduser())


def cache() -> DiskCache:
    """The cache in the folder that the settings name now."""
    return _at(settings.cache)
