"""Records what PyTorch without a card says of cards:  python -m tests.peers.device_cases PATH  (PyTorch 2.13.0, its CPU build)."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

ASKED = """
cuda.is_available() cuda.is_initialized() cuda.is_bf16_supported() cuda.device_count() cuda.get_arch_list() cuda.init()
cuda.current_device()
cuda.synchronize() cuda.current_stream() cuda.get_device_name(0) cuda.get_device_capability() cuda.get_device_properties(0)
cuda.get_rng_state()
cuda.initial_seed() cuda.ipc_collect() cuda.manual_seed(1) cuda.manual_seed_all(1) cuda.seed() cuda.empty_cache()
cuda.memory_allocated() cuda.memory_reserved() cuda.max_memory_allocated() cuda.Stream() cuda.FloatTensor(2) cuda.LongTensor([1])
isinstance(ones(1),cuda.FloatTensor) accelerator.is_available() accelerator.current_accelerator() accelerator.device_count()
accelerator.current_accelerator(check_available=True) accelerator.set_device_index(0) accelerator.current_device_index()
accelerator.synchronize() accelerator.current_stream() accelerator.empty_cache() accelerator.memory_allocated()
accelerator.device_index(0).__enter__() accelerator.device_index(None).__enter__() backends.cudnn.is_available() backends.cudnn.version()
backends.cudnn.enabled backends.cudnn.benchmark backends.cudnn.deterministic backends.cudnn.allow_tf32 backends.mps.is_available()
backends.mps.is_built() backends.cuda.is_built() backends.cuda.matmul.allow_tf32 mps.is_available() mps.device_count() mps.manual_seed(1)
mps.empty_cache() mps.synchronize() version.cuda version.hip
"""


def answer(torch: Any, asked: str) -> list[Any]:
    """["is", text of the value], or ["raises", kind of the error]."""
    names = {name: getattr(torch, name) for name in ("cuda", "accelerator", "backends", "mps", "version", "ones")}
    try:
        return ["is", repr(eval(asked, names))]
    except Exception as error:
        builtin = next(kind for kind in type(error).__mro__ if kind.__module__ == "builtins")
        return ["raises", builtin.__name__]


if __name__ == "__main__":
    import torch

    Path(sys.argv[1]).write_text(json.dumps({asked: answer(torch, asked) for asked in ASKED.split()}, indent=0), encoding="utf-8")
