"""Exports: one record for a master and all its sizes and formats, and no way around either of the two."""

from __future__ import annotations

import io
import json

import pytest
from PIL import Image, ImageDraw

from maskproof.gate.derived import same_picture
from maskproof.images.decode import decode
from pictures import saved
from projects import HERO, MASK, SIZE, SPRING, png, sha256, texture

ROWS = """
[[derived]]
master = "assets/{name}.png"
paths = ["public/img/{name}-{width}.webp", "public/img/{name}-{width}.jpg", "public/img/{name}-{width}.png"]
"""
POLICY = 'version = 1\n[defaults]\nunrecorded = "%s"\n'
AI = "a spring meadow\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1, Size: 320x240, Model: x"


def exported(data: bytes, width: int, kind: str, **options) -> bytes:
    """A picture as an export of it: smaller, and in another format."""
    with Image.open(io.BytesIO(data)) as picture:
        small = picture.convert("RGB").resize((width, round(picture.height * width / picture.width)), 1)
    file = io.BytesIO()
    small.save(file, kind, **options)
    return file.getvalue()


def damaged(data: bytes, box=(10, 10, 50, 40)) -> bytes:
    """The same with a part repainted."""
    with Image.open(io.BytesIO(data)) as picture:
        image = picture.convert("RGB")
        image.paste((200, 30, 40), box)
        file = io.BytesIO()
        image.save(file, picture.format, **({} if picture.format == "PNG" else {"quality": 90}))
    return file.getvalue()


def exports(project, data: bytes, name: str = "spring") -> list[str]:
    """Three sizes in three formats, written."""
    found = []
    for width in (96, 160, 320):
        for ending, kind, options in (
            ("webp", "WEBP", {"quality": 80}),
            ("jpg", "JPEG", {"quality": 75}),
            ("png", "PNG", {}),
        ):
            found.append(f"public/img/{name}-{width}.{ending}")
            project.write(found[-1], exported(data, width, kind, **options))
    return found


@pytest.fixture
def rows(project):
    """A project whose policy has a row of exports, and blocks what has no record."""
    project.write("maskproof.toml", POLICY % "block" + ROWS)
    project.commit("Policy")
    project.branch_off()
    return project


def marked(width: int = 160) -> dict:
    """Options that make a JPEG say that AI made it."""
    exif = Image.Exif()
    exif[0x9286] = b"UNICODE\0" + AI.encode("utf-16-be")
    del width
    return {"exif": exif}


def severities(report: dict) -> dict[str, list[tuple[str, str]]]:
    return {one["path"]: [(found["rule"], found["severity"]) for found in one["findings"]] for one in report["images"]}


class TestARow:
    def test_one_record_covers_every_size_and_format_through_the_shipped_hook(self, rows):
        rows.edit("held")
        exports(rows, rows.pictures.held)
        rows.stage()
        outcome = rows.try_commit()
        assert (outcome.status, outcome.counts) == (0, [(10, 10, 0, 0)]), outcome.text

    @pytest.mark.parametrize("which", [0, 4, 8], ids=["96 px WebP", "160 px JPEG", "320 px PNG"])
    def test_an_export_that_was_repainted_blocks_and_its_master_does_not(self, rows, which):
        rows.edit("held")
        path = exports(rows, rows.pictures.held)[which]
        rows.write(path, damaged((rows.root / path).read_bytes()))
        rows.stage()
        outcome = rows.try_commit()
        text = " ".join(outcome.text.split())
        assert (outcome.status, outcome.counts) == (1, [(10, 10, 1, 0)]), text
        assert f"{path}: BLOCKED" in text
        assert f"it does not show its master {SPRING}" in text
        assert f"`maskproof record {path} --original {SPRING}`" in text

    @pytest.mark.parametrize("seed", [3, 11])
    @pytest.mark.parametrize("dithered", [True, False])
    @pytest.mark.parametrize("kind", ["PNG", "GIF"])
    def test_a_full_palette_does_not_block_and_hides_nothing(self, seed, dithered, kind):
        """Judged as a stage: 256 colours of a picture of many, and of the same with another patch."""
        picture = texture(seed)
        other = picture.copy()
        other.paste((20, 220, 240), (100, 80, 140, 110))
        full = [one.quantize(palette=one.quantize(256), dither=dithered) for one in (picture, other)]
        shown = [decode(saved(one, kind), "e") for one in full]
        assert [same_picture(decode(png(picture), "m"), one) for one in shown] == [True, False]

    def test_a_record_of_its_own_beside_a_row_is_told(self, rows):
        rows.edit("held")
        path, data = "public/img/spring-320.png", rows.pictures.held
        rows.write(path, data)
        rows.write(f"{path}.maskproof.json", rows.record(data))
        rows.stage()
        text = " ".join(rows.try_commit().text.split())
        assert f"{path}: an export by [[derived]] of the policy ({SPRING}), but held to its own record" in text
        derived = rows.record(data, origin="derived", original={"path": SPRING, **rows.original(data)}, mask=None)
        rows.write(f"{path}.maskproof.json", derived)
        rows.stage()
        assert "held to its own record" not in " ".join(rows.check().text.split())

    def test_a_full_palette_passes_through_the_hook(self, rows):
        rows.edit("held")
        for width in (160, 320):
            small = Image.open(io.BytesIO(exported(rows.pictures.held, width, "PNG")))
            rows.write(f"public/img/spring-{width}.png", png(small.quantize(256)))
        rows.stage()
        outcome = rows.try_commit()
        assert (outcome.status, outcome.counts) == (0, [(3, 3, 0, 0)]), outcome.text

    @pytest.mark.parametrize("colors", [8, None])
    def test_that_a_palette_is_why_it_differs_is_said(self, rows, colors):
        rows.edit("held")
        path = "public/img/spring-160.png"
        small = Image.open(io.BytesIO(exported(rows.pictures.held, 160, "PNG")))
        rows.write(path, png(small.quantize(colors)) if colors else damaged(png(small)))
        rows.stage()
        outcome = rows.try_commit()
        text = " ".join(outcome.text.split())
        assert (outcome.status, outcome.counts) == (1, [(2, 2, 1, 0)])
        assert ("no more colours than a palette holds" in text) == ("or as WebP" in text) == bool(colors)

    def test_a_blocked_master_blocks_its_exports_and_is_told_once(self, rows):
        rows.edit("drifted")
        paths = exports(rows, rows.pictures.drifted)
        rows.stage()
        outcome = rows.try_commit()
        text = " ".join(outcome.text.split())
        assert (outcome.status, outcome.counts) == (1, [(10, 10, 10, 0)])
        assert (
            f"9 images: BLOCKED x derived: its master {SPRING} is blocked: {', '.join(sorted(paths)[:3])} and 6" in text
        )
        assert (text.count("BLOCKED"), text.count("local change")) == (2, 1)

    def test_a_master_without_a_record_is_no_way_out(self, rows):
        rows.write(SPRING, rows.pictures.drifted)
        exports(rows, rows.pictures.drifted)
        rows.stage()
        assert rows.try_commit().counts == [(10, 10, 10, 0)]

    @pytest.mark.parametrize("asks", ["block", "always", "warn"])
    def test_a_master_in_a_folder_where_nothing_is_asked_is_asked_what_its_export_is(self, project, asks):
        lax = '[[rules]]\npaths = ["tests/**"]\nunrecorded = "off"\nmax_editable = 1.0\n'
        project.write("maskproof.toml", POLICY % asks + lax + ROWS.replace("assets/", "tests/"))
        project.commit("Policy")
        project.write("tests/spring.png", project.pictures.drifted)
        project.commit("In a lax folder")
        project.write("public/img/spring-160.jpg", exported(project.pictures.drifted, 160, "JPEG"))
        project.stage()
        status, report = project.report()
        told = severities(report)["public/img/spring-160.jpg"]
        assert (status, told) == ((0, []) if asks == "warn" else (1, [("derived", "block")]))
        if told:
            assert "tests/spring.png is blocked (unrecorded: " in report["images"][0]["findings"][0]["message"]

    def test_an_export_that_says_ai_needs_no_record_where_its_master_has_one(self, rows):
        rows.edit("held")
        rows.write("public/img/spring-160.jpg", exported(rows.pictures.held, 160, "JPEG", **marked()))
        rows.stage()
        assert rows.report()[0] == 0
        assert severities(rows.report()[1])["public/img/spring-160.jpg"] == []

    @pytest.mark.parametrize(("asks", "status", "severity"), [("warn", 0, "warn"), ("block", 1, "block")])
    def test_an_export_that_says_ai_of_a_master_without_a_record_says_so(self, project, asks, status, severity):
        project.write("maskproof.toml", POLICY % asks + ROWS)
        project.commit("Policy")
        path = "public/img/hero-160.jpg"
        project.write(path, exported(project.pictures.original, 160, "JPEG", **marked()))
        project.stage()
        assert project.report()[0] == status
        found = project.report()[1]["images"][0]["findings"]
        assert [(one["rule"], one["severity"]) for one in found] == [("unrecorded", severity)]
        assert f"its master {HERO} has no record" in found[0]["message"]

    def test_the_longest_name_with_a_master_that_exists_wins(self, rows):
        rows.write("maskproof.toml", POLICY % "warn" + ROWS.replace("-{width}", "*"))
        rows.commit("Policy")
        rows.git("branch", "-f", "main")
        rows.write("assets/spring-2.png", rows.pictures.other)
        rows.edit("held")
        rows.write("public/img/spring-2-160.jpg", exported(rows.pictures.other, 160, "JPEG"))
        rows.write("public/img/spring-160.jpg", exported(rows.pictures.held, 160, "JPEG"))
        rows.stage()
        status, report = rows.report()
        masters = {one["path"]: one["original"]["path"] for one in report["images"] if one["path"].startswith("public")}
        assert status == 0
        assert masters == {"public/img/spring-2-160.jpg": "assets/spring-2.png", "public/img/spring-160.jpg": SPRING}

    def test_a_master_that_is_changed_has_its_exports_looked_at(self, rows):
        rows.edit("held")
        path = exports(rows, rows.pictures.held)[0]
        rows.commit("Base")
        rows.edit("held_again")
        rows.stage(SPRING, f"{SPRING}.maskproof.json")
        status, report = rows.report()
        told = severities(report)
        assert (status, told[path]) == (0, [("outside-mask", "warn")]), told
        assert "shows what its master assets/spring.png was before" in json.dumps(report)
        exports(rows, rows.pictures.held_again)
        rows.stage()
        assert [one for one in rows.report()[1]["images"] if one["findings"]] == []

    def test_a_name_in_another_case_or_form_is_held_to_the_same_master(self, rows):
        rows.edit("held")
        rows.write("public/img/Spring-160.JPG", damaged(exported(rows.pictures.held, 160, "JPEG")))
        rows.stage()
        status, report = rows.report()
        assert (status, severities(report)["public/img/Spring-160.JPG"]) == (1, [("outside-mask", "block")])

    @pytest.mark.parametrize("flag", ["--generated", "--manual"])
    def test_a_record_that_names_no_original_is_no_way_out(self, rows, flag):
        rows.edit("held")
        path = exports(rows, rows.pictures.held)[8]
        rows.write(path, damaged((rows.root / path).read_bytes()))
        assert rows.maskproof("record", path, flag).returncode == 0
        rows.stage()
        assert ("outside-mask", "block") in severities(rows.report()[1])[path]

    def test_an_export_of_its_own_export_is_not_judged(self, project):
        row = '\n[[derived]]\nmaster = "{}/{{name}}.png"\npaths = ["{}/{{name}}.png"]\n'
        project.write("maskproof.toml", POLICY % "warn" + row.format("a", "b") + row.format("b", "a"))
        project.commit("Policy")
        for path in ("a/x.png", "b/x.png"):
            project.write(path, project.pictures.drifted)
        project.stage()
        status, report = project.report()
        assert (status, set(map(tuple, severities(report).values()))) == (3, {(("derived", "unjudged"),)})


class TestTrust:
    """A row excuses only where the project has it; it asks at once, and until it is merged away."""

    EXPORT = "public/img/spring-160.jpg"

    def judged(self, project):
        project.commit("Change")
        return project.report("--from-ref", "main", "--to-ref", "HEAD")

    def shipped(self, project, before, after, change=lambda data: data, **marks):
        """The verdict on a change from one policy to another that brings a master and, changed, its export."""
        project.write("maskproof.toml", before)
        project.commit("Policy")
        project.branch_off()
        project.write("maskproof.toml", after)
        project.edit("held")
        project.write(self.EXPORT, change(exported(project.pictures.held, 160, "JPEG", **marks)))
        return self.judged(project)

    def test_a_row_that_comes_with_the_change_excuses_nothing(self, project):
        status, report = self.shipped(project, POLICY % "block", POLICY % "block" + ROWS, **marked())
        told = severities(report)[self.EXPORT]
        assert (status, told) == (1, [("unrecorded", "block"), ("policy-loosened", "warn")])

    def test_it_excuses_once_it_is_merged(self, project):
        policy = POLICY % "block" + ROWS
        assert self.shipped(project, policy, policy, **marked())[0] == 0

    def test_a_row_that_comes_with_the_change_asks_at_once(self, project):
        status, report = self.shipped(project, POLICY % "warn", POLICY % "warn" + ROWS, damaged)
        assert (status, ("outside-mask", "block") in severities(report)[self.EXPORT]) == (1, True)

    @pytest.mark.parametrize("gone", ["row", "master"])
    def test_taking_the_row_or_the_master_away_takes_nothing_of_what_was_asked(self, rows, gone):
        rows.write("maskproof.toml", POLICY % "warn" + ROWS)
        rows.edit("held")
        rows.commit("Base")
        rows.git("branch", "-f", "main")
        rows.write(self.EXPORT, damaged(exported(rows.pictures.held, 160, "JPEG")))
        if gone == "row":
            rows.write("maskproof.toml", POLICY % "warn")
        else:
            rows.git("rm", "-q", SPRING, f"{SPRING}.maskproof.json")
        status, report = self.judged(rows)
        assert (status, ("outside-mask", "block") in severities(report)[self.EXPORT]) == (1, True)

    def test_another_master_that_excuses_a_drifted_edit_is_blocked_itself(self, rows):
        """The forger's way: the drifted edit is called an export of a copy of itself, which comes with the change."""
        rows.write("assets/forged.png", rows.pictures.drifted)
        path = "public/img/forged-320.png"
        rows.write(path, rows.pictures.drifted)
        status, report = self.judged(rows)
        told = severities(report)
        assert status == 1
        assert told["assets/forged.png"] == [("unrecorded", "block")]
        assert told[path] == [("derived", "block")]


class TestARecord:
    def test_a_cut_export_names_its_master_and_the_part_of_it(self, project):
        project.edit("held")
        with Image.open(io.BytesIO(project.pictures.held)) as picture:
            project.write("public/card.png", png(picture.crop((20, 30, 220, 190)).resize((100, 80))))
        project.commit("Base")
        done = project.maskproof(
            "record", "public/card.png", "--derived", "--original", SPRING, "--crop", "20", "30", "200", "160"
        )
        assert done.returncode == 0, done.stderr
        assert "an export, which shows its master and nothing else" in done.stdout
        record = json.loads((project.root / "public/card.png.maskproof.json").read_text())
        assert (record["origin"], record["transform"]["crop"]) == ("derived", [20, 30, 200, 160])
        assert "parent" not in record
        project.stage()
        outcome = project.try_commit()
        assert (outcome.status, outcome.counts) == (0, [(1, 1, 0, 0)]), outcome.text

    @pytest.mark.parametrize(
        ("box", "finds"),
        [((240, 10, 60, 40), False), ((4, 100, 60, 60), True), ((40, 50, 60, 60), False)],
        ids=["outside", "cut", "inside"],
    )
    def test_an_area_that_the_crop_cuts_is_a_finding_and_one_outside_is_none(self, project, box, finds):
        project.edit("held", areas=[{"name": "logo", "kind": "brand", "box": list(box)}])
        project.commit("Base")
        with Image.open(io.BytesIO(project.pictures.held)) as picture:
            data = png(picture.crop((20, 30, 220, 190)))
        project.write("public/card.png", data)
        project.write(
            "public/card.png.maskproof.json",
            project.record(
                data,
                origin="derived",
                original={"path": SPRING, "sha256": sha256(project.pictures.held), "size": list(SIZE)},
                mask=None,
                transform={"crop": [20, 30, 200, 160]},
            ),
        )
        project.stage()
        status, report = project.report()
        assert (status, ["brand"] * finds) == (int(finds), [one["rule"] for one in report["images"][0]["findings"]])

    def test_a_row_may_cut_from_the_middle(self, project):
        crop = ROWS + 'crop = "center"\n'
        project.write("maskproof.toml", POLICY % "block" + crop)
        project.commit("Policy")
        project.edit("held")
        with Image.open(io.BytesIO(project.pictures.held)) as picture:
            square = picture.convert("RGB").crop((40, 0, 280, 240)).resize((120, 120), 1)
        for name, image in (("spring-120", square), ("spring-121", square.transpose(Image.Transpose.ROTATE_90))):
            project.write(f"public/img/{name}.png", png(image))
        project.stage()
        verdicts = {one["path"]: one["verdict"] for one in project.report()[1]["images"]}
        assert verdicts["public/img/spring-120.png"] == "pass"
        assert verdicts["public/img/spring-121.png"] == "block"

    def test_a_squeezed_export_blocks(self, rows):
        rows.edit("held")
        with Image.open(io.BytesIO(rows.pictures.held)) as picture:
            rows.write("public/img/spring-160.png", png(picture.convert("RGB").resize((160, 160), 1)))
        rows.stage()
        assert ("size", "block") in severities(rows.report()[1])["public/img/spring-160.png"]

    def test_a_record_of_an_edit_is_not_replaced_by_one_of_an_export_unsigned(self, project):
        project.edit("held")
        project.commit("Base")
        record = json.loads((project.root / f"{SPRING}.maskproof.json").read_text())
        record |= {"origin": "derived"}
        record.pop("mask")
        project.write(f"{SPRING}.maskproof.json", json.dumps(record))
        project.stage()
        assert "record-loosened" in [rule for rule, _ in severities(project.report()[1])[SPRING]]

    def test_what_a_master_brought_along_proves_nothing(self, project):
        """The record names a master that lies nowhere in the project."""
        project.write("notes.txt", project.pictures.drifted)
        data = exported(project.pictures.drifted, 160, "PNG")
        project.write("public/card.png", data)
        project.write(
            "public/card.png.maskproof.json",
            project.record(
                data,
                origin="derived",
                original={"path": "notes.txt", "sha256": sha256(project.pictures.drifted), "size": list(SIZE)},
                mask=None,
            ),
        )
        project.stage()
        assert ("derived", "block") in severities(project.report()[1])["public/card.png"]

    @pytest.mark.parametrize(
        ("options", "said"),
        [
            (("--derived", "--manual", "--original", HERO), "contradict"),
            (("--derived", "--original", HERO, "--mask", MASK), "shows its master and nothing else"),
            (("--derived",), "its original has to be named"),
        ],
    )
    def test_what_contradicts_itself_is_refused(self, project, options, said):
        project.write("public/card.png", project.pictures.held)
        done = project.maskproof("record", "public/card.png", *options)
        assert (done.returncode, said in " ".join(done.stderr.split())) == (2, True), done.stderr


class TestProcessing:
    """What exporting does to a picture is no drift."""

    def test_transparency_is_laid_on_a_background_where_the_format_has_none(self, project):
        project.write("maskproof.toml", POLICY % "block" + ROWS)
        project.commit("Policy")
        alpha = Image.new("L", SIZE)
        ImageDraw.Draw(alpha).ellipse((40, 30, 280, 210), fill=255)
        logo = texture(7)
        logo.putalpha(alpha)
        project.write("assets/logo.png", png(logo))
        for ground, name in (((255, 255, 255), "logo-160"), ((20, 40, 60), "logo-161")):
            flat = Image.new("RGBA", SIZE, (*ground, 255))
            flat.alpha_composite(logo)
            file = io.BytesIO()
            flat.convert("RGB").resize((160, 120), 1).save(file, "JPEG", quality=85)
            project.write(f"public/img/{name}.jpg", file.getvalue())
        file = io.BytesIO()
        logo.resize((160, 120), 1).save(file, "WEBP", quality=80)
        project.write("public/img/logo-160.webp", file.getvalue())
        project.stage()
        status, report = project.report()
        assert (status, set(map(tuple, severities(report).values()))) == (0, {()}), severities(report)

    def test_level_exact_asks_of_an_export_what_strict_does(self, project):
        exact = (POLICY % "block").replace("[defaults]", '[defaults]\nlevel = "exact"') + ROWS
        project.write("maskproof.toml", exact)
        project.commit("Policy")
        project.write("public/img/hero-320.webp", exported(project.pictures.original, 320, "WEBP", quality=92))
        project.write(
            "public/img/hero-160.png", damaged(exported(project.pictures.original, 160, "PNG"), (8, 8, 24, 24))
        )
        project.stage()
        verdicts = {one["path"]: one["verdict"] for one in project.report()[1]["images"]}
        assert verdicts == {"public/img/hero-160.png": "block", "public/img/hero-320.webp": "pass"}


def test_a_master_that_is_renamed_is_called_by_its_name_now_and_its_exports_are_told(rows):
    rows.edit("held")
    (path, *_) = exports(rows, rows.pictures.held)
    rows.commit("A master and its exports")
    new = "assets/new spring.png"
    rows.git("mv", SPRING, new)
    text = " ".join(rows.check().text.split())
    assert f"were exports of {SPRING} by [[derived]] of maskproof.toml, which this change renames" in text
    assert f"'{SPRING}'" not in text
    assert "maskproof explain" not in text
    rows.git("mv", f"{SPRING}.maskproof.json", f"{new}.maskproof.json")
    rows.write(path, damaged((rows.root / path).read_bytes()))
    rows.stage()
    text = " ".join(rows.check().text.split())
    assert f"it does not show its master {new}" in text
    assert f"`maskproof record {path} --original '{new}'`" in text
