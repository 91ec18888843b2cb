"""The benchmark of Dutch speech: texts of scripts, and errors counted without case and marks."""

from __future__ import annotations

import pytest
from benchmarks.cases.fillets import rate
from benchmarks.data.fillets import ENTRY


def test_texts_of_a_script_are_found_by_their_sounds():
    script = 'dialogId("a-1", "font", "Hi \\"you\\"")\ndialogStr("Dag \\"jij\\"!")\n\n\n'
    script += 'dialogId("b", "font", "Bye")\ndialogStr("Tot ziens")\n'
    assert ENTRY.findall(script) == [("a-1", 'Dag \\"jij\\"!'), ("b", "Tot ziens")]


def test_case_and_marks_are_no_errors():
    true = ["Dat is 't wrak, van de LC-10!", "Ja."]
    assert rate("wer", ["dat is t wrak van de lc 10", "ja"], true) == 0
    assert rate("wer", ["dat is het wrak van de lc 10", "nee"], true) == pytest.approx(2 / 9)
    assert rate("cer", ["dat is t wrak van de lc 10", "jas"], true) == pytest.approx(1 / 28)
