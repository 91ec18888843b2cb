"""Folk tunes: how well events are foretold beside a Kneser-Ney 5-gram, and what is composed."""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

import benchmarks.peers
import plait
from benchmarks.data.essen import NUM_TUNES, parts, tunes
from benchmarks.data.tables import Split
from benchmarks.rows import Row
from benchmarks.settings import QUICK_ROWS, Settings

BUDGET = "450 steps"
COLUMNS = {"tune": "music", "region": "category", "kind": "category", "metre": "category",
           "key": "category"}  # fmt: skip
NUM_COMPOSED, TOGETHER = 200, 20
"""Tunes that are composed, and those that are by one seed."""


@dataclass(frozen=True)
class Foretold:
    """Minus the log-likelihood of events, in bits each.

    Attributes:
        every: Of all events and ends.
        notes: Of those behind metre, key and tempo, which the row's columns tell.
    """

    every: float
    notes: float


def run(settings: Settings) -> list[Row]:
    """Fit on 85 % of the tunes, and compose for rows of the 10 % that nobody learned from."""
    table = tunes()
    part = parts(table, settings.seed)
    chosen = np.arange(table.num_rows)
    if settings.quick:
        chosen = chosen[:: table.num_rows // QUICK_ROWS]
    row = Row(benchmark="music", case="Essen folk tunes", metric="", seed=settings.seed)
    read = replace(
        row, metric=f"tunes read, of {NUM_TUNES:,}", value=float(table.num_rows), target=">= 8400"
    )
    split = _split(table, part, chosen)
    if not settings.with_plait:
        return [read]
    budget = settings.budget_or(BUDGET)
    began, spent = time.monotonic(), time.process_time()
    model = plait.fit(
        plait.read(split.train, columns={**COLUMNS, "split": "split"}),
        target="tune", budget=budget, split="split", seed=settings.seed, encoders="none",
        samples=False, scores=False,
    )  # fmt: skip
    spent, summary = time.process_time() - spent, model.summary()
    row = replace(row, seconds=time.monotonic() - began)
    prepared = model.prepare(model.as_table(split.test), target=True)
    learned = model.prepare(model.as_table(split.train), target=True)
    values = [prepared.columns["tune"][place] for place in range(split.test.num_rows)]
    taught = [
        learned.columns["tune"][place]
        for place in np.flatnonzero(np.array(split.train["split"]) == "train")
    ]
    ours = _of_network(model, prepared, len(values))
    alone = model.prepare(model.as_table(_untold(split.test)), target=True)
    blind = _of_network(model, alone, len(values))
    gram = _gram(model, taught)
    peer, bare = (_of_gram(gram, values, grammar=grammar) for grammar in (True, False))
    note = (
        f"shipped: {summary['shipped']}, {summary['num_parameters']:,} parameters; {budget}, "
        f"{spent:.0f} CPU seconds of fit; {len(taught):,} tunes learned from, "
        f"{len(values):,} foretold"
    )
    metric, name = "bits an event, metre and key left out", "interpolated Kneser-Ney 5-gram"
    rows = [
        read,
        replace(row, metric=metric, value=ours.notes, peer=f"{name}, same grammar",
                peer_value=peer.notes, target="<= 0.9 x peer", note=note),
        replace(row, metric=f"{metric}, no column told", value=blind.notes,
                peer=f"{name}, same grammar", peer_value=peer.notes),
        replace(row, metric=metric, value=ours.notes, peer=name, peer_value=bare.notes),
        replace(row, metric="bits an event", value=ours.every, peer=f"{name}, same grammar",
                peer_value=peer.every),
    ]  # fmt: skip
    return rows + _composed(model, gram, split, taught, values, row, settings)


def _split(table: pa.Table, part: np.ndarray, chosen: np.ndarray) -> Split:
    kept = table.select(list(COLUMNS)).append_column("split", pa.array(part))
    test = chosen[part[chosen] == "test"]
    others = chosen[part[chosen] != "test"]
    return Split(kept.take(pa.array(others)), kept.take(pa.array(test)).drop_columns(["split"]))


def _untold(table: pa.Table) -> pa.Table:
    """Return the tunes with all other columns empty."""
    empty = pa.nulls(table.num_rows, pa.string())
    return pa.table({name: table[name] if name == "tune" else empty for name in table.column_names})


def _of_network(model: Any, prepared: Any, num: int) -> Foretold:
    """Return how well the network alone foretells tunes."""
    import torch

    from plait.data.loader import Loader
    from plait.networks.runner import flat, nested
    from plait.networks.system import to_tensors

    drawer = model.generator.drawer
    network, total, notes = drawer._network, np.zeros(2), np.zeros(2)
    loader = Loader(prepared, np.arange(num), drawer.columns, batch_size=64)
    for rows, batch in loader.epoch(0):
        told = to_tensors(nested(flat(batch)), "cpu")
        target = prepared.columns["tune"].gather(rows)
        with torch.inference_mode():
            conditions = network.conditions("tune", network.encode(told), told, None)
            truth = to_tensors({"tune": target}, "cpu")["tune"]
            losses = network.head("tune").losses(conditions, truth).double().numpy()
        for row, loss in zip(rows, losses, strict=True):
            value = prepared.columns["tune"][int(row)]
            head, length = _head_of(value), len(value["events"]) + 1
            total += loss[:length].sum(), length
            notes += loss[head:length].sum(), length - head
    return Foretold(*(float(one[0] / one[1] / np.log(2)) for one in (total, notes)))


def _gram(model: Any, taught: Sequence[Any]) -> Any:
    from plait.modalities.music.ngrams import FiveGram

    found = FiveGram()
    found.learn(taught, model.generator.target)
    return found


def _of_gram(gram: Any, values: Sequence[Any], *, grammar: bool) -> Foretold:
    total, notes = np.zeros(2), np.zeros(2)
    for value in values:
        loss, head = gram.surprise(value, grammar=grammar), _head_of(value)
        total += loss.sum(), len(loss)
        notes += loss[head:].sum(), len(loss) - head
    return Foretold(*(float(one[0] / one[1] / np.log(2)) for one in (total, notes)))


def _head_of(value: Any) -> int:
    """Return how many events tell metre, key and tempo."""
    from plait.modalities.music.events import FIRST, Kind

    first = {FIRST[kind] for kind in (Kind.BAR,)}
    for place, event in enumerate(value["events"].tolist()):
        if event in first or event >= FIRST[Kind.POSITION]:
            return place
    return len(value["events"])


def _composed(
    model: Any, gram: Any, split: Split, taught: Sequence[Any], values: Sequence[Any], row: Row,
    settings: Settings,
) -> list[Row]:  # fmt: skip
    """Compose for rows held out, some by each seed, and look at what came out."""
    from plait.modalities import Media
    from plait.modalities.music.copying import RUN, copied_share, known_runs
    from plait.modalities.music.scoring import held_bars

    codec, num = model.generator.target, min(NUM_COMPOSED, split.test.num_rows)
    inputs, files = split.test.drop_columns(["tune"]).slice(0, num), []
    for first in range(0, num, TOGETHER):
        some = inputs.slice(first, TOGETHER)
        answer = model.predict(some, temperature=1.0, seed=settings.seed + first, progress=False)
        files += answer.columns["prediction"]
    made = [codec.read(file, Media(Path())) for file in files]
    rng = np.random.default_rng(settings.seed)
    drawn = [codec.decode(codec.made(gram.draw(rng, codec.max_events))) for _ in range(num)]
    true = [codec.decode(value) for value in values]
    (held, bars), (true_held, true_bars) = (
        np.sum([held_bars(tune) for tune in some], axis=0) for some in (made, true)
    )
    known = known_runs(codec.decode(value) for value in taught)
    metres = [f"{t.metres[0][1]}/{t.metres[0][2]}" if t.metres else "free" for t in made]
    asked = np.mean(np.array(metres) == np.array(inputs["metre"]))
    like, unlike = (
        codec.metrics([codec.compare(*pair) for pair in zip(some, true[:num], strict=True)])
        for some in (made, drawn)
    )
    distinct = len({tune.notes.tobytes() for tune in made})
    copied = copied_share(made, known)
    row = replace(row, case=f"{num} composed at temperature 1")
    runs = f"runs of {RUN} notes that a training tune has"
    return [
        replace(row, metric="bars that notes and rests fill to their line",
                value=float(held / bars), target=">= 0.95", peer="held-out tunes",
                peer_value=float(true_held / true_bars), note=f"{distinct} distinct tunes"),
        replace(row, metric="MIDI files that music21 opens, with no bar too long",
                value=_opened(files, settings), target=">= 1"),
        replace(row, metric="metre as asked", value=float(asked)),
        replace(row, metric="likeness to the row's tune", value=like["likeness"],
                peer="5-gram, as many drawn", peer_value=unlike["likeness"]),
        replace(row, metric=runs, value=copied, peer="held-out tunes",
                peer_value=copied_share(true, known)),
        replace(row, metric=runs, value=copied, peer="5-gram",
                peer_value=copied_share(drawn, known)),
    ]  # fmt: skip


def _opened(files: Sequence[Any], settings: Settings) -> float:
    """Return the share of MIDI files that music21 opens."""
    script = Path(benchmarks.peers.__file__).with_name("music21_opens.py")
    with tempfile.TemporaryDirectory() as folder:
        for number, file in enumerate(files):
            (Path(folder) / f"{number:04d}.mid").write_bytes(file.content)
        command = [str(settings.peer_python), str(script), folder]
        done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(
            f"music21 did not run under {settings.peer_python}\n{done.stderr.strip()[-500:]}\n"
            "hint: python -m venv music-venv && music-venv/bin/pip install music21, then "
            "--peer-python music-venv/bin/python"
        )
    return float(done.stdout.split()[-1])
