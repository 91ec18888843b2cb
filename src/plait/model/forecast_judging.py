"""How good forecasts of windows are: their scores, and how often their intervals held."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from plait.data.table import Table
from plait.data.windows.plan import BEFORE
from plait.model.forecast import Forecast, local_spreads
from plait.model.forecast_scores import forecast_scores, mean_change


@dataclass(frozen=True)
class JudgedForecasts:
    """Forecasts of windows beside what came, in units of each series' spread.

    Attributes:
        before: What came before each, ``[step, target]``; NaN where nothing is known.
        said, low, high, true: The forecast, the ends of its interval, and what came, each
            ``[window, step, target]``.
    """

    before: list[np.ndarray]
    said: np.ndarray
    low: np.ndarray
    high: np.ndarray
    true: np.ndarray

    @classmethod
    def of(
        cls, told: Forecast, table: Table, rows: np.ndarray, made: Any, true: Any
    ) -> JudgedForecasts:
        """Return that of some windows.

        Args:
            told: How they are foreseen.
            table: The windows.
            rows: Their numbers in it.
            made: Forecasts of these, as a predictor's outputs.
            true: What came.
        """
        nothing = np.full((1, len(told.plan.targets)), np.nan)
        cells = table.column(told.plan.named(BEFORE), rows)
        before = [nothing if cell is None else np.asarray(cell, np.float64) for cell in cells]
        return cls(before, *told.bounds(made, true, local_spreads(table, told.plan, rows)))

    @property
    def known(self) -> bool:
        """Whether anything that came is known."""
        return not bool(np.isnan(self.true).all())

    def scores(self) -> dict[str, float]:
        """Return ``crps``, ``pinball`` and ``mase``; see `forecast_scores`."""
        change = np.stack([mean_change(one) for one in self.before])
        return forecast_scores(self.true, self.said, self.low, self.high, change)


def scores_said(scores: dict[str, float], what: str) -> str:
    """Return scores in words.

    Args:
        scores: Of `JudgedForecasts.scores`.
        what: Was foreseen: ``the test``.
    """
    return (
        f"forecasts of {what}: CRPS {scores['crps']:.3g} and pinball loss "
        f"{scores['pinball']:.3g} (of 5, 50 and 95 %) in units of each series' spread; MASE "
        f"{scores['mase']:.3g}, errors over the mean change from one step to the next before"
    )


def forecast_judged(
    told: Forecast, table: Table, rows: np.ndarray, made: Any, true: Any
) -> dict[str, Any]:
    """Return what `evaluate` tells of forecasts beside the metrics of their values.

    ``forecast`` has the scores, ``coverage`` the share of values in their 90 % intervals, and
    ``notes`` say both; nothing where nothing that came is known. Arguments are those of
    `JudgedForecasts.of`.
    """
    judged = JudgedForecasts.of(told, table, rows, made, true)
    if not judged.known:
        return {}
    scores = judged.scores()
    share = told.covered(made, true, local_spreads(table, told.plan, rows))
    held = f"their 90 % intervals held {100 * share:.1f} % of the values"
    return {
        "forecast": scores,
        "coverage": share,
        "notes": [f"{scores_said(scores, 'these rows')}; {held}"],
    }
