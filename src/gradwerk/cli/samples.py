"""`gradwerk samples FOLDER`: held-back digits as pictures of many looks, named by their number and label."""

from __future__ import annotations

import io
from argparse import Namespace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from gradwerk.base.errors import FileError
from gradwerk.data.datasets import digits
from gradwerk.io.atomic import write_within

Array = np.ndarray[Any, np.dtype[Any]]


def run(options: Namespace) -> int:
    """The command."""
    for path in write_samples(options.folder, options.count, options.seed):
        print(path)
    return 0


def write_samples(folder: str | Path, count: int, seed: int) -> list[Path]:
    """Writes `count` different digits; their paths, `007-is-3.png`.  Raises: FileError."""
    folder, test = Path(folder), digits().test
    random = np.random.default_rng(seed)
    chosen = random.permutation(len(test))[:count]
    paths = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:  # ValueError: a name that no folder can have
        raise FileError(f"cannot write pictures into {folder}", facts=(getattr(error, "strerror", None) or str(error),)) from error
    for number, k in enumerate(chosen):
        png = io.BytesIO()
        dressed(test.x[k], random).save(png, "PNG")
        paths.append(write_within(folder, f"{number:03}-is-{test.y[k]}.png", png.getvalue()))
    return paths


def dressed(image: Array, random: np.random.Generator) -> Image.Image:
    """A digit (28, 28) in another size, on more paper, in grey, in colour or on transparency, its ink dark or light."""
    extent = int(random.integers(28, 240))
    ink = np.asarray(Image.fromarray(image).resize((extent, extent), Image.Resampling.BICUBIC), np.float32)[..., None] / 255
    ink = np.pad(ink, (*(tuple(int(k) for k in random.integers(0, extent // 2 + 1, 2)) for _ in range(2)), (0, 0)))
    look = int(random.integers(5))
    if look == 0:
        return Image.fromarray(np.rint(ink[..., 0] * 255).astype(np.uint8))
    if look == 1:
        return Image.fromarray(np.rint(255 - ink[..., 0] * 255).astype(np.uint8))
    dark, light = random.uniform(0, 90, 3), random.uniform(180, 255, 3)
    if look == 2:
        return Image.fromarray(np.rint(np.concatenate([np.broadcast_to(dark, (*ink.shape[:2], 3)), ink * 255], -1)).astype(np.uint8))
    paper, pen = (light, dark) if look == 3 else (dark, light)
    noise = random.normal(0, 4, (*ink.shape[:2], 3))
    return Image.fromarray(np.clip(paper + (pen - paper) * ink + noise, 0, 255).astype(np.uint8))
