"""The card of one image: as a file, in a folder for a comment, and in a terminal, through the command line."""

from __future__ import annotations

import base64
import hashlib
import io
import os
import pty
import re
import shutil
import subprocess
from html import unescape

import numpy as np
import pytest
from PIL import Image

from maskproof.report import drawing, terminal
from maskproof.report.card import MOVING_BYTES
from processes import MASKPROOF
from projects import HERO, MASK, QUARTER, SPRING, clean_environment, png

MASKED = (HERO, SPRING, "--mask", MASK, "--mask-mode", "white")
ORANGE_RED = (178, 58, 0)
GREEN = (0, 105, 78)


def drawn(project, verdict: str, file: str, *arguments: str) -> Image.Image:
    project.edit(verdict)
    project.stage()
    done = project.maskproof(*(arguments or ("compare", *MASKED)), "--picture", file)
    assert f"Wrote {file}" in done.stderr
    return Image.open(io.BytesIO((project.root / file).read_bytes()))


@pytest.mark.parametrize(("verdict", "color"), [("drifted", ORANGE_RED), ("held", GREEN)])
@pytest.mark.parametrize("arguments", [("compare", *MASKED), ("explain", SPRING)])
def test_its_band_says_the_verdict_at_once(project, verdict, color, arguments):
    card = drawn(project, verdict, "card.png", *arguments).convert("RGB")
    assert card.width == 1080
    assert card.getpixel((540, 20)) == color


def test_it_shows_the_place_enlarged(project):
    held, drifted = drawn(project, "held", "held.png"), drawn(project, "drifted", "drifted.png")
    assert drifted.height > held.height + 300  # two close-ups stand below


def shifted(original):
    """24 px to the right and 10 down, with a patch that changed in its upper left."""
    edit = Image.fromarray(np.roll(np.asarray(original), (10, 24), (0, 1)))
    edit.paste((255, 0, 0), (104, 60, 124, 80))
    return edit


def cut(original):
    """Its middle, with a patch that changed."""
    edit = original.crop((40, 20, 280, 140))
    edit.paste((255, 0, 0), (30, 60, 50, 80))
    return edit


@pytest.mark.parametrize("moved", [shifted, cut])
def test_before_and_after_show_the_same_place_where_the_frame_moved(project, moved):
    project.write(SPRING, png(moved(Image.open(io.BytesIO(project.pictures.original)).convert("RGB"))))
    page = project.maskproof("compare", HERO, SPRING, "--picture", "card.png", "--format", "html").stdout
    card = np.asarray(Image.open(project.root / "card.png").convert("RGB")).astype(int)[-352:-32]
    pictures = [
        Image.open(io.BytesIO(base64.b64decode(data)))
        for data in re.findall(r"data:image/jpeg;base64,([^\"')]+)", page)
    ]
    places = [np.asarray(one).astype(int) for one in pictures if one.size == (480, 320)]
    for before, after in ((card[:, 32:528], card[:, 552:1048]), places[:2]):
        assert np.abs(before - after)[:40].mean() < 12  # levels; 35 and more where they show different places


def test_the_moving_one_takes_turns_and_is_small(project):
    moving = drawn(project, "drifted", "card.webp")
    assert (project.root / "card.webp").stat().st_size < MOVING_BYTES
    assert moving.n_frames == 3
    frames = []
    for number in range(3):
        moving.seek(number)
        frames.append(np.asarray(moving.convert("RGB")).astype(int))
        assert moving.info["duration"] >= 1000  # far below three flashes a second
    changed = np.abs(frames[0] - frames[1]).max(2) > 60
    rows = np.flatnonzero(changed.any(1))
    assert rows[0] > 150  # the words above hold still
    assert np.abs(frames[1] - frames[2]).max() > 60  # the frame came


def test_it_names_what_is_furthest_over_its_limit(project):
    project.write(
        "maskproof.toml",
        'version = 1\n[[areas]]\npaths = ["**"]\nname = "logo"\nkind = "brand"\nbox = [20, 20, 18, 18]\n'
        "[limits.brand]\ndelta_e = 0.5\n",
    )
    project.commit("Policy")
    image = Image.open(io.BytesIO(project.pictures.held)).convert("RGB")
    image.paste((250, 10, 10), (23, 23, 35, 35))
    project.write(SPRING, png(image))
    assert project.maskproof("record", SPRING, "--original", HERO, *MASKED[2:]).returncode == 0
    project.stage()
    (reported,) = project.report()[1]["images"]
    first, *_ = reported["findings"]
    worst = max(reported["findings"], key=lambda one: one["value"] / one["limit"])
    assert worst is first
    assert len(reported["findings"]) > 1, "or the test tells nothing"
    told = project.maskproof(
        "check", "--cards", "cards", "--card-url", "https://x.example/", "--format", "markdown"
    ).stdout
    ((shown, _),) = re.findall(r"^!\[(.*)\]\((.*)\)$", told, re.MULTILINE)
    assert " in logo" in shown
    assert worst["rule"] == "brand"


def test_pictures_hold_no_more_than_they_show(project):
    card = drawn(project, "drifted", "card.png")
    assert not set(card.info) & {"exif", "icc_profile", "xmp", "parameters"}


def test_each_image_with_something_to_say_gets_a_card_for_the_comment(project):
    project.edit("drifted", "assets/a b/spring#1.png")
    project.edit("held", "assets/fine.png")
    project.stage()
    url = "https://pages.example/pr-7/"
    done = project.maskproof("check", "--cards", "cards", "--card-url", url, "--format", "markdown")
    assert done.returncode == 1
    cards = {str(one.relative_to(project.root / "cards")) for one in (project.root / "cards").rglob("*.*")}
    assert cards == {"assets/a b/spring#1.png.png", "assets/a b/spring#1.png.webp"}
    (shown,) = re.findall(r"^!\[(.*)\]\((.*)\)$", done.stdout, re.MULTILINE)
    assert shown[1] == "https://pages.example/pr-7/assets/a%20b/spring%231.png.webp"
    assert "blocked" in shown[0]


def test_a_picture_that_is_compared_with_nothing_has_a_card_of_each_kind(project):
    project.write("assets/new.png", project.pictures.marked)
    project.stage()
    project.maskproof("check", "--cards", "cards")
    for kind in ("PNG", "WEBP"):
        with Image.open(project.root / "cards" / f"assets/new.png.{kind.lower()}") as card:
            assert (card.format, card.width) == (kind, 1080)


def test_a_name_that_is_no_text_has_an_address_as_well(project):
    path = os.fsdecode(b"assets/caf\xe9.png")
    project.edit("drifted", path)
    project.stage()
    done = project.maskproof("check", "--cards", "cards", "--card-url", "https://x.example", "--format", "markdown")
    assert done.returncode == 1, done.stderr
    assert "(https://x.example/assets/caf%E9.png.webp)" in done.stdout


@pytest.mark.parametrize("file", ["card.jpg", "nowhere/card.png"])
def test_what_cannot_be_written_is_refused_before_anything_is_compared(project, file):
    project.edit("drifted")
    done = project.maskproof("compare", *MASKED, "--picture", file)
    assert done.returncode == 2
    assert file in done.stderr
    assert not done.stdout


def test_a_file_that_is_compared_with_nothing_has_no_card(scratch, project):
    file = scratch.write("x.png", project.pictures.marked)
    done = scratch.maskproof("explain", str(file), "--picture", "card.png")
    assert done.returncode == 2
    assert "`maskproof compare ORIGINAL EDIT --picture FILE.png`" in done.stderr


def in_terminal(project, *arguments: str, **env: str) -> tuple[int, bytes]:
    """What a command writes to a real terminal."""
    ours, theirs = pty.openpty()
    environment = {**clean_environment(), "TERM": "xterm", **env}
    with subprocess.Popen(
        [*MASKPROOF, *arguments], cwd=project.root, env=environment, stdout=theirs, stderr=theirs
    ) as ran:
        os.close(theirs)
        said = b""
        try:
            while piece := os.read(ours, 65536):
                said += piece
        except OSError:  # the other end is closed
            pass
    os.close(ours)
    return ran.returncode, said.replace(b"\r\n", b"\n")


def test_kitty_gets_the_picture_in_pieces(project):
    project.edit("drifted")
    status, said = in_terminal(project, "compare", *MASKED, "--show", TERM="xterm-kitty")
    assert status == 1
    pieces = re.findall(rb"\x1b_G([^;]*);([^\x1b]*)\x1b\\", said)
    assert pieces[0][0] == b"a=T,f=100,q=2,m=1"
    assert {keys for keys, _ in pieces[1:-1]} <= {b"m=1"}
    assert pieces[-1][0] == b"m=0"
    assert max(len(data) for _, data in pieces) <= 4096
    assert Image.open(io.BytesIO(base64.b64decode(b"".join(data for _, data in pieces)))).width == 1080


def test_iterm2_gets_the_file(project):
    project.edit("drifted")
    _, said = in_terminal(project, "compare", *MASKED, "--show", TERM_PROGRAM="iTerm.app")
    found = re.search(rb"\x1b\]1337;File=inline=1;size=(\d+);preserveAspectRatio=1:([^\x07]*)\x07", said)
    assert found
    data = base64.b64decode(found[2])
    assert len(data) == int(found[1])
    assert Image.open(io.BytesIO(data)).width == 1080


def test_sixels_are_those_that_another_reader_shows(project, tmp_path):
    if shutil.which("sixel2png") is None:
        pytest.skip("there is no sixel2png here; Debian's package is libsixel-bin")
    project.edit("drifted")
    _, said = in_terminal(project, "compare", *MASKED, "--show", "sixel")
    start = said.index(b"\x1bPq")
    (tmp_path / "card.six").write_bytes(said[start : said.index(b"\x1b\\", start) + 2])
    subprocess.run(["sixel2png", "-i", "card.six", "-o", "card.png"], cwd=tmp_path, check=True)
    shown = Image.open(io.BytesIO((tmp_path / "card.png").read_bytes())).convert("RGB")
    assert shown.width == 800
    assert max(abs(a - b) for a, b in zip(shown.getpixel((400, 15)), ORANGE_RED, strict=True)) < 12


def test_a_terminal_that_shows_no_pictures_is_told_apart(project):
    project.edit("drifted")
    status, said = in_terminal(project, "compare", *MASKED, "--show")
    assert status == 2
    assert b"`--show kitty`" in said
    assert project.maskproof("compare", *MASKED, "--show", "kitty").returncode == 2  # a pipe


@pytest.mark.parametrize(
    ("environ", "protocol"),
    [
        ({"TERM": "xterm-kitty"}, "kitty"),
        ({"TERM": "xterm-256color", "KITTY_WINDOW_ID": "1"}, "kitty"),
        ({"TERM_PROGRAM": "WezTerm"}, "iterm2"),
        ({"LC_TERMINAL": "iTerm2"}, "iterm2"),
        ({"TERM": "foot"}, "sixel"),
        ({"WT_SESSION": "x"}, "sixel"),
        ({"TERM": "xterm-256color"}, None),
        ({}, None),
    ],
)
def test_terminals_are_known_by_their_variables(environ, protocol):
    assert terminal.spoken(environ) == protocol


class TestDrawing:
    def test_a_thin_line_does_not_fade_in_a_small_picture_of_the_difference(self, project):
        from maskproof.images.decode import decode

        before = decode(project.pictures.original, "x")
        samples = before.samples.copy()
        samples[100, :] ^= 128
        after = type(before)("PNG", samples, None, None, "sRGB")
        levels = drawing.difference(before, after, (80, 60))
        assert levels.shape == (60, 80)
        assert (levels[25] == 128).all()
        assert not levels[:25].any()
        assert not levels[26:].any()

    def test_opacity_counts_as_well(self, project):
        from maskproof.images.decode import decode

        before = decode(project.pictures.original, "x")
        alpha = np.full(before.samples.shape[:2], 255, np.uint8)
        alpha[:120, :160] = 0
        after = type(before)("PNG", before.samples, alpha, None, "sRGB")
        levels = drawing.difference(before, after, (320, 240))
        assert (levels[: QUARTER[3], : QUARTER[2]] == 255).all()
        assert not levels[QUARTER[3] :].any()

    @pytest.mark.parametrize("color", ["#0072B2", "#D55E00", "#00694E", "#888888", "#000000", "#FFFFFF"])
    def test_stripes_stand_out_from_what_they_lie_on(self, color):
        image = Image.new("RGB", (40, 40), color)
        chosen = drawing.contrasting(image, np.ones((40, 40), bool))
        assert chosen != color
        striped = np.asarray(drawing.protected(image, np.zeros((40, 40), bool), chosen)).astype(int)
        assert np.abs(striped - np.asarray(image)).max() >= 40


def test_a_blocked_card_ends_with_the_comment_that_accepts_it(project):
    project.edit("drifted")
    project.stage()
    done = project.maskproof("check", "--cards", "cards", "--card-url", "https://x.example", "--format", "markdown")
    digest = hashlib.sha256(project.pictures.drifted).hexdigest()[:32]
    assert f"/maskproof approve {SPRING}@{digest}: WHY" in unescape(done.stdout)
