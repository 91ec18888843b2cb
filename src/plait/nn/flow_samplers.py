"""Samplers of flows: from noise to values in few steps, whole, partly, or from something begun."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from jaxtyping import Float
from torch import Tensor

Velocity = Callable[[Tensor, Tensor], Tensor]
"""Points ``[batch, channel, *place]`` and times ``[batch]`` to the velocities there."""

Step = Callable[[Velocity, Tensor, float, float, list[tuple[float, Tensor]]], Tensor]
"""Velocity, points, their time, the time to go to, and times and velocities of steps before."""


@torch.no_grad()
def sample(
    velocity: Velocity,
    noise: Float[Tensor, "batch channel *place"],
    *,
    steps: int,
    sampler: str = "multistep",
    begin: Float[Tensor, "batch channel *place"] | None = None,
    strength: float = 1.0,
    keep: Tensor | None = None,
) -> Float[Tensor, "batch channel *place"]:
    """Return values: noise taken along the flow, from time 0 to 1 in even steps.

    Args:
        velocity: Of the flow.
        noise: Standard normal.
        steps: Number of them; ``heun`` asks twice in each but the last.
        sampler: A name of `SAMPLERS`.
        begin: Values to begin at; None begins at noise alone.
        strength: How much of them is noise at first, in (0, 1]: less keeps more of them (Meng et
            al. 2022, "SDEdit").
        keep: Where the values of `begin` stay as they are, of a shape that broadcasts to the
            values': there each step goes on from `begin`, as noisy as its time has it (Lugmayr et
            al. 2022, "RePaint", without going back). Without it, nothing is kept exactly.
    """
    start = 0.0 if begin is None or strength >= 1.0 else 1.0 - strength
    x = noise if start == 0.0 else (1 - start) * noise + start * _given(begin)
    step, seen = SAMPLERS[sampler], list[tuple[float, Tensor]]()
    for number in range(steps):
        now, then = (start + (1 - start) * place / steps for place in (number, number + 1))
        x = step(velocity, x, now, then, seen)
        if keep is not None and begin is not None:
            x = torch.where(keep, (1 - then) * noise + then * begin, x)
    return x


@torch.no_grad()
def points_of(
    velocity: Velocity,
    noise: Float[Tensor, "batch channel *place"],
    *,
    steps: int,
    sampler: str = "multistep",
) -> Float[Tensor, "time batch channel *place"]:
    """Return the points that `sample` passes, noise first and the values last: steps and one."""
    step, seen, found = SAMPLERS[sampler], list[tuple[float, Tensor]](), [noise]
    for number in range(steps):
        found.append(step(velocity, found[-1], number / steps, (number + 1) / steps, seen))
    return torch.stack(found)


def _euler(
    velocity: Velocity, x: Tensor, now: float, then: float, seen: list[tuple[float, Tensor]]
) -> Tensor:
    return x + (then - now) * velocity(x, _times(x, now))


def _heun(
    velocity: Velocity, x: Tensor, now: float, then: float, seen: list[tuple[float, Tensor]]
) -> Tensor:
    """Of the second order: the mean of the velocities at both ends of Euler's step.

    The last step is Euler's: at the end of the way nothing is left to go, and no velocity known.
    """
    first = velocity(x, _times(x, now))
    if then > 1 - 1e-9:
        return x + (then - now) * first
    second = velocity(x + (then - now) * first, _times(x, then))
    return x + (then - now) / 2 * (first + second)


def _multistep(
    velocity: Velocity, x: Tensor, now: float, then: float, seen: list[tuple[float, Tensor]]
) -> Tensor:
    """Of the second order, by one question a step: Adams and Bashforth's, the velocity taken to go
    on as a line through its last two values; the first step is Euler's.

    What DPM-Solver++(2M) (Lu et al. 2022) takes to go on so is the end that is foreseen; on
    straight lines the velocity varies less (docs/log.md, 2026-12-01).
    """
    found = velocity(x, _times(x, now))
    ahead = found
    if seen:
        before, earlier = seen.pop()
        ahead = found + (then - now) / (2 * (now - before)) * (found - earlier)
    seen.append((now, found))
    return x + (then - now) * ahead


SAMPLERS: Mapping[str, Step] = {"euler": _euler, "heun": _heun, "multistep": _multistep}


def _times(x: Tensor, time: float) -> Tensor:
    return torch.full((len(x),), time, device=x.device)


def _given(begin: Tensor | None) -> Tensor:
    if begin is None:
        raise ValueError("there is nothing to begin at")
    return begin
