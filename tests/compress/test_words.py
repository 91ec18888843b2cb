"""Words that a teacher's encoder knows and its table lacks are learned by a student too."""

import sys
from pathlib import Path

import numpy as np
import pytest

import plait
from plait.compress.distil import distil
from plait.compress.teacher import Teacher
from plait.compress.words import joined, unknown_words, word_rows

pytest.importorskip("transformers")
sys.path.insert(0, str(Path(__file__).parent.parent / "fitting"))

from knowing_encoder import COLUMNS, make_rows, save_knowing


@pytest.fixture(scope="module")
def taught(tmp_path_factory):
    """Return a teacher's model of half of the words, their table, and rows of the other half."""
    rows = make_rows()
    known = plait.read(rows[:120], columns=COLUMNS)
    folder = save_knowing(tmp_path_factory.mktemp("encoder") / "encoder")
    model = plait.fit(
        known,
        target="kind",
        simple=True,
        baselines=["linear"],
        encoders={"text": str(folder)},
        samples=False,
        scores=False,
    )
    return model, known, rows[120:]


def test_words_of_rows_that_were_learned_are_not_asked(taught):
    model, known, others = taught
    learned = np.concatenate([model.records["splits"][part] for part in ("train", "validation")])
    words = unknown_words(model, known, learned, 1000)
    assert {row["note"] for row in others} <= set(words)
    notes = known.column("note")
    assert not {notes[int(row)] for row in learned} & set(words)
    assert len(unknown_words(model, known, learned, 10)) == 10


def test_made_rows_stand_behind_those_of_the_table(taught):
    model, known, _ = taught
    made = word_rows(model, ["sail", "boat"])
    assert made == [{"note": "sail"}, {"note": "boat"}]
    table = joined(known, made)
    assert table.column("note")[-2:] == ["sail", "boat"] and table.column("kind")[-1] is None
    assert table.column("note")[:3] == known.column("note", [0, 1, 2]) and table.key != known.key
    teacher = Teacher(model, known)
    assert teacher.num_own == 120 and (teacher.places[120:] == -1).all()
    said = teacher.answers(seed=0)
    assert np.isfinite(said[120:]).all() and not teacher.learned[120:].any()
    assert Teacher(model, known, words=0).table.num_rows == 120


def test_a_student_knows_words_that_no_row_had(taught):
    model, known, others = taught
    right = {}
    for words in (0, 1000):
        student = distil(Teacher(model, known, words=words), students=["simple"], budget="1 steps")
        said = student.predict(others)["prediction"]
        right[words] = np.mean([one == row["kind"] for one, row in zip(said, others, strict=True)])
    assert right[1000] > 0.9 and right[0] < 0.7
