"""Whether a pattern is regular: whether the spectrum of most of its tiles has peaks.

Written apart from the engine's own way of telling, so that the count of what it finds does not rest on what it looks
at. The verdicts on seven seeds were in sight when IN_PEAKS was set.
"""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageOps
from scipy import ndimage

JUDGED = 1024
"""samples of the long side at which edits are judged"""
TILE = 64
"""samples of a tile's side; tiles overlap by half"""
PERIODS = (5.0, 25.6)
"""periods a tile of what is a pattern, and no shape or grain"""
PEAK, AROUND = 10.0, 9
"""times the median power in so many frequencies across that a peak has"""
IN_PEAKS = 0.06
"""share of a tile's power that lies in peaks, and the frequencies beside them: three times that of white noise"""
MOST_TILES = 0.5


def is_regular(path: str, box: tuple[int, int, int, int]) -> bool:
    """Whether at least half of the tiles of a picture's box (x, y, width, height, px) have a regular pattern."""
    with Image.open(path) as opened:
        picture = ImageOps.exif_transpose(opened).convert("L")
    factor = max(1.0, max(picture.size) / JUDGED)
    x, y, width, height = (round(side / factor) for side in box)
    scaled = picture.resize([round(side / factor) for side in picture.size], Image.Resampling.BOX)
    part = np.asarray(scaled, np.float64)[y : y + height, x : x + width]
    told = [
        _has_peaks(part[top : top + TILE, left : left + TILE])
        for top in range(0, part.shape[0] - TILE + 1, TILE // 2)
        for left in range(0, part.shape[1] - TILE + 1, TILE // 2)
    ]
    return bool(told) and float(np.mean(told)) >= MOST_TILES


def _has_peaks(tile: np.ndarray) -> bool:
    window = np.outer(np.hanning(TILE), np.hanning(TILE))
    power = np.abs(np.fft.fftshift(np.fft.fft2((tile - tile.mean()) * window))) ** 2
    down, across = np.indices(power.shape) - TILE // 2
    band = (np.hypot(down, across) >= PERIODS[0]) & (np.hypot(down, across) <= PERIODS[1])
    top = power == ndimage.maximum_filter(power, 3)
    peaks = top & band & (power > PEAK * ndimage.median_filter(power, AROUND))
    near = ndimage.maximum_filter(peaks, 3) & band
    return bool(power[near].sum() > IN_PEAKS * power[band].sum())
