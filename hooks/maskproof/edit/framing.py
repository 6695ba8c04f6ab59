"""What the model is shown: the picture, or a part of it, brought to a size that the model takes, and the way back.

Cropped first, then padded with its own mirror image, then scaled, all recorded. The padding is protected in the mask.
Every candidate is mapped back the same way into the frame of the original, at the original's size.

A crop around the mask costs less, keeps the detail of large pictures, and leaves the model less to drift in. It is
taken where it is at most half of the picture, or where the whole picture would have to be made smaller to be sent.
"""

from __future__ import annotations

import io
from fractions import Fraction
from math import ceil, gcd, sqrt
from typing import TYPE_CHECKING

import numpy as np
from msgspec import Struct
from PIL import Image

from maskproof.drift.grid import bounding_box
from maskproof.edit.api.models import MAX_ASPECT, MAX_PIXELS, MAX_SIDE, MIN_PIXELS, STEP
from maskproof.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from maskproof.edit.api.models import ImageModel
    from maskproof.model import Picture

Size = tuple[int, int]
"""width and height, px"""

CROP_SHARE = 0.5
"""share of the picture up to which a crop is sent automatically"""
CONTEXT_SHARE = 0.5
"""what is shown around the mask's box on each side, as a share of the box's longer side"""
MIN_CONTEXT_PX = 96
"""px; what is shown around the mask's box on each side at the least"""
SCALES = sorted(
    {Fraction(top, bottom) for top in range(1, 9) for bottom in range(1, 9)}
    | {Fraction(whole) for whole in range(9, 65)},
    key=lambda scale: (abs(np.log(float(scale))), scale),
)
"""enlargements that are tried, the mildest first; fractions of small numbers keep both sides whole, unstretched"""
MAX_IMAGE_BYTES, MAX_MASK_BYTES = 50_000_000, 4_000_000
"""bytes; the API takes less than this"""


class Plan(Struct, frozen=True):
    """How the original is mapped to what the model sees: cropped, padded, scaled."""

    box: tuple[int, int, int, int]
    """x, y, width, height of what is shown, in pixels of the original"""
    pad: tuple[int, int, int, int]
    """pixels added left, top, right, bottom"""
    sent: Size
    """the size of what is sent and asked for; over that of box and padding together, the scale"""

    @property
    def canvas(self) -> Size:
        """Width and height of box and padding together, in pixels of the original."""
        left, top, right, bottom = self.pad
        return self.box[2] + left + right, self.box[3] + top + bottom

    @property
    def scale(self) -> float:
        """Enlargement, the same in both directions; 1 where pixels are sent as they are."""
        return self.sent[0] / self.canvas[0]

    def crop(self, size: Size) -> tuple[int, int, int, int] | None:
        """What a record calls the crop; None where the whole picture is shown."""
        return None if self.box == (0, 0, *size) else self.box

    def describe(self, size: Size) -> str:
        """The plan in words, for an original of this size."""
        x, y, width, height = self.box
        share = width * height / (size[0] * size[1])
        part = f"the crop of {width} x {height} px at x {x}, y {y}, {share:.0%} of the picture"
        said = [part if self.crop(size) else "the whole picture"]
        if any(self.pad):
            said.append(f"padded to {self.canvas[0]} x {self.canvas[1]} px")
        if self.sent != self.canvas:
            word = "enlarged" if self.scale > 1 else "reduced"
            said.append(f"{word} to {self.sent[0]} x {self.sent[1]} px")
        return ", ".join(said)


class Request(Struct, frozen=True):
    """What is sent, and how it was made."""

    image: bytes
    """PNG, sRGB, with alpha where the original has it"""
    mask: bytes
    """PNG, RGBA, alpha 0 where editing is allowed"""
    plan: Plan


def plan(size: Size, editable: NDArray[np.bool_], model: ImageModel, *, crop: bool | None, wanted: Size | None) -> Plan:
    """How to show a picture to a model.

    Args:
        size: The original's.
        editable: H x W, True where editing is allowed; at least one pixel.
        model: Says which sizes it takes.
        crop: Only the surroundings of the mask, or the whole picture; None: what serves better.
        wanted: The size to ask for; None: the mildest scale and then the least padding.

    Raises:
        UsageError: the model does not take this size, or no size fits the picture.
    """
    if wanted is not None:
        _check_size(wanted, model)
    whole = _fit((0, 0, *size), size, model, wanted)
    if crop is False:
        return whole
    part = _fit(_context(editable, model), size, model, wanted)
    small = part.box[2] * part.box[3] <= CROP_SHARE * size[0] * size[1]
    return part if crop or small or whole.scale < min(1, part.scale) else whole


def request(original: Picture, editable: NDArray[np.bool_], plan: Plan) -> Request:
    """The files to send.

    Args:
        original: The picture to edit, H x W.
        editable: H x W, True where editing is allowed.
        plan: From `plan`.

    Raises:
        UsageError: one of the files is larger than the API takes.
    """
    left, top, right, bottom = plan.pad
    sides = (top, bottom), (left, right)
    planes = [original.samples] if original.alpha is None else [original.samples, original.alpha[..., None]]
    # Its own mirror image around it: a model goes on with that as with any picture.
    shown = _scale(np.pad(_cut(np.concatenate(planes, axis=-1), plan), (*sides, (0, 0)), mode="symmetric"), plan.sent)
    allowed = np.pad(_cut(editable, plan), sides)
    # Whatever the mask touches is opened, so that no editable pixel is left as it was when it is mapped back.
    protected = np.asarray(Image.fromarray(allowed.astype(np.float32)).resize(plan.sent, Image.Resampling.BOX)) == 0
    mask = np.zeros((*protected.shape, 4), np.uint8)
    mask[..., 3] = protected * np.uint8(255)
    made = Request(png(shown), png(mask), plan)
    for name, data, limit in (("picture", made.image, MAX_IMAGE_BYTES), ("mask", made.mask, MAX_MASK_BYTES)):
        if len(data) >= limit:
            raise UsageError(
                f"the {name} to send has {len(data)} bytes; the API takes less than {limit}",
                "Send less of it with `--crop`, or ask for a smaller `--size`.",
            )
    return made


def place(original: Picture, candidate: Picture, plan: Plan) -> NDArray[np.uint8]:
    """A candidate in the frame of the original: H x W x 3, or x 4 where either has alpha; sRGB.

    Where the model was shown a crop, the rest is the original's. A candidate of another size than asked for is scaled.
    """
    with_alpha = original.alpha is not None or candidate.alpha is not None
    whole, part = (planes(picture, with_alpha=with_alpha) for picture in (original, candidate))
    left, top, _, _ = plan.pad
    x, y, width, height = plan.box
    whole[y : y + height, x : x + width] = _scale(part, plan.canvas)[top : top + height, left : left + width]
    return whole


def describe_stretch(candidate: Size, plan: Plan) -> str:
    """What to say of a candidate's size; empty where it is what was asked for."""
    if candidate == plan.sent:
        return ""
    sizes = f"{candidate[0]} x {candidate[1]} px instead of {plan.sent[0]} x {plan.sent[1]} px"
    same = abs(candidate[0] * plan.sent[1] / (candidate[1] * plan.sent[0]) - 1) < 0.01  # noqa: PLR2004 - 1 %, as `size`
    return f"came as {sizes} and was {'scaled' if same else 'stretched'} back"


def _context(editable: NDArray[np.bool_], model: ImageModel) -> tuple[int, int, int, int]:
    """The mask's box with what surrounds it, never less than the model takes; x, y, width, height in the picture."""
    height, width = editable.shape
    box = bounding_box(editable)
    margin = max(MIN_CONTEXT_PX, round(CONTEXT_SHARE * max(box.width, box.height)))
    wide, tall = min(width, box.width + 2 * margin), min(height, box.height + 2 * margin)
    fewest = MIN_PIXELS if model.sizes is None else min(one * other for one, other in model.sizes)
    if wide * tall < fewest:
        grown = sqrt(fewest / (wide * tall))
        wide, tall = min(width, ceil(wide * grown)), min(height, ceil(tall * grown))
        # Where one side has come to its end, the other has to make up for it.
        wide, tall = min(width, max(wide, ceil(fewest / tall))), min(height, max(tall, ceil(fewest / wide)))
    x = _start(box.x, box.x + box.width, wide, width)
    return x, _start(box.y, box.y + box.height, tall, height), wide, tall


def _fit(need: tuple[int, int, int, int], size: Size, model: ImageModel, wanted: Size | None) -> Plan:
    """The plan that shows at least the needed box: at the mildest scale, then with the least padding."""
    x, y, width, height = need
    sizes = [wanted] if wanted else model.sizes
    options = list(_free((width, height)) if sizes is None else ((_around((width, height), one), one) for one in sizes))
    if not options:
        raise UsageError(
            f"a part of {width} x {height} px fits no size that {model.name} takes", "Edit a larger picture."
        )
    canvas, sent = min(options, key=lambda one: (abs(np.log(one[1][0] / one[0][0])), one[0][0] * one[0][1]))
    wide, tall = min(canvas[0], size[0]), min(canvas[1], size[1])
    box = (_start(x, x + width, wide, size[0]), _start(y, y + height, tall, size[1]), wide, tall)
    across, down = canvas[0] - wide, canvas[1] - tall
    return Plan(box, (across // 2, down // 2, across - across // 2, down - down // 2), sent)


def _free(need: Size) -> Iterator[tuple[Size, Size]]:
    """Canvases that hold the needed size, with the sizes to send them at, of models that take any size."""
    for scale in SCALES:
        step = STEP * scale.denominator // gcd(scale.numerator, STEP)
        wide, tall = (_up(side, step) for side in need)
        wide, tall = max(wide, _up(ceil(tall / MAX_ASPECT), step)), max(tall, _up(ceil(wide / MAX_ASPECT), step))
        sent = int(wide * scale), int(tall * scale)
        if _within(sent):
            yield (wide, tall), sent
            return


def _around(need: Size, sent: Size) -> Size:
    """The smallest canvas with the proportions of `sent` that holds the needed size."""
    common = gcd(*sent)
    wide, tall = sent[0] // common, sent[1] // common
    times = max(ceil(need[0] / wide), ceil(need[1] / tall))
    return times * wide, times * tall


def _within(sent: Size) -> bool:
    return max(sent) <= MAX_SIDE and MIN_PIXELS <= sent[0] * sent[1] <= MAX_PIXELS


def _check_size(wanted: Size, model: ImageModel) -> None:
    named = f"{wanted[0]}x{wanted[1]}"
    if model.sizes is not None:
        if wanted not in model.sizes:
            raise UsageError(
                f"the model {model.name} does not make {named}",
                "Choose " + ", ".join(f"{wide}x{tall}" for wide, tall in model.sizes) + " or auto.",
            )
        return
    mistakes = [
        text
        for applies, text in (
            (wanted[0] % STEP or wanted[1] % STEP, f"both sides have to be multiples of {STEP}"),
            (max(wanted) > MAX_SIDE, f"no side may be over {MAX_SIDE} px"),
            (max(wanted) > MAX_ASPECT * min(wanted), f"the proportions may be 1:{MAX_ASPECT} to {MAX_ASPECT}:1"),
            (
                not MIN_PIXELS <= wanted[0] * wanted[1] <= MAX_PIXELS,
                f"there may be {MIN_PIXELS} to {MAX_PIXELS} pixels",
            ),
        )
        if applies
    ]
    if mistakes:
        raise UsageError(f"the size {named} does not do: {'; '.join(mistakes)}", "Choose another `--size`, or auto.")


def _start(low: int, high: int, length: int, end: int) -> int:
    """Where a stretch of this length begins that has `low` to `high` in its middle and stays within 0 to `end`."""
    return min(max(0, (low + high - length) // 2), end - length)


def _up(value: int, step: int) -> int:
    return -(-value // step) * step


def _cut(plane: NDArray[np.generic], plan: Plan) -> NDArray[np.generic]:
    x, y, width, height = plan.box
    return plane[y : y + height, x : x + width]


def _scale(samples: NDArray[np.generic], size: Size) -> NDArray[np.uint8]:
    plain = np.ascontiguousarray(samples, np.uint8)
    if (plain.shape[1], plain.shape[0]) == size:
        return plain
    # Lanczos overshoots at hard edges, which is a drift of its own where a picture is enlarged.
    smaller = size[0] < plain.shape[1]
    return np.asarray(
        Image.fromarray(plain).resize(size, Image.Resampling.LANCZOS if smaller else Image.Resampling.BICUBIC)
    )


def planes(picture: Picture, *, with_alpha: bool) -> NDArray[np.uint8]:
    """A copy of a picture's samples as one array: H x W x 3, with alpha x 4."""
    if not with_alpha:
        return picture.samples.copy()
    height, width = picture.samples.shape[:2]
    alpha = np.full((height, width), 255, np.uint8) if picture.alpha is None else picture.alpha
    return np.concatenate([picture.samples, alpha[..., None]], axis=-1)


def png(samples: NDArray[np.uint8]) -> bytes:
    """Samples (H x W x 3 or 4, sRGB) as a PNG file, lightly compressed: it is sent once, or decoded again at once."""
    out = io.BytesIO()
    Image.fromarray(samples).save(out, "PNG", compress_level=1)
    return out.getvalue()
