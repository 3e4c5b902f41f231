"""torchvision.datasets.CIFAR10 and CIFAR100, of the binary version: root/cifar-10-batches-bin.

The folder that torchvision reads, cifar-10-batches-py, holds pickles: reading those runs what they say, so here nothing reads them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from PIL import Image

from gradwerk.base.errors import FileError
from gradwerk.data.fetching import unpack
from gradwerk.data.reading import reading
from gradwerk.torchvision.datasets.vision import Change, Root, VisionDataset, brought

# ruff: noqa: FBT001, FBT002  torchvision's signatures
PIXELS = 3 * 32 * 32


class CIFAR10(VisionDataset):
    """60,000 pictures of ten kinds, 32 x 32 in colours: (picture of Pillow's, number).

    Args:
        root: the folder of cifar-10-batches-bin, or of its archive, cifar-10-binary.tar.gz.
        train: the 50,000 to train on, else the 10,000 to test on.
        transform: a change of the picture.
        target_transform: a change of the number.
        download: whether an archive that is not there is downloaded.

    Raises: FileError where they are neither there nor to be had, or damaged.
    Source: Krizhevsky, 2009, "Learning multiple layers of features from tiny images".
    """

    base_folder = "cifar-10-batches-bin"
    pickled_folder = "cifar-10-batches-py"
    url = "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"
    filename = "cifar-10-binary.tar.gz"
    tgz_md5 = "c32a1d4ab5d03f1284b67883e8d87530"
    train_list: ClassVar[list[str]] = [f"data_batch_{number}.bin" for number in range(1, 6)]
    test_list: ClassVar[list[str]] = ["test_batch.bin"]
    names = "batches.meta.txt"
    """The file of the classes' names."""
    label_bytes = 1
    """Bytes before each picture; the last is the class."""

    def __init__(
        self, root: Root, train: bool = True, transform: Change = None, target_transform: Change = None, download: bool = False
    ) -> None:
        super().__init__(root, transform=transform, target_transform=target_transform)
        self.train = train
        if download:
            self.download()
        parts = self.train_list if train else self.test_list
        folder = self._folder(parts)
        if folder is None:
            raise self._missing(parts)
        found = [self._part(folder / part) for part in parts]
        self.data = np.ascontiguousarray(np.concatenate([pictures for pictures, _ in found]).transpose(0, 2, 3, 1))
        self.targets = [number for _, numbers in found for number in numbers]
        with reading(folder / self.names):
            lines = (folder / self.names).read_text(encoding="utf-8").splitlines()
        self.classes = [line.strip() for line in lines if line.strip()]
        self.class_to_idx = {name: number for number, name in enumerate(self.classes)}

    def _missing(self, parts: list[str]) -> FileError:
        likely = f"download=True, or unpack {self.filename} there"
        if (self.place / self.pickled_folder).is_dir():
            why = f"{self.pickled_folder} holds pickles, and reading those runs code: the binary version is read, {self.base_folder}"
            return FileError(why, facts=(f"in {self.place}",), likely=likely)
        return FileError(f"Dataset not found: {self.base_folder} is not in {self.place}, or not whole",
                         facts=(f"wanted: {', '.join(parts)}",), likely=likely)  # fmt: skip

    def _folder(self, parts: list[str]) -> Path | None:
        """The folder that has these files; an archive beside it is unpacked."""
        folder, archive = self.place / self.base_folder, self.place / self.filename
        if not folder.is_dir() and archive.is_file():
            self._unpacked(archive)
        return folder if all((folder / part).is_file() for part in parts) else None

    def _unpacked(self, archive: Path) -> None:
        """Raises: FileError for an archive without the folder."""
        whole = self.place / f".{self.base_folder}"
        if not unpack(archive, whole, ("tar",)) or not (whole / self.base_folder).is_dir():
            raise FileError(f"{archive} is no archive with a folder {self.base_folder}")
        (whole / self.base_folder).replace(self.place / self.base_folder)
        whole.rmdir()

    def _part(self, path: Path) -> tuple[Any, list[int]]:
        """Pictures (n, 3, 32, 32), and the class of each."""
        with reading(path):
            held = np.fromfile(path, np.uint8)
        if held.size % (self.label_bytes + PIXELS):
            facts = (f"{held.size:,} bytes are no multiple of {self.label_bytes + PIXELS}",)
            raise FileError(f"{path} is no binary file of CIFAR", facts=facts)
        rows = held.reshape(-1, self.label_bytes + PIXELS)
        return rows[:, self.label_bytes :].reshape(-1, 3, 32, 32), rows[:, self.label_bytes - 1].tolist()

    def download(self) -> None:
        """Brings the archive, where neither it nor its folder is there.  Raises: FileError where it cannot be had."""
        if self._folder([*self.train_list, *self.test_list]) is None:
            self._unpacked(brought(self.place, self.filename, [self.url], self.tgz_md5))

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        return self.changed(Image.fromarray(self.data[index]), self.targets[index])

    def __len__(self) -> int:
        return len(self.data)

    def extra_repr(self) -> str:
        return f"Split: {'Train' if self.train is True else 'Test'}"


class CIFAR100(CIFAR10):
    """60,000 pictures of a hundred kinds: as `CIFAR10`, from cifar-100-binary.

    Raises: FileError.  Source: Krizhevsky, 2009, "Learning multiple layers of features from tiny images".
    """

    base_folder = "cifar-100-binary"
    pickled_folder = "cifar-100-python"
    url = "https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz"
    filename = "cifar-100-binary.tar.gz"
    tgz_md5 = "03b5dce01913d631647c71ecec9e9cb8"
    train_list = ["train.bin"]
    test_list = ["test.bin"]
    names = "fine_label_names.txt"
    label_bytes = 2
