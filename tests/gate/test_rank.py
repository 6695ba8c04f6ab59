"""`maskproof rank`: candidates in their order, with the reason, as a table and as a picture."""

from __future__ import annotations

import io
import json
import os
import re
import shlex
import sys
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageFont

import pictures
from maskproof.gate import rank
from maskproof.gate.named import Named
from maskproof.images import decode
from maskproof.model import Box, Finding, ImageReport, Severity, Verdict
from maskproof.policy import from_file
from maskproof.report import drawing, sheet
from projects import COUNTS, HERO, MASK, OPENED, SIZE, SPRING, png, texture

MASKED = ("--mask", MASK, "--mask-mode", "white")
ORANGE = (213, 94, 0)


@pytest.fixture
def shoot(project):
    """The project with candidates of every sort beside it, and a way to rank them."""
    held = Image.open(io.BytesIO(project.pictures.held)).convert("RGB")
    slight = held.copy()
    slight.paste(Image.blend(held.crop((0, 0, 40, 30)), texture(4).crop((0, 0, 40, 30)), 0.05), (0, 0))
    files = {
        "held.png": project.pictures.held,
        "again.png": project.pictures.held_again,
        "slight.png": png(slight),
        "drifted.png": project.pictures.drifted,
        "other.png": project.pictures.other,
        "untouched.png": project.pictures.original,
        "held.jpg": pictures.saved(held, "JPEG", quality=92),
        "held.webp": pictures.saved(held, "WEBP", quality=95),
        "larger.png": png(held.resize((480, 360), Image.Resampling.LANCZOS)),
        "broken.png": project.pictures.held[:500],
        "text.png": b"no picture",
    }
    for name, data in files.items():
        project.write(name, data)

    def run(*arguments: str):
        return project.maskproof("rank", HERO, *arguments, *(() if "--mask" in arguments else MASKED))

    run.project = project
    return run


def order(done) -> list[str]:
    """The candidates of a JSON report, as (rank, name)."""
    return [(one["rank"], one["path"]) for one in json.loads(done.stdout)["candidates"]]


class TestOrder:
    def test_best_first_and_unjudged_last(self, shoot):
        names = ["broken.png", "drifted.png", "text.png", "slight.png", "held.png"]
        done = shoot(*names, "--format", "json")
        assert done.returncode == 0, done.stderr
        assert order(done) == [
            (1, "held.png"),
            (2, "slight.png"),
            (3, "drifted.png"),
            (None, "broken.png"),
            (None, "text.png"),
        ]
        drifts = [one["drift"] for one in json.loads(done.stdout)["candidates"]]
        assert all(one < other for one, other in pairwise(drifts[:3]))
        assert drifts[3:] == [None, None]

    def test_ties_are_broken_by_name(self, shoot):
        assert order(shoot("held.png", "again.png", "--format", "json")) == [(1, "again.png"), (2, "held.png")]

    def test_a_candidate_that_changed_nothing_is_not_the_best(self, shoot):
        done = shoot("untouched.png", "held.jpg", "drifted.png", "--format", "json")
        assert [name for _, name in order(done)] == ["held.jpg", "untouched.png", "drifted.png"]
        assert json.loads(done.stdout)["candidates"][1]["worst"]["rule"] == "edit-missing"

    def test_any_size_and_format(self, shoot):
        done = shoot("larger.png", "held.webp", "held.jpg", "held.png", "--format", "json")
        assert done.returncode == 0
        found = json.loads(done.stdout)
        assert found["summary"] == {"images": 4, "compared": 4, "blocked": found["summary"]["blocked"], "unjudged": 0}
        assert order(done)[0] == (1, "held.png")

    def test_is_that_of_compare(self, shoot):
        for name in ("held.png", "drifted.png"):
            one = json.loads(shoot(name, "--format", "json").stdout)["candidates"][0]
            alone = shoot.project.maskproof("compare", HERO, name, *MASKED, "--format", "json")
            wanted = json.loads(alone.stdout)
            assert {key: one[key] for key in wanted} == wanted

    def test_does_not_depend_on_how_many_work_at_it(self, shoot):
        names = ["drifted.png", "held.png", "broken.png"]
        alone, together = (shoot(*names, "--jobs", jobs, "--format", "json") for jobs in ("1", "2"))
        assert (alone.returncode, alone.stdout) == (together.returncode, together.stdout)

    def test_policy_and_level_hold_for_all(self, shoot):
        area = 'name = "logo"\nkind = "brand"\nbox = [200, 80, 80, 80]\n'
        shoot.project.write("p/maskproof.toml", f'version = 1\n[[areas]]\npaths = ["assets/hero*"]\n{area}')
        for jobs in ("1", "2"):
            done = shoot("held.png", "again.png", "--policy", "p/maskproof.toml", "--jobs", jobs)
            assert done.returncode == 1
            assert done.stdout.count("in logo") == 2
        assert shoot("held.png", "held.jpg", "--level", "exact").returncode == 0
        assert shoot("held.jpg", "--level", "exact").returncode == 1

    def test_files_of_the_policy_reach_every_process(self, shoot):
        marks = Image.new("L", SIZE)
        marks.paste(255, (200, 80, 280, 160))
        shoot.project.write("p/logo.png", png(marks))
        area = 'name = "logo"\nkind = "brand"\nmask = "logo.png"\nforeground = "white"\n'
        shoot.project.write("p/maskproof.toml", f'version = 1\n[[areas]]\npaths = ["**"]\n{area}')
        done = shoot("held.png", "again.png", "--policy", "p/maskproof.toml", "--jobs", "2")
        assert (done.returncode, done.stdout.count("in logo")) == (1, 2)


class TestTable:
    def test_names_what_is_worst_and_where(self, shoot):
        done = shoot("held.png", "drifted.png", "broken.png")
        lines = done.stdout.splitlines()
        assert lines[0].split() == ["rank", "drift", "verdict", "candidate"]
        assert lines[1].split() == ["1", "0.00", "passes", "held.png"]
        assert lines[2].split()[0::2] == ["2", "BLOCKED"]
        said = " ".join(done.stdout.split())
        assert "outside-mask: " in said
        assert "a patch became lighter or darker: local change, " in said
        assert "changed within x 0, y 0" in said
        assert "- - NOT JUDGED broken.png unreadable: broken.png" in said
        assert COUNTS.fullmatch(lines[-1]).groups() == ("3", "2", "1", "1")

    def test_what_lies_outside_of_the_repository_is_copied_by_the_command(self, shoot, tmp_path):
        for name in ("held.png", HERO):
            (tmp_path / name.rpartition("/")[2]).write_bytes((shoot.project.root / name).read_bytes())
        (shoot.project.root / "held.png").unlink()
        done = shoot.project.maskproof("rank", str(tmp_path / "hero.png"), str(tmp_path / "held.png"), *MASKED)
        (command,) = (line.strip() for line in done.stdout.splitlines() if "maskproof record" in line)
        *copies, record = command.split(" && ")
        for one in copies:
            shoot.project.run(*shlex.split(one))
        assert shoot.project.maskproof(*shlex.split(record)[1:]).returncode == 0, command

    def test_a_mask_the_other_way_round_is_to_be_turned_and_nothing_restored(self, shoot):
        edit = Image.open(io.BytesIO(shoot.project.pictures.held)).convert("RGB")
        edit.paste("red", OPENED)
        shoot.project.write("red.png", png(edit))
        done = shoot("red.png", "--mask", MASK, "--mask-mode", "black")
        assert "rank with that: `--mask-mode white`" in " ".join(done.stdout.split())
        assert "maskproof restore" not in done.stdout

    def test_says_what_to_do_with_the_best(self, shoot):
        done = shoot("drifted.png", "held.png")
        command = next(line for line in done.stdout.splitlines() if "maskproof record" in line)
        recorded = shoot.project.maskproof(*shlex.split(command)[1:])
        assert recorded.returncode == 0, recorded.stderr
        shoot.project.stage("held.png", "held.png.maskproof.json")
        assert shoot.project.check("--staged").counts == [(1, 1, 0, 0)]

    def test_says_what_to_do_when_none_passes(self, shoot):
        done = shoot("drifted.png", "slight.png")
        assert "None passes; slight.png is the nearest" in done.stdout
        assert "maskproof restore slight.png" in done.stdout

    def test_a_scene_that_was_drawn_anew_is_answered_as_the_check_does(self, shoot):
        said = " ".join(shoot("other.png").stdout.split())
        assert "maskproof restore" not in said
        told = re.search(r"Edit again: only \d+% of what is protected [^.]+\.", said)[0]
        shoot.project.edit("other")
        shoot.project.stage(SPRING, f"{SPRING}.maskproof.json")
        assert told in " ".join(shoot.project.maskproof("check").stdout.split())

    def test_without_a_mask_nothing_can_be_put_back(self, shoot):
        said = " ".join(shoot.project.maskproof("rank", HERO, "drifted.png").stdout.split())
        assert "Edit again: no mask was named, so all is protected" in said
        assert "maskproof restore" not in said

    def test_what_is_offered_works_where_the_format_cannot_hold_the_original(self, shoot):
        clear = Image.open(io.BytesIO(shoot.project.pictures.original)).convert("RGBA")
        clear.putpixel((0, 0), (0, 0, 0, 90))
        shoot.project.write("clear.png", png(clear))
        drifted = Image.open(io.BytesIO(shoot.project.pictures.drifted)).convert("RGB")
        shoot.project.write("drifted.jpg", pictures.saved(drifted, "JPEG", quality=92))
        shoot.project.commit("All")
        done = shoot.project.maskproof("rank", "clear.png", "drifted.jpg", *MASKED)
        commands = [line.strip(" ->") for line in done.stdout.splitlines() if "maskproof re" in line]
        assert commands[1] == "maskproof restore drifted.jpg -o drifted.png"
        for one in commands:
            name = one.replace("-o drifted.png", "-o put-back.png")  # a candidate of the other name lies there
            ran = shoot.project.maskproof(*shlex.split(name)[1:])
            assert ran.returncode == 0, ran.stdout + ran.stderr

    def test_names_cannot_steer_the_terminal(self, shoot):
        name = "a\x1b[31m\u202eb.png"
        shoot.project.write(name, shoot.project.pictures.drifted)
        done = shoot(name, "--sheet", "s.png")
        assert not {"\x1b", "\u202e"} & set(done.stdout + done.stderr)
        assert "a\\x1b[31m\\u202eb.png" in done.stdout

    def test_output(self, shoot):
        done = shoot("held.png", "drifted.png", "--format", "json", "--output", "r.json")
        assert done.returncode == 0
        assert json.loads((shoot.project.root / "r.json").read_text())["candidates"][0]["path"] == "held.png"
        assert COUNTS.fullmatch(done.stdout.strip())

    def test_without_a_mask_everything_is_protected(self, shoot):
        done = shoot.project.maskproof("rank", HERO, "held.png", "untouched.png", "--format", "json")
        assert order(done) == [(1, "untouched.png"), (2, "held.png")]
        assert json.loads(done.stdout)["advice"][1] == f"maskproof record untouched.png --original {HERO}"


class TestStatuses:
    @pytest.mark.parametrize(
        ("names", "status"),
        [
            (["held.png"], 0),
            (["drifted.png", "held.png", "broken.png"], 0),
            (["drifted.png", "other.png"], 1),
            (["drifted.png", "broken.png"], 1),
            (["broken.png", "text.png"], 3),
        ],
    )
    def test_by_what_came_of_them(self, shoot, names, status):
        assert shoot(*names).returncode == status

    def test_an_original_or_mask_that_cannot_be_read(self, shoot):
        done = shoot.project.maskproof("rank", "broken.png", "held.png", *MASKED, "--sheet", "s.png")
        assert done.returncode == 3
        assert "broken.png is cut short" in done.stdout
        assert Image.open(io.BytesIO((shoot.project.root / "s.png").read_bytes())).format == "PNG"
        done = shoot("held.png", "--mask", "text.png", "--mask-mode", "white", "--sheet", "s.png")
        assert done.returncode == 3
        assert "text.png" in done.stdout

    @pytest.mark.parametrize(
        ("arguments", "word"),
        [
            ([], "CANDIDATES"),
            (["none.png"], "none.png"),
            (["held.png", "none.png"], "none.png"),
            (["held.png", "--mask", MASK], "--mask-mode"),
            (["held.png", "--sheet", "held.png"], "twice"),
            (["held.png", "--sheet", HERO], "twice"),
            (["held.png", "--sheet", "s.png", "--output", "s.png"], "twice"),
            (["held.png", "--sheet", "none/s.png"], "folder"),
            (["held.png", "--level", "loose"], "loose"),
            (["held.png", "--jobs", "0"], "jobs"),
            (["held.png", "--policy", "none.toml"], "none.toml"),
        ],
    )
    def test_usage(self, shoot, arguments, word):
        done = shoot.project.maskproof("rank", HERO, *arguments)
        assert (done.returncode, done.stdout) == (2, "")
        assert word in done.stderr
        assert (shoot.project.root / "held.png").read_bytes() == shoot.project.pictures.held


class TestSheet:
    def drawn(self, shoot, *names: str) -> np.ndarray:
        done = shoot(*names, "--sheet", "s.png")
        assert "Wrote s.png" in done.stderr, done.stderr
        picture = Image.open(io.BytesIO((shoot.project.root / "s.png").read_bytes()))
        assert picture.mode == "RGB"
        return np.asarray(picture)

    def test_frames_the_worst_place_and_shows_it_enlarged(self, shoot):
        held, drifted = (self.drawn(shoot, name) for name in ("held.png", "drifted.png"))
        assert not (held == ORANGE).all(-1).any()
        # The verdict's word has the frames' colour, so count only whole runs: both sides of three frames.
        framed = (drifted == ORANGE).all(-1)
        assert (np.convolve(framed.sum(0) >= 40, np.ones(2)) > 1).sum() >= 4
        assert len(drifted) > len(held), "a row of close-ups more"

    def test_grows_with_the_candidates(self, shoot):
        names = ["held.png", "drifted.png", "broken.png", "larger.png", "held.jpg", "held.webp", "other.png"]
        sizes = [self.drawn(shoot, *(names * 3)[:count]).shape for count in (1, 3, 7, 13)]
        assert sizes[0][1] == 2 * sheet.MARGIN + 2 * sheet.ROOM[0] + sheet.GAP
        assert [shape[1] for shape in sizes] == sorted(shape[1] for shape in sizes)
        assert sizes[3][0] > sizes[2][0] > sizes[1][0]

    def test_is_the_same_every_time(self, shoot):
        one, other = (self.drawn(shoot, "held.png", "drifted.png") for _ in range(2))
        assert np.array_equal(one, other)

    def test_shows_each_candidate_whole(self, shoot):
        page = self.drawn(shoot, "other.png")
        tile = Image.fromarray(page).crop(
            (
                sheet.MARGIN + sheet.ROOM[0] + sheet.GAP,
                sheet.HEAD + sheet.TITLE,
                sheet.MARGIN + 2 * sheet.ROOM[0] + sheet.GAP,
                sheet.HEAD + sheet.TITLE + 300,
            )
        )
        wanted = Image.open(io.BytesIO(shoot.project.pictures.other)).resize(tile.size, Image.Resampling.LANCZOS)
        distance = np.abs(np.asarray(tile).astype(int) - np.asarray(wanted)).mean(-1)
        assert (distance < 2).mean() > 0.9, "all but the mask's outline and the frame"

    def test_outlines_the_mask(self, shoot):
        page = self.drawn(shoot, "held.png")
        scale = sheet.ROOM[0] / SIZE[0]
        left, top = sheet.MARGIN, sheet.HEAD + sheet.TITLE
        column = page[
            top + int(OPENED[1] * scale) + 5 : top + int(OPENED[3] * scale) - 5, left + int(OPENED[0] * scale)
        ]
        assert set(np.unique(column)) == {0, 255}


# --- laws -----------------------------------------------------------------------------------------------------------

REPORTS = st.lists(
    st.builds(
        lambda name, verdict, drift, missing: ImageReport(
            name,
            verdict,
            None if verdict is Verdict.UNJUDGED else drift,
            (Finding("edit-missing", Severity.WARN, "nothing"),) if missing else (),
        ),
        st.sampled_from("abcdef"),
        st.sampled_from(Verdict),
        st.sampled_from([0.0, 0.5, 1.0, 3.0]),
        st.booleans(),
    ),
    max_size=8,
)


@given(REPORTS)
def test_the_order_is_total_and_holds_everyone_once(reports):
    found = rank.in_order(reports)
    assert sorted(one.index for one in found) == list(range(len(reports)))
    assert [one.report for one in found] == [reports[one.index] for one in found]
    judged = [one for one in found if one.rank]
    assert [one.rank for one in judged] == list(range(1, len(judged) + 1))
    assert found[: len(judged)] == tuple(judged), "what could not be judged is last"
    verdicts = [rank.ORDER.index(one.report.verdict) for one in found]
    assert verdicts == sorted(verdicts)


@given(REPORTS, st.randoms(use_true_random=False))
def test_the_order_does_not_depend_on_how_they_were_given(reports, chance):
    shuffled = list(reports)
    chance.shuffle(shuffled)
    assert [one.report for one in rank.in_order(reports)] == [one.report for one in rank.in_order(shuffled)]


def test_the_worst_finding_is_the_gravest_and_furthest_over_its_limit():
    warning = Finding("seam", Severity.WARN, "w", value=99.0, limit=1.0)
    mild = Finding("tone", Severity.BLOCK, "m", value=2.0, limit=1.0)
    grave = Finding("outside-mask", Severity.BLOCK, "g", value=30.0, limit=10.0)
    short = Finding("size", Severity.BLOCK, "s", value=0.1, limit=1.0)
    report = ImageReport("x", Verdict.BLOCK, findings=(warning, mild, grave))
    assert rank.worst(report) is grave
    assert rank.worst(ImageReport("x", Verdict.BLOCK, findings=(mild, grave, short))) is short
    assert rank.worst(ImageReport("x", Verdict.PASS, findings=(warning,))) is warning
    assert rank.worst(ImageReport("x", Verdict.PASS)) is None


def test_candidates_are_ranked_from_bytes_alone(edited, monkeypatch, tmp_path):
    """As `maskproof edit` ranks what a model sent: nothing is read from disk."""
    monkeypatch.chdir(tmp_path)
    done = []
    found = rank.ranked(
        [
            Named(edit, edited.original, edited.mask, "white", name)
            for name, edit in (("2", edited.drifted), ("1", edited.held))
        ],
        from_file(None, "x.png", None, lambda _: None),
        lambda _: None,
        progress=lambda count, of: done.append((count, of)),
    )
    assert [(one.rank, one.index, one.report.path) for one in found] == [(1, 1, "1"), (2, 0, "2")]
    assert done == [(1, 2), (2, 2)]
    assert not os.listdir(tmp_path)  # noqa: PTH208


def test_drawing_is_loaded_only_where_it_is_needed():
    from subprocess import run

    code = "import sys, maskproof.report; print('PIL' in sys.modules)"
    assert run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"


@given(st.text(max_size=60), st.integers(20, 300))
def test_shortened_text_fits_and_keeps_both_ends(said, room):
    shown = drawing.legible(said)
    short = drawing.shortened(shown, 16, room)
    assert drawing._width(short, 16) <= room
    head, cut, tail = short.partition(drawing.CUT)
    if short != shown and cut:
        assert shown.startswith(head)
        assert shown.endswith(tail)
        assert abs(len(head) - len(tail)) <= 1


@given(st.text(max_size=200), st.integers(40, 300), st.integers(1, 4))
def test_wrapped_text_fits(said, room, most):
    lines = drawing.wrapped(drawing.legible(said), 15, room, most)
    assert 1 <= len(lines) <= most
    assert all(drawing._width(line, 15) <= room for line in lines)
    if not any(drawing.CUT in line for line in lines):
        assert " ".join(lines).split() == drawing.legible(said).split()


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("hero-2 … (1).png", "hero-2 … (1).png"),
        ("größe.png", "gr\\xf6\\xdfe.png"),
        ("春.png", "\\u6625.png"),
        ("a\x1b\n", "a\\x1b\\n"),
        ("28.2 \N{GREEK CAPITAL LETTER DELTA}E00", "28.2 dE00"),
    ],
)
def test_what_has_no_glyph_is_escaped(said, shown):
    assert drawing.legible(said) == shown
    assert ImageFont.load_default(16).getlength(shown) > 0


@given(st.integers(1, 900), st.integers(1, 900), st.integers(1, 500), st.integers(1, 500))
def test_a_fitted_picture_fills_its_room_in_one_way(width, height, across, down):
    fitted = drawing.fit((width, height), (across, down))
    assert fitted[0] <= across
    assert fitted[1] <= down
    assert fitted[0] == across or fitted[1] == down


@given(st.integers(0, 319), st.integers(0, 239), st.integers(1, 320), st.integers(1, 240), st.sampled_from([1, 2]))
def test_a_close_up_holds_the_place(x, y, width, height, scale):
    """A white place on black is white in the close-up's middle of the frame, at any place and size of the candidate."""
    width, height = min(width, 320 - x), min(height, 240 - y)
    samples = np.zeros((240, 320, 3), np.uint8)
    samples[y : y + height, x : x + width] = 255
    image = Image.fromarray(samples).resize((320 * scale, 240 * scale), Image.Resampling.NEAREST)
    picture = decode.decode(png(image), "x")
    shown = np.asarray(drawing.close_up(picture, Box(x, y, width, height), sheet.DETAIL, SIZE))
    assert shown.shape == (*sheet.DETAIL[::-1], 3)
    framed = (shown == ORANGE).all(-1)
    assert framed.any()
    rows, columns = np.flatnonzero(framed.any(1)), np.flatnonzero(framed.any(0))
    middle = shown[(rows[0] + rows[-1]) // 2, (columns[0] + columns[-1]) // 2]
    assert middle.mean() > 100


class TestTake:
    def test_the_best_is_copied_byte_for_byte_and_its_record_asked_for(self, shoot) -> None:
        done = shoot("drifted.png", "held.png", "--take", "assets/new.png")
        assert done.returncode == 0
        assert (shoot.project.root / "assets/new.png").read_bytes() == shoot.project.pictures.held
        assert f"maskproof record assets/new.png --original {HERO}" in done.stdout

    def test_nothing_is_copied_where_none_passes(self, shoot) -> None:
        done = shoot("drifted.png", "--take", "assets/new.png")
        assert done.returncode == 1
        assert not (shoot.project.root / "assets/new.png").exists()

    @pytest.mark.parametrize(
        ("take", "said"),
        [("slight.png", "is there already"), ("new.jpg", "another ending"), ("no/new.png", "no such folder")],
    )
    def test_what_would_lose_or_misname_something_is_refused_before_anything_is_compared(
        self, shoot, take: str, said: str
    ) -> None:
        before = (shoot.project.root / "slight.png").read_bytes()
        done = shoot("held.png", "--take", take)
        assert done.returncode == 2
        assert said in done.stderr
        assert (shoot.project.root / "slight.png").read_bytes() == before
