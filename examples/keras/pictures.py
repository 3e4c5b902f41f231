"""These examples draw as those of the foundations do: the same colours, the same options."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "foundations"))

from drawing import COLOURS, DASHES, MARKERS, options, panels, save

__all__ = ["COLOURS", "DASHES", "MARKERS", "options", "panels", "save"]
