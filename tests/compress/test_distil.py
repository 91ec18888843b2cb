"""A student reads raw columns, learns truth and what its teacher says, and is judged beside it."""

import sys
from pathlib import Path

import numpy as np
import pytest

import plait
from plait.compress.distil import distil
from plait.compress.teacher import Teacher
from plait.errors import UsageError
from plait.model.derived_columns import BACKBONE
from plait.model.word_column import WORDS as WORD_TABLE
from plait.networks.config import SystemConfig

sys.path.insert(0, str(Path(__file__).parent.parent / "fitting"))

TINY = SystemConfig(dim=16, depth=1, num_heads=2)
WORDS = ("boat on water", "bird in air", "fish in water")


def rows_of(form, num=240, seed=0):
    """Rows whose target a number and three words tell together; every tenth has none."""
    rng = np.random.default_rng(seed)
    found = []
    for place in range(num):
        kind = int(rng.integers(0, 3))
        told = {
            "category": ("boat", "bird", "fish")[kind],
            "categories": ["wet"] * (kind != 1) + ["alive"] * (kind > 0),
            "number": 10.0 * kind + float(rng.normal()),
        }[form]
        found.append(
            {
                "x": float(rng.normal(kind, 0.7)),
                "note": WORDS[kind] if rng.random() < 0.7 else "nothing",
                "y": told if place % 10 else None,
            }
        )
    return found


def taught(form, rows=None, **settings):
    table = plait.read(rows or rows_of(form), columns={"x": "number", "note": "text", "y": form})
    settings = {"baselines": ["linear"], "scores": False, **settings}
    model = plait.fit(table, target="y", budget="30 steps", size=TINY, samples=False, **settings)
    return Teacher(model, table)


@pytest.mark.parametrize(
    ("form", "least"), [("category", 0.85), ("categories", 0.85), ("number", -5.0)]
)
def test_a_student_of_any_form_is_a_small_model_like_any_other(form, least, tmp_path):
    teacher = taught(form)
    student = distil(teacher, budget="40 steps", size=TINY)
    told = student.records["compression"]
    sign = -1 if form == "number" else 1
    assert sign * told["test"]["student"] > least
    assert told["megabytes"]["student"] < told["megabytes"]["teacher"]
    assert told["test"]["rows"] == len(teacher.test) and told["test"]["agreement"] > 0.8
    assert told["rows"]["taught"] == told["rows"]["learned"]
    assert told["rows"]["without a target"] == 24
    loaded = plait.load(student.save(tmp_path / "student.plait"))
    rows = rows_of(form, 20, seed=1)
    first, second = (one.outputs_of(rows) for one in (student, loaded))
    np.testing.assert_allclose(first, second, atol=1e-5)
    assert np.isfinite(loaded.evaluate(rows)["metrics"][told["test"]["metric"]])
    page = plait.report(loaded, out=tmp_path / "page.html").read_text(encoding="utf8")
    assert "<html" in page


def test_the_same_distillation_makes_the_same_student():
    teacher = taught("category")
    first, second = (distil(teacher, budget="20 steps", size=TINY) for _ in range(2))
    rows = rows_of("category", 20, seed=1)
    np.testing.assert_array_equal(first.outputs_of(rows), second.outputs_of(rows))


def test_nothing_of_the_test_is_learned_or_chosen_by():
    rows = rows_of("category")
    test = taught("category", rows, simple=True).test
    others = [dict(row) for row in rows]
    for place in test:
        if others[place]["y"] is not None:
            others[place]["y"] = {"boat": "bird", "bird": "fish", "fish": "boat"}[rows[place]["y"]]
    words = ["test" if place in set(test.tolist()) else "train" for place in range(len(rows))]
    outputs = []
    for some in (rows, others):
        table = plait.read(
            [{**row, "split": word} for row, word in zip(some, words, strict=True)],
            columns={"x": "number", "note": "text", "y": "category", "split": "split"},
        )
        model = plait.fit(
            table,
            target="y",
            simple=True,
            baselines=["linear"],
            split="split",
            samples=False,
            scores=False,
        )
        student = distil(Teacher(model, table), students=["simple"], budget="1 steps")
        outputs.append(student.outputs_of(rows_of("category", 20, seed=1)))
    np.testing.assert_array_equal(*outputs)


def test_a_student_is_as_small_as_was_asked_or_none():
    teacher = taught("category")
    small = distil(teacher, budget="4 steps", size=TINY, max_mb=0.02)
    assert sum(map(len, small.ensemble.files().values())) < 20_000
    with pytest.raises(UsageError, match="no student is so small"):
        distil(teacher, budget="4 steps", size=TINY, max_mb=0.001)


@pytest.mark.parametrize(
    "settings", [{"students": ["trees"]}, {"students": []}, {"share": 1.5}, {"temperature": 0.0}]
)
def test_settings_without_meaning_are_refused(settings):
    with pytest.raises(UsageError):
        distil(taught("category", simple=True), **settings)


def test_columns_of_an_encoder_are_not_read_by_the_student(tmp_path):
    pytest.importorskip("transformers")
    from knowing_encoder import COLUMNS, make_rows, save_knowing

    rows = make_rows()
    table = plait.read(rows, columns=COLUMNS)
    model = plait.fit(
        table,
        target="kind",
        budget="30 steps",
        size=TINY,
        encoders={"text": str(save_knowing(tmp_path / "encoder"))},
        tune="frozen",
        baselines=["linear"],
        samples=False,
        scores=False,
    )
    student = distil(Teacher(model, table), budget="20 steps", size=TINY)
    assert [one.kind for one in model.derived_columns] == [BACKBONE]
    assert [one.kind for one in student.derived_columns] == [WORD_TABLE]
    assert student.input_columns == {"note": ("note", "note~words"), "size": ("size",)}
    assert len(student.predict(rows[:5])["prediction"]) == 5
