"""What was read or decoded last, kept for whoever asks again, as far as there is room."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from threading import Lock
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Memo(Generic[Key, Value]):
    """Values by key; those asked for longest ago go first, the last one never. Threads may share it.

    Args:
        room: Bytes that are kept.
        count: Values that are kept, so that a run over many small ones takes no more memory the longer it is; None: as
            many as have room.
    """

    def __init__(self, room: int, count: int | None = None) -> None:
        self._room, self._count = room, count
        self._kept: OrderedDict[Key, tuple[Value, int]] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Key) -> Value | None:
        """What is kept by a key; None where nothing is."""
        with self._lock:
            if key not in self._kept:
                return None
            self._kept.move_to_end(key)
            return self._kept[key][0]

    def keep(self, key: Key, value: Value, size: int) -> Value:
        """Keep a value that takes so many bytes, and hand it on."""
        with self._lock:
            if key in self._kept:
                self._room += self._kept.pop(key)[1]
            self._room -= size
            self._kept[key] = (value, size)
            while self._is_full() and len(self._kept) > 1:
                self._room += self._kept.popitem(last=False)[1][1]
        return value

    def _is_full(self) -> bool:
        return self._room < 0 or (self._count is not None and len(self._kept) > self._count)
