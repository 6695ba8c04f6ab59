"""CIEDE2000, the colour difference that print and brand manuals use, and CIELAB, the space it is defined in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

D65 = np.array([0.95047, 1.0, 1.08883], np.float32)
"""white of sRGB as XYZ; IEC 61966-2-1"""
TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]],
    np.float32,
)
"""linear sRGB to XYZ; IEC 61966-2-1"""
EPSILON, KAPPA = 216 / 24389, 24389 / 27
"""where CIELAB's cube root begins, and the slope below; CIE 15:2004"""


def cielab(rgb: NDArray[np.floating]) -> NDArray[np.float32]:
    """CIELAB (D65) of sRGB.

    Args:
        rgb: ... x 3, 0 to 255.

    Returns:
        ... x 3: L* 0 to 100, a* and b* about -128 to 127.
    """
    value = np.asarray(rgb, np.float32) / 255
    linear = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    xyz = linear @ TO_XYZ.T / D65
    f = np.where(xyz > EPSILON, np.cbrt(xyz), (KAPPA * xyz + 16) / 116)
    x, y, z = f[..., 0], f[..., 1], f[..., 2]
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], -1).astype(np.float32)


def ciede2000(first: NDArray[np.floating], second: NDArray[np.floating]) -> NDArray[np.float64]:
    """Colour difference of CIELAB pairs; about 1 is just noticeable side by side.

    Source: CIE 142:2001; Sharma, Wu and Dalal, "The CIEDE2000 color-difference formula: implementation notes,
    supplementary test data, and mathematical observations" (2005).

    Args:
        first: ... x 3, CIELAB.
        second: ... x 3, CIELAB.

    Returns:
        ..., 0 or more; symmetric.
    """
    l1, a1, b1 = np.moveaxis(np.asarray(first, np.float64), -1, 0)
    l2, a2, b2 = np.moveaxis(np.asarray(second, np.float64), -1, 0)
    mean_c7 = ((np.hypot(a1, b1) + np.hypot(a2, b2)) / 2) ** 7
    stretch = 1 + 0.5 * (1 - np.sqrt(mean_c7 / (mean_c7 + 25.0**7)))
    c1, c2 = np.hypot(stretch * a1, b1), np.hypot(stretch * a2, b2)
    h1, h2 = np.degrees(np.arctan2(b1, stretch * a1)) % 360, np.degrees(np.arctan2(b2, stretch * a2)) % 360
    grey = c1 * c2 == 0
    turn = np.where(grey, 0.0, (h2 - h1 + 180) % 360 - 180)
    # Opposite hues turn either way; the published data takes the positive half turn.
    turn = np.where(~grey & (np.abs(h2 - h1) == 180), h2 - h1, turn)
    hue = np.where(grey, h1 + h2, (h1 + h2) / 2)
    hue = np.where(~grey & (np.abs(h1 - h2) > 180), (hue + 180) % 360, hue)
    light, chroma = l2 - l1, c2 - c1
    hue_step = 2 * np.sqrt(c1 * c2) * np.sin(np.radians(turn / 2))
    mean_l, mean_c = (l1 + l2) / 2, (c1 + c2) / 2
    cosines = sum(
        weight * np.cos(np.radians(times * hue + offset))
        for weight, times, offset in ((-0.17, 1, -30), (0.24, 2, 0), (0.32, 3, 6), (-0.20, 4, -63))
    )
    s_l = 1 + 0.015 * (mean_l - 50) ** 2 / np.sqrt(20 + (mean_l - 50) ** 2)
    s_c, s_h = 1 + 0.045 * mean_c, 1 + 0.015 * mean_c * (1 + cosines)
    c7 = mean_c**7
    rotation = -2 * np.sqrt(c7 / (c7 + 25.0**7)) * np.sin(np.radians(60 * np.exp(-(((hue - 275) / 25) ** 2))))
    l_term, c_term, h_term = light / s_l, chroma / s_c, hue_step / s_h
    difference: NDArray[np.float64] = np.sqrt(
        np.maximum(l_term**2 + c_term**2 + h_term**2 + rotation * c_term * h_term, 0)
    )
    return difference
