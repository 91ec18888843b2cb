"""Output files: never over another file unless told so, and never over what is read."""

import os

import pyarrow as pa
import pyarrow.parquet
import pytest

import plait
from plait.cli import run
from plait.errors import UsageError
from plait.networks.config import SystemConfig
from plait.recipes.embed import embed
from plait.recipes.inspect import inspect
from plait.recipes.outputs import check_output
from plait.recipes.predict import predict
from plait.recipes.report import write_report
from plait.writing import write_text

ROWS = [{"size": 0.1 * i + 3 * (i % 2), "kind": "pq"[i % 2]} for i in range(30)]
TINY = SystemConfig(dim=16, depth=1, num_heads=2)


@pytest.fixture(scope="module")
def bundles(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bundles")
    table = plait.read(ROWS, columns="size=number,kind=category")
    told = {"budget": "2 steps", "size": TINY, "baselines": False, "samples": False}
    plait.fit(table, target="kind", out=folder / "m.plait", **told)
    plait.fit(table, out=folder / "base.plait", **told)
    return folder


@pytest.fixture
def table(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "new.csv"
    file.write_text("size,kind\n1.5,p\n4.5,q\n")
    return file


def write(verb, bundles, table, out, **options):
    """Run a verb that writes a file."""
    if verb == "predict":
        return predict(bundles / "m.plait", table, out=out, **options)
    if verb == "embed":
        return embed(bundles / "base.plait", table, out=out, **options)
    if verb == "report":
        return write_report(bundles / "m.plait", out, **options)
    return inspect(table, **{"page" if verb == "inspect" else "schema_out": out}, **options)


VERBS = {
    "predict": "p.csv",
    "embed": "v.parquet",
    "report": "r.html",
    "inspect": "i.html",
    "schema": "s.yaml",
}


@pytest.mark.parametrize("verb", VERBS)
def test_a_file_is_replaced_only_when_told(verb, bundles, table, tmp_path):
    out = tmp_path / VERBS[verb]
    out.write_text("mine")
    with pytest.raises(UsageError, match="exists already") as caught:
        write(verb, bundles, table, out)
    assert "--force" in caught.value.hint
    assert out.read_text() == "mine"
    write(verb, bundles, table, out, force=True)
    assert out.read_bytes()[:4] != b"mine"
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(["new.csv", out.name])


def by_name(table):
    return table.name


def by_symlink(table):
    os.symlink(table, table.with_name("soft.csv"))
    return "soft.csv"


def by_hardlink(table):
    os.link(table, table.with_name("hard.csv"))
    return "hard.csv"


def by_detour(table):
    (table.parent / "sub").mkdir()
    return "sub/../new.csv"


@pytest.mark.parametrize("named", [by_name, by_symlink, by_hardlink, by_detour])
@pytest.mark.parametrize("verb", ["predict", "inspect", "schema"])
def test_the_input_is_never_written_over(verb, named, bundles, table):
    before = table.read_bytes()
    with pytest.raises(UsageError, match="over what is read"):
        write(verb, bundles, table, named(table), force=True)
    assert table.read_bytes() == before


def test_an_input_that_was_opened_before_is_not_written_over(bundles, table):
    with pytest.raises(UsageError, match="over what is read"):
        predict(bundles / "m.plait", plait.read(table), out=table, force=True)


def test_no_file_of_an_input_folder_or_a_bundle_is_written_over(bundles, table, tmp_path):
    with pytest.raises(UsageError, match="over what is read"):
        check_output(table, tmp_path, force=True)
    with pytest.raises(UsageError, match="over what is read"):
        check_output(bundles / "m.plait" / "card.md", bundles / "m.plait", force=True)
    with pytest.raises(UsageError, match="into a bundle"):
        check_output(bundles / "m.plait" / "p.csv")
    with pytest.raises(UsageError, match="is a folder"):
        check_output(tmp_path, force=True)


def test_a_link_to_another_file_stays_a_link(bundles, table, tmp_path):
    (tmp_path / "real.csv").write_text("mine")
    os.symlink(tmp_path / "real.csv", tmp_path / "link.csv")
    predict(bundles / "m.plait", table, out="link.csv", force=True)
    assert (tmp_path / "link.csv").is_symlink()
    assert (tmp_path / "real.csv").read_text().startswith('"size"')


def test_a_pipe_is_written_as_it_is(tmp_path):
    write_text(check_output(os.devnull), "page")
    assert not os.path.isfile(os.devnull)


def test_search_refuses_the_page_before_the_work(bundles, table, capsys):
    (table.parent / "hits.html").write_text("mine")
    words = ["search", str(bundles / "base.plait"), "--table", str(table), "--query", "kind=p"]
    assert run([*words, "--page", "hits.html", "--json"]) == 2
    assert "exists already" in capsys.readouterr().out
    assert (table.parent / "hits.html").read_text() == "mine"


def test_vectors_replace_older_ones_whole(bundles, table, tmp_path):
    for _ in range(2):
        embed(bundles / "base.plait", table, out=tmp_path / "v.parquet", force=True)
    assert pa.parquet.read_table(tmp_path / "v.parquet").num_rows == 2
