"""Functions of `gradwerk` itself on Tensors of every rank and dtype: a result, or an error of ours; never one of NumPy's or Python's."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import gradwerk as gw
from gradwerk import _FUNCTIONS
from gradwerk.base.errors import GradwerkError
from gradwerk.ir.op import Binary, Op, Select, Unary

SHAPES = ((), (0,), (6,), (2, 3), (0, 3), (2, 3, 3))
TENSORS = [gw.Tensor(np.ones(shape, dtype)) for shape in SHAPES for dtype in (np.float32, np.int64, np.bool_)]
NUMBERS = (-3, -1, 0, 1, 2, 7)


def arguments_of(name: str) -> list[str]:
    """What stands for each argument that must be given: a tensor, a number, several tensors; nothing where it is something else."""
    function = getattr(gw, name)
    taken = list(inspect.signature(type(function).vjp if isinstance(function, Op) else function).parameters.values())
    if isinstance(function, Op):
        return ["Operand"] * len(taken[3:]) if taken[3:] and taken[3].kind is not taken[3].VAR_POSITIONAL else []
    return [parameter.annotation for parameter in taken if parameter.default is parameter.empty]


def calls(kinds: list[str]) -> Iterator[list[Any]]:
    """Arguments of these kinds."""
    for k, tensor in enumerate(TENSORS):
        other = TENSORS[(k + 3) % len(TENSORS)]
        choices = {"Operand": (tensor, other), "Sequence[Operand]": ([], [tensor], [tensor, other]), "int": NUMBERS}
        first, *rest = (choices[kind] for kind in kinds)
        yield from ([one, *(others[j % len(others)] for others in rest)] for one in first for j in range(max(map(len, rest), default=1)))


NAMES = [name for names in _FUNCTIONS.values() for name in names]


@pytest.mark.parametrize("name", [name for name in NAMES if {"Operand", "Sequence[Operand]", "int"}.issuperset(arguments_of(name) or [""])])
def test_a_result_or_an_error_of_ours(name: str) -> None:
    for arguments in calls(arguments_of(name)):
        try:
            getattr(gw, name)(*arguments)
        except GradwerkError:
            continue


@pytest.mark.parametrize("name", [name for name in NAMES if isinstance(getattr(gw, name), Unary | Binary | Select)])
def test_an_op_counts_its_arguments(name: str) -> None:
    """At once, also where the work waits; and while a function is traced."""
    op = getattr(gw, name)
    wanted = {Unary: 1, Binary: 2, Select: 3}[next(kind for kind in (Unary, Binary, Select) if isinstance(op, kind))]
    for count in {wanted - 1, wanted + 1} - {0}:
        arguments = [gw.Tensor(np.ones(2, bool))] * count
        for call in (lambda given=arguments: op(*given), lambda given=arguments: gw.compile(lambda: op(*given))()):
            with pytest.raises(GradwerkError, match=rf"takes {wanted} arguments?, {count} were given"):
                call()
    with gw.settings.scope(eager="deferred"), pytest.raises(TypeError, match="were given"):
        op(*[gw.Tensor(np.ones(2, bool))] * (wanted + 1))
