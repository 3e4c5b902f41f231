"""Transforms that only torchvision's v2 has."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentTypeError
from gradwerk.torch.dtypes import asked
from gradwerk.torch.nn.module import Module
from gradwerk.torch.sharing import from_numpy
from gradwerk.torch.tensors import Tensor
from gradwerk.torchvision.transforms.colours import rgb_to_grayscale
from gradwerk.torchvision.transforms.conversion import convert_image_dtype, pil_to_tensor
from gradwerk.torchvision.transforms.kinds import Picture, check, get_dimensions, is_picture

# ruff: noqa: FBT001, FBT002  torchvision's signatures


class Identity(Module):
    """What went in."""

    def forward(self, *inputs: Any) -> Any:  # noqa: ANN401
        return inputs[0] if len(inputs) == 1 else inputs


class ToImage(Module):
    """A picture of Pillow's, or an array (height, width[, channels]), as a Tensor (channels, height, width) of its own numbers.

    Raises: ArgumentTypeError for anything else.
    """

    def forward(self, inpt: Any) -> Tensor:  # noqa: ANN401
        if isinstance(inpt, Tensor):
            return inpt
        if isinstance(inpt, np.ndarray) and inpt.ndim in (2, 3):
            return from_numpy(np.array(np.atleast_3d(inpt).transpose(2, 0, 1), order="C"))
        if is_picture(inpt):
            return pil_to_tensor(inpt)
        raise ArgumentTypeError(f"ToImage takes a PIL image, an array or a Tensor, this is {type(inpt)}")


class ToDtype(Module):
    """A Tensor in another dtype; with `scale` in its range too: floats go from 0 to 1.  Raises: ArgumentTypeError for what is no dtype."""

    def __init__(self, dtype: Any, scale: bool = False) -> None:  # noqa: ANN401
        super().__init__()
        self.dtype, self.scale = asked("ToDtype", dtype, dtypes.float32), scale

    def forward(self, inpt: Any) -> Any:  # noqa: ANN401
        if not isinstance(inpt, Tensor):
            return inpt
        return convert_image_dtype(inpt, self.dtype) if self.scale else inpt.to(self.dtype)


class RGB(Module):
    """A picture in three channels.  Raises: ArgumentTypeError for what is no picture."""

    def forward(self, inpt: Picture) -> Any:  # noqa: ANN401
        check(inpt)
        if is_picture(inpt):
            return inpt.convert("RGB")
        return rgb_to_grayscale(inpt, 3) if get_dimensions(inpt)[0] == 1 else inpt
