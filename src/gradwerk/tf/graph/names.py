"""Names of nodes as TensorFlow gives them: `add`, `add_1`, `scope/add`; names differ by more than the case of letters.

Source: https://www.tensorflow.org/api_docs/python/tf/Graph#unique_name
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from gradwerk.base.errors import ArgumentError

FIRST = re.compile(r"[A-Za-z0-9.][A-Za-z0-9_.\\/>-]*")
INNER = re.compile(r"[A-Za-z0-9_.\\/>-]*")


class Names:
    """The names that are taken in a graph, and the scope that new ones stand in."""

    def __init__(self) -> None:
        self.scope = ""
        self._taken: dict[str, int] = {}

    def unique(self, name: str, *, mark: bool = True) -> str:
        """The name in the present scope, with a number behind it where it is taken.

        mark: whether it is taken from now on.
        """
        if self.scope:
            name = f"{self.scope}/{name}"
        key = name.lower()
        number = self._taken.get(key, 0)
        if mark:
            self._taken[key] = number + 1
        if number:
            base = name
            while key in self._taken:
                name = f"{base}_{number}"
                key, number = name.lower(), number + 1
            if mark:
                self._taken[key] = 1
        return name

    def of_node(self, name: str) -> str:
        """The name of a new node: unique, but for one that ends in a slash, which is taken as it is.  Raises: ArgumentError."""
        if name.endswith("/"):
            return name[:-1]
        if not (INNER if self.scope else FIRST).fullmatch(name):
            raise ArgumentError(f"{name!r} is not a valid node name", facts=("letters, digits and . _ \\ / > -, at first no _ \\ / > -",))
        return self.unique(name)

    @contextmanager
    def inside(self, name: str | None) -> Iterator[str]:
        """New names inside the block stand in a scope; gives its name with a slash.  None or "" leaves all scopes; "scope/" enters again.

        Raises: ArgumentError.
        """
        if name:
            if not (INNER if self.scope else FIRST).fullmatch(name):
                raise ArgumentError(f"{name!r} is not a valid scope name")
            new = name[:-1] if name.endswith("/") else self.unique(name)
        else:
            new = ""
        before, self.scope = self.scope, new
        try:
            yield f"{new}/" if new else ""
        finally:
            self.scope = before
