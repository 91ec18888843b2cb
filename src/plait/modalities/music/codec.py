"""Music: tunes of MIDI files and ABC text, as events of notes in bars; composed as a target."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from plait.display import brief
from plait.errors import CellError, TargetError
from plait.modalities.detection import looks_like_media
from plait.modalities.likeness import Fingerprint
from plait.modalities.media import Media
from plait.modalities.music.abc_reading import read_abc
from plait.modalities.music.abc_writing import key_name, write_abc
from plait.modalities.music.copying import copied_note
from plait.modalities.music.drawing import shown_tune
from plait.modalities.music.events import FIRST, Event, Kind, event_of
from plait.modalities.music.exports import EXPORTS, exported
from plait.modalities.music.features import features_of
from plait.modalities.music.grammar import COLUMNS, places_of
from plait.modalities.music.midi import read_midi, write_midi
from plait.modalities.music.ngrams import FiveGram
from plait.modalities.music.panel import panel_of
from plait.modalities.music.scoring import WORDS, compared, resampled
from plait.modalities.music.sketch import fingerprint_tune, tunes_alike
from plait.modalities.music.tune import NOTHING, PITCH, Tune, made_tune, tonic_class
from plait.modalities.music.writing import events_of, tune_of
from plait.modalities.target import SURENESS, MetricWord, SimpleGenerator, metrics_by
from plait.modalities.traits import Traits
from plait.types import Arrays, ArraySpec, Cell, ColumnSample, Html, Layout, MadeFile, is_missing

ENDINGS = (".mid", ".midi", ".abc")
MIDI = b"MThd"
MOST_EVENTS = 1024
"""Events of a tune that is a target, at most."""

LOWEST_PITCH, HIGHEST_PITCH = 28, 100
"""Between which transposed tunes stay."""

_ABC = re.compile(r"(?m)\A\s*(?:%.*\n\s*)*X:\s*\d+[\s\S]*^K:")


@brief
@dataclass(frozen=True, kw_only=True)
class MusicCodec:
    """Codec of the ``music`` modality.

    Raw is a `plait.modalities.music.tune.Tune`: notes on a grid of a 24th of a quarter, metre, key
    and tempo. Cells are MIDI files or ABC text, each as a path, as bytes, or (ABC) in the cell.

    Attributes:
        max_events: Longer tunes are cut; `fit` lowers it to the 99 % quantile of training tunes.
        events: Numbers of the events that training tunes hold, sorted: what is told apart, and what
            is composed of.
    """

    modality: ClassVar[str] = "music"
    version: ClassVar[int] = 1
    bare_numbers: ClassVar[bool] = False
    extra: ClassVar[str | None] = None
    traits: ClassVar[Traits] = Traits(piecewise=True)
    distinct: ClassVar[bool] = True
    temperatures: ClassVar[tuple[float, ...]] = (0.0, 0.7, 0.85, 1.0)
    task: ClassVar[str] = "compose"
    verb: ClassVar[str] = "Composes"
    words: ClassVar[Mapping[str, MetricWord]] = WORDS
    baselines: ClassVar[tuple[type[SimpleGenerator], ...]] = (FiveGram,)
    heedless: ClassVar[tuple[str, ...]] = ("typical", "nearest", FiveGram.name)
    heeds: ClassVar[tuple[str, ...]] = ("begin",)
    exports: ClassVar[Mapping[str, str]] = EXPORTS

    max_events: int = 480
    events: tuple[int, ...] = ()

    @property
    def layout(self) -> Layout:
        """``events``: their numbers; ``places``: what is told behind each, see `Walk.told`."""
        return {
            "events": ArraySpec(("event",), "int32"),
            "places": ArraySpec(("event", len(COLUMNS)), "int16"),
        }

    def detect(self, sample: ColumnSample) -> float:
        """Sure of ABC text, MIDI bytes, and paths that end like one of the two."""
        files = looks_like_media(sample, ENDINGS, (MIDI,))
        texts = sum(isinstance(v, str) and bool(_ABC.match(v[:4000])) for v in sample.values)
        return max(files, texts / max(len(sample.values), 1))

    def read(self, cell: Cell, media: Media) -> Tune | None:
        if isinstance(cell, MadeFile):
            cell = cell.content
        if is_missing(cell):
            return None
        if isinstance(cell, str) and not cell.strip().lower().endswith(ENDINGS):
            return _sounding(read_abc(cell))
        if not isinstance(cell, str | bytes | bytearray | memoryview | dict | os.PathLike):
            raise CellError("not a tune", expected="MIDI or ABC text", received=cell)
        data = media.read_bytes(cell)
        if data.startswith(MIDI):
            return _sounding(read_midi(data))
        try:
            text = data.decode()
        except UnicodeDecodeError:
            raise CellError(
                "not a tune",
                expected="a MIDI file, or ABC text in UTF-8",
                received=data[:16],
            ) from None
        return _sounding(read_abc(text))

    def fit(self, raws: Iterable[Tune]) -> MusicCodec:
        """Learn the events that occur, and how long tunes are."""
        found, lengths = set[int](), []
        for raw in raws:
            events = self._events(raw)
            found.update(events)
            lengths.append(len(events))
        if not lengths:
            return self
        usual = int(np.ceil(np.quantile(lengths, 0.99) / 8) * 8)
        return replace(
            self, max_events=min(self.max_events, max(usual, 32)), events=tuple(sorted(found))
        )

    def prepare(self, raw: Tune) -> Arrays:
        return self.made(self._events(raw))

    def made(self, events: Sequence[int], sureness: float | None = None) -> Arrays:
        """Return arrays of the layout of events, with how sure they are where that is known."""
        sure = {} if sureness is None else {SURENESS: np.array(sureness, np.float64)}
        events = events or (Event(Kind.FREE).number,)
        return {"events": np.array(events, np.int32), "places": places_of(events), **sure}

    def augment(self, arrays: Arrays, rng: np.random.Generator) -> Arrays:
        """Half of the time transpose up to a fifth: the key moves along, where it is told."""
        events = arrays["events"]
        if rng.random() < 0.5:
            return {name: array.copy() for name, array in arrays.items()}
        return self.made(_transposed(events, int(rng.integers(-5, 6))).tolist())

    def show(self, raw: Tune) -> Html:
        return shown_tune(raw)

    def example(self, rng: np.random.Generator) -> Cell:
        """A tune of a few bars in ABC text."""
        beats, unit = ((2, 4), (3, 4), (4, 4), (6, 8))[int(rng.integers(4))]
        notes, at, pitch = [], 0, int(rng.integers(60, 68))
        end = int(rng.integers(3, 6)) * beats * 96 // unit
        while at < end:
            steps = min(int(rng.choice([12, 12, 24, 36])), end - at)
            pitch = int(np.clip(pitch + rng.integers(-4, 5), 55, 84))
            if rng.random() < 0.92:
                notes.append((at, steps, pitch, 84, 0))
            at += steps
        key = int(rng.integers(-3, 4)), str(rng.choice(["maj", "min", "dor"]))
        tempo = int(rng.choice([80, 100, 120, 140]))
        return write_abc(made_tune(notes, ((0, beats, unit),), key, tempo))

    def neutral(self) -> Tune:
        return NOTHING

    def corrupt(self, raw: Tune, severity: float, rng: np.random.Generator) -> Tune:
        """Play wrong notes, a step or two beside the right ones, and leave notes out."""
        if severity <= 0 or not len(raw):
            return raw
        notes = raw.notes.copy()
        wrong = rng.random(len(notes)) < 0.5 * severity
        moved = notes[:, PITCH] + rng.choice([-2, -1, 1, 2], len(notes))
        notes[:, PITCH] = np.where(wrong, moved.clip(0, 127), notes[:, PITCH])
        kept = rng.random(len(notes)) >= 0.3 * severity
        kept[0] = True
        return made_tune(notes[kept], raw.metres, raw.key, raw.tempo)

    def features(self, arrays: Arrays) -> np.ndarray:
        return features_of(self.decode(arrays))

    def fingerprint(self, raw: Tune) -> Fingerprint | None:
        return fingerprint_tune(raw)

    def alike(self, first: bytes, second: bytes) -> bool:
        return tunes_alike(first, second)

    def as_target(self) -> MusicCodec:
        """Keep longer tunes whole: what is learned to be composed ends where tunes end."""
        return replace(self, max_events=max(self.max_events, MOST_EVENTS))

    def check_target(self, num_rows: int) -> None:
        if not any(FIRST[Kind.PITCH] <= event < FIRST[Kind.LENGTH] for event in self.events):
            raise TargetError(
                "there is no tune to learn from",
                expected="rows with notes",
                received=f"{num_rows} rows",
            )

    def decode(self, arrays: Arrays) -> Tune:
        return tune_of(arrays["events"].tolist())

    def write(self, raw: Tune) -> MadeFile:
        """A General MIDI file of type 1, with metre, key and tempo. Raises `ExtraError`."""
        return MadeFile(write_midi(raw), ".mid")

    def answer(self, raws: Sequence[Tune]) -> Mapping[str, Any]:
        """``prediction``, a MIDI file; ``metre``, ``key``, ``notes``, ``seconds``."""
        metres = [f"{one.metres[0][1]}/{one.metres[0][2]}" if one.metres else "" for one in raws]
        return {
            "prediction": [self.write(raw) for raw in raws],
            "metre": metres,
            "key": [key_name(raw.key) if raw.key else "" for raw in raws],
            "notes": [len(raw) for raw in raws],
            "seconds": [round(raw.seconds, 1) for raw in raws],
        }

    def compare(self, said: Tune, true: Tune) -> np.ndarray:
        return compared(said, true)

    def metrics(self, compared: Sequence[np.ndarray]) -> dict[str, float]:
        return metrics_by(self.resampled, compared)

    def resampled(
        self, compared: Sequence[np.ndarray], counts: np.ndarray
    ) -> Mapping[str, np.ndarray]:
        return resampled(compared, counts)

    def panel(self, said: Sequence[Tune], true: Sequence[Tune]) -> Html:
        return panel_of(said, true)

    def beside_learned(
        self, said: Sequence[Tune], true: Sequence[Tune], learned: Sequence[Tune]
    ) -> Html:
        """Say how much of what was made is copied from what was learned from."""
        return copied_note(said, true, learned)

    def export(self, form: str, raws: Sequence[Tune | None], names: Sequence[str]) -> Any:
        """Return file name -> bytes of a form of `exports`.

        Args:
            form: ``abc``, one file of all tunes, or ``wav``, a file of each.
            raws: A tune of each row; None where there is none.
            names: Of the rows.
        """
        return exported(form, raws, names)

    def _events(self, raw: Tune) -> list[int]:
        return events_of(raw, self.max_events)[: self.max_events]


def _sounding(tune: Tune) -> Tune | None:
    return tune if len(tune) else None


def _transposed(events: np.ndarray, steps: int) -> np.ndarray:
    """Return events of the same tune so many semitones higher, or in a key that is so many higher
    or lower by an octave less them; as they are where it would be too high or too low.

    Pitches count from the tonic: where the key is told, it is what moves.
    """
    found, key = events.copy(), None
    for place, number in enumerate(events.tolist()):
        kind, value = event_of(number)
        if kind == Kind.SHARPS:
            sharps = (value - 7 + 7 * steps + 5) % 12 - 5
            found[place] = Event(kind, sharps + 7).number
            key = (value - 7, sharps)
        elif kind == Kind.PITCH and key is None:
            found[place] = number + steps
    if key is not None:
        before, after = (55 + (tonic_class((sharps, "maj")) - 7) % 12 for sharps in key)
        steps = after - before
    pitches = tune_of(events.tolist()).notes[:, PITCH] + steps
    inside = len(pitches) and pitches.min() >= LOWEST_PITCH and pitches.max() <= HIGHEST_PITCH
    return found if inside else events.copy()
