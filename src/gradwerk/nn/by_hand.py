"""An update rule that somebody wrote as a function that writes, with all that composes around rules."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Unpack

from gradwerk.nn.optimizer import Around, Optimizer, Parameters
from gradwerk.nn.wrapped import WrappedStep
from gradwerk.ops.elementwise import cast
from gradwerk.tensor.tensor import Parameter, Tensor
from gradwerk.tensor.whole import Part, Writes, update_all

Operand = Any
"""An array, a Value or a Tensor."""


class ByHand(Optimizer):
    """Calls `write(gradient, parameter)` for each parameter that has a gradient, clipped; before it the parameter decays.

    What is written is written at once: such an update is not all or nothing, and nothing can be chosen between it and what was there.
    """

    def __init__(self, parameters: Parameters, write: Callable[[Tensor, Parameter], None], **around: Unpack[Around]) -> None:
        self.write = write
        super().__init__(parameters, 0.0, **around)

    def update(self, gradients: Sequence[Tensor | None]) -> None:
        """One update in place of all parameters that have a gradient: nobody knows beforehand what it reads."""
        update_all([WrappedStep(self, gradients)])

    def update_parts(self, gradients: Sequence[Tensor | None]) -> list[Part]:
        """All writes by hand, then the count."""
        written = list[bool]()

        def by_hand() -> Writes:
            if not written:  # a part may be asked again
                written.append(True)
                rate = self.rate if self.schedule is None else cast(self.schedule(self.iterations), self.rate.dtype)
                clipped = gradients if self.clip is None else self.clip.of(gradients)
                for place, (w, g) in enumerate(zip(self.targets.values(), clipped, strict=True)):
                    if g is not None:
                        if self.decay.rate and place not in self.undecayed:
                            w.assign(self.decay.parameter(w, rate))
                        self.write(g, w)
            return []

        return [by_hand, lambda: self.counted([g is not None for g in gradients])]
