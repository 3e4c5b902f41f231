"""What became of each fault or mutant, in a file: an hour's work that is broken off goes on where it was."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

from tests.faults.tree import Verdict


class State:
    """Rows by key; without a file they are forgotten at the end."""

    def __init__(self, path: Path | None) -> None:
        self.path, self.lock = path, threading.Lock()
        self.rows: dict[str, dict[str, Any]] = json.loads(path.read_text()) if path is not None and path.exists() else {}

    def add(self, key: str, verdict: Verdict, **more: str) -> None:
        """One more, said and written at once."""
        with self.lock:
            self.rows[key] = {**more, "caught": verdict.caught, "by": verdict.by, "seconds": round(verdict.seconds, 1)}
            if self.path is not None:
                part = self.path.with_suffix(".part")
                part.write_text(json.dumps(self.rows, indent=1))
                part.replace(self.path)
            print(f"{'caught' if verdict.caught else 'MISSED'} {verdict.seconds:5.1f} s  {key}  {verdict.by[:100]}", flush=True)
