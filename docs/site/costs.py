"""What an activation costs an element, measured.

    python -m docs.site.costs        measures all on this machine and writes docs/site/costs.json, which the pages show

One compiled kernel over arrays that stay in the cache, one thread, the least of many runs; what a call costs besides is taken off.
"""

from __future__ import annotations

import json
import platform
import sys
import time
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

RECORD = Path(__file__).parent / "costs.json"
ELEMENTS, FEW, RUNS = 1 << 16, 1 << 6, 300


@cache
def _record() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(RECORD.read_text(encoding="utf-8")) if RECORD.exists() else {}
    return found


def recorded() -> Mapping[str, float]:
    """Nanoseconds an element, by name."""
    found: Mapping[str, float] = _record().get("nanoseconds", {})
    return found


def circumstances() -> str:
    """Where that was measured."""
    return f"one thread of an {_record()['processor']}"


def measured(function: Any) -> float:  # noqa: ANN401
    """Nanoseconds an element of float32."""
    import gradwerk as gw  # noqa: PLC0415

    compiled = gw.compile(function)
    rng = np.random.default_rng(0)
    least = []
    for count in (ELEMENTS, FEW):
        x = gw.Tensor(rng.normal(size=count).astype(np.float32))
        times = []
        for _ in range(RUNS):
            begin = time.perf_counter_ns()
            compiled(x)
            times.append(time.perf_counter_ns() - begin)
        least.append(min(times))
    return float((least[0] - least[1]) / (ELEMENTS - FEW))


def processor() -> str:
    """Its name, as far as the system tells."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text(encoding="utf-8").splitlines() if cpuinfo.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def main() -> int:
    """The command."""
    from docs.site.catalogue import sections  # noqa: PLC0415
    from docs.site.curves import is_activation, of_one_element  # noqa: PLC0415
    from gradwerk.base.settings import settings  # noqa: PLC0415

    found = {}
    with settings.scope(threads=1):
        for section in sections():
            for entry in section.entries if section.folder in ("ops", "functions") else ():
                function = of_one_element(entry.subject) if is_activation(entry.name, entry.subject) else None
                if function is not None:
                    found[entry.name] = round(measured(function), 3)
                    sys.stdout.write(f"{entry.name:14} {found[entry.name]:.3f} ns\n")
    RECORD.write_text(json.dumps({"processor": processor(), "nanoseconds": found}, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
