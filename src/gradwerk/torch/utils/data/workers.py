"""What a worker process of a DataLoader knows of itself, and what it draws."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradwerk.tensor.random import default_generator


@dataclass
class WorkerInfo:
    """A worker process: its number, of how many, its seed, and its copy of the dataset."""

    id: int
    num_workers: int
    seed: int
    dataset: Any


_here: list[WorkerInfo] = []


def get_worker_info() -> WorkerInfo | None:
    """What this process is to a DataLoader; None where it is no worker of one."""
    return _here[0] if _here else None


def begin(info: WorkerInfo) -> None:
    """This process is a worker from now on."""
    _here[:] = [info]
    draw_from(info.seed)


def draw_from(*words: int) -> None:
    """What is drawn next by torch, by `random` and by NumPy's own generator follows from these numbers."""
    word, pythons, numpys = (int(each) for each in np.random.SeedSequence(words).generate_state(3))
    default_generator().manual_seed(word)
    random.seed(pythons)
    np.random.seed(numpys)  # noqa: TID251  what people's datasets draw from
