"""A program run in every way there is: immediately, deferred (for the first time and again), with a look behind every line, compiled.

A program is a function that gives numbers, texts, Tensors or arrays, nested as it likes.  What it raises is part of what it gives.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from gradwerk import torch
from gradwerk.base.settings import Eager, settings
from gradwerk.tensor.deferred.here import SAVINGS
from gradwerk.tensor.deferred.recorder import recorder
from gradwerk.tensor.tensor import Tensor
from tests import tolerances

Program = Callable[[], Any]
PROGRAMS: dict[str, Program] = {}
COMPILED: dict[str, bool] = {}


def program(function: Program) -> Program:
    """Registers one."""
    PROGRAMS[function.__name__] = function
    return function


class Steps:
    """How the steps of a training loop run: as they are, or compiled."""

    compiled = False

    @classmethod
    def of(cls, function: Callable[..., Any]) -> Callable[..., Any]:
        """A step."""
        return torch.compile(function) if cls.compiled else function


@contextmanager
def compiled_steps() -> Iterator[None]:
    """Steps are compiled inside the block."""
    Steps.compiled = True
    try:
        yield
    finally:
        Steps.compiled = False


def given(function: Program) -> Any:
    """What a program gives, or the name of what it raises."""
    torch.manual_seed(3)
    try:
        return plain(function())
    except Exception as error:
        return f"{type(error).__name__}"
    finally:
        recorder.finish()


def plain(value: Any) -> Any:
    """The contents, copied."""
    if isinstance(value, Tensor):
        return np.array(value.detach().tolist(), value.dtype)
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, np.ndarray):
        return value.copy()
    return value


def deferred(function: Program) -> Any:
    """What it gives deferred."""
    recorder.here.pause, recorder.here.savings = 0, SAVINGS  # whatever was before
    with settings.scope(eager=Eager.DEFERRED):
        return given(function)


def alike(got: Any, wanted: Any, about: object) -> None:
    """Equal, but for the rounding of floats."""
    if isinstance(wanted, list):
        assert isinstance(got, list), (about, got, wanted)
        assert len(got) == len(wanted), (about, got, wanted)
        for one, other in zip(got, wanted, strict=True):
            alike(one, other, about)
    elif isinstance(wanted, (float, np.ndarray)):
        one, other = np.asarray(got), np.asarray(wanted)
        assert one.shape == other.shape, (about, got, wanted)
        if one.dtype.kind == "f" and one.dtype.itemsize >= 4:
            tolerances.allclose(one.astype(np.float32), other.astype(np.float32), "programs", about)
        else:
            tolerances.allclose(one, other, "programs", about)
    else:
        assert got == wanted, about


def looked_at(function: Program) -> Program:
    """The program with a look at everything behind every line."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    for node in ast.walk(tree):
        for name in ("body", "orelse", "finalbody"):
            block = getattr(node, name, None)
            if isinstance(block, list) and not isinstance(node, (ast.Module, ast.ClassDef)):
                setattr(node, name, [each for statement in block for each in _with_look(statement)])
    definition = tree.body[0]
    assert isinstance(definition, ast.FunctionDef)
    definition.decorator_list = []
    space = {**function.__globals__, "look_at": look_at}
    exec(compile(ast.fix_missing_locations(tree), inspect.getfile(function), "exec"), space)
    made: Program = space[function.__name__]
    return made


def _with_look(statement: ast.stmt) -> list[ast.stmt]:
    if isinstance(statement, (ast.Return, ast.Raise, ast.Continue, ast.Break, ast.Global, ast.Nonlocal)):
        return [statement]
    return [statement, ast.parse("look_at(locals())").body[0]]


def look_at(values: Any) -> None:
    """Reads the contents of whatever is a Tensor."""
    if isinstance(values, Tensor):
        values.detach().tolist()
        if values._grad is not None:
            values.grad.detach().tolist()  # type: ignore[union-attr]  # not None
    elif isinstance(values, dict):
        for value in list(values.values()):
            look_at(value)
    elif isinstance(values, (list, tuple)):
        for value in values:
            look_at(value)
    elif isinstance(values, torch.nn.Module):
        for value in values.parameters():
            look_at(value)
