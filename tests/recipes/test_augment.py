"""Augment: made rows are learned from where held-out rows gain by it, and only there."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

import plait
from plait.compress.distil import distil
from plait.compress.teacher import Teacher
from plait.data.made_rows import SPLIT, with_made
from plait.errors import TargetError, UsageError
from plait.fitting.setup.fit_config import FitConfig
from plait.fitting.setup.problem import make_problem
from plait.progress import SILENT
from plait.recipes import augment
from plait.recipes.fit import fit
from plait.recipes.row_makers import rows_maker
from plait.train.budget import Budget

NUM, WIDTH = 90, 12
SIMPLE = {
    "simple": True, "samples": False, "scores": False, "progress": False, "budget": "20 steps",
    "baselines": ("majority", "linear"),
}  # fmt: skip


def points(num, seed):
    """A class that a sum of many numbers tells, which few rows hardly do."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(num, WIDTH))
    kinds = np.where(values.sum(1) + rng.normal(0, 0.5, num) > 0, "high", "low")
    columns = {f"x{i}": values[:, i].round(4).tolist() for i in range(WIDTH)}
    return {**columns, "kind": kinds.tolist()}


class Maker:
    """Makes rows of the true kind, or with labels by lot; remembers what it learned from."""

    def __init__(self, *, good: bool) -> None:
        self.good, self.learned = good, []

    def __call__(self, rows, num, budget):
        self.learned.append(set(map(int, rows)))
        made = points(3 * num, 100 + len(self.learned))
        if not self.good:
            rng = np.random.default_rng(1)
            made["kind"] = rng.permutation(made["kind"]).tolist()
        return made


def augmented_by(maker):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(augment, "rows_maker", lambda problem, asked, fit: maker)
        return plait.fit(points(NUM, 0), target="kind", augment="generated", **SIMPLE)


@pytest.fixture(scope="module")
def good():
    maker = Maker(good=True)
    return maker, augmented_by(maker)


def test_made_rows_are_learned_from_where_held_out_rows_gain(good):
    _, model = good
    told = model.records["metrics"]["augmentation"]
    assert told["shown"] and told["interval"][0] > 0 and told["learned_from"] > NUM
    notes = model.records["metrics"]["notes"]
    assert any("that a model made are learned from" in one for one in notes)
    splits, real = model.records["splits"], set(range(NUM))
    assert len(set(splits["train"]) - real) == told["learned_from"]
    assert set(splits["validation"]) | set(splits["test"]) <= real


def test_rows_that_a_split_left_out_stay_out():
    table, rng = points(200, 0), np.random.default_rng(0)
    table["shop"] = [f"shop {one}" for one in rng.integers(0, 12, 200)]
    table["day"] = [f"2026-01-{1 + one // 8:02}" for one in range(200)]
    options = {"target": "kind", "group": "shop", "time": "day", **SIMPLE}
    plain = plait.fit(table, **options).records["splits"]
    inside = {row for name in ("train", "validation", "test") for row in plain[name]}
    assert len(inside) < 190
    maker = Maker(good=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(augment, "rows_maker", lambda problem, asked, fit: maker)
        model = plait.fit(table, augment="generated", **options)
    assert model.records["metrics"]["augmentation"]["shown"]
    splits = model.records["splits"]
    real = {row for name in ("train", "validation", "test") for row in splits[name] if row < 200}
    assert real == inside and set().union(*maker.learned) <= inside
    tested = {table["shop"][row] for row in splits["test"]}
    assert tested.isdisjoint(table["shop"][row] for row in splits["train"] if row < 200)


def test_a_bundle_of_made_rows_too_teaches_a_student(good):
    _, model = good
    student = distil(Teacher(model, points(NUM, 0)), budget="5 steps", students=("simple",))
    told = student.records["compression"]["rows"]
    assert told["taught"] > NUM // 2
    with pytest.raises(UsageError, match="cannot be told which"):
        Teacher(model, points(NUM, 1))


def test_nothing_is_made_of_rows_that_judge(good):
    maker, model = good
    *folds, last = maker.learned
    splits = {name: set(model.records["splits"][name]) for name in ("train", "validation", "test")}
    known = (splits["train"] | splits["validation"]) & set(range(NUM))
    assert last == splits["train"] & set(range(NUM))
    assert len(folds) == 3 and set.union(*folds) == known and not set.intersection(*folds)
    assert not any(one & splits["test"] for one in maker.learned)


def test_what_is_no_gain_is_refused_and_said():
    model = augmented_by(Maker(good=False))
    told = model.records["metrics"]
    assert not told["augmentation"]["shown"]
    assert any("no clear gain" in one for one in told["notes"])
    assert max(model.records["splits"]["train"]) < NUM


def test_where_nothing_is_learned_that_makes_rows_the_fit_goes_on():
    def fail(*_):
        raise TargetError("nothing was learned that is worth shipping")

    model = augmented_by(fail)
    assert any("worth shipping" in one for one in model.records["metrics"]["notes"])


def test_a_table_with_made_rows_reads_both():
    table = plait.read({"a": [1, 2, 3], "b": ["x", "y", "z"]})
    more = with_made(table, {"a": [7, 8]}, ["train", "test", "validation"])
    assert more.num_rows == 5 and more.real is table and table.real is table
    assert more.column("a") == [1, 2, 3, 7, 8] and more.column("b", [3, 1]) == [None, "y"]
    assert more.column(SPLIT) == ["train", "test", "validation", "train", "train"]
    assert with_made(table, {}, ["train"] * 3).num_rows == 3
    other = with_made(table, {"a": [7, 9]}, ["train", "test", "validation"])
    assert len({table.key, more.key, other.key}) == 3


def asked_of(target, **settings):
    return FitConfig.of(target=target, budget=Budget.parse("30 steps"), **settings)


def problem_of(rows, target, columns=None):
    table = plait.read(rows, columns=columns)
    return make_problem(table, target=target, exclude=(), seed=0, progress=SILENT, simple=True)


def test_rows_of_numbers_and_labels_are_made_whole():
    problem = problem_of(points(NUM, 0), "kind")
    maker = rows_maker(problem, asked_of("kind", simple=True), fit)
    made = maker(problem.splits.train, 40, Budget.parse("30 steps"))
    assert set(made) == set(points(1, 0)) and {len(one) for one in made.values()} == {40}
    assert set(made["kind"]) == {"high", "low"}


def test_pictures_are_drawn_by_what_the_other_columns_tell():
    rng = np.random.default_rng(0)
    rows = []
    for row in range(40):
        pixels = np.full((8, 8), 230 - 180 * (row % 2) + rng.integers(-20, 20), np.uint8)
        buffer = io.BytesIO()
        Image.fromarray(pixels).save(buffer, "PNG")
        rows.append({"kind": ("light", "dark")[row % 2], "picture": buffer.getvalue()})
    problem = problem_of(rows, "kind", {"picture": "image", "kind": "category"})
    maker = rows_maker(problem, asked_of("kind"), fit)
    assert maker.drawn == "picture"
    made = maker(problem.splits.train, 12, Budget.parse("40 steps"))
    assert set(made) == {"kind", "picture"} and len(made["picture"]) == 12
    shades = [
        np.asarray(Image.open(io.BytesIO(one)).convert("L")).mean() for one in made["picture"]
    ]
    light = [shade for shade, kind in zip(shades, made["kind"], strict=True) if kind == "light"]
    dark = [shade for shade, kind in zip(shades, made["kind"], strict=True) if kind == "dark"]
    assert np.mean(light) > np.mean(dark)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"augment": "mirrored"}, "not augmented so"),
        ({"augment": "generated", "weights": "size"}, "one target of a table"),
        ({"augment": "generated", "target": None}, "one target of a table"),
    ],
)
def test_what_cannot_be_augmented_is_refused(settings, message):
    rows = {**points(NUM, 0), "size": [1.0] * NUM}
    with pytest.raises(UsageError, match=message):
        plait.fit(rows, **{"target": "kind", "progress": False, **settings})


def test_two_columns_that_are_neither_are_refused():
    rows = [{"kind": "ab"[i % 2], "one": f"sun and {i} seas", "two": f"rain on tin {i}"}
            for i in range(40)]  # fmt: skip
    problem = problem_of(rows, "kind", {"one": "text", "two": "text", "kind": "category"})
    with pytest.raises(UsageError, match="cannot be made"):
        rows_maker(problem, asked_of("kind"), fit)
