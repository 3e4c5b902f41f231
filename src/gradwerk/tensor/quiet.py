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
        self.context = contextvars.Context()
        self.context.run(np.seterr, all="ignore")

    def run(self, function: Callable[..., Array], *args: Any) -> Array:  # noqa: ANN401
        """The function's result."""
        try:
            return self.context.run(function, *args)
        except RuntimeError as error:
            if "cannot enter context" not in str(error):
                raise
            with np.errstate(all="ignore"):  # a signal handler computes in the middle of an operation
                return function(*args)


class QuietThread:
    """The same for NumPy 1, whose error state is the thread's: a context would not keep it from the user's own code."""

    def run(self, function: Callable[..., Array], *args: Any) -> Array:  # noqa: ANN401
        """The function's result."""
        with np.errstate(all="ignore"):
            return function(*args)


quiet = Quiet() if np.lib.NumpyVersion(np.__version__) >= "2.0.0" else QuietThread()
