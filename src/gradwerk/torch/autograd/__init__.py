"""torch.autograd."""

from __future__ import annotations

from gradwerk.tensor.grad import enable_grad as enable_grad
from gradwerk.tensor.grad import no_grad as no_grad
from gradwerk.torch.absent import ORIGINAL
from gradwerk.torch.autograd import functional as functional
from gradwerk.torch.autograd.checking import gradcheck as gradcheck
from gradwerk.torch.autograd.checking import gradgradcheck as gradgradcheck
from gradwerk.torch.autograd.gradients import Variable as Variable
from gradwerk.torch.autograd.gradients import backward as backward
from gradwerk.torch.autograd.gradients import grad as grad
from gradwerk.torch.modes import inference_mode as inference_mode
from gradwerk.torch.modes import set_grad_enabled as set_grad_enabled
from gradwerk.torch.own_gradients import Function as Function

__getattr__ = ORIGINAL.module("torch.autograd", __name__)
