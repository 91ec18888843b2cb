"""The command that makes a bundle again, of all that a person said of the fit."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from plait.data.overrides import parse_overrides
from plait.errors import PlaitError
from plait.words import join_list

VALUES = (
    "target", "budget", "size", "fusion", "columns_file", "group", "time", "split", "schema",
    "root", "encoding", "delimiter", "decimal", "sheet", "device", "on_error", "metric", "weights",
    "threshold", "positive", "base", "decoder", "adapt", "tune", "seed", "horizon", "lookback",
    "items", "reward", "generator", "augment",
)  # fmt: skip
"""Settings of a fit that are options with a value."""

SWITCHES = {
    "strict": {True: "--strict"},
    "simple": {True: "--simple"},
    "allow_network": {True: "--allow-network"},
    "baselines": {False: "--no-baselines"},
    "samples": {False: "--no-samples"},
    "label_curve": {True: "--label-curve"},
    "whole_rows": {True: "--whole-rows"},
    "leave_last_out": {True: "--leave-last-out"},
}
"""Setting -> its value -> the option that says so."""

LISTS = ("columns", "exclude", "encoders", "costs", "known")
AS_GIVEN = {"size": "auto", "fusion": "auto", "adapt": "auto", "tune": "auto", "device": "auto"}


def again_command(data: Mapping[str, Any]) -> str:
    """Return the command that makes the bundle again; "" where its lineage does not tell.

    What the command line cannot say, such as settings of the training, is a call in Python.
    """
    said = said_of(data.get("lineage") or {})
    if not said:
        return ""
    said["out"] = str(data.get("name") or "x.plait")
    words = words_of(said)
    return call_of(said) if words is None else shlex.join(["plait", "fit", *words])


def said_of(lineage: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was said of a fit, by the names of `plait.fit`; bundles before told part of it.

    Nothing where the fit began from a base that lies nowhere.
    """
    settings, source = lineage.get("settings") or {}, (lineage.get("table") or {}).get("name")
    said = dict(lineage.get("said") or {})
    if said:
        return {} if settings.get("base") and "base" not in said else said
    if not settings or not source or settings.get("base"):
        return {}
    return _of_earlier(settings, str(source))


def words_of(said: Mapping[str, Any]) -> list[str] | None:
    """Return settings as words of the command line; None where it cannot say them."""
    words = [*_of_lists(said), *_of_switches(said)]
    known = {"table", "out", *VALUES, *SWITCHES, *LISTS}
    values = {name: said[name] for name in VALUES if name in said}
    odd = any(isinstance(value, list | dict) for value in values.values())
    if odd or "table" not in said or None in words or set(said) - known:
        return None
    for name, value in values.items():
        option, text = f"--{name.replace('_', '-')}", str(value)
        text = _budget(text) if name == "budget" else text
        words += [f"{option}={text}"] if text.startswith("-") else [option, text]
    table = str(said["table"])
    table = f"./{table}" if table.startswith("-") and table != "-" else table
    return [table, *(word for word in words if word is not None), "--out", str(said["out"])]


def call_of(said: Mapping[str, Any]) -> str:
    """Return the call in Python that says all; a table in memory is a variable of its own."""
    table = "" if "table" in said else "table, "
    return f"plait.fit({table}config={dict(said)!r})"


def _of_switches(said: Mapping[str, Any]) -> list[str | None]:
    """Return the options without a value; None for what has none, such as named simple models."""
    found: list[str | None] = []
    for name, options in SWITCHES.items():
        value = said.get(name)
        if isinstance(value, list):
            found.append(None)
        elif value in options:
            found.append(options[value])
    return found


def _of_lists(said: Mapping[str, Any]) -> list[str | None]:
    """Return the options of several parts; None for those that cannot be written."""
    found: list[str | None] = []
    if "columns" in said:
        text = _columns(said["columns"])
        found += [None] if text is None else ["--columns", text]
    for name in said.get("exclude") or ():
        found += ["--exclude", _quoted(name)]
    encoders = said.get("encoders") or {}
    for name, where in ({"*": encoders} if isinstance(encoders, str) else encoders).items():
        found += ["--encoder", where if name == "*" else f"{_quoted(name)}={where}"]
    if said.get("costs"):
        costs = (f"{_quoted(name)}={value}" for name, value in said["costs"].items())
        found += ["--cost", ",".join(costs)]
    if said.get("known"):
        known = said["known"]
        found += ["--known", known if isinstance(known, str) else join_list(known)]
    return found


def _columns(columns: Any) -> str | None:
    """Return what columns are as one text; None where it does not read as what was said."""
    if isinstance(columns, str):
        return columns
    parts = []
    for name, override in columns.items():
        entries = {"modality": override} if isinstance(override, str) else override
        settings = entries.get("settings")
        inner = _flow(settings) if settings else ""
        parts.append(
            f"{_quoted(name)}={entries.get('modality')}{inner.strip() if settings else ''}"
        )
    text = ",".join(parts)
    try:
        return text if parse_overrides(text) == columns else None
    except PlaitError:
        return None


def _flow(value: Any) -> str:
    """Return settings of a column as YAML in one line; words in quotes only where they need them.

    >>> _flow({"null_words": ["err", "a, b"], "lowest": 0})
    "{null_words: [err, 'a, b'], lowest: 0}"
    """
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_flow(str(k))}: {_flow(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_flow, value)) + "]"
    if not isinstance(value, str):
        return json.dumps(value)
    if re.fullmatch(r"\w+", value) and yaml.safe_load(value) == value:
        return value
    return "'" + value.replace("'", "''") + "'"


def _quoted(name: Any) -> str:
    """Return a name as lists and pairs take it: in quotes where it holds a mark of theirs."""
    text = str(name)
    plain = text == text.strip() and not any(mark in text for mark in ',="{}|')
    return text if plain and text else '"' + text.replace('"', '""') + '"'


def _budget(text: str) -> str:
    """Return a budget as the command line takes it: ``120 seconds`` is ``120s``."""
    amount, _, unit = text.partition(" ")
    return f"{amount}s" if unit == "seconds" else text


def _of_earlier(settings: Mapping[str, Any], source: str) -> dict[str, Any]:
    """Return what was said of the fit of a bundle that tells its settings in words only."""
    said: dict[str, Any] = {"table": source}
    names = ("target", "budget", "metric", "weights", *AS_GIVEN)
    said |= {n: settings[n] for n in names if settings.get(n) not in (None, "", AS_GIVEN.get(n))}
    said |= _pairs(settings.get("rows"), ("group", "time", "split", "on_error"))
    if said.get("on_error") == "raise":
        del said["on_error"]
    decision = _pairs(settings.get("decision"), ("threshold", "positive", *COSTS))
    costs = {name: decision.pop(name) for name in COSTS if name in decision}
    said |= decision | ({"costs": costs} if costs else {})
    said |= {"simple": True} if settings.get("simple") else {}
    said |= {"baselines": False} if settings.get("baselines") == "False" else {}
    said["exclude"] = [name for name in str(settings.get("exclude") or "").split(", ") if name]
    encoders = [part for part in str(settings.get("encoders") or "").split(", ") if part]
    pairs = (part.partition("=") for part in encoders)
    said["encoders"] = {n if mark else "*": where if mark else n for n, mark, where in pairs}
    return said | {"seed": settings.get("seed", 0)}


COSTS = ("false_negative", "false_positive")


def _pairs(text: Any, names: Sequence[str]) -> dict[str, str]:
    """Return those of the ``name=value`` of a line that have one of the names and say something."""
    pairs = (part.partition("=") for part in str(text or "").split(", "))
    return {name: value for name, _, value in pairs if name in names and value not in ("", "None")}
