"""Python among operations: print, functions of arrays, asserts, gradients of one's own, and what eager mode answers."""

from __future__ import annotations

import contextlib
import logging
import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from gradwerk.base import dtypes as core
from gradwerk.base.errors import ArgumentError
from gradwerk.base.trees import flatten
from gradwerk.keras import ops
from gradwerk.tensor.handle import Handle
from gradwerk.tensor.state import mode
from gradwerk.tf.errors import InvalidArgumentError
from gradwerk.tf.operations import at_run_time, here
from gradwerk.tf.tensors import Tensor, as_tensor

# ruff: noqa: A001, ANN401, FBT001, FBT002  TensorFlow's names and signatures


def print(*inputs: Any, **kwargs: Any) -> Any:
    """Writes Tensors and other values as TensorFlow does: the contents alone, of long axes the ends.

    Where a graph is built it gives an Operation that writes when it is run.

    Args:
        output_stream: where to: sys.stderr, sys.stdout, or `file://path`.
        summarize: how many elements of each end are shown.
        sep: what stands between values.
        end: what stands behind.
    """
    stream, count = kwargs.pop("output_stream", sys.stderr), kwargs.pop("summarize", 3)
    sep, end = kwargs.pop("sep", " "), kwargs.pop("end", "\n")
    kwargs.pop("name", None)
    if kwargs:
        raise ArgumentError(f"Unrecognized keyword arguments for tf.print: {sorted(kwargs)}")
    if here.graph is not None:
        from gradwerk.tf.graph.python import noted_print  # noqa: PLC0415  which imports this package

        return noted_print(lambda *given: _write(sep.join(_text(one, count) for one in given) + end, stream), inputs)
    if here.traces_function and any(isinstance(one, Handle) for one in flatten(list(inputs))):
        at_run_time("tf.print")
    return _write(sep.join(_text(one, count) for one in inputs) + end, stream)


def _write(text: str, stream: Any) -> None:
    if isinstance(stream, str) and stream.startswith("file://"):
        with open(stream.removeprefix("file://"), "a", encoding="utf-8") as file:  # noqa: PTH123  a path as people write it
            file.write(text)
        return
    target = sys.stdout if stream in ("stdout", sys.stdout) else sys.stderr if stream in ("stderr", sys.stderr) else stream
    target.write(text)


def _text(value: Any, count: int) -> str:
    if isinstance(value, (list, tuple)):
        inside = ", ".join(_text(one, count) for one in value)
        return f"[{inside}]" if isinstance(value, list) else f"({inside})"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key!r}: {_text(one, count)}" for key, one in value.items()) + "}"
    if isinstance(value, Handle) or hasattr(value, "is_texts"):
        if mode.trace is not None:
            return str(value)
        array = np.asarray(value.numpy())
        return _shown(array, count)
    return str(value)


def _shown(array: Any, count: int) -> str:
    if array.ndim == 0:
        item = array[()]
        if isinstance(item, bytes):
            return item.decode("utf-8", "replace")
        return str(int(item)) if core.is_bool(array.dtype) else f"{item:g}" if core.is_float(array.dtype) and abs(item) < 1e6 else str(item)
    if 0 <= 2 * count < len(array) and count >= 0:
        parts = [*(_shown(one, count) for one in array[:count]), "...", *(_shown(one, count) for one in array[len(array) - count :])]
    else:
        parts = [_shown(one, count) for one in array]
    mark = " " if array.ndim == 1 else "\n" + " "
    return "[" + mark.join(parts) + "]"


def py_function(func: Any = None, inp: Any = None, Tout: Any = None, name: Any = None) -> Any:  # noqa: N803  TensorFlow's name
    """func(*inp), as Python: Tensors go in, what comes out is Tensors of these dtypes.

    Shape: that of the results.
    """
    return _typed(func(*[as_tensor(one) if not hasattr(one, "is_texts") else one for one in inp]), Tout)


def numpy_function(func: Any = None, inp: Any = None, Tout: Any = None, stateful: bool = True, name: Any = None) -> Any:  # noqa: N803
    """func(*inp) of arrays, as Python; what comes out is Tensors of these dtypes.

    Shape: that of the results.
    """
    arrays = [one.numpy() if hasattr(one, "numpy") else np.asarray(one) for one in inp]
    return _typed(func(*arrays), Tout)


def _typed(found: Any, wanted: Any) -> Any:
    from gradwerk.tf.arrays.constants import constant  # noqa: PLC0415  which makes Tensors of anything

    if wanted is None or (isinstance(wanted, (list, tuple)) and not wanted):
        return found
    if isinstance(wanted, (list, tuple)):
        several = found if isinstance(found, (list, tuple)) else [found]
        return [one if isinstance(one, Handle) else constant(one, dtype) for one, dtype in zip(several, wanted, strict=True)]
    return found if isinstance(found, Handle) else constant(found, wanted)


def custom_gradient(f: Callable[..., Any] | None = None) -> Any:
    """f(*args) gives (result, gradient); the gradient of the result is what that function gives of the gradient above.

    Raises: ArgumentError where f gives something else.
    """
    return ops.custom_gradient(f) if f is not None else custom_gradient


def recompute_grad(f: Callable[..., Any]) -> Callable[..., Any]:
    """The function: what its gradient needs is kept, not computed again."""
    return f


def grad_pass_through(f: Callable[..., Any]) -> Callable[..., Any]:
    """f, whose gradient is that of the identity."""

    def call(*args: Any, **kwargs: Any) -> Any:
        def with_gradient(x: Any) -> Any:
            return f(x, **kwargs), lambda upstream: upstream

        return ops.custom_gradient(with_gradient)(*args)

    return call


def executing_eagerly() -> bool:
    """Whether operations compute at once."""
    return here.graph is None and mode.trace is None


def inside_function() -> bool:
    """Whether a tf.function is being traced."""
    return mode.trace is not None


@contextlib.contextmanager
def device(device_name: Any) -> Iterator[None]:
    """A block whose operations run on a device: the CPU, whatever is asked for."""
    yield


@contextlib.contextmanager
def name_scope(name: str) -> Iterator[str]:
    """A block inside of which names begin with this one; Tensors without a graph have none."""
    yield f"{name}/"


@contextlib.contextmanager
def init_scope() -> Iterator[None]:
    """A block that runs at once, whatever is traced around it."""
    yield


@contextlib.contextmanager
def control_dependencies(control_inputs: Any) -> Iterator[None]:
    """A block whose operations run after others: what is written before runs before."""
    yield


def group(*inputs: Any, **kwargs: Any) -> None:
    """Operations that ran already."""


def no_op(name: Any = None) -> None:
    """Nothing."""


def get_logger() -> logging.Logger:
    """The logger `tensorflow`."""
    return logging.getLogger("tensorflow")


def Assert(condition: Any, data: Any, summarize: Any = None, name: Any = None) -> Any:  # noqa: N802  TensorFlow's name
    """Nothing where the condition holds; where a graph is built, an Operation that other operations are to depend on.

    Raises: InvalidArgumentError with the data where it does not hold.
    """
    if here.graph is not None:
        from gradwerk.tf.graph.python import asserted  # noqa: PLC0415  which imports this package

        return asserted(condition, data, summarize or 3, name or "Assert")
    at_run_time("tf.Assert")
    if not bool(np.asarray(as_tensor(condition)).all()):
        said = " ".join(_text(one, summarize or 3) for one in data)
        raise InvalidArgumentError(f"Expected 'tf.Tensor(False, shape=(), dtype=bool)' to be true. Summarized data: {said}")
    return None


def timestamp(name: Any = None) -> Any:
    """Seconds since 1970, as float64."""
    import time  # noqa: PLC0415  seldom

    at_run_time("tf.timestamp")

    return Tensor(np.asarray(time.time(), np.float64))


__all__ = [
    "Assert", "control_dependencies", "custom_gradient", "device", "executing_eagerly", "get_logger", "grad_pass_through", "group",
    "init_scope", "inside_function", "name_scope", "no_op", "numpy_function", "print", "py_function", "recompute_grad", "timestamp",
]  # fmt: skip
