"""The read policy: said once, carried by the table through every view of it, and heeded by all."""

from __future__ import annotations

import inspect
from dataclasses import replace
from pathlib import Path

import pytest
from toys import LettersCodec

import plait
from plait.data import fit_codecs, prepare_table
from plait.data.checks import inspect_table
from plait.data.fingerprints import fingerprints
from plait.data.policy import ReadPolicy
from plait.data.prepared import prepare_rows
from plait.errors import CellError, TableError, UsageError

SKIPPING = ReadPolicy(on_error="skip")


def test_what_read_is_told_is_the_policy(tmp_path):
    (tmp_path / "media").mkdir()
    (tmp_path / "t.csv").write_text("a,b\n1,x\n2,y\n")
    assert plait.read(tmp_path / "t.csv").policy == ReadPolicy(root=tmp_path)
    told = plait.read(
        tmp_path / "t.csv", root=tmp_path / "media", on_error="skip", allow_network=True,
        decimal=",",
    )  # fmt: skip
    expected = ReadPolicy(root=tmp_path / "media", on_error="skip", allow_network=True, decimal=",")
    assert told.policy == expected and told.root == tmp_path / "media"
    media = told.media()
    assert (media.root, media.allow_network, media.decimal) == (told.root, True, ",")


def test_every_view_carries_it():
    table = plait.read({"a": [1, 2, 3], "b": ["x", "y", "z"]}, on_error="skip")
    views = [
        table.take([1]), table.without(["b"]), table.with_schema(table.schema),
        table.told(columns={"b": "text"}), table.told(strict=True), plait.read(table),
    ]  # fmt: skip
    assert [view.policy for view in views] == [table.policy] * len(views)
    assert table.under(table.policy) is table


def test_only_what_is_said_changes():
    table = plait.read({"a": [1, 2]}, on_error="skip")
    assert table.told(allow_network=True).policy == replace(table.policy, allow_network=True)
    assert table.told(on_error="raise").policy.on_error == "raise"
    assert table.policy.skips and not table.policy.allow_network


@pytest.mark.parametrize(
    "said, usual, is_skipped",
    [(None, "skip", True), (None, "raise", False), ("raise", "skip", False), ("skip", "raise", 1)],
)
def test_a_reader_chooses_only_where_nobody_said(said, usual, is_skipped):
    assert ReadPolicy(on_error=said).or_else(usual).skips == is_skipped


def test_wrong_words_and_places_are_refused(tmp_path):
    with pytest.raises(UsageError, match="unknown way to treat unreadable cells"):
        plait.read(tmp_path / "absent.csv", on_error="ignore")
    with pytest.raises(UsageError, match="unknown way"):
        plait.read({"a": [1]}).told(on_error="ignore")
    with pytest.raises(TableError, match="the root is not a folder"):
        plait.read({"a": [1]}, root=tmp_path / "absent")
    with pytest.raises(UsageError, match="the root of media is named by a path"):
        plait.read({"a": [1]}, root=5)


CODECS = {"word": LettersCodec()}
READERS = {
    "prepare_table": lambda table: prepare_table(table, CODECS).num_bad["word"],
    "prepare_rows": lambda table: prepare_rows(table, CODECS).num_bad["word"],
    "fingerprints": lambda table: int((fingerprints(table, CODECS)["word"].codes[1] == 0).all()),
    "fit_codecs": lambda table: len(fit_codecs(table, ["size"], range(3))),
    "inspect": lambda table: inspect_table(table).columns[1]["num_unreadable"],
}


@pytest.mark.parametrize("name", READERS)
def test_every_reader_heeds_it(name, tmp_path, monkeypatch):
    monkeypatch.setenv("PLAIT_CACHE", str(tmp_path))
    cells = {"word": ["ab", "broken", "c"], "size": ["1", "x", "2"]}
    table = plait.read(cells, columns={"size": "number", "word": "text"}, on_error="raise")
    with pytest.raises(CellError) as caught:
        READERS[name](table)
    assert caught.value.row == 1
    assert READERS[name](table.under(SKIPPING)) == 1


def test_functions_that_take_a_table_take_none_of_its_parts():
    import importlib

    parts = {"on_error", "allow_network", "num_workers", "decimal"}
    source = Path(plait.__file__).parent
    checked = 0
    for folder in ("data", "backbones", "model", "recipes"):
        for file in sorted((source / folder).glob("*.py")):
            module = importlib.import_module(f"plait.{folder}.{file.stem}")
            for found in vars(module).values():
                if not inspect.isfunction(found) or found.__module__ != module.__name__:
                    continue
                taken = inspect.signature(found).parameters
                if any(str(one.annotation) == "Table" for one in taken.values()):
                    checked += 1
                    assert not parts & taken.keys(), f"{module.__name__}.{found.__name__}"
    assert checked > 40
