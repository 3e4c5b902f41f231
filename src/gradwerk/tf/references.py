"""What stands for a Tensor, a variable or a text as a key in sets and dicts."""

from __future__ import annotations

from typing import Any

# ruff: noqa: ANN401  of whatever is referred to


class Reference:
    """A Tensor or variable as a key: equal where it is the same one."""

    def __init__(self, held: Any) -> None:
        self._held = held

    def deref(self) -> Any:
        """What it stands for."""
        return self._held

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Reference) and self._held is other._held

    def __hash__(self) -> int:
        return id(self._held)

    def __repr__(self) -> str:
        return f"<Reference wrapping {self._held!r}>"
