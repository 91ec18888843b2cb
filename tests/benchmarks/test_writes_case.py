"""The benchmark of written texts: stories are cut, functions taken apart, weights read."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from benchmarks.data.fillets import PAIR
from benchmarks.data.functions import described, parses
from benchmarks.data.stories import TOLD, cut, plain
from benchmarks.data.whisper import variables
from benchmarks.peers.symbol_counts import ngram_nats

SOURCE = '''
def one(x: int) -> int:
    """Return one more."""
    # why
    if x:
        return x + 1
    return 1


def bare(x):
    return x
'''


def test_a_function_is_cut_behind_its_description():
    ((asked, body),) = described(SOURCE)
    assert asked == 'def one(x: int) -> int:\n    """Return one more."""'
    assert body == "if x:\n    return x + 1\nreturn 1"
    assert parses(asked, body) and not parses(asked, "return (")


def test_stories_are_found_and_cut_behind_their_first_sentence():
    told = TOLD.findall('story= _ "He said ""no"". <i>Then</i>\nhe left." x=1\nname= _ "Nobody"')
    assert [plain(one) for one in told] == ['He said "no". Then he left.']
    assert cut("It rained. Nobody came. Why?") == ("It rained.", "Nobody came. Why?")
    assert cut("It rained") == ("It rained", "")


def test_what_is_said_is_found_in_both_languages():
    script = 'dialogId("a-1", "font", "Hi \\"you\\"")\ndialogStr("Dag!")\n'
    assert PAIR.findall(script) == [("a-1", 'Hi \\"you\\"', "Dag!")]


def test_weights_of_ctranslate2_are_read_by_name():
    def text(name):
        return struct.pack("<H", len(name) + 1) + name.encode() + b"\0"

    half, whole = np.array([[1, 2]], np.float16), np.array([3], np.int8)
    data = struct.pack("<I", 6) + text("WhisperSpec") + struct.pack("<II", 3, 2)
    data += text("a/weight") + struct.pack("<BIIBI", 2, 1, 2, 4, 4) + half.tobytes()
    data += text("b") + struct.pack("<BIBI", 1, 1, 1, 1) + whole.tobytes()
    found = variables(data)
    assert list(found) == ["a/weight"] and found["a/weight"].tolist() == [[1.0, 2.0]]
    with pytest.raises(ValueError, match="version 6"):
        variables(struct.pack("<I", 5))


def test_a_longer_memory_tells_a_long_pattern_better():
    line = np.array([1, 1, 1, 2] * 60)
    assert ngram_nats([line], [line], order=7) < 0.5 * ngram_nats([line], [line], order=2)
