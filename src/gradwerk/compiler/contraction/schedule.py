"""What a schedule of a contraction is, the list of all that there are, and which one is picked.

A module in the folder `schedules` holds one way to run a contraction: a function, `registered` here, that offers values.  Each says what
it costs, to which work it lowers, and what it is for another number of examples.  The cheapest is picked, by extents and memory alone; no
module names a schedule that it does not make.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, MutableMapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

from gradwerk.compiler import alike
from gradwerk.compiler.backend import Placed
from gradwerk.compiler.contraction.finish import Finish
from gradwerk.compiler.contraction.nominal import NOMINAL, Layout, examples
from gradwerk.compiler.target import Target
from gradwerk.compiler.work import Operand
from gradwerk.ops.contraction import Contract

Packs = MutableMapping[Any, Operand]
"""Copies already made, by what they copy and how: the same operand wanted twice in one layout is copied once."""


@dataclass(frozen=True)
class Task:
    """A contraction on its operands, to be lowered.

    `free`: the result may lie in the buffer of `out` with its axes in any order.  `finish`: what is done to results before they are stored.
    """

    op: Contract
    a: Operand
    b: Operand
    out: Operand
    target: Target
    packs: Packs
    free: bool = False
    finish: Finish | None = None


class Schedule(Protocol):
    """One way to run a contraction: an immutable value, without buffers, so that one serves all contractions that lie alike."""

    @property
    def cost(self) -> float:
        """What it takes, in products of 16 lanes, those of idle lanes too; to copy an element counts 6 / 16.  By extents alone."""

    def works(self, task: Task) -> Placed | None:
        """The work, copies of operands included, and where the result lies.

        None where it cannot finish results as the task asks, or write them where `out` lies: then they are finished, or copied there,
        afterwards.  A dense result that nothing is done to is always written.
        """

    def carried_over(self, to: Layout) -> Schedule | None:
        """The same kernels for another number of examples; None where that many need others, or do not lie alike."""


Offer = Callable[[Layout, Target], Iterable[Schedule]]
"""What gives the schedules of one kind that a layout can have: none, or some."""
SCHEDULES: list[Offer] = []
"""All kinds, those of the folder since lower.py was imported; of equally cheap schedules the first is taken."""


def registered(offer: Offer) -> Offer:
    """Puts a kind of schedule into the list, and forgets what was chosen without it."""
    SCHEDULES.append(offer)
    forget()
    return offer


def forget() -> None:
    """Schedules are chosen anew, for contractions too that were lowered before."""
    chosen.cache_clear()
    alike.FORMS.clear()


def scheduled(layout: Layout, target: Target) -> Schedule:
    """The schedule of a layout: that of a nominal number of examples, where it can be carried over, as no number needs its own kernels."""
    if examples(layout.op):
        for count in NOMINAL:
            nominal = layout.nominal(count)
            if nominal is None:
                break
            here = chosen(nominal, target).carried_over(layout)
            if here is not None:
                return here
    return chosen(layout, target)


@lru_cache(maxsize=512)
def chosen(layout: Layout, target: Target) -> Schedule:
    """The cheapest schedule of a layout: layers that are alike, and programs traced again, share it."""
    return min((schedule for offer in SCHEDULES for schedule in offer(layout, target)), key=lambda schedule: schedule.cost)
