"""keras.mixed_precision: the policy of layers that say none, and the optimizer that scales losses of narrow floats."""

from __future__ import annotations

from gradwerk.keras.absent import ORIGINAL
from gradwerk.keras.dtype_policies import DTypePolicy, dtype_policy, set_dtype_policy
from gradwerk.keras.optimizers.scaling import LossScaleOptimizer

__all__ = ["DTypePolicy", "LossScaleOptimizer", "Policy", "dtype_policy", "global_policy", "set_dtype_policy", "set_global_policy"]

Policy, global_policy, set_global_policy = DTypePolicy, dtype_policy, set_dtype_policy

__getattr__ = ORIGINAL.module("keras.mixed_precision", __name__)
