"""tf.layers: layers as functions and as classes, whose variables stand in the graph's variable scopes.

Source: https://www.tensorflow.org/versions/r1.15/api_docs/python/tf/layers
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, ClassVar

from gradwerk import tf
from gradwerk.base.errors import ArgumentError
from gradwerk.tf.absent import ORIGINAL
from gradwerk.tf.compat.v1.normalization import BatchNormalization, batch_normalization
from gradwerk.tf.compat.v1.weighted import Layer, called, pair
from gradwerk.tf.graph.initializers import zeros_initializer
from gradwerk.tf.graph.nodes import as_tensor

# ruff: noqa: ANN401, FBT001, FBT002  TensorFlow's signatures


class Dense(Layer):
    """activation(x @ kernel + bias), along the last axis.

    Args:
        units: the width of the output.
        activation: a function, None for none.
        use_bias: whether there is a bias.
        kernel_initializer, bias_initializer: what fills them; glorot_uniform and zeros.
        kernel_regularizer, bias_regularizer, activity_regularizer: functions whose results go to REGULARIZATION_LOSSES.
        kernel_constraint, bias_constraint: functions that optimizers apply after a step.
        trainable, name, reuse: of the variables and their scope (`dense`).
    """

    label = "dense"

    def __init__(
        self, units: int, activation: Callable[..., Any] | None = None, use_bias: bool = True, kernel_initializer: Any = None,
        bias_initializer: Any = zeros_initializer(), kernel_regularizer: Any = None, bias_regularizer: Any = None,  # noqa: B008  it is never changed
        activity_regularizer: Any = None, kernel_constraint: Any = None, bias_constraint: Any = None, trainable: bool = True,
        name: str | None = None, **options: Any,
    ) -> None:  # fmt: skip
        super().__init__(trainable, name, **options)
        self.units, self.activation, self.use_bias = int(units), activation, use_bias
        self.kernel_initializer, self.bias_initializer = kernel_initializer, bias_initializer
        self.kernel_regularizer, self.bias_regularizer = kernel_regularizer, bias_regularizer
        self.activity_regularizer = activity_regularizer
        self.kernel_constraint, self.bias_constraint = kernel_constraint, bias_constraint

    def make(self, shape: Any) -> None:
        """Kernel (inputs, units) and bias (units).  Raises: ArgumentError where the last extent is not known."""
        if shape[-1] is None:
            raise ArgumentError("The last dimension of the inputs to `Dense` should be defined. Found `None`.")
        self.add("kernel", [int(shape[-1]), self.units], self.kernel_initializer, self.kernel_regularizer, self.kernel_constraint)
        if self.use_bias:
            self.add("bias", [self.units], self.bias_initializer, self.bias_regularizer, self.bias_constraint)

    def run(self, inputs: Any) -> Any:
        """See the class."""
        rank = len(inputs.shape)
        made = tf.matmul(inputs, self.kernel) if rank == 2 else tf.tensordot(inputs, self.kernel, [[rank - 1], [0]])
        if self.use_bias:
            made = tf.nn.bias_add(made, self.bias)
        return self.activation(made) if self.activation is not None else made


def dense(
    inputs: Any, units: int, activation: Any = None, use_bias: bool = True, kernel_initializer: Any = None,
    bias_initializer: Any = zeros_initializer(), kernel_regularizer: Any = None, bias_regularizer: Any = None,  # noqa: B008
    activity_regularizer: Any = None, kernel_constraint: Any = None, bias_constraint: Any = None, trainable: bool = True,
    name: str | None = None, reuse: Any = None,
) -> Any:  # fmt: skip
    """`Dense(...)(inputs)`."""
    return called(Dense, inputs, locals())


class _Conv(Layer):
    """A convolution of any number of axes."""

    axes: ClassVar[int] = 2

    def __init__(
        self, filters: int, kernel_size: Any, strides: Any = 1, padding: str = "valid", data_format: str = "channels_last",
        dilation_rate: Any = 1, activation: Any = None, use_bias: bool = True, kernel_initializer: Any = None,
        bias_initializer: Any = zeros_initializer(), kernel_regularizer: Any = None, bias_regularizer: Any = None,  # noqa: B008
        activity_regularizer: Any = None, kernel_constraint: Any = None, bias_constraint: Any = None, trainable: bool = True,
        name: str | None = None, **options: Any,
    ) -> None:  # fmt: skip
        super().__init__(trainable, name, **options)
        if data_format != "channels_last":
            raise ArgumentError(f"{type(self).__name__} takes channels_last, not {data_format}")
        self.filters, self.kernel_size, self.strides = filters, pair(kernel_size, self.axes), pair(strides, self.axes)
        self.dilation_rate, self.padding = pair(dilation_rate, self.axes), padding.upper()
        self.activation, self.use_bias = activation, use_bias
        self.kernel_initializer, self.bias_initializer = kernel_initializer, bias_initializer
        self.kernel_regularizer, self.bias_regularizer = kernel_regularizer, bias_regularizer
        self.activity_regularizer = activity_regularizer
        self.kernel_constraint, self.bias_constraint = kernel_constraint, bias_constraint

    def make(self, shape: Any) -> None:
        """Kernel (*window, channels, filters) and bias (filters)."""
        if shape[-1] is None:
            raise ArgumentError("The channel dimension of the inputs should be defined. Found `None`.")
        kernel = [*self.kernel_size, int(shape[-1]), self.filters]
        self.add("kernel", kernel, self.kernel_initializer, self.kernel_regularizer, self.kernel_constraint)
        if self.use_bias:
            self.add("bias", [self.filters], self.bias_initializer, self.bias_regularizer, self.bias_constraint)

    def run(self, inputs: Any) -> Any:
        """The convolution, the bias and the activation."""
        made = tf.nn.convolution(inputs, self.kernel, self.strides, self.padding, dilations=self.dilation_rate)
        if self.use_bias:
            made = tf.nn.bias_add(made, self.bias)
        return self.activation(made) if self.activation is not None else made


class Conv1D(_Conv):
    """A convolution over (batch, steps, channels).  Args: filters, kernel_size, strides, padding ... as of Conv2D."""

    label, axes = "conv1d", 1


class Conv2D(_Conv):
    """A convolution over (batch, rows, columns, channels).

    Args: filters, kernel_size, strides, padding ("valid", "same"), data_format ("channels_last"), dilation_rate, activation, use_bias, and
    those of Dense.  Raises: ArgumentError for another data_format.
    """

    label, axes = "conv2d", 2


class Conv3D(_Conv):
    """A convolution over (batch, depth, rows, columns, channels).  Args: as of Conv2D."""

    label, axes = "conv3d", 3


class Conv2DTranspose(_Conv):
    """The transpose of a convolution: each input spreads over a window.  Args: as of Conv2D."""

    label, axes = "conv2d_transpose", 2

    def make(self, shape: Any) -> None:
        """Kernel (*window, filters, channels) and bias (filters)."""
        kernel = [*self.kernel_size, self.filters, int(shape[-1])]
        self.add("kernel", kernel, self.kernel_initializer, self.kernel_regularizer, self.kernel_constraint)
        if self.use_bias:
            self.add("bias", [self.filters], self.bias_initializer, self.bias_regularizer, self.bias_constraint)

    def run(self, inputs: Any) -> Any:
        """See the class."""
        spread = [0 if self.padding == "SAME" else max(k - s, 0) for k, s in zip(self.kernel_size, self.strides, strict=True)]
        extents = [inputs.shape[1 + axis] for axis in range(2)]
        if None in extents:
            raise ArgumentError("Conv2DTranspose: rows and columns of the input are not known")
        space = [int(n) * s + more for n, s, more in zip(extents, self.strides, spread, strict=True)]
        batch = inputs.shape[0] if inputs.shape[0] is not None else tf.shape(inputs)[0]
        shape = [batch, *space, self.filters] if inputs.shape[0] is not None else tf.stack([batch, *space, self.filters])
        made = tf.nn.conv2d_transpose(inputs, self.kernel, shape, self.strides, self.padding)
        if self.use_bias:
            made = tf.nn.bias_add(made, self.bias)
        return self.activation(made) if self.activation is not None else made


def conv1d(
    inputs: Any, filters: int, kernel_size: Any, strides: Any = 1, padding: str = "valid", data_format: str = "channels_last",
    dilation_rate: Any = 1, activation: Any = None, use_bias: bool = True, kernel_initializer: Any = None,
    bias_initializer: Any = zeros_initializer(), kernel_regularizer: Any = None, bias_regularizer: Any = None,  # noqa: B008
    activity_regularizer: Any = None, kernel_constraint: Any = None, bias_constraint: Any = None, trainable: bool = True,
    name: str | None = None, reuse: Any = None,
) -> Any:  # fmt: skip
    """`Conv1D(...)(inputs)`."""
    return called(Conv1D, inputs, locals())


def conv2d(
    inputs: Any, filters: int, kernel_size: Any, strides: Any = (1, 1), padding: str = "valid", data_format: str = "channels_last",
    dilation_rate: Any = (1, 1), activation: Any = None, use_bias: bool = True, kernel_initializer: Any = None,
    bias_initializer: Any = zeros_initializer(), kernel_regularizer: Any = None, bias_regularizer: Any = None,  # noqa: B008
    activity_regularizer: Any = None, kernel_constraint: Any = None, bias_constraint: Any = None, trainable: bool = True,
    name: str | None = None, reuse: Any = None,
) -> Any:  # fmt: skip
    """`Conv2D(...)(inputs)`."""
    return called(Conv2D, inputs, locals())


def conv3d(
    inputs: Any, filters: int, kernel_size: Any, strides: Any = (1, 1, 1), padding: str = "valid", data_format: str = "channels_last",
    dilation_rate: Any = (1, 1, 1), activation: Any = None, use_bias: bool = True, kernel_initializer: Any = None,
    bias_initializer: Any = zeros_initializer(), kernel_regularizer: Any = None, bias_regularizer: Any = None,  # noqa: B008
    activity_regularizer: Any = None, kernel_constraint: Any = None, bias_constraint: Any = None, trainable: bool = True,
    name: str | None = None, reuse: Any = None,
) -> Any:  # fmt: skip
    """`Conv3D(...)(inputs)`."""
    return called(Conv3D, inputs, locals())


def conv2d_transpose(
    inputs: Any, filters: int, kernel_size: Any, strides: Any = (1, 1), padding: str = "valid", data_format: str = "channels_last",
    activation: Any = None, use_bias: bool = True, kernel_initializer: Any = None, bias_initializer: Any = zeros_initializer(),  # noqa: B008
    kernel_regularizer: Any = None, bias_regularizer: Any = None, activity_regularizer: Any = None, kernel_constraint: Any = None,
    bias_constraint: Any = None, trainable: bool = True, name: str | None = None, reuse: Any = None,
) -> Any:  # fmt: skip
    """`Conv2DTranspose(...)(inputs)`."""
    return called(Conv2DTranspose, inputs, locals())


class Flatten(Layer):
    """All axes but the first as one.  Args: data_format ("channels_last"), name."""

    label = "flatten"

    def __init__(self, data_format: str = "channels_last", name: str | None = None, **options: Any) -> None:
        super().__init__(True, name, **options)  # noqa: FBT003  trainable, of no variables

    def run(self, inputs: Any) -> Any:
        """See the class."""
        dims = list(inputs.shape)[1:]
        if None in dims:
            return tf.reshape(inputs, tf.stack([tf.shape(inputs)[0], -1]))
        return tf.reshape(inputs, [-1, math.prod(int(n) for n in dims)])


def flatten(inputs: Any, name: str | None = None, data_format: str = "channels_last") -> Any:
    """`Flatten()(inputs)`."""
    return called(Flatten, inputs, {"inputs": inputs, "name": name, "data_format": data_format})


class Dropout(Layer):
    """In training zeros in random places, the others scaled.  Args: rate (of zeros), noise_shape, seed, name."""

    label = "dropout"

    def __init__(self, rate: Any = 0.5, noise_shape: Any = None, seed: Any = None, name: str | None = None, **options: Any) -> None:
        super().__init__(True, name, **options)  # noqa: FBT003  trainable, of no variables
        self.rate, self.noise_shape, self.seed = rate, noise_shape, seed

    def __call__(self, inputs: Any, training: Any = False, **options: Any) -> Any:
        """The input, with zeros where training: a truth, or a Tensor of one."""
        given = as_tensor(inputs)

        def dropped() -> Any:
            return tf.nn.dropout(given, self.rate, self.noise_shape, self.seed, name=self._name)

        if isinstance(training, bool | int):
            return dropped() if training else tf.identity(given)
        return tf.cond(training, dropped, lambda: tf.identity(given))


def dropout(inputs: Any, rate: Any = 0.5, noise_shape: Any = None, seed: Any = None, training: Any = False, name: str | None = None) -> Any:
    """`Dropout(rate, noise_shape, seed)(inputs, training)`."""
    return Dropout(rate, noise_shape, seed, name)(inputs, training)


def _pooling(kind: str, axes: int) -> Callable[..., Any]:
    def pool(
        inputs: Any, pool_size: Any, strides: Any, padding: str = "valid", data_format: str = "channels_last", name: str | None = None
    ) -> Any:  # fmt: skip
        if data_format != "channels_last":
            raise ArgumentError(f"{function} takes channels_last, not {data_format}")
        pooled = tf.nn.max_pool if kind == "max" else tf.nn.avg_pool
        return pooled(inputs, pair(pool_size, axes), pair(strides, axes), padding.upper(), name=name)

    function = f"{kind if kind == 'max' else 'average'}_pooling{axes}d"
    pool.__name__ = pool.__qualname__ = function
    pool.__doc__ = f"""The {'largest' if kind == 'max' else 'mean'} of each window of {axes} {'axis' if axes == 1 else 'axes'}.

    Args: inputs, pool_size, strides, padding ("valid", "same"), data_format ("channels_last"), name.
    Raises: ArgumentError for another data_format.
    """
    return pool


max_pooling1d, max_pooling2d, max_pooling3d = (_pooling("max", axes) for axes in (1, 2, 3))
average_pooling1d, average_pooling2d, average_pooling3d = (_pooling("average", axes) for axes in (1, 2, 3))

__all__ = [
    "BatchNormalization", "Conv1D", "Conv2D", "Conv2DTranspose", "Conv3D", "Dense", "Dropout", "Flatten", "Layer", "average_pooling1d",
    "average_pooling2d", "average_pooling3d", "batch_normalization", "conv1d", "conv2d", "conv2d_transpose", "conv3d", "dense", "dropout",
    "flatten", "max_pooling1d", "max_pooling2d", "max_pooling3d",
]  # fmt: skip

__getattr__ = ORIGINAL.module("tf.compat.v1.layers", __name__)
