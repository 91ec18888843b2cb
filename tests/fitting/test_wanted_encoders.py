"""What is said of encoders: by default by the budget; for all columns, a modality or a column."""

from __future__ import annotations

import pytest

from plait.errors import UsageError
from plait.fitting.setup.wanted_encoders import WantedEncoders
from plait.train.budget import Budget


def wanted(encoders=None, budget="2m", **settings):
    return WantedEncoders.of(encoders, Budget.parse(budget), **settings)


@pytest.mark.parametrize(
    ("budget", "looks"),
    [("60s", True), ("1h", True), ("59s", False), ("5000 steps", False), ("100 epochs", False)],
)
def test_the_default_looks_from_a_minute_on(budget, looks):
    assert wanted(budget=budget).looks is looks
    assert not wanted(budget=budget).asked


def test_simple_fits_look_only_when_asked():
    assert not wanted(simple=True).looks
    assert wanted("auto", simple=True).looks


def test_what_is_asked_for_holds_in_every_budget():
    assert wanted("auto", "3 steps").looks and wanted("auto", "3 steps").asked
    assert not wanted("none").looks and wanted("none").told() == "none"


def test_a_folder_alone_looks_for_no_others():
    one = wanted({"text": "./minilm"})
    assert one.named == {"text": "./minilm"} and not one.looks and one.some
    assert not one.finds("photo", "image")


def test_a_columns_word_wins_over_its_modalitys_and_that_over_all():
    one = wanted({"*": "auto", "image": "none", "photo": "auto", "text": "./minilm"})
    assert one.finds("sound", "audio") and one.finds("photo", "image")
    assert not one.finds("scan", "image") and not one.finds("note", "text")
    assert wanted({"note": "auto"}).finds("note", "text")
    assert not wanted({"note": "auto"}).finds("title", "text")


@pytest.mark.parametrize("said", ["./minilm", "AUTO", ""])
def test_a_word_that_names_no_column_is_refused(said):
    with pytest.raises(UsageError, match="for no modality or column") as caught:
        wanted(said)
    assert caught.value.received == said


def test_a_folder_for_all_columns_is_refused():
    with pytest.raises(UsageError, match="named for all columns"):
        wanted({"*": "./minilm"})


def test_words_for_no_input_are_refused():
    wanted({"*": "auto", "text": "none", "note": "auto"}).check({"note": "text"})
    with pytest.raises(UsageError, match="that is no input") as caught:
        wanted({"image": "none"}).check({"note": "text"})
    assert caught.value.received == "image" and caught.value.expected == "one of note, table, text"


def test_what_is_told_names_no_place():
    one = wanted({"*": "auto", "text": "/home/me/minilm", "image": "none"})
    assert one.told() == "auto, image=none, text=minilm"
    assert one.told(whole=True) == "auto, image=none, text=/home/me/minilm"
    assert wanted(budget="5s").told() == ""
