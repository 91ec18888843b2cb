"""Play: a policy in an environment, episode by episode, with its return and a film of one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from plait.errors import TargetError, UsageError
from plait.listening import heard, listened
from plait.modalities import Asked
from plait.modalities.action.cells import Action
from plait.modalities.trajectory.cells import Trajectory
from plait.model.asked_draws import asked_of
from plait.model.loading import load
from plait.model.model import Model
from plait.model.policy import Policy
from plait.progress import Progress
from plait.recipes.environments import Hands, Senses, open_environment, picture_of
from plait.recipes.outputs import check_output
from plait.report.playing import render_playing
from plait.sampling_error import LEVEL, standard_error, student_quantile
from plait.types import Cell
from plait.writing import write_text, write_whole

MOST_EPISODES, MOST_STEPS = 1000, 10_000
"""Steps are of each episode, where the environment itself does not end it before."""

MOST_FRAMES, FRAME_WIDTH, FRAME_MS = 250, 300, 40
"""Of the film; of longer episodes every second, third, ... step is shown."""

SEEDS_APART = 1009
"""Between the seeds of one step's draws and the next one's."""

FORMS = (".gif", ".html")
OFFLINE = "Learned from recorded episodes alone: this policy was never trained in the environment"


@listened
def play(
    bundle: Model | Path | str,
    environment: str,
    *,
    episodes: int = 20,
    return_to_go: float | None = None,
    temperature: float | None = None,
    seed: int = 0,
    out: Path | str | None = None,
    force: bool = False,
    progress: Progress | bool | None = None,
) -> dict[str, Any]:
    """Let a policy act in an environment of gymnasium, and return what it reached.

    >>> plait.play("policy.plait", "CartPole-v1", episodes=20, out="play.gif")   # doctest: +SKIP

    The values of an observation go to the policy's columns in the order of the table that it was
    learned from.

    Args:
        bundle: A bundle of a policy (see `plait.fit`, ``reward``), or its model.
        environment: By the name under which gymnasium knows it.
        episodes: So many; the first begins as `seed` says, the next as the number after it.
        return_to_go: The return that is wanted; default a high one of training.
        temperature: 0 (None) does what is likeliest; 1 draws.
        seed: Of the environment and of draws.
        out: ``.gif``: a film of the first episode; ``.html``: a page with it and all returns.
        force: Whether a file at `out` is replaced.
        progress: As for `plait.fit`.

    Returns:
        ``environment``, ``episodes``, ``returns`` and ``steps`` of each, ``mean``, its 95 %
        ``interval`` (Student's t; none of fewer than two), ``return_to_go``, ``best_recorded``: the
        return that a tenth of training's episodes exceeded, ``median_recorded``, ``trained_online``
        (False), ``out`` and ``notes``.

    Raises:
        TargetError: The bundle holds no policy.
        UsageError: The environment is unknown, or its observations or actions are not the policy's.
        ExtraError: gymnasium is not installed.
    """
    model = bundle if isinstance(bundle, Model) else load(bundle)
    policy = _policy(model)
    place = _check(out, bundle, episodes, force=force)
    wanted, asked = policy.wanted(return_to_go), asked_of(model, temperature, seed, None)
    runs = [
        _Run(policy, environment, seed + number, wanted, drawn=place is not None and not number)
        for number in range(episodes)
    ]
    try:
        _to_the_end(model, policy, runs, asked or Asked(seed=seed), heard(progress))
    finally:
        for run in runs:
            run.env.close()
    found = _told(policy, environment, runs, wanted)
    if place is not None and out is not None:
        _write(place, Path(out), found, runs[0].frames)
    return found | {"out": None if out is None else str(out)}


class _Run:
    """One episode: its environment, and what the policy has seen and done in it."""

    def __init__(
        self, policy: Policy, environment: str, seed: int, wanted: float, *, drawn: bool
    ) -> None:
        self.plan, self.name, self.drawn = policy.plan, environment, drawn
        self.env = open_environment(environment, drawn=drawn)
        self.senses = Senses(self.plan, self.env.observation_space, environment)
        self.hands = Hands(self.plan.space, self.env.action_space, environment)
        self.states, self.to_go = list[np.ndarray](), [wanted]
        self.actions, self.frames = list[Action](), list[np.ndarray]()
        self.total, self.num_steps, self.done = 0.0, 0, False
        self.cells: dict[str, Cell] = {}
        self._see(self.env.reset(seed=seed)[0])

    def trajectory(self) -> Trajectory:
        """Return the last steps, as far as the policy looks back."""
        num = self.plan.lookback
        return Trajectory(
            self.plan.numbers,
            np.array(self.states[-num:], np.float32).reshape(-1, len(self.plan.numbers)),
            np.array(self.to_go[-num:]),
            tuple(self.actions[-num + 1 :] if num > 1 else ()),
            max(self.num_steps + 1 - num, 0),
        )

    def act(self, action: Action) -> None:
        """Do it, and see what comes of it."""
        observation, reward, ended, cut, _ = self.env.step(self.hands.action(action))
        self.actions.append(action)
        self.total += float(reward)
        self.num_steps += 1
        self.to_go.append(self.to_go[-1] - float(reward))
        self.done = bool(ended or cut or self.num_steps >= MOST_STEPS)
        self._see(observation)

    def _see(self, observation: Any) -> None:
        self.cells = self.senses.cells(observation)
        self.states.append(self.senses.numbers(self.cells))
        if self.drawn:
            self.frames.append(picture_of(self.env, self.name))


def _to_the_end(
    model: Model, policy: Policy, runs: list[_Run], asked: Asked, progress: Progress
) -> None:
    """Let all episodes go on side by side until the last one is over; each step draws anew."""
    most = getattr(runs[0].env.spec, "max_episode_steps", None) or MOST_STEPS
    update, left, step = progress.task("playing", most), runs, 0
    while left:
        states = {name: [run.cells[name] for run in left] for name in policy.plan.states}
        drawn = replace(asked, seed=asked.seed + SEEDS_APART * step)
        decided = policy.decide(model, [run.trajectory() for run in left], states, drawn)
        for run, action in zip(left, decided, strict=True):
            run.act(action)
        left, step = [run for run in left if not run.done], step + 1
        update(step if left else most, f"{len(runs) - len(left)} of {len(runs)} episodes over")


def _told(policy: Policy, environment: str, runs: list[_Run], wanted: float) -> dict[str, Any]:
    returns = np.array([run.total for run in runs])
    mean, interval = float(returns.mean()), None
    if len(returns) > 1:
        half = student_quantile(0.5 + LEVEL / 2, len(returns) - 1) * standard_error(returns)
        interval = [mean - half, mean + half]
    return {
        "environment": environment,
        "episodes": len(runs),
        "returns": returns.tolist(),
        "steps": [run.num_steps for run in runs],
        "mean": mean,
        "interval": interval,
        "return_to_go": wanted,
        "median_recorded": float(np.quantile(policy.plan.returns, 0.5)),
        "best_recorded": float(np.quantile(policy.plan.returns, 0.9)),
        "trained_online": False,
        "notes": [OFFLINE],
    }


def _policy(model: Model) -> Policy:
    if model.policy is None:
        raise TargetError(
            "the bundle holds no policy",
            expected="one that was fitted to actions, by episodes with rewards",
            received="a shared space" if model.target is None else f"a model of '{model.target}'",
            hint="plait fit episodes.csv --target action --group episode --time step",
        )
    return model.policy


def _check(
    out: Path | str | None, bundle: Model | Path | str, episodes: int, *, force: bool
) -> Path | None:
    if not 1 <= episodes <= MOST_EPISODES:
        raise UsageError(
            "so many episodes cannot be played",
            expected=f"1 to {MOST_EPISODES:,}",
            received=str(episodes),
        )
    if out is None:
        return None
    if Path(out).suffix.lower() not in FORMS:
        raise UsageError(
            "a film has another ending",
            expected=" or ".join(FORMS),
            received=Path(out).suffix or Path(out).name,
        )
    return check_output(out, None if isinstance(bundle, Model) else bundle, force=force)


def _write(place: Path, out: Path, found: Mapping[str, Any], frames: list[np.ndarray]) -> None:
    film = film_of(frames)
    if out.suffix.lower() == ".html":
        write_text(place, render_playing(found, film))
        return
    with write_whole(place) as temporary:
        temporary.write_bytes(film)


def film_of(frames: list[np.ndarray]) -> bytes:
    """Return pictures, uint8 ``[height, width, 3]``, as a GIF that goes round and round."""
    import io

    from PIL import Image

    shown = frames[:: max(1, -(-len(frames) // MOST_FRAMES))]
    pictures = [Image.fromarray(one) for one in shown]
    scale = min(1.0, FRAME_WIDTH / pictures[0].width)
    size = (round(pictures[0].width * scale), round(pictures[0].height * scale))
    small = [one.resize(size).convert("P", palette=Image.Palette.ADAPTIVE) for one in pictures]
    buffer = io.BytesIO()
    small[0].save(
        buffer, format="GIF", save_all=True, append_images=small[1:], duration=FRAME_MS, loop=0
    )
    return buffer.getvalue()
