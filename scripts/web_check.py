"""Runs pages of models in a headless Chromium, and holds them to what they promise.

``python scripts/web_check.py --out FOLDER`` makes two small models, writes the page of each, serves
it on this machine, and checks: that answers are those of Python within 1e-3, from the raw files on;
that no request leaves the page, and none is made to answer; that it opens without a server once it
was loaded; that it learns what it is taught as Python does, keeps it and forgets it; that it can be
used by the keyboard, and every control has a name; that nothing is clipped or hard to read; that
the first answer takes no more than two seconds; and that what is amiss (no camera, opened as a
file) is said. Pictures of the pages go to FOLDER. Without a Chromium
it says so and does nothing. ONNX Runtime Web is found as by ``plait export --to web``.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from browser import Browser, find_browser
from plait.web.page import write_page
from web_faults import faults_of
from web_models import MODELS, Case
from web_page import Page, serving

FAKE_DEVICES = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")


def main(words: Sequence[str] | None = None) -> int:
    """Check the pages; return 1 where one does not hold what it promises."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--out", type=Path, required=True, help="folder of pages and pictures")
    parser.add_argument("--only", nargs="*", choices=sorted(MODELS), help="models to make")
    parser.add_argument("--steps", type=int, default=150, help="of each network's training")
    parser.add_argument("--runtime", type=Path, help="where ONNX Runtime Web is")
    given = parser.parse_args(words)
    command = find_browser()
    if command is None:
        print("no Chromium here, so no page was looked at: apt-get install chromium")
        return 0
    num = 0
    for name in given.only or MODELS:
        case = MODELS[name](given.steps)
        folder = write_page(case.model, given.out / name, runtime=given.runtime)
        size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
        print(f"{name}: a page of {size / 1e6:.1f} MB")
        faults = check(command, folder, case, given.out)
        for fault in faults:
            print(f"{name}: {fault}")
        num += len(faults)
    print(f"{num} faults")
    return int(num > 0)


def check(command: str, folder: Path, case: Case, out: Path) -> list[str]:
    """Return what a page does not hold."""
    found: list[str] = []
    with serving(folder) as server, Browser(command) as browser:
        found += faults_of(Page(browser, server, case, out, folder.name))
    with serving(folder) as server, Browser(command, FAKE_DEVICES) as browser:
        page = Page(browser, server, case, out, f"{folder.name}-recorded")
        page.open()
        found += page.recorders()
    return found


if __name__ == "__main__":
    sys.exit(main())
