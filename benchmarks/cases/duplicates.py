"""Near-duplicates by modality: light edits that are found, and different things that are merged."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.data import edits
from benchmarks.data.edits import Edit
from benchmarks.data.fashion import fashion
from benchmarks.data.given import banking77, signdigits
from benchmarks.data.series import SIZES, series
from benchmarks.data.solubility import solubility
from benchmarks.data.spoken import RATE_HZ, spoken_digits
from benchmarks.data.stickers import stickers
from benchmarks.rows import Row
from benchmarks.settings import Settings

NUM_PAIRS, NUM_EDITED, QUICK_THINGS = 10_000, 300, 150


@dataclass(frozen=True, kw_only=True)
class Things:
    """Values of one modality, no two of them the same thing as far as anybody knows.

    Attributes:
        case: What they are.
        modality: Of their codec.
        raws: Decoded values.
        edits: How a copy may look.
        labels: What tells two apart for sure; empty where nothing does.
        only_labels: Whether values of one label may well be copies: takes of a word by one made-up
            voice. Then pairs are of different labels, and copies are looked for among one of each.
    """

    case: str
    modality: str
    raws: Sequence[Any]
    edits: Mapping[str, Edit]
    labels: Sequence[str] = field(default=())
    only_labels: bool = False


def run(settings: Settings) -> list[Row]:
    """Measure recall and false merges of every modality."""
    if not settings.with_plait:
        return []
    rows: list[Row] = []
    for things in _all_things(settings):
        rows += measure(things, settings)
    return rows


def measure(things: Things, settings: Settings) -> list[Row]:
    """Return the rows of one kind of thing.

    Recall is that of the whole search: an edited copy of each of 300 values is put into the column
    and must be found beside its original. False merges are of random pairs; where labels tell, the
    groups that the search finds are looked at too.
    """
    from plait.data.duplicates import find_copies
    from plait.data.fingerprints import Fingerprints
    from plait.modalities import find_codec

    rng = np.random.default_rng([settings.seed, 5])
    raws = list(things.raws[:QUICK_THINGS] if settings.quick else things.raws)
    codec, start = find_codec(things.modality)(), time.monotonic()
    prints = [codec.fingerprint(raw) for raw in raws]
    known = [place for place, found in enumerate(prints) if found is not None]
    sketches = {place: prints[place].sketch for place in known}
    recalls = {}
    others = _one_of_each(things, known) if things.only_labels else known
    chosen = rng.permutation(len(others))[:NUM_EDITED].tolist()
    for name, edit in things.edits.items():
        copies = [codec.fingerprint(edit(raws[others[place]], rng)) for place in chosen]
        column = Fingerprints.of([*(prints[place] for place in others), *copies], codec.alike)
        recalls[name] = _recall(find_copies({"x": column}), chosen, len(others))
    pairs = _random_pairs(known, rng, 500 if settings.quick else NUM_PAIRS)
    if things.only_labels:
        pairs = [(a, b) for a, b in pairs if things.labels[a] != things.labels[b]]
    merged = np.mean([codec.alike(sketches[one], sketches[other]) for one, other in pairs])
    found = find_copies({"x": Fingerprints.of(prints, codec.alike)})
    told = {
        "recall of light edits": (float(np.mean(list(recalls.values()))), ">= 0.9"),
        f"false merges, {len(pairs):,} random pairs": (float(merged), "<= 0.0001"),
    }
    if things.labels:
        labels = np.array(things.labels[: len(raws)])
        wrong = sum(len(set(labels[rows].tolist())) > 1 for _, rows in found.groups)
        told["groups found that hold two labels"] = (float(wrong), "")
    notes = {
        "recall of light edits": ", ".join(f"{name} {share:.2f}" for name, share in recalls.items())
    }
    return [
        Row(
            benchmark="duplicates",
            case=things.case,
            metric=metric,
            value=value,
            target=target,
            seconds=time.monotonic() - start,
            seed=settings.seed,
            note=notes.get(metric, f"{len(raws):,} things, {len(found.groups)} groups found"),
        )
        for metric, (value, target) in told.items()
    ]


def _recall(found: Any, chosen: Sequence[int], num: int) -> float:
    """Return the share of copies, the last rows of the column, that share their original's group.

    A copy may lie beside a third value that its original lies beside too.
    """
    group = np.arange(num + len(chosen))
    for _, rows in found.groups:
        group[rows] = rows[0]
    return float(np.mean([group[num + i] == group[place] for i, place in enumerate(chosen)]))


def _one_of_each(things: Things, places: Sequence[int]) -> list[int]:
    firsts: dict[str, int] = {}
    for place in places:
        firsts.setdefault(things.labels[place], place)
    return list(firsts.values())


def _random_pairs(
    places: Sequence[int], rng: np.random.Generator, num: int
) -> list[tuple[int, int]]:
    first = rng.integers(0, len(places), num)
    second = (first + rng.integers(1, len(places), num)) % len(places)
    return [(places[a], places[b]) for a, b in zip(first, second, strict=True)]


def _all_things(settings: Settings) -> Iterator[Things]:
    yield from _pictures(settings)
    yield from _sounds()
    yield _clips()
    questions = banking77(settings.data)
    yield Things(
        case="text: questions to a bank",
        modality="text",
        raws=questions["text"].to_pylist(),
        edits=edits.text_edits(),
        labels=questions["label"].to_pylist(),
    )
    for name in SIZES:
        raws = [_series(cell) for cell in series(name)["series"].to_pylist()]
        yield Things(
            case=f"series: {name}",
            modality="series",
            raws=[_Values(raw) for raw in raws],
            edits=_on_values(edits.series_edits(min(map(len, raws)))),
        )
    yield Things(
        case="molecule: solubility",
        modality="molecule",
        raws=sorted(set(solubility()["molecule"].to_pylist())),
        edits=_reread(edits.molecule_edits()),
    )
    yield _vectors(questions["text"].to_pylist()[:3000])


def _pictures(settings: Settings) -> Iterator[Things]:
    photos, root = signdigits(settings.data)
    clothes = fashion().slice(0, 3000)
    drawn = [cell for cell in stickers()["image"].to_pylist() if cell is not None]
    for case, cells, labels, folder in (
        ("hand signs", photos["image"].to_pylist(), photos["label"].to_pylist(), root),
        ("Fashion-MNIST", clothes["image"].to_pylist(), clothes["label"].to_pylist(), Path()),
        ("stickers", drawn, (), Path()),
    ):
        yield Things(
            case=f"picture: {case}",
            modality="image",
            raws=_read("image", cells, folder),
            edits=edits.picture_edits(),
            labels=labels,
        )


def _sounds() -> Iterator[Things]:
    digits = spoken_digits()
    digits = digits.take(np.random.default_rng(2).permutation(digits.num_rows))
    voices = [cell for cell in stickers()["voice"].to_pylist() if cell is not None]
    words = zip(digits["word"].to_pylist(), digits["speaker"].to_pylist(), strict=True)
    for case, cells, labels in (
        ("spoken digits", digits["sound"].to_pylist(), [" ".join(pair) for pair in words]),
        ("spoken names", voices, ()),
    ):
        yield Things(
            case=f"sound: {case}",
            modality="audio",
            raws=_read("audio", cells, Path()),
            edits=edits.sound_edits(RATE_HZ),
            labels=labels,
            only_labels=bool(labels),
        )


def _clips() -> Things:
    """Return stickers that wander before other stickers, eight frames each."""
    from plait.modalities.video.clip import Clip

    rng = np.random.default_rng(3)
    pictures = _read("image", [c for c in stickers()["image"].to_pylist() if c is not None], Path())
    clips = []
    for _ in range(400):
        behind, before = (pictures[i] for i in rng.choice(len(pictures), 2, replace=False))
        start, end = rng.integers(0, behind.shape[0] - 24, (2, 2))
        small = before[:: max(1, before.shape[0] // 24), :: max(1, before.shape[1] // 24)][:24, :24]
        frames = np.stack([behind] * 8)
        for step, frame in enumerate(frames):
            top, left = np.rint(start + (end - start) * step / 7).astype(int)
            frame[top : top + small.shape[0], left : left + small.shape[1]] = small
        clips.append(Clip(frames, None, 2.0))
    return Things(case="video: stickers that move", modality="video", raws=clips,
                  edits=edits.clip_edits())  # fmt: skip


def _vectors(texts: Sequence[str]) -> Things:
    """Return word counts of texts, projected to 96 numbers, of length 1."""
    from plait.modalities.text.ngrams import hashed_ngrams

    ways = np.random.default_rng(4).normal(size=(2**12, 96)).astype(np.float32)
    raws = [hashed_ngrams(text, 2**12) @ ways for text in dict.fromkeys(texts)]
    raws = [(raw / np.linalg.norm(raw))[None].astype(np.float32) for raw in raws]
    return Things(case="vector: of texts", modality="vector", raws=raws, edits=edits.vector_edits())


def _read(modality: str, cells: Sequence[Any], folder: Path) -> list[Any]:
    from plait.modalities import Media, find_codec

    codec, media = find_codec(modality)(), Media(folder)
    return [codec.read(cell, media) for cell in cells]


def _reread(given: Mapping[str, Edit]) -> Mapping[str, Edit]:
    """Return edits of what is written, read again: molecules are made canonical when read."""

    def read(edit: Edit) -> Edit:
        return lambda raw, rng: _read("molecule", [edit(raw, rng)], Path())[0]

    return {name: read(edit) for name, edit in given.items()}


@dataclass(frozen=True)
class _Values:
    """A series as its codec's fingerprint sees it."""

    values: np.ndarray


def _on_values(given: Mapping[str, Edit]) -> Mapping[str, Edit]:
    def edited(edit: Edit) -> Edit:
        return lambda raw, rng: _Values(np.asarray(edit(raw.values, rng)))

    return {name: edited(edit) for name, edit in given.items()}


def _series(cell: Sequence[Sequence[float | None]]) -> np.ndarray:
    return np.nan_to_num(np.array(cell, np.float64))
