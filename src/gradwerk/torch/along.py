"""torch's functions along an axis: running folds, orders, and what stands at places."""

from __future__ import annotations

from gradwerk.torch.functions import function_of
from gradwerk.torch.tensors import Tensor

cumprod, cumsum, logcumsumexp = function_of(Tensor.cumprod), function_of(Tensor.cumsum), function_of(Tensor.logcumsumexp)
