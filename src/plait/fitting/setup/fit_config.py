"""What a fit is asked for: one frozen configuration in groups, checked before the work begins."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

import plait
from plait.data.schema import Schema, make_codec
from plait.data.table import Table
from plait.errors import UsageError, nearest_name
from plait.fitting.setup.augmenting import check_augment
from plait.fitting.setup.by_metric import check_metric
from plait.fitting.setup.config import plain_settings
from plait.fitting.setup.fit_options import FitOptions
from plait.fitting.setup.fit_settings import (
    Acting,
    Choice,
    Decision,
    Forecasting,
    Network,
    Recommending,
    Rows,
    refuse_settings,
)
from plait.fitting.setup.start_settings import Start
from plait.fitting.setup.wanted_encoders import WantedEncoders
from plait.modalities import find_codec
from plait.modalities._scan import issubclass_target
from plait.model.decision import positive_label
from plait.model.model import Model
from plait.reading import ReadOptions
from plait.train.budget import Budget
from plait.train.config import TrainConfig
from plait.words import join_list, names_of

Verb = TypeVar("Verb", bound=Callable[..., Any])


@dataclass(frozen=True, kw_only=True)
class FitConfig:
    """All that a fit is asked for: the settings that are saved, and decide the result.

    Attributes:
        target: Column to predict, or several with commas between them; None learns what the columns
            share.
        budget: Of the whole fit.
        seed: Of splits, weights and order.
        samples: Whether the bundle keeps a few test rows for the report.
        licences: ``{"source", "licence", "attribution"}`` of the data.
        exclude: Columns that are no inputs.
        reading: The other arguments of `plait.read`.
    """

    target: str | None
    budget: Budget
    seed: int = 0
    samples: bool = True
    licences: Sequence[Mapping[str, str]] = ()
    exclude: tuple[str, ...] = ()
    reading: ReadOptions = field(default_factory=lambda: ReadOptions())
    rows: Rows = Rows()
    forecasting: Forecasting = Forecasting()
    recommending: Recommending = Recommending()
    acting: Acting = Acting()
    network: Network = Network()
    choice: Choice = Choice()
    decision: Decision = Decision()
    start: Start = Start()

    @classmethod
    def of(cls, *, target: str | Sequence[str] | None, budget: Budget, **given: Any) -> FitConfig:
        """Gather loose settings into groups. Raises `UsageError` for a name that no group has."""
        if target is not None and not isinstance(target, str):
            target = join_list(names_of(target, "target"))
        loose = {name: given.pop(name) for name in LOOSE if name in given}
        groups = {name: _taken(kind, given) for name, kind in GROUPS.items()}
        exclude = names_of(given.pop("exclude", None), "exclude")
        unknown = [name for name in given if name not in ReadOptions.__annotations__]
        if unknown:
            known = [*FitOptions.__annotations__, "target", "budget", "out", "table"]
            close = nearest_name(unknown[0], known)
            raise UsageError(
                f"fit has no argument '{unknown[0]}'",
                hint=f"did you mean '{close}'?" if close else "help(plait.fit) describes them all",
            )
        reading: Any = given
        found: Any = loose | groups
        return cls(target=target, budget=budget, exclude=exclude, reading=reading, **found)

    @property
    def encoders(self) -> WantedEncoders:
        """Which pretrained encoders are wanted, where nothing is said by the budget."""
        said = self.start.encoders
        return WantedEncoders.of(said, self.budget, simple=self.choice.simple)

    def check(self) -> None:
        """Refuse what cannot be done, before the table is opened. Raises `UsageError`."""
        self.start.check(self.target, has_encoders=self.encoders.some)
        self.network.check()
        if self.seed < 0:
            raise UsageError("the seed is negative", expected="0 or more", received=str(self.seed))
        self.choice.check(self.target)
        self.decision.check(self.target)
        self._check_whole_rows()
        check_augment(self)
        self._check_simple()

    def _check_whole_rows(self) -> None:
        """Refuse what whole rows have no use for."""
        said = {
            "base": self.start.base is not None,
            "label_curve": self.choice.label_curve,
            "horizon": self.forecasting.horizon is not None,
            "items": self.recommending.items is not None,
            "reward": self.acting.reward is not None,
            "weights": self.rows.weights is not None,
        }
        if self.choice.whole_rows:
            what = "whole rows are learned from the table alone, each row counting the same"
            refuse_settings(what, said, "leave it out")

    def _check_simple(self) -> None:
        """Refuse to leave everything out, and to ask for what only a network does."""
        adapt, tune = self.start.adapt, self.start.tune
        asked = [] if self.choice.baselines else ["baselines off"]
        asked += [f"adapt={adapt}"] if adapt in ("lora", "full") else []
        asked += [f"tune={tune}"] if tune in ("lora", "full") else []
        asked += ["a decoder"] if self.start.decoder is not None else []
        if self.choice.simple and asked:
            raise UsageError(
                "a simple fit trains no network",
                expected="simple models on, nothing to adapt or tune",
                received=", ".join(asked),
                hint="leave out --simple, or the rest",
            )

    def check_goal(self, schema: Schema) -> None:
        """Refuse a metric that the target's kind does not have, before anything takes long."""
        target, metric = self.target, self.choice.metric
        if metric is None or target is None or target not in [c.name for c in schema.columns]:
            return
        modality = schema[target].modality
        if modality is not None and issubclass_target(find_codec(modality)):
            codec: Any = make_codec(schema[target])
            check_metric(metric, codec)

    def check_against(self, codec: Any) -> None:
        """Refuse a metric or a decision that the target does not have. Raises `UsageError`."""
        if self.choice.metric is not None:
            check_metric(self.choice.metric, codec)
        if self.decision.is_asked:
            positive_label(codec, self.decision.positive)

    def told(self, table: Table, base: Model | None) -> dict[str, Any]:
        """Return in words what decides the result: a resumed fit must have the same."""
        rows = self.rows
        policy = table.policy.on_error
        return {
            "target": self.target,
            "budget": f"{self.budget.amount:g} {self.budget.unit}",
            "size": self.network.told_size,
            "fusion": str(self.network.fusion),
            "seed": self.seed,
            "device": self.network.device,
            "baselines": self.choice.told_baselines,
            "simple": self.choice.simple,
            "whole_rows": self.choice.whole_rows or None,
            "augment": self.choice.augment,
            "decision": self.decision.told(),
            "weights": rows.weights,
            "metric": self.choice.metric,
            "table": table.key,
            "columns": str(table.schema.to_dict()),
            "exclude": ", ".join(sorted(self.exclude)),
            "rows": f"group={rows.group}, time={rows.time}, split={rows.split}, on_error={policy}",
            "forecast": self.forecasting.told,
            "next": self.recommending.told,
            "reward": self.acting.reward,
            "base": "" if base is None else base.space.key,
            "adapt": self.start.adapt,
            "encoders": self.encoders.told(whole=True),
            "tune": self.start.tune,
            "decoder": Path(self.start.decoder or "").name,
            "train": str(asdict(self.network.train or TrainConfig())),
            "plait": plait.__version__,
        }

    def said(self, table: Any, base: Model | None) -> dict[str, Any]:
        """Return what a person said, by the names of `fit`, as a file of its settings holds it.

        What is as it is without a word is left out, and so is what only memory holds. A path from
        the root of a machine is told by its last name, so that a bundle tells nothing of folders.

        Args:
            table: What `fit` was given, or the path of it.
            base: Opened.
        """
        found: dict[str, Any] = {"table": table, "target": self.target}
        found["budget"] = f"{self.budget.amount!r} {self.budget.unit}".replace(".0 ", " ")
        for group in (getattr(self, name) for name in GROUPS):
            usual = type(group)()
            told = vars(group).items()
            found |= {name: value for name, value in told if value != getattr(usual, name)}
        found |= {name: value for name, value in self.reading.items() if value}
        found |= {"exclude": self.exclude or None, "licences": self.licences or None}
        found |= {"samples": None if self.samples else False, "seed": self.seed}
        if base is not None:
            found["base"] = base.path if isinstance(self.start.base, Model) else self.start.base
        of_paths = ("table", "base", "decoder", "columns_file", "schema", "root", "items")
        found |= {name: _without_folders(found.get(name)) for name in of_paths}
        if isinstance(self.start.encoders, Mapping):
            wanted = self.start.encoders.items()
            found["encoders"] = {name: _without_folders(where) for name, where in wanted}
        return plain_settings(found)


GROUPS: dict[str, Any] = {
    "rows": Rows,
    "forecasting": Forecasting,
    "recommending": Recommending,
    "acting": Acting,
    "network": Network,
    "choice": Choice,
    "decision": Decision,
    "start": Start,
}
"""Field of `FitConfig` -> the group of settings that it holds."""

LOOSE = ("seed", "samples", "licences")
"""Settings outside of the groups."""

SETTINGS = "        settings: "
"""How the description begins of what `spelled_out` names one by one."""

TOLD_ELSEWHERE = ("table", "columns", "plait")
"""What a bundle's lineage tells beside the settings."""


def _without_folders(place: Any) -> Any:
    """Return a path as it was said; only its last name where it begins at a root or at home."""
    if not isinstance(place, str | Path):
        return None
    path = Path(place).expanduser()
    return path.name if path.is_absolute() else str(place)


def _taken(kind: Any, given: dict[str, Any]) -> Any:
    """Make a group of the settings that are its own, and take them out of `given`."""
    return kind(**{one.name: given.pop(one.name) for one in fields(kind) if one.name in given})


def spelled_out(verb: Verb) -> Verb:
    """Let the signature and the help of `fit` name every setting, which its code takes in groups.

    Each is described once, where its group is defined; the descriptions go before that of the
    ``settings`` that it stands for.
    """
    parameters = dict(inspect.signature(verb).parameters)
    parameters.pop("settings")
    of_config = [one for one in fields(FitConfig) if one.name in LOOSE]
    settings = [one for kind in GROUPS.values() for one in fields(kind)] + of_config
    keyword = inspect.Parameter.KEYWORD_ONLY
    for one in settings:
        usual = inspect._empty if one.default is MISSING else one.default
        parameters[one.name] = inspect.Parameter(
            one.name, keyword, default=usual, annotation=one.type
        )
    reading = inspect.Parameter("reading", inspect.Parameter.VAR_KEYWORD, annotation="ReadOptions")
    signature = inspect.Signature([*parameters.values(), reading], return_annotation="Model")
    verb.__signature__ = signature  # type: ignore[attr-defined]
    if verb.__doc__:  # python -OO has none
        before, mark, after = verb.__doc__.partition(SETTINGS)
        told: dict[str, str] = {}
        for kind in (*GROUPS.values(), FitConfig):
            told |= _descriptions(kind)
        verb.__doc__ = before + "".join(told[one.name] for one in settings) + mark + after
    return verb


def _descriptions(kind: type) -> dict[str, str]:
    """Return the lines by which a dataclass describes each of its fields."""
    _, _, attributes = (kind.__doc__ or "").partition("Attributes:\n")
    found: dict[str, str] = {}
    name = ""
    for line in attributes.rstrip().splitlines():
        entry = re.match(r"        (\w+): ", line)
        name = entry[1] if entry else name
        found[name] = found.get(name, "") + line + "\n"
    return found
