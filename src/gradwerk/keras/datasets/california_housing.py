"""keras.datasets.california_housing: prices of houses in California, 1990."""

from __future__ import annotations

from gradwerk.keras.datasets.finding import Parts, check_share, in_two, npz, shuffled
from gradwerk.keras.options import choice

DIGEST = "1a2e3a52e0398de6463aebe6f4a8da34fb21fbb6b934cf88c3425e766f2a1a6f"
SMALL = 600


def load_data(version: str = "large", path: str = "california_housing.npz", test_split: float = 0.2, seed: int = 113) -> Parts:
    """Eight measures of 20,640 districts, or of 600 of them (version="small"), and the median price there in dollars.

    From ~/.keras/datasets, else downloaded.  Shape: x (n, 8) float32, y (n,) float32.
    Raises: ArgumentError for another version, and for a test_split that is no share; FileError where it can be had nowhere, or is damaged.
    Source: Pace and Barry, 1997, "Sparse spatial autoregressions".
    """
    check_share(test_split)
    choice("california_housing.load_data", "version", version, ("large", "small"))
    arrays = npz(path, "california_housing.npz", DIGEST, ("x", "y"))
    x, y = (arrays[name][:SMALL] if version == "small" else arrays[name] for name in ("x", "y"))
    return in_two(test_split, *shuffled(seed, x, y))
