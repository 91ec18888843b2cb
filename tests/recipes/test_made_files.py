"""Generated files lie whole beside the output, and its cells name them."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from plait.answer import Answer
from plait.errors import UsageError
from plait.provenance.notice import Notice
from plait.recipes.made_files import MadeFiles
from plait.recipes.whence import whence
from plait.types import MadeFile

PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b55"
    "0000000a49444154789c63600000000200014821bc330000000049454e44ae426082"
)


def notice(name, row):
    return Notice(version="1", bundle="", target=name, draw=row)


ANSWER = {"prediction": [MadeFile(b"one", ".wav"), None], "sheet": ["a", MadeFile(b"two", ".png")]}


def test_files_are_named_by_their_rows_and_columns(tmp_path):
    out = tmp_path / "new.csv"
    with MadeFiles(out, notice, force=False) as made:
        told = made.named(ANSWER, 40)
    assert told == {
        "prediction": ["new.files/000040.wav", None],
        "sheet": ["a", "new.files/sheet_000041.png"],
    }
    assert (tmp_path / told["prediction"][0]).read_bytes() == b"one"
    assert (tmp_path / told["sheet"][1]).read_bytes() == b"two"


def test_files_say_where_they_are_from(tmp_path):
    with MadeFiles(tmp_path / "new.csv", notice, force=False) as made:
        path = made.named({"sketch": [MadeFile(PIXEL, ".png")]}, 7)["sketch"][0]
    told = whence(tmp_path / path)
    assert told["where"] == "within" and told["target"] == "sketch" and told["draw"] == 7


def test_an_answer_without_files_makes_no_folder(tmp_path):
    with MadeFiles(tmp_path / "new.csv", notice, force=False) as made:
        values = np.arange(3)
        assert made.named({"prediction": values}, 0)["prediction"] is values
    assert not list(tmp_path.iterdir())


def test_nothing_is_left_of_an_interrupted_output(tmp_path):
    with (
        pytest.raises(RuntimeError, match="stopped"),
        MadeFiles(tmp_path / "new.csv", notice, force=False) as made,
    ):
        made.named(ANSWER, 0)
        raise RuntimeError("stopped")
    assert not list(tmp_path.iterdir())


def test_a_folder_is_replaced_only_by_force_and_only_our_own(tmp_path):
    out = tmp_path / "new.csv"
    for content in (b"first", b"second"):
        with MadeFiles(out, notice, force=True) as made:
            made.named({"prediction": [MadeFile(content, ".wav")]}, 0)
    assert (tmp_path / "new.files" / "000000.wav").read_bytes() == b"second"
    with (
        pytest.raises(UsageError, match="exists already") as caught,
        MadeFiles(out, notice, force=False) as m,
    ):
        m.named(ANSWER, 0)
    assert "--force" in caught.value.hint
    (tmp_path / "new.files" / "mine.txt").write_text("x")
    with (
        pytest.raises(UsageError, match="exists already") as caught,
        MadeFiles(out, notice, force=True) as m,
    ):
        m.named(ANSWER, 0)
    assert "--force" not in caught.value.hint
    assert (tmp_path / "new.files" / "mine.txt").read_text() == "x"


def refused(out, *, force):
    with (
        pytest.raises(UsageError, match="exists already") as caught,
        MadeFiles(out, notice, force=force) as made,
    ):
        made.named(ANSWER, 0)
    return caught.value.hint


def test_standard_output_takes_no_files():
    with (
        pytest.raises(UsageError, match="cannot go to standard output"),
        MadeFiles(Path("-"), notice, force=False) as made,
    ):
        made.named(ANSWER, 0)


def test_in_memory_a_file_is_its_bytes():
    answer = Answer(ANSWER)
    assert answer.to_dicts()[1] == {"prediction": None, "sheet": b"two"}
    assert answer[0]["prediction"] == b"one"
    assert answer.to_arrow()["prediction"].to_pylist() == [b"one", None]
    assert pa.types.is_binary(answer.to_arrow().schema.field("prediction").type)
    assert repr(ANSWER["prediction"][0]) == "MadeFile(.wav, 3 bytes)"
