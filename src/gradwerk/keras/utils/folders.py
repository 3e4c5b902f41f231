"""Folders with one folder of files for each class: which files, which labels, which part; as Keras goes through them."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gradwerk.base.errors import ArgumentError, ArgumentTypeError, DataError, FileError
from gradwerk.base.screen import Screen
from gradwerk.data.ahead import AUTOTUNE
from gradwerk.data.dataset import Dataset
from gradwerk.data.elements import Texts
from gradwerk.keras.options import choice, positive_integer, whole

Array = np.ndarray[Any, np.dtype[Any]]
MODES = ("int", "categorical", "binary")
SUBSETS = ("training", "validation", "both")
_BUFFER, _BUFFERED_BATCHES = 1024, 8


@dataclass(frozen=True)
class Options:
    """What those who read folders are asked for alike."""

    owner: str
    directory: Any
    labels: Any
    label_mode: str | None
    class_names: Sequence[str] | None
    batch_size: int | None
    shuffle: bool
    seed: int | None
    validation_split: float | None
    subset: str | None
    follow_links: bool
    verbose: bool

    def check(self) -> None:
        """Raises: ArgumentError for options that do not fit each other, ArgumentTypeError for what is no folder's name."""
        if not isinstance(self.directory, (str, os.PathLike)):
            raise ArgumentTypeError(f"{self.owner}: directory is the path of a folder, this is {self.directory!r}")
        if self.labels not in ("inferred", None) if isinstance(self.labels, str) or self.labels is None else False:
            raise ArgumentError(f'{self.owner}: labels is "inferred", None, or a list of them, this is {self.labels!r}')
        if self.labels is not None and not isinstance(self.labels, (str, list, tuple)):
            kind = type(self.labels).__name__
            raise ArgumentError(f"{self.owner}: labels is a list of whole numbers, this is a {kind}", likely=_listed(self.labels))
        if self.label_mode is not None:
            choice(self.owner, "label_mode", self.label_mode, MODES)
        if self.class_names and self.labels != "inferred":
            raise ArgumentError(f'{self.owner}: class_names say which folders are classes, which is with labels="inferred" alone')
        if self.batch_size is not None:
            positive_integer(self.owner, "batch_size", self.batch_size)
        if self.seed is not None:
            whole(self.owner, "seed", self.seed)
        self._check_split()

    def _check_split(self) -> None:
        split = self.validation_split
        if split is not None and (isinstance(split, bool) or not isinstance(split, (int, float)) or not 0 <= split < 1):
            raise ArgumentError(f"{self.owner}: validation_split is a share between 0 and 1, this is {split!r}")
        if self.subset is not None:
            choice(self.owner, "subset", self.subset, SUBSETS)
        if bool(split) != bool(self.subset):
            missing = "subset" if split else "validation_split"
            raise ArgumentError(f"{self.owner}: validation_split and subset go together, {missing} is missing")
        if split and self.shuffle and self.seed is None:
            raise ArgumentError(f"{self.owner}: with shuffle the two parts are apart only for one seed", likely="seed=0, in both calls")

    @property
    def labelled(self) -> bool:
        """Whether elements have labels."""
        return self.labels is not None and self.label_mode is not None


@dataclass(frozen=True, eq=False)
class Files:
    """Paths, the label of each, and what the labels are called."""

    paths: list[str]
    labels: Array | None
    class_names: list[str] | None

    def part(self, rows: slice) -> Files:
        """Some of them."""
        return Files(self.paths[rows], None if self.labels is None else self.labels[rows], self.class_names)


def datasets_of(options: Options, endings: Sequence[str], read: Callable[[str], Any]) -> Any:  # noqa: ANN401  a data set, or two
    """What the files hold, with their labels, in batches: a data set, or with subset="both" a list of two.

    Raises: as `Options.check`; FileError for no folder, DataError for one without files of these endings.
    """
    options.check()
    seed = int(np.random.randint(10**6)) if options.seed is None else options.seed
    files = found(options, tuple(endings), seed)
    if options.labelled and options.label_mode == "binary" and len(files.class_names or ()) != 2:
        raise ArgumentError(f'{options.owner}: label_mode="binary" is for two classes, these are {files.class_names}')
    count = int((options.validation_split or 0) * len(files.paths))
    parts = {"training": slice(0, len(files.paths) - count), "validation": slice(len(files.paths) - count, None), None: slice(None)}
    wanted = ("training", "validation") if options.subset == "both" else (options.subset,)
    made = []
    for name in wanted:
        part = files.part(parts[name])
        if not part.paths:
            raise DataError(f"{options.directory} has no files for {name or 'a data set'}", facts=(f"files end in {' '.join(endings)}",))
        if name is not None:
            Screen(sys.stdout).write(f"Using {len(part.paths)} files for {name}.\n")
        made.append(_dataset(options, part, seed, read, shuffled=options.shuffle and (options.subset != "both" or name == "training")))
    return made if options.subset == "both" else made[0]


def _dataset(options: Options, files: Files, seed: int, read: Callable[[str], Any], *, shuffled: bool) -> Dataset:
    data = Dataset.from_tensor_slices(Texts(files.paths))
    if options.labelled and files.labels is not None:
        data = Dataset.zip((data, Dataset.from_tensor_slices(_coded(files.labels, options.label_mode, len(files.class_names or ())))))
    if shuffled:
        data = data.shuffle(_BUFFERED_BATCHES * options.batch_size if options.batch_size else _BUFFER, seed=seed)

    def opened(path: Texts, *label: Any) -> Any:  # noqa: ANN401
        made = read(os.fsdecode(path.numpy()))
        return (made, *label) if label else made

    data = data.map(opened)
    data = (data if options.batch_size is None else data.batch(options.batch_size)).prefetch(AUTOTUNE)
    data.class_names = files.class_names  # type: ignore[attr-defined]  # where Keras has them
    data.file_paths = files.paths  # type: ignore[attr-defined]  # where Keras has them
    return data


def _coded(labels: Array, mode: str | None, classes: int) -> Array:
    """Labels as they are asked for."""
    if mode == "binary":
        return labels.astype(np.float32)[:, None]
    return np.eye(classes, dtype=np.float32)[labels] if mode == "categorical" else labels


def found(options: Options, endings: tuple[str, ...], seed: int) -> Files:
    """The files of a folder, in Keras' order.  Raises: FileError, ArgumentError."""
    root = Path(options.directory)
    if not root.is_dir():
        raise FileError(f"{root} is no folder" if root.exists() else f"there is no folder {root}")
    names = _classes(options, root) if options.labels == "inferred" and options.labelled else [""]
    held = [_files(root / name, endings, follow=options.follow_links) for name in names]
    paths = [str(Path(path)) for several in held for path in several]
    labels, class_names = _labels(options, held, names)
    if options.verbose:
        of_classes = "" if class_names is None else f" belonging to {len(class_names)} classes"
        Screen(sys.stdout).write(f"Found {len(paths)} files{of_classes}.\n")
    if options.shuffle:
        np.random.RandomState(seed).shuffle(paths)
        if labels is not None:
            np.random.RandomState(seed).shuffle(labels)
    return Files(paths, labels, class_names)


def _classes(options: Options, root: Path) -> list[str]:
    there = sorted(each.name for each in root.iterdir() if each.is_dir() and not each.name.startswith("."))
    if options.class_names is None:
        return there
    if missing := [name for name in options.class_names if name not in there]:
        facts = (f"folders: {', '.join(there)}",)
        raise ArgumentError(f"{options.owner}: class_names has {missing[0]!r}, which is no folder of {root}", facts=facts)
    return list(options.class_names)


def _labels(options: Options, held: list[list[str]], names: list[str]) -> tuple[Array | None, list[str] | None]:
    if not options.labelled:
        return None, None
    if options.labels == "inferred":
        return np.repeat(np.arange(len(names), dtype=np.int32), [len(several) for several in held]), names
    count = sum(map(len, held))
    if len(options.labels) != count:
        raise ArgumentError(f"{options.owner}: {len(options.labels)} labels for {count} files", facts=(f"in {options.directory}",))
    return np.asarray(options.labels, np.int32), [str(label) for label in sorted(set(options.labels))]


def _files(folder: Path, endings: tuple[str, ...], *, follow: bool) -> list[str]:
    """All files of these endings in a folder and the folders in it."""
    walked = sorted(os.walk(folder, followlinks=follow), key=lambda each: each[0])
    return [str(Path(place, name)) for place, _, files in walked for name in sorted(files) if name.lower().endswith(endings)]


def _listed(labels: object) -> str:
    return "labels=list(labels)" if hasattr(labels, "__len__") else ""
