"""Pictures of more than 64 pixels a side: drawn as codes, whose loss is told, or not at all."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

import plait
from plait.errors import TargetError
from plait.fitting.network import coding
from plait.networks.config import SystemConfig
from plait.train.config import TrainConfig

NUM, SIDE = 60, 96
TINY = SystemConfig(dim=32, depth=1, num_heads=2, join=0, drop_column=0.1)
COLOURS = {"red": (200, 40, 30), "blue": (30, 60, 210)}
COLUMNS = {
    "colour": "category",
    "shade": "number",
    "picture": {"modality": "image", "settings": {"size_px": SIDE}},
}


def rows(num, seed):
    """A disc or a square of the colour that is named, anywhere on a pale ground."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:SIDE, :SIDE]
    found = []
    for _ in range(num):
        colour = str(rng.choice(list(COLOURS)))
        shade = int(rng.integers(215, 245))
        pixels = np.full((SIDE, SIDE, 3), shade, np.uint8)
        middle, size = rng.uniform(32, 64, 2), rng.uniform(18, 28)
        off = np.abs(y - middle[0]), np.abs(x - middle[1])
        inside = np.hypot(*off) < size if rng.random() < 0.5 else np.maximum(*off) < 0.9 * size
        pixels[inside] = COLOURS[colour]
        with io.BytesIO() as file:
            Image.fromarray(pixels).save(file, "PNG")
            found.append({"colour": colour, "shade": shade, "picture": file.getvalue()})
    return found


def fitted(budget, target="picture"):
    return plait.fit(
        rows(NUM, 0), target=target, columns=COLUMNS, budget=budget, size=TINY, seed=1,
        progress=False, samples=False, train=TrainConfig(batch_size=8),
    )  # fmt: skip


@pytest.fixture(scope="module")
def model():
    return fitted("200 steps")


def pixels_of(cells):
    return np.stack([np.asarray(Image.open(io.BytesIO(one.content)), np.float64) for one in cells])


def test_what_is_told_is_drawn_large(model):
    made = plait.generate(model, colour="red", n=12, seed=2)["prediction"]
    made += plait.generate(model, colour="blue", n=12, seed=2)["prediction"]
    pixels = pixels_of(made)
    assert pixels.shape == (24, SIDE, SIDE, 3)
    redder = pixels[..., 0].mean((1, 2)) - pixels[..., 2].mean((1, 2))
    assert redder[:12].mean() > redder[12:].mean() + 15


def test_what_codes_lose_is_told(model):
    told = model.records["metrics"]["training"]
    assert told["coded_steps"] == 50 and told["steps"] + told["distilled_steps"] == 150
    assert 0 < told["codes_lose"]["picture"] < 0.1
    told = model.records["metrics"]["notes"]
    assert any("drawn are codes" in one and "'picture'" in one for one in told)


def test_a_saved_model_draws_the_same(model, tmp_path):
    path = model.save(tmp_path / "shapes.plait")
    first, again = (
        plait.generate(one, colour="red", n=2, seed=4)["prediction"] for one in (model, path)
    )
    assert np.array_equal(pixels_of(first), pixels_of(again))


def test_what_stays_of_a_begun_picture_stays_to_the_pixel(model, tmp_path):
    mask = np.zeros((SIDE, SIDE, 3), np.uint8)
    mask[40:, :50] = 255
    sketch = rows(1, 9)[0]["picture"]
    with io.BytesIO() as file:
        Image.fromarray(mask).save(file, "PNG")
        made = plait.generate(model, colour="blue", begin=sketch, mask=file.getvalue())
    pixels = pixels_of(made["prediction"])[0]
    before = np.asarray(Image.open(io.BytesIO(sketch)), np.float64)
    assert np.array_equal(pixels[mask[..., 0] == 0], before[mask[..., 0] == 0])
    assert not np.array_equal(pixels, before)


def test_codes_that_lose_too_much_are_refused():
    model = fitted("4 steps")
    assert model.generator.config is None
    assert any("codes" in one for one in model.records["metrics"]["notes"])


def test_beside_another_target_too():
    with pytest.raises(TargetError, match="no network is worth training") as refused:
        fitted("4 steps", target="picture,colour")
    assert "size_px" in refused.value.hint


def test_beside_another_target_codes_are_learned_first_and_told(monkeypatch):
    monkeypatch.setattr(coding, "MOST_LOST", 10.0)
    model = fitted("12 steps", target="picture,colour")["picture"]
    told = model.records["metrics"]
    assert (told["training"]["coded_steps"], told["training"]["distilled_steps"]) == (3, 3)
    assert any("drawn are codes" in one for one in told["notes"])


@pytest.mark.parametrize(("settings", "generator"), [(300, "flow"), (96, "gan")])
def test_larger_ones_are_refused(settings, generator):
    columns = {**COLUMNS, "picture": {"modality": "image", "settings": {"size_px": settings}}}
    with pytest.raises(TargetError, match="not made so large"):
        plait.fit(
            rows(8, 0), target="picture", columns=columns, budget="1 step", generator=generator
        )
