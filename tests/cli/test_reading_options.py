"""The options of reading a table: the same in every verb that reads one, and heeded there."""

from __future__ import annotations

import inspect
import json
import os

import numpy as np
import pytest
from PIL import Image

import plait
from plait.cli import run
from plait.cli.groups import READING
from plait.reading import ReadOptions

VERBS = ["inspect", "fit", "evaluate", "predict", "embed", "search"]
SAID = {
    "columns": "a=text", "columns_file": "c.yaml", "exclude": "b,c", "schema": "s.yaml",
    "root": "media", "encoding": "cp1252", "delimiter": "tab", "decimal": ",", "sheet": "2",
    "on_error": "skip",
}  # fmt: skip


def test_they_are_the_arguments_of_read():
    arguments = list(inspect.signature(plait.read).parameters)[1:]
    assert arguments == list(READING) == list(ReadOptions.__annotations__)


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_describes_them(verb, capsys):
    assert run([verb, "--help"]) == 0
    out = capsys.readouterr().out
    assert all(f"--{name.replace('_', '-')}" in out for name in READING)


@pytest.mark.parametrize("verb", ["inspect", "fit", "evaluate", "predict"])
def test_every_verb_hands_on_what_was_said_and_nothing_else(verb, recipes):
    words = ["shop.csv"] if verb in ("inspect", "fit") else ["m.plait", "shop.csv"]
    options = [w for k, v in SAID.items() for w in (f"--{k.replace('_', '-')}", v)]
    assert run([verb, *words, *options, "--strict", "--allow-network"]) == 0
    given = {k: v for k, v in recipes.calls[0][2].items() if k in READING}
    assert given.pop("exclude") == ("b", "c")
    assert given.pop("strict") is True and given.pop("allow_network") is True
    assert {k: str(v) for k, v in given.items()} == {k: SAID[k] for k in SAID if k != "exclude"}
    assert run([verb, *words]) == 0
    assert not set(recipes.calls[1][2]) & set(READING)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--columns", "nots=text"], "did you mean 'note'?"),
        (["--exclude", "Note"], "did you mean 'note'?"),
        (["--target", "nota"], "did you mean 'note'?"),
        (["--group", "siz"], "did you mean 'size'?"),
        (["--encoding", "klingon"], "no encoding 'klingon'"),
        (["--delimiter", "ab"], "not one plain character"),
        (["--decimal", ";"], "decimal mark is unknown"),
        (["--sheet", "1"], "delimited text has no sheet"),
    ],
)
def test_a_wrong_call_is_exit_code_2(words, message, tmp_path, capsys):
    path = tmp_path / "t.csv"
    path.write_text("note,size\n" + "".join(f"some words {i},{i * 1.5}\n" for i in range(9)))
    assert run(["inspect", str(path), *words]) == 2
    assert message in capsys.readouterr().err


def test_a_name_with_a_comma_is_reached_and_notes_are_shown(tmp_path, capsys):
    path = tmp_path / "t.csv"
    rows = "".join(f"caf\u00e9 words {i};{i}\n" for i in range(9))
    path.write_bytes(f'"note, long";"a=b"\n{rows}'.encode("cp1252"))
    words = ["--columns", '"note, long"=text,a=b=ignore', "--json"]
    assert run(["inspect", str(path), *words]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [column["modality"] for column in found["columns"]] == ["text", None]
    assert "Windows-1252" in found["notes"][0]
    assert run(["inspect", str(path)]) == 0
    assert "note: the file is not UTF-8" in capsys.readouterr().out


@pytest.fixture
def media(tmp_path):
    """A table in one folder, pictures in another, a link between pictures."""
    (tmp_path / "data").mkdir()
    (tmp_path / "tables").mkdir()
    for i in range(8):
        pixels = np.random.default_rng(i).integers(0, 256, (9, 9, 3), np.uint8)
        Image.fromarray(pixels).save(tmp_path / "data" / f"{i}.png")
    os.symlink("1.png", tmp_path / "data" / "link.png")
    cells = [*(f"{tmp_path}/data/{i}.png" for i in range(8)), "link.png"]
    table = tmp_path / "tables" / "t.csv"
    table.write_text("photo\n" + "\n".join(cells) + "\n")
    return table


@pytest.mark.parametrize("link", [False, True])
def test_absolute_paths_work_under_a_named_root(media, tmp_path, capsys, link):
    root = tmp_path / "data"
    if link:
        root = tmp_path / "other"
        os.symlink("data", root)
    assert run(["inspect", str(media), "--root", str(root), "--json"]) == 0
    photo = json.loads(capsys.readouterr().out)["columns"][0]
    assert (photo["modality"], photo["num_unreadable"]) == ("image", 0)


def test_without_it_the_error_names_the_flag_and_the_folder(media, tmp_path, capsys):
    assert run(["inspect", str(media), "--on-error", "raise"]) == 1
    err = capsys.readouterr().err
    assert "leads out of the table's folder" in err
    assert f"--root {tmp_path / 'data'}" in err
