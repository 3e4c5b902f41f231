"""`gradwerk settings`."""

from __future__ import annotations

from argparse import Namespace

from gradwerk.base.settings import SETTINGS, settings


def run(options: Namespace) -> int:
    """The command."""
    variables = {item.name: item.variable for item in SETTINGS}
    for name, value, origin, meaning in settings.rows():
        print(f"{name:<10} {value!s:<20} {f'from {origin}' if origin != 'default' else 'default':<26} {variables[name]:<20} {meaning}")
    for name, near in settings.unknown():
        print(f"{name} in the environment is no setting" + (f"; likely: {near}" if near else ""))
    return 0
