"""What a report shows of many tunes at once: what they are made of, beside the true ones."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from plait.modalities.music.features import MOST_LEAP, histograms
from plait.modalities.music.scoring import held_bars
from plait.modalities.music.tune import Tune
from plait.types import Html

DEGREES = ("1", "b2", "2", "b3", "3", "4", "#4", "5", "b6", "6", "b7", "7")
WIDTH, HEIGHT = 360, 90


def panel_of(said: Sequence[Tune], true: Sequence[Tune]) -> Html:
    """Return how often pitches (from the tonic) and steps occur in what was made and in the truth,
    as two pictures of pairs of bars, and how many bars hold their metre."""
    if not len(said):
        return ""
    one, other = (
        {name: np.mean([histograms(tune)[name] for tune in tunes], axis=0)
         for name in ("pitches", "steps")}
        for tunes in (said, true)
    )  # fmt: skip
    leaps = [str(leap) for leap in range(-MOST_LEAP, MOST_LEAP + 1)]
    pictures = _pairs("pitches from the tonic", one["pitches"], other["pitches"], DEGREES)
    pictures += _pairs("steps in semitones", one["steps"], other["steps"], leaps)
    held, num, true_held, true_num = np.sum(
        [(*held_bars(a), *held_bars(b)) for a, b in zip(said, true, strict=True)], axis=0
    )
    text = "There are no bars between a first and a last one."
    if num:
        text = f"{held / num:.1%} of {num:,} bars made are filled to their line"
        text += f"; of true ones, {true_held / true_num:.1%}." if true_num else "."
    return (
        f'<div class="tunes">{pictures}<p>{text} Blue is what was made, grey the truth.</p></div>'
    )


def _pairs(title: str, said: np.ndarray, true: np.ndarray, names: Sequence[str]) -> Html:
    step, top = WIDTH / len(names), max(float(said.max()), float(true.max()), 1e-9)
    parts = []
    for place, name in enumerate(names):
        for values, shift, colour in ((true, 0.1, "#b5b5ae"), (said, 0.5, "#2563a6")):
            tall = HEIGHT * float(values[place]) / top
            parts.append(
                f'<rect x="{(place + shift) * step:.1f}" y="{HEIGHT - tall:.1f}" '
                f'width="{0.4 * step:.1f}" height="{tall:.1f}" fill="{colour}"/>'
            )
        parts.append(
            f'<text x="{(place + 0.5) * step:.1f}" y="{HEIGHT + 10}" font-size="8" '
            f'text-anchor="middle">{name}</text>'
        )
    return (
        f'<figure><svg role="img" aria-label="{title}" width="{WIDTH}" height="{HEIGHT + 14}" '
        f'viewBox="0 0 {WIDTH} {HEIGHT + 14}">{"".join(parts)}</svg>'
        f"<figcaption>{title}</figcaption></figure>"
    )
