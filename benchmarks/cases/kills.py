"""Random kills and full disks during fit, report and search: what is lost, and what resumes.

Everything runs in forks of a process of its own: ``python -m benchmarks.cases.kills KILLS DISKS
SEED``.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import crashes
from benchmarks.crashes import FAILED, FINISHED, KILLED, NO_STORAGE, Tally
from benchmarks.rows import Row
from benchmarks.settings import Settings

KILLS, DISKS = 200, 50
QUICK_KILLS, QUICK_DISKS = 8, 4
SHARES = {"fit": 0.6, "report": 0.2, "search": 0.2}
"""How the crashes are dealt out; fits have the most that can be lost."""

AGAIN = 0.3
"""How often a fit that was killed is killed once more while it goes on."""

SMALLEST, LARGEST = 100, 3_000_000
"""Bytes that are left, drawn so that each size of its own order is as likely."""


def run(settings: Settings) -> list[Row]:
    """Crash tiny runs at random moments, and count what is lost."""
    if not settings.with_plait:
        return []
    kills, disks = (QUICK_KILLS, QUICK_DISKS) if settings.quick else (KILLS, DISKS)
    found = measure_apart(kills, disks, settings.seed)
    return [
        Row(
            benchmark="kills",
            case=f"{verb}, {how}",
            metric="lost, half-written or resumed otherwise",
            value=float(len(tally["faults"])),
            target="<= 0",
            seconds=tally["seconds"],
            seed=settings.seed,
            note="; ".join([_counted(tally), *tally["faults"][:3]]),
        )
        for how, verbs in found.items()
        for verb, tally in verbs.items()
    ]


def _counted(tally: dict[str, Any]) -> str:
    return f"{tally['crashes']} stopped at work, {tally['survived']} were done before"


def measure_apart(kills: int, disks: int, seed: int) -> dict[str, dict[str, dict[str, Any]]]:
    """Return the tallies by kind of crash and verb, from a process whose forks do the work."""
    words = [sys.executable, "-m", "benchmarks.cases.kills", str(kills), str(disks), str(seed)]
    done = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, dict[str, dict[str, Any]]] = json.loads(done.stdout.splitlines()[-1])
    return found


@dataclass
class Verb:
    """One verb's work in a folder, and what may lie there afterwards.

    Attributes:
        name: Of the verb.
        output: What it writes, in its folder.
        prepare: Puts the earlier output into a folder.
        work: Does it, from the start or going on.
        look: Returns the output's content; raises what a reader would meet.
        earlier, whole: The contents before and after, without a crash.
        seconds: How long the work takes.
    """

    name: str
    output: str
    prepare: Callable[[Path], object]
    work: Callable[[Path, bool], object]
    look: Callable[[Path], object]
    earlier: object = None
    whole: object = None
    seconds: float = 0.0

    def learn(self, folder: Path) -> None:
        """Find out what lies there without a crash, and how long the work takes."""
        _clear(folder)
        self.prepare(folder)
        self.earlier = self.look(folder / self.output)
        began = time.monotonic()
        if crashes.run_apart(lambda: self.work(folder, False)) != FINISHED:
            raise RuntimeError(f"{self.name} fails without a crash")
        self.seconds = time.monotonic() - began
        self.whole = self.look(folder / self.output)
        if self.whole == self.earlier:
            raise RuntimeError(f"{self.name} makes what was there before")

    def faults_after_a_crash(self, folder: Path) -> list[str]:
        """Return what is wrong with the output now: it must be the earlier or the whole one."""
        try:
            found = self.look(folder / self.output)
        except Exception as error:
            return [f"{self.name}: after the crash {type(error).__name__}: {error}"]
        return [] if found in (self.earlier, self.whole) else [f"{self.name}: half-written"]

    def faults_after_going_on(self, folder: Path, kept: list[str]) -> list[str]:
        """Go on without a crash, and return what differs from a run without any."""
        if crashes.run_apart(lambda: self.work(folder, True)) != FINISHED:
            return [f"{self.name}: cannot go on"]
        found = [] if self.look(folder / self.output) == self.whole else ["another result"]
        left = sorted({*crashes.names_in(folder)} - {self.output, *kept})
        found += [f"left {', '.join(left)}"] if left else []
        return [f"{self.name}: {fault}" for fault in found]


def kill_many(verb: Verb, num: int, rng: np.random.Generator, folder: Path) -> Tally:
    """Kill a verb at random moments until it was at work `num` times."""
    tally = Tally()
    while tally.crashes < num:
        _clear(folder)
        verb.prepare(folder)
        tries = 2 if verb.name == "fit" and rng.random() < AGAIN else 1
        for number in range(tries):
            moment = float(rng.uniform(0, verb.seconds))
            goes_on = number > 0
            ended = crashes.run_apart(
                lambda goes=goes_on: verb.work(folder, goes), kill_after=moment
            )
            if ended == KILLED:
                tally.crashes += 1
            elif ended == FINISHED:
                tally.survived += 1
            else:
                tally.faults.append(f"{verb.name}: failed with {ended} before it was killed")
            tally.faults += verb.faults_after_a_crash(folder)
        tally.faults += verb.faults_after_going_on(folder, [])
    return tally


def fill_many(verb: Verb, num: int, rng: np.random.Generator, folder: Path) -> Tally:
    """Let a verb meet `num` full disks: half of them real and small, half a limit on files."""
    tally = Tally()
    while tally.crashes < num:
        size = int(np.exp(rng.uniform(np.log(SMALLEST), np.log(LARGEST))))
        with crashes.small_disk() as disk:
            real = disk is not None and tally.crashes % 2 == 0
            place = disk if real and disk is not None else folder
            _clear(place)
            verb.prepare(place)
            kept = []
            if real:
                crashes.set_free(place, size)
                if rng.random() < 0.5:
                    os.environ["PLAIT_CACHE"] = str(place / "cache")
                    kept = ["cache"]
            ended = crashes.run_apart(
                lambda place=place: verb.work(place, False), most_bytes=0 if real else size
            )
            tally.crashes += ended == NO_STORAGE
            tally.survived += ended == FINISHED
            if ended == FAILED:
                tally.faults.append(f"{verb.name}: another error than that of a full disk")
            tally.faults += verb.faults_after_a_crash(place)
            if real:
                crashes.set_free(place, 64_000_000)
            tally.faults += verb.faults_after_going_on(place, kept)
            os.environ["PLAIT_CACHE"] = CACHE
    return tally


CACHE = os.environ.get("PLAIT_CACHE", "")


def _clear(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    for path in folder.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def _table(num: int = 48) -> list[dict[str, Any]]:
    return [
        {"size": round(float(np.sin(7 * i)) + i % 2, 3), "kind": "pq"[i % 2]}
        | {"note": f"a {'red' if i % 2 else 'blue'} thing {i}"}
        for i in range(num)
    ]


def _fit(out: Path, *, seed: int = 0, target: str | None = "kind", resume: bool = False) -> None:
    import plait
    from plait.networks.config import SystemConfig
    from plait.train.config import TrainConfig

    plait.fit(
        plait.read(_table(), columns={"note": "text"}), target=target, budget="36 steps",
        fusion="mid", size=SystemConfig(dim=16, depth=1, num_heads=2), samples=False, seed=seed,
        exclude=() if target else ("kind",), out=out, resume=resume, baselines=False,
        train=TrainConfig(batch_size=8, save_seconds=0.0),
    )  # fmt: skip


def make_verbs(stock: Path) -> list[Verb]:
    """Return the verbs, with the bundles that they need made in `stock`."""
    import plait
    from plait.recipes.report import write_report

    base, earlier, index = stock / "base.plait", stock / "earlier.plait", stock / "rows.index"

    def search(place: Path, num: int, goes_on: bool) -> None:
        rows = plait.read(_table(num), columns={"note": "text"})
        plait.search(base, rows, text="red", index=place, rebuild=not goes_on)

    makes = (
        lambda: _fit(base, target=None),
        lambda: _fit(earlier, seed=1),
        lambda: search(index, 30, False),
    )
    if any(crashes.run_apart(make) != FINISHED for make in makes):
        raise RuntimeError("the stock of bundles cannot be made")
    return [
        Verb(
            "fit", "m.plait",
            lambda folder: shutil.copytree(earlier, folder / "m.plait"),
            lambda folder, goes_on: _fit(folder / "m.plait", resume=goes_on),
            crashes.stable_content,
        ),
        Verb(
            "report", "r.html",
            lambda folder: (folder / "r.html").write_text("earlier"),
            lambda folder, goes_on: write_report(base, folder / "r.html", force=True),
            lambda path: path.read_text(encoding="utf8"),
        ),
        Verb(
            "search", "rows.index",
            lambda folder: shutil.copytree(index, folder / "rows.index"),
            lambda folder, goes_on: search(folder / "rows.index", 48, goes_on),
            lambda path: _indexed(path),
        ),
    ]  # fmt: skip


def _indexed(path: Path) -> object:
    """Return the rows of an index: which, and by which vectors, in whatever order."""
    from plait.bundle import read_steadily
    from plait.index.index import Index

    key = read_steadily(path, lambda bundle: bundle.read_json("index.json"))["key"]
    opened = Index.load(path, key=key)
    codes = [np.asarray(row).tobytes().hex() for row in opened._rows.codes.values]
    return sorted(zip(opened.ids, codes, strict=True))


def measure(kills: int, disks: int, seed: int) -> dict[str, dict[str, dict[str, Any]]]:
    """Return the tallies by kind of crash and verb."""
    rng = np.random.default_rng(seed)
    found: dict[str, dict[str, dict[str, Any]]] = {"kills": {}, "full disks": {}}
    with tempfile.TemporaryDirectory(prefix="plait-kills-") as name:
        stock, folder = Path(name) / "stock", Path(name) / "work"
        stock.mkdir()
        for verb in make_verbs(stock):
            verb.learn(folder)
            for how, crash, num in (
                ("kills", kill_many, kills),
                ("full disks", fill_many, disks),
            ):
                began = time.monotonic()
                tally = crash(verb, max(1, round(SHARES[verb.name] * num)), rng, folder)
                seconds = time.monotonic() - began
                found[how][verb.name] = {**asdict(tally), "seconds": seconds}
                print(f"{verb.name}, {how}: {found[how][verb.name]}", file=sys.stderr, flush=True)
    return found


if __name__ == "__main__":
    # Imported once, so that every fork begins at its work.
    import torch  # noqa: F401

    import plait.recipes.fit
    import plait.recipes.report
    import plait.recipes.search  # noqa: F401

    with tempfile.TemporaryDirectory(prefix="plait-kills-cache-") as cache:
        CACHE = os.environ["PLAIT_CACHE"] = cache
        print(json.dumps(measure(*map(int, sys.argv[1:4]))))
