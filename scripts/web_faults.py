"""What `web_check.py` asks of a page, and what it says of one that does not hold it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np

from browser import Browser
from web_learning import learning_faults
from web_page import Page, button_named, serving

MOST_DIFFERENCE, MOST_SECONDS = 1e-3, 2.0
WIDTHS = (1280, 390)
CHECK = Path(__file__).parent / "page_check.js"


def faults_of(page: Page) -> list[str]:
    """Return what is wrong with a page; the last question is asked without its server."""
    browser = page.browser
    browser.call("Network.enable")
    browser.call("Performance.enable")
    page.open()
    first = page.ask(page.case.rows[0])
    found = _slow(page, first) + _asked_elsewhere(page)
    page.wait("document.documentElement.dataset.kept")
    found += _different(page) + _leaks(page) + _unnamed(page) + _not_by_keyboard(page)
    found += _dropped(page) + _no_camera(page) + _unread(page) + _looks(page)
    found += learning_faults(page)
    page.server.shutdown()
    page.server.server_close()
    page.open()
    again = page.ask(page.case.rows[0])
    if again["outputs"] != first["outputs"]:
        found.append("without the server it answers otherwise")
    return found + _as_a_file(page)


def _slow(page: Page, first: dict[str, Any]) -> list[str]:
    """Tell the time to the first answer, and what of it the page's own process computed: on a busy
    machine the first is mostly waiting."""
    metrics = page.browser.call("Performance.getMetrics")["metrics"]
    busy = next((one["value"] for one in metrics if one["name"] == "ProcessTime"), float("nan"))
    seconds = first["at"] / 1000
    print(
        f"first answer {seconds:.2f} s after the page was asked for, of which its process computed "
        f"{busy:.2f} s; the answer itself {first['ms']} ms"
    )
    slow = seconds > MOST_SECONDS
    return [f"the first answer took {seconds:.2f} s"] if slow else []


def _asked_elsewhere(page: Page) -> list[str]:
    asked = page.browser.take_events("Network.requestWillBeSent")
    urls = [one["request"]["url"] for one in asked]
    own = (page.server.origin, "blob:", "data:")
    if not any(url.endswith(".wasm") for url in urls):
        return ["the requests of the page were not seen"]
    return [f"it asked for {url}" for url in urls if not url.startswith(own)]


def _different(page: Page) -> list[str]:
    """Compare answers with Python's, from the raw cells on; no request may be made for them."""
    page.browser.take_events("Network.requestWillBeSent")
    before, worst, ms, model = len(page.server.paths), 0.0, [], page.case.model
    for row in page.case.rows:
        given = row if any(cell is not None for cell in row.values()) else page.case.rows[0]
        answer = page.ask(given)
        wanted = model.outputs_of([given])[0]
        spread = getattr(model.target_codec, "spread", 1.0)
        worst = max(worst, float(np.abs(np.array(answer["outputs"]) - wanted).max()) / spread)
        ms.append(answer["ms"])
    print(f"largest difference to Python {worst:.1e}, {len(ms)} rows of {np.median(ms):.0f} ms")
    urls = [one["request"]["url"] for one in page.browser.take_events("Network.requestWillBeSent")]
    asked = [url for url in urls if not url.startswith(("blob:", "data:"))]
    found = [f"to answer, it asked for {url}" for url in asked]
    found += ["to answer, it asked the server"] if len(page.server.paths) > before else []
    return [f"answers differ by {worst:.1e}"] * (worst > MOST_DIFFERENCE) + found


def _leaks(page: Page) -> list[str]:
    """Try to send something from the page to another server on this machine."""
    with serving(page.out) as other:
        tried = f"fetch('{other.origin}/').then(() => 'sent', () => 'stopped')"
        beacon = f"navigator.sendBeacon('{other.origin}/')"
        said = page.browser.run(tried, settled=True)
        page.browser.run(f"{beacon}; new Image().src = '{other.origin}/a.png'")
        time.sleep(0.3)
        arrived = list(other.paths)
    return [f"the page can send to another server: {said}, {arrived}"] * (
        said != "stopped" or bool(arrived)
    )


def _unnamed(page: Page) -> list[str]:
    """Return the controls that a screen reader could not name, and what is missing beside them."""
    tree = page.browser.call("Accessibility.getFullAXTree")["nodes"]
    roles = {"button", "textbox", "combobox", "checkbox", "Date", "InputTime", "spinbutton"}
    found = []
    for node in tree:
        role, name = (node.get(key, {}).get("value", "") for key in ("role", "name"))
        if role in roles and not name and not node.get("ignored"):
            found.append(f"a {role} has no name")
    titles = "[...document.querySelectorAll('h1, h2')].map((one) => one.tagName).join()"
    if page.browser.run(titles) != "H1,H2,H2":
        found.append("its headings are not a title, one for the answer, one for what it learned")
    if page.browser.run("document.querySelectorAll('[role=status]').length") < 2:
        found.append("answers are not read out")
    return found


def _not_by_keyboard(page: Page) -> list[str]:
    """Go through the form by Tab alone, and answer by Enter on its button."""
    browser = page.browser
    page.ask(page.case.rows[0])
    browser.run("document.activeElement.blur(); window.answered = null")
    order: list[int] = []
    places = "[...document.querySelectorAll('*')].indexOf(document.activeElement)"
    for _ in range(60):
        _press(browser, "Tab", 9)
        order.append(int(browser.run(places)))
        if browser.run("document.activeElement.matches('button[type=submit]')"):
            break
    found = [] if order == sorted(order) else ["the focus jumps back on its way through the form"]
    outline = "getComputedStyle(document.activeElement).outlineStyle"
    if browser.run(outline) == "none":
        found.append("the focus cannot be seen")
    _press(browser, "Enter", 13)
    page.wait("window.answered")
    return found


def _press(browser: Browser, key: str, code: int) -> None:
    text = {"text": "\r"} if key == "Enter" else {}
    for kind in ("keyDown", "keyUp"):
        more = text if kind == "keyDown" else {}
        browser.call(
            "Input.dispatchKeyEvent",
            type=kind,
            key=key,
            code=key,
            windowsVirtualKeyCode=code,
            **more,
        )


def _dropped(page: Page) -> list[str]:
    """Drop the files of a row, one by one; each is answered as if it had been chosen."""
    found, files = [], [(n, c) for n, c in page.case.rows[0].items() if isinstance(c, bytes)]
    for name, cell in files:
        if page.drop(name, cell)["outputs"] != page.ask({name: cell})["outputs"]:
            found.append(f"a file that is dropped on {name} is answered otherwise")
    return found


def _no_camera(page: Page) -> list[str]:
    """Return whether what is not there is not said to be so."""
    found = []
    for text in ("Use the camera", "Record"):
        if not page.browser.run(f"Boolean({button_named(text)})"):
            continue
        page.browser.run(f"{button_named(text)}.click()")
        told = "[...document.querySelectorAll('.problem')].map((one) => one.textContent).join('')"
        said = page.wait(told)
        print(f"without one, '{text}' says: {said}")
        if "choose a file instead" not in said and "may not be used" not in said:
            found.append(f"'{text}' says only: {said}")
        page.clear()
    return found


def _unread(page: Page) -> list[str]:
    """Give each field for files one that is none; return those that do not say so."""
    found = []
    for name, cell in page.case.rows[0].items():
        if not isinstance(cell, bytes):
            continue
        page.clear()
        page.fill(name, b"no such file")
        page.browser.run("document.getElementById('ask').requestSubmit()")
        state = page.wait("document.documentElement.dataset.state === 'unread' && 'unread'")
        told = page.browser.run(
            "document.querySelector('[aria-invalid=true]')?.closest('.field')"
            ".querySelector('.problem').textContent"
        )
        if state != "unread" or not told:
            found.append(f"{name} does not say that a file cannot be read")
    return found


def _looks(page: Page) -> list[str]:
    """Look at the page with an answer, wide and as on a phone, light and dark."""
    found, script = [], CHECK.read_text(encoding="utf8")
    for width in WIDTHS:
        for dark in (False, True):
            page.open(width=width, dark=dark)
            page.ask(page.case.rows[0])
            mode = "dark" if dark else "light"
            found += [f"at {width} px, {mode}: {fault}" for fault in page.browser.run(script)]
            small = page.browser.run(SMALL)
            found += [f"at {width} px: too small to touch: {one}" for one in small]
            page.browser.picture(page.out / f"{page.name}-{width}-{mode}.png", width=width)
    return found


SMALL = """[...document.querySelectorAll(
    'button, input:not([type=checkbox]), select, summary, .box')]
  .filter((one) => one.getClientRects().length && one.getBoundingClientRect().height < 43.5)
  .map((one) => one.outerHTML.slice(0, 60))"""


def _as_a_file(page: Page) -> list[str]:
    page.browser.open(page.out / page.name / "index.html", width=WIDTHS[0])
    time.sleep(6)
    said = str(page.browser.run("document.getElementById('state').innerText"))
    print(f"opened as a file, it says: {said}")
    return [] if "http.server" in said else [f"opened as a file, it says only: {said}"]
