"""Pictures as a target: what columns tell is drawn, new, and shown beside what was learned from."""

from __future__ import annotations

import io
from html import unescape

import numpy as np
import pytest
from PIL import Image

import plait
from plait.cli import run
from plait.errors import TargetError, UsageError
from plait.fitting.choice.generated_choice import Generated, choose_generated
from plait.modalities import Asked
from plait.modalities.image.codec import ImageCodec
from plait.model.judges import PairJudge
from plait.model.made import MADE
from plait.networks.config import SystemConfig

NUM, SIDE = 120, 8
TINY = SystemConfig(dim=32, depth=1, num_heads=2, join=0, drop_column=0.1)


def rows(num, seed):
    """A dark square at the place that is named, as dark as is told, on a ground of any shade."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(num):
        place, dark = str(rng.choice(["left", "right"])), float(rng.uniform(0, 1))
        pixels = np.full((SIDE, SIDE), rng.integers(190, 256), np.uint8)
        start = 0 if place == "left" else 4
        pixels[2:6, start : start + 4] = round(130 * (1 - dark))
        found.append({"place": place, "dark": dark, "picture": png(pixels)})
    return found


def png(pixels):
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def pixels_of(answer):
    return np.stack(
        [
            np.asarray(Image.open(io.BytesIO(one.content)).convert("L"), np.float64)
            for one in answer.columns["prediction"]
        ]
    )


@pytest.fixture(scope="module")
def model():
    table = rows(NUM, 0)
    for row in range(3, NUM, 11):
        table[row] = {**table[row], "dark": None}
    return plait.fit(
        table, target="picture", budget="320 steps", size=TINY, seed=1, progress=False,
        columns={"place": "category", "dark": "number",
                 "picture": {"modality": "image", "settings": {"size_px": SIDE}}},
    )  # fmt: skip


def test_what_the_columns_tell_is_drawn(model):
    asked = [{"place": place, "dark": 0.9} for place in ("left", "right")] * 10
    made = pixels_of(model.predict(asked, temperature=1.0, seed=3))
    left, right = made[:, 2:6, :4].mean((1, 2)), made[:, 2:6, 4:].mean((1, 2))
    assert (left[::2] + 60 < right[::2]).all() and (right[1::2] + 60 < left[1::2]).all()
    pale = pixels_of(model.predict([{"place": "left", "dark": 0.05}] * 10, temperature=1.0))
    assert pale[:, 2:6, :4].mean() > left[::2].mean() + 30


def test_two_steps_are_the_maps_and_draw_what_the_columns_tell(model):
    assert model.records["metrics"]["training"]["distilled_steps"] == 96
    asked = [{"place": place, "dark": 0.9} for place in ("left", "right")] * 10
    prepared = model.prepare(model.as_table(asked))
    learned = model.generator.drawer._network.head("picture").distilled.learned

    def drawn(steps):
        made = model.generator.values(prepared, np.arange(20), Asked(steps=steps, apart=True))
        return np.stack([one["pixels"][..., 0] for one in made]).astype(np.float64)

    many, by_map = drawn(24), drawn(2)
    paler = by_map[:, 2:6, 4:].mean((1, 2)) - by_map[:, 2:6, :4].mean((1, 2))
    assert paler[::2].mean() > 40 and paler[1::2].mean() < -40
    learned.zero_()
    by_flow, as_before = drawn(2), drawn(24)
    learned.fill_(1.0)
    assert not np.array_equal(by_map, by_flow) and np.array_equal(many, as_before)


@pytest.fixture(scope="module")
def adversary():
    return plait.fit(
        rows(NUM, 0), target="picture", budget="300 steps", size=TINY, seed=1, progress=False,
        generator="gan", columns={"place": "category", "dark": "number",
        "picture": {"modality": "image", "settings": {"size_px": SIDE}}},
    )  # fmt: skip


def test_a_critic_teaches_to_draw_what_the_columns_tell_in_one_step(adversary, tmp_path):
    assert adversary.generator.target.generator == "gan"
    asked = [{"place": place, "dark": 0.9} for place in ("left", "right")] * 10
    made = pixels_of(adversary.predict(asked, temperature=1.0, seed=3))
    left, right = made[:, 2:6, :4].mean((1, 2)), made[:, 2:6, 4:].mean((1, 2))
    assert (left[::2] < right[::2]).mean() > 0.8 and (right[1::2] < left[1::2]).mean() > 0.8
    path = adversary.save(tmp_path / "gan.plait")
    again = pixels_of(plait.load(path).predict(asked, temperature=1.0, seed=3))
    assert np.array_equal(made, again)
    with pytest.raises(TargetError, match="heeds no steps"):
        plait.generate(path, place="left", steps=4)
    page = unescape(plait.report(path, tmp_path / "r.html").read_text())
    assert "'generator': 'gan'" in page


def test_beside_another_target_few_steps_are_learned_too():
    model = plait.fit(
        rows(60, 0), target="picture,place", budget="10 steps", size=TINY, seed=1, progress=False,
        columns={"place": "category", "dark": "number",
                 "picture": {"modality": "image", "settings": {"size_px": SIDE}}},
    )["picture"]  # fmt: skip
    told = model.records["metrics"]["training"]
    assert (told["steps"], told["distilled_steps"]) == (7, 3)


@pytest.mark.parametrize(
    ("settings", "match"),
    [
        ({"generator": "magic"}, "no target is made by 'magic'"),
        ({"generator": "gan", "target": "place"}, "no target is made by 'gan'"),
        ({"generator": 3}, "'generator' is of the wrong kind"),
    ],
)
def test_a_generator_that_the_target_does_not_have_is_refused(settings, match):
    with pytest.raises(UsageError, match=match):
        plait.fit(rows(20, 0), **{"target": "picture", "budget": "1 step", **settings})


def test_seeds_draw_others_and_one_seed_the_same(model):
    asked = [{"place": "left", "dark": 0.5}]
    first, again, other = (
        pixels_of(model.predict(asked, temperature=1.0, seed=seed)) for seed in (1, 1, 2)
    )
    assert np.array_equal(first, again) and not np.array_equal(first, other)


def test_the_network_ships_though_copies_are_better_and_the_report_shows_them(model):
    told = model.records["metrics"]
    assert told["shipped"] == "deep"
    scores = {one["name"]: one["metrics"] for one in told["candidates"]}
    assert scores["deep"]["recall"] > 0.2 and scores["typical"]["recall"] < 0.1
    assert set(told["words"]) == set(scores["deep"])
    assert "Copied or new" in told["panel"] and "data:image/png" in told["panel"]


def test_made_pictures_are_marked_where_they_are_large_enough(model, tmp_path, capsys):
    path = model.save(tmp_path / "squares.plait")
    out = tmp_path / "made.png"
    done = plait.generate(path, place="left", n=6, out=out, watermark=True)
    assert done["watermark"]["psnr"] >= 33 and done["watermark"]["ssim"] > 0.8
    told = plait.whence(out)
    assert told["found"] and told["unaltered"] and told["watermark"]["found"]
    copy, key = tmp_path / "copy.jpg", tmp_path / "my.key"
    Image.open(out).crop((0, 9, 200, 150)).save(copy, quality=75)
    assert not plait.whence(copy)["found"] and plait.whence(copy)["watermark"]["found"]
    assert run(["whence", str(copy)]) == 0
    assert "watermark  found" in capsys.readouterr().out
    key.write_bytes(bytes(range(32)))
    assert not plait.whence(copy, watermark_key=key)["watermark"]["found"]
    told = ["generate", str(path), "--class", "left", "--n", "4", "--out", str(out), "--force"]
    assert run([*told, "--watermark-key", str(key), "--quiet"]) == 0
    assert " dB, SSIM " in capsys.readouterr().out
    assert plait.whence(out, watermark_key=key)["watermark"]["found"]
    assert not plait.whence(out)["watermark"]["found"]
    assert not plait.generate(path, n=6, out=out, force=True).get("watermark")
    assert not plait.whence(out)["watermark"]["found"], "none where none is asked for"


def test_what_carries_no_watermark_is_not_written(model, tmp_path):
    out = tmp_path / "made.png"
    with pytest.raises(UsageError, match="too small for a watermark"):
        plait.generate(model, place="left", out=out, watermark=True)
    with pytest.raises(UsageError, match="goes into pictures"):
        plait.generate(model, place="left", out=tmp_path / "made.csv", watermark=True)
    with pytest.raises(UsageError, match="no place"):
        plait.generate(model, place="left", watermark=True)
    assert not list(tmp_path.iterdir())


def candidates(**kinds):
    """Return candidates that made true pictures of other rows, or one picture again and again."""
    rng = np.random.default_rng(0)
    some = np.empty(80, object)
    some[:] = [
        np.asarray(Image.open(io.BytesIO(one["picture"])).convert("RGB")) for one in rows(80, 5)
    ]
    outputs = {}
    for name, kind in kinds.items():
        outputs[name] = np.zeros(40, MADE)
        outputs[name]["raw"] = some[rng.permutation(40) + 40 if kind == "others" else [41] * 40]
    return Generated(np.arange(40), some[:40], outputs)


def test_what_collapsed_is_refused_and_a_copy_ships_in_its_place():
    judge, groups = PairJudge(ImageCodec(size_px=SIDE)), np.arange(40)
    best, notes = choose_generated(judge, candidates(nearest="others", deep="one"), groups)
    assert best == "nearest" and "the network is refused" in notes[0] and "recall" in notes[0]
    best, notes = choose_generated(judge, candidates(nearest="others", deep="others"), groups)
    assert best == "deep" and not any("refused" in one for one in notes)


def test_where_all_that_was_learned_collapsed_the_fit_ends_with_what_to_do():
    judge = PairJudge(ImageCodec(size_px=SIDE))
    with pytest.raises(TargetError, match="worth shipping"):
        choose_generated(judge, candidates(deep="one"), np.arange(40))
    assert choose_generated(judge, candidates(deep="one", typical="one"), np.arange(40))[0] == (
        "typical"
    )
