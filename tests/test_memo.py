"""What is kept is bounded by bytes and by number, and the last value is always kept."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from maskproof.memo import Memo

ASKED = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 60)), max_size=60)


@given(asked=ASKED, room=st.integers(0, 200), count=st.one_of(st.none(), st.integers(1, 6)))
def test_it_keeps_the_last_that_have_room(asked: list[tuple[int, int]], room: int, count: int | None) -> None:
    memo: Memo[int, int] = Memo(room, count)
    plain: list[tuple[int, int]] = []
    for key, size in asked:
        known = memo.get(key)
        held = dict(plain)
        assert known == held.get(key)
        plain = [one for one in plain if one[0] != key]
        if known is None:
            known = memo.keep(key, size, size)
        plain.append((key, known))
        while len(plain) > 1 and (sum(one for _, one in plain) > room or (count is not None and len(plain) > count)):
            plain.pop(0)
    assert {key: memo.get(key) for key in range(10)} == {key: dict(plain).get(key) for key in range(10)}
