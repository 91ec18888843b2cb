"""Delimited text: encodings, delimiters, quotes, and what is said of broken files."""

import csv
import io

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from plait import read
from plait.data.sources import delimited, spool
from plait.errors import TableError, UsageError

FIXTURES = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None
)


def cells(path, **options):
    table = read(path, **options)
    return {name: table.column(name) for name in table.column_names}


def failure(path, **options):
    with pytest.raises(TableError) as caught:
        read(path, **options)
    return caught.value


def test_every_cell_is_text_and_an_empty_one_is_missing(write):
    found = cells(write("a.csv", 'a,b\n1,"x, y"\n,"two\nlines"\n"",007\n'))
    assert found == {"a": ["1", None, None], "b": ["x, y", "two\nlines", "007"]}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_unicode_is_recognised_by_its_mark(write, encoding):
    path = write("a.csv", "näme,b\nÄ,ß\n日本,2\n".encode(encoding))
    assert cells(path) == {"näme": ["Ä", "日本"], "b": ["ß", "2"]}


def test_a_named_encoding_is_used(write):
    path = write("a.csv", "a,b\né,1\n".encode("latin-1"))
    assert cells(path, encoding="latin-1") == {"a": ["é"], "b": ["1"]}


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(write, delimiter):
    rows = [["a", "b", "c"], ["1", "x", ""], ["2", "y", "z"]]
    path = write("a.csv", "\n".join(delimiter.join(row) for row in rows))
    assert cells(path) == {"a": ["1", "2"], "b": ["x", "y"], "c": [None, "z"]}


def test_a_single_column_keeps_its_empty_rows(write):
    assert cells(write("a.csv", "\n\na\n1\n\n3\n")) == {"a": ["1", None, "3"]}


def test_blank_lines_between_rows_are_no_rows(write):
    assert cells(write("a.csv", "a,b\n\n1,2\n\n\n3,4\n\n")) == {"a": ["1", "3"], "b": ["2", "4"]}


def test_a_nameless_column_gets_a_name(write):
    assert cells(write("a.csv", ",b\n0,x\n")) == {"column_0": ["0"], "b": ["x"]}


@FIXTURES
@given(
    st.lists(
        st.tuples(
            *[
                st.text(
                    st.characters(blacklist_categories=["Cs"], blacklist_characters="\r\0\ufeff")
                )
                for _ in "ab"
            ]
        ),
        min_size=1,
        max_size=20,
    )
)
def test_what_python_writes_is_read_back(write, rows):
    buffer = io.StringIO()
    csv.writer(buffer, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows([("a", "b"), *rows])
    path = write("a.csv", buffer.getvalue())
    assert cells(path) == {"a": [a or None for a, _ in rows], "b": [b or None for _, b in rows]}


def test_large_files_are_streamed_through_the_cache(write, monkeypatch, cache):
    monkeypatch.setattr(spool, "MEMORY_BYTES", 2000)
    monkeypatch.setattr(spool, "BATCH_ROWS", 100)
    monkeypatch.setattr(delimited, "BLOCK_BYTES", 1000)
    text = "a,b\n" + "".join(f"{i},{'long ' * (i % 7)}\n" for i in range(1234))
    path = write("a.csv", text)
    table = read(path)
    assert table.num_rows == 1234
    assert table.column("a") == [str(i) for i in range(1234)]
    assert table.column("a", [1233, 0, 700, 0]) == ["1233", "0", "700", "0"]
    assert len(list((cache / "tables").iterdir())) == 1
    assert [first for first, _ in table.batches(["a"], batch_rows=500)] == [0, 500, 1000]
    again = read(path)
    assert again.key == table.key and again.column("b") == table.column("b")


def test_a_damaged_cached_copy_is_written_anew(write, monkeypatch, cache):
    monkeypatch.setattr(spool, "MEMORY_BYTES", 100)
    path = write("a.csv", "a,b\n" + "1,2\n" * 500)
    read(path)
    copy = next((cache / "tables").glob("*/rows.arrow"))
    copy.write_bytes(copy.read_bytes()[:100])
    assert read(path).column("b") == ["2"] * 500


def test_a_changed_file_is_read_again(write, monkeypatch):
    monkeypatch.setattr(spool, "MEMORY_BYTES", 100)
    first = read(write("a.csv", "a,b\n" + "1,2\n" * 500))
    second = read(write("a.csv", "a,b\n" + "1,22\n" * 500))
    assert first.key != second.key and second.column("b") == ["22"] * 500


def test_a_row_longer_than_a_block_is_read(write, monkeypatch):
    monkeypatch.setattr(delimited, "BLOCK_BYTES", 200)
    rows = [f"{i},{'x' * (5000 if i == 40 else 3)}" for i in range(60)]
    table = read(write("a.csv", "a,b\n" + "\n".join(rows)))
    assert table.column("a") == [str(i) for i in range(60)]
    assert len(table.column("b")[40]) == 5000


@pytest.mark.parametrize(
    ("text", "row", "received"),
    [
        ("a,b\n1,2\n3\n", 1, "1 field: 3"),
        ("a,b\n\n1,2\n3,4,5\n", 1, "3 fields: 3,4,5"),
    ],
)
def test_a_ragged_row_is_named(write, text, row, received):
    error = failure(write("a.csv", text))
    assert error.what == "a row has the wrong number of fields"
    assert (error.row, error.expected, error.received) == (
        row,
        "2 fields, as in the header",
        received,
    )
    assert ("written to its end" in error.hint) == received.startswith("1 field")


def test_a_ragged_row_of_a_late_block_is_named_even_with_bytes_that_are_no_text(write, monkeypatch):
    monkeypatch.setattr(delimited, "BLOCK_BYTES", 200)
    error = failure(write("a.csv", b"a,b\n" + b"1,2\n" * 700 + b"caf\xe9\n" + b"1,2\n" * 9))
    assert (error.what, error.row) == ("a row has the wrong number of fields", 700)


def test_an_open_quote_is_suspected(write):
    error = failure(write("a.csv", 'a,b\n1,2\n"3,4\n5,6\n'))
    assert "quotation mark" in (error.hint or "")


def test_a_byte_that_is_not_utf8_is_named_with_its_row(write):
    error = failure(write("a.csv", "a,b\nä,ö\nü,caf".encode() + b"\xe9\n"))
    assert (error.column, error.row) == ("b", 1)
    assert error.received == "the byte 0xe9 at place 3"
    assert "--encoding latin-1" in error.hint


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "the table is empty"),
        (b"  \n \n", "the table is empty"),
        (b"a,b\n", "the table has no rows"),
        (b"a,b,a\n1,2,3\n", "two columns have the same name"),
        (b"PK\x03\x04rest", "the file is not delimited text"),
        (b"a,b\n1,\0\0\n", "the file is not text"),
        ("ä,ü\xdf".encode() + b"caf\xe9\n1,2\n", "the table is not UTF-8 text"),
    ],
)
def test_files_that_are_no_table_are_refused(write, content, what):
    path = write("a.csv", content)
    error = failure(path)
    assert error.what == what
    assert error.path == str(path)


def test_an_unknown_encoding_is_refused(write):
    with pytest.raises(UsageError, match="no encoding 'klingon'"):
        read(write("a.csv", "a,b\n1,2"), encoding="klingon")


@FIXTURES
@given(st.binary(max_size=300))
@example(b"\r\xc2")  # a header without any name, and a row
def test_any_bytes_give_a_table_or_a_table_error(write, content):
    path = write("a.csv", content)
    try:
        table = read(path)
    except TableError:
        return
    for name in table.column_names:
        assert len(table.column(name)) == table.num_rows


@pytest.mark.parametrize(
    ("name", "said", "shown", "hint"),
    [
        ("a.csv", ";", "';'", "',' seems to be the delimiter: say --delimiter comma"),
        ("a.csv", "tab", "tab", "',' seems to be the delimiter: say --delimiter comma"),
        ("a.tsv", None, "tab", "',' seems to be the delimiter: say --delimiter comma"),
    ],
)
def test_a_delimiter_that_the_header_lacks_is_a_wrong_call(write, name, said, shown, hint):
    path = write(name, 'a,b\n1,"x; y"\n2,z\n')
    with pytest.raises(UsageError) as caught:
        read(path, delimiter=said)
    error = caught.value
    assert error.what == f"the delimiter {shown} is not in the header"
    assert (error.received, error.hint, error.path) == ("a,b", hint, str(path))


def test_a_table_of_one_column_may_have_any_delimiter(write):
    for text in ("note\nwarm, soft\ncold\nwarm, dry, old\n", '"a,b"\n1\n2\n'):
        table = read(write("a.csv", text), delimiter=";")
        assert len(table.column_names) == 1
        assert table.notes == ("the delimiter ';' is not in the header: there is one column",)
    assert read(write("a.csv", "note\nwarm\n")).notes == ()
