"""Weights are hashed once, and again where they changed; licences are told, never guessed."""

from __future__ import annotations

import hashlib
import os

import pytest
from made_up import WEIGHTS, make_folder, make_package, zipped

from plait.backbones import licence
from plait.backbones.licence import (
    licence_of_card,
    licence_of_folder,
    licence_of_metadata,
    licence_of_text,
)
from plait.encoders import find_encoders, hashing

PLAIN = hashlib.sha256(WEIGHTS).hexdigest()


@pytest.fixture
def reads(monkeypatch):
    """How often weights were read."""
    counts: list[int] = []
    real = hashing._read

    def count(encoder):
        counts.append(1)
        return real(encoder)

    monkeypatch.setattr(hashing, "_read", count)
    return counts


def test_the_hash_is_that_of_the_file_and_is_kept(places, reads):
    make_folder(places / "named" / "m")
    (one,) = find_encoders()
    assert hashing.weights_hash(one) == PLAIN == hashing.weights_hash(one)
    assert len(reads) == 1


def test_changed_weights_are_read_anew(places, reads):
    file = make_folder(places / "named" / "m") / "model.safetensors"
    (one,) = find_encoders()
    hashing.weights_hash(one)
    file.write_bytes(b"changed")
    os.utime(file, ns=(1, 1))
    assert hashing.weights_hash(one) == hashlib.sha256(b"changed").hexdigest()
    assert len(reads) == 2


def test_an_archive_has_the_hash_of_the_weights_inside(places):
    archive = zipped(make_folder(places / "made"), places / "made.zip")
    make_package(places / "site", "packed", {"packed/model.zip": archive})
    (one,) = find_encoders()
    assert hashing.weights_hash(one) == PLAIN


def test_several_files_have_a_hash_of_names_and_hashes(places):
    parts = {"model-1.safetensors": WEIGHTS, "model-2.safetensors": WEIGHTS}
    make_folder(places / "named" / "m", **{"model.safetensors": None, **parts})
    (one,) = find_encoders()
    text = f"model-1.safetensors|{PLAIN}|model-2.safetensors|{PLAIN}|"
    assert hashing.weights_hash(one) == hashlib.sha256(text.encode()).hexdigest()


def test_copies_in_another_precision_are_no_part_of_the_weights(places):
    make_folder(places / "named" / "m", **{"model.int8.safetensors": b"other"})
    (one,) = find_encoders()
    assert one.weights == ("model.safetensors",) and hashing.weights_hash(one) == PLAIN


def test_weights_that_vanished_have_no_hash(places):
    file = make_folder(places / "named" / "m") / "model.safetensors"
    (one,) = find_encoders()
    file.unlink()
    assert hashing.weights_hash(one) is None


@pytest.mark.parametrize("damage", ["{broken", "[]", ""])
def test_a_damaged_memory_is_made_anew(damage, places):
    make_folder(places / "named" / "m")
    (one,) = find_encoders()
    hashing.weights_hash(one)
    (places / "cache" / "encoders" / "hashes.json").write_text(damage)
    assert hashing.weights_hash(one) == PLAIN


def test_published_weights_have_the_licence_that_they_were_published_under(places, monkeypatch):
    make_folder(places / "named" / "m")
    (one,) = find_encoders()
    assert hashing.licence_of(one) == ""
    monkeypatch.setitem(licence.PUBLISHED, PLAIN, "Apache-2.0")
    assert hashing.licence_of(one) == "Apache-2.0"


@pytest.mark.parametrize(
    ("card", "expected"),
    [
        ("---\nlanguage: en\nlicense: apache-2.0\n---\n# x", "apache-2.0"),
        ("---\nlicense: other\nlicense_name: acme-1\n---\n", "acme-1"),
        ("---\nlicense: 'mit'\n---\n", "mit"),
        ("---\nlicense:\n- mit\n---\n", ""),
        ("# x\nlicense: mit\n", ""),
        ("", ""),
        (None, ""),
    ],
)
def test_cards_tell_their_licence_in_their_head(card, expected):
    assert licence_of_card(card) == expected


def test_licences_are_known_by_their_text(tmp_path):
    text = "Apache Software License 2.0\n\nLicensed under the Apache License,\n Version 2.0 (the"
    assert licence_of_text(text) == "Apache-2.0"
    assert licence_of_text("All rights reserved.") == "" == licence_of_text(None)
    (tmp_path / "LICENSE").write_text(text)
    assert licence_of_folder(tmp_path) == "Apache-2.0"
    (tmp_path / "README.md").write_text("---\nlicense: cc-by-4.0\n---\n")
    assert licence_of_folder(tmp_path) == "cc-by-4.0"


def test_a_whole_licence_as_metadata_is_not_a_name():
    assert licence_of_metadata(None, "Permission is\nhereby granted", ()) == ""
