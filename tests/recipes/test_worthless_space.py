"""A space that tells nothing apart warns wherever it is used; one that works never does."""

from __future__ import annotations

import json

import numpy as np
import pytest

import plait
from plait.cli import run
from plait.fitting.space import pretrain
from plait.model.loading import load
from plait.networks.config import SystemConfig
from plait.recipes.report import write_report
from plait.train.shared import Shared

WORDS = ("red", "blue", "green", "black", "white", "grey")


def table(related, num=240):
    rng = np.random.default_rng(0)
    kinds, others = rng.integers(0, 6, (2, num))
    rows = [
        {
            "size": round(float(kinds[i] + 0.1 * rng.normal()), 3),
            "note": f"{WORDS[(kinds if related else others)[i]]} thing {rng.integers(1000)}",
        }
        for i in range(num)
    ]
    return plait.read(rows, columns={"size": "number", "note": "text"})


def fit(out, related, **settings):
    return plait.fit(
        table(related), budget="6 steps", out=out, fusion="mid",
        size=SystemConfig(dim=16, depth=1, num_heads=2), **settings,
    )  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("worthless")


@pytest.fixture(scope="module")
def worthless(folder):
    fit(folder / "worthless.plait", related=False)
    return folder / "worthless.plait"


@pytest.fixture(scope="module")
def works(folder):
    fit(folder / "works.plait", related=True)
    return folder / "works.plait"


SAID = "this space does not tell rows apart"


def used(bundle, csv, out, capsys):
    """Return what every use of a space says, on standard error and in its JSON."""
    found = []
    for words in (
        ["search", str(bundle), "--table", str(csv), "--text", "red"],
        ["embed", str(bundle), str(csv), "--out", str(out / "v.parquet")],
        ["predict", str(bundle), str(csv), "--classes", "red,blue", "--out", str(out / "p.csv")],
    ):
        assert run([*words, "--json", "--quiet"]) == 0
        told = capsys.readouterr()
        found.append((json.loads(told.out)["warnings"], told.err))
    return found


@pytest.fixture
def csv(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text(
        "size,note\n" + "".join(f"{i % 6},{WORDS[i % 6]} thing {i}\n" for i in range(9))
    )
    return path


def test_a_worthless_space_warns_in_every_use(worthless, csv, tmp_path, capsys):
    for warnings, err in used(worthless, csv, tmp_path, capsys):
        assert len(warnings) == 1 and SAID in warnings[0] and "50 by chance" in warnings[0]
        assert f"warning: {warnings[0]}" in err
    model = load(worthless)
    assert model.space.check.works is False
    said = [one["text"] for one in model.records["metrics"]["warnings"]]
    assert said == list(model.space.check.warnings)


def test_and_in_its_fit_its_card_and_its_report(worthless, tmp_path):
    model = fit(tmp_path / "again.plait", related=False)
    said = [one["text"] for one in model.summary()["warnings"] if one["kind"] == "space"]
    assert len(said) == 1 and SAID in said[0] and SAID in model.card
    page = write_report(worthless, tmp_path / "r.html").read_text()
    assert SAID in page and "does not tell rows apart" in page


def test_a_fit_from_a_worthless_base_says_so(worthless, tmp_path):
    rows = [
        {"size": i * 0.37, "note": f"{WORDS[i % 6]} {i}", "kind": "pq"[i % 2]} for i in range(60)
    ]
    model = plait.fit(
        plait.read(rows, columns={"note": "text"}), target="kind", base=worthless, samples=False,
        budget="2 steps", adapt="scratch",
    )  # fmt: skip
    assert [note for note in model.summary()["notes"] if note.startswith(f"the base: {SAID}")]


def test_a_space_that_works_warns_nowhere(works, csv, tmp_path, capsys):
    for warnings, err in used(works, csv, tmp_path, capsys):
        assert warnings == [] and "warning" not in err
    assert load(works).space.check.works
    page = write_report(works, tmp_path / "r.html").read_text()
    assert SAID not in page and "The space tells rows apart" in page


def test_a_collapsed_network_that_is_left_out_is_a_detail(tmp_path, monkeypatch):
    monkeypatch.setattr(Shared, "collapse", lambda self: {"std": 0.01, "rank": 1.0})
    ranks = iter([0.9] + [0.1] * (len(pretrain.SHARES) - 1))
    monkeypatch.setattr(pretrain, "score_directions", lambda *a: {"x": {"mrr": next(ranks)}})
    model = fit(tmp_path / "m.plait", related=True)
    notes = " ".join(model.summary()["notes"])
    assert "the network's vectors collapsed: its part was left out" in notes
    assert SAID not in notes and "worthless" not in notes
    assert model.records["metrics"]["warnings"] == [] and model.space.check.works
    assert model.records["metrics"]["training"]["network_std"] == 0.01
