"""keras.optimizers."""

from __future__ import annotations

from gradwerk.keras.absent import ORIGINAL
from gradwerk.keras.optimizers import schedules
from gradwerk.keras.optimizers.matrices import Adafactor, Muon
from gradwerk.keras.optimizers.optimizer import Optimizer
from gradwerk.keras.optimizers.relatives import Adadelta, Adagrad, Adamax, Ftrl, Lamb, Lion, Nadam, ScheduleFreeAdamW
from gradwerk.keras.optimizers.rules import NAMED, SGD, Adam, AdamW, RMSprop, deserialize, get, serialize
from gradwerk.keras.optimizers.scaling import LossScaleOptimizer

__all__ = [
    "NAMED", "SGD", "Adadelta", "Adafactor", "Adagrad", "Adam", "AdamW", "Adamax", "Ftrl", "Lamb", "Lion", "LossScaleOptimizer", "Muon",
    "Nadam", "Optimizer", "RMSprop", "ScheduleFreeAdamW", "deserialize", "get", "schedules", "serialize",
]  # fmt: skip

__getattr__ = ORIGINAL.module("keras.optimizers", __name__)
