"""keras.datasets.boston_housing: prices of houses in suburbs of Boston, 1978."""

from __future__ import annotations

from gradwerk.keras.datasets.finding import Parts, check_share, in_two, npz, shuffled

DIGEST = "f553886a1f8d56431e820c5b82552d9d95cfcb96d1e678153f8839538947dff5"


def load_data(path: str = "boston_housing.npz", test_split: float = 0.2, seed: int = 113) -> Parts:
    """Thirteen measures of 506 suburbs, and the median price there in thousands of dollars.

    One of the measures is about the people who live there; Keras warns of its use, and has `california_housing` in its place.
    From ~/.keras/datasets, else downloaded.  Shape: x (n, 13) float64, y (n,) float64.
    Raises: ArgumentError for a test_split that is no share; FileError where it can be had nowhere, or is damaged.
    Source: Harrison and Rubinfeld, 1978, "Hedonic prices and the demand for clean air".
    """
    check_share(test_split)
    arrays = npz(path, "boston_housing.npz", DIGEST, ("x", "y"))
    return in_two(test_split, *shuffled(seed, arrays["x"], arrays["y"]))
