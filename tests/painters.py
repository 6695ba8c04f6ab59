"""Stand-ins for image models: a picture and a mask in, a candidate out. What they get wrong is what real models do."""

from __future__ import annotations

from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

RED = (200, 30, 40)


def held(picture: np.ndarray, opened: np.ndarray) -> np.ndarray:
    """A red ball inside the mask, and all else to within the noise of a decoder."""
    noise = np.random.default_rng(3).normal(0, 0.8, picture.shape)
    return _with_ball(np.clip(picture + noise, 0, 255).round().astype(np.uint8), opened)


def rerendered(picture: np.ndarray, opened: np.ndarray) -> np.ndarray:
    """Everything drawn anew: softer, a little warmer, with the texture of a decoder."""
    soft = Image.fromarray(picture).filter(ImageFilter.GaussianBlur(1.1))
    noise = np.random.default_rng(4).normal(0, 3, picture.shape)
    warm = np.asarray(soft, np.float64) * [1.03, 1.0, 0.96] + noise
    return _with_ball(np.clip(warm, 0, 255).round().astype(np.uint8), opened)


def shifted(picture: np.ndarray, opened: np.ndarray) -> np.ndarray:
    """The whole frame, ball and all, 9 px to the right."""
    made = held(picture, opened)
    return np.concatenate([made[:, :1].repeat(9, axis=1), made[:, :-9]], axis=1)


def redrawn(picture: np.ndarray, opened: np.ndarray) -> np.ndarray:
    """Another scene in the upper left part of the picture."""
    made = held(picture, opened)
    height, width = made.shape[0] * 2 // 5, made.shape[1] * 2 // 5
    made[:height, :width] = 255 - made[:height, :width][::-1, ::-1]
    return made


def smaller(picture: np.ndarray, opened: np.ndarray) -> np.ndarray:
    """A candidate of three quarters of the size that was asked for."""
    made = Image.fromarray(held(picture, opened))
    return np.asarray(made.resize((made.width * 3 // 4, made.height * 3 // 4), Image.Resampling.LANCZOS))


def untouched(picture: np.ndarray, opened: np.ndarray) -> np.ndarray:
    """Nothing done."""
    del opened
    return picture


def _with_ball(picture: np.ndarray, opened: np.ndarray) -> np.ndarray:
    """A shaded ball that fills most of the mask's box, painted only where the mask is open."""
    rows, columns = np.flatnonzero(opened.any(1)), np.flatnonzero(opened.any(0))
    box: Any = (int(columns[0]), int(rows[0]), int(columns[-1]), int(rows[-1]))
    inset = min(box[2] - box[0], box[3] - box[1]) // 8
    canvas = Image.fromarray(picture)
    draw = ImageDraw.Draw(canvas)
    draw.ellipse((box[0] + inset, box[1] + inset, box[2] - inset, box[3] - inset), fill=RED)
    draw.ellipse((box[0] + 2 * inset, box[1] + 2 * inset, box[0] + 3 * inset, box[1] + 3 * inset), fill=(255, 200, 200))
    made = picture.copy()
    made[opened] = np.asarray(canvas)[opened]
    return made


def logo(background: str = "#f4efe6") -> Image.Image:
    """A mark that a designer would know again: a ring, a bar and a dot on a quiet ground."""
    y, x = np.mgrid[:240, :320]
    away = np.hypot(x - 110, y - 120)
    canvas = np.array(Image.new("RGB", (320, 240), background))
    canvas[(away < 80) & (away > 52)] = (18, 50, 74)
    canvas[100:140, 170:290] = (200, 60, 40)
    canvas[np.hypot(x - 110, y - 120) < 20] = (200, 60, 40)
    return Image.fromarray(canvas)
