"""Every verb that writes says so when the disk is full, and leaves what was there as it was."""

from __future__ import annotations

import shutil
from contextlib import ExitStack

import numpy as np
import pytest

import plait
from plait.bundle import Bundle
from plait.cli import run
from plait.errors import StorageError
from plait.fitting.setup.config import write_config
from plait.model.loading import load
from plait.model.model import Model
from plait.networks.config import SystemConfig
from plait.progress import Progress
from plait.recipes.embed import embed
from plait.recipes.fit import fit
from plait.recipes.inspect import inspect
from plait.recipes.predict import predict
from plait.recipes.report import write_report
from plait.recipes.search import search
from plait.recipes.search_page import write_search_page
from plait.train.config import TrainConfig

TINY = SystemConfig(dim=16, depth=1, num_heads=2)
OFTEN = TrainConfig(batch_size=8, save_seconds=0.0)
ROWS = [
    {"size": round(float(np.sin(7 * i)) + i % 2, 3), "note": f"a {'red' if i % 2 else 'blue'} {i}"}
    | {"kind": "pq"[i % 2]}
    for i in range(60)
]


def quick(out, **settings):
    return fit(
        plait.read(ROWS, columns={"note": "text"}), budget="12 steps", fusion="mid", size=TINY,
        train=OFTEN, samples=False, baselines=False, out=out, **settings,
    )  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("full")


@pytest.fixture(scope="module")
def base(folder):
    quick(folder / "base.plait", exclude=["kind"])
    return folder / "base.plait"


@pytest.fixture(scope="module")
def kinds(folder):
    quick(folder / "kinds.plait", target="kind")
    return folder / "kinds.plait"


def content_of(folder):
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def found_page(base, out):
    hits = search(base, ROWS, text="red", top=3)
    return write_search_page(base, plait.read(ROWS), hits, {"text": "red"}, out, force=True)


WRITERS = {
    "predictions.csv": lambda base, kinds, out: predict(kinds, ROWS * 9, out=out, force=True),
    "predictions.parquet": lambda base, kinds, out: predict(kinds, ROWS * 9, out=out, force=True),
    "vectors.parquet": lambda base, kinds, out: embed(
        base, plait.read(ROWS * 9), out=out, force=True
    ),
    "report.html": lambda base, kinds, out: write_report(base, out, force=True),
    "inspect.html": lambda base, kinds, out: inspect(plait.read(ROWS), page=out, force=True),
    "schema.yaml": lambda base, kinds, out: inspect(plait.read(ROWS), schema_out=out, force=True),
    "run.yaml": lambda base, kinds, out: write_config(
        out, {"exclude": [f"c{i}" for i in range(99)]}
    ),
    "found.html": lambda base, kinds, out: found_page(base, out),
    "rows.index": lambda base, kinds, out: search(base, ROWS, text="red", index=out, rebuild=True),
    "copy.plait": lambda base, kinds, out: load(kinds).save(out),
}


@pytest.mark.parametrize("name", WRITERS)
def test_the_earlier_output_stays(name, base, kinds, tmp_path, small_files):
    write = WRITERS[name]
    write(base, kinds, tmp_path / name)
    before = content_of(tmp_path)
    assert before
    with (
        pytest.raises(StorageError, match="larger than it may") as caught,
        small_files(100),
    ):
        write(base, kinds, tmp_path / name)
    assert caught.value.exit_code == 1 and caught.value.hint
    assert str(tmp_path / name) in caught.value.place()
    assert content_of(tmp_path) == before
    shutil.rmtree(tmp_path)
    tmp_path.mkdir()
    with pytest.raises(StorageError), small_files(100):
        write(base, kinds, tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_a_fit_keeps_its_checkpoints_and_the_earlier_bundle(kinds, tmp_path, small_files):
    out, stack = tmp_path / "m.plait", ExitStack()
    shutil.copytree(kinds, out)
    before = content_of(out)

    class FillsTheDisk(Progress):
        def task(self, name, total):
            if "fold 4 of" in name:
                stack.enter_context(small_files(10_000))
            return lambda done, note="": None

    with pytest.raises(StorageError, match="larger than it may") as caught, stack:
        quick(out, target="kind", seed=1, progress=FillsTheDisk())
    assert content_of(out) == before and Bundle(out)
    assert "--resume" in caught.value.hint and ".m.plait.unfinished" in caught.value.place()
    resumed = quick(out, target="kind", resume=True, seed=1)
    assert "nothing to resume" not in " ".join(resumed.summary()["notes"])
    again = quick(tmp_path / "again.plait", target="kind", seed=1)
    for name, tensor in again.ensemble.tensors.items():
        assert np.array_equal(tensor, resumed.ensemble.tensors[name])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["again.plait", "m.plait"]


def test_the_bundle_itself_does_not_fit(kinds, tmp_path, small_files, monkeypatch):
    out, real = tmp_path / "m.plait", Model.save

    def save(model, path):
        with small_files(1000):
            return real(model, path)

    monkeypatch.setattr(Model, "save", save)
    with pytest.raises(StorageError, match="larger than it may") as caught:
        quick(out, target="kind")
    assert "B of free space" in caught.value.expected
    assert [path.name for path in tmp_path.iterdir()] == [".m.plait.unfinished"]
    monkeypatch.setattr(Model, "save", real)
    resumed = quick(out, target="kind", resume=True)
    for name, tensor in load(kinds).ensemble.tensors.items():
        assert np.array_equal(tensor, resumed.ensemble.tensors[name])
    assert [path.name for path in tmp_path.iterdir()] == ["m.plait"]


@pytest.mark.parametrize("num_bytes", [0, 300])
def test_the_cache_names_the_variable_that_moves_it(tmp_path, monkeypatch, small_files, num_bytes):
    monkeypatch.setenv("PLAIT_CACHE", str(tmp_path / "cache"))
    table = plait.read([{"note": f"some words number {i}"} for i in range(500)])
    with pytest.raises(StorageError, match="larger than it may") as caught, small_files(num_bytes):
        quick_prepare(table)
    assert "PLAIT_CACHE" in caught.value.hint
    assert content_of(tmp_path) == {}
    assert quick_prepare(table).num_rows == 500


def quick_prepare(table):
    from plait.data.prepared import fit_codecs, prepare_table

    return prepare_table(table, fit_codecs(table, ["note"], range(500)))


def test_a_large_table_that_cannot_be_kept_is_told(tmp_path, monkeypatch, small_files):
    monkeypatch.setenv("PLAIT_CACHE", str(tmp_path / "cache"))
    file = tmp_path / "large.csv"
    file.write_text("a,b\n" + "".join(f"{i},word {i} {'x' * 90}\n" for i in range(120_000)))
    with pytest.raises(StorageError, match="larger than it may") as caught, small_files(1_000_000):
        plait.read(file)
    assert "PLAIT_CACHE" in caught.value.hint
    assert content_of(tmp_path / "cache") == {}
    assert plait.read(file).num_rows == 120_000


def test_the_command_line_says_it_in_one_message(kinds, tmp_path, small_files, capsys):
    out = str(tmp_path / "r.html")
    with small_files(100):
        assert run(["report", str(kinds), "--out", out]) == 1
    told = capsys.readouterr().err
    assert told.startswith("error: the file grows larger than it may")
    assert out in told and "hint:" in told and "Traceback" not in told


def test_too_many_open_files(kinds, tmp_path, capsys):
    resource = pytest.importorskip("resource")
    words = ["report", str(kinds), "--out", str(tmp_path / "r.html"), "--force"]
    assert run(words) == 0
    (tmp_path / "r.html").write_text("earlier")
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, before[1]))
    try:
        assert run(words) == 1
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    told = capsys.readouterr().err
    assert "too many files are open in this process" in told and "ulimit -n" in told
    assert content_of(tmp_path) == {"r.html": b"earlier"}
