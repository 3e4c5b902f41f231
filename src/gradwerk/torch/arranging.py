"""torch's functions that put elements in other places."""

from __future__ import annotations

from gradwerk.torch.functions import function_of
from gradwerk.torch.tensors import Tensor

roll = function_of(Tensor.roll)
