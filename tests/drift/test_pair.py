"""The pair: both pictures on one grid, whatever the edit's size and motion."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from comparisons import PHOTO, Area, middle, picture, regions
from maskproof import drift
from maskproof.drift.border import BORDER
from maskproof.drift.grid import CELL
from maskproof.drift.pair import Pair, pair_up
from maskproof.drift.size import JUDGED_SIDE_PX
from maskproof.model import Box, Kind, Level, Metric


def paired(
    original: Image.Image, edit: Image.Image, level: Level = Level.VISUAL, opened: float = 0.0, **areas: Area
) -> Pair:
    editable, protected = regions(original.size, middle(original.size, opened), **areas)
    with ThreadPoolExecutor(1) as pool:
        return pair_up(picture(original), picture(edit), editable, protected, level, drift.Frame(), pool)


def test_a_moved_frame_is_moved_back_and_what_came_over_the_border_is_not_judged() -> None:
    wide = PHOTO.crop((30, 30, 480, 480))
    pair = paired(wide, PHOTO.crop((24, 30, 474, 480)))
    assert pair.motion.dx == pytest.approx(6, abs=0.3)
    assert np.abs(pair.after - pair.before)[:, pair.masks[0]].max() < 1
    assert not pair.valid[:, -5:].any()
    assert pair.valid[:, :400].all()


@pytest.mark.parametrize("level", list(Level))
def test_the_border_around_the_mask_is_as_wide_as_the_level_says(level: Level) -> None:
    pair = paired(PHOTO, PHOTO, level, opened=0.25)
    left = int(np.flatnonzero(pair.editable.any(0))[0])
    kept = pair.masks[0][256]
    border = left - int(np.flatnonzero(~kept)[0])
    assert border == pytest.approx(BORDER[level] * 512, abs=CELL)
    assert (level is Level.EXACT) == (border == 0)


def test_large_pictures_are_judged_smaller_and_places_told_in_their_own_pixels() -> None:
    large = Image.new("RGB", (JUDGED_SIDE_PX * 3 - 2, 90), "gray")
    pair = paired(large, large)
    assert pair.size.factor == pytest.approx(3, abs=0.01)
    assert pair.before.shape == pair.after.shape == (3, 30, JUDGED_SIDE_PX)
    inside, at_the_border = (Metric("light", 1.0, "x", "", "", box) for box in (Box(4, 8, 8, 8), Box(1020, 26, 4, 4)))
    assert [metric.box for metric in pair.in_pixels([inside, at_the_border])] == [
        Box(11, 24, 25, 24),
        Box(3058, 78, 12, 12),
    ]


def test_where_there_is_no_outside_the_residual_is_estimated_from_the_areas() -> None:
    pair = paired(PHOTO, PHOTO, opened=1.0, logo=(Kind.BRAND, (40, 80, 64, 32)), face=(Kind.FACE, (200, 80, 64, 64)))
    assert not pair.masks[0].any()
    assert pair.reference.sum() == 64 * 32 + 64 * 64
    pair = paired(PHOTO, PHOTO, opened=0.5, logo=(Kind.BRAND, (40, 80, 64, 32)))
    assert pair.reference is pair.weights[0]
