"""What all applications share: their arguments, how their input begins, how their classifier ends, and where their weights come from."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from gradwerk.base.errors import ArgumentError, ArgumentTypeError, FileError, ShapeError
from gradwerk.keras import activations
from gradwerk.keras.config import image_data_format
from gradwerk.keras.layers.core import Dense
from gradwerk.keras.layers.input import Input
from gradwerk.keras.layers.pooling import GlobalAveragePooling2D, GlobalMaxPooling2D
from gradwerk.keras.layers.symbolic import KerasTensor
from gradwerk.keras.model import Model
from gradwerk.keras.utils.files import get_file
from gradwerk.keras.utils.symbols import get_source_inputs

# ruff: noqa: FBT001, FBT002  Keras' signatures

IMAGENET = "imagenet"
CLASSES = 1000
ADDRESS = "https://storage.googleapis.com/tensorflow/keras-applications"
Shape = Sequence[int | None]
Body = Callable[[Any], Any]
"""From the symbolic images to the symbolic maps of the last convolution."""
Head = Callable[[Any, "Asked"], Any]
"""From those maps to the classes."""


@dataclass(frozen=True, slots=True)
class Files:
    """The two files of trained weights: with the classifier, and without.

    Args:
        folder: their folder at Keras' address.
        stem: how their names begin.
        whole: the MD5 of the first, and `base` of the second; none where Keras knows none.
        without: how the second's name ends.
    """

    folder: str
    stem: str
    whole: str | None
    base: str | None
    without: str = "_notop"

    def path(self, *, include_top: bool) -> str:
        """Where the file is, downloaded if need be.  Raises: FileError."""
        name = f"{self.stem}{'' if include_top else self.without}.h5"
        try:
            return get_file(
                name, f"{ADDRESS}/{self.folder}/{name}", cache_subdir="models", file_hash=self.whole if include_top else self.base
            )
        except FileError as error:
            likely = "put the file there yourself, give its path as weights=, or weights=None for weights begun anew"
            raise FileError(f"the weights {IMAGENET!r} cannot be had", facts=(str(error),), likely=likely) from None


@dataclass(frozen=True, slots=True)
class Published:
    """An architecture as Keras has it.

    Args:
        name: of its model.
        files: its trained weights.
        extent: height and width of its images, where the caller gives none.
        least: the smallest height and width that it takes.
        pools: the names of its global pooling of pooling="avg" and of pooling="max".
    """

    name: str
    files: Files
    extent: int = 224
    least: int = 32
    pools: tuple[str | None, str | None] = (None, None)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a caller asks of an application: the arguments that all of them have."""

    include_top: bool
    weights: Any
    input_tensor: Any
    input_shape: Any
    pooling: str | None
    classes: int
    classifier_activation: Any
    name: str | None


def pooled(x: Any, asked: Asked) -> Any:  # noqa: ANN401  symbolic values
    """Global average pooling and the Dense of the classes."""
    return classified(GlobalAveragePooling2D(name="avg_pool")(x), asked)


def classified(x: Any, asked: Asked) -> Any:  # noqa: ANN401  symbolic values
    """The Dense of the classes."""
    return Dense(asked.classes, activation=asked.classifier_activation, name="predictions")(x)


def application(published: Published, body: Body, doc: str, *, head: Head = pooled) -> Callable[..., Model]:
    """The function of one architecture, with Keras' arguments.

    Args:
        published: its facts.
        body: its layers but the classifier.
        doc: the first lines of its docstring.
        head: the classifier.
    """

    def make(
        include_top: bool = True, weights: Any = IMAGENET, input_tensor: Any = None, input_shape: Any = None,  # noqa: ANN401
        pooling: str | None = None, classes: int = CLASSES, classifier_activation: Any = "softmax", name: str = published.name,  # noqa: ANN401
    ) -> Model:  # fmt: skip
        asked = Asked(include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, name)
        return made(asked, published, body, head)

    make.__doc__ = f"{doc}\n\n{ARGUMENTS}"
    return make


ARGUMENTS = """    Args:
        include_top: whether the classifier is there.
        weights: "imagenet" for those of Keras' authors (from the folder `models` in Keras' own, else downloaded), the path of a file of
            weights, or None for weights begun anew.
        input_tensor: a symbolic value that the images are.
        input_shape: (height, width, channels) of an image; without a classifier height and width may be None.
        pooling: without a classifier: "avg" or "max" over height and width, or None for the maps.
        classes: the classifier's width.
        classifier_activation: the classifier's activation; None gives logits.
        name: of the model.

    Raises: ArgumentError, ShapeError, FileError where the weights cannot be had.
    """


def made(asked: Asked, published: Published, body: Body, head: Head = pooled) -> Model:
    """The model that is asked for, with its weights.  Raises: as `application` says."""
    check(asked)
    source = images(asked, published)
    x = body(source)
    if asked.include_top:
        x = head(x, asked)
    elif asked.pooling == "avg":
        x = GlobalAveragePooling2D(name=published.pools[0])(x)
    elif asked.pooling == "max":
        x = GlobalMaxPooling2D(name=published.pools[1])(x)
    inputs = source if asked.input_tensor is None else get_source_inputs(asked.input_tensor)
    model = Model(inputs, x, name=asked.name)
    if asked.weights is not None:
        trained = asked.weights == IMAGENET
        model.load_weights(published.files.path(include_top=asked.include_top) if trained else asked.weights)
    return model


def check(asked: Asked) -> None:
    """Raises: ArgumentError for weights that are none, and for a classifier that they do not fit."""
    if asked.weights is not None and asked.weights != IMAGENET and not os.path.exists(asked.weights):  # noqa: PTH110
        raise ArgumentError(f"weights is None, {IMAGENET!r} or the path of a file: there is no file {os.fspath(asked.weights)!r}")
    if asked.pooling not in (None, "avg", "max"):
        raise ArgumentError(f"pooling is 'avg', 'max' or None, not {asked.pooling!r}")
    if not asked.include_top:
        return
    if asked.weights == IMAGENET and asked.classes != CLASSES:
        likely = f"include_top=False, and a Dense({asked.classes}) of your own"
        raise ArgumentError(f"the weights {IMAGENET!r} have a classifier of {CLASSES} classes, not {asked.classes}", likely=likely)
    if asked.weights is not None and activations.get(asked.classifier_activation) not in (activations.softmax, activations.linear):
        facts = (f"given {asked.classifier_activation!r}",)
        raise ArgumentError("trained weights go with classifier_activation 'softmax' or None", facts=facts)


def images(asked: Asked, published: Published) -> Any:  # noqa: ANN401  a symbolic value
    """The symbolic images.  Raises: ArgumentTypeError for an input_tensor that is no symbolic value."""
    shape = image_shape(asked, published)
    if asked.input_tensor is None:
        return Input(shape=shape)
    if not isinstance(asked.input_tensor, KerasTensor):
        raise ArgumentTypeError(f"input_tensor is a symbolic value, as of keras.Input, not a {type(asked.input_tensor).__name__}")
    return asked.input_tensor


def image_shape(asked: Asked, published: Published) -> tuple[int | None, ...]:
    """The shape of an image by the arguments, without the batch.  Raises: ShapeError, ArgumentError."""
    first = image_data_format() == "channels_first"
    given = None if asked.input_shape is None else tuple(asked.input_shape)
    default = placed(3, published.extent, published.extent, first=first)
    if asked.weights == IMAGENET and asked.include_top:
        if given is not None and given != default:
            raise ShapeError(f"the classifier of {IMAGENET!r} is of images of {default}, not {given}", likely="include_top=False")
        return default
    if given is None:
        return default if asked.include_top else placed(3, None, None, first=first)
    if len(given) != 3:
        raise ShapeError(f"input_shape is of three numbers, an image's without the batch, not {given}")
    channels, *extents = given if first else (given[2], *given[:2])
    if channels != 3 and asked.weights == IMAGENET:
        raise ShapeError(f"the weights {IMAGENET!r} are of images of 3 channels", facts=(f"input_shape {given}",))
    if channels not in (1, 3):
        warnings.warn(f"images have 1 or 3 channels, input_shape {given} has {channels}", stacklevel=5)
    if any(extent is not None and extent < published.least for extent in extents):
        raise ShapeError(f"images are of {published.least} x {published.least} at least", facts=(f"input_shape {given}",))
    if asked.include_top and None in given:
        likely = "include_top=False, pooling='avg'"
        raise ArgumentError(f"a classifier is of one size of images: input_shape {given} says none", likely=likely)
    return given


def placed(channels: int, height: int | None, width: int | None, *, first: bool) -> tuple[int | None, ...]:
    """The shape of an image, its channels first or last."""
    return (channels, height, width) if first else (height, width, channels)


def channels_axis() -> int:
    """The axis of the channels."""
    return 1 if image_data_format() == "channels_first" else -1
