"""What a spawned process of a script's `multiprocessing` loads as its main module: the names first, then the script (see children.py)."""

from __future__ import annotations

import sys
from pathlib import Path

from gradwerk.aliases.imports import Names
from gradwerk.aliases.script import compiled, own_folders

if __name__ == "__mp_main__":
    del sys.argv[0]
    __file__ = sys.argv[0]
    Names(own_folders(Path(__file__))).install()
    exec(compiled(Path(__file__)), globals())
