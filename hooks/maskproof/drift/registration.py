"""How far the frame itself moved, seen from the protected area alone.

Editors return frames that are shifted, rescaled by a per cent or slightly turned. Then every sample differs although
nothing was changed. The motion is found as an affine map, coarse to fine: phase correlation gives the shift (Kuglin
and Hines, 1975), Gauss-Newton steps with Tukey's weights give the rest (Baker and Matthews, 2004; Black and Anandan,
1996), so that what was edited pulls on nothing. What no map explains is the residual.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from maskproof.drift.grid import block_sums, shrunk

if TYPE_CHECKING:
    from maskproof.drift.grid import Float, Mask

COARSE = 320
"""Long side, in samples, of the picture the motion is found on. Measured to about 0.03 of its samples."""
IDENTITY = np.array([[1, 0, 0], [0, 1, 0]], np.float64)
LEVEL = np.array([[1, 1, 0.5], [1, 1, 0.5]])
"""Turns a map into the same map of a picture half the size."""
STEPS = 8
"""Gauss-Newton steps per level; known warps (20 px, 2 %, 1 degree of 1024) settled in 4 or 5."""
TUKEY = 4.685
"""Tukey's tuning constant, in robust standard deviations: 95 % efficiency on Gaussian residual."""
INTEGER_GAIN = 0.5
"""A whole-sample shift is taken if it halves the difference; for a true one of a clean picture it is near 0."""
SETTLED = 0.1
"""Motion, in samples of the coarse picture, below which it is not worth refining: it will not be undone anyway."""
SOFT = 2.0
"""Luma step (of 100) below which an error says nothing about motion."""
SUBPIXEL_MIN = 0.08
"""samples; a shift below it is left alone"""
SUBPIXEL_STEPS = 3
SUBPIXEL_GAIN = 0.6
"""A sub-pixel shift is undone only if it brings the protected difference down to this share."""
GAIN = 0.9
"""An alignment is used only if it brings the protected area's mean difference down to this share."""
SOLID = 0.99
"""share of a sample that has to come from within the picture for it to be known"""

BLOCK_PX = 16
"""side, in samples, of the blocks whose own motion is looked at"""

Affine = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Motion:
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
    """The map brought original and edit closer; otherwise it is a guess and nothing is aligned by it."""


NO_MOTION = Motion((1.0, 0.0, 0.0, 0.0, 1.0, 0.0), 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, False)


def register(original: Float, edit: Float, protected: Mask) -> Motion:
    """Motion from luma of the original to luma of the edit (both H x W, 0..100), using protected samples only."""
    factor = max(1, round(max(original.shape) / COARSE))
    first, second = shrunk(original, factor), shrunk(edit, factor)
    weight = shrunk(protected.astype(np.float32), factor) > 0.99
    if min(first.shape) < 16 or weight.sum() < 256:
        return NO_MOTION
    start = IDENTITY
    candidates = [start]
    shift = _phase_shift(first, second, weight)
    if np.hypot(*shift) > 0.75:
        candidates.append(start + np.array([[0, 0, shift[0]], [0, 0, shift[1]]]))
    before = _distance(first, second, weight, start)
    if before < 0.02:
        return NO_MOTION
    # Half as fine first: a step of one sample there is two here, which is as far as a gradient can see.
    half_first, half_second = shrunk(first, 2), shrunk(second, 2)
    half_weight = shrunk(weight.astype(np.float32), 2) > 0.99
    fitted = [_descend(half_first, half_second, half_weight, c * LEVEL) / LEVEL for c in candidates]
    best, after = min(((m, _distance(first, second, weight, m)) for m in fitted), key=lambda pair: pair[1])
    if after >= before:
        best, after = start, before
    if _reach(best, first.shape) > SETTLED:
        finer = _descend(first, second, weight, best)
        best, after = min((best, after), (finer, _distance(first, second, weight, finer)), key=lambda pair: pair[1])
    return _described(best, factor, weight, _residual(first, second, weight, best), after < GAIN * before)


def _reach(matrix: Affine, shape: tuple[int, ...]) -> float:
    """Longest motion of the four corners, samples."""
    corners = np.array([[x, y, 1.0] for x in (0, shape[1]) for y in (0, shape[0])])
    return float(np.linalg.norm(corners @ matrix.T - corners[:, :2], axis=1).max())


def integer_shift(motion: Motion, original: Float, edit: Float, protected: Mask) -> Motion:
    """The motion, or the whole-sample shift near it where that explains the protected samples better.

    Thin strokes on flat colour blur away in the coarse picture, and a shift by whole samples is undone without
    resampling.
    """
    rows = _sampled_rows(protected)
    error = {(0, 0): _shift_error(original, edit, protected, rows, 0, 0)}
    if error[0, 0] < 0.02:
        return motion
    centre = (round(motion.dx), round(motion.dy)) if motion.reach < 64 else (0, 0)
    for dx, dy in {(x + i, y + j) for x, y in {centre, (0, 0)} for i in (-1, 0, 1) for j in (-1, 0, 1)}:
        error[dx, dy] = _shift_error(original, edit, protected, rows, dx, dy)
    best = min(error, key=lambda shift: (error[shift], abs(shift[0]) + abs(shift[1])))
    if best == (0, 0) or error[best] > INTEGER_GAIN * error[0, 0]:
        return motion
    dx, dy = best
    return Motion(
        (1.0, 0.0, float(dx), 0.0, 1.0, float(dy)),
        float(dx),
        float(dy),
        1.0,
        0.0,
        float(np.hypot(dx, dy)),
        motion.residual,
        True,
    )


def subpixel_shift(original: Float, edit: Float, protected: Mask) -> tuple[float, float]:
    """A shift of the whole frame by less than a sample, (0, 0) unless it explains the protected difference well.

    Found at full size by least squares over sampled rows: a coarse picture does not show it.
    """
    rows = _sampled_rows(protected)
    rows = rows[(rows > 0) & (rows < original.shape[0] - 1)]
    inner = protected[rows, 1:-1]
    if inner.sum() < 256:
        return 0.0, 0.0
    error = np.minimum(np.abs(edit[rows, 1:-1] - original[rows, 1:-1]), 10)[inner].mean()
    if error < 0.02:
        return 0.0, 0.0
    gy = (edit[rows + 1, 1:-1] - edit[rows - 1, 1:-1])[inner] / 2
    gx = (edit[rows, 2:] - edit[rows, :-2])[inner] / 2
    dx = dy = 0.0
    moved = original
    for _ in range(SUBPIXEL_STEPS):
        left = (edit[rows, 1:-1] - moved[rows, 1:-1])[inner]
        left = left - np.median(left)
        normal = np.array([[gx @ gx, gx @ gy], [gx @ gy, gy @ gy]], np.float64) + np.eye(2)
        step = -np.linalg.solve(normal, np.array([gx @ left, gy @ left], np.float64))
        dx, dy = dx + float(step[0]), dy + float(step[1])
        if not SUBPIXEL_MIN <= np.hypot(dx, dy) < 1:
            return 0.0, 0.0
        moved = warped(original, (1.0, 0.0, -dx, 0.0, 1.0, -dy))
    after = np.minimum(np.abs(edit[rows, 1:-1] - moved[rows, 1:-1]), 10)[inner].mean()
    return (dx, dy) if after < SUBPIXEL_GAIN * error else (0.0, 0.0)


def _sampled_rows(protected: Mask) -> NDArray[np.intp]:
    """Up to 48 evenly spaced rows that hold protected samples: plenty to tell one whole-sample shift from another."""
    rows = np.flatnonzero(protected.any(axis=1))
    return rows[:: max(1, len(rows) // 48)]


def _shift_error(original: Float, edit: Float, protected: Mask, rows: NDArray[np.intp], dx: int, dy: int) -> float:
    """Mean capped difference of sampled rows when the edit is read dx to the right and dy down."""
    height, width = original.shape
    rows = rows[(rows + dy >= 0) & (rows + dy < height)]
    left, right = max(0, -dx), width - max(0, dx)
    if len(rows) == 0 or right - left < 8:
        return float("inf")
    keep = protected[rows, left:right]
    if not keep.any():
        return float("inf")
    error = np.abs(edit[rows + dy, left + dx : right + dx] - original[rows, left:right])
    return float(np.minimum(error, 10)[keep].mean())


def warped(plane: Float, matrix: tuple[float, ...], fill: float = 0.0) -> Float:
    """A plane (H x W) of the edit drawn in the original's frame, bicubic; outside is `fill`."""
    image = Image.fromarray(np.ascontiguousarray(plane, dtype=np.float32))
    return np.asarray(
        image.transform(image.size, Image.Transform.AFFINE, matrix, Image.Resampling.BICUBIC, fillcolor=fill)
    )


def warped_planes(planes: Float, matrix: tuple[float, ...]) -> tuple[Float, Mask]:
    """Planes (n x H x W) of the edit drawn in the original's frame, and where they hold samples (H x W)."""
    inside = warped(np.ones(planes.shape[1:], np.float32), matrix) > SOLID
    return np.stack([warped(plane, matrix) for plane in planes]), inside


def _phase_shift(first: Float, second: Float, weight: Mask) -> tuple[float, float]:
    """Whole-frame shift (dx, dy) in samples by phase correlation of the weighted, tapered pictures."""
    taper = np.outer(np.hanning(first.shape[0]), np.hanning(first.shape[1])).astype(np.float32) * weight
    spectra = [np.fft.rfft2((p - np.average(p, weights=weight)) * taper) for p in (first, second)]
    cross = np.conj(spectra[0]) * spectra[1]
    # Half-whitened: full whitening gives fine noise as much say as structure.
    surface = np.fft.irfft2(cross / np.sqrt(np.abs(cross) + 1e-6), s=first.shape)
    y, x = np.unravel_index(int(np.argmax(surface)), surface.shape)
    height, width = first.shape
    return float((x + width // 2) % width - width // 2), float((y + height // 2) % height - height // 2)


def _descend(first: Float, second: Float, weight: Mask, matrix: Affine) -> Affine:
    """The map that brings the second picture onto the first, by weighted Gauss-Newton steps."""
    height, width = first.shape
    x = ((np.arange(width, dtype=np.float32) + 0.5) - width / 2)[None, :]
    y = ((np.arange(height, dtype=np.float32) + 0.5) - height / 2)[:, None]
    half = max(height, width) / 2
    inner = weight.copy()
    inner[[0, -1]] = False
    inner[:, [0, -1]] = False
    rows, columns = np.nonzero(inner)
    gy0, gx0 = np.gradient(first, axis=0), np.gradient(first, axis=1)
    for turn in range(STEPS):
        loose = max(1.0, 4.0 / 2**turn)
        moved, valid = _moved(second, matrix)
        moved = np.where(valid, moved, first)
        gy1, gx1 = np.gradient(moved, axis=0), np.gradient(moved, axis=1)
        keep = valid[rows, columns]
        r, c = rows[keep], columns[keep]
        if len(r) < 200:
            break
        gx, gy = (gx0 + gx1)[r, c] / 2, (gy0 + gy1)[r, c] / 2
        error = (moved - first)[r, c]
        u, v = x[0, c] / half, y[r, 0] / half
        jacobian = np.stack([gx, gy, gx * u, gx * v, gy * u, gy * v, np.ones_like(gx)])
        step = _solve(jacobian, error, loose)
        matrix = _compose(matrix, step, half, width, height)
        if np.abs(step[:6]).max() < 0.005:
            break
    return matrix


def _solve(jacobian: Float, error: Float, loose: float) -> NDArray[np.float64]:
    """Weighted least squares step: shift, linear part (in samples at the border) and an even brightness step."""
    middle = float(np.median(error))
    slope = np.hypot(jacobian[0], jacobian[1])
    # Errors are judged as lengths of motion: as brightness, every sharp edge of a moved frame would be an outlier.
    length = (error - middle) / (slope + SOFT)
    telling = slope > max(float(np.quantile(slope, 0.7)), 0.2)
    spread = loose * max(1.4826 * float(np.median(np.abs(length[telling]))), 0.05) if telling.any() else loose
    weight = np.square(np.clip(1 - np.square(length / (TUKEY * spread)), 0, None)).astype(np.float32)
    scaled = jacobian * weight
    normal = (scaled @ jacobian.T).astype(np.float64)
    # The linear part is held back where the picture does not determine it (little texture, few protected samples).
    normal[np.diag_indices(7)] += 1e-3 * np.trace(normal[:6, :6]) / 6 * np.array([0.01, 0.01, 1, 1, 1, 1, 0.0]) + 1e-6
    return -np.linalg.solve(normal, (scaled @ error).astype(np.float64))


def _compose(matrix: Affine, step: NDArray[np.float64], half: float, width: int, height: int) -> Affine:
    """The map followed by a small step given around the picture's centre."""
    tx, ty, xx, xy, yx, yy = step[:6]
    linear = np.array([[1 + xx / half, xy / half], [yx / half, 1 + yy / half]])
    centre = np.array([width / 2, height / 2])
    small = np.vstack([np.column_stack([linear, np.array([tx, ty]) + centre - linear @ centre]), [0, 0, 1]])
    out: Affine = (np.vstack([matrix, [0, 0, 1]]) @ small)[:2]
    return out


def _moved(second: Float, matrix: Affine) -> tuple[Float, Mask]:
    """The second picture in the first one's frame, and where it has samples."""
    if np.array_equal(matrix, IDENTITY):
        return second, np.ones(second.shape, np.bool_)
    out = warped(second, tuple(matrix.ravel()), fill=-1e4)
    return out, out > -100


def _distance(first: Float, second: Float, weight: Mask, matrix: Affine) -> float:
    """Mean absolute difference over protected samples without its median, capped so that edits count little."""
    moved, valid = _moved(second, matrix)
    both = valid & weight
    if both.sum() < 0.5 * weight.sum():
        return float("inf")
    error = (moved - first)[both]
    return float(np.minimum(np.abs(error - np.median(error)), 10).mean())


def _residual(first: Float, second: Float, weight: Mask, matrix: Affine) -> float:
    """95 % quantile, in samples, of the motion left in textured blocks (Lucas and Kanade, 1981)."""
    moved, valid = _moved(second, matrix)
    gy, gx = np.gradient((first + np.where(valid, moved, first)) / 2)
    error = np.where(valid & weight, moved - first, 0)
    both = valid & weight
    error = error - np.median(error[both]) if both.any() else error
    products = gx * gx * both, gx * gy * both, gy * gy * both, gx * error * both, gy * error * both, both
    xx, xy, yy, ex, ey, seen = (block_sums(one.astype(np.float32), BLOCK_PX) for one in products)
    least = (xx + yy) / 2 - np.sqrt(np.square((xx - yy) / 2) + xy * xy)
    good = (seen > 0.7 * BLOCK_PX**2) & (least > 0.5 * BLOCK_PX**2)
    if not good.any():
        return 0.0
    det = (xx * yy - xy * xy)[good]
    u, v = (yy[good] * ex[good] - xy[good] * ey[good]) / det, (xx[good] * ey[good] - xy[good] * ex[good]) / det
    return float(np.quantile(np.hypot(u, v), 0.95))


def _described(matrix: Affine, factor: int, weight: Mask, residual: float, trusted: bool) -> Motion:
    """The map in samples of the full picture, with its parts named."""
    rows, columns = np.nonzero(weight)
    x, y = columns + 0.5, rows + 0.5
    u = matrix[0, 0] * x + matrix[0, 1] * y + matrix[0, 2] - x
    v = matrix[1, 0] * x + matrix[1, 1] * y + matrix[1, 2] - y
    full = matrix * np.array([[1, 1, factor], [1, 1, factor]])
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
        trusted,
    )
