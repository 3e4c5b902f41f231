"""tf.compat.v1: TensorFlow 1, whose operations are noted in a graph that a session runs.

    import gradwerk.tf.compat.v1 as tf
    tf.disable_eager_execution()

Names are found where they are defined when they are first asked for: those of TensorFlow 1 alone in the modules here, others in
gradwerk.tf.
"""

from __future__ import annotations

import importlib
from typing import Any

from gradwerk import tf
from gradwerk.tf.absent import ORIGINAL

__version__ = "1.15.5+gradwerk"
"""A TensorFlow 1, for scripts that ask; the names are those of TensorFlow 2.21's compat.v1, and some that were in 1.x alone."""
VERSION = GIT_VERSION = COMPILER_VERSION = __version__

FAMILIES = ("graphs", "math", "orders", "control", "protos")
"""The modules whose names stand at the top too, by their `__all__`."""
MODULES = (
    "app", "contrib", "data", "examples", "flags", "gfile", "initializers", "layers", "logging", "losses", "metrics", "nn", "python_io",
    "summary", "train",
)  # fmt: skip
"""What is loaded when it is first asked for, so that the import costs little."""
FORMER = {
    "ceil": "math.ceil", "log": "math.log", "log1p": "math.log1p", "log_sigmoid": "math.log_sigmoid", "lgamma": "math.lgamma",
    "digamma": "math.digamma", "erf": "math.erf", "erfc": "math.erfc", "expm1": "math.expm1", "rsqrt": "math.rsqrt", "real": "math.real",
    "imag": "math.imag", "conj": "math.conj", "angle": "math.angle", "reciprocal": "math.reciprocal", "rint": "math.rint",
    "is_nan": "math.is_nan",
    "is_inf": "math.is_inf", "is_finite": "math.is_finite", "squared_difference": "math.squared_difference", "floordiv": "math.floordiv",
    "mod": "math.floormod", "floormod": "math.floormod", "realdiv": "math.divide", "truncatediv": "math.truncatediv",
    "logical_xor": "math.logical_xor", "cross": "linalg.cross", "cumprod": "math.cumprod", "accumulate_n": "math.accumulate_n",
    "segment_sum": "math.segment_sum", "segment_mean": "math.segment_mean", "segment_max": "math.segment_max",
    "segment_min": "math.segment_min", "segment_prod": "math.segment_prod", "unsorted_segment_sum": "math.unsorted_segment_sum",
    "unsorted_segment_mean": "math.unsorted_segment_mean", "unsorted_segment_max": "math.unsorted_segment_max",
    "unsorted_segment_min": "math.unsorted_segment_min", "unsorted_segment_prod": "math.unsorted_segment_prod",
    "confusion_matrix": "math.confusion_matrix", "bincount": "math.bincount", "invert_permutation": "math.invert_permutation",
    "igamma": "math.igamma", "igammac": "math.igammac", "zeta": "math.zeta", "polygamma": "math.polygamma", "lbeta": "math.lbeta",
    "matrix_determinant": "linalg.det", "matrix_inverse": "linalg.inv", "matrix_solve": "linalg.solve",
    "matrix_triangular_solve": "linalg.triangular_solve", "matrix_transpose": "linalg.matrix_transpose", "matrix_diag": "linalg.diag",
    "matrix_diag_part": "linalg.diag_part", "matrix_set_diag": "linalg.set_diag", "matrix_band_part": "linalg.band_part",
    "diag": "linalg.tensor_diag", "diag_part": "linalg.tensor_diag_part", "trace": "linalg.trace", "cholesky": "linalg.cholesky",
    "cholesky_solve": "linalg.cholesky_solve", "qr": "linalg.qr", "svd": "linalg.svd", "self_adjoint_eig": "linalg.eigh",
    "self_adjoint_eigvals": "linalg.eigvalsh", "matrix_square_root": "linalg.sqrtm", "log_softmax": "nn.log_softmax",
    "is_non_decreasing": "math.is_non_decreasing", "is_strictly_increasing": "math.is_strictly_increasing", "setdiff1d": "sets.difference",
    "check_numerics": "debugging.check_numerics", "string_join": "strings.join", "string_to_number": "strings.to_number",
    "regex_replace": "strings.regex_replace", "as_bytes": "compat.as_bytes", "encode_base64": "io.encode_base64",
    "decode_base64": "io.decode_base64", "read_file": "io.read_file", "write_file": "io.write_file", "decode_raw": "io.decode_raw",
    "decode_csv": "io.decode_csv", "parse_tensor": "io.parse_tensor", "serialize_tensor": "io.serialize_tensor",
    "parse_example": "io.parse_example", "parse_single_example": "io.parse_single_example",
    "parse_single_sequence_example": "io.parse_single_sequence_example", "FixedLenFeature": "io.FixedLenFeature",
    "VarLenFeature": "io.VarLenFeature", "FixedLenSequenceFeature": "io.FixedLenSequenceFeature", "matching_files": "io.matching_files",
    "FIFOQueue": "queue.FIFOQueue", "PaddingFIFOQueue": "queue.PaddingFIFOQueue", "PriorityQueue": "queue.PriorityQueue",
    "RandomShuffleQueue": "queue.RandomShuffleQueue", "QueueBase": "queue.QueueBase",
    "sparse_tensor_to_dense": "sparse.to_dense",
    "sparse_reorder": "sparse.reorder",
    "sparse_tensor_dense_matmul": "sparse.sparse_dense_matmul",
    "depth_to_space": "nn.depth_to_space", "space_to_depth": "nn.space_to_depth", "extract_image_patches": "image.extract_patches",
    "fft": "signal.fft", "ifft": "signal.ifft", "rfft": "signal.rfft", "irfft": "signal.irfft",
}  # fmt: skip
"""Names of TensorFlow 1 and where TensorFlow 2 has the same function, with the same arguments."""

_places: dict[str, str] = {}


def _loaded(name: str) -> Any:  # noqa: ANN401  a module, a class or function, or None
    if name in MODULES:
        return importlib.import_module(f"gradwerk.tf.compat.v1.{name}")
    if not _places:
        for family in FAMILIES:
            _places.update((each, family) for each in importlib.import_module(f"gradwerk.tf.compat.v1.{family}").__all__)
    if name in _places:
        held = getattr(importlib.import_module(f"gradwerk.tf.compat.v1.{_places[name]}"), name)
    else:
        held = tf
        for part in FORMER.get(name, name).split("."):
            held = getattr(held, part, None)
        if held is None:
            return None
    globals()[name] = held
    return held


def __dir__() -> list[str]:
    """All public names."""
    _loaded("Session")
    return sorted({*globals(), *MODULES, *_places, *(name for name in dir(tf) if not name.startswith("_"))})


__getattr__ = ORIGINAL.module("tf.compat.v1", __name__, elsewhere=_loaded)
