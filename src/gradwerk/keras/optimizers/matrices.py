"""Keras' optimizers of matrices: Muon and Adafactor, over nn.directions and nn.adafactor."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, Unpack

from gradwerk.base.errors import ArgumentError
from gradwerk.keras.optimizers.arguments import between
from gradwerk.keras.optimizers.optimizer import Optimizer, Rate
from gradwerk.keras.options import DecayingOptions, OptimizerOptions, checked_except, whole
from gradwerk.nn import adafactor, directions
from gradwerk.nn import optimizer as known
from gradwerk.nn.updates import Decay
from gradwerk.tensor.tensor import Parameter, Tensor


class Muon(Optimizer):
    """Momentum made orthogonal, of matrices; Adam of all else, of embeddings, and of what `exclude_layers` names by patterns of paths."""

    settings = (
        "adam_beta_1", "adam_beta_2", "epsilon", "adam_weight_decay", "muon_a", "muon_b", "muon_c", "adam_lr_ratio", "momentum", "ns_steps",
        "nesterov", "rms_rate",
    )  # fmt: skip

    @checked_except("adam_beta_1", "adam_beta_2", "epsilon", "momentum", "ns_steps")
    def __init__(
        self, learning_rate: Rate = 0.001, adam_beta_1: float = 0.9, adam_beta_2: float = 0.999, adam_weight_decay: float | None = 0.004,
        epsilon: float = 1e-7, weight_decay: float | None = 0.004, *, exclude_layers: Sequence[str] | None = None,
        exclude_embeddings: bool = True, muon_a: float = 3.4445, muon_b: float = -4.775, muon_c: float = 2.0315,
        adam_lr_ratio: float = 1, momentum: float = 0.95, ns_steps: int = 5, nesterov: bool = True,
        rms_rate: float | None = 0.2, **options: Unpack[DecayingOptions],
    ) -> None:  # fmt: skip
        given: dict[str, Any] = {**options, "weight_decay": weight_decay}
        super().__init__(learning_rate, **given)
        self.exclude_layers, self.exclude_embeddings = list(exclude_layers or ()), bool(exclude_embeddings)
        self.adam_beta_1, self.adam_beta_2, self.epsilon, self.adam_weight_decay = adam_beta_1, adam_beta_2, epsilon, adam_weight_decay
        self.muon_a, self.muon_b, self.muon_c, self.adam_lr_ratio = muon_a, muon_b, muon_c, adam_lr_ratio
        self.momentum, self.ns_steps, self.nesterov, self.rms_rate = momentum, ns_steps, bool(nesterov), rms_rate

    def make(self, parameters: Mapping[str, Parameter]) -> known.Optimizer:
        """See nn.directions.Muon."""
        paths = {path: getattr(parameter, "path", path) for path, parameter in parameters.items()}
        return directions.Muon(parameters, others=lambda path: self._follows_adam(paths[path]), **self.rule_settings(), **self.around())

    def _follows_adam(self, path: str) -> bool:
        """Whether it is no matrix for Muon, by its path."""
        return (self.exclude_embeddings and "embedding" in path.lower()) or any(re.search(each, path) for each in self.exclude_layers)

    def rule_settings(self) -> dict[str, Any]:
        """Betas and momentum from 0 to below 1, epsilon and ratios from 0."""
        beta_1, beta_2, momentum = (
            between(self, name, getattr(self, name), 0.0, 1.0, below=True) for name in ("adam_beta_1", "adam_beta_2", "momentum")
        )
        decay = 0.0 if self.adam_weight_decay is None else between(self, "adam_weight_decay", self.adam_weight_decay, 0.0, math.inf)
        return {
            "momentum": momentum, "nesterov": bool(self.nesterov), "factors": (self.muon_a, self.muon_b, self.muon_c), "of_sums": True,
            "steps": whole("Muon", "ns_steps", self.ns_steps, 1), "epsilon": between(self, "epsilon", self.epsilon, 0.0, math.inf),
            "by_size": self.rms_rate, "betas": (beta_1, beta_2), "decay_of_others": Decay(decay, decoupled=True),
            "ratio": between(self, "adam_lr_ratio", self.adam_lr_ratio, 0.0, math.inf),
        }  # fmt: skip

    @property
    def variables(self) -> list[Tensor]:
        """As of the others; behind them the momentum of each weight, and the second moment of each that follows Adam."""
        held = super().variables
        if self.rule is None:
            return held
        for m, v, w in zip(self.rule.slots["momentum_buffer"], self.rule.slots["second_moment"], self.rule.targets.values(), strict=True):
            held += [m, v] if v.shape == w.shape else [m]
        return held

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal optimizer."""
        return super().get_config() | {"exclude_layers": self.exclude_layers, "exclude_embeddings": self.exclude_embeddings}


class Adafactor(Optimizer):
    """Adam's second moments in the memory of a row and a column (see nn.adafactor)."""

    settings = ("beta_2_decay", "epsilon_1", "epsilon_2", "clip_threshold", "relative_step")

    @checked_except("beta_2_decay", "epsilon_1", "epsilon_2", "clip_threshold")
    def __init__(
        self, learning_rate: Rate = 0.001, beta_2_decay: float = -0.8, epsilon_1: float = 1e-30, epsilon_2: float = 1e-3,
        clip_threshold: float = 1.0, relative_step: bool = True, **options: Unpack[OptimizerOptions],  # noqa: FBT001, FBT002  Keras' signature
    ) -> None:  # fmt: skip
        super().__init__(learning_rate, **options)
        self.beta_2_decay, self.epsilon_1, self.epsilon_2 = beta_2_decay, epsilon_1, epsilon_2
        self.clip_threshold, self.relative_step = clip_threshold, bool(relative_step)

    def make(self, parameters: Mapping[str, Parameter]) -> known.Optimizer:
        """See nn.adafactor.Adafactor."""
        return adafactor.Adafactor(parameters, **self.rule_settings(), **self.around())

    def rule_settings(self) -> dict[str, Any]:
        """The power to 0, all else from 0.  With `relative_step` and without, a step is bounded by 1 / sqrt(its number), as in Keras."""
        if not between(self, "clip_threshold", self.clip_threshold, 0.0, math.inf) > 0:
            raise ArgumentError(f"Adafactor: the clip_threshold is above 0, this is {self.clip_threshold}")
        return {
            "decay_power": between(self, "beta_2_decay", self.beta_2_decay, -math.inf, 0.0), "limit": float(self.clip_threshold),
            "epsilon": between(self, "epsilon_1", self.epsilon_1, 0.0, math.inf),
            "least_size": between(self, "epsilon_2", self.epsilon_2, 0.0, math.inf),
        }  # fmt: skip

    @property
    def variables(self) -> list[Tensor]:
        """As of the others; behind them the moments of rows, of columns, and all second moments, weight by weight."""
        held = super().variables
        if self.rule is None:
            return held
        slots = [self.rule.slots[name] for name in ("row_moment", "column_moment", "second_moment")]
        return held + [tensor for row in zip(*slots, strict=True) for tensor in row]
