"""Finds modalities: every folder with a codec.py is one, and an incomplete one fails at once."""

from __future__ import annotations

import dataclasses
import hashlib
import importlib
import importlib.util
import inspect
import json
import sys
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from plait.errors import BundleError, SchemaError, UsageError, nearest_name
from plait.modalities.contract import LATER, Codec
from plait.modalities.target import GeneratedTarget, PredictiveTarget

_OWN_FOLDER = Path(__file__).parent
_extra_folders: list[Path] = []


def register_folder(folder: Path | str) -> None:
    """Also look for modalities in `folder` (each a sub-folder with codec.py and network.py).

    This runs the Python files found there: name only folders whose code you trust. Bundles never
    name any.
    """
    path = Path(folder).resolve()
    if path not in _extra_folders:
        _extra_folders.append(path)
    modalities.cache_clear()


@cache
def modalities() -> dict[str, type[Codec]]:
    """Return modality name -> codec class, sorted by name."""
    found: dict[str, type[Codec]] = {}
    for folder in [_OWN_FOLDER, *_extra_folders]:
        for file in sorted(folder.glob("*/codec.py")):
            codec = _codec_class(_load(file), file)
            found[codec.modality] = codec
    return dict(sorted(found.items()))


def find_codec(modality: str) -> type[Codec]:
    """Return the codec class of a modality. Raises `UsageError` naming those that exist."""
    if not _extra_folders and modality.isidentifier():
        own = _own_codec(modality)
        if own is not None:
            return own
    try:
        return modalities()[modality]
    except KeyError:
        close = nearest_name(modality, modalities())
        raise UsageError(
            f"there is no modality '{modality}'",
            expected="one of " + ", ".join(modalities()),
            received=modality,
            hint=f"did you mean '{close}'?" if close else None,
        ) from None


@cache
def _own_codec(modality: str) -> type[Codec] | None:
    """Return the codec of the folder of that name, so that no other modality is loaded."""
    file = _OWN_FOLDER / modality / "codec.py"
    if not file.is_file():
        return None
    codec = _codec_class(_load(file), file)
    return codec if codec.modality == modality else None


def find_network(modality: str) -> ModuleType:
    """Return the network module of a modality (imports torch): `Embed` and perhaps `Target`."""
    file = Path(inspect.getfile(find_codec(modality))).with_name("network.py")
    if not file.is_file():
        raise SchemaError(f"modality '{modality}' has no network.py", path=file)
    module = _load(file)
    codec = find_codec(modality)
    needed = ["Embed"]
    if issubclass_target(codec):
        needed.append("Target" if is_predictive(codec) else "Generate")
    for name in needed:
        if not hasattr(module, name):
            raise SchemaError(f"modality '{modality}' lacks the class {name}", path=file)
    return module


def find_generate(codec: Codec) -> Any:
    """Return the class that makes values of a generated target (imports torch): ``Generate``, or
    of several ways, which the network module has as ``GENERATORS``, the one that the codec says."""
    network = find_network(codec.modality)
    kinds = getattr(network, "GENERATORS", {})
    return kinds.get(getattr(codec, "generator", None), network.Generate)


def issubclass_target(codec: type[Codec]) -> bool:
    """Tell whether a modality can be the target: predicted or generated."""
    return hasattr(codec, "task")


def is_predictive(codec: type[Codec]) -> bool:
    """Tell whether a target's modality is predicted as numbers, not generated."""
    return hasattr(codec, "form")


def codec_to_dict(codec: Codec) -> dict[str, Any]:
    """Return the codec as JSON-ready data: its modality, its version and its fields.

    A field that came `LATER` is left out at its default: what was written before it is the same.
    """
    fields = dataclasses.asdict(codec)  # type: ignore[call-overload]
    for field in dataclasses.fields(codec):  # type: ignore[arg-type]
        if field.metadata == LATER and fields[field.name] == field.default:
            del fields[field.name]
    return {"modality": codec.modality, "version": codec.version, **fields}


def codec_from_dict(data: dict[str, Any]) -> Codec:
    """Rebuild a codec from `codec_to_dict`.

    Raises `BundleError` on unknown fields, and on another version: it would prepare otherwise.
    """
    fields = dict(data)
    cls = find_codec(fields.pop("modality", ""))
    version = fields.pop("version", None)
    if version != cls.version:
        raise BundleError(
            f"this plait prepares {cls.modality} otherwise than the one that wrote this",
            expected=f"version {cls.version} of the preparation",
            received="none" if version is None else f"version {version}",
            hint="use the plait that wrote it, or fit again",
        )
    known = {field.name for field in dataclasses.fields(cls)}  # type: ignore[arg-type]
    if set(fields) - known:
        raise BundleError(
            f"unknown settings for modality '{cls.modality}'",
            expected=", ".join(sorted(known)),
            received=", ".join(sorted(set(fields) - known)),
        )
    return cls(**{name: as_tuples(value) for name, value in fields.items()})


def codec_hash(codec: Codec) -> str:
    """Return 16 hex digits that change with any setting and with the code's version."""
    text = json.dumps(codec_to_dict(codec), sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def as_tuples(value: Any) -> Any:
    """Return a value of JSON as a frozen dataclass holds it: lists, nested ones too, as tuples."""
    return tuple(as_tuples(item) for item in value) if isinstance(value, list) else value


def _load(file: Path) -> ModuleType:
    if file.is_relative_to(_OWN_FOLDER):
        return importlib.import_module(f"plait.modalities.{file.parent.name}.{file.stem}")
    name = f"plait_modality_{file.parent.name}_{file.stem}"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, file)
        if spec is None or spec.loader is None:
            raise SchemaError("the modality's file cannot be loaded", path=file)
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    return sys.modules[name]


def _codec_class(module: ModuleType, file: Path) -> type[Codec]:
    classes: list[Any] = [
        value
        for name, value in vars(module).items()
        if name.endswith("Codec")
        and dataclasses.is_dataclass(value)
        and value.__module__ == module.__name__
    ]
    if len(classes) != 1:
        raise SchemaError(
            "a modality's codec.py must hold one dataclass whose name ends in Codec",
            received=f"{len(classes)} such classes",
            path=file,
        )
    missing = _missing_members(classes[0], Codec)
    if missing:
        raise SchemaError(
            f"{classes[0].__name__} is incomplete",
            expected="every member of plait.modalities.contract.Codec",
            received="missing " + ", ".join(missing),
            path=file,
            hint="see docs/modality.md",
        )
    _check_target(classes[0], file)
    version = classes[0].version
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise SchemaError(
            f"{classes[0].__name__} has no version",
            expected="version: ClassVar[int] = 1, raised when the preparation changes",
            received=repr(version),
            path=file,
            hint="see docs/modality.md",
        )
    return classes[0]


def _check_target(codec: type[Any], file: Path) -> None:
    """Raise `SchemaError` where a codec says what it is to be the target of, but lacks the rest."""
    if not issubclass_target(codec):
        return
    protocol = PredictiveTarget if is_predictive(codec) else GeneratedTarget
    missing = _missing_members(codec, protocol)
    if missing:
        raise SchemaError(
            f"{codec.__name__} has a task but is incomplete as a target",
            expected=f"every member of plait.modalities.target.{protocol.__name__}",
            received="missing " + ", ".join(missing),
            path=file,
            hint="see docs/target.md; a modality that is only read has no task",
        )


def _missing_members(cls: type, protocol: type) -> list[str]:
    members = getattr(protocol, "__protocol_attrs__", None) or {
        name
        for base in protocol.__mro__[:-1]
        for name in [*vars(base), *vars(base).get("__annotations__", {})]
        if not name.startswith("_")
    }
    return sorted(name for name in members if not hasattr(cls, name))
