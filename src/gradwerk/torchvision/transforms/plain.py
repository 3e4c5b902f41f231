"""Transforms that do the same with every picture."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentTypeError
from gradwerk.torch.dtypes import asked
from gradwerk.torch.nn.module import Module
from gradwerk.torch.tensors import Tensor
from gradwerk.torchvision.transforms import colours, conversion, sizes
from gradwerk.torchvision.transforms.kinds import InterpolationMode, Picture, pair, way_of

# ruff: noqa: FBT001, FBT002  torchvision's signatures
BILINEAR = InterpolationMode.BILINEAR


class Compose:
    """Transforms, one after another.  Raises: ArgumentTypeError for what is no list of them."""

    def __init__(self, transforms: Sequence[Callable[[Any], Any]]) -> None:
        if not isinstance(transforms, Sequence | Module):
            message = f"Compose takes a list of transforms, this is a {type(transforms).__name__}"
            raise ArgumentTypeError(message, likely="transforms.Compose([transforms.ToTensor(), ...])")
        self.transforms = transforms

    def __call__(self, img: Any) -> Any:  # noqa: ANN401
        for transform in self.transforms:
            img = transform(img)
        return img

    def __repr__(self) -> str:
        return "\n".join([f"{type(self).__name__}(", *(f"    {one}" for one in self.transforms), ")"])


class ToTensor:
    """A picture of Pillow's, or an array (height, width[, channels]), as a Tensor (channels, height, width); bytes as 0 to 1 of float32."""

    def __call__(self, pic: Any) -> Tensor:  # noqa: ANN401
        return conversion.to_tensor(pic)

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class PILToTensor:
    """A picture of Pillow's as a Tensor (channels, height, width) of its own numbers."""

    def __call__(self, pic: Any) -> Tensor:  # noqa: ANN401
        return conversion.pil_to_tensor(pic)

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class ToPILImage:
    """A Tensor (channels, height, width), or an array (height, width, channels), as a picture of Pillow's, of `mode` if one is given."""

    def __init__(self, mode: str | None = None) -> None:
        self.mode = mode

    def __call__(self, pic: Any) -> Any:  # noqa: ANN401
        return conversion.to_pil_image(pic, self.mode)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({'' if self.mode is None else f'mode={self.mode}'})"


class Lambda:
    """A function of one's own.  Raises: ArgumentTypeError for what cannot be called."""

    def __init__(self, lambd: Callable[[Any], Any]) -> None:
        if not callable(lambd):
            raise ArgumentTypeError(f"Argument lambd should be callable, got {type(lambd).__name__!r}")
        self.lambd = lambd

    def __call__(self, img: Any) -> Any:  # noqa: ANN401
        return self.lambd(img)

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class ConvertImageDtype(Module):
    """A Tensor in another dtype and in its range: floats go from 0 to 1.  Raises: ArgumentTypeError for what is no dtype."""

    def __init__(self, dtype: Any) -> None:  # noqa: ANN401
        super().__init__()
        self.dtype = asked("ConvertImageDtype", dtype, dtypes.float32)

    def forward(self, image: Any) -> Tensor:  # noqa: ANN401
        return conversion.convert_image_dtype(image, self.dtype)


class Normalize(Module):
    """(x - mean) / std of each channel of a Tensor (..., channels, height, width); see `functional.normalize`."""

    def __init__(self, mean: Sequence[float], std: Sequence[float], inplace: bool = False) -> None:
        super().__init__()
        self.mean, self.std, self.inplace = mean, std, inplace

    def forward(self, tensor: Any) -> Tensor:  # noqa: ANN401
        return colours.normalize(tensor, self.mean, self.std, self.inplace)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(mean={self.mean}, std={self.std})"


class Resize(Module):
    """A picture of another size: (height, width), or of one number that of the shorter side.  Raises: ArgumentError, ArgumentTypeError."""

    def __init__(
        self, size: Any, interpolation: Any = BILINEAR, max_size: int | None = None, antialias: bool | None = True,  # noqa: ANN401
    ) -> None:  # fmt: skip
        super().__init__()
        if size is not None:
            pair("Resize", size, "If size is a sequence, it should have 1 or 2 values")
        self.size, self.interpolation, self.max_size, self.antialias = size, way_of(interpolation), max_size, antialias

    def forward(self, img: Picture) -> Any:  # noqa: ANN401
        return sizes.resize(img, self.size, self.interpolation, self.max_size, self.antialias)

    def __repr__(self) -> str:
        parts = f"size={self.size}, interpolation={self.interpolation.value}, max_size={self.max_size}, antialias={self.antialias}"
        return f"{type(self).__name__}({parts})"


class CenterCrop(Module):
    """The middle of a picture; a smaller picture gets a border of 0.  Raises: ArgumentError, ArgumentTypeError."""

    def __init__(self, size: int | Sequence[int]) -> None:
        super().__init__()
        self.size = pair("CenterCrop", size, "Please provide only two dimensions (h, w) for size.")

    def forward(self, img: Picture) -> Any:  # noqa: ANN401
        return sizes.center_crop(img, self.size)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(size={self.size})"


class Pad(Module):
    """Borders: of one colour, of the edge, or mirrored.  Raises: ArgumentError, ArgumentTypeError."""

    def __init__(self, padding: int | Sequence[int], fill: Any = 0, padding_mode: str = "constant") -> None:  # noqa: ANN401
        super().__init__()
        sizes.borders(padding)
        self.padding, self.fill, self.padding_mode = padding, fill, padding_mode

    def forward(self, img: Picture) -> Any:  # noqa: ANN401
        return sizes.pad(img, self.padding, self.fill, self.padding_mode)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(padding={self.padding}, fill={self.fill}, padding_mode={self.padding_mode})"


class Grayscale(Module):
    """Grey of colours, in one channel or three alike."""

    def __init__(self, num_output_channels: int = 1) -> None:
        super().__init__()
        self.num_output_channels = num_output_channels

    def forward(self, img: Picture) -> Any:  # noqa: ANN401
        return colours.rgb_to_grayscale(img, self.num_output_channels)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(num_output_channels={self.num_output_channels})"


class FiveCrop(Module):
    """The four corners and the middle, as a tuple.  Raises: ArgumentError, ArgumentTypeError."""

    def __init__(self, size: int | Sequence[int]) -> None:
        super().__init__()
        self.size = pair("FiveCrop", size, "Please provide only two dimensions (h, w) for size.")

    def forward(self, img: Picture) -> tuple[Any, ...]:
        return sizes.five_crop(img, self.size)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(size={self.size})"


class TenCrop(Module):
    """`FiveCrop` of a picture and of its mirror image, as a tuple.  Raises: ArgumentError, ArgumentTypeError."""

    def __init__(self, size: int | Sequence[int], vertical_flip: bool = False) -> None:
        super().__init__()
        self.size, self.vertical_flip = pair("TenCrop", size, "Please provide only two dimensions (h, w) for size."), vertical_flip

    def forward(self, img: Picture) -> tuple[Any, ...]:
        return sizes.ten_crop(img, self.size, self.vertical_flip)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(size={self.size}, vertical_flip={self.vertical_flip})"


