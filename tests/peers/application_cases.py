"""keras.applications in either namespace: every layer, and what the networks give with weights that are drawn alike.

Recorded of Keras 3.15.1 in recorded/applications.json:

    PYTHONPATH=src KERAS_BACKEND=torch python -m tests.peers.application_cases
"""

from __future__ import annotations

import hashlib
import inspect
import json
from pathlib import Path
from typing import Any

import numpy as np

RECORD = Path(__file__).parent / "recorded" / "applications.json"
NAMES = (
    "VGG16", "VGG19", "ResNet50", "ResNet101", "ResNet152", "ResNet50V2", "ResNet101V2", "ResNet152V2", "InceptionV3", "Xception",
    "DenseNet121", "DenseNet169", "DenseNet201", "MobileNet", "MobileNetV2",
)  # fmt: skip
HOMES = {
    "VGG16": "vgg16", "ResNet50": "resnet50", "ResNet50V2": "resnet_v2", "InceptionV3": "inception_v3", "Xception": "xception",
    "DenseNet121": "densenet", "MobileNet": "mobilenet", "MobileNetV2": "mobilenet_v2",
}  # fmt: skip
"""One of each family, whose numbers are compared, and its module."""
EXTENT = 75


def structure(model: Any) -> dict[str, Any]:
    """A model's name, its number of parameters, the digest of its layers' classes, names and shapes, and the shape of what it gives."""
    layers = [[type(layer).__name__, layer.name, [list(weight.shape) for weight in layer.weights]] for layer in model.layers]
    digest = hashlib.sha256(json.dumps(layers).encode()).hexdigest()
    return {"name": model.name, "parameters": model.count_params(), "layers": digest, "output": list(model.output_shape)}


def arguments(function: Any) -> list[str]:
    """The arguments and their defaults."""
    return [str(each.replace(annotation=inspect.Parameter.empty)) for each in inspect.signature(function).parameters.values()]


def drawn(model: Any) -> list[Any]:
    """Weights that keep numbers of one size through a deep network."""
    found = []
    for at, weight in enumerate(model.weights):
        random, shape, kind = np.random.default_rng(at), tuple(weight.shape), weight.path.rpartition("/")[2]
        if kind in ("gamma", "moving_variance"):
            found.append(random.uniform(0.8, 1.2, shape))
        elif len(shape) == 1:
            found.append(random.normal(0.0, 0.1, shape))
        else:
            fan = np.prod(shape[:2]) if "depthwise" in kind else np.prod(shape[:-1])
            found.append(random.normal(0.0, np.sqrt(2.0 / fan), shape))
    return [each.astype(np.float32) for each in found]


def base(keras: Any, name: str, **options: Any) -> Any:
    """The network without its classifier."""
    keras.utils.clear_session()
    return getattr(keras.applications, name)(weights=None, include_top=False, input_shape=(EXTENT + 21, EXTENT, 3), **options)


def classifier(keras: Any, name: str) -> Any:
    """The network of seven classes."""
    keras.utils.clear_session()
    return getattr(keras.applications, name)(weights=None, classes=7)


def numbers(keras: Any, name: str, model: Any) -> list[float]:
    """The first of what the network gives for two images."""
    model.set_weights(drawn(model))
    pixels = np.random.default_rng(7).uniform(0, 255, (2, EXTENT + 21, EXTENT, 3)).astype(np.float32)
    home = getattr(keras.applications, HOMES[name])
    given = np.asarray(keras.ops.convert_to_numpy(model(home.preprocess_input(pixels), training=False)))
    return [float(each) for each in given.mean((1, 2))[:, :12].ravel()]


def recorded() -> dict[str, Any]:
    """Of Keras."""
    import keras

    found: dict[str, Any] = {}
    for name in NAMES:
        function = getattr(keras.applications, name)
        whole = {"whole": structure(classifier(keras, name))} if name in HOMES else {}
        found[name] = {"arguments": arguments(function), "base": structure(base(keras, name)), **whole}
    for name in HOMES:
        found[name]["numbers"] = numbers(keras, name, base(keras, name))
    return found


if __name__ == "__main__":
    RECORD.write_text(json.dumps(recorded(), indent=1) + "\n", encoding="utf-8")
