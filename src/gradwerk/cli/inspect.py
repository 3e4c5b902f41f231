"""`gradwerk inspect MODEL [STAGE]`: one stage of the compiled training step."""

from __future__ import annotations

from argparse import Namespace

from gradwerk.base.settings import settings
from gradwerk.cli.recipe import Recipe
from gradwerk.data.datasets import digits
from gradwerk.data.image import as_inputs
from gradwerk.inspect.explanation import explain
from gradwerk.tensor.tensor import Tensor


def run(options: Namespace) -> int:
    """The command."""
    if hasattr(options, "threads"):
        settings.threads = options.threads
    train = digits().train
    x, y = as_inputs(train.x[: options.batch_size]), train.y[: options.batch_size]
    explained = explain(Recipe().make_steps().train, Tensor(x), Tensor(y))
    print(getattr(explained, options.stage))
    return 0
