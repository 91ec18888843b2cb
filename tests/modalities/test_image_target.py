"""Pictures as targets: metrics of sets that are known, sheets, and what is kept of a begun one."""

from __future__ import annotations

import io

import numpy as np
import pytest
import torch
from PIL import Image

from plait.errors import CellError, TargetError
from plait.modalities import Asked, Media
from plait.modalities.drawn_sets import resampled
from plait.modalities.image.codec import ImageCodec
from plait.modalities.image.network import Generate
from plait.modalities.image.scoring import WORDS, compared
from plait.modalities.image.sheet import copies, sheet
from plait.modalities.target import metrics_by
from plait.nn.conditions import Conditions
from plait.nn.tokens import Tokens

NUM = 60


def squares(num, seed, size=16):
    """Pictures of a dark square on a light ground, anywhere and of any size."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(num):
        raw = np.full((size, size, 3), rng.integers(200, 256), np.uint8)
        top, left, side = rng.integers(0, size - 6), rng.integers(0, size - 6), rng.integers(4, 7)
        raw[top : top + side, left : left + side] = rng.integers(0, 80, 3)
        found.append(raw)
    return found


def told(said, true):
    return metrics_by(resampled, [compared(a, b) for a, b in zip(said, true, strict=True)])


def blurred(true):
    return [np.mean(true, axis=0).astype(np.uint8)] * len(true)


def noise(num):
    rng = np.random.default_rng(5)
    return [rng.integers(0, 256, (16, 16, 3), np.uint8) for _ in range(num)]


def test_the_truth_itself_has_the_best_of_every_metric():
    true = squares(NUM, 0)
    found = told(true, true)
    assert list(found) == list(WORDS)
    assert min(found[name] for name in ("drawn", "found", "precision", "recall", "covered")) > 0.99
    assert found["kid"] <= 0


def test_others_of_the_same_kind_are_as_good_but_for_whose_they_are():
    true = squares(NUM, 0)
    found = told(squares(NUM, 1), true)
    assert found["precision"] > 0.7 and found["recall"] > 0.7 and found["covered"] > 0.6
    assert found["found"] == pytest.approx(0.1, abs=0.07)
    assert found["first"] == pytest.approx(0.02, abs=0.04)
    assert abs(found["kid"]) < 0.02 + 3 * abs(found["kid_true"])


@pytest.mark.parametrize("collapsed", [blurred, lambda true: true[:1] * NUM, lambda _: noise(NUM)])
def test_what_makes_one_picture_or_none_scores_nothing_and_is_refused(collapsed):
    true = squares(NUM, 0)
    found, real = told(collapsed(true), true), told(squares(NUM, 1), true)
    assert found["drawn"] < 0.1 and found["recall"] < 0.05
    assert found["kid"] > 10 * abs(real["kid"])
    assert "recall" in ImageCodec().refuses(found, NUM)
    assert ImageCodec().refuses(found, 10) == "" == ImageCodec().refuses(real, NUM)


def test_resamples_are_means_of_rows_and_of_pairs():
    pairs = [compared(a, b) for a, b in zip(squares(NUM, 1), squares(NUM, 0), strict=True)]
    whole = metrics_by(resampled, pairs)
    same = resampled(pairs, np.stack([np.ones(NUM), 2 * np.ones(NUM), np.eye(NUM)[3]]))
    for name in ("found", "precision", "recall", "density", "covered"):
        assert same[name][:2] == pytest.approx(whole[name])
        each = resampled(pairs, np.eye(NUM))[name]
        assert np.mean(each) == pytest.approx(whole[name])
    assert all(np.isfinite(values).all() for values in same.values())
    assert same["kid"][0] == pytest.approx(whole["kid"])
    alone = np.mean([same[name][2] for name in ("found", "precision", "recall")])
    assert same["drawn"][2] == pytest.approx(alone)


def test_more_pictures_than_one_set_holds_are_sets_one_after_the_other(monkeypatch):
    pairs = [compared(a, b) for a, b in zip(squares(NUM, 1), squares(NUM, 0), strict=True)]
    halves = metrics_by(resampled, pairs[:30]), metrics_by(resampled, pairs[30:])
    monkeypatch.setattr("plait.modalities.drawn_sets.MOST_TOGETHER", 30)
    found = metrics_by(resampled, pairs)
    for name in ("precision", "covered", "kid"):
        assert found[name] == pytest.approx(np.mean([one[name] for one in halves]))


def test_copies_are_told_from_new_ones():
    learned, true = squares(200, 2), squares(NUM, 0)
    copied = copies(learned[:NUM], true, learned)
    assert copied.rate == 1.0 and copied.nearest.tolist() == list(range(NUM))
    new = copies(squares(NUM, 3), true, learned)
    assert new.rate < 0.3 and new.usual == pytest.approx(0.1, abs=0.02)


def test_a_sheet_holds_every_picture_enlarged_by_whole_numbers():
    some = squares(5, 0)
    found = sheet([[one, one] for one in some], columns=3)
    times = 72 // 16
    whole = some[1].repeat(times, 0).repeat(times, 1)
    left = 4 + 16 * times + 4
    assert np.array_equal(found[4 : 4 + 16 * times, left : left + 16 * times], whole)
    assert found.shape[1] == 3 * (16 * times + 4) + 4


def codec_of(size=16, **settings):
    return ImageCodec(**settings).as_target().fit(squares(20, 0, size))


def test_pixels_are_scaled_by_those_of_training_and_come_back():
    codec = codec_of()
    pixels = np.stack([codec.prepare(one)["pixels"] for one in squares(20, 0)])
    assert codec.level == pytest.approx(pixels.mean()) and codec.spread == pytest.approx(
        pixels.std()
    )
    assert ImageCodec().fit(squares(20, 0)) == ImageCodec(size_px=16)
    raw = squares(1, 4)[0]
    file = codec.write(codec.decode(codec.prepare(raw)))
    assert file.ending == ".png"
    assert np.array_equal(codec.read({"bytes": file.content}, Media(None)), raw)


def test_larger_pictures_than_are_made_are_refused():
    with pytest.raises(TargetError, match="not made so large"):
        codec_of(size_px=260).check_target(20)
    codec_of(size_px=64).check_target(20)


@torch.no_grad()
def test_what_is_kept_of_a_begun_picture_keeps_its_very_pixels():
    torch.manual_seed(0)
    codec = codec_of()
    head = Generate(codec, 32).eval()
    torch.nn.init.normal_(head.flow.network.head.weight, std=0.1)
    tokens = Tokens(torch.randn(3, 1, 32), torch.ones(3, 1, dtype=torch.bool), torch.zeros(3, 1, 2))
    seen, begun = Conditions(tokens, torch.randn(3, 2, 32)), codec.prepare(squares(1, 9)[0])
    keep = np.zeros((16, 16), bool)
    keep[:, :7] = True
    rngs = [np.random.default_rng(row) for row in range(3)]
    asked = Asked(steps=3, guidance=1.0, begin=begun, strength=0.9, keep=keep)
    for one in head.generate(seen, rngs, asked):
        assert np.array_equal(one["pixels"][:, :7], begun["pixels"][:, :7])
        assert not np.array_equal(one["pixels"][:, 7:], begun["pixels"][:, 7:])


def test_what_a_mask_leaves_dark_stays_and_it_must_be_as_large():
    codec, begun = codec_of(), np.full((32, 32, 3), 200, np.uint8)
    mask = np.zeros_like(begun)
    mask[:, 16:] = 255
    keep = codec.kept(mask, begun)
    assert keep.shape == (16, 16) and keep[:, :8].all() and not keep[:, 8:].any()
    with pytest.raises(CellError, match="another size"):
        codec.kept(mask[:8], begun)


def test_a_film_leads_through_its_pictures():
    some = squares(3, 0)
    film = codec_of().film(some)
    with Image.open(io.BytesIO(film.content)) as found:
        assert (film.ending, found.n_frames) == (".gif", 3)
