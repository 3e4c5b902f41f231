"""`gradwerk inspect MODEL [STAGE]`: one stage of the compiled training step."""

from __future__ import annotations

from argparse import Namespace

from gradwerk.base.settings import settings


def run(options: Namespace) -> int:
    """The command."""
    if hasattr(options, "threads"):
        settings.threads = options.threads
    return 0
