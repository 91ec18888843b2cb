"""Which encoder suits a column best before anything is measured."""

from __future__ import annotations

from pathlib import Path

from plait.encoders import FoundEncoder, suited
from plait.encoders.order import MAX_BYTES


def made(name, *modalities, num_bytes=100, **about):
    path = Path("/nowhere") / name
    return FoundEncoder(
        name=name, place="x", path=path, modalities=modalities, num_bytes=num_bytes, **about
    )


SENTENCE = made("sentence", "text", num_bytes=90, made_for_vectors=True)
LARGE_BERT = made("large", "text", num_bytes=400)
PAIR = made("clip", "text", "image", num_bytes=300, pair=True, made_for_vectors=True)
VIT = made("vit", "image", num_bytes=350)
LITE = made("lite", "image", num_bytes=18)
ALL = [LITE, LARGE_BERT, VIT, PAIR, SENTENCE]


def names(modality, among, found=ALL):
    return [one.name for one in suited(found, modality, among)]


def test_those_made_for_vectors_come_before_larger_ones():
    assert names("text", {"text"}) == ["clip", "sentence", "large"]
    assert names("text", {"text"}, [LARGE_BERT, SENTENCE]) == ["sentence", "large"]


def test_pairs_come_first_where_both_kinds_of_columns_are_there():
    large = made("large-sentence", "text", num_bytes=900, made_for_vectors=True)
    assert names("text", {"text", "image"}, [large, PAIR]) == ["clip", "large-sentence"]
    assert names("text", {"text", "number"}, [large, PAIR]) == ["large-sentence", "clip"]
    assert names("image", {"text", "image"}) == ["clip", "vit", "lite"]


def test_larger_before_smaller_then_by_name():
    twins = [made("b", "image"), made("a", "image"), made("c", "image", num_bytes=200)]
    assert names("image", {"image"}, twins) == ["c", "a", "b"]


def test_what_cannot_be_loaded_or_is_too_large_is_left_out():
    broken = made("broken", "text", why_not="no weights")
    huge = made("huge", "text", num_bytes=MAX_BYTES + 1)
    assert names("text", {"text"}, [broken, huge]) == []
    assert names("audio", {"audio"}) == []
