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


def rows(num):
    rng = np.random.default_rng(0)
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
        budget="250 steps",
        size=TINY,
        encoders={"sound": str(folder)},
        train=TrainConfig(batch_size=16),
        seed=0,
        samples=False,
    )


def test_states_in_time_are_spelled(spelled):
    (name,) = spelled.input_columns["sound"]
    assert name == "sound~whisper" and spelled.codecs[name].lined
    told = spelled.records["metrics"]["baselines"]
    print(told, spelled.records["metrics"]["shipped"])
    assert spelled.summary()["shipped"] == "deep"
