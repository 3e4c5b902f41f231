"""tf.initializers of TensorFlow 1."""

from gradwerk.tf.graph.initializers import (
    constant_initializer,
    glorot_normal_initializer,
    glorot_uniform_initializer,
    he_normal,
    he_uniform,
    identity_initializer,
    lecun_normal,
    lecun_uniform,
    ones_initializer,
    orthogonal_initializer,
    random_normal_initializer,
    random_uniform_initializer,
    truncated_normal_initializer,
    uniform_unit_scaling_initializer,
    variance_scaling_initializer,
    zeros_initializer,
)
from gradwerk.tf.graph.variables import GraphKeys as GraphKeys

constant, zeros, ones, identity = constant_initializer, zeros_initializer, ones_initializer, identity_initializer
glorot_normal, glorot_uniform, orthogonal = glorot_normal_initializer, glorot_uniform_initializer, orthogonal_initializer
random_normal, random_uniform = random_normal_initializer, random_uniform_initializer
truncated_normal, variance_scaling = truncated_normal_initializer, variance_scaling_initializer
uniform_unit_scaling = uniform_unit_scaling_initializer

__all__ = [
    "constant", "glorot_normal", "glorot_uniform", "he_normal", "he_uniform", "identity", "lecun_normal", "lecun_uniform", "ones",
    "orthogonal", "random_normal", "random_uniform", "truncated_normal", "uniform_unit_scaling", "variance_scaling", "zeros",
]  # fmt: skip
