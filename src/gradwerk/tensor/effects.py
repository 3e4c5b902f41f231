"""Effects of a step: printing when it runs, not when it is traced.  Their order is data: each takes the token of the one before.

And the effect that all other work has: `synchronize` waits for it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwerk.base.dtypes import token as token_dtype
from gradwerk.base.errors import TraceError
from gradwerk.ir.op import Operand
from gradwerk.ops.host import Print, Token
from gradwerk.tensor.handle import Handle
from gradwerk.tensor.state import mode
from gradwerk.tensor.tensor import Tensor

OUTPUT = "output"


def print_(text: str, *values: Operand) -> None:
    """Prints `text` with the values in its braces: at once, and in a compiled function at every run, in order.

    Raises: DTypeError for values that are no Tensors, arrays or numbers, TraceError in the body of a loop or branch that is traced.
    """
    given = [value if isinstance(value, Handle) else Tensor(value) for value in values]
    trace = mode.trace
    if trace is None:
        Print(text).evaluate(np.zeros((), token_dtype), *(x.contents("print_") if isinstance(x, Tensor) else x._array for x in given))
        return
    if trace.is_body:
        raise TraceError("print_ in the body of a loop or a branch that is traced", likely="give the values out, and print them behind it")
    order: Any = trace.tokens.get(OUTPUT)
    if order is None:
        (order,) = trace.apply(Tensor, Token(OUTPUT), ())
    (trace.tokens[OUTPUT],) = trace.apply(Tensor, Print(text), (order, *given))


def synchronize() -> None:
    """Has all that waits computed, in all threads, and returns when it is.

    Under `GRADWERK_EAGER=deferred` operations wait until somebody looks at their numbers, so a clock around them measures how long it takes
    to ask for them.  Whoever times a loop calls this before each time that the clock is read; a look (`loss.item()`) does it for what is
    looked at.  Immediate operations and compiled functions are done when they return: then there is nothing to do.

    Raises: MemoryError, and what a signal handler raises, as a look does.
    """
    Tensor._recorder.finish()
