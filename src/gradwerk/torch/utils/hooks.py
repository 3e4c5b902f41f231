"""torch.utils.hooks."""

from gradwerk.base.hooks import RemovableHandle as RemovableHandle
from gradwerk.torch.absent import ORIGINAL

__getattr__ = ORIGINAL.module("torch.utils.hooks", __name__)
