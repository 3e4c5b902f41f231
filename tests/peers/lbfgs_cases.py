"""torch.optim.LBFGS in either namespace: loss, parameters and counts after each of some calls, in float64, as PyTorch 2.13.0 gives them."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.peers.layer_cases import Array, drawn

OPTIONS: dict[str, dict[str, Any]] = {
    "plain": {"max_iter": 5}, "searching": {"line_search_fn": "strong_wolfe", "max_iter": 3}, "short steps": {"lr": 0.01, "max_iter": 4},
    "one step": {"lr": 0.5, "max_iter": 1}, "a short memory": {"line_search_fn": "strong_wolfe", "max_iter": 4, "history_size": 3},
    "few evaluations": {"line_search_fn": "strong_wolfe", "max_eval": 3}, "coarse": {"lr": 0.1, "tolerance_grad": 1e-1},
    "a long first step": {"line_search_fn": "strong_wolfe", "lr": 50.0, "max_iter": 2},
}  # fmt: skip
CALLS = 4
X, Y = drawn("lbfgs x", (20, 5)), (drawn("lbfgs y", (20,)) > 0).astype(np.float64)


def losses(torch: Any, w: Any, b: Any) -> dict[str, Any]:
    """A valley with a bend, and a logistic regression."""
    valley = (10 * (w[1:] - w[:-1] ** 2) ** 2 + (1 - w[:-1]) ** 2).sum() + (b * b).sum()
    scores = torch.tensor(X) @ w + b.sum()
    logistic = torch.nn.functional.binary_cross_entropy_with_logits(scores, torch.tensor(Y)) + 0.01 * ((w * w).sum() + (b * b).sum())
    return {"valley": valley, "logistic": logistic}


def answers(torch: Any, name: str) -> dict[str, Array]:
    """After each call loss, parameters, and how often the loss was computed."""
    found = {}
    for problem in ("valley", "logistic"):
        w, b = (torch.nn.Parameter(torch.tensor(drawn(f"lbfgs {k}", shape))) for k, shape in (("w", (5,)), ("b", (2, 2))))
        optimizer = torch.optim.LBFGS([w, b], **OPTIONS[name])

        def closure(optimizer: Any = optimizer, w: Any = w, b: Any = b, problem: str = problem) -> Any:
            optimizer.zero_grad()
            loss = losses(torch, w, b)[problem]
            loss.backward()
            return loss

        rows = []
        for _ in range(CALLS):
            loss = optimizer.step(closure)
            state = optimizer.state[w]
            held = [x.detach().numpy().reshape(-1) for x in (w, b)]
            rows.append(np.concatenate([[loss.item(), state["func_evals"], state["n_iter"]], *held]))
        found[problem] = np.array(rows)
    return found


def recorded() -> dict[str, Any]:
    """PyTorch's."""
    import torch

    return {f"torch lbfgs/{name}/{problem}": rows for name in OPTIONS for problem, rows in answers(torch, name).items()}
