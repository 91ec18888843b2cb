"""Dutch speech of levels nobody learned from, beside faster-whisper as it comes.

With a frozen encoder whose states in time are spelled, and from scratch.
"""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

import benchmarks.peers
from benchmarks.data.fillets import LANGUAGE, fillets
from benchmarks.data.tables import Split
from benchmarks.data.whisper import whisper_base, whisper_encoder
from benchmarks.fits import fit_and_score
from benchmarks.rows import Row
from benchmarks.settings import Settings

BUDGET = "5m"
COLUMNS = {"sound": "audio", "transcript": "text"}
HINT = (
    "hint: python -m venv peer-venv && peer-venv/bin/pip install faster-whisper, then "
    "--peer-python peer-venv/bin/python"
)
NUM_TEST, NUM_QUICK = 60, 6
TEST_SHARE, VALIDATION_SHARE = 0.15, 0.1
"""Of all levels; of the test's levels so many utterances are scored as `NUM_TEST` says."""


WAYS: dict[str, Callable[[], Any]] = {
    "Whisper's encoder, frozen": lambda: {"sound": str(whisper_encoder())},
    "from scratch": lambda: "none",
}
"""How plait hears, and its encoders."""


def run(settings: Settings) -> list[Row]:
    """Measure plait's own transcribers and the peer on the same utterances."""
    split = _split(settings)
    peers = whisper_results(split.test["sound"].to_pylist(), settings)
    if not settings.with_plait:
        return _rows(split, "", Row(benchmark="fillets", case="", metric="", seed=0), None, peers)
    rows = []
    for way, encoders in WAYS.items():
        done = fit_and_score(
            split,
            target="transcript",
            columns=COLUMNS,
            budget=settings.budget_or(BUDGET),
            seed=settings.seed,
            encoders=encoders(),
        )
        said = list(map(str, done.model.predict(split.test)["prediction"]))
        told = done.model.records["metrics"].get("training") or {}
        note = f"{done.note}; {told.get('steps', 0)} steps"
        row = Row(
            benchmark="fillets",
            case="",
            metric="",
            seed=settings.seed,
            seconds=done.seconds,
            note=note,
        )
        rows += _rows(split, way, row, said, peers)
    return rows


def _rows(
    split: Split, way: str, row: Row, said: Sequence[str] | None, peers: Sequence[dict[str, Any]]
) -> list[Row]:
    true = split.test["transcript"].to_pylist()
    rows = []
    for metric, name in (("wer", "word error rate"), ("cer", "character error rate")):
        value = None if said is None else rate(metric, said, true)
        for peer in peers:
            took = f"the peer took {peer['seconds']:.0f} s"
            rows.append(
                replace(
                    row,
                    case=", ".join(filter(None, [f"{len(true)} utterances", way])),
                    metric=name,
                    value=value,
                    peer=peer["peer"],
                    peer_value=rate(metric, peer["said"], true),
                    note="; ".join(filter(None, [row.note, took])),
                )
            )
    return rows


def rate(metric: str, said: Sequence[str], true: Sequence[str]) -> float:
    """Return errors by words or characters of all texts together, case and marks left out."""
    import jiwer

    pairs = [(plain(a), plain(b)) for a, b in zip(true, said, strict=True) if plain(a)]
    found: float = getattr(jiwer, metric)([a for a, _ in pairs], [b for _, b in pairs])
    return found


def plain(text: str) -> str:
    """Return a text in small letters, without marks.

    >>> plain("Dat is 't wrak, van de LC-10!")
    'dat is t wrak van de lc 10'
    """
    return " ".join(re.sub(r"[^\w]+", " ", text.lower()).split())


def whisper_results(sounds: Sequence[bytes], settings: Settings) -> list[dict[str, Any]]:
    """Run faster-whisper in its own interpreter; see `benchmarks.peers.whisper`.

    Raises:
        RuntimeError: That interpreter has no faster-whisper, or it failed.
    """
    script = Path(benchmarks.peers.__file__).with_name("whisper.py")
    with tempfile.TemporaryDirectory() as folder:
        place, out = Path(folder) / "sounds", Path(folder) / "said.json"
        place.mkdir()
        for number, data in enumerate(sounds):
            (place / f"{number:04}.ogg").write_bytes(data)
        told = ["--weights", str(whisper_base()), "--sounds", str(place), "--language", LANGUAGE]
        command = [str(settings.peer_python), str(script), *told, "--out", str(out)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(
                f"faster-whisper did not run under {settings.peer_python}\n{done.stderr.strip()}\n"
                + HINT
            )
        results = json.loads(out.read_text(encoding="utf-8"))
    return [{**one, "said": [one["said"][key] for key in sorted(one["said"])]} for one in results]


def _split(settings: Settings) -> Split:
    """Return utterances, the levels of the test being none of those that are learned from."""
    table, rng = fillets(), np.random.default_rng(settings.seed)
    of_row = np.array(table["level"].to_pylist())
    levels = rng.permutation(np.unique(of_row))
    num_test, num_validation = (
        round(share * len(levels)) for share in (TEST_SHARE, VALIDATION_SHARE)
    )
    test = np.flatnonzero(np.isin(of_row, levels[:num_test]))
    most = NUM_QUICK if settings.quick else NUM_TEST
    test = np.sort(rng.permutation(test)[:most])
    aside = np.isin(of_row, levels[num_test : num_test + num_validation])
    learned = np.flatnonzero(~np.isin(of_row, levels[:num_test]))
    parts = np.where(aside[learned], "validation", "train")
    bare = table.drop_columns(["level"])
    return Split(bare.take(learned).append_column("split", pa.array(parts)), bare.take(test))
