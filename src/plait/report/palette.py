"""The colours of pages, light and dark, and shades on which every number can be read."""

from __future__ import annotations

LIGHT = {
    "paper": "#ffffff", "wash": "#f3f6f8", "line": "#d8dfe5", "edge": "#8794a0",
    "ink": "#16202a", "soft": "#53606c", "accent": "#0a6a73", "accent-wash": "#e3f1f2",
    "bad": "#b03d17", "bad-wash": "#fdece5", "warn": "#7a5200", "warn-wash": "#fff4d9",
    "third": "#6a4fb8", "fourth": "#8a6a00",
}  # fmt: skip
DARK = {
    "paper": "#12171c", "wash": "#1b2229", "line": "#303a44", "edge": "#74818d",
    "ink": "#e7ecf0", "soft": "#a3afba", "accent": "#5fc5cb", "accent-wash": "#16343a",
    "bad": "#f4956f", "bad-wash": "#3d2219", "warn": "#efc163", "warn-wash": "#362b13",
    "third": "#b6a3f0", "fourth": "#d9c05a",
}  # fmt: skip
NUM_SHADES = 11
RAMPS = {"r": "accent", "w": "bad"}
"""Class letter of a shade -> the colour that it grows to: right is teal, wrong is vermilion."""


def style() -> str:
    """Return the CSS of all colours: variables, and shades ``r0`` to ``r10``, ``w0`` to ``w10``."""
    light, dark = _theme(LIGHT), _theme(DARK)
    return f"{light}@media screen and (prefers-color-scheme:dark){{{dark}}}"


def shade_of(share: float) -> int:
    """Return the number of the shade of a share in [0, 1]; only nothing at all has shade 0.

    >>> [shade_of(share) for share in (0.0, 0.01, 0.5, 1.0)]
    [0, 1, 5, 10]
    """
    if share <= 0:
        return 0
    return max(1, min(NUM_SHADES - 1, round(share * (NUM_SHADES - 1))))


def shades(theme: dict[str, str], colour: str) -> list[tuple[str, str]]:
    """Return ``(cell, text)`` of every shade, from paper to `colour`, as ``#rrggbb``."""
    found = []
    for place in range(NUM_SHADES):
        share = 0.9 * place / (NUM_SHADES - 1) + (0.1 if place else 0.0)
        cell = _mix(theme["paper"], theme[colour], share)
        text = max(("#000000", "#ffffff"), key=lambda text: contrast(text, cell))
        found.append((cell, text))
    return found


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours, 1 to 21 (WCAG 2.2)."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _theme(theme: dict[str, str]) -> str:
    variables = "".join(f"--{name}:{value};" for name, value in theme.items())
    rules = "".join(
        f".{letter}{place}{{--cell:{cell};--on:{text}}}"
        for letter, colour in RAMPS.items()
        for place, (cell, text) in enumerate(shades(theme, colour))
    )
    return f":root{{{variables}}}{rules}"


def _mix(one: str, other: str, share: float) -> str:
    parts = (round(a + share * (b - a)) for a, b in zip(_rgb(one), _rgb(other), strict=True))
    return "#" + "".join(f"{part:02x}" for part in parts)


def _rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _luminance(colour: str) -> float:
    def linear(part: int) -> float:
        share = part / 255
        return share / 12.92 if share <= 0.04045 else float(((share + 0.055) / 1.055) ** 2.4)

    red, green, blue = map(linear, _rgb(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
