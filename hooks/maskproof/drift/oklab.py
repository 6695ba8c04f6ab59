"""Two sets of numbers for a colour: one to find drift with, one to name it in.

`opponent` is linear in the sRGB samples. Editors and encoders leave residue that is about even in them, so damage
stands out there; in OKLab one step of a near-black sample is 8 L, and the residue of dark areas would drown what
happens elsewhere. `oklab` is even to the eye (B. Ottosson, "A perceptual color space for image processing", 2020)
and is what findings quote.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from maskproof.drift.windows import Float

Bytes = NDArray[np.uint8]

# Luma of Rec. 601 and its colour differences, as in JPEG (ITU-T T.871), in hundredths of full scale.
TO_OPPONENT = (
    np.array([[0.299, 0.587, 0.114], [0.5, -0.418688, -0.081312], [-0.168736, -0.331264, 0.5]], np.float32)
    / np.float32(2.55)
).astype(np.float32)

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


def opponent(rgb: Bytes) -> Float:
    """Luma 0..100 and red and blue difference -50..50 (3 x H x W) of sRGB uint8 (H x W x 3)."""
    height, width = rgb.shape[:2]
    flat = rgb.reshape(-1, 3).astype(np.float32)
    return np.asarray(TO_OPPONENT @ flat.T, np.float32).reshape(3, height, width)


def oklab(rgb: Float) -> Float:
    """OKLab x100 (... x 3: L 0..100, a and b about -40..40) of sRGB 0..255 (... x 3); about 60 ns a colour."""
    unit = np.clip(rgb, 0, 255) / np.float32(255)
    light = np.where(unit <= 0.04045, unit / 12.92, ((unit + 0.055) / 1.055) ** 2.4).astype(np.float32)
    lab: Float = np.cbrt(light @ TO_LMS.T) @ TO_LAB.T
    return lab
