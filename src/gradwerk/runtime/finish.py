"""What has begun to write is taken to its end; what a signal handler raises meanwhile is raised behind it."""

from __future__ import annotations

from collections.abc import Callable

from gradwerk.runtime.memory import Array

MOST_TRIES = 100


class Finished(BaseException):
    """A run that was to be broken off had begun to write over its inputs, and has gone to its end: its results, and what was raised.

    Whoever knows what else belongs to the run does that and raises `error`.  Made of both, and without a constructor of its own, in which a
    signal could be handled.
    """

    @property
    def outputs(self) -> list[Array]:
        """The results."""
        made: list[Array] = self.args[0]
        return made

    @property
    def error(self) -> BaseException:
        """What was raised."""
        raised: BaseException = self.args[1]
        return raised


def to_the_end(action: Callable[[], object]) -> BaseException | None:
    """Does what may be done twice until it was done once from begin to end; what was raised meanwhile first.

    An action that cannot succeed is given up after `MOST_TRIES`.
    """
    first: BaseException | None = None
    for _ in range(MOST_TRIES):
        try:
            action()
        except BaseException as error:
            first = first or error
        else:
            break
    return first
