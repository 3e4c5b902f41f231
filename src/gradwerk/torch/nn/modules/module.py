"""torch.nn.modules.module: hooks on the calls of all modules.  They are called before a module's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gradwerk.base.hooks import Hook, RemovableHandle, register
from gradwerk.nn import hooks
from gradwerk.torch.absent import ORIGINAL
from gradwerk.torch.nn.module import Module as Module

EVERYWHERE = Module.__gradwerk_shared__


def register_module_forward_pre_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Calls hook(module, args) before every `forward`; what it returns takes the place of the arguments."""
    return register(EVERYWHERE, Hook(hooks.FORWARD_PRE, hook))


def register_module_forward_hook(hook: Callable[..., Any], *, with_kwargs: bool = False, always_call: bool = False) -> RemovableHandle:
    """Calls hook(module, args, output) behind every `forward`; what it returns takes the place of the output."""
    return register(EVERYWHERE, Hook(hooks.FORWARD, hook, with_kwargs=with_kwargs, always=always_call))


def register_module_full_backward_pre_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Calls hook(module, grad_output) when the gradients of an output have come."""
    return register(EVERYWHERE, Hook(hooks.BACKWARD_PRE, hook))


def register_module_full_backward_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Calls hook(module, grad_input, grad_output) when those of the arguments are known."""
    return register(EVERYWHERE, Hook(hooks.BACKWARD, hook))

__getattr__ = ORIGINAL.module("torch.nn.modules.module", __name__)
