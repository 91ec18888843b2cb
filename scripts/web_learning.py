"""What a page learns from a person is asked of it in a browser, and compared with Python's."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from plait.edge import Edge, Learner
from web_page import Page

MOST_DIFFERENCE = 1e-3
NEW = "a class that nobody knew"


def learning_faults(page: Page) -> list[str]:
    """Put an answer right, add a class where there are classes, undo, keep and move what was
    learned; return what is wrong. No request may be made for it."""
    page.open()
    page.wait("document.documentElement.dataset.kept")
    row = next(one for one in page.case.rows if any(cell is not None for cell in one.values()))
    before, asked = page.ask(row), len(page.server.paths)
    labels = list(getattr(page.case.model.target_codec, "labels", ()))
    said, rights = before["prediction"], list[str | float]()
    rights += [next(one for one in labels if one != said), NEW] if labels else [said + 1.0]
    found, after = list[str](), before
    for right in rights:
        after = _taught(page, right)
        wanted = _of_python(page).outputs_of([row])[0]
        spread = getattr(page.case.model.target_codec, "spread", 1.0)
        apart = float(np.abs(np.array(after["outputs"]) - wanted).max()) / spread
        print(f"learned, it differs from Python by {apart:.1e}")
        if apart > MOST_DIFFERENCE or after["outputs"] == before["outputs"]:
            found.append(f"what it learned answers otherwise than in Python, by {apart:.1e}")
    if labels and len(after["outputs"]) != len(labels) + 1:
        found.append("the class that was added is not answered")
    if len(page.server.paths) > asked:
        found.append(f"to learn, it asked for {page.server.paths[asked:]}")
    page.open()
    if page.ask(row)["outputs"] != after["outputs"]:
        found.append("what it learned is gone when the page is opened again")
    for _ in rights:
        page.browser.run(
            "window.answered = null; document.querySelector('#lessons button').click()"
        )
        page.wait("window.answered")
    if page.ask(row)["outputs"] != before["outputs"]:
        found.append("what was undone is not forgotten")
    return found


def _taught(page: Page, right: str | float) -> dict[str, Any]:
    """Say what is right of the row that stands in the fields, and return the answer to it then."""
    page.browser.run(f"({TEACH})({json.dumps(right)})")
    page.wait("Boolean(window.answered || document.querySelector('#force button'))")
    if not page.browser.run("Boolean(window.answered)"):
        page.browser.run("document.querySelector('#force button').click()")
    found: dict[str, Any] = page.wait("window.answered")
    return found


def _of_python(page: Page) -> Any:
    """Return the model with what the page downloads as learned."""
    page.browser.run(SAVE)
    path = page.out / f"{page.name}.delta"
    path.write_text(str(page.wait("window.saved")), encoding="utf8")
    return Learner(Edge(page.case.model), delta=path).model


TEACH = """(right) => {
  window.answered = null;
  document.getElementById('teach').open = true;
  if (typeof right === 'number') document.getElementById('number-is').value = right;
  else {
    const choice = document.getElementById('it-is');
    choice.value = [...choice.options].some((one) => one.value === right) ? right : '';
    choice.dispatchEvent(new Event('change', {bubbles: true}));
    if (choice.value === '') document.getElementById('new-name').value = right;
  }
  document.getElementById('right').requestSubmit();
}"""

SAVE = """(() => {
  const make = URL.createObjectURL;
  window.saved = null;
  URL.createObjectURL = (blob) => {
    URL.createObjectURL = make;
    blob.text().then((text) => { window.saved = text; });
    return make.call(URL, blob);
  };
  document.getElementById('download').click();
})()"""
