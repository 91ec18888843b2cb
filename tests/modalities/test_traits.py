"""What modalities are good for, and what follows from it."""

import pytest

from plait.modalities import modalities, traits_of, traits_of_modality


@pytest.mark.parametrize(
    ("trait", "names"),
    [
        ("amount", {"date", "number"}),
        ("moment", {"date"}),
        ("labels", {"categories", "category"}),
        ("words", {"text"}),
        ("light", {"series", "text"}),
        ("shared", {"audio", "image", "video"}),
        ("whole", {"vector"}),
        ("decimals", {"number"}),
    ],
)
def test_who_has_a_trait(trait, names):
    assert {n for n, codec in modalities().items() if getattr(traits_of(codec), trait)} == names


def test_a_column_of_no_modality_and_a_codec_that_says_nothing_have_none():
    assert traits_of_modality(None) == traits_of(object())
    assert not any(vars(traits_of(object())).values())
