"""What ships is accounted for: padding, crops, areas cut away, canvases and many areas, through the command."""

from __future__ import annotations

import io
import json

import numpy as np
import pytest
from PIL import Image, ImageOps

from maskproof import regions
from maskproof.model import Kind
from maskproof.regions import Area
from processes import maskproof
from projects import SPRING, png, texture

POLICY = 'version = 1\n[defaults]\nlevel = "{}"\nmax_editable = 0.6\nrecord_loosened = "off"\n'
AREA = '[[areas]]\npaths = ["**"]\nname = "sign"\nkind = "{}"\nbox = [10, 10, 40, 30]\n'


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data)).convert("RGB")


def rules(project, picture: Image.Image, policy: str, **members) -> tuple[int, list[str]]:
    project.write("maskproof.toml", policy)
    project.commit("Policy")
    data = png(picture)
    record = json.loads(project.record(data, **members))
    record["image"]["size"] = list(picture.size)
    project.write(SPRING, data)
    project.write(f"{SPRING}.maskproof.json", json.dumps(record))
    project.stage()
    status, report = project.report()
    (found,) = [one["findings"] for one in report["images"] if one["path"] == SPRING]
    return status, [one["rule"] for one in found if one["severity"] != "warn"]


@pytest.mark.parametrize("level", ["visual", "strict", "exact"])
@pytest.mark.parametrize("scale", [1, 2])
@pytest.mark.threat("T42")
def test_a_crop_inside_the_mask_proves_nothing(project, level, scale):
    other = ImageOps.invert(texture(9)).resize((90 * scale, 90 * scale))
    status, found = rules(project, other, POLICY.format(level), transform={"crop": [195, 75, 90, 90]})
    assert status == 1
    assert "mask-suspect" in found


@pytest.mark.parametrize("level", ["visual", "strict", "exact"])
@pytest.mark.parametrize("pad", [[0, 0, 0, 480], [640, 0, 0, 0], [320, 240, 320, 240]])
def test_padding_that_outweighs_the_original_blocks(project, level, pad):
    left, top, right, bottom = pad
    canvas = texture(9).resize((320 + left + right, 240 + top + bottom))
    canvas.paste(opened(project.pictures.held), (left, top))
    status, found = rules(project, canvas, POLICY.format(level), transform={"pad": pad})
    assert (status, found) == (1, ["mask-suspect"])


def test_a_little_padding_does_not(project):
    canvas = Image.new("RGB", (400, 240), "white")
    canvas.paste(opened(project.pictures.held), (40, 0))
    assert rules(project, canvas, POLICY.format("strict"), transform={"pad": [40, 0, 40, 0]}) == (0, [])


@pytest.mark.parametrize("kind", ["brand", "text", "face", "product"])
@pytest.mark.parametrize("by", ["policy", "record"])
@pytest.mark.parametrize("cut", [[0, 60, 320, 180], [30, 0, 290, 240]])
@pytest.mark.threat("T42")
def test_an_area_that_is_cut_away_blocks(project, kind, by, cut):
    left, top, width, height = cut
    picture = opened(project.pictures.held).crop((left, top, left + width, top + height))
    policy = POLICY.format("visual") + (AREA.format(kind) if by == "policy" else "")
    areas = [{"name": "sign", "kind": kind, "box": [10, 10, 40, 30]}] if by == "record" else None
    assert rules(project, picture, policy, transform={"crop": cut}, areas=areas) == (1, [kind])


def test_one_that_is_shown_does_not(project):
    picture = opened(project.pictures.held).crop((0, 0, 320, 200))
    policy = POLICY.format("visual") + AREA.format("brand")
    assert rules(project, picture, policy, transform={"crop": [0, 0, 320, 200]}) == (0, [])


@pytest.mark.parametrize("pad", [[30_000, 22_500, 0, 0], [16_384, 0, 0, 0], [0, 0, 6_400, 7_500]])
@pytest.mark.threat("T24")
def test_a_canvas_that_no_picture_may_have_is_not_drawn(project, pad):
    status, found = rules(project, opened(project.pictures.drifted), POLICY.format("visual"), transform={"pad": pad})
    assert status in {1, 3}
    assert found


@pytest.mark.threat("T30")
def test_a_record_has_so_many_areas_and_no_more(project):
    areas = [{"name": f"a{n}", "kind": "text", "box": [n * 3 % 150, n * 7 % 220, 9, 9]} for n in range(101)]
    picture = opened(project.pictures.held)
    assert rules(project, picture, POLICY.format("strict"), areas=areas)[0] == 3
    assert rules(project, picture, POLICY.format("strict") + "\n", areas=areas[:100])[0] == 0


@pytest.mark.threat("T30")
def test_an_area_costs_memory_by_its_box():
    nothing = np.zeros((3000, 4000), np.bool_)
    areas = tuple(Area(f"a{n}", Kind.TEXT, "test", (n * 37, n * 23, 9, 9)) for n in range(100))
    outside, *drawn = regions.build(nothing, areas, lambda _: pytest.fail("no picture is named"))
    assert outside.mask.all()
    assert sum(one.part.nbytes for one in drawn) == 100 * 81
    for number, one in enumerate(drawn):
        where = np.argwhere(one.mask)
        assert one.mask.shape == nothing.shape
        assert where.min(0).tolist() == [number * 23, number * 37]
        assert len(where) == 81


@pytest.mark.threat("T24")
def test_a_hundred_areas_of_twelve_megapixels_stay_within_a_gigabyte_and_ten_seconds(tmp_path):
    soft = texture(8).resize((4000, 3000))
    edit = soft.copy()
    edit.paste((200, 30, 30), (1800, 1300, 2200, 1700))
    mask = Image.new("L", soft.size)
    mask.paste(255, (1700, 1200, 2300, 1800))
    for name, picture in {"original": soft, "edit": edit, "mask": mask}.items():
        picture.save(tmp_path / f"{name}.png", compress_level=1)
    areas = (
        AREA.format("product").replace("sign", f"a{n}").replace("[10, 10, 40, 30]", f"[{37 * n}, {7 * n}, 90, 60]")
        for n in range(100)
    )
    (tmp_path / "maskproof.toml").write_text("version = 1\n" + "".join(areas))
    options = ("--mask", "mask.png", "--mask-mode", "white", "--policy", "maskproof.toml", "--format", "json")
    ran = maskproof().run("compare", "original.png", "edit.png", *options, cwd=tmp_path)
    assert (ran.status, len(json.loads(ran.stdout)["regions"])) == (0, 102), ran.stdout + ran.stderr
    assert ran.memory < 1000
    assert ran.cpu < 10
