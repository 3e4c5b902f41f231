"""torch.onnx: there is none of it here.  Scripts that import it run up to the line that exports."""

from __future__ import annotations

from gradwerk.torch.absent import ORIGINAL

__getattr__ = ORIGINAL.module("torch.onnx", __name__)
