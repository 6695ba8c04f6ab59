"""Patterns of paths: what they mean, and that none of them is slow."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskproof.policy.patterns import matches


@pytest.mark.parametrize(
    ("pattern", "yes", "no"),
    [
        ("a.png", ["a.png", "x/a.png", "x/y/a.png"], ["ba.png", "a.pngx", "a.png/b"]),
        ("*.png", ["a.png", ".png", "x/a.png"], ["a.gif", "a.png/b.gif"]),
        ("x/*.png", ["x/a.png"], ["x/y/a.png", "y/x/a.png", "xa.png"]),
        ("/a.png", ["a.png"], ["x/a.png"]),
        ("x/**", ["x/a", "x/y/a"], ["x", "xa", "y/x/a"]),
        ("**", ["a", "x/a", "x/y/.a"], []),
        ("**/a", ["a", "x/a", "x/y/a"], ["ba", "x/ba"]),
        ("x/**/a", ["x/a", "x/y/a", "x/y/z/a"], ["xa", "x/ya"]),
        ("x/**.png", ["x/a.png", "x/y/a.png"], ["a.png"]),
        ("a?.png", ["ab.png", "x/a1.png"], ["a.png", "a/.png", "abc.png"]),
        ("[ab].png", ["[ab].png"], ["a.png"]),
        ("a.b(c)+$.png", ["a.b(c)+$.png"], ["aXb(c)+$.png"]),
        ("é*.png", ["é1.png"], ["e1.png"]),
        ("A.png", ["A.png"], ["a.png"]),
        ("", [""], ["a"]),
        ("a\nb/*", ["a\nb/c"], ["a"]),
        ("*", ["a", "x/a", "a\nb"], []),
    ],
)
def test_patterns(pattern, yes, no):
    for path in yes:
        assert matches([pattern], path), path
        assert matches(["other", pattern], path)
    for path in no:
        assert not matches([pattern], path), path


def fits(pattern: str, path: str) -> bool:
    """The meaning of a pattern, one character at a time (for short ones only: it tries everything)."""
    if pattern.startswith("**/") and (
        fits(pattern[3:], path) or any(fits(pattern[3:], path[at + 1 :]) for at, char in enumerate(path) if char == "/")
    ):
        return True
    if pattern.startswith("**"):
        rest = pattern[2:]
        return not pattern.startswith("**/") and any(fits(rest, path[at:]) for at in range(len(path) + 1))
    if pattern.startswith("*"):
        return any(fits(pattern[1:], path[at:]) for at in range(len(path) + 1) if "/" not in path[:at])
    if not pattern or not path:
        return pattern == path
    same = path[0] != "/" if pattern[0] == "?" else path[0] == pattern[0]
    if same and pattern[0] != "/" and pattern[1:4] == "**/":  # in the middle of a part, ** is not a part of its own
        return any(fits(pattern[3:], path[at:]) for at in range(1, len(path) + 1))
    return same and fits(pattern[1:], path[1:])


@given(st.text("ab/*?", min_size=1, max_size=8), st.text("ab/", max_size=9))
@settings(max_examples=400)
def test_patterns_mean_what_trying_everything_says(pattern, path):
    anchored = pattern.removeprefix("/") if "/" in pattern else f"**/{pattern}"
    assert matches([pattern], path) == fits(anchored, path)


@pytest.mark.threat("T31")
def test_no_pattern_is_slow_on_any_path():
    # Tried one way after the other, any of these would outlive the run.
    for pattern in ("**/" * 40 + "x", "**a" * 40 + "b", "*a" * 40 + "b", "**/*a" * 40 + "b", "x/" + "**" * 60 + "y"):
        for path in ("a/" * 300 + "a" * 300, "a" * 1000, "x/" + "a/" * 300):
            assert not matches([pattern], path)
