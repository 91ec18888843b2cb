"""A fit stopped at any of its parts and resumed gives the weights of one that was not."""

from __future__ import annotations

import itertools
import os
import re

import numpy as np
import pytest

import plait
from plait.networks.config import SystemConfig
from plait.progress import Lines, Progress
from plait.train.config import TrainConfig

ROWS = [
    {"size": round(np.sin(7 * i) + 2 * (i % 2), 3), "shade": "xyz"[i % 3], "kind": "pq"[i % 2]}
    for i in range(80)
]


class StopsAfter(Progress):
    """Stops like Ctrl-C at an update of the named part of the work."""

    def __init__(self, part: str, num_updates: int) -> None:
        self.part, self.left = part, itertools.count(num_updates, -1)

    def task(self, name, total):
        def update(done, note=""):
            if self.part in name and next(self.left) <= 0:
                raise KeyboardInterrupt

        return update


def fit(out, rows=ROWS, **settings):
    often = TrainConfig(batch_size=8, save_seconds=0.0)
    settings = {"train": often, "baselines": False, "samples": False, **settings}
    settings.setdefault("budget", "100 steps")
    return plait.fit(
        rows, target="kind", size=SystemConfig(dim=16, depth=1, num_heads=2),
        out=out, **settings,
    )  # fmt: skip


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return fit(tmp_path_factory.mktemp("whole") / "m.plait").ensemble.tensors


@pytest.mark.parametrize(
    ("part", "num_updates"),
    [("fusion at layer", 1), ("fold 1 of", 0), ("fold 3 of", 1), ("fold 4 of", 1)],
)
def test_every_part_can_be_interrupted(whole, part, num_updates, tmp_path):
    out = tmp_path / "m.plait"
    with pytest.raises(KeyboardInterrupt):
        fit(out, progress=StopsAfter(part, num_updates))
    assert [path.name for path in tmp_path.iterdir()] == [".m.plait.unfinished"]
    resumed = fit(out, resume=True).ensemble.tensors
    assert whole.keys() == resumed.keys()
    assert all(np.array_equal(whole[name], resumed[name]) for name in whole)
    assert [path.name for path in tmp_path.iterdir()] == ["m.plait"]


def test_without_resume_a_fit_starts_again(whole, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        fit(tmp_path / "m.plait", progress=StopsAfter("fold 2 of", 1))
    again = fit(tmp_path / "m.plait").ensemble.tensors
    assert all(np.array_equal(whole[name], again[name]) for name in whole)


def test_another_choice_of_columns_is_another_fit(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        fit(tmp_path / "m.plait", progress=StopsAfter("fold 1 of", 1))
    with pytest.raises(plait.errors.UsageError, match="had other settings: .*exclude"):
        fit(tmp_path / "m.plait", exclude=["shade"], resume=True)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"train": TrainConfig(batch_size=8, save_seconds=0.0, smoothing=0.1)}, "train"),
        ({"rows": ROWS[:-1]}, "table"),
        ({"rows": ROWS[:-1] + [{**ROWS[-1], "size": 7.0}]}, "table"),
        ({"columns": {"shade": "text"}}, "columns"),
        ({"version": "0.0.0"}, "plait"),
    ],
    ids=["train", "fewer rows", "another cell", "another schema", "another plait"],
)
def test_whatever_decides_the_result_must_be_the_same(change, named, tmp_path, monkeypatch):
    out = tmp_path / "m.plait"
    with pytest.raises(KeyboardInterrupt):
        fit(out, progress=StopsAfter("fold 1 of", 1))
    change = dict(change)
    if "version" in change:
        monkeypatch.setattr(plait, "__version__", change.pop("version"))
    with pytest.raises(plait.errors.UsageError, match=f"had other settings: .*{named}"):
        fit(out, resume=True, **change)


def test_changed_files_behind_the_cells_are_noticed(tmp_path):
    for i in range(len(ROWS)):
        series = np.sin(np.arange(40) * (1 + i % 2) / 3) + i / 100
        (tmp_path / f"{i}.csv").write_text("v\n" + "\n".join(f"{v:.4f}" for v in series))
    rows = [{"kind": row["kind"], "wave": f"{i}.csv"} for i, row in enumerate(ROWS)]
    table = plait.read(rows, columns={"wave": "series"}, root=tmp_path)
    out = tmp_path / "m.plait"
    with pytest.raises(KeyboardInterrupt):
        fit(out, rows=table, progress=StopsAfter("fold 1 of", 1))
    (tmp_path / "3.csv").write_text("v\n" + "\n".join(["1.0", "2.0"] * 30))
    with pytest.raises(plait.errors.UsageError, match="had other settings: cells"):
        fit(out, rows=table, resume=True)


def test_nothing_to_resume_is_said(tmp_path, capsys):
    short = {"budget": "6 steps", "fusion": "mid"}
    model = fit(tmp_path / "m.plait", resume=True, progress=Lines(), **short)
    assert [note for note in model.summary()["notes"] if "nothing to resume" in note]
    assert "nothing to resume" in model.card
    assert (
        "note: nothing to resume: no interrupted fit left a checkpoint" in capsys.readouterr().err
    )
    again = fit(tmp_path / "m.plait", resume=True, **short)
    assert "the bundle there is whole" in " ".join(again.summary()["notes"])
    assert "nothing to resume" not in " ".join(
        fit(tmp_path / "m.plait", **short).summary()["notes"]
    )


def test_where_it_goes_on_is_said(tmp_path, capsys):
    with pytest.raises(KeyboardInterrupt):
        fit(tmp_path / "m.plait", progress=StopsAfter("fold 2 of", 0))
    capsys.readouterr()
    model = fit(tmp_path / "m.plait", resume=True, progress=Lines())
    (note,) = [note for note in model.summary()["notes"] if "gone on with" in note]
    assert re.fullmatch(
        r"an interrupted fit is gone on with: fold 1 is trained \(20 steps in [\d.]+ s\), "
        r"fold 2 goes on after 10 steps in [\d.]+ s, fusion at layer 0 is trained \(.*",
        note,
    )
    assert f"note: {note}" in capsys.readouterr().err


def test_a_fit_that_failed_before_its_first_checkpoint_leaves_nothing(tmp_path):
    class FailsAtOnce(Progress):
        def task(self, name, total):
            if "fusion at layer" in name:
                raise KeyboardInterrupt
            return lambda done, note="": None

    with pytest.raises(KeyboardInterrupt):
        fit(tmp_path / "m.plait", progress=FailsAtOnce())
    assert list(tmp_path.iterdir()) == []


def test_two_fits_to_one_bundle(whole, tmp_path):
    out, caught = tmp_path / "m.plait", []

    class FitsInBetween(Progress):
        def task(self, name, total):
            if "fold 2 of" in name and not caught:
                for resume in (False, True):
                    with pytest.raises(plait.errors.BusyError) as error:
                        fit(out, resume=resume)
                    caught.append(error.value)
            return lambda done, note="": None

    tensors = fit(out, progress=FitsInBetween()).ensemble.tensors
    assert f"pid {os.getpid()}" in caught[0].received and "--out" in caught[0].hint
    assert "a fit to m.plait is at work here" in str(caught[1])
    assert all(np.array_equal(whole[name], tensors[name]) for name in whole)
    assert [path.name for path in tmp_path.iterdir()] == ["m.plait"]


SERIES = [
    {
        "wave": np.round(np.sin(np.arange(40 + i % 7) * (1 + i % 2) / 3) + i / 100, 3).tolist(),
        "note": f"{'slow' if i % 2 else 'fast'} wave number {i % 10}",
        "kind": row["kind"],
    }
    for i, row in enumerate(ROWS)
]
"""Columns that are augmented at random; the network drops columns and tokens at random."""


def fit_shared(out, **settings):
    return plait.fit(
        plait.read(SERIES, columns={"wave": "series", "note": "text"}), exclude=["kind"],
        budget="60 steps", size=SystemConfig(dim=16, depth=1, num_heads=2), samples=False,
        train=TrainConfig(batch_size=16, save_seconds=0.0), out=out, **settings,
    )  # fmt: skip


@pytest.fixture(scope="module")
def whole_space(tmp_path_factory):
    return fit_shared(tmp_path_factory.mktemp("whole") / "s.plait").space


@pytest.mark.parametrize(
    ("part", "num_updates"),
    [("trial: alignment + masked", 0), ("trial: alignment + views", 0), ("learning the shared", 2)],
)
def test_a_shared_space_can_be_interrupted(whole_space, part, num_updates, tmp_path):
    out = tmp_path / "s.plait"
    with pytest.raises(KeyboardInterrupt):
        fit_shared(out, progress=StopsAfter(part, num_updates))
    resumed = fit_shared(out, resume=True).space
    assert whole_space.key == resumed.key and whole_space.scale == resumed.scale


@pytest.mark.slow
def test_several_stops_with_simple_models(tmp_path):
    first = fit(tmp_path / "a.plait", baselines=True, fusion="mid")
    for part in ("fold 1 of", "fold 4 of"):
        with pytest.raises(KeyboardInterrupt):
            again = {"baselines": True, "fusion": "mid", "resume": part != "fold 1 of"}
            fit(tmp_path / "b.plait", progress=StopsAfter(part, 1), **again)
    second = fit(tmp_path / "b.plait", baselines=True, fusion="mid", resume=True)
    assert first.ensemble.weights == second.ensemble.weights
    costs = [model.records["metrics"]["validation"]["costs"] for model in (first, second)]
    assert costs[0] == costs[1]
    answers = [model.predict(ROWS).columns["confidence"] for model in (first, second)]
    assert np.array_equal(*answers)


def test_resume_without_a_place_is_refused():
    with pytest.raises(plait.errors.UsageError, match="nothing to resume"):
        fit(None, resume=True)
