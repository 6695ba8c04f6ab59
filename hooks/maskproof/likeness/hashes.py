"""The hash: which way the light goes between neighbouring places of a picture, 256 bits of it.

dHash reduces a picture to 17 x 16 grey cells and notes for each cell whether the next one to the right is lighter.
Scaling, compression and a tone lift leave that as it is; a local edit changes it only where it lies.
Source: N. Krawetz, Kind of Like That, hackerfactor.com, 2013; the bits are those of `imagehash.dhash`.

Two things are added. Where neighbours are equal the bit is noise, and on the white ground of a product picture most
are: so a second plane says which bits tell anything, and only these are compared; one that tells something in one of
two pictures alone is half a difference. What counts is how many more agree than would by chance, since of two gradients
that get lighter to the right, whatever they show, all agree. And an edit that was cropped is laid
on the original's grid at each of 225 places, cut by up to a fifth of either side; the cells it covers are compared.
The index needs no more for that than the one hash. imagehash's `crop_resistant_hash`, which hashes light and dark
segments instead, took 400 times as long and found 13 of 25 cropped edits where this finds 22: an edit that changes
the outline of a segment loses it.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from msgspec import Struct
from PIL import Image

from maskproof.images.decode import grey_square

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

SIDE = 128
"""px a side of the thumbnail that is hashed; 7.5 px a cell"""
ROWS = 16
CELLS = ROWS + 1
BITS = ROWS * ROWS
WORDS = BITS // 64
TELLING = 2.0
"""levels of 255 by which neighbouring cells differ at least where a bit is believed; JPEG of quality 75 moves
means by up to 0.8"""
STEP, DEEPEST = 0.05, 0.2
"""shares of a side: crops are tried in such steps up to this much off a side in all. A cell is 0.06 wide, so that
the best place is at most 0.4 of a cell off; steps of 0.067 found up to 8 points fewer of 10 % crops"""
COVERED = 0.6
"""a cell of the original is compared when the crop shows this share of its width and height"""
LIKE = 64
"""bits of 256; whole pictures below are alike. Eight standard deviations of chance; see docs/find.md"""
LIKE_CROPPED = 56
"""bits of 256; lower, because a crop has 225 chances. Nine standard deviations of chance"""
NEAR, NEAR_BITS = 0.8, 96
"""evidence, and bits compared, from which edges are asked whether two pictures are similar. No stranger among 70
originals, 560 crops of them and 174 icons, gradients and banners has more than 0.8 and edges that agree; a dot on a
plain ground, which any other is like, has up to 76 bits"""
NEAREST_WHOLE, NEAREST_CROPPED = 128, 512
"""entries that are compared in full: the nearest as a whole, and the nearest as a crop by a quarter of their bits. With
256 of each, 16 instead of 18 of 25 originals of 20 % crops came first among 10,000 pictures"""
CHUNK = 16_384
"""entries of one column that stay in a core's cache"""


class Query(Struct, frozen=True):
    """A picture as it is asked about: its hash as a whole first, then as each possible crop."""

    bits: NDArray[np.uint64]
    """places x 4"""
    telling: NDArray[np.uint64]
    """places x 4"""
    covered: NDArray[np.uint64]
    """places x 4: the cells of the original that it would show there"""
    kept: tuple[float, ...]
    """places: the share of the original's area that it would show there"""


class Match(Struct, frozen=True):
    """One entry against a query, at the place where it fits best."""

    row: int
    distance: float
    """bits that differ, of 256"""
    bits: int
    place: int
    """0: as a whole"""
    evidence: float
    """how far from chance, over what the limit asks for: 1 at the limit; entries are ordered by it. The fewer bits were
    compared, the fewer may differ to be as unlikely by chance, and none where all go one way"""

    @property
    def alike(self) -> bool:
        return self.evidence > 1

    @property
    def near(self) -> bool:
        """Enough to be similar where the edges agree as well."""
        return self.evidence > NEAR and self.bits >= NEAR_BITS

    @property
    def doubt(self) -> float:
        """How much more edges have to agree: 0 from the limit on, 1 where it is only just near."""
        return min(1.0, max(0.0, (1 - self.evidence) / (1 - NEAR)))


def of(thumbnail: NDArray[np.uint8]) -> bytes:
    """The entry of one picture: 32 bytes of bits, 32 bytes that say which of them tell anything.

    Args:
        thumbnail: SIDE x SIDE luma, 0 to 255, upright.
    """
    import imagehash  # loads SciPy: half of the time that a command takes to start

    cells = _lay(thumbnail, ((0.0, 1.0),))[0, 0]
    telling = np.abs(np.diff(cells, axis=1)) >= TELLING
    bits = imagehash.dhash(Image.fromarray(np.round(cells).astype(np.uint8)), ROWS).hash & telling
    return bytes(_pack(bits).tobytes() + _pack(telling).tobytes())


def codes(entries: bytes) -> NDArray[np.uint64]:
    """Entries in one piece as rows of words: N x 8, as `closest` takes them."""
    return np.frombuffer(entries, "<u8").reshape(-1, 2 * WORDS)


def query(samples: NDArray[np.uint8]) -> Query:
    """A picture, to be looked for.

    Args:
        samples: H x W luma or H x W x 3 sRGB, 0 to 255, upright, of any size.
    """
    square = np.asarray(grey_square(Image.fromarray(samples), SIDE))
    spans = _spans()
    steps = np.diff(_lay(square, spans), axis=-1)
    telling = np.abs(steps) >= TELLING
    shown = np.array([_weights(span, CELLS)[1] for span in spans])
    rows = np.array([_weights(span, ROWS)[1] for span in spans])
    covered = rows[:, None, :, None] & (shown[:, 1:] & shown[:, :-1])[None, :, None, :]
    flat = (len(spans) ** 2, ROWS, ROWS)
    telling &= covered
    return Query(
        _pack(((steps > 0) & telling).reshape(flat)),
        _pack(telling.reshape(flat)),
        _pack(covered.reshape(flat)),
        tuple((high - low) * (right - left) for low, high in spans for left, right in spans),
    )


def shown(thumbnail: NDArray[np.uint8], place: int) -> NDArray[np.uint8]:
    """A tracked picture's thumbnail, SIDE x SIDE, as its crop at a place would have it."""
    if not place:
        return thumbnail
    (top, bottom), (left, right) = (_spans()[at] for at in divmod(place, len(_spans())))
    box = (left * SIDE, top * SIDE, right * SIDE, bottom * SIDE)
    return np.asarray(Image.fromarray(thumbnail).resize((SIDE, SIDE), Image.Resampling.BICUBIC, box))


def closest(codes: NDArray[np.uint64], asked: Query) -> list[Match]:
    """The entries nearest to a query, in no order; a shortlist where there are many.

    Args:
        codes: N x 8, one row an entry: four words of bits, then four that say which of them tell anything.
        asked: What to look for.
    """
    if not len(codes):
        return []
    rows = _shortlist(codes, asked) if len(codes) > NEAREST_WHOLE + NEAREST_CROPPED else np.arange(len(codes))
    bits, telling = codes[rows, None, :WORDS], codes[rows, None, WORDS:]
    both = telling & asked.telling
    compared = _ones((telling | asked.telling) & asked.covered)
    told, differ = _ones(both), _ones((bits ^ asked.bits) & both)
    by_chance = _differ_by_chance(_ones(bits & both), _ones(asked.bits & both), told)
    scale = BITS / np.maximum(compared, 1)
    distance = np.where(compared > 0, scale * (differ + (compared - told) / 2), BITS / 2)
    asks = np.full(len(asked.kept), BITS / 2 - LIKE_CROPPED)
    asks[0] = BITS / 2 - LIKE
    evidence = scale * (by_chance - differ) * np.sqrt(compared / BITS) / asks
    best = evidence.argmax(1)
    at = np.arange(len(rows))
    columns = (rows, distance[at, best], compared[at, best], best, evidence[at, best])
    return [Match(*found) for found in zip(*(column.tolist() for column in columns), strict=True)]


def _differ_by_chance(
    lighter: NDArray[np.int64], asked: NDArray[np.int64], told: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Bits of `told` that would differ if each picture had as many that say "lighter" as it has, but anywhere.

    Half of them in photographs, none between two gradients that both go one way, which therefore tell nothing.
    """
    return (lighter * (told - asked) + asked * (told - lighter)) / np.maximum(told, 1)


def _shortlist(codes: NDArray[np.uint64], asked: Query) -> NDArray[np.intp]:
    """The entries that agree most as a whole, and those that do at any place by the first word.

    That word holds every other row and column. Telling bits are the query's alone here, so that counts compare.
    """
    first = np.ascontiguousarray(codes[:, 0])
    best = np.full(len(first), 255, np.uint8)
    # Fewer bits differ by chance where fewer are compared; half of the rest is added to make places comparable.
    chance = (64 - _ones(asked.telling[:, :1])) // 2
    places = list(zip(asked.bits[:, 0], asked.telling[:, 0], chance.astype(np.uint8), strict=True))

    def fill(start: int) -> None:
        column, least = first[start : start + CHUNK], best[start : start + CHUNK]
        for bits, telling, more in places:
            np.minimum(least, _count((column ^ bits) & telling) + more, out=least)

    # numpy lets other threads run while it counts, and this is nine tenths of a query.
    with ThreadPoolExecutor() as several:
        list(several.map(fill, range(0, len(first), CHUNK)))
    whole = _ones((codes[:, :WORDS] ^ asked.bits[0]) & asked.telling[0])
    chosen = ((whole, NEAREST_WHOLE), (best, NEAREST_CROPPED))
    return np.union1d(*(np.argpartition(far, count)[:count] for far, count in chosen))


def _lay(square: NDArray[np.uint8], spans: tuple[tuple[float, float], ...]) -> NDArray[np.float64]:
    """Area means of the original's cells where the picture is laid on each pair of spans: V x H x 16 x 17."""
    down = np.array([_weights(span, ROWS)[0] for span in spans])
    across = np.array([_weights(span, CELLS)[0] for span in spans])
    strips = down @ square.astype(np.float64)
    placed: NDArray[np.float64] = np.einsum("vrx,hcx->vhrc", strips, across, optimize=True)
    return placed


@cache
def _spans() -> tuple[tuple[float, float], ...]:
    """Which stretch of a side of the original a crop may show; the whole side first."""
    steps = round(DEEPEST / STEP)
    return tuple(
        (before * STEP, 1 - after * STEP)
        for cut in range(steps + 1)
        for before in range(cut + 1)
        for after in (cut - before,)
    )


@cache
def _weights(span: tuple[float, float], cells: int) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """How much each pixel of the thumbnail adds to each cell of a side: cells x SIDE; and which cells it covers."""
    low, high = span
    scale = SIDE / (high - low)
    edges = np.clip((np.arange(cells + 1) / cells - low) * scale, 0, SIDE)
    at = np.arange(SIDE)
    overlap = np.clip(np.minimum(edges[1:, None], at + 1) - np.maximum(edges[:-1, None], at), 0, None)
    sums = overlap.sum(1)
    return overlap / np.maximum(sums, 1e-9)[:, None], sums >= COVERED * scale / cells


def _pack(bits: NDArray[np.bool_]) -> NDArray[np.uint64]:
    """... x 16 x 16 bits as ... x 4 words; the first holds the even rows and columns, so that it samples the whole."""
    words = [bits[..., down::2, across::2] for down in (0, 1) for across in (0, 1)]
    flat = np.stack(words, -3).reshape(*bits.shape[:-2], WORDS, 64)
    packed: NDArray[np.uint64] = np.packbits(flat, axis=-1).view("<u8")[..., 0]
    return packed


def _ones(words: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Bits that are set, summed over the last axis; word by word, since numpy's own sum over a short axis is slow."""
    counts = _count(words)
    ones: NDArray[np.uint16] = counts[..., 0].astype(np.uint16)
    for word in range(1, counts.shape[-1]):
        ones += counts[..., word]
    return np.asarray(ones, np.int64)


def _count_by_table(words: NDArray[np.uint64]) -> NDArray[np.uint8]:
    """Bits set in each word, for numpy before 2.0."""
    pieces = np.ascontiguousarray(words)[..., None].view(np.uint16)
    ones: NDArray[np.uint8] = _table()[pieces].sum(-1, dtype=np.uint8)
    return ones


@cache
def _table() -> NDArray[np.uint8]:
    """Bits set in each number of 16 bits."""
    ones: NDArray[np.uint8] = np.unpackbits(np.arange(1 << 16, dtype="<u2").view(np.uint8).reshape(-1, 2), axis=1)
    counts: NDArray[np.uint8] = ones.sum(1, dtype=np.uint8)
    return counts


_count: Callable[..., Any] = getattr(np, "bitwise_count", _count_by_table)
