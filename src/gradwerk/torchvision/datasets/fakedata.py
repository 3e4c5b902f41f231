"""torchvision.datasets.FakeData."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gradwerk.base.errors import OutOfRangeError
from gradwerk.tensor.random import Generator
from gradwerk.torch.tensors import Tensor
from gradwerk.torchvision.datasets.vision import Change, VisionDataset
from gradwerk.torchvision.transforms.conversion import to_pil_image


class FakeData(VisionDataset):
    """Pictures of noise with drawn classes; the same index gives the same one.

    Args:
        size: how many.
        image_size: (channels, height, width).
        num_classes: how many classes.
        transform: a change of the picture.
        target_transform: a change of the number.
        random_offset: where the stream of random numbers begins.
    """

    def __init__(
        self, size: int = 1000, image_size: Sequence[int] = (3, 224, 224), num_classes: int = 10, transform: Change = None,
        target_transform: Change = None, random_offset: int = 0,
    ) -> None:  # fmt: skip
        super().__init__(None, transform=transform, target_transform=target_transform)
        self.size, self.num_classes, self.image_size, self.random_offset = size, num_classes, tuple(image_size), random_offset

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        if not 0 <= index < len(self):
            raise OutOfRangeError(f"FakeData index out of range: {index} of {len(self)}")
        source = Generator(index + self.random_offset)
        picture = Tensor.of(source.normal_array(self.image_size))
        target = min(int(source.uniform_array((1,))[0] * self.num_classes), self.num_classes - 1)
        return self.changed(to_pil_image(picture), target)

    def __len__(self) -> int:
        return self.size
