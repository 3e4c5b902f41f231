"""Methods of Keras 2 that Keras 3 has no more: their error says what is in their place."""

from __future__ import annotations

from typing import NoReturn

from gradwerk.base.errors import AbsentNameError


class Former:
    """The place of such a method.

    Args:
        name: what it was called.
        instead: what there is now.
    """

    def __init__(self, name: str, instead: str) -> None:
        self.name, self.instead = name, instead

    def __get__(self, instance: object, cls: type) -> NoReturn:
        raise AbsentNameError(f"'{cls.__name__}' object has no attribute '{self.name}', as in Keras 3", likely=self.instead)
