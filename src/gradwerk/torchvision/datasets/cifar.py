"""torchvision.datasets.CIFAR10 and CIFAR100: root/cifar-10-batches-py, which is read as data (nothing is run), or the binary version."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from PIL import Image

from gradwerk.base.errors import FileError
from gradwerk.data.fetching import unpack
from gradwerk.data.object_streams import read_objects
from gradwerk.data.reading import reading
from gradwerk.torchvision.datasets.vision import Change, Root, VisionDataset, brought

# ruff: noqa: FBT001, FBT002  torchvision's signatures
Part = tuple[Any, list[int]]
"""Pictures (n, 3, 32, 32), and the class of each."""


def _stored(values: Any) -> dict[str, Any]:  # noqa: ANN401
    """A dict's values by text."""
    return {key.decode("latin-1") if isinstance(key, bytes) else key: value for key, value in values.items()}


def _text(value: Any) -> str:  # noqa: ANN401
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


class CIFAR10(VisionDataset):
    """60,000 pictures of ten kinds, 32 x 32 in colours: (picture of Pillow's, number).

    Args:
        root: the folder of cifar-10-batches-py, of cifar-10-batches-bin, or of the archive.
        train: the 50,000 to train on, else the 10,000 to test on.
        transform: a change of the picture.
        target_transform: a change of the number.
        download: whether an archive that is not there is downloaded.

    Raises: FileError where they are neither there nor to be had, or damaged.
    Source: Krizhevsky, 2009, "Learning multiple layers of features from tiny images".
    """

    base_folder = "cifar-10-batches-py"
    binary_folder = "cifar-10-batches-bin"
    url = "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz"
    filename = "cifar-10-python.tar.gz"
    tgz_md5 = "c58f30108f718f92721af3b95e74349a"
    train_list: ClassVar[list[str]] = [f"data_batch_{number}" for number in range(1, 6)]
    test_list: ClassVar[list[str]] = ["test_batch"]
    labels = "labels"
    names: ClassVar[tuple[str, str, str]] = ("batches.meta", "label_names", "batches.meta.txt")
    """The file of the classes' names, what they are called there, and the binary version's."""
    label_bytes = 1
    """Bytes before each picture of the binary version; the last is the class."""

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
            raise FileError(f"Dataset not found: {self.base_folder} is not in {self.place}, or not whole",
                            facts=(f"wanted: {', '.join(parts)}", f"in {self.base_folder}, or as .bin in {self.binary_folder}"),
                            likely=f"download=True, or unpack {self.filename} there")  # fmt: skip
        found = [self._part(folder / part) for part in parts]
        data = np.concatenate([pictures for pictures, _ in found])
        self.data = np.ascontiguousarray(data.transpose(0, 2, 3, 1))
        self.targets = [number for _, numbers in found for number in numbers]
        self.classes = self._classes(folder)
        self.class_to_idx = {name: number for number, name in enumerate(self.classes)}

    def _folder(self, parts: list[str]) -> Path | None:
        """The folder that has these files; an archive beside it is unpacked."""
        python, binary = self.place / self.base_folder, self.place / self.binary_folder
        if not python.is_dir() and not binary.is_dir() and (archive := self.place / self.filename).is_file():
            self._unpacked(archive)
        if all((python / part).is_file() for part in parts):
            return python
        return binary if all((binary / f"{part}.bin").is_file() for part in parts) else None

    def _unpacked(self, archive: Path) -> None:
        """Raises: FileError for an archive without the folder."""
        whole = self.place / f".{self.base_folder}"
        if not unpack(archive, whole, ("tar",)) or not (whole / self.base_folder).is_dir():
            raise FileError(f"{archive} is no archive with a folder {self.base_folder}")
        (whole / self.base_folder).replace(self.place / self.base_folder)
        whole.rmdir()

    def _part(self, path: Path) -> Part:
        if path.parent.name == self.binary_folder:
            return self._binary(path.with_name(f"{path.name}.bin"))
        with reading(path):
            kept = _stored(read_objects(path.read_bytes(), path))
            numbers = [int(one) for one in kept[self.labels]]
            return np.asarray(kept["data"], np.uint8).reshape(len(numbers), 3, 32, 32), numbers

    def _binary(self, path: Path) -> Part:
        with reading(path):
            held = np.fromfile(path, np.uint8)
        if held.size % (self.label_bytes + 3072):
            facts = (f"{held.size:,} bytes are no multiple of {self.label_bytes + 3072}",)
            raise FileError(f"{path} is no binary file of CIFAR", facts=facts)
        rows = held.reshape(-1, self.label_bytes + 3072)
        return rows[:, self.label_bytes :].reshape(-1, 3, 32, 32), rows[:, self.label_bytes - 1].tolist()

    def _classes(self, folder: Path) -> list[str]:
        if folder.name == self.binary_folder:
            path = folder / self.names[2]
            with reading(path):
                return [line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
        path = folder / self.names[0]
        with reading(path):
            return [_text(name) for name in _stored(read_objects(path.read_bytes(), path))[self.names[1]]]

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
    """60,000 pictures of a hundred kinds: as `CIFAR10`, from cifar-100-python.

    Raises: FileError.  Source: Krizhevsky, 2009, "Learning multiple layers of features from tiny images".
    """

    base_folder = "cifar-100-python"
    binary_folder = "cifar-100-binary"
    url = "https://www.cs.toronto.edu/~kriz/cifar-100-python.tar.gz"
    filename = "cifar-100-python.tar.gz"
    tgz_md5 = "eb9058c3a382ffc7106e4002c42a8d85"
    train_list = ["train"]
    test_list = ["test"]
    labels = "fine_labels"
    names = ("meta", "fine_label_names", "fine_label_names.txt")
    label_bytes = 2
