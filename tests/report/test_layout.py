"""What can be said of the layout without a browser: nothing wider than a phone, no small type."""

from __future__ import annotations

import re
from importlib import resources

from plait.report.matrix import confusion, shaded
from plait.report.text import copyable, table

CSS = resources.files("plait.report").joinpath("page.css").read_text(encoding="utf8")
SCROLLING = (".confusion", ".near", ".card", ".plain td", ".map .card")


def rules():
    return re.findall(r"([^{}]+)\{([^{}]*)\}", CSS)


def test_nothing_is_wider_than_a_phone_but_what_scrolls():
    for names, body in rules():
        if any(name in names for name in SCROLLING):
            continue
        for size in re.findall(r"(?<![-\w])(?:min-)?width:(\d+)px", body):
            assert int(size) <= 312, names
        for size in re.findall(r"minmax\((\d+)px", body):
            assert int(size) <= 240 or "@media" in CSS[: CSS.index(body)], names


def test_cards_and_columns_give_way_to_the_page():
    """Tracks of a grid shrink where they are told to; columns of text are never wider than it."""
    for name in (".cards", ".columns", ".pair", ".twins"):
        body = next(body for names, body in rules() if names.strip().split(",")[0] == name)
        assert "minmax(min(100%," in body or re.search(r"(?<!-)columns:\d+px", body), name


def test_type_is_never_smaller_than_13_pixels_nor_off_the_scale():
    sizes = {int(s) for s in re.findall(r"font-size:(\d+)px", CSS)}
    assert min(sizes) >= 13 and sizes <= {13, 14, 15, 16, 19, 22, 25, 32}


def test_whatever_may_be_wide_scrolls_by_itself_and_by_keyboard():
    for shown in (
        table([{"a": 1}]),
        confusion([[1]], ["a"], [0], ""),
        shaded([[0.5]], ["a"], ["a"], label="x"),
    ):
        assert shown.startswith('<div class="scroll" tabindex="0" role="region" aria-label="')


def test_colours_come_from_the_palette():
    plain = re.sub(r"--mark:#\w+|#fff\b|#0004|#7a86924d", "", CSS)
    assert not re.search(r"(?<![&\w])#[0-9a-f]{3,8}\b", plain)


def test_commands_are_whole_when_copied():
    shown = copyable("plait fit 'a <b>.csv' --target x --out y.plait")
    text = re.sub(r"<[^>]+>", "", shown.partition("<code>")[2].partition("</code>")[0])
    assert text == "plait fit &#x27;a &lt;b&gt;.csv&#x27; --target x --out y.plait"


def test_there_are_styles_for_dark_print_and_still():
    for query in ("print", "prefers-reduced-motion:reduce", "max-width:559px"):
        assert query in CSS
