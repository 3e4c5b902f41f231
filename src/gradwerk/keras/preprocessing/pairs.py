"""Pairs of words for skip-gram models, and how often words are left out of them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import numpy as np

from gradwerk.base.errors import DataError
from gradwerk.keras.options import not_negative, positive_integer, whole

Array = np.ndarray[Any, np.dtype[Any]]
_EULER = 0.577


def make_sampling_table(size: int, sampling_factor: float = 1e-5) -> Array:
    """The share with which the word of each rank is kept: min(1, sqrt(sampling_factor / frequency)), frequencies by Zipf's law.

    With f = sampling_factor and r (ln r + 0.577) + 1/2 - 1 / (12 r) for one over the frequency of rank r.
    Shape: (size,).  Source: Mikolov et al., 2013, "Distributed representations of words and phrases and their compositionality".
    """
    rank = np.arange(positive_integer("make_sampling_table", "size", size))
    rank[0] = 1
    inverse = rank * (np.log(rank) + _EULER) + 0.5 - 1.0 / (12.0 * rank)
    f = not_negative("make_sampling_table", "sampling_factor", sampling_factor) * inverse
    return np.asarray(np.minimum(1.0, f / np.sqrt(f)))


def skipgrams(
    sequence: Sequence[int], vocabulary_size: int, window_size: int = 4, negative_samples: float = 1.0, shuffle: bool = True,  # noqa: FBT001, FBT002
    categorical: bool = False, sampling_table: Any = None, seed: int | None = None,  # noqa: ANN401, FBT001, FBT002
) -> tuple[list[list[int]], list[Any]]:  # fmt: skip
    """Pairs of words: (word, one beside it) with label 1, (word, any other) with label 0.

    Args:
        sequence: numbers of words; 0 is none.
        vocabulary_size: numbers are below.
        window_size: how far beside.
        negative_samples: pairs with a word drawn, as a share of the others.
        shuffle: whether in another order.
        categorical: whether labels are [0, 1] and [1, 0].
        sampling_table: the share with which each number is kept: `make_sampling_table`.
        seed: what the order follows from.  Words are drawn from Python's own random numbers, as Keras draws them.

    Raises: DataError for a sequence without pairs of which others are to be drawn.
    """
    reach, words = whole("skipgrams", "window_size", window_size), list(sequence)
    share = not_negative("skipgrams", "negative_samples", negative_samples)
    couples: list[list[int]] = []
    for place, word in enumerate(words):
        if not word or (sampling_table is not None and sampling_table[word] < random.random()):
            continue
        beside = range(max(0, place - reach), min(len(words), place + reach + 1))
        couples += [[word, words[other]] for other in beside if other != place and words[other]]
    labels: list[Any] = [[0, 1] if categorical else 1 for _ in couples]
    if share > 0:
        count, first = int(len(labels) * share), [couple[0] for couple in couples]
        if vocabulary_size < 2 and count:
            raise DataError(f"skipgrams: a vocabulary of {vocabulary_size} has no word to draw")
        random.shuffle(first)
        couples += [[first[k % len(first)], random.randint(1, vocabulary_size - 1)] for k in range(count)]
        labels += [[1, 0] if categorical else 0] * count
    if shuffle:
        drawn = random.randint(0, 10**7) if seed is None else seed
        for several in (couples, labels):
            random.seed(drawn)
            random.shuffle(several)
    return couples, labels
