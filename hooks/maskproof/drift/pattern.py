"""A regular pattern that was lost: lace, weave, print, knit.

Where all of a pattern fades evenly, no place stands out, and grain and foliage that a model drew anew with the same
look differ as much. What tells a pattern from them is that it repeats: its spectrum has peaks. So in tiles of the
picture the peaks of the original's spectrum are looked for, and how much of their contrast is still there is told.
What was drawn anew with the same look keeps it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from maskproof.drift.grid import block_sums
from maskproof.model import Box, Metric

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from maskproof.drift.grid import Float, Mask

TILE, STEP = 64, 32
"""samples of a tile's side, and from one to the next"""
KNOWN_SHARE = 0.9
"""share of a tile that has to be protected"""
PERIODS = (5.0, 25.6)
"""periods a tile of what counts as a pattern: finer ones do not survive any encoder, coarser ones are shapes. In a file
of fewer samples than are judged the finest is as much coarser as those are wider"""
PEAK = 10.0
"""times the median power around it that a peak of the spectrum has"""
FLANK = 0.25
"""of a peak's power from which on what lies beside it belongs to it"""
MIN_RMS = 1.0
"""hundredths of full scale that a pattern has at the least"""
MIN_SHARE = 0.3
"""of a tile's detail that lies in peaks, for it to be a pattern"""
MIN_CHANGE = 0.13
"""RMS of the difference, hundredths of full scale, below which a tile has not lost a seventh of any pattern"""
MIN_TILES, TILES_SHARE = 3, 0.4
"""tiles of a pattern that lie together, and their share of those of nine that are protected"""
LEAST, MOST = 0.17, 0.38
"""loss that is allowed in a picture that loses nothing elsewhere, and at the most"""
EXACT_LEAST, EXACT_SHARE = 0.1, 0.5
"""LEAST of a composite, and the share of its tiles that have to be the original's for it to be one: there a pattern
loses nothing unless something was done to it"""
ELSEWHERE, USUAL, MIN_ELSEWHERE = 6, 0.7, 4
"""tiles from the worst place from which on the picture counts as elsewhere, the quantile of its loss there that is what
it usually loses, and the tiles of a pattern that it takes to say so. A loss near the worst place is part of it"""
RING = tuple(
    (y, x)
    for straight, slanted in ((3, 2), (5, 4))
    for y, x in (
        *((0, straight), (0, -straight), (straight, 0), (-straight, 0)),
        *((slanted, slanted), (slanted, -slanted), (-slanted, slanted), (-slanted, -slanted)),
    )
)
"""where around a frequency its background is taken from"""
BESIDE = 5
"""the farthest that is, frequencies"""
AT_ONCE = 16
"""tiles that are looked at together: what lies in between then stays in the processor's cache"""


def patterns(original: Float, edit: Float, outside: Mask, width: float = 1.0) -> tuple[Metric, ...]:
    """The largest loss of a regular pattern, over what the picture allows.

    Args:
        original: Luma in the edit's tone, H x W, 0 to 100.
        edit: Luma of the edit, aligned.
        outside: H x W, what is judged.
        width: Samples that one sample of the edit's file is wide; 1 and less: it holds as many or more.
    """
    says = "a regular pattern lost its contrast: {value} what is allowed in this picture (limit {limit})"
    nothing = (Metric("pattern", 0.0, "x", "outside-mask", says),)
    if min(outside.shape) < TILE:
        return nothing
    rows, columns = ((length - TILE) // STEP + 1 for length in outside.shape)
    known = _tile_sums(outside.astype(np.float32)) >= KNOWN_SHARE * TILE**2
    loss, regular = np.zeros((rows, columns)), np.zeros((rows, columns), np.bool_)
    changed = _tile_sums(np.square(edit - original)) >= (MIN_CHANGE * TILE) ** 2
    seen = PERIODS[1] / max(width, 1) >= FINENESS
    # What did not change is looked at where something else lost its pattern: it says what this picture loses anyway.
    before, after = _tiles(original), _tiles(edit)
    for tiles in (known & changed, known & ~changed):
        places = np.argwhere(tiles)
        for start in range(0, len(places), AT_ONCE):
            at = tuple(places[start : start + AT_ONCE].T)
            loss[at], regular[at] = _lost(before[at], after[at], seen)
        if loss.max() <= EXACT_LEAST / 2:
            return nothing
    around = _of_nine(regular.astype(np.float64))
    enough = around >= np.maximum(MIN_TILES, TILES_SHARE * _of_nine(known.astype(np.float64)))
    mean = np.where(regular & enough, _of_nine(loss * regular) / np.maximum(around, 1), 0)
    row, column = np.unravel_index(int(np.argmax(mean)), mean.shape)
    lost = float(mean[row, column])
    if lost <= 0:
        return nothing
    down, across = np.indices(regular.shape)
    elsewhere = loss[regular & (np.maximum(np.abs(down - row), np.abs(across - column)) > ELSEWHERE)]
    usual = float(np.quantile(elsewhere, USUAL)) if len(elsewhere) >= MIN_ELSEWHERE else 0.0
    exact = np.count_nonzero(known & ~changed) > EXACT_SHARE * np.count_nonzero(known)
    allowed = min((EXACT_LEAST if exact else LEAST) + max(usual, 0.0), MOST)
    box = Box(int(column) * STEP, int(row) * STEP, TILE, TILE)
    says = says.replace("its contrast", f"{min(lost, 1):.0%} of its contrast")
    return (Metric("pattern", lost / allowed, "x", "outside-mask", says, box, box),)


def _lost(originals: Float, edits: Float, seen: Mask) -> tuple[NDArray[np.float64], Mask]:
    """How much of each tile's pattern is gone, and whether it has one, by the frequencies of PATTERN that are seen.

    Args:
        originals: n x TILE x TILE.
        edits: The same tiles of the edit.
        seen: Frequencies of PATTERN.
    """
    loss, regular = np.zeros(len(originals)), np.zeros(len(originals), np.bool_)
    power = np.square(np.abs(_spectrum(originals)))
    peaks = _peaks(power)[:, PATTERN] & seen
    for tile in np.flatnonzero(peaks.any(1)):
        band = power[tile][PATTERN]
        strength = float(band[peaks[tile]].sum())
        if strength > NORM * MIN_RMS**2 and strength > MIN_SHARE * float(band[seen].sum()):
            kept = float(np.square(np.abs(_spectrum(edits[tile])[PATTERN][peaks[tile]])).sum())
            loss[tile], regular[tile] = 1 - float(np.sqrt(kept / strength)), True
    return loss, regular


def _peaks(power: Float) -> Mask:
    """Which frequencies of each spectrum (n x ...) stand out of what is around them, or lie beside one that does."""
    # Laid out in one line, each with what is beyond its borders: what lies beside all of them is then a part of it.
    line = power.reshape(len(power), -1).take(AROUND, 1).ravel()
    near = line.copy()
    for step in (1, AROUND.shape[1]):
        near[step:-step] = np.maximum(np.maximum(near[: -2 * step], near[2 * step :]), near[step:-step])
    # The median of the background is below a bound where more than half of it is, and counting is cheaper.
    high, low = PEAK * line, np.zeros(len(line), np.uint8)
    margin = BESIDE * AROUND.shape[1] + BESIDE
    inner = slice(margin, len(line) - margin)
    for y, x in RING:
        start = margin + y * AROUND.shape[1] + x
        low[inner] += high[start : start + len(line) - 2 * margin] < near[inner]
    found = (low > len(RING) // 2) & (line > FLANK * near)
    return found.reshape(len(power), *AROUND.shape)[:, BESIDE:-BESIDE, BESIDE:-BESIDE]


def _spectrum(tiles: Float) -> NDArray[np.complexfloating]:
    """Of each tile (... x TILE x TILE)."""
    out: NDArray[np.complexfloating] = np.fft.rfft2((tiles - tiles.mean((-2, -1), keepdims=True)) * WINDOW)
    return out


def _tiles(plane: Float) -> Float:
    """The tiles at every STEP, rows x columns x TILE x TILE, without a copy."""
    return sliding_window_view(plane, (TILE, TILE))[::STEP, ::STEP]


def _tile_sums(plane: Float) -> Float:
    """Sums over tiles at every STEP."""
    sums = block_sums(plane, STEP)
    out: Float = sums[:-1, :-1] + sums[1:, :-1] + sums[:-1, 1:] + sums[1:, 1:]
    return out


def _of_nine(tiles: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sums over each tile and the eight around it."""
    out: NDArray[np.float64] = sliding_window_view(np.pad(tiles, 1), (3, 3)).sum((2, 3))
    return out


def _periods() -> Float:
    """Periods a tile of each frequency of its spectrum, TILE x TILE // 2 + 1."""
    upright, level = np.fft.fftfreq(TILE)[:, None] * TILE, np.arange(TILE // 2 + 1)[None]
    out: Float = np.hypot(upright, level)
    return out


def _around() -> NDArray[np.intp]:
    """Places in a flat spectrum, those beyond its borders as if it went on from the other side."""
    places = np.arange(SPECTRUM.size).reshape(SPECTRUM.shape)
    return np.pad(places, BESIDE, mode="wrap")


SPECTRUM = _periods()
PATTERN = np.clip(SPECTRUM, *PERIODS) == SPECTRUM
"""frequencies of a tile's spectrum that count as a pattern"""
FINENESS = SPECTRUM[PATTERN]
"""their periods a tile"""
AROUND = _around()
WINDOW = np.outer(np.hanning(TILE), np.hanning(TILE)).astype(np.float32)
NORM = float(np.square(WINDOW).sum()) * TILE**2 / 2
"""power of a wave of RMS 1 under the window, in half a spectrum"""
