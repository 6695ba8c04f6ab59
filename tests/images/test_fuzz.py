"""A short run of the fuzzer, by fixed seeds; `python tests/bench/fuzz.py` runs as long as wanted."""

from __future__ import annotations

import pytest

from bench import fuzz

ROUNDS = 300


@pytest.mark.parametrize("reader", fuzz.READERS)
@pytest.mark.threat("T26")
def test_damaged_files_are_read_or_refused_and_nothing_else(reader):
    found = fuzz.run(1, rounds=ROUNDS, only=reader)
    assert [(name, said) for name, said, _ in found.wrong] == []
    assert found.refused[reader] > ROUNDS // 10
    assert found.refused[reader] < ROUNDS or reader == "walk"
