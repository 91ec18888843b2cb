"""Clips that are made: stickers of a kind that move as asked, and pictures set in motion."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from benchmarks.data import Split, halves
from benchmarks.data.moving_stickers import MOTIONS, SIZE_PX, moving_stickers
from benchmarks.fits import Outcome
from benchmarks.rows import Row
from benchmarks.settings import Settings

BUDGET = "800 steps"
"""Work, not time: made clips are worth the same on a machine that others share."""

CLIP = {"modality": "video", "settings": {"size_px": SIZE_PX}}
NUM_EACH, JUDGE_EPOCHS, NUM_BEGUN = 2, 6, 24
"""Clips made of each kind and motion, passes of the classifiers, pictures set in motion."""


def run(settings: Settings) -> list[Row]:
    """Measure; what is learned from holds no sticker of a test row."""
    if not settings.with_plait:
        return []
    split = halves(
        moving_stickers(), target="motion", validation=0.0, seed=settings.seed, quick=settings.quick
    )
    outcome = _fit(split, settings)
    judges = _Judges(split, settings)
    return [*_asked(outcome, judges, settings), *_begun(outcome, judges, settings)]


class _Judges:
    """Classifiers of kind and motion, trained on the true clips that plait learned from."""

    def __init__(self, split: Split, settings: Settings) -> None:
        from benchmarks.peers.clips import ClipJudge

        self.kinds = sorted(set(split.train["kind"].to_pylist()))
        self.motions = list(MOTIONS)
        self.learned, self.true = pixels(split.train), pixels(split.test)
        epochs = 1 if settings.quick else JUDGE_EPOCHS
        self._kind, self._motion = (
            ClipJudge(
                self.learned, self.numbers(split.train, name), epochs=epochs, seed=settings.seed
            )
            for name in ("kind", "motion")
        )
        self.right = self.agreement(self.true, split.test)

    def numbers(self, table: pa.Table, name: str) -> np.ndarray:
        """Return the classes of a column's cells."""
        names = self.kinds if name == "kind" else self.motions
        return np.array([names.index(one) for one in table[name].to_pylist()])

    def agreement(self, clips: np.ndarray, table: pa.Table) -> tuple[float, float]:
        """Return of which shares of clips kind and motion are recognised as the table has them."""
        kind = float((self._kind(clips) == self.numbers(table, "kind")).mean())
        motion = float((self._motion(clips) == self.numbers(table, "motion")).mean())
        return kind, motion


def _asked(outcome: Outcome, judges: _Judges, settings: Settings) -> list[Row]:
    from plait.modalities.drawn_sets import copied, resampled
    from plait.modalities.target import metrics_by
    from plait.modalities.video.scoring import points_of

    pairs = [(kind, motion) for kind in judges.kinds for motion in judges.motions]
    pairs *= 1 if settings.quick else NUM_EACH
    wanted = pa.table({"kind": [one for one, _ in pairs], "motion": [one for _, one in pairs]})
    made, seconds = _made(outcome, wanted, settings.seed)
    kind, motion = judges.agreement(made, wanted)
    test = outcome.split.test
    beside, _ = _made(outcome, test.select(["kind", "motion"]), settings.seed)
    points = [points_of(_clips(some)) for some in (beside, judges.true)]
    found = metrics_by(resampled, list(np.concatenate(points, axis=1)))
    learned = points_of(_clips(judges.learned[:: max(1, len(judges.learned) // 1500)]))
    near = copied(*points, learned)
    of = _row(settings, outcome, "stickers that move, by kind and motion")
    told = f"{len(made)} clips, {seconds / len(made):.2f} s each; of true ones {{:.1%}}"
    among = f"{len(beside)} clips beside as many true ones"
    return [
        of("motion recognised", motion, ">= 0.9", told.format(judges.right[1])),
        of("kind recognised", kind, ">= 0.6", told.format(judges.right[0])),
        of("precision", found["precision"], "", among),
        of("recall", found["recall"], "", among),
        of("kernel distance", found["kid"], "", f"true halves {found['kid_true']:.5f}"),
        of("copy rate", near.rate, "", f"true ones {near.usual:.3f}"),
    ]


def _begun(outcome: Outcome, judges: _Judges, settings: Settings) -> list[Row]:
    """Set first frames of stickers that nobody learned from in motion, each as its row says."""
    from plait.modalities import Asked

    model, num = outcome.model, 8 if settings.quick else NUM_BEGUN
    test, true = outcome.split.test.slice(0, num), judges.true[:num]
    prepared = model.prepare(model.as_table(test.select(["motion"])))
    made = []
    for row in range(test.num_rows):
        still = true[row, :1].repeat(true.shape[1], 0)
        keep = (np.arange(true.shape[1]) == 0)[:, None, None]
        asked = Asked(seed=settings.seed, begin={"frames": still}, keep=keep)
        made += list(model.generator.outputs(prepared, np.array([row]), asked)["raw"])
    clips = np.stack([one.frames for one in made])
    motion = judges.agreement(clips, test)[1]
    error, still_error = (
        float(np.abs(some.astype(np.float64) - true).mean()) for some in (clips, true[:, :1])
    )
    of = _row(settings, outcome, "first frames of other stickers, set in motion")
    return [
        of("motion recognised", motion, "", f"{len(clips)} clips"),
        of("error beside standing still", error / still_error, "",
           f"{error:.2f} levels from the true clip, the first frame alone {still_error:.2f}"),
    ]  # fmt: skip


def _fit(split: Split, settings: Settings) -> Outcome:
    import plait

    kept = split.train.select(["clip", "kind", "motion", "split"])
    columns = {"clip": CLIP, "kind": "category", "motion": "category", "split": "split"}
    began = time.process_time()
    model = plait.fit(
        plait.read(kept, columns=columns), target="clip", budget=settings.budget_or(BUDGET),
        split="split", seed=settings.seed, samples=False, encoders="none",
    )  # fmt: skip
    seconds = time.process_time() - began
    return Outcome(model=model, split=split, metrics={}, seconds=seconds)


def _made(outcome: Outcome, table: pa.Table, seed: int) -> tuple[np.ndarray, float]:
    """Return a clip per row, uint8 ``[row, frame, height, width, 3]``, and the CPU seconds."""
    from plait.modalities import Asked

    model = outcome.model
    prepared = model.prepare(model.as_table(table))
    began = time.process_time()
    found = model.generator.outputs(
        prepared, np.arange(table.num_rows), Asked(seed=seed, apart=True)
    )
    seconds = time.process_time() - began
    return np.stack([one.frames for one in found["raw"]]), seconds


def pixels(table: pa.Table) -> np.ndarray:
    """Return the clips of a table as plait reads them, uint8 ``[row, frame, height, width, 3]``."""
    from plait.modalities.media import Media
    from plait.modalities.video.codec import VideoCodec

    codec, media = VideoCodec(size_px=SIZE_PX, drawn=True), Media(None)
    cells = table["clip"].to_pylist()
    return np.stack([codec.prepare(codec.read(one, media))["frames"] for one in cells])


def _clips(clips: np.ndarray) -> Sequence[Any]:
    from plait.modalities.video.clip import Clip

    return [Clip(frames, None, 2.0) for frames in clips]


def _row(settings: Settings, outcome: Outcome, case: str) -> Any:
    summary = outcome.model.summary()

    def row(metric: str, value: float, target: str, note: str) -> Row:
        shipped = f"shipped: {summary['shipped']}, {summary['num_parameters'] or 0:,} parameters"
        return Row(
            benchmark="moves", case=case, metric=metric, value=value, target=target,
            seconds=outcome.seconds, seed=settings.seed, note=f"{note}; {shipped}",
        )  # fmt: skip

    return row
