"""torch.hub: files of weights in PyTorch's own cache folder.

What runs code of a repository (`load`, `help`, `list`) is not here.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from gradwerk.base.errors import FileError
from gradwerk.base.settings import torch_home
from gradwerk.data.fetching import digest_of, fetch, name_in
from gradwerk.torch.absent import ORIGINAL
from gradwerk.torch.serialization import load as _load

# ruff: noqa: ANN401, FBT001, FBT002  PyTorch's signatures

_PREFIX = re.compile(r"-([a-f0-9]*)\.")
"""The first digits of the SHA-256, before the last dot of a name."""


def get_dir() -> str:
    """The folder: `set_dir`'s, else `hub` in TORCH_HOME, else ~/.cache/torch/hub."""
    return _chosen[0] if _chosen else os.fspath(torch_home() / "hub")


_chosen: list[str] = []


def set_dir(d: Any) -> None:
    """Another folder, from now on."""
    _chosen[:] = [os.path.expanduser(os.fspath(d))]  # noqa: PTH111


def download_url_to_file(url: str, dst: Any, hash_prefix: str | None = None, progress: bool = True) -> None:
    """Downloads a file; it is there whole and of its digest, or as it was before.

    Args:
        url: http, https or file.
        dst: its path.
        hash_prefix: how its SHA-256 begins.
        progress: accepted; nothing is shown.

    Raises: FileError, ArgumentError for another kind of address.
    """
    del progress
    path = Path(dst)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        fetch(url, part)
        if hash_prefix and not digest_of(part, "sha256").startswith(hash_prefix):
            raise FileError(f"{url} is another file than its digest says: its SHA-256 does not begin with {hash_prefix}")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def load_state_dict_from_url(
    url: str, model_dir: Any = None, map_location: Any = None, progress: bool = True, check_hash: bool = False,
    file_name: str | None = None, weights_only: bool = False,
) -> Any:  # fmt: skip
    """What a file of weights holds, downloaded where it is not in the folder `checkpoints` yet.

    Args:
        url: its address.
        model_dir: another folder.
        map_location: as of `torch.load`.
        progress: accepted; nothing is shown.
        check_hash: whether the name ends with the first digits of its SHA-256, and is compared with them.
        file_name: another name than the last part of the address.
        weights_only: it is always so: no code is run.

    Raises: FileError where it cannot be had or is no file of weights.
    """
    del weights_only
    folder = Path(model_dir) if model_dir is not None else Path(get_dir()) / "checkpoints"
    name = file_name or name_in(url)
    path = folder / name
    if not path.is_file():
        found = _PREFIX.search(name) if check_hash else None
        folder.mkdir(parents=True, exist_ok=True)
        try:
            download_url_to_file(url, path, found[1] if found else None, progress)
        except FileError as error:
            likely = f"put the file at {path} yourself, or weights=None for weights begun anew"
            raise FileError(f"the weights {name} cannot be had", facts=(str(error),), likely=likely) from None
    return _load(path, map_location)


__getattr__ = ORIGINAL.module("torch.hub", __name__)
