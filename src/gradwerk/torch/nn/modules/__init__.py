"""torch.nn.modules: as far as programs name it."""

from gradwerk.torch.absent import ORIGINAL
from gradwerk.torch.nn.modules import module as module

__getattr__ = ORIGINAL.module("torch.nn.modules", __name__)
