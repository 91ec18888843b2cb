"""Pages in a real browser, where there is one: nothing clipped, and a clipped page is found out."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

from plait.report.matrix import confusion
from plait.report.page import page

SCRIPTS = Path(__file__).parents[2] / "scripts"


def load(name):
    spec = importlib.util.spec_from_file_location(name, SCRIPTS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


browser = load("browser")
pytestmark = pytest.mark.skipif(browser.find_browser() is None, reason="no Chromium here")


def faults_of(folder, body, width=360):
    file = folder / "page.html"
    file.write_text(page("x", f"<header></header>{body}"), encoding="utf8")
    with browser.Browser(browser.find_browser()) as opened:
        opened.open(file, width=width)
        return opened.run((SCRIPTS / "page_check.js").read_text(encoding="utf8"))


def test_a_faulty_page_is_found_out(tmp_path):
    body = (
        '<p style="width:500px">wide</p><p style="width:40px;overflow:hidden;white-space:nowrap">'
        'cut off at the end</p><p style="color:#ddd">pale</p><p style="font-size:9px">small</p>'
        '<div style="position:relative;height:40px"><b style="position:absolute;top:0">one</b>'
        '<b style="position:absolute;top:2px">two</b></div>'
        '<div class="scroll"><table style="table-layout:fixed;width:100px;white-space:nowrap">'
        "<tr><td>a</td><td>incomprehensibilities</td></tr></table></div>"
        '<svg width="50" height="20"><text x="30" y="15">drawn</text></svg>'
        "<script>document.title = 'ran'</script>"
    )
    found = " ".join(faults_of(tmp_path, body))
    of_cells = ("leaves its cell: td", "leaves its drawing: text")
    for fault in ("px wide", "cut:", "hard to read", "small type", "over each other", *of_cells):
        assert fault in found, fault


@pytest.mark.parametrize("width", [360, 1400])
def test_whole_recalls_have_room(tmp_path, width):
    table = confusion([[900_000, 0], [10, 700]], ["a", "b"], [0, 1], "name")
    assert faults_of(tmp_path, f"<section>{table}</section>", width) == []


def test_a_good_page_is_not(tmp_path):
    assert faults_of(tmp_path, "<section><h2>Good</h2><p>All is well.</p></section>") == []
