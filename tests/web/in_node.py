"""Runs the page's modules in Node.js, as a browser would."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from plait.modalities import modalities
from plait.web.facts import browser_folder
from plait.web.page import ASSETS

NODE = shutil.which("node")
READ_IN_BROWSERS = [name for name in modalities() if browser_folder(name)]
needs_node = pytest.mark.skipif(NODE is None, reason="no Node.js here to run the page's modules")

PRELUDE = """
import { readFileSync } from "node:fs";
const given = JSON.parse(readFileSync(0, "utf8"));
const bytesOf = (text) => new Uint8Array(Buffer.from(text, "base64"));
"""


_spare = tempfile.TemporaryDirectory(prefix="plait-page-")


@cache
def modules() -> Path:
    """Return a folder that is laid out as a page is; it is gone when the tests are."""
    folder = Path(_spare.name)
    shutil.copytree(ASSETS, folder, dirs_exist_ok=True)
    for name in READ_IN_BROWSERS:
        shutil.copytree(browser_folder(name), folder / "codecs" / name)
    (folder / "package.json").write_text('{"type": "module"}')
    return folder


def run(script, given):
    """Run a module beside those of the page; return what it prints, which is JSON."""
    file = modules() / "test.js"
    file.write_text(PRELUDE + script, encoding="utf8")
    done = subprocess.run(
        [NODE, str(file)], input=json.dumps(given), capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


PREPARE = """
import { preparedRow, flatRow } from "./predictor.js";
import { CellError } from "./cells.js";
const names = [...new Set(given.columns.map(({ modality }) => modality))];
const codecs = {};
for (const name of names) codecs[name] = await import(`./codecs/${name}/codec.js`);
const cellOf = (cell) => (cell?.bytes ? { ...cell, bytes: bytesOf(cell.bytes) } : cell);
const answers = [];
for (const row of given.rows) {
  const named = Object.entries(row).map(([name, cell]) => [name, cellOf(cell)]);
  const cells = Object.fromEntries(named);
  try {
    const flat = flatRow(given, await preparedRow(given, codecs, cells));
    const plain = Object.entries(flat).map(([name, { type, data, dims }]) =>
      [name, { type, dims, data: Array.from(data, Number) }]);
    answers.push(Object.fromEntries(plain));
  } catch (error) {
    if (!(error instanceof CellError)) throw error;
    answers.push({ error: error.message, column: error.column });
  }
}
console.log(JSON.stringify(answers));
"""


def flat_rows(columns, rows):
    """Return what the page makes of rows of cells: flat arrays by name, or ``{"error", ...}``.

    Args:
        columns: As `plait.web.facts.page_facts` tells them.
        rows: Column -> text, or ``{"name", "bytes"}`` in base64, or None.
    """
    found = run(PREPARE, {"columns": columns, "rows": rows})
    return [one if "error" in one else _arrays(one) for one in found]


def _arrays(flat):
    return {
        name: np.array(one["data"], "bool" if one["type"] == "bool" else one["type"]).reshape(
            one["dims"]
        )
        for name, one in flat.items()
    }
