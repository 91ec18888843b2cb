"""A fit's settings in a file: written once, read again, with what is given beside it winning."""

from __future__ import annotations

import dataclasses
import difflib
import functools
from collections.abc import Callable, Mapping
from numbers import Integral
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import yaml

from plait.errors import UsageError
from plait.train.config import TrainConfig
from plait.writing import write_text

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

VERSION = 1
"""Of the file; a file of a later version is refused."""

_TEXT, _LIST, _PAIRS = (str,), (list, str), (dict, str)
KINDS: dict[str, tuple[type, ...]] = {
    "table": _TEXT,
    "out": _TEXT,
    "target": _LIST,
    "budget": (str, int, float),
    "size": (str, dict),
    "fusion": (str, int),
    "generator": _TEXT,
    "columns": _PAIRS,
    "columns_file": _TEXT,
    "exclude": _LIST,
    "group": _TEXT,
    "time": _TEXT,
    "split": _TEXT,
    "horizon": (int,),
    "lookback": (int,),
    "known": _LIST,
    "items": _TEXT,
    "leave_last_out": (bool,),
    "reward": (str,),
    "schema": _TEXT,
    "root": _TEXT,
    "encoding": _TEXT,
    "delimiter": _TEXT,
    "decimal": _TEXT,
    "sheet": (str, int),
    "seed": (int,),
    "device": _TEXT,
    "on_error": _TEXT,
    "strict": (bool,),
    "baselines": (bool, list),
    "simple": (bool,),
    "metric": _TEXT,
    "weights": _TEXT,
    "threshold": (float, int),
    "costs": (dict,),
    "positive": (str, int),
    "samples": (bool,),
    "scores": (bool,),
    "label_curve": (bool,),
    "augment": _TEXT,
    "whole_rows": (bool,),
    "train": (dict,),
    "encoders": (dict, str),
    "base": _TEXT,
    "decoder": _TEXT,
    "adapt": _TEXT,
    "tune": _TEXT,
    "licences": (list,),
    "allow_network": (bool,),
}
"""Setting of `plait.fit` -> what its value in the file may be."""

_OF_TEXT = (
    "group", "time", "split", "encoding", "delimiter", "decimal", "device", "on_error",
    "metric", "weights", "adapt", "tune", "generator",
)  # fmt: skip
GIVEN: dict[str, tuple[type | tuple[type, ...], str]] = {
    **dict.fromkeys(_OF_TEXT, (str, "text")),
    "target": ((str, list, tuple), "text, or a list of texts"),
    "seed": (Integral, "a whole number"),
    "costs": (Mapping, "a dict of mistake -> cost"),
}
"""Argument of `plait.fit` -> what it must be in Python, and that in words."""


def read_config(source: Path | str | Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of a file that `write_config` wrote, or that a person did.

    Raises `UsageError` for what is no such file, a later version, unknown settings (with the name
    that was probably meant), and values of the wrong kind.
    """
    path = None if isinstance(source, Mapping) else Path(source)
    data = dict(source) if isinstance(source, Mapping) else _read(Path(source))
    version = data.pop("version", VERSION)
    if version != VERSION:
        raise UsageError(
            "the settings are of another version",
            expected=f"version: {VERSION}",
            received=str(version),
            path=path,
            hint="use the version of plait that wrote them",
        )
    for name, value in data.items():
        _check(str(name), value, path)
    found = {str(name): value for name, value in data.items() if value is not None}
    if isinstance(found.get("exclude"), str):
        found["exclude"] = [part.strip() for part in found["exclude"].split(",")]
    if "train" in found:
        found["train"] = _train(found["train"], path)
    return found


def write_config(path: Path | str, settings: Mapping[str, Any]) -> Path:
    """Write the settings of a fit, each by its name, as they were given; return the path.

    What was not set is left out, and so is what `plait.fit` cannot read from a file: a table or a
    base in memory. Raises `UsageError` for unknown settings, `StorageError` without room.
    """
    found = {"version": VERSION, **plain_settings(settings)}
    unknown = sorted(set(settings) - set(KINDS))
    if unknown:
        raise UsageError("there is no such setting of fit", received=", ".join(unknown))
    target = Path(path)
    text = yaml.safe_dump(found, sort_keys=False, allow_unicode=True)
    write_text(target, f"# Settings of plait fit: plait fit --config {target.name}\n{text}")
    return target


def plain_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return those settings that a file can hold, in its own types and in the order of `KINDS`."""
    plain = {name: _plain(settings.get(name)) for name in KINDS}
    return {
        name: value
        for name, value in plain.items()
        if value is not None and value != {} and isinstance(value, KINDS[name])
    }


def configured(verb: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """Let `fit` take its settings from the file of its argument `config`; arguments win."""

    @functools.wraps(verb)
    def call(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        config: Any = kwargs.pop("config", None)
        if config is not None:
            settings = read_config(config)
            table = settings.pop("table", None)
            if table is not None and not args and kwargs.get("table") is None:
                settings["table"] = table
            kwargs = {**settings, **kwargs}  # type: ignore[assignment]
        _check_given(kwargs)
        return verb(*args, **kwargs)

    return call


def _check_given(given: Mapping[str, Any]) -> None:
    """Raise `UsageError` for an argument that is of another kind than `GIVEN` says."""
    for name, (kind, word) in GIVEN.items():
        value = given.get(name)
        if value is not None and not (isinstance(value, kind) and value is not True):
            raise UsageError(
                f"the argument '{name}' is of the wrong kind",
                expected=word,
                received=repr(value),
                hint=f"{name}='{value}'" if kind is str and isinstance(value, int) else None,
            )


def _read(path: Path) -> dict[str, Any]:
    try:
        data = yaml.safe_load(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        missing = isinstance(error, FileNotFoundError)
        words = getattr(error, "strerror", None) or str(error)
        raise UsageError(
            "there is no file of settings here" if missing else "the settings cannot be read",
            expected="a YAML file, as plait fit --save-config writes it",
            received="nothing" if missing else words,
            path=path,
        ) from None
    if not isinstance(data, dict):
        raise UsageError(
            "these are not settings",
            expected="names and values, such as  target: category",
            received=type(data).__name__,
            path=path,
        )
    return data


def _check(name: str, value: Any, path: Path | None) -> None:
    if name not in KINDS:
        close = difflib.get_close_matches(name.replace("-", "_"), KINDS, 1)
        raise UsageError(
            f"there is no setting '{name}'",
            expected="one of " + ", ".join(KINDS),
            path=path,
            hint=f"did you mean '{close[0]}'?" if close else None,
        )
    kinds = KINDS[name]
    wrong_bool = isinstance(value, bool) and bool not in kinds
    if value is not None and (wrong_bool or not isinstance(value, kinds)):
        raise UsageError(
            f"the setting '{name}' is of the wrong kind",
            expected=" or ".join(_WORDS[kind] for kind in kinds),
            received=f"{value!r}",
            path=path,
            hint=f'quote it: {name}: "{value}"' if str in kinds else None,
        )


_WORDS = {
    str: "text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    list: "a list",
    dict: "names and values",
}


def _train(data: Mapping[str, Any], path: Path | None) -> TrainConfig:
    known = [item.name for item in dataclasses.fields(TrainConfig)]
    unknown = sorted(set(data) - set(known))
    if unknown:
        close = difflib.get_close_matches(unknown[0], known, 1)
        raise UsageError(
            f"there is no setting 'train: {unknown[0]}'",
            expected="one of " + ", ".join(known),
            path=path,
            hint=f"did you mean '{close[0]}'?" if close else None,
        )
    return TrainConfig(**data)


def _plain(value: Any) -> Any:
    """Return a setting in YAML's own types."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value
