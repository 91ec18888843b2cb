"""A page of a model in a browser, served on this machine: opened, filled in, asked."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from browser import Browser
from web_models import Case, Row

WAIT_SECONDS = 60.0


class Server(ThreadingHTTPServer):
    """Serves a folder on this machine, as ``python -m http.server`` does; counts requests."""

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), partial(_Handler, directory=str(folder)))
        self.paths: list[str] = []

    @property
    def origin(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Note the request, and say nothing."""
        if isinstance(self.server, Server):
            self.server.paths.append(self.path)


@contextmanager
def serving(folder: Path) -> Iterator[Server]:
    """Give a server of a folder."""
    server = Server(folder)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


class Page:
    """A page in a browser.

    Args:
        browser: Where.
        server: Of its folder.
        case: Its model, and rows to ask.
        out: Where pictures go.
        name: What these are called.
    """

    def __init__(self, browser: Browser, server: Server, case: Case, out: Path, name: str) -> None:
        self.browser, self.server, self.case, self.out, self.name = browser, server, case, out, name

    def open(self, *, width: int = 1280, dark: bool = False) -> None:
        """Open the page and wait until it can be asked."""
        self.browser.go(f"{self.server.origin}/", width=width, height=900, dark=dark)
        self.wait("document.documentElement.dataset.state")
        self.browser.run(
            "document.addEventListener('answer', ({detail}) => { window.answered = {...detail, "
            "outputs: [...detail.outputs], at: performance.now()}; })"
        )

    def wait(self, expression: str) -> Any:
        """Return the value of an expression when it is one that counts as true."""
        until = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < until:
            found = self.browser.run(expression)
            if found:
                return found
            time.sleep(0.01)
        told = "['state', 'taught'].map((id) => document.getElementById(id).textContent).join(' ')"
        state = self.browser.run(told)
        raise RuntimeError(f"{expression} stays false; the page says: {state}")

    def ask(self, row: Row) -> dict[str, Any]:
        """Fill in the form with a row and return the answer."""
        self.clear()
        for name, cell in row.items():
            if cell is not None:
                self.fill(name, cell)
        self.browser.run("window.answered = null; document.getElementById('ask').requestSubmit()")
        found: dict[str, Any] = self.wait("window.answered")
        return found

    def fill(self, name: str, cell: Any) -> None:
        """Give a cell to a column's field."""
        self.browser.run(f"({FILL})({json.dumps([name, *told(cell)])})")

    def drop(self, name: str, cell: bytes) -> dict[str, Any]:
        """Drop a file on a column's field, and return the answer, for which nothing is pressed."""
        self.clear()
        self.browser.run("window.answered = null")
        self.browser.run(f"({DROP})({json.dumps([name, told(cell)[1]])})")
        found: dict[str, Any] = self.wait("window.answered")
        return found

    def clear(self) -> None:
        """Empty the form."""
        self.browser.run("document.querySelector('#ask button[type=reset]').click()")

    def recorders(self) -> list[str]:
        """Return what is wrong where pictures and sounds are recorded."""
        found = []
        for word, steps in (("camera", ("Use the camera", "Take the picture")), ("microphone", ())):
            if word == "camera" and self._has("Use the camera"):
                for text in steps:
                    self.wait(f"Boolean({button_named(text)})")
                    self.browser.run(f"window.answered = null; {button_named(text)}.click()")
                    time.sleep(0.5)
                found += self._answered_by(word)
            if word == "microphone" and self._has("Record"):
                self.browser.run(f"window.answered = null; {button_named('Record')}.click()")
                self.wait(f"Boolean({button_named('Stop')})")
                time.sleep(1.0)
                self.browser.run(f"{button_named('Stop')}.click()")
                found += self._answered_by(word)
        self.browser.picture(self.out / f"{self.name}.png", width=1280)
        return found

    def _has(self, text: str) -> bool:
        return bool(self.browser.run(f"Boolean({button_named(text)})"))

    def _answered_by(self, word: str) -> list[str]:
        try:
            self.wait("window.answered")
        except RuntimeError as error:
            return [f"a recording of the {word} has no answer: {error}"]
        return []


FILL = """([name, kind, value]) => {
  const fields = [...document.querySelectorAll('.field')];
  const field = fields.find((one) => one.querySelector('label, legend').textContent === name);
  if (kind === 'file') {
    const bytes = Uint8Array.from(atob(value), (c) => c.charCodeAt(0));
    const data = new DataTransfer();
    data.items.add(new File([bytes], 'file'));
    const chooser = field.querySelector('input[type=file]');
    chooser.files = data.files;
    chooser.dispatchEvent(new Event('change', {bubbles: true}));
    return;
  }
  const boxes = [...field.querySelectorAll('input[type=checkbox]')];
  if (boxes.length) {
    const labels = value === '[]' ? ['none of these'] : value.split(';');
    boxes.filter((box) => labels.includes(box.parentNode.textContent.trim()))
      .forEach((box) => box.click());
    return;
  }
  const input = field.querySelector('input, select, textarea');
  input.value = value;
  input.dispatchEvent(new Event('change', {bubbles: true}));
}"""


DROP = """([name, value]) => {
  const fields = [...document.querySelectorAll('.field')];
  const field = fields.find((one) => one.querySelector('label, legend').textContent === name);
  const bytes = Uint8Array.from(atob(value), (c) => c.charCodeAt(0));
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File([bytes], 'file'));
  field.dispatchEvent(new DragEvent('drop', {dataTransfer, bubbles: true, cancelable: true}));
}"""


def button_named(text: str) -> str:
    """Return the expression of a button."""
    return (
        "[...document.querySelectorAll('button')]"
        f".find((one) => one.textContent === {json.dumps(text)} && !one.hidden)"
    )


def told(cell: Any) -> tuple[str, str]:
    """Return how a cell is given to the form: as a file or typed, and its content."""
    if isinstance(cell, bytes):
        return "file", base64.b64encode(cell).decode()
    return "text", str(cell)
