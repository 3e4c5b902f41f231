"""Whether gradients are recorded: torch's switches as blocks, decorators and plain calls."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gradwerk.tensor.grad import enable_grad, no_grad
from gradwerk.tensor.state import mode
from gradwerk.torch.arguments import switch
from gradwerk.torch.options import as_recorded

# ruff: noqa: FBT001, FBT002, N801  torch's signatures and names


def is_grad_enabled() -> bool:
    """Whether what is computed now is recorded for gradients."""
    return bool(mode.grad)


class set_grad_enabled:
    """Records or not: at once, until the block ends where it is one, or while a function runs.  Raises: ArgumentTypeError, TraceError."""

    def __init__(self, mode: bool) -> None:
        self._wanted = switch("set_grad_enabled", "mode", mode)
        self._block: Any = (enable_grad if self._wanted else no_grad)()
        self._block.__enter__()

    def __enter__(self) -> None:
        """It is set already."""

    def __exit__(self, *exc: object) -> None:
        self._block.__exit__(*exc)

    def __call__(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """A decorated function runs so; the mode around it is what it was."""
        self._block.__exit__(None, None, None)
        made: Callable[..., Any] = (enable_grad if self._wanted else no_grad)(func)
        return made


@as_recorded()
def inference_mode(mode: Any = True) -> Any:  # noqa: ANN401  a block, or the function decorated
    """As no_grad: nothing is recorded.  A block or a decorator, with or without brackets; `inference_mode(False)` changes nothing.

    Raises: ArgumentTypeError.
    """
    if callable(mode):
        return no_grad(mode)
    return no_grad() if switch("inference_mode", "mode", mode) else _Unchanged()


class _Unchanged:
    """A block and decorator that changes nothing."""

    def __enter__(self) -> None: ...

    def __exit__(self, *exc: object) -> None: ...

    def __call__(self, func: Callable[..., Any]) -> Callable[..., Any]:
        return func


def is_inference_mode_enabled() -> bool:
    """False: here `inference_mode` is `no_grad`."""
    return False
