"""Encoders are found where they lie, confined to their places, and nothing of them is opened."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from made_up import WEIGHTS, make_folder, make_package, make_snapshot, zipped

from plait.encoders import files, find_encoders, named
from plait.encoders import places as walk
from plait.encoders.describing import describe
from plait.encoders.files import FolderFiles
from plait.errors import TableError


def only():
    (one,) = find_encoders()
    return one


def described(folder: Path):
    return describe(FolderFiles(folder, folder), name="x", place="here", path=folder)


def test_nothing_is_found_on_an_empty_machine():
    assert find_encoders() == ()


def test_a_named_folder_and_those_below_it(places):
    make_folder(places / "named" / "a" / "b" / "minilm")
    one = only()
    assert (one.name, one.modalities, one.place) == ("minilm", ("text",), "$PLAIT_ENCODERS")
    assert one.is_usable and one.num_bytes == len(WEIGHTS)
    assert one.folder() == places / "named" / "a" / "b" / "minilm"


def test_several_folders_are_named_at_once(places, monkeypatch):
    for name in ("x", "y"):
        make_folder(places / name / "one")
    said = os.pathsep.join(str(places / name) for name in ("x", "y", "z"))
    monkeypatch.setenv("PLAIT_ENCODERS", said)
    assert [one.path.parent.name for one in find_encoders()] == ["x", "y"]
    assert [one.name for one in walk.missing_folders()] == ["z"]


def test_none_finds_nothing(places, monkeypatch):
    make_folder(places / "named" / "minilm")
    make_snapshot(places / "hub", "org/model")
    monkeypatch.setenv("PLAIT_ENCODERS", "none")
    assert find_encoders() == ()


def test_a_snapshot_of_the_hubs_cache_has_the_models_name(places):
    make_snapshot(places / "hub", "sentence-transformers/all-MiniLM-L6-v2")
    one = only()
    assert one.name == "sentence-transformers/all-MiniLM-L6-v2" and one.is_usable
    assert one.place == "Hugging Face cache" and one.num_bytes == len(WEIGHTS)


@pytest.mark.parametrize("variable", ["HF_HOME", "XDG_CACHE_HOME"])
def test_the_hubs_cache_is_where_its_variables_say(variable, places, monkeypatch):
    monkeypatch.delenv("HF_HUB_CACHE")
    monkeypatch.delenv("HF_HOME", raising=False)
    monkeypatch.setenv(variable, str(places / "other"))
    inner = "hub" if variable == "HF_HOME" else "huggingface/hub"
    make_snapshot(places / "other" / inner, "org/model")
    assert only().name == "org/model"


def test_the_revision_that_main_names_wins_over_newer_ones(places):
    make_snapshot(places / "hub", "org/model", revision="b" * 40)
    make_snapshot(places / "hub", "org/model", kind="vit", revision="c" * 40)
    (places / "hub" / "models--org--model" / "refs" / "main").write_text("b" * 40)
    assert only().architecture == "bert"


@pytest.mark.parametrize("revision", ["../../../../named", "", "\x00", "d" * 40])
def test_a_revision_that_leads_elsewhere_is_not_followed(revision, places):
    make_folder(places / "elsewhere", "vit")
    make_snapshot(places / "hub", "org/model")
    (places / "hub" / "models--org--model" / "refs" / "main").write_text(revision)
    assert only().architecture == "bert"


def test_links_out_of_the_cache_are_refused(places):
    snapshot = make_snapshot(places / "hub", "org/model")
    secret = places / "secret.safetensors"
    secret.write_bytes(b"secret")
    (snapshot / "model.safetensors").unlink()
    (snapshot / "model.safetensors").symlink_to(secret)
    one = only()
    assert not one.is_usable and one.num_bytes == 0
    assert one.why_not == "model.safetensors is a link out of its folder, or to nothing"
    with pytest.raises(Exception, match="cannot be used"):
        one.folder()


def test_links_to_folders_are_not_walked(places):
    make_folder(places / "elsewhere")
    (places / "named" / "link").symlink_to(places / "elsewhere")
    (places / "named" / "round").symlink_to(places / "named")
    assert find_encoders() == ()


def test_a_link_to_nothing_is_told(places):
    snapshot = make_snapshot(places / "hub", "org/model")
    (places / "hub" / "models--org--model" / "blobs" / "0123").unlink()
    assert "link out of its folder, or to nothing" in only().why_not
    assert (snapshot / "model.safetensors").is_symlink()


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("{broken", "config.json is not JSON"),
        ("[" * 100_000, "config.json is not JSON"),
        ("[1]", "config.json holds no settings"),
        (b"\xff\xfe", "config.json cannot be read"),
        ("{}", "config.json names no model_type"),
        ('{"model_type": 3}', "config.json names no model_type"),
        ('{"model_type": "llama"}', "architecture 'llama' is none that plait knows"),
    ],
)
def test_settings_that_cannot_be_used_are_told(content, why, tmp_path):
    one = described(make_folder(tmp_path / "m", **{"config.json": content}))
    assert not one.is_usable and why in one.why_not


def test_settings_that_are_too_large_are_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "MAX_TEXT_BYTES", 100)
    one = described(make_folder(tmp_path / "m", **{"config.json": " " * 101}))
    assert "cannot be read, or is larger" in one.why_not


def test_other_software_with_a_config_is_no_encoder(tmp_path):
    folder = make_folder(tmp_path, **{"config.json": "{}", "model.safetensors": None})
    assert described(folder) is None
    assert described(tmp_path / "nowhere") is None


@pytest.mark.parametrize(
    ("kind", "lacking", "why"),
    [
        ("bert", "tokenizer.json", "tokenizer.json is not there"),
        ("vit", "preprocessor_config.json", "preprocessor_config.json is not there"),
        ("bert", "model.safetensors", "only its settings were downloaded"),
    ],
)
def test_what_is_lacking_is_told(kind, lacking, why, tmp_path):
    one = described(make_folder(tmp_path / "m", kind, **{lacking: None}))
    assert not one.is_usable and why in one.why_not


def test_pickles_are_not_taken_unasked(tmp_path):
    files = {"model.safetensors": None, "pytorch_model.bin": b"x", "training_args.bin": b"y"}
    one = described(make_folder(tmp_path / "m", **files))
    assert one.weights == ("pytorch_model.bin",) and "pickle" in one.why_not


@pytest.mark.parametrize(
    ("kind", "modalities"),
    [
        ("vit", ("image", "video")),
        ("clip", ("text", "image", "video")),
        ("whisper", ("audio",)),
        ("efficientnet-lite0", ("image", "video")),
    ],
)
def test_architectures_tell_what_they_encode(kind, modalities, tmp_path):
    weights = {"efficientnet-lite0.safetensors": b"w"} if "lite" in kind else {}
    one = described(make_folder(tmp_path / "m", kind, **weights))
    assert one.modalities == modalities and one.is_usable
    assert one.pair == (kind == "clip")


def test_a_pair_without_a_tokenizer_is_one_of_pictures(tmp_path):
    one = described(make_folder(tmp_path / "m", "siglip", **{"tokenizer.json": None}))
    assert one.modalities == ("image", "video") and one.is_usable


def test_torch_hubs_checkpoints(places):
    hub = places / "torch" / "hub" / "checkpoints"
    hub.mkdir(parents=True)
    (hub / "efficientnet-lite0-1234.pth").write_bytes(b"1")
    (hub / "resnet50.pth").write_bytes(b"22")
    lite, other = find_encoders()
    assert lite.is_usable and lite.place == "torch hub" and lite.modalities[0] == "image"
    assert not other.is_usable and "weights alone" in other.why_not and other.num_bytes == 2


def test_two_files_of_one_network_are_not_chosen_between(places):
    for name in "ab":
        (places / "named" / f"efficientnet-lite0-{name}.pth").write_bytes(b"1")
    assert "expected one file" in only().why_not


def test_missing_software_is_told(tmp_path, monkeypatch):
    from plait.encoders import describing

    monkeypatch.setattr(describing, "find_spec", lambda name: None if name != "torch" else 1)
    assert "it needs transformers: pip install" in described(make_folder(tmp_path)).why_not


def test_the_walk_is_limited(places, monkeypatch):
    monkeypatch.setattr(walk, "MAX_FOLDERS", 3)
    for name in "abcdef":
        make_folder(places / "named" / name)
    assert [one.name for one in find_encoders()] == ["a", "b"]  # the named folder is the first
    make_folder(places / "named" / "a" / "1" / "2" / "3" / "4")
    monkeypatch.setattr(walk, "MAX_FOLDERS", 100)
    assert "4" not in [one.name for one in find_encoders()]


def test_a_package_is_read_without_being_imported(places):
    folder = make_folder(places / "made", **{"README.md": "---\nlicense: mit\n---\n"})
    make_package(
        places / "site", "some-model",
        {f"some_model/weights/{one.name}": one.read_bytes() for one in folder.iterdir()},
    )  # fmt: skip
    one = only()
    assert one.is_usable and one.place == "package some-model 1.0"
    assert (one.name, one.licence) == ("some", "mit")
    assert "some_model" not in sys.modules


def test_an_archive_in_a_package_is_unpacked_once(places):
    folder = make_folder(places / "made")
    archive = zipped(folder, places / "made.zip", prefix="tiny-bert/")
    make_package(places / "site", "some-model", {"some_model/model.zip": archive})
    one = only()
    assert one.name == "tiny-bert" and one.is_packed and one.num_bytes == len(WEIGHTS)
    first = one.folder()
    assert first.is_relative_to(places / "cache") and (first / "config.json").is_file()
    stamp = first.stat().st_mtime_ns
    assert only().folder() == first and first.stat().st_mtime_ns == stamp


def test_an_archive_with_names_that_lead_out_is_refused(places):
    file = places / "evil.zip"
    zipped(make_folder(places / "made"), file)
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("../../evil.json", "{}")
    make_package(places / "site", "evil", {"evil/model.zip": file.read_bytes()})
    with pytest.raises(TableError, match="leads out of it"):
        only().folder()
    assert not list(places.rglob("evil.json"))


@pytest.mark.parametrize("content", [b"no zip at all" * 100_000, b""])
def test_a_damaged_archive_is_no_encoder(content, places):
    make_package(places / "site", "broken", {"broken/model.zip": content})
    assert find_encoders() == ()


def test_a_packages_list_cannot_name_files_elsewhere(places):
    make_folder(places / "elsewhere")
    about = make_package(places / "site", "evil", {})
    (about / "RECORD").write_text("../elsewhere/model.safetensors,sha256=x,7\n")
    assert find_encoders() == ()


@pytest.mark.parametrize(
    ("metadata", "licence"),
    [
        ("License-Expression: Apache-2.0\n", "Apache-2.0"),
        ("License: UNKNOWN\nClassifier: License :: OSI Approved :: MIT License\n", "MIT License"),
        ("License: UNKNOWN\n", ""),
        ("", ""),
    ],
)
def test_a_packages_licence_is_what_it_tells(metadata, licence, places):
    files = {f"m/{n}": b"{}" for n in ("tokenizer.json",)}
    files |= {"m/config.json": b'{"model_type": "bert"}', "m/model.safetensors": b"w"}
    make_package(places / "site", "m", files, metadata)
    assert only().licence == licence


def test_names_are_found_whole_or_by_their_last_part(places):
    make_snapshot(places / "hub", "org/model")
    found = find_encoders()
    assert named(found, "org/model") is named(found, "model") is found[0]
    assert named(found, "other/model") is None and named(found, "") is None


PROBE = """
import sys
import plait
found = plait.encoders()
print(len(found), *sorted({"torch", "transformers"} & set(sys.modules)))
"""


def test_looking_loads_no_torch(places):
    make_folder(places / "named" / "minilm")
    done = subprocess.run([sys.executable, "-c", PROBE], capture_output=True, text=True, check=True)
    num, *heavy = done.stdout.split()
    assert int(num) >= 1 and heavy == []


def test_weights_are_not_opened(places, monkeypatch):
    folder = make_folder(places / "named" / "minilm")
    (folder / "model.safetensors").chmod(0)
    real, opened = Path.open, []

    def watched(self, *args, **settings):
        opened.append(self.name)
        return real(self, *args, **settings)

    monkeypatch.setattr(Path, "open", watched)
    assert only().is_usable
    assert "config.json" in opened and "model.safetensors" not in opened


def test_what_is_told_is_plain_json(places):
    make_folder(places / "named" / "minilm")
    told = only().to_dict()
    assert json.loads(json.dumps(told)) == told
    assert (told["licence"], told["usable"], told["why_not"]) == ("not told", True, None)


FRACAST = json.dumps({"model": {"family": "fracast", "d_model": 8, "W": 32}, "pyramid": {}})
BOLT = {"model_type": "t5", "chronos_config": {"input_patch_size": 16}}


@pytest.mark.parametrize(
    ("settings", "architecture", "why"),
    [
        ({"model_type": "patchtst"}, "patchtst", ""),
        ({"model_type": "timesfm2_5"}, "timesfm2_5", ""),
        (BOLT, "chronos-bolt", ""),
        ({"model_type": "patchtst", "share_embedding": False}, "patchtst", "read together"),
        ({"model_type": "patchtsmixer", "mode": "mix_channel"}, "patchtsmixer", "read together"),
        ({"model_type": "t5", "chronos_config": {}}, "chronos", "tokenizer is not"),
        (BOLT | {"architectures": ["Chronos2Model"]}, "chronos-2", "is none that plait knows"),
        ({"model_type": "t5"}, "t5", "is none that plait knows"),
        ({"model": {"family": "fracast", "d_model": 8}}, "fracast", "its W is not"),
        ({"model": {"family": "fracast", "d_model": 8, "W": 9.5}}, "fracast", "its W is not"),
    ],
)  # fmt: skip
def test_models_of_series_need_their_settings_and_weights_alone(
    settings, architecture, why, tmp_path
):
    lacking = {"tokenizer.json": None, "preprocessor_config.json": None}
    made = make_folder(tmp_path, **{"config.json": json.dumps(settings)}, **lacking)
    one = described(made)
    assert one.architecture == architecture and why in one.why_not
    assert one.is_usable == (not why)
    assert one.modalities == (() if "none that plait" in why else ("series",))


def test_a_package_that_carries_a_model_of_series(places):
    files = {
        "fracast/weights/config.json": FRACAST.encode(),
        "fracast/weights/model.safetensors": WEIGHTS,
        "fracast/weights/model.int8.safetensors": b"small",
    }
    make_package(places / "site", "fracast", files, "License-Expression: Apache-2.0\n")
    one = only()
    assert (one.name, one.modalities, one.licence) == ("fracast", ("series",), "Apache-2.0")
    assert one.is_usable and one.weights == ("model.safetensors",)
    assert one.num_bytes == len(WEIGHTS)


def test_a_model_of_plaits_own_network_needs_no_transformers(tmp_path, monkeypatch):
    from plait.encoders import describing

    monkeypatch.setattr(describing, "find_spec", lambda name: name == "torch" or None)
    assert described(make_folder(tmp_path, **{"config.json": FRACAST})).is_usable
