"""Looks at this machine: what plait needs, what is there, and the command that mends a lack."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from plait.data.cache import default_cache
from plait.encoders import find_encoders
from plait.front_ends import front_ends
from plait.installation import install_command, pip_install
from plait.recipes.extras import EXTRAS, described, import_errors, installed_version

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


def look_at_python() -> Iterator[Check]:
    """The interpreter and plait itself."""
    found = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    old = sys.version_info < (3, 11)
    yield Check("python", "broken" if old else "ok", found, "install Python 3.11" if old else None)
    yield Check("plait", "ok", f"{installed_version('plait') or 'not installed as a package'}")


def look_at_extras() -> Iterator[Check]:
    """Each extra: its packages are installed and can be imported."""
    packages = {extra: names.split() for extra, (names, _) in EXTRAS.items()}
    there = {
        extra: names for extra, names in packages.items() if all(map(installed_version, names))
    }
    errors = import_errors([name for names in there.values() for name in names])
    for extra, (_, purpose) in EXTRAS.items():
        if extra in there:
            yield _import_check(extra, there[extra], errors)
            continue
        missing = ", ".join(name for name in packages[extra] if not installed_version(name))
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
    if installed_version("av"):
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
    if not installed_version("torch"):
        return
    import torch

    build = f"CUDA {torch.version.cuda}" if torch.version.cuda else "CPU build"
    num = torch.get_num_threads()
    threads = "1 thread" if num == 1 else f"{num} threads"
    yield Check("torch", "ok", f"{torch.__version__} ({build}), {threads}")
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


def look_at_front_ends() -> Iterator[Check]:
    """What reads words out of sounds and pictures, and its weights."""
    for one in front_ends():
        ready = one.readiness()
        name = f"words: {one.name}"
        if ready.lacks:
            found = f"{ready.lacks}, so that {one.purpose} cannot be read"
            yield Check(name, "lacks", found, ready.mend or None)
        else:
            licence = ready.licence or "not told"
            yield Check(name, "ok", f"{one.purpose} by {ready.weights}, licence {licence}")


LOOKS: tuple[Callable[[], Iterator[Check]], ...] = (
    look_at_python,
    look_at_extras,
    look_at_codecs,
    look_at_processor,
    look_at_accelerator,
    look_at_memory,
    look_at_cache,
    look_at_encoders,
    look_at_front_ends,
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
    found = ", ".join(described(name) for name in packages)
    failed = [errors[name] for name in packages if name in errors]
    if not failed:
        return Check(f"extra {extra}", "ok", found)
    names = " ".join(packages)
    found = f"{found}, but importing fails: {failed[0]}"
    return Check(f"extra {extra}", "lacks", found, f"{pip_install()} --force-reinstall {names}")


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
