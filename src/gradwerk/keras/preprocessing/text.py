"""keras.preprocessing.text, as Keras 2 had it: texts as numbers of words."""

from __future__ import annotations

import hashlib
import json
import warnings
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from gradwerk.base.errors import ArgumentError, ArgumentTypeError, DataError
from gradwerk.keras.options import choice, positive_integer

__all__ = ["Tokenizer", "hashing_trick", "one_hot", "text_to_word_sequence", "tokenizer_from_json"]

Array = np.ndarray[Any, np.dtype[Any]]
FILTERS = '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n'
MATRICES = ("binary", "count", "tfidf", "freq")
Analyzer = Callable[[Any], Iterable[Any]]


def text_to_word_sequence(input_text: str, filters: str = FILTERS, lower: bool = True, split: str = " ") -> list[str]:  # noqa: FBT001, FBT002
    """The words of a text.

    Args:
        input_text: the text.
        filters: characters that part words, as `split` does.
        lower: whether capitals become small.
        split: what stands between words.

    Raises: ArgumentTypeError for what is no text, ArgumentError for an empty `split`.
    """
    if not isinstance(input_text, str):
        raise ArgumentTypeError(f"a text is a str, this is a {type(input_text).__name__}")
    if not isinstance(split, str) or not split:
        raise ArgumentError(f"split is what stands between words, this is {split!r}")
    text = input_text.lower() if lower else input_text
    parting = {ord(letter): split for letter in filters or ""}
    return [word for word in text.translate(parting).split(split) if word]


def hashing_trick(
    text: str, n: int, hash_function: Any = None, filters: str = FILTERS, lower: bool = True, split: str = " ",  # noqa: ANN401, FBT001, FBT002
    analyzer: Analyzer | None = None,
) -> list[int]:  # fmt: skip
    """A number from 1 to n - 1 for each word of a text, by a hash: two words may have one.

    Args:
        text: the text.
        n: how many numbers there are, 0 among them, which no word has.
        hash_function: "md5", which is the same in every run; a function of a word; or None for Python's `hash`, which is another in each.
        filters: as `text_to_word_sequence`.
        lower: as there.
        split: as there.
        analyzer: a function that gives the words in its place.

    Raises: ArgumentError for an n below 2, or another hash.
    """
    if positive_integer("hashing_trick", "n", n) < 2:
        raise ArgumentError("hashing_trick: n is at least 2, as no word has the number 0")
    if isinstance(hash_function, str):
        choice("hashing_trick", "hash_function", hash_function, ("md5",))
    hashed = hash if hash_function is None else _md5 if hash_function == "md5" else hash_function
    words = text_to_word_sequence(text, filters, lower, split) if analyzer is None else analyzer(text)
    return [int(hashed(word) % (n - 1) + 1) for word in words]


def _md5(word: str) -> int:
    return int(hashlib.md5(word.encode(), usedforsecurity=False).hexdigest(), 16)


def one_hot(
    input_text: str, n: int, filters: str = FILTERS, lower: bool = True, split: str = " ", analyzer: Analyzer | None = None,  # noqa: FBT001, FBT002
) -> list[int]:  # fmt: skip
    """`hashing_trick` with Python's `hash`.

    Raises: as that.
    """
    return hashing_trick(input_text, n, None, filters, lower, split, analyzer)


class Tokenizer:
    """Numbers for words, by how often they are: 1 for the most frequent.  0 is no word's.

        tokenizer = Tokenizer(num_words=1000)
        tokenizer.fit_on_texts(texts)
        sequences = tokenizer.texts_to_sequences(texts)

    Args:
        num_words: words whose number is below are kept, others are left out, or `oov_token`.
        filters: characters that part words.
        lower: whether capitals become small.
        split: what stands between words.
        char_level: whether each character is a word.
        oov_token: what stands for words without a number; it has the number 1.
        analyzer: a function that gives the words of a text.
        **kwargs: `nb_words`, as num_words was called, and `document_count`, how many texts were seen.

    Raises: ArgumentError for another option.
    """

    def __init__(
        self, num_words: int | None = None, filters: str = FILTERS, lower: bool = True, split: str = " ", char_level: bool = False,  # noqa: FBT001, FBT002
        oov_token: str | None = None, analyzer: Analyzer | None = None, **kwargs: Any,  # noqa: ANN401
    ) -> None:  # fmt: skip
        if "nb_words" in kwargs:
            warnings.warn("Tokenizer: nb_words is called num_words", stacklevel=2)
            num_words = kwargs.pop("nb_words")
        self.document_count: int = kwargs.pop("document_count", 0)
        if kwargs:
            raise ArgumentTypeError(f"Tokenizer has no option {next(iter(kwargs))!r}")
        self.num_words, self.filters, self.lower, self.split = num_words, filters, lower, split
        self.char_level, self.oov_token, self.analyzer = char_level, oov_token, analyzer
        self.word_counts: dict[Any, int] = OrderedDict()
        self.word_docs: dict[Any, int] = defaultdict(int)
        self.index_docs: dict[int, int] = defaultdict(int)
        self.word_index: dict[Any, int] = {}
        self.index_word: dict[int, Any] = {}

    def _words(self, text: Any) -> list[Any]:  # noqa: ANN401  a text, or a list of words
        """Raises: ArgumentTypeError for what is neither."""
        if isinstance(text, (list, tuple)):
            return [word.lower() for word in text] if self.lower else list(text)
        if not isinstance(text, str):
            raise ArgumentTypeError(f"Tokenizer takes texts, or lists of words, this is a {type(text).__name__}")
        if self.char_level:
            return list(text.lower() if self.lower else text)
        return text_to_word_sequence(text, self.filters, self.lower, self.split) if self.analyzer is None else list(self.analyzer(text))

    def fit_on_texts(self, texts: Iterable[Any]) -> None:
        """Counts words, and numbers them anew: those that are as frequent in the order in which they came.

        Raises: ArgumentTypeError for one text in the place of several, and for what is no text.
        """
        for text in _several(texts):
            self.document_count += 1
            words = self._words(text)
            for word in words:
                self.word_counts[word] = self.word_counts.get(word, 0) + 1
            for word in set(words):
                self.word_docs[word] += 1
        known = sorted(self.word_counts, key=lambda word: -self.word_counts[word])
        ordered = known if self.oov_token is None else [self.oov_token, *known]
        self.word_index = dict(zip(ordered, range(1, len(ordered) + 1), strict=True))
        self.index_word = {number: word for word, number in self.word_index.items()}
        for word, count in self.word_docs.items():
            self.index_docs[self.word_index[word]] = count

    def fit_on_sequences(self, sequences: Sequence[Iterable[int]]) -> None:
        """Counts in how many sequences each number is, for `sequences_to_matrix(mode="tfidf")`."""
        self.document_count += len(sequences)
        for sequence in sequences:
            for number in set(sequence):
                self.index_docs[number] += 1

    def texts_to_sequences(self, texts: Iterable[Any]) -> list[list[int]]:
        """The numbers of the words of each text.  Raises: ArgumentTypeError, as `fit_on_texts`."""
        return list(self.texts_to_sequences_generator(texts))

    def texts_to_sequences_generator(self, texts: Iterable[Any]) -> Iterator[list[int]]:
        """`texts_to_sequences`, one after another."""
        for text in _several(texts):
            numbers = (self._kept(self.word_index.get(word)) for word in self._words(text))
            yield [number for number in numbers if number is not None]

    def _kept(self, number: int | None) -> int | None:
        """A number, or what stands for it."""
        out = self.word_index.get(self.oov_token) if self.oov_token is not None else None
        return out if number is None or (self.num_words and number >= self.num_words) else number

    def sequences_to_texts(self, sequences: Iterable[Iterable[int]]) -> list[str]:
        """The words of numbers, with blanks between them."""
        return list(self.sequences_to_texts_generator(sequences))

    def sequences_to_texts_generator(self, sequences: Iterable[Iterable[int]]) -> Iterator[str]:
        """`sequences_to_texts`, one after another."""
        for sequence in sequences:
            numbers = (self._kept(int(number) if int(number) in self.index_word else None) for number in sequence)
            yield " ".join(self.index_word[number] for number in numbers if number is not None)

    def texts_to_matrix(self, texts: Iterable[Any], mode: str = "binary") -> Array:
        """`sequences_to_matrix` of texts.

        Shape: (texts, num_words).  Raises: as that.
        """
        return self.sequences_to_matrix(self.texts_to_sequences(texts), mode)

    def sequences_to_matrix(self, sequences: Sequence[Sequence[int]], mode: str = "binary") -> Array:
        """A row for each sequence, a column for each number.

        Args:
            sequences: numbers of words.
            mode: "binary" whether a number is in it, "count" how often, "freq" as a share, "tfidf" (1 + ln count) ln(1 + n / (1 + d)), of
                n texts of which d have it.

        Shape: (sequences, num_words), else as many columns as there are words and one.  Dtype: float64.
        Raises: ArgumentError for another mode; DataError where nothing says how many columns, or how many texts.
        """
        choice("Tokenizer", "mode", mode, MATRICES)
        if not self.num_words and not self.word_index:
            raise DataError("Tokenizer: nothing says how many columns there are", likely="fit_on_texts first, or Tokenizer(num_words=1000)")
        if mode == "tfidf" and not self.document_count:
            raise DataError("Tokenizer: tfidf needs the counts of texts", likely="fit_on_texts or fit_on_sequences first")
        columns = self.num_words or len(self.word_index) + 1
        made = np.zeros((len(sequences), columns))
        for row, sequence in zip(made, sequences, strict=True):
            numbers, counts = np.unique(np.asarray([number for number in sequence if number < columns], np.int64), return_counts=True)
            if mode == "binary":
                row[numbers] = 1
            elif mode == "tfidf":
                within = np.array([self.index_docs.get(int(number), 0) for number in numbers], np.float64)
                row[numbers] = (1 + np.log(counts)) * np.log(1 + self.document_count / (1 + within))
            else:
                row[numbers] = counts / (len(sequence) if mode == "freq" else 1)
        return made

    def get_config(self) -> dict[str, Any]:
        """What it was made with and has counted, as plain data; tables as texts of JSON."""
        tables = {name: json.dumps(getattr(self, name)) for name in ("word_counts", "word_docs", "index_docs", "index_word", "word_index")}
        return {
            "num_words": self.num_words, "filters": self.filters, "lower": self.lower, "split": self.split, "char_level": self.char_level,
            "oov_token": self.oov_token, "document_count": self.document_count, **tables,
        }  # fmt: skip

    def to_json(self, **kwargs: Any) -> str:  # noqa: ANN401  json's
        """All of it as a text, for `tokenizer_from_json`."""
        return json.dumps({"class_name": type(self).__name__, "config": self.get_config()}, **kwargs)


def tokenizer_from_json(json_string: str) -> Tokenizer:
    """The Tokenizer of a text that `to_json` gave.  Raises: DataError for another text."""
    try:
        config = dict(json.loads(json_string)["config"])
        tables = {name: json.loads(config.pop(name)) for name in ("word_counts", "word_docs", "index_docs", "index_word", "word_index")}
        made = Tokenizer(**config)
        for name, table in tables.items():
            by_number = name.startswith("index_")
            setattr(made, name, {int(key): value for key, value in table.items()} if by_number else table)
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise DataError("the text is no Tokenizer's", facts=(f"{type(error).__name__}: {error}",)) from None
    return made


def _several(texts: Any) -> Iterable[Any]:  # noqa: ANN401
    """Raises: ArgumentTypeError for one text: it would be taken for a list of characters."""
    if isinstance(texts, str) or not hasattr(texts, "__iter__"):
        likely = "[text]" if isinstance(texts, str) else ""
        raise ArgumentTypeError(f"Tokenizer takes a list of texts, this is a {type(texts).__name__}", likely=likely)
    several: Iterable[Any] = texts.tolist() if hasattr(texts, "tolist") else texts
    return several
