"""tf.data.Options and what it holds: how a data set runs in TensorFlow.  It is kept and given back; what is computed is the same."""

from __future__ import annotations

from enum import Enum, IntEnum
from typing import Any

from gradwerk.base.errors import AbsentNameError

# ruff: noqa: ANN401  settings are of many kinds


class AutoShardPolicy(IntEnum):
    """How data is divided among workers."""

    OFF = -1
    AUTO = 0
    FILE = 1
    DATA = 2
    HINT = 3


class ExternalStatePolicy(Enum):
    """What is done about state from outside."""

    WARN = 0
    IGNORE = 1
    FAIL = 2


class Settings:
    """Named settings; one that is not among `NAMES` is refused."""

    NAMES: tuple[str, ...] = ()

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in self.NAMES:
            raise AbsentNameError(f"Cannot set the property {name} on {type(self).__name__}", facts=(", ".join(self.NAMES),))
        super().__setattr__(name, value)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name not in self.NAMES:
            raise AbsentNameError(f"{type(self).__name__} has no {name!r}", facts=(", ".join(self.NAMES),))
        return None

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and vars(other) == vars(self)

    __hash__ = None  # type: ignore[assignment]  # they change

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{key}={value!r}' for key, value in vars(self).items())})"


class ThreadingOptions(Settings):
    """Of threads."""

    NAMES = ("max_intra_op_parallelism", "private_threadpool_size")


class OptimizationOptions(Settings):
    """Of what TensorFlow rewrites."""

    NAMES = (
        "apply_default_optimizations", "filter_fusion", "filter_parallelization", "inject_prefetch", "map_and_batch_fusion",
        "map_and_filter_fusion", "map_fusion", "map_parallelization", "noop_elimination", "parallel_batch", "seq_interleave_prefetch",
        "shuffle_and_repeat_fusion", "autotune", "autotune_buffers", "autotune_cpu_budget", "autotune_ram_budget",
    )  # fmt: skip


class DistributeOptions(Settings):
    """Of how data is divided among workers."""

    NAMES = ("auto_shard_policy", "num_devices")


class Options(Settings):
    """How a data set runs in TensorFlow; kept here and given back, and nothing else comes of it."""

    NAMES = (
        "autotune", "dataset_name", "deterministic", "experimental_deterministic", "experimental_distribute", "experimental_optimization",
        "experimental_external_state_policy", "experimental_slack", "experimental_symbolic_checkpoint", "experimental_threading",
        "experimental_warm_start", "framework_type", "threading",
    )  # fmt: skip

    def __init__(self) -> None:
        self.threading, self.experimental_optimization = ThreadingOptions(), OptimizationOptions()
        self.experimental_distribute = DistributeOptions()

    def merge(self, options: Options) -> Options:
        """Both; what the other one says goes before."""
        made = Options()
        for each in (self, options):
            for name, value in vars(each).items():
                setattr(made, name, value)
        return made
