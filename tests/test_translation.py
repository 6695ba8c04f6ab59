"""The README in Traditional Chinese is in step with the English one: headings, commands, tables and links."""

from __future__ import annotations

import re

import pytest

from projects import ROOT

ENGLISH, CHINESE = ((ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "README.zh-TW.md"))


def blocks(text: str) -> list[str]:
    return re.findall(r"^```.*?^```$", text, re.MULTILINE | re.DOTALL)


def usages(text: str) -> list[str]:
    return re.findall(r"^\| (`maskproof (?:[^|]|\\\|)*?) \| ", text, re.MULTILINE)


def prose(text: str) -> str:
    return re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)


def test_the_same_headings_in_the_same_order() -> None:
    levels = [re.findall(r"^(#+) ", prose(text), re.MULTILINE) for text in (ENGLISH, CHINESE)]
    assert levels[0] == levels[1]
    assert len(levels[0]) > 6


def test_the_same_commands_and_examples_letter_by_letter() -> None:
    assert blocks(CHINESE) == blocks(ENGLISH)
    assert usages(CHINESE) == usages(ENGLISH)
    assert len(usages(ENGLISH)) > 20


@pytest.mark.parametrize("pattern", [r"\]\(([^)]+)\)", r"^\| (\d+) \|", r"`(--[\w-]+)"])
def test_the_same_links_statuses_and_options(pattern: str) -> None:
    own = {"README.md", "README.zh-TW.md"}  # each leads to the other
    found = [set(re.findall(pattern, prose(text), re.MULTILINE)) - own for text in (ENGLISH, CHINESE)]
    assert found[0] == found[1]


def test_it_is_written_as_in_taiwan() -> None:
    words = (
        "软件",
        "軟件",
        "信息",
        "默認",
        "網絡",
        "圖像",
        "倉庫",
        "文檔",
        "代碼",
        "视频",
        "鼠標",
        "硬盤",
        "支持",
    )
    assert [word for word in words if word in CHINESE] == []
    assert not set("这们个为会对时说过开关图页标签检运") & set(CHINESE)
    assert len(re.findall(r"[\u4e00-\u9fff]", CHINESE)) > 1500
