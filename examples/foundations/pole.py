"""Reinforcement: a pole is balanced on a cart, by REINFORCE.  Course: 1.3 Types of learning (reinforcement).

    python examples/foundations/pole.py

The environment is that of Barto, Sutton and Anderson, 1983: a force of 10 N pushes the cart left or right 50 times a second, an episode
ends when the pole leans more than 12 degrees, the cart is more than 2.4 m off, or after 200 steps; each step earns 1.  REINFORCE (Williams,
1992) makes actions likelier by what came after them, less what usually comes (the mean over the episodes of a batch at that step: the
baseline).
"""

from __future__ import annotations

import time

import drawing
import numpy as np

from gradwerk import torch
from gradwerk.torch import nn

EPISODES, STEPS, DISCOUNT = 16, 200, 0.99
GRAVITY, CART, POLE, HALF_LENGTH, FORCE, TICK = 9.8, 1.0, 0.1, 0.5, 10.0, 0.02
FAR, TILTED = 2.4, np.deg2rad(12)


def pushed(state: np.ndarray, right: np.ndarray) -> np.ndarray:
    """The states a tick later.  Shape: (episodes, 4): place, speed, angle, angular speed; actions (episodes,) of bool."""
    place, speed, angle, turning = state.T
    force = np.where(right, FORCE, -FORCE)
    total, sine, cosine = CART + POLE, np.sin(angle), np.cos(angle)
    pull = (force + POLE * HALF_LENGTH * turning**2 * sine) / total
    swing = (GRAVITY * sine - cosine * pull) / (HALF_LENGTH * (4 / 3 - POLE * cosine**2 / total))
    push = pull - POLE * HALF_LENGTH * swing * cosine / total
    return np.stack([place + TICK * speed, speed + TICK * push, angle + TICK * turning, turning + TICK * swing], 1)


def episodes(policy: object, generator: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Plays side by side: states (steps, count, 4), actions (steps, count), and which were still balanced (steps, count)."""
    state, going = generator.uniform(-0.05, 0.05, (count, 4)), np.ones(count, bool)
    states, actions, alive = [], [], []
    for _ in range(STEPS):
        chance = policy(torch.tensor(state).float()).numpy()
        right = generator.random(count) < chance
        states.append(state)
        actions.append(right)
        alive.append(going)
        state = np.where(going[:, None], pushed(state, right), state)
        going = going & (np.abs(state[:, 0]) < FAR) & (np.abs(state[:, 2]) < TILTED)
    return np.array(states, np.float32), np.array(actions), np.array(alive, np.float32)


def returns(alive: np.ndarray) -> np.ndarray:
    """What is earned from each step on, discounted, less the mean of the episodes, divided by their deviation.  Shape: (steps, count)."""
    after, earned = np.zeros(alive.shape[1]), np.zeros_like(alive)
    for step in reversed(range(len(alive))):
        after = alive[step] + DISCOUNT * after
        earned[step] = after
    centred = (earned - earned.mean(1, keepdims=True)) * alive
    return (centred / (centred.std() + 1e-6)).astype(np.float32)


def main() -> None:
    """Trains until 100 episodes hold 195 of 200 steps on average, and draws how they grew."""
    asked = drawing.options(__doc__, rounds=300, seed=0)
    torch.manual_seed(asked.seed)
    generator = np.random.default_rng(asked.seed)
    net = nn.Sequential(nn.Linear(4, 32), nn.Tanh(), nn.Linear(32, 1))
    optimizer = torch.optim.Adam(net.parameters(), lr=0.02)

    @torch.compile
    def chance_of_right(state: torch.Tensor) -> torch.Tensor:
        with torch.no_grad():
            return torch.sigmoid(net(state)).reshape(-1)

    @torch.compile
    def learn(states: torch.Tensor, actions: torch.Tensor, advantages: torch.Tensor) -> None:
        optimizer.zero_grad()
        logits = net(states).reshape(actions.shape)
        surprise = nn.functional.binary_cross_entropy_with_logits(logits, actions, reduction="none")
        (surprise * advantages).mean().backward()
        optimizer.step()

    began, lengths, solved = time.perf_counter(), [], None
    for number in range(asked.rounds):
        states, actions, alive = episodes(chance_of_right, generator, EPISODES)
        lengths.append(alive.sum(0).mean())
        if number % 10 == 0:
            print(f"round {number:3}  {lengths[-1]:5.1f} steps on average")
        if lengths[-1] >= 190:
            kept = episodes(chance_of_right, np.random.default_rng(1000 + number), 100)[2].sum(0).mean()
            if kept >= 195:
                solved = number + 1
                break
        learn(torch.tensor(states), torch.tensor(actions.astype(np.float32)), torch.tensor(returns(alive)))
    seconds = time.perf_counter() - began
    held = f"{kept:.1f} of {STEPS} steps on average over 100 new episodes" if solved else f"not balanced, {max(lengths):.1f} steps at best"
    words = f"{held}, after {len(lengths)} rounds of {EPISODES} episodes, {seconds:.0f} s"
    print(words)
    figure, (curve,) = drawing.panels(1, width=6)
    curve.plot(range(1, len(lengths) + 1), lengths, color=drawing.COLOURS[0], marker="o", markersize=3)
    curve.axhline(195, color="black", linestyle="--", label="195 steps")
    curve.set(title="Steps balanced", xlabel=f"round of {EPISODES} episodes", ylabel="mean steps", ylim=(0, 205))
    curve.legend(frameon=False, loc="lower right")
    drawing.save(figure, asked.out, "pole.png", words)


if __name__ == "__main__":
    main()
