"""Environments of gymnasium: opened by name, observations as cells, actions as they take them.

Guarantees: only environments that are registered in gymnasium are made, by their plain names; a
name that would import a module is refused; nothing of a bundle is run. Does not guarantee: that
packages which register environments when gymnasium is imported are to be trusted.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import numpy as np

from plait.data.episodes.plan import EpisodePlan
from plait.errors import ExtraError, UsageError, nearest_name
from plait.modalities.action.cells import Action
from plait.modalities.action.space import Space
from plait.types import Cell

PICTURED = 3
"""Axes of an observation that is a picture."""


def open_environment(name: str, *, drawn: bool = False) -> Any:
    """Return an environment of gymnasium by its name; `drawn`, one that gives pictures.

    Raises:
        ExtraError: gymnasium, or what the environment needs, is not installed.
        UsageError: No environment is registered by that name, or it gives no pictures.
    """
    try:
        import gymnasium
    except ModuleNotFoundError as error:
        raise ExtraError("play", "plait play") from error
    if name not in gymnasium.registry:
        close = nearest_name(name, gymnasium.registry)
        raise UsageError(
            "there is no environment of that name",
            expected="one that is registered in gymnasium: CartPole-v1, Pendulum-v1",
            received=name,
            hint=f"did you mean {close}?" if close else None,
        )
    try:
        found = gymnasium.make(name, render_mode="rgb_array" if drawn else None)
    except (gymnasium.error.Error, ImportError) as error:
        raise _lacks(name, error) from error
    if drawn and "rgb_array" not in found.metadata.get("render_modes", ()):
        found.close()
        raise UsageError(
            "the environment draws no pictures",
            expected="no --out, or an environment that does",
            received=name,
        )
    return found


def picture_of(env: Any, name: str) -> np.ndarray:
    """Return what an environment looks like now, uint8 ``[height, width, 3]``."""
    import gymnasium

    try:
        found: np.ndarray = env.render()
    except gymnasium.error.DependencyNotInstalled as error:
        raise _lacks(name, error) from error
    return found


def _lacks(name: str, error: Exception) -> UsageError:
    return UsageError(
        f"the environment {name} needs more than is installed",
        expected="what it asks for",
        received=str(error),
        hint="pip install 'gymnasium[classic-control]' brings what CartPole and Pendulum need to "
        "be drawn",
    )


class Senses:
    """Turns observations into the cells of the columns that a policy was learned from, in order.

    Args:
        plan: Of the policy.
        space: Of the environment's observations.
        name: Of the environment.

    Raises `UsageError` where there are more or fewer numbers than columns.
    """

    def __init__(self, plan: EpisodePlan, space: Any, name: str) -> None:
        self.plan = plan
        seen = _flat(space.sample())
        if len(seen) != len(plan.states):
            raise UsageError(
                f"an observation of {name} is not what the policy was learned from",
                expected=f"{len(plan.states)} values: " + ", ".join(plan.states),
                received=f"{len(seen)} values",
                hint="fit on the numbers of the observation, in its order, a column for each",
            )

    def cells(self, observation: Any) -> dict[str, Cell]:
        """Return the cell of each column."""
        return dict(zip(self.plan.states, _flat(observation), strict=True))

    def numbers(self, cells: Mapping[str, Cell]) -> np.ndarray:
        """Return those that are numbers, float32 ``[number]``."""
        return np.array([cells[name] for name in self.plan.numbers], np.float32)


def _flat(observation: Any) -> list[Cell]:
    """Return an observation as cells: a number each, a picture as a whole, parts by their order."""
    if isinstance(observation, Mapping):
        return [cell for one in observation.values() for cell in _flat(one)]
    if isinstance(observation, tuple):
        return [cell for one in observation for cell in _flat(one)]
    found = np.asarray(observation)
    if found.ndim == PICTURED and found.dtype == np.uint8:
        return [_png(found)]
    return [float(number) for number in found.reshape(-1)]


def _png(pixels: np.ndarray) -> dict[str, bytes]:
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="PNG")
    return {"bytes": buffer.getvalue()}


class Hands:
    """Turns a policy's actions into those that an environment takes.

    Args:
        actions: The policy's space.
        space: The environment's.
        name: Of the environment.

    Raises `UsageError` where one is not the other's.
    """

    def __init__(self, actions: Space, space: Any, name: str) -> None:
        self._space = space
        self._numbered = hasattr(space, "n") and hasattr(space, "start")
        told = f"actions {space.start} to {space.start + space.n - 1}" if self._numbered else ""
        if self._numbered:
            numbers = {str(int(space.start) + place) for place in range(int(space.n))}
            fits = bool(actions.labels) and set(actions.labels) <= numbers
        else:
            size = int(np.prod(getattr(space, "shape", None) or (0,)))
            fits = hasattr(space, "low") and _num_numbers(actions) == size
            told = f"{size} numbers"
        if not fits:
            raise UsageError(
                f"the policy's actions are not those of {name}",
                expected=told,
                received=actions.told,
            )

    def action(self, decided: Action) -> Any:
        """Return what the environment takes; numbers beyond its bounds are at them."""
        if self._numbered:
            return int(decided.name)
        numbers = np.array(decided.numbers, np.float64).reshape(self._space.shape)
        bounded = np.clip(numbers, self._space.low, self._space.high)
        return bounded.astype(self._space.dtype)


def _num_numbers(actions: Space) -> int:
    """Return how many numbers an action has; names that are numbers are one."""
    return len(actions.low) or int(all(map(_is_number, actions.labels)))


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
