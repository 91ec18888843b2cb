"""Written texts laid over the true ones: which words are right, missing, or too many."""

from __future__ import annotations

import difflib
import html
from collections.abc import Sequence

from plait.modalities.text.scoring import count_edits
from plait.types import Html

NUM_SHOWN = 8
MAX_SHOWN_WORDS = 80
"""Of each text; what lies beyond is not shown."""


def compared(said: Sequence[str], true: Sequence[str]) -> Html:
    """Return some pairs from the best written to the worst, word by word; "" without any."""
    shares = [_wrong(a, b) for a, b in zip(said, true, strict=True)]
    order = sorted(range(len(shares)), key=lambda row: shares[row])
    if not order:
        return ""
    num = min(NUM_SHOWN, len(order))
    places = [round(i * (len(order) - 1) / max(num - 1, 1)) for i in range(num)]
    shown = [order[place] for place in dict.fromkeys(places)]
    rows = "".join(
        f'<tr><td class="n">{_share(shares[i])}</td><td>{laid_over(said[i], true[i])}</td></tr>'
        for i in shown
    )
    return (
        "<p>From the best to the worst: <del>what is too many</del>, <ins>what is missing</ins>, "
        '<span class="swap"><del>what is wrong</del> <ins>and true instead</ins></span>.</p>'
        '<div class="scroll" tabindex="0"><table><thead><tr><th class="n">words wrong</th>'
        f"<th>text</th></tr></thead><tbody>{rows}</tbody></table></div>"
    )


def laid_over(said: str, true: str) -> Html:
    """Return a text with its differences from the true one marked.

    >>> laid_over("a red boat", "a blue boat")
    'a <span class="swap"><del>red</del> <ins>blue</ins></span> boat'
    """
    one, other = said.split()[:MAX_SHOWN_WORDS], true.split()[:MAX_SHOWN_WORDS]
    parts = []
    matcher = difflib.SequenceMatcher(None, one, other, autojunk=False)
    for kind, a, b, c, d in matcher.get_opcodes():
        if kind == "equal":
            parts.append(_words(one[a:b]))
            continue
        gone = f"<del>{_words(one[a:b])}</del>" if b > a else ""
        come = f"<ins>{_words(other[c:d])}</ins>" if d > c else ""
        wrong = f'<span class="swap">{gone} {come}</span>' if gone and come else ""
        parts.append(wrong or gone or come)
    return " ".join(parts)


def _wrong(said: str, true: str) -> float:
    one, other = said.split(), true.split()
    return count_edits(one, other) / max(len(other), 1)


def _share(value: float) -> str:
    return f"{100 * value:.0f}\u00a0%"


def _words(words: Sequence[str]) -> Html:
    return html.escape(" ".join(words))
