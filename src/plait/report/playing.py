"""A page of a policy at play: the film of an episode, and what each of them brought."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from plait.report.page import page
from plait.report.text import escape, facts, number, section, table
from plait.types import Html


def render_playing(found: Mapping[str, Any], film: bytes) -> Html:
    """Return the page.

    Args:
        found: What `plait.recipes.play.play` returns.
        film: A GIF of the first episode.
    """
    name, ends = escape(found["environment"]), found["interval"]
    between = f" [{number(ends[0])}, {number(ends[1])}]" if ends else ""
    title = f"{found['environment']}: mean return {number(found['mean'])}{between}"
    data = base64.b64encode(film).decode()
    picture = (
        f'<img src="data:image/gif;base64,{data}" alt="The first episode in {name}" '
        'style="max-width:100%;border-radius:6px">'
    )
    told = {
        "episodes": found["episodes"],
        "mean return": f"{number(found['mean'])}{between}",
        "return that was wanted": number(found["return_to_go"]),
        "recorded episodes, median": number(found["median_recorded"]),
        "recorded episodes, best tenth above": number(found["best_recorded"]),
        "trained in the environment": "no, never",
    }
    rows = [
        {"episode": place + 1, "return": number(one), "steps": steps}
        for place, (one, steps) in enumerate(zip(found["returns"], found["steps"], strict=True))
    ]
    body = (
        f"<h1>{escape(title)}</h1>"
        + section("The first episode", picture)
        + section("What was reached", facts(told), lead=f"{found['notes'][0]}.")
        + section("Episode by episode", table(rows, caption="Return of each episode"))
    )
    return page(title, body)
