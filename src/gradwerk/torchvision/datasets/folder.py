"""torchvision.datasets.ImageFolder: one folder for each class."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from gradwerk.base.errors import ArgumentError, FileError
from gradwerk.data.pillow import opened
from gradwerk.torchvision.datasets.vision import Change, Root, VisionDataset

# ruff: noqa: FBT001, FBT002  torchvision's signatures
IMG_EXTENSIONS = (".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp")
Samples = list[tuple[str, int]]


def has_file_allowed_extension(filename: str, extensions: str | tuple[str, ...]) -> bool:
    """Whether a file's name ends in one of these, whatever its capitals."""
    return filename.lower().endswith(extensions)


def is_image_file(filename: str) -> bool:
    """Whether a file's name is one of a picture."""
    return has_file_allowed_extension(filename, IMG_EXTENSIONS)


def find_classes(directory: Root) -> tuple[list[str], dict[str, int]]:
    """The folders in a folder, in order, and the number of each.  Raises: FileError where there is none."""
    place = Path("." if directory is None else directory).expanduser()
    if not place.is_dir():
        raise FileError(f"there is no folder {place}")
    classes = sorted(one.name for one in place.iterdir() if one.is_dir())
    if not classes:
        raise FileError(f"Couldn't find any class folder in {place}.", likely="a folder for each class, with its pictures in it")
    return classes, {name: number for number, name in enumerate(classes)}


def make_dataset(
    directory: Root, class_to_idx: dict[str, int] | None = None, extensions: str | Sequence[str] | None = None,
    is_valid_file: Callable[[str], bool] | None = None, allow_empty: bool = False,
) -> Samples:  # fmt: skip
    """(path, class) of each file in the folders of the classes, and in the folders in these.

    Raises: ArgumentError unless one of `extensions` and `is_valid_file` is given; FileError for a class without files.
    """
    if (extensions is None) == (is_valid_file is None):
        raise ArgumentError("Both extensions and is_valid_file cannot be None or not None at the same time")
    classes = find_classes(directory)[1] if class_to_idx is None else class_to_idx
    if not classes:
        raise ArgumentError("'class_to_index' must have at least one entry to collect any samples.")
    endings = extensions if isinstance(extensions, str) else tuple(extensions or ())
    valid = is_valid_file or (lambda path: has_file_allowed_extension(path, endings))
    found: Samples = []
    filled = set()
    for name in sorted(classes):
        place = Path("." if directory is None else directory).expanduser() / name
        for folder, _, files in sorted(os.walk(place, followlinks=True)):
            for file in sorted(files):
                if valid(path := str(Path(folder) / file)):
                    found.append((path, classes[name]))
                    filled.add(name)
    if not allow_empty and (empty := sorted(classes.keys() - filled)):
        known = endings if isinstance(endings, str) else ", ".join(endings)
        facts = () if extensions is None else (f"Supported extensions are: {known}",)
        raise FileError(f"Found no valid file for the classes {', '.join(empty)}.", facts=facts)
    return found


def pil_loader(path: str) -> Any:  # noqa: ANN401
    """A picture file in colours, of Pillow's.  Raises: FileError."""
    return opened(path, "rgb")


default_loader = pil_loader


class DatasetFolder(VisionDataset):
    """Files of one folder for each class: (what the loader makes of it, number of its class).

    Args:
        root: the folder of the classes' folders.
        loader: makes something of a path.
        extensions: how the names of the files end.
        transform: a change of what was loaded.
        target_transform: a change of the number.
        is_valid_file: says whether a path is taken, in place of extensions.
        allow_empty: whether a class may have no files.

    Raises: ArgumentError, FileError.
    """

    def __init__(
        self, root: Root, loader: Callable[[str], Any], extensions: Sequence[str] | None = None, transform: Change = None,
        target_transform: Change = None, is_valid_file: Callable[[str], bool] | None = None, allow_empty: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(root, transform=transform, target_transform=target_transform)
        self.classes, self.class_to_idx = self.find_classes(self.root)
        self.samples = self.make_dataset(self.root, self.class_to_idx, extensions, is_valid_file, allow_empty)
        self.loader, self.extensions = loader, extensions
        self.targets = [number for _, number in self.samples]

    def find_classes(self, directory: Root) -> tuple[list[str], dict[str, int]]:
        """The classes, and the number of each; a subclass may say others.  Raises: FileError where there is none."""
        return find_classes(directory)

    @staticmethod
    def make_dataset(
        directory: Root, class_to_idx: dict[str, int], extensions: Sequence[str] | None = None,
        is_valid_file: Callable[[str], bool] | None = None, allow_empty: bool = False,
    ) -> Samples:  # fmt: skip
        """(path, class) of each file.  Raises: ArgumentError, FileError."""
        return make_dataset(directory, class_to_idx, extensions, is_valid_file, allow_empty)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        path, target = self.samples[index]
        return self.changed(self.loader(path), target)

    def __len__(self) -> int:
        return len(self.samples)


class ImageFolder(DatasetFolder):
    """Pictures of one folder for each class: (picture of Pillow's in colours, number of its class).

    Raises: ArgumentError, FileError.
    """

    def __init__(
        self, root: Root, transform: Change = None, target_transform: Change = None, loader: Callable[[str], Any] = default_loader,
        is_valid_file: Callable[[str], bool] | None = None, allow_empty: bool = False,
    ) -> None:  # fmt: skip
        endings = IMG_EXTENSIONS if is_valid_file is None else None
        super().__init__(root, loader, endings, transform, target_transform, is_valid_file, allow_empty)
        self.imgs = self.samples
