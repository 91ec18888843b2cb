"""Light edits of known values: what a copy of a picture, sound, text or series may look like."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from PIL import Image

Edit = Callable[[Any, np.random.Generator], Any]


def picture_edits() -> Mapping[str, Edit]:
    """Re-encoded, scaled by .7 to 1.5, up to 4 % cut off each side, brighter; all of it at once."""
    alone: dict[str, Edit] = {
        "cropped": _cropped,
        "scaled": _rescaled,
        "brighter": _brighter,
        "jpeg": _as_jpeg,
    }
    return {**alone, "all": lambda raw, rng: _chain(alone, raw, rng)}


def sound_edits(rate_hz: int) -> Mapping[str, Edit]:
    """Another level, later, ends cut by up to 3 %, noise at -34 dB, Ogg Vorbis, MP3; several."""

    def later(raw: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        before, after = rng.integers(0, rate_hz // 4, 2)
        return np.pad(raw, (int(before), int(after)))

    def cut(raw: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        first, last = (int(len(raw) * share) for share in rng.uniform(0, 0.03, 2))
        return raw[first : len(raw) - last]

    def gained(raw: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        return np.clip(raw * rng.uniform(0.3, 1.5), -1, 1).astype(np.float32)

    def noisy(raw: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        return (raw + rng.normal(0, 0.02 * raw.std(), len(raw))).astype(np.float32)

    alone: dict[str, Edit] = {
        "level": gained,
        "cut": cut,
        "later": later,
        "noise": noisy,
        "mp3": lambda raw, _: _sound_file(raw, rate_hz, "MP3", None),
        "ogg": lambda raw, _: _sound_file(raw, rate_hz, "OGG", "VORBIS"),
    }
    some = {name: alone[name] for name in ("level", "cut", "later", "ogg")}
    return {**alone, "all": lambda raw, rng: _chain(some, raw, rng)}


def clip_edits() -> Mapping[str, Edit]:
    """Every frame cropped, scaled, brighter and re-encoded alike."""

    def of_frames(edit: Edit) -> Edit:
        def edited(raw: Any, rng: np.random.Generator) -> Any:
            seed = int(rng.integers(2**31))
            frames = [edit(frame, np.random.default_rng(seed)) for frame in raw.frames]
            return replace(raw, frames=np.stack(frames))

        return edited

    return {name: of_frames(edit) for name, edit in picture_edits().items()}


def text_edits() -> Mapping[str, Edit]:
    """Other case, other punctuation and blanks, one typing error."""
    return {
        "case": lambda raw, rng: raw.upper() if rng.random() < 0.5 else raw.lower(),
        "marks": _other_marks,
        "typo": _mistyped,
    }


def series_edits(num_steps: int) -> Mapping[str, Edit]:
    """Rounded to three digits, noise of 1 %, gain within 5 %, ends cut by up to 3 %; resampled.

    Series under 100 steps are not resampled: that is no light edit of so few.
    """
    alone: dict[str, Edit] = {
        "cut": lambda raw, rng: raw[
            int(len(raw) * rng.uniform(0, 0.03)) : len(raw) - int(len(raw) * rng.uniform(0, 0.03))
        ],
        "rounded": lambda raw, _: _rounded(raw),
        "gain": lambda raw, rng: raw * rng.uniform(0.95, 1.05),
        "noise": lambda raw, rng: raw + 0.01 * raw.std(0) * rng.normal(size=raw.shape),
    }
    if num_steps >= 100:
        alone["resampled"] = _resampled
    return {**alone, "all": lambda raw, rng: _chain(alone, raw, rng)}


def molecule_edits() -> Mapping[str, Edit]:
    """The same molecule written from another atom on, in random order."""

    def rewritten(raw: str, rng: np.random.Generator) -> str:
        from rdkit import Chem

        molecule = Chem.MolFromSmiles(raw)
        order = rng.permutation(molecule.GetNumAtoms()).tolist()
        turned = Chem.RenumberAtoms(molecule, order)
        return str(Chem.MolToSmiles(turned, canonical=False))

    return {"rewritten": rewritten}


def vector_edits() -> Mapping[str, Edit]:
    """Noise of 2 %, half precision, two digits."""
    return {
        "noise": lambda raw, rng: raw + 0.02 * raw.std() * rng.normal(size=raw.shape),
        "half": lambda raw, _: raw.astype(np.float16).astype(np.float32),
        "digits": lambda raw, _: raw.round(2),
    }


def _chain(edits: Mapping[str, Edit], raw: Any, rng: np.random.Generator) -> Any:
    for edit in edits.values():
        raw = edit(raw, rng)
    return raw


def _cropped(raw: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    height, width = raw.shape[:2]
    top, bottom = (round(height * share) for share in rng.uniform(0, 0.04, 2))
    left, right = (round(width * share) for share in rng.uniform(0, 0.04, 2))
    return raw[top : height - bottom, left : width - right]


def _rescaled(raw: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    scale = rng.uniform(0.7, 1.5)
    size = max(1, round(raw.shape[1] * scale)), max(1, round(raw.shape[0] * scale))
    return np.array(Image.fromarray(raw).resize(size, Image.Resampling.BICUBIC))


def _brighter(raw: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    gain, offset = rng.uniform(0.85, 1.15), rng.uniform(-15, 15)
    return np.clip(raw * gain + offset, 0, 255).astype(np.uint8)


def _as_jpeg(raw: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    buffer = io.BytesIO()
    Image.fromarray(raw).save(buffer, "JPEG", quality=int(rng.integers(50, 95)))
    return np.array(Image.open(buffer).convert("RGB"))


def _sound_file(raw: np.ndarray, rate_hz: int, kind: str, subtype: str | None) -> np.ndarray:
    import soundfile

    buffer = io.BytesIO()
    soundfile.write(buffer, raw, rate_hz, format=kind, subtype=subtype)
    buffer.seek(0)
    found: np.ndarray = soundfile.read(buffer, dtype="float32")[0]
    return found


def _other_marks(raw: str, rng: np.random.Generator) -> str:
    bare = raw.rstrip(".?! ") + str(rng.choice(["", ".", "!", " ...", "??"]))
    words = bare.split(" ")
    place = int(rng.integers(len(words)))
    words[place] += str(rng.choice(["", ",", " -", "  "]))
    return " ".join(words).replace("'", "\u2019")


def _mistyped(raw: str, rng: np.random.Generator) -> str:
    """Lose, double, swap or replace one letter, wherever it stands."""
    places = [i for i in range(len(raw) - 1) if raw[i].isalpha() and raw[i + 1].isalpha()]
    if not places:
        return raw
    i, kind = int(rng.choice(places)), int(rng.integers(4))
    letter = chr(97 + int(rng.integers(26)))
    return {
        0: raw[:i] + raw[i + 1 :],
        1: raw[:i] + raw[i] + raw[i:],
        2: raw[:i] + raw[i + 1] + raw[i] + raw[i + 2 :],
        3: raw[:i] + letter + raw[i + 1 :],
    }[kind]


def _rounded(raw: np.ndarray) -> np.ndarray:
    return np.array([float(f"{value:.3g}") for value in raw.ravel()]).reshape(raw.shape)


def _resampled(raw: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    old = np.arange(len(raw))
    new = np.linspace(0, len(raw) - 1, int(len(raw) * rng.uniform(0.75, 1.33)))
    return np.stack([np.interp(new, old, column) for column in raw.T], axis=1)
