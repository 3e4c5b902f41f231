"""torchvision.datasets.MNIST and those of its format: root/MNIST/raw/train-images-idx3-ubyte and three more, plain or gzip."""

from __future__ import annotations

import string
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from PIL import Image

from gradwerk.base.errors import ArgumentError, FileError
from gradwerk.base.origin import warn
from gradwerk.data.files import read_idx
from gradwerk.torch.sharing import from_numpy
from gradwerk.torch.tensors import Tensor
from gradwerk.torchvision.datasets.vision import Change, Root, VisionDataset, brought

# ruff: noqa: FBT001, FBT002  torchvision's signatures


class MNIST(VisionDataset):
    """70,000 handwritten digits, 28 x 28: (picture of Pillow's, number).

    Args:
        root: the folder in which MNIST/raw has the four files, plain or gzip.
        train: the 60,000 to train on, else the 10,000 to test on.
        transform: a change of the picture.
        target_transform: a change of the number.
        download: whether files that are not there are downloaded.

    Raises: FileError where they are neither there nor to be had, or damaged.
    Source: LeCun, Cortes and Burges, "The MNIST database of handwritten digits".
    """

    mirrors: ClassVar[list[str]] = ["https://ossci-datasets.s3.amazonaws.com/mnist/", "http://yann.lecun.com/exdb/mnist/"]
    resources: ClassVar[list[tuple[str, str]]] = [
        ("train-images-idx3-ubyte.gz", "f68b3c2dcbeaaa9fbdd348bbdeb94873"),
        ("train-labels-idx1-ubyte.gz", "d53e105ee54ea40749a09fcbcd1e9432"),
        ("t10k-images-idx3-ubyte.gz", "9fb629c4189551a2d022fa330f9573f3"),
        ("t10k-labels-idx1-ubyte.gz", "ec29112dd5afa0611ce80d1b7f02629c"),
    ]  # fmt: skip
    classes: list[str] = [
        "0 - zero", "1 - one", "2 - two", "3 - three", "4 - four", "5 - five", "6 - six", "7 - seven", "8 - eight", "9 - nine",
    ]  # fmt: skip

    def __init__(
        self, root: Root, train: bool = True, transform: Change = None, target_transform: Change = None, download: bool = False
    ) -> None:
        super().__init__(root, transform=transform, target_transform=target_transform)
        self.train = train
        if download:
            self.download()
        images, labels = (self._found(name) for name in self._names())
        if images is None or labels is None:
            missing = next(name for name in self._names() if self._found(name) is None)
            raise FileError(f"Dataset not found: {missing} is not in {self.raw_folder}, plain or as .gz",
                            likely="download=True, or put the file there")  # fmt: skip
        self.data, self.targets = self._read(images, labels)

    def _names(self) -> tuple[str, str]:
        """The files of pictures and numbers."""
        part = "train" if self.train else "t10k"
        return f"{part}-images-idx3-ubyte", f"{part}-labels-idx1-ubyte"

    def _found(self, name: str) -> Path | None:
        folder = Path(self.raw_folder)
        return next((path for path in (folder / name, folder / f"{name}.gz") if path.is_file()), None)

    def _read(self, images: Path, labels: Path) -> tuple[Tensor, Tensor]:
        data, targets = read_idx(images), read_idx(labels)
        if data.ndim != 3 or targets.ndim != 1 or len(data) != len(targets):
            raise FileError(f"{images} does not fit its labels", facts=(f"pictures {data.shape}", f"labels {targets.shape}"))
        return from_numpy(np.ascontiguousarray(data)), from_numpy(targets.astype(np.int64))

    def download(self) -> None:
        """Brings the files that are not there.  Raises: FileError where they cannot be had."""
        for name, digest in self.resources:
            if self._found(name.removesuffix(".gz")) is None:
                brought(Path(self.raw_folder), name, [f"{mirror}{name}" for mirror in self.mirrors], digest)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        return self.changed(Image.fromarray(self.data.numpy()[index]), int(self.targets.numpy()[index]))

    def __len__(self) -> int:
        return len(self.data)

    @property
    def raw_folder(self) -> str:
        """The folder of the files."""
        return str(self.place / type(self).__name__ / "raw")

    @property
    def processed_folder(self) -> str:
        """The folder that earlier versions wrote."""
        return str(self.place / type(self).__name__ / "processed")

    @property
    def class_to_idx(self) -> dict[str, int]:
        """The number of each name."""
        return {name: number for number, name in enumerate(self.classes)}

    @property
    def train_labels(self) -> Tensor:
        """`targets`, as earlier versions called them."""
        warn("train_labels has been renamed targets")
        return self.targets

    @property
    def test_labels(self) -> Tensor:
        """`targets`, as earlier versions called them."""
        warn("test_labels has been renamed targets")
        return self.targets

    @property
    def train_data(self) -> Tensor:
        """`data`, as earlier versions called it."""
        warn("train_data has been renamed data")
        return self.data

    @property
    def test_data(self) -> Tensor:
        """`data`, as earlier versions called it."""
        warn("test_data has been renamed data")
        return self.data

    def extra_repr(self) -> str:
        return f"Split: {'Train' if self.train is True else 'Test'}"


class FashionMNIST(MNIST):
    """70,000 pictures of clothes, in MNIST's format, at root/FashionMNIST/raw.

    Raises: FileError.  Source: Xiao, Rasul and Vollgraf, 2017, "Fashion-MNIST".
    """

    mirrors = ["http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"]
    resources = [
        ("train-images-idx3-ubyte.gz", "8d4fb7e6c68d591d4c3dfef9ec88bf0d"),
        ("train-labels-idx1-ubyte.gz", "25c81989df183df01b3e8a0aad5dffbe"),
        ("t10k-images-idx3-ubyte.gz", "bef4ecab320f06d8554ea6380940ec79"),
        ("t10k-labels-idx1-ubyte.gz", "bb300cfdad3c16e7a12a480ee83cd310"),
    ]  # fmt: skip
    classes = ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"]


class KMNIST(MNIST):
    """70,000 cursive Japanese characters, in MNIST's format, at root/KMNIST/raw.

    Raises: FileError.  Source: Clanuwat et al., 2018, "Deep learning for classical Japanese literature".
    """

    mirrors = ["http://codh.rois.ac.jp/kmnist/dataset/kmnist/"]
    resources = [
        ("train-images-idx3-ubyte.gz", "bdb82020997e1d708af4cf47b453dcf7"),
        ("train-labels-idx1-ubyte.gz", "e144d726b3acfaa3e44228e80efcd344"),
        ("t10k-images-idx3-ubyte.gz", "5c965bf0a639b31b8f53240b1b52f4d7"),
        ("t10k-labels-idx1-ubyte.gz", "7320c461ea6c1c855c0b718fb2a4b134"),
    ]  # fmt: skip
    classes = ["o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"]


_MERGED = set("cijklmopsuvwxyz")
_ALL = {*string.digits, *string.ascii_letters}


class EMNIST(MNIST):
    """Handwritten letters and digits, in MNIST's format, at root/EMNIST/raw: emnist-SPLIT-train-images-idx3-ubyte and the like.

    They come in one archive, which is not downloaded here: `split` is byclass, bymerge, balanced, letters, digits or mnist.
    Raises: ArgumentError for another split; FileError.
    Source: Cohen et al., 2017, "EMNIST: an extension of MNIST to handwritten letters".
    """

    splits = ("byclass", "bymerge", "balanced", "letters", "digits", "mnist")
    classes_split_dict: ClassVar[dict[str, list[str]]] = {
        "byclass": sorted(_ALL), "bymerge": sorted(_ALL - _MERGED), "balanced": sorted(_ALL - _MERGED),
        "letters": ["N/A", *string.ascii_lowercase], "digits": [*string.digits], "mnist": [*string.digits],
    }  # fmt: skip

    def __init__(
        self, root: Root, split: str, train: bool = True, transform: Change = None, target_transform: Change = None, download: bool = False
    ) -> None:
        if split not in self.splits:
            raise ArgumentError(f"Unknown value {split!r} for argument split.", facts=(f"valid values: {', '.join(self.splits)}",))
        self.split = split
        super().__init__(root, train, transform, target_transform, download)
        self.classes = self.classes_split_dict[split]

    def _names(self) -> tuple[str, str]:
        head = f"emnist-{self.split}-{'train' if self.train else 'test'}"
        return f"{head}-images-idx3-ubyte", f"{head}-labels-idx1-ubyte"

    def download(self) -> None:
        """Nothing, where the files are there.  Raises: FileError where they are not."""
        if missing := [name for name in self._names() if self._found(name) is None]:
            raise FileError(f"{missing[0]} is not in {self.raw_folder}: EMNIST is not downloaded here",
                            likely=f"unpack EMNIST's gzip.zip, and put its files into {self.raw_folder}")  # fmt: skip
