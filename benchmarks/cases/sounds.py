"""Sounds that are made: stickers' names that no fit was shown, spoken; and sounds by their kind."""

from __future__ import annotations

import json
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

import benchmarks.peers
from benchmarks.cases.fillets import HINT, rate
from benchmarks.data.sonic_samples import sonic_samples
from benchmarks.data.spoken_words import spoken_words
from benchmarks.data.whisper import whisper_base
from benchmarks.rows import Row
from benchmarks.settings import Settings

BUDGET, JUDGE_BUDGET, KINDS_BUDGET = "8 epochs", "12 epochs", "60 epochs"
"""Work, not time: made sounds are worth the same on a machine that others share."""

NUM_HEARD, NUM_QUICK = 60, 8
"""Sounds that faster-whisper hears, made and true."""

SPOKEN = {"voice": "audio", "name": "text"}


def run(settings: Settings) -> list[Row]:
    """Measure both; what is learned from holds no test row."""
    if not settings.with_plait:
        return []
    return [*_spoken(settings), *_kinds(settings)]


def _spoken(settings: Settings) -> list[Row]:
    table = spoken_words()
    learned, test = _parts(table, settings)
    began = time.monotonic()
    model = _fit(learned, "voice", SPOKEN, settings.budget_or(BUDGET), settings.seed)
    seconds = time.monotonic() - began
    told = test.select(["name"])
    made, spent = _made(model, told, settings.seed)
    rate_hz = model.generator.target.rate_hz
    judge = _fit(learned, "name", SPOKEN, settings.budget_or(JUDGE_BUDGET), settings.seed)
    names, files = test["name"].to_pylist(), [_wav(wave, rate_hz) for wave in made]
    true = test["voice"].to_pylist()
    of = _row(settings, model, f"{len(names)} unseen names, spoken by one voice", seconds)
    ours, real = (_said(judge, sounds) for sounds in (files, true))
    length = sum(map(len, made)) / rate_hz
    rows = [
        of("CER by plait's transcriber", rate("cer", ours, names), "<= 0.25",
           "; ".join([f"of true sounds {rate('cer', real, names):.3f}", *_remarks(model)])),
        of("seconds made in a second", length / spent, ">= 1", f"{length:.0f} s together"),
    ]  # fmt: skip
    heard = slice(0, NUM_QUICK if settings.quick else NUM_HEARD)
    for peer, of_made, of_true in _heard(files[heard], true[heard], settings):
        rows.append(
            of(f"CER by {peer}", rate("cer", of_made, names[heard]), "",
               f"of true sounds {rate('cer', of_true, names[heard]):.3f}; "
               f"{len(names[heard])} names")
        )  # fmt: skip
    return rows


def _kinds(settings: Settings) -> list[Row]:
    table = sonic_samples()
    rng = np.random.default_rng(settings.seed)
    order = rng.permutation(table.num_rows)
    test, learned = table.take(np.sort(order[:40])), table.take(np.sort(order[40:]))
    columns = {"sound": {"modality": "audio", "settings": {"max_seconds": 2.0}}, "kind": "category"}
    began = time.monotonic()
    model = _fit(
        learned.drop_columns(["file"]), "sound", columns, settings.budget_or(KINDS_BUDGET),
        settings.seed, split=None,
    )  # fmt: skip
    seconds = time.monotonic() - began
    found = model.evaluate(test.drop_columns(["file"]))["metrics"]
    of = _row(settings, model, f"{learned.num_rows} sounds by their kind", seconds)
    return [of(name, found[name], "", "") for name in ("drawn", "found", "precision", "recall")]


def _parts(table: pa.Table, settings: Settings) -> tuple[pa.Table, pa.Table]:
    """Return rows to learn from, with a column ``split``, and those to test on."""
    is_test = pc.equal(table["part"], "test")
    learned, test = table.filter(pc.invert(is_test)), table.filter(is_test)
    if settings.quick:
        kept = np.random.default_rng(settings.seed).permutation(learned.num_rows)[:400]
        learned, test = learned.take(np.sort(kept)), test.slice(0, NUM_QUICK)
    return learned.rename_columns([*learned.column_names[:-1], "split"]), test


def _fit(
    table: pa.Table,
    target: str,
    columns: dict[str, Any],
    budget: str,
    seed: int,
    split: str | None = "split",
) -> Any:
    import plait

    roles = columns if split is None else {**columns, split: "split"}
    return plait.fit(
        plait.read(table, columns=roles), target=target, budget=budget, split=split, seed=seed,
        samples=False, encoders="none",
    )  # fmt: skip


def _made(model: Any, table: pa.Table, seed: int) -> tuple[list[np.ndarray], float]:
    """Return a sound per row, float32 in [-1, 1], and the seconds that making them took."""
    from plait.modalities import Asked

    prepared = model.prepare(model.as_table(table))
    model.generator.outputs(prepared, np.arange(1), Asked(seed=seed))
    began = time.monotonic()
    found = model.generator.outputs(prepared, np.arange(table.num_rows), Asked(seed=seed))
    return list(found["raw"]), time.monotonic() - began


def _said(judge: Any, sounds: Sequence[bytes]) -> list[str]:
    found = judge.predict([{"voice": one} for one in sounds])["prediction"]
    return list(map(str, found))


def _heard(
    made: Sequence[bytes], true: Sequence[bytes], settings: Settings
) -> list[tuple[str, list[str], list[str]]]:
    """Return each peer's name, and what it hears in made and in true sounds; see
    `benchmarks.peers.whisper`.

    Raises:
        RuntimeError: The peers' interpreter has no faster-whisper, or it failed.
    """
    script = Path(benchmarks.peers.__file__).with_name("whisper.py")
    with tempfile.TemporaryDirectory() as folder:
        place, out = Path(folder) / "sounds", Path(folder) / "said.json"
        place.mkdir()
        for number, data in enumerate([*made, *true]):
            (place / f"{number:04}.sound").write_bytes(data)
        command = [
            str(settings.peer_python), str(script), "--weights", str(whisper_base()),
            "--sounds", str(place), "--language", "en", "--told-only", "--out", str(out),
        ]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(
                f"faster-whisper did not run under {settings.peer_python}\n{done.stderr.strip()}\n"
                + HINT
            )
        results = json.loads(out.read_text(encoding="utf-8"))
    said = [(one["peer"], [one["said"][key] for key in sorted(one["said"])]) for one in results]
    return [(peer, found[: len(made)], found[len(made) :]) for peer, found in said]


def _wav(wave: np.ndarray, rate_hz: int) -> bytes:
    from plait.modalities.audio.wave import encode_wav

    return encode_wav(wave, rate_hz)


def _remarks(model: Any) -> list[str]:
    """Return how samples are made, as the fit notes it."""
    return [note for note in model.summary()["notes"] if note.startswith("samples are made")]


def _row(settings: Settings, model: Any, case: str, seconds: float) -> Any:
    summary = model.summary()

    def row(metric: str, value: float, target: str, note: str) -> Row:
        shipped = f"shipped: {summary['shipped']}, {summary['num_parameters'] or 0:,} parameters"
        return Row(
            benchmark="sounds", case=case, metric=metric, value=value, target=target,
            seconds=seconds, seed=settings.seed, note=f"{note}; {shipped}" if note else shipped,
        )  # fmt: skip

    return row
