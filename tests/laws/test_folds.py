"""What passes and kernels assume of every fold: its parts may be combined in any order, and its identity changes nothing."""

from __future__ import annotations

import numpy as np
import pytest

from gradwerk.ir.op import Reduction
from tests.laws.cases import DTYPES, load_registry, special
from tests.laws.numpy_emitter import NumpyEmitter

FOLDS = [cls for cls in load_registry().values() if issubclass(cls, Reduction)]


@pytest.mark.parametrize("fold", FOLDS, ids=lambda cls: cls.name)
@pytest.mark.parametrize("dtype", [dtype for kinds in ("f", "i", "u") for dtype in DTYPES[kinds] if dtype.kind != "V"], ids=str)
def test_combine_is_associative_and_commutative(fold: type[Reduction], dtype: np.dtype[np.generic]) -> None:
    """At whole numbers, infinities and NaN; integers wrap."""
    e, op = NumpyEmitter(), fold((0,))
    values = np.array([0, -0.0, 1, -3, 7, np.inf, -np.inf, np.nan], dtype) if dtype.kind == "f" else special(dtype)
    a, b, c = values[:, None, None], values[None, :, None], values[None, None, :]
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(op.combine(e, a, b), op.combine(e, b, a).reshape(len(values), len(values), 1))
        left, right = op.combine(e, op.combine(e, a, b), c), op.combine(e, a, op.combine(e, b, c))
        np.testing.assert_array_equal(left, right)
        np.testing.assert_array_equal(op.combine(e, np.full_like(values, op.identity(dtype)), values), values)
