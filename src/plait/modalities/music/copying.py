"""How much of tunes that were made is copied: runs of notes that training tunes have."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from plait.modalities.music.tune import LENGTH, PITCH, Tune
from plait.types import Html

RUN = 8
"""Notes in a row, by their steps and lengths in whatever key, that count as copied together."""


def runs_of(tune: Tune) -> list[bytes]:
    """Return each run of 8 notes; none of a shorter tune."""
    steps, lengths = np.diff(tune.notes[:, PITCH]), tune.notes[1:, LENGTH]
    notes = np.stack([steps, lengths], 1).astype(np.int16)
    return [notes[i : i + RUN - 1].tobytes() for i in range(len(notes) - RUN + 2)]


def known_runs(learned: Iterable[Tune]) -> set[bytes]:
    """Return the runs of training tunes."""
    return {run for tune in learned for run in runs_of(tune)}


def copied_share(made: Iterable[Tune], known: set[bytes]) -> float:
    """Return the share of runs that are known; 0 where there is none."""
    found = [run in known for tune in made for run in runs_of(tune)]
    return float(np.mean(found)) if found else 0.0


def copied_note(said: Sequence[Tune], true: Sequence[Tune], learned: Sequence[Tune]) -> Html:
    """Say how much is copied, beside how much tunes that nobody learned from have in common with
    the same training tunes."""
    known = known_runs(learned)
    made, held = copied_share(said, known), copied_share(true, known)
    return (
        f"<p>Of {RUN} notes in a row, {made:.1%} of those made are in one of {len(learned):,} "
        f"training tunes; of those of the true tunes, {held:.1%}.</p>"
    )
