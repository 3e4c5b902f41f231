"""A run as a checkpoint, and back: what is resumed goes on with the same bits as if it had never stopped.

tensors   model.*      parameters and buffers          optimizer.*   learning rate, step count, slots
means.*      the running means               random.*      seed and counter of every generator
record    run          position, logs, history         options       what decides how it goes on: batches, rule, rates
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, FileError
from gradwerk.io.checkpoint import Checkpoint
from gradwerk.nn.module import Module
from gradwerk.tensor.random import Generator, default_generator
from gradwerk.tensor.tensor import Tensor
from gradwerk.train.run import Run
from gradwerk.train.steps import Steps

_KEPT = ("epochs", "batches", "epoch", "batch", "logs", "history", "examples", "seconds")


def capture(steps: Steps, run: Run, options: Mapping[str, Any]) -> Checkpoint:
    """Everything that decides how the run goes on.  `options` says what else does, as JSON can hold it: the batches' sizes and seed."""
    tensors = {path: np.array(tensor.numpy()) for path, tensor in _tensors(steps)}
    return Checkpoint(tensors, {"run": {name: getattr(run, name) for name in _KEPT}, "options": dict(options)})


def restore(checkpoint: Checkpoint, steps: Steps, options: Mapping[str, Any]) -> Run:
    """Puts everything back; the run to go on with.

    Raises: ArgumentError where the model, the optimizer or the options are not those of the checkpoint; FileError for a damaged record.
    Nothing is changed unless everything fits.
    """
    own, run = dict(_tensors(steps)), _run_of(checkpoint)
    check_options(checkpoint, options)
    missing, unknown = sorted(own.keys() - checkpoint.tensors.keys()), sorted(checkpoint.tensors.keys() - own.keys())
    other = [path for path in own.keys() & checkpoint.tensors.keys() if not _fits(own[path], checkpoint.tensors[path])]
    if missing or unknown or other:
        facts = [f"only here                {path}" for path in missing] + [f"only in the checkpoint   {path}" for path in unknown]
        facts += [f"{path}: here {_kind(own[path])}, checkpoint {_kind(checkpoint.tensors[path])}" for path in sorted(other)]
        raise ArgumentError(
            "the checkpoint is of another model, optimizer or set of metrics",
            facts=tuple(facts[:8]),
            likely="resume with the options the run was started with; they stand in its config.json",
        )
    for path, tensor in own.items():
        tensor.assign(dtypes.converted(np.asarray(checkpoint.tensors[path]), tensor.dtype))
    return run


def load_model(checkpoint: Checkpoint, model: Module) -> None:
    """Only the model's part of a checkpoint, for predicting and evaluating.

    Raises: ArgumentError, ShapeError where it is another model's.
    """
    model.load_state({path.removeprefix("model."): array for path, array in checkpoint.tensors.items() if path.startswith("model.")})


def generators_of(model: Module) -> Iterator[tuple[str, Generator]]:
    """The default generator and those that modules hold, by path."""
    yield "default", default_generator()
    for path, module in model.named_modules():
        for name, value in vars(module).items():
            if isinstance(value, Generator):
                yield f"{path}.{name}" if path else name, value


def _tensors(steps: Steps) -> Iterator[tuple[str, Tensor]]:
    """Every Tensor of a run by its path in the checkpoint."""
    task = steps.task
    parts: list[tuple[str, Module]] = [("model", task.model)]
    if task.optimizer is not None:
        parts.append(("optimizer", task.optimizer))
    parts += [(f"means.{name}", mean) for name, mean in steps.means.items() if isinstance(mean, Module)]
    for prefix, module in parts:
        for path, tensor in module.state().items():
            yield f"{prefix}.{path}", tensor
    for path, generator in generators_of(task.model):
        yield f"random.{path}.seed", generator.seed
        yield f"random.{path}.counter", generator.counter


def check_options(checkpoint: Checkpoint, now: Mapping[str, Any]) -> None:
    """Other options would give other bits.  Raises: ArgumentError where they are not those that the checkpoint was saved with."""
    then = checkpoint.record.get("options")
    if then == dict(now):
        return
    before = then if isinstance(then, dict) else {}
    changed = [key for key in {**before, **now} if before.get(key) != now.get(key)]
    raise ArgumentError(
        f"the run was started with other options: {', '.join(changed)}",
        facts=tuple(f"{key}: then {before.get(key)}, now {now.get(key)}" for key in changed),
        likely="resume with the options the run was started with; its config.json was changed if they stand there",
    )


def _fits(tensor: Tensor, array: np.ndarray[Any, Any]) -> bool:
    return _kind(tensor) == _kind(array)


def _kind(value: Any) -> str:  # noqa: ANN401  a Tensor or an array
    return f"{tuple(value.shape)} {dtypes.name(value.dtype)}"


def _run_of(checkpoint: Checkpoint) -> Run:
    """The position in the record, each part of its type and within its bounds."""
    record = checkpoint.record.get("run")
    if not isinstance(record, dict) or set(record) != set(_KEPT):
        raise FileError(
            "the checkpoint does not say where the run stood", likely="it was not written by a training run; only its weights can be used"
        )
    counts = {name: record[name] for name in ("epochs", "batches", "epoch", "batch", "examples")}
    wrong = [f"{name}: {value!r}" for name, value in counts.items() if type(value) is not int or not 0 <= value < 2**53]
    if not wrong:
        wrong += [f"epoch {record['epoch']} of {record['epochs']}"] * (record["epoch"] > record["epochs"] or record["epochs"] < 1)
        wrong += [f"batch {record['batch']} of {record['batches']}"] * (record["batch"] >= record["batches"])
    if not _is_number(record["seconds"]) or not 0 <= record["seconds"] < math.inf:
        wrong.append(f"seconds: {record['seconds']!r}")
    if not _is_logs(record["logs"]):
        wrong.append("logs: not numbers by name")
    if not isinstance(record["history"], list) or not all(map(_is_logs, record["history"])) or len(record["history"]) != record["epoch"]:
        wrong.append("history: not one row of numbers for each epoch done")
    if wrong:
        raise FileError("the checkpoint says what cannot be of where the run stood", facts=tuple(wrong), likely="use an earlier checkpoint")
    return Run(**{field.name: record[field.name] for field in fields(Run) if field.name in record})


def _is_number(value: object) -> bool:
    """Whether it is one that a float can hold."""
    return isinstance(value, float) or (type(value) is int and abs(value) < 2**53)


def _is_logs(value: object) -> bool:
    return isinstance(value, dict) and all(map(_is_number, value.values()))
