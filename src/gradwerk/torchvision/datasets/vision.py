"""The base of data sets of pictures."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gradwerk.base.errors import ArgumentError, FileError, StateError
from gradwerk.data.fetching import digest_of, fetch, kind_of
from gradwerk.torch.utils.data.dataset import Dataset

Change = Callable[[Any], Any] | None
Root = str | os.PathLike[str] | None


class StandardTransform:
    """A change of the picture, and one of its target."""

    def __init__(self, transform: Change = None, target_transform: Change = None) -> None:
        self.transform, self.target_transform = transform, target_transform

    def __call__(self, input: Any, target: Any) -> tuple[Any, Any]:  # noqa: A002, ANN401  torchvision's name
        return (input if self.transform is None else self.transform(input)), (
            target if self.target_transform is None else self.target_transform(target)
        )

    def __repr__(self) -> str:
        lines = [type(self).__name__]
        for head, change in (("Transform: ", self.transform), ("Target transform: ", self.target_transform)):
            if change is not None:
                first, *rest = repr(change).splitlines()
                lines += [f"{head}{first}", *(f"{' ' * len(head)}{line}" for line in rest)]
        return "\n".join(lines)


class VisionDataset(Dataset):
    """The base: a subclass defines `__len__` and `__getitem__`, and calls `transform` and `target_transform` there.

    Args:
        root: the folder of the data.
        transforms: a change of picture and target together.
        transform: a change of the picture.
        target_transform: a change of the target.

    Raises: ArgumentError for both ways to give changes.
    """

    def __init__(
        self, root: Root = None, transforms: Callable[..., Any] | None = None, transform: Change = None, target_transform: Change = None
    ) -> None:
        self.root = str(Path(root).expanduser()) if isinstance(root, str) else root
        separate = transform is not None or target_transform is not None
        if transforms is not None and separate:
            raise ArgumentError("Only transforms or transform/target_transform can be passed as argument")
        self.transform, self.target_transform = transform, target_transform
        self.transforms = StandardTransform(transform, target_transform) if separate else transforms

    @property
    def place(self) -> Path:
        """The folder of the data, as a path."""
        return Path("." if self.root is None else self.root)

    def __len__(self) -> int:
        raise StateError(f"{type(self).__name__} defines no __len__", likely="write `def __len__(self): ...`")

    def changed(self, picture: Any, target: Any) -> tuple[Any, Any]:  # noqa: ANN401
        """Both after `transform` and `target_transform`."""
        if self.transform is not None:
            picture = self.transform(picture)
        if self.target_transform is not None:
            target = self.target_transform(target)
        return picture, target

    def extra_repr(self) -> str:
        """Lines of a subclass's own for the text of it."""
        return ""

    def __repr__(self) -> str:
        body = [f"Number of datapoints: {len(self)}"]
        body += [f"Root location: {self.root}"] if self.root is not None else []
        body += self.extra_repr().splitlines()
        body += repr(self.transforms).splitlines() if self.transforms is not None else []
        return "\n".join([f"Dataset {type(self).__name__}", *(f"    {line}" for line in body)])


def brought(folder: Path, name: str, addresses: list[str], digest: str) -> Path:
    """A file in the folder, downloaded from the first address that has it.  Raises: FileError where none has."""
    path = folder / name
    if path.is_file() and digest_of(path, kind_of(digest)) == digest:
        return path
    said: list[str] = []
    for address in addresses:
        try:
            fetch(address, path, digest)
        except FileError as error:
            said += [error.message, *error.facts[:1]]
        else:
            return path
    raise FileError(f"{name} is not in {folder}, and cannot be downloaded", facts=tuple(said), likely=f"put the file there: {path}")
