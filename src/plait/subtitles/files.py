"""Subtitles as files: SubRip (.srt) and WebVTT (.vtt, W3C 2019)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from plait.subtitles.cues import Cue

ARROW = "-->"
"""Between the times of a cue: no text may hold it."""


def to_srt(cues: Sequence[Cue]) -> str:
    """Return cues as a SubRip file."""
    blocks = []
    for number, cue in enumerate(cues, 1):
        times = f"{_clock(cue.start_ms, ',')} {ARROW} {_clock(cue.end_ms, ',')}"
        lines = [line.replace(ARROW, "→") for line in cue.lines]
        blocks.append("\n".join([str(number), times, *lines]))
    return "\n\n".join(blocks) + ("\n" if blocks else "")


def to_vtt(cues: Sequence[Cue]) -> str:
    """Return cues as a WebVTT file."""
    blocks = ["WEBVTT"]
    for cue in cues:
        times = f"{_clock(cue.start_ms, '.')} {ARROW} {_clock(cue.end_ms, '.')}"
        blocks.append("\n".join([times, *map(_escaped, cue.lines)]))
    return "\n\n".join(blocks) + "\n"


WRITERS: dict[str, Callable[[Sequence[Cue]], str]] = {".srt": to_srt, ".vtt": to_vtt}
"""Ending of a file -> what writes it."""


def _escaped(line: str) -> str:
    return line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _clock(milliseconds: int, mark: str) -> str:
    """Return ``01:02:03,004``.

    >>> _clock(3723004, ",")
    '01:02:03,004'
    """
    seconds, rest = divmod(milliseconds, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds:02}{mark}{rest:03}"
