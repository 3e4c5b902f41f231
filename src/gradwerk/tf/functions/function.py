"""tf.function: Python that is traced once for each kind of arguments, and then runs as one native program.

Python's control flow over Tensors becomes operations (tf.autograph).  What a trace cannot express (a loop over a data set, variables that
are made in a first call, writes in one branch alone) runs as Python does, with the same numbers; `why_not_compiled` says so.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from gradwerk.base.errors import ArgumentTypeError, TraceError
from gradwerk.base.trees import map_tree
from gradwerk.jit.compile import compile_once
from gradwerk.keras.layers.symbolic import symbols_in
from gradwerk.tensor.handle import Handle
from gradwerk.tensor.state import mode
from gradwerk.tf.autograph import blocks
from gradwerk.tf.dtypes import plain
from gradwerk.tf.operations import here
from gradwerk.tf.specs import TensorSpec
from gradwerk.tf.tensors import Tensor, as_tensor, converted
from gradwerk.tf.variables import FirstCallError

# ruff: noqa: ANN401  what users give to their functions

_EAGER = [False]


def run_functions_eagerly(run_eagerly: bool) -> None:  # noqa: FBT001  TensorFlow's signature
    """Whether functions run as Python does instead of compiled."""
    _EAGER[0] = bool(run_eagerly)


def functions_run_eagerly() -> bool:
    """Whether functions run as Python does instead of compiled."""
    return _EAGER[0]


class Function:
    """A function of Tensors that is compiled.

    Args:
        function: the Python function.
        signature: TensorSpecs of its arguments, or None: each kind of arguments is traced by itself.
        autograph: whether Python's control flow over Tensors becomes operations.
    """

    def __init__(self, function: Callable[..., Any], signature: Any = None, *, autograph: bool = True) -> None:
        functools.update_wrapper(self, function)
        self.python_function = function
        self.input_signature, self._autograph = signature, autograph
        self.why_not_compiled = ""
        self._traces, self._python = 0, False
        self._bound: dict[int, tuple[Any, Function]] = {}

        @functools.wraps(function)
        def traced(*args: Any, **kwargs: Any) -> Any:
            self._traces += 1
            before, here.traces_function = here.traces_function, mode.trace is not None
            try:
                return map_tree(_result, (blocks.called(function) if autograph else function)(*args, **kwargs))
            finally:
                here.traces_function = before

        self._compiled = compile_once(traced)

    def __get__(self, owner: Any, cls: type | None = None) -> Any:
        """The method of one object."""
        if owner is None:
            return self
        held = self._bound.get(id(owner))
        if held is None or held[0] is not owner:
            method = self.python_function.__get__(owner)
            held = self._bound[id(owner)] = owner, Function(method, self.input_signature, autograph=self._autograph)
        return held[1]

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        args, kwargs = self._checked(args, kwargs)
        if _EAGER[0] or self._python or mode.trace is not None or here.graph is not None or symbols_in((args, kwargs)):
            return self.python_function(*args, **kwargs)
        try:
            return self._compiled(*args, **kwargs)
        except TraceError as error:
            self._python = not isinstance(error, FirstCallError)
            self.why_not_compiled = str(error.message) if self._python else ""
            return map_tree(_result, self.python_function(*args, **kwargs))

    def _checked(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Arguments with arrays as Tensors, and those of the signature.  Raises: ArgumentTypeError where they do not fit it."""
        if self.input_signature is None:
            return map_tree(_argument, args), map_tree(_argument, kwargs)
        bound = inspect.signature(self.python_function).bind(*args, **kwargs)
        given = list(bound.arguments.values())
        if len(given) != len(self.input_signature):
            facts = (f"{len(given)} arguments, {len(self.input_signature)} in the signature",)
            raise ArgumentTypeError("Binding inputs to tf.function failed: too many or too few", facts=facts)
        return tuple(_fitting(one, spec) for one, spec in zip(given, self.input_signature, strict=True)), {}

    def experimental_get_tracing_count(self) -> int:
        """How often the Python function was traced."""
        return self._traces

    def get_concrete_function(self, *args: Any, **kwargs: Any) -> ConcreteFunction:
        """The function for one kind of arguments, given as Tensors or TensorSpecs."""
        return ConcreteFunction(self, args or tuple(self.input_signature or ()), kwargs)


class ConcreteFunction:
    """A function for one kind of arguments."""

    def __init__(self, function: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self._function, self._args, self._kwargs = function, args, kwargs

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        kept = [one for one in self._args if isinstance(one, (TensorSpec, Handle, np.ndarray))]
        if len(kept) == len(self._args):
            args = tuple(_fitting(one, spec) if isinstance(spec, TensorSpec) else one for one, spec in zip(args, self._args, strict=False))
        return self._function(*args, **{**{k: v for k, v in self._kwargs.items() if not isinstance(v, TensorSpec)}, **kwargs})

    @property
    def structured_input_signature(self) -> tuple[Any, Any]:
        """The kinds of its arguments."""
        return self._args, self._kwargs


def _argument(value: Any) -> Any:
    return Tensor(value) if isinstance(value, np.ndarray) and value.dtype.names is None and not value.dtype.hasobject else value


def _result(value: Any) -> Any:
    """What a function gives: numbers and arrays are Tensors."""
    return as_tensor(value) if isinstance(value, (bool, int, float, np.ndarray, np.generic)) else value


def _fitting(value: Any, spec: Any) -> Any:
    """An argument of a spec.  Raises: ArgumentTypeError where it has another shape or dtype."""
    if not isinstance(spec, TensorSpec):
        return _argument(value)
    found = as_tensor(value) if isinstance(value, Handle) else converted(value, plain(spec.dtype))
    if found._type.dtype != plain(spec.dtype) or not spec.shape.is_compatible_with(tuple(found.shape)):
        raise ArgumentTypeError(
            f"Binding inputs to tf.function failed due to `Can not cast TensorSpec(shape={tuple(found.shape)}) to {spec!r}`"
        )  # fmt: skip
    return found


def function(
    func: Any = None, input_signature: Any = None, autograph: bool = True, jit_compile: Any = None, reduce_retracing: bool = False,  # noqa: FBT001, FBT002
    experimental_implements: Any = None, experimental_autograph_options: Any = None, experimental_attributes: Any = None,
    experimental_relax_shapes: Any = None, experimental_compile: Any = None, experimental_follow_type_hints: Any = None,
) -> Any:  # fmt: skip
    """The function compiled: traced for each kind of its arguments (dtypes, shapes, values of Python), then run as one native program.

    Args:
        func: the function; without one, a decorator.
        input_signature: TensorSpecs that arguments are held to.
        autograph: whether Python's `if`, `while` and `for` over Tensors become operations (tf.autograph).
        jit_compile: taken: all is compiled.

    Source: https://www.tensorflow.org/api_docs/python/tf/function
    """
    if func is None:
        return lambda each: Function(each, input_signature, autograph=autograph)
    return Function(func, input_signature, autograph=autograph)


__all__ = ["function"]
