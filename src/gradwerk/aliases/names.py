"""Which module of ours answers to which name: `torch.nn` is gradwerk.torch.nn, `keras.layers.convolutional` gradwerk.keras.layers."""

from __future__ import annotations

ROOTS = {"keras": "gradwerk.keras", "torch": "gradwerk.torch", "torchvision": "gradwerk.torchvision", "tensorflow": "gradwerk.tf"}
"""The packages whose names a script may use."""

TENSORFLOW_1 = "gradwerk.tf.compat.v1"
"""What `tensorflow` is for a script that is written for TensorFlow 1."""

REFUSED = {
    "torchaudio": "torchaudio is not part of Gradwerk: read sound with the standard library's wave, or SciPy, and give arrays",
    "torchtext": "torchtext is not part of Gradwerk (its authors ended it too): gradwerk.data and plain Python prepare texts",
}
"""Packages beside these that scripts import, and what is said of each."""

_LAYERS = (
    "advanced_activations convolutional convolutional_recurrent core cudnn_recurrent embeddings local merge noise normalization pooling "
    "recurrent wrappers"
)
_UTILS = "conv_utils data_utils generic_utils io_utils layer_utils np_utils vis_utils"
_DISTRIBUTIONS = {
    "categories": "categorical multinomial one_hot_categorical", "continuous": "exponential laplace normal uniform",
    "counts": "bernoulli binomial geometric poisson", "gammas": "beta dirichlet gamma", "multivariate": "multivariate_normal",
    "transformed": "log_normal transformed_distribution",
}  # fmt: skip
MOVED = {
    **dict.fromkeys((f"keras.layers.{name}" for name in _LAYERS.split()), "gradwerk.keras.layers"),
    **dict.fromkeys((f"keras.utils.{name}" for name in _UTILS.split()), "gradwerk.keras.utils"),
    **dict.fromkeys(("keras.engine", "keras.engine.base_layer", "keras.engine.topology"), "gradwerk.keras.layers"),
    **{
        f"torch.distributions.{name}": f"gradwerk.torch.distributions.{module}"
        for module, names in _DISTRIBUTIONS.items() for name in names.split()
    },
    "keras.api": "gradwerk.keras",
    "keras.layers.experimental": "gradwerk.keras.layers",
    "keras.layers.experimental.preprocessing": "gradwerk.keras.layers",
    "keras.backend.tensorflow_backend": "gradwerk.keras.backend",
    "keras.callbacks.callbacks": "gradwerk.keras.callbacks",
    "keras.engine.training": "gradwerk.keras.models",
    "keras.optimizers.experimental": "gradwerk.keras.optimizers",
    "keras.optimizers.legacy": "gradwerk.keras.optimizers",
}
"""Where Keras 1 and 2 had modules that Keras 3 has no more, or PyTorch modules of one name each, and the one that has their names."""

_KERAS_IN_TENSORFLOW = ("tensorflow.keras", "tensorflow.python.keras", "tensorflow.contrib.keras", "tensorflow.compat.v2.keras")


def stand_for_tensorflow_1() -> None:
    """From now on `tensorflow` is TensorFlow 1: names of graphs and sessions stand at its top."""
    ROOTS["tensorflow"] = TENSORFLOW_1


def moved(name: str) -> str | None:
    """The module of ours that has the names of a former module of Keras'; None where the name is no such module's."""
    return MOVED.get(_in_keras(name))


def _in_keras(name: str) -> str:
    """`keras.layers` for `tensorflow.keras.layers`."""
    for prefix in _KERAS_IN_TENSORFLOW:
        if name == prefix or name.startswith(f"{prefix}."):
            return name.replace(prefix, "keras", 1)
    return name


def ours(name: str) -> str | None:
    """The module of ours that answers to a dotted name; None where the name is nobody's we stand for."""
    name = _in_keras(name)
    parts = name.split(".")
    for end in range(len(parts), 1, -1):
        target = MOVED.get(".".join(parts[:end]))
        if target:
            return ".".join([target, *parts[end:]])
    root = ROOTS.get(parts[0])
    return None if root is None else ".".join([root, *parts[1:]])


def is_claimed(name: str) -> bool:
    """Whether a dotted name begins with one of the packages we stand for, or with one that is refused by name."""
    root = name.partition(".")[0]
    return root in ROOTS or root in REFUSED
