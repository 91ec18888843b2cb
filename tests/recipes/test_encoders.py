"""Fits with a frozen pretrained encoder: its column, its cache, its place in the bundle."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

import plait
from plait.errors import PlaitError, UsageError
from plait.networks.config import SystemConfig

pytest.importorskip("transformers")
sys.path.insert(0, str(Path(__file__).parent.parent / "backbones"))

TINY = SystemConfig(dim=16, depth=1, num_heads=2)
WORDS = ["the", "red", "boat", "sails", "over", "calm", "water", "while", "we", "wait", "here"]
COLUMNS = {"note": "text", "size": "number", "kind": "category"}


def rows(num=40):
    return [
        {
            "note": None if i % 9 == 8 else f"{('cat', 'dog')[i % 2]} {WORDS[i % 11]}",
            "size": 0.1 * i,
            "kind": ("small", "large")[i % 2],
        }
        for i in range(num)
    ]


def quick(cells=None, **settings):
    usual = {"budget": "5 steps", "size": TINY, "fusion": "early", "samples": False}
    table = plait.read(rows() if cells is None else cells, columns=COLUMNS)
    return plait.fit(table, **usual | {"baselines": False} | settings)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("PLAIT_CACHE", str(tmp_path / "cache"))


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A tiny random BERT with its tokenizer."""
    from tiny_checkpoints import save

    folder = tmp_path_factory.mktemp("hub") / "tiny-bert"
    folder.mkdir()
    save("bert", folder)
    return folder


@pytest.fixture
def folder(saved, tmp_path):
    """A copy that a test may delete."""
    return Path(shutil.copytree(saved, tmp_path / "hub" / "tiny-bert"))


@pytest.fixture
def encoded(monkeypatch):
    """How many cells the network encoded, batch by batch."""
    from plait.backbones import frozen

    counts: list[int] = []
    real = frozen._Encoder.__init__

    def count(self, *args, **settings):
        counts.append(1)
        real(self, *args, **settings)

    monkeypatch.setattr(frozen._Encoder, "__init__", count)
    return counts


def test_the_encoders_column_joins_the_text(folder):
    model = quick(target="kind", encoders={"text": str(folder)})
    assert model.input_columns == {"note": ("note", "note~tiny-bert"), "size": ("size",)}
    codec = model.codecs["note~tiny-bert"]
    assert codec.modality == "vector" and codec.dim == 16
    assert model.predict([{"note": "cat"}, {"size": 1.0}]).columns["confidence"].min() > 0


def test_a_column_can_be_named(folder):
    cells = [{**row, "title": row["note"]} for row in rows()]
    table = plait.read(cells, columns={**COLUMNS, "title": "text"})
    model = plait.fit(
        table, target="kind", encoders={"title": str(folder)}, budget="3 steps", size=TINY,
        fusion="early", samples=False, baselines=False,
    )  # fmt: skip
    assert model.input_columns["title"] == ("title", "title~tiny-bert")
    assert model.input_columns["note"] == ("note",)


def test_the_second_fit_encodes_nothing(folder, encoded):
    first = quick(target="kind", encoders={"text": str(folder)})
    assert len(encoded) == 1
    second = quick(target="kind", encoders={"text": str(folder)})
    quick(encoders={"text": str(folder)}, exclude=["kind"])
    assert len(encoded) == 1
    for name, value in first.ensemble.tensors.items():
        np.testing.assert_array_equal(value, second.ensemble.tensors[name])
    quick(rows(44), target="kind", encoders={"text": str(folder)})
    assert len(encoded) == 2


def test_the_bundle_answers_when_the_folder_is_gone(folder, tmp_path, monkeypatch):
    path = tmp_path / "m.plait"
    model = quick(target="kind", encoders={"text": str(folder)}, out=path)
    new = [{"note": "red cat over water"}, {"note": None, "size": 3.0}, {"note": "calm dog here"}]
    expected = model.predict(new).columns
    shutil.rmtree(folder)
    monkeypatch.setenv("PLAIT_CACHE", str(tmp_path / "fresh"))
    again = plait.load(path)
    found = again.predict(new).columns
    assert list(found["prediction"]) == list(expected["prediction"])
    np.testing.assert_allclose(found["confidence"], expected["confidence"], atol=1e-5)
    assert again.evaluate(plait.read(rows(), columns=COLUMNS))["rows"] == 40


def test_the_bundle_is_data_and_names_no_place(folder, tmp_path):
    path = tmp_path / "m.plait"
    quick(target="kind", encoders={"text": str(folder)}, out=path)
    files = [file for file in path.rglob("*") if file.is_file()]
    assert {file.suffix for file in files} <= {".json", ".safetensors", ".md"}
    inside = path / "backbones" / "tiny-bert"
    assert {file.name for file in inside.iterdir()} == {"config.json", "model.safetensors"}
    about = (path / "model.json").read_text()
    assert str(folder.parent) not in about and "tiny-bert" in about


def test_changed_weights_are_refused(folder, tmp_path):
    from plait.errors import BundleError

    path = tmp_path / "m.plait"
    quick(target="kind", encoders={"text": str(folder)}, out=path)
    weights = path / "backbones" / "tiny-bert" / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    with pytest.raises(BundleError, match="model.safetensors|was changed|differs"):
        plait.load(path)


def test_a_space_with_an_encoder_embeds_when_the_folder_is_gone(folder, tmp_path, monkeypatch):
    path = tmp_path / "base.plait"
    model = quick(encoders={"text": str(folder)}, exclude=["kind"], out=path, fusion="mid")
    assert model.space.input_columns["note"] == ("note", "note~tiny-bert")
    new = [{"note": "red cat over water"}, {"size": 3.0}, {"note": None, "size": None}]
    expected = model.embed(new)
    shutil.rmtree(folder)
    monkeypatch.setenv("PLAIT_CACHE", str(tmp_path / "fresh"))
    np.testing.assert_allclose(plait.load(path).embed(new), expected, atol=1e-5)
    labelled = quick(target="kind", base=path, adapt="full", out=tmp_path / "m.plait")
    assert labelled.input_columns["note"] == ("note", "note~tiny-bert", "note~space")
    again = plait.load(tmp_path / "m.plait")
    np.testing.assert_allclose(again.embed(new), expected, atol=1e-5)
    assert list(again.predict(new).columns["prediction"]) == list(
        labelled.predict(new).columns["prediction"]
    )


def test_the_bases_encoder_may_be_named_again(folder, tmp_path):
    base = quick(encoders={"text": str(folder)}, exclude=["kind"], fusion="mid")
    model = quick(
        target="kind", base=base, adapt="full", encoders={"text": str(folder)},
        out=tmp_path / "m.plait",
    )  # fmt: skip
    assert model.input_columns["note"] == ("note", "note~tiny-bert", "note~space")
    assert plait.load(tmp_path / "m.plait").predict(rows(3)).columns["prediction"]


def test_two_encoders_of_one_name_stay_apart(saved, tmp_path):
    from tiny_checkpoints import save

    folders = [tmp_path / name / "model" for name in ("a", "b")]
    shutil.copytree(saved, folders[0])
    folders[1].mkdir(parents=True)
    save("mpnet", folders[1])
    encoders = {"text": str(folders[0]), "note": str(folders[1])}
    model = quick(target="kind", encoders=encoders, out=tmp_path / "m.plait")
    assert len(set(model.input_columns["note"])) == 3
    names = list(plait.load(tmp_path / "m.plait").predict(rows(3)).columns["prediction"])
    assert names == list(model.predict(rows(3)).columns["prediction"])


@pytest.mark.parametrize("name", ["photo", "image", "audio", "kind"])
def test_an_encoder_for_no_input_is_refused(name, folder):
    with pytest.raises(UsageError, match="named for a column or modality that is no input") as got:
        quick(target="kind", encoders={name: str(folder)})
    assert got.value.received == name and "text" in str(got.value.expected)


def test_a_folder_that_is_none_is_refused(tmp_path):
    with pytest.raises(PlaitError):
        quick(target="kind", encoders={"text": str(tmp_path / "nothing")})


def test_a_hub_id_needs_permission(folder):
    with pytest.raises(PlaitError, match="network"):
        quick(target="kind", encoders={"text": "someone/some-model"})


def test_a_checkpoint_of_another_modality_is_refused(folder):
    with pytest.raises(PlaitError):
        quick(target="kind", encoders={"number": str(folder)})


def test_an_encoder_of_pictures_takes_the_place_of_the_columns_own_stem(tmp_path, monkeypatch):
    from tiny_checkpoints import save

    from plait.recipes.search import search
    from plait.recipes.search_page import write_search_page

    folder = tmp_path / "hub" / "tiny-vit"
    folder.mkdir(parents=True)
    save("vit", folder)
    codec = plait.modalities.find_codec("image")()
    rng = np.random.default_rng(0)
    cells = [{"photo": codec.example(rng), "kind": "pq"[i % 2]} for i in range(20)]
    cells[3]["photo"] = None
    table = plait.read(cells, columns={"photo": "image", "kind": "category"})
    base = plait.fit(
        table, encoders={"image": str(folder)}, budget="3 steps", size=TINY, fusion="mid",
        out=tmp_path / "base.plait",
    )  # fmt: skip
    assert base.input_columns == {"photo": ("photo~tiny-vit",), "kind": ("kind",)}
    expected = base.embed(table)
    shutil.rmtree(folder)
    monkeypatch.setenv("PLAIT_CACHE", str(tmp_path / "fresh"))
    again = plait.load(tmp_path / "base.plait")
    np.testing.assert_allclose(again.embed(table), expected, atol=1e-5)
    found = search(again, table, query={"image": cells[7]["photo"]}, top=3)
    page = write_search_page(
        again, table, found, {"image": cells[7]["photo"]}, tmp_path / "hits.html"
    )
    assert 'src="data:image/' in page.read_text()
    vectors = again.embed([{"photo": cells[7]["photo"]}, {"photo": None}])
    assert np.allclose(np.linalg.norm(vectors, axis=1), [1, 0], atol=1e-5)
    labelled = plait.fit(
        plait.read(cells, columns={"photo": "image", "kind": "category"}), target="kind",
        base=plait.fit(
            plait.read([{"photo": cell["photo"]} for cell in cells], columns={"photo": "image"}),
            encoders={"image": str(_again(tmp_path))}, budget="3 steps", size=TINY, fusion="mid",
        ),
        adapt="lora", budget="3 steps", size=TINY, fusion="early", baselines=False,
        out=tmp_path / "m.plait",
    )  # fmt: skip
    assert labelled.input_columns == {"photo": ("photo~tiny-vit", "photo~space")}
    answers = plait.load(tmp_path / "m.plait").predict(cells[:4]).columns["prediction"]
    assert list(answers) == list(labelled.predict(cells[:4]).columns["prediction"])


def _again(tmp_path):
    from tiny_checkpoints import save

    folder = tmp_path / "again" / "tiny-vit"
    folder.mkdir(parents=True)
    save("vit", folder)
    return folder
