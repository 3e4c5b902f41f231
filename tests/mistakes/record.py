"""A mistake of a user's as data: a program, the part that is wrong, and how the hint of its error is put in the place of that part."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from gradwerk.base.errors import GradwerkError

BEGIN, END = "«", "»"
PREAMBLES = {
    "keras": """
import numpy as np
from gradwerk import keras
from gradwerk.keras import layers
keras.utils.set_random_seed(0)
random = np.random.default_rng(0)
X = random.normal(size=(12, 4)).astype("float32")
Y = np.arange(12) % 3
IMAGES = random.normal(size=(6, 8, 8)).astype("float32")
def compiled(*stack, loss="mse", **options):
    model = keras.Sequential([*stack])
    model.compile(keras.optimizers.SGD(0.01), loss, **options)
    return model
""",
    "torch": """
import numpy as np
from gradwerk import torch
from gradwerk.torch import nn
import gradwerk.torch.nn.functional as F
torch.manual_seed(0)
random = np.random.default_rng(0)
X = torch.from_numpy(random.normal(size=(12, 4)).astype("float32"))
Y = torch.from_numpy(np.arange(12) % 3)
""",
}


@dataclass(frozen=True)
class Mistake:
    """A program that is wrong between « and », and how its hint mends it."""

    name: str
    program: str
    hint: str
    """A pattern of the hint; its groups are what the hint says to write.  '' where the error has no hint."""
    writes: str = "{0}"
    """What comes in the place of the part between « and », the groups of the hint in its braces."""
    right: str = "True"
    """True of the mended program."""
    says: str = ""
    """A pattern of the message: the fault is named, not what it leads to."""


def run(api: str, program: str) -> dict[str, Any]:
    """The names of a program after it ran."""
    names: dict[str, Any] = {}
    exec(compile(PREAMBLES[api] + program, "mistake", "exec"), names)
    return names


def failing(api: str, mistake: Mistake) -> GradwerkError:
    """The error of the program as it was written: one of ours."""
    try:
        run(api, mistake.program.replace(BEGIN, "").replace(END, ""))
    except GradwerkError as error:
        return error
    raise AssertionError(f"{mistake.name}: no error")


def mended(mistake: Mistake, hint: str) -> str:
    """The program with the hint applied: by the pattern alone, without another thought."""
    found = re.search(mistake.hint, hint)
    assert found is not None, f"{mistake.name}: the hint is {hint!r}"
    before, rest = mistake.program.split(BEGIN)
    _, after = rest.split(END)
    return before + mistake.writes.format(*found.groups()) + after
