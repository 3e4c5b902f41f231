"""A second kind of device, for tests: memory of its own on the host, and a count of what is copied in and out."""

from __future__ import annotations

from typing import Any

import numpy as np


class Simulated:
    """Two devices.  `copies` says how often contents crossed: ("in", 0), ("out", 1)."""

    count = 2

    def __init__(self) -> None:
        self.copies: list[tuple[str, int]] = []

    def copied_in(self, array: Any, index: int) -> Any:
        self.copies.append(("in", index))
        return np.array(array, order="C")

    def copied_out(self, array: Any, index: int) -> Any:
        self.copies.append(("out", index))
        return np.array(array, order="C")
