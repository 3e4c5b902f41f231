"""`gradwerk train MODEL`: trains with a live line, saves after every epoch and at Ctrl-C, then evaluates and draws."""

from __future__ import annotations

import sys
from argparse import Namespace
from dataclasses import replace
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any

from gradwerk.base.errors import ArgumentError, FileError
from gradwerk.base.screen import Screen, say
from gradwerk.base.settings import settings
from gradwerk.cli.recipe import Recipe, parameter_count, recipe_of
from gradwerk.cli.report import write_report
from gradwerk.cli.table_recipe import BUNDLED, TableRecipe
from gradwerk.cli.table_recipe import MODELS as TABLE_MODELS
from gradwerk.cli.table_report import write_table_report
from gradwerk.cli.terminal import silence
from gradwerk.cli.typed import resume_command
from gradwerk.io.run_folder import RunFolder
from gradwerk.nn.optimizer import Optimizer
from gradwerk.train.interrupt import ENDINGS
from gradwerk.train.loop import Interrupted, fit
from gradwerk.train.progress import Progress
from gradwerk.train.resume import capture, restore
from gradwerk.train.run import Events, Run
from gradwerk.train.saving import Saver
from gradwerk.train.schedule import CosineDecay
from gradwerk.train.steps import Steps

_RECIPE = ("epochs", "batch_size", "lr", "optimizer", "augment", "seed", "data", "target", "units")
_OF_TABLES, _OF_IMAGES = ("data", "target", "units"), ("augment",)


class Clock(Events):
    """Adds each epoch's seconds and speed to the history; `unit` names what is counted."""

    def __init__(self, unit: str) -> None:
        self.unit = unit

    def on_epoch_end(self, run: Run) -> None:
        run.logs |= {"seconds": run.seconds, f"{self.unit}_per_second": run.speed}


def run(options: Namespace) -> int:
    """The command.  What it says may be lost, what it trains is not."""
    given = {name: value for name, value in vars(options).items() if name in _RECIPE}
    if hasattr(options, "threads"):
        settings.threads = options.threads
    settings.check_all()
    folder, start, recipe, steps = (_resumed if hasattr(options, "resume") else _fresh)(options, given)
    screen = Screen(sys.stdout)
    try:
        screen.write(_introduction(recipe, steps, folder, start))
        done = _train(recipe, steps, folder, start)
        screen.write(_reported(folder, recipe, steps, done) + "\n")
    except Interrupted:  # has said so already
        raise
    except KeyboardInterrupt:
        say("\ngradwerk: " + "; ".join(["stopped", *_how_to_go_on(folder)]))
        raise Interrupted from None
    except FileError:
        if hint := "; ".join(_how_to_go_on(folder)):
            say(f"\ngradwerk: {hint}")
        raise
    finally:
        folder.close()
        if screen.broken:  # what it holds would fail again when the process ends
            silence(sys.stdout)
    return 0


def _how_to_go_on(folder: RunFolder) -> tuple[str, ...]:
    """What is there of a run that was broken off, and the command that goes on with it; nothing where the folder is gone."""
    if not folder.is_in_place():
        return ()
    saved = "what was saved last is whole" if folder.has_checkpoint() else "no epoch is saved yet"
    return saved, f"go on with: {resume_command(folder.path)}"


def _fresh(options: Namespace, given: dict[str, Any]) -> tuple[RunFolder, None, Recipe | TableRecipe, Steps]:
    """A new run."""
    if options.model is None:
        raise ArgumentError("which model is to be trained?", likely="gradwerk train lenet5")
    recipe = _asked_for(options.model, given)
    steps = recipe.make_steps()
    return RunFolder.create(getattr(options, "out", None) or _fresh_folder(options.model), recipe.config()), None, recipe, steps


def _asked_for(model: str, given: dict[str, Any]) -> Recipe | TableRecipe:
    """The recipe of a new run.  Raises: ArgumentError for options of other models; what is wrong with a table."""
    others = [name for name in (_OF_IMAGES if model in TABLE_MODELS else _OF_TABLES) if name in given]
    if others:
        raise ArgumentError(f"--{others[0]} is no option of {model}", likely="leave it away")
    if model not in TABLE_MODELS:
        return Recipe(**given)
    if "data" not in given:
        raise ArgumentError(f"{model} trains on a table: which?", likely="--data FILE.csv --target COLUMN, or --data iris")
    if given["data"] in BUNDLED and "target" in given:
        raise ArgumentError(f"--target is no option of the bundled table {given['data']}", likely="leave it away")
    if model == "perceptron" and "units" in given:
        raise ArgumentError("a perceptron has no hidden layer, and so no --units", likely="gradwerk train mlp")
    if given["data"] not in BUNDLED:  # a run goes on from any folder
        given = given | {"data": str(Path(given["data"]).absolute())}
    return TableRecipe(model, **given).measured()


def _reported(folder: RunFolder, recipe: Recipe | TableRecipe, steps: Steps, done: Run) -> str:
    """Writes the report; what to print at the end."""
    if isinstance(recipe, TableRecipe):
        return write_table_report(folder, recipe, steps, done.history)
    return write_report(folder, recipe, steps, done.history)


def _resumed(options: Namespace, given: dict[str, Any]) -> tuple[RunFolder, Run | None, Recipe | TableRecipe, Steps]:
    """A stopped run.  Raises: ArgumentError where an option would make it another run, or it is finished."""
    folder = RunFolder.resume(options.resume)
    recipe = asked_first = recipe_of(folder)
    if hasattr(options, "out"):
        raise ArgumentError("--resume goes on in the run's own folder, --out names another", likely="leave --out away")
    unknown = [name for name in given if not hasattr(recipe, name)]
    if unknown:
        raise ArgumentError(f"--{unknown[0]} is no option of the model in {folder.path}", likely="leave it away")
    if "data" in given and given["data"] not in BUNDLED:
        given = given | {"data": str(Path(given["data"]).absolute())}
    changed = {name: value for name, value in given.items() if name != "epochs" and value != getattr(recipe, name)}
    if changed:
        facts = tuple(f"--{name.replace('_', '-')} {value}: the run has {getattr(recipe, name)}" for name, value in changed.items())
        raise ArgumentError("a resumed run keeps its options, but for --epochs and --threads", facts=facts, likely="leave the others away")
    steps = recipe.make_steps()
    start = restore(folder.load_checkpoint(), steps, recipe.describe()) if folder.has_checkpoint() else None
    epochs = given.get("epochs", start.epochs if start else recipe.epochs)
    if start is not None and epochs < start.epoch + (start.batch > 0):
        raise ArgumentError(f"the run in {folder.path} has done more than {epochs} epochs", facts=(f"{start.epoch} are done",))
    if start is not None and start.epoch == epochs and folder.is_reported():
        raise ArgumentError(f"the run in {folder.path} is finished: {start.epoch} epochs", likely=f"--epochs {start.epoch + 5} trains on")
    if epochs != recipe.epochs:
        recipe = replace(recipe, epochs=epochs)
    if start is not None and epochs != start.epochs:  # so that a run that is killed at once still knows what was asked for last
        start.epochs = epochs
        folder.save_checkpoint(capture(steps, start, recipe.describe()))
    if recipe != asked_first:
        folder.write_config(recipe.config())
    return folder, start, recipe, steps


def _fresh_folder(model: str) -> Path:
    """A folder named by the time, made here and now: of several runs that begin in one second each gets one of its own."""
    name = f"{model}-{datetime.now().astimezone():%Y%m%d-%H%M%S}"
    for number in count(1):
        path = Path("runs") / (name if number == 1 else f"{name}-{number}")
        try:
            path.mkdir(parents=True)
        except FileExistsError:
            continue
        except OSError:  # the run folder says why
            break
        break
    return path


def _introduction(recipe: Recipe | TableRecipe, steps: Steps, folder: RunFolder, start: Run | None) -> str:
    lines = recipe.introduction(parameter_count(dict(steps.task.model.named_parameters())), folder.path)
    if start is not None:
        place = f"in epoch {start.epoch + 1}, after {start.batch} batches" if start.epoch < recipe.epochs else "to report"
        lines.append(f"resumed {place}")
    return "\n".join(lines) + "\n"


def _train(recipe: Recipe | TableRecipe, steps: Steps, folder: RunFolder, start: Run | None) -> Run:
    optimizer = steps.task.optimizer
    saver = Saver(folder, steps, recipe.describe(), hint=resume_command(folder.path))
    schedule = [CosineDecay(optimizer, recipe.rate)] if isinstance(optimizer, Optimizer) else []
    return fit(
        steps, recipe.make_batches(), epochs=recipe.epochs, validation=recipe.validation(), run=start, ended_by=ENDINGS,
        events=[Progress(unit=recipe.unit), *schedule, Clock(recipe.unit), saver],
    )  # fmt: skip
