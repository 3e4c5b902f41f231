"""PyTorch's learning rate schedulers, in either namespace: what the rates and momenta of two groups are from epoch to epoch.

    python -m tests.peers.schedule_cases        writes what PyTorch gives (recorded/schedulers.json)
"""

from __future__ import annotations

import copy
import importlib
import json
import warnings
from pathlib import Path
from typing import Any

RECORD = Path(__file__).parent / "recorded" / "schedulers.json"
EPOCHS = 14
METRICS = [1.0, 0.9, 0.9, 0.95, 0.91, 0.9, 0.9, 0.5, 0.6, 0.6, 0.6, 0.6, 0.6, 0.6]


class Root:
    """A function with state."""

    def __init__(self) -> None:
        self.power = 0.5

    def __call__(self, epoch: int) -> float:
        return float((epoch + 1) ** -self.power)


def averages(schedulers: Any) -> Any:
    """torch.optim.swa_utils beside the module of schedulers."""
    return importlib.import_module(f"{schedulers.__name__.rpartition('.')[0]}.swa_utils")


CASES: dict[str, Any] = {
    "LambdaLR": lambda s, o: s.LambdaLR(o, [lambda epoch: 0.9**epoch, Root()]),
    "MultiplicativeLR": lambda s, o: s.MultiplicativeLR(o, lambda epoch: 0.95 if epoch % 2 else 0.9),
    "StepLR": lambda s, o: s.StepLR(o, 3, gamma=0.5),
    "MultiStepLR": lambda s, o: s.MultiStepLR(o, [2, 5, 5, 9], gamma=0.3),
    "ConstantLR": lambda s, o: s.ConstantLR(o, factor=0.25, total_iters=4),
    "LinearLR": lambda s, o: s.LinearLR(o, start_factor=0.2, end_factor=0.8, total_iters=6),
    "ExponentialLR": lambda s, o: s.ExponentialLR(o, 0.8),
    "PolynomialLR": lambda s, o: s.PolynomialLR(o, total_iters=8, power=2.0),
    "CosineAnnealingLR": lambda s, o: s.CosineAnnealingLR(o, 4, eta_min=0.01),
    "CosineAnnealingWarmRestarts": lambda s, o: s.CosineAnnealingWarmRestarts(o, 3, T_mult=2, eta_min=0.01),
    "restarts of one length": lambda s, o: s.CosineAnnealingWarmRestarts(o, 4),
    "OneCycleLR": lambda s, o: s.OneCycleLR(o, [0.5, 1.0], total_steps=16),
    "OneCycleLR in three": lambda s, o: s.OneCycleLR(
        o, 0.5, epochs=4, steps_per_epoch=4, pct_start=0.4, anneal_strategy="linear", three_phase=True
    ),
    "OneCycleLR of rates": lambda s, o: s.OneCycleLR(o, 0.5, total_steps=15, cycle_momentum=False),
    "CyclicLR": lambda s, o: s.CyclicLR(o, [0.1, 0.2], 0.5, step_size_up=3, step_size_down=2),
    "CyclicLR, halving": lambda s, o: s.CyclicLR(o, 0.1, [0.3, 0.5], step_size_up=2, mode="triangular2", cycle_momentum=False),
    "CyclicLR, falling": lambda s, o: s.CyclicLR(o, 0.1, 0.5, step_size_up=3, mode="exp_range", gamma=0.9, base_momentum=0.5),
    "CyclicLR of a function": lambda s, o: s.CyclicLR(
        o, 0.1, 0.5, step_size_up=2, scale_fn=Root(), scale_mode="iterations", cycle_momentum=False
    ),
    "SWALR": lambda s, o: averages(s).SWALR(o, [0.05, 0.2], anneal_epochs=5),
    "SWALR in a line": lambda s, o: averages(s).SWALR(o, 0.05, anneal_epochs=4, anneal_strategy="linear"),
    "SWALR at once": lambda s, o: averages(s).SWALR(o, 0.05, anneal_epochs=0),
    "ReduceLROnPlateau": lambda s, o: s.ReduceLROnPlateau(o, factor=0.5, patience=1, cooldown=1, min_lr=[0.02, 0.1]),
    "ReduceLROnPlateau of a score": lambda s, o: s.ReduceLROnPlateau(o, "max", patience=2, threshold=0.05, threshold_mode="abs"),
    "SequentialLR": lambda s, o: s.SequentialLR(o, [s.LinearLR(o, 0.1, total_iters=3), s.ExponentialLR(o, 0.9), s.StepLR(o, 2)], [3, 8]),
    "SequentialLR of restarts": lambda s, o: s.SequentialLR(
        o, [s.ConstantLR(o, 0.5, total_iters=2), s.CosineAnnealingWarmRestarts(o, 3, 2)], [4]
    ),
    "ChainedScheduler": lambda s, o: s.ChainedScheduler([s.ConstantLR(o, 0.1, total_iters=3), s.ExponentialLR(o, 0.9)]),
}


def history(torch: Any, name: str, *, adam: bool = False, closed: bool = False, resumed: int | None = None) -> dict[str, Any]:
    """Rates, momenta and the last rates of each epoch; `closed` sets some epochs by number, `resumed` goes on from the states of one."""

    def made() -> tuple[Any, Any]:
        groups = [{"params": [torch.nn.Parameter(torch.ones(2))], "lr": rate} for rate in (0.1, 0.4)]
        optimizer = torch.optim.Adam(groups) if adam else torch.optim.SGD(groups, lr=0.1, momentum=0.9)
        return optimizer, CASES[name](torch.optim.lr_scheduler, optimizer)

    rows = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        optimizer, scheduler = made()
        for epoch in range(EPOCHS):
            if epoch == resumed:
                states = copy.deepcopy((optimizer.state_dict(), scheduler.state_dict()))
                optimizer, scheduler = made()
                optimizer.load_state_dict(states[0])
                scheduler.load_state_dict(states[1])
            optimizer.step()
            moments = [group["betas"][0] if adam else group["momentum"] for group in optimizer.param_groups]
            rates = [float(group["lr"]) for group in optimizer.param_groups]
            rows.append([*rates, *moments, *map(float, scheduler.get_last_lr())])
            if "Plateau" in name:
                scheduler.step(METRICS[epoch])
            elif closed and epoch % 4 == 2:
                scheduler.step(epoch // 2)
            else:
                scheduler.step()
        keys = sorted(scheduler.state_dict())
    return {"rows": rows, "state": keys}


CLOSED = (
    "StepLR", "MultiStepLR", "ConstantLR", "LinearLR", "ExponentialLR", "PolynomialLR", "CosineAnnealingLR", "CosineAnnealingWarmRestarts",
    "LambdaLR",
)


def histories(torch: Any) -> dict[str, Any]:
    """All that is recorded."""
    found = {name: history(torch, name) for name in CASES}
    found |= {f"{name}, by number": history(torch, name, closed=True) for name in CLOSED}
    return found | {f"{name}, Adam": history(torch, name, adam=True) for name in ("OneCycleLR", "OneCycleLR in three", "CyclicLR")}


if __name__ == "__main__":
    import torch

    RECORD.write_text(json.dumps(histories(torch), indent=None) + "\n", encoding="utf-8")
