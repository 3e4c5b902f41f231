"""torchvision's data sets from local files, picture files, and many pictures as one."""

from __future__ import annotations

import gzip
import io
import struct
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from gradwerk import torch, torchvision
from gradwerk.base.errors import FileError, GradwerkError
from gradwerk.torchvision import datasets, transforms, utils
from gradwerk.torchvision.io import ImageReadMode, read_image, write_jpeg, write_png
from tests.aliases.running import run

RANDOM = np.random.default_rng(0)
COUNTS = {"train": 20, "t10k": 6}
DIGITS = {part: (RANDOM.integers(0, 256, (n, 28, 28), np.uint8), np.arange(n, dtype=np.uint8) % 10) for part, n in COUNTS.items()}


def idx(array: Any) -> bytes:
    return struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.tobytes()


def write_digits(folder: Path, *, packed: bool = False) -> Path:
    folder.mkdir(parents=True)
    for part, (images, labels) in DIGITS.items():
        for name, array in (("images-idx3", images), ("labels-idx1", labels)):
            path = folder / f"{part}-{name}-ubyte"
            path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(idx(array))) if packed else path.write_bytes(idx(array))
    return folder


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("kind", [datasets.MNIST, datasets.FashionMNIST, datasets.KMNIST])
def test_digits_from_local_files(tmp_path: Path, kind: type, packed: bool) -> None:
    write_digits(tmp_path / kind.__name__ / "raw", packed=packed)
    made = kind(tmp_path, train=False, download=True, transform=transforms.ToTensor(), target_transform=lambda number: number * 2)
    assert len(made) == 6 and made.data.dtype == torch.uint8 and made.targets.tolist() == [0, 1, 2, 3, 4, 5]
    x, y = made[3]
    assert y == 6 and x.shape == (1, 28, 28)
    np.testing.assert_array_equal(x.numpy()[0], DIGITS["t10k"][0][3] / np.float32(255))
    lines = repr(kind(str(tmp_path))).split("\n    ")
    assert lines == [f"Dataset {kind.__name__}", "Number of datapoints: 20", f"Root location: {tmp_path}", "Split: Train"]


def test_letters_from_local_files(tmp_path: Path) -> None:
    folder = tmp_path / "EMNIST" / "raw"
    folder.mkdir(parents=True)
    for name, array in zip(("images-idx3", "labels-idx1"), DIGITS["train"], strict=True):
        (folder / f"emnist-letters-train-{name}-ubyte").write_bytes(idx(array))
    made = datasets.EMNIST(tmp_path, split="letters", download=True)
    assert len(made) == 20 and made.classes[1] == "a" and isinstance(made[0][0], Image.Image)
    with pytest.raises(ValueError, match="Unknown value 'x' for argument split"):
        datasets.EMNIST(tmp_path, "x")
    with pytest.raises(FileError, match="EMNIST is not downloaded here"):
        datasets.EMNIST(tmp_path, "digits", download=True)


def cifar(folder: Path, kind: type) -> Any:
    """Batches of the binary version; pictures (n, 32, 32, 3) of the test batch."""
    folder.mkdir(parents=True)
    rows = {}
    for part in (*kind.train_list, *kind.test_list):
        rows[part] = RANDOM.integers(0, 256, (4, kind.label_bytes + 3072), np.uint8)
        rows[part][:, kind.label_bytes - 1] = [1, 0, 2, 1]
        rows[part].tofile(folder / part)
    (folder / kind.names).write_text("plane\ncar\nbird\n\n")
    return rows[kind.test_list[0]][:, kind.label_bytes :].reshape(4, 3, 32, 32).transpose(0, 2, 3, 1)


@pytest.mark.parametrize("kind", [datasets.CIFAR10, datasets.CIFAR100])
def test_pictures_in_colours_from_local_files(tmp_path: Path, kind: type) -> None:
    expected = cifar(tmp_path / kind.base_folder, kind)
    made = kind(tmp_path, train=False)
    np.testing.assert_array_equal(made.data, expected)
    picture, number = made[2]
    assert number == 2 and made.classes == ["plane", "car", "bird"] and made.class_to_idx["car"] == 1
    np.testing.assert_array_equal(np.asarray(picture), expected[2])
    assert len(kind(tmp_path, download=True)) == 4 * len(kind.train_list)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    with tarfile.open(elsewhere / kind.filename, "w:gz") as archive:
        archive.add(tmp_path / kind.base_folder, kind.base_folder)
    np.testing.assert_array_equal(kind(elsewhere, train=False).data, expected)
    (tmp_path / kind.base_folder / kind.test_list[0]).write_bytes(b"123")
    with pytest.raises(FileError, match="is no binary file of CIFAR"):
        kind(tmp_path, train=False)


def test_pickles_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "cifar-10-batches-py").mkdir()
    with pytest.raises(FileError, match=r"(?s)cifar-10-batches-py holds pickles.*the binary version is read.*unpack cifar-10-binary"):
        datasets.CIFAR10(tmp_path)


def test_what_is_nowhere_says_where_it_is_wanted(tmp_path: Path) -> None:
    for kind, name in ((datasets.MNIST, "train-images-idx3-ubyte"), (datasets.CIFAR10, "cifar-10-batches-bin")):
        with pytest.raises(FileError, match=f"Dataset not found: {name}") as caught:
            kind(tmp_path)
        assert "download=True" in str(caught.value) and str(tmp_path) in str(caught.value)


def test_what_cannot_be_downloaded_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets.MNIST, "mirrors", [f"{tmp_path.as_uri()}/nothing/"])
    with pytest.raises(FileError, match=r"(?s)train-images-idx3-ubyte.gz is not in .*put the file there"):
        datasets.MNIST(tmp_path, download=True)


def test_folders_are_classes(tmp_path: Path) -> None:
    for number, name in enumerate(("dog", "cat")):
        (tmp_path / name / "deep").mkdir(parents=True)
        Image.new("L", (4, 3), number * 9).save(tmp_path / name / "deep" / "a.PNG")
        Image.new("RGB", (2, 3), (number, 2, 3)).save(tmp_path / name / "b.jpg")
        (tmp_path / name / "note.txt").write_text("no picture")
    made = datasets.ImageFolder(tmp_path, transform=transforms.PILToTensor())
    assert made.classes == ["cat", "dog"] and made.class_to_idx == {"cat": 0, "dog": 1} and made.targets == [0, 0, 1, 1]
    assert [Path(path).name for path, _ in made.imgs] == ["b.jpg", "a.PNG", "b.jpg", "a.PNG"]
    assert made[1][0].shape == (3, 3, 4) and torch.unique(made[1][0]).tolist() == [9]
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileError, match="Found no valid file for the classes empty"):
        datasets.ImageFolder(tmp_path)
    assert len(datasets.ImageFolder(tmp_path, allow_empty=True)) == 4
    assert len(datasets.DatasetFolder(tmp_path, Path, (".txt",), allow_empty=True)) == 2
    with pytest.raises(FileError, match="there is no folder"):
        datasets.ImageFolder(tmp_path / "nowhere")


def test_noise_is_the_same_each_time() -> None:
    made = datasets.FakeData(5, (3, 8, 9), 4, transforms.ToTensor())
    assert made[2][0].shape == (3, 8, 9) and made[2][1] == made[2][1] and (made[2][0].numpy() == made[2][0].numpy()).all()
    assert (made[1][0].numpy() != made[2][0].numpy()).any() and {made[k][1] for k in range(5)} <= set(range(4))
    with pytest.raises(IndexError):
        made[5]


def test_a_loader_makes_batches_of_pictures(tmp_path: Path) -> None:
    write_digits(tmp_path / "MNIST" / "raw")
    change = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.1307,), (0.3081,))])
    loader = torch.utils.data.DataLoader(datasets.MNIST(tmp_path, transform=change), batch_size=8)
    assert [tuple(x.shape) for x, _ in loader] == [(8, 1, 28, 28), (8, 1, 28, 28), (4, 1, 28, 28)]


def test_many_pictures_as_one(tmp_path: Path) -> None:
    x = torch.rand(5, 1, 3, 4)
    grid = utils.make_grid(x, nrow=2, padding=1, pad_value=0.5)
    assert grid.shape == (3, 13, 11)
    np.testing.assert_array_equal(grid.numpy()[1, 5:8, 6:10], x.numpy()[3, 0])
    assert (grid.numpy()[:, 0] == 0.5).all() and (grid.numpy()[:, 9:, 6:] == 0.5).all()
    scaled = utils.make_grid(x * 7 - 2, normalize=True, padding=0).numpy()
    assert scaled.min() == 0 and abs(scaled.max() - 1) < 1e-6
    assert utils.make_grid(list(torch.rand(2, 3, 4, 4)), scale_each=True, normalize=True).shape == (3, 8, 14)
    assert utils.make_grid(torch.rand(1, 2, 2)).shape == (3, 2, 2)
    utils.save_image(x, tmp_path / "x.png", nrow=5, padding=0)
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "x.png"))[:, :4, 0], (x.numpy()[0, 0] * 255 + 0.5).astype(np.uint8))
    file = io.BytesIO()
    utils.save_image(x, file, format="png")
    assert file.getvalue()[1:4] == b"PNG"
    for wrong, kind in ((lambda: utils.make_grid(3), TypeError),
                        (lambda: utils.make_grid([torch.ones(1, 2), torch.ones(2, 2)]), ValueError),
                        (lambda: utils.save_image(x, tmp_path / "x.nonesuch"), ValueError),
                        (lambda: utils.save_image(x, tmp_path / "a" / "x.png"), OSError)):  # fmt: skip
        with pytest.raises(kind) as caught:
            wrong()
        assert isinstance(caught.value, GradwerkError)


def test_picture_files_are_tensors_of_bytes(tmp_path: Path) -> None:
    x = torch.from_numpy(RANDOM.integers(0, 256, (3, 5, 6), np.uint8))
    write_png(x, tmp_path / "x.png")
    np.testing.assert_array_equal(read_image(str(tmp_path / "x.png")).numpy(), x.numpy())
    assert read_image(str(tmp_path / "x.png"), ImageReadMode.GRAY).shape == (1, 5, 6)
    assert read_image(str(tmp_path / "x.png"), "RGBA").shape == (4, 5, 6)
    write_jpeg(x, str(tmp_path / "x.jpg"), quality=100)
    assert torchvision.io.image.read_image(tmp_path / "x.jpg", mode=torchvision.io.image.ImageReadMode.RGB).shape == (3, 5, 6)
    with pytest.raises(FileError, match="there is no file"):
        read_image(str(tmp_path / "nothing.png"))
    with pytest.raises(ValueError, match="encode_png takes a Tensor"):
        write_png(x.float(), tmp_path / "y.png")


def test_a_script_runs_as_it_is(tmp_path: Path) -> None:
    write_digits(tmp_path / "data" / "MNIST" / "raw", packed=True)
    text = """
import torch, torchvision
import torchvision.transforms as transforms
from torchvision import datasets
from torchvision.utils import save_image
from torchvision.transforms import v2
loader = torch.utils.data.DataLoader(datasets.MNIST('data', train=True, download=True, transform=transforms.Compose([
    transforms.ToTensor(), transforms.Normalize((0.1307,), (0.3081,))])), batch_size=10, shuffle=True)
x, y = next(iter(loader))
save_image(x.view(10, 1, 28, 28), 'sample.png', nrow=5)
print(tuple(x.shape), isinstance(datasets.MNIST('data'), torch.utils.data.Dataset))
"""
    made = run(tmp_path, text)
    assert made.returncode == 0, made.stderr
    assert made.stdout.split("\n")[0] == "(10, 1, 28, 28) True" and (tmp_path / "sample.png").is_file()
