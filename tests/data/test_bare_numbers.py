"""Modalities that are never bare numbers say so, and are then not asked about columns of them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plait.data.inference import _is_bare_number, detect_all
from plait.modalities import modalities
from plait.types import ColumnSample

NEVER = sorted(n for n, codec in modalities().items() if not getattr(codec, "bare_numbers", True))
NUMBERS = st.one_of(
    st.integers(0, 3),
    st.integers(-(10**12), 10**12),
    st.integers(20_000_101, 20_251_231),
    st.floats(allow_nan=False, allow_infinity=False, width=32),
)
WRITTEN = st.one_of(NUMBERS, NUMBERS.map(str), NUMBERS.map(lambda n: f" {n} "))
NAMES = st.sampled_from(["x", "date", "smiles", "note", "tags", "image", "vector", "zip"])


def test_the_numbers_dates_and_categories_are_asked():
    assert set(modalities()) - set(NEVER) == {"number", "date", "category"}


@settings(max_examples=60, deadline=None)
@given(st.lists(WRITTEN, min_size=1, max_size=40), NAMES, st.booleans())
def test_the_others_never_see_themselves_in_bare_numbers(values, name, typed):
    sample = ColumnSample(name, values, 10 * len(values), len(set(map(str, values))), typed)
    assert all(map(_is_bare_number, values))
    for modality in NEVER:
        assert modalities()[modality]().detect(sample) == 0.0
    assert {modality for modality, _ in detect_all(sample)}.isdisjoint(NEVER)


@pytest.mark.parametrize("cell", ["1,5", "3 kg", "<30", "a", "", "1.2.3", "१", True, None, [1.0]])
def test_what_is_no_bare_number(cell):
    assert not _is_bare_number(cell)
