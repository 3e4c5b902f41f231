"""keras.datasets.imdb: 50,000 reviews of films, as numbers of words."""

from __future__ import annotations

import numpy as np

from gradwerk.base.errors import ArgumentError
from gradwerk.keras.datasets.finding import ORIGIN, Array, Parts, located
from gradwerk.keras.datasets.finding import words as words_of
from gradwerk.keras.datasets.sequences import Numbering, objects, read

DIGEST = "69664113be75683a8fe16e3ed0ab59fda8886cb3cd7ada244f7d9544e4676b9f"
WORDS = "bfafd718b763782e994055a2d397834f"


def load_data(
    path: str = "imdb.npz", num_words: int | None = None, skip_top: int = 0, maxlen: int | None = None, seed: int = 113,
    start_char: int | None = 1, oov_char: int | None = 2, index_from: int = 3, **kwargs: int | None,
) -> Parts:  # fmt: skip
    """Reviews of films and whether they are good (1) or bad (0): ((x_train, y_train), (x_test, y_test)), 25,000 each.

    Args:
        path: the file in ~/.keras/datasets, else downloaded.
        num_words: how many of the most frequent words have a number of their own.
        skip_top: how many of the most frequent have none.
        maxlen: reviews of as many words or more are left out.
        seed: shuffles them.
        start_char: begins a review; None for nothing.
        oov_char: stands for a word without a number; None leaves it out.
        index_from: the first number of a word, less one.
        **kwargs: `nb_words`, as earlier versions called num_words.

    Shape: x (n,) lists, y (n,) int64.
    Raises: ArgumentError for another option, and where no review is shorter than maxlen; FileError where it can be had nowhere.
    Source: Maas et al., 2011, "Learning word vectors for sentiment analysis".
    """
    num_words = kwargs.pop("nb_words", num_words)
    if kwargs:
        raise ArgumentError(f"imdb.load_data has no option {next(iter(kwargs))!r}")
    numbering = Numbering(num_words, skip_top, maxlen, start_char, oov_char, index_from)
    arrays = read(located(path, f"{ORIGIN}imdb.npz", DIGEST), ("x_train", "y_train", "x_test", "y_test"))
    (x_train, y_train), (x_test, y_test) = shuffled_twice(seed, *arrays)
    begun, y_train = numbering.short(numbering.begun(x_train), y_train)
    tested, y_test = numbering.short(numbering.begun(x_test), y_test)
    texts = numbering.limited(begun + tested)
    return (objects(texts[: len(begun)]), y_train), (objects(texts[len(begun) :]), y_test)


def shuffled_twice(seed: int, *arrays: Array) -> tuple[list[Array], list[Array]]:
    """Both parts by one random generator, the second goes on where the first ended."""
    random = np.random.RandomState(seed)
    made = []
    for x, y in (arrays[:2], arrays[2:]):
        order = np.arange(len(x))
        random.shuffle(order)
        made.append([x[order], y[order]])
    return made[0], made[1]


def get_word_index(path: str = "imdb_word_index.json") -> dict[str, int]:
    """The number of each word, without `index_from`: 1 for the most frequent.

    Raises: FileError where the file is not in ~/.keras/datasets and cannot be downloaded.
    """
    return words_of(path, "imdb_word_index.json", WORDS)
