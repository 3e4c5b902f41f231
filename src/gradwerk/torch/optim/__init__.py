"""torch.optim."""

from gradwerk.torch.absent import ORIGINAL
from gradwerk.torch.optim import lr_scheduler as lr_scheduler
from gradwerk.torch.optim.optimizers import SGD as SGD
from gradwerk.torch.optim.optimizers import Adam as Adam
from gradwerk.torch.optim.optimizers import AdamW as AdamW
from gradwerk.torch.optim.optimizers import Optimizer as Optimizer

__getattr__ = ORIGINAL.module("torch.optim", __name__)
