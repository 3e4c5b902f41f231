"""What an op says when it is lowered: as text, the part of a kernel's name that covers the op's own code, and counted, what it costs.

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
from gradwerk.ir.graph import Node
from gradwerk.ir.op import Elementwise, Op, Random, Reduction

SLOW = 8
"""The effort from which on it is not worth making a value twice: a division, a square root."""
HEAVY = 20
"""The effort from which on unrolling gains nothing: functions of many instructions."""
EFFORT = {"div": SLOW, "power": HEAVY, "fmod": HEAVY, "const": 0}
"""What a word of an Emitter costs, where it is not one instruction."""
OF_FUNCTIONS = dict.fromkeys(("abs", "floor", "ceil", "trunc", "round"), 1) | {"sqrt": SLOW, "rsqrt": SLOW}
"""What a function costs that `math` names, where that is not many instructions."""


@dataclass(frozen=True)
class Said:
    """A scalar to a recorder: the number of the word that made it, and its element type."""

    number: int
    dtype: DType


class Recorder:
    """An Emitter (ir/emit.py) that writes down what it is asked for."""

    def __init__(self) -> None:
        self.words: list[str] = []
        self.effort = 0
        """About how many plain instructions that is."""

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
            self.effort += OF_FUNCTIONS.get(args[0], HEAVY) if word == "math" else EFFORT.get(word, 1)
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
    try:
        results = _speak(op, kinds, recorder)
    except Exception:
        return f"{op} unspoken {uuid4().hex}"
    return f"{op}: {'; '.join(recorder.words)} -> {' '.join(map(_text, results))}"


def _speak(op: Op, kinds: tuple[DType, ...], recorder: Recorder) -> list[Any]:
    """Has the op say its code to a recorder; what it gives."""
    rule: Any = op
    arguments: Sequence[Said] = [recorder.given(kind) for kind in kinds]
    if isinstance(op, Reduction):
        results = [rule.combine(recorder, arguments[0], recorder.given(kinds[0]))]
        recorder.words.append(_text(op.identity(kinds[0])))
        return results
    if isinstance(op, Random):
        return [rule.emit(recorder, recorder.given(dtypes.uint32), *arguments)]
    return [rule.emit(recorder, *arguments)]


def is_slow(node: Node) -> bool:
    """Whether it is not worth computing what this elementwise node gives a second time."""
    return effort(node) >= SLOW


def is_heavy(node: Node) -> bool:
    """Whether this is an elementwise node of many instructions."""
    return effort(node) >= HEAVY


def effort(node: Node) -> int:
    """About how many plain instructions an element of an elementwise node is; 0 for other nodes."""
    return _effort(node.op, tuple([value.dtype for value in node.args])) if isinstance(node.op, Elementwise) else 0


@lru_cache(maxsize=4096)
def _effort(op: Elementwise, kinds: tuple[DType, ...]) -> int:
    recorder = Recorder()
    try:
        _speak(op, kinds, recorder)
    except Exception:
        return HEAVY  # one that cannot be recorded
    return recorder.effort
