"""Names of signs in Norwegian and Danish (npm package cldr-annotations-full, Unicode-3.0)."""

from __future__ import annotations

import json

import pyarrow as pa

from benchmarks.data.packages import npm_files
from benchmarks.data.tables import cached

PACKAGE = "cldr-annotations-full@48.2.0"
LANGUAGES = {"norwegian": "no", "danish": "da"}


def sister_names() -> pa.Table:
    """Return ``norwegian`` and ``danish``: 1,966 rows, of which a fifth are spelled alike."""
    return cached("sister-names", _make)


def _make() -> pa.Table:
    names = {}
    for column, language in LANGUAGES.items():
        (file,) = npm_files(PACKAGE, f"package/annotations/{language}/annotations.json")
        told = json.loads(file.read_text(encoding="utf8"))["annotations"]["annotations"]
        names[column] = {sign: one["tts"][0] for sign, one in told.items() if one.get("tts")}
    signs = [sign for sign in names["danish"] if sign in names["norwegian"]]
    return pa.table({column: [found[sign] for sign in signs] for column, found in names.items()})
