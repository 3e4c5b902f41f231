"""torch.compile: a function becomes a compiled function, a module a module whose calls run compiled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gradwerk.jit.compile import compile as compile_function
from gradwerk.nn import module as core
from gradwerk.torch.nn.module import Module
from gradwerk.torch.options import WAYS_TO_COMPILE, as_recorded


@as_recorded(ignored=WAYS_TO_COMPILE)
def compile(model: Callable[..., Any] | None = None, *, fullgraph: bool = False, disable: bool = False) -> Any:  # noqa: A001, ANN401  as torch's
    """A function or module compiled; without one, a decorator.

    Args:
        model: the function or module.
        fullgraph: refuses what has to run its Python at each call.
        disable: gives it back as it is.
    """
    if model is None:
        return lambda given: compile(given, fullgraph=fullgraph, disable=disable)
    if disable:
        return model
    return OptimizedModule(model, fullgraph=fullgraph) if isinstance(model, core.Module) else compile_function(model, watch_only=fullgraph)


class OptimizedModule(Module):
    """A module whose calls run compiled.  All else is the module's: its attributes, its mode, its parameters.

    As torch's, it holds the module as its child `_orig_mod`, and names of parameters begin with that.
    """

    _orig_mod: core.Module

    def __init__(self, module: core.Module, *, fullgraph: bool = False) -> None:
        # Held without __setattr__: that belongs to the module, and would name it `_orig_mod` in every error.
        vars(self)["_orig_mod"] = module
        vars(self)["_compiled"] = compile_function(module, watch_only=fullgraph)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        return vars(self)["_compiled"](*args, **kwargs)

    def forward(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        """The module's, compiled."""
        return self(*args, **kwargs)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        if name.startswith("__") or "_orig_mod" not in vars(self):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        return getattr(self._orig_mod, name)

    def __setattr__(self, name: str, value: object) -> None:
        setattr(self._orig_mod, name, value)

    def __delattr__(self, name: str) -> None:
        delattr(self._orig_mod, name)

    @property
    def _hooks(self) -> Any:  # type: ignore[override]  # noqa: ANN401  a place of its own in Module
        """The module's."""
        return self._orig_mod._hooks

    @property
    def training(self) -> bool:
        """The module's mode."""
        return self._orig_mod.training

    @training.setter
    def training(self, value: bool) -> None:
        self._orig_mod.training = value
