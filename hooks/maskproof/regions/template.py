"""Template matching: where a reference logo stands in a picture, how large, and how sure that is.

The logo is slid over the picture at many sizes and compared by normalised cross-correlation, which does not mind
brightness and contrast (Lewis, "Fast Normalized Cross-Correlation", 1995), first small, then around each match at a
finer size. A logo of one colour on a transparent background has nothing but its outline, so that is compared: with how
near the picture's colours are to the logo's, then, for a logo in another colour, with light and dark.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from msgspec import Struct
from PIL import Image

from maskproof.model import Box
from maskproof.regions import iou

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

SEARCHED_SIDE_PX = 448
"""long side, in samples, of the picture that is searched at all sizes"""
FINE_LOGO_PX = 160
"""long side, in samples, that a reference logo is enlarged or reduced to for the fine search"""
STEP = 1.09
"""ratio of neighbouring sizes in the coarse search; a size off by half of it still correlates above HINT"""
MIN_SIDE_PX = 10
"""samples of the logo's shorter side in the coarse search"""
MIN_HINT = 0.5
"""correlation from which on a place is looked at closely"""
MIN_CORRELATION = 0.8
"""correlation from which on the logo is found; see docs/metrics.md for logos and pictures that this was set on"""
MIN_DOUBT = 0.6
"""correlation from which on a place may show the logo after all. Wordmarks on photographs that do not hold them reached
at most 0.53, cuts of photographs nearly always more, so that these are never called absent"""
MAX_MATCHES = 8
"""places looked at closely at the most"""
MIN_DEVIATION = 4.0
"""standard deviation, of 255, below which a reference logo has no drawing of its own beside its outline"""
NEAR_COLOR = 24.0
"""distance in sRGB, of 255 a channel, at which a colour counts 0.6 as near to the logo's"""
SAME_PLACE = 0.3
"""intersection over union from which on two matches are one"""
MAX_DIFFERENCE = 40.0
"""difference, of 255, from which on a sample of a reference logo is re-rendered and says nothing about place"""
MIN_STEP_PX = 0.06
"""pixels to which place and width of a reference logo are settled"""
NEIGHBOURS = ((1, 0, 0), (-1, 0, 0), (0, 1, 0), (0, -1, 0), (0, 0, 2), (0, 0, -2))
"""steps of a reference logo's middle across and down, and of its width, which moves either side by half"""
HALF = 128
"""opacity from which on a sample counts as solid"""
MARGIN_SHARE = 0.06
"""border, as a share of the logo's long side, that is added around an outline so that its background counts"""


class Match(Struct, frozen=True):
    """One place where a reference logo was found."""

    box: Box
    score: float
    """normalised cross-correlation, 0 to 1"""


class Rendered(Struct, frozen=True):
    """A logo as it has to look at one place of a picture."""

    box: Box
    samples: NDArray[np.uint8]
    """h x w x 3 of the box, sRGB"""
    opacity: NDArray[np.uint8]
    """h x w, 0 transparent"""


class Template(Struct, frozen=True):
    """A logo as it is compared."""

    light: NDArray[np.float32]
    """h x w, 0 to 255"""
    weight: NDArray[np.float32]
    """h x w, 0 to 1: which samples count"""
    outline: bool
    """compared by outline, so that dark and light may be exchanged"""
    inset: float
    """border on each side, as a share of the template's width, that is not the logo itself"""
    ink: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """sRGB of a reference logo that is compared by outline"""


def match_template(
    picture: NDArray[np.uint8], logo: NDArray[np.uint8], alpha: NDArray[np.uint8] | None
) -> tuple[Match, ...]:
    """Every place of a picture where a reference logo stands, the surest first, as the first of `search`."""
    return search(picture, logo, alpha)[0]


def search(
    picture: NDArray[np.uint8], logo: NDArray[np.uint8], alpha: NDArray[np.uint8] | None
) -> tuple[tuple[Match, ...], bool]:
    """Every place of a picture where a reference logo stands, the surest first; and whether it may stand elsewhere.

    Args:
        picture: H x W x 3, sRGB.
        logo: h x w x 3, sRGB.
        alpha: h x w, 0 transparent; None: the logo is opaque.

    Returns:
        Hits that do not overlap, empty: not found; and whether another place is so like it that nobody can tell.
    """
    template = _template(logo, alpha)
    matches: list[Match] = []
    doubt = False
    for plane in _planes(picture, template):
        found, unsure = _matches(plane, template)
        doubt |= unsure
        matches += [match for match in found if all(iou(match.box, other.box) < SAME_PLACE for other in matches)]
    return tuple(sorted(matches, key=lambda match: -match.score)), doubt


def rendered(
    picture: NDArray[np.uint8], logo: NDArray[np.uint8], alpha: NDArray[np.uint8] | None, box: Box
) -> Rendered:
    """A logo as it has to look where it was found, to a fraction of a pixel.

    A match is good to about a pixel, and a pixel is enough for every edge of a logo to differ. So place and width are
    settled by the difference itself, each patch of it capped, so that a re-rendered part does not pull.

    Args:
        picture: H x W x 3, sRGB.
        logo: h x w x 3, sRGB.
        alpha: h x w, 0 transparent; None: the logo is opaque.
        box: Where it was found.
    """
    solid = np.full(logo.shape[:2], 255, np.uint8) if alpha is None else alpha
    planes = tuple(Image.fromarray(one) for one in (logo, solid))
    place = (box.x + box.width / 2, box.y + box.height / 2, float(box.width))
    best = _difference(picture, planes, place)
    step = 1.0
    while step >= MIN_STEP_PX:
        around = [tuple(np.add(place, np.multiply(step, one))) for one in NEIGHBOURS]
        error, nearest = min((_difference(picture, planes, one), one) for one in around)
        if error < best:
            best, place = error, nearest
        else:
            step /= 2
    return _render(planes, place, picture.shape)


def _render(planes: tuple[Image.Image, ...], place: tuple[float, ...], shape: tuple[int, ...]) -> Rendered:
    """The logo resampled to the whole pixels that lie inside its place: middle and width, in pixels of the picture."""
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
    # The opacity is scaled by itself: scaled together with it, colours would run into the clear background.
    samples, opacity = (np.asarray(one.resize(size, Image.Resampling.LANCZOS, box=source)) for one in planes)
    return Rendered(Box(left, top, *size), samples, opacity)


def _within(edge: float, maximum: int) -> float:
    return min(max(edge, 0.0), float(maximum))


def _difference(picture: NDArray[np.uint8], planes: tuple[Image.Image, ...], place: tuple[float, ...]) -> float:
    """Mean capped difference between the picture and the logo at one place, of 255."""
    logo = _render(planes, place, picture.shape)
    box = logo.box
    there = picture[box.y : box.y + box.height, box.x : box.x + box.width].astype(np.float32)
    weight = logo.opacity.astype(np.float32) / np.float32(255)
    difference = np.minimum(np.abs(there - logo.samples).mean(-1), MAX_DIFFERENCE)
    return float((difference * weight).sum() / max(weight.sum(), 1e-6))


def _planes(picture: NDArray[np.uint8], template: Template) -> Iterator[NDArray[np.float32]]:
    """What the template is compared with: lightness, and for an outline first the nearness to the logo's colour."""
    if template.outline:
        away = np.square(picture.astype(np.float32) - np.array(template.ink, np.float32)).sum(-1)
        yield np.exp(away / (-2 * NEAR_COLOR**2)) * 255
    yield np.asarray(Image.fromarray(picture).convert("L"), np.float32)


def _matches(plane: NDArray[np.float32], template: Template) -> tuple[list[Match], bool]:
    reduction = max(1.0, max(plane.shape) / SEARCHED_SIDE_PX)
    small = _resize(plane, 1 / reduction)
    matches: list[Match] = []
    doubt = False
    for _, x, y, width in sorted(_coarse(small, template), key=lambda hint: -hint[0])[: 4 * MAX_MATCHES]:
        guess = (x * reduction, y * reduction, width * reduction)
        if len(matches) < MAX_MATCHES and not any(_inside(guess, match.box) for match in matches):
            match = _refine(plane, template, guess)
            if match.score >= MIN_CORRELATION and all(iou(match.box, other.box) < SAME_PLACE for other in matches):
                matches.append(match)
            doubt |= MIN_DOUBT <= match.score < MIN_CORRELATION
    return matches, doubt


def _template(logo: NDArray[np.uint8], alpha: NDArray[np.uint8] | None) -> Template:
    light = np.asarray(Image.fromarray(logo).convert("L"), np.float32)
    if alpha is None or int(alpha.min()) >= HALF:
        return Template(light, np.ones_like(light), outline=False, inset=0.0)
    weight = alpha.astype(np.float32) / np.float32(255)
    mean = float((light * weight).sum() / max(weight.sum(), 1e-6))
    spread = float(np.sqrt((np.square(light - mean) * weight).sum() / max(weight.sum(), 1e-6)))
    if spread >= MIN_DEVIATION:
        return Template(light, weight, outline=False, inset=0.0)
    border = max(1, round(MARGIN_SHARE * max(light.shape)))
    shape = np.pad(weight * np.float32(255), border)
    ink = tuple(float(value) for value in (logo * weight[..., None]).sum((0, 1)) / max(weight.sum(), 1e-6))
    return Template(shape, np.ones(shape.shape, np.float32), outline=True, inset=border / shape.shape[1], ink=ink)  # type: ignore[arg-type]


def _coarse(small: NDArray[np.float32], template: Template) -> Iterator[tuple[float, int, int, int]]:
    """Local maxima over all sizes, as (correlation, x, y, width) in samples of the small picture."""
    height, width = template.light.shape
    largest = min(small.shape[1] / width, small.shape[0] / height)
    factor = MIN_SIDE_PX / min(height, width)
    spectra = _Spectra(small)
    while factor <= largest:
        light, weight = _resize(template.light, factor), _resize(template.weight, factor)
        surface = spectra.correlation(light, weight, template.outline)
        for score, x, y in _peaks(surface, max(4, min(light.shape) // 2)):
            yield score, x, y, light.shape[1]
        factor *= STEP


def _peaks(surface: NDArray[np.float32], reach: int) -> Iterator[tuple[float, int, int]]:
    """The highest values of a correlation surface, none within `reach` of a higher one."""
    rest = surface.copy()
    for _ in range(MAX_MATCHES):
        at = int(np.argmax(rest))
        y, x = divmod(at, rest.shape[1])
        if rest[y, x] < MIN_HINT:
            return
        yield float(rest[y, x]), x, y
        rest[max(0, y - reach) : y + reach + 1, max(0, x - reach) : x + reach + 1] = 0


def _refine(light: NDArray[np.float32], template: Template, guess: tuple[float, float, float]) -> Match:
    """The best size and place around a guess, searched with the logo at FINE_LOGO_PX samples."""
    height, width = template.light.shape
    best = (-1.0, guess)
    for span in (0.06, 0.02, 0.007):
        x0, y0, wide0 = best[1]
        for ratio in np.linspace(1 - span, 1 + span, 5):
            wide = wide0 * ratio
            tall = wide * height / width
            fine = min(1.0, FINE_LOGO_PX / max(wide, tall))
            pad = (0.06 + span) * max(wide, tall) + 4
            left, top = (
                max(0, int(x0 + (wide0 - wide) / 2 - pad)),
                max(0, int(y0 + (wide0 - wide) / 2 * height / width - pad)),
            )
            cut = light[top : int(top + tall + 2 * pad) + 2, left : int(left + wide + 2 * pad) + 2]
            field = _resize(cut, fine)
            size = (max(2, round(wide * fine)), max(2, round(tall * fine)))
            if size[0] > field.shape[1] or size[1] > field.shape[0]:
                continue
            small, weight = (_draw(one, size, size[0] < width) for one in (template.light, template.weight))
            surface = _Spectra(field).correlation(small, weight, template.outline)
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
    return Match(box, min(score, 1.0))


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


def _resize(plane: NDArray[np.float32], factor: float) -> NDArray[np.float32]:
    size = max(2, round(plane.shape[1] * factor)), max(2, round(plane.shape[0] * factor))
    return _draw(plane, size, factor < 1)


def _draw(plane: NDArray[np.float32], size: tuple[int, int], smaller: bool) -> NDArray[np.float32]:
    method = Image.Resampling.BOX if smaller else Image.Resampling.BICUBIC
    return np.asarray(Image.fromarray(plane).resize(size, method))


def _inside(guess: tuple[float, float, float], box: Box) -> bool:
    return (
        box.x - box.width / 4 < guess[0] < box.x + box.width / 2
        and box.y - box.height / 2 < guess[1] < box.y + box.height / 2
    )
