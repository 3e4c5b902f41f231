"""The names that Keras has and this package lacks (original.txt), and what is said when one is asked for."""

from __future__ import annotations

from pathlib import Path

from gradwerk.base.originals import Original

ORIGINAL = Original(Path(__file__).with_name("original.txt"), __name__.rpartition(".")[0])
