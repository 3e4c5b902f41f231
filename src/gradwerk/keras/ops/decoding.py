"""Paths of labels through steps of scores: the best class of each step, and a search that keeps several prefixes.

Source: Graves et al., 2006; Hannun et al., arXiv:1408.2873.
"""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]


def greedy(scores: Array, lengths: Array, *, blank: int, merges: bool) -> tuple[Array, Array]:
    """The best class of each step; -1 behind the labels; and less the sum of their scores.  Shape: (1, batch, steps), (batch, 1)."""
    batch, steps, _ = scores.shape
    labels, totals = np.full((1, batch, steps), -1), np.zeros((batch, 1))
    for row, length in enumerate(lengths.tolist()):
        best = scores[row, :length].argmax(-1)
        totals[row] = -scores[row, :length].max(-1).sum() if length else 0
        kept = best != blank
        if merges and length:
            kept &= np.append(True, best[1:] != best[:-1])
        found = best[kept]
        labels[0, row, : len(found)] = found
    return labels, totals


def beams(scores: Array, lengths: Array, *, blank: int, width: int, count: int) -> tuple[Array, Array]:
    """The `count` likeliest rows of labels of those that are kept, and logarithms of their probabilities.

    Shape: (count, batch, steps), (batch, count).
    """
    batch, steps, _ = scores.shape
    labels, totals = np.full((count, batch, steps), -1), np.full((batch, count), -np.inf)
    top = scores.max(-1, keepdims=True)
    logs = scores - top - np.log(np.exp(scores - top).sum(-1, keepdims=True))
    for row, length in enumerate(lengths.tolist()):
        for place, (prefix, total) in enumerate(_searched(logs[row, :length], blank, width)[:count]):
            labels[place, row, : len(prefix)] = prefix
            totals[row, place] = total
    return labels, totals


Prefix = tuple[int, ...]


def _searched(logs: Array, blank: int, width: int) -> list[tuple[Prefix, float]]:
    """Prefixes with the logarithm of their probability, the likeliest first: of each, that it ends in a blank, and that it does not."""
    known: dict[Prefix, tuple[float, float]] = {(): (0.0, -np.inf)}
    for step in logs:
        found: dict[Prefix, tuple[float, float]] = {}
        for prefix, (silent, spoken) in known.items():
            either = np.logaddexp(silent, spoken)
            _add(found, prefix, either + step[blank], -np.inf)
            if prefix:
                _add(found, prefix, -np.inf, spoken + step[prefix[-1]])
            for label, score in enumerate(step):
                if label != blank:
                    before = silent if prefix and prefix[-1] == label else either
                    _add(found, (*prefix, label), -np.inf, before + score)
        ranked = sorted(found.items(), key=lambda item: -float(np.logaddexp(*item[1])))
        known = dict(ranked[:width])
    return sorted(((prefix, float(np.logaddexp(*both))) for prefix, both in known.items()), key=lambda item: -item[1])


def _add(found: dict[Prefix, tuple[float, float]], prefix: Prefix, silent: float, spoken: float) -> None:
    """More ways to a prefix."""
    one, other = found.get(prefix, (-np.inf, -np.inf))
    found[prefix] = (float(np.logaddexp(one, silent)), float(np.logaddexp(other, spoken)))
