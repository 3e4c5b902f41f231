"""tf.errors: what goes wrong in a run, as TensorFlow names it; each is also the builtin error that it resembles."""

from __future__ import annotations

from typing import Any, ClassVar

from gradwerk.base.errors import (
    ArgumentError,
    ArgumentTypeError,
    FileError,
    GradwerkError,
    StateError,
    TraceError,
)

OK, CANCELLED, UNKNOWN, INVALID_ARGUMENT, DEADLINE_EXCEEDED, NOT_FOUND, ALREADY_EXISTS, PERMISSION_DENIED = range(8)
RESOURCE_EXHAUSTED, FAILED_PRECONDITION, ABORTED, OUT_OF_RANGE, UNIMPLEMENTED, INTERNAL, UNAVAILABLE, DATA_LOSS = range(8, 16)
UNAUTHENTICATED = 16


class OpError(GradwerkError):
    """An operation failed.

    Args:
        node_def: of the node that failed, or None; may be left out, as may op.
        op: the operation of a graph that failed, or None.
        message: what is wrong.  One argument alone is the message.
    """

    error_code: ClassVar[int] = UNKNOWN
    """TensorFlow's number of the kind."""

    def __init__(self, *said: Any, node_def: Any = None, op: Any = None, message: str = "", **more: Any) -> None:  # noqa: ANN401
        if len(said) > 2:
            node_def, op, message = said[:3]
        elif said:
            message = said[0]
        self.node_def, self.op = node_def, op
        super().__init__(str(message), **more)


class CancelledError(OpError, StateError):
    """Somebody cancelled what was waited for."""

    error_code = CANCELLED


class UnknownError(OpError, StateError):
    """What no other kind says."""


class InvalidArgumentError(OpError, ArgumentError):
    """A value that the operation does not take: shapes or dtypes that do not fit, a placeholder that is not fed."""

    error_code = INVALID_ARGUMENT


class DeadlineExceededError(OpError, TimeoutError):
    """It took longer than was allowed."""

    error_code = DEADLINE_EXCEEDED


class NotFoundError(OpError, FileError):
    """A file, or a name in it, that is not there."""

    error_code = NOT_FOUND


class AlreadyExistsError(OpError, FileError):
    """What was to be made is there."""

    error_code = ALREADY_EXISTS


class PermissionDeniedError(OpError, FileError):
    """The system does not allow it."""

    error_code = PERMISSION_DENIED


class ResourceExhaustedError(OpError, MemoryError):
    """No memory, or no place on the disk, is left."""

    error_code = RESOURCE_EXHAUSTED


class FailedPreconditionError(OpError, StateError):
    """The state is not what the operation needs: a variable that holds nothing."""

    error_code = FAILED_PRECONDITION


class AbortedError(OpError, StateError):
    """It was broken off."""

    error_code = ABORTED


class OutOfRangeError(OpError, IndexError):
    """There is nothing more: the end of a data set, or of a queue that is closed."""

    error_code = OUT_OF_RANGE


class UnimplementedError(OpError, ArgumentError):
    """The operation does not do this."""

    error_code = UNIMPLEMENTED


class InternalError(OpError, StateError):
    """What should not happen."""

    error_code = INTERNAL


class UnavailableError(OpError, StateError):
    """What is needed cannot be reached now."""

    error_code = UNAVAILABLE


class DataLossError(OpError, FileError):
    """A file that is damaged."""

    error_code = DATA_LOSS


class UnauthenticatedError(OpError, StateError):
    """Nobody knows who asks."""

    error_code = UNAUTHENTICATED


class OperatorNotAllowedInGraphError(TraceError, TypeError):
    """Python that wants the contents of a value of which a graph is built."""


KEPT = (OpError, ArgumentTypeError, StateError, TraceError, FileError, ImportError, AttributeError)
"""Our errors that stay what they are: wrong kinds of arguments (TypeError), the wrong time."""


def told(error: Exception, kind: str) -> Exception:
    """TensorFlow's error for what was raised in an operation of this type: of values that do not fit InvalidArgumentError."""
    if isinstance(error, KEPT):
        return error
    if isinstance(error, GradwerkError):
        return InvalidArgumentError(f"{error.message} [Op:{kind}]", facts=error.facts, likely=error.likely, origin=error.origin)
    return InvalidArgumentError(f"the arguments do not fit [Op:{kind}]", facts=(f"{type(error).__name__}: {error}",))

