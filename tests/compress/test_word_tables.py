"""What a student keeps of its teacher's encoder of texts: a table of words."""

import sys
from pathlib import Path

import numpy as np
import pytest

import plait
from plait.compress import word_tables
from plait.compress.distil import distil
from plait.compress.teacher import Teacher
from plait.compress.word_tables import most_words, whole_words
from plait.edge import load as edge_load
from plait.errors import UsageError
from plait.model.word_column import WordColumn
from plait.networks.config import SystemConfig

pytest.importorskip("transformers")
sys.path.insert(0, str(Path(__file__).parent.parent / "backbones"))

TINY = SystemConfig(dim=16, depth=1, num_heads=2)
KINDS = {"boat": ("red", "boat"), "bird": ("calm", "water"), "fish": ("we", "wait")}


def rows(num=150, seed=0):
    rng = np.random.default_rng(seed)
    kinds = rng.choice(list(KINDS), num)
    return [
        {
            "note": " ".join([*rng.permutation(KINDS[kind]), f"tested{row % 5}"]),
            "kind": str(kind),
            "split": "test" if row % 5 == 0 else "train",
        }
        for row, kind in enumerate(kinds)
    ]


@pytest.fixture(scope="module")
def teacher(tmp_path_factory):
    from tiny_checkpoints import save

    folder = tmp_path_factory.mktemp("hub") / "tiny-bert"
    folder.mkdir()
    save("bert", folder)
    table = plait.read(rows(), columns={"note": "text", "kind": "category"})
    model = plait.fit(
        table, target="kind", budget="20 steps", size=TINY, samples=False, split="split",
        encoders={"note": str(folder)}, baselines=["linear"],
    )  # fmt: skip
    return Teacher(model, table)


@pytest.fixture(scope="module")
def student(teacher):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(word_tables, "LEAST_WORDS", 2)
        return distil(teacher, budget="10 steps", students=("simple",))


def test_its_words_are_those_of_training_rows_and_then_the_tokenizers(teacher, student):
    (column,) = student.derived_columns
    assert isinstance(column, WordColumn) and column.input_column == "note"
    words, own = column.table.words, {word for told in KINDS.values() for word in told}
    assert own < set(words[:11]) and "tested0" not in words and "tested1" in words
    assert "sails" in words  # known to the tokenizer, and in no row
    (derived,) = teacher.model.derived_columns
    assert set(whole_words(derived.checkpoint.preparation.tokenizer)) <= set(words)
    assert column.table.vectors.shape == (len(words), min(word_tables.DIM, derived.checkpoint.dim))


def test_it_answers_the_same_from_its_bundle_and_without_torch(student, tmp_path):
    path = student.save(tmp_path / "small.plait")
    asked = [{"note": "red boat"}, {"note": "sails over"}, {"note": None}]
    first = student.predict(asked).columns["confidence"]
    np.testing.assert_allclose(plait.load(path).predict(asked).columns["confidence"], first)
    np.testing.assert_allclose(edge_load(path).predict(asked).columns["confidence"], first)
    assert not (path / "backbones").exists() and len(list((path / "words").iterdir())) == 1


def test_there_may_be_none(teacher):
    student = distil(teacher, budget="5 steps", students=("simple",), words=0)
    assert not student.derived_columns
    with pytest.raises(UsageError, match="out of range"):
        distil(teacher, budget="5 steps", words=-1)


def test_they_take_half_of_what_may_ship_at_most():
    assert most_words(24_000, None) == 24_000 and most_words(0, 1e6) == 0
    assert most_words(24_000, 1e6) * word_tables.BYTES_PER_WORD <= 0.5e6


def test_pieces_that_begin_a_word_are_words_however_they_are_marked():
    def tokenizer(*pieces):
        from tokenizers import Tokenizer, models

        places = {piece: place for place, piece in enumerate(["?", *pieces])}
        return Tokenizer(models.WordLevel(places, unk_token="?")).to_str()

    assert whole_words(tokenizer("the", "##ing", "Boat", "7", "a", "boat")) == ["the", "boat"]
    assert whole_words(tokenizer("▁the", "ing", "▁Boat", "▁a7")) == ["the", "boat"]
    assert whole_words(tokenizer("Ġthe", "ing")) == ["the"]
