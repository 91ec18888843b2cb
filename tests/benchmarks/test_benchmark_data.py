"""Benchmark data: parsers on hand-written files, and the cut into training and test rows."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from benchmarks.data.adult import parse_adult
from benchmarks.data.fashion import png_of, read_idx
from benchmarks.data.generated import generated
from benchmarks.data.given import banking77
from benchmarks.data.packages import pip_files
from benchmarks.data.series import parse_ts
from benchmarks.data.stickers import inked_share
from benchmarks.data.tables import cached, check_sizes, halves, validation_words
from hypothesis import given as for_all
from hypothesis import strategies as st
from PIL import Image

TS = """#A comment
@problemName Toy
@classLabel true up down
@data
1,2,3:4,5,6:up
7,?:8,9:down

"""


def test_ts_rows_are_time_then_channel_of_unequal_length() -> None:
    series, labels = parse_ts(TS)
    assert series == [[[1, 4], [2, 5], [3, 6]], [[7, 8], [None, 9]]]
    assert labels == ["up", "down"]


def test_ts_without_data_is_refused() -> None:
    with pytest.raises(ValueError, match="no @data"):
        parse_ts("1,2,3:up")


def test_ts_with_channels_of_unequal_length_is_refused() -> None:
    with pytest.raises(ValueError, match="zip"):
        parse_ts("@data\n1,2,3:4,5:up")


def test_adult_rows() -> None:
    line = "39, ?, 77516, HS-grad, 13, Single, Clerk, Alone, White, Male, 2174, 0, 40, Cuba, >50K."
    table = parse_adult(f"|1x3 Cross validator\n{line}\n\n", "test")
    (row,) = table.to_pylist()
    assert row["age"] == 39 and row["workclass"] is None
    assert (row["native_country"], row["income"], row["split"]) == ("Cuba", ">50K", "test")


def test_idx_file() -> None:
    data = b"\0\0\x08\x02" + (2).to_bytes(4, "big") + (3).to_bytes(4, "big") + bytes(range(6))
    assert read_idx(data).tolist() == [[0, 1, 2], [3, 4, 5]]
    with pytest.raises(ValueError, match="holds 5 bytes"):
        read_idx(data[:-1])
    with pytest.raises(ValueError, match="not an IDX file"):
        read_idx(b"PNG!" + data)


def test_png_keeps_pixels() -> None:
    pixels = np.arange(12, dtype=np.uint8).reshape(3, 4)
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(png_of(pixels)))), pixels)


def test_inked_share_of_a_half_transparent_picture() -> None:
    picture = Image.new("RGBA", (2, 2), (0, 0, 0, 0))
    picture.putpixel((0, 0), (0, 0, 0, 255))
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    assert inked_share(buffer.getvalue()) == 0.25


@for_all(st.integers(20, 200), st.sampled_from([0.1, 0.2, 0.5]), st.integers(0, 5))
def test_validation_words_take_the_share_of_every_class(num: int, share: float, seed: int) -> None:
    targets = ["a" if i % 2 else "b" for i in range(num)]
    words = np.array(validation_words(list(targets), share, seed))
    chosen = np.array(targets)[words == "validation"]
    assert abs(len(chosen) - share * num) <= 1
    assert abs((chosen == "a").sum() - (chosen == "b").sum()) <= 2


def test_halves_keep_the_test_rows_apart() -> None:
    words = ["train"] * 30 + ["test"] * 10
    table = pa.table({"x": range(40), "y": ["a", "b"] * 20, "split": words})
    split = halves(table, target="y", validation=0.2, seed=0)
    assert split.test["x"].to_pylist() == list(range(30, 40))
    words = split.train["split"].to_pylist()
    assert (words.count("train"), words.count("validation")) == (24, 6)
    again = halves(table, target="y", validation=0.2, seed=0)
    assert again.train.equals(split.train)


def test_halves_keep_a_given_validation_part() -> None:
    words = ["train", "validation", "test"]
    table = pa.table({"y": ["a", "b", "a"], "split": words})
    assert halves(table, target="y", validation=0.5, seed=0).train["split"].to_pylist() == words[:2]


def test_wrong_sizes_are_refused() -> None:
    table = pa.table({"split": ["train", "test"]})
    with pytest.raises(ValueError, match=r"toy: expected 2 \+ 1 rows, received \(1, 1\)"):
        check_sizes("toy", table, 2, 1)


def test_tables_are_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLAIT_BENCH_CACHE", str(tmp_path))
    made = []

    def make() -> pa.Table:
        made.append(1)
        return pa.table({"x": [1, 2]})

    assert cached("toy", make).equals(cached("toy", make))
    assert len(made) == 1
    assert [path.name for path in (tmp_path / "tables").iterdir()] == ["toy.parquet"]


def test_files_come_from_a_wheel_in_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import zipfile

    monkeypatch.setenv("PLAIT_BENCH_CACHE", str(tmp_path))
    folder = tmp_path / "pip" / "toy-1.0"
    folder.mkdir(parents=True)
    with zipfile.ZipFile(folder / "toy-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("toy/data/a.ts", TS)
        wheel.writestr("toy/code.py", "")
    (path,) = pip_files("toy==1.0", "toy/data/*.ts")
    assert path.read_text(encoding="utf-8") == TS
    with pytest.raises(FileNotFoundError, match="holds no file like"):
        pip_files("toy==1.0", "toy/data/*.csv")


def test_data_that_was_not_given_is_asked_for() -> None:
    with pytest.raises(FileNotFoundError, match=r"--data or \$PLAIT_BENCH_DATA"):
        banking77(None)


def test_generated_tables_have_both_classes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import pyarrow.parquet as pq

    monkeypatch.setenv("PLAIT_BENCH_CACHE", str(tmp_path))
    table = pq.read_table(generated(500))
    assert table.num_rows == 500
    share = np.mean(np.array(table["late"].to_pylist()) == "yes")
    assert 0.2 < share < 0.8
