"""Which names of the packages we stand for a script uses: its text is read, not run."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from gradwerk.aliases.names import is_claimed


def imports_of(tree: ast.Module) -> dict[str, str]:
    """Local name -> dotted name of the original, of all import statements, wherever they stand."""
    table = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if is_claimed(alias.name):
                    table[alias.asname or alias.name.partition(".")[0]] = alias.name if alias.asname else alias.name.partition(".")[0]
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module and is_claimed(node.module):
            table.update({alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names if alias.name != "*"})
    return table


def names_of(tree: ast.Module, table: dict[str, str]) -> Iterator[tuple[int, str]]:
    """Line and dotted name of each import, and of each longest chain of attributes that begins with an imported name."""
    inner: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names if is_claimed(alias.name))
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module and is_claimed(node.module):
            yield from ((node.lineno, node.module if alias.name == "*" else f"{node.module}.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load) and id(node) not in inner:
            chain, held = [node.attr], node.value
            while isinstance(held, ast.Attribute):
                inner.add(id(held))
                chain.append(held.attr)
                held = held.value
            if isinstance(held, ast.Name) and held.id in table:
                yield node.lineno, ".".join([table[held.id], *reversed(chain)])
