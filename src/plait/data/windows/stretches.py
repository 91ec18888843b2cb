"""Stretches of time: windows of all series that foresee the same time belong together.

A storm or a holiday comes to several series at once. Their errors are no independent ones then, and
what learned from one of them at that time knows what comes in the others.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from plait.data.windows.clock import ORDER
from plait.data.windows.plan import WindowPlan
from plait.data.windows.steps import Steps


def stretches_of(series: Sequence[Steps], plan: WindowPlan) -> list[np.ndarray]:
    """Return the stretch of time that each step lies in, int64 ``[step]`` of each series.

    It is as long as what is foreseen, and its number the same for all series. Where time is only an
    order, the longest series tells it.
    """
    if plan.clock.kind == ORDER:
        longest = max(series, key=len).times
        places = [np.searchsorted(longest, one.times) for one in series]
    else:
        first = min(float(one.times[0]) for one in series)
        places = [plan.clock.places(np.append(first, one.times))[1:] for one in series]
    return [one // plan.horizon for one in places]
