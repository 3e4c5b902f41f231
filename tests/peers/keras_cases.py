"""Layers, losses, optimizers and a small net of Keras, in either namespace, and what is recorded of Keras 3.15.1 on TensorFlow.

As in layer_cases.py: float64 answers, and Keras' own largest error in float32, which bounds ours.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tests.keras_api.cases import CASES
from tests.peers.layer_cases import Array, drawn, error

LABELS = np.array([0, 2, 1, 1, 0, 2])
SCORES = drawn("keras scores", (6, 3))
SHARES = np.exp(SCORES) / np.exp(SCORES).sum(1, keepdims=True)
BITS = (drawn("keras bits", (6, 3)) > 0).astype(np.float64)
EACH = np.array([1.0, 2.0, 0.5, 0.0, 1.0, 3.0])
ONE_HOT = np.eye(3)[LABELS]

LAYERS = {case.name: case for case in CASES if not (case.draws or case.former or case.first or case.narrow)}
"""TensorFlow has no channels first on CPUs, and some poolings in float32 alone: test_keras.py compares these with another backend."""
LOSSES: dict[str, tuple[str, dict[str, Any], Array, Array, bool]] = {
    "sparse, logits": ("SparseCategoricalCrossentropy", {"from_logits": True}, LABELS, SCORES, False),
    "sparse, weighted": ("SparseCategoricalCrossentropy", {}, LABELS, SHARES, True),
    "categorical": ("CategoricalCrossentropy", {"reduction": "sum"}, ONE_HOT, SHARES, False),
    "categorical, logits": ("CategoricalCrossentropy", {"from_logits": True}, ONE_HOT, SCORES, True),
    "binary": ("BinaryCrossentropy", {}, BITS, SHARES, True),
    "binary, logits": ("BinaryCrossentropy", {"from_logits": True, "reduction": "none"}, BITS, SCORES, False),
    "squared": ("MeanSquaredError", {}, BITS, SCORES, True),
    "absolute": ("MeanAbsoluteError", {}, BITS, SCORES, False),
    "sparse, an ignored class": ("SparseCategoricalCrossentropy", {"from_logits": True, "ignore_class": 1}, LABELS, SCORES, True),
    "sparse, an ignored class of shares": ("SparseCategoricalCrossentropy", {"ignore_class": 2}, LABELS, SHARES, False),
    "categorical, smoothed": ("CategoricalCrossentropy", {"label_smoothing": 0.2}, ONE_HOT, SHARES, False),
    "categorical, focal": ("CategoricalFocalCrossentropy", {"alpha": 0.4, "gamma": 1.5}, ONE_HOT, SHARES, True),
    "categorical, focal logits": ("CategoricalFocalCrossentropy", {"from_logits": True, "label_smoothing": 0.1}, ONE_HOT, SCORES, False),
    "binary, smoothed": ("BinaryCrossentropy", {"from_logits": True, "label_smoothing": 0.1}, BITS, SCORES, False),
    "binary, focal": ("BinaryFocalCrossentropy", {"gamma": 3.0, "label_smoothing": 0.1}, BITS, SHARES, False),
    "binary, balanced focal logits": ("BinaryFocalCrossentropy", {"apply_class_balancing": True, "from_logits": True}, BITS, SCORES, True),
    "percentage": ("MeanAbsolutePercentageError", {}, SCORES, SHARES, False),
    "squared logarithmic": ("MeanSquaredLogarithmicError", {}, SHARES, SCORES, True),
    "huber": ("Huber", {"delta": 0.7}, BITS, SCORES, False),
    "log cosh": ("LogCosh", {}, BITS, SCORES, True),
    "poisson": ("Poisson", {}, BITS, SHARES, False),
    "hinge": ("Hinge", {}, BITS, SCORES, False),
    "hinge of signs": ("Hinge", {}, 2 * BITS - 1, SCORES, True),
    "squared hinge": ("SquaredHinge", {"reduction": "sum"}, BITS, SCORES, False),
    "categorical hinge": ("CategoricalHinge", {}, ONE_HOT, SCORES, False),
    "divergence": ("KLDivergence", {}, SHARES[::-1], SHARES, True),
    "cosine": ("CosineSimilarity", {}, SHARES, SCORES, True),
    "cosine of columns": ("CosineSimilarity", {"axis": 0, "reduction": "none"}, SHARES, SCORES, False),
}
OPTIMIZERS: dict[str, tuple[str, dict[str, Any]]] = {
    "sgd": ("SGD", {"learning_rate": 0.1}), "momentum": ("SGD", {"learning_rate": 0.05, "momentum": 0.9}),
    "nesterov": ("SGD", {"learning_rate": 0.05, "momentum": 0.8, "nesterov": True}), "adam": ("Adam", {"learning_rate": 0.01}),
    "adam, other numbers": ("Adam", {"learning_rate": 0.01, "beta_1": 0.8, "beta_2": 0.99, "epsilon": 1e-4}),
    "rmsprop": ("RMSprop", {"learning_rate": 0.01}), "rmsprop, centered": ("RMSprop", {"learning_rate": 0.01, "centered": True}),
    "rmsprop, momentum": ("RMSprop", {"learning_rate": 0.01, "rho": 0.8, "momentum": 0.5, "centered": True, "epsilon": 1e-4}),
    "adagrad": ("Adagrad", {"learning_rate": 0.1, "initial_accumulator_value": 0.05, "epsilon": 1e-3}),
    "adadelta": ("Adadelta", {"learning_rate": 1.0, "rho": 0.9, "epsilon": 1e-3}),
    "adamax": ("Adamax", {"learning_rate": 0.05, "beta_2": 0.9}), "nadam": ("Nadam", {"learning_rate": 0.05, "beta_2": 0.9}),
    "lamb": ("Lamb", {"learning_rate": 0.05, "beta_2": 0.9}), "lion": ("Lion", {"learning_rate": 0.02, "beta_1": 0.8}),
    "ftrl": ("Ftrl", {"learning_rate": 0.1, "l1_regularization_strength": 0.05, "beta": 0.1}),
    "ftrl, other numbers": (
        "Ftrl", {"learning_rate": 0.2, "learning_rate_power": -0.4, "l2_regularization_strength": 0.1,
                 "l2_shrinkage_regularization_strength": 0.02},
    ),
    "amsgrad": ("Adam", {"learning_rate": 0.05, "amsgrad": True, "beta_2": 0.9}),
    "adamw": ("AdamW", {"learning_rate": 0.05, "beta_2": 0.9}),
    "adamw, other numbers": ("AdamW", {"learning_rate": 0.05, "beta_2": 0.9, "weight_decay": 0.3}),
}  # fmt: skip
"""Keras rounds beta_2 to float32, in float64 too: of 0.999 its steps are 7e-6 off, in both, which larger rates would show."""
AROUND: dict[str, dict[str, Any]] = {
    "decay": {"weight_decay": 0.1}, "norm": {"clipnorm": 0.3}, "value": {"clipvalue": 0.05}, "global norm": {"global_clipnorm": 0.5},
    "average": {"use_ema": True, "ema_momentum": 0.7}, "written": {"use_ema": True, "ema_momentum": 0.7, "ema_overwrite_frequency": 3},
    "all": {"weight_decay": 0.1, "global_clipnorm": 0.5, "use_ema": True, "ema_momentum": 0.6, "ema_overwrite_frequency": 2},
}  # fmt: skip
SCHEDULES: dict[str, tuple[str, dict[str, Any]]] = {
    "exponential": ("ExponentialDecay", {"decay_steps": 3, "decay_rate": 0.7}),
    "stairs": ("ExponentialDecay", {"decay_steps": 2, "decay_rate": 0.5, "staircase": True}),
    "inverse": ("InverseTimeDecay", {"decay_steps": 2, "decay_rate": 0.5}),
    "inverse stairs": ("InverseTimeDecay", {"decay_steps": 2, "decay_rate": 0.5, "staircase": True}),
    "pieces": ("PiecewiseConstantDecay", {"boundaries": [0, 2, 3], "values": [0.1, 0.05, 0.2, 0.01]}),
    "polynomial": ("PolynomialDecay", {"decay_steps": 3, "end_learning_rate": 0.01, "power": 2.0}),
    "cycle": ("PolynomialDecay", {"decay_steps": 2, "end_learning_rate": 0.01, "cycle": True}),
    "cosine": ("CosineDecay", {"decay_steps": 4, "alpha": 0.1}),
    "warm-up": ("CosineDecay", {"decay_steps": 3, "alpha": 0.1, "warmup_target": 0.2, "warmup_steps": 2}),
    "restarts": ("CosineDecayRestarts", {"first_decay_steps": 2, "m_mul": 0.8, "alpha": 0.1}),
    "equal restarts": ("CosineDecayRestarts", {"first_decay_steps": 2, "t_mul": 1.0}),
}  # fmt: skip
OPTIMIZERS |= {
    f"{rule}, {name}": (OPTIMIZERS[rule][0], OPTIMIZERS[rule][1] | options)
    for rule in ("nesterov", "amsgrad", "rmsprop, momentum") for name, options in AROUND.items()
}  # fmt: skip
OPTIMIZERS |= {f"sgd, {name}": ("SGD", {"learning_rate": name}) for name in SCHEDULES}
ACTIVATIONS: dict[str, dict[str, Any]] = {
    **{name: {} for name in (
        "linear", "relu", "tanh", "sigmoid", "softmax", "log_softmax", "exponential", "leaky_relu", "relu6", "elu", "celu", "selu", "gelu",
        "silu", "mish", "softplus", "softsign", "hard_sigmoid", "hard_silu", "hard_tanh", "hard_shrink", "soft_shrink", "tanh_shrink",
        "glu", "log_sigmoid", "sparse_plus", "sparse_sigmoid", "squareplus",
    )},
    "threshold": {"threshold": 0.3, "default_value": -2.0},
}  # fmt: skip
GIVEN: dict[str, tuple[str, dict[str, Any]]] = {name: (name, options) for name, options in ACTIVATIONS.items()} | {
    "relu, options": ("relu", {"negative_slope": 0.2, "max_value": 1.5, "threshold": 0.5}), "relu, bound": ("relu", {"max_value": 6.0}),
    "elu, alpha": ("elu", {"alpha": 0.3}), "celu, alpha": ("celu", {"alpha": 0.3}), "gelu, approximate": ("gelu", {"approximate": True}),
    "softmax, axis": ("softmax", {"axis": 0}), "squareplus, b": ("squareplus", {"b": 1.0}),
    "glu, axis": ("glu", {"axis": 0}),
}
"""Calls of activations.  Not sparsemax: Keras' does not add up to 1 (ops/pieces.py)."""
Differentiate = Callable[[Callable[..., Any], list[Any]], tuple[list[Any], list[Any]]]
"""(function, arguments) to its results and the gradients of its first result, which is one number."""


def weights_for(layer: Any, name: str, dtype: str) -> list[Array]:
    """The layer's weights, from a seed."""
    found = []
    for k, w in enumerate(layer.weights):
        numbers = drawn(f"{name} {k}", tuple(w.shape))
        found.append((0.3 + 0.1 * np.abs(numbers) if numbers.ndim == 1 else 0.4 * numbers).astype(dtype))
    return found


def layer_inputs(name: str, dtype: str) -> list[Array]:
    """Five examples of each input."""
    case = LAYERS[name]
    several = case.inside if isinstance(case.inside, list) else [case.inside]
    arrays = [drawn(f"x {name}{f' {k}' if k else ''}", (5, *extents)) for k, extents in enumerate(several)]
    return [(np.abs(x) * 10).astype(np.int32) % case.integers if case.integers else x.astype(dtype) for x in arrays]


def layer_results(layer: Any, xs: list[Any], total_of: Callable[[Any, Array], Any], *, training: bool) -> tuple[Any, Any]:
    """The weighted sum, and what it is the sum of; of several inputs the layer takes a list."""
    y = layer(xs if len(xs) > 1 else xs[0], training=training)
    return total_of(y, drawn("ct", tuple(y.shape))), y


def lenet(keras: Any) -> Any:
    """A small net of images, compiled with SGD: Adam makes steps of rounding noise."""
    layers = keras.layers
    model = keras.Sequential([
        keras.Input((10, 10, 1)), layers.Conv2D(3, 3, padding="same", activation="relu"), layers.MaxPooling2D(),
        layers.BatchNormalization(),
        layers.Conv2D(4, 3, activation="tanh"), layers.AveragePooling2D(2), layers.Flatten(), layers.Dense(3, activation="softmax"),
    ])  # fmt: skip
    model.compile(optimizer=keras.optimizers.SGD(0.05, momentum=0.9), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def trained(keras: Any, dtype: str) -> dict[str, Array]:
    """Weights and history of three epochs without shuffling."""
    model = lenet(keras)
    model.set_weights([np.asarray(w, dtype) for w in weights_for(model, "lenet", dtype)])
    x = drawn("pictures", (20, 10, 10, 1)).astype(dtype)
    y = np.arange(20) % 3
    history = model.fit(x, y, batch_size=8, epochs=3, shuffle=False, verbose=0).history
    found = {f"weight {k}": np.asarray(w) for k, w in enumerate(model.get_weights())}
    return found | {name: np.asarray(values) for name, values in history.items()} | {"predicted": np.asarray(model.predict(x, verbose=0))}


def optimizer_of(keras: Any, name: str) -> Any:
    """The optimizer of a case, with its schedule where there is one."""
    kind, options = OPTIMIZERS[name]
    if isinstance(options["learning_rate"], str):
        schedule, arguments = SCHEDULES[options["learning_rate"]]
        first = {} if schedule == "PiecewiseConstantDecay" else {"initial_learning_rate": 0.1}
        options = options | {"learning_rate": getattr(keras.optimizers.schedules, schedule)(**first, **arguments)}
    return getattr(keras.optimizers, kind)(**options)


def stepped(keras: Any, name: str, dtype: str) -> dict[str, Array]:
    """The weights of a dense layer and the learning rate after each of six steps, the optimizer's variables, and the final weights."""
    model, optimizer = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)]), optimizer_of(keras, name)
    model.compile(optimizer=optimizer, loss="mse")
    model.set_weights(weights_for(model, "dense", dtype))
    weights, rates = [], []
    for number in range(6):
        model.train_on_batch(drawn(f"x {number}", (6, 4)).astype(dtype), drawn(f"y {number}", (6, 3)).astype(dtype))
        weights.append(flat(model.get_weights()))
        rates.append(float(np.array(optimizer.learning_rate)))
    variables = flat([np.array(variable) for variable in optimizer.variables])
    optimizer.finalize_variable_values(model.trainable_variables)
    return {"weights": np.array(weights), "rates": np.array(rates), "variables": variables, "final": flat(model.get_weights())}


def flat(arrays: list[Array]) -> Array:
    """All numbers in a row."""
    return np.concatenate([np.asarray(array, np.float64).reshape(-1) for array in arrays])


def answers(keras: Any, group: str, name: str, dtype: str, side: Any) -> dict[str, Array]:
    """All that is recorded of one case; `side` makes Tensors, sums and differentiates in that world."""
    if group == "keras optimizer":
        return stepped(keras, name, dtype)
    if group == "keras net":
        return trained(keras, dtype)
    if group == "keras loss":
        kind, options, targets, scores, weighted = LOSSES[name]
        loss = getattr(keras.losses, kind)(**options)
        given = [side.tensor(targets if targets.dtype.kind == "i" else targets.astype(dtype))]
        each = side.tensor(EACH.astype(dtype)) if weighted else None
        values, grads = side.differentiate(
            lambda p: (side.total(loss(given[0], p, each), None), loss(given[0], p, each)), [side.tensor(scores.astype(dtype))]
        )
        return {"value": values[1], "gradient": grads[0]}
    if group == "keras activation":
        kind, options = GIVEN[name]
        run = getattr(keras.activations, kind)
        x = 2 * drawn("keras activations", (8, 6)).astype(dtype)
        values, grads = side.differentiate(
            lambda p: (side.total(run(p, **options), drawn("ct", tuple(run(p, **options).shape))), run(p, **options)), [side.tensor(x)]
        )
        return {"value": values[1], "gradient": grads[0]}
    layer = side.layer(name)
    xs = [side.tensor(x) for x in layer_inputs(name, dtype)]
    layer(xs if len(xs) > 1 else xs[0])
    layer.set_weights(weights_for(layer, name, dtype))
    found = {}
    for training in (False, True):
        values, grads = side.differentiate_layer(layer, xs, training=training)
        found |= {f"value {training}": values[1]} | {f"gradient {training} {k}": g for k, g in enumerate(grads)}
    return found | {f"weight {k}": np.asarray(w) for k, w in enumerate(layer.get_weights())}


GROUPS: dict[str, tuple[str, ...]] = {
    "keras layer": tuple(LAYERS), "keras loss": tuple(LOSSES), "keras optimizer": tuple(OPTIMIZERS), "keras net": ("lenet",),
    "keras activation": tuple(GIVEN),
}  # fmt: skip


class OnTensorFlow:
    """Keras itself."""

    def __init__(self, keras: Any, tf: Any) -> None:
        self.keras, self.tf = keras, tf

    def tensor(self, array: Array) -> Any:
        """A constant."""
        return self.tf.constant(array)

    def total(self, y: Any, weights: Array | None) -> Any:
        """The weighted sum."""
        return self.tf.reduce_sum(y if weights is None else y * self.tf.constant(weights.astype(y.dtype.as_numpy_dtype)))

    def layer(self, name: str) -> Any:
        """Keras' layer of our layer's config."""
        ours = LAYERS[name].make()
        config = {key: value for key, value in ours.get_config().items() if value is not None and key not in ("dtype", "name")}
        layer = getattr(self.keras.layers, type(ours).__name__)(**config)
        assert layer.get_config().keys() >= config.keys()
        return layer

    def differentiate(self, function: Callable[..., Any], xs: list[Any]) -> tuple[list[Any], list[Any]]:
        """By tape."""
        with self.tf.GradientTape() as tape:
            for x in xs:
                tape.watch(x)
            results = function(*xs)
        return [r.numpy() for r in results], [self.tf.convert_to_tensor(g).numpy() for g in tape.gradient(results[0], xs)]

    def differentiate_layer(self, layer: Any, xs: list[Any], *, training: bool) -> tuple[list[Any], list[Any]]:
        """Of the inputs where they are floating, and of the trainable weights."""
        floating = [x for x in xs if x.dtype.is_floating]
        sources = floating + [w.value for w in layer.trainable_weights]
        with self.tf.GradientTape() as tape:
            for x in floating:
                tape.watch(x)
            results = layer_results(layer, xs, self.total, training=training)
        found = tape.gradient(results[0], sources)
        return [r.numpy() for r in results], [self.tf.convert_to_tensor(g).numpy() for g in found]


def recorded() -> dict[str, Any]:
    """Keras' answers in float64, and `error`, its own in float32."""
    import keras
    import tensorflow as tf

    side, found = OnTensorFlow(keras, tf), {}
    for group, names in GROUPS.items():
        for name in names:
            both = {}
            for dtype in ("float64", "float32"):
                keras.config.set_floatx(dtype)
                keras.config.set_dtype_policy(dtype)
                keras.utils.set_random_seed(0)
                both[dtype] = answers(keras, group, name, dtype, side)
            found |= {f"{group}/{name}/{key}": array for key, array in both["float64"].items()}
            found[f"{group}/{name}/error"] = np.float64(error(both["float32"], both["float64"]))
    return found
