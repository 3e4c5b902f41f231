"""tf.io.gfile: files and folders of this machine, by TensorFlow's names."""

from __future__ import annotations

import glob as _glob
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, NamedTuple, Self

from gradwerk.base.errors import FileError, StateError
from gradwerk.tf.absent import ORIGINAL
from gradwerk.tf.errors import AlreadyExistsError, NotFoundError, OpError, PermissionDeniedError
from gradwerk.tf.values.hosted import is_text, path_of
from gradwerk.tf.values.texts import texts_of

# ruff: noqa: ANN401, FBT001, FBT002  TensorFlow's signatures

__all__ = [
    "GFile", "copy", "exists", "get_registered_schemes", "glob", "isdir", "join", "listdir", "makedirs", "mkdir", "remove", "rename",
    "rmtree", "stat", "walk",
]  # fmt: skip


@contextmanager
def told(path: str) -> Iterator[None]:
    """What the system says of a file.  Raises: NotFoundError, AlreadyExistsError, PermissionDeniedError, FileError."""
    try:
        yield
    except OpError:
        raise
    except FileExistsError:
        raise AlreadyExistsError(None, None, f"file already exists: {path}") from None
    except PermissionError:
        raise PermissionDeniedError(None, None, f"{path}; Permission denied") from None
    except OSError as error:
        if not Path(path).exists():
            raise NotFoundError(None, None, f"{path}; No such file or directory") from None
        if isinstance(error, FileError):
            raise
        raise FileError(f"{path}; {error.strerror or error}") from None


class GFile:
    """A file, opened when it is first read or written.

    Args:
        name: its path.
        mode: r, w, a, r+, w+ or a+; with b bytes in the place of texts.

    Raises: FileError, when it is opened, where it cannot be.
    """

    def __init__(self, name: Any, mode: str = "r") -> None:
        self._path, self._mode, self._file = path_of(name, "name"), mode, None

    @property
    def name(self) -> str:
        """The path."""
        return self._path

    @property
    def mode(self) -> str:
        """How it is opened."""
        return self._mode

    def _open(self) -> IO[Any]:
        if self._file is None:
            with told(self._path):
                encoding = None if "b" in self._mode else "utf-8"
                self._file = Path(self._path).open(self._mode, encoding=encoding, newline=None if encoding is None else "")  # type: ignore[assignment]  # noqa: SIM115  closed by `close`
        return self._file  # type: ignore[return-value]  # opened above

    def read(self, n: int = -1) -> Any:
        """So many characters or bytes; all unless given."""
        with told(self._path):
            return self._open().read(n)

    def readline(self) -> Any:
        """The next line, with its end."""
        return self._open().readline()

    def readlines(self) -> list[Any]:
        """The lines that are left."""
        return list(self._open())

    def write(self, file_content: Any) -> None:
        """Writes a text, or bytes."""
        with told(self._path):
            binary = "b" in self._mode
            given = file_content.numpy() if hasattr(file_content, "numpy") else file_content
            if binary and isinstance(given, str):
                given = given.encode()
            if not binary and isinstance(given, bytes):
                given = given.decode()
            self._open().write(given)

    def seek(self, offset: int | None = None, whence: int = 0, position: int | None = None) -> None:
        """Goes to a place."""
        at = position if offset is None else offset
        if at is None:
            raise StateError("seek(): offset must be set")
        self._open().seek(at, whence)

    def tell(self) -> int:
        """The place where it is."""
        return self._open().tell()

    def size(self) -> int:
        """The bytes of the file."""
        with told(self._path):
            return Path(self._path).stat().st_size

    def seekable(self) -> bool:
        """Always."""
        return True

    def flush(self) -> None:
        """Puts what was written on the disk."""
        if self._file is not None:
            self._file.flush()

    def close(self) -> None:
        """Ends the work with it."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def __enter__(self) -> Self:
        if "w" in self._mode or "a" in self._mode:
            self._open()
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def __iter__(self) -> Iterator[Any]:
        return iter(self._open())

    def __next__(self) -> Any:
        return next(self._open())


class FileStatistics(NamedTuple):
    """What `stat` says."""

    length: int
    mtime_nsec: int
    is_directory: bool


def exists(path: Any) -> bool:
    """Whether there is a file or folder."""
    return Path(path_of(path, "path")).exists()


def isdir(path: Any) -> bool:
    """Whether there is a folder."""
    return Path(path_of(path, "path")).is_dir()


def glob(pattern: Any) -> list[str]:
    """The files that a pattern fits, or one of several patterns."""
    if is_text(pattern):
        patterns = [one.decode("utf-8", "surrogateescape") for one in texts_of(pattern, "pattern").ravel().tolist()]
    else:
        patterns = [path_of(one, "pattern") for one in pattern]
    return [found for one in patterns for found in sorted(_glob.glob(one))]  # noqa: PTH207  whole patterns


def listdir(path: Any) -> list[str]:
    """The names in a folder.  Raises: NotFoundError where there is none."""
    folder = path_of(path, "path")
    if not Path(folder).is_dir():
        raise NotFoundError(None, None, f"Could not find directory {folder}")
    return sorted(one.name for one in Path(folder).iterdir())


def walk(top: Any, topdown: bool = True, onerror: Any = None) -> Iterator[tuple[str, list[str], list[str]]]:
    """(folder, folders in it, files in it) of all folders."""
    return os.walk(path_of(top, "top"), topdown, onerror)


def makedirs(path: Any) -> None:
    """Makes a folder and those above it; one that is there stays.  Raises: FileError."""
    folder = path_of(path, "path")
    with told(folder):
        Path(folder).mkdir(parents=True, exist_ok=True)


def mkdir(path: Any) -> None:
    """Makes a folder.  Raises: FileError where it is there, or the one above is missing."""
    folder = path_of(path, "path")
    with told(folder):
        Path(folder).mkdir()


def remove(path: Any) -> None:
    """Removes a file.  Raises: NotFoundError where there is none."""
    file = path_of(path, "path")
    with told(file):
        Path(file).unlink()


def rmtree(path: Any) -> None:
    """Removes a folder and all in it.  Raises: NotFoundError where there is none."""
    folder = path_of(path, "path")
    with told(folder):
        shutil.rmtree(folder)


def copy(src: Any, dst: Any, overwrite: bool = False) -> None:
    """Copies a file.  Raises: FileError where it is missing, or the other there and `overwrite` is False."""
    source, target = path_of(src, "src"), path_of(dst, "dst")
    _check_free(target, overwrite=overwrite)
    with told(source):
        shutil.copyfile(source, target)


def rename(src: Any, dst: Any, overwrite: bool = False) -> None:
    """Gives a file another name.  Raises: FileError where it is missing, or the other there and `overwrite` is False."""
    source, target = path_of(src, "src"), path_of(dst, "dst")
    _check_free(target, overwrite=overwrite)
    with told(source):
        Path(source).replace(target)


def _check_free(path: str, *, overwrite: bool) -> None:
    if not overwrite and Path(path).exists():
        raise AlreadyExistsError(None, None, f"file already exists: {path}", likely="overwrite=True")


def stat(path: Any) -> FileStatistics:
    """Length, time of the last change, and whether it is a folder.  Raises: NotFoundError where there is none."""
    file = path_of(path, "path")
    with told(file):
        found = Path(file).stat()
    return FileStatistics(found.st_size, found.st_mtime_ns, Path(file).is_dir())


def join(path: Any, *paths: Any) -> str:
    """Parts of a path as one."""
    return str(os.path.join(path_of(path, "path"), *(path_of(one, "path") for one in paths)))  # noqa: PTH118  as texts


def get_registered_schemes() -> list[str]:
    """The kinds of places that are known: this machine's files."""
    return ["", "file"]


__getattr__ = ORIGINAL.module("tf.io.gfile", __name__)
