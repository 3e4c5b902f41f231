"""Processes that a script's `multiprocessing` spawns have the names too.

A spawned process loads its parent's main module by name or path.  Here `__main__` gives itself out for the module CHILD, which puts the
names in place and then runs the script.  Python writes over `sys.argv[0]` while it runs a module by name, so the path is sent twice.
"""

from __future__ import annotations

import sys
from typing import Any

CHILD = "gradwerk.aliases.child"
"""The module that a spawned process loads in place of the script."""


def tell() -> bool:
    """Sees to it that spawned processes are sent the script's path twice, once `multiprocessing` knows how to spawn; whether it does."""
    spawn = sys.modules.get("multiprocessing.spawn")
    prepare = getattr(spawn, "get_preparation_data", None)
    if spawn is None or prepare is None:
        return False

    def prepared(name: str) -> dict[str, Any]:
        data: dict[str, Any] = prepare(name)
        if data.get("init_main_from_name") == CHILD:
            data["sys_argv"] = [sys.argv[0], *data["sys_argv"]]
        return data

    vars(spawn)["get_preparation_data"] = prepared
    return True
