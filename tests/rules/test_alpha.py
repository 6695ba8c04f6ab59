"""The rule `alpha`: protected pixels have to stay as transparent as they were."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image, ImageChops, ImageFilter

import make
import scenes
from fixture_cases import judge_files, judged

if TYPE_CHECKING:
    from projects import Scratch


CUT_OUT = scenes.png(scenes.cut_out("#b3472f"))


def test_a_hole_is_found() -> None:
    finding = judged("block/made-transparent").the("alpha")
    assert (finding["severity"], finding["unit"]) == ("block", "share")
    assert 0.05 < finding["value"] < 0.2


def test_transparency_that_was_there_before_is_not() -> None:
    assert judged("pass/transparent-as-before").findings == []


def test_transparency_that_was_filled_is_found(scratch: Scratch) -> None:
    assert judge_files(scratch, make.poster_case(original=CUT_OUT)).the("alpha")["severity"] == "block"


def test_an_alpha_channel_without_a_transparent_pixel_is_none(scratch: Scratch) -> None:
    assert judge_files(scratch, make.poster_case(scenes.poster(scenes.GREEN).convert("RGBA"))).findings == []


# --- the original's own transparency is the mask -------------------------------------------------------------------


def masked_in_alpha() -> Image.Image:
    """The poster as ComfyUI's mask editor saves it: its own alpha, softened, is the mask around the disc."""
    drawn = Image.new("L", scenes.POSTER, 255)
    drawn.paste(0, (180, 70, 300, 190))
    picture = scenes.poster()
    picture.putalpha(drawn.filter(ImageFilter.GaussianBlur(4)))
    return picture


def edited_in_alpha() -> Image.Image:
    """An opaque edit of it that changed it as far as it is not opaque."""
    picture = scenes.poster()
    picture.paste(scenes.GREEN, mask=ImageChops.invert(masked_in_alpha().getchannel("A")))
    return picture


def own_mask(edit: Image.Image, **options: Any) -> make.Files:
    return make.poster_case(edit, masked_in_alpha(), original=scenes.png(masked_in_alpha()), **options)


@pytest.mark.parametrize("level", ["visual", "exact"])
def test_the_feather_of_a_mask_in_the_originals_own_alpha_belongs_to_it(scratch: Scratch, level: str) -> None:
    found = judge_files(scratch, own_mask(edited_in_alpha(), policy=make.LEVEL_POLICY.format(level)))
    (image,) = found.report["images"]
    assert (image["verdict"], image["drift"], found.findings) == ("pass", 0, [])
    told = [note for note in found.report["notes"] if "feather" in note and "level exact" in note]
    assert len(told) == (level == "exact")


def test_an_edit_that_kept_the_mask_in_its_alpha_is_the_same(scratch: Scratch) -> None:
    kept = edited_in_alpha()
    kept.putalpha(masked_in_alpha().getchannel("A"))
    assert judge_files(scratch, own_mask(kept)).findings == []


def test_an_area_inside_such_a_mask_is_compared_as_if_it_were_opaque(scratch: Scratch) -> None:
    policy = 'version = 1\n\n[[areas]]\npaths = ["*.png"]\nname = "disc"\nkind = "brand"\nbox = [190, 80, 60, 60]\n'
    edit = edited_in_alpha()
    edit.paste(scenes.poster().crop((180, 70, 260, 150)), (180, 70))
    assert judge_files(scratch, own_mask(edit, policy=policy)).findings == []


def test_a_hole_beside_such_a_mask_is_found(scratch: Scratch) -> None:
    edit = edited_in_alpha().convert("RGBA")
    edit.paste((0, 0, 0, 0), (20, 20, 60, 60))
    assert judge_files(scratch, own_mask(edit)).the("alpha")["severity"] == "block"


def test_the_feather_of_another_mask_is_split_at_half(scratch: Scratch) -> None:
    other = masked_in_alpha()
    other.putpixel((0, 0), (0, 0, 0, 254))
    files = make.poster_case(edited_in_alpha(), other, original=scenes.png(masked_in_alpha()))
    assert judge_files(scratch, files).of("alpha")
