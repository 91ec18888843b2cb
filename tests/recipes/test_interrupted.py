"""A fit stopped at any of its parts and resumed gives the weights of one that was not."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import plait
from plait.model.config import SystemConfig
from plait.progress import Progress
from plait.train.config import TrainConfig

pytestmark = pytest.mark.xdist_group("interrupted")

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


def fit(out, **settings):
    return plait.fit(
        ROWS, target="kind", budget="100 steps", size=SystemConfig(dim=16, depth=1, num_heads=2),
        baselines=False, samples=False, train=TrainConfig(batch_size=8, save_seconds=0.0),
        out=out, **settings,
    )  # fmt: skip


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return fit(tmp_path_factory.mktemp("whole") / "m.plait").ensemble.tensors


@pytest.mark.parametrize(
    ("part", "num_updates"),
    [("fusion at layer", 1), ("fold 1 of", 0), ("fold 3 of", 1), ("on all rows", 1)],
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
    with pytest.raises(plait.errors.UsageError, match="had other settings: exclude"):
        fit(tmp_path / "m.plait", exclude=["shade"], resume=True)


def test_resume_without_a_place_is_refused():
    with pytest.raises(plait.errors.UsageError, match="nothing to resume"):
        fit(None, resume=True)
