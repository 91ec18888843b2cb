"""What inspect warns of is said by fit too: in the summary, the records and the card."""

import numpy as np
import pytest
from PIL import Image

from plait import read
from plait.data import Copies
from plait.fitting.setup.problem import make_problem
from plait.fitting.setup.warned import table_warnings
from plait.modalities.image.codec import ImageCodec
from plait.progress import SILENT
from plait.recipes.fit import fit
from plait.recipes.inspect import inspect

N = 240
RNG = np.random.default_rng(0)
ILL = RNG.random(N) < 0.5


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("table")


@pytest.fixture(scope="module")
def table(folder):
    rng = np.random.default_rng(5)
    for i in range(30):
        Image.fromarray(rng.integers(0, 256, (12, 12, 3), np.uint8)).save(folder / f"{i}.png")
    names = [f"{i % 30}.png" for i in range(N)]
    (folder / "broken.png").write_bytes(b"\x89PNG broken")
    names[7] = "broken.png"
    weights = RNG.normal(60, 9, N).round(2).tolist()
    columns = {
        "photo": names,
        "code": [f"{'AB'[int(one)]}{i % 3}" for i, one in enumerate(ILL)],
        "weight": weights,
        "again": weights,
        "same": ["x"] * N,
        "kind": ["ill" if one else "well" for one in ILL[:-2]] + ["odd", "odd"],
    }
    return read(columns, root=folder, columns="photo=image,kind=category")


@pytest.fixture(scope="module")
def model(table, folder):
    return fit(
        table, target="kind", budget="1 steps", size="tiny", on_error="skip", samples=False,
        baselines=False, out=folder / "m.plait",
    )  # fmt: skip


def test_warnings_travel_into_summary_records_and_card(model):
    told = model.records["metrics"]["warnings"]
    kinds = {(one["kind"], one["column"]) for one in told}
    assert kinds >= {
        ("leak", "code"),
        ("identical", "weight, again"),
        ("unreadable", "photo"),
        ("ignored", "same"),
        ("classes", "kind"),
        ("conflict", "photo"),
    }
    assert told[0]["kind"] == "leak" and "check that it is known" in told[0]["text"]
    assert model.summary()["warnings"] == told
    assert "## What to check" in model.card and told[0]["text"] in model.card


def test_they_are_those_of_inspect(model, table):
    found = inspect(table, target="kind")
    assert found["warnings"] == [one["text"] for one in found["cautions"]]
    by_inspect = {(one["kind"], one["column"]) for one in found["cautions"]}
    by_fit = {(one["kind"], one["column"]) for one in model.records["metrics"]["warnings"]}
    assert by_fit <= by_inspect


def test_media_are_not_opened_for_them(table, monkeypatch):
    problem = make_problem(
        table.told(on_error="skip"), target="kind", exclude=(), seed=0, progress=SILENT,
    )  # fmt: skip
    monkeypatch.setattr(ImageCodec, "read", refuse)
    told = problem.truth[problem.labelled]
    found = table_warnings(table, problem.inputs, "kind", problem.prepared, told, Copies())
    assert {one["kind"] for one in found} >= {"leak", "identical", "unreadable", "ignored"}


def refuse(self, cell, media):
    assert isinstance(cell, bytes), "a file was opened"
    return np.zeros((4, 4, 3), np.uint8)
