"""Folders of media: classes, files side by side, splits, and tables inside."""

import os

import pytest

from plait import read
from plait.errors import TableError


def test_class_folders_give_labels(tmp_path, picture, write):
    for name in ("boot/1.png", "boot/2.png", "hat/1.jpg"):
        picture(f"shop/{name}")
    write("shop/boot/notes.unknown", "x")
    write("shop/.hidden/3.png", "x")
    table = read(tmp_path / "shop")
    assert table.column_names == ("image", "label")
    assert table.column("image") == ["boot/1.png", "boot/2.png", "hat/1.jpg"]
    assert table.column("label") == ["boot", "boot", "hat"]
    assert table.root == tmp_path / "shop"


def test_files_of_one_stem_are_one_row(tmp_path, picture, write):
    picture("both/a.png")
    picture("both/b.png")
    write("both/a.txt", " a boot \n")
    write("both/c.txt", "only words")
    table = read(tmp_path / "both")
    assert table.column_names == ("image", "text")
    assert table.column("image") == ["a.png", "b.png", None]
    assert table.column("text") == ["a boot", None, "only words"]


def test_two_pictures_of_one_stem_are_two_rows(tmp_path, picture):
    picture("x/1.png")
    picture("x/1.jpg")
    assert read(tmp_path / "x").column("image") == ["1.jpg", "1.png"]


def test_split_folders_give_splits(tmp_path, picture):
    for name in ("train/boot/1.png", "train/hat/2.png", "test/boot/3.png"):
        picture(f"x/{name}")
    table = read(tmp_path / "x")
    assert table.column("split") == ["test", "train", "train"]
    assert table.column("label") == ["boot", "boot", "hat"]
    assert table.schema["split"].role == "split"


@pytest.mark.parametrize("name", ["metadata.csv", "anything.csv"])
def test_a_table_in_the_folder_is_read(tmp_path, picture, write, name):
    picture("x/images/1.png")
    write(f"x/{name}", "file_name,price\nimages/1.png,3\n")
    table = read(tmp_path / "x")
    assert table.column("file_name") == ["images/1.png"]
    assert table.media().locate("images/1.png").is_file()


def test_a_changed_file_changes_the_key(tmp_path, picture):
    picture("x/a/1.png")
    first = read(tmp_path / "x").key
    os.utime(tmp_path / "x/a/1.png", (1, 1))
    assert read(tmp_path / "x").key != first


@pytest.mark.parametrize("inside", [{}, {"x/readme.unknown": "hello"}])
def test_a_folder_without_media_is_refused(tmp_path, write, inside):
    (tmp_path / "x").mkdir()
    for name, text in inside.items():
        write(name, text)
    with pytest.raises(TableError, match="holds no media and no table"):
        read(tmp_path / "x")


def test_a_text_file_in_another_encoding_is_read_with_a_note_or_refused(tmp_path, picture, write):
    picture("x/a.png")
    write("x/a.txt", b"caf\xe9")
    found = read(tmp_path / "x")
    assert found.column("text") == ["caf\xe9"]
    assert "a.txt: the file is not UTF-8" in found.notes[0]
    write("x/a.txt", "ж".encode() + b"caf\xe9")
    with pytest.raises(TableError, match="not UTF-8 text") as caught:
        read(tmp_path / "x")
    assert "--encoding latin-1" in caught.value.hint
    write("x/a.txt", b"caf\xe9")
    assert read(tmp_path / "x", encoding="latin-1").column("text") == ["café"]
