"""keras.datasets.reuters: 11,228 newswires, as numbers of words."""

from __future__ import annotations

import numpy as np

from gradwerk.keras.datasets.finding import ORIGIN, Parts, check_share, located, shuffled
from gradwerk.keras.datasets.finding import words as words_of
from gradwerk.keras.datasets.sequences import Numbering, objects, read

DIGEST = "d6586e694ee56d7a4e65172e12b3e987c03096cb01eab99753921ef915959916"
WORDS = "4d44cc38712099c9e383dc6e5f11a921"
TOPICS = (
    "cocoa", "grain", "veg-oil", "earn", "acq", "wheat", "copper", "housing", "money-supply", "coffee", "sugar", "trade", "reserves",
    "ship", "cotton", "carcass", "crude", "nat-gas", "cpi", "money-fx", "interest", "gnp", "meal-feed", "alum", "oilseed", "gold", "tin",
    "strategic-metal", "livestock", "retail", "ipi", "iron-steel", "rubber", "heat", "jobs", "lei", "bop", "zinc", "orange", "pet-chem",
    "dlr", "gas", "silver", "wpi", "hog", "lead",
)  # fmt: skip
"""What the labels 0 to 45 are about."""


def load_data(
    path: str = "reuters.npz", num_words: int | None = None, skip_top: int = 0, maxlen: int | None = None, test_split: float = 0.2,
    seed: int = 113, start_char: int | None = 1, oov_char: int | None = 2, index_from: int = 3,
) -> Parts:  # fmt: skip
    """Newswires and which of 46 topics they are about: ((x_train, y_train), (x_test, y_test)).

    Args:
        path: the file in ~/.keras/datasets, else downloaded.
        num_words: how many of the most frequent words have a number of their own.
        skip_top: how many of the most frequent have none.
        maxlen: newswires of as many words or more are left out.
        test_split: the share that is tested on.
        seed: shuffles them.
        start_char: begins a newswire; None for nothing.
        oov_char: stands for a word without a number; None leaves it out.
        index_from: the first number of a word, less one.

    Shape: x (n,) lists, y (n,) int64.
    Raises: ArgumentError for a test_split that is no share, and where no newswire is shorter than maxlen; FileError where it can be had
    nowhere.  Source: Lewis, 1997, "Reuters-21578".
    """
    check_share(test_split)
    numbering = Numbering(num_words, skip_top, maxlen, start_char, oov_char, index_from)
    x, y = shuffled(seed, *read(located(path, f"{ORIGIN}reuters.npz", DIGEST), ("x", "y")))
    texts, labels = numbering.short(numbering.begun(x), y)
    texts = numbering.limited(texts)
    at = int(len(texts) * (1 - test_split))
    return (objects(texts[:at]), np.array(labels[:at])), (objects(texts[at:]), np.array(labels[at:]))


def get_word_index(path: str = "reuters_word_index.json") -> dict[str, int]:
    """The number of each word, without `index_from`.

    Raises: FileError where the file is not in ~/.keras/datasets and cannot be downloaded.
    """
    return words_of(path, "reuters_word_index.json", WORDS)


def get_label_names() -> tuple[str, ...]:
    """What the labels are about, in their order."""
    return TOPICS
