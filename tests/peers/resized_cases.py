"""Records how PyTorch's interpolate resizes, for tests/torchvision_api:  python -m tests.peers.resized_cases PATH  (PyTorch 2.13.0)."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any


def cases() -> list[dict[str, Any]]:
    """Every way, larger and smaller, with and without averaging."""
    import torch

    torch.manual_seed(0)
    x = torch.rand(1, 2, 7, 9)
    made = []
    for way in ("nearest", "nearest-exact", "bilinear", "bicubic"):
        for size in ([3, 4], [14, 5], [10, 20], [1, 1]):
            for antialias in (False, True) if way in ("bilinear", "bicubic") else (False,):
                corners = False if way in ("bilinear", "bicubic") else None
                y = torch.nn.functional.interpolate(x, size, mode=way, align_corners=corners, antialias=antialias)
                rounded = [round(one, 7) for one in y.flatten().tolist()]
                given = [round(one, 7) for one in x.flatten().tolist()]
                made.append({"way": way, "size": size, "antialias": antialias, "from": [7, 9], "x": given, "y": rounded})
    return made


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(json.dumps(cases()), encoding="utf-8")
