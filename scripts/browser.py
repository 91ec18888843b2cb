"""A headless Chromium, driven over its debugging pipe: no packages, no ports, no network."""

from __future__ import annotations

import base64
import contextlib
import fcntl
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--hide-scrollbars",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--remote-debugging-pipe",
    "--no-default-browser-check",
]


def find_browser() -> str | None:
    """Return the Chromium of this machine; None when there is none."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


MOST_PICTURES = 6


class Browser:
    """One browser with one page; a context manager.

    It speaks the DevTools protocol, messages ended by a zero byte, over file descriptors 3 and 4.

    Args:
        command: Of the browser.
        more: Further words for its command line.
    """

    def __init__(self, command: str, more: Sequence[str] = ()) -> None:
        self._folder = tempfile.mkdtemp(prefix="browser-")
        (child_in, ours_out), (ours_in, child_out) = os.pipe(), os.pipe()
        # Far above 3 and 4, so that neither is overwritten while the shell moves them there.
        given, taken = (fcntl.fcntl(fd, fcntl.F_DUPFD, 40) for fd in (child_in, child_out))
        shell = f'exec "$@" 3<&{given} 4>&{taken}'
        words = [command, *FLAGS, *more, f"--user-data-dir={self._folder}", "about:blank"]
        self._process = subprocess.Popen(
            ["bash", "-c", shell, "bash", *words],
            pass_fds=(given, taken),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for fd in (child_in, child_out, given, taken):
            os.close(fd)
        self._out, self._in = os.fdopen(ours_out, "wb", 0), os.fdopen(ours_in, "rb", 0)
        self._number, self._rest, self._events = 0, b"", list[dict[str, Any]]()
        self._session: str | None = None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)[
            "sessionId"
        ]
        self.call("Page.enable")

    def __enter__(self) -> Browser:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with contextlib.suppress(OSError, RuntimeError):
            self._session = None
            self.call("Browser.close")
        self._out.close()
        self._in.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
        shutil.rmtree(self._folder, ignore_errors=True)

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Call a method of the protocol and return its result. Raises `RuntimeError`."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        if self._session is not None:
            message["sessionId"] = self._session
        self._out.write(json.dumps(message).encode() + b"\0")
        while (answer := self._read()).get("id") != self._number:
            self._events.append(answer)
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']['message']}")
        result: dict[str, Any] = answer["result"]
        return result

    def open(self, page: Path, *, width: int, height: int = 900, dark: bool = False) -> None:
        """Show a file in a window of that size, light or dark, and wait until it is loaded."""
        self.go(page.resolve().as_uri(), width=width, height=height, dark=dark)

    def go(self, url: str, *, width: int, height: int = 900, dark: bool = False) -> None:
        """Show what is at an address, as `open` shows a file."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])
        self._events.clear()
        self.call("Page.navigate", url=url)
        self._wait("Page.loadEventFired")

    def take_events(self, method: str) -> list[dict[str, Any]]:
        """Return what the browser told of since the page was asked for, and forget it."""
        found = [event["params"] for event in self._events if event.get("method") == method]
        self._events = [event for event in self._events if event.get("method") != method]
        return found

    def run(self, expression: str, *, settled: bool = False) -> Any:
        """Return the value of a JavaScript expression. Raises `RuntimeError` when it throws.

        Args:
            expression: A promise's value is waited for where `settled`.
            settled: Whether it is one.
        """
        found = self.call(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=settled
        )
        if "exceptionDetails" in found:
            raise RuntimeError(str(found["exceptionDetails"]))
        return found["result"].get("value")

    def picture(self, out: Path, *, width: int, height: int = 0, top: int = 0) -> None:
        """Write a PNG of the page from `top` on, of the whole page where `height` is 0.

        A busy machine may not have drawn every tile yet: the first picture that is the same as the
        one before it is kept.
        """
        whole = int(self.run("document.documentElement.scrollHeight"))
        height = min(height or whole, whole - top)
        clip = {"x": 0, "y": top, "width": width, "height": height, "scale": 1}
        before, data = "", "first"
        for _ in range(MOST_PICTURES):
            before, data = data, self._capture(clip)
            if data == before:
                break
        out.write_bytes(base64.b64decode(data))

    def _capture(self, clip: dict[str, int]) -> str:
        frames = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
        self.call("Runtime.evaluate", expression=frames, awaitPromise=True)
        found = self.call(
            "Page.captureScreenshot", format="png", captureBeyondViewport=True, clip=clip
        )
        return str(found["data"])

    def pdf(self, out: Path) -> None:
        """Write the page as it is printed."""
        found = self.call("Page.printToPDF", printBackground=False)
        out.write_bytes(base64.b64decode(found["data"]))

    def _wait(self, event: str) -> None:
        while not any(found.get("method") == event for found in self._events):
            self._events.append(self._read())

    def _read(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            data = self._in.read(1 << 20)
            if not data:
                raise RuntimeError("the browser closed its pipe")
            self._rest += data
        message, _, self._rest = self._rest.partition(b"\0")
        found: dict[str, Any] = json.loads(message)
        return found
