"""What `compile` asks for: a loss and metrics for each output of a model, be it one or several.

A single loss is that of every output.  A list says one for each output in order, a dict one for each of some outputs by name; an output
without a loss and metrics needs no targets.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gradwerk.base.errors import ArgumentError
from gradwerk.base.trees import flatten
from gradwerk.keras import losses
from gradwerk.keras.data import as_array
from gradwerk.keras.layers.shapes import Shapes, is_one_shape, map_shapes
from gradwerk.keras.loss_operands import lined_up
from gradwerk.keras.losses import Loss, LossLike
from gradwerk.keras.metrics import choosing
from gradwerk.keras.metrics.metric import Metric
from gradwerk.keras.options import is_number, nearest
from gradwerk.keras.outputs import check_targets, warn_of_targets
from gradwerk.nn.configured import Configured
from gradwerk.nn.module import Module
from gradwerk.tensor.tensor import Tensor
from gradwerk.train.checks import check_labels

Operand = Any
"""A Tensor or an array."""


class Adapted(Configured):
    """A Keras loss, (y_true, y_pred, weights), as the step calls it: (prediction, targets, weights).

    Targets and predictions are lined up before any loss sees them.
    """

    def __init__(self, loss: Loss) -> None:
        self.loss = loss

    def __call__(self, prediction: Tensor, targets: Tensor, weights: Tensor | None = None) -> Tensor:
        value: Tensor = self.loss(*lined_up(targets, prediction), weights)
        return value


class WeightedSum(Configured):
    """The sum of the losses of several outputs, each times its weight, as the step calls it; and each by itself."""

    def __init__(self, outputs: Sequence[Output]) -> None:
        self.terms = tuple((one.place, one.target, f"{one.name}_loss", Adapted(one.loss), one.weight) for one in outputs if one.loss)
        self.parts = tuple(name for _, _, name, _, _ in self.terms) if len(self.terms) > 1 else ()

    def __call__(self, prediction: Any, targets: Any, weights: Any = None) -> tuple[Tensor, dict[str, Tensor]]:  # noqa: ANN401
        answers, wanted = flatten(prediction), flatten(targets)
        weighing = [None] * len(wanted) if weights is None else flatten(weights)
        found = {
            name: (loss(answers[place], wanted[target], weighing[target]).mean(), weight)
            for place, target, name, loss, weight in self.terms
        }
        first, *rest = [value * weight for value, weight in found.values()]
        return sum(rest, start=first), {name: found[name][0] for name in self.parts}


class OfOutput(Module):
    """What a step counts of one output of several."""

    def __init__(self, place: int, target: int, count: Any) -> None:  # noqa: ANN401  what a metric counts
        self.place, self.target, self.count = place, target, count

    def update(self, prediction: Any, targets: Any, weights: Any = None) -> None:  # noqa: ANN401
        """Counts a batch."""
        weighing = () if weights is None else (flatten(weights)[self.target],)
        self.count.update(flatten(prediction)[self.place], flatten(targets)[self.target], *weighing)

    def result(self) -> float:
        """The value so far."""
        return float(self.count.result())

    def reset(self) -> None:
        """Forgets everything."""
        self.count.reset()


@dataclass(frozen=True)
class Output:
    """One output of a model, and what is asked of it: `place` among the outputs, `target` among the targets (-1 where there are none)."""

    name: str
    shape: tuple[int | None, ...]
    place: int
    loss: Loss | None
    weight: float = 1.0
    metrics: Sequence[Any] = field(default=())
    target: int = 0
    weighted: Sequence[Any] = field(default=())


class Objective:
    """A loss and metrics as `compile` was given them.

    Raises: ArgumentError for what is no loss, no metric, no weight, and for a metric that is called 'loss'.
    """

    def __init__(self, loss: Any, weights: Any = None, asked_metrics: Any = None, asked_weighted: Any = None) -> None:  # noqa: ANN401
        self.asked_loss: LossLike = loss
        self.asked_weights, self.asked_metrics, self.asked_weighted = weights, asked_metrics, asked_weighted
        self.losses = _each(loss, losses.reducing)
        self.weights = _each(weights, _weight)
        self.metrics, self.weighted = _metrics_made(asked_metrics), _metrics_made(asked_weighted)

    def outputs(self, shapes: Shapes, names: Sequence[str]) -> list[Output]:
        """What is asked of each output.  Raises: ArgumentError where there are fewer or others than losses, weights and metrics say."""
        found: list[tuple[int | None, ...]] = []
        map_shapes(found.append, shapes)
        chosen = _for_outputs("loss", self.losses, names, None)
        weights = _for_outputs("loss_weights", self.weights, names, 1.0)
        asked, weighted = _metrics_of(self.metrics, names), _metrics_of(self.weighted, names, "weighted_metrics")
        made: list[Output] = []
        count = 0
        for place, (shape, name) in enumerate(zip(found, names, strict=True)):
            wanted = chosen[place] is not None or bool(asked[place]) or bool(weighted[place])
            weight = 1.0 if weights[place] is None else weights[place]
            target = count if wanted else -1
            made.append(Output(name, shape, place, chosen[place], weight, asked[place], target, weighted[place]))
            count += wanted
        if not count:
            raise ArgumentError("compile gives no output a loss", facts=(f"outputs: {', '.join(names)}",))
        return made


def targets_of(y: Any, outputs: Sequence[Output], what: str = "y") -> Any:  # noqa: ANN401  an array, or a list of them
    """Targets as arrays, in the order of the outputs that need some; of a model of one output the array alone.

    Raises: ArgumentError for fewer, more or others.
    """
    wanted = [one for one in outputs if one.target >= 0]
    if len(outputs) == 1 and not isinstance(y, Mapping):
        return as_array(y, what)
    if isinstance(y, Mapping):
        missing = [one.name for one in wanted if one.name not in y]
        if missing:
            facts = (f"outputs: {', '.join(one.name for one in wanted)}", f"given:   {', '.join(map(str, y))}")
            raise ArgumentError(f"{what} has nothing for the output {missing[0]!r}", facts=facts)
        given = [y[one.name] for one in wanted]
    elif isinstance(y, (list, tuple)) and len(y) in {len(wanted), len(outputs)}:
        given = list(y) if len(y) == len(wanted) else [y[one.place] for one in wanted]
    else:
        shown = f"a list of {len(y)}" if isinstance(y, (list, tuple)) else f"a {type(y).__name__}"
        names = ", ".join(one.name for one in wanted)
        raise ArgumentError(f"the model has {len(wanted)} outputs to be trained, {what} is {shown}", facts=(f"outputs: {names}",))
    found = [as_array(one, f"{what}[{k}]") for k, one in enumerate(given)]
    return found if len(outputs) > 1 else found[0]


def weights_of(given: Any, outputs: Sequence[Output]) -> Any:  # noqa: ANN401
    """Sample weights for each target; one array is that of all, None in a list or dict is 1 for each example.  Raises: as `targets_of`."""
    if isinstance(given, (Mapping, list, tuple)) and (some := _first_given(given)) is not None:
        ones = np.ones(len(some), np.float32)
        if isinstance(given, Mapping):
            given = {one.name: ones if (weight := given.get(one.name)) is None else weight for one in outputs}
        else:
            given = [ones if one is None else one for one in given]
    if len(outputs) == 1 or isinstance(given, (Mapping, list, tuple)):
        return targets_of(given, outputs, "sample_weight")
    array = as_array(given, "sample_weight")
    return [array for one in outputs if one.target >= 0]


def _first_given(weights: Any) -> Any:  # noqa: ANN401
    """The first array where some are None, or left out of a dict; None where a list says all."""
    held = list(weights.values()) if isinstance(weights, Mapping) else list(weights)
    arrays = [one for one in held if one is not None and np.ndim(one)]
    return arrays[0] if arrays and (isinstance(weights, Mapping) or len(arrays) < len(held)) else None


def check(y: Any, outputs: Sequence[Output]) -> None:  # noqa: ANN401  targets as `targets_of` gives them
    """Refuses targets that do not fit outputs and losses.  Raises: ShapeError, DataError, DTypeError."""
    given = flatten(y)
    for one in outputs:
        if one.loss is not None:
            target = given[one.target]
            check_targets(one.shape, one.loss, target)
            if losses.is_sparse(one.loss):
                check_labels(target, int(one.shape[-1] or 0), "y" if len(outputs) == 1 else f"y of {one.name}")


def cast_of(y: Any, outputs: Sequence[Output]) -> Any:  # noqa: ANN401
    """What targets are cast to once they were looked at: class numbers to int32, all else to float32."""
    sparse = [one.loss is not None and losses.is_sparse(one.loss) for one in outputs if one.target >= 0]
    found = [np.dtype(np.int32 if is_sparse else np.float32) for is_sparse in sparse]
    return found if isinstance(y, list) else found[0]


def loss_of(outputs: Sequence[Output]) -> Any:  # noqa: ANN401  as the step calls it
    """What a step minimises."""
    first = outputs[0].loss
    return Adapted(first) if len(outputs) == 1 and first is not None else WeightedSum(outputs)


def counts_of(outputs: Sequence[Output], y: Any) -> tuple[list[Metric], dict[str, Any], dict[str, Any]]:  # noqa: ANN401
    """The metrics, and what a step counts of them by name, unweighted and weighted; those of one output of several begin with its name."""
    given, several = flatten(y), len(outputs) > 1
    made: list[Metric] = []
    plain: dict[str, Any] = {}
    weighted: dict[str, Any] = {}
    for one in outputs:
        if one.target < 0:
            continue
        if one.loss is not None:
            warn_of_targets(one.loss, given[one.target])
        for asked, counts in ((one.metrics, plain), (one.weighted, weighted)):
            found = choosing.chosen(asked, given[one.target].shape, one.shape)
            made += found
            for metric in found:
                count = metric._gradwerk_count
                before, taken = f"{one.name}_" if several else "", (*plain, *weighted)
                name = f"{before}{metric.name}"
                if counts is weighted and name in taken:  # Keras' name for what is counted both ways
                    name = f"{before}weighted_{metric.name}"
                counts[_numbered(name, taken)] = OfOutput(one.place, one.target, count) if several else count
    return made, plain, weighted


def _numbered(name: str, taken: Sequence[str]) -> str:
    """The name, or the next that is free: of two metrics of one name the second has a number."""
    return name if name not in taken else next(new for k in itertools.count(1) if (new := f"{name}_{k}") not in taken)


def names_of(shapes: Shapes, known: Sequence[str] | None) -> list[str]:
    """The outputs' names: those that layers give them, else their keys in a dict, else output_1, output_2."""
    if known is not None:
        return list(known)
    if is_one_shape(shapes):
        return ["output"]
    if isinstance(shapes, dict):
        inside = {name: ["output"] if is_one_shape(part) else names_of(part, None) for name, part in shapes.items()}
        return [f"{name}_{one}" if len(inside[name]) > 1 else name for name in inside for one in inside[name]]
    names = [["output"] if is_one_shape(part) else names_of(part, None) for part in shapes]
    return [f"output_{k + 1}_{one}" if len(part) > 1 else f"output_{k + 1}" for k, part in enumerate(names) for one in part]


def _each(given: Any, made: Any) -> Any:  # noqa: ANN401
    """`made` of each entry of a list or dict, or of what is given; None stays."""
    if isinstance(given, Mapping) and not {"class_name", "config"} <= given.keys():
        return {name: None if one is None else made(one) for name, one in given.items()}
    if isinstance(given, (list, tuple)):
        return [None if one is None else made(one) for one in given]
    return None if given is None else made(given)


def _weight(given: object) -> float:
    if not is_number(given):
        raise ArgumentError(f"loss_weights are numbers, this is {given!r}")
    return float(given)


def _metrics_made(asked: Any) -> Any:  # noqa: ANN401
    """The metrics that are asked for: a list, a list with a list for each output, or a dict of lists.  Raises: ArgumentError."""
    if asked is None:
        return []
    if isinstance(asked, Mapping):
        return {name: _metrics_made(_as_list(part)) for name, part in asked.items()}
    if not isinstance(asked, (list, tuple)):
        likely = f"metrics=[{asked!r}]" if isinstance(asked, str) else ""
        raise ArgumentError(f"metrics is a list, this is {asked!r}", likely=likely)
    if any(one is None or isinstance(one, (list, tuple)) for one in asked):
        return [_metrics_made(_as_list(part)) for part in asked]
    return list(choosing.made(asked))


def _as_list(part: Any) -> list[Any]:  # noqa: ANN401
    """The metrics of one output; one alone is a list of it."""
    if part is None:
        return []
    return list(part) if isinstance(part, (list, tuple)) else [part]


def _for_outputs(what: str, given: Any, names: Sequence[str], default: Any) -> list[Any]:  # noqa: ANN401
    """One for each output."""
    if isinstance(given, Mapping):
        _check_names(what, given, names)
        return [given.get(name, default) for name in names]
    if isinstance(given, list):
        if len(given) != len(names):
            facts = (f"outputs: {', '.join(names)}",)
            raise ArgumentError(f"{what} lists {len(given)}, the model has {len(names)} outputs", facts=facts)
        return given
    return [default if given is None else given] * len(names)


def _metrics_of(asked: Any, names: Sequence[str], what: str = "metrics") -> list[list[Any]]:  # noqa: ANN401
    """The metrics of each output."""
    if len(names) == 1 and isinstance(asked, list) and not any(isinstance(part, list) for part in asked):
        return [asked]
    if isinstance(asked, Mapping):
        _check_names(what, asked, names)
        return [asked.get(name, []) for name in names]
    if asked and len(asked) != len(names):
        raise ArgumentError(
            f"{what} lists {len(asked)}, the model has {len(names)} outputs", facts=(f"outputs: {', '.join(names)}",),
            likely=f"{what}={ {names[0]: list(asked)} } for one of them" if all(isinstance(one, str) for one in asked) else "",
        )  # fmt: skip
    return [_as_list(one) for one in asked] if asked else [[] for _ in names]


def _check_names(what: str, given: Mapping[str, Any], names: Sequence[str]) -> None:
    for name in given:
        if name not in names:
            facts = (f"outputs: {', '.join(names)}",)
            raise ArgumentError(f"{what}: the model has no output {name!r}", facts=facts, likely=nearest(str(name), names))

