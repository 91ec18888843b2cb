"""Numbers: read as their column writes them, clipped to the range seen, put on a common scale."""

from __future__ import annotations

import html
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from plait.display import brief
from plait.errors import TargetError
from plait.metrics import pinball_loss, regression_metrics
from plait.modalities.codes import reason_for_codes
from plait.modalities.forms import NUMBER, OutputForm
from plait.modalities.likeness import Fingerprint
from plait.modalities.media import Media
from plait.modalities.number.cell import read_cell
from plait.modalities.number.limit import Limit
from plait.modalities.number.plain import plain_values
from plait.modalities.number.reading import LEAST_SHARE, read_all
from plait.modalities.number.survey import survey
from plait.modalities.survey import Survey
from plait.modalities.traits import Traits
from plait.types import Arrays, ArraySpec, Cell, ColumnSample, Html, Layout

QUANTILE_LEVELS = (0.05, 0.5, 0.95)

SIGMAS = 1.645
"""Standard deviations about the mean within which 90 % of a normal distribution lie."""


@brief
@dataclass(frozen=True, kw_only=True)
class NumberCodec:
    """Codec of the ``number`` modality.

    Raw is a float, or a `Limit`. As a target, outputs are ``[row, 4]``: the mean and the 5, 50
    and 95 % quantiles, in the column's own unit. How text is read is decided for the whole column
    by `survey`, or by the person, never by the cell.

    Attributes:
        mean, scale: Of the training values (after the logarithm, if `log`).
        low, high: 0.1 and 99.9 % quantiles of training values, beyond which inputs are clipped;
            the least or greatest value itself where only that is on the other side of zero.
        log: Whether values are positive and so skewed that their logarithm is used.
        decimal: Sign before the fraction: ``.`` (also ""), ``,``, or ``.,`` for either.
        thousands: Signs that may group digits, such as ``,`` or ``. '``; "" for none.
        unit: What the numbers are in; units that convert are converted to it. "" for none.
        below_words, above_words: Words, in lower case, for too little or too much to be measured.
        null_words: Words, in lower case, for nothing, before those of `NULL_WORDS`.
        floor, ceiling: Numbers that `below_words` and `above_words` stand for; None where such
            cells count as missing.
        marked: Whether limits occur: then a part ``limit`` tells on which side the truth lies.
    """

    modality: ClassVar[str] = "number"
    version: ClassVar[int] = 1
    extra: ClassVar[str | None] = None
    traits: ClassVar[Traits] = Traits(amount=True, decimals=True)
    task: ClassVar[str] = "regress"
    verb: ClassVar[str] = "Predicts"
    form: ClassVar[OutputForm] = NUMBER

    mean: float = 0.0
    scale: float = 1.0
    low: float = -math.inf
    high: float = math.inf
    log: bool = False
    decimal: str = ""
    thousands: str = ""
    unit: str = ""
    below_words: tuple[str, ...] = ()
    above_words: tuple[str, ...] = ()
    null_words: tuple[str, ...] = ()
    floor: float | None = None
    ceiling: float | None = None
    marked: bool = False

    @property
    def layout(self) -> Layout:
        one = ArraySpec((1,), "float32")
        return {"value": one, "exact": one} | ({"limit": one} if self.marked else {})

    def detect(self, sample: ColumnSample) -> float:
        found = read_all(self, sample.values)
        if found.share < LEAST_SHARE or reason_for_codes(sample.name, sample.values):
            return 0.0
        whole = found.is_plain and all(value.is_integer() for value in found.values)
        few = sample.num_distinct <= 2 or (sample.num_distinct <= 12 and whole)
        return min(found.share, 1.0) * (0.45 if few else 0.95)

    def survey(self, sample: ColumnSample) -> Survey:
        return survey(self, sample)

    def read(self, cell: Cell, media: Media) -> float | None:
        return read_cell(self, cell, media.decimal)

    def read_plain(self, cells: Sequence[Cell], media: Media) -> np.ndarray | None:
        """Return what `read` gives for many cells, float64, NaN where missing.

        None where any of them has to be read by itself.
        """
        decimal = media.decimal or self.decimal or "."
        return plain_values(cells, texts=decimal == ".")

    def fit(self, raws: Iterable[float]) -> NumberCodec:
        found = list(raws)
        if not found:
            return self
        values = np.array(found, np.float64)
        low, high = (float(q) for q in np.quantile(values, [0.001, 0.999]))
        low = low if (low < 0) == (values.min() < 0) else float(values.min())
        high = high if (high > 0) == (values.max() > 0) else float(values.max())
        log = bool(values.min() > 0 and _skewness(values) > 2 * abs(_skewness(np.log(values))) + 1)
        inner = np.log(values) if log else values
        return replace(
            self,
            mean=float(inner.mean()),
            scale=float(inner.std()) or 1.0,
            low=low,
            high=high,
            log=log,
            marked=self.marked or any(isinstance(raw, Limit) for raw in found),
        )

    def prepare(self, raw: float) -> Arrays:
        """``value``: clipped and standardised, for networks; ``exact``: the number itself.

        ``limit``, where limits occur: on which side of the number the truth lies, -1, 0 or 1.
        """
        value = min(max(raw, self.low), self.high)
        if self.log:
            value = math.log(max(value, 1e-30))
        arrays = {
            "value": np.array([(value - self.mean) / self.scale], np.float32),
            "exact": np.array([raw], np.float32),
        }
        if self.marked:
            arrays["limit"] = np.array([getattr(raw, "side", 0)], np.float32)
        return arrays

    def prepare_plain(self, values: np.ndarray) -> Arrays:
        """Return what `prepare` gives for each of many numbers, parts ``[row, 1]``; 0 for NaN."""
        inner = np.clip(values, self.low, self.high)
        if self.log:
            inner = np.array([math.log(max(value, 1e-30)) for value in inner.tolist()])
        missing = np.isnan(values)
        parts = {"value": (inner - self.mean) / self.scale, "exact": values}
        if self.marked:
            parts["limit"] = np.zeros(len(values))
        return {
            name: np.where(missing, 0.0, part).astype(np.float32)[:, None]
            for name, part in parts.items()
        }

    def augment(self, arrays: Arrays, rng: np.random.Generator) -> Arrays:
        noise = rng.normal(0.0, 0.01, 1).astype(np.float32)
        return {**arrays, "value": arrays["value"] + noise}

    def show(self, raw: float) -> Html:
        sign = {-1: "\u2264 ", 1: "\u2265 "}.get(getattr(raw, "side", 0), "")
        text = f"{sign}{float(raw):g} {self.unit}".strip()
        text = getattr(raw, "written", "") or text
        return f'<span class="number">{html.escape(text)}</span>'

    def example(self, rng: np.random.Generator) -> Cell:
        return round(float(rng.normal(20.0, 5.0)), 2)

    def neutral(self) -> float:
        return math.exp(self.mean) if self.log else self.mean

    def corrupt(self, raw: float, severity: float, rng: np.random.Generator) -> float:
        if severity <= 0:
            return raw
        spread = self.scale * (abs(raw) if self.log else 1.0)
        return raw + severity * spread * float(rng.normal())

    @property
    def feature_parts(self) -> tuple[str, ...]:
        """The parts that are its features, one behind the other."""
        return ("exact", "limit") if self.marked else ("exact",)

    def features(self, arrays: Arrays) -> np.ndarray:
        if not self.marked:
            return arrays["exact"]
        return np.concatenate([arrays["exact"], arrays["limit"]])

    def features_of(self, parts: Arrays) -> np.ndarray:
        """Return the features of many rows at once, float32 ``[row, feature]``."""
        return np.concatenate([parts[name] for name in self.feature_parts], axis=1)

    def fingerprint(self, raw: float) -> Fingerprint | None:
        return None

    def alike(self, first: bytes, second: bytes) -> bool:
        return False

    def as_target(self) -> NumberCodec:
        return self

    def check_target(self, num_rows: int) -> None:
        if num_rows < 2 or self.low == self.high:
            raise TargetError(
                "the target has a single value",
                expected="at least two different numbers",
                received=f"{num_rows} rows, all {self.low:g}",
            )

    def truth(self, arrays: Sequence[Arrays]) -> np.ndarray:
        return np.array([a["exact"][0] for a in arrays], np.float32)

    def scaled(self, truth: np.ndarray) -> np.ndarray:
        """float32 ``[row]``: standardised, after the logarithm where there is one."""
        return self.prepare_plain(truth)["value"][:, 0]

    def answer(self, outputs: np.ndarray) -> Mapping[str, Any]:
        """Return mean and quantiles, and a ``confidence`` that orders rows by their intervals.

        It is ``u / (u + w)``, where ``w`` is the width of the row's 90 % interval and ``u`` that of
        all training values about their centre (with a logarithm, about the row's median): 1 for an
        exact answer, 0.5 where no more is known than without looking at the row. No probability.
        """
        mean, q05, q50, q95 = np.clip(np.asarray(outputs, np.float64), *self.bounds).T
        width, usual = np.maximum(q95 - q05, 0.0), self._usual_width(q50)
        confidence = usual / np.maximum(usual + width, 1e-30)
        named = {"prediction": mean, "confidence": confidence, "q05": q05, "q50": q50, "q95": q95}
        # As exact as the outputs are: 4.956185, not 4.9561848640441895.
        return {name: values.astype(np.float32) for name, values in named.items()}

    def metrics(self, outputs: np.ndarray, truth: np.ndarray) -> dict[str, float]:
        return regression_metrics(outputs, truth)

    def cost(self, outputs: np.ndarray, truth: np.ndarray) -> np.ndarray:
        """Squared error of the mean plus pinball loss of the quantiles, in units of `spread`."""
        scale = self.spread
        squared = ((outputs[:, 0] - truth) / scale) ** 2
        return squared + pinball_loss(outputs[:, 1:], truth, QUANTILE_LEVELS) / scale

    @property
    def bounds(self) -> tuple[float, float]:
        """What no prediction goes beyond: zero, where no training value lies on its other side."""
        return (0.0 if self.low >= 0 else -math.inf), (0.0 if self.high <= 0 else math.inf)

    def _usual_width(self, median: np.ndarray) -> np.ndarray:
        """Return the width of the middle 90 % of a (log-)normal distribution, float64 ``[row]``."""
        if not self.log:
            return np.full(len(median), 2 * SIGMAS * self.scale)
        return 2 * math.sinh(SIGMAS * min(self.scale, 5.0)) * np.maximum(median, self.low)

    @property
    def spread(self) -> float:
        """Standard deviation of the training values in the column's unit, the same for any rows.

        With a logarithm, that of the log-normal distribution of the same mean and scale.
        """
        if not self.log:
            return self.scale
        variance = min(self.scale, 5.0) ** 2
        return math.exp(self.mean + variance / 2) * math.sqrt(math.expm1(variance))


def _skewness(values: np.ndarray) -> float:
    spread = values.std()
    return float(((values - values.mean()) ** 3).mean() / spread**3) if spread > 0 else 0.0
