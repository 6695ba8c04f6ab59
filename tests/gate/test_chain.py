"""Chains: every edit of an edit may hold against the picture before it, and the last still be far from the first."""

from __future__ import annotations

import io
import json

import msgspec
import numpy as np
import pytest
from PIL import Image

import pictures
from maskproof.errors import BrokenChain, RecordError
from maskproof.records.parents import MAX_CHAIN, follow
from maskproof.records.sidecar import parse
from pictures import saved
from projects import HERO, MASK, SIZE, png, sha256, texture

V2, V3, V4 = "assets/hero-v2.png", "assets/hero-v3.png", "assets/hero-v4.png"
LEFT, RIGHT = (20, 40, 140, 200), (180, 40, 300, 200)
"""what the masks of the first and the second edit open: left, top, right, bottom"""
STEP = 9
"""levels of a lift of the whole picture that is 0.7 of the limit on tone"""


def beside(path):
    return f"{path}.maskproof.json"


def opening(*boxes, size=SIZE):
    mask = Image.new("L", size)
    for box in boxes:
        mask.paste(255, box)
    return png(mask)


def sides(data):
    return list(Image.open(io.BytesIO(data)).size)


def lifted(data, by):
    samples = np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).astype(np.int16) + by
    return png(Image.fromarray(np.clip(samples, 0, 255).astype(np.uint8)))


def painted(data, box, seed):
    image = Image.open(io.BytesIO(data)).convert("RGB")
    image.paste(texture(seed).crop((0, 0, box[2] - box[0], box[3] - box[1])), box[:2])
    return png(image)


def put(project, path, image, original, mask=(MASK, None), **members):
    """Write an edit, its mask and its record; `original` is a path that lies in the working tree."""
    project.write(path, image)
    if mask[1] is not None:
        project.write(mask[0], mask[1])
    before = (project.root / original).read_bytes()
    tree = {
        "maskproof": 1,
        "origin": "edited",
        "image": {"sha256": sha256(image), "size": sides(image)},
        "original": {"path": original, "sha256": sha256(before), "size": sides(before)},
        "mask": {"path": mask[0], "sha256": sha256((project.root / mask[0]).read_bytes()), "mode": "white"},
    }
    project.write(beside(path), json.dumps(tree | members))


def judged(project, path, *arguments):
    """The exit status, and the JSON of one image."""
    status, report = project.report(*arguments)
    return status, {one["path"]: one for one in report["images"]}[path]


def findings(image, rule):
    return [one for one in image["findings"] if one["rule"] == rule]


@pytest.fixture
def lifts(project):
    """Two edits that each lift the tone by 0.7 of what is allowed, the first of them committed."""
    put(project, V2, lifted(project.pictures.original, STEP), HERO)
    project.commit("First edit", verify=True)
    put(project, V3, lifted((project.root / V2).read_bytes(), STEP), V2, parent=beside(V2))
    project.stage()
    return project


@pytest.fixture
def areas(project):
    """The first edit's record declares a label; the second edit's mask opens it, and the edit repaints it."""
    label = {"name": "label", "kind": "brand", "box": [200, 80, 60, 60]}
    put(
        project, V2, painted(project.pictures.original, LEFT, 2), HERO, ("assets/v2.mask.png", opening(LEFT)),
        areas=[label],
    )  # fmt: skip
    project.commit("First edit")
    edit = painted((project.root / V2).read_bytes(), (200, 80, 260, 140), 3)
    put(project, V3, edit, V2, ("assets/v3.mask.png", opening(RIGHT)), parent=beside(V2))
    project.stage()
    return project


class TestMeasured:
    @pytest.mark.threat("T43")
    def test_each_step_holds_and_the_whole_is_blocked(self, lifts):
        outcome = lifts.try_commit()
        assert (outcome.status, outcome.counts) == (1, [(1, 1, 1, 0)])
        status, image = judged(lifts, V3)
        assert status == 1
        (finding,) = findings(image, "tone")
        assert finding["message"].startswith(f"against the first original {HERO}: ")
        first, last = image["chain"]
        assert (first["path"], last["path"]) == (V2, V3)
        assert 0.6 < first["drift"] < 0.8, "the first edit holds by itself"
        assert 1.3 < last["drift"] < 1.5
        assert f"drift by step: hero-v2.png {first['drift']:.2f}, hero-v3.png {last['drift']:.2f}" in finding["message"]
        assert image["drift"] == last["drift"], "the worse of both comparisons"
        assert finding["value"] > finding["limit"]

    def test_a_parent_that_is_left_out_is_worked_out(self, lifts):
        put(lifts, V3, (lifts.root / V3).read_bytes(), V2)
        lifts.stage()
        status, image = judged(lifts, V3)
        assert (status, [one["path"] for one in image["chain"]]) == (1, [V2, V3])

    def test_three_steps(self, lifts):
        put(lifts, V4, lifted((lifts.root / V3).read_bytes(), -STEP), V3, parent=beside(V3))
        lifts.stage()
        _, image = judged(lifts, V4)
        assert [one["path"] for one in image["chain"]] == [V2, V3, V4]
        assert image["verdict"] == "pass", "the third edit takes the second back"
        assert image["drift"] < 0.8
        assert image["chain"][1]["drift"] > 1.3

    def test_a_profile_that_a_step_lost_is_told_and_is_no_drift(self, project):
        wide = pictures.matrix_profile("Display P3", pictures.P3, pictures.srgb_curve())
        files = [project.pictures.original, project.pictures.held, project.pictures.held_again]
        tagged = [saved(Image.open(io.BytesIO(data)), "PNG", icc_profile=wide) for data in files[:2]]
        project.write(HERO, tagged[0])
        put(project, V2, tagged[1], HERO)
        project.commit("First edit")
        put(project, V3, files[2], V2, parent=beside(V2))
        project.stage()
        status, image = judged(project, V3)
        assert (status, [one["rule"] for one in image["findings"]]) == (1, ["color-profile", "color-profile"])
        assert image["findings"][1]["message"].startswith(f"against the first original {HERO}: the edit lost")
        assert image["drift"] < 0.8

    def test_what_each_mask_opened_is_open(self, areas):
        put(areas, V2, (areas.root / V2).read_bytes(), HERO, ("assets/v2.mask.png", None))
        areas.stage()
        _, image = judged(areas, V3)  # V2 itself blocks: its record opens more than the project's
        assert image["verdict"] == "pass"
        assert max(one["drift"] for one in image["chain"]) < 1

    def test_an_area_of_an_earlier_record_stays_protected(self, areas):
        status, image = judged(areas, V3)
        (finding,) = findings(image, "brand")
        assert (status, finding["region"]) == (1, "label")
        assert finding["message"].startswith("against the first original")
        x, y, width, height = finding["box"]
        assert 190 <= x <= x + width <= 270
        assert 70 <= y <= y + height <= 150
        assert image["chain"][0]["drift"] < 1 < image["chain"][1]["drift"]

    def test_explained(self, lifts):
        text = lifts.maskproof("explain", V3).stdout
        assert f"the first original is {HERO}" in text
        assert f"step 1: {V2}, made from {HERO}" in text
        assert f"step 2: {V3}, made from {V2}" in text

    def test_masks_that_leave_nothing_are_named(self, project):
        put(project, V2, project.pictures.original, HERO, ("assets/a.png", opening((0, 0, 160, 240))))
        project.write(V2, painted(project.pictures.original, (10, 10, 60, 60), 3))
        put(project, V2, (project.root / V2).read_bytes(), HERO, ("assets/a.png", None))
        edit = painted((project.root / V2).read_bytes(), (200, 10, 260, 60), 4)
        put(project, V3, edit, V2, ("assets/b.png", opening((160, 0, 320, 240))), parent=beside(V2))
        project.stage()
        _, image = judged(project, V3)
        (finding,) = findings(image, "mask-suspect")
        assert (finding["severity"], finding["value"]) == ("warn", 1.0)
        assert "together open 100.0%" in finding["message"]


class TestFrames:
    PAD = (40, 30, 40, 30)

    @pytest.fixture
    def padded(self, project):
        """The first edit stays on a larger canvas; the second is made on that, with a label declared on the first."""
        canvas = Image.new("RGB", (400, 300), (90, 120, 150))
        inside = painted(project.pictures.original, LEFT, 2)
        canvas.paste(Image.open(io.BytesIO(inside)), self.PAD[:2])
        label = {"name": "label", "kind": "brand", "box": [200, 80, 60, 60]}
        members = {"transform": {"pad": list(self.PAD)}, "areas": [label]}
        put(project, V2, png(canvas), HERO, ("assets/v2.mask.png", opening(LEFT)), **members)
        project.commit("First edit")
        return project

    @pytest.mark.parametrize(("box", "verdict"), [((240, 110, 300, 170), "block"), ((310, 180, 340, 220), "pass")])
    @pytest.mark.parametrize("doubled", [False, True])
    def test_places_are_those_of_the_first_original(self, padded, box, verdict, doubled):
        edit = Image.open(io.BytesIO(painted((padded.root / V2).read_bytes(), box, 3)))
        if doubled:  # an edit of another size, which its record says nothing of
            edit = edit.resize((800, 600), Image.Resampling.LANCZOS)
        mask = opening((220, 70, 360, 250), size=(400, 300))
        put(padded, V3, png(edit), V2, ("assets/v3.mask.png", mask), parent=beside(V2))
        padded.stage()
        _, image = judged(padded, V3)
        assert image["verdict"] == verdict, image["findings"]
        if verdict == "block":
            (finding,) = findings(image, "brand")
            x, y, width, height = finding["box"]
            assert 190 <= x <= x + width <= 270
            assert 70 <= y <= y + height <= 150

    def test_a_crop_of_the_second_step_is_undone(self, padded):
        crop = (200, 90, 160, 140)
        x, y, width, height = crop
        seen = Image.open(io.BytesIO((padded.root / V2).read_bytes())).crop((x, y, x + width, y + height))
        edit = painted(png(seen.resize((320, 280), Image.Resampling.LANCZOS)), (80, 40, 200, 160), 3)
        mask = opening((220, 100, 350, 220), size=(400, 300))
        put(
            padded, V3, edit, V2, ("assets/v3.mask.png", mask), parent=beside(V2), transform={"crop": list(crop)}
        )  # fmt: skip
        padded.stage()
        _, image = judged(padded, V3)
        (finding,) = findings(image, "brand")
        assert finding["message"].startswith("against the first original")
        assert image["chain"][0]["drift"] < 1


class TestBroken:
    def unjudged(self, project, *words):
        _, image = judged(project, V3)
        (finding,) = findings(image, "stale-record")
        assert finding["severity"] == "unjudged"
        for word in words:
            assert word in finding["message"]

    @pytest.fixture
    def held(self, project):
        """Two edits that hold in every way."""
        put(project, V2, project.pictures.held, HERO)
        put(project, V3, project.pictures.held_again, V2, parent=beside(V2))
        project.commit("Edits")
        return project

    def test_held(self, held):
        status, image = judged(held, V3, "--all")
        assert (status, image["verdict"]) == (0, "pass")
        assert [one["path"] for one in image["chain"]] == [V2, V3]

    def test_gone(self, held):
        held.git("rm", "-q", V2, beside(V2))
        self.unjudged(held, beside(V2), "is gone")

    def test_for_other_bytes(self, held):
        # The parent was made anew and recorded anew, so the last edit was not made from what the record speaks of.
        put(held, V2, painted(held.pictures.held, (200, 80, 220, 100), 9), HERO)
        held.stage()
        self.unjudged(held, "contradicts its parent", V2)

    def test_with_mistakes(self, held):
        held.write(beside(V2), '{"maskproof": 1, "orgin": "edited"}')
        held.stage()
        self.unjudged(held, "record is broken", "orgin")

    def test_circle(self, project):
        # There and back again: every digest fits, and there is no first original.
        project.write(V2, project.pictures.held)
        put(project, V3, project.pictures.held_again, V2, parent=beside(V2))
        put(project, V2, project.pictures.held, V3, parent=beside(V3))
        project.stage()
        self.unjudged(project, "circle")

    def test_generated_with_a_parent(self, held):
        tree = json.loads((held.root / beside(V3)).read_text())
        kept = {key: tree[key] for key in ("maskproof", "image", "parent")}
        held.write(beside(V3), json.dumps(kept | {"origin": "generated"}))
        held.stage()
        self.unjudged(held, "contradicts its parent", "names (none)")

    def test_a_first_picture_that_was_generated(self, held):
        tree = json.loads((held.root / beside(V2)).read_text())
        held.write(beside(V2), json.dumps({"maskproof": 1, "origin": "generated", "image": tree["image"]}))
        held.stage()
        _, image = judged(held, V3)
        assert (image["verdict"], image["chain"]) == ("pass", [])
        assert "has no original" in held.maskproof("explain", V3).stdout


class TestFollow:
    """The records alone."""

    def records(self, count):
        """A chain of that many edits, by sidecar."""
        found = {}
        for number in range(1, count + 1):
            tree = {
                "maskproof": 1,
                "origin": "edited",
                "image": {"sha256": f"{number:064x}", "size": [4, 4]},
                "original": {"path": f"{number - 1}.png", "sha256": f"{number - 1:064x}", "size": [4, 4]},
                **({"parent": beside(f"{number - 1}.png")} if number > 1 else {}),
            }
            found[beside(f"{number}.png")] = parse(json.dumps(tree).encode(), beside(f"{number}.png"))
        return found

    @pytest.mark.parametrize("count", [1, 2, MAX_CHAIN])
    def test_to_its_end(self, count):
        records = self.records(count)
        links = follow(f"{count}.png", records[beside(f"{count}.png")], records.get)
        assert [link.path for link in links] == [f"{number}.png" for number in range(1, count + 1)]

    def test_one_too_many(self):
        records = self.records(MAX_CHAIN + 1)
        last = f"{MAX_CHAIN + 1}.png"
        with pytest.raises(BrokenChain, match=f"more than {MAX_CHAIN} edits"):
            follow(last, records[beside(last)], records.get)

    def test_a_parent_that_is_no_record(self):
        (record,) = self.records(1).values()
        with pytest.raises(BrokenChain, match="not the name of a record"):
            follow("1.png", msgspec.structs.replace(record, parent="0.png"), {}.get)

    def test_a_record_that_cannot_be_read(self):
        records = self.records(3)

        def read(path):
            if path == beside("1.png"):
                raise RecordError(path, ("it is no JSON",))
            return records[path]

        with pytest.raises(BrokenChain, match="it is no JSON"):
            follow("3.png", records[beside("3.png")], read)


class TestScope:
    """What changed at the root of a chain concerns the last edit too."""

    @pytest.fixture
    def three(self, project):
        mask = ("assets/own.mask.png", project.pictures.mask)
        put(project, V2, project.pictures.held, HERO, mask)
        put(project, V3, project.pictures.held_again, V2, parent=beside(V2))
        put(project, V4, project.pictures.held, V3, parent=beside(V3))
        project.commit("Edits")
        return project

    @pytest.mark.parametrize("what", ["record", "mask", "original"])
    def test_leads_to_the_last(self, three, what):
        if what == "record":
            tree = json.loads((three.root / beside(V2)).read_text())
            three.write(beside(V2), json.dumps(tree | {"tool": {"model": "m"}}))
        elif what == "mask":
            three.write("assets/own.mask.png", opening(LEFT))
        else:
            three.write(HERO, three.pictures.other)
        three.stage()
        assert V4 in three.findings()

    def test_the_record_of_the_first_is_gone(self, three):
        three.git("rm", "-q", V2, beside(V2))
        _, image = judged(three, V4)
        assert image["verdict"] == "unjudged"
        assert "is gone" in findings(image, "stale-record")[0]["message"]


class TestRecorded:
    """`maskproof record` and the parent."""

    @pytest.fixture
    def second(self, project):
        put(project, V2, project.pictures.held, HERO)
        project.write(V3, project.pictures.held_again)
        return project

    WITH = ("--original", V2, "--mask", MASK, "--mask-mode", "white")

    def parent(self, project):
        return json.loads((project.root / beside(V3)).read_text()).get("parent")

    def test_worked_out(self, second):
        done = second.maskproof("record", V3, *self.WITH)
        assert done.returncode == 0, done.stderr
        assert self.parent(second) == beside(V2)
        assert f"parent    {beside(V2)}: the original is an edit itself" in done.stdout
        second.stage()
        assert second.check().status == 0

    def test_kept_when_it_is_renewed_and_dropped_with_the_original(self, second):
        second.maskproof("record", V3, *self.WITH)
        assert second.maskproof("record", V3, "--model", "m").returncode == 0
        assert self.parent(second) == beside(V2)
        assert second.maskproof("record", V3, "--original", HERO).returncode == 0
        assert self.parent(second) is None

    @pytest.mark.parametrize(
        ("named", "word"),
        [(V2, "not a record"), (beside("assets/none.png"), "no such record"), (beside(V4), "written for other bytes")],
    )
    def test_a_wrong_one_is_refused(self, second, named, word):
        put(second, V4, second.pictures.drifted, HERO)
        done = second.maskproof("record", V3, *self.WITH, "--parent", named)
        assert done.returncode == 2
        assert word in done.stderr
        assert not (second.root / beside(V3)).exists()

    def test_beside_an_original_that_was_changed_since(self, second):
        second.write(V2, second.pictures.drifted)
        done = second.maskproof("record", V3, *self.WITH)
        assert done.returncode == 2
        assert "written for other bytes" in done.stderr

    def test_generated_has_none(self, second):
        done = second.maskproof("record", V3, "--generated", "--parent", beside(V2))
        assert done.returncode == 2
        assert "--parent" in done.stderr
