"""Speech to text beside a frozen encoder of sounds: its states, in time, are what is spelled."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

import plait
from plait.networks.config import SystemConfig
from plait.train.config import TrainConfig

pytest.importorskip("transformers")
sys.path.insert(0, str(Path(__file__).parent.parent / "backbones"))
sys.path.insert(0, str(Path(__file__).parent))

from beeping import LETTERS, beeps

TINY = SystemConfig(dim=32, depth=1, num_heads=2, join=0)
LONGEST = 4


def rows(num, seed=0):
    rng = np.random.default_rng(seed)
    words = ["".join(rng.choice(list(LETTERS), rng.integers(2, LONGEST + 1))) for _ in range(num)]
    return [{"sound": beeps(word), "word": word} for word in words]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    from tiny_checkpoints import save

    place = tmp_path_factory.mktemp("encoders") / "whisper"
    place.mkdir()
    save("whisper", place)
    return place


@pytest.fixture(scope="module")
def spelled(folder):
    table = plait.read(
        rows(200),
        columns={
            "sound": "audio",
            "word": {"modality": "text", "settings": {"most_answers": 0}},
        },
    )
    return plait.fit(
        table,
        target="word",
        budget="200 steps",
        size=TINY,
        encoders={"sound": str(folder)},
        train=TrainConfig(batch_size=16),
        seed=0,
        samples=False,
    )


def test_states_in_time_are_spelled(spelled):
    (name,) = spelled.input_columns["sound"]
    assert name == "sound~whisper" and spelled.codecs[name].lined
    assert spelled.summary()["shipped"] == "deep"
    unheard = rows(12, seed=1)
    said = spelled.predict([{"sound": one["sound"]} for one in unheard])["prediction"]
    right = sum(a == one["word"] for a, one in zip(said, unheard, strict=True))
    assert right >= 6, list(zip(said, [one["word"] for one in unheard], strict=True))


def test_a_sound_says_alone_what_it_says_in_company_and_after_a_save(spelled, tmp_path):
    some = [{"sound": one["sound"]} for one in rows(5, seed=2)]
    together = list(spelled.predict([*some, {"sound": None}])["prediction"])
    spelled.save(tmp_path / "said.plait")
    again = plait.load(tmp_path / "said.plait")
    assert [again.predict([one])["prediction"][0] for one in some] == together[:5]
    assert isinstance(together[5], str)


def test_a_line_is_asked_for_by_what_is_spelled_alone(folder):
    table = [{**one, "kind": "ab"[len(one["word"]) % 2]} for one in rows(60)]
    model = plait.fit(
        plait.read(table, columns={"sound": "audio", "word": "text", "kind": "category"}),
        target="kind", exclude=["word"], budget="2 steps", size=TINY, samples=False, seed=0,
        encoders={"sound": str(folder)}, baselines=("linear",),
    )  # fmt: skip
    codec = model.codecs["sound~whisper"]
    assert not codec.lined and codec.num_tokens == 9
