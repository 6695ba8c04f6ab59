"""Two sets of numbers for a colour: one to find drift with, one to name it in.

`opponent` is linear in the sRGB samples. Editors and encoders leave residual that is about even in them, so damage
rises above it there; in OKLab one step of a near-black sample is 8 L, and the residual of dark areas would drown what
happens elsewhere. `oklab` is even to the eye (B. Ottosson, "A perceptual color space for image processing", 2020)
and is what findings quote.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from maskproof.drift.grid import Float

Bytes = NDArray[np.uint8]

LUMA = np.array([0.299, 0.587, 0.114], np.float32)
"""weights of red, green and blue in luma (Rec. 601), as in JPEG (ITU-T T.871)"""
RED, BLUE = np.float32(1.402), np.float32(1.772)
"""red less luma, and blue less luma, over the colour differences (ITU-T T.871)"""
BAND_ROWS = 32
"""rows of planes that are made at once"""

TO_LMS = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ],
    np.float32,
)
TO_LAB = np.float32(100) * np.array(
    [
        [0.2104542553, 0.793617785, -0.0040720468],
        [1.9779984951, -2.428592205, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.808675766],
    ],
    np.float32,
)
FLARE = np.float32(0.005)
"""light that a screen reflects into its own black, of 1: IEC 61966-2-1 reckons with 1 % for veiling glare, half of
that is a dim room. Without it one level of 255 on black is a distance of 6.7, which nobody sees; with it, of 0.3"""


def opponent(rgb: Bytes, factor: int = 1) -> Float:
    """Luma 0..100 and red and blue difference -50..50 (3 x h x w) of sRGB uint8 (H x W x 3).

    Of a factor above 1 (at most 16) each number is the mean of factor x factor samples; at the right and lower border
    the last samples are taken again where the size is no multiple of it.
    """
    height, width = (-(-side // factor) for side in rgb.shape[:2])
    planes = np.empty((3, height, width), np.float32)
    scale = np.array([1, 1 / RED, 1 / BLUE], np.float32)[:, None, None] * np.float32(100 / 255 / factor**2)
    # In bands, because what lies in between then stays in the processor's cache: a third of the time.
    for top in range(0, height, BAND_ROWS):
        luma, red_difference, blue_difference = band = planes[:, top : top + BAND_ROWS]
        red, green, blue = _sums(rgb[top * factor : (top + BAND_ROWS) * factor], factor)
        np.multiply(red, LUMA[0], out=luma)
        luma += np.multiply(green, LUMA[1], out=green)
        luma += blue * LUMA[2]
        np.subtract(red, luma, out=red_difference)
        np.subtract(blue, luma, out=blue_difference)
        band *= scale
    return planes


def rgb_of(planes: Float) -> Float:
    """SRGB 0..255 (... x 3) of opponent planes (3 x ...)."""
    luma, red, blue = planes
    green = luma - (LUMA[0] * RED * red + LUMA[2] * BLUE * blue) / LUMA[1]
    return np.stack([luma + RED * red, green, luma + BLUE * blue], axis=-1) * np.float32(255 / 100)


def _sums(rgb: Bytes, factor: int) -> list[Float]:
    """Red, green and blue added up over factor x factor samples."""
    height, width = rgb.shape[:2]
    if factor == 1:
        return [rgb[..., channel].astype(np.float32) for channel in range(3)]
    if height % factor or width % factor:
        rgb = np.pad(rgb, ((0, -height % factor), (0, -width % factor), (0, 0)), mode="edge")
    rows = np.add.reduce(rgb.reshape(rgb.shape[0] // factor, factor, -1), axis=1, dtype=np.uint16)
    # Added at every sample and then picked: walking memory in order is faster than leaving two of three out.
    length = rows.shape[1] - 3 * (factor - 1)
    across = rows[:, :length] + rows[:, 3 : 3 + length]
    for step in range(2, factor):
        across += rows[:, 3 * step : 3 * step + length]
    return [across[:, channel :: 3 * factor].astype(np.float32) for channel in range(3)]


def oklab(rgb: Float) -> Float:
    """OKLab x100 (... x 3: L 0..100, a and b about -40..40) of sRGB 0..255 (... x 3); about 60 ns a colour.

    With the viewing FLARE added to the light before the cube root and taken off again, so that black stays 0.
    """
    unit = np.clip(rgb, 0, 255) / np.float32(255)
    light = np.where(unit <= 0.04045, unit / 12.92, ((unit + 0.055) / 1.055) ** 2.4).astype(np.float32)
    lab: Float = (np.cbrt(light @ TO_LMS.T + FLARE) - np.cbrt(FLARE)) @ TO_LAB.T
    return lab
