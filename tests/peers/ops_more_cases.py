"""Calls of keras.ops: layers and losses as functions, linear algebra, transforms, segments.  See ops_cases.py."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.peers.drawn_numbers import SPD, B, F, I, N, P, U, X

IMAGES, LINES, CUBES = F(2, 6, 5, 3), F(2, 7, 3), F(2, 4, 5, 4, 2)
FIRST = {"data_format": "channels_first"}
LOGITS = F(4, 5)
SHARES = (np.exp(F(4, 5)) / np.exp(F(4, 5)).sum(-1, keepdims=True)).astype(np.float32)
LABELS, BITS = np.array([0, 4, 2, 1], np.int32), (F(4, 5) > 0).astype(np.float32)
HOT = np.eye(5, dtype=np.float32)[LABELS]
WAVE = F(2, 24)
MATRIX = F(3, 3) + 3 * np.eye(3, dtype=np.float32)
TRIANGLE = np.tril(F(3, 3)) + 2 * np.eye(3, dtype=np.float32)
Q, K, V = F(2, 3, 2, 4), F(2, 5, 2, 4), P(2, 5, 2, 4)

PICTURES = U(2, 6, 5, 3)
TURNED = np.array([0.9, -0.2, 0.4, 0.3, 1.1, -0.6, 0.01, -0.02], np.float32)
CORNERS = np.array([[0, 0], [4, 0], [0, 5], [4, 5]], np.float32)

ACTIVATIONS = (
    "relu relu6 sigmoid softplus softsign silu swish log_sigmoid leaky_relu hard_sigmoid hard_silu hard_swish elu selu gelu celu "
    "tanh_shrink hard_tanh hard_shrink soft_shrink squareplus sparse_plus sparse_sigmoid softmax log_softmax"
)
"""sparsemax is not among them: Keras' gives numbers that do not add up to 1."""
MORE: dict[str, list[Any]] = {
    **{name: [(X, "smooth"), (F(2, 3, 4) * 3,)] for name in ACTIVATIONS.split()},
    "glu": [(X, "smooth"), (F(4, 3), {"axis": 0})], "threshold": [(X, 0.5, 2.0, "smooth")], "erf": [(X, "smooth")],
    "erfc": [(X, "smooth")], "gelu": [(X, "smooth"), (X, {"approximate": False}, "smooth")], "leaky_relu": [(X, "smooth"), (X, 0.01)],
    "erfinv": [(U(3, 4) * 1.9 - 1, "smooth")], "elu": [(X, "smooth"), (X, {"alpha": 0.5})], "celu": [(X, {"alpha": 0.5}, "smooth")],
    "softmax": [(X, "smooth"), (X, {"axis": 0}), (F(2, 3, 4), {"axis": (1, 2)})], "rsqrt": [(P(3, 4), "smooth")],
    "logsumexp": [(X, "smooth"), (X, {"axis": 1, "keepdims": True}, "smooth"), (F(2, 3, 4), {"axis": (0, 2)})],
    "conv": [
        (IMAGES, F(3, 2, 3, 4), "smooth"), (IMAGES, F(3, 3, 3, 4), 2, "same"), (IMAGES, F(2, 2, 3, 4), {"dilation_rate": 2}, "smooth"),
        (LINES, F(3, 3, 2), {"padding": "same"}), (CUBES, F(2, 2, 2, 2, 3), {"strides": 2}), (F(2, 6, 5, 4), F(3, 3, 2, 4)),
    ],
    "depthwise_conv": [
        (IMAGES, F(3, 3, 3, 2), "smooth"), (IMAGES, F(2, 2, 3, 1), {"padding": "same"}), (LINES, F(3, 3, 2), {"strides": 2}),
    ],
    "separable_conv": [(IMAGES, F(3, 3, 3, 2), F(1, 1, 6, 4), "smooth"), (LINES, F(3, 3, 1), F(1, 3, 2), {"padding": "same"})],
    "conv_transpose": [
        (IMAGES, F(3, 3, 2, 3), 2, "same", "smooth"), (IMAGES, F(3, 3, 2, 3), 2), (LINES, F(3, 2, 3), {"strides": 2, "padding": "valid"}),
        (IMAGES, F(3, 3, 2, 3), 2, "same", {"output_padding": 0}),
    ],
    "max_pool": [(IMAGES, 2, "smooth"), (IMAGES, 3, 2, "same"), (LINES, 2), (CUBES, 2)],
    "average_pool": [(IMAGES, 2, "smooth"), (IMAGES, 3, 2, "same"), (LINES, 3, 1, "same")],
    "adaptive_average_pool": [(IMAGES, 2, "smooth"), (IMAGES, (3, 5)), (LINES, 3)], "adaptive_max_pool": [(IMAGES, 2), (LINES, 3)],
    "batch_normalization": [
        (IMAGES, F(3), P(3), -1, "smooth"), (X, F(3), P(3), 0, {"offset": F(3), "scale": P(3), "epsilon": 0.1}, "smooth"),
        (IMAGES, F(3), P(3), 3, F(3), P(3)),
    ],
    "layer_normalization": [
        (X, "smooth"), (X, P(4), F(4), "smooth"), (F(2, 3, 4), {"axis": (1, 2)}), (X, {"axis": 0, "epsilon": 0.1}),
    ],
    "rms_normalization": [(X, "smooth"), (X, {"scale": P(4)}, "smooth"), (X, {"axis": 0, "epsilon": 0.1})],
    "normalize": [(X, "smooth"), (X, {"order": 1}), (X, {"axis": 0, "order": 3})],
    "moments": [(X, 0, "smooth"), (IMAGES, [0, 1, 2], {"keepdims": True})],
    "psnr": [(X, X + F(3, 4) * 0.1, 1.0), (IMAGES, IMAGES * 0.9, 255)],
    "binary_crossentropy": [(BITS, SHARES, "smooth"), (BITS, LOGITS, {"from_logits": True}, "smooth")],
    "categorical_crossentropy": [(HOT, SHARES, "smooth"), (HOT, LOGITS, {"from_logits": True}), (HOT, SHARES, {"axis": 0})],
    "sparse_categorical_crossentropy": [
        (LABELS, SHARES, "smooth"), (LABELS, LOGITS, {"from_logits": True}, "smooth"), (LABELS[:, None], SHARES),
    ],
    "ctc_loss": [
        (np.array([[1, 2, 1], [3, 3, 0]], np.int32), F(2, 7, 5), np.array([3, 2], np.int32), np.array([7, 6], np.int32), "smooth"),
        (np.array([[1, 2], [0, 3]], np.int32), F(2, 6, 5), np.array([2, 2], np.int32), np.array([6, 5], np.int32), {"mask_index": 4}),
    ],
    "ctc_decode": [
        (F(2, 8, 5) * 3, np.array([8, 6], np.int32)),
        (F(2, 8, 5) * 3, np.array([8, 6], np.int32), {"merge_repeated": False, "mask_index": 4}),
        (F(2, 8, 5) * 3, np.array([8, 6], np.int32), {"strategy": "beam_search", "top_paths": 3, "mask_index": 0}),
    ],
    "one_hot": [
        (LABELS, 5), (N(2, 3), 4, {"axis": 1}), (np.array([-1, 1, 7]), 3, {"dtype": "bool"}), (LABELS, 5, {"dtype": "int32"}),
    ],
    "multi_hot": [(N(3, 2), 5), (LABELS, 5), (N(3, 2), 5, {"dtype": "bool"})],
    "dot_product_attention": [
        (Q, K, V, "smooth"), (Q, K, V, {"mask": B(2, 2, 3, 5) | (np.arange(5) == 1)}), (Q, Q, P(2, 3, 2, 4), {"is_causal": True}),
        (Q, K, V, {"bias": F(2, 2, 3, 5), "scale": 0.3}), (F(2, 3, 4, 2), F(2, 5, 2, 2), F(2, 5, 2, 2)),
    ],
    "depth_to_space": [(F(2, 2, 3, 8), 2, "smooth"), (F(2, 8, 2, 3), 2, "channels_first")],
    "space_to_depth": [(F(2, 4, 6, 3), 2, "smooth"), (F(2, 3, 4, 6), 2, "channels_first")],
    "unfold": [(F(2, 3, 5, 6), 2, "smooth"), (F(2, 3, 5, 6), (3, 2), {"dilation": (1, 2), "padding": 1, "stride": 2})],
    "fold": [(F(2, 12, 20), (5, 6), 2, "smooth"), (F(2, 18, 12), (5, 6), (3, 2), {"padding": 1, "stride": 2})], "polar": [(P(3, 4), X)],
    "segment_sum": [
        (F(6, 2), np.array([0, 1, 1, 2, 0, 2], np.int32), "smooth"), (F(6), np.array([0, 3, 1, 3, 0, 1], np.int32), {"num_segments": 5}),
    ],
    "segment_max": [
        (F(6, 2), np.array([0, 1, 1, 2, 0, 2], np.int32), "smooth"), (I(6), np.array([0, 3, 1, 3, 0, 1], np.int32), {"num_segments": 4}),
    ],
    "segment_min": [
        (F(6, 2), np.array([0, 1, 1, 2, 0, 2], np.int32)), (F(6), np.array([0, 2, 1, 2, 0, 1], np.int32), {"num_segments": 3}),
    ],
    "segment_prod": [
        (F(6, 2), np.array([0, 1, 1, 2, 0, 2], np.int32)), (F(6), np.array([0, 3, 1, 3, 0, 1], np.int32), {"num_segments": 4}),
    ],
    "top_k": [(X, 2), (I(3, 7), 3)], "in_top_k": [(LABELS, LOGITS, 2), (LABELS, LOGITS, {"k": 4})],
    "cdist": [(X, F(2, 4), "smooth"), (F(2, 3, 4), F(2, 5, 4))], "extract_sequences": [(WAVE, 5, 3), (F(9), 4, 2)],
    "view_as_complex": [(F(3, 2),)], "view_as_real": [(np.asarray(F(3) + 1j * F(3), np.complex64),)],
    "fft": [((F(2, 5), F(2, 5)),), ((WAVE, WAVE),)], "fft2": [((F(2, 4, 3), F(2, 4, 3)),)], "ifft2": [((F(2, 4, 3), F(2, 4, 3)),)],
    "rfft": [(WAVE, "smooth"), (WAVE, {"fft_length": 16}), (F(2, 5), 8)],
    "irfft": [((F(2, 5), F(2, 5)),), ((F(2, 5), F(2, 5)), {"fft_length": 8})],
    "stft": [
        (WAVE, 8, 4, 8, "smooth"), (WAVE, 6, 3, 8, {"window": "hamming", "center": False}), (WAVE, 8, 4, 16, {"window": None}),
        (WAVE, 8, 4, 8, {"window": P(8)}),
    ],
    "istft": [
        ((F(2, 7, 5), F(2, 7, 5)), 8, 4, 8), ((F(2, 7, 5), F(2, 7, 5)), 6, 3, 8, {"window": "hamming", "length": 20}),
        ((F(2, 4, 5), F(2, 4, 5)), 8, 4, 8, {"window": None, "center": False}),
    ],
    "slogdet": [(SPD,), (MATRIX,)], "logdet": [(SPD, "smooth")], "det": [(MATRIX, "smooth"), (F(2, 3, 3),)],
    "inv": [(MATRIX, "smooth"), (SPD,)], "cholesky": [(SPD,), (SPD, {"upper": True})],
    "cholesky_inverse": [(TRIANGLE,), (TRIANGLE.T.copy(), {"upper": True})],
    "solve": [(MATRIX, F(3, 2), "smooth"), (SPD, F(2, 3, 1)), (MATRIX, F(3))],
    "solve_triangular": [(TRIANGLE, F(3, 2), {"lower": True}, "smooth"), (TRIANGLE.T.copy(), F(3, 2))],
    "lstsq": [(F(5, 3), F(5)), (F(5, 3), F(5, 2))], "pinv": [(F(4, 3),), (F(3, 4), {"rcond": 0.1})],
    "matrix_rank": [(F(4, 3),), (np.ones((3, 3), np.float32),)],
    "norm": [
        (X, "smooth"), (X, {"axis": 1}), (X, {"axis": 0, "ord": 1, "keepdims": True}), (X, {"ord": "fro", "axis": (0, 1)}),
        (X, {"ord": "nuc", "axis": (0, 1)}), (X, {"ord": 2, "axis": (0, 1)}), (X, {"ord": np.inf, "axis": 1}),
        (F(2, 3, 4), {"ord": 1, "axis": (1, 2)}), (X, {"ord": 3, "axis": 1}),
    ],
    "rearrange": [
        (F(2, 3, 4), "b h w -> b (h w)"), (F(2, 6, 3), "b (h w) c -> b c h w", {"h": 2}, ), (X, "a b -> b a", "smooth"),
    ],
    "diag": [(X,)],
    "image.resize": [
        (PICTURES, (8, 3), "smooth"), (PICTURES, (4, 9), "nearest"), (PICTURES, (9, 4), "bicubic", "smooth"),
        (PICTURES, (3, 3), "bilinear", True), (PICTURES, (3, 2), "area"), (PICTURES, (4, 4), "lanczos3"),
        (PICTURES[0], (5, 9), "lanczos5"), (PICTURES, (4, 3), {"crop_to_aspect_ratio": True}),
        (PICTURES, (8, 4), {"pad_to_aspect_ratio": True, "fill_value": 0.5}), (F(2, 3, 6, 5), (4, 4), {"data_format": "channels_first"}),
    ],
    "image.pad_images": [(PICTURES, 1, 2, {"target_height": 9, "target_width": 10}), (PICTURES, 1, 2, 3, 0, "smooth")],
    "image.crop_images": [
        (PICTURES, 1, 2, 2, 1, "smooth"), (PICTURES, {"top_cropping": 1, "left_cropping": 1, "target_height": 3, "target_width": 2}),
    ],
    "image.rgb_to_grayscale": [(PICTURES, "smooth"), ((PICTURES * 255).astype(np.uint8),)],
    "image.rgb_to_hsv": [(PICTURES,), (PICTURES[0],)], "image.hsv_to_rgb": [(PICTURES,)],
    "image.extract_patches": [
        (PICTURES, 2, "smooth"), (PICTURES, (3, 2), {"strides": (2, 1), "padding": "same"}),
        (PICTURES, 2, {"strides": 1, "dilation_rate": 2}),
    ],
    "image.gaussian_blur": [(PICTURES, "smooth"), (PICTURES, (5, 5), (1.5, 0.7)), (PICTURES[0], (3, 3), (0.5, 2.0))],
    "image.map_coordinates": [
        (F(5, 6), F(2, 7) * 2 + 2, 1), (F(5, 6), F(2, 3, 4) * 2 + 2, 0),
        *[(F(5, 6), F(2, 9) * 2 + 2, 1, mode) for mode in ("nearest", "wrap", "mirror")], (F(5, 6), P(2, 9) * 3, 1, "reflect"),
    ],
    "image.affine_transform": [
        (PICTURES, TURNED, "bilinear", "constant", 0.3), (PICTURES, TURNED, "nearest"),
        (PICTURES, np.stack([TURNED, TURNED * 0.9]), {"fill_mode": "nearest"}), (PICTURES[0], TURNED, {"fill_mode": "reflect"}),
    ],
    "image.perspective_transform": [
        (PICTURES, CORNERS, CORNERS + F(4, 2) * 0.4), (PICTURES[0], CORNERS, CORNERS + F(4, 2) * 0.3, "nearest"),
    ],
    "image.scale_and_translate": [
        (PICTURES, (2, 8, 7, 3), np.array([1.4, 1.2], np.float32), np.array([0.3, -0.4], np.float32), (1, 2), "linear"),
    ],
}  # fmt: skip
MORE.pop("diag")
"""By name: tuples of arguments, a dict at the end for options, "smooth" behind it where gradients are compared."""
