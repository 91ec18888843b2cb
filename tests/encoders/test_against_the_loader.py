"""What discovery calls usable is what the loader opens, and the other way round."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from plait.backbones import open_checkpoint
from plait.backbones.architectures import KNOWN, PAIRS
from plait.encoders import find_encoders
from plait.encoders.describing import FOR_VECTORS

pytest.importorskip("transformers")
sys.path.insert(0, str(Path(__file__).parent.parent / "backbones"))

from tiny_checkpoints import AUDIO, IMAGE, SERIES, TEXT, save


@pytest.mark.parametrize("architecture", sorted({*TEXT, *IMAGE, *AUDIO, *SERIES}))
def test_every_architecture_is_found_and_opens_for_what_it_is_said_to_encode(architecture, places):
    folder = places / "named" / architecture
    folder.mkdir()
    save(architecture, folder)
    (one,) = find_encoders()
    assert one.is_usable and one.modalities
    for modality in one.modalities:
        checkpoint = open_checkpoint(one.folder(), modality=modality)
        assert checkpoint.modality == modality


def test_what_is_made_for_vectors_is_known_to_the_loader():
    assert {*PAIRS, *(name for known in KNOWN.values() for name in known)} >= FOR_VECTORS
