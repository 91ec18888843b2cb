"""Clips as a target: what columns tell moves so, pictures are set in motion, files say so."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

import plait
from plait.modalities.video.codec import VideoCodec
from plait.modalities.video.encoding import encode_mp4
from plait.networks.config import SystemConfig

pytest.importorskip("av", reason="needs plait[video]")
NUM, SIDE, FRAMES = 80, 4, 4
TINY = SystemConfig(dim=32, depth=1, num_heads=2, join=0, drop_column=0.1)


def frames_of(way, rng):
    """A dark bar, at the left or at the right, that goes to the other side."""
    frames = np.full((FRAMES, SIDE, SIDE, 3), rng.integers(200, 256), np.uint8)
    top, shade = int(rng.integers(0, 3)), rng.integers(0, 40)
    for frame in range(FRAMES):
        frames[frame, top : top + 2, frame if way == "right" else SIDE - 1 - frame] = shade
    return frames


def rows(num, seed):
    rng = np.random.default_rng(seed)
    ways = [str(way) for way in rng.choice(["left", "right"], num)]
    return [{"way": way, "clip": encode_mp4(frames_of(way, rng), 1.0)} for way in ways]


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    path = tmp_path_factory.mktemp("moving") / "bars.plait"
    settings = {"size_px": SIDE, "made_frames": FRAMES}
    plait.fit(
        rows(NUM, 0), target="clip", budget="160 steps", size=TINY, seed=1, progress=False,
        out=path,
        columns={"way": "category", "clip": {"modality": "video", "settings": settings}},
    )  # fmt: skip
    return path


def made(bundle, **asked):
    found = plait.generate(bundle, **asked)["prediction"]
    codec = VideoCodec(size_px=SIDE, made_frames=FRAMES, drawn=True)
    return np.stack([codec.prepare(codec.read(one, None))["frames"] for one in found])


def middle(clips):
    """Return where the dark of each frame lies, from left to right."""
    dark = (255.0 - clips).mean((2, 4))
    dark = np.maximum(dark - np.median(dark, axis=2, keepdims=True), 0)
    return (dark * np.arange(SIDE)).sum(2) / np.maximum(dark.sum(2), 1e-9)


def test_what_the_columns_tell_moves_so_and_one_seed_makes_the_same(bundle):
    assert plait.load(bundle).records["metrics"]["shipped"] == "deep"
    right, left = (made(bundle, way=way, n=8, seed=2) for way in ("right", "left"))
    ways = [middle(clips)[:, -1] - middle(clips)[:, 0] for clips in (right, left)]
    assert (ways[0] > 1).sum() >= 7 and (ways[1] < -1).sum() >= 7
    assert np.array_equal(right, made(bundle, way="right", n=8, seed=2))
    assert not np.array_equal(right, made(bundle, way="right", n=8, seed=3))


def test_a_picture_is_set_in_motion_and_the_files_say_where_they_are_from(
    bundle, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    first = frames_of("right", np.random.default_rng(5))[0]
    Image.fromarray(first).save("bar.png")
    begun = made(bundle, way="right", begin="bar.png", n=2)
    assert np.abs(begun[:, 0].astype(float) - first).mean() < 12
    for ending in (".gif", ".mp4"):
        out = tmp_path / f"bar{ending}"
        plait.generate(bundle, way="right", begin="bar.png", out=out)
        told = plait.whence(out)
        assert told["found"] and told["target"] == "clip" and "begun at" in told["conditions"]
    sheet = tmp_path / "bars.png"
    plait.generate(bundle, n=3, out=sheet)
    assert plait.whence(sheet)["found"] and Image.open(io.BytesIO(sheet.read_bytes())).height > 200


def test_the_report_shows_clips_beside_true_ones_and_those_learned_from(bundle):
    told = plait.load(bundle).records["metrics"]
    panel = told["panel"]
    assert "data:image/gif" in panel and "frames of 6 made clips" in panel
    assert "nearest training clip" in panel and "<script" not in panel
    names = {one["name"] for one in told["candidates"]}
    assert {"deep", "typical", "nearest"} <= names
