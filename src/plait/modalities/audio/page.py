"""Sounds on a page: a player and a spectrogram of one, and made ones beside learned ones."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence

import numpy as np
from PIL import Image

from plait.modalities.audio.scoring import point_of
from plait.modalities.audio.spectrum import log_mel
from plait.modalities.audio.wave import encode_small
from plait.modalities.drawn_sets import copied
from plait.spacing import evenly_spaced
from plait.types import Html

MAX_SHOWN_SECONDS = 8.0
NUM_SHOWN = 12
"""Made sounds beside learned ones."""


def shown(raw: np.ndarray, *, rate_hz: int, num_mels: int) -> Html:
    """Return a player and the spectrogram of the first 8 seconds of a sound."""
    wave = raw[: int(MAX_SHOWN_SECONDS * rate_hz)]
    kind, data = encode_small(wave, rate_hz)
    sound = base64.b64encode(data).decode()
    mel = log_mel(wave, rate_hz=rate_hz, num_mels=num_mels)
    picture = base64.b64encode(heat_map(mel)).decode()
    length = len(raw) / rate_hz
    said = f"{length:.1f} s" + (f", the first {MAX_SHOWN_SECONDS:g}" * (len(wave) < len(raw)))
    return (
        '<figure class="sound">'
        f'<img alt="spectrogram of {said}" src="data:image/png;base64,{picture}">'
        f'<audio controls preload="none" aria-label="sound of {said}" '
        f'src="data:audio/{kind};base64,{sound}"></audio>'
        f"<figcaption>{said}</figcaption></figure>"
    )


def heat_map(mel: np.ndarray) -> bytes:
    """Return a spectrogram as a PNG file, low frequencies below, dark to light."""
    low, high = float(mel.min()), float(mel.max())
    # Silence has no contrast to stretch: it is drawn as the evenly dark picture that it is.
    level = (mel.T[::-1] - low) / max(high - low, 1.0)
    colours = np.stack([level**0.6, level**1.5 * 0.9, 0.35 + 0.3 * level - 0.4 * level**3], -1)
    picture = Image.fromarray((np.clip(colours, 0, 1) * 255).astype(np.uint8))
    buffer = io.BytesIO()
    picture.resize((max(80, min(240, mel.shape[0])), 64)).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def lengths_panel(said: Sequence[np.ndarray], true: Sequence[np.ndarray], rate_hz: int) -> Html:
    """Return how sounds are made, and how long they are; "" of none."""
    if not said:
        return ""
    made, real = (sum(map(len, some)) / len(some) / rate_hz for some in (said, true))
    return (
        f"<p>Sounds are made at {rate_hz:,} Hz, of one channel; they take {made:.2f} s on average, "
        f"where true ones take {real:.2f} s.</p>"
    )


def learned_panel(
    said: Sequence[np.ndarray],
    true: Sequence[np.ndarray],
    learned: Sequence[np.ndarray],
    *,
    rate_hz: int,
    num_mels: int,
) -> Html:
    """Return made sounds, each beside the nearest that was learned from, and say how many are
    nearer to theirs than true ones of rows held out are to theirs; "" of none."""
    if not said or not learned:
        return ""
    points = (np.stack([point_of(raw, rate_hz) for raw in some]) for some in (said, true, learned))
    told = copied(*points)
    some = evenly_spaced(len(said), NUM_SHOWN)
    rows = "".join(
        "<tr>"
        + "".join(
            f"<td>{shown(raw, rate_hz=rate_hz, num_mels=num_mels)}</td>"
            for raw in (said[place], learned[int(told.nearest[place])])
        )
        + "</tr>"
        for place in some.tolist()
    )
    share, usual = 100 * told.rate, 100 * told.usual
    return (
        "<h3>Copied or new</h3>"
        f"<p>Each made sound, and the nearest of {len(learned):,} training sounds. {share:.1f} % "
        "are nearer to theirs than nine of ten true sounds of rows held out are to theirs; of "
        f"true ones it is {usual:.1f} %.</p>"
        "<table><thead><tr><th>made</th><th>nearest that was learned from</th></tr></thead>"
        f"<tbody>{rows}</tbody></table>"
    )
