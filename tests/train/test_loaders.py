"""The loop trains on any loader: of arrays or of examples, by workers or not, to the same bits."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwerk.data.loader import Loader
from gradwerk.train.loop import Batches, evaluate, fit
from tests.train.small import make_arrays, make_batches, make_steps


def weights_after(batches: Batches) -> list[Any]:
    steps = make_steps()
    run = fit(steps, batches, epochs=2, validation=Loader(make_arrays(), 32))
    return [run.history[-1]["val_loss"], *(value.numpy().tobytes() for _, value in steps.task.model.named_parameters())]


def test_a_loader_gives_the_batches_that_arrays_give() -> None:
    x, y = make_arrays()
    arrays = make_batches()
    wanted = weights_after(arrays)
    options: dict[str, Any] = {"batch_size": arrays.batch_size, "seed": arrays.seed}
    assert weights_after(Loader((x, y), **options)) == wanted
    assert weights_after(Loader([*zip(x, y, strict=True)], threads=2, **options)) == wanted
    assert np.isfinite(evaluate(make_steps(), Loader((x, y), 50))["loss"])
