"""A data set as a folder: its elements as records of TensorProtos, and what is said of them as JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from gradwerk.base.errors import ArgumentError, DataError, FileError
from gradwerk.base.trees import flatten, map_tree
from gradwerk.data.elements import Part, TensorSpec, Texts, Tree
from gradwerk.data.records import RecordFile, read_records
from gradwerk.data.wire import field, fields
from gradwerk.tf.io.decoding import as_proto, of_proto

RECORDS, SAID = "elements.tfrecord", "element_spec.json"


def write_folder(path: str, elements: list[Tree], spec: Tree) -> None:
    """Elements into a folder, which is made.  Raises: FileError; ArgumentError for ragged and sparse parts."""
    if any(isinstance(leaf, Part) for element in elements[:1] for leaf in flatten(element)):
        raise ArgumentError("ragged and sparse parts of elements are not written into folders", likely="dense Tensors, by to_tensor()")
    folder = Path(path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / SAID).write_text(json.dumps(_written(spec)), encoding="utf-8")
    except OSError as error:
        raise FileError(f"{path} cannot be written", facts=(error.strerror or str(error),)) from None
    with RecordFile(folder / RECORDS) as file:
        for element in elements:
            file.write(b"".join(field(1, as_proto(leaf)) for leaf in flatten(element)))


def read_folder(path: str) -> tuple[list[Tree], Tree]:
    """The elements, and what is said of them.  Raises: FileError where there is no such folder, DataError for a damaged one."""
    try:
        spec = _read(json.loads((Path(path) / SAID).read_text(encoding="utf-8")))
    except OSError:
        raise FileError(f"{path} is no folder that a data set was saved in") from None
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path} is damaged: {SAID}", facts=(str(error),)) from None
    return [_element(record, spec) for record in read_records(str(Path(path) / RECORDS))], spec


def _element(record: bytes, spec: Tree) -> Tree:
    parts = (of_proto(data) for _, _, data in fields(record))

    def leaf(said: TensorSpec) -> Any:  # noqa: ANN401
        array = next(parts)
        return Texts(array) if said.dtype == "string" else array

    return map_tree(leaf, spec)


def _written(spec: Tree) -> Any:  # noqa: ANN401
    if isinstance(spec, dict):
        return {"dict": {key: _written(one) for key, one in spec.items()}}
    if isinstance(spec, tuple):
        return {"tuple": [_written(one) for one in spec]}
    return {"shape": spec.shape, "dtype": spec.dtype}


def _read(said: Any) -> Tree:  # noqa: ANN401
    if "dict" in said:
        return {key: _read(one) for key, one in said["dict"].items()}
    if "tuple" in said:
        return tuple(_read(one) for one in said["tuple"])
    return TensorSpec(said["shape"], said["dtype"])
