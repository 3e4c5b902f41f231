"""Every error a user can meet, each also the builtin error it resembles.

    GradwerkError
      ShapeError(ValueError, RuntimeError)     shapes or axes that do not fit: ValueError in NumPy and Keras, RuntimeError in PyTorch
        OutOfRangeError(IndexError)            an axis or an index beyond the extents
      DTypeError(TypeError, RuntimeError)      element types that do not fit
        IndexKindError(IndexError)             what is no index: IndexError in PyTorch, TypeError in Keras
      ArgumentError(ValueError, RuntimeError)  an option or value outside what is allowed
        ArgumentTypeError(TypeError)           an option of the wrong kind
        MissingOptionError(KeyError)           an option that has to be there and is not
      DataError(ValueError)                    data that cannot be trained on: NaN, empty
        IndexDataError(IndexError)             a label or id out of range
        LinAlgError(np.linalg.LinAlgError)     a matrix without what is asked for: in ops/lapack.py, as nothing here loads NumPy
      StateError(RuntimeError)                 the right call at the wrong time: stale tape, unbuilt layer
      TraceError(RuntimeError)                 Python that a traced step cannot express
      FileError(OSError)                       a file that is missing, damaged or of the wrong kind
      NumericError(ArithmeticError)            NaN or infinity where numbers were promised
      MissingExtraError(ImportError)           an optional package that is not installed
      AbsentNameError(AttributeError)          a name that this package lacks; AbsentImportError(ImportError) in an import statement,
        AbsentModuleError(ModuleNotFoundError) ... of a module
      VerifyError(AssertionError)              a broken inner invariant: our bug, never the user's

A message reads: what is wrong; the facts (shapes, types); the user's own line; the likely fix.
"""

from __future__ import annotations

import re

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
        owner = self.place.rpartition("/")[2].rpartition("(")[2].rstrip(")")
        head = f"{self.place}: {self.message.removeprefix(f'{owner}: ')}" if self.place else self.message
        lines = [self.said(line) for line in (head, *(f"  {fact}" for fact in self.facts))]
        if self.origin.file:
            lines.append(f"  at {self.origin.describe()}")
        if self.likely:
            lines.append(f"  likely: {self.likely}")
        return "\n".join(lines)

    def said(self, line: str) -> str:
        """A line in the user's words: types as shape and dtype, not as the text of graphs writes them."""
        return _TYPE.sub(_shape_and_dtype, line)


_TYPE = re.compile(r"\b(f16|bf16|f32|f64|i8|i16|i32|i64|u8|u16|u32|u64|bool)\[((?:\d+(?:,\d+)*)?)\]")
_KINDS = {"f": "float", "bf": "bfloat", "i": "int", "u": "uint", "bool": "bool"}


def _shape_and_dtype(found: re.Match[str]) -> str:
    """`f32[3,4]` as `(3, 4) float32`."""
    short, extents = found.groups()
    kind = short.rstrip("0123456789")
    return f"{tuple(map(int, filter(None, extents.split(','))))} {_KINDS[kind]}{short.removeprefix(kind)}"


class ShapeError(GradwerkError, ValueError, RuntimeError):
    """Shapes or axes that do not fit."""


class OutOfRangeError(ShapeError, IndexError):
    """An axis or an index beyond the extents."""


class DTypeError(GradwerkError, TypeError, RuntimeError):
    """Element types that do not fit."""


class IndexKindError(DTypeError, IndexError):
    """What is no index: a float, a text."""


class ArgumentError(GradwerkError, ValueError, RuntimeError):
    """An option or value outside what is allowed."""


class ArgumentTypeError(ArgumentError, TypeError):
    """An option of the wrong kind."""


class MissingOptionError(ArgumentError, KeyError):
    """An option that has to be there and is not."""

    def __str__(self) -> str:
        return self.render()  # a KeyError shows the repr of its text


class DataError(GradwerkError, ValueError):
    """Data that cannot be trained on."""


class IndexDataError(DataError, IndexError):
    """A label or id out of range."""


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


class AbsentModuleError(AbsentImportError, ModuleNotFoundError):
    """A module that this package lacks."""


class VerifyError(GradwerkError, AssertionError):
    """A broken inner invariant."""

    def said(self, line: str) -> str:
        """As it stands: it speaks of graphs."""
        return line
