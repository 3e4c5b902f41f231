"""What an op says when it is lowered, as text: the part of a kernel's name that covers the op's own code.

An op is spoken to a recorder in place of the backend, so the text covers all that shapes its code: fields, the functions and constants it
uses, wherever they are written.  Two ops of one name that say different things are different kernels, in one process (a notebook's cell run
again) and in the disk cache (a module that was edited).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import uuid4

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.dtypes import DType
from gradwerk.ir.op import Op, Random, Reduction


@dataclass(frozen=True)
class Said:
    """A scalar to a recorder: the number of the word that made it, and its element type."""

    number: int
    dtype: DType


class Recorder:
    """An Emitter (ir/emit.py) that writes down what it is asked for."""

    def __init__(self) -> None:
        self.words: list[str] = []

    def given(self, dtype: DType) -> Said:
        """An argument of the op."""
        return self._note(f"{dtype}", dtype)

    def dtype(self, x: Said) -> DType:
        """The element type of x."""
        return x.dtype

    def __getattr__(self, word: str) -> Callable[..., Said]:
        if word.startswith("_"):
            raise AttributeError(word)

        def say(*args: Any, **named: Any) -> Said:  # noqa: ANN401  whatever the protocol's methods take
            everything = (*args, *named.values())
            scalars = [a for a in everything if isinstance(a, Said)]
            kinds = [a for a in everything if isinstance(a, np.dtype)]
            made = dtypes.bool_ if word == "compare" else kinds[-1] if kinds else scalars[-1].dtype
            return self._note(f"{word} {' '.join(map(_text, args))} {sorted((k, _text(v)) for k, v in named.items())}", made)

        return say

    def _note(self, text: str, dtype: DType) -> Said:
        self.words.append(text)
        return Said(len(self.words) - 1, dtype)


def _text(argument: object) -> str:
    return f"%{argument.number}" if isinstance(argument, Said) else f"{type(argument).__name__}:{argument!r}"


@lru_cache(maxsize=4096)
def spoken(op: Op, kinds: tuple[DType, ...]) -> str:
    """All that the op says of arguments of these dtypes, as text that is the same in every process where it says the same.

    Where recording fails, the text is one that no other process has: such kernels are compiled anew.
    """
    recorder = Recorder()
    rule: Any = op
    try:
        arguments: Sequence[Said] = [recorder.given(kind) for kind in kinds]
        if isinstance(op, Reduction):
            results = [rule.combine(recorder, arguments[0], recorder.given(kinds[0]))]
            recorder.words.append(_text(op.identity(kinds[0])))
        elif isinstance(op, Random):
            results = [rule.emit(recorder, recorder.given(dtypes.uint32), *arguments)]
        else:
            results = [rule.emit(recorder, *arguments)]
    except Exception:
        return f"{op} unspoken {uuid4().hex}"
    return f"{op}: {'; '.join(recorder.words)} -> {' '.join(map(_text, results))}"
