"""`.keras` files: a zip of the model's structure (config.json), what it was trained with, and its weights (model.weights.h5).

Keras 3.15 reads what is written here, and here is read what it writes; also the older `.h5` and `.hdf5` (legacy_h5.py).  Reading runs no
code of the file, takes no more than `LARGEST` bytes of structure, and looks at members of known names: config.json, model.weights.h5 and
the vocabularies of its layers.
"""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from gradwerk.base.errors import ArgumentError, FileError, GradwerkError
from gradwerk.io.atomic import is_file, is_folder, read_bytes, write_atomically
from gradwerk.keras.custom_objects import custom_object_scope
from gradwerk.keras.layers.layer import Layer
from gradwerk.keras.saving import assets, legacy_config, legacy_h5, weights_h5
from gradwerk.keras.saving.objects import deserialize_keras_object, serialize_keras_object

VERSION = "3.15.1"
"""The Keras whose form it is."""
METADATA, CONFIG, WEIGHTS = "metadata.json", "config.json", "model.weights.h5"
LARGEST = 1 << 26
"""Bytes of a model's structure."""
RATIO = 200
"""By how many times its packed size a member may grow."""


def save_model(model: Any, filepath: str | Path, overwrite: bool = True, zipped: bool | None = None) -> None:  # noqa: ANN401, FBT001, FBT002  a Model
    """Writes a model, its weights, what `compile` was told and the optimizer's state to one file, whole or not at all: `.keras`, or `.h5`.

    Raises: ArgumentError for another ending and for what a file cannot keep; StateError before the model is built; FileError where it
    cannot be written; MissingExtraError without h5py.
    """
    if zipped is False:
        raise ArgumentError("save_model: a folder instead of a file (zipped=False) is not here yet")
    path = checked(filepath, ".keras", "a model's file", *legacy_h5.ENDINGS)
    if not _is_model(model):
        raise ArgumentError(f"save_model takes a model, this is a {type(model).__name__}")
    if not overwrite and (is_file(path) or is_folder(path)):
        raise FileError(f"{path} exists", likely="give another name, or overwrite=True")
    model.count_params()  # which says where a layer is not built yet
    if path.name.endswith(legacy_h5.ENDINGS):
        write_atomically(path, legacy_h5.to_bytes(model))
        return
    structure = serialize_keras_object(model)
    if model.compiled:
        structure["compile_config"] = model.get_compile_config()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        written = {"keras_version": VERSION, "date_saved": datetime.now().strftime("%Y-%m-%d@%H:%M:%S")}
        archive.writestr(METADATA, json.dumps(written))
        archive.writestr(CONFIG, json.dumps(structure))
        archive.writestr(WEIGHTS, weights_h5.to_bytes(model, model.optimizer))
        for name, data in assets.written(model).items():
            archive.writestr(name, data)
    write_atomically(path, buffer.getvalue())


def load_model(
    filepath: str | Path, custom_objects: Mapping[str, Any] | None = None, compile: bool = True, safe_mode: bool = True,  # noqa: A002, FBT001, FBT002
) -> Any:  # noqa: ANN401  a Model
    """The model of a `.keras` file, or of an `.h5` or `.hdf5` file of Keras 1, 2 or 3, compiled as it was unless `compile` is False.

    Args:
        filepath: the file.
        custom_objects: classes and functions of one's own that the file names, by name.
        compile: whether losses, metrics and the optimizer with its state are made too.
        safe_mode: code in a file is never run here, whatever this says.

    Raises: FileError for a file that is missing, damaged or of another format; ArgumentError for names that nobody knows.
    """
    path = checked(filepath, ".keras", "a model's file", *legacy_h5.ENDINGS)
    packed = read_bytes(path, "the model's file")
    if path.name.endswith(legacy_h5.ENDINGS):
        if not safe_mode:
            raise ArgumentError("code in a file is never run here: safe_mode=False changes nothing")
        return _from_hdf5(packed, path, custom_objects, compiled=compile)
    members = _members(packed, str(path))
    structure = _json(members[CONFIG], f"{path}: {CONFIG}")
    if not safe_mode:
        raise ArgumentError("code in a file is never run here: safe_mode=False changes nothing")
    with making(path, "model"):
        model = deserialize_keras_object(structure, custom_objects)
    if not _is_model(model):
        raise FileError(f"{path} holds a {type(model).__name__}, no model")
    asked = structure.get("compile_config")
    kept = _members(packed, str(path), tuple(assets.asked(model)), needed=False)
    with weights_h5.from_bytes(members[WEIGHTS], f"{path}: {WEIGHTS}") as file:
        weights_h5.load_into(model, file, str(path))
        assets.load_into(model, kept, str(path))
        if compile and asked:
            with custom_object_scope(custom_objects or {}), making(path, "optimizer, losses and metrics"):
                model.compile_from_config(asked)
                trains = model.optimizer is not None and bool(model.trainable_weights)
                if trains:
                    model.training_state.built_optimizer()
            if trains:
                weights_h5.load_optimizer(model.optimizer, file, str(path))
    return model


def _from_hdf5(packed: bytes, path: Path, custom_objects: Mapping[str, Any] | None, *, compiled: bool) -> Any:  # noqa: ANN401  a Model
    """The model of an older file.  Raises: FileError for one without a model."""
    with weights_h5.from_bytes(packed, str(path)) as file:
        structure = legacy_h5.config_of(file, "model_config", str(path))
        if structure is None:
            raise FileError(f"{path} holds no model, perhaps weights alone", likely="make the model, then model.load_weights(...)")
        with making(path, "model"):
            model = deserialize_keras_object(legacy_config.modern(structure), custom_objects)
        if not _is_model(model):
            raise FileError(f"{path} holds a {type(model).__name__}, no model")
        legacy_h5.load_into(model, file, str(path))
        training = legacy_h5.config_of(file, "training_config", str(path)) if compiled else None
        if training is not None:
            with custom_object_scope(custom_objects or {}), making(path, "optimizer, losses and metrics"):
                model.compile_from_config(legacy_config.compile_config(training))
            if model.optimizer is not None and bool(model.trainable_weights):
                model.training_state.built_optimizer()
                legacy_h5.load_optimizer(model.optimizer, file, str(path))
    return model


@contextmanager
def making(path: Path, what: str) -> Iterator[None]:
    """Names the file where its structure makes no sense.  Raises: FileError."""
    try:
        yield
    except GradwerkError:
        raise
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError) as error:
        raise FileError(f"{path} describes no {what} that can be made here", facts=(f"{type(error).__name__}: {error}",)) from error


def _is_model(value: object) -> bool:
    """Whether it can be compiled and trained."""
    return isinstance(value, Layer) and hasattr(value, "training_state")


def checked(filepath: Any, ending: str, what: str, *others: str) -> Path:  # noqa: ANN401
    """A path of an ending, or of one of the others.  Raises: ArgumentError."""
    if not isinstance(filepath, (str, Path)):
        raise ArgumentError(f"{what} is named by its path, this is {filepath!r}", likely=f"'model{ending}'")
    path = Path(filepath)
    if path.name.endswith((ending, *others)):
        return path
    stem = path.name.removesuffix(".h5").removesuffix(".hdf5").removesuffix(".weights").removesuffix(".safetensors")
    raise ArgumentError(f"{what} is called *{ending}, this is {path.name!r}", likely=f"{stem or 'model'}{ending}")


def _members(data: bytes, source: str, names: tuple[str, ...] = (CONFIG, WEIGHTS), *, needed: bool = True) -> dict[str, bytes]:
    """Members of the archive, by name.  Raises: FileError for what is no such archive, and for sizes that make no sense."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            known = {info.filename: info for info in archive.infolist()}
            missing = [name for name in names if name not in known]
            if missing and needed:
                raise FileError(f"{source} has no {missing[0]}: it is no file of a Keras model", facts=tuple(sorted(known)[:6]))
            held = [known[name] for name in names if name in known]
            for info in held:
                if info.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
                    raise FileError(
                        f"{source}: {info.filename} is packed in a way that Keras never uses", facts=(f"method {info.compress_type}",)
                    )
                large = info.file_size > max(RATIO * max(info.compress_size, 1), 1 << 20)
                if large or (info.filename != WEIGHTS and info.file_size > LARGEST):
                    raise FileError(
                        f"{source}: {info.filename} would take {info.file_size:,} bytes", facts=(f"packed {info.compress_size:,}",)
                    )
            return {info.filename: archive.read(info.filename) for info in held}
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, ValueError, OSError, zlib.error) as error:
        raise FileError(f"{source} is no zip archive, or it is damaged", facts=(str(error),)) from None


def _json(data: bytes, source: str) -> dict[str, Any]:
    try:
        found = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise FileError(f"{source} is no JSON", facts=(str(error),)) from None
    if not isinstance(found, dict):
        raise FileError(f"{source} is a {type(found).__name__}, a dict is needed")
    return found
