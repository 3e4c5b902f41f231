"""How `gradwerk train lenet5` trains: model, data, update rule.  Everything is made again from the recipe in a run's config.json."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np

from gradwerk.base.errors import FileError
from gradwerk.data.augment import Distortion
from gradwerk.data.datasets import Examples, digits
from gradwerk.data.image import as_inputs
from gradwerk.io.run_folder import RunFolder
from gradwerk.nn.loss import mean_loss, softmax_cross_entropy
from gradwerk.nn.metric import Accuracy
from gradwerk.nn.module import Module
from gradwerk.nn.optimizer import SGD, Adam, Optimizer
from gradwerk.tensor.random import seed
from gradwerk.tensor.tensor import Tensor
from gradwerk.train.arrays import ArrayBatches
from gradwerk.train.loop import Batches
from gradwerk.train.resume import load_model
from gradwerk.train.steps import Steps, Task
from gradwerk.train.transformed import TransformedBatches
from gradwerk.zoo.lenet import LeNet5

Array = np.ndarray[Any, np.dtype[Any]]
_RATES = {"momentum": 0.05, "sgd": 0.1, "adam": 0.002}
_MOMENTUM = 0.9


@dataclass(frozen=True)
class Recipe:
    """What was asked for; `lr` 0 takes the optimizer's own."""

    epochs: int = 30
    batch_size: int = 32
    lr: float = 0.0
    optimizer: str = "momentum"
    augment: bool = True
    seed: int = 0

    @property
    def rate(self) -> float:
        """The highest learning rate."""
        return self.lr or _RATES[self.optimizer]

    def config(self) -> dict[str, Any]:
        """As config.json holds it."""
        return {"model": "lenet5", **asdict(self), "lr": self.rate}

    def make_steps(self) -> Steps:
        """A fresh model with its compiled steps; equal seeds give equal ones."""
        seed(self.seed)
        model = LeNet5()
        return Steps(Task(model, loss, self._make_optimizer(model), {"accuracy": Accuracy()}))

    def make_batches(self, examples: Examples) -> Batches:
        """The training batches."""
        batches: Batches = ArrayBatches((as_inputs(examples.x), examples.y), self.batch_size, seed=self.seed)
        return TransformedBatches(batches, Distortion(), seed=self.seed) if self.augment else batches

    def describe_data(self) -> dict[str, Any]:
        """What decides the batches, for the checkpoint."""
        return {"data": "digits", "batch_size": self.batch_size, "augment": self.augment, "seed": self.seed}

    def _make_optimizer(self, model: Module) -> Optimizer:
        if self.optimizer == "adam":
            return Adam(model.named_parameters(), self.rate)
        return SGD(model.named_parameters(), self.rate, momentum=_MOMENTUM if self.optimizer == "momentum" else 0.0)


def loss(logits: Tensor, labels: Tensor) -> Tensor:
    """The mean cross-entropy."""
    value: Tensor = mean_loss(softmax_cross_entropy(logits, labels))
    return value


def held_back() -> tuple[Examples, Batches]:
    """The digits that are never trained on, and their batches."""
    test = digits().test
    return test, ArrayBatches((as_inputs(test.x), test.y), 500)


def recipe_of(folder: RunFolder) -> Recipe:
    """The recipe of a run.  Raises: FileError where config.json is not one of `train lenet5`."""
    config = folder.config()
    kinds = {field.name: type(field.default) for field in fields(Recipe)}
    if config.get("model") != "lenet5" or any(type(config.get(name)) is not kind for name, kind in kinds.items()):
        raise FileError(
            f"{folder.path / 'config.json'} does not describe a run of this command",
            facts=tuple(f"{name}: {config.get(name)!r}" for name in ("model", *kinds)),
            likely="give the folder of a run of `gradwerk train lenet5`",
        )
    return Recipe(**{name: config[name] for name in kinds})


def trained(folder: RunFolder) -> tuple[Recipe, Steps]:
    """A finished or stopped run, its weights loaded.  Raises: FileError where they are missing or damaged."""
    recipe = recipe_of(folder)
    if not folder.has_checkpoint():
        raise FileError(f"{folder.path} holds no checkpoint yet", likely=f"gradwerk train lenet5 --resume {folder.path}")
    checkpoint = folder.load_checkpoint()
    steps = recipe.make_steps()
    load_model(checkpoint, steps.task.model)
    return recipe, steps


def parameter_count(values: Mapping[str, Tensor]) -> int:
    """How many numbers are trained."""
    return sum(int(np.prod(value.shape)) for value in values.values())
