"""In which dtypes a layer computes and keeps its weights: what it is asked for its dtype policy (dtype_policies.py)."""

from __future__ import annotations

from typing import Any

from gradwerk.base import dtypes
from gradwerk.keras import dtype_policies


class Policied:
    """What has a dtype policy."""

    autocast = True
    """Whether floating inputs are cast to the compute dtype."""
    _policy = dtype_policies.FLOAT32

    @property
    def casts_to(self) -> Any:  # noqa: ANN401  a dtype, or None
        """What floating inputs are cast to; None for nothing."""
        return dtypes.named(self._policy.compute_dtype) if self.autocast else None

    @property
    def dtype_policy(self) -> dtype_policies.DTypePolicy:
        """In which dtypes it computes, and keeps its weights."""
        return self._policy

    @dtype_policy.setter
    def dtype_policy(self, value: Any) -> None:  # noqa: ANN401  a policy, or its name
        self._policy = dtype_policies.get(value)

    @property
    def compute_dtype(self) -> str:
        """The dtype that it computes in."""
        return self._policy.compute_dtype

    @property
    def variable_dtype(self) -> str:
        """The dtype of its weights."""
        return self._policy.variable_dtype

    @property
    def dtype(self) -> str:
        """`variable_dtype`."""
        return self._policy.variable_dtype
