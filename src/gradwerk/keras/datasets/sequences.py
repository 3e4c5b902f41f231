"""Texts as numbers of words: what IMDB and Reuters have in common."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gradwerk.base.errors import ArgumentError, FileError
from gradwerk.data.object_streams import array_of_objects
from gradwerk.data.reading import check_room, reading

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True)
class Numbering:
    """How words are numbered: the options of `load_data`."""

    num_words: int | None
    skip_top: int
    maxlen: int | None
    start_char: int | None
    oov_char: int | None
    index_from: int

    def begun(self, texts: Iterable[Sequence[int]]) -> list[list[int]]:
        """Numbers moved by `index_from`, after the number that begins a text."""
        start, shift = ([] if self.start_char is None else [self.start_char]), self.index_from or 0
        return [start + [word + shift for word in text] for text in texts] if start or shift else [list(text) for text in texts]

    def short(self, texts: list[list[int]], labels: Array) -> tuple[list[list[int]], Array]:
        """Those shorter than `maxlen`."""
        if not self.maxlen:
            return texts, labels
        kept = [place for place, text in enumerate(texts) if len(text) < self.maxlen]
        if not kept:
            raise ArgumentError(f"no text has less than maxlen={self.maxlen} words", likely=f"maxlen={min(map(len, texts), default=0) + 1}")
        return [texts[place] for place in kept], np.asarray(labels)[kept]

    def limited(self, texts: list[list[int]]) -> list[list[int]]:
        """Numbers from `skip_top` on and below `num_words`; others are `oov_char`, or left out where that is None."""
        most = self.num_words or max(max(text, default=0) for text in texts)
        if self.oov_char is None:
            return [[word for word in text if self.skip_top <= word < most] for text in texts]
        return [[word if self.skip_top <= word < most else self.oov_char for word in text] for text in texts]


def read(path: Path, wanted: Sequence[str]) -> list[Array]:
    """Arrays of lists out of an `.npz` file, in which they lie as pickles: read as data.  Raises: FileError."""
    with reading(path), zipfile.ZipFile(path) as archive:
        check_room(path, sum(member.file_size for member in archive.infolist()))
        names = set(archive.namelist())
        if missing := [name for name in wanted if f"{name}.npy" not in names]:
            raise FileError(f"{path} has no array {missing[0]!r}")
        return [array_of_objects(archive.read(f"{name}.npy"), path) for name in wanted]


def objects(texts: list[list[int]]) -> Array:
    """An array of lists, as Keras makes it."""
    return np.array(texts, dtype="object")
