"""Files of other places, kept in Keras' own folder."""

from __future__ import annotations

import os
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any

from gradwerk.base.errors import ArgumentError
from gradwerk.base.screen import Screen
from gradwerk.base.settings import keras_home
from gradwerk.data.fetching import DIGESTS, digest_of, fetch, kind_of, name_in, unpack
from gradwerk.keras.options import checked, choice
from gradwerk.keras.utils.progbar import Progbar

ALGORITHMS = ("auto", *DIGESTS)
_KINDS = {"tar": ("tar",), "zip": ("zip",), "auto": ("tar", "zip")}


@checked
def get_file(
    fname: Any = None, origin: str | None = None, *, untar: bool = False, md5_hash: str | None = None,  # noqa: ANN401  a text or a path
    file_hash: str | None = None, cache_subdir: str = "datasets", hash_algorithm: str = "auto", extract: bool = False,
    archive_format: Any = "auto", cache_dir: Any = None, force_download: bool = False,  # noqa: ANN401
) -> str:  # fmt: skip
    """The path of a file that is downloaded where it is not in the cache folder yet.

    Args:
        fname: what it is called there; the last part of the address unless given.  Of an archive: what its folder is.
        origin: its address: http, https or file.
        untar: as `extract`, of a tar file.
        md5_hash: as `file_hash`, of the kind md5.
        file_hash: its digest; a file of another one is downloaded anew, and one that comes so is refused.
        cache_subdir: the folder inside of `cache_dir`, or an absolute path.
        hash_algorithm: "md5", "sha256", or "auto" by the number of digits.
        extract: whether it is an archive, which is unpacked; the path of its folder is returned.
        archive_format: "tar", "zip", "auto" for both, a list of them, or None.
        cache_dir: instead of `KERAS_HOME`, or ~/.keras.
        force_download: whether it is downloaded in any case.

    Raises: ArgumentError for an option that is none; FileError where the file cannot be had, is another than the digest says, or is an
    archive that would write outside of its folder.
    """
    if not isinstance(origin, str) or not origin:
        raise ArgumentError(f"get_file: origin is the address of the file, this is {origin!r}", likely=_named(fname))
    choice("get_file", "hash_algorithm", hash_algorithm, ALGORITHMS)
    digest = file_hash if file_hash is not None else md5_hash
    if digest is not None and hash_algorithm != "auto" and len(digest) != DIGESTS[hash_algorithm]:
        raise ArgumentError(f"get_file: a digest of {len(digest)} digits is no {hash_algorithm}")
    kinds = ("tar",) if untar else _formats(archive_format)
    name = os.fspath(fname) if fname else name_in(origin)
    if not name or os.path.basename(name) != name or name in (".", ".."):  # noqa: PTH119
        likely = "give the folder as cache_dir or cache_subdir"
        raise ArgumentError(f"get_file: fname is the name of a file without folders, this is {name!r}", likely=likely)
    folder = home(cache_dir) / cache_subdir
    if not (extract or untar):
        return str(brought(origin, folder / name, digest, anew=force_download))
    stem, dot, _ = name.partition(".") if fname else (name, "", "")
    target = folder / (f"{stem}_extracted" if dot else name)
    archive = brought(origin, folder / (name if dot else f"{name}_archive"), digest, anew=force_download)
    if not unpack(archive, target, kinds):
        warnings.warn(f"{archive} is no archive that can be unpacked", stacklevel=3)
    return str(target)


def home(cache_dir: Any = None) -> Path:  # noqa: ANN401  a text or a path
    """The folder of Keras' files: `cache_dir`, or `KERAS_HOME`, or ~/.keras; where that cannot be written, one for passing files."""
    base = Path(cache_dir if cache_dir is not None else keras_home()).expanduser()
    above = base
    while not above.exists() and above != above.parent:
        above = above.parent
    return base if os.access(above, os.W_OK) else Path(tempfile.gettempdir()) / ".keras"


def brought(origin: str, path: Path, digest: str | None, *, anew: bool = False) -> Path:
    """The file at `path`, downloaded if it is not there or another.  Raises: FileError."""
    screen = Screen(sys.stdout)
    if path.is_file() and not anew:
        if digest is None or digest_of(path, kind_of(digest)) == digest.lower():
            return path
        screen.write(f"{path} is not the file whose digest is expected: it is downloaded anew\n")
    screen.write(f"Downloading data from {origin}\n")
    shown: list[Progbar] = []

    def told(done: int, every: int | None) -> None:
        if not shown:
            shown.append(Progbar(every))
        shown[0].update(done)

    fetch(origin, path, digest, told)
    return path


def _formats(archive_format: Any) -> tuple[str, ...]:  # noqa: ANN401
    """Raises: ArgumentError for what names no kind of archive."""
    asked = [] if archive_format is None else [archive_format] if isinstance(archive_format, str) else list(archive_format)
    for one in asked:
        choice("get_file", "archive_format", one, tuple(_KINDS))
    return tuple(kind for one in asked for kind in _KINDS[one])


def _named(fname: object) -> str:
    """The call that was meant by an address in the place of the name."""
    return f"get_file(origin={fname!r})" if isinstance(fname, str) and "://" in fname else ""
