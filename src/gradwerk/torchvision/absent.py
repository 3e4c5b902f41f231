"""The names that torchvision has and this package lacks (original.txt), and what is said when one is asked for."""

from __future__ import annotations

from gradwerk.base.originals import Original

ORIGINAL = Original("gradwerk.torchvision")
