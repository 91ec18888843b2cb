"""Looks at pages in a headless Chromium: nothing clipped at any width; makes README's pictures.

``python scripts/pictures.py check PAGE.html ...`` checks pages at 360, 800 and 1400 pixels, light
and dark. ``python scripts/pictures.py make`` makes bundles of the demo and of small tables, their
reports, searches and inspections, checks all of them, and writes docs/report.png and
docs/search.png. ``python scripts/pictures.py answers`` writes docs/question.png, subtitle.png,
forecast.png and boxes.png: each the answer of a small model. ``python scripts/pictures.py makes``
writes docs/made.png, pictures that a small model makes, of data that benchmarks/README.md names; it
needs no Chromium. Without one the others say so and do nothing.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from browser import Browser, find_browser
from page_answers import ANSWERS, WIDTH, make_answer
from page_make import make_pages
from page_makes import make_sheet

ROOT = Path(__file__).parent.parent
WIDTHS = (360, 800, 1400)
CHECK = ROOT / "scripts" / "page_check.js"
PICTURES = {"stickers": "report.png", "search-both": "search.png"}
PICTURE_PX = (1400, 1500)
NUM_COLOURS = 128


def main(words: Sequence[str] | None = None) -> int:
    """Check or make pages; return 1 when something is clipped, overflows or overlaps."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("verb", choices=("check", "make", "answers", "makes"))
    parser.add_argument("pages", nargs="*", type=Path, help="pages to check")
    parser.add_argument("--out", type=Path, help="folder of what is made, and of whole pictures")
    parser.add_argument("--budget", default="30s", help="of each fit that is made")
    parser.add_argument("--only", nargs="*", help="names of the pages to make")
    given = parser.parse_args(words)
    out = given.out or ROOT / "benchmarks" / "cache" / "pages"
    if given.verb == "makes":
        return makes(out, given.budget)
    command = find_browser()
    if command is None:
        print("no Chromium here, so no page was looked at: apt-get install chromium")
        return 0
    if given.verb == "answers":
        return answers(command, out, given.budget, given.only or list(ANSWERS))
    pages = given.pages
    if given.verb == "make":
        pages = make_pages(out, budget=given.budget, only=given.only)
    faults = 0
    if given.out:
        given.out.mkdir(parents=True, exist_ok=True)
    with Browser(command) as browser:
        for page in pages:
            faults += check(browser, page, out if given.out or given.verb == "make" else None)
            if given.verb == "make" and page.stem in PICTURES:
                width, height = PICTURE_PX
                browser.open(page, width=width, height=height)
                browser.picture(ROOT / "docs" / PICTURES[page.stem], width=width, height=height)
    print(f"{len(pages)} pages, {faults} faults")
    return int(faults > 0)


def answers(command: str, out: Path, budget: str, names: Sequence[str]) -> int:
    """Write docs/NAME.png of each answer, in few colours: a picture of some ten kilobytes."""
    from PIL import Image

    out.mkdir(parents=True, exist_ok=True)
    with Browser(command) as browser:
        for name in names:
            page = make_answer(name, out, budget)
            if page is None:
                continue
            browser.open(page, width=WIDTH, height=100)
            picture = ROOT / "docs" / f"{name}.png"
            browser.picture(picture, width=WIDTH)
            with Image.open(picture) as whole:
                whole.convert("RGB").quantize(NUM_COLOURS).save(picture, optimize=True)
            print(f"{picture.name}: {picture.stat().st_size / 1000:.0f} kB")
    return 0


def makes(out: Path, budget: str) -> int:
    """Write docs/made.png."""
    out.mkdir(parents=True, exist_ok=True)
    picture = ROOT / "docs" / "made.png"
    picture.write_bytes(make_sheet(out, budget))
    print(f"{picture.name}: {picture.stat().st_size / 1000:.0f} kB")
    return 0


def check(browser: Browser, page: Path, pictures: Path | None) -> int:
    """Print what is wrong with a page at every width, light and dark; return how much is."""
    faults = 0
    script = CHECK.read_text(encoding="utf8")
    for width in WIDTHS:
        for dark in (False, True):
            browser.open(page, width=width, dark=dark)
            found = browser.run(script)
            mode = "dark" if dark else "light"
            for fault in found:
                print(f"{page.name} at {width} px, {mode}: {fault}")
            faults += len(found)
            if pictures is not None:
                out = pictures / f"{page.stem}-{width}-{mode}.png"
                browser.picture(out, width=width)
    return faults


if __name__ == "__main__":
    sys.exit(main())
