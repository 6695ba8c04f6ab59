"""Calibration: judged edits in, limits out, through the real command; and the laws that every proposal keeps."""

from __future__ import annotations

import csv
import io
import json
import math
import os
import re
import subprocess
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from unittest import mock

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFilter, ImageOps

from maskproof import policy
from maskproof.gate.certainty import SHARE, Certainty
from maskproof.model import Level
from maskproof.policy.limits import default_limits
from maskproof.report import drawing
from maskproof.setup.calibrate import cases, plot, proposal, text
from maskproof.setup.calibrate.proposal import MARGIN, Row, caught, propose, proposed_limit
from projects import MASKPROOF, OPENED, ROOT, Scratch, clean_environment, png, texture

if TYPE_CHECKING:
    from pathlib import Path

HEADER = "original,mask,mask_mode,edit,expected\n"


def altered(original: Image.Image, strength: int, box: tuple[int, int, int, int] = (20, 20, 100, 100)) -> Image.Image:
    """The picture with another one laid over a part of the protected area, from not at all (0) to fully (100)."""
    other = Image.blend(original, texture(9), strength / 100).crop(box)
    made = original.copy()
    made.paste(other, box[:2])
    return made


@dataclass(frozen=True)
class Team(Scratch):
    """A folder with an original, its mask and edits; no repository is needed."""

    def table(self, *rows: tuple[str, str], header: str = HEADER) -> None:
        lines = "".join(f"original.png,mask.png,white,{edit},{expected}\n" for edit, expected in rows)
        self.write("team/cases.csv", header + lines)

    def calibrate(self, *arguments: str, status: int = 0) -> str:
        done = self.maskproof("calibrate", "team/cases.csv", *arguments)
        assert done.returncode == status, done.stdout + done.stderr
        assert (done.stderr == "") == (status == 0)
        return done.stdout + done.stderr

    def json(self, *arguments: str) -> Any:
        return json.loads(self.calibrate("--format", "json", *arguments))


@pytest.fixture(scope="module")
def drawn() -> dict[str, bytes]:
    """Edits of one original; the number is how strongly a part of the protected area was changed."""
    original = texture(1)
    mask = Image.new("L", original.size)
    mask.paste(255, OPENED)
    random = np.random.default_rng(3)
    noisy = np.clip(np.asarray(original, np.float32) + random.normal(0, 2, (240, 320, 3)), 0, 255).astype(np.uint8)
    made = {"kept": Image.fromarray(noisy)}
    made |= {f"changed{strength}": altered(original, strength) for strength in (2, 4, 15, 40, 100)}
    made["soft"] = original.filter(ImageFilter.GaussianBlur(4))
    return {"original": png(original), "mask": png(mask)} | {name: png(one) for name, one in made.items()}


@pytest.fixture
def team(tmp_path: Path, drawn: dict[str, bytes]) -> Team:
    made = Team(tmp_path)
    for name, data in drawn.items():
        made.write(f"team/{name}.png", data)
    return made


class TestCommand:
    def test_fitting_limits_stay(self, team):
        team.table(("kept.png", "pass"), ("changed100.png", "block"), ("soft.png", "either"), ("soft.png", ""))
        said = team.calibrate()
        assert "1 accepted edit and 1 rejected edit at level visual" in said
        assert "1 either" in said
        assert "1 empty" in said
        assert "No limit would move" in said
        assert "as proposed: 0 of 1 accepted edit blocked (false positives), 0 of 1 rejected edit passed" in said
        assert policy.parse(said[said.index("# Limits") :].encode(), "maskproof.toml", lambda _: None).limits == {}

    def test_an_accepted_edit_over_a_limit_loosens_it_and_the_file_gives_the_stated_outcome(self, team):
        team.table(("kept.png", "pass"), ("changed15.png", "pass"), ("changed100.png", "block"))
        said = team.calibrate("--output", "limits.toml")
        assert "now:         1 of 2 accepted edits blocked (false positives), 0 of 1 rejected edit passed" in said
        assert "as proposed: 0 of 2 accepted edits blocked (false positives), 0 of 1 rejected edit passed" in said
        assert "False positives now, accepted edits that are blocked:\n  changed15.png: " in said
        assert "[limits" not in said, "the tables stand in the file"
        assert policy.parse((team.root / "limits.toml").read_bytes(), "limits.toml", lambda _: None).limits[
            "outside-mask"
        ]
        again = team.calibrate("--policy", "limits.toml")
        assert "now:         0 of 2 accepted edits blocked (false positives), 0 of 1 rejected edit passed" in again
        assert "No limit would move" in again

    def test_a_missed_edit_tightens_where_it_stands_clear(self, team):
        team.table(("original.png", "pass"), ("changed2.png", "block"))
        said = team.calibrate()
        assert "False negatives now that the proposal catches:\n  changed2.png: " in said
        assert "as proposed: 0 of 1 accepted edit blocked (false positives), 0 of 1 rejected edit passed" in said

    def test_what_is_caught_stays_caught_and_the_edits_that_no_limit_parts_are_named(self, team):
        team.table(("changed100.png", "pass"), ("changed40.png", "block"), ("original.png", "block"))
        said = team.calibrate()
        assert "NO LIMIT CAN DO BOTH" in said
        assert re.search(r"the accepted changed100\.png is at \S+, the rejected changed40\.png at", said)
        assert "as proposed: 1 of 1 accepted edit blocked (false positives), 1 of 2 rejected edits passed" in said
        missed = said.split("False negatives, now and as proposed (declare the area that matters in them):\n  ")[1]
        assert missed.startswith("original.png: nearest to a limit")
        assert "the accepted changed100.png goes to" in " ".join(missed.split("By editor")[0].split())
        assert "Few data: 1 accepted edit, fewer than 10" in said
        assert "Few data: 2 rejected edits, fewer than 5. With 1 of them caught, up to 97% of others" in said

    def test_limits_and_areas_of_a_policy(self, team):
        team.write(
            "rules/maskproof.toml",
            'version = 1\n[limits.brand]\nlight = 50.0\n[limits.text]\nstroke = 0.1\n[[areas]]\npaths = ["*.png"]\n'
            'name = "mark"\nkind = "brand"\nmask = "area.png"\nforeground = "white"\n',
        )
        area = Image.new("L", (320, 240))
        area.paste(255, (20, 20, 100, 100))
        team.write("rules/area.png", png(area))
        team.table(("kept.png", "pass"), ("changed100.png", "block"))
        said = team.calibrate("--policy", "rules/maskproof.toml", "--output", "limits.toml", "--jobs", "1")
        assert "compared with rules/maskproof.toml" in said
        assert "\nbrand         light" in said
        # Those that the policy sets are carried along, so that the file can take their place.
        limits = tomllib.loads((team.root / "limits.toml").read_text())["limits"]
        assert (limits["brand"]["light"], limits["text"]["stroke"]) == (50.0, 0.1)

    def test_what_no_limit_moves_is_told_apart(self, team):
        team.write("wide.toml", "version = 1\n[defaults]\nmax_editable = 0.1\n")
        team.table(("kept.png", "pass"), ("changed100.png", "block"))
        said = team.calibrate("--policy", "wide.toml")
        assert "by rules that no limit moves:\n  kept.png: mask-suspect" in said

    def test_same_bytes_however_many_processes(self, team):
        team.table(("kept.png", "pass"), ("changed15.png", "pass"), ("changed40.png", "block"), ("soft.png", "block"))
        found = []
        for jobs in ("1", "3"):
            said = team.calibrate("--jobs", jobs, "--plot", "plot.png", "--output", "limits.toml")
            found.append((said, *((team.root / name).read_bytes() for name in ("plot.png", "limits.toml"))))
        assert found[0] == found[1]

    def test_progress_on_a_terminal_only(self, team):
        team.table(("kept.png", "pass"), ("changed100.png", "block"))
        import pty

        ours, theirs = pty.openpty()
        command = [*MASKPROOF, "calibrate", "team/cases.csv", "--jobs", "1"]
        subprocess.run(
            command, cwd=team.root, env=clean_environment(), stdout=subprocess.DEVNULL, stderr=theirs, check=True
        )
        os.close(theirs)
        assert os.read(ours, 4096) == b"\r1 of 2 edits compared\r2 of 2 edits compared\r\n"
        os.close(ours)

    def test_plot(self, team):
        team.table(("kept.png", "pass"), ("changed15.png", "pass"), ("changed100.png", "block"))
        said = team.calibrate("--plot", "plot.png")
        assert said.endswith("Wrote plot.png\n")
        with Image.open(team.root / "plot.png") as picture:
            assert (picture.format, picture.width) == ("PNG", 1000)

    def test_old_metrics_of_a_policy_are_noted_and_left_out(self, team):
        team.write("p.toml", "version = 1\n[limits.outside-mask]\nspot = 2.0\nlight = 3.0\n")
        team.table(("kept.png", "pass"), ("changed100.png", "block"))
        said = team.calibrate("--policy", "p.toml")
        assert (
            " ".join(said.split()).count("Note: the limit outside-mask.spot in p.toml is ignored, since spot is") == 1
        )
        assert "spot =" not in said
        assert "light = 3.0" in said
        (note,) = team.json("--policy", "p.toml")["notes"]
        assert "outside-mask.spot" in note

    def test_json_says_what_the_text_says(self, team):
        team.table(("kept.png", "pass"), ("changed15.png", "pass"), ("changed100.png", "block"))
        found = team.json("--output", "limits.toml")
        assert (found["accepted"], found["rejected"], found["editors"]) == (2, 1, [])
        assert found["toml"] == (team.root / "limits.toml").read_text()
        own = tomllib.loads(found["toml"])["limits"]
        moved = [line for line in found["limits"] if line["proposed"] != line["now"]]
        assert moved
        for line in moved:
            assert own[line["kind"]][line["metric"]] == line["proposed"]
            assert line["because"] == "changed15.png"
            assert line["certainty"]["over"] == 0
            assert line["certainty"]["expected"] == 1 / 3
        assert [edit["over_then"] != [] for edit in found["edits"]] == [False, False, True]
        assert found["together"]["over"] == min(2, len(moved))

    def test_no_mask_protects_everything(self, team):
        team.write("team/cases.csv", HEADER + "original.png,,,original.png,pass\noriginal.png,,,changed100.png,block\n")
        assert "0 of 1 rejected edit passed" in team.calibrate()


@pytest.fixture
def recorded(team: Team) -> Team:
    """The same as a repository, with edits that two models made as their records say, and one without a record."""
    team.git("init", "-q", "-b", "main")
    for name, model in (("kept", "alpha-edit"), ("changed4", "alpha-edit"), ("changed15", "beta-fill")):
        done = team.maskproof(
            "record", f"team/{name}.png", "--original", "team/original.png", "--mask", "team/mask.png",
            "--mask-mode", "white", "--model", model, "--provider", "house",
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
    team.commit()
    return team


class TestByEditor:
    def test_who_binds_and_what_the_others_need(self, recorded):
        rows = [("kept.png", "pass"), ("changed4.png", "pass"), ("changed15.png", "pass"), ("changed2.png", "pass")]
        recorded.table(*rows, ("changed100.png", "block"))
        said = " ".join(recorded.calibrate().split())
        assert "The edits of beta-fill go furthest; by themselves the others would need: alpha-edit" in said
        assert "Few data: under 10 accepted edits by alpha-edit (2), beta-fill (1), (no record names it) (1)." in said
        found = recorded.json()
        assert [(one["editor"], one["accepted"], one["rejected"], one["few"]) for one in found["editors"]] == [
            ("alpha-edit", 2, 0, True),
            ("beta-fill", 1, 0, True),
            (None, 1, 1, True),
        ]
        moved = next(line for line in found["limits"] if line["because"] == "changed15.png")
        assert {part["editor"]: part["binds"] for part in moved["editors"]} == {
            "alpha-edit": False,
            "beta-fill": True,
            None: False,
        }
        for part in moved["editors"]:
            assert part["needs"] >= MARGIN * part["largest_accepted"]
            assert part["of_limit"] == part["largest_accepted"] / moved["now"]
            assert part["certainty"]["cases"] == part["accepted"]

    def test_no_record_names_one(self, team):
        team.table(("kept.png", "pass"), ("changed100.png", "block"))
        assert "No record beside these edits names a model" in team.calibrate()

    def test_records_in_their_own_folder_are_read_as_well(self, recorded):
        recorded.table(("kept.png", "pass"), ("changed15.png", "pass"), ("changed100.png", "block"))
        recorded.write("maskproof.toml", 'version = 1\n[records]\nfolder = ".maskproof/records"\n')
        recorded.commit("Records apart")
        mask = (recorded.root / "team/mask.png").read_bytes()
        done = recorded.maskproof("record", "--move")
        recorded.write("team/mask.png", mask)
        assert (done.returncode, (recorded.root / "team/kept.png.maskproof.json").exists()) == (0, False), done.stderr
        found = recorded.json("--policy", "maskproof.toml")
        assert {one["editor"] for one in found["editors"]} == {"alpha-edit", "beta-fill", None}

    def test_an_edit_is_compared_as_its_record_frames_it(self, recorded):
        with Image.open(recorded.root / "team/original.png") as original:
            padded = ImageOps.expand(original, (0, 40, 0, 40), "#805020")
        recorded.write("team/padded.png", png(padded))
        recorded.write(
            "team/cases.csv", HEADER + "original.png,,,padded.png,pass\noriginal.png,mask.png,white,kept.png,pass\n"
        )
        assert "aspect" in recorded.calibrate().split("False positives now")[1].split("\n\n")[0]
        done = recorded.maskproof(
            "record", "team/padded.png", "--original", "team/original.png", "--pad", "0", "40", "0", "40"
        )
        assert done.returncode == 0, done.stderr
        assert "now:         0 of 2 accepted edits blocked" in recorded.calibrate()

    @pytest.mark.parametrize(
        ("change", "part"),
        [
            (lambda team: team.write("team/kept.png", (team.root / "team/soft.png").read_bytes()), "another version"),
            (lambda team: team.write("team/kept.png.maskproof.json", "{}"), "kept.png.maskproof.json"),
        ],
    )
    def test_a_record_that_cannot_be_used_refuses_the_table(self, recorded, change, part):
        change(recorded)
        recorded.table(("kept.png", "pass"), ("changed100.png", "block"))
        said = recorded.calibrate(status=2)
        assert "line 2: " in said
        assert part in said


class TestMistakes:
    def test_all_at_once_and_nothing_written(self, team):
        team.write("team/broken.png", b"\x89PNG\r\n\x1a\n no more")
        team.write(
            "team/cases.csv",
            HEADER + "original.png,mask.png,white,kept.png,pass\n"
            "original.png,mask.png,white,none.png,pass\n"
            "original.png,mask.png,gray,kept.png,block\n"
            "original.png,,white,changed2.png,block\n"
            ",mask.png,white,changed2.png,block\n"
            "original.png,mask.png,white,broken.png,pass\n"
            "original.png,mask.png,white,kept.png,pass\n"
            "original.png,mask.png,white,kept.png,block\n"
            "original.png,mask.png\n",
        )
        said = team.calibrate("--output", "limits.toml", "--plot", "plot.png", status=2)
        for part in (
            "line 3: the edit 'none.png' is not there",
            "line 4: mask_mode is 'gray': it must be alpha, white or black",
            "line 5: mask_mode is 'white', but mask is empty",
            "line 6: original is empty",
            "line 7: broken.png ",
            "line 8 repeats line 2",
            "line 9 contradicts line 2",
            "line 10 has 2 cells, the header has 5",
        ):
            assert part in said
        assert not list(team.root.glob("*.toml"))
        assert not list(team.root.glob("*.png"))

    @pytest.mark.parametrize(
        ("table", "part"),
        [
            (b"", "the column 'original' is missing"),
            (b"orignal,mask,mask_mode,edit\n", "is 'orignal' meant for it?; the column 'expected' is missing"),
            (b"edit,edit,mask,mask_mode,original,expected\n", "the column 'edit' stands there 2 times"),
            (HEADER.encode(), "no row has 'pass' or 'block'"),
            (HEADER.encode() + b"a,b,white,c,PASS\n", "no row has 'pass' or 'block'"),
            (b"\xff\xfe\0", "it is not a CSV table in UTF-8"),
            (HEADER.encode() + b'"a', "it is not a CSV table in UTF-8"),
        ],
    )  # fmt: skip
    def test_of_the_table(self, table, part):
        assert part in "; ".join(cases.read(table, lambda _: False).problems)

    def test_a_table_as_a_spreadsheet_writes_it(self):
        table = (
            '\ufeffnote,expected, edit,mask_mode,mask,original\r\n"a, b", pass ,e.png,white,m.png,o.png\r\n,,,,,\r\n'
        )
        read = cases.read(table.encode(), lambda _: True)
        assert read == cases.Table((cases.Case(2, "o.png", "m.png", "white", "e.png", accepted=True),))

    @pytest.mark.parametrize(
        ("arguments", "part"),
        [
            (["none.csv"], "none.csv"),
            (["team/cases.csv", "--level", "exact"], "exact"),
            (["team/cases.csv", "--output", "none/limits.toml"], "none/limits.toml"),
            (["team/cases.csv", "--output", "team/cases.csv"], "named twice"),
            (["team/cases.csv", "--policy", "p.toml", "--output", "p.toml"], "named twice"),
            (["team/cases.csv", "--policy", "bad.toml"], "bad.toml"),
            (["team/cases.csv", "--policy", "exact.toml"], "choose with --level"),
            (["team/cases.csv", "--policy", "mixed.toml"], "strict and visual, whose limits differ"),
        ],
    )
    def test_of_the_command(self, team, arguments, part):
        team.table(("kept.png", "pass"), ("changed100.png", "block"))
        team.write("p.toml", "version = 1\n")
        team.write("bad.toml", "version = 3\n")
        team.write("exact.toml", 'version = 1\n[defaults]\nlevel = "exact"\n')
        team.write("mixed.toml", 'version = 1\n[[rules]]\npaths = ["kept*"]\nlevel = "strict"\n')
        done = team.maskproof("calibrate", *arguments)
        assert (done.returncode, done.stdout) == (2, "")
        assert part in done.stderr


# --- laws -----------------------------------------------------------------------------------------------------------

METRICS = tuple((kind, name) for kind in ("outside-mask", "brand") for name in ("light", "color", "part"))
KEYS = tuple(key for key in METRICS if default_limits(Level.VISUAL).get(key) is not None)
NUMBERS = st.one_of(st.just(0.0), st.floats(1e-6, 1e5), st.floats(0.1, 3))
VALUES = st.lists(NUMBERS, max_size=6).map(tuple)
PRESENT = st.one_of(st.just(0.0), st.floats(1e-4, 100), st.just(1.0))
ROWS = st.lists(
    st.tuples(st.booleans(), st.dictionaries(st.sampled_from(KEYS), NUMBERS, min_size=1)), min_size=1, max_size=8
).map(lambda found: tuple(Row(f"edit{at}.png", side, values) for at, (side, values) in enumerate(found)))


def proposed(rows: tuple[Row, ...]) -> proposal.Proposal:
    return propose(rows, default_limits(Level.VISUAL), frozenset(), Level.VISUAL, "the built-in defaults")


@given(ROWS)
def test_accepted_pass_and_rejected_are_caught_or_it_is_said_that_none_can(rows):
    found = proposed(rows)
    present, limits = found.present, found.proposed
    said = " ".join(text.written(found).split())
    accepted, rejected = (found.judged(accepted=side) for side in (True, False))
    largest = {key: max((row.values.get(key, 0.0) for row in accepted), default=0.0) for key in limits}
    judged = {key for row in accepted for key in row.values}

    def parted(row: Row) -> bool:
        """Is there a limit that catches it, with all accepted edits within it, and that the rules allow?"""
        return any(
            value > max(present[key], largest[key])
            or (key in judged and value >= proposal.CLEAR * present[key] and value > MARGIN**2 * largest[key])
            for key, value in row.values.items()
        )

    for row in rejected:
        assert caught(row, limits) or not caught(row, present), "what is caught stays caught"
        assert caught(row, limits) or not parted(row)
        assert caught(row, limits) or f"{row.name}: " in said.split("False negatives, now and as proposed")[1]
    stuck = [line for line in found.lines if line.kept_by]
    if all(parted(row) for row in rejected):
        assert not stuck
        assert not any(caught(row, limits) for row in accepted)
    over = {key for row in accepted for key in proposal.metrics_over(row, limits)}
    assert over == {line.key for line in stuck}
    for line in stuck:
        kept = next(row for row in rejected if row.name == line.kept_by)
        assert caught(kept, limits)
        assert not parted(kept)
        assert line.kept_by in said.split("NO LIMIT CAN DO BOTH")[1]


@given(ROWS)
def test_a_limit_that_moves_leaves_the_margin_or_names_the_edit_that_takes_it(rows):
    for line in proposed(rows).lines:
        if line.moved:
            assert line.because
            assert line.proposed >= MARGIN * line.largest * 0.995 or line.against


@given(PRESENT, VALUES.filter(bool), VALUES, VALUES)
def test_more_accepted_edits_never_tighten_a_limit(present, accepted, more, rejected):
    missed = tuple(value for value in rejected if value <= present)
    before = proposed_limit(present, accepted, rejected, missed)
    assert proposed_limit(present, accepted + more, rejected, missed) >= before


@given(ROWS, st.sampled_from(KEYS), NUMBERS)
def test_one_more_accepted_edit_never_lowers_the_certainty_of_a_limit_that_it_is_within(rows, key, value):
    def at_most(found: proposal.Proposal) -> float:
        return next(line.certainty.at_most for line in found.lines if line.key == key)

    rows = (*rows, Row("first.png", accepted=True, values={key: value}))
    before = proposed(rows)
    again = Row("again.png", accepted=True, values={key: min(value, before.proposed[key])})
    assert at_most(proposed((*rows, again))) <= at_most(before)


@given(ROWS)
def test_the_tables_are_a_policy_that_gives_the_proposed_limits(rows):
    found = proposed(rows)
    parsed = policy.parse(text.toml(found).encode(), "maskproof.toml", lambda _: None)
    settings = policy.resolve(("maskproof.toml", parsed), "a.png", found.level)
    assert {key: settings.limits[key] for key in found.proposed} == found.proposed


@given(ROWS)
def test_the_order_of_rows_moves_no_limit(rows):
    assert proposed(rows).proposed == proposed(rows[::-1]).proposed


@pytest.mark.parametrize(
    ("present", "accepted", "rejected", "missed", "limit"),
    [
        (1.0, (0.2, 0.9), (3.0,), (), 1.0),
        (1.0, (0.2, 1.0), (3.0,), (), 1.0),
        (1.0, (0.2, 2.0), (30.0,), (), 2.5),
        (1.0, (2.0,), (2.4,), (), 2.2),
        (1.0, (1.999,), (2.0,), (), 1.9995),
        (1.0, (2.0,), (1.5,), (), 2.5),
        (1.0, (), (0.9,), (0.9,), 1.0),
        (1.0, (0.4,), (0.9, 0.75), (0.9, 0.75), 0.6),
        (1.0, (0.4,), (0.9, 0.62), (0.9, 0.62), 0.72),
        (1.0, (0.7,), (0.9,), (0.9,), 1.0),
        (1.0, (0.0,), (0.19,), (0.19,), 1.0),
        (0.0, (0.0,), (0.0,), (0.0,), 0.0),
        (0.0, (3.0,), (), (), 3.75),
        (0.012, (0.0144,), (), (), 0.018),
    ],
)
def test_limits(present, accepted, rejected, missed, limit):
    assert math.isclose(proposed_limit(present, accepted, rejected, missed), limit)


@pytest.mark.parametrize(
    ("accepted", "rejected", "contested", "limit"),
    [
        ((2.0,), (1.5,), (1.5,), 1.0),
        ((1.2, 2.0), (1.5,), (1.5,), 1.35),
        ((1.2, 2.0), (1.5, 9.0), (9.0,), 2.5),
        ((0.5, 2.0), (0.9,), (0.9,), 2.5),
    ],
)
def test_limits_that_keep_a_rejected_edit_caught(accepted, rejected, contested, limit):
    assert math.isclose(proposed_limit(1.0, accepted, rejected, contested=contested), limit)


@pytest.mark.parametrize(
    ("cases", "over", "expected", "at_most", "needed"),
    [
        (0, 0, 1.0, 1.0, 59),
        (1, 0, 0.5, 0.95, 59),
        (10, 0, 1 / 11, 0.2589, 59),
        (20, 0, 1 / 21, 0.1391, 59),
        (58, 0, 1 / 59, 0.0503, 59),
        (59, 0, 1 / 60, 0.0495, 59),
        (299, 0, 1 / 300, 0.00997, 59),
        (10, 1, 2 / 11, 0.3942, 93),
        (93, 1, 2 / 94, 0.0500, 93),
        (124, 2, 3 / 125, 0.0499, 124),
        (20, 20, 1.0, 1.0, None),
        (100_000, 3, 4 / 100_001, 7.7537 / 100_000, 153),
    ],
)  # Wilks' 59, 93 and 124; the rest by SciPy's beta.ppf(0.95, over + 1, cases - over)
def test_certainty(cases, over, expected, at_most, needed):
    sure = Certainty(cases, over)
    assert math.isclose(sure.expected, expected)
    assert math.isclose(sure.at_most, at_most, rel_tol=2e-3)
    assert needed in {None, sure.needed}


@given(st.integers(0, 400), st.integers(0, 12))
def test_more_cases_never_lower_the_certainty(cases, over):
    assume(over <= cases)
    fewer, more = Certainty(cases, over), Certainty(cases + 1, over)
    assert more.at_most <= fewer.at_most
    assert more.expected <= fewer.expected
    assert Certainty(cases + 1, over + 1).at_most >= more.at_most
    assert Certainty(fewer.needed, over).at_most <= SHARE < Certainty(fewer.needed - 1, over).at_most


def test_the_bound_holds_for_the_largest_of_cases_that_nobody_chose():
    """Of limits put at the largest of 20 draws, one in twenty at most lets through more than the bound says."""
    missed = 1 - np.random.default_rng(5).random((20_000, 20)).max(axis=1)
    assert abs(missed.mean() - Certainty(20).expected) < 0.002
    assert abs((missed > Certainty(20).at_most).mean() - 0.05) < 0.006


def test_metrics_that_only_warn_or_have_no_limit_are_left_alone():
    values = {("frame", "inside"): 0.0, ("frame", "resolution"): 40.0, ("frame", "shift"): 0.1, ("frame", "dx"): 4.0}
    assert proposed((Row("a.png", accepted=True, values=values),)).proposed == {("frame", "shift"): 0.5}


@settings(max_examples=15)
@given(ROWS)
def test_every_proposal_can_be_drawn(rows):
    found = proposed(rows)
    drawn = plot.png(found)
    assert drawn == plot.png(found)
    with Image.open(io.BytesIO(drawn)) as picture:
        assert picture.width == plot.WIDTH


def test_all_that_is_drawn_has_a_glyph():
    limits = default_limits(Level.VISUAL)
    values = {key: 3 * limit for key, limit in limits.items() if limit is not None}
    more = {key: 4 * value + 1 for key, value in values.items()}
    rows = (Row("a.png", accepted=True, values=values), Row("b.png", accepted=False, values=more))
    with mock.patch.object(plot, "text", wraps=plot.text) as text:
        plot.png(propose(rows, limits, frozenset(), Level.VISUAL, "the built-in defaults"))
    said = [call.args[2] for call in text.call_args_list]
    assert "to 18.8 dE00" in said
    assert said == [drawing.legible(one) for one in said]


def test_the_margin_of_the_documents():
    page = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
    assert f"{MARGIN} times the largest accepted value" in page
    assert f"reaches {proposal.CLEAR} of the limit" in page


def test_the_shared_cases_hold_without_moving_a_limit(shared, tmp_path):
    with (shared / "cases" / "cases.csv").open(encoding="utf-8") as table:
        rows = list(csv.DictReader(table))
    for row in rows:
        row.update({key: str(shared / "cases" / row[key]) for key in ("original", "mask", "edit") if row[key]})
    with (tmp_path / "cases.csv").open("w", encoding="utf-8", newline="") as table:
        writer = csv.DictWriter(table, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    done = Scratch(tmp_path).maskproof("calibrate", "cases.csv")
    assert done.returncode == 0, done.stderr
    accepted, rejected = ([row["expected"] for row in rows].count(one) for one in ("pass", "block"))
    assert (
        f"as proposed: 0 of {accepted} accepted edits blocked (false positives), 0 of {rejected} rejected"
        in done.stdout
    )
