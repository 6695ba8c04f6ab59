"""The rule `size`: an edit has to have its original's proportions, and at level exact its size."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PIL import Image

import make
import scenes
from fixture_cases import judge_files, judged

if TYPE_CHECKING:
    from projects import Scratch

PADDED = (480, 352)
"""the poster with 32 px of padding below, as a model that works in multiples of 32 is given it"""


def padded() -> Image.Image:
    picture = Image.new("RGB", PADDED, "gray")
    picture.paste(scenes.poster(scenes.GREEN))
    return picture


def test_other_proportions_are_found() -> None:
    finding = judged("block/other-proportions").the("size")
    assert (finding["severity"], finding["unit"]) == ("block", "%")
    assert "480 x 300 px instead of 480 x 320 px" in finding["message"]


def test_another_resolution_is_not() -> None:
    assert judged("pass/three-quarters-the-size").findings == []


def test_another_resolution_counts_at_level_exact(scratch: Scratch) -> None:
    files = make.photo_as_jpeg(lambda picture: picture.resize((315, 210)), make.LEVEL_POLICY.format("exact"))
    assert judge_files(scratch, files).the("size")["value"] == 25


def test_padding_that_nobody_recorded_is_found(scratch: Scratch) -> None:
    assert judge_files(scratch, make.poster_case(padded())).of("size")


def test_recorded_padding_explains_the_proportions(scratch: Scratch) -> None:
    files = make.poster_case(
        padded(),
        image={"sha256": make.digest(scenes.png(padded())), "size": list(PADDED)},
        transform={"pad": [0, 0, 0, 32]},
    )
    assert judge_files(scratch, files).findings == []
