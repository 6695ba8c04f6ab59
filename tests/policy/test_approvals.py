"""`[approvals]`: the stricter of two answers, key by key, and mistakes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskproof import policy
from maskproof.errors import PolicyError
from maskproof.policy.approvals import AUTHORITIES, Approvals

ANY = st.builds(
    Approvals,
    authority=st.sampled_from(AUTHORITIES),
    signed=st.booleans(),
    required=st.integers(0, 3),
    kinds=st.dictionaries(st.sampled_from(["brand", "text", "outside-mask"]), st.integers(0, 3), max_size=2),
)
RULES = ("brand", "text", "outside-mask", "unrecorded")


@given(ANY, ANY)
def test_the_stricter_holds_whichever_comes_first(one: Approvals, other: Approvals) -> None:
    both = one.tightened(other)
    assert both == other.tightened(one)
    for rule in RULES:
        assert both.needed(rule) == max(one.needed(rule), other.needed(rule))
    assert not list(both.tighter(one))
    assert both.signed == (one.signed or other.signed)


@given(ANY, ANY)
def test_what_is_stricter_is_named(one: Approvals, other: Approvals) -> None:
    stricter = one.tightened(other)
    more = any(stricter.needed(rule) > one.needed(rule) for rule in RULES)
    assert bool(list(one.tighter(other))) == (
        more or (stricter.authority, stricter.signed) != (one.authority, one.signed)
    )


def test_a_kind_that_only_follows_the_others_is_not_named_beside_them() -> None:
    two = Approvals(required=2, kinds={"brand": 2})
    assert list(Approvals().tighter(two)) == ["approvals.required"]
    assert list(Approvals().tighter(Approvals(kinds={"brand": 2}))) == ["approvals.kinds.brand"]
    assert list(Approvals(kinds={"brand": 1}).tighter(two)) == ["approvals.required", "approvals.kinds.brand"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("required = 10", "0 to 9"),
        ("required = -1", "0 to 9"),
        ('authority = "nobody"', "codeowners"),
        ("signd = true", "did you mean 'signed'"),
        ("kinds = {brnd = 1}", "did you mean 'brand'"),
    ],
)
def test_a_mistake_is_refused(text: str, said: str) -> None:
    with pytest.raises(PolicyError, match=said):
        policy.parse(f"version = 1\n[approvals]\n{text}\n".encode(), "maskproof.toml", lambda _: None)
