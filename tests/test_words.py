"""Lists and pairs of one argument: names in quotes may hold anything."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plait.data.overrides import parse_overrides, read_columns_file
from plait.errors import SchemaError, UsageError
from plait.words import split_list, split_named, split_pair, split_pairs

NAMES = st.text(st.characters(blacklist_categories=["Cs"]), min_size=1).filter(
    lambda name: name.strip() == name
)


def quoted(name):
    return '"' + name.replace('"', '""') + '"'


@given(st.lists(st.tuples(NAMES, st.sampled_from(["text", "number", "ignore"])), min_size=1))
def test_any_name_is_reachable_in_quotes(pairs):
    text = ", ".join(f"{quoted(name)}={kind}" for name, kind in pairs)
    assert split_pairs(text) == pairs
    assert split_list(",".join(quoted(name) for name, _ in pairs)) == [name for name, _ in pairs]
    assert split_pair(f"{quoted(pairs[0][0])}=a=b") == (pairs[0][0], "a=b")
    assert split_named(quoted(pairs[0][0])) == [(pairs[0][0], None)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('"a,b"=text,c=ignore', {"a,b": "text", "c": "ignore"}),
        ("a=b=text", {"a=b": "text"}),
        (' my note = text ,5" pipe=number', {"my note": "text", '5" pipe': "number"}),
        ("\u00fcber=text,\u65e5\u672c=image", {"\u00fcber": "text", "\u65e5\u672c": "image"}),
        ('"say ""hi"""=text', {'say "hi"': "text"}),
        ("a{b=text", {"a{b": "text"}),
        (
            "p=number{decimal: ',', unit: 'a}b'},c=text",
            {"p": {"modality": "number", "settings": {"decimal": ",", "unit": "a}b"}}, "c": "text"},
        ),
    ],
)
def test_columns_are_said_in_one_argument(text, expected):
    assert parse_overrides(text) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a", "not given as name=modality"),
        ("=text", "not given as name=modality"),
        ('"a=text', "not given as name=modality"),
        ("a=number{unit: kg", "not given as name=modality"),
        ("a=number{unit}x", "settings of a column cannot be read"),
        ("a=number{[}", "settings of a column cannot be read"),
    ],
)
def test_what_cannot_be_told_apart_is_refused(text, message):
    with pytest.raises(UsageError, match=message):
        parse_overrides(text)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("c.csv", 'column,is\n"a, b",text\nprice,number\n'),
        ("c.csv", '"a, b",text\nprice,number\n'),
        ("c.json", '{"a, b": "text", "price": {"modality": "number"}}'),
        ("c.yaml", "a, b: text\nprice: {modality: number}\n"),
    ],
)
def test_columns_files(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    found = read_columns_file(tmp_path / name)
    kinds = {k: v if isinstance(v, str) else v["modality"] for k, v in found.items()}
    assert kinds == {"a, b": "text", "price": "number"}


@pytest.mark.parametrize(
    ("name", "text"),
    [("c.csv", "a,b,c\n"), ("c.csv", b"\xff,x\n"), ("c.yaml", "- a"), ("d.csv", 0)],
)
def test_columns_files_that_are_none_are_refused(tmp_path, name, text):
    if text:
        (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(SchemaError):
        read_columns_file(tmp_path / name)
