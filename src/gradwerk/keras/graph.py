"""The graph of calls between symbolic inputs and outputs, and how it is run on data.

Values are numbered: an input or a result of a step has a place in a list, and a step says which places it reads.  So a graph holds layers
and operations, and nothing of the symbolic values it was drawn with: copies and pickles of a model are flat.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, ShapeError
from gradwerk.base.trees import flatten, map_tree, unflatten
from gradwerk.data.words import as_texts
from gradwerk.keras.fitting import fitted
from gradwerk.keras.layers.calls import calls
from gradwerk.keras.layers.layer import Layer, Shape
from gradwerk.keras.layers.shapes import map_shapes
from gradwerk.keras.layers.symbolic import TEXT, KerasTensor, Node, is_symbol, map_results, noted, shapes_in, symbols_in
from gradwerk.ops.elementwise import cast
from gradwerk.ops.movement import reshape
from gradwerk.tensor.tensor import Tensor


@dataclass(frozen=True)
class Place:
    """Where a value stands in the list of a run."""

    number: int


@dataclass(frozen=True)
class Step:
    """One call: what is called, its arguments with places for values, and where its results go; `ended` are values nobody reads later.

    `number` says which of the caller's calls it is, in this model or another.
    """

    caller: Any
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    results: tuple[int, ...]
    number: int = 0
    said: tuple[tuple[Shape, str], ...] = ()
    """Shape and dtype of each result."""
    ended: tuple[int, ...] = ()

    @property
    def read(self) -> list[int]:
        """The values that it reads."""
        return [leaf.number for leaf in flatten((self.args, self.kwargs)) if isinstance(leaf, Place)]


@dataclass(frozen=True)
class Expected:
    """What an input of the graph is to be."""

    name: str
    shape: tuple[int | None, ...]
    dtype: str


class CallGraph:
    """The calls that lead from `inputs` to `outputs`, each a KerasTensor or a list, tuple or dict of them.

    Raises: ArgumentError for what is no symbolic value, an input given twice, two layers of one name, and outputs that need an input that
    is not given.
    """

    def __init__(self, inputs: Any, outputs: Any) -> None:  # noqa: ANN401
        outputs = _by_keys(outputs)
        given, wanted = _symbols("inputs", inputs), _symbols("outputs", outputs)
        if len({id(x) for x in given}) < len(given):
            raise ArgumentError("the inputs of a model are given once each", facts=tuple(x.name for x in given))
        self.expected = map_tree(lambda x: Expected(_name_of(x), x.shape, x.dtype), inputs)
        self.gives = map_tree(lambda x: Expected(_name_of(x), x.shape, x.dtype), outputs)
        found = Walk(given, wanted)
        place = {id(x): number for number, x in enumerate(given)}
        self.steps: tuple[Step, ...] = tuple(_steps(found.nodes, place))
        self.result = map_tree(lambda x: Place(place[id(x)]), outputs)
        self.size = len(place)
        self.steps = _freeing(self.steps, {leaf.number for leaf in flatten(self.result)})
        self.callers: tuple[Any, ...] = tuple(found.in_order())
        _check_names(self.callers)

    def run(self, inputs: Any) -> Any:  # noqa: ANN401  values as `expected` says; the outputs
        """Every call in turn."""
        values: list[Any] = [*inputs, *[None] * (self.size - len(inputs))]
        for step in self.steps:
            args, kwargs = _filled(step.args, values), _filled(step.kwargs, values)
            if calls.training is not None:  # which goes before what the call was drawn with, in files of Keras always training=False
                kwargs.pop("training", None)
            results = flatten(step.caller(*args, **kwargs))
            for number, value in zip(step.results, results, strict=True):
                values[number] = value
            for number in step.ended:
                values[number] = None
        return _filled(self.result, values)

    def lined_up(self, given: Any) -> list[Any]:  # noqa: ANN401  a value, or a list, tuple or dict of them
        """The values of a call in the order of the inputs: dicts by the names of inputs.

        Raises: ArgumentError for another number of them, and for names that no input has.
        """
        expected = flatten(self.expected)
        if isinstance(given, dict):
            return _by_name(self.expected, expected, given)
        values = list(given) if isinstance(given, (list, tuple)) else [given]
        if isinstance(self.expected, (list, tuple)) and any(isinstance(part, (list, tuple, dict)) for part in self.expected):
            values = [leaf for part in values for leaf in flatten(part)]
        if len(values) != len(expected):
            facts = (f"inputs: {', '.join(f'{x.name} {x.shape}' for x in expected)}",)
            raise ArgumentError(f"the model takes {_counted(len(expected))}, {len(values)} were given", facts=facts)
        return values

    def fitted(self, values: Sequence[Any]) -> list[Any]:
        """Tensors in the rank and dtype of the inputs: (batch,) meets (batch, 1).  Raises: ShapeError naming the input."""
        return [_fitted(value, one) for value, one in zip(values, flatten(self.expected), strict=True)]

    def arrays_for(self, given: Any, *, counted: bool = False) -> Any:  # noqa: ANN401  arrays
        """The arrays of a call in the structure and the shapes of the inputs.  Raises: ArgumentError, ShapeError."""
        several = isinstance(self.expected, (list, tuple, dict))
        expected = flatten(self.expected)
        values = self.lined_up(given)
        made = [
            fitted(x, one.shape, f"the input {one.name!r}" if several else "x", counted=counted)
            for x, one in zip(values, expected, strict=True)
        ]
        return unflatten(self.expected, made)

    def check_arrays(self, arrays: Any) -> None:  # noqa: ANN401
        """Refuses what the layers that read inputs cannot make sense of.  Raises: DataError."""
        values = self.lined_up(arrays)
        for step in self.steps:
            first = step.args[0] if step.args else None
            if isinstance(first, Place) and first.number < len(values) and isinstance(step.caller, Layer):
                step.caller.check_inputs(values[first.number])

    def shapes_for(self, shapes: Any) -> Any:  # noqa: ANN401
        """The shapes of the outputs for inputs of these shapes, batch axes included.  Nothing is noted of it."""
        given: list[Shape] = []
        map_shapes(given.append, shapes)
        expected = flatten(self.expected)
        if [one.shape for one in expected] == given:
            return map_tree(lambda one: one.shape, self.gives)
        outputs = self._symbols_for([KerasTensor(shape, one.dtype) for shape, one in zip(given, expected, strict=True)], notes=False)
        return shapes_in(outputs)

    def drawn(self) -> tuple[Any, Any]:
        """Symbolic inputs and outputs made anew, each call noted by what is called."""
        by_name = {caller.name: caller for caller in self.callers}
        inputs = [
            by_name[one.name].output if one.name in by_name and not getattr(by_name[one.name], "takes", True)
            else KerasTensor(one.shape, one.dtype, name=one.name) for one in flatten(self.expected)
        ]  # fmt: skip
        return unflatten(self.expected, inputs), self._symbols_for(inputs, notes=True)

    def _symbols_for(self, inputs: list[KerasTensor], *, notes: bool) -> Any:  # noqa: ANN401
        """The symbolic outputs of the calls on these inputs."""
        values: list[Any] = [*inputs, *[None] * (self.size - len(inputs))]
        for step in self.steps:
            args, kwargs = _filled(step.args, values), _filled(step.kwargs, values)
            if calls.training is not None:  # which goes before what the call was drawn with, in files of Keras always training=False
                kwargs.pop("training", None)
            results = map_results(KerasTensor, step.caller.result_of(args, kwargs))
            for number, value in zip(step.results, flatten(noted(step.caller, args, kwargs, results) if notes else results), strict=True):
                values[number] = value
        return _filled(self.result, values)

    def redrawn(self, inputs: Sequence[Any], call: Callable[[Any, tuple[Any, ...], dict[str, Any]], Any]) -> Any:  # noqa: ANN401
        """The outputs of the same calls on other symbolic inputs: `call` is told what is called, and with what."""
        values: list[Any] = [*inputs, *[None] * (self.size - len(inputs))]
        for step in self.steps:
            results = flatten(call(step.caller, _filled(step.args, values), _filled(step.kwargs, values)))
            for number, value in zip(step.results, results, strict=True):
                values[number] = value
        return _filled(self.result, values)

    def sources(self) -> dict[str, list[tuple[str, int, int]]]:
        """What feeds each layer, by its name: (name, number of the call, number of the result); for tables and pictures."""
        made = {number: (one.name, 0, 0) for number, one in enumerate(flatten(self.expected))}
        found: dict[str, list[tuple[str, int, int]]] = {}
        for step in self.steps:
            made |= {number: (step.caller.name, step.number, position) for position, number in enumerate(step.results)}
            found.setdefault(step.caller.name, []).extend(made[number] for number in step.read)
        return found

    @property
    def is_chain(self) -> bool:
        """Whether each layer is called once, on what the one before gives alone."""
        before = list(range(len(flatten(self.expected))))
        for step in self.steps:
            if step.read != before or len(step.results) != 1:
                return False
            before = list(step.results)
        return len({id(step.caller) for step in self.steps}) == len(self.steps)


class Walk:
    """The calls between inputs and outputs, and in which order layers stand: as Keras numbers them, by their distance from the outputs."""

    def __init__(self, inputs: Sequence[KerasTensor], outputs: Sequence[KerasTensor]) -> None:
        self.inputs = inputs
        self._given = {id(x) for x in inputs}
        self._index: dict[int, int] = {}
        self.nodes: list[Node] = []
        """Producers before consumers."""
        seen: set[int] = set()
        for output in outputs:
            self._walk(output, seen)

    def _walk(self, output: KerasTensor, seen: set[int]) -> None:
        """Depth first, without recursion: a model may be thousands of layers deep."""
        stack: list[tuple[KerasTensor, bool]] = [(output, False)]
        while stack:
            symbol, done = stack.pop()
            node = symbol.node
            if id(symbol) in self._given:
                if node is not None:
                    self._index.setdefault(id(node.caller), len(self._index))
                continue
            if node is None or not node.given:
                raise self._cut(symbol)
            if done:
                self.nodes.append(node)
            elif id(node) not in seen:
                seen.add(id(node))
                self._index.setdefault(id(node.caller), len(self._index))
                stack.append((symbol, True))
                stack += [(x, False) for x in reversed(node.given)]

    def _cut(self, symbol: KerasTensor) -> ArgumentError:
        names = ", ".join(_name_of(x) for x in self.inputs) or "none"
        return ArgumentError(
            f"the outputs need {_name_of(symbol)!r}, which is not among the inputs", facts=(f"inputs: {names}",),
            likely="give every Input that the outputs are computed from: keras.Model([a, b], outputs)",
        )  # fmt: skip

    def in_order(self) -> list[Any]:
        """Layers and operations, those of the inputs first: by distance from the outputs, then as they were met."""
        depth: dict[int, int] = {}
        of_caller: dict[int, int] = {}
        callers: dict[int, Any] = {}
        for node in reversed(self.nodes):
            callers[id(node.caller)] = node.caller
            own = max(depth.setdefault(id(node), 0), of_caller.get(id(node.caller), 0))
            depth[id(node)] = of_caller[id(node.caller)] = own
            for x in node.given:
                if x.node is not None:
                    depth[id(x.node)] = max(depth.get(id(x.node), 0), own + 1)
        for x in self.inputs:
            if x.node is not None and not x.node.given:  # a result of another layer may be an input: that layer is none of the model's
                caller = x.node.caller
                callers[id(caller)] = caller
                of_caller[id(caller)] = max(of_caller.get(id(caller), 0), depth.get(id(x.node), 0))
                self._index.setdefault(id(caller), -1)
        return sorted(callers.values(), key=lambda caller: (-of_caller[id(caller)], self._index[id(caller)]))


def _by_keys(tree: Any) -> Any:  # noqa: ANN401
    """Outputs in the order that Keras has them in, those of a dict by its keys: layers, and weights in files, are numbered by it."""
    if type(tree) is dict:
        return {key: _by_keys(tree[key]) for key in sorted(tree, key=str)}
    return type(tree)(map(_by_keys, tree)) if type(tree) in {list, tuple} else tree


def _symbols(what: str, tree: Any) -> list[KerasTensor]:  # noqa: ANN401
    found = flatten(tree)
    other = [leaf for leaf in found if not is_symbol(leaf)]
    if other or not found:
        shown = f"this is a {type(other[0]).__name__}" if other else "there are none"
        raise ArgumentError(
            f"the {what} of a model are what keras.Input and layers give, {shown}",
            likely="x = keras.Input(...); y = layers.Dense(1)(x); keras.Model(x, y)",
        )
    return found


def _name_of(symbol: KerasTensor) -> str:
    """What people call it: an Input by its name, a result by its layer's."""
    node = symbol.node
    return symbol.name if node is None else node.caller.name


def _steps(nodes: Sequence[Node], place: dict[int, int]) -> Iterator[Step]:
    """The calls with places for values; places are given to results in order."""
    for node in nodes:
        args, kwargs = map_tree(lambda leaf: Place(place[id(leaf)]) if is_symbol(leaf) else leaf, (node.args, node.kwargs))
        results = symbols_in(node.results)
        for symbol in results:
            place[id(symbol)] = len(place)
        numbers = tuple(place[id(symbol)] for symbol in results)
        yield Step(node.caller, args, kwargs, numbers, node.number, tuple((symbol.shape, symbol.dtype) for symbol in results))


def _freeing(steps: Sequence[Step], kept: set[int]) -> tuple[Step, ...]:
    """The steps, each with the values that nobody reads after it."""
    made: list[Step] = []
    for step in reversed(steps):
        read = {*step.read, *step.results}
        made.append(replace(step, ended=tuple(sorted(read - kept))))
        kept |= read
    return tuple(reversed(made))


def _filled(tree: Any, values: Sequence[Any]) -> Any:  # noqa: ANN401
    return map_tree(lambda leaf: values[leaf.number] if isinstance(leaf, Place) else leaf, tree)


def _check_names(callers: Sequence[Any]) -> None:
    names = Counter(caller.name for caller in callers)
    name, count = names.most_common(1)[0]
    if count > 1:
        raise ArgumentError(f"{count} layers of the model are named {name!r}", likely="give each another name=")


def _by_name(tree: Any, expected: list[Expected], given: dict[str, Any]) -> list[Any]:  # noqa: ANN401
    keyed = dict(zip(tree, flatten(tree), strict=True)) if isinstance(tree, dict) and len(tree) == len(expected) else {}
    names = list(keyed) if keyed and set(keyed) <= set(given) else [one.name for one in expected]
    missing = [name for name in names if name not in given]
    if missing:
        facts = (f"inputs: {', '.join(names)}", f"given:  {', '.join(map(str, given))}")
        raise ArgumentError(f"the model's input {missing[0]!r} was not given", facts=facts)
    return [given[name] for name in names]


def _counted(count: int) -> str:
    return f"{count} input{'s' * (count != 1)}"


def _fitted(value: Any, one: Expected) -> Any:  # noqa: ANN401
    """A Tensor in the rank and dtype of an input."""
    if is_symbol(value):
        return value
    expected = one.shape
    if one.dtype == TEXT:
        texts = as_texts(value, f"the input {one.name!r}")
        return texts[:, None] if texts.ndim == 1 and expected[1:] == (1,) else texts
    if len(value.shape) == len(expected) - 1 and expected[-1] == 1:
        value = reshape(value, (*value.shape, 1))
    elif len(value.shape) == len(expected) + 1 and value.shape[-1] == 1:
        value = reshape(value, tuple(value.shape[:-1]))
    if len(value.shape) != len(expected) or any(n not in {None, m} for n, m in zip(expected[1:], value.shape[1:], strict=True)):
        raise ShapeError(f"the input {one.name!r} is {tuple(value.shape)}, the model expects {expected}")
    wanted = dtypes.named(one.dtype)
    return cast(value, wanted) if isinstance(value, Tensor) and value.dtype != wanted else value
