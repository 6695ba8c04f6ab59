"""CODEOWNERS: a table of what the platforms document, and the law that every copy has to name an owner."""

from __future__ import annotations

import pytest

from maskproof.policy.owners import PLACES, owners_of

FILE = ".maskproof/approvals/spring-png-1.json"
COVERING = [
    "/.maskproof/approvals/ @a",
    "/.maskproof/approvals @a",
    "/.maskproof/ @a",
    ".maskproof/ @a",
    "* @a",
    "*.json @a",
    "/.maskproof/**/*.json @a",
    ".maskproof/approvals/* @a",
    "/.maskproof/approvals/ @acme/design ana@example.com # who decides",
    "# all of it\n\n* @a\n*.png @b\n",
    "/.maskproof/ @a\n/.maskproof/baseline.json\n",
    "/.maskproof/ @a\n/.maskproof/approvals/ an owner without a sign\n",
    "[Design]\n/.maskproof/ @a\n",
    "[Design][2] @a\n/.maskproof/\n",
    "[Design]\n/.maskproof/ @a\n^[Docs]\n*.md @b\n",
]
LEAVING_OUT = [
    "",
    "# /.maskproof/ @a",
    "*.png @a",
    "/.maskproof/approvals/",
    "* @a\n/.maskproof/approvals/\n",
    "* @a\n*.json # nobody\n",
    "maskproof/ @a",
    "/approvals/ @a",
    ".maskproof/* @a",
    "/.maskproof/approvals/x.json @a",
    "^[Design]\n/.maskproof/ @a\n",
    "[Design]\n/.maskproof/ @a\n!/.maskproof/approvals/\n",
    "/.maskproof/ design team",
]


@pytest.mark.parametrize("text", COVERING)
@pytest.mark.parametrize("place", PLACES)
def test_a_file_has_owners(text: str, place: str) -> None:
    assert owners_of({place: text.encode()}.get, FILE)


@pytest.mark.parametrize("text", LEAVING_OUT)
def test_a_file_has_none(text: str) -> None:
    assert owners_of({"CODEOWNERS": text.encode()}.get, FILE) == ()


def test_the_last_line_that_matches_names_them() -> None:
    assert owners_of({"CODEOWNERS": b"* @a\n/.maskproof/ @b @c\n*.md @d\n"}.get, FILE) == ("@b", "@c")


def test_one_copy_that_names_nobody_is_enough_to_have_none() -> None:
    copies = {"CODEOWNERS": b"* @a\n", ".github/CODEOWNERS": b"*.md @a\n"}
    assert owners_of(copies.get, FILE) == ()


def test_without_a_copy_there_is_none() -> None:
    assert owners_of({}.get, FILE) == ()
