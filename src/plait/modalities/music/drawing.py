"""Draws a tune as a piano roll, with a player beside it."""

from __future__ import annotations

import base64
import html

import numpy as np

from plait.modalities.audio.wave import encode_small
from plait.modalities.music.abc_writing import key_name
from plait.modalities.music.synthesiser import RATE_HZ, rendered
from plait.modalities.music.tune import ONSET, PITCH, STEPS, Tune
from plait.types import Html

SHOWN_SECONDS, SHOWN_STEPS = 12.0, 64 * STEPS
HEIGHT, STEP_PX = 96, 0.42
COLOURS = ("#2563a6", "#b4532a", "#3f7d3a", "#7a4fa0", "#8a6d1f", "#a03a5f")


def shown_tune(tune: Tune) -> Html:
    """Return the first 64 quarters as an SVG, a player of the first 12 seconds, and a caption."""
    if not len(tune):
        return '<figure class="tune"><figcaption>no notes</figcaption></figure>'
    kind, data = encode_small(rendered(tune, most_seconds=SHOWN_SECONDS), RATE_HZ)
    sound = base64.b64encode(data).decode()
    said = html.escape(described(tune))
    return (
        f'<figure class="tune">{_roll(tune, said)}'
        f'<audio controls preload="none" aria-label="sound of {said}" '
        f'src="data:audio/{kind};base64,{sound}"></audio>'
        f"<figcaption>{said}</figcaption></figure>"
    )


def described(tune: Tune) -> str:
    """Return metre, key and size of a tune in words."""
    metre = f"{tune.metres[0][1]}/{tune.metres[0][2]}" if tune.metres else "free metre"
    if len(tune.metres) > 1:
        metre += " and others"
    parts = [metre, *([key_name(tune.key)] if tune.key else []), f"{len(tune)} notes"]
    if tune.metres:
        num = sum(1 for _ in tune.bars())
        parts.append(f"{num} bar{'' if num == 1 else 's'}")
    return ", ".join([*parts, f"{tune.seconds:.0f} s"])


def _roll(tune: Tune, said: str) -> Html:
    end = min(tune.end, SHOWN_STEPS)
    notes = tune.notes[tune.notes[:, ONSET] < end]
    low, high = int(notes[:, PITCH].min()) - 1, int(notes[:, PITCH].max()) + 1
    width, row = round(end * STEP_PX) + 1, HEIGHT / (high - low + 1)
    programs = sorted(set(notes[:, -1].tolist()))
    lines = [
        f'<path d="M{start * STEP_PX:.1f} 0V{HEIGHT}" stroke="#bbb" stroke-width=".5"/>'
        for start, _, _ in tune.bars()
        if start < end
    ]
    boxes = [
        f'<rect x="{onset * STEP_PX:.1f}" y="{(high - pitch) * row:.1f}" '
        f'width="{max(min(steps, end - onset) * STEP_PX - 0.6, 0.8):.1f}" height="{row:.1f}" '
        f'fill="{COLOURS[programs.index(program) % len(COLOURS)]}" '
        f'opacity="{np.clip(0.4 + velocity / 127, 0.4, 1.0):.2f}"/>'
        for onset, steps, pitch, velocity, program in notes.tolist()
    ]
    return (
        f'<svg role="img" aria-label="piano roll of {said}" width="{width}" height="{HEIGHT}" '
        f'viewBox="0 0 {width} {HEIGHT}"><rect width="{width}" height="{HEIGHT}" fill="#f7f7f4"/>'
        f"{''.join(lines)}{''.join(boxes)}</svg>"
    )
