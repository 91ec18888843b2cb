"""The prepared store: round trips, the cache's keys, damage, unreadable cells, padded batches."""

import json
import os
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from toys import LettersCodec

from plait import read
from plait.data import collate, fit_codecs, prepare_table
from plait.data.fingerprints import fingerprints
from plait.errors import CellError, SchemaError
from plait.modalities import find_codec

WORDS = ["boot", None, "a", "hat", "", "boot"]


def letters(cells, progress=None, **policy):
    table = read({"word": cells})
    table = table.under(replace(table.policy, **policy))
    return prepare_table(table, {"word": LettersCodec()}, progress=progress)


def equal(one, other):
    assert (one is None) == (other is None)
    if one is not None:
        assert list(one) == list(other)
        for name in one:
            assert one[name].dtype == other[name].dtype
            np.testing.assert_array_equal(one[name], other[name])


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30, deadline=None
)
@given(
    st.lists(
        st.one_of(
            st.none(), st.text(st.characters(min_codepoint=97, max_codepoint=122), max_size=6)
        ),
        min_size=1,
        max_size=90,
    )
)
def test_ragged_values_are_read_back_and_padded(words):
    words = [word if word not in {"nan", "null", "broken", "crash"} else None for word in words]
    column = letters(words).columns["word"]
    values = [LettersCodec().prepare(word) if word else None for word in words]
    for row, value in enumerate(values):
        equal(column[row], value)
    assert column.present.tolist() == [value is not None for value in values]
    assert column.lengths().tolist() == [len(word) if word else 1 for word in words]
    rows = np.random.default_rng(0).permutation(len(words))[:20]
    one, other = column.gather(rows), collate([values[r] for r in rows], LettersCodec().layout)
    equal(one.parts, other.parts)
    equal(one.lengths, other.lengths)
    np.testing.assert_array_equal(one.present, other.present)


def test_collate_by_hand():
    batch = collate(
        [LettersCodec().prepare("ab"), None, LettersCodec().prepare("c")], LettersCodec().layout
    )
    assert batch.parts["code"].tolist() == [[97, 98], [0, 0], [99, 0]]
    assert batch.parts["pair"].shape == (3, 2, 2)
    assert batch.lengths["letter"].tolist() == [2, 1, 1]
    assert batch.present.tolist() == [True, False, True]
    empty = collate([None, None], LettersCodec().layout)
    assert empty.parts["code"].shape == (2, 1)


def test_collate_refuses_what_breaks_the_layout():
    value = {**LettersCodec().prepare("ab"), "size": np.zeros(2, np.float32)}
    with pytest.raises(SchemaError, match="does not keep to its layout in part 'size'"):
        collate([value], LettersCodec().layout)


def test_numbers_categories_and_pictures_are_prepared_as_their_codecs_do(tmp_path, picture):
    cells = {
        "size": ["1.5", None, "3", "1.5"],
        "kind": ["x", "y", "", "x"],
        "image": [picture("a.png", 1), picture("b.png", 2), None, picture("c.png", 3)],
    }
    table = read(cells, root=tmp_path, columns="size=number,kind=category,image=image")
    codecs = fit_codecs(table, list(cells), range(4))
    prepared = prepare_table(table, codecs)
    for name, codec in codecs.items():
        for row, cell in enumerate(cells[name]):
            raw = codec.read(cell, table.media()) if cell else None
            equal(prepared.columns[name][row], None if raw is None else codec.prepare(raw))
        batch = prepared.columns[name].gather(np.array([3, 1, 2]))
        values = [prepared.columns[name][row] for row in (3, 1, 2)]
        equal(batch.parts, collate(values, codec.layout).parts)
    assert prepared.num_rows == 4 and prepared.bad == []


def test_views_are_read_only():
    value = letters(WORDS).columns["word"][0]
    with pytest.raises(ValueError, match="read-only"):
        value["code"][0] = 1


def test_many_batches_and_workers_give_the_same(monkeypatch):
    words = [None if i % 7 == 0 else f"w{i}" for i in range(3000)]
    column = letters(words, num_workers=3).columns["word"]
    for row in (0, 1, 63, 64, 1023, 1024, 2999):
        equal(column[row], LettersCodec().prepare(words[row]) if words[row] else None)


def test_a_second_call_reads_the_cache(cache, monkeypatch):
    first = letters(WORDS)
    monkeypatch.setattr(LettersCodec, "read", lambda *_: pytest.fail("decoded twice"))
    equal(letters(WORDS).columns["word"][0], first.columns["word"][0])
    with pytest.raises(pytest.fail.Exception):
        letters(["other"])
    assert len(list((cache / "prepared").iterdir())) == 1


def test_other_settings_and_changed_files_are_prepared_anew(tmp_path, picture):
    picture("a.png", 1)
    table = read({"image": ["a.png"]}, root=tmp_path)
    codec = find_codec("image")(size_px=12)
    first = prepare_table(table, {"image": codec}).columns["image"][0]
    picture("a.png", 2)
    os.utime(tmp_path / "a.png", (5, 5))
    second = prepare_table(table, {"image": codec}).columns["image"][0]
    assert (first["pixels"] != second["pixels"]).any()
    small = prepare_table(table, {"image": find_codec("image")(size_px=8)}).columns["image"][0]
    assert small["pixels"].shape == (8, 8, 3)


@pytest.mark.parametrize("damage", ["truncate", "remove", "meta", "version"])
def test_a_damaged_entry_is_built_anew(cache, damage):
    letters(WORDS)
    entry = next((cache / "prepared").iterdir())
    if damage == "truncate":
        (entry / "part_code.bin").write_bytes(b"\0")
    elif damage == "remove":
        (entry / "present.bin").unlink()
    elif damage == "meta":
        (entry / "meta.json").write_text("{")
    else:
        meta = json.loads((entry / "meta.json").read_text())
        (entry / "meta.json").write_text(json.dumps(meta | {"version": 0}))
    equal(letters(WORDS).columns["word"][3], LettersCodec().prepare("hat"))


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("broken", "the word is broken"),
        ("crash", "cannot be read as letters"),
    ],
)
def test_an_unreadable_cell_is_named_or_skipped(cache, word, message):
    words = ["boot"] * 70 + [word, "hat"]
    with pytest.raises(CellError, match=message) as caught:
        letters(words)
    assert (caught.value.column, caught.value.row) == ("word", 70)
    assert "--on-error skip" in str(caught.value)
    assert list((cache / "prepared").iterdir()) == []
    prepared = letters(words, on_error="skip")
    assert len(prepared.columns["word"]) == 72
    assert prepared.columns["word"][70] is None and prepared.columns["word"][71] is not None
    assert [(b["column"], b["row"]) for b in prepared.bad] == [("word", 70)]
    assert prepared.num_bad == {"word": 1}
    with pytest.raises(CellError, match=message):
        letters(words)


def test_unreadable_scalars_are_counted_row_by_row():
    table = read({"size": ["1", "x", "2", "x", None]}, columns="size=number")
    skipping = table.told(on_error="skip")
    codecs = fit_codecs(skipping, ["size"], range(5))
    prepared = prepare_table(skipping, codecs)
    assert [bad["row"] for bad in prepared.bad] == [1, 3]
    assert prepared.columns["size"].present.tolist() == [True, False, True, False, False]
    with pytest.raises(CellError, match="not a number") as caught:
        prepare_table(table, codecs)
    assert caught.value.row == 1


def test_an_interrupted_build_leaves_nothing(cache):
    def stop(done):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        letters(WORDS, progress=stop)
    assert list((cache / "prepared").iterdir()) == []


def test_progress_counts_rows():
    seen = []
    letters(["a"] * 2500, progress=seen.append)
    assert seen == [1024, 2048, 2500]


def test_columns_that_the_table_lacks_are_empty():
    prepared = letters(WORDS).with_empty({"absent": find_codec("number")()})
    column = prepared.columns["absent"]
    assert column[3] is None and not column.present.any() and len(column) == 6
    batch = column.gather(np.array([1, 2]))
    assert batch.parts["value"].tolist() == [[0.0], [0.0]] and not batch.present.any()


def test_fit_codecs_reads_training_rows_only():
    table = read({"kind": ["a", "b", "c", "a", "d"] * 3}, columns="kind=category")
    assert fit_codecs(table, ["kind"], [0, 1, 3])["kind"].labels == ("a", "b")
    assert len(fit_codecs(table, ["kind"], range(15), max_rows=1)["kind"].labels) == 1


def test_fit_codecs_names_the_unreadable_cell():
    table = read({"size": ["1", "2", "x"]}, columns="size=number")
    with pytest.raises(CellError, match="not a number") as caught:
        fit_codecs(table, ["size"], [0, 1, 2])
    assert (caught.value.column, caught.value.row) == ("size", 2)
    assert fit_codecs(table.told(on_error="skip"), ["size"], [0, 1, 2])["size"].mean == 1.5


def test_picture_columns_share_a_fitted_codec(tmp_path, picture):
    cells = {"front": [picture("a.png", 1, 20)] * 2, "back": [picture("b.png", 2, 40)] * 2}
    table = read(cells, root=tmp_path, columns="front=image,back=image")
    codecs = fit_codecs(table, ["front", "back"], [0, 1])
    assert codecs["front"] is codecs["back"] and codecs["front"].size_px == 32
    columns = {"front": {"modality": "image", "settings": {"size_px": 8}}, "back": "image"}
    table = read(cells, root=tmp_path, columns=columns)
    codecs = fit_codecs(table, ["front", "back"], [0, 1])
    assert (codecs["front"].size_px, codecs["back"].size_px) == (8, 40)


def test_a_file_that_cannot_be_decoded_is_named_with_what_to_do(tmp_path, cache):
    """Whichever pass over the table meets it first: fitting, near-duplicates or preparing."""
    (tmp_path / "broken.png").write_bytes(b"\x89PNG broken")
    table = read({"image": ["broken.png"] * 3}, columns={"image": "image"}, root=tmp_path)
    codec = find_codec("image")()
    passes = (
        lambda: fit_codecs(table, ["image"], [0, 1, 2]),
        lambda: fingerprints(table, {"image": codec}),
        lambda: prepare_table(table, {"image": codec}),
    )
    for one in passes:
        with pytest.raises(CellError) as caught:
            one()
        assert caught.value.path == str(tmp_path / "broken.png")
        assert caught.value.row in (0, 1, 2) and "--on-error skip" in str(caught.value.hint)
