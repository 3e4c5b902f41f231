"""Trained weights by name: where their files are, what they were trained on, and how pictures are prepared for them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from functools import partial
from typing import Any, NoReturn, Self

from gradwerk.base.errors import ArgumentError, ArgumentTypeError, MissingOptionError
from gradwerk.torch.hub import load_state_dict_from_url
from gradwerk.torchvision.transforms import functional
from gradwerk.torchvision.transforms.kinds import InterpolationMode

# ruff: noqa: ANN401  pictures and Tensors

ADDRESS = "https://download.pytorch.org/models"
CLASSES = 1000
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of ImageNet's pixels, 0 to 1."""


class Facts(dict[str, Any]):
    """What is known of weights: num_params, min_size, _metrics.  The names of ImageNet's classes are not part of this package."""

    def __missing__(self, key: str) -> NoReturn:
        if key == "categories":
            likely = "keras.applications.imagenet_utils.decode_predictions, which reads them from Keras' folder"
            raise MissingOptionError("the names of ImageNet's classes are not part of Gradwerk", likely=likely)
        raise MissingOptionError(f"nothing is known of {key!r}: {', '.join(self)}")


@dataclass(frozen=True)
class Weights:
    """One file.

    Args:
        url: its address.
        transforms: makes the function that prepares pictures.
        meta: what is known of it.
    """

    url: str
    transforms: Callable[..., Any]
    meta: dict[str, Any] = field(default_factory=Facts, compare=False)


class WeightsEnum(Enum):
    """The files of one network.  A member has `url`, `transforms()`, `meta`, `get_state_dict()`."""

    @classmethod
    def verify(cls, obj: Any) -> Self | None:
        """The member that is meant by itself, its name, or None.  Raises: ArgumentTypeError, ArgumentError."""
        if obj is None or isinstance(obj, cls):
            return obj
        if not isinstance(obj, str):
            raise ArgumentTypeError(f"weights of {cls.__name__} are one of its members, its name, or None, not a {type(obj).__name__}")
        name = obj.removeprefix(f"{cls.__name__}.")
        if name not in cls.__members__:
            raise ArgumentError(f"{cls.__name__} has no {name!r}: {', '.join(cls.__members__)}")
        return cls[name]

    def get_state_dict(self, *args: Any, **named: Any) -> Any:
        """What the file holds: arguments as of `torch.hub.load_state_dict_from_url`.  Raises: FileError."""
        return load_state_dict_from_url(self.url, *args, **named)

    @property
    def url(self) -> str:
        """The address."""
        return str(self.value.url)

    @property
    def transforms(self) -> Callable[..., Any]:
        """Makes the function that prepares pictures."""
        made: Callable[..., Any] = self.value.transforms
        return made

    @property
    def meta(self) -> dict[str, Any]:
        """What is known of them."""
        known: dict[str, Any] = self.value.meta
        return known

    def __repr__(self) -> str:
        return f"{type(self).__name__}.{self.name}"


class ImageClassification:
    """Resizes, cuts out the middle, and normalizes: what a classifier of ImageNet is given.

    Args:
        crop_size: height and width of the result.
        resize_size: the shorter side before that.
        mean, std: of each channel, at 0 to 1.
        interpolation, antialias: as of `Resize`.
    """

    def __init__(
        self, *, crop_size: int, resize_size: int = 256, mean: tuple[float, ...] = MEAN, std: tuple[float, ...] = DEVIATION,
        interpolation: Any = InterpolationMode.BILINEAR, antialias: bool | None = True,
    ) -> None:  # fmt: skip
        self.crop_size, self.resize_size = [crop_size], [resize_size]
        self.mean, self.std = list(mean), list(std)
        self.interpolation, self.antialias = interpolation, antialias

    def __call__(self, img: Any) -> Any:
        """A picture of Pillow's or a Tensor (..., channels, height, width), as a Tensor of floats."""
        img = functional.resize(img, self.resize_size, interpolation=self.interpolation, antialias=self.antialias)
        img = functional.center_crop(img, self.crop_size)
        if not hasattr(img, "dim"):
            img = functional.pil_to_tensor(img)
        return functional.normalize(functional.convert_image_dtype(img), mean=self.mean, std=self.std)

    def __repr__(self) -> str:
        lines = [f"{name}={getattr(self, name)}" for name in ("crop_size", "resize_size", "mean", "std", "interpolation")]
        return "\n    ".join([f"{type(self).__name__}(", *lines]) + "\n)"


def imagenet(
    file: str, parameters: int, first: float, fifth: float, *, crop: int = 224, resize: int = 256, least: int = 1
) -> Weights:
    """The weights of a file, trained on ImageNet.

    Args:
        file: its name without `.pth`.
        parameters: how many numbers it has.
        first: how many of a hundred pictures are rightly named, and `fifth` by one of five names, as its authors measured.
        crop: height and width of pictures, and `resize` the shorter side before that.
        least: the smallest height and width.
    """
    metrics = {"ImageNet-1K": {"acc@1": first, "acc@5": fifth}}
    meta = Facts(num_params=parameters, min_size=(least, least), _metrics=metrics)
    return Weights(f"{ADDRESS}/{file}.pth", partial(ImageClassification, crop_size=crop, resize_size=resize), meta)
