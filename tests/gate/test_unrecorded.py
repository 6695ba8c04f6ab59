"""Pictures without a record: what speaks for an edit, and what that does to the verdict, through the real hook."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageOps

from painters import logo
from projects import HERO, MASK, SIZE, SPRING, png, sha256, texture

LOGO = "brand/logo.png"
ASKED = """version = 1
[defaults]
unrecorded = "{default}"
[[rules]]
paths = ["brand/**"]
unrecorded = "block"
"""


def redrawn() -> Image.Image:
    """The same mark as a model gives it back: the bar shorter and bent, no mark of AI in the file."""
    canvas = np.array(logo())
    canvas[100:140, 250:290] = (244, 239, 230)
    canvas[120:160, 230:250] = (200, 60, 40)
    return Image.fromarray(canvas)


def line_art(name: str) -> bytes:
    """A logo in black and white alone."""
    canvas = Image.new("L", SIZE, 255)
    draw = ImageDraw.Draw(canvas)
    draw.ellipse((30, 20, 190, 180), fill=0)
    draw.rectangle((150, 100, 300, 210), fill=0)
    draw.text((60, 90), name, fill=255, font_size=30)
    return png(canvas.point(lambda value: 255 * (value > 127)))


def marked(picture: Image.Image) -> bytes:
    from PIL import PngImagePlugin

    says = PngImagePlugin.PngInfo()
    says.add_text("parameters", "a logo\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1, Size: 320x240, Model: x")
    return png(picture, pnginfo=says)


def policy(project, default="warn"):
    project.write("maskproof.toml", ASKED.format(default=default))
    project.write(LOGO, png(logo()))
    project.commit("Policy and logo")
    return project


def finding(project, path):
    """The one finding on a picture, and the exit status."""
    status, report = project.report()
    image = {one["path"]: one for one in report["images"]}[path]
    assert len(image["findings"]) == 1, image["findings"]
    return status, image, image["findings"][0]


def passes_without_a_word(project):
    status, report = project.report()
    return status == 0 and not any(one["findings"] for one in report["images"])


class TestReplaced:
    """A picture that takes the place of a tracked one, without a record."""

    def test_marked_blocks_even_where_policy_only_warns(self, project):
        policy(project)
        project.write(HERO, project.pictures.marked)
        project.stage()
        outcome = project.try_commit()
        said = " ".join(outcome.text.split())
        assert (outcome.status, outcome.counts) == (1, [(1, 1, 1, 0)])
        assert f"{HERO}: BLOCKED" in said
        assert "it replaces a tracked picture" in said
        assert "compared with that one" in said
        assert f"maskproof record {HERO} --original {HERO} --mask {MASK} --mask-mode MODE" in said
        assert f"maskproof record {HERO} --manual --original {HERO}" in said
        assert "--generated" not in said

    def test_marked_but_the_same_follows_policy(self, project):
        policy(project)
        project.write(HERO, marked(Image.open(io.BytesIO(project.pictures.original))))
        project.stage()
        status, image, found = finding(project, HERO)
        assert (status, image["verdict"], found["severity"]) == (0, "pass", "warn")
        assert "within the limits" in found["message"]

    @pytest.mark.parametrize(("default", "status", "severity"), [("warn", 0, "warn"), ("block", 1, "block")])
    def test_unmarked_is_compared_with_the_version_before(self, project, default, status, severity):
        policy(project, default)
        project.write(HERO, project.pictures.held)
        project.stage()
        code, image, found = finding(project, HERO)
        assert (code, found["rule"], found["severity"]) == (status, "unrecorded", severity)
        assert image["ground"] == "likeness"
        assert image["drift"] > 1
        assert "its version before" in image["original"]["found"]

    def test_unmarked_under_off_is_nobody_s_business(self, project):
        policy(project, "off")
        project.write(HERO, project.pictures.marked)
        project.stage()
        assert passes_without_a_word(project)

    @pytest.mark.parametrize("default", ["warn", "block"])
    def test_another_picture_in_its_place_is_no_edit(self, project, default):
        policy(project, default)
        project.write(HERO, project.pictures.other)
        project.stage()
        assert passes_without_a_word(project)

    @pytest.mark.parametrize("default", ["warn", "block"])
    def test_the_same_picture_saved_anew_is_no_edit(self, project, default):
        policy(project, default)
        project.write(HERO, png(Image.open(io.BytesIO(project.pictures.original)), compress_level=9))
        project.stage()
        assert passes_without_a_word(project)

    def test_a_mask_may_be_drawn_anew(self, project):
        project.edit()
        policy(project, "block")
        project.write(MASK, png(ImageOps.expand(Image.new("L", (280, 200), 255), 20)))
        project.stage()
        status, report = project.report()
        assert [one["findings"] for one in report["images"] if one["path"] == MASK] == [[]]
        assert status == 0  # the edit keeps the mask that its record names, in history

    @pytest.mark.parametrize("name", ["brand/line.png", "brand/line-new.png"])
    @pytest.mark.threat("T19")
    def test_nor_a_redrawn_logo_in_black_and_white(self, project, name):
        project.write("maskproof.toml", ASKED.format(default="block").replace("[[", "new_mask = 'warn'\n[[", 1))
        project.write("brand/line.png", line_art("ACME"))
        project.commit("A logo")
        redrawn = line_art("EVIL")
        project.write(name, redrawn)
        project.edit("held", mask={"path": name, "sha256": sha256(redrawn), "mode": "black"})
        project.stage()
        _, report = project.report()
        (one,) = [one for one in report["images"] if one["path"] == name]
        assert [(found["rule"], found["severity"]) for found in one["findings"]] == [("unrecorded", "block")]

    @pytest.mark.parametrize("default", ["block", "always"])
    def test_a_new_mask_with_the_outlines_of_a_photograph_is_a_mask(self, project, default):
        project.write("maskproof.toml", ASKED.format(default=default).replace("[[", "new_mask = 'warn'\n[[", 1))
        outline = Image.new("L", SIZE, 255)
        ImageDraw.Draw(outline).ellipse((30, 20, 290, 210), fill=0)
        photograph = png(Image.composite(Image.new("RGB", SIZE, "white"), texture(4), outline))
        project.write(HERO, photograph)
        project.commit("A product on white")
        project.write("new.mask.png", png(outline))
        used = {"path": "new.mask.png", "sha256": sha256(png(outline)), "mode": "white"}
        project.edit("held", mask=used, original={"path": HERO, "sha256": sha256(photograph), "size": list(SIZE)})
        project.stage()
        _, report = project.report()
        assert [one["findings"] for one in report["images"] if one["path"] == "new.mask.png"] == [[]]

    @pytest.mark.parametrize(("name", "status"), [("assets/a.mask.png", 0), ("assets/a.png", 1)])
    def test_a_photograph_with_the_outlines_of_a_mask_is_no_edit_of_it(self, project, name, status):
        """A mask that no record names yet is one by its name and what it shows; a drawing of two tones is none."""
        project.git("rm", "-q", MASK)
        project.write(name, project.pictures.mask)
        project.write("maskproof.toml", ASKED.format(default="block"))
        project.commit("A mask without a record")
        outlines = np.asarray(Image.open(io.BytesIO(project.pictures.mask)).convert("L"), np.float32)[..., None]
        photograph = outlines * 0.5 + np.asarray(texture(44), np.float32) * 0.2 + 30
        project.write("new.png", png(Image.fromarray(photograph.astype(np.uint8))))
        project.stage("new.png")
        assert project.check().status == status

    def test_a_record_that_comes_along_does_not_turn_a_picture_into_a_mask(self, project):
        policy(project, "block")
        project.write(HERO, project.pictures.drifted)
        project.write("x.png", project.pictures.other)
        named = {"path": HERO, "sha256": "0" * 64, "mode": "white"}
        project.write("x.png.maskproof.json", project.record(project.pictures.other, mask=named))
        project.stage()
        _, report = project.report()
        assert {one["path"]: one["verdict"] for one in report["images"]}[HERO] == "block"

    def test_an_animation_without_marks_stops_nothing_at_warn(self, project):
        policy(project)
        frames = [Image.new("P", (8, 8), index) for index in (0, 1)]
        file = io.BytesIO()
        frames[0].save(file, "GIF", save_all=True, append_images=frames[1:])
        project.write("a.gif", file.getvalue())
        project.commit("An animation")
        file = io.BytesIO()
        frames[1].save(file, "GIF", save_all=True, append_images=frames[:1])
        project.write("a.gif", file.getvalue())
        project.stage()
        assert project.report()[0] == 0


class TestNew:
    """A new picture without a record."""

    @pytest.mark.parametrize(("path", "status"), [(SPRING, 0), ("brand/spring.png", 1)])
    def test_marked_follows_policy(self, project, path, status):
        policy(project)
        project.write(path, marked(texture(9)))
        project.stage()
        outcome = project.try_commit()
        said = " ".join(outcome.text.split())
        assert (outcome.status, outcome.counts) == (status, [(1, 0, status, 0)])
        assert "its metadata says that Stable Diffusion web UI made or changed it (PNG text `parameters`)" in said
        assert f"maskproof record {path} --original ORIGINAL --mask MASK --mask-mode MODE" in said

    @pytest.mark.threat("T02")
    def test_a_stripped_edit_of_a_tracked_logo_blocks(self, project):
        policy(project)
        project.write("brand/logo-spring.png", png(redrawn()))
        project.stage()
        outcome = project.try_commit()
        said = " ".join(outcome.text.split())
        assert (outcome.status, outcome.counts) == (1, [(1, 1, 1, 0)])
        assert f"it is similar to {LOGO} (" in said
        assert "of 256 bits apart)" in said
        assert f"maskproof record brand/logo-spring.png --original {LOGO}" in said

    def test_the_same_edit_outside_the_brand_folder_is_not_looked_for(self, project):
        policy(project)
        project.write("assets/logo-spring.png", png(redrawn()))
        project.stage()
        assert passes_without_a_word(project)

    @pytest.mark.parametrize("size", [(320, 240), (160, 120), (640, 480)])
    def test_a_faithful_copy_passes(self, project, size):
        policy(project)
        project.write("brand/copy.png", png(logo().resize(size, Image.Resampling.LANCZOS)))
        project.stage()
        assert passes_without_a_word(project)

    def test_a_copy_of_the_same_bytes_passes(self, project):
        policy(project)
        project.write("brand/copy.png", png(logo()))
        project.stage()
        assert passes_without_a_word(project)

    def test_a_picture_like_no_other_passes(self, project):
        policy(project)
        project.write("brand/new.png", png(texture(9)))
        project.stage()
        assert passes_without_a_word(project)

    def test_an_export_is_told_how_to_be_recorded_as_one(self, project):
        policy(project)
        y, x = np.mgrid[0:512, 0:512]
        weave = 120 + 10 * np.sin(x * 2) + 60 * np.sin(x / 90) * np.cos(y / 70)  # of which WebP leaves a half
        picture = Image.fromarray(weave.astype(np.uint8)).convert("RGB")
        picture.paste(texture(9).resize((250, 250)), (30, 30))
        project.write("brand/cup.png", png(picture))
        project.write("brand/mark.png", marked(texture(3)))
        project.commit("A picture")
        file = io.BytesIO()
        picture.save(file, "WEBP", quality=20)
        project.write("brand/small.webp", file.getvalue())
        project.write("brand/copy.png", marked(texture(3)))
        project.stage()
        said = " ".join(project.check().text.split())
        for path, master in (("brand/small.webp", "brand/cup.png"), ("brand/copy.png", "brand/mark.png")):
            assert f"maskproof record {path} --derived --original {master} --add" in said
        assert "it is brand/mark.png byte for byte" in said
        found = project.maskproof("find", "brand/small.webp").stdout
        assert "maskproof record brand/small.webp --derived --original brand/cup.png --add" in found

    def test_icons_and_gradients_are_like_no_photograph_lit_from_one_side(self, project):
        policy(project)
        across, down = np.meshgrid(np.linspace(0, 1, 320), np.linspace(0, 1, 240))
        grain = np.asarray(texture(9).resize((320, 240)), np.float64)[..., 0] / 255 - 0.5
        lit = np.clip(240 - 200 * across + 20 * down + 12 * grain, 0, 255).astype(np.uint8)
        project.write("brand/arm.png", png(Image.fromarray(lit).convert("RGB")))
        project.commit("A photograph")
        dot = Image.new("RGB", (64, 64), "white")
        ImageDraw.Draw(dot).ellipse((16, 16, 48, 48), fill="navy")
        new = {
            "flat": Image.new("RGB", (64, 64), "navy"),
            "pixel": Image.new("RGB", (1, 1), "red"),
            "dot": dot,
            "gradient": Image.fromarray((250 - 90 * across).astype(np.uint8)),
            "mirrored": Image.fromarray((160 + 90 * across).astype(np.uint8)),
            "turned": Image.fromarray((250 - 90 * across.T).astype(np.uint8)),
        }
        for name, picture in new.items():
            project.write(f"brand/{name}.png", png(picture.convert("RGB")))
        project.stage()
        assert passes_without_a_word(project)

    def test_marked_in_the_brand_folder_names_what_it_looks_like(self, project):
        policy(project)
        project.write("brand/logo-spring.png", marked(redrawn()))
        project.stage()
        status, image, found = finding(project, "brand/logo-spring.png")
        assert (status, image["ground"]) == (1, "unsigned")
        assert f"--original {LOGO}" in found["advice"]

    def test_the_command_it_offers_works(self, project):
        policy(project)
        project.write("brand/logo-spring.png", png(redrawn()))
        project.stage()
        project.maskproof("record", "brand/logo-spring.png", "--original", LOGO)
        project.stage()
        status, report = project.report()
        assert status == 1
        assert {one["rule"] for one in report["images"][0]["findings"]} >= {"outside-mask"}

    def test_a_declared_one_is_declared(self, project):
        project.edit()
        project.stage()
        _, report = project.report()
        assert report["images"][0]["ground"] == "declared"


class TestExplained:
    def test_says_what_it_was_held_against(self, project):
        policy(project)
        project.write(HERO, project.pictures.held)
        project.stage()
        said = project.maskproof("explain", HERO).stdout
        assert "it replaces its version before (" in said
        assert "no AI metadata in the file" in said
