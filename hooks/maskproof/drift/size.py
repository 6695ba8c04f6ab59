"""One size of judging: whatever a picture's size, it is looked at as large as a viewer sees it on a screen.

The same edit then gets the same verdict as a thumbnail's source and as a 4K export. What is smaller than this size
shows is the work of declared areas, which are also seen at full size.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from msgspec import Struct
from PIL import Image

from maskproof.drift.grid import reduced_mask
from maskproof.drift.oklab import opponent
from maskproof.model import Box

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from maskproof.drift.grid import Float, Mask

JUDGED_SIDE_PX = 1024
"""samples of the long side at which pictures are judged; smaller ones are judged as they are"""
AS_IT_IS_PX = 1152
"""pixels of the long side up to which a picture is not resampled: an eighth less of it costs more than it evens out"""
SMALLEST_SIDE_PX = 940
"""samples of the long side from which a picture is reduced by whole pixels alone, where it has such a part up to
AS_IT_IS_PX: the mean of whole pixels neither blurs nor rings, and is taken in half the time"""
NARROW_PX = 24
"""samples that the short side keeps: below, no window fits, so a narrow picture is reduced less"""


class JudgedSize(Struct, frozen=True):
    """How a picture of some size is reduced before it is judged."""

    size: tuple[int, int]
    """width and height of the picture, px"""
    judged: tuple[int, int]
    """width and height that it is judged at, samples"""

    @classmethod
    def of(cls, size: tuple[int, int]) -> JudgedSize:
        """Of a width and height in pixels."""
        longest = max(size)
        for whole in range(-(-longest // AS_IT_IS_PX), longest // SMALLEST_SIDE_PX + 1):
            if whole > 1 and not any(side % whole for side in size) and min(size) >= NARROW_PX * whole:
                return cls(size, (size[0] // whole, size[1] // whole))
        side = JUDGED_SIDE_PX if max(size) > AS_IT_IS_PX else max(size)
        share = min(1.0, max(side / max(size), NARROW_PX / min(size)))
        width, height = (max(1, round(side * share)) for side in size)
        return cls(size, (width, height))

    @property
    def factor(self) -> float:
        """How many pixels a sample is wide."""
        return max(self.size) / max(self.judged)

    @property
    def whole(self) -> int:
        """The part of the reduction that is done by averaging whole blocks."""
        return min(16, int(self.factor))

    def planes(self, rgb: NDArray[np.uint8]) -> Float:
        """Opponent planes (3 x h x w) of sRGB (H x W x 3)."""
        planes = opponent(rgb, self.whole)
        if planes.shape[:0:-1] == self.judged:
            return planes
        # Where no whole number of pixels makes a sample, the last stretch is resampled: wide enough not to alias.
        region = (0.0, 0.0, self.size[0] / self.whole, self.size[1] / self.whole)
        how = Image.Resampling.HAMMING
        return np.stack([np.asarray(Image.fromarray(plane).resize(self.judged, how, region)) for plane in planes])

    def mask(self, mask: Mask) -> Mask:
        """A mask (H x W to h x w), True where any pixel of a sample is."""
        found = reduced_mask(mask, self.whole)
        for axis in (0, 1):
            found = _covered(found, self.judged[1 - axis], self.size[1 - axis] / self.whole, axis)
        return found

    def in_pixels(self, box: Box | None) -> Box | None:
        """A box of samples as a box of pixels around it."""
        if box is None:
            return None
        (width, height), (wide, tall) = self.size, self.judged
        x, y = int(box.x * width / wide), int(box.y * height / tall)
        right, bottom = -(-(box.x + box.width) * width // wide), -(-(box.y + box.height) * height // tall)
        return Box(x, y, min(right, width) - x, min(bottom, height) - y)


def _covered(mask: Mask, count: int, length: float, axis: int) -> Mask:
    """The mask with `count` samples along an axis of so many, True where any that a sample touches is."""
    have = mask.shape[axis]
    if have == count:
        return mask
    edges = np.arange(count + 1) * (length / count)
    first, last = np.floor(edges[:-1]).astype(np.intp), np.minimum(np.ceil(edges[1:]).astype(np.intp), have) - 1
    first = np.minimum(first, have - 1)
    found: Mask = mask.take(first, axis)
    for step in range(1, int((last - first).max()) + 1):
        found = found | mask.take(np.minimum(first + step, last), axis)
    return found
