"""Spreadsheets whose XML is written by hand, so that what it says can be wrong in every way."""

from __future__ import annotations

import io
import re
import zipfile
from xml.sax.saxutils import escape

import numpy as np

from benchmarks.fuzzing.values import names, texts

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
LINKS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
WRONG = (
    "", "0", "-1", "1", "x", "99999999999", "4294967296", "1e9", "A0", "ZZZ1048577", "XFD1",
    "\u0663", "&#9;", "true", "1.5", " 2 ", "NaN", "inf", "-0.5", "2958466",
    "60", "_x0000_", "_xFFFF_",
)  # fmt: skip
_BAD_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd]")


def xlsx(rng: np.random.Generator) -> bytes:
    """Return an .xlsx file, sometimes with wrong attributes, values, or parts missing."""
    head = names(rng, int(rng.integers(1, 5)))
    rows = [head, *[texts(rng, len(head)) for _ in range(int(rng.integers(0, 12)))]]
    shared = [text for row in rows for text in row]
    data = "".join(
        f'<row r="{r + 1}">'
        + "".join(_cell(rng, r, c, len(head), text) for c, text in enumerate(row))
        + "</row>"
        for r, row in enumerate(rows)
    )  # fmt: skip
    strings = "".join(f"<si><t>{_safe(text)}</t></si>" for text in shared)
    formats = "".join(f'<xf numFmtId="{rng.integers(60)}"/>' for _ in range(4))
    members = {
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{LINKS}"><workbookPr date1904="0"/>'
        '<sheets><sheet name="One" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships><Relationship Id="r1" '
        f'Type="{LINKS}/worksheet" Target="worksheets/s.xml"/></Relationships>',
        "xl/worksheets/s.xml": f'<worksheet xmlns="{MAIN}"><sheetData>{data}</sheetData>'
        "</worksheet>",
        "xl/sharedStrings.xml": f'<sst xmlns="{MAIN}">{strings}</sst>',
        "xl/styles.xml": f'<styleSheet xmlns="{MAIN}"><cellXfs>{formats}</cellXfs></styleSheet>',
    }
    return _zipped(members, rng)


def ods(rng: np.random.Generator) -> bytes:
    """Return an .ods file, sometimes with wrong repetitions, values, or parts missing."""
    head = names(rng, int(rng.integers(1, 5)))
    rows = [head, *[texts(rng, len(head)) for _ in range(int(rng.integers(0, 12)))]]
    data = "".join(
        f'<t:table-row t:number-rows-repeated="{rng.integers(1, 3) if r else 1}">'
        + "".join(_ods_cell(rng, text) for text in row) + "</t:table-row>"
        for r, row in enumerate(rows)
    )  # fmt: skip
    content = (
        '<o:document-content xmlns:o="urn:o" xmlns:t="urn:t" xmlns:x="urn:x">'
        "<o:body><o:spreadsheet>"
        f'<t:table t:name="One">{data}</t:table></o:spreadsheet></o:body></o:document-content>'
    )
    return _zipped({"mimetype": "application/ods", "content.xml": content}, rng)


def _cell(rng: np.random.Generator, row: int, column: int, width: int, text: str) -> str:
    name = f"{chr(65 + column)}{row + 1}"
    kind = int(rng.integers(5)) if row else 0
    if kind == 0:
        return f'<c r="{name}" t="s"><v>{row * width + column}</v></c>'
    if kind == 1:
        return f'<c r="{name}" t="inlineStr"><is><t>{_safe(text)}</t></is></c>'
    if kind == 2:
        return f'<c r="{name}" s="{rng.integers(4)}"><v>{rng.normal() * 50_000}</v></c>'
    return f'<c r="{name}" t="{rng.choice(["b", "e", "d", "str", "n"])}"><v>{_safe(text)}</v></c>'


def _ods_cell(rng: np.random.Generator, text: str) -> str:
    kind = str(rng.choice(["string", "float", "date", "time", "boolean", "percentage"]))
    if kind == "string":
        return f'<t:table-cell o:value-type="string"><x:p>{_safe(text)}</x:p></t:table-cell>'
    named = {"date": "date-value", "time": "time-value", "boolean": "boolean-value"}.get(
        kind, "value"
    )
    value = str(rng.choice(["1.5", "2024-01-01", "PT1H2M3S", "true"]))
    return f'<t:table-cell o:value-type="{kind}" o:{named}="{value}"/>'


def _safe(text: str) -> str:
    return escape(_BAD_XML.sub("?", text[:40_000]), {'"': "&quot;"})


def _zipped(members: dict[str, str], rng: np.random.Generator) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        for name, text in members.items():
            if rng.random() < 0.02:
                continue
            file.writestr(name, _wrong(text, rng) if rng.random() < 0.2 else text)
    return buffer.getvalue()


def _wrong(text: str, rng: np.random.Generator) -> str:
    """Change one attribute or value, or lose, repeat or declare something."""
    places = [found.span(1) for found in re.finditer(r'="([^"]*)"|>([^<>]+)<', text) if found[1]]
    if places and rng.random() < 0.7:
        first, last = places[rng.integers(len(places))]
        return text[:first] + str(rng.choice(WRONG)) + text[last:]
    first, last = sorted(rng.integers(0, len(text) + 1, 2))
    kinds = (
        text[:first] + text[last:],
        text[:first] + text[first:last] * 50 + text[last:],
        f'<!DOCTYPE a [<!ENTITY b "{"c" * 99}">]>{text}',
        "<a>" * 100_000 + text,
        text.replace(MAIN, ""),
    )
    return kinds[rng.integers(len(kinds))]
