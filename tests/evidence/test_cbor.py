"""CBOR as C2PA uses it: the examples of RFC 8949, whatever the library writes, and bytes that nobody meant well."""

from __future__ import annotations

import math

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskproof.evidence.cbor import MAX_CBOR, MAX_DEPTH, decode
from maskproof.evidence.jumbf import MalformedError

EXAMPLES = [
    ("00", 0),
    ("17", 23),
    ("1818", 24),
    ("1903e8", 1000),
    ("1bffffffffffffffff", 2**64 - 1),
    ("3bffffffffffffffff", -(2**64)),
    ("3903e7", -1000),
    ("f90000", 0.0),
    ("f93e00", 1.5),
    ("fa47c35000", 100000.0),
    ("fb7e37e43c8800759c", 1.0e300),
    ("f97c00", math.inf),
    ("f4", False),
    ("f5", True),
    ("f6", None),
    ("f7", None),
    ("f0", None),
    ("f8ff", None),
    ("c074323031332d30332d32315432303a30343a30305a", "2013-03-21T20:04:00Z"),
    ("c11a514b67b0", 1363896240),
    ("d74401020304", b"\1\2\3\4"),
    ("4401020304", b"\1\2\3\4"),
    ("62c3bc", "ü"),
    ("83010203", [1, 2, 3]),
    ("a26161016162820203", {"a": 1, "b": [2, 3]}),
    ("5f42010243030405ff", b"\1\2\3\4\5"),
    ("7f657374726561646d696e67ff", "streaming"),
    ("9fff", []),
    ("9f018202039f0405ffff", [1, [2, 3], [4, 5]]),
    ("bf61610161629f0203ffff", {"a": 1, "b": [2, 3]}),
]
"""of appendix A, with what is made of each here: a tag's bare value, and nothing of words that nobody defined"""


@pytest.mark.parametrize(("written", "value"), EXAMPLES)
def test_the_examples_of_the_standard(written, value):
    found = decode(bytes.fromhex(written))
    assert (found, type(found)) == (value, type(value))


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**64), 2**64 - 1) | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=30,
)


@given(VALUES, st.booleans())
def test_it_reads_what_the_library_writes(value, endless):
    assert decode(cbor2.dumps(value, indefinite_containers=endless)) == value


@given(VALUES)
def test_every_shorter_piece_is_broken(value):
    whole = cbor2.dumps(value)
    for length in {0, 1, len(whole) // 2, len(whole) - 1} - {len(whole)}:
        with pytest.raises(MalformedError):
            decode(whole[:length])


@given(st.binary(max_size=40))
def test_any_bytes_are_read_or_refused(data):
    try:
        decode(data)
    except MalformedError:
        return


def test_entries_without_a_name_are_left_out():
    assert decode(cbor2.dumps({1: "one", "a": 2, (1, 2): 3})) == {"a": 2}


@pytest.mark.parametrize(
    "written",
    [
        "",
        "ff",
        "1c",
        "5f6161ff",  # a text among the pieces of a byte string
        "5f5f4101ffff",  # a piece without a length
        "bf6161ff",  # a key without its value
        "df00ff",  # a tag without a number
        "3f",
        "61ff",  # no UTF-8
        "0000",  # two items
        "9b7fffffffffffffff",
        "5b7fffffffffffffff00",
        "f9",
        "f97c",
    ],
)
def test_what_is_no_item_is_said(written):
    with pytest.raises(MalformedError, match="CBOR is broken"):
        decode(bytes.fromhex(written))


def test_depth_and_length_are_bounded():
    assert decode(b"\x81" * (MAX_DEPTH - 1) + b"\0")
    for opened in (b"\x81", b"\x9f", b"\xa1\x60", b"\xc0"):
        with pytest.raises(MalformedError):
            decode(opened * 100_000 + b"\0")
    with pytest.raises(MalformedError, match="more than 1 MB"):
        decode(bytes(MAX_CBOR + 1))
    with pytest.raises(MalformedError, match="more than 1 MB"):
        decode(b"\x82\0\0", room=2)
