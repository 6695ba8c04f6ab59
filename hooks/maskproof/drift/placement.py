"""Placement: where the original lies in an edit of other proportions, or where such an edit lies in the original.

An outpainted edit is the original with a border around it, a cropped one is a cut of it. Where that explains its size,
the report names the options that record it. The smaller picture is looked for in the larger one by normalised
cross-correlation (Lewis, "Fast Normalized Cross-Correlation", 1995), small at first, then to the pixel by the
difference itself. Only what is certain is named: one place, better than each of its neighbours, that shows the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from PIL import Image

from maskproof.drift.frame import Frame, Size, align, off_proportions, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from maskproof.drift.grid import Float
    from maskproof.model import Picture

MIN_OFF_PROPORTIONS = 0.005
"""from which on an explanation is looked for: what level `strict` allows of `aspect`"""
SEARCHED_SIDE_PX = 256
"""long side, in samples, up to which the larger picture is searched at all places"""
MIN_SIDE_PX = 8
"""short side, in samples, of what is looked for in it"""
MIN_CORRELATION, MIN_LEAD = 0.5, 0.05
"""what the best place has to reach, since half of the picture may have been edited, and by how much it has to be better
than any other peak: one stripe of many is not told from the next"""
REACH_PX = 2
"""samples by which a place is corrected to each side, at each size"""
COMPARED_SAMPLES = 250_000
"""that a difference is taken from at the most"""
CAP = 32.0
"""levels of luma from which on a sample was changed, however much"""
MAX_MISFIT, MIN_STEP = 10.0, 0.05
"""mean capped difference, in levels of luma: what shows the same at the most, and by how much the places one pixel away
have to be worse. Of 53 real edits that pass, each put on a canvas, cut, and cut as JPEG 80: 116 of 159 are named to the
pixel, 41 are not named, and the two that are one pixel off are of an edit that is a pixel smaller than its original"""

CLEARLY = 2.0
"""how many times worse an edit of the original's proportions has to fit as all of it. Of 13 real edits cut at their own
scale, six are named, all to the pixel, and fit as all of it 3 to 46 times worse; merely scaled, one fitted 0.8 times"""


class Explained(NamedTuple):
    """How an edit of another size lies on its original, in words; empty where that is not certain."""

    says: str = ""
    """goes on where the size or the motion was told"""
    mend: str = ""
    """the command that records it"""


def explain_size(original: Picture, edit: Picture, canvas: Size) -> Explained:
    """What explains that an edit has other proportions than `canvas`."""
    return Explained() if off_proportions(edit.size, canvas) < MIN_OFF_PROPORTIONS else explain_frame(original, edit)


def explain_frame(original: Picture, edit: Picture) -> Explained:
    """What explains that the frame of an edit of another size is not where it was."""
    if edit.size == original.size or (frame := find_frame(original, edit)) is None:
        return Explained()
    what, name, numbers = "the original with a border", "pad", frame.pad
    if frame.crop is not None:
        what, name, numbers = "a cut of the original", "crop", frame.crop
    command = f"maskproof record EDIT --{name} {','.join(map(str, numbers))}"
    return Explained(f"; it is {what}", f"Record that it is {what}: `{command}`. If it is not meant to be, edit again.")


def find_frame(original: Picture, edit: Picture) -> Frame | None:
    """How the original was padded, or cropped, to become the edit; None where that is not certain.

    Looked at is the original's own scale, and those that keep its width or its height. An edit of the original's
    proportions may as well be all of it at another scale, so there the place has to explain far more than that.
    """
    before, after = (_luma(shown(picture.samples, picture.alpha)) for picture in (original, edit))
    best: tuple[float, Frame] | None = None
    for canvas in _canvases(original.size, edit.size):
        scaled = after if canvas == edit.size else after.resize(canvas, Image.Resampling.LANCZOS)
        padded = canvas >= original.size and canvas[1] >= original.size[1]
        place = _place(scaled, before) if padded else _place(before, scaled)
        if place is None:
            continue
        x, y = place
        right, bottom = canvas[0] - original.size[0] - x, canvas[1] - original.size[1] - y
        frame = Frame(pad=(x, y, right, bottom)) if padded else Frame(crop=(x, y, *canvas))
        there = align(original, edit, frame)
        known = np.s_[:] if frame.crop is None else np.s_[y : y + canvas[1], x : x + canvas[0]]
        misfit = _misfit(_plane(before)[known], _plane(_luma(shown(there.samples, there.alpha)))[known])
        if misfit <= MAX_MISFIT and (best is None or misfit < best[0]):
            best = misfit, frame
    if best is not None and off_proportions(edit.size, original.size) < MIN_OFF_PROPORTIONS:
        otherwise = _misfit(_plane(before), _plane(after.resize(before.size, Image.Resampling.LANCZOS)))
        if best[0] * CLEARLY > otherwise:
            return None
    return None if best is None else best[1]


def _canvases(original: Size, edit: Size) -> Iterator[Size]:
    """The sizes, in pixels of the original, that the edit may have had before it was scaled."""
    scales = {1.0, edit[0] / original[0], edit[1] / original[1]}
    for width, height in sorted({(round(edit[0] / scale), round(edit[1] / scale)) for scale in scales}):
        wider, taller = width - original[0], height - original[1]
        if wider * taller >= 0 and (wider or taller):
            yield width, height


def _place(large: Image.Image, small: Image.Image) -> tuple[int, int] | None:
    """Where the small picture lies in the large one, both luma at one scale; None where that is not certain."""
    factor = 1
    while max(large.size) > factor * SEARCHED_SIDE_PX:
        factor *= 2
    place = _coarse(_plane(large.reduce(factor)), _plane(small.reduce(factor)))
    while place is not None and factor > 1:
        factor //= 2
        planes = _plane(large.reduce(factor)), _plane(small.reduce(factor))
        errors = _around(*planes, (2 * place[0], 2 * place[1]), REACH_PX)
        place = min(errors, key=errors.__getitem__)
    if place is None:
        return None
    errors = _around(_plane(large), _plane(small), place, 1)
    least = errors.pop(place)
    return place if all(error >= least + MIN_STEP for error in errors.values()) else None


def _coarse(large: Float, small: Float) -> tuple[int, int] | None:
    """The place of the highest correlation, where it is high and there is only one."""
    if min(small.shape) < MIN_SIDE_PX:
        return None
    shape, valid = large.shape, (large.shape[0] - small.shape[0] + 1, large.shape[1] - small.shape[1] + 1)
    spectra = np.fft.rfft2(large - large.mean()), np.fft.rfft2(np.square(large - large.mean()))
    kernel, window = (np.conj(np.fft.rfft2(one, shape)) for one in (small - small.mean(), np.ones_like(small)))
    cross, mean, square = (
        np.fft.irfft2(product, shape)[: valid[0], : valid[1]]
        for product in (spectra[0] * kernel, spectra[0] * window, spectra[1] * window)
    )
    energy = np.maximum(square - np.square(mean) / small.size, small.size) * max(float(small.var()), 1.0) * small.size
    found = cross / np.sqrt(energy)
    y, x = divmod(int(np.argmax(found)), valid[1])
    best, padded = float(found[y, x]), np.pad(found, 1, constant_values=-1)
    beside = [padded[dy : dy + valid[0], dx : dx + valid[1]] for dy in range(3) for dx in range(3)]
    peaks = np.sort(found[found == np.maximum.reduce(beside)])
    alone = len(peaks) == 1 or float(peaks[-2]) <= best - MIN_LEAD
    return (x, y) if best >= MIN_CORRELATION and alone else None


def _around(large: Float, small: Float, place: tuple[int, int], reach: int) -> dict[tuple[int, int], float]:
    """How the small picture differs from the large one at each place around one, as far as it lies within."""
    (height, width), (tall, wide) = large.shape, small.shape
    x, y = min(place[0], width - wide), min(place[1], height - tall)
    return {
        (left, top): _misfit(large[top : top + tall, left : left + wide], small)
        for top in range(max(0, y - reach), min(height - tall, y + reach) + 1)
        for left in range(max(0, x - reach), min(width - wide, x + reach) + 1)
    }


def _misfit(one: Float, other: Float) -> float:
    """Mean capped difference, in levels of luma."""
    step = max(1, round((one.size / COMPARED_SAMPLES) ** 0.5))
    return float(np.minimum(np.abs(one[::step, ::step] - other[::step, ::step]), CAP).mean())


def _luma(samples: np.ndarray) -> Image.Image:
    return Image.fromarray(samples).convert("L")


def _plane(image: Image.Image) -> Float:
    return np.asarray(image, np.float32)
