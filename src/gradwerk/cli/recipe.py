"""How `gradwerk train lenet5` trains: model, data, update rule.  Everything is made again from the recipe in a run's config.json."""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np

from gradwerk.base.errors import ArgumentError, FileError
from gradwerk.cli.table_recipe import MODELS as TABLE_MODELS
from gradwerk.cli.table_recipe import TableRecipe, table_recipe_of
from gradwerk.cli.typed import resume_command
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
from gradwerk.train.resume import check_options, load_model
from gradwerk.train.steps import Steps, Task
from gradwerk.train.transformed import TransformedBatches
from gradwerk.zoo.lenet import LeNet5

Array = np.ndarray[Any, np.dtype[Any]]
_RATES = {"momentum": 0.05, "sgd": 0.1, "adam": 0.002}
_MOMENTUM = 0.9
_MOST = 2**31


@dataclass(frozen=True)
class Recipe:
    """What was asked for; `lr` 0 takes the optimizer's own."""

    epochs: int = 30
    batch_size: int = 32
    lr: float = 0.0
    optimizer: str = "momentum"
    augment: bool = True
    seed: int = 0

    def __post_init__(self) -> None:
        """Raises: ArgumentError for what no run can have."""
        if self.optimizer not in _RATES:
            near, known = difflib.get_close_matches(self.optimizer, _RATES, 1), ", ".join(_RATES)
            raise ArgumentError(f"no optimizer is called {self.optimizer!r}", facts=(f"there are {known}",), likely="".join(near))
        wrong = [f"{name}: {getattr(self, name)}" for name in ("epochs", "batch_size") if not 1 <= getattr(self, name) < _MOST]
        wrong += [f"seed: {self.seed}"] * (not 0 <= self.seed < _MOST) + [f"lr: {self.lr}"] * (not 0 <= self.lr < math.inf)
        if wrong:
            raise ArgumentError("no run can have these options", facts=tuple(wrong))

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

    unit = "images"

    def make_batches(self) -> Batches:
        """The training batches."""
        examples = digits().train
        batches: Batches = ArrayBatches((as_inputs(examples.x), examples.y), self.batch_size, seed=self.seed)
        return TransformedBatches(batches, Distortion(), seed=self.seed) if self.augment else batches

    def validation(self) -> Batches:
        """The batches of the held-back digits."""
        return held_back()[1]

    def introduction(self, parameters: int, path: object) -> list[str]:
        """What is trained on what, for people."""
        augmented = "augmented" if self.augment else "not augmented"
        return [
            f"LeNet-5, {parameters:,} parameters; 8,500 digits, {augmented}, 1,500 held back as val",
            f"{self.optimizer}, learning rate {self.rate:g}, batches of {self.batch_size}, seed {self.seed}; into {path}",
        ]

    def describe(self) -> dict[str, Any]:
        """What decides the bits of a run, for its checkpoint: all but how long it goes on."""
        return {"data": "digits", **{name: value for name, value in self.config().items() if name != "epochs"}}

    def _make_optimizer(self, model: Module) -> Optimizer:
        parameters = model.named_parameters()
        match self.optimizer:
            case "adam":
                return Adam(parameters, self.rate)
            case "momentum":
                return SGD(parameters, self.rate, momentum=_MOMENTUM)
            case _:
                return SGD(parameters, self.rate)


def loss(logits: Tensor, labels: Tensor) -> Tensor:
    """The mean cross-entropy."""
    value: Tensor = mean_loss(softmax_cross_entropy(logits, labels))
    return value


def held_back() -> tuple[Examples, Batches]:
    """The digits that are never trained on, and their batches."""
    test = digits().test
    return test, ArrayBatches((as_inputs(test.x), test.y), 500)


def recipe_of(folder: RunFolder) -> Recipe | TableRecipe:
    """The recipe of a run.  Raises: FileError where config.json is not one of `train`."""
    config = folder.config()
    if config.get("model") in TABLE_MODELS:
        return table_recipe_of(folder, config)
    kinds = {field.name: type(field.default) for field in fields(Recipe)}
    if config.get("model") != "lenet5" or any(type(config.get(name)) is not kind for name, kind in kinds.items()):
        raise _no_recipe(folder, tuple(f"{name}: {config.get(name)!r}" for name in ("model", *kinds)))
    try:
        return Recipe(**{name: config[name] for name in kinds})
    except ArgumentError as error:
        raise _no_recipe(folder, (error.message, *error.facts)) from None


def _no_recipe(folder: RunFolder, facts: tuple[str, ...]) -> FileError:
    return FileError(
        f"{folder.path / 'config.json'} does not describe a run of this command", facts=facts,
        likely="give the folder of a run of `gradwerk train`, its config.json as it was written",
    )  # fmt: skip


def trained(folder: RunFolder) -> tuple[Recipe | TableRecipe, Steps]:
    """A finished or stopped run, its weights loaded.  Raises: FileError where they are missing or damaged."""
    recipe = recipe_of(folder)
    if not folder.has_checkpoint():
        raise FileError(f"{folder.path} holds no checkpoint yet", likely=resume_command(folder.path))
    checkpoint = folder.load_checkpoint()
    check_options(checkpoint, recipe.describe())
    steps = recipe.make_steps()
    load_model(checkpoint, steps.task.model)
    return recipe, steps


def parameter_count(values: Mapping[str, Tensor]) -> int:
    """How many numbers are trained."""
    return sum(int(np.prod(value.shape)) for value in values.values())
