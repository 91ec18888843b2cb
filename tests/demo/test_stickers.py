"""The bundled stickers are what their description says."""

from __future__ import annotations

import io
import re

import numpy as np
import pyarrow.parquet as pq
import pytest
import soundfile
from PIL import Image

from plait import demo
from plait.errors import TableError

rows = pq.read_table(demo.stickers()).to_pylist()


def values(column: str) -> list:
    return [row[column] for row in rows if row[column] is not None]


def test_it_is_small_and_has_eight_groups():
    assert demo.stickers().stat().st_size < 8e6
    assert len(rows) == 1425
    assert len(set(values("group"))) == 8
    assert len(set(values("id"))) == len(rows)


def test_splits_are_70_15_15_in_every_group():
    for group in set(values("group")):
        splits = [row["split"] for row in rows if row["group"] == group]
        for split, share in [("train", 0.70), ("validation", 0.15), ("test", 0.15)]:
            assert abs(splits.count(split) / len(splits) - share) < 0.02


@pytest.mark.parametrize("column", ["image", "name", "tags", "voice"])
def test_each_modality_has_gaps(column):
    assert 0.1 < 1 - len(values(column)) / len(rows) < 0.2


def test_no_row_is_empty():
    assert all(row["image"] or row["name"] or row["tags"] or row["voice"] for row in rows)


def test_test_speakers_are_heard_nowhere_else():
    heard = {
        split: {row["speaker"] for row in rows if row["split"] == split and row["speaker"]}
        for split in ("train", "validation", "test")
    }
    assert heard["train"].isdisjoint(heard["test"])
    assert heard["validation"].isdisjoint(heard["train"] | heard["test"])
    assert all((row["speaker"] is None) == (row["voice"] is None) for row in rows)


def test_tags_do_not_name_a_group():
    words = {word for group in set(values("group")) for word in group.split("-")}
    for tags in values("tags"):
        assert words.isdisjoint(re.findall(r"\w+", tags.lower()))


def test_pictures_and_voices_decode():
    for row in rows[::25]:
        if row["image"]:
            assert Image.open(io.BytesIO(row["image"])).convert("RGB").size == (64, 64)
        if row["voice"]:
            wave, rate = soundfile.read(io.BytesIO(row["voice"]))
            assert rate == 16_000 and 0.2 < len(wave) / rate < 4
            assert np.abs(wave).max() > 0.2


def test_the_licence_travels_with_it():
    text = demo.stickers_licence()
    assert all(word in text for word in ("OpenMoji", "CC BY-SA 4.0", "espeak-ng", "Synthetic"))


def test_missing_data_is_named(monkeypatch, tmp_path):
    monkeypatch.setattr(demo, "__file__", str(tmp_path / "__init__.py"))
    with pytest.raises(TableError, match="the demo data is not there"):
        demo.stickers()
