"""A case for each layer of normalisation, regularisation and attention, as in cases.py; tests/peers/further_cases.py has their numbers."""

from __future__ import annotations

from gradwerk.keras import layers
from tests.keras_api.cases import FIRST, Case

FURTHER = [
    Case("LayerNormalization", lambda: layers.LayerNormalization(), (3, 5), (3, 5), ((5,), (5,))),
    Case("LayerNormalization over two axes", lambda: layers.LayerNormalization([1, 3], 1e-2, center=False), (3, 2, 4), (3, 2, 4),
         ((3, 4),)),
    Case("GroupNormalization", lambda: layers.GroupNormalization(3), (4, 6), (4, 6), ((6,), (6,))),
    Case("GroupNormalization of images", lambda: layers.GroupNormalization(-1, axis=1, scale=False), (3, 4, 2), (3, 4, 2), ((3,),)),
    Case("RMSNormalization", lambda: layers.RMSNormalization(), (3, 5), (3, 5), ((5,),)),
    Case("UnitNormalization", lambda: layers.UnitNormalization([1, 2]), (3, 5), (3, 5)),
    Case("SpectralNormalization", lambda: layers.SpectralNormalization(layers.Conv1D(4, 2), power_iterations=2), (5, 3), (4, 4),
         ((2, 3, 4), (1, 4), (4,))),
    Case("ActivityRegularization", lambda: layers.ActivityRegularization(0.1, 0.2), (3, 5), (3, 5)),
    Case("Dropout of steps", lambda: layers.Dropout(0.4, (None, 5, 1), seed=3), (5, 4), (5, 4), draws=True),
    Case("SpatialDropout1D", lambda: layers.SpatialDropout1D(0.4), (5, 4), (5, 4), draws=True),
    Case("SpatialDropout2D channels first", lambda: layers.SpatialDropout2D(0.4, FIRST), (2, 5, 4), (2, 5, 4), draws=True),
    Case("SpatialDropout3D", lambda: layers.SpatialDropout3D(0.4, seed=1), (2, 3, 2, 4), (2, 3, 2, 4), draws=True),
    Case("AlphaDropout", lambda: layers.AlphaDropout(0.4, (None, 1), seed=2), (5,), (5,), draws=True),
    Case("GaussianNoise", lambda: layers.GaussianNoise(0.4), (5,), (5,), draws=True),
    Case("GaussianDropout", lambda: layers.GaussianDropout(0.4), (5,), (5,), draws=True),
    Case("EinsumDense", lambda: layers.EinsumDense("abc,cde->abde", (3, 4, 2), bias_axes="de", activation="tanh"), (3, 5), (3, 4, 2),
         ((5, 4, 2), (4, 2))),
    Case("EinsumDense of the last axis", lambda: layers.EinsumDense("...x,xy->...y", 4, bias_axes="y"), (3, 2, 5), (3, 2, 4),
         ((5, 4), (4,))),
    Case("EinsumDense of the first axis", lambda: layers.EinsumDense("ax...,xy->ay...", 4, bias_axes="y"), (5, 3), (4, 3),
         ((5, 4), (4, 1))),
    Case("Attention", lambda: layers.Attention(use_scale=True), [(3, 5), (4, 5)], (3, 5), ((),)),
    Case("Attention, concatenated", lambda: layers.Attention(score_mode="concat", use_scale=True), [(3, 5), (4, 2), (4, 5)], (3, 2),
         ((), ())),
    Case("AdditiveAttention", lambda: layers.AdditiveAttention(), [(3, 5), (4, 5)], (3, 5), ((5,),)),
    Case("ConvLSTM1D", lambda: layers.ConvLSTM1D(3, 2, return_sequences=True, unit_forget_bias=False), (3, 5, 2), (3, 4, 3),
         ((2, 2, 12), (2, 3, 12), (12,))),
    Case("ConvLSTM2D", lambda: layers.ConvLSTM2D(2, (2, 3), padding="same", strides=2, activation="relu"), (3, 5, 4, 2), (3, 2, 2),
         ((2, 3, 2, 8), (2, 3, 2, 8), (8,))),
    Case("ConvLSTM2D dilated, backwards", lambda: layers.ConvLSTM2D(2, 2, dilation_rate=2, use_bias=False, go_backwards=True), (3, 5, 4, 1),
         (3, 2, 2), ((2, 2, 1, 8), (2, 2, 2, 8))),
    Case("ConvLSTM3D channels first", lambda: layers.ConvLSTM3D(2, 2, data_format=FIRST, dropout=0.5, recurrent_dropout=0.2),
         (3, 2, 3, 2, 3), (2, 2, 1, 2), ((2, 2, 2, 2, 8), (2, 2, 2, 2, 8), (8,)), draws=True),
]  # fmt: skip
