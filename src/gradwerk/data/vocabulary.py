"""A table of words or whole numbers, by what is known of data: which there are, in what order, and what stands for the others."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from gradwerk.base.errors import ArgumentError, DataError, StateError
from gradwerk.data.encoding import encoded
from gradwerk.data.hashes import fingerprint, keyed

Array = np.ndarray[Any, np.dtype[Any]]
Token = Any
"""A text, or a whole number."""
MASKED = -2
"""The index of what is left out, where there are no indices as such."""


class Vocabulary:
    """Tokens by number: first what is left out (0, where indices are asked for), then bins for unknown ones, then the known ones.

    Args:
        owner: whose it is, for errors.
        texts: whether tokens are texts, else whole numbers.
        max_tokens: how many there are at most, those in front included.
        bins: how many numbers stand for unknown tokens.
        mask: the token that is left out, or None.
        unknown: what stands for unknown ones, where numbers become tokens again.
        mode: int, one_hot, multi_hot, count or tf_idf.
        padded: whether rows have `max_tokens` numbers, whatever is known.
        salt: of the hashes that sort unknown tokens into bins.
        hashed: whether whole numbers are sorted into bins by a hash too.
    """

    def __init__(
        self, owner: str, *, texts: bool, max_tokens: int | None, bins: int, mask: Token, unknown: Token, mode: str, padded: bool,
        salt: tuple[int, int] | None = None, hashed: bool = False,
    ) -> None:  # fmt: skip
        self.owner, self.texts, self.max_tokens, self.bins, self.mask, self.unknown = owner, texts, max_tokens, bins, mask, unknown
        self.mode, self.padded, self.salt, self.hashed = mode, padded, salt, hashed
        self.tokens: list[Token] = []
        self.weights: Array | None = None
        self.is_given = False
        self.size_said: int | None = None
        self._numbers: dict[Token, int] = {}
        self.forget()

    @property
    def masked(self) -> int:
        """How many numbers stand for what is left out."""
        return int(self.mask is not None and self.mode == "int")

    @property
    def front(self) -> int:
        """How many numbers stand before those of the known tokens."""
        return self.masked + self.bins

    @property
    def size(self) -> int:
        """How many numbers there are."""
        return self.front + len(self.tokens)

    @property
    def depth(self) -> int:
        """How many numbers a row has.  Raises: StateError where nothing is known yet."""
        if self.padded and self.max_tokens is not None:
            return self.max_tokens
        if not self.tokens and self.size_said is None:
            raise StateError(f"{self.owner} has no vocabulary yet: rows have no width", likely="adapt(data), or vocabulary=[...]")
        return self.size if self.tokens else int(self.size_said or 0)

    def listed(self, *, special: bool = True) -> list[Token]:
        """All tokens in order, those in front included or not."""
        front = [self.mask] * self.masked + [self.unknown] * self.bins
        return [*front, *self.tokens] if special else list(self.tokens)

    # ---- made of a list

    def take(self, tokens: Sequence[Token], weights: Any = None) -> None:  # noqa: ANN401  numbers, or None
        """Takes a list of tokens, with those in front or without.  Raises: ArgumentError for one that makes no vocabulary."""
        given, front = list(tokens), [self.mask] * self.masked + [self.unknown] * self.bins
        if not given:
            raise ArgumentError(f"{self.owner}: an empty vocabulary")
        whole = given[: len(front)] == front and bool(front)
        known = given[len(front) :] if whole else given
        twice = [token for token, count in Counter(known).items() if count > 1]
        if twice:
            raise ArgumentError(f"{self.owner}: the vocabulary has {twice[0]!r} twice", likely="list(dict.fromkeys(vocabulary))")
        for token, what in ((self.mask, "mask_token"), (self.unknown, "oov_token")):
            if token is not None and token in known and (what == "mask_token" or token == front[-1:]):
                raise ArgumentError(f"{self.owner}: the {what} {token!r} stands at another place of the vocabulary than in front",
                                    facts=(f"in front: {front}",))  # fmt: skip
        if self.max_tokens is not None and len(front) + len(known) > self.max_tokens:
            raise ArgumentError(f"{self.owner}: {len(front) + len(known)} tokens, and max_tokens={self.max_tokens}")
        self._weigh(weights, len(given), whole=whole)
        self._keep(known)

    def _weigh(self, weights: Any, count: int, *, whole: bool) -> None:  # noqa: ANN401
        """Takes what each token counts for.  Raises: ArgumentError where there are others than tokens, or none."""
        if (weights is not None) != (self.mode == "tf_idf"):
            said = "are needed" if weights is None else "are not used"
            raise ArgumentError(f"{self.owner}: idf_weights {said} with output_mode={self.mode!r}")
        if weights is None:
            return
        found = np.asarray(weights, np.float64)
        if found.shape != (count,):
            raise ArgumentError(f"{self.owner}: {count} tokens, and idf_weights {found.shape}")
        self.weights = self._around(found, 0 if whole else self.front)

    def _around(self, weights: Array, front: int) -> Array:
        """Weights with their mean in front, and 0 behind."""
        behind = (self.max_tokens or 0) - front - len(weights) if self.padded else 0
        mean = weights.mean() if len(weights) else 0.0
        return np.pad(weights, (front, max(behind, 0)), constant_values=(mean, 0.0)).astype(np.float32)

    def _keep(self, tokens: list[Token]) -> None:
        self.tokens = tokens
        self._numbers = {token: number for number, token in enumerate(tokens, self.front)}

    # ---- learned from data

    def forget(self) -> None:
        """Begins to count anew."""
        self.counts: Counter[Token] = Counter()
        self.seen_in: Counter[Token] = Counter()
        self.documents = 0

    def count(self, rows: Iterable[Sequence[Token]]) -> None:
        """Counts tokens of more documents.  Raises: StateError for a vocabulary that was given."""
        if self.is_given:
            raise StateError(f"{self.owner} was given its vocabulary: there is nothing to learn")
        for row in rows:
            self.counts.update(row)
            if self.mode == "tf_idf":
                self.seen_in.update(set(row))
                self.documents += 1

    def settle(self) -> None:
        """Makes the vocabulary of what was counted: the most frequent first, of equals the last by name.  Raises: DataError for nothing."""
        for token in (self.mask, self.unknown):
            self.counts.pop(token, None)
        if not self.counts:
            raise DataError(f"{self.owner}: there is no token to learn")
        order = sorted(self.counts, key=lambda token: (self.counts[token], token), reverse=True)
        tokens = order if self.max_tokens is None else order[: self.max_tokens - self.front]
        self._keep(tokens)
        if self.mode == "tf_idf":
            inverse = np.array([math.log(1 + self.documents / (1 + self.seen_in[token])) for token in tokens])
            self.weights = self._around(inverse, self.front)
        self.forget()

    # ---- asked

    def numbers(self, tokens: Array) -> Array:
        """The number of each token.  Raises: DataError for an unknown one where nothing stands for those."""
        if not self._numbers and not self.is_given and self.mode != "int":
            _ = self.depth
        flat = tokens.ravel().tolist()
        known = self._numbers
        found = np.array([known.get(token, -1) for token in flat], np.int64).reshape(tokens.shape)
        if self.mask is not None:
            left_out = np.array([token == self.mask for token in flat], bool).reshape(tokens.shape)
            found[left_out] = 0 if self.masked else MASKED
        missing = found == -1
        if missing.any():
            found[missing] = self._bins_of(tokens[missing])
        return found

    def _bins_of(self, tokens: Array) -> Array:
        if not self.bins:
            raise DataError(f"{self.owner}: {tokens.ravel().tolist()[0]!r} is not in the vocabulary", likely="num_oov_indices=1")
        if self.bins == 1:
            return np.full(tokens.shape, self.masked, np.int64)
        if not self.texts and not self.hashed:
            return np.asarray(tokens % self.bins + self.masked)
        bin_of = hashing(self.bins, self.salt)
        return np.array([bin_of(token) + self.masked for token in tokens.ravel().tolist()], np.int64).reshape(tokens.shape)

    def named(self, numbers: Array) -> Array:
        """The token of each number."""
        table = dict(enumerate(self.listed()))
        found = [table.get(number, self.unknown) for number in numbers.ravel().tolist()]
        return np.array(found, str if self.texts else np.int64).reshape(numbers.shape)

    def encoded(self, numbers: Array) -> Array:
        """Numbers of tokens in the way that is asked for.  Raises: StateError where the width of rows is not known."""
        if self.mode == "int":
            return numbers
        if self.mode != "tf_idf":
            return encoded(numbers, self.mode, self.depth, np.int64)
        if self.weights is None:
            raise StateError(f"{self.owner} has no idf_weights yet", likely="adapt(data)")
        return encoded(numbers, "count", self.depth, np.float32) * self.weights


def hashing(bins: int, salt: tuple[int, int] | None) -> Callable[[Token], int]:
    """A function that sorts tokens into bins, always the same: texts as they are, whole numbers as they are written."""

    def bin_of(token: Token) -> int:
        text = (token if isinstance(token, str) else str(int(token))).encode()
        return (fingerprint(text) if salt is None else keyed(text, salt)) % bins

    return bin_of
