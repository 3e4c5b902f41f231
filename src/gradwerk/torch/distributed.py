"""torch.distributed of one process: a group of one is what it says, and a larger one is refused.

`is_available()` is False, as in a PyTorch that was built without it: there are no engines that carry Tensors from process to process.
"""

from __future__ import annotations

from typing import Any

from gradwerk.base.errors import ArgumentError, StateError
from gradwerk.tensor.grad import no_grad
from gradwerk.torch.absent import ORIGINAL
from gradwerk.torch.options import as_recorded

# ruff: noqa: ANN401, FBT001, FBT002  Tensors; torch's signatures
_group: dict[str, Any] = {}
"""Of the process, while there is one."""


class ReduceOp:
    """How Tensors of several processes are put together."""

    SUM, PRODUCT, MIN, MAX, BAND, BOR, BXOR, AVG = "SUM", "PRODUCT", "MIN", "MAX", "BAND", "BOR", "BXOR", "AVG"


def is_available() -> bool:
    """False: nothing goes from process to process."""
    return False


def is_initialized() -> bool:
    """Whether there is a group, of this process alone."""
    return bool(_group)


@as_recorded(name="distributed.init_process_group", ignored=("timeout", "group_src", "group_dst", "_ranks", "async_op"))
def init_process_group(
    backend: str | None = None, init_method: str | None = None, timeout: Any = None, world_size: int = -1, rank: int = -1,
    store: Any = None, group_name: str = "", pg_options: Any = None, device_id: Any = None,
) -> None:  # fmt: skip
    """A group of this process alone: `world_size=1, rank=0`.

    Args:
        backend: taken, and given back by `get_backend`.
        init_method: taken.
        timeout: taken.
        world_size: 1.
        rank: 0.
        store: taken.
        group_name: taken.
        pg_options: taken.
        device_id: taken.

    Raises: StateError for any other group, also one that the environment is to tell, and where there is one already.
    """
    if _group:
        raise StateError("trying to initialize the default process group twice!")
    if world_size != 1 or rank not in (0, -1):
        facts = (f"world_size {world_size}, rank {rank}", "torch.distributed.is_available() is False")
        raise StateError("there is no group of several processes here", facts=facts, likely="world_size=1, rank=0 is one of this process")
    _group["backend"] = backend or "gloo"


@as_recorded(name="distributed.destroy_process_group", ignored=("timeout", "group_src", "group_dst", "_ranks", "async_op"))
def destroy_process_group(group: Any = None) -> None:
    """Ends the group.  Raises: StateError where there is none."""
    del group
    _check()
    _group.clear()


def _check() -> None:
    if not _group:
        raise StateError("Default process group has not been initialized, please make sure to call init_process_group.")


@as_recorded(name="distributed.get_rank", ignored=("timeout", "group_src", "group_dst", "_ranks", "async_op"))
def get_rank(group: Any = None) -> int:
    """0.  Raises: StateError without a group."""
    _check()
    return 0


@as_recorded(name="distributed.get_world_size", ignored=("timeout", "group_src", "group_dst", "_ranks", "async_op"))
def get_world_size(group: Any = None) -> int:
    """1.  Raises: StateError without a group."""
    _check()
    return 1


@as_recorded(name="distributed.get_backend", ignored=("timeout", "group_src", "group_dst", "_ranks", "async_op"))
def get_backend(group: Any = None) -> str:
    """What `init_process_group` was given.  Raises: StateError without a group."""
    _check()
    return str(_group["backend"])


@as_recorded(name="distributed.barrier", ignored=("timeout", "group_src", "group_dst", "_ranks", "async_op"))
def barrier(group: Any = None, async_op: bool = False, device_ids: Any = None) -> None:
    """Waits for nobody.  Raises: StateError without a group."""
    _check()


@as_recorded(name="distributed.all_reduce", ignored=("timeout", "group_src", "group_dst", "_ranks", "async_op"))
def all_reduce(tensor: Any, op: Any = ReduceOp.SUM, group: Any = None, async_op: bool = False) -> None:
    """The Tensor stays: the sum of one process.  Raises: StateError without a group."""
    _check()


@as_recorded(name="distributed.reduce", ignored=("timeout", "group_src", "group_dst", "_ranks", "async_op"))
def reduce(tensor: Any, dst: int | None = None, op: Any = ReduceOp.SUM, group: Any = None, async_op: bool = False) -> None:
    """The Tensor stays.  Raises: StateError without a group."""
    _check()


@as_recorded(name="distributed.broadcast", ignored=("timeout", "group_src", "group_dst", "_ranks", "async_op"))
def broadcast(tensor: Any, src: int | None = None, group: Any = None, async_op: bool = False) -> None:
    """The Tensor stays.  Raises: StateError without a group."""
    _check()


@as_recorded(name="distributed.all_gather", ignored=("timeout", "group_src", "group_dst", "_ranks", "async_op"))
def all_gather(tensor_list: list[Any], tensor: Any, group: Any = None, async_op: bool = False) -> None:
    """Copies the Tensor into the only one of the list.  Raises: StateError without a group, ArgumentError for a list of another length."""
    _check()
    if len(tensor_list) != 1:
        raise ArgumentError("all_gather: one Tensor for each process", facts=(f"{len(tensor_list)} for 1",))
    with no_grad():
        tensor_list[0].copy_(tensor)


__getattr__ = ORIGINAL.module("torch.distributed", __name__)
