"""NumPy without its warnings about overflow, for the references of ops."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable
from typing import Any

import numpy as np

from gradwerk.ir.op import Array


class Quiet(threading.local):
    """A context of this thread in which NumPy is silent about overflow: entering np.errstate at every op costs as much as the op."""

    def __init__(self) -> None:
        context = contextvars.Context()
        context.run(np.seterr, all="ignore")
        self.enter: Callable[..., Array] = context.run
        """enter(function, *args): the function's result.  Who calls it, to save a call of Python's, gives its RuntimeError to `again`."""

    def run(self, function: Callable[..., Array], *args: Any) -> Array:  # noqa: ANN401
        """The function's result."""
        try:
            return self.enter(function, *args)
        except RuntimeError as error:
            return self.again(error, function, *args)

    def again(self, error: RuntimeError, function: Callable[..., Array], *args: Any) -> Array:  # noqa: ANN401
        """The result where a signal handler computes in the middle of an operation, which has the context; any other error is raised."""
        if "cannot enter context" not in str(error):
            raise error
        with np.errstate(all="ignore"):
            return function(*args)


class QuietThread:
    """The same for NumPy 1, whose error state is the thread's: a context would not keep it from the user's own code."""

    def run(self, function: Callable[..., Array], *args: Any) -> Array:  # noqa: ANN401
        """The function's result."""
        with np.errstate(all="ignore"):
            return function(*args)

    enter = run

    def again(self, error: RuntimeError, function: Callable[..., Array], *args: Any) -> Array:  # noqa: ANN401
        """An error of the function's own is raised."""
        raise error


quiet = Quiet() if np.lib.NumpyVersion(np.__version__) >= "2.0.0" else QuietThread()
