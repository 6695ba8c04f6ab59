"""How far the frame itself moved, seen from the protected area alone.

Editors return frames that are shifted, rescaled by a per cent or slightly turned. Then every sample differs although
nothing was changed. The motion is found as an affine map, coarse to fine: phase correlation gives the shift (Kuglin
and Hines, 1975), Gauss-Newton steps with Tukey's weights give the rest (Baker and Matthews, 2004; Black and Anandan,
1996), so that what was edited pulls on nothing. What no map explains is the residual.

A map that fits is not yet a motion: where texture is missing, many fit equally well. So a motion is claimed only where
the protected area shows it. Some places of it must differ to the eye, more of them must come closer than apart, and
the gradients that both pictures share must hold the motion fast (the aperture problem: Shi and Tomasi, 1994). Where
they hold it along one direction alone, as a horizon does, only that part is claimed. The poorest map that explains the
difference is taken: whole samples before fractions, a shift before a scale or a turn, the shorter before the longer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray
from PIL import Image

from maskproof.drift.grid import block_sums, shrunk

if TYPE_CHECKING:
    from maskproof.drift.grid import Float, Mask

COARSE = 320
"""Long side, in samples, of the picture the motion is looked for on. Measured to about 0.03 of its samples."""
IDENTITY = np.array([[1, 0, 0], [0, 1, 0]], np.float64)
LEVEL = np.array([[1, 1, 0.5], [1, 1, 0.5]])
"""Turns a map into the same map of a picture half the size."""
STEPS = 8
"""Gauss-Newton steps per level; known warps (20 px, 2 %, 1 degree of 1024) settled in 4 or 5."""
FINE_STEPS = 5
"""the same at full size, where the coarse picture has left less than a sample"""
SETTLED = 0.02
"""samples; a step below it is the last one"""
TUKEY = 4.685
"""Tukey's tuning constant, in robust standard deviations: 95 % efficiency on Gaussian residual."""
SOFT = 2.0
"""Luma step (of 100) below which an error says nothing about motion."""
CAP = 10.0
"""luma (of 100) above which a difference is an edit, and counts no more"""

TILES = 48
"""Tiles at full size that the motion is settled on: about the best textured of each tenth of either side."""
TILE_PX = 24
"""side of a tile, in samples; a sixth of the short side where that is less"""
VISIBLE = 0.5
"""Mean luma difference (of 100) of a tile that shows a motion. A gradient that moved shows 0: light does the same."""
MIN_VISIBLE = 4
"""tiles that have to show it"""
GAIN = 0.9
"""A map brings a tile closer if its difference falls to this share, and apart if that rises as much."""
CONSENSUS = 2.5
"""tiles that a map has to bring closer for each that it brings apart"""
BLIND = 2.0
"""samples from which on a motion may be longer than what it moves is wide"""
UNMOVED, MOST = 0.98, 1.5
"""share of its difference that a tile keeps which no motion brought closer; tiles that one has to bring closer for each
such: 1.2 at most where half of a thing moved, 2.3 and more in real edits whose frame moved"""
DEVIATION = 0.0025
"""share of the long side; a motion is held fast where its standard deviation is below. Found at 0.7 px of 1024 at most
where it is, and at thousands along a horizon"""
CERTAIN = 3.0
"""standard deviations by which shared gradients have to exceed what chance makes two grains share"""
CORRELATED = 16
"""Samples that say no more than one independent one: residue is not white."""
ROUNDING = (100 / 255) ** 2 / 6
"""luma squared; the variance of a difference of two pictures of 8 bits"""
FAR = 0.75
"""samples of the coarse picture; a shorter shift is found without phase correlation"""
SAME = 1.0
"""samples; shifts that differ by less end in the same place"""
BENT = 0.5
"""samples that a scale or a turn has to move the border by; resampling alone smooths, and so brings grain closer"""
SUBPIXEL_MIN = 0.08
"""samples; a shift below it is left alone"""
SOLID = 0.99
"""share of a sample that has to come from within the picture for it to be known"""

BLOCK_PX = 16
"""side, in samples, of the blocks whose own motion is looked at"""

SHIFT, AFFINE = np.eye(6)[:2], np.eye(6)
"""Rows are what a map may do: shift right, shift down, then (in samples at the border) each of these times x or y."""

Affine = NDArray[np.float64]


class Motion(Struct, frozen=True):
    """Where the original's samples are found in the edit; lengths in samples of the original."""

    matrix: tuple[float, float, float, float, float, float]
    """(a, b, c, d, e, f): original (x, y) lies at (a x + b y + c, d x + e y + f) of the edit (pixel corners at
    integers)."""
    dx: float
    """Mean shift to the right over the protected area, px."""
    dy: float
    """Mean shift downwards over the protected area, px."""
    scale: float
    """Enlargement, 1 is none."""
    angle: float
    """Turn, degrees, clockwise as seen."""
    reach: float
    """Median length of the motion over the protected area, px."""
    residual: float
    """What the map leaves: 95 % of well textured blocks moved less than this, px."""
    trusted: bool
    """The protected area shows this motion; otherwise none is claimed, and the map is the identity."""
    untold: str = ""
    """Along which way the protected area cannot tell a motion: "from side to side", say; empty: along none."""


NO_MOTION = Motion((1.0, 0.0, 0.0, 0.0, 1.0, 0.0), 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, False)


class Tiles(Struct, frozen=True):
    """Parts of both pictures that a map is fitted to; each may have a tone step of its own."""

    first: Float
    """n x h x w, of the original"""
    keep: Mask
    """n x h x w, its protected samples"""
    corners: tuple[tuple[int, int], ...]
    """x and y of each"""
    edit: Image.Image
    """all of it"""

    @classmethod
    def whole(cls, first: Float, second: Float, keep: Mask) -> Tiles:
        """The picture as its only tile."""
        return cls(first[None], keep[None], ((0, 0),), _image(second))

    def halved(self) -> Tiles:
        """The same of pictures half the size, of a whole picture."""
        keep = shrunk(self.keep[0].astype(np.float32), 2) > SOLID
        return Tiles.whole(shrunk(self.first[0], 2), shrunk(np.asarray(self.edit), 2), keep)

    @property
    def half(self) -> float:
        """Half of the long side, samples."""
        return max(self.edit.size) / 2

    def read(self, matrix: Affine) -> tuple[Float, Mask]:
        """The edit in the original's frame, n x h x w, and the protected samples that it holds."""
        (a, b, c), (d, e, f) = matrix
        size = self.first.shape[:0:-1]
        moved = np.empty_like(self.first)
        for tile, (x, y) in zip(moved, self.corners, strict=True):
            matrix_here = a, b, c + a * x + b * y, d, e, f + d * x + e * y
            part = self.edit.transform(
                size, Image.Transform.AFFINE, matrix_here, Image.Resampling.BICUBIC, fillcolor=-1e4
            )
            tile[:] = np.asarray(part)
        return moved, self.keep & (moved > -100)

    def errors(self, matrix: Affine) -> Float:
        """Mean difference of each tile without its median, capped; inf where under half of it is known."""
        moved, keep = self.read(matrix)
        error = np.minimum(np.abs(_level(moved - self.first, keep)), np.float32(CAP))
        seen = keep.sum((1, 2))
        known = seen > 0.5 * self.keep.sum((1, 2))
        return np.where(known, (error * keep).sum((1, 2)) / np.maximum(seen, 1), np.float32(np.inf))

    def places(self) -> tuple[Float, Float]:
        """How far right of and below the middle samples lie, in halves of the long side: n x 1 x w and n x h x 1."""
        corners = np.array(self.corners, np.float32)[:, :, None, None] + np.float32(0.5)
        (width, height), (_, tall, wide) = self.edit.size, self.first.shape
        x = (corners[:, 0] + np.arange(wide, dtype=np.float32) - width / 2) / self.half
        y = (corners[:, 1] + np.arange(tall, dtype=np.float32)[:, None] - height / 2) / self.half
        return x.astype(np.float32), y.astype(np.float32)


def motion_between(original: Float, edit: Float, protected: Mask) -> Motion:
    """The frame's motion.

    Args:
        original: Luma, H x W, 0 to 100.
        edit: Luma of the edit, of the same size.
        protected: H x W, the samples that it is seen from.
    """
    factor = max(1, round(max(original.shape) / COARSE))
    first, second = shrunk(original, factor), shrunk(edit, factor)
    weight = shrunk(protected.astype(np.float32), factor) > SOLID
    if min(first.shape) < 16 or weight.sum() < 256:
        return NO_MOTION
    tiles = _textured(original, edit, protected, first, weight, factor)
    matrix, untold = _claimed(tiles, Tiles.whole(first, second, weight), factor)
    matrix = matrix / _times(factor)
    return _described(matrix, factor, weight, _residual(first, second, weight, matrix), untold)


def _claimed(tiles: Tiles, coarse: Tiles, factor: int) -> tuple[Affine, str]:
    """The poorest map that explains the difference, of those that the gradients hold, and along which way they do not.

    It is looked for in the coarse picture, and settled and judged on tiles at full size.
    """
    still = tiles.errors(IDENTITY)
    if not _shows(still):
        return IDENTITY, ""
    shift, affine = _fitted(tiles, coarse, factor)
    found = tiles.errors(shift)
    bent = found if affine is shift else tiles.errors(affine)
    if not _better(found, still) and not _better(bent, still):
        return IDENTITY, ""
    limit = DEVIATION * max(tiles.edit.size)
    deviations, ways = _held(tiles, affine if _mean(bent) < _mean(found) else shift, SHIFT)
    untold = ("", _named(ways[1]), "in any direction")[int((deviations > limit).sum())]
    if untold:
        # What is held is the part along one direction.
        shift = np.column_stack([np.eye(2), ways[0] * (ways[0] @ shift[:, 2])])
        shift, found = _settled(tiles, shift, np.append(ways[0], np.zeros(4))[None])
    best, error = IDENTITY, still
    if deviations[0] <= limit and np.hypot(*shift[:, 2]) >= SUBPIXEL_MIN and _better(found, still):
        best, error = shift, found
    turned = not untold and _bend(affine, tiles) >= BENT and _better(bent, error)
    if turned and _spread(*_held(tiles, affine, AFFINE), coarse.keep[0]) <= limit:
        best, error = affine, bent
    far = np.abs(best - IDENTITY) @ [tiles.half, tiles.half, 1] >= BLIND
    return (IDENTITY if far.any() and not _alike(error, still) else best), untold


def _fitted(tiles: Tiles, coarse: Tiles, factor: int) -> tuple[Affine, Affine]:
    """The shift and the map that fit best; one and the same where the shift leaves nothing to explain."""
    # Half as fine first: a step of one sample there is two here, which is as far as a gradient can see.
    half = coarse.halved()
    ends = [_descend(half, start * LEVEL, SHIFT) / LEVEL * _times(factor) for start in _starts(coarse)]
    starts = [IDENTITY]
    starts += [end for place, end in enumerate(ends) if all(_apart(end, one) for one in (IDENTITY, *ends[:place]))]
    # Of two that explain as much, as in a repeated pattern, the shorter.
    settled = sorted(
        (_settled(tiles, start, SHIFT) for start in starts), key=lambda one: float(np.hypot(*one[0][:, 2]))
    )
    shift, error = settled[0]
    for other, found in settled[1:]:
        if _better(found, error):
            shift, error = other, found
    if not _shows(error):
        return shift, shift
    rough = _descend(half, shift / _times(factor) * LEVEL, AFFINE)
    if _bend(rough, half) * 2 * factor < BENT:
        return shift, shift
    affine = _descend(coarse, rough / LEVEL, AFFINE) * _times(factor)
    return shift, _descend(tiles, affine, SHIFT, FINE_STEPS)


def _apart(one: Affine, other: Affine) -> bool:
    """Two shifts that do not end in the same place."""
    return float(np.abs(one - other).max()) > SAME


def _settled(tiles: Tiles, shift: Affine, ways: NDArray[np.float64]) -> tuple[Affine, Float]:
    """A shift refined, or the whole samples next to it where they fit as well, and the tiles' errors with it."""
    shift = _descend(tiles, shift, ways, FINE_STEPS)
    whole = np.column_stack([np.eye(2), np.rint(shift[:, 2])])
    found, exact = tiles.errors(shift), tiles.errors(whole)
    return (whole, exact) if _mean(exact) <= _mean(found) else (shift, found)


def _bend(matrix: Affine, tiles: Tiles) -> float:
    """How far its linear part alone moves the border, samples."""
    return float(np.abs(matrix[:, :2] - np.eye(2)).max() * tiles.half)


def _mean(error: Float) -> float:
    """Of all tiles, unknown ones as if edited."""
    return float(np.minimum(error, CAP).mean())


def _shows(error: Float) -> bool:
    """As many tiles as are needed differ to the eye."""
    return int((error > VISIBLE).sum()) >= MIN_VISIBLE


def _better(found: Float, before: Float) -> bool:
    """A map explains the difference better than a poorer one, and not in one place at the cost of others."""
    shows = np.isfinite(found) & np.isfinite(before) & (np.maximum(found, before) > VISIBLE)
    closer, further = (
        np.count_nonzero(shows & (one < GAIN * other)) for one, other in ((found, before), (before, found))
    )
    return bool(closer >= MIN_VISIBLE and closer >= CONSENSUS * further)


def _alike(found: Float, before: Float) -> bool:
    """Few tiles that differ as much as those that come closer are left as they were.

    What moved farther than it is wide cannot come apart: of an object that grew, one edge meets the other's shift.
    """
    closer = (before > VISIBLE) & (found < GAIN * before)
    left = (before > 0.5 * np.median(before[closer])) & (found >= UNMOVED * before)
    return bool(np.count_nonzero(closer) >= MOST * np.count_nonzero(left))


def _spread(deviations: NDArray[np.float64], axes: NDArray[np.float64], weight: Mask) -> float:
    """Largest standard deviation of a map's motion at the corners of the protected area, samples."""
    rows, columns = np.flatnonzero(weight.any(1)), np.flatnonzero(weight.any(0))
    height, width = weight.shape
    half = max(height, width) / 2
    v, u = (np.array([some[0], some[-1] + 1]) - length / 2 for some, length in ((rows, height), (columns, width)))
    corners = [np.array([[1, 0, x, y, 0, 0], [0, 1, 0, 0, x, y]]) for x in u / half for y in v / half]
    return max(float(np.sqrt(np.square(corner @ axes.T * deviations).sum(1).max())) for corner in corners)


def _named(way: NDArray[np.float64]) -> str:
    angle = round(float(np.degrees(np.arctan2(-way[1], way[0])))) % 180
    if min(angle, 180 - angle) <= 10:
        return "from side to side"
    if abs(angle - 90) <= 10:
        return "up and down"
    return f"along a slope of {angle} degrees"


def _textured(original: Float, edit: Float, protected: Mask, first: Float, weight: Mask, factor: int) -> Tiles:
    """Tiles at full size, spread over the protected area, in each part the one with the strongest gradients."""
    side = -(-min(TILE_PX, min(original.shape) // 6) // factor)
    size = side * factor
    rows, columns = (length // size for length in original.shape)
    down, across = np.gradient(first)
    # The smallest preference beside texture: of two empty tiles the protected one.
    score = block_sums((down * down + across * across + np.float32(1e-3)) * weight, side)[:rows, :columns]
    group = max(1, round((rows * columns / TILES) ** 0.5))
    chosen = []
    for top in range(0, rows, group):
        for left in range(0, columns, group):
            part = score[top : top + group, left : left + group]
            y, x = np.unravel_index(int(np.argmax(part)), part.shape)
            if part[y, x] > 0:
                chosen.append((top + int(y), left + int(x)))
    cut = [np.s_[y * size : (y + 1) * size, x * size : (x + 1) * size] for y, x in chosen]
    keep = np.stack([protected[one] for one in cut])
    return Tiles(
        np.stack([original[one] for one in cut]), keep, tuple((x * size, y * size) for y, x in chosen), _image(edit)
    )


def _starts(coarse: Tiles) -> list[Affine]:
    """Shifts to start from, the shorter first."""
    far = _phase_shift(coarse)
    return [IDENTITY, *([np.column_stack([np.eye(2), far])] if np.hypot(*far) > FAR else [])]


def _times(factor: float) -> Affine:
    """Turns a map into the same map of a picture that many times the size."""
    return np.array([[1, 1, factor], [1, 1, factor]])


def warped(plane: Float, matrix: tuple[float, ...], fill: float = 0.0) -> Float:
    """A plane (H x W) of the edit drawn in the original's frame, bicubic; outside is `fill`."""
    image = _image(plane)
    return np.asarray(
        image.transform(image.size, Image.Transform.AFFINE, matrix, Image.Resampling.BICUBIC, fillcolor=fill)
    )


def warped_planes(planes: Float, matrix: tuple[float, ...]) -> tuple[Float, Mask]:
    """Planes (n x H x W) of the edit drawn in the original's frame, and where they hold samples (H x W)."""
    (height, width), (a, b, c, d, e, f) = planes.shape[1:], matrix
    x, y = np.arange(width) + 0.5, np.arange(height)[:, None] + 0.5
    right, down = a * x + c + b * y, d * x + f + e * y
    inside = (right >= 0) & (right < width) & (down >= 0) & (down < height)
    return np.stack([warped(plane, matrix) for plane in planes]), inside


def undone(original: Float, edit: Float, motion: Motion) -> tuple[Float, Float, Mask]:
    """Both pictures' planes (n x H x W) with the motion undone, and where the edit's hold samples (H x W).

    Of a shift the whole samples move the edit, and what is left of it the original: then both were resampled alike, and
    that is not taken for a blur. What would come from beyond the original's border stays as it was.
    """
    a, b, c, d, e, f = motion.matrix
    if (a, b, d, e) != (1, 0, 0, 1):
        moved, inner = warped_planes(edit, motion.matrix)
        return original, moved, inner
    right, down = round(c), round(f)
    if (right, down) != (c, f):
        moved, inner = warped_planes(original, (1, 0, right - c, 0, 1, down - f))
        original = np.where(inner, moved, original)
    there = np.zeros(edit.shape[1:], np.bool_)
    if not right and not down:
        return original, edit, ~there
    height, width = edit.shape[1:]
    rows, columns = slice(max(0, -down), height - max(0, down)), slice(max(0, -right), width - max(0, right))
    source = np.s_[:, max(0, down) : height - max(0, -down), max(0, right) : width - max(0, -right)]
    shifted = np.zeros_like(edit)
    shifted[:, rows, columns] = edit[source]
    there[rows, columns] = True
    return original, shifted, there


def _image(plane: Float) -> Image.Image:
    return Image.fromarray(np.ascontiguousarray(plane, dtype=np.float32))


def _phase_shift(coarse: Tiles) -> tuple[float, float]:
    """Whole-frame shift (dx, dy) in samples by phase correlation of the weighted, tapered pictures."""
    first, second, weight = coarse.first[0], np.asarray(coarse.edit), coarse.keep[0]
    taper = np.outer(np.hanning(first.shape[0]), np.hanning(first.shape[1])).astype(np.float32) * weight
    spectra = [np.fft.rfft2((p - np.average(p, weights=weight)) * taper) for p in (first, second)]
    cross = np.conj(spectra[0]) * spectra[1]
    # Half-whitened: full whitening gives fine noise as much say as structure.
    surface = np.fft.irfft2(cross / np.sqrt(np.abs(cross) + 1e-6), s=first.shape)
    y, x = np.nonzero(surface >= GAIN * surface.max())
    height, width = first.shape
    x, y = (x + width // 2) % width - width // 2, (y + height // 2) % height - height // 2
    # A repeated pattern has many peaks that are as high.
    shortest = int(np.argmin(np.hypot(x, y)))
    return float(x[shortest]), float(y[shortest])


def _descend(tiles: Tiles, matrix: Affine, ways: NDArray[np.float64], steps: int = STEPS) -> Affine:
    """The map that brings the edit onto the original, by weighted Gauss-Newton steps.

    Args:
        tiles: What is looked at.
        matrix: Where to start.
        ways: k x 6, what the map may do.
        steps: How many at most.
    """
    gx0, gy0 = _gradient(tiles.first)
    for turn in range(steps):
        moved, keep = tiles.read(matrix)
        if keep.sum() < 200:
            break
        moved = np.where(keep, moved, tiles.first)
        gx1, gy1 = _gradient(moved)
        error = _level(moved - tiles.first, keep)
        gx, gy = (gx0 + gx1) * np.float32(0.5), (gy0 + gy1) * np.float32(0.5)
        weight = _weights(error, np.hypot(gx, gy), keep, max(1.0, 4.0 / 2**turn))
        changes = _centred(_changes(gx, gy, tiles, ways), weight)
        normal = (changes @ changes.T).astype(np.float64)
        # The linear part is held back where the picture does not determine it (little texture, few protected samples).
        held = np.abs(ways) @ np.array([0.01, 0.01, 1, 1, 1, 1])
        normal[np.diag_indices(len(ways))] += 1e-3 * np.trace(normal) / len(ways) * held + 1e-6
        step = -np.linalg.solve(normal, (changes @ _centred(error[None], weight)[0]).astype(np.float64)) @ ways
        matrix = _compose(matrix, step, tiles)
        if np.abs(step).max() < SETTLED:
            break
    return matrix


def _held(tiles: Tiles, matrix: Affine, ways: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How well the gradients that both pictures share hold a map: standard deviations (k), and along what (k x k)."""
    moved, keep = tiles.read(matrix)
    error = _level(moved - tiles.first, keep)
    gradients = [_gradient(one) for one in (tiles.first, np.where(keep, moved, tiles.first))]
    slopes = [np.hypot(*one) for one in gradients]
    weight = _weights(error, (slopes[0] + slopes[1]) * np.float32(0.5), keep, 1.0)
    first, second = (_centred(_changes(*one, tiles, ways), weight) for one in gradients)
    shared = (first @ second.T).astype(np.float64)
    _, vectors = np.linalg.eigh((shared + shared.T) / 2)
    axes = vectors.T[::-1]
    told = (axes.astype(np.float32) @ first) * (axes.astype(np.float32) @ second)
    sure = told.sum(1) - CERTAIN * np.sqrt(np.square(told).sum(1))
    noise = float((weight * error * error).sum() / max(weight.sum(), 1)) + ROUNDING
    return np.sqrt(CORRELATED * noise / np.maximum(sure, 1e-9)), axes


def _changes(gx: Float, gy: Float, tiles: Tiles, ways: NDArray[np.float64]) -> Float:
    """How each sample changes with what a map may do: k x n x h x w."""
    u, v = tiles.places()
    if len(ways) == 1:
        right, down = ways[0, :2].astype(np.float32)
        return np.asarray(gx * right + gy * down)[None]
    return np.stack((gx, gy) if len(ways) == 2 else (gx, gy, gx * u, gx * v, gy * u, gy * v))


def _gradient(planes: Float) -> tuple[Float, Float]:
    """To the right and downwards."""
    down, right = np.gradient(planes, axis=(1, 2))
    return np.asarray(right, np.float32), np.asarray(down, np.float32)


def _centred(planes: Float, weight: Float) -> Float:
    """Planes (k x n x h x w to k x samples) without what a step of each tile's tone does, by the root of the weight."""
    flat, share = planes.reshape(*planes.shape[:2], -1), weight.reshape(len(weight), -1)
    means = (flat * share).sum(2) / np.maximum(share.sum(1), np.float32(1e-6))
    flat = (flat - means[..., None]) * np.sqrt(share)
    return np.asarray(flat.reshape(len(planes), -1))


def _level(error: Float, keep: Mask) -> Float:
    """Differences without the step of their tile's tone, a mean in which no edit counts much; 0 where not kept."""
    error = np.where(keep, error, np.float32(0))
    seen = np.maximum(keep.sum((1, 2)), 1).astype(np.float32)[:, None, None]
    middle = error.sum((1, 2), keepdims=True) / seen
    for _ in range(2):
        middle += (np.clip(error - middle, -SOFT, SOFT) * keep).sum((1, 2), keepdims=True) / seen
    level: Float = (error - middle) * keep
    return level


def _weights(error: Float, slope: Float, keep: Mask, loose: float) -> Float:
    """Tukey's weights."""
    # Errors are judged as lengths of motion: as brightness, every sharp edge of a moved frame would be an outlier.
    length = error / (slope + SOFT)
    telling = keep & (slope > max(float(np.quantile(slope[keep], 0.7)), 0.2))
    spread = loose * max(1.4826 * float(np.median(np.abs(length[telling]))), 0.05) if telling.any() else loose
    return np.asarray(np.square(np.clip(1 - np.square(length / (TUKEY * spread)), 0, None)) * keep, np.float32)


def _compose(matrix: Affine, step: NDArray[np.float64], tiles: Tiles) -> Affine:
    """The map followed by a small step given around the picture's centre."""
    tx, ty, xx, xy, yx, yy = step
    linear = np.eye(2) + np.array([[xx, xy], [yx, yy]]) / tiles.half
    centre = np.array(tiles.edit.size) / 2
    small = np.vstack([np.column_stack([linear, np.array([tx, ty]) + centre - linear @ centre]), [0, 0, 1]])
    out: Affine = (np.vstack([matrix, [0, 0, 1]]) @ small)[:2]
    return out


def _residual(first: Float, second: Float, weight: Mask, matrix: Affine) -> float:
    """95 % quantile, in samples, of the motion left in textured blocks."""
    tiles = Tiles.whole(first, second, weight)
    moved, both = (one[0] for one in tiles.read(matrix))
    u, v, textured = block_motion(first, np.where(both, moved, first), both)
    return float(np.quantile(np.hypot(u, v)[textured], 0.95)) if textured.any() else 0.0


def block_motion(first: Float, second: Float, mask: Mask) -> tuple[Float, Float, Mask]:
    """How far each block of BLOCK_PX moved to the right and down, samples, and which have texture enough to tell.

    Source: B. D. Lucas and T. Kanade, An iterative image registration technique, IJCAI 1981.

    Args:
        first: Luma, H x W, 0 to 100.
        second: The same of the other picture.
        mask: H x W, what is looked at.
    """
    gy, gx = np.gradient((first + second) / 2)
    error = np.where(mask, second - first, 0)
    error = error - np.median(error[mask]) if mask.any() else error
    products = gx * gx, gx * gy, gy * gy, gx * error, gy * error, np.ones_like(first)
    xx, xy, yy, ex, ey, seen = (block_sums((one * mask).astype(np.float32), BLOCK_PX) for one in products)
    least = (xx + yy) / 2 - np.hypot((xx - yy) / 2, xy)
    textured = (seen > 0.7 * BLOCK_PX**2) & (least > 0.5 * BLOCK_PX**2)
    det = np.where(textured, xx * yy - xy * xy, 1)
    u, v = (np.asarray(one / det, np.float32) for one in (xy * ey - yy * ex, xy * ex - xx * ey))
    return u, v, textured


def _described(matrix: Affine, factor: int, weight: Mask, residual: float, untold: str) -> Motion:
    """The map of the coarse picture in samples of the full one, with its parts named."""
    rows, columns = np.nonzero(weight)
    x, y = columns + 0.5, rows + 0.5
    u = matrix[0, 0] * x + matrix[0, 1] * y + matrix[0, 2] - x
    v = matrix[1, 0] * x + matrix[1, 1] * y + matrix[1, 2] - y
    full = matrix * _times(factor)
    scale = float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))
    angle = float(np.degrees(np.arctan2(matrix[1, 0] - matrix[0, 1], matrix[0, 0] + matrix[1, 1])))
    a, b, c, d, e, f = (float(value) for value in full.ravel())
    return Motion(
        (a, b, c, d, e, f),
        float(u.mean() * factor),
        float(v.mean() * factor),
        scale,
        angle,
        float(np.median(np.hypot(u, v)) * factor),
        residual * factor,
        not np.array_equal(matrix, IDENTITY),
        untold,
    )
