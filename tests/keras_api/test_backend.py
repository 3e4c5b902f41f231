"""keras.random, keras.tree, keras.config, keras.backend, and variables and operations of one's own."""

from __future__ import annotations

from collections import OrderedDict, namedtuple
from typing import Any

import numpy as np
import pytest

import gradwerk
from gradwerk import keras
from gradwerk.base.errors import AbsentNameError, ArgumentError, ArgumentTypeError, GradwerkError, StateError
from gradwerk.keras import backend as K
from gradwerk.keras import config, ops, random, tree

X = np.linspace(-1, 1, 12, dtype=np.float32).reshape(3, 4)
Pair = namedtuple("Pair", "x y")
MIXED = {"b": [1, (2, None)], "a": Pair(3, 4)}

# ---- draws

SHAPE = (4000,)
DRAWS: dict[str, tuple[Any, float, float]] = {
    "uniform": (lambda seed: random.uniform(SHAPE, -1, 3, seed=seed), 1.0, 4 / 12**0.5),
    "normal": (lambda seed: random.normal(SHAPE, 2, 0.5, seed=seed), 2.0, 0.5),
    "truncated_normal": (lambda seed: random.truncated_normal(SHAPE, 1, 2, seed=seed), 1.0, 2 * 0.8796),
    "randint": (lambda seed: ops.cast(random.randint(SHAPE, 2, 7, seed=seed), "float32"), 4.0, 2**0.5),
    "gamma": (lambda seed: random.gamma(SHAPE, 3.0, seed=seed), 3.0, 3**0.5),
    "beta": (lambda seed: random.beta(SHAPE, 2.0, 3.0, seed=seed), 0.4, 0.2),
    "binomial": (lambda seed: random.binomial(SHAPE, 10, 0.3, seed=seed), 3.0, 2.1**0.5),
    "dropout": (lambda seed: random.dropout(np.ones(SHAPE, np.float32), 0.2, seed=seed), 1.0, 0.5),
    "categorical": (
        lambda seed: ops.cast(random.categorical(np.log([[0.2, 0.3, 0.5]]), SHAPE[0], seed=seed), "float32"), 1.3, 0.61**0.5,
    ),
}  # fmt: skip
"""What draws, its mean and its deviation."""


@pytest.mark.parametrize("name", DRAWS)
def test_draws_have_their_distribution_and_are_those_of_their_seed(name: str) -> None:
    draw, mean, deviation = DRAWS[name]
    found = draw(7).numpy().reshape(-1)
    assert abs(found.mean() - mean) < 5 * deviation / len(found) ** 0.5
    assert abs(found.std() / deviation - 1) < 0.06
    np.testing.assert_array_equal(draw(7).numpy().reshape(-1), found)
    assert (draw(8).numpy().reshape(-1) != found).any()
    stream = random.SeedGenerator(7)
    first, second = draw(stream).numpy(), draw(stream).numpy()
    assert (first != second).any()
    np.testing.assert_array_equal(draw(random.SeedGenerator(7)).numpy(), first)
    keras.utils.set_random_seed(3)
    first = draw(None).numpy()
    keras.utils.set_random_seed(3)
    np.testing.assert_array_equal(draw(None).numpy(), first)


def test_bounds_shuffles_and_shapes_of_noise() -> None:
    whole = random.randint((3000,), 2, 5, seed=0).numpy()
    assert set(whole.tolist()) == {2, 3, 4}
    assert np.abs(random.truncated_normal((3000,), seed=0).numpy()).max() <= 2
    shuffled = random.shuffle(np.arange(50), seed=1).numpy()
    assert sorted(shuffled.tolist()) == list(range(50))
    assert (shuffled != np.arange(50)).any()
    noise = random.dropout(np.ones((20, 5), np.float32), 0.5, noise_shape=(20, 1), seed=2).numpy()
    assert all(len(set(row.tolist())) == 1 for row in noise)
    assert 0 < (noise == 0).mean() < 1


def test_a_stream_goes_on_in_compiled_functions() -> None:
    stream = random.SeedGenerator(5)
    step = gradwerk.compile(lambda x: x + random.normal((3,), seed=stream))
    first, second = step(ops.zeros((3,))).numpy(), step(ops.zeros((3,))).numpy()
    assert (first != second).all()


# ---- trees: as optree walks them


def test_trees_are_walked_in_the_order_of_keys() -> None:
    assert tree.flatten(MIXED) == [3, 4, 1, 2, None]
    assert tree.flatten(OrderedDict([("b", 1), ("a", 2)])) == [1, 2]
    assert tree.flatten_with_path(MIXED)[-1] == (("b", 1, 1), None)
    assert tree.flatten(None) == [None]
    assert tree.map_structure(lambda a, b: (a, b), [1, {"k": 2}], [3, {"k": 4}]) == [(1, 3), {"k": (2, 4)}]
    assert tree.map_structure(lambda x: x * 2, MIXED, none_is_leaf=False) == {"b": [2, (4, None)], "a": Pair(6, 8)}
    assert tree.pack_sequence_as(MIXED, [1, 2, 3, 4, 5]) == {"a": Pair(1, 2), "b": [3, (4, 5)]}
    assert tree.map_structure_up_to({"a": 1}, lambda x, y: (x, y), {"a": [1]}, {"a": (2,)}) == {"a": ([1], (2,))}
    assert tree.lists_to_tuples([1, {"a": [2]}]) == (1, {"a": (2,)})
    assert tree.map_shape_structure(sum, (2, 3)) == 5
    assert tree.map_shape_structure(lambda s: s, [(1, 2), [(None, 3)]]) == [(1, 2), [(None, 3)]]


def test_trees_are_traversed() -> None:
    assert tree.traverse(lambda x: x * 2 if isinstance(x, int) else None, [1, [2, 3]]) == [2, [4, 6]]
    assert tree.traverse(lambda x: tree.MAP_TO_NONE if x == 2 else None, [1, 2]) == [1, None]
    assert tree.traverse(lambda x: "pair" if isinstance(x, list) and len(x) == 2 else None, [1, [2, 3], 4]) == [1, "pair", 4]
    assert tree.traverse(lambda x: tuple(x) if isinstance(x, list) else None, [1, [2]], top_down=False) == (1, (2,))


@pytest.mark.parametrize(("call", "kind"), [
    (lambda: tree.map_structure(lambda a, b: a, [1, 2], (1, 2)), ArgumentError),
    (lambda: tree.assert_same_structure([1, 2], [1]), ArgumentError),
    (lambda: tree.assert_same_structure({"a": 1}, {"b": 1}), ArgumentError), (lambda: tree.assert_same_structure(1, [1]), ArgumentError),
    (lambda: tree.assert_same_paths([1, 2], [3]), ArgumentError), (lambda: tree.pack_sequence_as(MIXED, [1]), ArgumentError),
    (lambda: tree.pack_sequence_as([1], 3), ArgumentTypeError), (lambda: tree.map_structure(3, [1]), ArgumentTypeError),
    (lambda: tree.flatten({2: 1, "a": 3}), ArgumentTypeError), (lambda: tree.map_structure_up_to([1, 2], lambda x: x, [1]), ArgumentError),
])  # fmt: skip
def test_trees_that_differ(call: Any, kind: type[Exception]) -> None:
    with pytest.raises(kind):
        call()
    tree.assert_same_paths([1, 2], (3, 4))


# ---- settings


@pytest.fixture(autouse=True)
def _as_before() -> Any:
    before = vars(config.SETTINGS).copy()
    yield
    vars(config.SETTINGS).update(before)


def test_settings_hold_for_operations_and_layers() -> None:
    config.set_floatx("float16")
    assert ops.dtype(ops.ones((2,))) == ops.dtype(random.normal((2,))) == K.floatx() == "float16"
    assert ops.dtype(ops.add(np.ones(2, np.int32), 0.5)) == "float16"
    config.set_floatx("float32")
    config.set_image_data_format("channels_first")
    assert keras.layers.MaxPooling2D()(np.ones((1, 3, 4, 4), np.float32)).shape == (1, 3, 2, 2)
    assert ops.max_pool(np.ones((1, 3, 4, 4), np.float32), 2).shape == (1, 3, 2, 2)
    config.set_epsilon(0.5)
    assert ops.normalize(np.zeros(3, np.float32) + 0.1, order=1).numpy()[0] == pytest.approx(0.2)
    for wrong in (lambda: config.set_floatx("int32"), lambda: config.set_epsilon("a"), lambda: config.set_image_data_format("last")):
        with pytest.raises(ArgumentError):
            wrong()
    with pytest.raises(StateError):
        config.set_backend("jax")


# ---- Keras 2's functions


def test_functions_of_keras_2() -> None:
    for found, exact in (
        (K.mean(X, axis=1), X.mean(1)), (K.sum(K.square(X)), (X * X).sum()), (K.dot(X, X.T.copy()), X @ X.T), (K.argmax(X), X.argmax(-1)),
        (K.permute_dimensions(X, (1, 0)), X.T), (K.batch_flatten(X.reshape(3, 2, 2)), X),
        (K.concatenate([X, X]), np.concatenate([X, X], -1)),
        (K.clip(X, -0.5, 0.5), X.clip(-0.5, 0.5)), (K.pow(X, 2), X**2), (K.relu(X, alpha=0.1), np.where(X > 0, X, 0.1 * X)),
        (K.switch(X > 0, X, -X), np.abs(X)), (K.gather(X, [2, 0]), X[[2, 0]]), (K.repeat(X, 2), np.repeat(X[:, None], 2, 1)),
        (K.batch_dot(X, X), (X * X).sum(1, keepdims=True)), (K.l2_normalize(X, 1), X / np.linalg.norm(X, axis=1, keepdims=True)),
        (K.constant(2, shape=(2,)), np.full(2, 2.0)), (K.cast(X, "int32"), X.astype(int)), (K.prod(X + 2, axis=0), (X + 2).prod(0)),
    ):  # fmt: skip
        np.testing.assert_allclose(found.numpy(), exact, rtol=2e-5, atol=1e-6)
    assert K.int_shape(keras.Input((4,))) == (None, 4)
    assert (K.ndim(X), K.image_dim_ordering(), K.backend(), K.dtype(X)) == (2, "tf", "gradwerk", "float32")
    v = K.variable(X, name="v")
    K.set_value(K.update_add(v, X), X * 3)
    np.testing.assert_array_equal(K.eval(v), X * 3)


def test_ctc_of_keras_2_is_that_of_logits() -> None:
    shares = ops.softmax(np.random.default_rng(0).normal(size=(2, 6, 5)).astype(np.float32)).numpy()
    labels, steps, counts = np.array([[1, 2], [3, 3]]), np.array([[6], [5]]), np.array([[2], [2]])
    found = K.ctc_batch_cost(labels, shares, steps, counts).numpy()
    exact = ops.ctc_loss(labels, np.log(shares + 1e-7), counts[:, 0], steps[:, 0], mask_index=4).numpy()
    np.testing.assert_allclose(found[:, 0], exact, rtol=1e-4)
    decoded, _ = K.ctc_decode(shares, steps[:, 0])
    assert decoded[0].shape == (2, 6)


def test_what_keras_2_had_and_is_not_here_says_what_is_written_instead() -> None:
    instead = {"function": "keras.Model", "gradients": "value_and_grad", "placeholder": "keras.Input", "get_session": "no session"}
    for name, near in instead.items():
        with pytest.raises(AbsentNameError, match=near):
            getattr(K, name)
    with pytest.raises(StateError, match="training=True"):
        K.set_learning_phase(1)


# ---- variables and operations


def test_variables_of_ones_own_are_trained() -> None:
    class Scale(keras.layers.Layer):
        def __init__(self) -> None:
            super().__init__()
            self.scale = keras.Variable(np.ones(4, np.float32), name="scale")
            self.kept = keras.Variable("zeros", shape=(2,), trainable=False)

        def call(self, inputs: Any) -> Any:
            return ops.multiply(inputs, self.scale)

    layer = Scale()
    model = keras.Sequential([layer])
    model.compile("sgd", "mse")
    model.fit(X, np.zeros_like(X), verbose=0)
    assert [len(layer.trainable_weights), len(layer.non_trainable_weights)] == [1, 1]
    assert (layer.scale.numpy() < 1).all()
    assert isinstance(layer.scale, keras.Variable)
    assert not isinstance(ops.ones((2,)), keras.Variable)
    with keras.name_scope("outer"), keras.device("cpu:0"):
        assert keras.Variable([1.0, 2.0], name="v").path == "outer/v"
    with pytest.raises(ArgumentError):
        keras.Variable("ones")
    with pytest.raises(ArgumentError), keras.device("gpu:0"):
        pass


def test_operations_of_ones_own_are_nodes() -> None:
    class Power(keras.Operation):
        def __init__(self, exponent: int) -> None:
            super().__init__()
            self.exponent = exponent

        def call(self, x: Any) -> Any:
            return x**self.exponent

    power = Power(3)
    np.testing.assert_allclose(power(ops.array(X)).numpy(), X**3, rtol=1e-5)
    x = keras.Input((4,))
    np.testing.assert_allclose(keras.Model(x, power(x)).predict(X, verbose=0), X**3, rtol=1e-5)
    assert power.compute_output_spec(x).shape == (None, 4)
    with pytest.raises(GradwerkError):
        keras.Operation()(ops.array(X))
