"""The difference of two pictures as a mask: what an edit changed, beyond what it changes everywhere.

Models that re-render a whole picture leave a residual all over it, more in texture than in flat parts. So each place is
compared with what most places of the same texture show, with a floor below which nobody sees a change and a ceiling
above which everything counts as changed. Where a strong change is found, the weaker one around it belongs to it
(hysteresis: J. Canny, 1986). The frame's motion and a step of tone over the whole picture are undone first, as in
`drift`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from maskproof.drift.frame import Frame, align, shown
from maskproof.drift.oklab import opponent
from maskproof.drift.registration import motion_between, warped_planes
from maskproof.masks.morphology import grow, keep_parts

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from maskproof.drift.grid import Float
    from maskproof.masks.morphology import Mask
    from maskproof.model import Picture

COMPARED_SIDE_PX = 1600
"""samples of the long side at which pictures are compared, as in `drift`"""
WINDOW = 7
"""side, in samples, of the square whose root mean square difference is a place's change: a small letter's height"""
BINS = 8
"""of equal numbers of places, by texture: local deviation of luma"""
RESIDUAL_QUANTILE = 0.3
"""quantile of a bin's changes that counts as its noise floor; half of a picture may have been edited"""
STRONG, WEAK = (5.0, 6.0, 12.0), (2.5, 2.5, 6.0)
"""times the noise floor, then at least and at most, in hundredths of full scale; found on real edits (docs/mask.md)"""
SPECK = 0.01
"""share of the long side: what is smaller than its square is removed, and so are gaps narrower than it"""
HOLE = 0.04
"""share of the long side: holes smaller than its square are closed; a larger one was kept on purpose"""
GROWTH = 0.008
"""share of the long side by which the mask is grown at last: editors feather, and the window blurs"""
MAX_MOTION_SHARE = 0.02
"""share of the long side by which a frame may have moved; what seems to have moved farther was re-rendered"""
MIN_MOTION = 0.3
"""samples from which on a motion is undone"""
STEADY_SHARE = 0.3
"""share of the places, those that changed least, that tell the step of tone"""
ROUNDS = 4
"""of finding those places and their step; it settles in two or three"""


def find_changes(original: Picture, edit: Picture) -> Mask:
    """Where an edit changed its original: H x W of the original, True where it did."""
    factor = -(-max(original.size) // COMPARED_SIDE_PX)
    aligned = align(original, edit, Frame())
    known = _limit_detail(shown(original.samples, original.alpha), edit.size if aligned.resampled else original.size)
    pictures = known, shown(aligned.samples, aligned.alpha)
    before, after = (opponent(np.asarray(Image.fromarray(one).reduce(factor))) for one in pictures)
    after, valid = _align(before, after)
    strength = np.where(valid, _strength(before, after - _step(before, after, valid)), 0)
    floor = _noise_floor(strength, before[0], valid)
    weak, strong = (strength > np.clip(times * floor, low, high) for times, low, high in (WEAK, STRONG))
    long = max(valid.shape)
    mask = keep_parts(weak, max(1, round((SPECK * long) ** 2)), strong)
    gap = max(2, round(SPECK * long / 2))
    mask = grow(grow(mask, gap), -gap)
    mask = ~keep_parts(~mask, round((HOLE * long) ** 2))
    mask = grow(mask, max(2, round(GROWTH * long))) if mask.any() else mask
    return np.asarray(Image.fromarray(mask).resize(original.size, Image.Resampling.NEAREST), np.bool_)


def _limit_detail(picture: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """A picture without what is lost on the way through another size, or detail that no edit of it can have counts."""
    own = picture.shape[1], picture.shape[0]
    if size[0] >= own[0] and size[1] >= own[1]:
        return picture
    there = Image.fromarray(picture).resize(size, Image.Resampling.LANCZOS)
    return np.asarray(there.resize(own, Image.Resampling.LANCZOS))


def _align(before: Float, after: Float) -> tuple[Float, Mask]:
    """The edit's planes (3 x h x w) with a small motion of the frame undone, and where they hold samples."""
    everywhere = np.ones(before.shape[1:], np.bool_)
    motion = motion_between(before[0], after[0], everywhere)
    if not motion.trusted or not MIN_MOTION <= motion.reach <= MAX_MOTION_SHARE * max(everywhere.shape):
        return after, everywhere
    # What came into the picture with the motion has no counterpart, and must not reach into windows beside it.
    moved, valid = warped_planes(after, motion.matrix)
    return np.where(valid, moved, before), valid


def _step(before: Float, after: Float, valid: Mask) -> Float:
    """Step of tone (3 x 1 x 1), told by the places that change least once it is taken away."""
    step = np.zeros((3, 1, 1), np.float32)
    for _ in range(ROUNDS):
        strength = _strength(before, after - step)
        steady = valid & (strength <= np.quantile(strength[valid], STEADY_SHARE))
        step = step + np.median((after - before - step)[:, steady], axis=1)[:, None, None]
    return step


def _strength(before: Float, after: Float) -> Float:
    """Root mean square difference of the windows around each sample (h x w), in hundredths of full scale."""
    return np.sqrt(np.maximum(_mean(((after - before) ** 2).sum(0)), 0))  # a running mean may end just below 0


def _noise_floor(strength: Float, luma: Float, valid: Mask) -> Float:
    """What most places with the texture of each place show (h x w)."""
    texture = np.sqrt(np.maximum(_mean(luma**2) - _mean(luma) ** 2, 0))
    bins = np.searchsorted(np.quantile(texture[valid], np.arange(1, BINS) / BINS), texture)
    typical = np.zeros(BINS, np.float32)
    for number in range(BINS):
        seen = strength[valid & (bins == number)]
        typical[number] = np.quantile(seen, RESIDUAL_QUANTILE) if seen.size else 0
    return _mean(typical[bins])


def _mean(plane: Float) -> Float:
    from scipy.ndimage import uniform_filter

    return np.asarray(uniform_filter(plane, WINDOW), np.float32)
