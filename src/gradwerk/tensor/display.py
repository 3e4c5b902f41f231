"""How a Tensor prints: class, contents or what stands for them, shape and dtype, history."""

from __future__ import annotations

import numpy as np

from gradwerk.base import dtypes
from gradwerk.tensor.handle import Handle
from gradwerk.tensor.state import mode

PREFIX = "\n" + " " * 4


def describe(x: Handle) -> str:
    """`Tensor([1. 2.], float32[2])`; a traced Tensor shows its type only."""
    name = type(x).__name__
    shape = ",".join(map(str, x.shape))
    tail = f"{dtypes.name(x.dtype)}[{shape}]"
    if x._node is not None:
        tail += f", made by {x._node.op.name}"
    elif x._requires_grad:
        tail += ", requires_grad=True"
    if x._array is None or mode.trace is not None:
        return f"{name}(traced, {tail})"
    text = np.array2string(dtypes.widened(x._array), precision=5, threshold=64, edgeitems=3)
    return f"{name}({PREFIX if chr(10) in text else ''}{text.replace(chr(10), PREFIX)}, {tail})"
