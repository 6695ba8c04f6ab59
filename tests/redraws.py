"""Ways in which an image model hands back another face: drawn by script over a face whose place is known.

Each takes a face and another person's, H x W x 3 and 0 to 255, and returns the face drawn anew, not yet clipped. It
is put back inside the ellipse that its box holds, with a feathered edge; all else stays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageFilter
from scipy.ndimage import map_coordinates

if TYPE_CHECKING:
    from collections.abc import Callable

    from maskproof.model import Box

FEATHER = 0.15
"""width of the soft edge, as a share of the half axes"""
MOVED = 0.06
"""how far eyes and mouth move, as a share of the box's sides"""
SOFTENED = 1 / 16
"""standard deviation of the blur, as a share of the box's width: eyes and mouth stay, their drawing goes"""


def another(face: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Another person, in the same light: each channel with the mean and spread that were there."""
    size = face.shape[1], face.shape[0]
    new = np.asarray(Image.fromarray(other).resize(size, Image.Resampling.LANCZOS), np.float64)
    spread = face.std((0, 1)) / np.maximum(new.std((0, 1)), 1)
    return (new - new.mean((0, 1))) * spread + face.mean((0, 1))


def mirrored(face: np.ndarray, _: np.ndarray) -> np.ndarray:
    """The same person, the other way round."""
    return face[:, ::-1].astype(np.float64)


def softened(face: np.ndarray, _: np.ndarray) -> np.ndarray:
    """Blurred, with grain as strong as the detail that went: a face resynthesised from a coarse idea of it."""
    soft = Image.fromarray(face).filter(ImageFilter.GaussianBlur(face.shape[1] * SOFTENED))
    lost = (face - np.asarray(soft, np.float64)).std()
    grain = np.random.default_rng(7).normal(0, min(lost, 6), face.shape[:2])
    return np.asarray(soft, np.float64) + grain[..., None]


def moved(face: np.ndarray, _: np.ndarray) -> np.ndarray:
    """Eyes further apart, the mouth higher."""
    height, width = face.shape[:2]
    rows, columns = np.mgrid[:height, :width].astype(np.float64)
    across, down = columns / width, rows / height

    def near(x: float, y: float) -> np.ndarray:
        return np.exp(-(((across - x) / 0.14) ** 2 + ((down - y) / 0.12) ** 2))

    columns += MOVED * width * (near(0.3, 0.42) - near(0.7, 0.42))
    rows += MOVED * height * near(0.5, 0.78)
    planes = [
        map_coordinates(face[..., index].astype(np.float64), (rows, columns), order=1, mode="nearest")
        for index in range(3)
    ]
    return np.stack(planes, -1)


REDRAWS: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "another person": another,
    "mirrored": mirrored,
    "softened": softened,
    "features moved": moved,
}


def redrawn(picture: np.ndarray, box: Box, how: str, other: np.ndarray) -> np.ndarray:
    """A picture with one face drawn anew."""
    where = np.s_[box.y : box.y + box.height, box.x : box.x + box.width]
    face = picture[where]
    rows, columns = (np.abs(np.linspace(-1, 1, length)) for length in face.shape[:2])
    share = np.clip((1 - np.hypot(rows[:, None], columns[None])) / FEATHER, 0, 1)[..., None]
    made = picture.copy()
    made[where] = np.clip(share * REDRAWS[how](face, other) + (1 - share) * face, 0, 255).round()
    return made


def opened(size: tuple[int, int], box: Box) -> np.ndarray:
    """A mask that opens a face and its surroundings: H x W, 255 where editing is allowed."""
    mask = np.zeros((size[1], size[0]), np.uint8)
    wide, tall = box.width // 2, box.height // 2
    top, left = max(0, box.y - tall), max(0, box.x - wide)
    mask[top : box.y + box.height + tall, left : box.x + box.width + wide] = 255
    return mask
