"""Shows what each way of running a printed program gives."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import gradwerk as gw
from gradwerk.base.settings import settings
from gradwerk.tensor.tensor import Tensor
from tests.programs.text import Given
from tests.programs.ways import tensor_of


def show(program: Callable[..., tuple[list[Any], list[Any]]], givens: Sequence[Given], seed: int) -> None:
    """Prints, for each output, how far eager and compiled are from interpreted."""

    def run(function: Callable[..., Any]) -> list[Any]:
        outputs, written = function(*(tensor_of(given, given.draw(seed)) for given in givens))
        return [x.numpy() if isinstance(x, Tensor) else np.asarray(x) for x in (*outputs, *written)]

    with settings.scope(interpret=True):
        interpreted = run(gw.compile(program))
    ways = {"eager": run(program), "compiled": run(gw.compile(program))}
    for way, results in ways.items():
        for number, (got, wanted) in enumerate(zip(results, interpreted, strict=True)):
            far = np.abs(got.astype(float) - wanted.astype(float)).max(initial=0)
            print(
                f"{way}, output {number} {got.shape} {got.dtype}: at most {far:.3g} from interpreted;"
                f" {got.ravel()[:4]} and {wanted.ravel()[:4]}"
            )
