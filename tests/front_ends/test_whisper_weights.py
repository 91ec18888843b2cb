"""Weights of Whisper are found in folders and packages, joined where they come in parts."""

from __future__ import annotations

import importlib.metadata

import pytest

from plait.front_ends import whisper_weights as weights
from plait.front_ends.whisper_weights import NUM_ENGLISH, best_for, find_whisper


def settings_in(folder, *, num_pieces):
    """Write what lies beside weights."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text("{}")
    (folder / "tokenizer.json").write_text("{}")
    (folder / "vocabulary.txt").write_text("piece\n" * num_pieces)
    return folder


def package(root, name, files, *, licence="MIT"):
    """Make an installed package that lists these files."""
    info = root / f"{name.replace('-', '_')}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.4\nName: {name}\nVersion: 1.0\nLicense-Expression: {licence}\n"
    )
    (info / "RECORD").write_text("".join(f"{one},,\n" for one in files))


@pytest.fixture
def nothing_here(monkeypatch, tmp_path):
    """A machine without any weights, whose packages are those of `tmp_path / "site"`."""
    monkeypatch.setenv("PLAIT_ENCODERS", str(tmp_path / "named"))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    site = tmp_path / "site"
    site.mkdir()
    real = importlib.metadata.distributions
    monkeypatch.setattr(weights, "distributions", lambda: real(path=[str(site)]))
    return tmp_path


def test_nothing_is_found_where_nothing_is_or_is_to_be_looked_for(nothing_here, monkeypatch):
    assert find_whisper() == ()
    folder = settings_in(nothing_here / "named" / "base", num_pieces=NUM_ENGLISH)
    (folder / "model.bin").write_bytes(b"w")
    assert [one.name for one in find_whisper()] == ["base"]
    monkeypatch.setenv("PLAIT_ENCODERS", "none")
    assert find_whisper() == ()


def test_folders_and_the_hub_cache_are_looked_into(nothing_here):
    named = settings_in(nothing_here / "named" / "tiny.en", num_pieces=NUM_ENGLISH)
    (named / "model.bin").write_bytes(b"w")
    hub = nothing_here / "hub" / "models--someone--base" / "snapshots" / "abc"
    (settings_in(hub, num_pieces=NUM_ENGLISH + 1) / "model.bin").write_bytes(b"weights")
    english, many = find_whisper()
    assert (english.name, english.multilingual) == ("tiny.en", False)
    assert (many.name, many.multilingual, many.num_bytes) == ("someone/base", True, 7)
    assert english.folder() == named
    assert best_for([english, many], "en") is english  # the person's own folder comes first
    assert best_for([english, many], "nl") is many and best_for([english, many], None) is many
    assert best_for([english], "nl") is None and best_for([english], None) is english


def test_parts_of_packages_are_joined_in_order(nothing_here):
    site = nothing_here / "site"
    settings_in(site / "some_part1", num_pieces=NUM_ENGLISH + 1)
    (site / "some_part2").mkdir()
    (site / "some_part1" / "model.bin.part1").write_bytes(b"first ")
    (site / "some_part2" / "model.bin.part2").write_bytes(b"second")
    package(site, "some-base-part1", ["some_part1/model.bin.part1"])
    assert find_whisper() == ()  # half a file is none
    package(site, "some-base-part2", ["some_part2/model.bin.part2"])
    (found,) = find_whisper()
    assert (found.name, found.licence, found.num_bytes) == ("some-base", "MIT", 12)
    assert found.place == "2 packages some-base-part* 1.0"
    folder = found.folder()
    assert (folder / "model.bin").read_bytes() == b"first second"
    assert (folder / "tokenizer.json").is_file() and found.folder() == folder


def test_weights_without_their_vocabulary_or_outside_their_package_are_none(nothing_here):
    site = nothing_here / "site"
    (nothing_here / "outside.bin").write_bytes(b"w")
    settings_in(site / "linked", num_pieces=NUM_ENGLISH)
    (site / "linked" / "model.bin").symlink_to(nothing_here / "outside.bin")
    package(site, "linked", ["linked/model.bin"])
    (site / "bare").mkdir()
    (site / "bare" / "model.bin").write_bytes(b"w")
    package(site, "bare", ["bare/model.bin", "../outside.bin"])
    settings_in(site / "whole", num_pieces=NUM_ENGLISH)
    (site / "whole" / "model.bin").write_bytes(b"w")
    package(site, "whole", ["whole/model.bin"])
    assert [one.name for one in find_whisper()] == ["whole"]
