"""torch.utils."""

from gradwerk.torch.absent import ORIGINAL
from gradwerk.torch.utils import checkpoint as checkpoint
from gradwerk.torch.utils import data as data
from gradwerk.torch.utils import hooks as hooks

__getattr__ = ORIGINAL.module("torch.utils", __name__)
