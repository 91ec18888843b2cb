"""A text as the mean of its words' vectors: by hand, in few bits, in a file and back."""

import numpy as np
import pytest

from plait.data.fitting import fit_codecs
from plait.data.prepared import prepare_table
from plait.data.table import read
from plait.modalities.text.word_vectors import WordVectors, words_of
from plait.modalities.vector.codec import VectorCodec
from plait.model.derived_columns import with_derived_columns
from plait.model.word_column import WordColumn
from plait.progress import SILENT

VECTORS = np.array([[7.0, 0.0], [0.0, 7.0], [-7.0, 7.0]])
NAMED = ("red", "boot", "café")


@pytest.fixture
def table():
    return WordVectors.of(NAMED, VECTORS)


def column_of(texts, table, keep=True):
    rows = read([{"note": text, "size": 1.0} for text in texts], columns={"note": "text"})
    codecs = fit_codecs(rows, ["note"], np.arange(len(texts)))
    prepared = prepare_table(rows, codecs)
    derived = WordColumn("note", table)
    found = with_derived_columns([derived], rows, prepared, progress=SILENT.task, keep=keep)
    return found.columns[derived.column]


def test_words_are_letters_and_digits_in_lower_case():
    assert words_of("Red boots, size-9 CAFÉ!") == ["red", "boots", "size", "9", "café"]
    assert words_of(" -- ") == []


def test_a_text_is_the_mean_of_the_words_that_are_known(table):
    np.testing.assert_allclose(table.mean("A red BOOT"), [3.5, 3.5])
    np.testing.assert_allclose(table.mean("red, red boot"), [14 / 3, 7 / 3], rtol=1e-6)
    np.testing.assert_allclose(table.mean("Café"), [-7.0, 7.0])
    assert table.mean("nothing known").tolist() == [0.0, 0.0]


@pytest.mark.parametrize("keep", [True, False], ids=["kept", "held"])
def test_rows_without_a_text_have_no_vector(table, keep, tmp_path, monkeypatch):
    monkeypatch.setenv("PLAIT_CACHE", str(tmp_path))
    column = column_of(["red", None, "what", "boot red"], table, keep)
    assert np.asarray(column.present).tolist() == [True, False, True, True]
    assert column[0]["vectors"].tolist() == [[7.0, 0.0]]
    assert column[1] is None and column[2]["vectors"].tolist() == [[0.0, 0.0]]


def test_it_is_the_same_when_it_was_written_and_read(tmp_path):
    rng = np.random.default_rng(0)
    names = [f"word{number}" for number in range(80)]
    first = WordVectors.of(names, rng.normal(size=(80, 16)))
    codec = VectorCodec(dim=16, num_tokens=1).fit(rng.normal(size=(9, 1, 16)).astype(np.float32))
    column = WordColumn("note", first, codec)
    ((name, data),) = column.files().items()
    (tmp_path / "words").mkdir()
    (tmp_path / name).write_bytes(data)
    again = WordColumn.load(column.facts(), tmp_path, column.codec)
    assert again.facts() == column.facts() and again.codec == codec
    np.testing.assert_array_equal(again.table.vectors, first.vectors)
    assert len(data) < 80 * 16 * 2


def test_columns_of_one_encoder_share_a_table(table):
    names = [WordColumn(name, table).files().keys() for name in ("note", "title")]
    assert names[0] == names[1]


def test_a_table_that_lacks_vectors_is_refused(table, tmp_path):
    file = tmp_path / "words.safetensors"
    file.write_bytes(WordVectors(NAMED[:2], table.packed).data)
    with pytest.raises(ValueError, match="2 words with vectors"):
        WordVectors.load(file)
