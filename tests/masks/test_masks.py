"""`maskproof mask`: shapes, conversions and differences as files that models and the gate read alike."""

from __future__ import annotations

import csv
import io
import shlex
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image
from scipy import ndimage
from skimage import draw, morphology

import pictures
from maskproof import masks, regions
from maskproof.gate.named import Named, compare
from maskproof.images import decode
from maskproof.masks import shapes
from maskproof.masks.difference import find_changes
from maskproof.masks.morphology import grow, keep_parts
from maskproof.masks.outline import refine
from maskproof.model import Verdict
from maskproof.policy import from_file
from projects import HERO, MASK, OPENED, SIZE, Project, png

MODES = ("alpha", "white", "black")
LEFT, TOP, RIGHT, BOTTOM = OPENED


def opened_by(data: bytes, mode: str, size: tuple[int, int] = SIZE) -> np.ndarray:
    """What the gate takes a mask file to open."""
    return regions.editable(decode.decode_mask(data, "the mask"), mode, size)


def box(x: int, y: int, width: int, height: int, size: tuple[int, int] = SIZE) -> np.ndarray:
    mask = np.zeros(size[::-1], bool)
    mask[y : y + height, x : x + width] = True
    return mask


def image(project: Project, name: str) -> Image.Image:
    """A picture that the tool wrote."""
    return Image.open(io.BytesIO((project.root / name).read_bytes()))


GIVEN = box(LEFT, TOP, RIGHT - LEFT, BOTTOM - TOP)
"""what the project's own mask opens"""


@pytest.fixture
def make(project):
    """Run `maskproof mask` on the project's original; the outcome and what the written mask opens."""

    def run(*arguments: str, mode: str = "alpha", output: str = "m.png"):
        done = project.maskproof("mask", HERO, "-o", output, *arguments)
        file = project.root / output
        return done, opened_by(file.read_bytes(), mode) if done.returncode == 0 else None

    return run


CIRCLE = np.hypot(*(np.indices(SIZE[::-1]) + 0.5 - np.array([120, 100])[:, None, None])) <= 20
MADE = {
    "a box": (["--box", "10,20,30,40"], box(10, 20, 30, 40)),
    "two boxes": (["--box", "10,20,30,40", "--box", "30,30,50,5"], box(10, 20, 30, 40) | box(30, 30, 50, 5)),
    "a box at the far corner": (["--box", "319,239,1,1"], box(319, 239, 1, 1)),
    "a polygon that is a box": (["--polygon", "10,20 40,20 40,60 10,60"], box(10, 20, 30, 40)),
    "a circle": (["--ellipse", "80,100,40,40"], CIRCLE),
    "a box and a circle": (["--box", "0,0,9,9", "--ellipse", "80,100,40,40"], CIRCLE | box(0, 0, 9, 9)),
    "another mask": (["--from", MASK, "--mask-mode", "white"], GIVEN),
    "another mask read the other way": (["--from", MASK, "--mask-mode", "black"], ~GIVEN),
    "another mask and a box": (["--from", MASK, "--mask-mode", "white", "--box", "0,0,9,9"], GIVEN | box(0, 0, 9, 9)),
    "inverted": (["--box", "10,20,30,40", "--invert"], ~box(10, 20, 30, 40)),
    "grown": (["--box", "10,20,1,1", "--grow", "1"], box(9, 20, 3, 1) | box(10, 19, 1, 3)),
    "grown at the border": (["--box", "0,0,10,240", "--grow", "5"], box(0, 0, 15, 240)),
    "shrunk": (["--box", "10,20,30,40", "--grow", "-3"], box(13, 23, 24, 34)),
    "shrunk, but not along the border": (["--box", "0,0,10,240", "--grow", "-3"], box(0, 0, 7, 240)),
    "grown before it is inverted": (["--box", "0,0,10,240", "--grow", "5", "--invert"], box(15, 0, 305, 240)),
}


class TestMade:
    @pytest.mark.parametrize("case", MADE)
    def test_opens_what_was_asked_for(self, make, case):
        arguments, wanted = MADE[case]
        done, opened = make(*arguments)
        assert done.returncode == 0, done.stderr
        assert np.array_equal(opened, wanted)
        assert f"{masks.percent(float(wanted.mean()))} of the picture is editable" in done.stdout

    def test_is_ready_for_openai(self, project, make):
        make("--box", "10,20,30,40")
        data = (project.root / "m.png").read_bytes()
        written = Image.open(io.BytesIO(data))
        assert (written.format, written.mode, written.size) == ("PNG", "RGBA", SIZE)
        assert np.array_equal(np.asarray(written)[..., 3] == 0, box(10, 20, 30, 40))
        assert set(np.unique(np.asarray(written)[..., 3])) == {0, 255}
        assert len(data) < masks.MAX_MASK_BYTES

    @pytest.mark.parametrize("mode", MODES)
    def test_in_every_convention_and_back(self, make, mode):
        done, opened = make("--ellipse", "80,100,40,40", "--as", mode, mode=mode)
        assert np.array_equal(opened, CIRCLE)
        assert f"--mask-mode {mode}" in done.stdout
        assert ("maskproof edit" in done.stdout) == (mode == "alpha"), "OpenAI takes no other convention"
        _, again = make("--from", "m.png", "--mask-mode", mode, output="again.png")
        assert np.array_equal(again, CIRCLE)

    def test_in_upright_pixels_of_a_turned_photograph(self, project):
        data = pictures.saved(pictures.smooth(120, 80), "JPEG", exif=b"Exif\0\0" + pictures.exif(6))
        project.write("turned.jpg", data)
        done = project.maskproof("mask", "turned.jpg", "--box", "0,100,80,20", "-o", "m.png")
        assert done.returncode == 0, done.stderr
        opened = opened_by((project.root / "m.png").read_bytes(), "alpha", (80, 120))
        assert image(project, "m.png").size == (80, 120)
        assert np.array_equal(opened, box(0, 100, 80, 20, (80, 120)))

    def test_what_is_odd_about_another_mask_is_said(self, project, make):
        grey = Image.linear_gradient("L").resize((100, 240))
        project.write("soft.png", png(grey))
        done, opened = make("--from", "soft.png", "--mask-mode", "white")
        assert "soft.png" in done.stdout
        assert "is grey" in done.stdout
        assert "other proportions" in done.stdout
        assert opened.shape == SIZE[::-1]

    def test_a_mask_that_the_gate_would_block_is_named(self, make):
        done, _ = make("--box", "0,0,1,1", "--invert")
        assert "more than 99.9 %" in done.stdout
        assert "max_editable" in done.stdout

    def test_is_recorded_and_judged_by_the_gate(self, project, make):
        make("--box", f"{LEFT},{TOP},{RIGHT - LEFT},{BOTTOM - TOP}", output="assets/spring.mask.png")
        for edit, status in (("held", 0), ("drifted", 1)):
            path = f"assets/{edit}.png"
            project.write(path, getattr(project.pictures, edit))
            done = project.maskproof("mask", HERO, "--box", "0,0,1,1", "-o", f"{edit}.png")
            command = next(line for line in done.stdout.splitlines() if "maskproof record" in line)
            words = shlex.split(command[command.index("maskproof record") :])
            words = [{"EDIT": path, f"{edit}.png": "assets/spring.mask.png"}.get(word, word) for word in words]
            recorded = project.maskproof(*words[1:])
            assert recorded.returncode == 0, recorded.stderr
            (project.root / f"{edit}.png").unlink()
            project.stage()
            outcome = project.try_commit()
            assert outcome.status == status, outcome.text
            assert outcome.counts[-1][2:] == (status, 0)


class TestPreview:
    def test_shades_what_is_protected(self, project, make):
        done, opened = make("--ellipse", "80,100,40,40", "--preview", "look.png")
        assert done.returncode == 0, done.stderr
        page = np.asarray(image(project, "look.png").convert("RGB")).astype(int)
        original = np.asarray(Image.open(io.BytesIO(project.pictures.original))).astype(int)
        top = len(page) - 24 - SIZE[1]
        shown = page[top : top + SIZE[1], 24 : 24 + SIZE[0]]
        inner, outer = (ndimage.binary_erosion(one, iterations=2) for one in (opened, ~opened))
        assert np.array_equal(shown[inner], original[inner]), "what is open is shown as it is"
        assert np.abs(shown - original)[outer].max(1).mean() > 15, "what is protected is shaded"

    def test_alone_writes_no_mask(self, project):
        done = project.maskproof("mask", HERO, "--box", "10,20,30,40", "--preview", "look.png")
        assert done.returncode == 0
        assert "maskproof record" not in done.stdout
        assert (project.root / "look.png").exists()

    def test_of_a_large_picture_is_small(self, project):
        project.write("large.png", png(Image.new("RGB", (4000, 1000), "#888")))
        assert project.maskproof("mask", "large.png", "--box", "0,0,2000,1000", "--preview", "p.png").returncode == 0
        assert image(project, "p.png").size[0] < 1700

    def test_of_a_narrow_picture_holds_its_words(self, project):
        project.write("narrow.png", png(Image.new("RGB", (9, 300), "#888")))
        assert project.maskproof("mask", "narrow.png", "--box", "0,0,9,20", "--preview", "p.png").returncode == 0
        assert image(project, "p.png").size[0] > 480


class TestDifference:
    @pytest.mark.parametrize("edit", ["held", "held_again"])
    def test_opens_what_the_edit_changed_and_little_more(self, project, make, edit):
        data = getattr(project.pictures, edit)
        project.write("edit.png", data)
        done, opened = make("--from-diff", "edit.png")
        assert done.returncode == 0, done.stderr
        before, after = (np.asarray(Image.open(io.BytesIO(one))) for one in (project.pictures.original, data))
        touched = (before != after).any(-1)
        assert (opened & touched).sum() >= 0.98 * touched.sum()
        assert not (opened & ~grow(touched, 16)).any()
        assert "whatever that edit changed" in done.stdout
        assert "maskproof record edit.png" in done.stdout

    @pytest.mark.parametrize(
        "unchanged",
        [
            lambda same: pictures.saved(same, "PNG"),
            lambda same: pictures.saved(same, "JPEG", quality=75),
            lambda same: pictures.saved(same, "WEBP", quality=80),
            lambda same: pictures.saved(same.point(lambda value: min(255, value + 6)), "PNG"),
            lambda same: pictures.saved(same.resize((240, 180)), "PNG"),
        ],
        ids=["itself", "JPEG", "WebP", "brighter", "smaller"],
    )
    def test_a_noise_floor_is_no_change(self, project, make, unchanged):
        project.write("edit.png", unchanged(Image.open(io.BytesIO(project.pictures.original)).convert("RGB")))
        done, _ = make("--from-diff", "edit.png")
        assert done.returncode == 2
        assert "no change beyond its noise floor" in done.stderr
        assert not (project.root / "m.png").exists()

    def test_a_moved_frame_is_not_a_change(self, project, make):
        moved = Image.open(io.BytesIO(project.pictures.held)).convert("RGB")
        project.write("edit.png", png(moved.transform(SIZE, Image.Transform.AFFINE, (1, 0, 3, 0, 1, 2))))
        done, opened = make("--from-diff", "edit.png")
        assert done.returncode == 0, done.stderr
        assert not (opened & ~grow(GIVEN, 16)).any()

    def test_what_was_kept_inside_a_change_stays_closed(self):
        chance = np.random.default_rng(3)
        before = chance.integers(0, 255, (400, 400, 3), np.uint8)
        after = 255 - before
        after[150:250, 150:250] = before[150:250, 150:250]
        opened = find_changes(*(decode.decode(pictures.saved(one, "PNG"), "x") for one in (before, after)))
        assert not opened[165:235, 165:235].any()
        assert opened[:130].all()

    @pytest.mark.parametrize(
        "name",
        [
            "inpaint-anything/dog-0",
            "mflux/person-sunglasses",
            "omnigen2/edit1",
            "step1x/0000-en",
            "sdcpp/catsign-qwen2511",
        ],
    )
    def test_real_edits_that_held_pass_through_their_difference(self, shared, name):
        with (shared / "cases" / "cases.csv").open(encoding="utf-8") as table:
            row = next(row for row in csv.DictReader(table) if row["case"] == name)
        original, edit, mask = ((shared / "cases" / row[key]).read_bytes() for key in ("original", "edit", "mask"))
        before = decode.decode(original, "original")
        opened = find_changes(before, decode.decode(edit, "edit"))
        through = Named(edit, original, masks.encode(opened, "alpha"), "alpha")
        report = compare(through, from_file(None, "x", None, lambda _: None), lambda _: None)
        assert report.verdict is Verdict.PASS, report.findings
        assert opened.sum() <= 1.2 * opened_by(mask, row["mask_mode"], before.size).sum()


class TestOutline:
    @pytest.fixture
    def scene(self):
        """A green disc on a wooden table, and where it is."""
        y, x = np.indices((300, 400))
        disc = np.hypot(x - 200, y - 150) < 60
        samples = np.random.default_rng(1).normal((150, 110, 80), 8, (300, 400, 3))
        samples[disc] = np.random.default_rng(2).normal((40, 150, 70), 8, (int(disc.sum()), 3))
        return np.clip(samples, 0, 255).astype(np.uint8), disc

    def test_is_the_object_in_the_box(self, project, scene):
        samples, disc = scene
        project.write("scene.png", pictures.saved(samples, "PNG"))
        command = ("mask", "scene.png", "--box", "110,70,180,160", "--refine", "-o")
        assert project.maskproof(*command, "m.png").returncode == 0
        opened = opened_by((project.root / "m.png").read_bytes(), "alpha", (400, 300))
        assert (opened & disc).sum() / (opened | disc).sum() > 0.93
        assert project.maskproof(*command, "again.png").returncode == 0
        assert (project.root / "m.png").read_bytes() == (project.root / "again.png").read_bytes()

    def test_lies_within_the_shape(self, scene):
        rough = box(150, 70, 160, 160, (400, 300))
        assert not (refine(scene[0], rough) & ~rough).any()

    def test_of_the_whole_picture_is_refused(self, make):
        done, _ = make("--box", "0,0,320,240", "--refine")
        assert done.returncode == 2
        assert "covers the whole picture" in done.stderr

    def test_says_how_to_install_what_it_needs(self, project):
        code = "import sys; sys.modules['cv2'] = None; from maskproof.cli import main; main()"
        done = project.run(
            sys.executable, "-c", code, "mask", HERO, "--box", "9,9,90,90", "--refine", "-o", "m.png", ok=False
        )
        assert done.returncode == 2
        assert "pip install 'maskproof[vision]'" in done.stderr

    def test_only_refining_loads_opencv(self, project):
        code = (
            "import sys, atexit\n"
            "atexit.register(lambda: print('cv2' in sys.modules))\n"
            "from maskproof.cli import main; main()\n"
        )
        plain = ("mask", HERO, "--box", "9,9,90,90", "--grow", "3", "--preview", "p.png")
        assert project.run(sys.executable, "-c", code, *plain).stdout.endswith("False\n")


REFUSED = {
    "no source": ([], "--box"),
    "a box that is none": (["--box", "1,2,3"], "X,Y,W,H"),
    "a box in words": (["--box", "a,b,c,d"], "X,Y,W,H"),
    "a box of fractions": (["--box", "1.5,2,3,4"], "whole pixels"),
    "a number too long": (["--box", "1,2,3,99999999999999999999"], "whole pixels"),
    "a box outside": (["--box", "310,20,30,40"], "outside the original of 320 x 240 px"),
    "a box above": (["--box", "-1,20,30,40"], "outside"),
    "a box without width": (["--box", "10,20,0,40"], "no pixel"),
    "a box of negative width": (["--box", "10,20,-5,40"], "no pixel"),
    "an ellipse outside": (["--ellipse", "0,0,321,10"], "outside"),
    "a polygon of two corners": (["--polygon", "1,2 3,4"], "x,y x,y x,y"),
    "a polygon of three numbers": (["--polygon", "1,2 3,4 5"], "x,y x,y x,y"),
    "a polygon outside": (["--polygon", "1,2 3,400 5,6"], "outside"),
    "a polygon that is a line": (["--polygon", "1,2 5,2 9,2"], "no pixel"),
    "one of two boxes outside": (["--box", "1,2,3,4", "--box", "310,20,30,40"], "outside"),
    "everything": (["--box", "0,0,320,240"], "everything"),
    "everything by growth": (["--box", "9,9,90,90", "--grow", "999"], "--grow"),
    "nothing by shrinking": (["--box", "9,9,9,9", "--grow", "-9"], "nothing"),
    "nothing from a mask": (["--from", MASK, "--mask-mode", "alpha"], "nothing"),
    "nothing by inversion": (["--box", "0,0,320,240", "--invert"], "--invert"),
    "a mask without its mode": (["--from", MASK], "--mask-mode"),
    "a mode without a mask": (["--box", "9,9,9,9", "--mask-mode", "white"], "--mask"),
    "a mask that is not there": (["--from", "none.png", "--mask-mode", "white"], "none.png"),
    "a mask that is no picture": (["--from", "README.md", "--mask-mode", "white"], "README.md"),
    "an edit that is no picture": (["--from-diff", "README.md"], "README.md"),
    "a growth that is no number": (["--box", "9,9,9,9", "--grow", "much"], "--grow"),
    "an unknown convention": (["--box", "9,9,9,9", "--as", "green"], "green"),
}  # fmt: skip


class TestRefused:
    @pytest.mark.parametrize("case", REFUSED)
    def test_says_why_and_writes_nothing(self, project, make, case):
        arguments, word = REFUSED[case]
        done, _ = make(*arguments, "--preview", "p.png")
        assert (done.returncode, done.stdout) == (2, "")
        assert word in done.stderr
        assert not [name for name in ("m.png", "p.png") if (project.root / name).exists()]

    def test_an_original_that_cannot_be_read(self, project):
        for name, data in (("broken.png", project.pictures.original[:300]), ("text.png", b"no picture")):
            project.write(name, data)
            done = project.maskproof("mask", name, "--box", "1,1,2,2", "-o", "m.png")
            assert (done.returncode, done.stdout) == (2, "")
            assert name in done.stderr
        assert project.maskproof("mask", "none.png", "--box", "1,1,2,2", "-o", "m.png").returncode == 2

    def test_nowhere_to_write(self, project):
        done = project.maskproof("mask", HERO, "--box", "1,1,2,2")
        assert (done.returncode, done.stdout) == (2, "")
        assert "-o MASK.png" in done.stderr

    @pytest.mark.parametrize("option", ["-o", "--preview"])
    def test_a_file_that_exists_is_kept_unless_forced(self, project, option):
        project.write("m.png", "an older mask")
        command = ("mask", HERO, "--box", "10,20,30,40", option, "m.png")
        done = project.maskproof(*command)
        assert done.returncode == 2
        assert "--force" in done.stderr
        assert (project.root / "m.png").read_text() == "an older mask"
        assert project.maskproof(*command, "--force").returncode == 0
        assert image(project, "m.png").format == "PNG"
        assert not list(project.root.glob(".*.part"))

    @pytest.mark.parametrize(
        "arguments", [["-o", HERO], ["--preview", HERO], ["-o", "m.png", "--preview", "m.png"], ["-o", MASK]]
    )
    def test_no_input_is_overwritten_even_if_forced(self, project, arguments):
        before = {name: (project.root / name).read_bytes() for name in (HERO, MASK)}
        done = project.maskproof("mask", HERO, "--from", MASK, "--mask-mode", "white", "--force", *arguments)
        assert done.returncode == 2
        assert "twice" in done.stderr
        assert before == {name: (project.root / name).read_bytes() for name in before}

    def test_names_cannot_steer_the_terminal(self, project):
        name = "a\x1b[31m\u202eb.png"
        project.write(name, project.pictures.original)
        done = project.maskproof("mask", name, "--box", "10,20,30,40", "-o", "m\x1b[0m.png", "--preview", "p.png")
        assert done.returncode == 0, done.stderr
        assert not {"\x1b", "\u202e"} & set(done.stdout)
        assert "\\x1b[31m\\u202e" in done.stdout


# --- laws -----------------------------------------------------------------------------------------------------------

MASKS = arrays(bool, st.tuples(st.integers(1, 40), st.integers(1, 40)))
SPARSE = arrays(
    bool,
    st.tuples(st.integers(1, 60), st.integers(1, 60)),
    elements=st.integers(0, 40).map(lambda number: number == 0),
)
RADII = st.integers(0, 12)
SIDE = st.integers(1, 60)


@given(MASKS, RADII)
def test_growing_covers_and_shrinking_takes_away(mask, radius):
    assert (mask <= grow(mask, radius)).all()
    assert (grow(mask, -radius) <= mask).all()
    assert np.array_equal(grow(mask, -radius), ~grow(~mask, radius))


@given(MASKS, RADII)
def test_growing_and_then_shrinking_covers(mask, radius):
    assert (mask <= grow(grow(mask, radius), -radius)).all()
    assert (grow(grow(mask, -radius), radius) <= mask).all()


@given(MASKS, RADII, RADII)
def test_growing_more_opens_more(mask, one, other):
    less, more = sorted((one, other))
    assert (grow(mask, less) <= grow(mask, more)).all()


@given(SPARSE, RADII)
def test_growing_a_union_is_the_union_of_the_grown(mask, radius):
    other = mask[::-1, ::-1]
    assert np.array_equal(grow(mask | other, radius), grow(mask, radius) | grow(other, radius))


@given(SPARSE, RADII)
def test_growth_is_dilation_by_a_disc(mask, radius):
    assert np.array_equal(grow(mask, radius), morphology.dilation(mask, morphology.disk(radius)))


@pytest.mark.parametrize("radius", [3, 40])
def test_growth_is_the_same_in_strips(radius):
    mask = np.zeros((1400, 30), bool)
    mask[[0, 510, 513, 1023, 1399], [3, 9, 20, 5, 29]] = True
    assert np.array_equal(grow(mask, radius), ndimage.distance_transform_edt(~mask) <= radius)


@given(SPARSE, st.integers(0, 6))
def test_specks_are_what_is_small(mask, smallest):
    wanted = morphology.remove_small_objects(mask, max_size=smallest - 1, connectivity=2) if smallest > 1 else mask
    assert np.array_equal(keep_parts(mask, smallest), wanted)


@given(MASKS, st.sampled_from(MODES))
def test_every_convention_gives_the_same_editable_set(mask, mode):
    if mode == "alpha" and not mask.any():
        return  # nothing is transparent, which the command refuses to write
    assert np.array_equal(opened_by(masks.encode(mask, mode), mode, mask.shape[::-1]), mask)


@given(SIDE, SIDE, SIDE, SIDE)
def test_a_polygon_through_the_corners_of_a_box_is_the_box(x, y, width, height):
    size = (130, 130)
    corners = f"{x},{y} {x + width},{y} {x + width},{y + height} {x},{y + height}"
    assert np.array_equal(shapes.draw("polygon", corners, size), box(x, y, width, height, size))


@given(st.lists(st.tuples(SIDE, SIDE), min_size=3, max_size=9), st.integers(0, 8))
def test_a_polygon_does_not_depend_on_where_it_starts_or_which_way_it_runs(corners, turn):
    flat = [number for corner in corners for number in corner]
    turned = [number for corner in corners[turn:][::-1] + corners[:turn][::-1] for number in corner]
    assert np.array_equal(shapes.polygon(tuple(flat), (64, 64)), shapes.polygon(tuple(turned), (64, 64)))


@given(st.lists(st.tuples(SIDE, SIDE), min_size=3, max_size=9))
def test_a_polygon_agrees_with_scikit_image(corners):
    ours = shapes.polygon(tuple(number for corner in corners for number in corner), (64, 64))
    xs, ys = (np.array(one, float) - 0.5 for one in zip(*corners, strict=True))
    theirs = np.zeros((64, 64), bool)
    theirs[draw.polygon(ys, xs, theirs.shape)] = True
    # Centres that lie on an edge belong to one side or the other; scikit-image counts some of both.
    y, x = np.indices((64, 64))
    on_edge = np.zeros((64, 64), bool)
    for (x0, y0), (x1, y1) in zip(
        zip(xs, ys, strict=True), zip(np.roll(xs, -1), np.roll(ys, -1), strict=True), strict=True
    ):
        along, length = (x - x0) * (x1 - x0) + (y - y0) * (y1 - y0), (x1 - x0) ** 2 + (y1 - y0) ** 2
        across = np.abs((x - x0) * (y1 - y0) - (y - y0) * (x1 - x0))
        on_edge |= (across < 1e-9) & (along >= 0) & (along <= length)
    assert not ((ours != theirs) & ~on_edge).any()


@given(SIDE, SIDE, SIDE, SIDE)
def test_an_ellipse_agrees_with_scikit_image(x, y, width, height):
    ours = shapes.ellipse((x, y, width, height), (130, 130))
    theirs = np.zeros((130, 130), bool)
    # A hair larger, because scikit-image leaves out what lies on the curve itself.
    rows, columns = draw.ellipse(
        y + height / 2 - 0.5, x + width / 2 - 0.5, height / 2 + 1e-7, width / 2 + 1e-7, theirs.shape
    )
    theirs[rows, columns] = True
    assert np.array_equal(ours, theirs)


@given(st.floats(0, 1))
def test_a_share_is_never_rounded_to_none_or_all(share):
    said = masks.percent(share)
    assert (said in {"0 %", "0%", "0.0 %"}) == (share == 0)
    assert (said in {"100 %", "100%", "100.0 %"}) == (share == 1)
