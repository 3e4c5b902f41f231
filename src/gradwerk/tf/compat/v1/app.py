"""tf.app: `run` calls the script's main with the words of the command line that are no options."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, NoReturn

from gradwerk.tf.compat.v1 import flags as flags
from gradwerk.tf.compat.v1.flags import FLAGS

__all__ = ["flags", "run"]


def run(main: Callable[..., Any] | None = None, argv: Any = None) -> NoReturn:  # noqa: ANN401  a list of texts
    """Reads the options, calls main(words), and ends the program with what it gives.

    Args:
        main: a function of a list of texts; the script's `main` where None.
        argv: the words; those of the command line where None.
    """
    words = FLAGS(list(argv if argv is not None else sys.argv))
    called = main if main is not None else vars(sys.modules["__main__"])["main"]
    sys.exit(called(words))
