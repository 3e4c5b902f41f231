"""Saver: what the variables of a session hold, in files; and the file `checkpoint`, which says which were written last.

A checkpoint `model.ckpt-100` is one file `model.ckpt-100.safetensors`, written atomically; nothing is ever unpickled.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from gradwerk.base.errors import ArgumentError, ArgumentTypeError
from gradwerk.io.atomic import make_folder, write_atomically
from gradwerk.io.safetensors import load_tensors, to_bytes
from gradwerk.tf.errors import FailedPreconditionError, InvalidArgumentError, NotFoundError
from gradwerk.tf.graph.graph import get_default_graph
from gradwerk.tf.graph.variables import GraphKeys

# ruff: noqa: ANN401, FBT001, FBT002  TensorFlow's signatures
__all__ = [
    "CheckpointState", "Saver", "checkpoint_exists", "generate_checkpoint_state_proto", "get_checkpoint_mtimes", "get_checkpoint_state",
    "latest_checkpoint", "list_variables", "load_checkpoint", "load_variable", "remove_checkpoint", "update_checkpoint_state",
]  # fmt: skip
ENDING = ".safetensors"


@dataclass
class CheckpointState:
    """What the file `checkpoint` says: the checkpoint written last, and all that are kept, oldest first."""

    model_checkpoint_path: str = ""
    all_model_checkpoint_paths: list[str] = field(default_factory=list)
    all_model_checkpoint_timestamps: list[float] = field(default_factory=list)
    last_preserved_timestamp: float = 0.0


def generate_checkpoint_state_proto(
    save_dir: str, model_checkpoint_path: str, all_model_checkpoint_paths: Any = None, all_model_checkpoint_timestamps: Any = None,
    last_preserved_timestamp: Any = None,
) -> CheckpointState:  # fmt: skip
    """A state of checkpoints."""
    paths = list(all_model_checkpoint_paths or [])
    if model_checkpoint_path not in paths:
        paths.append(model_checkpoint_path)
    return CheckpointState(model_checkpoint_path, paths, list(all_model_checkpoint_timestamps or []), last_preserved_timestamp or 0.0)


def update_checkpoint_state(
    save_dir: str, model_checkpoint_path: str, all_model_checkpoint_paths: Any = None, latest_filename: str | None = None,
    all_model_checkpoint_timestamps: Any = None, last_preserved_timestamp: Any = None,
) -> None:  # fmt: skip
    """Writes the file `checkpoint` of a folder."""
    state = generate_checkpoint_state_proto(save_dir, model_checkpoint_path, all_model_checkpoint_paths)
    folder = Path(save_dir)

    def said(path: str) -> str:
        place = Path(path)
        return json.dumps(place.name if place.parent.resolve() == folder.resolve() else str(place))

    lines = [f"model_checkpoint_path: {said(state.model_checkpoint_path)}"]
    lines += [f"all_model_checkpoint_paths: {said(path)}" for path in state.all_model_checkpoint_paths]
    make_folder(folder)
    write_atomically(folder / (latest_filename or "checkpoint"), ("\n".join(lines) + "\n").encode())


def get_checkpoint_state(checkpoint_dir: str, latest_filename: str | None = None) -> CheckpointState | None:
    """What the file `checkpoint` of a folder says; None where there is none, or one that says nothing."""
    file = Path(checkpoint_dir) / (latest_filename or "checkpoint")
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return None
    state = CheckpointState()
    for line in lines:
        key, colon, value = line.partition(":")
        value = value.strip()
        if not colon or not (value.startswith('"') and value.endswith('"')):
            continue
        path = value[1:-1].replace('\\"', '"').replace("\\\\", "\\")
        path = path if Path(path).is_absolute() else str(Path(checkpoint_dir) / path)
        if key == "model_checkpoint_path":
            state.model_checkpoint_path = path
        elif key == "all_model_checkpoint_paths":
            state.all_model_checkpoint_paths.append(path)
    return state if state.model_checkpoint_path else None


def latest_checkpoint(checkpoint_dir: str, latest_filename: str | None = None) -> str | None:
    """The checkpoint of a folder that was written last, as `restore` takes it; None where there is none."""
    state = get_checkpoint_state(checkpoint_dir, latest_filename)
    return state.model_checkpoint_path if state is not None and checkpoint_exists(state.model_checkpoint_path) else None


def _file(prefix: Any) -> Path:
    return Path(f"{prefix}{ENDING}")


def checkpoint_exists(checkpoint_prefix: Any) -> bool:
    """Whether there is a checkpoint of this name."""
    return _file(checkpoint_prefix).is_file()


def get_checkpoint_mtimes(checkpoint_prefixes: Any) -> list[float]:
    """When checkpoints were written."""
    return [_file(prefix).stat().st_mtime for prefix in checkpoint_prefixes if checkpoint_exists(prefix)]


def remove_checkpoint(checkpoint_prefix: Any, checkpoint_format_version: Any = None, meta_graph_suffix: str = "meta") -> None:
    """Removes a checkpoint."""
    _file(checkpoint_prefix).unlink(missing_ok=True)


def _read(prefix: Any) -> dict[str, Any]:
    if Path(prefix).is_dir():
        prefix = latest_checkpoint(str(prefix)) or prefix
    if not checkpoint_exists(prefix):
        if Path(f"{prefix}.index").is_file():
            raise NotFoundError(
                f"{prefix} is a checkpoint of TensorFlow's own format, which is not read yet",
                likely="in TensorFlow: np.savez(path, **{name: reader.get_tensor(name) for name in shapes}), then load with NumPy",
            )  # fmt: skip
        raise NotFoundError(f"Unsuccessful TensorSliceReader constructor: Failed to find any matching files for {prefix}")
    return load_tensors(_file(prefix))


class Reader:
    """The contents of a checkpoint by name."""

    def __init__(self, prefix: Any) -> None:
        self._arrays = _read(prefix)

    def get_variable_to_shape_map(self) -> dict[str, list[int]]:
        """The shapes by name."""
        return {name: list(array.shape) for name, array in self._arrays.items()}

    def get_variable_to_dtype_map(self) -> dict[str, Any]:
        """The dtypes by name."""
        return {name: array.dtype for name, array in self._arrays.items()}

    def has_tensor(self, name: str) -> bool:
        """Whether something is kept under a name."""
        return name in self._arrays

    def get_tensor(self, name: str) -> Any:
        """What is kept under a name.  Raises: NotFoundError."""
        if name not in self._arrays:
            raise NotFoundError(f"Key {name} not found in checkpoint")
        return self._arrays[name]


def load_checkpoint(ckpt_dir_or_file: Any) -> Reader:
    """A checkpoint to be read by names.  Raises: NotFoundError."""
    return Reader(ckpt_dir_or_file)


def load_variable(ckpt_dir_or_file: Any, name: str) -> Any:
    """What a checkpoint keeps under a name.  Raises: NotFoundError."""
    return Reader(ckpt_dir_or_file).get_tensor(name.removesuffix(":0"))


def list_variables(ckpt_dir_or_file: Any) -> list[tuple[str, list[int]]]:
    """(name, shape) of all that a checkpoint keeps.  Raises: NotFoundError."""
    return sorted(Reader(ckpt_dir_or_file).get_variable_to_shape_map().items())


class Saver:
    """Writes what variables hold in a session, and has them hold it again.

    Args:
        var_list: variables, or a dict of them by the names in the file; all global ones where None.
        max_to_keep: how many checkpoints stay; 0 or None for all.
        keep_checkpoint_every_n_hours: of those that would go, one stays for each such time.
        reshape: whether a value of another shape with as many elements is taken.

    The other arguments of TensorFlow's (sharded, name, restore_sequentially, saver_def, builder, defer_build, allow_empty, write_version,
    pad_step_number, save_relative_paths, filename) are taken; allow_empty and pad_step_number do what they say.

    Raises: ArgumentError where there are no variables, or two of one name.
    """

    def __init__(
        self, var_list: Any = None, reshape: bool = False, sharded: bool = False, max_to_keep: int | None = 5,
        keep_checkpoint_every_n_hours: float = 10000.0, name: str | None = None, restore_sequentially: bool = False, saver_def: Any = None,
        builder: Any = None, defer_build: bool = False, allow_empty: bool = False, write_version: Any = 2, pad_step_number: bool = False,
        save_relative_paths: bool = False, filename: str | None = None,
    ) -> None:  # fmt: skip
        self._graph, self._reshape, self._pad = get_default_graph(), reshape, pad_step_number
        self._max, self._hours = max_to_keep or 0, keep_checkpoint_every_n_hours
        self._next_kept = time.time() + self._hours * 3600
        self.last_checkpoints: list[str] = []
        self._times: dict[str, float] = {}
        self._variables: dict[str, Any] | None = None
        self._given, self._may_be_empty = var_list, allow_empty
        if not defer_build:
            self.build()

    def build(self) -> None:
        """Finds the variables, where `defer_build` left that open."""
        found = self._given
        if found is None:
            found = [*self._graph.get_collection(GraphKeys.GLOBAL_VARIABLES), *self._graph.get_collection(GraphKeys.SAVEABLE_OBJECTS)]
        if not found and not self._may_be_empty:
            raise ArgumentError("No variables to save")
        self._variables = dict(found) if isinstance(found, dict) else {}
        for each in found if not isinstance(found, dict) else ():
            name = each.op.name
            if self._variables.setdefault(name, each) is not each:
                raise ArgumentError(f"At least two variables have the same name: {name}")

    def save(
        self, sess: Any, save_path: Any, global_step: Any = None, latest_filename: str | None = None, meta_graph_suffix: str = "meta",
        write_meta_graph: bool = True, write_state: bool = True, strip_default_attrs: bool = False, save_debug_info: bool = False,
    ) -> str:  # fmt: skip
        """Writes a checkpoint; its name, as `restore` takes it.

        Args:
            sess: the session.
            save_path: the name, without a number.
            global_step: the number behind it: a number, or a variable.
            latest_filename: of the file `checkpoint`.
            write_state: whether that is written.
            meta_graph_suffix, write_meta_graph, strip_default_attrs, save_debug_info: taken: a graph is the program that builds it.

        Raises: FailedPreconditionError for a variable that holds nothing, ArgumentError for a path that is a folder, FileError.
        """
        if not str(save_path) or Path(str(save_path)).name in ("", ".", ".."):
            raise ArgumentError(f"save_path is the name of a checkpoint, not {save_path!r}")
        prefix = str(save_path)
        if global_step is not None:
            count = int(global_step) if isinstance(global_step, int | np.integer) else int(sess.run(global_step))
            prefix = f"{prefix}-{count:08d}" if self._pad else f"{prefix}-{count}"
        arrays = {}
        for name, variable in self._named().items():
            held = sess.state.get(variable)
            if held is None:
                raise FailedPreconditionError(f"Attempting to use uninitialized value {variable.op.name}")
            arrays[name] = np.asarray(held.numpy())
        make_folder(Path(prefix).parent)
        write_atomically(_file(prefix), to_bytes(arrays, {"format": "gradwerk.tf"}))
        self._keep(prefix)
        if write_state:
            update_checkpoint_state(str(Path(prefix).parent), prefix, self.last_checkpoints, latest_filename)
        return prefix

    def _named(self) -> dict[str, Any]:
        if self._variables is None:
            self.build()
        return self._variables or {}

    def _keep(self, prefix: str) -> None:
        if prefix in self.last_checkpoints:
            self.last_checkpoints.remove(prefix)
        self.last_checkpoints.append(prefix)
        self._times[prefix] = time.time()
        while self._max and len(self.last_checkpoints) > self._max:
            oldest = self.last_checkpoints.pop(0)
            if self._times.get(oldest, 0.0) > self._next_kept:
                self._next_kept += self._hours * 3600
            else:
                remove_checkpoint(oldest)

    def restore(self, sess: Any, save_path: Any) -> None:
        """Has the variables hold what a checkpoint keeps; others stay as they are.

        Raises: ArgumentError without a path, NotFoundError where there is no such file or a name is not in it, InvalidArgumentError for
        another shape or dtype.
        """
        if save_path is None:
            raise ArgumentError("Can't load save_path when it is None.")
        if not checkpoint_exists(save_path) and not Path(f"{save_path}.index").is_file():
            raise ArgumentError(f"The passed save_path is not a valid checkpoint: {save_path}")
        arrays = _read(save_path)
        found = {}
        for name, variable in self._named().items():
            if name not in arrays:
                raise NotFoundError(f"Key {name} not found in checkpoint", facts=(f"it has {', '.join(sorted(arrays)[:8])}",))
            found[variable] = self._fitting(name, variable, arrays[name])
        for variable, array in found.items():
            sess.hold(variable, array)

    def _fitting(self, name: str, variable: Any, array: Any) -> Any:
        dims, kind = variable._dims, variable._kind
        if array.dtype != kind:
            raise InvalidArgumentError(f"{name}: the checkpoint has {array.dtype}, the variable is {kind}")
        if dims is not None and (len(dims) != array.ndim or any(n not in (None, m) for n, m in zip(dims, array.shape, strict=True))):
            if self._reshape and None not in dims and int(np.prod(dims)) == array.size:
                return array.reshape(dims)
            shapes = f"lhs shape= {list(dims)} rhs shape= {list(array.shape)}"
            raise InvalidArgumentError(f"Assign requires shapes of both tensors to match. {shapes}", facts=(f"variable {name}",))
        return array

    def set_last_checkpoints(self, last_checkpoints: Any) -> None:
        """Says which checkpoints count as those that this Saver wrote.  Raises: ArgumentTypeError."""
        if not isinstance(last_checkpoints, list):
            raise ArgumentTypeError("last_checkpoints is a list")
        self.last_checkpoints = list(last_checkpoints)

    def recover_last_checkpoints(self, checkpoint_paths: Any) -> None:
        """The same, of those that are there."""
        self.last_checkpoints = [path for path in checkpoint_paths if checkpoint_exists(path)]
