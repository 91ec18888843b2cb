"""A bundle that this plait would read otherwise than the one that wrote it is refused, in words."""

from __future__ import annotations

import json
import shutil

import pytest

import plait
from plait.bundle import Bundle, to_json, write_bundle
from plait.errors import BundleError
from plait.modalities import find_codec
from plait.model.loading import load
from plait.networks.config import SystemConfig

ROWS = [{"size": i * 0.37 + (i % 2) * 50, "kind": "pq"[i % 2]} for i in range(60)]


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    path = tmp_path_factory.mktemp("versions") / "m.plait"
    plait.fit(
        ROWS, target="kind", budget="5 steps", samples=False, out=path, fusion="mid",
        size=SystemConfig(dim=16, depth=1, num_heads=2),
    )  # fmt: skip
    return path


@pytest.fixture
def path(written, tmp_path):
    shutil.copytree(written, tmp_path / "m.plait")
    return tmp_path / "m.plait"


def rewrite(path, name, change):
    bundle = Bundle(path)
    files = {one: bundle.read_bytes(one) for one in bundle.names()}
    content = json.loads(files[name])
    change(content)
    write_bundle(path, {**files, name: to_json(content)}, version="0.0.7")


@pytest.mark.parametrize("column", ["size", "kind"])
def test_a_codec_of_another_version_is_refused(path, column, monkeypatch):
    codec = find_codec(load(path).schema[column].modality)
    monkeypatch.setattr(codec, "version", codec.version + 1)
    with pytest.raises(BundleError, match="prepares .* otherwise than the one") as caught:
        load(path)
    error = caught.value
    assert error.column == column and error.path == str(path)
    assert f"version {codec.version} of the preparation" in error.expected
    assert f"pip install 'plait=={plait.__version__}'" in error.hint and "fit again" in error.hint


def test_a_bundle_from_before_versions_is_refused(path):
    def forget(content):
        del content["columns"]["size"]["version"]

    rewrite(path, "codecs.json", forget)
    with pytest.raises(BundleError, match="prepares number otherwise") as caught:
        load(path)
    assert caught.value.received == "none" and "plait==0.0.7" in caught.value.hint


@pytest.mark.parametrize(
    "change", [lambda v: v | {"simple models": 0}, lambda v: {"names": v["names"]}]
)
def test_other_simple_models_are_refused_where_they_are_used(path, change):
    rewrite(path, "model.json", lambda c: c.update(versions=change(c["versions"])))
    with pytest.raises(BundleError, match="simple models of this plait answer otherwise") as caught:
        load(path)
    assert "plait==0.0.7" in caught.value.hint


OLD_NAMES = {
    "input_columns": "sources", "derived_columns": "readings", "input_column": "source",
    "base_model": "expert", "product_of_experts": "pool", "mixes": "rivals",
}  # fmt: skip
"""What is saved has had other names -> those names."""


@pytest.mark.parametrize("mix", [None, {"deep": 1.0}])
def test_a_bundle_of_older_names_is_refused_in_words(path, mix, tmp_path):
    def rename(value):
        if isinstance(value, dict):
            return {OLD_NAMES.get(key, key): rename(one) for key, one in value.items()}
        return [rename(one) for one in value] if isinstance(value, list) else value

    bundle = Bundle(path)
    files = {name.replace("base-models/", "experts/"): bundle.read_bytes(name)
             for name in bundle.names()}  # fmt: skip
    about = rename(json.loads(files["model.json"])) | ({} if mix is None else {"mix": mix})
    about["versions"] = {"networks": 1, "simple models": 1, "pretrained encoders": 1}
    write_bundle(path, files | {"model.json": to_json(about)}, version="0.0.7")
    for use in (load, lambda one: plait.report(one, tmp_path / "page.html")):
        with pytest.raises(BundleError, match="names what a bundle holds otherwise") as caught:
            use(path)
        assert caught.value.received == "none" and "plait==0.0.7" in caught.value.hint


def test_versions_of_parts_that_a_bundle_lacks_do_not_matter(path):
    assert list(load(path).ensemble.base_models) == list(load(path).ensemble.weights)
    rewrite(path, "model.json", lambda c: c["versions"].update({"pretrained encoders": 99}))
    rewrite(path, "model.json", lambda c: c["versions"].update({"networks": 99}))
    assert load(path).predict(ROWS[:2]).columns["prediction"]


@pytest.mark.parametrize(
    ("mix", "sizes", "name"),
    [({}, {}, "simple models"), ({"deep": 1.0}, {"width": 8, "depth": 1}, "networks")],
)
def test_what_draws_whole_rows_is_refused_by_its_version_before_it_is_built(
    tmp_path, mix, sizes, name
):
    path = tmp_path / "rows.plait"
    plait.fit(ROWS, whole_rows=True, simple=True, budget="5 steps", samples=False, out=path)
    assert load(path).sizes == {}

    def age(content):
        content["versions"][name] = 0
        content["mix"], content["rows"]["sizes"] = mix, sizes

    rewrite(path, "model.json", age)
    with pytest.raises(BundleError, match=f"the {name} of this plait answer otherwise") as caught:
        load(path)
    assert "plait==0.0.7" in caught.value.hint
