"""The options of plait fit, in groups: network, rows, choice, decision, start, settings file."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from plait.cli.groups import THRESHOLD, Group, place, switch, text, texts, whole
from plait.cli.options import encoders_of, one_of, weights_of
from plait.errors import UsageError


def _chosen(told: str, *choices: str) -> Any:
    return Annotated[str, typer.Option(callback=one_of(*choices), help=told)]


def _flag(told: str) -> Any:
    return Annotated[bool, typer.Option(help=told)]


def _network(given: dict[str, Any]) -> dict[str, Any]:
    return {**given, "fusion": _join(given["fusion"])}


def _join(fusion: str) -> str | int:
    if fusion.isdecimal():
        return int(fusion)
    if fusion not in ("auto", "early", "mid", "late"):
        raise UsageError(
            "the fusion is unknown",
            expected="auto, early, mid, late or the number of a layer",
            received=fusion,
        )
    return fusion


def _decision(given: dict[str, Any]) -> dict[str, Any]:
    cost = given.pop("cost")
    return {**given, "costs": weights_of(cost.split(",")) if cost else None}


def _start(given: dict[str, Any]) -> dict[str, Any]:
    encoders = encoders_of(given.pop("encoder"))
    return {**given, "encoders": encoders}


Network = Annotated[
    dict[str, Any],
    Group(
        {
            "size": (
                _chosen("auto, tiny, small or base.", "auto", "tiny", "small", "base"),
                "auto",
            ),
            "fusion": (
                text("Where columns meet: early, mid, late, a layer's number, or auto."),
                "auto",
            ),
            "generator": (
                text("How pictures are made: flow (from noise, in steps) or gan (in one)."),
                None,
            ),
        },
        _network,
    ),
]
"""How the network is built."""

Rows = Annotated[
    dict[str, Any],
    Group(
        {
            "group": (text("Rows with one value here stay in one split (patient)."), None),
            "time": (text("Split by this column: the latest rows are the test."), None),
            "split": (text("Column that says train, validation, test or out."), None),
            "horizon": (
                whole("Forecast so many steps ahead: rows are in time (--time), --group's series."),
                None,
            ),
            "lookback": (
                whole(
                    "Steps before that a forecast sees [default: 5 x the horizon, at most 512], or "
                    "that a policy does [default: 10]."
                ),
                None,
            ),
            "known": (
                text("Columns that are known ahead (price,holiday): a forecast is told them."),
                None,
            ),
            "items": (
                place(
                    "Table of the items that --group takes, by --time: what comes next is learned."
                ),
                None,
            ),
            "leave_last_out": (
                switch("--leave-last-out", "The last item of each group is the test."),
                False,
            ),
            "reward": (
                text(
                    "What each step brought: --target is what was done, --group the episode, "
                    "--time the step [default: a column called reward beside a target action]"
                ),
                None,
            ),
        }
    ),
]
"""Which rows are learned from, and which are set aside; and whether what follows is foreseen."""

Choice = Annotated[
    dict[str, Any],
    Group(
        {
            "baselines": (_flag("Measure simple models too, and ship the best."), True),
            "simple": (switch("--simple", "Simple models only: no network is trained."), False),
            "label_curve": (
                switch("--label-curve", "Measure how many labels a base or encoders save."),
                False,
            ),
            "whole_rows": (
                switch("--whole-rows", "Learn to make rows: plait generate then draws them."),
                False,
            ),
            "augment": (
                text("generated: learn from rows that a model made too, where that is a gain."),
                None,
            ),
            "metric": (
                text("What the choice is by: accuracy, macro_f1, auc, rmse [default: cost]"),
                None,
            ),
            "weights": (
                text("How much rows count: a column of numbers, or balanced (by class)."),
                None,
            ),
        }
    ),
]
"""What is compared, and by what."""

Deciding = Annotated[
    dict[str, Any],
    Group(
        {
            "threshold": THRESHOLD,
            "cost": (
                text("What mistakes cost, which chooses it: false_negative=10,false_positive=1."),
                None,
            ),
            "positive": (text("The class that is looked for [default: the rarer]."), None),
        },
        _decision,
    ),
]
"""How two classes are told apart."""

Start = Annotated[
    dict[str, Any],
    Group(
        {
            "encoder": (
                texts(
                    "auto (what plait encoders lists, where it helps; the default from 1m on), "
                    "none, or for a modality or column: text=./all-MiniLM-L6-v2, image=none; of "
                    "whole rows: table=./TabICL; may be repeated."
                ),
                None,
            ),
            "decoder": (
                text(
                    "A causal language model that writes a target of texts: a folder of "
                    "transformers or a GGUF file, ./smollm2; frozen but for low-rank corrections "
                    "(--tune frozen: none)."
                ),
                None,
            ),
            "base": (
                place("Bundle with a shared space to start from: fewer labels are needed."),
                None,
            ),
            "adapt": (
                _chosen(
                    "How the network learns from --base: auto measures scratch, lora and full.",
                    "auto", "scratch", "lora", "full",
                ),
                "auto",
            ),
            "tune": (
                _chosen(
                    "Whether encoders learn the target: lora, full; measured (experimental) finds "
                    "out whether that pays, in budgets of 10m and more; auto: no.",
                    "auto", "frozen", "measured", "lora", "full",
                ),
                "auto",
            ),
        },
        _start,
    ),
]  # fmt: skip
"""What is learned from already."""

SettingsFile = Annotated[
    dict[str, Any],
    Group(
        {
            "config": (
                place("YAML file of settings; the options given here win over it."),
                None,
            ),
            "save_config": (place("Write the settings of this fit, for --config."), None),
        }
    ),
]
"""The settings of a fit in a file."""
