"""torch.optim.LBFGS over nn.lbfgs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError
from gradwerk.nn import lbfgs
from gradwerk.nn.lbfgs import Memory, Vector
from gradwerk.tensor.grad import enable_grad, no_grad
from gradwerk.tensor.state import outside
from gradwerk.torch.optim.groups import number
from gradwerk.torch.optim.optimizers import Optimizer, check_rate
from gradwerk.torch.options import as_recorded
from gradwerk.torch.tensors import Tensor

VECTORS = {"d": "direction", "prev_flat_grad": "gradient"}
LISTS = {"old_dirs": "changes", "old_stps": "steps"}
NUMBERS = {"t": "length", "prev_loss": "loss", "func_evals": "evaluations", "n_iter": "iterations"}
SCALARS = {"H_diag": "scale"}
"""torch's names of what the memory holds: Tensors, lists of them, numbers, Tensors of one."""


class LBFGS(Optimizer):
    """L-BFGS: `step` asks its closure, which computes the loss and its gradients anew, several times.

    One group of parameters, which are one vector here.  `line_search_fn` is None or "strong_wolfe".

    Raises: ArgumentError for several groups, and for a rate that is none.
    """

    @as_recorded()
    def __init__(self, params: Iterable[Any], **options: Any) -> None:  # noqa: ANN401  each of its own kind
        check_rate(options["lr"], strictly=False)
        if options["max_eval"] is None:
            options["max_eval"] = options["max_iter"] * 5 // 4
        super().__init__(params, options)
        if len(self.param_groups) != 1:
            raise ArgumentError("LBFGS doesn't support per-parameter options (parameter groups)", likely="one list of parameters")

    def step(self, closure: Callable[[], Any] | None = None) -> Any:  # noqa: ANN401  what the closure gives
        """Up to `max_iter` steps; the closure's first loss.  Raises: ArgumentError without a closure, or for another line search."""
        outside("LBFGS decides by numbers")
        if closure is None:
            raise ArgumentError("LBFGS asks for the loss several times in a step", likely="optimizer.step(closure)")
        if hasattr(self, "_opt_called"):
            vars(self)["_opt_called"] = True
        group, answers = self.param_groups[0], list[Any]()
        params = group["params"]
        state = self.state[params[0]]
        begin = _flat([p.detach().numpy() for p in params])

        def evaluate(x: Vector) -> tuple[float, Vector]:
            if x is not begin:
                _fill(params, x)
            with enable_grad():
                answers.append(closure())
            return float(answers[-1]), _flat([np.zeros(p.shape, p.dtype) if p.grad is None else p.grad.numpy() for p in params])

        memory = _memory(state)
        with no_grad():
            _fill(params, rule_of(group).minimize(evaluate, begin, memory))
        _show(memory, state)
        return answers[0]


def rule_of(group: dict[str, Any]) -> lbfgs.LBFGS:
    """The options as nn's.  Raises: ArgumentError for a line search that is not here."""
    if group["line_search_fn"] not in (None, "strong_wolfe"):
        raise ArgumentError("only 'strong_wolfe' is supported", facts=(f"line_search_fn {group['line_search_fn']!r}",))
    return lbfgs.LBFGS(
        rate=number("learning rate", group["lr"]), most_steps=group["max_iter"], most_evaluations=group["max_eval"],
        gradient_tolerance=group["tolerance_grad"], change_tolerance=group["tolerance_change"], history=group["history_size"],
        searches=group["line_search_fn"] is not None,
    )  # fmt: skip


def _flat(arrays: list[np.ndarray[Any, Any]]) -> Vector:
    """All numbers in a row, of complex ones both parts."""
    rows = [np.ascontiguousarray(array).reshape(-1) for array in arrays]
    return np.concatenate([row.view(row.real.dtype) if dtypes.is_complex(row.dtype) else row for row in rows])


def _fill(params: list[Any], x: Vector) -> None:
    """Writes a row of numbers into the parameters."""
    place = 0
    for p in params:
        count = int(np.prod(p.shape)) * (2 if dtypes.is_complex(p.dtype) else 1)
        p.detach().copy_(Tensor.sharing(x[place : place + count].view(p.dtype).reshape(p.shape)))
        place += count


def _memory(state: dict[str, Any]) -> Memory:
    """The state by torch's names as nn's."""
    held = {ours: _number(state[name]) for name, ours in (NUMBERS | SCALARS).items() if state.get(name) is not None}
    held |= {ours: _array(state[name]) for name, ours in VECTORS.items() if state.get(name) is not None}
    held |= {ours: [_array(x) for x in state[name]] for name, ours in LISTS.items() if state.get(name) is not None}
    if state.get("ro") is not None:
        held["inverses"] = [_number(x) for x in state["ro"]]
    return Memory(**held)


def _show(memory: Memory, state: dict[str, Any]) -> None:
    """nn's memory by torch's names."""
    state |= {name: getattr(memory, ours) for name, ours in NUMBERS.items()}
    if memory.direction is None:
        return
    state |= {name: Tensor.sharing(getattr(memory, ours)) for name, ours in VECTORS.items()}
    state |= {name: [Tensor.sharing(x) for x in getattr(memory, ours)] for name, ours in LISTS.items()}
    dtype = memory.direction.dtype
    state["ro"] = [Tensor.of(dtypes.of_value(float(x), dtype)) for x in memory.inverses]
    state["H_diag"] = Tensor.of(dtypes.of_value(float(memory.scale), dtype))


def _array(value: Any) -> Vector:  # noqa: ANN401  a Tensor or an array
    return np.asarray(value.detach().numpy() if isinstance(value, Tensor) else value)


def _number(value: Any) -> Any:  # noqa: ANN401
    return value.item() if isinstance(value, Tensor | np.ndarray | np.generic) else value
