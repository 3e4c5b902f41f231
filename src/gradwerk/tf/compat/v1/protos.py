"""A graph as data: what `graph.as_graph_def()` gives is printed and counted; there is no import of one."""

from __future__ import annotations

from typing import Any, NoReturn

from gradwerk.base.errors import ArgumentError
from gradwerk.tf.graph.symbols import NodeDef

__all__ = ["GraphDef", "import_graph_def"]


class GraphDef:
    """The nodes of a graph, as they are printed: `node` is a list of name, op and input."""

    def __init__(self, nodes: list[NodeDef] | None = None) -> None:
        self.node = nodes or []

    def __str__(self) -> str:
        return "".join(f"node {{\n{''.join(f'  {line}' for line in str(each).splitlines(keepends=True))}}}\n" for each in self.node)

    def ByteSize(self) -> int:  # noqa: N802  TensorFlow's name
        """How many bytes the text has."""
        return len(str(self).encode())

    def ParseFromString(self, serialized: Any) -> NoReturn:  # noqa: N802, ANN401  TensorFlow's name
        """Raises: ArgumentError: graphs of files are not read."""
        raise ArgumentError("a GraphDef of a file is not read: a graph is the program that builds it", likely="load its weights by name")


def import_graph_def(graph_def: Any, input_map: Any = None, return_elements: Any = None, name: Any = None, **options: Any) -> NoReturn:  # noqa: ANN401
    """Raises: ArgumentError: a graph is the program that builds it."""
    likely = "run that program, and restore the weights"
    raise ArgumentError("import_graph_def is not here: a graph is the program that builds it", likely=likely)
