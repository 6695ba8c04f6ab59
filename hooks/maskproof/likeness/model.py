"""What a look-up among the tracked pictures answers with; a hint for a person, never a proof."""

from __future__ import annotations

from msgspec import Struct


class Likeness(Struct, frozen=True):
    """How alike a tracked picture is to the one that was asked about; a hint, never a proof."""

    oid: str
    """blob id"""
    paths: tuple[str, ...]
    """where that blob lies or lay, sorted"""
    distance: int
    """bits that differ, scaled to 256; 0 the same dHash, 128 no more alike than chance"""
    bits: int
    """bits that were compared: flat places and what a crop cut off tell nothing"""
    how: str
    """`whole`, or `cropped` where a part of the tracked picture fits better than all of it"""
    kept: float
    """share of the tracked picture's area that the other one shows; 1 where `whole`"""
    alike: bool
    """under the limit, which is lower the fewer bits were compared, and the edges agree where they were looked at"""
    turn: int = 0
    """how the other one has to be laid to look like it: quarter turns to the left, and 4 more to be mirrored first"""
    near: bool = False
    """is the hash near enough to ask the edges?"""
    doubt: float = 0.0
    """how much more the edges have to agree, 0 to 1"""
    place: int = 0
    """which crop of the tracked picture it is, as `hashes.shown` takes it; 0 the whole"""


class Matches(Struct, frozen=True):
    """The tracked pictures that are most like one file."""

    path: str
    """the file, as it was named"""
    nearest: tuple[Likeness, ...]
    """nearest first; those that are not alike as well"""
    same: tuple[str, ...] = ()
    """other paths that are tracked with exactly the same content"""
    tree: frozenset[str] = frozenset()
    """blob ids among `nearest` that lie in the tree; the others lie in history only"""
    looked_at: int = 0
    """tracked pictures that were compared"""
    unhashed: tuple[tuple[str, str], ...] = ()
    """paths that cannot be compared, each with the reason"""
    next_step: str = ""
    """what to do with the best of them; a command"""
    notes: tuple[str, ...] = ()
    """what a reader should know about the index"""
    copies: tuple[str, ...] = ()
    """paths that show the same picture in another size or format, so that it was not made from them"""
