"""A teacher says of rows that it learned from what models say that did not learn from them."""

from dataclasses import replace

import numpy as np
import pytest

import plait
from plait.compress.cross_fitted import cross_fitted
from plait.compress.student_problem import make_lessons, student_problem
from plait.compress.teacher import Teacher
from plait.errors import TargetError, UsageError
from plait.fitting.setup.timetable import Timetable
from plait.model.ensemble import Ensemble
from plait.progress import SILENT

COLUMNS = {"name": "id", "x": "number", "y": "number", "kind": "category"}


def noise(num=400, seed=0):
    """Rows whose kind nothing tells, so that who knows it knows it by heart."""
    rng = np.random.default_rng(seed)
    return [
        {
            "name": f"row {seed} {place}",
            "x": float(rng.normal()),
            "y": float(rng.normal()),
            "kind": str(rng.choice(["low", "high"])),
        }
        for place in range(num)
    ]


def nearest(rows, **settings):
    """Fit nearest neighbours, which know their rows by heart."""
    table = plait.read(rows, columns=COLUMNS)
    model = plait.fit(
        table, target="kind", simple=True, baselines=["neighbour"], samples=False, **settings
    )
    return model, table


def right(model, rows, outputs):
    """Return the share of rows whose likeliest class is the true one."""
    labels = [model.target_codec.labels.index(row["kind"]) for row in rows]
    return float((outputs.argmax(1) == labels).mean())


@pytest.fixture(scope="module")
def taught():
    rows = noise()
    return rows, *nearest(rows)


def test_kept_answers_owe_nothing_to_their_row(taught):
    rows, model, table = taught
    teacher = Teacher(model, table)
    said = teacher.answers(seed=0)
    known = np.flatnonzero(~np.isnan(said).any(1))
    learned = np.flatnonzero(teacher.learned)
    np.testing.assert_array_equal(known, learned)
    direct = model.ensemble.outputs(teacher.prepared, learned)
    apart = right(model, [rows[i] for i in learned], said[learned])
    by_heart = right(model, [rows[i] for i in learned], direct)
    assert apart < 0.53 and by_heart > apart + 0.05


def test_a_teacher_never_answers_for_rows_it_learned_from_nor_of_its_test(taught):
    _, model, table = taught
    teacher = Teacher(model, table)
    assert np.isnan(teacher.answers(seed=0)[teacher.test]).all()
    assert len(teacher.test) and teacher.outputs(teacher.test).shape == (len(teacher.test), 2)
    with pytest.raises(ValueError, match="by heart"):
        teacher.outputs(np.flatnonzero(teacher.learned)[:1])


def test_answers_survive_the_bundle_and_are_small(taught, tmp_path):
    _, model, table = taught
    loaded = plait.load(model.save(tmp_path / "a.plait"))
    first, second = (Teacher(one, table).answers(seed=0) for one in (model, loaded))
    np.testing.assert_array_equal(first, second)
    kept = loaded.ensemble.answers
    assert kept is not None and kept.outputs.dtype == np.float16
    assert (tmp_path / "a.plait" / "answers.safetensors").stat().st_size < 10_000


def test_rows_are_known_by_their_ids_in_another_order_and_beside_others(taught):
    rows, model, table = taught
    order = np.random.default_rng(1).permutation(len(rows))
    fresh = [{**row, "kind": None} for row in noise(30, seed=1)]
    mixed = plait.read([*(rows[i] for i in order), *fresh], columns=COLUMNS)
    teacher, whole = Teacher(model, mixed), Teacher(model, table)
    np.testing.assert_array_equal(teacher.places[: len(rows)], order)
    np.testing.assert_array_equal(
        teacher.answers(seed=0)[: len(rows)], whole.answers(seed=0)[order]
    )
    new = np.arange(len(rows), len(mixed))
    np.testing.assert_array_equal(teacher.answers(seed=0)[new], teacher.outputs(new))
    np.testing.assert_array_equal(np.sort(order[teacher.test]), whole.test)


def test_where_nothing_tells_what_was_learned_a_person_must(taught):
    _, model, _ = taught
    others = [{n: v for n, v in row.items() if n != "name"} for row in noise(60, seed=2)]
    with pytest.raises(UsageError, match="cannot be told which of these rows") as error:
        Teacher(model, others)
    assert "unseen=True" in str(error.value)
    teacher = Teacher(model, others, unseen=True)
    assert teacher.splits is None and not teacher.learned.any()
    assert np.isfinite(teacher.answers(seed=0)).all()


def test_a_bundle_without_answers_loads_and_says_what_to_do(taught, tmp_path):
    _, model, table = taught
    bare = replace(model, parts=replace(model.ensemble, answers=None))
    loaded = plait.load(bare.save(tmp_path / "old.plait"))
    assert loaded.ensemble.answers is None
    teacher = Teacher(loaded, table)
    problem = student_problem(teacher, seed=0, progress=SILENT, timetable=Timetable(None, 0.0))
    with pytest.raises(UsageError, match="keeps no out-of-fold answers") as error:
        make_lessons(teacher, problem, seed=0)
    assert "fit again" in str(error.value) and "unseen=True" in str(error.value)


def test_answers_made_anew_by_folds_owe_nothing_to_their_row(taught):
    rows, model, table = taught
    teacher = Teacher(model, table)
    problem = student_problem(teacher, seed=0, progress=SILENT, timetable=Timetable(None, 0.0))
    said = cross_fitted(teacher, problem, seed=0, deadline=None)
    assert said is not None
    train = problem.splits.train
    assert abs(right(model, [rows[i] for i in train], said[train]) - 0.5) < 0.1
    assert np.isnan(np.delete(said, train, axis=0)).all()
    deep = replace(model, parts=replace(model.ensemble, weights={"deep": 1.0}))
    assert cross_fitted(Teacher(deep, table), problem, seed=0, deadline=None) is None


def test_what_has_no_student_says_what_works_instead(taught):
    rows, model, table = taught
    space = plait.fit(table, simple=True, exclude=["kind"], samples=False)
    with pytest.raises(TargetError, match="this bundle has none") as error:
        Teacher(space, table)
    assert "--size tiny" in str(error.value)
    generated = replace(model, parts=_Generates())
    with pytest.raises(TargetError, match="generated has no student"):
        Teacher(generated, table)
    assert isinstance(model.parts, Ensemble)


class _Generates:
    """Stands in for what generates a text."""

    class target:
        modality = "text"
