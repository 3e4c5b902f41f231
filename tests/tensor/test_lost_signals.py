"""What a handler of signals raises while a Tensor goes away is not lost: nothing of Python's runs then, in which it could be handled.

Python drops what is raised in the callback of a weak reference or in `__del__`.
"""

from __future__ import annotations

import ast
import ctypes
import gc
import operator
import signal
import weakref
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import FunctionType, MethodType
from typing import Any

import numpy as np
import pytest

import gradwerk as gw
from gradwerk import torch
from gradwerk.tensor import handle, hooks, turns

SOURCES = sorted(Path(gw.__file__).parent.rglob("*.py"))


class InterruptError(Exception):
    pass


def shared() -> Any:
    """A weight whose memory lies by columns: Tensors on it are told when it is laid by rows."""
    weight = torch.nn.Linear(3, 2).weight
    assert weight._storage.sharers
    return weight


def hooked() -> Any:
    leaf = torch.ones(3, requires_grad=True)
    leaf.register_hook(abs)
    assert id(leaf) in hooks._leaves
    return leaf


def in_turn() -> Any:
    leaf = gw.Parameter(np.ones(3, np.float32))
    turns.turns_of_gradients([leaf])
    assert id(leaf) in turns._leaves
    return leaf


@pytest.mark.parametrize("make", [shared, hooked, in_turn])
def test_a_signal_that_comes_as_a_tensor_goes_is_heard(make: Callable[[], Any]) -> None:
    def interrupt(number: int, frame: object) -> None:
        raise InterruptError

    held = [make()]
    memory, key = held[0]._storage, id(held[0])
    before = signal.signal(signal.SIGUSR1, interrupt)
    try:
        send = ctypes.CDLL(None)["raise"]  # Python's own looks at once whether a signal came
        with pytest.raises(InterruptError):
            list(map(operator.call, [partial(send, signal.SIGUSR1), held.clear]))  # no step of Python's between the two
    finally:
        signal.signal(signal.SIGUSR1, before)
    gc.collect()
    assert not held
    assert key not in (memory.sharers or {}) and key not in hooks._leaves and key not in turns._leaves


def test_no_callback_of_a_weak_reference_is_python() -> None:
    """Of those that are there while models of both APIs train."""
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU(), torch.nn.Linear(4, 2))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    kept = []
    for function in (lambda x: model(x).sum(), torch.compile(lambda x: model(x).sum())):
        optimizer.zero_grad()
        function(torch.ones(5, 3)).backward()
        optimizer.step()
        kept.append([hooked(), in_turn(), *model.parameters()])
    ours = [found.__callback__ for found in gc.get_objects() if isinstance(found, weakref.ref) and found.__callback__ is not None]
    assert any(isinstance(one, partial) for one in ours)
    python = {one.__module__ for one in ours if isinstance(one, (FunctionType, MethodType)) and str(one.__module__).startswith("gradwerk")}
    assert python == set(), handle.__name__


def test_no_class_runs_python_as_it_goes() -> None:
    found = {f"{path.name}: {node.name}" for path in SOURCES for node in ast.walk(ast.parse(path.read_text())) if _is_finalizer(node)}
    assert found == set()


def _is_finalizer(node: ast.AST) -> bool:
    return isinstance(node, ast.FunctionDef) and node.name == "__del__"


def test_no_reference_is_made_with_a_callback_of_pythons() -> None:
    """`ref(x, f)` with anything but a partial, which calls C alone where what it holds is C."""
    found = [
        f"{path.name}:{node.lineno}"
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and len(node.args) == 2 and getattr(node.func, "attr", getattr(node.func, "id", "")) == "ref"
        if not (isinstance(node.args[1], ast.Call) and getattr(node.args[1].func, "id", "") == "partial")
    ]
    assert found == []
