"""What layers keep in files besides numbers: vocabularies, a text file each.

    assets/layers/string_lookup/vocabulary.txt
    assets/layers/text_vectorization/vocabulary.txt, and assets/layers/text_vectorization/_lookup_layer/vocabulary.txt
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from gradwerk.keras.layers.layer import Layer
from gradwerk.keras.saving import weights_h5

FOLDER = "assets"


def _keeping(model: Layer) -> Iterator[tuple[str, Any]]:
    """The layers that keep anything, and where."""
    return ((path, layer) for path, layer in weights_h5.placed(model) if hasattr(layer, "saved_assets"))


def written(model: Layer) -> dict[str, bytes]:
    """What is kept, by its place in an archive."""
    return {
        f"{FOLDER}/{path}/{place}{name}": data
        for path, layer in _keeping(model) for place in layer.asset_places for name, data in layer.saved_assets().items()
    }  # fmt: skip


def asked(model: Layer) -> list[str]:
    """The places that are looked at."""
    return [f"{FOLDER}/{path}/{layer.asset}" for path, layer in _keeping(model)]


def load_into(model: Layer, held: Mapping[str, bytes], source: str) -> None:
    """Takes what an archive keeps.  Raises: FileError for what is damaged."""
    for path, layer in _keeping(model):
        place = f"{FOLDER}/{path}/{layer.asset}"
        if place in held:
            layer.load_assets({layer.asset: held[place]}, source)
