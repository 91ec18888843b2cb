"""Standard MIDI files: read with limits, and written, by mido."""

from __future__ import annotations

import io
import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from plait.errors import CellError, ExtraError, LimitError
from plait.modalities.limits import LIMITS
from plait.modalities.music.tune import (
    DRUMS,
    LENGTH,
    MODES,
    MOST_STEPS,
    ONSET,
    PITCH,
    PROGRAM,
    STEPS,
    VELOCITY,
    Tune,
    bar_steps,
    check_metre,
    made_tune,
    metre_of,
)

MOST_BYTES, MOST_TRACKS, MOST_EVENTS = 8 * 2**20, 256, 200_000
DRUM_CHANNEL = 9
_MAJOR = ("Cb", "Gb", "Db", "Ab", "Eb", "Bb", "F", "C", "G", "D", "A", "E", "B", "F#", "C#")
_MINOR = ("Ab", "Eb", "Bb", "F", "C", "G", "D", "A", "E", "B", "F#", "C#", "G#", "D#", "A#")
_TOLD = re.compile(r"(M:none|K:-?[0-7] (?:maj|min|dor|phr|lyd|mix|loc))")
"""Texts at the start of a file that tell what MIDI has no event for."""


def mido() -> Any:
    """Return the library. Raises `ExtraError` where it is not installed."""
    try:
        import mido as found
    except ImportError:
        raise ExtraError(
            "music", "reading and writing MIDI", otherwise="use tunes of ABC text"
        ) from None
    return found


def read_midi(data: bytes) -> Tune:
    """Return the tune of a MIDI file: all its tracks and channels, on the grid of `Tune`.

    A file that tells no metre is in 4/4, as the format has it. Key and tempo are those at the
    start; a note that is not ended lasts to the end.

    Raises:
        CellError: Not a whole MIDI file.
        LimitError: More bytes, tracks, events or seconds than the limits allow.
        ExtraError: mido is not installed.
    """
    _check("bytes", len(data), MOST_BYTES)
    library = mido()
    try:
        file = library.MidiFile(file=io.BytesIO(data), clip=True)
        _check("tracks", len(file.tracks), MOST_TRACKS)
        _check("events", sum(map(len, file.tracks)), MOST_EVENTS)
    except LimitError:
        raise
    except Exception as error:  # mido raises what its parser stumbles over
        raise CellError(
            "the MIDI file cannot be read",
            expected="a whole standard MIDI file",
            received=str(error) or type(error).__name__,
        ) from None
    if file.type == 2 or file.ticks_per_beat <= 0:
        raise CellError(
            "this form of MIDI file is not read",
            expected="type 0 or 1, with ticks to the quarter",
            received=f"type {file.type}, {file.ticks_per_beat} ticks",
        )
    return _read(file)


def _read(file: Any) -> Tune:
    rows: list[tuple[int, int, int, int, int]] = []
    open_notes = defaultdict[tuple[int, int], list[tuple[int, int, int]]](list)
    programs, last = dict[int, int](), 0
    metres, key, tempo, told = list[tuple[int, int, int]](), None, None, list[str]()
    for tick, message in _in_time(file):
        last = round(tick * STEPS / file.ticks_per_beat)
        if last > MOST_STEPS:
            raise LimitError(
                "the MIDI file is too long", expected=f"{MOST_STEPS // STEPS} quarters"
            )
        if message.type == "program_change":
            programs[message.channel] = message.program
        elif message.type == "note_on" and message.velocity:
            played = programs.get(message.channel, 0)
            program = DRUMS if message.channel == DRUM_CHANNEL else played
            open_notes[message.channel, message.note].append((last, message.velocity, program))
        elif message.type in ("note_on", "note_off"):
            if begun := open_notes[message.channel, message.note]:
                onset, velocity, program = begun.pop(0)
                rows.append((onset, last - onset, message.note, velocity, program))
        elif message.type == "time_signature":
            metres.append((last, message.numerator, message.denominator))
        elif message.type == "key_signature":
            key = key or _key_of(message.key)
        elif message.type == "set_tempo":
            tempo = tempo or 60e6 / max(message.tempo, 1)
        elif message.type == "text" and not last and _TOLD.fullmatch(message.text):
            told.append(message.text)
    for (_, note), begun in open_notes.items():
        rows += [(onset, last - onset, note, velocity, prog) for onset, velocity, prog in begun]
    key = next((_told_key(text) for text in told if text.startswith("K:")), key)
    tune = made_tune(rows, [] if "M:none" in told else _counted(metres), key, tempo)
    if tune.seconds > LIMITS.num_seconds:
        raise LimitError(
            "the tune is too long",
            expected=f"at most {LIMITS.num_seconds:.0f} seconds",
            received=f"{tune.seconds:.0f} seconds",
            hint="cut it into pieces",
        )
    return tune


def _in_time(file: Any) -> Iterator[tuple[int, Any]]:
    """Give the messages of all tracks with their ticks, what ends a note before all others."""
    found: list[tuple[int, bool, int, Any]] = []
    for track in file.tracks:
        tick = 0
        for message in track:
            tick += message.time
            ends = message.type == "note_off" or (
                message.type == "note_on" and not message.velocity
            )
            found.append((tick, not ends, len(found), message))
    for tick, _, _, message in sorted(found, key=lambda one: one[:3]):
        yield tick, message


def _counted(told: list[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    """Return metres that change at bar lines: a bar that is cut short is of a metre of its own."""
    found = [(0, 4, 4)]
    for at, beats, unit in told:
        check_metre(beats, unit)
        start, *now = found[-1]
        rest = (at - start) % bar_steps(*now)
        if rest:
            if at - rest == start:
                found.pop()
            found.append((at - rest, *metre_of(rest, now[1])))
        if found and found[-1][0] == at:
            found.pop()
        found.append((at, beats, unit))
    return found


def _key_of(name: str) -> tuple[int, str]:
    minor = name.endswith("m")
    names = _MINOR if minor else _MAJOR
    return names.index(name.removesuffix("m")) - 7, "min" if minor else "maj"


def _told_key(text: str) -> tuple[int, str]:
    sharps, mode = text.removeprefix("K:").split()
    return int(sharps), mode


def write_midi(tune: Tune) -> bytes:
    """Return a tune as a General MIDI file of type 1, which `read_midi` reads as the same tune.

    A first track of metre, key and tempo, then one for each program. The seven modes and a free
    metre, for which MIDI has no event, are told in texts as well. Raises `ExtraError`.
    """
    library = mido()
    file = library.MidiFile(type=1, ticks_per_beat=STEPS * 20)
    file.tracks.append(_track(_conductor(tune)))
    programs = sorted({int(program) for program in tune.notes[:, PROGRAM]})
    channels = [channel for channel in range(16) if channel != DRUM_CHANNEL]
    for place, program in enumerate(programs):
        channel = DRUM_CHANNEL if program == DRUMS else channels[place % len(channels)]
        timed: list[tuple[int, int, Any]] = []
        for note in tune.notes[tune.notes[:, PROGRAM] == program].tolist():
            at, until = note[ONSET], note[ONSET] + note[LENGTH]
            told = {"note": note[PITCH], "channel": channel}
            if program != DRUMS:
                change = library.Message("program_change", program=program, channel=channel)
                timed.append((at, 1, change))
            timed.append((at, 2, library.Message("note_on", velocity=note[VELOCITY], **told)))
            timed.append((until, 0, library.Message("note_off", velocity=0, **told)))
        file.tracks.append(_track(_once(timed, shared=len(programs) > len(channels))))
    buffer = io.BytesIO()
    file.save(file=buffer)
    return buffer.getvalue()


def _once(timed: list[tuple[int, int, Any]], *, shared: bool) -> list[tuple[int, int, Any]]:
    """Return messages with one change of program in front, unless the channel is shared."""
    if shared:
        return timed
    changes = [one for one in timed if one[1] == 1]
    rest = [one for one in timed if one[1] != 1]
    return [(0, 1, one[2]) for one in changes[:1]] + rest


def _conductor(tune: Tune) -> list[tuple[int, int, Any]]:
    meta = mido().MetaMessage
    found: list[tuple[int, int, Any]] = [
        (at, 0, meta("time_signature", numerator=beats, denominator=unit))
        for at, beats, unit in tune.metres
    ]
    if tune.tempo is not None:
        found.append((0, 1, meta("set_tempo", tempo=round(60e6 / tune.tempo))))
    if not tune.metres:
        found.append((0, 1, meta("text", text="M:none")))
    if tune.key is not None:
        sharps, mode = tune.key
        name = _MINOR[sharps + 7] + "m" if mode == "min" else _MAJOR[sharps + 7]
        found.append((0, 1, meta("key_signature", key=name)))
        if mode not in MODES[:2]:
            found.append((0, 1, meta("text", text=f"K:{sharps} {mode}")))
    return found


def _track(timed: list[tuple[int, int, Any]]) -> Any:
    """Return messages at steps as a track of time between messages, in ticks."""
    track, now = mido().MidiTrack(), 0
    for at, _, message in sorted(timed, key=lambda one: one[:2]):
        track.append(message.copy(time=(at - now) * 20))
        now = at
    return track


def _check(what: str, num: int, most: int) -> None:
    if num > most:
        raise LimitError(
            f"the MIDI file has too many {what}",
            expected=f"at most {most:,}",
            received=f"{num:,}",
            hint="cut it into pieces",
        )
