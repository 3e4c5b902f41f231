"""Weights in HDF5 as Keras 3 has them, `.weights.h5` and inside of `.keras`; by way of h5py, the extra `h5`.

    layers/dense/vars/0, 1                    the first Dense of a Sequential or functional model, the second is dense_1
    layers/sequential/layers/dense/vars/0     a model in a model
    layers/lstm/cell/vars/0                   recurrent layers keep their weights in a cell
    block/vars/0, parts/dense/vars/0          a layer that the model keeps as `block`, one of a list that it keeps as `parts`
    optimizer/vars/0, 1, 2                    of a compiled model: iterations, learning rate, slots
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, FileError, GradwerkError, MissingExtraError, ShapeError
from gradwerk.base.origin import warn
from gradwerk.keras.layers.layer import Layer
from gradwerk.keras.naming import snake_case
from gradwerk.tensor.tensor import Tensor

ENDING = ".weights.h5"
Array = np.ndarray[Any, np.dtype[Any]]
Group = tuple[str, str, list[Tensor]]
"""Where weights stand in a file, whose they are, and they."""


def h5() -> Any:  # noqa: ANN401  the module h5py
    """The package that reads and writes HDF5.  Raises: MissingExtraError where it is not installed."""
    try:
        import h5py  # noqa: PLC0415  an extra
    except ImportError:
        raise MissingExtraError("h5py is not installed: Keras' files of weights are HDF5", likely="pip install 'gradwerk[h5]'") from None
    return h5py


def placed(layer: Layer, path: str = "") -> Iterator[tuple[str, Layer]]:
    """A layer and those inside, each with the place that Keras has for it."""
    yield path, layer
    for name, child in _children(layer):
        yield from placed(child, _join(path, name))


def groups(layer: Layer) -> Iterator[Group]:
    """The weights of a layer and of those inside, in the groups that Keras has for them."""
    for path, one in placed(layer):
        yield path, one.name, [weight for _, weight in (*one.own_parameters(), *one.own_buffers())]


def _children(layer: Layer) -> Iterator[tuple[str, Layer]]:
    if layer.numbers_layers:
        for name, child in _numbered(getattr(layer, "layers", None) or list(layer.sublayers())):
            yield f"layers/{name}", child
        return
    for name, inside in layer.named_children():
        if isinstance(inside, Layer):
            held, _, place = name.partition(".")
            yield (name, inside) if not place else (f"{held}/{_numbered_in(layer, held, inside)}", inside)


def _numbered(layers: Sequence[Layer]) -> Iterator[tuple[str, Layer]]:
    """`dense`, `dense_1`, ... in order."""
    count: Counter[str] = Counter()
    for child in layers:
        kind = snake_case(type(child).__name__)
        yield (f"{kind}_{count[kind]}" if count[kind] else kind), child
        count[kind] += 1


def _numbered_in(layer: Layer, held: str, child: Layer) -> str:
    """The name of a layer in a list or dict that another keeps."""
    kept = getattr(layer, held)
    if isinstance(kept, dict):
        return next(str(name) for name, one in kept.items() if one is child)
    return next(name for name, one in _numbered([one for one in kept if isinstance(one, Layer)]) if one is child)


def _join(path: str, name: str) -> str:
    return f"{path}/{name}" if path else name


def to_bytes(model: Layer, optimizer: Any = None) -> bytes:  # noqa: ANN401  an Optimizer
    """The file of a model's weights, and of an optimizer's variables.  Raises: MissingExtraError without h5py."""
    buffer = io.BytesIO()
    with h5().File(buffer, "w") as file:
        for path, name, weights in groups(model):
            _write(file, path, name, [weight.numpy() for weight in weights])
        for path, layer in placed(model):
            for name, array in (layer.saved_arrays() if hasattr(layer, "saved_arrays") else {}).items():
                file.require_group(_join(path, name.rpartition("/")[0])).create_dataset(name.rpartition("/")[2], data=array)
        if optimizer is not None and optimizer.built:
            _write(file, "optimizer", optimizer.name, [variable.numpy() for variable in optimizer.variables])
    return buffer.getvalue()


def _write(file: Any, path: str, name: str, arrays: Sequence[Array]) -> None:  # noqa: ANN401
    group = file.require_group(_join(path, "vars"))
    group.attrs["name"] = name
    for number, array in enumerate(arrays):
        group.create_dataset(str(number), data=dtypes.widened(array) if dtypes.is_narrow(array.dtype) else array)


def from_bytes(data: bytes, source: str) -> Any:  # noqa: ANN401  an open h5py.File
    """An open file.  Raises: FileError for what is no HDF5."""
    try:
        return h5().File(io.BytesIO(data), "r")
    except (OSError, RuntimeError, ValueError, ArithmeticError) as error:
        raise FileError(f"{source} is no HDF5 file, or it is damaged", facts=(str(error).splitlines()[0],)) from None


def load_into(model: Layer, file: Any, source: str, *, skip_mismatch: bool = False) -> None:  # noqa: ANN401
    """Copies a file's weights into a model: all, or (with an error) none.

    Raises: FileError for what cannot be read; ArgumentError, ShapeError for the weights of another model.
    """
    found: list[tuple[Tensor, Array]] = []
    wrong: list[str] = []
    other = False
    for path, name, weights in groups(model):
        arrays = _arrays(file, path, source)
        if len(arrays) != len(weights):
            wrong.append(f"{path or name}: file {len(arrays)} arrays, model {len(weights)}")
            continue
        for number, (weight, array) in enumerate(zip(weights, arrays, strict=True)):
            if tuple(weight.shape) != array.shape:
                other = True
                wrong.append(f"{_join(path, str(number))}: file {array.shape}, model {tuple(weight.shape)}")
            else:
                found.append((weight, dtypes.stored(read_array(array, path, source), weight.dtype, _join(path, str(number)))))
    if wrong and not skip_mismatch:
        kind = ShapeError if other and all("arrays" not in text for text in wrong) else ArgumentError
        raise kind(f"{source} holds the weights of another model", facts=tuple(wrong[:8]), likely="skip_mismatch=True takes those that fit")
    if wrong:
        warn(f"{source}: {len(wrong)} groups of weights do not fit and are passed over: {'; '.join(wrong[:3])}")
    for weight, array in found:
        weight.assign(array)
    for path, layer in placed(model):
        if hasattr(layer, "load_arrays"):
            array = held_in(file, _join(path, "vars/idf_weights"), source)
            layer.load_arrays({} if array is None else {"idf_weights": read_array(array, path, source)}, source)


def load_optimizer(optimizer: Any, file: Any, source: str) -> None:  # noqa: ANN401
    """Copies an optimizer's variables, where the file has them for one like it; else it is told, and training begins anew."""
    arrays = _arrays(file, "optimizer", source)
    own = optimizer.variables
    if not arrays:
        return
    if [array.shape for array in arrays] != [tuple(variable.shape) for variable in own]:
        warn(f"{source}: the optimizer's state is that of another one, and is left out")
        return
    for variable, array in zip(own, arrays, strict=True):
        read = read_array(array, "optimizer", source)
        variable.assign(dtypes.stored(read, variable.dtype, "optimizer"))


def _arrays(file: Any, path: str, source: str) -> list[Any]:  # noqa: ANN401
    """The arrays of a group in order, not read yet: what they hold may be a few bytes, and their size anything.

    None where there is no group.  Raises: FileError.
    """
    group = held_in(file, _join(path, "vars"), source)
    if group is None or not hasattr(group, "keys"):
        return []
    with undamaged(path, source):
        held = [held_in(group, name, source) for name in sorted((name for name in group if str(name).isdigit()), key=int)]
        if not all(isinstance(getattr(one, "shape", None), tuple) for one in held):
            raise FileError(f"{source} has something else than arrays at {path or 'the top'}")
        return held


def held_in(group: Any, path: str, source: str) -> Any:  # noqa: ANN401  groups, datasets
    """What a file holds at a path, or None.  Raises: FileError for what is damaged, and for what would be read out of another file."""
    with undamaged(path, source):
        here = group
        for part in filter(None, path.split("/")):
            link = here.get(part, getlink=True) if hasattr(here, "keys") else None
            if link is None:
                return None
            if isinstance(link, h5().ExternalLink):
                raise FileError(f"{source}: {path} stands in another file, which is not opened")
            here = here[part]
        if getattr(here, "external", None) or getattr(here, "is_virtual", False):
            raise FileError(f"{source}: the numbers of {path} stand in another file, which is not opened")
        return here


def read_array(array: Any, path: str, source: str) -> Array:  # noqa: ANN401  a dataset
    """What it holds.  Raises: FileError."""
    with undamaged(path, source):
        return np.asarray(array[()])


@contextmanager
def undamaged(path: str, source: str) -> Iterator[None]:
    """Names the file and the place where HDF5 can make nothing of it.  Raises: FileError."""
    try:
        yield
    except GradwerkError:
        raise
    except (OSError, LookupError, RuntimeError, ValueError, TypeError, ArithmeticError) as error:
        raise FileError(f"{source} is damaged at {path or 'the top'}", facts=(str(error).split("\n")[0],)) from None

