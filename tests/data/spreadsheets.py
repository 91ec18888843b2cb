"""Makes small spreadsheets by hand: the parts that readers look at, and nothing else."""

from __future__ import annotations

import io
import zipfile
from xml.sax.saxutils import escape

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
LINKS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
STYLES = (
    f'<styleSheet xmlns="{MAIN}"><numFmts><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd"/>'
    '<numFmt numFmtId="165" formatCode="[h]:mm:ss"/>'
    '<numFmt numFmtId="166" formatCode="0.00&quot; days&quot;"/></numFmts>'
    "<cellXfs>"
    + "".join(f'<xf numFmtId="{n}"/>' for n in (0, 14, 22, 20, 164, 165, 166))
    + "</cellXfs></styleSheet>"
)
"""Styles 1 to 6: date, date and time, time, date of the file's own, elapsed, no date."""


def zipped(members: dict[str, str | bytes], **options) -> bytes:
    """Return a zip file of the members."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, **options) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return buffer.getvalue()


def xlsx(sheets: dict[str, str | list[list]], *, strings=(), date1904=False, **more) -> bytes:
    """Return an .xlsx file of sheets: rows of values, or the XML of the sheet's data."""
    links, listed, members = "", "", {}
    for number, (name, rows) in enumerate(sheets.items(), 1):
        target = f'Target="worksheets/s{number}.xml"'
        links += f'<Relationship Id="r{number}" Type="{LINKS}/worksheet" {target}/>'
        listed += f'<sheet name="{escape(name)}" sheetId="{number}" r:id="r{number}"/>'
        data = rows if isinstance(rows, str) else "".join(map(_row, range(1, 10**6), rows))
        members[f"xl/worksheets/s{number}.xml"] = (
            f'<worksheet xmlns="{MAIN}"><sheetData>{data}</sheetData></worksheet>'
        )
    flag = '<workbookPr date1904="1"/>' if date1904 else ""
    members["xl/workbook.xml"] = (
        f'<workbook xmlns="{MAIN}" xmlns:r="{LINKS}">{flag}<sheets>{listed}</sheets></workbook>'
    )
    members["xl/_rels/workbook.xml.rels"] = f"<Relationships>{links}</Relationships>"
    members["xl/styles.xml"] = STYLES
    texts = "".join(f"<si>{text}</si>" for text in strings)
    members["xl/sharedStrings.xml"] = f'<sst xmlns="{MAIN}">{texts}</sst>'
    return zipped({**members, **more})


def _row(number: int, cells: list) -> str:
    return f'<row r="{number}">' + "".join(map(_cell, cells)) + "</row>"


def _cell(value) -> str:
    if value is None:
        return "<c/>"
    if isinstance(value, str):
        return f'<c t="inlineStr"><is><t>{escape(value)}</t></is></c>'
    return f"<c><v>{value}</v></c>"


def ods(sheets: dict[str, str | list[list]], **more) -> bytes:
    """Return an .ods file of sheets: rows of values, or the XML of the table's rows."""
    tables = ""
    for name, rows in sheets.items():
        data = rows if isinstance(rows, str) else "".join(map(_ods_row, rows))
        tables += f'<table:table table:name="{escape(name)}">{data}</table:table>'
    spaces = "".join(f' xmlns:{name}="urn:{name}"' for name in ("office", "table", "text"))
    content = (
        f"<office:document-content{spaces}><office:body><office:spreadsheet>{tables}"
        "</office:spreadsheet></office:body></office:document-content>"
    )
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    return zipped({"mimetype": kind, "content.xml": content, **more})


def _ods_row(cells: list) -> str:
    return "<table:table-row>" + "".join(map(_ods_cell, cells)) + "</table:table-row>"


def _ods_cell(value) -> str:
    if value is None:
        return "<table:table-cell/>"
    if isinstance(value, str):
        return (
            '<table:table-cell office:value-type="string">'
            f"<text:p>{escape(value)}</text:p></table:table-cell>"
        )
    return f'<table:table-cell office:value-type="float" office:value="{value}"/>'
