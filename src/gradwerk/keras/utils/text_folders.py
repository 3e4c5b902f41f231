"""Folders of texts as a data set."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gradwerk.data.elements import Texts
from gradwerk.data.reading import reading
from gradwerk.keras.options import checked, choice, positive_integer
from gradwerk.keras.utils.folders import Options, datasets_of


@checked
def text_dataset_from_directory(
    directory: Any, labels: Any = "inferred", label_mode: str | None = "int", class_names: Sequence[str] | None = None,  # noqa: ANN401
    batch_size: int | None = 32, max_length: int | None = None, *, shuffle: bool = True, seed: int | None = None,
    validation_split: float | None = None, subset: str | None = None, follow_links: bool = False, format: str = "tf",  # noqa: A002  Keras' name
    verbose: bool = True,
) -> Any:  # noqa: ANN401  a data set, or two  # fmt: skip
    """A chained data set of a folder with a folder of `.txt` files for each class; its `class_names` says what they are.

    Args:
        directory: the folder.
        labels: "inferred" from the folders in it, a list with one for each file, or None for none.
        label_mode: "int", "categorical" (one-hot rows), "binary" (0. or 1. of two classes), or None for no labels.
        class_names: which folders are classes, and in which order; all, by their names.
        batch_size: how many are a batch; None for one by one.
        max_length: the most bytes of a text; what is behind them is cut off.
        shuffle: whether in another order each time; else by their names.
        seed: what the order follows from.
        validation_split: the share that is held back.
        subset: which part: "training", "validation", or "both" for a list of the two.
        follow_links: whether folders are gone through that links lead to.
        format: "tf": a chained data set.
        verbose: whether it is said how many files there are.

    Shape: texts (batch,), as bytes; labels (batch,) int32, (batch, classes) or (batch, 1) float32.
    Raises: ArgumentError for an option that is none, or does not fit the others; FileError for no folder, and for a file that cannot be
    read; DataError for a folder without texts.
    """
    owner = "text_dataset_from_directory"
    choice(owner, "format", format, ("tf",))
    most = None if max_length is None else positive_integer(owner, "max_length", max_length)
    options = Options(
        owner, directory, labels, label_mode, class_names, batch_size, bool(shuffle), seed, validation_split, subset, bool(follow_links),
        bool(verbose),
    )  # fmt: skip

    def read(path: str) -> Texts:
        with reading(path):
            return Texts(Path(path).read_bytes()[:most])

    return datasets_of(options, (".txt",), read)
