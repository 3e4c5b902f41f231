"""Every error a user can meet, each also the builtin error it resembles.

    GradwerkError
      ShapeError(ValueError)       shapes or axes that do not fit
      DTypeError(TypeError)        element types that do not fit
      ArgumentError(ValueError)    an option or value outside what is allowed
      DataError(ValueError)        data that cannot be trained on: NaN, labels out of range, empty
      StateError(RuntimeError)     the right call at the wrong time: stale tape, unbuilt layer
      TraceError(RuntimeError)     Python that a traced step cannot express
      FileError(OSError)           a file that is missing, damaged or of the wrong kind
      NumericError(ArithmeticError) NaN or infinity where numbers were promised
      MissingExtraError(ImportError) an optional package that is not installed
      AbsentNameError(AttributeError) a name that this package lacks; AbsentImportError(ImportError) in an import statement
      VerifyError(AssertionError)  a broken inner invariant: our bug, never the user's

A message reads: what is wrong; the facts (shapes, types); the user's own line; the likely fix.
"""

from __future__ import annotations

from gradwerk.base.origin import Origin, capture, current_path


class GradwerkError(Exception):
    """Base of all. `message` says what is wrong, `facts` are lines of shapes and types, `likely` names the fix."""

    def __init__(self, message: str, *, facts: tuple[str, ...] = (), likely: str = "", origin: Origin | None = None) -> None:
        self.message = message
        self.facts = facts
        self.likely = likely
        self.origin = origin if origin is not None else capture()
        self.place = self.origin.path or current_path()
        super().__init__(self.render())

    def render(self) -> str:
        """The whole text: message, facts, the user's line, the likely fix."""
        head = f"{self.place}: {self.message}" if self.place else self.message
        lines = [head, *(f"  {fact}" for fact in self.facts)]
        if self.origin.file:
            lines.append(f"  at {self.origin.describe()}")
        if self.likely:
            lines.append(f"  likely: {self.likely}")
        return "\n".join(lines)


class ShapeError(GradwerkError, ValueError):
    """Shapes or axes that do not fit."""


class DTypeError(GradwerkError, TypeError):
    """Element types that do not fit."""


class ArgumentError(GradwerkError, ValueError):
    """An option or value outside what is allowed."""


class DataError(GradwerkError, ValueError):
    """Data that cannot be trained on."""


class StateError(GradwerkError, RuntimeError):
    """The right call at the wrong time."""


class TraceError(GradwerkError, RuntimeError):
    """Python that a traced step cannot express."""


class FileError(GradwerkError, OSError):
    """A file that is missing, damaged or of the wrong kind."""


class NumericError(GradwerkError, ArithmeticError):
    """NaN or infinity where numbers were promised."""


class MissingExtraError(GradwerkError, ImportError):
    """An optional package that is not installed."""


class AbsentNameError(GradwerkError, AttributeError):
    """A name that this package lacks."""


class AbsentImportError(GradwerkError, ImportError):
    """A name that this package lacks, in an import statement."""


class VerifyError(GradwerkError, AssertionError):
    """A broken inner invariant."""
