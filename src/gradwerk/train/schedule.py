"""Learning rates that change from epoch to epoch.  Setting the rate traces nothing again."""

from __future__ import annotations

import math

from gradwerk.nn.optimizer import Optimizer
from gradwerk.train.run import Events, Run


class CosineDecay(Events):
    """rate = highest / 2 * (1 + cos(pi * epoch / epochs)): full at the beginning, near 0 in the last epoch.  Logged as `learning_rate`.

    Source: Loshchilov and Hutter, 2016, "SGDR: stochastic gradient descent with warm restarts", equation 5.
    """

    def __init__(self, optimizer: Optimizer, highest: float) -> None:
        self.optimizer, self.highest = optimizer, highest

    def on_epoch_begin(self, run: Run) -> None:
        self.optimizer.learning_rate = self.highest / 2 * (1 + math.cos(math.pi * run.epoch / run.epochs))

    def on_epoch_end(self, run: Run) -> None:
        run.logs["learning_rate"] = float(self.optimizer.learning_rate.item())
