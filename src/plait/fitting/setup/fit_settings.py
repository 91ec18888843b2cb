"""The settings of a fit in groups: rows, network, choice, decision; each checks itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from plait.baselines.base_models import BASE_MODELS
from plait.data.table import read
from plait.errors import UsageError
from plait.model.decision import check_threshold, read_costs
from plait.networks.config import SystemConfig, choose_size, join_layer
from plait.train.config import TrainConfig
from plait.words import join_list, names_of, split_list


@dataclass(frozen=True, kw_only=True)
class Rows:
    """Which rows stay together and which are set aside, and how much they count.

    Attributes:
        group: Column whose equal values stay in one split, fold and resample.
        time: Column by which the latest rows become the test; with `group`, of groups that training
            has not seen. Folds within the training rows respect groups, not the order of time.
        split: Column that says ``train``, ``validation`` or ``test``.
        weights: How much each row counts in learning and choosing: a column of numbers (which is
            then no input), or ``balanced``, so that classes count alike.
    """

    group: str | None = None
    time: str | None = None
    split: str | None = None
    weights: str | None = None


@dataclass(frozen=True, kw_only=True)
class Forecasting:
    """Whether rows in time are forecast, and how far.

    Attributes:
        horizon: Steps ahead: the targets (columns of numbers, ``load`` or ``load,price``) are
            forecast from what came before, by the column `time`; `group` says whose row it is.
        lookback: Steps that came before, at most; default five times the horizon, up to 512.
        known: Columns of numbers or categories whose values are known ahead (``price,holiday``):
            they are told for the steps to be forecast too, and `predict` wants them there, in rows
            whose target is empty. Of all others only the past is ever read.
    """

    horizon: int | None = None
    lookback: int | None = None
    known: str | Sequence[str] | None = None

    @property
    def told(self) -> str:
        """In words, for what tells one fit from another."""
        ahead = f", known={join_list(self.ahead)}" if self.ahead else ""
        return f"horizon={self.horizon}, lookback={self.lookback}{ahead}"

    @property
    def ahead(self) -> tuple[str, ...]:
        """Names of the columns that are known ahead."""
        if isinstance(self.known, str):
            return tuple(split_list(self.known))
        return names_of(self.known, "known")


@dataclass(frozen=True, kw_only=True)
class Recommending:
    """Whether it is learned what each group takes next, of which items.

    Attributes:
        items: Table of what is known of the items (titles, pictures, prices), with the target's
            column for their names: the target is what each of `group` takes next, by `time`. Items
            that nobody took are recommended by what is known of them. Without such a table, the
            same is learned where the target is said to be an item: ``columns="film=item"``.
        leave_last_out: Whether the last item of each group is the test, and the one before it
            chooses; default the latest fifth of all, as in use: what others took later tells
            nothing then.
    """

    items: Any = None
    leave_last_out: bool = False

    @property
    def told(self) -> str:
        """The settings in words, which change with the cells of the table of items."""
        key = "" if self.items is None else read(self.items).key
        return f"items={key}, leave_last_out={self.leave_last_out}"


@dataclass(frozen=True, kw_only=True)
class Acting:
    """Whether it is learned what to do at each step of an episode.

    Attributes:
        reward: Column of what each step brought: the target is what was done (``action``), `group`
            the episode and `time` the step; every other column is of the state. A policy is learned
            that does what leads to a return that is said when it is asked. Where nothing is said,
            the same is learned of a target called ``action`` beside a column called ``reward``,
            unless it was said what the target is: ``columns="action=category"`` classifies.
    """

    reward: str | None = None


@dataclass(frozen=True, kw_only=True)
class Network:
    """How the network is built and trained, and where.

    Attributes:
        size: ``auto``, ``tiny``, ``small``, ``base``, numbers, or a `SystemConfig`.
        fusion: ``auto`` (measured), ``early``, ``mid``, ``late``, or the number of the join layer.
        device: ``auto``, ``cpu``, ``cuda``.
        generator: How a target is made whose modality knows several ways: pictures by ``flow``
            (step by step from noise; the default) or ``gan`` (in one step).
        train: Training settings.
    """

    size: str | Mapping[str, Any] | SystemConfig = "auto"
    fusion: str | int = "auto"
    device: str = "auto"
    generator: str | None = None
    train: TrainConfig | None = None

    @property
    def told_size(self) -> str:
        """The size in words, or its settings by name."""
        given = self.size
        if isinstance(given, SystemConfig):
            given = asdict(given)
        return given if isinstance(given, str) else str(dict(given))

    def check(self) -> None:
        """Refuse what cannot be built."""
        config = choose_size(self.size, 1)
        if self.fusion != "auto":
            replace(config, join=join_layer(self.fusion, config.depth)).check()


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What is compared, by what, and whether all of it is scored.

    Attributes:
        baselines: Whether simple models are measured and may ship, or the names of those that are:
            ``("linear", "boosted")``.
        simple: Whether they are all: no network is trained. Quick, and on small tables of numbers
            and categories often as good. Without a target, canonical correlations make the space.
        metric: What the choice between candidates and their mixes is by, on rows that none learned
            from: any of the target's (``macro_f1``, ``auc``, ``rmse``...). Default a proper cost,
            which is best for probabilities and intervals.
        scores: Whether what ships, every candidate and every subset of columns is scored, with
            intervals. Without, only the costs of the choice are known: for searches over many fits.
        label_curve: Whether it is measured how many labels are saved by vectors known before, of a
            base or of pretrained encoders: fits to ever more labels with and without them.
        whole_rows: Whether rows are to be made whole, rather than a target predicted or a space
            learned: the model then makes rows of numbers, dates, categories and sets of them.
        augment: ``generated``: rows that a model made of training rows are learned from too, where
            a gain is shown on rows held out. Whole rows are made, or one column of another kind,
            such as pictures, by what the others and the target tell.
    """

    baselines: bool | Sequence[str] = True
    simple: bool = False
    metric: str | None = None
    scores: bool = True
    label_curve: bool = False
    whole_rows: bool = False
    augment: str | None = None

    @property
    def told_baselines(self) -> str:
        """The simple models in words."""
        given = self.baselines
        return str(given) if isinstance(given, bool) else ", ".join(given)

    def check(self, target: str | None) -> None:
        """Refuse unknown simple models, a metric of nothing, and a target of whole rows."""
        if self.whole_rows and target is not None:
            raise UsageError(
                "whole rows have no target: every column is made",
                expected="--whole-rows or --target, not both",
                received=f"--target {target}",
            )
        names = [] if isinstance(self.baselines, bool) else list(self.baselines)
        unknown = [name for name in names if name not in BASE_MODELS]
        if isinstance(self.baselines, str) or unknown:
            given = [self.baselines] if isinstance(self.baselines, str) else unknown
            raise UsageError(
                "there is no such simple model",
                expected="True, False, or names among " + ", ".join(BASE_MODELS),
                received=", ".join(map(str, given)),
            )
        if self.metric is not None and target is None:
            raise UsageError("a metric is of a target, and there is no target to predict")


@dataclass(frozen=True, kw_only=True)
class Decision:
    """How two classes are told apart.

    Attributes:
        threshold: Of two classes: the probability from which on a row counts as `positive`.
        costs: Chooses it: ``{"false_negative": 10, "false_positive": 1}``.
        positive: The class that is looked for; default the one called yes, true, 1 or positive,
            else the rarer.
    """

    threshold: float | None = None
    costs: Mapping[str, float] | None = None
    positive: str | None = None

    @property
    def is_asked(self) -> bool:
        """Whether anything was said of it."""
        return (self.threshold, self.costs, self.positive) != (None, None, None)

    def check(self, target: str | None) -> None:
        """Refuse wrong numbers."""
        if self.is_asked and target is None:
            raise UsageError("a decision is between classes, and there is no target to predict")
        if self.threshold is not None and self.costs is not None:
            raise UsageError(
                "a threshold is given or chosen by costs, not both", expected="one of the two"
            )
        if self.threshold is not None:
            check_threshold(self.threshold)
        if self.costs is not None:
            read_costs(self.costs)

    def told(self) -> str | None:
        """Return it in words; None where nothing was said."""
        positive = self.positive
        said: dict[str, Any] = {} if self.threshold is None else {"threshold": self.threshold}
        said |= dict(self.costs or {}) | ({} if positive is None else {"positive": positive})
        return ", ".join(f"{name}={value}" for name, value in said.items()) or None


def refuse_settings(what: str, told: Mapping[str, bool], hint: str | None = None) -> None:
    """Raise `UsageError` where any setting was said that has no meaning.

    Args:
        what: The sentence of the error.
        told: Setting in words -> whether it was said.
        hint: How to mend it.
    """
    said = [name for name, is_said in told.items() if is_said]
    if said:
        raise UsageError(what, expected="none of them", received=", ".join(said), hint=hint)
