"""How `gradwerk train mlp|perceptron` trains on a table: a network of one hidden layer, or of none.

Everything that asking the network needs stands in a run's config.json: names, classes, and what was measured of the rows that were trained
on.  Training on and evaluating read the table again, and make sure that it is the same.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import asdict, dataclass, fields, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from gradwerk.base.errors import ArgumentError, DataError, FileError
from gradwerk.data import datasets
from gradwerk.data.datasets import Examples
from gradwerk.data.files import split
from gradwerk.data.reading import reading
from gradwerk.data.tables import NamedTable, read_csv
from gradwerk.io.run_folder import RunFolder
from gradwerk.nn.linear import Linear
from gradwerk.nn.loss import mean_loss, softmax_cross_entropy
from gradwerk.nn.metric import Accuracy
from gradwerk.nn.module import Module
from gradwerk.nn.optimizer import SGD, Adam, Optimizer
from gradwerk.ops.elementwise import sub
from gradwerk.ops.functions import mean, relu, square
from gradwerk.tensor.random import seed
from gradwerk.tensor.tensor import Tensor
from gradwerk.train.arrays import ArrayBatches
from gradwerk.train.loop import Batches
from gradwerk.train.steps import Steps, Task

Array = np.ndarray[Any, np.dtype[Any]]
BUNDLED = {"iris": datasets.iris, "breast_cancer": datasets.breast_cancer, "diabetes": datasets.diabetes}
MODELS = ("mlp", "perceptron")
HELD_BACK = 0.2
_RATES = {"momentum": 0.02, "sgd": 0.05, "adam": 0.01}
_MOST = 2**31


@dataclass(frozen=True)
class TableRecipe:
    """What was asked for, and what the table said.  `lr` 0 takes the optimizer's own; a regression has no classes."""

    model: str = "mlp"
    data: str = "iris"
    target: str = ""
    units: int = 32
    epochs: int = 100
    batch_size: int = 32
    lr: float = 0.0
    optimizer: str = "adam"
    seed: int = 0
    digest: str = ""
    features: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    means: tuple[float, ...] = ()
    deviations: tuple[float, ...] = ()
    target_mean: float = 0.0
    target_deviation: float = 1.0

    unit = "rows"

    def __post_init__(self) -> None:
        """Raises: ArgumentError for what no run can have."""
        wrong = [f"{name}: {getattr(self, name)}" for name in ("epochs", "batch_size", "units") if not 1 <= getattr(self, name) < _MOST]
        wrong += [f"seed: {self.seed}"] * (not 0 <= self.seed < _MOST) + [f"lr: {self.lr}"] * (not 0 <= self.lr < math.inf)
        wrong += [f"optimizer: {self.optimizer}"] * (self.optimizer not in _RATES) + [f"model: {self.model}"] * (self.model not in MODELS)
        if wrong or not len(self.features) == len(self.means) == len(self.deviations):
            raise ArgumentError("no run can have these options", facts=tuple(wrong or ["features, means and deviations differ in number"]))

    @property
    def rate(self) -> float:
        """The highest learning rate."""
        return self.lr or _RATES[self.optimizer]

    def config(self) -> dict[str, Any]:
        """As config.json holds it."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()} | {"lr": self.rate}

    def describe(self) -> dict[str, Any]:
        """What decides the bits of a run, for its checkpoint: all but how long it goes on, and where the table lies."""
        return {name: value for name, value in self.config().items() if name not in {"epochs", "data"}}

    @cached_property
    def parts(self) -> tuple[Examples, Examples]:
        """The rows to train on and those held back.  Raises: FileError where the table is not the one that the run began with."""
        table, digest = table_of(self.data, self.target)
        if self.digest not in {"", digest}:
            likely = "the run goes on with the table as it was; for another one, train anew"
            raise FileError(f"{self.data} is not the table that the run began with", likely=likely)
        return split(table.x, table.y, HELD_BACK, seed=self.seed, stratified=bool(table.classes))

    def measured(self) -> TableRecipe:
        """With what the table says.  Raises: FileError, DataError, ArgumentError for a table that cannot be trained on."""
        table, digest = table_of(self.data, self.target)
        if len(table.classes) == 1:
            raise DataError(f"{self.data}: {self.target} is {table.classes[0]!r} in all rows", likely="--target of a column that differs")
        train = self.parts[0]
        deviations = train.x.std(0, dtype=np.float64)
        numbers = (0.0, 1.0) if table.classes else (float(train.y.mean(dtype=np.float64)), float(train.y.std(dtype=np.float64)) or 1.0)
        return replace(
            self, digest=digest, features=table.features, classes=table.classes, means=tuple(train.x.mean(0, dtype=np.float64).tolist()),
            deviations=tuple(np.where(deviations > 0, deviations, 1.0).tolist()), target_mean=numbers[0], target_deviation=numbers[1],
        )  # fmt: skip

    def make_steps(self) -> Steps:
        """A fresh model with its compiled steps; equal seeds give equal ones."""
        seed(self.seed)
        model = Network(len(self.features), max(len(self.classes), 1), self.units if self.model == "mlp" else 0)
        if self.classes:
            return Steps(Task(model, classified, self._make_optimizer(model), {"accuracy": Accuracy()}))
        return Steps(Task(model, squared, self._make_optimizer(model)))

    def inputs(self, x: Array) -> Array:
        """Columns of mean 0 and deviation 1, by the rows that were trained on.  Shape: (rows, features) float32."""
        scaled: Array = (x - np.array(self.means)) / np.array(self.deviations)
        return scaled.astype(np.float32)

    def batches(self, part: Examples, batch_size: int, random_seed: int | None = None) -> Batches:
        """Batches of inputs and targets; the targets of a regression in deviations from their mean."""
        y = part.y if self.classes else ((part.y - self.target_mean) / self.target_deviation).astype(np.float32)[:, None]
        return ArrayBatches((self.inputs(part.x), y), batch_size, seed=random_seed)

    def make_batches(self) -> Batches:
        """The training batches."""
        return self.batches(self.parts[0], self.batch_size, self.seed)

    def validation(self) -> Batches:
        """The batches of the held-back rows."""
        return self.batches(self.parts[1], 500)

    def introduction(self, parameters: int, path: object) -> list[str]:
        """What is trained on what, for people."""
        of = f"{len(self.classes)} classes" if self.classes else "a number"
        net = f"one hidden layer of {self.units} units" if self.model == "mlp" else "no hidden layer"
        (train, held), name = self.parts, Path(self.data).name
        return [
            f"{self.model}, {net}, {parameters:,} parameters; {len(train):,} rows of {name}, {len(held):,} held back as val",
            f"{len(self.features)} features, {self.target or 'the target'}: {of}",
            f"{self.optimizer}, learning rate {self.rate:g}, batches of {self.batch_size}, seed {self.seed}; into {path}",
        ]

    def _make_optimizer(self, model: Module) -> Optimizer:
        parameters = model.named_parameters()
        if self.optimizer == "adam":
            return Adam(parameters, self.rate)
        return SGD(parameters, self.rate, momentum=0.9 if self.optimizer == "momentum" else 0.0)


class Network(Module):
    """Linear, or linear, ReLU, linear.  Shape: (rows, features) -> (rows, outputs)."""

    def __init__(self, features: int, outputs: int, units: int) -> None:
        self.hidden = Linear(features, units) if units else None
        self.output = Linear(units or features, outputs)

    def forward(self, x: Tensor) -> Tensor:
        """Logits, or numbers."""
        y: Tensor = self.output(x if self.hidden is None else relu(self.hidden(x)))
        return y


def classified(logits: Tensor, labels: Tensor) -> Tensor:
    """The mean cross-entropy."""
    value: Tensor = mean_loss(softmax_cross_entropy(logits, labels))
    return value


def squared(prediction: Tensor, targets: Tensor) -> Tensor:
    """The mean squared error, in deviations of the target."""
    value: Tensor = mean(square(sub(prediction, targets)))
    return value


def table_of(data: str, target: str) -> tuple[NamedTable, str]:
    """A bundled table or a CSV file, and the digest of the file.  Raises: FileError, DataError; ArgumentError where no target is named."""
    if data in BUNDLED:
        found = BUNDLED[data]()
        names = tuple(f"column {k + 1}" for k in range(found.x.shape[1]))
        return NamedTable(found.x, found.y, found.classes, names), ""
    with reading(data):
        content = Path(data).read_bytes()
    first = content.split(b"\n", 1)[0].decode("utf-8", "replace").strip()
    if not target:
        raise ArgumentError(f"which column of {data} is to be predicted?", facts=(f"columns: {first[:200]}",), likely="--target COLUMN")
    return read_csv(data, target, delimiter=delimiter_of(first)), hashlib.sha256(content).hexdigest()


def delimiter_of(line: str) -> str:
    """What stands between the names of a table's first line: of comma, semicolon, tab and bar the commonest."""
    return max(",;\t|", key=line.count)


def table_recipe_of(folder: RunFolder, config: dict[str, Any]) -> TableRecipe:
    """The recipe of a run.  Raises: FileError where config.json is not one of these commands."""
    kinds = {field.name: type(field.default) for field in fields(TableRecipe)}
    given: dict[str, Any] = {name: tuple(value) if isinstance(value := config.get(name), list) else value for name in kinds}
    wrong = [f"{name}: {given[name]!r}"[:120] for name, kind in kinds.items() if type(given[name]) is not kind]
    wrong += [name for name in ("features", "classes") if not all(isinstance(each, str) for each in given[name] or ())]
    wrong += [name for name in ("means", "deviations") if not all(isinstance(each, float) for each in given[name] or ())]
    try:
        if not wrong:
            return TableRecipe(**given)
    except ArgumentError as error:
        wrong = [error.message, *error.facts]
    raise FileError(f"{folder.path / 'config.json'} does not describe a run of this command", facts=tuple(wrong))
