"""StringLookup and IntegerLookup: tokens as numbers, by a vocabulary that is given or learned."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Self, Unpack

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, FileError
from gradwerk.data.vocabulary import Vocabulary
from gradwerk.data.words import as_integers, as_texts
from gradwerk.io.atomic import read_bytes
from gradwerk.keras.layers.calls import BY_NAME
from gradwerk.keras.layers.layer import Layer, Shape
from gradwerk.keras.layers.preprocessing.encodings import row_shape
from gradwerk.keras.layers.preprocessing.host import batches_of, called_on_host, mode_of, refuse_sparse, salt_of
from gradwerk.keras.options import LayerOptions, checked_except, choice, whole

Array = np.ndarray[Any, np.dtype[Any]]


class VocabularyLayer(Layer):
    """A layer around a `Vocabulary`: computed on the host, called on data, in front of a model."""

    on_host: ClassVar[bool] = True
    vocabulary: Vocabulary
    asset: ClassVar[str] = "vocabulary.txt"
    """What Keras' files call the list of tokens."""
    asset_places: ClassVar[tuple[str, ...]] = ("",)
    """The folders in which they have it, inside of the layer's own."""

    def __call__(self, inputs: Any = BY_NAME, *args: Any, training: bool | None = None, **kwargs: Any) -> Any:  # noqa: ANN401
        """The result as a Tensor; texts as an array."""
        return called_on_host(self, inputs, args, kwargs)

    @property
    def takes_texts(self) -> bool:
        """Whether tokens are texts, and go in."""
        return self.vocabulary.texts and not getattr(self, "invert", False)

    def tokens_of(self, value: Any, what: str) -> Array:  # noqa: ANN401
        """Data as an array of tokens."""
        return as_texts(value, what, getattr(self, "encoding", "utf-8")) if self.vocabulary.texts else as_integers(value, what)

    def rows_of(self, data: Any) -> list[list[Any]]:  # noqa: ANN401
        """The tokens of each document of data to learn from."""
        tokens = self.tokens_of(data, f"{type(self).__name__}.adapt: data")
        return tokens.reshape(1, -1).tolist() if tokens.ndim < 2 else tokens.reshape(len(tokens), -1).tolist()

    def learn(self, data: Any, steps: int | None) -> None:  # noqa: ANN401
        """What `adapt` does: a list or array of one axis is one token for each example."""
        self.reset_state()
        for batch in batches_of(data, steps):
            each = np.ndim(batch) == 1 and isinstance(data, (list, tuple, np.ndarray))
            self.update_state([[one] for one in batch] if each else batch)
        self.finalize_state()

    def update_state(self, data: Any) -> None:  # noqa: ANN401
        """Counts the tokens of more data."""
        self.vocabulary.count(self.rows_of(data))

    def finalize_state(self) -> None:
        """Makes the vocabulary of what was counted."""
        self.vocabulary.settle()

    def reset_state(self) -> None:
        """Begins to count anew."""
        self.vocabulary.forget()

    def get_vocabulary(self, include_special_tokens: bool = True) -> list[Any]:  # noqa: FBT001, FBT002  Keras' signature
        """All tokens, by number; without those in front, the known ones."""
        return self.vocabulary.listed(special=include_special_tokens)

    def vocabulary_size(self) -> int:
        """How many numbers there are."""
        return self.vocabulary.size

    def set_vocabulary(self, vocabulary: Any, idf_weights: Any = None) -> None:  # noqa: ANN401
        """Takes a list of tokens, or a file with one a line.  Raises: ArgumentError for one that makes no vocabulary."""
        if isinstance(vocabulary, (str, Path)):
            if self.vocabulary.mode == "tf_idf":
                raise ArgumentError(f"{type(self).__name__}: a file says no idf_weights", likely="set_vocabulary(tokens, idf_weights)")
            text = read_bytes(Path(vocabulary), "the vocabulary")
            vocabulary = self.tokens_of_file(text, str(vocabulary))
        tokens = self.tokens_of(vocabulary, f"{type(self).__name__}: the vocabulary").ravel().tolist()
        self.vocabulary.take(tokens, idf_weights)

    def tokens_of_file(self, data: bytes, source: str) -> list[Any]:
        """The tokens of a file, one a line.  Raises: FileError for what is no such file."""
        try:
            lines = data.decode("utf-8").splitlines()
            while lines and not lines[-1]:
                lines.pop()
            return lines if self.vocabulary.texts else [int(line) for line in lines]
        except ValueError as error:
            raise FileError(f"{source} is no list of tokens, one a line", facts=(str(error),)) from None

    def saved_assets(self) -> dict[str, bytes]:
        """What Keras' files hold of the layer besides numbers, by name: nothing where its config says the tokens."""
        if self.given_vocabulary is not None:
            return {}
        return {self.asset: "\n".join(str(token) for token in self.get_vocabulary()).encode()}

    def load_assets(self, held: Mapping[str, bytes], source: str) -> None:
        """Takes what `saved_assets` gave.  Raises: FileError for what is no list of tokens."""
        if self.given_vocabulary is not None or self.asset not in held:
            return
        tokens, weights = self.tokens_of_file(held[self.asset], f"{source}: {self.asset}"), self.vocabulary.weights
        if tokens:
            self.vocabulary.take(tokens, None if weights is None else weights[: len(tokens)])

    def saved_arrays(self) -> dict[str, Array]:
        """What Keras' files of weights hold of the layer, by its place inside of the layer's group: what each token counts for."""
        weights = self.vocabulary.weights
        return {} if weights is None else {f"{place}vars/idf_weights": weights for place in self.asset_places}

    def load_arrays(self, held: Mapping[str, Array], source: str) -> None:
        """Takes what `saved_arrays` gave.  Raises: FileError for what are no weights of tokens."""
        found = held.get("idf_weights")
        if found is None or self.vocabulary.mode != "tf_idf":
            return
        if found.ndim != 1 or not dtypes.is_float(found.dtype):
            raise FileError(f"{source}: idf_weights of {self.label} are no row of numbers", facts=(f"{found.shape} {found.dtype}",))
        self.vocabulary.weights = found.astype(np.float32)

    given_vocabulary: Any = None
    """The tokens that the layer was made with."""

    def begin(self, vocabulary: Any, idf_weights: Any) -> None:  # noqa: ANN401
        """Takes what the layer is made with."""
        if idf_weights is not None and self.vocabulary.mode != "tf_idf":
            raise ArgumentError(f"{type(self).__name__}: idf_weights are not used with output_mode={self.vocabulary.mode!r}")
        if vocabulary is not None:
            self.set_vocabulary(vocabulary, idf_weights)
            self.vocabulary.is_given = True
            if not isinstance(vocabulary, (str, Path)):
                self.given_vocabulary = self.tokens_of(vocabulary, "the vocabulary").ravel().tolist()

    def looked_up(self, tokens: Array) -> Array:
        """Numbers or rows for tokens; tokens for numbers, inverted."""
        return self.vocabulary.encoded(self.vocabulary.numbers(tokens))

    def row_of(self, shape: Shape) -> Shape:
        """The shape of the result for tokens of this one."""
        mode = self.vocabulary.mode
        return shape if mode == "int" else row_shape(shape, mode, self.vocabulary.depth)

    def result_dtype(self, symbols: Any) -> str:  # noqa: ANN401
        """float32 for what is weighed, else int64."""
        return "float32" if self.vocabulary.mode == "tf_idf" else "int64"


def vocabulary_of(
    layer: VocabularyLayer, *, texts: bool, max_tokens: object, num_oov_indices: object, mask_token: Any, oov_token: Any,  # noqa: ANN401
    output_mode: object, pad_to_max_tokens: bool, salt: object = None, hashed: bool = False, invert: bool = False,
) -> Vocabulary:  # fmt: skip
    """An empty vocabulary by a layer's options.  Raises: ArgumentError for those that do not fit each other."""
    owner = type(layer).__name__
    most = None if max_tokens is None else whole(owner, "max_tokens", max_tokens, 2)
    if pad_to_max_tokens and most is None:
        raise ArgumentError(f"{owner}: pad_to_max_tokens needs max_tokens")
    mode = mode_of(owner, output_mode)
    if invert and mode != "int":
        raise ArgumentError(f"{owner}: inverted, numbers become tokens: output_mode={mode!r} is not used")
    bins = whole(owner, "num_oov_indices", num_oov_indices)
    salted = salt_of(owner, salt)
    if salted and not texts and not hashed:
        raise ArgumentError(f"{owner}: salt is used with oov_method='farmhash' alone")
    return Vocabulary(
        layer.label, texts=texts, max_tokens=most, bins=bins, mask=mask_token, unknown=oov_token, mode=mode, padded=bool(pad_to_max_tokens),
        salt=salted, hashed=hashed,
    )  # fmt: skip


def without_secrets(config: Mapping[str, Any], owner: str) -> tuple[dict[str, Any], int | None]:
    """A config as arguments, and the size that it says.  Raises: ArgumentError for one that would read another file."""
    if isinstance(config.get("vocabulary"), str):
        raise ArgumentError(f"{owner}: a config names the file {config['vocabulary']!r}, which is not read",
                            likely="set_vocabulary(path) after the model is made")  # fmt: skip
    surplus = ("dtype", "vocabulary_size", "vocabulary_dtype", "has_input_vocabulary")
    return {name: value for name, value in config.items() if name not in surplus}, config.get("vocabulary_size")


class StringLookup(VocabularyLayer):
    """The number of each text in a vocabulary, or with `invert` the text of each number.

    Computed on the host: it is called on data, and stands in front of a model.
    Shape: int: any, kept, int64; one_hot, multi_hot, count, tf_idf: rows (see `encoded`).
    Raises: ArgumentError for options that do not fit each other.

    Args:
        max_tokens: how many numbers there are at most.
        num_oov_indices: how many numbers stand for unknown texts, which a hash tells apart.
        mask_token: the text that is left out: 0, where numbers are asked for.
        oov_token: what stands for unknown ones in the vocabulary.
        vocabulary: a list or array of texts, or a file with one a line; else `adapt` learns it.
        idf_weights: with tf_idf, what each text of the vocabulary counts for.
        invert: whether numbers become texts.
        output_mode: int, one_hot, multi_hot, count or tf_idf.
        pad_to_max_tokens: whether rows have `max_tokens` numbers.
        sparse: refused.
        encoding: of bytes.
        salt: one or two numbers that say which hash.
    """

    @checked_except("max_tokens", "num_oov_indices", "mask_token", "oov_token", "vocabulary", "output_mode", "encoding")
    def __init__(
        self, max_tokens: int | None = None, num_oov_indices: int = 1, mask_token: str | None = None, oov_token: str = "[UNK]",
        vocabulary: Any = None, idf_weights: Any = None, invert: bool = False, output_mode: str = "int",  # noqa: ANN401, FBT001, FBT002
        pad_to_max_tokens: bool = False, sparse: bool = False, encoding: str = "utf-8", *, salt: Any = None,  # noqa: ANN401, FBT001, FBT002
        **options: Unpack[LayerOptions],
    ) -> None:  # fmt: skip
        super().__init__(**options)
        refuse_sparse("StringLookup", sparse=sparse)
        self.invert, self.encoding, self.salt, self.idf_weights = bool(invert), encoding, salt, idf_weights
        self.vocabulary = vocabulary_of(
            self, texts=True, max_tokens=max_tokens, num_oov_indices=num_oov_indices, mask_token=mask_token, oov_token=oov_token,
            output_mode=output_mode, pad_to_max_tokens=pad_to_max_tokens, salt=salt, invert=self.invert,
        )  # fmt: skip
        self.begin(vocabulary, idf_weights)

    def adapt(self, data: Any, steps: int | None = None) -> None:  # noqa: ANN401  tokens, or what gives batches of them
        """Learns the vocabulary of data: the most frequent tokens first.

        Raises: StateError for a vocabulary that was given; DataError where there is no token; DTypeError for what is none.
        """
        self.learn(data, steps)

    def call(self, inputs: Any) -> Array:  # noqa: ANN401  texts, or numbers
        """See `Vocabulary`."""
        what = f"{type(self).__name__}: the input"
        return self.vocabulary.named(as_integers(inputs, what)) if self.invert else self.looked_up(as_texts(inputs, what, self.encoding))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """See `encoded`."""
        return self.row_of(tuple(input_shape))

    def get_config(self) -> dict[str, Any]:
        """The arguments: what was learned is in a file of its own."""
        return config_of(self) | {"encoding": self.encoding}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """A layer from `get_config`'s answer.  Raises: ArgumentError for one that would read another file."""
        given, size = without_secrets({name: value for name, value in config.items() if name != "oov_method"}, cls.__name__)
        layer = cls(**given)
        layer.vocabulary.size_said = size
        return layer


class IntegerLookup(VocabularyLayer):
    """The number of each whole number in a vocabulary, or with `invert` the other way round.

    Computed on the host: it is called on data, and stands in front of a model.
    Shape: int: any, kept, int64; one_hot, multi_hot, count, tf_idf: rows (see `encoded`).
    Raises: ArgumentError for options that do not fit each other.

    Args:
        max_tokens: how many numbers there are at most.
        num_oov_indices: how many stand for unknown ones.
        mask_token: what is left out: 0, where numbers are asked for.
        oov_token: what stands for unknown ones in the vocabulary.
        vocabulary: a list or array of whole numbers, or a file with one a line; else `adapt` learns it.
        vocabulary_dtype: int64.
        idf_weights: with tf_idf, what each of the vocabulary counts for.
        invert: whether numbers become tokens.
        output_mode: int, one_hot, multi_hot, count or tf_idf.
        sparse: refused.
        pad_to_max_tokens: whether rows have `max_tokens` numbers.
        oov_method: floormod, or farmhash: how unknown ones are told apart.
        salt: with farmhash, one or two numbers that say which hash.
    """

    @checked_except(
        "max_tokens", "num_oov_indices", "mask_token", "oov_token", "vocabulary", "vocabulary_dtype", "output_mode", "oov_method"
    )
    def __init__(
        self, max_tokens: int | None = None, num_oov_indices: int = 1, mask_token: int | None = None, oov_token: int = -1,
        vocabulary: Any = None, vocabulary_dtype: str = "int64", idf_weights: Any = None, invert: bool = False,  # noqa: ANN401, FBT001, FBT002
        output_mode: str = "int", sparse: bool = False, pad_to_max_tokens: bool = False, *, oov_method: str = "floormod", salt: Any = None,  # noqa: ANN401, FBT001, FBT002
        **options: Unpack[LayerOptions],
    ) -> None:  # fmt: skip
        super().__init__(**options)
        refuse_sparse("IntegerLookup", sparse=sparse)
        self.vocabulary_dtype = choice("IntegerLookup", "vocabulary_dtype", vocabulary_dtype, ("int64",))
        self.oov_method = choice("IntegerLookup", "oov_method", oov_method, ("floormod", "farmhash"))
        self.invert, self.salt, self.idf_weights = bool(invert), salt, idf_weights
        self.vocabulary = vocabulary_of(
            self, texts=False, max_tokens=max_tokens, num_oov_indices=num_oov_indices, mask_token=mask_token, oov_token=oov_token,
            output_mode=output_mode, pad_to_max_tokens=pad_to_max_tokens, salt=salt, hashed=oov_method == "farmhash", invert=self.invert,
        )  # fmt: skip
        self.begin(vocabulary, idf_weights)

    def adapt(self, data: Any, steps: int | None = None) -> None:  # noqa: ANN401  tokens, or what gives batches of them
        """Learns the vocabulary of data: the most frequent tokens first.

        Raises: StateError for a vocabulary that was given; DataError where there is no token; DTypeError for what is none.
        """
        self.learn(data, steps)

    def call(self, inputs: Any) -> Array:  # noqa: ANN401  whole numbers
        """See `Vocabulary`."""
        numbers = as_integers(inputs, f"{type(self).__name__}: the input")
        return self.vocabulary.named(numbers) if self.invert else self.looked_up(numbers)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """See `encoded`."""
        return self.row_of(tuple(input_shape))

    def get_config(self) -> dict[str, Any]:
        """The arguments: what was learned is in a file of its own."""
        return config_of(self) | {"vocabulary_dtype": self.vocabulary_dtype, "oov_method": self.oov_method}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """A layer from `get_config`'s answer.  Raises: ArgumentError for one that would read another file."""
        given, size = without_secrets(config, cls.__name__)
        layer = cls(**given)
        layer.vocabulary.size_said = size
        return layer


def config_of(layer: Any) -> dict[str, Any]:  # noqa: ANN401  a lookup
    """What both lookups are made with, as plain data."""
    held: Vocabulary = layer.vocabulary
    weights = None if layer.idf_weights is None else np.asarray(layer.idf_weights, float).tolist()
    return {
        "name": layer.name, "trainable": layer.trainable, "invert": layer.invert, "max_tokens": held.max_tokens,
        "num_oov_indices": held.bins, "oov_token": held.unknown, "mask_token": held.mask, "output_mode": held.mode, "sparse": False,
        "pad_to_max_tokens": held.padded, "idf_weights": weights, "vocabulary": layer.given_vocabulary,
        "vocabulary_size": held.size if held.tokens else held.size_said, "salt": layer.salt,
    }  # fmt: skip
