"""The rule `size`: an edit has to have its original's proportions, and at level exact its size."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

import make
import scenes
from fixture_cases import judge_files, judged, meet

if TYPE_CHECKING:
    from projects import Scratch

Transform = dict[str, list[int]]
DISC = (180, 70, 300, 190)
"""left, top, right, bottom of what the mask opens"""
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


# --- the edit on a canvas of its own: a border around the original, a cut of it, or both ---------------------------

CANVASES: dict[str, tuple[Transform, float]] = {
    "both sides": ({"pad": [128, 0, 128, 0]}, 1),
    "left": ({"pad": [200, 0, 0, 0]}, 1),
    "top": ({"pad": [0, 90, 0, 0]}, 1),
    "right and below": ({"pad": [0, 0, 33, 61]}, 1),
    "cut": ({"crop": [150, 40, 200, 190]}, 1),
    "cut and padded": ({"crop": [150, 40, 200, 190], "pad": [20, 0, 0, 70]}, 1),
    "both sides, twice the size": ({"pad": [128, 0, 128, 0]}, 2),
    "cut, enlarged": ({"crop": [150, 40, 200, 190]}, 2.5),
}


def on_canvas(picture: Image.Image, transform: Transform, scale: float, border: str, method: Any) -> Image.Image:
    """A picture of the original's frame, mapped as a record says."""
    x, y, width, height = transform.get("crop", (0, 0, *picture.size))
    left, top, right, bottom = transform.get("pad", (0, 0, 0, 0))
    canvas = Image.new(picture.mode, (width + left + right, height + top + bottom), border)
    canvas.paste(picture.crop((x, y, x + width, y + height)), (left, top))
    return canvas.resize((round(canvas.width * scale), round(canvas.height * scale)), method)


def mapped(name: str, edit: Image.Image, *, recorded: bool = True, own: bool = False) -> make.Files:
    """An edit on a canvas and the mask that was drawn on it, or (`own`) on the original."""
    transform, scale = CANVASES[name]
    drawn = Image.new("L", scenes.POSTER, 0)
    drawn.paste(255, DISC)
    shape = drawn if own else on_canvas(drawn, transform, scale, "white", Image.Resampling.NEAREST)
    shipped = scenes.png(on_canvas(edit, transform, scale, "#8090a0", Image.Resampling.LANCZOS))
    image = {"sha256": make.digest(shipped), "size": list(Image.open(io.BytesIO(shipped)).size)}
    files = make.poster_case(shipped, shape, image=image, transform=transform if recorded else None)
    record = json.loads(files["change/edit.png.maskproof.json"])
    record["mask"]["mode"] = "white"
    return files | {"change/edit.png.maskproof.json": json.dumps(record).encode()}


@pytest.mark.parametrize("own", [False, True], ids=["mask of the canvas", "mask of the original"])
@pytest.mark.parametrize("name", CANVASES)
def test_an_edit_on_a_canvas_is_mapped_back_with_its_mask(scratch: Scratch, name: str, own: bool) -> None:
    assert judge_files(scratch, mapped(name, scenes.poster(scenes.GREEN), own=own)).findings == []


@pytest.mark.parametrize("name", CANVASES)
def test_damage_to_what_a_canvas_shows_of_the_original_blocks(scratch: Scratch, name: str) -> None:
    edit = scenes.poster(scenes.GREEN)
    edit.paste("#204080", (160, 200, 200, 220))
    found = judge_files(scratch, mapped(name, edit))
    assert (found.status, [one["rule"] for one in found.findings]) == (1, ["outside-mask"])
    assert meet(found.the("outside-mask")["box"], (160, 200, 40, 20))


@pytest.mark.parametrize("name", [name for name in CANVASES if name not in {"cut and padded", "cut, enlarged"}])
def test_the_option_that_explains_a_size_is_named(scratch: Scratch, name: str) -> None:
    ((key, numbers),) = CANVASES[name][0].items()
    found = judge_files(scratch, mapped(name, scenes.poster(scenes.GREEN), recorded=False))
    advice = found.the("size")["advice"]
    assert f"--{key} {','.join(map(str, numbers))}`" in advice
    assert not any("restore" in one["advice"] for one in found.findings), "it would be put back beside where it lies"


def test_a_mask_that_opens_nothing_but_the_border_is_not_suspect(scratch: Scratch) -> None:
    files = mapped("left", scenes.poster())
    border = Image.new("L", (scenes.POSTER[0] + 200, scenes.POSTER[1]), 0)
    border.paste(255, (0, 0, 200, scenes.POSTER[1]))
    record = json.loads(files["change/edit.png.maskproof.json"])
    files["base/mask.png"] = scenes.png(border)
    record["mask"]["sha256"] = make.digest(files["base/mask.png"])
    files["change/edit.png.maskproof.json"] = json.dumps(record).encode()
    assert judge_files(scratch, files).findings == []


def test_a_crop_beyond_the_original_is_not_judged(scratch: Scratch) -> None:
    files = mapped("cut", scenes.poster(scenes.GREEN))
    record = json.loads(files["change/edit.png.maskproof.json"])
    for size in (scenes.POSTER, (4000, 4000)):  # as it is, and as a record may have it
        record["transform"]["crop"], record["original"]["size"] = [400, 200, 200, 190], list(size)
        text = {"change/edit.png.maskproof.json": json.dumps(record).encode()}
        found = judge_files(scratch, files | text)
        assert found.status == 3
        assert "crop reaches to 600, 390, outside the original" in found.the("stale-record")["message"]
