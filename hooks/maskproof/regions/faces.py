"""Faces: where they are in a picture.

People see a changed face before anything else, so areas with faces get limits of their own. They are found by YuNet,
a small network (W. Wu, H. Peng, S. Yu, YuNet: A Tiny Millisecond-level Face Detector, Machine Intelligence Research
2023), run by OpenCV. Its model file is not part of this program: a policy names a file and its sha256, and a file with
another digest is not loaded. There is no fall-back to another detector: what finds the areas must be what was agreed.

Needs the extra `maskproof[vision]`. The model is published under the MIT licence by OpenCV's model zoo.
"""

from __future__ import annotations

import math
import threading
from contextlib import contextmanager
from functools import lru_cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np
from msgspec import Struct
from PIL import Image

from maskproof.content import sha256_of
from maskproof.errors import CouldNotJudge
from maskproof.model import Box
from maskproof.regions import iou

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

TILE = 640
"""px; what the network looks at in one go. The zoo's models of 2022 and 2023 have this as their fixed input"""
LONG_SIDES = (320, 640, 1280, 2560)
"""px; the picture is looked at in these sizes. YuNet was trained on faces of 10 to 300 px, so together they cover faces
from 1/256 to nearly all of the long side. Up to 1280 alone, a face of 31 px in a picture of 1536 px was lost"""
OVERLAP = 160
"""px; tiles share this much, so that every face of up to a quarter tile lies in one whole; larger ones are found at
a smaller size"""
CONFIDENCE = 0.8
"""0 to 1; OpenCV's samples use 0.6 to 0.9. A face too many costs a stricter area, one too few its protection"""
FEATURES = 0.8, 0.05
"""the part of a box that is protected: axes of its ellipse as shares of the box's sides, and how far its middle lies
under the box's, as a share of the height. Brow to chin, without the hair, hat and background that a box holds as well
and that edits are asked to change. Of 1, 0.9, 0.8 and 0.7 the largest at which two real edits that did so pass"""
CORNERS = 48
"""of the polygon that stands for the ellipse"""
SAME_FACE = 0.3
"""intersection over union from which two detections are one face, as in OpenCV's sample"""
MODEL_ADVICE = (
    "Take face_detection_yunet_2023mar.onnx or a later one from OpenCV's model zoo (opencv/opencv_zoo, MIT), check it, "
    "and name its path and sha256 in the policy."
)


class Face(Struct, frozen=True):
    """A face that was found."""

    box: Box
    """in pixels of the picture, cut at its border"""
    confidence: float
    """0 to 1"""

    @property
    def features(self) -> tuple[tuple[int, int], ...]:
        """The corners of what is protected, in pixels of the picture: brow to chin, inside the box."""
        (size, lower), box = FEATURES, self.box
        turns = [math.tau * index / CORNERS for index in range(CORNERS)]
        middle = box.x + (box.width - 1) / 2, box.y + (box.height - 1) / 2 + lower * box.height
        across, down = (box.width - 1) / 2 * size, (box.height - 1) / 2 * size
        return tuple(
            (round(middle[0] + across * math.cos(turn)), round(middle[1] + down * math.sin(turn))) for turn in turns
        )


def available() -> bool:
    """Is the extra installed? Looks without importing it."""
    return find_spec("cv2") is not None


def detect(picture: NDArray[np.uint8], model: bytes, sha256: str) -> tuple[Face, ...]:
    """The faces in a picture, the surest first.

    Args:
        picture: H x W x 3, sRGB.
        model: The bytes of a YuNet model in ONNX.
        sha256: The digest that the policy names, in hexadecimal.

    Raises:
        CouldNotJudge: the extra is not installed, the model is another file than the policy names, or it is no
            YuNet model.
    """
    digest = sha256_of(model)
    if digest != sha256.strip().lower():
        raise CouldNotJudge(
            f"the face model has the sha256 {digest}, but the policy names {sha256.strip().lower()}",
            "Put the file that the policy names in its place, or, if the new file is meant, change the digest there.",
        )
    if not available():
        raise CouldNotJudge(
            "faces cannot be found: OpenCV is not installed", "Install the extra: pip install 'maskproof[vision]'."
        )
    found: list[Face] = []
    for long_side in _sizes(max(picture.shape[:2])):
        found.extend(_detect_at(picture, long_side, model))
    return _distinct(found)


def _sizes(own: int) -> tuple[int, ...]:
    """The sizes to look at; nothing is enlarged."""
    return tuple(sorted({min(own, side) for side in LONG_SIDES}))


def _detect_at(picture: NDArray[np.uint8], long_side: int, model: bytes) -> Iterator[Face]:
    height, width = picture.shape[:2]
    scale = long_side / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    seen = np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.BOX)) if scale < 1 else picture
    for top in _starts(size[1]):
        for left in _starts(size[0]):
            part = seen[top : top + TILE, left : left + TILE]
            tile = np.zeros((TILE, TILE, 3), np.uint8)
            # OpenCV's channel order; a part smaller than a tile stands on black, as OpenCV itself pads.
            tile[: part.shape[0], : part.shape[1]] = part[..., ::-1]
            for row in _run(tile, model):
                face = _face(row, (left, top), scale, (width, height))
                if face is not None:
                    yield face


def _starts(length: int) -> range:
    """Where tiles begin along a side."""
    return range(0, max(1, length - OVERLAP), TILE - OVERLAP)


def _run(tile: NDArray[np.uint8], model: bytes) -> NDArray[np.float32]:
    """N x 15 as OpenCV gives them: x, y, width, height, five points (eyes, nose, mouth), confidence."""
    import cv2

    try:
        with _IN_USE, _silent():
            rows = _detector(model).detect(tile)[1]
    except cv2.error as error:
        reason = (getattr(error, "err", "") or str(error)).strip().splitlines()
        raise CouldNotJudge(
            f"the face model cannot be used: OpenCV {cv2.__version__} says {reason[0] if reason else 'nothing'}",
            MODEL_ADVICE,
        ) from error
    found = np.empty((0, 15), np.float32) if rows is None else np.asarray(rows, np.float32)
    return found[np.isfinite(found).all(axis=1)]


_IN_USE = threading.Lock()
"""the detector keeps the picture that it looks at in itself: one thread at a time"""


@lru_cache(maxsize=1)
def _detector(model: bytes) -> Any:
    import cv2

    return cv2.FaceDetectorYN.create(
        "onnx",
        np.frombuffer(model, np.uint8),
        np.empty(0, np.uint8),
        (TILE, TILE),
        CONFIDENCE,
        SAME_FACE,
        5000,
    )


@contextmanager
def _silent() -> Iterator[None]:
    """OpenCV writes warnings past Python to the error stream; what matters comes as an exception."""
    from cv2.utils import logging

    level = logging.setLogLevel(logging.LOG_LEVEL_SILENT)
    try:
        yield
    finally:
        logging.setLogLevel(level)


def _face(row: NDArray[np.float32], offset: tuple[int, int], scale: float, size: tuple[int, int]) -> Face | None:
    """One row of a tile as a face in the picture; None where nothing of it lies inside."""
    left, top = (float(row[i] + offset[i]) / scale for i in (0, 1))
    right, bottom = left + float(row[2]) / scale, top + float(row[3]) / scale
    x, y = max(0, round(left)), max(0, round(top))
    width, height = min(size[0], round(right)) - x, min(size[1], round(bottom)) - y
    if width <= 0 or height <= 0:
        return None
    return Face(Box(x, y, width, height), float(row[14]))


def _distinct(faces: list[Face]) -> tuple[Face, ...]:
    """Of detections of the same face only the surest; ties keep the order of sizes and places."""
    kept: list[Face] = []
    for face in sorted(faces, key=lambda one: (-one.confidence, one.box.y, one.box.x)):
        if all(iou(face.box, other.box) < SAME_FACE for other in kept):
            kept.append(face)
    return tuple(kept)
