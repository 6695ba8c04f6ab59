"""A spool: values that are put there one after the other and gone through as often as wanted, in a file without a name.

A run over thousands of pictures holds none of its reports: each is written down once it is there, and every format
reads them back one by one. The file has no name that another process could open it by, and the system takes it back
when this one ends, however it does. Few values never leave memory.
"""

from __future__ import annotations

import pickle
import weakref
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import eq
from tempfile import SpooledTemporaryFile
from typing import Any, TypeVar, overload

from maskproof.errors import UsageError

IN_MEMORY = 1_000_000
"""bytes that are held before there is a file: some hundred reports"""

Value = TypeVar("Value")


class Spool(Sequence[Value]):
    """Values in their order, each made anew when it is asked for; for one thread.

    Args:
        values: They are put there as they come, and not held.

    Raises:
        UsageError: the system has no room for the file.
    """

    def __init__(self, values: Iterable[Value]) -> None:
        self._file = SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 - lives as long as this does
        weakref.finalize(self, self._file.close)
        self._ends = array("Q", [0])
        for one in values:
            data = pickle.dumps(one, pickle.HIGHEST_PROTOCOL)
            try:
                self._file.write(data)
            except OSError as error:
                raise UsageError(
                    f"the reports of this run cannot be written down ({error.strerror})",
                    "Make room in the folder for temporary files, or name another one: TMPDIR.",
                ) from error
            self._ends.append(self._ends[-1] + len(data))

    def __len__(self) -> int:
        return len(self._ends) - 1

    @overload
    def __getitem__(self, at: int) -> Value: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Value]: ...
    def __getitem__(self, at: int | slice) -> Value | Sequence[Value]:
        if isinstance(at, slice):
            return [self._at(one) for one in range(*at.indices(len(self)))]
        return self._at(range(len(self))[at])

    def __iter__(self) -> Iterator[Value]:
        return map(self._at, range(len(self)))

    def __eq__(self, other: object) -> bool:
        """Are they the same values in the same order, held here or in memory?"""
        return isinstance(other, Sequence) and len(self) == len(other) and all(map(eq, self, other))

    __hash__ = None  # type: ignore[assignment]  # equal ones may be of other kinds, whose own hash is another

    def _at(self, number: int) -> Value:
        start, end = self._ends[number : number + 2]
        self._file.seek(start)
        value: Any = pickle.loads(self._file.read(end - start))  # noqa: S301 - what this very object wrote
        return value  # type: ignore[no-any-return]  # a value of the kind that was put there


class Left(Iterable[Value]):
    """What a function leaves of values, made anew each time that it is gone through.

    Args:
        values: All of them.
        without: Gives what is left of one; None: nothing.
    """

    def __init__(self, values: Iterable[Value], without: Callable[[Value], Value | None]) -> None:
        self._values, self._without = values, without

    def __iter__(self) -> Iterator[Value]:
        return (left for left in map(self._without, self._values) if left is not None)
