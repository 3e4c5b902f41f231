"""What the compiler may know of a machine, as a value passed in."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Target:
    """A CPU.  `vector_bytes` is the width of one register; kernels and bits depend on nothing else of the machine."""

    cpu: str
    features: str
    triple: str
    vector_bytes: int
    registers: int

    @property
    def lanes(self) -> int:
        """f32 lanes of one register."""
        return self.vector_bytes // 4
