"""Mutants that no test notices, and why: by what they are (mutants.py, Mutant.key)."""

from __future__ import annotations

EQUIVALENT = "equivalent"
"""How the reason of a mutant begins that computes the same: faster or slower, or never asked."""
SURVIVORS: dict[str, str] = {}
