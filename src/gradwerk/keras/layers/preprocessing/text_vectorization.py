"""TextVectorization: texts as rows of the numbers of their words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Self, Unpack

import numpy as np

from gradwerk.base.errors import ArgumentError, ShapeError
from gradwerk.data.words import as_texts, by_blanks, lower, ngrams, without_punctuation
from gradwerk.keras.layers.layer import Shape
from gradwerk.keras.layers.preprocessing.host import refuse_sparse
from gradwerk.keras.layers.preprocessing.lookups import VocabularyLayer, vocabulary_of, without_secrets
from gradwerk.keras.options import LayerOptions, checked_except, choice, whole

Array = np.ndarray[Any, np.dtype[Any]]
STANDARDS: dict[str, Callable[[str], str]] = {
    "lower_and_strip_punctuation": lambda text: without_punctuation(lower(text)), "lower": lower, "strip_punctuation": without_punctuation,
}  # fmt: skip
SPLITS: dict[str, Callable[[str], list[str]]] = {"whitespace": by_blanks, "character": list}


class TextVectorization(VocabularyLayer):
    """Texts as rows: each brought to one form, cut into words, these joined to neighbours, each word's number in a vocabulary.

    Computed on the host: it is called on data, and stands in front of a model.
    Shape: texts (batch,) or (batch, 1) -> int: (batch, longest or `output_sequence_length`), int64, filled up with 0; else rows of a number
    for each word of the vocabulary (see `encoded`).  Raises: ArgumentError for options that do not fit each other.

    Args:
        max_tokens: how many numbers there are at most.
        standardize: lower_and_strip_punctuation, lower, strip_punctuation, None, or a function of an array of texts.
        split: whitespace, character, None, or a function of an array of texts that gives a list of words for each.
        ngrams: how many words in a row are taken for one; of a number n all from 1 to n; or a tuple of numbers.
        output_mode: int, multi_hot, count, tf_idf or one_hot.
        output_sequence_length: of rows of numbers of words, which are cut or filled up to it.
        pad_to_max_tokens: whether other rows have `max_tokens` numbers.
        vocabulary: a list or array of words, or a file with one a line; else `adapt` learns it.
        idf_weights: with tf_idf, what each word of the vocabulary counts for.
        sparse: refused.
        ragged: refused.
        encoding: of bytes.
    """

    asset_places = ("", "_lookup_layer/")

    @checked_except("max_tokens", "standardize", "split", "ngrams", "output_mode", "output_sequence_length", "vocabulary", "encoding")
    def __init__(
        self, max_tokens: int | None = None, standardize: Any = "lower_and_strip_punctuation", split: Any = "whitespace",  # noqa: ANN401
        ngrams: int | Sequence[int] | None = None, output_mode: str = "int", output_sequence_length: int | None = None,
        pad_to_max_tokens: bool = False, vocabulary: Any = None, idf_weights: Any = None, sparse: bool = False,  # noqa: ANN401, FBT001, FBT002
        ragged: bool = False, encoding: str = "utf-8", **options: Unpack[LayerOptions],  # noqa: FBT001, FBT002
    ) -> None:  # fmt: skip
        super().__init__(**options)
        refuse_sparse("TextVectorization", sparse=sparse, ragged=ragged)
        self.standardize = _known("standardize", standardize, tuple(STANDARDS))
        self.split = _known("split", split, tuple(SPLITS))
        self.ngrams, self.encoding, self.idf_weights = ngrams, encoding, idf_weights
        self.widths = _widths(ngrams)
        self.vocabulary = vocabulary_of(
            self, texts=True, max_tokens=max_tokens, num_oov_indices=1, mask_token="", oov_token="[UNK]", output_mode=output_mode,
            pad_to_max_tokens=pad_to_max_tokens,
        )  # fmt: skip
        self.output_sequence_length = None
        if output_sequence_length is not None:
            self.output_sequence_length = whole("TextVectorization", "output_sequence_length", output_sequence_length, 1)
            if self.vocabulary.mode != "int":
                raise ArgumentError(f"TextVectorization: output_sequence_length is not used with output_mode={self.vocabulary.mode!r}")
        self.begin(vocabulary, idf_weights)

    def adapt(self, data: Any, batch_size: int | None = None, steps: int | None = None) -> None:  # noqa: ANN401
        """Learns the vocabulary of texts: the most frequent words first.

        Raises: StateError for a vocabulary that was given; DataError where there is no word; DTypeError for what is no text.
        """
        self.learn(data, steps)

    def rows_of(self, data: Any) -> list[list[Any]]:  # noqa: ANN401
        """The words of each text."""
        return self.words_of(data, "TextVectorization.adapt: data")[0]

    def words_of(self, value: Any, what: str) -> tuple[list[list[str]], bool]:  # noqa: ANN401  texts
        """The words of each text, and whether it was one text alone.  Raises: ShapeError for more than one text in a row."""
        texts = as_texts(value, what, self.encoding)
        if self.split is not None and texts.ndim > 1:
            if texts.shape[-1] != 1 or texts.ndim > 2:
                raise ShapeError("TextVectorization takes texts (batch,) or (batch, 1)", facts=(f"{what} {texts.shape}",))
            texts = texts[..., 0]
        alone = texts.ndim == 0
        texts = texts.reshape(1) if alone else texts
        if callable(self.standardize):
            texts = as_texts(self.standardize(texts.astype(str)), "what standardize gives")
        elif self.standardize is not None:
            standard = STANDARDS[self.standardize]
            texts = np.array([standard(text) for text in texts.ravel().tolist()], object).reshape(texts.shape)
        if callable(self.split):
            rows = [list(map(str, row)) for row in self.split(texts.astype(str))]
        elif self.split is not None:
            rows = [SPLITS[self.split](text) for text in texts.tolist()]
        else:
            rows = texts.reshape(len(texts), -1).tolist()
        return [ngrams(row, self.widths) if self.widths else row for row in rows], alone

    def call(self, inputs: Any) -> Array:  # noqa: ANN401  texts
        """Rows of numbers."""
        rows, alone = self.words_of(inputs, f"{type(self).__name__}: the input")
        longest = max(map(len, rows), default=0)
        length = self.output_sequence_length or longest
        tokens = np.full((len(rows), max(length, longest)), "", object)
        for place, row in enumerate(rows):
            tokens[place, : len(row)] = row
        found = self.vocabulary.numbers(tokens[:, :length])
        if self.vocabulary.mode == "int" and self.split is None and self.widths is None and np.ndim(inputs) == 1:
            found = found[:, 0]
        return self.vocabulary.encoded(found[0] if alone else found)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """A row for each text."""
        if self.vocabulary.mode == "int":
            return (input_shape[0], self.output_sequence_length)
        return (input_shape[0], self.vocabulary.depth)

    def get_config(self) -> dict[str, Any]:
        """The arguments: what was learned is in a file of its own."""
        held = self.vocabulary
        weights = None if self.idf_weights is None else np.asarray(self.idf_weights, float).tolist()
        return {
            **self.base_config(), "max_tokens": held.max_tokens, "standardize": self.standardize,
            "split": self.split, "ngrams": list(self.ngrams) if isinstance(self.ngrams, (tuple, list)) else self.ngrams,
            "output_mode": held.mode, "output_sequence_length": self.output_sequence_length, "pad_to_max_tokens": held.padded,
            "sparse": False, "ragged": False, "vocabulary": self.given_vocabulary, "idf_weights": weights, "encoding": self.encoding,
            "vocabulary_size": held.size if held.tokens else held.size_said,
        }  # fmt: skip

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """A layer from `get_config`'s answer.  Raises: ArgumentError for one that would read another file."""
        given, size = without_secrets(config, cls.__name__)
        layer = cls(**given)
        layer.vocabulary.size_said = size
        return layer


def _known(name: str, value: Any, allowed: tuple[str, ...]) -> Any:  # noqa: ANN401
    """A name, a function or None.  Raises: ArgumentError for anything else."""
    return value if value is None or callable(value) else choice("TextVectorization", name, value, allowed)


def _widths(value: Any) -> tuple[int, ...] | None:  # noqa: ANN401
    """How many words are joined, each.  Raises: ArgumentError for what are no counts."""
    if value is None:
        return None
    if isinstance(value, (tuple, list)):
        return tuple(whole("TextVectorization", "ngrams", one, 1) for one in value)
    return tuple(range(1, whole("TextVectorization", "ngrams", value, 1) + 1))
