"""Where picture files and their classes come from: folders, and tables as pandas has them."""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from gradwerk.base.errors import ArgumentError, ArgumentTypeError, FileError
from gradwerk.data.pillow import checked_size
from gradwerk.keras.configured import SETTINGS
from gradwerk.keras.preprocessing.iterators import FileIterator, Reading, Saved, say, split_of

Array = np.ndarray[Any, np.dtype[Any]]
OF_FOLDERS = ("categorical", "binary", "sparse", "input", None)
OF_TABLES = (*OF_FOLDERS, "multi_output", "raw")
_WITHOUT_CLASSES = ("input", "multi_output", "raw", None)


class DirectoryIterator(FileIterator):
    """Batches of a folder with a folder of pictures for each class: `ImageDataGenerator.flow_from_directory`.

    Args:
        directory: the folder.
        image_data_generator: what changes images.
        target_size: rows and columns.
        color_mode: "rgb", "rgba" or "grayscale".
        classes: which folders are classes; all, by their names.
        class_mode: "categorical" (one-hot rows), "binary", "sparse", "input" (the images), or None.
        batch_size: how many a batch has.
        shuffle: whether in another order in each round.
        seed: what is drawn follows from it.
        data_format: where the channels stand.
        save_to_dir: a folder for the changed images.
        save_prefix: how their names begin.
        save_format: their kind.
        follow_links: whether folders are gone through that links lead to.
        subset: "training" or "validation".
        interpolation: how pictures are brought to their size.
        keep_aspect_ratio: whether what sticks out of its ratio is cut off.
        dtype: that of the images.

    Raises: ArgumentError for an option that is none, FileError for no folder.
    """

    allowed_class_modes = frozenset(OF_FOLDERS)

    def __init__(
        self, directory: Any, image_data_generator: Any, target_size: Sequence[int] = (256, 256), color_mode: str = "rgb",  # noqa: ANN401
        classes: Sequence[str] | None = None, class_mode: str | None = "categorical", batch_size: int = 32, shuffle: bool = True,  # noqa: FBT001, FBT002
        seed: int | None = None, data_format: str | None = None, save_to_dir: Any = None, save_prefix: str = "", save_format: str = "png",  # noqa: ANN401
        follow_links: bool = False, subset: str | None = None, interpolation: str = "nearest", keep_aspect_ratio: bool = False,  # noqa: FBT001, FBT002
        dtype: Any = None,  # noqa: ANN401
    ) -> None:  # fmt: skip
        check_mode(class_mode, OF_FOLDERS)
        root = Path(directory)
        if not root.is_dir():
            raise FileError(f"{root} is no folder" if root.exists() else f"there is no folder {root}")
        names = list(classes) if classes else sorted(each.name for each in root.iterdir() if each.is_dir())
        self.directory, self.class_mode, self.num_classes = directory, class_mode, len(names)
        self.class_indices = dict(zip(names, range(len(names)), strict=True))
        start, stop = split_of(image_data_generator, subset)
        held = [_pictures(root / name, self.white_list_formats, follow=follow_links) for name in names]
        held = [several[int(start * len(several)) : int(stop * len(several))] for several in held]
        self.classes = np.repeat(np.arange(len(names), dtype=np.int32), [len(several) for several in held])
        options = Reading(
            root, image_data_generator, checked_size(tuple(target_size)), color_mode, data_format or SETTINGS.image_data_format,
            interpolation, bool(keep_aspect_ratio), np.dtype(dtype or SETTINGS.floatx), Saved(save_to_dir, save_prefix, save_format),
        )  # fmt: skip
        super().__init__([path for several in held for path in several], options, batch_size, shuffle, seed)
        say(f"Found {self.samples} images belonging to {self.num_classes} classes.")


class DataFrameIterator(FileIterator):
    """Batches of the picture files that a table names, a pandas DataFrame or a dict of lists: `ImageDataGenerator.flow_from_dataframe`.

    Args:
        dataframe: the table.
        directory: where the files are; None where the table has whole paths.
        image_data_generator: what changes images.
        x_col: the column of file names.
        y_col: the column of labels, or a list of columns.
        weight_col: the column of weights.
        target_size: rows and columns.
        color_mode: "rgb", "rgba" or "grayscale".
        classes: which labels there are; all that the column has.
        class_mode: "categorical", "binary", "sparse", "input", "multi_output" (a list of columns), "raw" (as the column has it), or None.
        batch_size: how many a batch has.
        shuffle: whether in another order in each round.
        seed: what is drawn follows from it.
        data_format: where the channels stand.
        save_to_dir: a folder for the changed images.
        save_prefix: how their names begin.
        save_format: their kind.
        subset: "training" or "validation".
        interpolation: how pictures are brought to their size.
        keep_aspect_ratio: whether what sticks out of its ratio is cut off.
        dtype: that of the images.
        validate_filenames: whether files that are not there are left out.

    Raises: ArgumentError for an option or a column that is none, ArgumentTypeError for one of another kind.
    """

    allowed_class_modes = frozenset(OF_TABLES)

    def __init__(
        self, dataframe: Any, directory: Any = None, image_data_generator: Any = None, x_col: str = "filename", y_col: Any = "class",  # noqa: ANN401
        weight_col: str | None = None, target_size: Sequence[int] = (256, 256), color_mode: str = "rgb",
        classes: Sequence[str] | None = None, class_mode: str | None = "categorical", batch_size: int = 32,
        shuffle: bool = True, seed: int | None = None,  # noqa: FBT001, FBT002
        data_format: str = "channels_last", save_to_dir: Any = None, save_prefix: str = "", save_format: str = "png",  # noqa: ANN401
        subset: str | None = None, interpolation: str = "nearest", keep_aspect_ratio: bool = False, dtype: Any = "float32",  # noqa: ANN401, FBT001, FBT002
        validate_filenames: bool = True,  # noqa: FBT001, FBT002
    ) -> None:  # fmt: skip
        check_mode(class_mode, OF_TABLES)
        self.directory, self.class_mode = directory or "", class_mode
        columns = [] if class_mode in ("input", None) else list(y_col) if isinstance(y_col, (list, tuple)) else [y_col]
        if class_mode == "multi_output" and not isinstance(y_col, (list, tuple)):
            raise ArgumentTypeError(f'class_mode="multi_output": y_col is a list of columns, this is {y_col!r}')
        names = column(dataframe, x_col)
        if not all(isinstance(name, str) for name in names):
            raise ArgumentTypeError(f"all values of the column {x_col!r} are file names")
        table = {name: column(dataframe, name) for name in columns}
        paths = [os.path.join(self.directory, name) for name in names]  # noqa: PTH118  as Keras shows them
        rows = list(range(len(paths)))
        if validate_filenames:
            rows = [row for row in rows if paths[row].lower().endswith(self.white_list_formats) and Path(paths[row]).is_file()]
            if len(rows) < len(paths):
                missing = len(paths) - len(rows)
                warnings.warn(f"{missing} of the file names in {x_col!r} are no pictures that are there, and are left out", stacklevel=3)
        if class_mode not in _WITHOUT_CLASSES:
            rows = self._classified(table[columns[0]], rows, classes, columns[0])
        start, stop = (int(share * len(rows)) for share in split_of(image_data_generator, subset))
        rows = rows[start:stop]
        self._targets_of: Any = None
        if class_mode not in _WITHOUT_CLASSES:
            self.classes = [self._known[row] for row in rows]
        elif class_mode == "multi_output":
            self._targets_of = [np.array([table[name][row] for row in rows]) for name in columns]
        elif class_mode == "raw":
            raw = [np.array([table[name][row] for row in rows]) for name in columns]
            self._targets_of = np.stack(raw, -1) if isinstance(y_col, (list, tuple)) else raw[0]
        weights = None if weight_col is None else column(dataframe, weight_col)
        self._weights = None if weights is None else np.array([weights[row] for row in rows], np.float64)
        options = Reading(
            directory, image_data_generator, checked_size(tuple(target_size)), color_mode, data_format, interpolation,
            bool(keep_aspect_ratio), np.dtype(dtype), Saved(save_to_dir, save_prefix, save_format),
        )  # fmt: skip
        super().__init__([paths[row] for row in rows], options, batch_size, shuffle, seed)
        self.filenames = [names[row] for row in rows]
        kind = "validated" if validate_filenames else "non-validated"
        of = "" if class_mode in _WITHOUT_CLASSES else f" belonging to {len(self.class_indices)} classes"
        say(f"Found {self.samples} {kind} image filenames{of}.")

    def _classified(self, labels: list[Any], rows: list[int], classes: Sequence[str] | None, name: str) -> list[int]:
        """The rows whose label is a class; the numbers of their classes are kept.  Raises: ArgumentError, ArgumentTypeError."""
        kinds = (str, list, tuple) if self.class_mode == "categorical" else (str,)
        if not all(isinstance(labels[row], kinds) for row in rows):
            also = ", or lists of them" if self.class_mode == "categorical" else ""
            raise ArgumentTypeError(f"class_mode={self.class_mode!r}: all values of the column {name!r} are texts{also}")
        found = {one for row in rows for one in ([labels[row]] if isinstance(labels[row], str) else labels[row])}
        known = list(dict.fromkeys(classes)) if classes else sorted(found)
        if self.class_mode == "binary" and len(known) != 2:
            raise ArgumentError(f'class_mode="binary" is for two classes, these are {len(known)}')
        self.class_indices = dict(zip(known, range(len(known)), strict=True))
        self._known: dict[int, Any] = {}
        for row in rows:
            label = labels[row]
            if isinstance(label, str):
                numbers: Any = self.class_indices.get(label)
            else:
                numbers = [self.class_indices[one] for one in label if one in self.class_indices] or None
            if numbers is not None:
                self._known[row] = numbers
        return [row for row in rows if row in self._known]

    @property
    def labels(self) -> Any:  # noqa: ANN401
        """What belongs to each."""
        return self.classes if self._targets_of is None else self._targets_of

    @property
    def sample_weight(self) -> Array | None:
        """The weight of each."""
        return self._weights


def check_mode(class_mode: str | None, allowed: Sequence[str | None]) -> None:
    """Raises: ArgumentError for another class_mode."""
    if class_mode not in allowed:
        raise ArgumentError(f"class_mode={class_mode!r} is not known", facts=(f"allowed: {', '.join(map(str, allowed))}",))


def column(table: Any, name: Any) -> list[Any]:  # noqa: ANN401
    """A column of a DataFrame, or of a dict of lists.  Raises: ArgumentError where it is not there, ArgumentTypeError for no table."""
    names = list(getattr(table, "columns", table.keys() if hasattr(table, "keys") else ()))
    if not names:
        raise ArgumentTypeError(f"a table has named columns, this is a {type(table).__name__}")
    if name not in names:
        raise ArgumentError(f"the table has no column {name!r}", facts=(f"columns: {', '.join(map(str, names))}",))
    values = table[name]
    return list(values.tolist() if hasattr(values, "tolist") else values)


def _pictures(folder: Path, endings: tuple[str, ...], *, follow: bool) -> list[str]:
    walked = sorted(os.walk(folder, followlinks=follow), key=lambda each: each[0])
    return [str(Path(place, name)) for place, _, files in walked for name in sorted(files) if name.lower().endswith(endings)]
