"""The elements of a chained data set made ahead, by a thread that ends with whoever goes through them."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from gradwerk.data.chains import Step
from gradwerk.data.elements import Tree
from gradwerk.data.sources import Source

AUTOTUNE = -1
_AHEAD = 2
"""How many elements AUTOTUNE makes ahead."""


class Line:
    """Elements that wait, at most so many; its end, or the error that ended it; whether anybody still wants them."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.held: deque[Tree] = deque()
        self.ended = self.left = False
        self.error: BaseException | None = None
        self.changed = threading.Condition()

    def put(self, element: Tree) -> bool:
        """Whether it is still wanted; waits for room."""
        with self.changed:
            self.changed.wait_for(lambda: self.left or len(self.held) < self.most)
            self.held.append(element)
            self.changed.notify_all()
            return not self.left

    def end(self, error: BaseException | None = None) -> None:
        """Nothing comes any more."""
        with self.changed:
            self.ended, self.error = True, error
            self.changed.notify_all()

    def leave(self) -> None:
        """Nobody wants them any more."""
        with self.changed:
            self.left = True
            self.held.clear()
            self.changed.notify_all()

    def __iter__(self) -> Iterator[Tree]:
        while True:
            with self.changed:
                self.changed.wait_for(lambda: self.held or self.ended)
                if not self.held:
                    break
                element = self.held.popleft()
                self.changed.notify_all()
            yield element
        if self.error is not None:
            raise self.error


def fill(line: Line, source: Source) -> None:
    """What the thread does.  It holds the line and the source, not whoever reads: so that one can go away."""
    elements: Any = source.elements()
    try:
        for element in elements:
            if not line.put(element):
                break
        line.end()
    except BaseException as error:  # whoever reads has it raised
        line.end(error)
    finally:
        if hasattr(elements, "close"):
            elements.close()


@dataclass(eq=False)
class Prefetched(Step):
    """So many made ahead."""

    most: int

    def elements(self) -> Iterator[Tree]:
        if self.most == 0:
            yield from self.source.elements()
            return
        line = Line(_AHEAD if self.most == AUTOTUNE else self.most)
        thread = threading.Thread(target=fill, args=(line, self.source), daemon=True, name="gradwerk elements ahead")
        thread.start()
        try:
            yield from line
        finally:
            line.leave()
            thread.join()
