"""What is known of the batches that a model was trained on so far, so that one like them needs no look any more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gradwerk.keras.data import Array
from gradwerk.keras.layers.shapes import Shapes
from gradwerk.keras.objective import Output
from gradwerk.tensor.state import epoch
from gradwerk.train.steps import Steps


@dataclass(frozen=True)
class Made:
    """Steps, and what they were made for: they are made anew where that differs."""

    steps: Steps
    targets: tuple[tuple[int, bool], ...]
    output_shape: Shapes
    outputs: tuple[Output, ...]
    rules: tuple[Any, ...]
    """The regularizer and the constraint of each weight."""
    trains: bool
    """Whether their optimizer is the model's: one that was built for other weights takes no part in tests."""


@dataclass(frozen=True)
class Known:
    """Batches that are taken as they are: floats of these shapes, after the first axis, and dtypes, for these steps."""

    form: tuple[Any, ...]
    made: Made

    @staticmethod
    def form_of(x: Array, y: Array) -> tuple[Any, ...]:
        """What a batch is known by."""
        return x.shape[1:], x.dtype, y.shape[1:], y.dtype


class Since:
    """What was found out since anything changed that a compiled step may have read (tensor/state.py)."""

    def __init__(self) -> None:
        self._answers: tuple[int, dict[str, Any]] = (-1, {})

    def found(self) -> dict[str, Any]:
        """The answers so far, by question; to be asked for before anybody looks.

        Another thread may change something meanwhile: what is put into this dict then is in no other.
        """
        number, answers = self._answers
        if number != (now := epoch.number):
            answers = {}
            self._answers = (now, answers)
        return answers
