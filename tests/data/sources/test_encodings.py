"""Encodings: what was said, what is marked, what can be told, and what is not guessed."""

import pytest

from plait import read
from plait.data.schema import make_codec
from plait.errors import TableError, UsageError

WEST = (
    "name,note\nJos\u00e9,\u201ebon\u201c caf\u00e9 \u2013 5 \u20ac\n"
    "M\u00fcller,gr\u00fc\u00df dich\n"
)
ROWS = ["\u201ebon\u201c caf\u00e9 \u2013 5 \u20ac", "gr\u00fc\u00df dich"]


def test_western_text_is_read_and_said(write):
    table = read(write("a.csv", WEST.encode("cp1252")))
    assert table.column("note") == ROWS
    assert "read as Windows-1252" in table.notes[0] and "--encoding" in table.notes[0]
    assert read(write("b.csv", WEST)).notes == ()


def test_what_was_said_wins_over_what_would_be_guessed(write):
    path = write("a.csv", WEST.encode("cp1252"))
    table = read(path, encoding="cp1252")
    assert table.column("note") == ROWS and table.notes == ()
    assert read(path, encoding="latin-1").column("name") == ["Jos\u00e9", "M\u00fcller"]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_a_mark_is_read_and_said(write, encoding):
    table = read(write("a.csv", WEST.encode(encoding)))
    assert table.column("note") == ROWS
    assert encoding.upper() in table.notes[0]


def test_utf_32_is_recognised_by_its_mark(write):
    assert read(write("a.csv", WEST.encode("utf-32"))).column("note") == ROWS


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (
            "a,b\n\u043f\u0440\u0438\u0432\u0435\u0442,\u043c\u0438\u0440 \u0442\u0440\u0443\n",
            "cp1251",
        ),
        (
            "a,b\n\u65e5\u672c\u8a9e\u306e\u6587\u7ae0,\u3053\u3093\u306b\u3061\u306f\u4e16\u754c\n",
            "shift_jis",
        ),
        (
            "a,b\n\u4f60\u597d\u4e16\u754c\u4f60\u597d,\u4eca\u5929\u5929\u6c14\u5f88\u597d\n",
            "gb18030",
        ),
    ],
)
def test_other_scripts_are_not_guessed(write, text, encoding):
    path = write("a.csv", text.encode(encoding))
    with pytest.raises(TableError, match="not UTF-8 text") as caught:
        read(path)
    assert "--encoding" in caught.value.hint
    assert read(path, encoding=encoding).num_rows == 1


def test_a_byte_lost_from_utf8_does_not_make_it_western(write):
    good = "a,b\n" + "\u00e4\u00f6\u00fc,\u00df\n" * 50
    path = write("a.csv", good.encode() + b"x\xc3,y\n")
    with pytest.raises(TableError, match="not UTF-8 text") as caught:
        read(path)
    assert (caught.value.column, caught.value.row) == ("a", 50)


def test_json_lines_are_told_in_the_same_way(write):
    table = read(write("a.jsonl", '{"note": "caf\u00e9 noir"}\n'.encode("cp1252")))
    assert table.column("note") == ["caf\u00e9 noir"]
    assert "Windows-1252" in table.notes[0]


@pytest.mark.parametrize("name", ["klingon", "rot13", "hex", "a\0b"])
def test_what_is_no_encoding_of_text_is_refused(write, name):
    with pytest.raises(UsageError, match="there is no encoding"):
        read(write("a.csv", "a,b\n1,2\n"), encoding=name)


def test_a_named_encoding_that_does_not_fit_is_an_error(write):
    with pytest.raises(TableError, match="not ASCII text"):
        read(write("a.csv", WEST), encoding="ascii")
    with pytest.raises(TableError, match="not ASCII text"):
        read(write("a.jsonl", '{"note": "caf\u00e9"}'), encoding="ascii")


@pytest.mark.parametrize("said", [{"delimiter": ";"}, {"sheet": "1"}, {"encoding": "utf-8"}])
def test_what_a_kind_of_table_does_not_have_is_refused(said):
    with pytest.raises(UsageError, match="a table in memory has no"):
        read([{"a": 1}], **said)


def test_delimiters_have_words_and_one_character(write):
    path = write("a.csv", "a b\tc\n1,2 3\t4\n")
    assert read(path, delimiter="tab").column_names == ("a b", "c")
    assert read(path, delimiter=" ").column_names == ("a", "b c")
    with pytest.raises(UsageError, match="not one plain character"):
        read(path, delimiter="::")


def numbers(table, column, codec=None):
    codec = codec or make_codec(table.schema[column])
    return [codec.read(cell, table.media()) for cell in table.column(column)]


def test_what_was_said_of_a_table_wins_over_what_was_learned_from_another(write):
    learned = make_codec(
        read(write("a.csv", "x;y\n" + "".join(f"{i},5;a\n" for i in range(40)))).schema["x"]
    )
    assert learned.decimal == ","
    other = read(write("b.csv", "x,y\n1.5,a\n2.25,b\n"), decimal=".")
    assert numbers(other, "x", learned)[:2] == [1.5, 2.25]


def test_a_decimal_comma_is_a_point_where_it_was_said(write):
    rows = "".join(f"-2,{i};{i},5\n" for i in range(101, 140))
    path = write("a.csv", "x;y\n1,250;1.234,5\n" + rows)
    table = read(path, decimal=",")
    assert table.policy.decimal == "," and table.schema["x"].settings["decimal"] == ","
    assert numbers(table, "x")[:2] == [1.25, -2.101]
    assert numbers(table, "y")[:2] == [1234.5, 101.5]
    assert numbers(read(path, decimal="."), "x")[:2] == [1250.0, -2101.0]
    assert read(path, decimal=",").key != read(path).key
    with pytest.raises(UsageError, match="decimal mark"):
        read(path, decimal="x")


@pytest.mark.parametrize(("said", "other"), [(",", "."), (".", ",")])
def test_a_decimal_mark_that_no_number_has_is_a_wrong_call(write, said, other):
    rows = "".join(f"{i};{i}{other}{i % 90 + 10}\n" for i in range(101, 140))
    path = write("a.csv", "id;x\n" + rows)
    with pytest.raises(UsageError, match=f"no number has the decimal mark '{said}'") as caught:
        read(path, decimal=said).schema  # noqa: B018
    assert (caught.value.column, caught.value.received) == ("x", f"101{other}21")
    assert numbers(read(path, decimal=other), "x")[0] == 101.21
    whole = write("b.csv", "x\n" + "".join(f"{i}\n" for i in range(9)))
    assert read(whole, columns="x=number", decimal=said).schema["x"].modality == "number"
