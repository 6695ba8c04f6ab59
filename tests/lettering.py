"""Lettering in three scripts: words in an open font, drawn as a sign."""

from __future__ import annotations

import pytest
from PIL import Image, ImageDraw, ImageFont

CJK_FONTS = ("wqy-microhei.ttc", "NotoSansCJK-Regular.ttc", "wqy-zenhei.ttc", "DroidSansFallbackFull.ttf")
"""open fonts that have the letters of Chinese and Japanese; `.ci/run` installs the first"""


def cjk_font(size: float) -> ImageFont.FreeTypeFont:
    """A font for Chinese and Japanese. Where there is none the test fails: what nobody tests breaks in silence."""
    for name in CJK_FONTS:
        try:
            return ImageFont.truetype(name, size)
        except OSError:
            continue
    return pytest.fail("no font for Chinese and Japanese is installed, for instance Debian's fonts-wqy-microhei")


def sign(words: str, size: int, ground: tuple[int, int, int] = (240, 236, 228)) -> Image.Image:
    """Words on plain paper, `size` px high, from x 40, y 50 on."""
    font = ImageFont.load_default(size) if words.isascii() else cjk_font(size)
    picture = Image.new("RGB", (80 + size * len(words), size + 120), ground)
    ImageDraw.Draw(picture).text((40, 50), words, font=font, fill=(30, 30, 40))
    return picture
