"""Caption: a sound or film in, subtitles out; a folder of media in, a caption for each out."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy import ndarray

from plait.data.table import Table, read
from plait.display import cell_text
from plait.errors import ColumnError, TableError, UsageError, as_path
from plait.listening import heard, listened
from plait.modalities.audio.codec import ENDINGS as SOUNDS
from plait.modalities.audio.wave import decode, encode_wav
from plait.modalities.image.codec import ENDINGS as PICTURES
from plait.modalities.limits import LIMITS
from plait.modalities.media import Media
from plait.modalities.video.clip import Clip, length_seconds
from plait.modalities.video.clip import decode as decode_film
from plait.modalities.video.codec import ENDINGS as FILMS
from plait.modalities.video.encoding import encode
from plait.model.asked import columns_named, modality_of
from plait.model.model import Model
from plait.progress import Progress
from plait.recipes.ask import cells_of, open_for_rows
from plait.recipes.outputs import check_output
from plait.recipes.predict import predict
from plait.subtitles.cues import Cue, lay_out
from plait.subtitles.files import WRITERS
from plait.subtitles.spans import Span, scene_spans, spoken_spans
from plait.types import Cell
from plait.writing import write_text

if TYPE_CHECKING:
    from jaxtyping import Float

RATE_HZ = 16_000
FRAMES_PER_SECOND, MAX_FRAMES = 4.0, 1200
"""Frames of a film that are looked at; of one longer than five minutes, fewer a second."""

LONGEST = 7.0
CUTS = ("speech", "scenes")
ENDINGS = {"audio": SOUNDS, "video": FILMS, "image": PICTURES}
"""Modality -> endings of its files."""


@listened
def caption(
    bundle: Model | Path | str,
    medium: Path | str,
    *,
    out: Path | str | None = None,
    given: Mapping[str, Cell] | None = None,
    cut: str | None = None,
    longest: float = LONGEST,
    temperature: float | None = None,
    seed: int = 0,
    beam: int | None = None,
    force: bool = False,
    progress: Progress | bool | None = None,
) -> dict[str, Any]:
    """Write what a model says of a sound or a film, piece by piece, as subtitles.

    A sound is cut where nobody speaks, a film that the model sees where its scene changes. Each
    piece is a row: its sound, its frames or its middle picture go to the columns that take these,
    and the prediction is laid out in two lines of 42 characters. A folder of pictures, sounds or
    films is a table instead: a row for each file, with the columns ``file`` and ``prediction``.

    Args:
        bundle: A bundle's folder, or its model, of one target.
        medium: A sound or film, or a folder of media.
        out: ``.srt`` or ``.vtt``; of a folder a table, as for `plait.predict`. None writes none.
        given: Cells of other columns, by column or modality, the same for every row.
        cut: ``speech`` or ``scenes``; by default what the model sees decides.
        longest: Most seconds of a piece.
        temperature, seed, beam: As for `plait.predict`.
        force: Whether a file at `out` is replaced.
        progress: As for `plait.fit`.

    Returns:
        ``out``, ``cues`` (``start`` and ``end`` in seconds, ``text``), ``pieces`` and ``too_fast``
        (how many cues have more than 17 characters a second). Of a folder, ``out``, ``rows``, and
        without `out` ``captions``: file and prediction.

    Raises:
        UsageError: What is asked for does not go together, or `out` exists.
        ColumnError: The model takes no such medium.
        CellError, LimitError: The medium cannot be read.
    """
    model = open_for_rows(bundle)
    model.require_target()
    place = as_path(medium, "a sound, a film or a folder").expanduser()
    drawn: dict[str, Any] = {"temperature": temperature, "seed": seed, "beam": beam}
    told = heard(progress)
    if place.is_dir():
        return _folder(
            model, place, out, cells_of(model, given or {}), force, {**drawn, "progress": told}
        )
    _check(out, cut, longest)
    if out is not None:
        check_output(out, place, bundle if not isinstance(bundle, Model) else None, force=force)
    found = _opened(model, place)
    spans = _spans(found, cut, longest)
    texts: list[str] = []
    if spans:
        cells = cells_of(model, given or {})
        rows = [{**cells, **found.cells(model, span)} for span in spans]
        answer = model.predict(_table(model, rows), **drawn, progress=told)
        texts = [cell_text(said) for said in answer.columns["prediction"]]
    cues = lay_out(spans, texts, found.seconds)
    if out is not None:
        write_text(Path(out), WRITERS[Path(out).suffix.lower()](cues))
    return {
        "out": None if out is None else str(out),
        "pieces": len(spans),
        "too_fast": sum(cue.too_fast for cue in cues),
        "cues": [_told(cue) for cue in cues],
    }


@dataclass(frozen=True)
class _Medium:
    """A sound or film.

    Attributes:
        modality: ``audio`` or ``video``.
        columns: Modality -> columns of the model that take a piece of it.
        seconds: Its length.
        wave: At `RATE_HZ`; None of a silent film.
        clip: Of a film.
    """

    modality: str
    columns: Mapping[str, Sequence[str]]
    seconds: float
    wave: Float[ndarray, " time"] | None
    clip: Clip | None = field(default=None, repr=False)

    def cells(self, model: Model, span: Span) -> dict[str, Cell]:
        """Return what the columns of a row get of a piece; none what the medium lacks."""
        found: dict[str, Cell] = {}
        for modality, names in self.columns.items():
            cell = self._cell(modality, span)
            found |= dict.fromkeys(names, cell) if cell is not None else {}
        return found

    def _cell(self, modality: str, span: Span) -> bytes | None:
        wave = None if self.wave is None else self.wave[_places(span, RATE_HZ, len(self.wave))]
        if modality == "audio" or self.clip is None:
            return None if wave is None else encode_wav(wave, RATE_HZ)
        frames = self.clip.frames
        rate = len(frames) / max(self.seconds, 1e-9)
        mine = frames[_places(span, rate, len(frames))]
        if modality == "image":
            return _png(mine[len(mine) // 2])
        return encode(mine, wave, RATE_HZ, rate_fps=max(1, round(rate)))


def _opened(model: Model, place: Path) -> _Medium:
    """Read a medium. Raises `ColumnError` where no column of the model takes any of it."""
    data = Media(root=place.resolve().parent).read_bytes(place.name)
    if place.suffix.lower() in SOUNDS:
        wave = decode(data, rate_hz=RATE_HZ, max_seconds=LIMITS.num_seconds)
        columns = {"audio": columns_named(model, "audio", model.inputs, "the model", "--given")}
        return _Medium("audio", columns, len(wave) / RATE_HZ, wave)
    if place.suffix.lower() not in FILMS:
        raise UsageError(
            "this is no sound and no film by its ending",
            expected=", ".join((*SOUNDS, *FILMS)),
            received=place.name,
            hint="for one picture: plait ask BUNDLE --image FILE",
            path=place,
        )
    columns = {
        modality: [one for one in model.inputs if modality_of(model, one) == modality]
        for modality in ENDINGS
    }
    if not any(columns.values()):
        raise ColumnError(
            "the model takes neither films, nor sounds, nor pictures",
            expected="a model with an input column of video, audio or image",
            received=", ".join(model.inputs),
        )
    clip = decode_film(
        data,
        num_frames=int(np.clip(length_seconds(data) * FRAMES_PER_SECOND, 2, MAX_FRAMES)),
        rate_hz=RATE_HZ,
        max_sound_seconds=LIMITS.num_seconds,
    )
    return _Medium("video", columns, clip.seconds, clip.wave, clip)


def _spans(medium: _Medium, cut: str | None, longest: float) -> list[Span]:
    """Return the pieces of a medium. Raises `UsageError` for a cut that it does not have."""
    sees = medium.clip is not None and (medium.columns.get("video") or medium.columns.get("image"))
    cut = cut or ("scenes" if sees else "speech")
    if cut == "scenes":
        if medium.clip is None:
            raise UsageError("a sound has no scenes", expected="cut by speech", received=cut)
        return scene_spans(medium.clip.frames, medium.seconds, longest=longest)
    if medium.wave is None:
        raise UsageError("the film has no sound", expected="cut by scenes", hint="--cut scenes")
    return spoken_spans(medium.wave, RATE_HZ, longest=longest)


def _folder(
    model: Model,
    folder: Path,
    out: Path | str | None,
    given: Mapping[str, Cell],
    force: bool,
    options: Mapping[str, Any],
) -> dict[str, Any]:
    """Caption every file of a folder that a column takes."""
    column_of = {
        ending: name
        for name in model.inputs
        for ending in ENDINGS.get(modality_of(model, name), ())
    }
    files = sorted(one for one in folder.rglob("*") if one.suffix.lower() in column_of)
    if not files:
        raise TableError(
            "the folder has no files that the model takes",
            expected="files that end in " + ", ".join(sorted(column_of) or ["(none)"]),
            path=folder,
        )
    names = [one.relative_to(folder).as_posix() for one in files]
    rows = [{"file": name, **given, column_of[Path(name).suffix.lower()]: name} for name in names]
    table = read(rows, root=folder, columns=_kinds(model, {k for row in rows for k in row}))
    found = predict(model, table, out=out, force=force, **options)
    if out is not None:
        return {"out": str(out), "rows": found["rows"]}
    said = [cell_text(one) for one in found.columns["prediction"]]
    captions = [{"file": name, "prediction": one} for name, one in zip(names, said, strict=True)]
    return {"out": None, "rows": len(names), "captions": captions}


def _check(out: Path | str | None, cut: str | None, longest: float) -> None:
    """Raise `UsageError` for settings that mean nothing."""
    if out is not None and Path(out).suffix.lower() not in WRITERS:
        raise UsageError(
            "subtitles have another ending",
            expected=" or ".join(WRITERS),
            received=Path(out).suffix or Path(out).name,
        )
    if cut is not None and cut not in CUTS:
        raise UsageError("unknown way to cut", expected=" or ".join(CUTS), received=cut)
    if not longest >= 0.5:
        raise UsageError(
            "pieces would be too short", expected="0.5 s or more", received=f"{longest}"
        )


def _table(model: Model, rows: Sequence[Mapping[str, Cell]]) -> Table:
    return read(
        [dict(row) for row in rows],
        root=Path.cwd(),
        columns=_kinds(model, {name for row in rows for name in row}),
        on_error="raise",
    )


def _kinds(model: Model, names: set[str]) -> dict[str, str]:
    return {name: modality_of(model, name) for name in sorted(names) if name in model.inputs}


def _places(span: Span, rate: float, num: int) -> slice:
    """Return the samples or frames of a span, at least one."""
    first = min(int(span.start * rate), num - 1)
    return slice(first, max(min(round(span.end * rate), num), first + 1))


def _png(pixels: ndarray) -> bytes:
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="PNG")
    return buffer.getvalue()


def _told(cue: Cue) -> dict[str, Any]:
    text = "\n".join(cue.lines)
    return {"start": cue.start_ms / 1000, "end": cue.end_ms / 1000, "text": text}
