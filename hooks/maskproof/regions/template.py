"""Locating a reference mark in a picture: where a logo stands, how large, and how sure that is.

The mark is slid over the picture at many sizes and compared by normalised cross-correlation, which does not mind
brightness and contrast (Lewis, "Fast Normalized Cross-Correlation", 1995), first small, then around each hit at a finer
size. A mark of one colour on a transparent ground has nothing but its outline, so the outline is what is compared: with
how near the picture's colours are to the mark's, then, for a mark in another colour, with light and dark.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from maskproof.model import Box

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

COARSE = 448
"""long side, in samples, of the picture that is searched at all sizes"""
FINE_MARK = 160
"""long side, in samples, that a mark is enlarged or reduced to for the fine search"""
STEP = 1.09
"""ratio of neighbouring sizes in the coarse search; a size off by half of it still correlates above HINT"""
SMALLEST = 10
"""samples of the mark's shorter side in the coarse search"""
HINT = 0.5
"""correlation from which on a place is looked at closely"""
FOUND = 0.8
"""correlation from which on the mark is found; see docs/metrics.md for marks and pictures that this was set on"""
HITS = 8
"""places looked at closely at the most"""
FLAT = 4.0
"""standard deviation, of 255, below which a mark has no drawing of its own beside its outline"""
NEAR_COLOR = 24.0
"""distance in sRGB, of 255 a channel, at which a colour counts 0.6 as near to the mark's"""
APART = 0.3
"""intersection over union from which on two hits are one"""
CAPPED = 40.0
"""difference, of 255, from which on a sample of a mark is redrawn and says nothing about place"""
FINEST = 0.06
"""pixels to which place and width of a mark are settled"""
NEIGHBOURS = ((1, 0, 0), (-1, 0, 0), (0, 1, 0), (0, -1, 0), (0, 0, 2), (0, 0, -2))
"""steps of a mark's middle across and down, and of its width, which moves either side by half"""
HALF = 128
"""opacity from which on a sample counts as solid"""
MARGIN = 0.06
"""border, as a share of the mark's long side, that is added around an outline so that its ground counts"""


@dataclass(frozen=True, slots=True)
class Hit:
    """One place where a mark was found."""

    box: Box
    score: float
    """normalised cross-correlation, 0 to 1"""


@dataclass(frozen=True, slots=True)
class Drawn:
    """A mark as it has to look at one place of a picture."""

    box: Box
    samples: NDArray[np.uint8]
    """h x w x 3 of the box, sRGB"""
    opacity: NDArray[np.uint8]
    """h x w, 0 transparent"""


@dataclass(frozen=True, slots=True)
class Template:
    """A mark as it is compared."""

    light: NDArray[np.float32]
    """h x w, 0 to 255"""
    weight: NDArray[np.float32]
    """h x w, 0 to 1: which samples count"""
    outline: bool
    """compared by outline, so that dark and light may be exchanged"""
    inset: float
    """border on each side, as a share of the template's width, that is not the mark itself"""
    ink: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """sRGB of a mark that is compared by outline"""


def locate(picture: NDArray[np.uint8], mark: NDArray[np.uint8], alpha: NDArray[np.uint8] | None) -> tuple[Hit, ...]:
    """Every place of a picture where a mark stands, the surest first.

    Args:
        picture: H x W x 3, sRGB.
        mark: h x w x 3, sRGB.
        alpha: h x w, 0 transparent; None: the mark is opaque.

    Returns:
        Hits that do not overlap; empty: not found.
    """
    template = _template(mark, alpha)
    hits: list[Hit] = []
    for plane in _planes(picture, template):
        hits += [hit for hit in _hits(plane, template) if all(_overlap(hit.box, other.box) < APART for other in hits)]
    return tuple(sorted(hits, key=lambda hit: -hit.score))


def drawn(picture: NDArray[np.uint8], mark: NDArray[np.uint8], alpha: NDArray[np.uint8] | None, box: Box) -> Drawn:
    """A mark as it has to look where it was found, to a fraction of a pixel.

    A hit is good to about a pixel, and a pixel is enough for every edge of a mark to differ. So place and width are
    settled by the difference itself, each patch of it capped, so that a redrawn part does not pull.

    Args:
        picture: H x W x 3, sRGB.
        mark: h x w x 3, sRGB.
        alpha: h x w, 0 transparent; None: the mark is opaque.
        box: Where it was found.
    """
    solid = np.full(mark.shape[:2], 255, np.uint8) if alpha is None else alpha
    planes = tuple(Image.fromarray(one) for one in (mark, solid))
    place = (box.x + box.width / 2, box.y + box.height / 2, float(box.width))
    best = _apart(picture, planes, place)
    step = 1.0
    while step >= FINEST:
        around = [tuple(np.add(place, np.multiply(step, one))) for one in NEIGHBOURS]
        error, nearest = min((_apart(picture, planes, one), one) for one in around)
        if error < best:
            best, place = error, nearest
        else:
            step /= 2
    return _drawn(planes, place, picture.shape)


def _drawn(planes: tuple[Image.Image, ...], place: tuple[float, ...], shape: tuple[int, ...]) -> Drawn:
    """The mark resampled to the whole pixels that lie inside its place: middle and width, in pixels of the picture."""
    middle_x, middle_y, wide = place
    scale = planes[0].width / wide
    x, y = middle_x - wide / 2, middle_y - planes[0].height / scale / 2
    left, top = max(0, math.ceil(x)), max(0, math.ceil(y))
    right = min(shape[1], math.floor(x + wide))
    bottom = min(shape[0], math.floor(y + planes[0].height / scale))
    width, height = planes[0].size
    source = (
        _within((left - x) * scale, width),
        _within((top - y) * scale, height),
        _within((right - x) * scale, width),
        _within((bottom - y) * scale, height),
    )
    size = (max(1, right - left), max(1, bottom - top))
    # The opacity is scaled by itself: scaled together with it, colours would run into the clear ground.
    samples, opacity = (np.asarray(one.resize(size, Image.Resampling.LANCZOS, box=source)) for one in planes)
    return Drawn(Box(left, top, *size), samples, opacity)


def _within(edge: float, most: int) -> float:
    return min(max(edge, 0.0), float(most))


def _apart(picture: NDArray[np.uint8], planes: tuple[Image.Image, ...], place: tuple[float, ...]) -> float:
    """Mean capped difference between the picture and the mark at one place, of 255."""
    mark = _drawn(planes, place, picture.shape)
    box = mark.box
    there = picture[box.y : box.y + box.height, box.x : box.x + box.width].astype(np.float32)
    weight = mark.opacity.astype(np.float32) / np.float32(255)
    difference = np.minimum(np.abs(there - mark.samples).mean(-1), CAPPED)
    return float((difference * weight).sum() / max(weight.sum(), 1e-6))


def _planes(picture: NDArray[np.uint8], template: Template) -> Iterator[NDArray[np.float32]]:
    """What the template is compared with: lightness, and for an outline first the nearness to the mark's colour."""
    if template.outline:
        away = np.square(picture.astype(np.float32) - np.array(template.ink, np.float32)).sum(-1)
        yield np.exp(away / (-2 * NEAR_COLOR**2)) * 255
    yield np.asarray(Image.fromarray(picture).convert("L"), np.float32)


def _hits(plane: NDArray[np.float32], template: Template) -> list[Hit]:
    reduction = max(1.0, max(plane.shape) / COARSE)
    small = _resized(plane, 1 / reduction)
    hits: list[Hit] = []
    for _, x, y, width in sorted(_coarse(small, template), key=lambda hint: -hint[0])[: 4 * HITS]:
        guess = (x * reduction, y * reduction, width * reduction)
        if len(hits) < HITS and not any(_inside(guess, hit.box) for hit in hits):
            hit = _refined(plane, template, guess)
            if hit.score >= FOUND and all(_overlap(hit.box, other.box) < APART for other in hits):
                hits.append(hit)
    return hits


def _template(mark: NDArray[np.uint8], alpha: NDArray[np.uint8] | None) -> Template:
    light = np.asarray(Image.fromarray(mark).convert("L"), np.float32)
    if alpha is None or int(alpha.min()) >= HALF:
        return Template(light, np.ones_like(light), outline=False, inset=0.0)
    weight = alpha.astype(np.float32) / np.float32(255)
    mean = float((light * weight).sum() / max(weight.sum(), 1e-6))
    spread = float(np.sqrt((np.square(light - mean) * weight).sum() / max(weight.sum(), 1e-6)))
    if spread >= FLAT:
        return Template(light, weight, outline=False, inset=0.0)
    border = max(1, round(MARGIN * max(light.shape)))
    shape = np.pad(weight * np.float32(255), border)
    ink = tuple(float(value) for value in (mark * weight[..., None]).sum((0, 1)) / max(weight.sum(), 1e-6))
    return Template(shape, np.ones(shape.shape, np.float32), outline=True, inset=border / shape.shape[1], ink=ink)  # type: ignore[arg-type]


def _coarse(small: NDArray[np.float32], template: Template) -> Iterator[tuple[float, int, int, int]]:
    """Local maxima over all sizes, as (correlation, x, y, width) in samples of the small picture."""
    height, width = template.light.shape
    largest = min(small.shape[1] / width, small.shape[0] / height)
    factor = SMALLEST / min(height, width)
    spectra = _Spectra(small)
    while factor <= largest:
        light, weight = _resized(template.light, factor), _resized(template.weight, factor)
        surface = spectra.correlation(light, weight, template.outline)
        for score, x, y in _peaks(surface, max(4, min(light.shape) // 2)):
            yield score, x, y, light.shape[1]
        factor *= STEP


def _peaks(surface: NDArray[np.float32], reach: int) -> Iterator[tuple[float, int, int]]:
    """The highest values of a correlation surface, none within `reach` of a higher one."""
    rest = surface.copy()
    for _ in range(HITS):
        at = int(np.argmax(rest))
        y, x = divmod(at, rest.shape[1])
        if rest[y, x] < HINT:
            return
        yield float(rest[y, x]), x, y
        rest[max(0, y - reach) : y + reach + 1, max(0, x - reach) : x + reach + 1] = 0


def _refined(light: NDArray[np.float32], template: Template, guess: tuple[float, float, float]) -> Hit:
    """The best size and place around a guess, searched with the mark at FINE_MARK samples."""
    height, width = template.light.shape
    best = (-1.0, guess)
    for span in (0.06, 0.02, 0.007):
        x0, y0, wide0 = best[1]
        for ratio in np.linspace(1 - span, 1 + span, 5):
            wide = wide0 * ratio
            tall = wide * height / width
            fine = min(1.0, FINE_MARK / max(wide, tall))
            pad = (0.06 + span) * max(wide, tall) + 4
            left, top = (
                max(0, int(x0 + (wide0 - wide) / 2 - pad)),
                max(0, int(y0 + (wide0 - wide) / 2 * height / width - pad)),
            )
            cut = light[top : int(top + tall + 2 * pad) + 2, left : int(left + wide + 2 * pad) + 2]
            field = _resized(cut, fine)
            size = (max(2, round(wide * fine)), max(2, round(tall * fine)))
            if size[0] > field.shape[1] or size[1] > field.shape[0]:
                continue
            small = [
                np.asarray(
                    Image.fromarray(one).resize(
                        size, Image.Resampling.BOX if size[0] < width else Image.Resampling.BICUBIC
                    )
                )
                for one in (template.light, template.weight)
            ]
            surface = _Spectra(field).correlation(small[0], small[1], template.outline)
            y, x = divmod(int(np.argmax(surface)), surface.shape[1])
            scale = cut.shape[1] / field.shape[1]
            if surface[y, x] > best[0]:
                best = (float(surface[y, x]), (left + x * scale, top + y * scale, wide))
    score, (x, y, wide) = best
    inset = template.inset * wide
    tall = wide * height / width
    box = Box(
        max(0, round(x + inset)),
        max(0, round(y + inset)),
        max(1, round(wide - 2 * inset)),
        max(1, round(tall - 2 * inset)),
    )
    return Hit(box, min(score, 1.0))


class _Spectra:
    """The spectra of one picture, for correlating it with several templates."""

    def __init__(self, picture: NDArray[np.float32]) -> None:
        self.picture = picture - picture.mean()
        self.one = np.fft.rfft2(self.picture)
        self.square = np.fft.rfft2(np.square(self.picture))

    def correlation(
        self, light: NDArray[np.float32], weight: NDArray[np.float32], outline: bool
    ) -> NDArray[np.float32]:
        """Weighted normalised cross-correlation wherever the template fits: -1 to 1, for outlines 0 to 1."""
        shape = self.picture.shape
        total = float(weight.sum())
        centred = light - float((light * weight).sum()) / total
        energy = float((np.square(centred) * weight).sum())
        kernel, window = (np.conj(np.fft.rfft2(one, shape)) for one in (centred * weight, weight))
        valid = (slice(0, shape[0] - light.shape[0] + 1), slice(0, shape[1] - light.shape[1] + 1))
        cross, mean, square = (
            np.fft.irfft2(product, shape)[valid]
            for product in (self.one * kernel, self.one * window, self.square * window)
        )
        variance = np.maximum(square - np.square(mean) / total, 0)
        # A flat part of the picture correlates with nothing; the bound is a deviation of 2 of 255.
        found = cross / np.sqrt(np.maximum(variance, 4 * total) * max(energy, 1e-6))
        return (np.abs(found) if outline else found).astype(np.float32)


def _resized(plane: NDArray[np.float32], factor: float) -> NDArray[np.float32]:
    size = (max(2, round(plane.shape[1] * factor)), max(2, round(plane.shape[0] * factor)))
    if size == (plane.shape[1], plane.shape[0]):
        return plane
    return np.asarray(
        Image.fromarray(plane).resize(size, Image.Resampling.BOX if factor < 1 else Image.Resampling.BICUBIC)
    )


def _inside(guess: tuple[float, float, float], box: Box) -> bool:
    return (
        box.x - box.width / 4 < guess[0] < box.x + box.width / 2
        and box.y - box.height / 2 < guess[1] < box.y + box.height / 2
    )


def _overlap(one: Box, other: Box) -> float:
    """Intersection over union."""
    wide = min(one.x + one.width, other.x + other.width) - max(one.x, other.x)
    tall = min(one.y + one.height, other.y + other.height) - max(one.y, other.y)
    both = max(wide, 0) * max(tall, 0)
    return both / (one.width * one.height + other.width * other.height - both)
