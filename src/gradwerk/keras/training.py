"""How a Keras model trains: the batches it is given, looked at, and the steps made for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError
from gradwerk.base.origin import warn
from gradwerk.base.trees import flatten, map_tree
from gradwerk.keras.data import (
    Array,
    ArrayLike,
    Data,
    alone,
    as_array,
    as_arrays,
    as_tree,
    check_given,
    checked_data,
    class_weights,
    is_given,
    one_target,
)
from gradwerk.keras.known import Known, Made
from gradwerk.keras.layers import penalties
from gradwerk.keras.layers.inputs import as_input_array
from gradwerk.keras.layers.layer import Layer
from gradwerk.keras.objective import cast_of, check, counts_of, loss_of, targets_of, weights_of
from gradwerk.keras.outputs import warn_of_outputs
from gradwerk.keras.rowed import Form, are_rows, as_answer, form_of, is_batch, shown_rows, steps_on_rows
from gradwerk.keras.stepping import OwnSteps
from gradwerk.keras.told import Told
from gradwerk.tensor.tensor import Parameter, Tensor
from gradwerk.train.steps import Steps, Task


class Training(Told):
    """What `compile` told, with the steps made of it."""

    def data(self, x: Any, y: Any, sample_weight: Any) -> Any:  # noqa: ANN401  arrays, or trees of them; Data, or RaggedData of rows
        """The arrays of a call, looked at and fitting the model.  Raises: StateError before `compile`."""
        self.compiled()
        if self.takes_rows(x):
            return steps_on_rows().ragged_data(self, x, y, sample_weight)
        if self.steps_itself:
            return Data(*self.own_parts(x, y, sample_weight))
        check_given(x, y)
        given, targets = self.arrays(x), alone(y, "y")
        weights = alone(sample_weight, "sample_weight") if is_given(sample_weight) else None
        checked_data(given, *(one if isinstance(one, np.ndarray) else None for one in (targets, weights)))
        fitting, outputs = self.fitting(given, counted=True), self.outputs()
        targets = targets_of(targets, outputs)
        weights = None if weights is None else weights_of(weights, outputs)
        if isinstance(targets, list) or isinstance(weights, list):
            checked_data(fitting, targets, weights)
        check(targets, outputs)
        return Data(fitting, targets, weights)

    def takes_rows(self, x: Any) -> bool:  # noqa: ANN401
        """Whether x is rows of different lengths, for a model of sequences.  Raises: ArgumentError, ShapeError."""
        return are_rows(x) and bool(steps_on_rows().takes_rows(self, x))

    def fitting(self, x: Any, *, counted: bool = False) -> Any:  # noqa: ANN401  arrays
        """x in the shapes and kinds that the model takes, which is built for it where it is not built yet.

        `counted` says that there is a target for each x[k], so that x is no single example.

        Raises: ShapeError naming the axis; DataError for ids that no table has.
        """
        found = self._since.found()
        if "built" not in found:
            if not all(module.built for module in self.model.modules() if isinstance(module, Layer)):
                self.model.build_on(self._cast(x))
            found["built"] = True
        x = self.model.fitted(x, counted=counted)
        self.model.check_inputs(x)
        return x

    def _cast(self, x: Any) -> Any:  # noqa: ANN401  arrays
        """Arrays as the model computes on them."""
        return map_tree(lambda array: as_input_array(self.model, array, "x"), x)

    def warn_of_frozen(self) -> None:
        """Warns where nothing is trained, as Keras does, which goes on and counts: also what was freed inside of a frozen model stays."""
        found = self._since.found()
        if "trains" in found or self.steps_itself:
            return
        if self.model.trainable_weights:
            found["trains"] = True
        elif self.model.weights:
            warn("The model does not have any trainable weights: it is frozen, and nothing is trained")

    def train_on_batch(
        self, x: ArrayLike, y: ArrayLike, sample_weight: ArrayLike, class_weight: Mapping[int, float] | None
    ) -> dict[str, float]:
        """One step on one batch."""
        found = self._since.found()
        known = self._known(found, x, y) if sample_weight is None and class_weight is None else None
        if known is not None:
            known.train_fresh(x, y)
            return known.logs()
        arrays = self.parts(x, y, sample_weight, class_weight=class_weight)
        if self.steps_itself:
            own = self.own()
            own.train_fresh(*arrays, *[None] * (3 - len(arrays)))  # as Keras gives single batches
            return own.logs()
        self.warn_of_frozen()
        steps = self.steps_for(form_of(arrays))
        self._note(found, x, y, arrays)
        steps.train_fresh(*arrays)
        return steps.logs()

    def test_on_batch(self, x: ArrayLike, y: ArrayLike, sample_weight: ArrayLike) -> dict[str, float]:
        """The means of one batch."""
        arrays = self.parts(x, y, sample_weight)
        steps = self.steps_for(form_of(arrays), training=False)
        steps.test_fresh(*arrays, *([None] * (3 - len(arrays)) if self.steps_itself else ()))
        return steps.logs()

    def predict_on_batch(self, x: ArrayLike) -> Any:  # noqa: ANN401
        """The answer to one batch."""
        answer = self.predict(self.taken(x))
        return shown(answer.numpy()) if isinstance(answer, Tensor) else shown_rows(as_answer(answer), shown)

    def predict(self, x: Any) -> Any:  # noqa: ANN401  what a step takes
        """The answer to a batch."""
        return (self.ragged_steps.asking(self.model, compiled=not self._eager) if is_batch(x) else self.steps).predict(x)

    @property
    def ragged_steps(self) -> Any:  # noqa: ANN401
        """Those on rows of different lengths."""
        if self._on_rows is None:
            self._on_rows = steps_on_rows().RaggedSteps()
        return self._on_rows

    def dtypes(self, data: Data) -> tuple[Any, ...]:
        """What x, y and weights are cast to, once they were looked at."""
        of_x = map_tree(lambda array: as_input_array(self.model, array[:0], "x").dtype, data.x)
        if self.steps_itself:
            kept = [map_tree(lambda array: array.dtype, tree) for tree in (data.y, data.weights) if tree is not None]
            return (of_x, *kept)
        return of_x, np.float32 if data.y is None else cast_of(data.y, self.outputs()), np.float32

    @property
    def steps(self) -> Steps | OwnSteps:
        """The steps, for prediction alone where the model was not compiled."""
        if "predict_step" in self.own_steps:
            return self.own()
        if self._made is not None:
            return self._made.steps
        if self._asking is None:
            self._asking = Steps(Task(self.model, call=called), compiled=not self._eager)
        return self._asking

    def steps_for(self, y: Any, *, training: bool = True) -> Steps | OwnSteps:  # noqa: ANN401  arrays
        """The steps for targets of this form: "accuracy" depends on it.  Made anew where the form, or the model's output, is another.

        Raises: StateError before `compile`; ArgumentError where they are to train, and the optimizer was built for other weights.
        """
        if isinstance(y, Form):
            steps: Steps = self.ragged_steps.of(self.steps_for(y.y, training=training), y, compiled=not self._eager)
            return steps
        if self.steps_itself:
            return self.own()
        if y is None:
            raise ArgumentError("targets are needed")
        form, found = tuple((target.ndim, target.shape[-1:] == (1,)) for target in flatten(y)), self._since.found()
        made = self._right(found)
        if made is not None and made.targets == form and (made.trains or not training):
            return made.steps
        made = self._made
        optimizer, _ = self.compiled()
        parameters = {path: p for path, p in self.model.named_parameters() if isinstance(p, Parameter)}
        trains = training or optimizer.fits(parameters)
        rule = optimizer.begin(parameters) if trains and parameters and self.model.trainable_weights else None
        output_shape = self.model.output_shape
        rules = tuple(one for weight in self.model.weights for one in rules_of(weight))
        same = made is not None and (made.targets, made.output_shape, made.rules) == (form, output_shape, rules)
        if made is None or not same or made.steps.task.optimizer is not rule:
            outputs = self.outputs()
            if len(outputs) == 1 and outputs[0].loss is not None and self.model.numbers_layers:
                warn_of_outputs(last_of(self.model), outputs[0].loss)
            self.metrics, counts, weighted = counts_of(outputs, y)
            steps = Steps(
                Task(self.model, loss_of(outputs), rule, counts, called, penalties_of, constrained, rule is None, weighted),
                compiled=not self._eager,
            )  # fmt: skip
        else:
            steps, outputs = made.steps, made.outputs
        self._made = found["made"] = Made(steps, form, output_shape, outputs, rules, trains)
        return steps

    def _known(self, found: dict[str, Any], x: ArrayLike, y: ArrayLike) -> Steps | None:
        """The steps for a batch like the last one, nothing having changed since; None where there is something to look at."""
        known: Known | None = found.get("batch")
        if known is None or known.made is not self._made or type(x) is not np.ndarray or type(y) is not np.ndarray:
            return None
        return known.made.steps if x.size and y.size and Known.form_of(x, y) == known.form else None

    def _note(self, found: dict[str, Any], x: ArrayLike, y: ArrayLike, arrays: Sequence[Array]) -> None:
        """Notes of a batch, of which `arrays` was made, that one of its form needs no look any more.

        That is so where what was found out of the form is all there is to find out: class numbers are looked at each time, and all that
        is cast is cast each time.
        """
        made = self._right(found)
        if made is None or not made.trains or "trains" not in found or len(arrays) != 2 or arrays[0] is not x or arrays[1] is not y:
            return
        if found.get("taken") == (x.shape[1:], x.dtype) and y.ndim > 1 and cast_of(y, made.outputs) == np.float32:
            found["batch"] = Known(Known.form_of(x, y), made)

    def parts(self, x: Any, y: Any, sample_weight: Any, *, class_weight: Mapping[int, float] | None = None) -> tuple[Any, ...]:  # noqa: ANN401
        """One batch as the steps take it, weighted by its classes where that is asked for.  Raises: as `fit`."""
        if self.takes_rows(x):
            found: tuple[Any, ...] = steps_on_rows().ragged_data(self, x, y, sample_weight).with_class_weights(class_weight).batch()
            return found
        if class_weight is not None:
            if is_given(sample_weight):
                raise ArgumentError("give sample_weight or class_weight, not both")
            sample_weight = class_weights(one_target(alone(y, "y")), class_weight)
        if self.steps_itself:
            return tuple(part for part in self.own_parts(x, y, sample_weight) if part is not None)
        return tuple(self._batch(x, y, sample_weight))

    def own_parts(self, x: Any, y: Any, sample_weight: Any) -> tuple[Any, Any, Any]:  # noqa: ANN401
        """x, y and weights for steps of the model's own: trees of arrays, cast and of one length.  Raises: ArgumentError, ShapeError."""
        self.compiled()
        if x is None:
            raise ArgumentError("x is needed: arrays, or what gives batches of them")
        given = self._cast(as_tree(x, "x"))
        if "train_step" not in self.own_steps:
            given = self._cast(self.fitting(given if self.model.takes_several is not False else self.arrays(given)))
        beside = ((y, "y"), (sample_weight, "sample_weight"))
        targets, weights = (None if one is None else self._cast(as_tree(one, name)) for one, name in beside)
        checked_data(given, targets, weights)
        return given, targets, weights

    def _batch(self, x: Any, y: Any, sample_weight: Any) -> list[Any]:  # noqa: ANN401  arrays, or trees of them
        """The arrays of one batch, looked at and cast.  Raises: StateError before `compile`."""
        self.compiled()
        check_given(x, y)
        given, targets = self.taken(x), alone(y, "y")
        outputs = self.outputs()
        targets = targets_of(targets, outputs)
        check(targets, outputs)
        cast = cast_of(targets, outputs)
        arrays = [given, _as_dtypes(targets, cast)]
        if not is_given(sample_weight):
            return arrays
        return [*arrays, map_tree(lambda array: array.astype(np.float32), weights_of(sample_weight, outputs))]

    def arrays(self, x: Any) -> Any:  # noqa: ANN401
        """The input as an array or a tree of them; a dict that holds the only input by its name is that one."""
        several = self.model.takes_several
        if several is False and isinstance(x, Mapping):
            name = getattr(self.model.input, "name", None)
            x = x.get(name, x)
        return as_arrays(x, "x", several=several)

    def taken(self, x: Any) -> Any:  # noqa: ANN401  arrays
        """The input of one batch, looked at and cast.

        Floats of a shape and dtype that were taken before, nothing having changed since, are taken without another look.
        """
        if self.takes_rows(x):
            return steps_on_rows().ragged_batch(self, x)
        given, found = x if type(x) is np.ndarray else self.arrays(x), self._since.found()
        if not isinstance(given, np.ndarray):
            return self._cast(self.fitting(given))
        if given.size and (given.shape[1:], given.dtype) == found.get("taken"):
            return given
        given = as_array(given, "x")
        taken = self._cast(self.fitting(given))
        if taken is given and dtypes.is_float(given.dtype):
            found["taken"] = (given.shape[1:], given.dtype)
        return taken


def called(model: Any, x: Any, *, training: bool) -> Any:  # noqa: ANN401  a Model; Tensors; what it gives
    """The model's answer, every layer told whether it trains."""
    return model(x, training=training)


def shown(array: Array) -> Array:
    """What people are given of an answer: NumPy has no bfloat16, so that is float32."""
    return dtypes.widened(array) if array.dtype == dtypes.bfloat16 else array


def penalties_of(model: Layer) -> list[Tensor]:
    """What the call that was just made, and the model's weights, add to the loss.  Nothing of it is kept."""
    found = penalties.losses_of(model)
    penalties.forget(model)
    return found


def constrained(model: Layer) -> None:
    """Brings the weights that are trained back to what their constraints allow."""
    penalties.constrain(model.trainable_weights)


def rules_of(weight: Tensor) -> list[tuple[Any, int]]:
    """The regularizer and the constraint of a weight, each with the count of its changes."""
    rules = (getattr(weight, "regularizer", None), getattr(weight, "constraint", None))
    return [(rule, getattr(rule, "__gradwerk_version__", 0)) for rule in rules]


def last_of(model: Layer) -> Layer | None:
    """The layer that gives the model's one output."""
    layers = list(model.sublayers())
    return layers[-1] if layers else None


def _as_dtypes(targets: Any, cast: Any) -> Any:  # noqa: ANN401  arrays, and a dtype for each
    if isinstance(targets, list):
        return [dtypes.converted(target, dtypes.named(dtype)) for target, dtype in zip(targets, cast, strict=True)]
    return dtypes.converted(targets, dtypes.named(cast))
