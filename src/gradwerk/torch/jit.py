"""torch.jit: functions and modules are given back as they are.  torch.compile compiles them here, torch.save saves a state.

Nothing is read from a function's text, and nothing is checked: what runs is Python's own function.  A line says so once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

from gradwerk.base.errors import ArgumentTypeError
from gradwerk.base.origin import warn
from gradwerk.torch.absent import ORIGINAL
from gradwerk.torch.nn.module import Module
from gradwerk.torch.options import as_recorded

__all__ = ("Final", "ScriptFunction", "ScriptModule", "annotate", "export", "freeze", "ignore", "interface", "is_scripting", "is_tracing",
           "isinstance", "optimize_for_inference", "optimized_execution", "script", "script_if_tracing", "script_method", "trace",
           "trace_module", "unused")  # fmt: skip
# ruff: noqa: A001, ANN401, FBT001, FBT002  torch's names; whatever users give
T = TypeVar("T")
ScriptModule = Module
ScriptFunction = Callable[..., Any]
_told: set[str] = set()


def _tell(name: str) -> None:
    """Once in a process."""
    if name not in _told:
        _told.add(name)
        warn(f"torch.jit.{name} gives back what it is given: Python runs it here.  torch.compile(...) compiles it.")


@as_recorded(name="jit.script", ignored=("optimize", "_frames_up", "_rcb", "example_inputs"))
def script(obj: T) -> T:
    """The function, class or module itself.  Raises: ArgumentTypeError for what cannot be called."""
    if not callable(obj):
        raise ArgumentTypeError(f"torch.jit.script takes a function, a class or a module, not {type(obj).__name__}")
    _tell("script")
    return obj


@as_recorded(name="jit.trace", ignored=(
    "optimize", "check_trace", "check_inputs", "check_tolerance", "strict", "_force_outplace", "_module_class", "_compilation_unit",
    "example_kwarg_inputs", "_store_inputs",
))  # fmt: skip
def trace(func: T, example_inputs: Any = None) -> T:
    """The function or module itself; the examples are not computed.  Raises: ArgumentTypeError for what cannot be called."""
    del example_inputs
    if not callable(func):
        raise ArgumentTypeError(f"torch.jit.trace takes a function or a module, not {type(func).__name__}")
    _tell("trace")
    return func


@as_recorded(name="jit.trace_module", ignored=(
    "optimize", "check_trace", "check_inputs", "check_tolerance", "strict", "_force_outplace", "_module_class", "_compilation_unit",
    "example_inputs_is_kwarg", "_store_inputs",
))  # fmt: skip
def trace_module(mod: T, inputs: Any) -> T:
    """The module itself; the examples are not computed."""
    del inputs
    _tell("trace_module")
    return mod


def script_if_tracing(fn: T) -> T:
    """The function itself."""
    return fn


def script_method(fn: T) -> T:
    """The method itself."""
    return fn


def export(fn: T) -> T:
    """The method itself."""
    return fn


def unused(fn: T) -> T:
    """The method itself."""
    return fn


def interface(obj: T) -> T:
    """The class itself."""
    return obj


def ignore(drop: Any = False, **kwargs: Any) -> Any:
    """The function itself; with brackets, a decorator that gives it back.  Raises: ArgumentTypeError."""
    del kwargs
    if callable(drop):
        return drop
    if drop not in (True, False):
        raise ArgumentTypeError(f"Argument to @torch.jit.ignore must be a bool or a function but got {drop}")
    return lambda fn: fn


@as_recorded(name="jit.freeze", ignored=("preserved_attrs", "optimize_numerics"))
def freeze(mod: T) -> T:
    """The module itself."""
    return mod


@as_recorded(name="jit.optimize_for_inference", ignored=("other_methods",))
def optimize_for_inference(mod: T) -> T:
    """The module itself."""
    return mod


class optimized_execution:  # noqa: N801  torch's name
    """A block that changes nothing."""

    def __init__(self, should_optimize: bool) -> None:
        self.should_optimize = should_optimize

    def __enter__(self) -> None: ...

    def __exit__(self, *exc: object) -> None: ...


def annotate(the_type: Any, the_value: T) -> T:
    """The value."""
    del the_type
    return the_value


def isinstance(obj: Any, target_type: Any) -> bool:
    """Whether it is of a class, or of one of several; of `List[int]` and its like, whether it is a list."""
    import builtins  # noqa: PLC0415  the name is taken here
    import typing  # noqa: PLC0415  as above

    kinds = target_type if builtins.isinstance(target_type, tuple) else (target_type,)
    plain: list[Any] = [typing.get_origin(kind) or kind for kind in kinds]
    return any(builtins.isinstance(obj, kind) for kind in plain)


def is_scripting() -> bool:
    """False."""
    return False


def is_tracing() -> bool:
    """False."""
    return False


__getattr__ = ORIGINAL.module("torch.jit", __name__)
