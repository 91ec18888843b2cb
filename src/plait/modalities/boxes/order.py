"""Which order the four bare numbers of a column's boxes have: settled by all of them together."""

from __future__ import annotations

import numpy as np

from plait.modalities.boxes.cells import ORDERS, bare_boxes
from plait.modalities.survey import Survey
from plait.types import ColumnSample

LEAST_BOXES = 3
"""Fewer say too little."""


def survey_order(sample: ColumnSample, said: str) -> Survey:
    """Return the order of bare numbers: ``xyxy`` where the last two always exceed the first two.

    Widths and heights are so by chance only: where boxes lie left and above. Objects whose numbers
    have names tell their order themselves.

    Args:
        sample: Of the column.
        said: The order that the person named; "" for none.
    """
    if said and said not in ORDERS:
        return Survey(refused=f"the order '{said}' of boxes is none of {', '.join(ORDERS)}")
    four = np.array([one for cell in sample.values for one in bare_boxes(cell)]).reshape(-1, 4)
    if said or not len(four):
        return Survey()
    beyond = (four[:, 2:] > four[:, :2]).all()
    order = "xyxy" if beyond and len(four) >= LEAST_BOXES else "xywh"
    other = "xywh" if order == "xyxy" else "xyxy"
    told = "left, top, right, bottom" if order == "xyxy" else "left, top, width, height"
    doubtful = len(four) < 20 or (order == "xywh" and beyond)
    return Survey(
        settings={"order": order},
        said=(f"boxes are {told}, by {len(four):,} of them",),
        ambiguous=f"order: {other}" if doubtful else "",
    )
