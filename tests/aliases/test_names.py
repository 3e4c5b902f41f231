"""Which module answers to which name, and that each place of the tables is a module."""

from __future__ import annotations

import importlib

import pytest

from gradwerk.aliases.names import MOVED, REFUSED, ROOTS, is_claimed, ours


@pytest.mark.parametrize(("name", "module"), [
    ("torch.nn.functional", "gradwerk.torch.nn.functional"),
    ("keras", "gradwerk.keras"),
    ("tensorflow.keras.layers", "gradwerk.keras.layers"),
    ("tensorflow.python.keras.layers.core", "gradwerk.keras.layers"),
    ("keras.layers.convolutional", "gradwerk.keras.layers"),
    ("keras.layers.core", "gradwerk.keras.layers"),
    ("keras.utils.np_utils", "gradwerk.keras.utils"),
    ("torch.distributions.normal", "gradwerk.torch.distributions.continuous"),
    ("tensorflow", "gradwerk.tf"),
    ("torchvision", "gradwerk.torchvision"),
    ("torchvision.transforms.functional", "gradwerk.torchvision.transforms.functional"),
    ("torchaudio", None),
    ("numpy.torch", None),
])  # fmt: skip
def test_a_name_has_its_module(name: str, module: str | None) -> None:
    assert ours(name) == module


@pytest.mark.parametrize("module", sorted({*ROOTS.values(), *MOVED.values()}))
def test_what_the_tables_name_is_there(module: str) -> None:
    assert importlib.import_module(module)


def test_only_whole_roots_are_claimed() -> None:
    assert is_claimed("torch") and is_claimed("torch.nn") and not is_claimed("torchmetrics") and not is_claimed("keras_tuner")
    assert all(is_claimed(name) and ours(name) is None for name in REFUSED)
