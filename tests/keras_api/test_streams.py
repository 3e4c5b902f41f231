"""What `fit` takes beside arrays: whatever gives batches.  It trains as on the arrays, batch by batch, and holds none of them."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradwerk import keras, torch
from gradwerk.base.errors import ArgumentError, StateError
from gradwerk.data.loader import Loader
from gradwerk.keras.progress import KerasProgress
from gradwerk.train.run import Run

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(20, 3)).astype(np.float32), RNG.normal(size=(20, 1)).astype(np.float32)


class Endless:
    """Iterated anew it begins anew, and says no length."""

    def __iter__(self) -> Iterator[Any]:
        return ((X[k : k + 4], Y[k : k + 4]) for k in range(0, 20, 4))


class Batches(keras.utils.PyDataset):
    def __len__(self) -> int:
        return 5

    def __getitem__(self, index: int) -> Any:
        return X[index * 4 : index * 4 + 4], Y[index * 4 : index * 4 + 4]


def of_torch(**options: Any) -> Any:
    data = torch.utils.data.TensorDataset(torch.tensor(X), torch.tensor(Y))
    return torch.utils.data.DataLoader(data, batch_size=4, **options)


STREAMS: dict[str, Callable[[], Any]] = {
    "generator": lambda: iter(Endless()), "iterable": Endless, "PyDataset": Batches, "threads": lambda: Batches(workers=3),
    "Loader": lambda: Loader((X, Y), 4), "DataLoader": of_torch, "lists": lambda: ((x.tolist(), y.tolist()) for x, y in Endless()),
    "double": lambda: ((x.astype(float), y.astype(float)) for x, y in Endless()),
    "tensors": lambda: ([torch.tensor(x), torch.tensor(y)] for x, y in Endless()),
}  # fmt: skip


def net() -> Any:
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.layers.Dense(4, activation="tanh"), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(0.1, momentum=0.9), "mse", metrics=["mae"])
    return model


@pytest.mark.filterwarnings("ignore:Your input ran out of data")
@pytest.mark.parametrize("kind", STREAMS)
def test_a_stream_trains_as_its_arrays(kind: str) -> None:
    model, other = net(), net()
    found = model.fit(STREAMS[kind](), shuffle=False, verbose=0, validation_data=STREAMS[kind]()).history
    assert found == other.fit(X, Y, batch_size=4, shuffle=False, verbose=0, validation_data=(X, Y)).history
    assert [w.tobytes() for w in model.get_weights()] == [w.tobytes() for w in other.get_weights()]
    assert model.evaluate(STREAMS[kind](), verbose=0) == other.evaluate(X, Y, batch_size=4, verbose=0)
    assert model.predict(STREAMS[kind](), verbose=0).tobytes() == other.predict(X, batch_size=4, verbose=0).tobytes()


@pytest.mark.parametrize("kind", [kind for kind in STREAMS if not hasattr(STREAMS[kind](), "__next__")])
def test_what_begins_anew_has_as_many_epochs_as_are_asked_for(kind: str) -> None:
    model, other = net(), net()
    found = model.fit(STREAMS[kind](), epochs=3, shuffle=False, verbose=0).history
    assert found == other.fit(X, Y, batch_size=4, epochs=3, shuffle=False, verbose=0).history


class Table:
    """What is asked of a pandas frame."""

    def __init__(self, rows: Any) -> None:
        self.iloc, self.columns = rows, list(range(rows.shape[1]))


def test_tables_lists_and_mapped_files_are_arrays(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", X)
    forms = [(X.tolist(), Y.tolist()), (Table(X), Table(Y)), (np.load(tmp_path / "x.npy", mmap_mode="r"), Y), (torch.tensor(X), Y[:, 0])]
    histories = [net().fit(x, y, shuffle=False, verbose=0, validation_split=0.2).history for x, y in forms]
    assert all(history == histories[0] for history in histories)


def test_batches_are_made_in_another_order_where_they_are_shuffled() -> None:
    orders: list[list[int]] = [[]]

    class Noting(Batches):
        def __getitem__(self, index: int) -> Any:
            orders[-1].append(index)
            return super().__getitem__(index)

        def on_epoch_end(self) -> None:
            orders.append([])

    for _ in range(2):
        net().fit(Noting(), epochs=2, verbose=0)
    del orders[-1]
    assert [sorted(order) for order in orders] == [[0, 1, 2, 3, 4]] * 4
    assert orders[:2] == orders[2:]
    assert orders[0] != orders[1]


def test_no_batch_is_held() -> None:
    class Tracked(np.ndarray[Any, Any]):
        pass

    gone: list[int] = []
    most = [0]

    def many() -> Iterator[Any]:
        for number in range(40):
            x = X[:4].copy().view(Tracked)
            weakref.finalize(x, gone.append, number)
            most.append(number + 1 - len(gone))
            yield x, Y[:4]

    net().fit(many(), steps_per_epoch=20, epochs=2, verbose=0)
    gc.collect()
    assert max(most) <= 4
    assert len(gone) >= 39


def test_an_unknown_length_is_shown_as_keras_shows_it(capsys: pytest.CaptureFixture[str]) -> None:
    run = Run(1, 0, batch=3, logs={"loss": 0.5}, seconds=6.0)
    assert KerasProgress().line(run) == "      3/Unknown 6s 2s/step - loss: 0.5000"
    net().fit(Endless(), verbose=2)
    assert capsys.readouterr().out.startswith("5/5 - ")


MODELS: dict[str, Callable[[], object]] = {
    "gives no batch": lambda: net().fit(iter(()), verbose=0),
    "`y` should not be passed": lambda: net().fit(Batches(), Y, verbose=0),
    "`sample_weight` should not be passed": lambda: net().fit(Batches(), sample_weight=Y, verbose=0),
    "validation_split is for arrays": lambda: net().fit(Batches(), validation_split=0.5, verbose=0),
    "a batch is x, .*has 4 parts": lambda: net().fit(iter([(X, Y, Y, Y)]), verbose=0),
    "targets are needed|x and y are needed": lambda: net().fit(iter([(X,)]), verbose=0),
    "steps_per_epoch is an integer of at least 1": lambda: net().fit(X, Y, steps_per_epoch=0, verbose=0),
    "validation_freq is a number of epochs": lambda: net().fit(X, Y, validation_freq="2", verbose=0),
    "weight or class_weight, not both": lambda: net().fit(iter([(X, Y, Y)]), class_weight={0: 1.0}, verbose=0),
    "workers is an integer": lambda: Batches(workers=-1),
}  # fmt: skip


@pytest.mark.parametrize("text", MODELS)
def test_what_cannot_be_is_said(text: str) -> None:
    with pytest.raises(ArgumentError, match=text):
        MODELS[text]()


def test_a_dataset_says_what_it_lacks() -> None:
    with pytest.raises(StateError, match="gives no batches"):
        keras.utils.PyDataset()[0]
    with pytest.raises(StateError, match="does not say how many batches"):
        iter(keras.utils.PyDataset())


def test_an_error_of_a_batch_comes_out_of_fit() -> None:
    class Broken(Batches):
        def __getitem__(self, index: int) -> Any:
            if index == 3:
                raise OSError("no such picture")
            return super().__getitem__(index)

    for workers in (1, 2):
        with pytest.raises(OSError, match="no such picture"):
            net().fit(Broken(workers=workers), verbose=0)
