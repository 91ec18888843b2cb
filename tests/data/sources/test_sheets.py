"""Spreadsheets: their cells as text, their sheets by name, and what makes them unreadable."""

import pytest
from spreadsheets import ods, xlsx

from plait import read
from plait.data.sources import sheets, zipped
from plait.errors import TableError, UsageError
from plait.modalities import limits

ROWS = [["name", "size", None], ["boot", 42, None], [None, 3.5], [], ["hat & cap", None]]
MAKERS = {"xlsx": xlsx, "ods": ods}


def cells(table):
    return {name: table.column(name) for name in table.column_names}


@pytest.mark.parametrize("kind", MAKERS)
def test_a_sheet_is_a_table_of_text(write, kind):
    found = cells(read(write(f"a.{kind}", MAKERS[kind]({"One": ROWS}))))
    assert found == {"name": ["boot", None, "hat & cap"], "size": ["42", "3.5", None]}


@pytest.mark.parametrize("kind", MAKERS)
def test_sheets_are_chosen_by_name_number_or_mark(write, kind):
    path = write(f"a.{kind}", MAKERS[kind]({"One": [["a"], [1]], "Two, b": [["b"], [2]]}))
    first = read(path)
    assert first.column("a") == ["1"]
    assert first.notes == ("the sheet 'One' is read; others: Two, b (--sheet NAME)",)
    for second in (read(path, sheet="Two, b"), read(path, sheet="2"), read(f"{path}#Two, b")):
        assert second.column("b") == ["2"] and second.notes == ()
    with pytest.raises(UsageError, match="no sheet 'Three'") as caught:
        read(path, sheet="Three")
    assert caught.value.expected == "one of One, Two, b"
    with pytest.raises(UsageError, match="two sheets"):
        read(f"{path}#One", sheet="Two, b")


def test_the_kinds_of_cells_of_xlsx(write):
    strings = ["<t>plain</t>", "<r><t>ri</t></r><r><t>ch</t></r><rPh><t>no</t></rPh>"]
    data = (
        '<row r="2"><c r="A2" t="str"><v>k</v></c><c r="C2" t="str"><v>v</v></c></row>'
        '<row r="3"><c r="A3" t="s"><v>0</v></c><c r="C3" t="s"><v>1</v></c></row>'
        '<row r="5"><c r="A5" t="b"><v>1</v></c><c r="C5" t="e"><v>#N/A</v></c></row>'
        '<row r="6"><c r="A6" s="1"><v>45352</v></c><c r="C6" s="2"><v>45352.5</v></c></row>'
        '<row r="7"><c r="A7" s="3"><v>0.25</v></c><c r="C7" s="4"><v>1</v></c></row>'
        '<row r="8"><c r="A8" s="5"><v>1.125</v></c><c r="C8" s="6"><v>2.5</v></c></row>'
        '<row r="9"><c r="A9" t="str"><f>B1</f><v>a_x000D_b</v></c><c r="B9"/>'
        '<c r="C9"><f>1</f><v></v></c></row>'
    )
    found = cells(read(write("a.xlsx", xlsx({"S": data}, strings=strings))))
    assert found == {
        "k": ["plain", "true", "2024-03-01", "06:00:00", "27:00:00", "a\rb"],
        "column_1": [None] * 6,
        "v": ["rich", None, "2024-03-01 12:00:00", "1900-01-01", "2.5", None],
    }


def test_dates_since_1904(write):
    data = '<row><c t="str"><v>day</v></c></row><row><c s="1"><v>1</v></c></row>'
    assert read(write("a.xlsx", xlsx({"S": data}, date1904=True))).column("day") == ["1904-01-02"]


def test_the_kinds_of_cells_of_ods(write):
    def cell(kind, value="", inside="", more=""):
        start = f'<table:table-cell office:value-type="{kind}" {value} {more}>'
        return f"{start}{inside}</table:table-cell>"

    data = (
        "<table:table-row>" + cell("string", inside="<text:p>a<text:s text:c='2'/>b</text:p>")
        + cell("string", inside="<text:p>v</text:p>")
        + '<table:table-cell table:number-columns-repeated="1000"/></table:table-row>'
        "<table:table-row table:number-rows-repeated='2'>"
        + cell("percentage", 'office:value="0.5"')
        + cell("date", 'office:date-value="2024-03-01T12:00:00"') + "</table:table-row>"
        "<table:table-row table:number-rows-repeated='1000000'>"
        "<table:table-cell/></table:table-row>"
        "<table:table-row>" + cell("boolean", 'office:boolean-value="true"')
        + cell("time", 'office:time-value="PT06H05M00S"') + "</table:table-row>"
        "<table:table-row>"
        + cell("string", inside="<office:annotation><text:p>no</text:p></office:annotation>"
               "<text:p>one</text:p><text:p>t<text:span>w</text:span>o</text:p>")
        + "</table:table-row>"
    )  # fmt: skip
    assert cells(read(write("a.ods", ods({"S": data})))) == {
        "a  b": ["0.5", "0.5", "true", "one\ntwo"],
        "v": ["2024-03-01 12:00:00"] * 2 + ["06:05:00", None],
    }


@pytest.mark.parametrize("kind", MAKERS)
@pytest.mark.parametrize(
    ("rows", "what"),
    [
        ([], "the sheet 'S' is empty"),
        ([["a", "b"]], "the table has no rows"),
        ([["a", "a"], [1, 2]], "two columns have the same name"),
        ([["a"], [1, 2]], "a cell lies outside of the header's columns"),
    ],
)
def test_sheets_that_are_no_table_are_refused(write, kind, rows, what):
    path = write(f"a.{kind}", MAKERS[kind]({"S": rows}))
    with pytest.raises(TableError, match=what) as caught:
        read(path)
    assert caught.value.path == str(path)


def test_a_stray_cell_is_named_as_the_program_names_it(write):
    with pytest.raises(TableError) as caught:
        read(write("a.xlsx", xlsx({"S": [["a"], [1], [None, None, "note"]]})))
    assert (caught.value.received, caught.value.row) == ("'note' in C3", 1)


OLD = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600
LOCKED = OLD + "EncryptedPackage".encode("utf-16-le")
LOCKED_ODS = {"META-INF/manifest.xml": "<m><file-entry><encryption-data/></file-entry></m>"}


@pytest.mark.parametrize(
    ("name", "content", "what"),
    [
        ("a.xlsx", OLD, "of the old binary format"),
        ("a.xlsx", LOCKED, "protected by a password"),
        ("a.ods", ods({"S": ROWS}, **LOCKED_ODS), "protected by a password"),
        ("a.xlsx", b"PK\x03\x04 and nothing", "cannot be read"),
        ("a.xlsx", xlsx({"S": ROWS})[:-200], "cannot be read"),
        ("a.xlsx", xlsx({}), "no sheets with cells"),
        ("a.ods", ods({}), "no sheets with cells"),
        ("a.xlsx", xlsx({"S": "<row><c></row>"}), "cannot be read"),
        ("a.xlsx", xlsx({"S": "<row><c><f>A2+1</f></c></row>"}), "cannot be read"),
        ("a.xlsx", xlsx({"S": '<row r="5"/><row r="4"/>'}), "cannot be read"),
        ("a.xlsx", xlsx({"S": '<row><c t="s"><v>7</v></c></row>'}), "cannot be read"),
        ("a.xlsx", xlsx({"S": '<row><c r="ZZZZ1"><v>7</v></c></row>'}), "cannot be read"),
        ("a.xlsx", xlsx({"S": '<row r="99999999"><c><v>7</v></c></row>'}), "cannot be read"),
        ("a.xlsx", xlsx({"S": ROWS}, **{"xl/workbook.bin": b"x"}), "binary format"),
        ("a.ods", ods({"S": "<table:table-row table:number-rows-repeated='x'/>"}), "cannot be"),
    ],
)  # fmt: skip
def test_broken_spreadsheets_are_refused(write, name, content, what):
    with pytest.raises(TableError, match=what):
        read(write(name, content))


def test_xml_that_declares_entities_is_refused(write):
    bomb = '<!DOCTYPE a [<!ENTITY b "ha">]><workbook/>'
    with pytest.raises(TableError, match="cannot be read") as caught:
        read(write("a.xlsx", xlsx({"S": ROWS}, **{"xl/workbook.xml": bomb})))
    assert "declares entities" in caught.value.received


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("kind", MAKERS)
def test_a_sheet_that_unpacks_to_far_more_is_refused(write, kind, monkeypatch):
    monkeypatch.setattr(zipped, "LIMITS", limits.Limits(free_bytes=10_000, decompression_ratio=20))
    path = write(f"a.{kind}", MAKERS[kind]({"S": [["a"], *[["x" * 100]] * 2000]}))
    with pytest.raises(TableError, match="expand the file beyond the limit"):
        read(path)


def test_repeated_rows_of_ods_count_against_the_limit(write, monkeypatch):
    monkeypatch.setattr(zipped, "LIMITS", limits.Limits(free_bytes=10_000, decompression_ratio=2))
    data = (
        "<table:table-row><table:table-cell><text:p>a</text:p></table:table-cell></table:table-row>"
        "<table:table-row table:number-rows-repeated='1000000'>"
        "<table:table-cell><text:p>xxxxxxxxxx</text:p></table:table-cell></table:table-row>"
    )
    with pytest.raises(TableError, match="expand the file beyond the limit"):
        read(write("a.ods", ods({"S": data})))


def test_a_cell_beyond_the_bound_is_named(write, monkeypatch):
    monkeypatch.setattr(sheets, "MAX_CELL_CHARACTERS", 10)
    with pytest.raises(TableError, match="a cell is too long") as caught:
        read(write("a.xlsx", xlsx({"S": [["a", "b"], [1, "x" * 11]]})))
    assert "B2" in caught.value.received


def test_an_encoding_or_delimiter_of_a_spreadsheet_is_refused(write):
    path = write("a.xlsx", xlsx({"S": ROWS}))
    with pytest.raises(UsageError, match="a spreadsheet has no encoding"):
        read(path, encoding="utf-8")
    with pytest.raises(UsageError, match="a spreadsheet has no decimal"):
        read(path, decimal=",")
