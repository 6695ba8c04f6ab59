"""Tasks side by side: in order, as much at once as there is room for, and what fails is told in its turn."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskproof.parallel import side_by_side

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOM = 10


@given(st.lists(st.integers(0, 15), max_size=30), st.integers(1, 4))
def test_outcomes_come_in_order_and_never_more_is_in_work_than_there_is_room_for(
    weights: list[int], threads: int
) -> None:
    lock, working, most = threading.Lock(), list[int](), [0]

    def work(weight: int) -> int:
        with lock:
            working.append(weight)
            most[0] = max(most[0], sum(working) if len(working) > 1 else 0)
            assert len(working) <= threads
        with lock:
            working.remove(weight)
        return weight

    assert list(side_by_side(work, iter(weights), lambda weight: weight, threads, ROOM)) == weights
    assert most[0] <= ROOM


def test_two_are_worked_on_at_once() -> None:
    met = threading.Barrier(2, timeout=60)

    def work(task: int) -> int:
        met.wait()
        return task

    assert list(side_by_side(work, [1, 2], lambda _: 1, 2, ROOM)) == [1, 2]


def test_tasks_are_asked_for_as_they_are_needed() -> None:
    """Ten thousand images of a tree are never all held."""
    made: list[int] = []

    def tasks() -> Iterator[int]:
        for number in range(100):
            made.append(number)
            yield number

    found = side_by_side(lambda task: task, tasks(), lambda _: 1, 2, ROOM)
    assert next(found) == 0
    assert len(made) < 10


def test_what_fails_is_raised_in_its_turn() -> None:
    def work(task: int) -> int:
        if task == 2:
            raise ValueError(task)
        return task

    found = side_by_side(work, [0, 1, 2, 3], lambda _: 1, 2, ROOM)
    assert [next(found), next(found)] == [0, 1]
    with pytest.raises(ValueError, match="2"):
        next(found)
