"""A model's data and steps where x is rows of different lengths."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, ShapeError
from gradwerk.base.trees import flatten
from gradwerk.keras.data import alone, checked_data, is_given
from gradwerk.keras.layers.inputs import as_input_array
from gradwerk.keras.layers.layer import Layer
from gradwerk.keras.masked import with_mask
from gradwerk.keras.objective import cast_of, check, targets_of, weights_of
from gradwerk.keras.rowed import Form, are_rows
from gradwerk.keras.rows.data import RaggedData, RowList, Targets
from gradwerk.keras.rows.value import Batch, Rows, closed, opened
from gradwerk.nn.configured import Configured
from gradwerk.nn.module import Module
from gradwerk.ragged.value import first_of, without_tail
from gradwerk.train.steps import Steps, Task

ONE_EACH = "a recurrent layer with return_sequences=False, or GlobalAveragePooling1D, gives one result for each row"


def takes_rows(state: Any, x: Any) -> bool:  # noqa: ANN401  a Training
    """Whether x is rows of different lengths, and the model one of sequences.

    Raises: ArgumentError for several inputs, and where steps of its own do not take them; ShapeError for sequences of one length.
    """
    model = state.model
    if not are_rows(x):
        return False
    several = model.takes_several is True and len(flatten(model.input)) > 1
    if several and hasattr(x, "row_count"):
        what = f"{model.label} takes several inputs, rows of different lengths are one"
        raise ArgumentError(what, likely="pad them: keras.utils.pad_sequences(x, padding='post', dtype='float32')")
    expected = _expected(model)
    if several or (expected is not None and (len(expected) < 2 or expected[1] is not None)):
        if not hasattr(x, "row_count"):
            return False
        raise ShapeError(
            "the model takes sequences of one length, rows of different lengths were given", facts=(f"the model's input {expected}",),
            likely=f"keras.Input({(None, *(expected or ())[2:])}) says that the length is not known",
        )  # fmt: skip
    if state.own_steps:
        raise ArgumentError(
            f"{type(model).__name__} writes steps of its own, which get arrays: rows of different lengths go without them",
            likely="pad them: keras.utils.pad_sequences(x, padding='post', dtype='float32')",
        )
    return True


def _expected(model: Any) -> Any:  # noqa: ANN401
    """The shape of the model's one input; None where nobody knows."""
    if getattr(model, "graph", None) is not None:
        return flatten(model.graph.expected)[0].shape
    return model.input_shape if getattr(model, "input_is_known", False) else None


def ragged_inputs(state: Any, x: Any) -> RowList:  # noqa: ANN401
    """x, looked at and cast; the model is built for it.  Raises: ShapeError, DataError."""
    model, rows = state.model, RowList.of(x, "x")
    expected = _expected(model)
    if expected is not None and rows.flat.ndim == 1 and expected[2:] == (1,):
        rows = replace(rows, flat=rows.flat[:, None])
    if not len(rows.flat):
        raise ShapeError("x holds no element: every row is empty")
    checked_data(rows.as_one, None, None)
    if not all(module.built for module in model.modules() if isinstance(module, Layer)):
        if expected is None and hasattr(model, "input_is_known"):
            model.build((None, None, *rows.flat.shape[1:]))
        else:
            model.build_on(as_input_array(model, rows.as_one[:, : int(rows.lengths.max())], "x"))
    fitting = model.fitted(rows.as_one)
    model.check_inputs(fitting)
    return replace(rows, flat=np.ascontiguousarray(as_input_array(model, flatten(fitting)[0], "x")[0]))


def ragged_asked(state: Any, x: Any) -> RaggedData:  # noqa: ANN401
    """Rows to predict."""
    return RaggedData(ragged_inputs(state, x))


def ragged_batch(state: Any, x: Any) -> Batch:  # noqa: ANN401
    """One batch to predict."""
    found: Batch = RaggedData(ragged_inputs(state, x)).batch()[0]
    return found


def ragged_data(state: Any, x: Any, y: Any, sample_weight: Any) -> RaggedData:  # noqa: ANN401
    """The data of a call, looked at and cast.  Raises: StateError before `compile`; ShapeError where lengths differ."""
    state.compiled()
    if y is None:
        raise ArgumentError("x and y are needed, as arrays")
    rows, outputs = ragged_inputs(state, x), state.outputs()
    if len(outputs) > 1:
        raise ArgumentError("rows of different lengths train models of one output", facts=(f"outputs: {len(outputs)}",))
    targets: Any
    if are_rows(y):
        given = RowList.of(y, "y")
        _check_lengths("y", given, rows)
        one = targets_of(given.as_one, outputs)
        check(one, outputs)
        targets = replace(given, flat=dtypes.converted(one, dtypes.named(cast_of(one, outputs)))[0])
    else:
        targets = targets_of(alone(y, "y"), outputs)
        checked_data(np.empty(len(rows), np.bool_), targets, None)
        check(targets, outputs)
        targets = dtypes.converted(targets, dtypes.named(cast_of(targets, outputs)))
    return RaggedData(rows, targets, _weights(sample_weight, rows, targets, outputs) if is_given(sample_weight) else None)


def _weights(given: Any, rows: RowList, targets: Any, outputs: Any) -> Any:  # noqa: ANN401
    """Weights of rows, or of elements where targets are theirs."""
    if are_rows(given):
        found = RowList.of(given, "sample_weight")
        _check_lengths("sample_weight", found, rows)
        if not isinstance(targets, RowList):
            raise ArgumentError("sample_weight has one for each element of a row, the targets are one for each row")
        checked_data(found.as_one, None, None)
        return replace(found, flat=dtypes.converted(found.flat, np.dtype(np.float32)))
    weights = weights_of(alone(given, "sample_weight"), outputs)
    checked_data(np.empty(len(rows), np.bool_), None, weights)
    return np.asarray(weights, np.float32)


def _check_lengths(what: str, given: RowList, x: RowList) -> None:
    """Raises: ShapeError where the rows of targets or weights are not as long as those of x."""
    if len(given) != len(x):
        raise ShapeError(f"x and {what} differ in their number of rows", facts=(f"x {len(x)}", f"{what} {len(given)}"))
    other = np.flatnonzero(given.lengths != x.lengths)
    if other.size:
        k = int(other[0])
        facts = (f"x[{k}] has {int(x.lengths[k])} elements", f"{what}[{k}] has {int(given.lengths[k])}", f"{other.size} rows differ")
        raise ShapeError(f"row {k} of {what} has another length than that of x", facts=facts)


class OfElements(Configured):
    """A loss of predictions of elements: those behind the last row do not count."""

    def __init__(self, loss: Any) -> None:  # noqa: ANN401  as a step calls it
        self.loss = loss

    def __call__(self, prediction: Rows, targets: Targets, weights: Targets | None = None) -> Any:  # noqa: ANN401
        return self.loss(in_use(prediction), targets.flat, *(() if weights is None else (weights.flat,)))


class CountOfElements(Module):
    """What a step counts of elements."""

    def __init__(self, count: Any) -> None:  # noqa: ANN401  what a metric counts
        self.count = count

    def update(self, prediction: Any, targets: Any, weights: Any = None) -> None:  # noqa: ANN401  Rows; Targets
        """Counts a batch."""
        self.count.update(in_use(prediction), targets.flat, *(() if weights is None else (weights.flat,)))

    def result(self) -> float:
        """The value so far."""
        return float(self.count.result())

    def reset(self) -> None:
        """Forgets everything."""
        self.count.reset()


def in_use(prediction: Any) -> Any:  # noqa: ANN401
    """The elements of rows, with a mask that leaves out what is behind the last.  Raises: ShapeError for what is no rows."""
    if not isinstance(prediction, Rows):
        raise ShapeError(
            "the targets are rows of different lengths, the model's output is not", facts=(f"output {tuple(prediction.shape)}",),
            likely="layers between that give a result for every step, as LSTM(..., return_sequences=True) and Dense do",
        )
    ragged = prediction.ragged
    return with_mask(without_tail(ragged, first_of(ragged)), prediction.counted)


def of_elements(model: Any, x: Any, *, training: bool) -> Any:  # noqa: ANN401
    """The model's answer, as rows where there is one for each element."""
    return model(opened(x), training=training)


def of_rows(model: Any, x: Any, *, training: bool) -> Any:  # noqa: ANN401
    """The model's answer to each row.  Raises: ShapeError where there is one for each element."""
    found = model(opened(x), training=training)
    if any(isinstance(one, Rows) for one in flatten(found)):
        raise ShapeError("the model gives a result for every step, the targets are one for each row", likely=ONE_EACH)
    return found


def answered(model: Any, x: Any, *, training: bool) -> Any:  # noqa: ANN401
    """The model's answer as Tensors alone: that to elements is a ragged value."""
    return closed(model(opened(x), training=training))


class RaggedSteps:
    """The steps of a model on rows, made of those on arrays when they are first asked for."""

    def __init__(self) -> None:
        self._made: dict[bool, tuple[Steps, Steps]] = {}
        self._asking: Steps | None = None

    def of(self, steps: Steps, form: Form, *, compiled: bool) -> Steps:
        """The steps that train and test."""
        found = self._made.get(form.of_elements)
        if found is None or found[0] is not steps:
            task = steps.task
            if form.of_elements:
                task = replace(
                    task, call=of_elements, loss=OfElements(task.loss),
                    metrics={name: CountOfElements(one) for name, one in task.metrics.items()},
                    weighted={name: CountOfElements(one) for name, one in task.weighted.items()},
                )  # fmt: skip
            else:
                task = replace(task, call=of_rows)
            found = self._made[form.of_elements] = steps, Steps(task, compiled=compiled)
        return found[1]

    def asking(self, model: Any, *, compiled: bool) -> Steps:  # noqa: ANN401
        """The steps that predict."""
        if self._asking is None:
            self._asking = Steps(Task(model, call=answered), compiled=compiled)
        return self._asking
