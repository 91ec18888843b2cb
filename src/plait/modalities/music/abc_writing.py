"""Writes a tune as ABC text, in one voice: notes that sound together as chords."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from plait.modalities.music.tune import LENGTH, ONSET, PITCH, Tune, tonic_class

UNIT = 12
"""Steps of ``L:1/8``."""

BARS_A_LINE = 4
_NAMES = "CDEFGAB"
_CLASSES = (0, 2, 4, 5, 7, 9, 11)
_MODE_WORDS = {"maj": "", "min": "m", "dor": "Dor", "phr": "Phr", "lyd": "Lyd", "mix": "Mix",
               "loc": "Loc"}  # fmt: skip
_SIGNS = {-2: "__", -1: "_", 0: "=", 1: "^", 2: "^^"}


def write_abc(tune: Tune, *, number: int = 1, title: str = "") -> str:
    """Return a tune as ABC text, which `read_abc` reads as the same notes, metre, key and tempo.

    What sounds together without beginning together is written in slices that are tied. Loudness and
    programs are left out: ABC has no notes of them.
    """
    metre = f"{tune.metres[0][1]}/{tune.metres[0][2]}" if tune.metres else "none"
    head = [f"X:{number}", f"T:{title}", f"M:{metre}", "L:1/8"]
    if tune.tempo is not None:
        head.append(f"Q:1/4={tune.tempo}")
    head.append(f"K:{key_name(tune.key)}")
    bars = list(_bars(tune))
    lines = [" ".join(bars[i : i + BARS_A_LINE]) for i in range(0, len(bars), BARS_A_LINE)]
    return "\n".join([*head, *lines, ""])


def key_name(key: tuple[int, str] | None) -> str:
    """Return a key as ABC names it.

    >>> key_name((2, "maj")), key_name((-3, "min")), key_name((0, "dor")), key_name(None)
    ('D', 'Cm', 'DDor', 'none')
    """
    if key is None:
        return "none"
    sharps, mode = key
    letter, sign = _tonic_name(sharps, mode)
    return letter + {1: "#", -1: "b", 0: ""}[sign] + _MODE_WORDS[mode]


def _tonic_name(sharps: int, mode: str) -> tuple[str, int]:
    """Return letter and sign of a tonic: the degree of the key's scale that it is."""
    signs = _signature(sharps)
    tonic = tonic_class((sharps, mode))
    for letter, base in zip(_NAMES, _CLASSES, strict=True):
        if (base + signs[letter]) % 12 == tonic:
            return letter, signs[letter]
    raise ValueError(f"no degree of {sharps} sharps is the tonic of {mode}")


def _signature(sharps: int) -> dict[str, int]:
    order = "FCGDAEB" if sharps > 0 else "BEADGCF"
    return {name: (1 if sharps > 0 else -1) * (name in order[: abs(sharps)]) for name in _NAMES}


def _bars(tune: Tune) -> Iterator[str]:
    """Give each bar as text with its bar line."""
    if not len(tune):
        yield "z8 |]"
        return
    signs = _signature(tune.key[0] if tune.key else 0)
    bars: list[tuple[int, int, tuple[int, int] | None]] = [*tune.bars()]
    bars = bars or [(0, tune.end, None)]
    metre = bars[0][2]
    for place, (start, length, own) in enumerate(bars):
        end = start + length if place + 1 < len(bars) else max(tune.end, start)
        begin = int(tune.notes[0, ONSET]) if place == 0 else start
        field = f"[M:{own[0]}/{own[1]}]" if own and own != metre else ""
        metre = own
        yield field + _slices(tune, begin, end, signs) + (" |" if place + 1 < len(bars) else " |]")


def _slices(tune: Tune, begin: int, end: int, signs: dict[str, int]) -> str:
    onsets, ends = tune.notes[:, ONSET], tune.notes[:, ONSET] + tune.notes[:, LENGTH]
    inside = {int(t) for t in (*onsets, *ends) if begin < t < end}
    edges = [begin, *sorted(inside), end]
    shown, found = dict[tuple[str, int], int](), []
    for at, until in zip(edges, edges[1:], strict=False):
        places = ((onsets <= at) & (ends > at)).nonzero()[0]
        length = _length(until - at)
        if not len(places):
            found.append(f"z{length}")
            continue
        notes = {
            int(tune.notes[place, PITCH]): "-" if ends[place] > until else "" for place in places
        }
        names = [_name(pitch, signs, shown) for pitch in notes]
        if len(names) == 1:
            found.append(f"{names[0]}{length}{notes.popitem()[1]}")
        else:
            ties = zip(names, notes.values(), strict=True)
            found.append(f"[{''.join(name + tie for name, tie in ties)}]{length}")
    return " ".join(found)


def _length(steps: int) -> str:
    share = Fraction(steps, UNIT)
    whole = "" if share.numerator == 1 else str(share.numerator)
    return whole if share.denominator == 1 else f"{whole}/{share.denominator}"


def _name(pitch: int, signs: dict[str, int], shown: dict[tuple[str, int], int]) -> str:
    """Return a pitch as ABC names it in a key, with a sign where the bar has not told it."""
    name, alter = _spelled(pitch, signs)
    octave = (pitch - alter - _CLASSES[_NAMES.index(name)]) // 12 - 5
    told = shown.get((name, octave), signs[name])
    shown[name, octave] = alter
    letter = name.lower() + "'" * (octave - 1) if octave > 0 else name + "," * -octave
    return ("" if told == alter else _SIGNS[alter]) + letter


def _spelled(pitch: int, signs: dict[str, int]) -> tuple[str, int]:
    """Return letter and sign: as the key has it, else a natural, a sharp or a flat as the key."""
    flat = min(signs.values()) < 0
    choices = [(name, signs[name]) for name in _NAMES]
    choices += [(name, 0) for name in _NAMES]
    choices += [(name, -1 if flat else 1) for name in _NAMES]
    return next(
        (name, alter)
        for name, alter in choices
        if (_CLASSES[_NAMES.index(name)] + alter - pitch) % 12 == 0
    )
