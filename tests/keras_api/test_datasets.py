"""keras.datasets: Keras' own numbers out of the same files; and what is said where a file cannot be had, or is another."""

from __future__ import annotations

import os
import pickle
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradwerk import keras
from gradwerk.base.errors import ArgumentError, FileError
from gradwerk.data.object_streams import read_objects
from gradwerk.keras.datasets import finding
from tests.peers.dataset_cases import CASES, OPTIONS, RECORD, answer, archive, idx, write
from tests.peers.freeze import arrays_of

RECORDED = arrays_of(RECORD)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All files, made once."""
    home = tmp_path_factory.mktemp("home")
    write(home)
    return home


@pytest.fixture
def home(files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of Keras' with them, from which nothing can be downloaded."""

    def nothing(origin: str, *args: Any, **options: Any) -> None:
        raise FileError(f"{origin} cannot be had", facts=("no network",))

    monkeypatch.setattr(finding, "brought", nothing)
    shutil.copytree(files, tmp_path / "home")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.mark.filterwarnings("ignore:.*is not the original file:UserWarning")
@pytest.mark.parametrize(("name", "number"), CASES)
def test_keras_numbers(name: str, number: int, home: Path) -> None:
    found = answer(keras, name, number)
    exact = {key: value for key, value in RECORDED.items() if key.startswith(f"{name}/{number}/")}
    assert found.keys() == exact.keys()
    for key, value in found.items():
        assert value.dtype == exact[key].dtype, key
        np.testing.assert_array_equal(value, exact[key])


@pytest.mark.parametrize("name", OPTIONS)
def test_what_can_be_had_nowhere_says_where_it_is_wanted(name: str, home: Path) -> None:
    shutil.rmtree(home / "datasets")
    with pytest.raises(FileError, match=r"is not in .*datasets.*, and cannot be downloaded") as caught:
        getattr(keras.datasets, name).load_data()
    assert str(home / "datasets") in str(caught.value) and "http" in str(caught.value) and "no network" in str(caught.value)
    wanted = caught.value.likely.removeprefix("put the file there: ")
    assert Path(wanted).is_relative_to(home / "datasets")


def test_another_file_of_the_name_is_taken_and_said(home: Path) -> None:
    with pytest.warns(UserWarning, match="not the original file"):
        keras.datasets.mnist.load_data()


@pytest.mark.parametrize("ending", ["", ".gz"])
@pytest.mark.parametrize("inside", [".", "mnist"])
def test_mnist_comes_out_of_its_own_files(ending: str, inside: str, home: Path) -> None:
    (home / "datasets" / "mnist.npz").unlink()
    (home / "datasets" / inside).mkdir(exist_ok=True)
    for name in finding.IDX:
        packed = home / "datasets" / "fashion-mnist" / f"{name}.gz"
        data = packed.read_bytes() if ending else finding.read_idx(packed)
        (home / "datasets" / inside / f"{name}{ending}").write_bytes(data if isinstance(data, bytes) else idx(data))
    (x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data()
    assert x_train.shape == (7, 28, 28) and y_train.shape == (7,) and x_test.shape == (3, 28, 28) and y_test.dtype == np.uint8
    short = home / "datasets" / inside / f"{finding.IDX[1]}{ending}"
    short.write_bytes(idx(y_train[:4]))
    with pytest.raises(FileError, match="does not fit its labels"):
        keras.datasets.mnist.load_data()


@pytest.mark.parametrize(("name", "outer", "inner", "file"), [
    ("cifar10", "cifar-10-batches-py-target", "cifar-10-batches-py", "cifar-10-python.tar.gz"),
    ("cifar100", "cifar-100-python-target", "cifar-100-python", "cifar-100-python_archive"),
])  # fmt: skip
def test_cifar_is_unpacked(name: str, outer: str, inner: str, file: str, home: Path) -> None:
    folder = home / "datasets"
    packed = folder / (file if file.endswith(".gz") else f"{outer}_archive")
    archive(folder / outer / inner, packed)
    exact = answer(keras, name, 0)
    shutil.rmtree(folder / outer)
    found = answer(keras, name, 0)
    assert all(np.array_equal(found[key], exact[key]) for key in exact) and (folder / outer / inner).is_dir()
    shutil.move(folder / outer / inner, folder / inner)  # where Keras 2 has it
    assert (found[f"{name}/0/y_test"] == getattr(keras.datasets, name).load_data()[1][1]).all()


@pytest.mark.filterwarnings("ignore:.*is not the original file:UserWarning")
def test_words(home: Path) -> None:
    assert {"datasets", "preprocessing", "utils"} <= set(keras.__all__)
    assert keras.datasets.imdb.get_word_index() == {"the": 1, "and": 2, "imdb": 3} and len(keras.datasets.reuters.get_label_names()) == 46


def test_options_are_checked(home: Path) -> None:
    for call, says in (
        (lambda: keras.datasets.cifar100.load_data("medium"), "medium"),
        (lambda: keras.datasets.boston_housing.load_data(test_split=1.0), "1.0"),
        (lambda: keras.datasets.california_housing.load_data("tiny"), "tiny"), (lambda: keras.datasets.imdb.load_data(words=3), "words"),
    ):  # fmt: skip
        with pytest.raises(ArgumentError, match=says):
            call()
    with pytest.warns(UserWarning), pytest.raises(ArgumentError, match="maxlen=2"):
        keras.datasets.imdb.load_data(maxlen=2)


VALUES: list[Any] = [
    None, True, 3, -7, 70000, 2**31 - 1, -(2**40), 2.5, "text", "é" * 300, b"bytes", b"b" * 300, [], [1, [2, ["x"]]], (), (1,),
    (1, 2, 3, 4), {}, {"a": [1, 2], b"b": (3.5, None)}, list(range(3000)), np.arange(6).reshape(2, 3),
    np.float32([[1, 2], [3, 4]]).T, np.zeros((0, 2)),
    {"x": np.arange(3, dtype=">i2"), "y": [np.ones(2)]}, np.array(["ab", "c"]), np.array([[1, 2], [3]], dtype=object), [False] * 3,
]  # fmt: skip


def same(a: Any, b: Any) -> bool:
    if isinstance(a, np.ndarray):
        if a.dtype == object:
            return isinstance(b, np.ndarray) and a.shape == b.shape and all(map(same, a.ravel(), b.ravel()))
        return isinstance(b, np.ndarray) and a.shape == b.shape and a.dtype == b.dtype and bool((a == b).all())
    if isinstance(a, (list, tuple)):
        return type(a) is type(b) and len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return isinstance(b, dict) and a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    return bool(a == b) and type(a) is type(b)


@pytest.mark.parametrize("protocol", range(5))
def test_data_is_read_as_pickle_reads_it(protocol: int) -> None:
    for value in VALUES:
        if protocol < 3 and "b" in repr(value)[:2]:
            continue  # there bytes are the text of a call
        assert same(value, read_objects(pickle.dumps(value, protocol), "file")), value


PYTHON_2 = (
    b"\x80\x02}q\x01(U\x04dataq\x02cnumpy.core.multiarray\n_reconstruct\nq\x03cnumpy\nndarray\nq\x04K\x00\x85U\x01b\x87Rq\x05(K\x01K\x02K\x02\x86"
    b"cnumpy\ndtype\nq\x06U\x02u1K\x00K\x01\x87Rq\x07(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89U\x04\x01\x02\x03\x04tb"
    b"U\x06labelsq\x08]q\x09(K\x03K\x07eu."
)
"""A dict with an array and a list, as Python 2 wrote CIFAR."""


def test_python_2_wrote_texts_as_bytes() -> None:
    found = read_objects(PYTHON_2, "file")
    assert found[b"data"].tolist() == [[1, 2], [3, 4]] and found[b"data"].dtype == np.uint8 and found[b"labels"] == [3, 7]
    text = b"(dp0\nS'a b'\np1\n(lp2\nI3\naI01\naL5L\naF2.5\naNas."
    assert read_objects(text, "file") == {b"a b": [3, True, 5, 2.5, None]}


class Hostile:
    def __reduce__(self) -> Any:
        return os.system, ("touch hostile",)


@pytest.mark.parametrize("protocol", range(5))
def test_nothing_is_called(protocol: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for value in (Hostile(), [1, Hostile()], {"data": Hostile()}, np.array([Hostile()], dtype=object), Path("x"), print):
        with pytest.raises(FileError):
            read_objects(pickle.dumps(value, protocol), "file")
    assert not list(tmp_path.iterdir())


def test_damage_is_said() -> None:
    whole = pickle.dumps({"data": np.arange(5), "labels": [1, 2, 300, "x"]}, 2)
    for end in range(len(whole)):
        with pytest.raises(FileError):
            read_objects(whole[:end], "file")
    random = np.random.default_rng(0)
    for _ in range(300):
        changed = bytearray(whole)
        changed[random.integers(len(whole))] = random.integers(256)
        try:
            read_objects(bytes(changed), "file")
        except FileError:
            continue
