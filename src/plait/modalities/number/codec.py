"""Numbers: parsed, clipped to the range seen in training, and put on a common scale."""

from __future__ import annotations

import html
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from plait.errors import CellError, TargetError
from plait.metrics import pinball_loss, regression_metrics
from plait.modalities.media import Media
from plait.types import Arrays, ArraySpec, Cell, ColumnSample, Html, Layout

NULL_WORDS = {"na", "?", "-", "none", "missing"}
QUANTILE_LEVELS = (0.05, 0.5, 0.95)


@dataclass(frozen=True, kw_only=True)
class NumberCodec:
    """Codec of the ``number`` modality.

    Raw is a float. As a target, outputs are ``[row, 4]``: the mean and the 5, 50 and 95 %
    quantiles, in the column's own unit.

    Attributes:
        mean, scale: Of the training values (after the logarithm, if `log`).
        low, high: 0.1 and 99.9 % quantiles of training values, beyond which inputs are clipped.
        log: Whether values are positive and so skewed that their logarithm is used.
    """

    modality: ClassVar[str] = "number"
    extra: ClassVar[str | None] = None
    task: ClassVar[str] = "regress"

    mean: float = 0.0
    scale: float = 1.0
    low: float = -math.inf
    high: float = math.inf
    log: bool = False

    @property
    def layout(self) -> Layout:
        return {"value": ArraySpec((1,), "float32"), "exact": ArraySpec((1,), "float32")}

    def detect(self, sample: ColumnSample) -> float:
        num_numbers = sum(_is_number(value) for value in sample.values)
        share = num_numbers / max(len(sample.values), 1)
        if share < 0.9:
            return 0.0
        whole = all(float(v) == int(float(v)) for v in sample.values if _is_finite(v))
        few = sample.num_distinct <= 2 or (sample.num_distinct <= 12 and whole)
        return share * (0.45 if few else 0.95)

    def read(self, cell: Cell, media: Media) -> float | None:
        if isinstance(cell, str):
            text = cell.strip().replace("\u2212", "-")
            if text.lower() in NULL_WORDS:
                return None
            try:
                cell = float(text)
            except ValueError:
                raise CellError("not a number", expected="a number", received=text) from None
        try:
            value = float(cell)
        except OverflowError:
            raise CellError("the number is too large", expected="below 1e30") from None
        except (TypeError, ValueError):
            raise CellError("not a number", expected="a number", received=cell) from None
        if not math.isfinite(value):
            raise CellError("the number is not finite", expected="a finite number", received=cell)
        if abs(value) > 1e30:
            raise CellError("the number is too large", expected="below 1e30", received=cell)
        return value

    def fit(self, raws: Iterable[float]) -> NumberCodec:
        values = np.fromiter(raws, np.float64)
        if not len(values):
            return self
        low, high = (float(q) for q in np.quantile(values, [0.001, 0.999]))
        log = bool(values.min() > 0 and _skewness(values) > 2 * abs(_skewness(np.log(values))) + 1)
        inner = np.log(values) if log else values
        return replace(
            self,
            mean=float(inner.mean()),
            scale=float(inner.std()) or 1.0,
            low=low,
            high=high,
            log=log,
        )

    def prepare(self, raw: float) -> Arrays:
        """``value``: clipped and standardised, for networks; ``exact``: the number itself."""
        value = min(max(raw, self.low), self.high)
        if self.log:
            value = math.log(max(value, 1e-30))
        return {
            "value": np.array([(value - self.mean) / self.scale], np.float32),
            "exact": np.array([raw], np.float32),
        }

    def augment(self, arrays: Arrays, rng: np.random.Generator) -> Arrays:
        noise = rng.normal(0.0, 0.01, 1).astype(np.float32)
        return {**arrays, "value": arrays["value"] + noise}

    def show(self, raw: float) -> Html:
        return f'<span class="number">{html.escape(f"{raw:g}")}</span>'

    def example(self, rng: np.random.Generator) -> Cell:
        return round(float(rng.normal(20.0, 5.0)), 2)

    def neutral(self) -> float:
        return math.exp(self.mean) if self.log else self.mean

    def corrupt(self, raw: float, severity: float, rng: np.random.Generator) -> float:
        spread = self.scale * (abs(raw) if self.log else 1.0)
        return raw + severity * spread * float(rng.normal())

    def features(self, arrays: Arrays) -> np.ndarray:
        return arrays["exact"]

    def fingerprint(self, raw: float) -> bytes | None:
        return None

    def check_target(self, num_rows: int) -> None:
        if num_rows < 2 or self.low == self.high:
            raise TargetError(
                "the target has a single value",
                expected="at least two different numbers",
                received=f"{num_rows} rows, all {self.low:g}",
            )

    def truth(self, arrays: Sequence[Arrays]) -> np.ndarray:
        return np.array([a["exact"][0] for a in arrays], np.float32)

    def answer(self, outputs: np.ndarray) -> Mapping[str, Any]:
        mean, q05, q50, q95 = np.asarray(outputs, np.float64).T
        width = np.maximum(q95 - q05, 0.0)
        spread = 3.29 * (self.scale * np.abs(mean) if self.log else self.scale)
        confidence = np.clip(1.0 - width / np.maximum(spread, 1e-30), 0.0, 1.0)
        return {"prediction": mean, "confidence": confidence, "q05": q05, "q50": q50, "q95": q95}

    def metrics(self, outputs: np.ndarray, truth: np.ndarray) -> dict[str, float]:
        return regression_metrics(outputs, truth)

    def cost(self, outputs: np.ndarray, truth: np.ndarray) -> np.ndarray:
        """Squared error of the mean plus pinball loss of the quantiles, in units of `spread`."""
        scale = self.spread
        squared = ((outputs[:, 0] - truth) / scale) ** 2
        return squared + pinball_loss(outputs[:, 1:], truth, QUANTILE_LEVELS) / scale

    @property
    def spread(self) -> float:
        """Standard deviation of the training values in the column's unit, the same for any rows.

        With a logarithm, that of the log-normal distribution of the same mean and scale.
        """
        if not self.log:
            return self.scale
        variance = min(self.scale, 5.0) ** 2
        return math.exp(self.mean + variance / 2) * math.sqrt(math.expm1(variance))


def _is_number(value: Cell) -> bool:
    if isinstance(value, bool):
        return False
    if isinstance(value, str) and value.strip().lower() in NULL_WORDS:
        return True
    return _is_finite(value) or (
        isinstance(value, str) and value.strip().lower() in {"inf", "-inf"}
    )


def _is_finite(value: Cell) -> bool:
    try:
        return math.isfinite(float(value))
    except (TypeError, ValueError, OverflowError):
        return False


def _skewness(values: np.ndarray) -> float:
    spread = values.std()
    return float(((values - values.mean()) ** 3).mean() / spread**3) if spread > 0 else 0.0
