"""Models drawn at random with the functional API, the same in Keras and here: shared layers, operators, several inputs and outputs.

    python -m tests.peers.drawn_models        with Keras 3.15.1: records what it makes of some of them
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

WIDTHS = (2, 3, 4)
RECORD = Path(__file__).parent / "recorded" / "functional.json"
SEEDS = range(24)
EXAMPLES = 6


def drawn(keras: Any, seed: int) -> Any:  # noqa: ANN401  a package; its model
    """A model of one to three inputs and one or two outputs."""
    draw = np.random.default_rng(seed)
    layers = keras.layers
    inputs = [keras.Input((int(draw.choice(WIDTHS)),), name=f"in{k}") for k in range(draw.integers(1, 4))]
    values = list(inputs)
    shared: list[Any] = []
    for _ in range(draw.integers(2, 9)):
        x, y = values[draw.integers(len(values))], values[draw.integers(len(values))]
        width = x.shape[-1]
        way = draw.integers(7)
        if way <= 1:
            layer = layers.Dense(int(draw.choice(WIDTHS)), activation=str(draw.choice(["tanh", "linear"])))
            shared.append((width, layer))
            values.append(layer(x))
        elif way == 2 and any(w == width for w, _ in shared):
            values.append(next(layer for w, layer in shared if w == width)(x))
        elif way == 3 and y.shape[-1] == width:
            values.append(x + y if draw.random() < 0.5 else x * y)
        elif way == 4:
            values.append(-x * 0.5 + 1.0)
        elif way == 5:
            values.append(x[:, : max(width - 1, 1)])
        else:
            values.append(keras.Sequential([layers.Dense(width, activation="relu"), layers.Dense(2)])(x))
    outputs = [layers.Dense(2, name=f"out{k}")(values[-1 - k]) for k in range(min(int(draw.integers(1, 3)), len(values) - len(inputs)))]
    return keras.Model(_alone(inputs), _alone(outputs), name="drawn")


def facts(keras: Any, seed: int) -> dict[str, Any]:  # noqa: ANN401
    """What a package makes of a model: its layers in order, weights, table, answers, and two epochs of training."""
    keras.backend.clear_session()
    model = drawn(keras, seed)
    draw = np.random.default_rng([seed, 1])
    model.set_weights([draw.normal(size=tuple(w.shape)).astype(np.float32) * 0.5 for w in model.weights])
    table: list[str] = []
    model.summary(line_length=78, print_fn=table.append)
    names = [layer.name for layer in model.layers]
    middle, last = names[len(names) // 2], names[-1]
    ends = [0.4, 0.6, 0.75, 1.0]
    model.summary(90, ends, table.append, expand_nested=True, show_trainable=True, layer_range=[middle[:-1] + ".", last])
    model.summary(90, print_fn=table.append, layer_range=(last, middle))
    x = _alone([draw.normal(size=(EXAMPLES, *t.shape[1:])).astype(np.float32) for t in model.inputs])
    y = _alone([draw.normal(size=(EXAMPLES, 2)).astype(np.float32) for _ in model.outputs])
    answers = model.predict(x, verbose=0)
    several = isinstance(y, list)
    model.compile(
        "sgd", ["mse", "mse"] if several else "mse", loss_weights=[1.0, 0.5] if several else None,
        metrics=[["mae"], ["mae"]] if several else ["mae"],
    )  # fmt: skip
    history = model.fit(x, y, epochs=2, batch_size=EXAMPLES, shuffle=False, verbose=0).history
    return {
        "layers": [layer.name for layer in model.layers], "weights": [w.path for w in model.weights], "summary": "".join(table),
        "answers": [np.asarray(a, np.float64).round(6).tolist() for a in (answers if several else [answers])],
        "history": {name: [float(f"{value:.6g}") for value in values] for name, values in history.items()},
        "evaluated": [float(f"{value:.6g}") for value in model.evaluate(x, y, verbose=0)],
    }  # fmt: skip


def agree(ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    """Raises: AssertionError where two packages made something else of a model."""
    for name in ("layers", "weights", "summary"):
        assert ours[name] == theirs[name]
    for one, other in zip(ours["answers"], theirs["answers"], strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)
    assert list(ours["history"]) == list(theirs["history"])
    np.testing.assert_allclose([*ours["history"].values()], [*theirs["history"].values()], rtol=2e-3, atol=1e-4)
    np.testing.assert_allclose(ours["evaluated"], theirs["evaluated"], rtol=2e-3, atol=1e-4)


def _alone(several: list[Any]) -> Any:  # noqa: ANN401
    return several if len(several) > 1 else several[0]


if __name__ == "__main__":
    import keras as original

    found = {str(seed): facts(original, seed) for seed in SEEDS}
    RECORD.write_text(json.dumps(found, indent=0, ensure_ascii=False) + "\n", encoding="utf-8")
