"""keras.applications: architectures that were trained on ImageNet, whole or without their classifier.

Each name and module is loaded when it is first asked for.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from gradwerk.keras.absent import ORIGINAL

if TYPE_CHECKING:
    from gradwerk.keras.applications import (
        densenet,
        imagenet_utils,
        inception_v3,
        mobilenet,
        mobilenet_v2,
        resnet,
        resnet50,
        resnet_v2,
        vgg16,
        vgg19,
        xception,
    )
    from gradwerk.keras.applications.densenet import DenseNet121, DenseNet169, DenseNet201
    from gradwerk.keras.applications.inception_v3 import InceptionV3
    from gradwerk.keras.applications.mobilenet import MobileNet
    from gradwerk.keras.applications.mobilenet_v2 import MobileNetV2
    from gradwerk.keras.applications.resnet import ResNet50, ResNet101, ResNet152
    from gradwerk.keras.applications.resnet_v2 import ResNet50V2, ResNet101V2, ResNet152V2
    from gradwerk.keras.applications.vgg16 import VGG16
    from gradwerk.keras.applications.vgg19 import VGG19
    from gradwerk.keras.applications.xception import Xception

__all__ = [
    "VGG16", "VGG19", "DenseNet121", "DenseNet169", "DenseNet201", "InceptionV3", "MobileNet", "MobileNetV2", "ResNet50", "ResNet50V2",
    "ResNet101", "ResNet101V2", "ResNet152", "ResNet152V2", "Xception", "densenet", "imagenet_utils", "inception_v3", "mobilenet",
    "mobilenet_v2", "resnet", "resnet50", "resnet_v2", "vgg16", "vgg19", "xception",
]  # fmt: skip

_MODULES = {
    "densenet": "DenseNet121 DenseNet169 DenseNet201", "imagenet_utils": "", "inception_v3": "InceptionV3", "mobilenet": "MobileNet",
    "mobilenet_v2": "MobileNetV2", "resnet": "ResNet50 ResNet101 ResNet152", "resnet50": "",
    "resnet_v2": "ResNet50V2 ResNet101V2 ResNet152V2", "vgg16": "VGG16", "vgg19": "VGG19", "xception": "Xception",
}  # fmt: skip
_HOMES = {name: module for module, names in _MODULES.items() for name in names.split()}


def _loaded(name: str) -> Any:  # noqa: ANN401  a module, a function, or None
    if name in _MODULES:
        return importlib.import_module(f"{__name__}.{name}")
    if name in _HOMES:
        globals()[name] = held = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
        return held
    return None


def __dir__() -> list[str]:
    """All public names."""
    return sorted({*globals(), *_MODULES, *_HOMES})


__getattr__ = ORIGINAL.module("keras.applications", __name__, elsewhere=_loaded)
