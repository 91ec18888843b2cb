"""The modality of docs/modality.md, put into an empty folder, passes the whole contract suite."""

import re
from pathlib import Path

import pytest

import plait
from plait.modalities import _scan, find_codec, modalities
from plait.testing import CODEC_CHECKS, NETWORK_CHECKS, VERB_CHECKS

PAGE = Path(__file__).parents[2] / "docs" / "modality.md"


@pytest.fixture(scope="module")
def colour(tmp_path_factory):
    folder = tmp_path_factory.mktemp("modalities")
    page = PAGE.read_text(encoding="utf8")
    for name, code in re.findall(r"`(colour/\w+\.py)`\n\n```python\n(.*?)```", page, re.S):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(code)
    plait.register_folder(folder)
    yield "colour"
    _scan._extra_folders.remove(folder.resolve())
    modalities.cache_clear()


@pytest.mark.parametrize(
    "check", [*CODEC_CHECKS, *NETWORK_CHECKS, *VERB_CHECKS], ids=lambda check: check.__name__
)
def test_toy_modality(colour, check):
    assert find_codec("colour").modality == "colour"
    check("colour")


def test_an_incomplete_modality_is_named(tmp_path):
    (tmp_path / "half").mkdir()
    (tmp_path / "half" / "codec.py").write_text(
        "from dataclasses import dataclass\n@dataclass(frozen=True)\nclass HalfCodec:\n"
        "    modality = 'half'\n"
    )
    plait.register_folder(tmp_path)
    try:
        with pytest.raises(plait.errors.SchemaError, match="HalfCodec is incomplete") as caught:
            modalities()
        assert "prepare" in str(caught.value) and "half" in str(caught.value.path)
    finally:
        _scan._extra_folders.remove(tmp_path.resolve())
        modalities.cache_clear()
