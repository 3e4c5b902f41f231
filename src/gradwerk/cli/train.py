"""`gradwerk train lenet5`: trains with a live line, saves after every epoch and at Ctrl-C, then evaluates and draws."""

from __future__ import annotations

import shlex
from argparse import Namespace
from dataclasses import replace
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any

from gradwerk.base.errors import ArgumentError
from gradwerk.base.settings import settings
from gradwerk.cli.recipe import Recipe, held_back, parameter_count, recipe_of
from gradwerk.cli.report import write_report
from gradwerk.data.datasets import digits
from gradwerk.io.run_folder import RunFolder
from gradwerk.nn.optimizer import Optimizer
from gradwerk.train.loop import fit
from gradwerk.train.progress import Progress
from gradwerk.train.resume import restore
from gradwerk.train.run import Events, Run
from gradwerk.train.saving import Saver
from gradwerk.train.schedule import CosineDecay
from gradwerk.train.steps import Steps

_RECIPE = ("epochs", "batch_size", "lr", "optimizer", "augment", "seed")


class Clock(Events):
    """Adds each epoch's seconds and speed to the history."""

    def on_epoch_end(self, run: Run) -> None:
        run.logs |= {"seconds": run.seconds, "images_per_second": run.speed}


def run(options: Namespace) -> int:
    """The command."""
    given = {name: value for name, value in vars(options).items() if name in _RECIPE}
    if hasattr(options, "threads"):
        settings.threads = options.threads
    recipe, folder = _resumed(options, given) if hasattr(options, "resume") else (Recipe(**given), None)
    steps = recipe.make_steps()
    start = None
    if folder is None:
        folder = RunFolder.create(getattr(options, "out", None) or _fresh_folder(), recipe.config())
    elif folder.has_checkpoint():
        start = restore(folder.load_checkpoint(), steps, recipe.describe_data())
    if start is not None and start.epoch >= recipe.epochs and folder.has_summary():
        raise ArgumentError(f"the run in {folder.path} is finished: {start.epoch} epochs", likely=f"--epochs {start.epoch + 5} trains on")
    _introduce(recipe, steps, folder, start)
    done = _train(recipe, steps, folder, start)
    print(write_report(folder, recipe, steps, done.history))
    return 0


def _resumed(options: Namespace, given: dict[str, Any]) -> tuple[Recipe, RunFolder]:
    """The recipe and folder of a stopped run.  Raises: ArgumentError where an option would make it another run."""
    folder = RunFolder.open(options.resume)
    recipe = recipe_of(folder)
    if hasattr(options, "out"):
        raise ArgumentError("--resume goes on in the run's own folder, --out names another", likely="leave --out away")
    changed = {name: value for name, value in given.items() if name != "epochs" and value != getattr(recipe, name)}
    if changed:
        facts = tuple(f"--{name.replace('_', '-')} {value}: the run has {getattr(recipe, name)}" for name, value in changed.items())
        raise ArgumentError("a resumed run keeps its options, but for --epochs and --threads", facts=facts, likely="leave the others away")
    return replace(recipe, epochs=given.get("epochs", recipe.epochs)), folder


def _fresh_folder() -> Path:
    """A folder named by the time, never one that is there."""
    name = f"lenet5-{datetime.now().astimezone():%Y%m%d-%H%M%S}"
    return next(path for number in count(1) if not (path := Path("runs") / (name if number == 1 else f"{name}-{number}")).exists())


def _introduce(recipe: Recipe, steps: Steps, folder: RunFolder, start: Run | None) -> None:
    parameters = parameter_count(dict(steps.task.model.named_parameters()))
    augmented = "augmented" if recipe.augment else "not augmented"
    print(f"LeNet-5, {parameters:,} parameters; 8,500 digits, {augmented}, 1,500 held back as val")
    print(f"{recipe.optimizer}, learning rate {recipe.rate:g}, batches of {recipe.batch_size}, seed {recipe.seed}; into {folder.path}")
    if start is not None:
        print(f"resumed in epoch {start.epoch + 1}, after {start.batch} batches")


def _train(recipe: Recipe, steps: Steps, folder: RunFolder, start: Run | None) -> Run:
    data = digits()
    optimizer = steps.task.optimizer
    hint = shlex.join(["gradwerk", "train", "lenet5", "--resume", str(folder.path)])
    saver = Saver(folder, steps, recipe.describe_data(), hint=hint)
    schedule = [CosineDecay(optimizer, recipe.rate)] if isinstance(optimizer, Optimizer) else []
    events = [Progress(unit="images"), *schedule, Clock(), saver]
    return fit(steps, recipe.make_batches(data.train), epochs=recipe.epochs, validation=held_back()[1], events=events, run=start)
