"""tf.train: what training needs: examples as files hold them."""

from __future__ import annotations

from gradwerk.tf.absent import ORIGINAL
from gradwerk.tf.train_data.examples import (
    BytesList,
    Example,
    Feature,
    FeatureList,
    FeatureLists,
    Features,
    FloatList,
    Int64List,
    SequenceExample,
)  # fmt: skip

__all__ = [
    "BytesList", "Example", "Feature", "FeatureList", "FeatureLists", "Features", "FloatList", "Int64List", "SequenceExample",
]  # fmt: skip

__getattr__ = ORIGINAL.module("tf.train", __name__)
