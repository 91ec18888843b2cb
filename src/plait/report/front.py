"""A plot of choices: what each scores over what it costs, and the front that none beats."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from plait.report.axis import make_axis
from plait.report.chart import Chart
from plait.types import Html

CHOSEN, ON_FRONT, OTHERS = "c1", "c3", "c2"
"""Kinds of dots."""

LOG_SPAN = 4.0
"""Costs that span more than this factor may be drawn on a logarithmic axis."""


@dataclass(frozen=True)
class Place:
    """A choice.

    Attributes:
        x, y: What it costs, and what it scores.
        title: Said where it is pointed at.
        chosen: Whether it is the one.
        front: Whether no other one beats it in all that counts.
    """

    x: float
    y: float
    title: str
    chosen: bool = False
    front: bool = False

    @property
    def kind(self) -> str:
        """Of its dot."""
        if self.chosen:
            return CHOSEN
        return ON_FRONT if self.front else OTHERS


def front_plot(
    places: Sequence[Place], *, x_name: str, y_name: str, label: str, share: bool = False
) -> Html:
    """Draw choices as dots, the chosen one in front.

    Args:
        places: At least one.
        x_name, y_name: What the axes show.
        label: What the plot shows, for those who cannot see it.
        share: Whether scores are shares, written as percent.
    """
    across = [one.x for one in places]
    chart = Chart(
        make_axis(across, x_name, log=max(across) > LOG_SPAN * min(across)),
        make_axis([one.y for one in places], y_name, share=share, num=5),
        label,
        height_px=260,
    )
    for one in sorted(places, key=lambda one: (one.chosen, one.front)):
        chart.dot(one.x, one.y, one.kind, one.title)
    return chart.html()
