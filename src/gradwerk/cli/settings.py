"""`gradwerk settings`."""

from __future__ import annotations

from argparse import Namespace

from gradwerk.base.settings import SETTINGS, settings


def run(options: Namespace) -> int:
    """The command."""
    variables = {item.name: item.variable for item in SETTINGS}
    rows = [
        (name, str(value), f"from {origin}" if origin != "default" else origin, variables[name], meaning)
        for name, value, origin, meaning in settings.rows()
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())
    for name, near in settings.unknown():
        print(f"{name} in the environment is no setting" + (f"; likely: {near}" if near else ""))
    return 0
