"""Which TensorFlow a script is written for: names that TensorFlow 1 alone has say it, before the script runs."""

from __future__ import annotations

import ast
from pathlib import Path

from gradwerk.aliases.used import imports_of, names_of

_ALONE = """
ConfigProto ConditionalAccumulator FixedLenFeature GraphDef GraphKeys InteractiveSession Print Session add_to_collection app
arg_max arg_min assign assign_add assign_sub ceil cholesky constant_initializer contrib decode_csv decode_raw diag digamma
disable_eager_execution disable_v2_behavior div enable_eager_execution erf examples fft flags get_collection get_collection_ref
get_default_graph get_default_session get_local_variable get_seed get_variable get_variable_scope gfile global_variables
global_variables_initializer initialize_all_variables initialize_variables is_nan layers lgamma local_variables
local_variables_initializer log log1p log_sigmoid logging make_template matrix_determinant matrix_inverse matrix_solve multinomial
parse_example parse_single_example placeholder placeholder_with_default py_func python_io random_crop random_normal random_shuffle
random_uniform read_file reset_default_graph rint rsqrt scatter_add scatter_sub scatter_update set_random_seed sparse_placeholder
sparse_to_dense squared_difference string_to_number svd tables_initializer to_double to_float to_int32 to_int64
train.AdadeltaOptimizer train.AdagradOptimizer train.AdamOptimizer train.FtrlOptimizer train.GradientDescentOptimizer
train.MomentumOptimizer train.MonitoredTrainingSession train.RMSPropOptimizer train.Saver train.get_global_step
trainable_variables truncated_normal unsorted_segment_sum variable_scope variables_initializer
"""
ALONE = frozenset(_ALONE.split())
"""Names below `tensorflow` that TensorFlow 2 has not."""


def written_for_1(path: Path, text: bytes) -> str:
    """The first name of a script that TensorFlow 1 alone has, `tf.placeholder`; "" where there is none, or it says compat.v1 itself."""
    try:
        tree = ast.parse(text, str(path))
    except (SyntaxError, ValueError):
        return ""
    table = imports_of(tree)
    if any(name.startswith("tensorflow.compat") for name in table.values()) or any(_says_v1(node) for node in ast.walk(tree)):
        return ""
    for _, name in names_of(tree, table):
        root, _, rest = name.partition(".")
        parts = rest.split(".")
        if root == "tensorflow" and (parts[0] in ALONE or ".".join(parts[:2]) in ALONE):
            return f"tf.{'.'.join(parts[:2]) if parts[0] == 'train' else parts[0]}"
    return ""


def _says_v1(node: ast.AST) -> bool:
    """Whether it is `import tensorflow.compat.v1 as tf` or its kin."""
    if isinstance(node, ast.Import):
        return any(alias.name.startswith("tensorflow.compat") for alias in node.names)
    return isinstance(node, ast.ImportFrom) and bool(node.module) and str(node.module).startswith("tensorflow.compat")

