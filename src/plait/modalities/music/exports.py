"""Tunes written in other forms than MIDI: a book of ABC, and sounds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from plait.modalities.audio.wave import encode_wav
from plait.modalities.music.abc_writing import write_abc
from plait.modalities.music.synthesiser import RATE_HZ, rendered
from plait.modalities.music.tune import Tune

EXPORTS: Mapping[str, str] = {"abc": ".abc", "wav": ""}
"""Form -> ending of its one file; "" for a folder of files."""


def exported(form: str, raws: Sequence[Tune | None], names: Sequence[str]) -> dict[str, bytes]:
    """Return file name -> content; of a form of one file the name is "".

    Args:
        form: Of `EXPORTS`.
        raws: A tune of each row; None where there is none, which is left out.
        names: Of the rows: titles in ABC.
    """
    told = [
        (number, raw, name)
        for number, (raw, name) in enumerate(zip(raws, names, strict=True))
        if raw is not None
    ]
    if form == "abc":
        tunes = [
            write_abc(raw, number=number + 1, title=name.replace("\n", " "))
            for number, raw, name in told
        ]
        return {"": "\n".join(tunes).encode()}
    return {f"{number:06d}.wav": encode_wav(rendered(raw), RATE_HZ) for number, raw, _ in told}
