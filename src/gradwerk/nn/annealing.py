"""Learning rates from one epoch to the next, as recurrences on numbers: PyTorch's, which go on from whatever the rate is.

schedules.py has the closed forms, which a step computes by itself.
"""

from __future__ import annotations

import math
from collections.abc import Callable


def line(start: float, end: float, share: float) -> float:
    """On a straight line from `start` to `end`."""
    return (end - start) * share + start


def wave(start: float, end: float, share: float) -> float:
    """On half a cosine wave from `start` to `end`."""
    return end + (start - end) / 2.0 * (math.cos(math.pi * share) + 1)


def went_on(rate: float, end: float, before: float, now: float) -> float:
    """The mixture of a start and `end` with a share of `now`, of a rate that is their mixture with a share of `before`."""
    start = end if before == 1 else (rate - before * end) / (1 - before)
    return end * now + start * (1 - now)


def line_factor(epoch: int, epochs: int, first: float, last: float) -> float:
    """What the rate is multiplied by at an epoch, so that it goes from `first` to `last` times the base rate on a straight line."""
    return 1.0 + (last - first) / (epochs * first + (epoch - 1) * (last - first))


def power_factor(epoch: int, epochs: int, power: float) -> float:
    """The same for base * (1 - epoch / epochs)^power."""
    return float(((1.0 - epoch / epochs) / (1.0 - (epoch - 1) / epochs)) ** power)


def since_restart(epoch: float, first: int, longer: int) -> tuple[float, int]:
    """The part of its round that an epoch has passed, and the length of that round: the first, and each `longer` times as long as the last.

    Source: Loshchilov and Hutter, 2016, as below.
    """
    if epoch < first or longer == 1:
        return epoch % first, first
    rounds = int(math.log(epoch / first * (longer - 1) + 1, longer))
    return epoch - first * (longer**rounds - 1) / (longer - 1), first * longer**rounds


def next_on_wave(rate: float, base: float, least: float, epoch: int, length: int) -> float:
    """The rate of an epoch on a cosine wave between `base` and `least`, of half the period `length`, given that of the epoch before.

    At the bottom, from which no factor leads up, it is counted from the base rate.
    Source: Loshchilov and Hutter, 2016, "SGDR: stochastic gradient descent with warm restarts".
    """
    if (epoch - 1 - length) % (2 * length) == 0:
        return rate + (base - least) * (1 - math.cos(math.pi / length)) / 2
    factor = (1 + math.cos(math.pi * epoch / length)) / (1 + math.cos(math.pi * (epoch - 1) / length))
    return factor * (rate - least) + least


def in_cycle(epoch: float, length: float, rise: float) -> tuple[int, float]:
    """The cycle of an epoch, counted from 1, and how high in it that is: up to 1 within a share `rise` of the length, and down.

    Source: Smith, 2015, "Cyclical learning rates for training neural networks".
    """
    cycle = math.floor(1 + epoch / length)
    passed = 1.0 + epoch / length - cycle
    return cycle, passed / rise if passed <= rise else (passed - 1) / (rise - 1)


CYCLES: dict[str, tuple[str, Callable[[float, float], float]]] = {
    "triangular": ("cycle", lambda _, __: 1.0),
    "triangular2": ("cycle", lambda cycle, _: 1 / (2.0 ** (cycle - 1))),
    "exp_range": ("iterations", lambda steps, factor: factor**steps),
}
"""Shapes of cycles by torch's names: what their height is a function of, and that function, of the factor too."""
