"""What a search did so far, in Optuna's journal: lines of JSON in a work folder.

Guarantees: whatever stops the process, what was told is found again; nothing of it is a pickle, and
a line that was cut off is left out. Does not guarantee: anything of two processes at once, which
the lock of the work folder keeps apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from plait.errors import ExtraError
from plait.fitting.setup.dimensions import Dimension, Point
from plait.storing import storing
from plait.tuning.space import first_points, in_words, suggest

FILE = "trials.journal"

NAME = "tune"

PLAIN = 0
"""Number of the trial that has the settings of a plain fit."""

MOST_RUNGS = 8
"""Of any plan."""

DONE, FAILED, RUNNING = "done", "failed", "running"


@dataclass(frozen=True)
class Trial:
    """A setting that was tried, or is being.

    Attributes:
        number: From 0.
        point: Its values by dimension; {} for the plain ones.
        state: `DONE`, `FAILED` or `RUNNING`.
    """

    number: int
    point: Point
    state: str


class Journal:
    """A search that can be gone on with.

    Args:
        folder: Where the file lies; this process alone writes there.
        dimensions: That are searched.
        num_objectives: Of each trial, all the lower the better.
        seed: Of what is drawn.
        startup: Trials after which what they told guides the search.

    Raises:
        ExtraError: Without Optuna.
        StorageError: The folder cannot be written.
    """

    def __init__(
        self,
        folder: Path,
        dimensions: Sequence[Dimension],
        *,
        num_objectives: int,
        seed: int,
        startup: int,
    ) -> None:
        self._optuna = _optuna()
        self._dimensions, self._seed, self._startup = tuple(dimensions), seed, startup
        path = folder / FILE
        with storing(path):
            folder.mkdir(parents=True, exist_ok=True)
            _whole_lines(path)
            self._study = self._optuna.create_study(
                storage=_storage(path),
                study_name=NAME,
                directions=["minimize"] * num_objectives,
                load_if_exists=True,
            )
            self._begin()

    def ask(self) -> Trial:
        """Return the next setting to try: one that was being tried when the search was stopped,
        else a new one. The first is the plain one."""
        running = [one for one in self.trials() if one.state == RUNNING]
        if running:
            return running[0]
        self._study.sampler = self._sampler(len(self.trials()))
        trial = self._study.ask()
        return Trial(trial.number, suggest(trial, self._dimensions), RUNNING)

    def tell(self, number: int, values: Sequence[float] | None) -> None:
        """Keep what a trial's objectives are; None for one that failed."""
        failed = self._optuna.trial.TrialState.FAIL
        with storing(NAME):
            if values is None:
                self._study.tell(number, state=failed)
            else:
                self._study.tell(number, list(values))

    def trials(self) -> list[Trial]:
        """Return what was tried so far, in order; what only waits is left out."""
        states = self._optuna.trial.TrialState
        words = {states.COMPLETE: DONE, states.FAIL: FAILED, states.RUNNING: RUNNING}
        return [
            Trial(one.number, dict(one.params), words[one.state])
            for one in self._study.get_trials(deepcopy=False)
            if one.state in words
        ]

    def note(self, name: str, value: Any) -> None:
        """Keep something JSON-ready by name."""
        with storing(NAME):
            self._study.set_user_attr(name, value)

    def noted(self, name: str, default: Any = None) -> Any:
        """Return what was kept by a name."""
        return self._study.user_attrs.get(name, default)

    def _begin(self) -> None:
        """Put the plain trial first, and points to begin with behind it."""
        if not self._study.get_trials(deepcopy=False):
            self._study.ask()
        for point in first_points(self._dimensions, self._startup, self._seed):
            if not self.noted("begun"):
                self._study.enqueue_trial(point, skip_if_exists=True)
        self._study.set_user_attr("begun", True)

    def _sampler(self, number: int) -> Any:
        """Return what draws a trial: the same for its number, however often the search stopped."""
        return self._optuna.samplers.TPESampler(
            seed=self._seed * 10_007 + number, n_startup_trials=self._startup
        )


def key_of(rung: int, number: int) -> str:
    """Return the name by which is kept what a trial told on a rung."""
    return f"rung {rung} trial {number}"


def best_told(folder: Path) -> str:
    """Return in words how many trials a folder has, and which did best. Raises `ExtraError`."""
    path = folder / FILE
    if not path.is_file():
        return "no trials"
    _whole_lines(path)
    study = _optuna().load_study(study_name=NAME, storage=_storage(path))
    found = []
    for trial in study.get_trials(deepcopy=False):
        for rung in range(MOST_RUNGS):
            told = (study.user_attrs.get(key_of(rung, trial.number)) or {}).get("told")
            if told:
                found.append((-rung, told["score"], trial.number, trial.params, told))
    if not found:
        return "no trials"
    num = len({one[2] for one in found})
    *_, params, told = min(found, key=lambda one: one[:3])
    name, value = next(iter(told["metrics"].items()))
    best = f"{in_words(params)} ({name} {value:.3g} on {told['rows']:,} rows held out)"
    return f"{num} {'trial' if num == 1 else 'trials'}, the best so far: {best}"


def _optuna() -> Any:
    """Return Optuna, told to say nothing. Raises `ExtraError`."""
    try:
        import optuna
    except ImportError:
        raise ExtraError("tune", "plait tune") from None
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return optuna


def _storage(path: Path) -> Any:
    from optuna.storages.journal import JournalFileBackend, JournalStorage

    unlocked: Any = _Unlocked()
    return JournalStorage(JournalFileBackend(str(path), unlocked))


class _Unlocked:
    """A lock that locks nothing: the work folder has one already, which no killed process keeps."""

    def acquire(self) -> bool:
        return True

    def release(self) -> None:
        return None


def _whole_lines(path: Path) -> None:
    """Cut off a line that was not written to its end."""
    if not path.is_file():
        return
    with path.open("rb+") as file:
        text = file.read()
        if text and not text.endswith(b"\n"):
            file.truncate(text.rfind(b"\n") + 1)
