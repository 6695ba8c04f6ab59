"""The page for people, in a real browser: what it shows, how it is used, and what it keeps to itself."""

from __future__ import annotations

import base64
import io
import re
from html import unescape
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace
from PIL import Image

from browser import NARROW, WIDE, expect, looked_at, refuse_what_lies_elsewhere, violations
from fixture_cases import Case, cases
from maskproof.model import Acceptance, Box, Finding, ImageReport, Report, Severity, Verdict
from maskproof.report import html
from maskproof.report.shown import Drawn, Place
from pictures import saved, smooth
from projects import HERO, MASK, SPRING

if TYPE_CHECKING:
    from pathlib import Path

HOSTILE = "assets/<img src=x onerror=alert(1)>\"'&lt;.png"


def written(project, *arguments: str) -> Path:
    project.maskproof("check", "--format", "html", "--output", "report.html", *arguments)
    return project.root / "report.html"


@pytest.fixture
def page(project) -> Path:
    """A run with one edit that is blocked, one that passes, and one whose name and model would be markup."""
    project.edit("drifted")
    project.edit("held", "assets/autumn.png")
    project.edit("drifted", HOSTILE, tool={"model": "<script>alert(2)</script>"})
    policy = '[[areas]]\nname = "sky <b>"\nkind = "brand"\npaths = ["assets/*"]\nbox = [10, 10, 60, 40]\n'
    project.write("maskproof.toml", f"version = 1\n{policy}")
    project.stage()
    return written(project)


def test_verdicts_are_told_apart_and_filtered(page, chromium):
    with looked_at(chromium, page) as seen:
        cards = seen.page.locator(".card:visible")
        expect(cards).to_have_count(3)
        expect(cards.nth(0)).to_contain_text("Blocked", use_inner_text=True)
        expect(cards.nth(2)).to_contain_text("Passes", use_inner_text=True)
        seen.page.get_by_role("radio", name="Passes 1").check()
        expect(cards).to_have_count(1)
        expect(cards).to_contain_text("autumn.png", use_inner_text=True)
        seen.page.get_by_role("radio", name="All 3").check()
        seen.page.get_by_role("searchbox").fill("outside-mask spring")
        expect(cards).to_have_count(1)
        expect(seen.page.get_by_role("status")).to_contain_text("1 of 3 images", use_inner_text=True)


def test_a_page_opens_from_its_card_and_goes_back(page, chromium):
    with looked_at(chromium, page) as seen:
        seen.page.get_by_role("link", name=re.compile("autumn")).click()
        expect(seen.page.get_by_role("heading", name="assets/autumn.png")).to_be_visible()
        expect(seen.page.locator(".detail:visible")).to_contain_text(
            "Nothing that is protected changed", use_inner_text=True
        )
        seen.page.keyboard.press("p")
        expect(seen.page.get_by_role("heading", name="assets/autumn.png")).to_be_hidden()
        seen.page.keyboard.press("Escape")
        seen.page.locator(".card").first.wait_for()
        expect(seen.page.locator(".card:visible")).to_have_count(3)


def opened(seen, name: str = "spring"):
    seen.page.get_by_role("link", name=re.compile(name)).click()
    detail = seen.page.locator(".detail:visible")
    for picture in detail.locator(".main img[src], .places img[src]").all():
        picture.evaluate("one => one.decode()")
    return detail


def sampled(seen, x: float, y: float) -> tuple[int, ...]:
    """The colour that is on the screen at a place of the main picture, both as shares."""
    shot = Image.open(io.BytesIO(seen.page.locator(".detail:visible .main .layers").screenshot())).convert("RGB")
    return shot.getpixel((int(shot.width * x), int(shot.height * y)))


def far(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    return max(abs(a - b) for a, b in zip(one, other, strict=True)) > 25


def test_the_slider_moves_by_mouse_touch_and_keys(page, chromium):
    with looked_at(chromium, page, has_touch=True) as seen:
        detail = opened(seen)
        detail.get_by_label("Framed: what was found").uncheck()
        detail.get_by_label("Dashed: areas protected by name").uncheck()
        stage = seen.page.locator(".detail:visible .main .layers").bounding_box()
        slider = seen.page.locator(".detail:visible .split input")
        before = sampled(seen, 0.1, 0.35)  # a place in the quarter that was repainted
        seen.page.mouse.move(stage["x"] + stage["width"] / 2, stage["y"] + 50)
        seen.page.mouse.down()
        seen.page.mouse.move(stage["x"] + 2, stage["y"] + 50, steps=4)
        seen.page.mouse.up()
        assert float(slider.input_value()) < 2
        assert far(sampled(seen, 0.1, 0.35), before)
        seen.page.touchscreen.tap(stage["x"] + stage["width"] * 0.75, stage["y"] + 80)
        assert 70 < float(slider.input_value()) < 80
        assert not far(sampled(seen, 0.1, 0.35), before)
        slider.focus()
        seen.page.keyboard.press("Home")
        assert float(slider.input_value()) == 0
        assert far(sampled(seen, 0.1, 0.35), before)


@pytest.mark.parametrize("mode", ["Side by side", "Onion skin", "Blink", "Difference"])
def test_each_way_of_showing_shows_the_difference(page, chromium, mode):
    with looked_at(chromium, page, reduced_motion="reduce") as seen:
        detail = opened(seen)
        first = sampled(seen, 0.1, 0.35)
        detail.get_by_role("radio", name=mode).check()
        expect(detail.get_by_role("radio", name=mode)).to_be_checked()
        if mode == "Side by side":
            boxes = [detail.locator(f"figure.{one}").bounding_box() for one in ("main", "second")]
            assert boxes[0]["x"] + boxes[0]["width"] <= boxes[1]["x"]
        elif mode == "Difference":
            expect(detail.get_by_text("Difference, in levels of 255")).to_be_visible()
            expect(detail.locator(".main .change")).to_be_visible()
            assert far(sampled(seen, 0.1, 0.35), first)
        elif mode == "Blink":
            shown = sampled(seen, 0.1, 0.35)
            detail.get_by_role("button", name="Show the other one").click()
            assert far(sampled(seen, 0.1, 0.35), shown)
        else:
            half = sampled(seen, 0.1, 0.35)
            detail.locator(".split input").press("Home")
            assert far(sampled(seen, 0.1, 0.35), half)


def test_what_is_protected_is_striped_and_areas_are_named(page, chromium):
    with looked_at(chromium, page) as seen:
        detail = opened(seen, "autumn")
        expect(detail.locator(".main .marks text")).to_have_text("sky <b> (brand)")
        expect(detail.locator(".main .protected")).to_be_hidden()
        detail.get_by_label("Striped: protected by the mask").check()
        expect(detail.locator(".main .protected")).to_be_visible()
        striped, clear = sampled(seen, 0.02, 0.9), sampled(seen, 0.8, 0.6)  # the mask opens the middle of the right
        detail.get_by_label("Striped: protected by the mask").uncheck()
        assert sampled(seen, 0.02, 0.9) != striped
        assert not far(sampled(seen, 0.8, 0.6), clear)


def test_a_finding_is_shown_enlarged_and_in_its_place(page, chromium):
    with looked_at(chromium, page) as seen:
        detail = opened(seen)
        before, after = detail.locator(".places img").all()[:2]
        assert before.evaluate("one => one.naturalWidth") == 480
        assert after.evaluate("one => one.complete && one.naturalWidth") == 480
        detail.get_by_role("button", name=re.compile("Show it in the picture")).first.click()
        seen.page.wait_for_timeout(400)
        expect(detail.locator(".viewer")).to_contain_class("zoomed")
        frame, stage = (detail.locator(one).first.bounding_box() for one in (".main .place rect", ".main .stage"))
        assert stage["x"] - 1 <= frame["x"] <= stage["x"] + stage["width"]
        assert stage["y"] - 1 <= frame["y"] <= stage["y"] + stage["height"]
        seen.page.keyboard.press("0")
        expect(detail.locator(".viewer")).not_to_contain_class("zoomed")


@pytest.mark.parametrize("size", [WIDE, NARROW])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everybody_can_use_it(page, chromium, size, scheme):
    with looked_at(chromium, page, size, color_scheme=scheme, bypass_csp=True) as seen:
        for place in ("", "#image-1", "#image-3"):
            seen.page.goto(f"{page.as_uri()}{place}")
            for one in seen.page.locator("details:visible > summary").all():
                one.click()
            assert not violations(seen.page)
            assert seen.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_hostile_names_stay_text(page, chromium):
    with looked_at(chromium, page) as seen:
        detail = opened(seen, "onerror")
        expect(detail.get_by_role("heading", name=HOSTILE)).to_be_visible()
        expect(detail).to_contain_text("<script>alert(2)</script>", use_inner_text=True)
    text = page.read_text()
    assert "<img src=x" not in text
    assert "<script>alert" not in text
    assert "&lt;img src=x" in text


def test_nothing_may_be_loaded_or_run_but_what_is_in_it(page, chromium):
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page.read_text())
    assert policy
    assert policy[1].startswith("default-src 'none'; img-src data:; style-src 'sha256-")
    assert "unsafe" not in policy[1]
    with looked_at(chromium, page) as seen:
        refuse_what_lies_elsewhere(seen)


def test_previews_hold_no_metadata(project):
    exif = Image.Exif()
    exif[0x010E] = "taken at 25.0330, 121.5654"
    data = saved(smooth(320, 240), "JPEG", exif=exif.tobytes())
    project.write("assets/secret.jpg", data)
    project.write("assets/secret.jpg.maskproof.json", project.record(data, original=None, mask=None, origin="manual"))
    project.stage()
    text = written(project).read_text()
    found = re.findall(r"data:image/jpeg;base64,([A-Za-z0-9+/=]+)", text)
    assert found
    for one in found:
        image = Image.open(io.BytesIO(base64.b64decode(one)))
        assert not image.getexif()
        assert not set(image.info) & {"exif", "xmp", "icc_profile", "comment"}


def test_two_hundred_images_stay_usable(chromium, tmp_path):
    pixels = saved(smooth(320, 240), "JPEG")
    drawn = Drawn((320, 240), pixels, pixels, pixels, b"", b"", b"", b"", (), (Place(pixels, pixels),))
    finding = Finding("outside-mask", Severity.BLOCK, "a patch", None, 2.0, 1.0, "x", Box(1, 2, 30, 40), "Edit again.")
    images = tuple(
        ImageReport(f"{n:03}.png", Verdict.BLOCK, 2.0, (finding,), shown={html.__name__: drawn}) for n in range(200)
    )
    file = tmp_path / "many.html"
    file.write_text("".join(html.run(Report(images))))
    with looked_at(chromium, file) as seen:
        expect(seen.page.locator(".card")).to_have_count(200)
        seen.page.get_by_role("searchbox").fill("137")
        expect(seen.page.locator(".card:visible")).to_have_count(1)
        seen.page.locator(".card:visible a").click()
        expect(seen.page.get_by_role("heading", name="137.png")).to_be_visible()
        assert seen.page.locator(".detail:visible .before").first.evaluate("one => one.naturalWidth") == 320
        loaded = "[...document.images].filter(one => one.src && one.closest('.detail')).length"
        assert seen.page.evaluate(loaded) < 10  # what nobody opened is not decoded


def test_who_accepted_a_finding_is_told(tmp_path, chromium):
    accepted = Acceptance("approval", ".maskproof/approvals/x.json", "agreed <i>", ("Ann",), "on the base")
    finding = Finding("outside-mask", Severity.BLOCK, "a patch", accepted=accepted)
    report = ImageReport("a.png", Verdict.PASS, 2.0, (finding,))
    file = tmp_path / "one.html"
    file.write_text("".join(html.run(Report((report, replace(report, path="b.png"))))))
    with looked_at(chromium, file) as seen:
        expect(seen.page.get_by_role("radio", name="Accepted 2")).to_have_count(1)
        seen.page.get_by_role("link", name=re.compile("a.png")).click()
        assert "Approved by Ann in .maskproof/approvals/x.json (on the base): agreed <i>" in seen.page.inner_text(
            "body"
        )


def test_an_outpainted_edit_is_shown_in_both_frames(project, chromium):
    wide = Image.new("RGB", (400, 240), "#335577")
    wide.paste(Image.open(io.BytesIO(project.pictures.original)), (0, 0))
    data = saved(wide, "PNG")
    record = project.record(data, mask=None, transform={"pad": [0, 0, 80, 0]})
    project.write(SPRING, data)
    project.write(f"{SPRING}.maskproof.json", record)
    project.stage()
    with looked_at(chromium, written(project)) as seen:
        detail = seen.page.locator(".detail:visible")
        detail.get_by_role("radio", name="As shipped").check()
        shown = detail.locator(".shipped img")
        expect(shown).to_be_visible()
        assert shown.evaluate("one => one.naturalWidth / one.naturalHeight") == pytest.approx(400 / 240, 0.01)


@pytest.mark.parametrize("command", ["compare", "explain", "rank"])
def test_every_command_that_compares_writes_a_page(project, chromium, command):
    project.edit("drifted")
    project.stage()
    masked = ("--mask", MASK, "--mask-mode", "white")
    arguments = {
        "compare": (HERO, SPRING, *masked),
        "explain": (SPRING,),
        "rank": (HERO, SPRING, *masked),
    }[command]
    done = project.maskproof(command, *arguments, "--format", "html")
    file = project.root / "page.html"
    file.write_text(done.stdout)
    with looked_at(chromium, file) as seen:
        detail = seen.page.locator(".detail:visible")
        expect(detail.get_by_role("heading", name=SPRING)).to_be_visible()
        assert detail.locator(".main .before").evaluate("one => one.naturalWidth") == 320


def test_a_page_of_what_a_file_says_of_itself(scratch, project, chromium):
    file = scratch.write("download.png", project.pictures.marked)
    page = scratch.root / "page.html"
    page.write_text(scratch.maskproof("explain", "--format", "html", str(file)).stdout)
    with looked_at(chromium, page, bypass_csp=True) as seen:
        expect(seen.page.get_by_role("heading", level=1)).to_contain_text("Its metadata says that", use_inner_text=True)
        assert "generation parameters, by Stable Diffusion web UI" in seen.page.inner_text("main")
        assert not violations(seen.page)


def test_what_a_file_says_has_a_part_of_the_page_to_itself(project):
    project.write(SPRING, project.pictures.marked)
    project.write(f"{SPRING}.maskproof.json", project.record(project.pictures.marked))
    project.stage()
    text = unescape(written(project).read_text())
    says = text.partition("<h2>What its file says</h2>")[2].partition("</section>")[0]
    assert "generation parameters" in says
    assert "<dt>evidence</dt>" not in text


def test_a_page_offers_each_command_once_and_not_itself(project):
    project.edit("drifted")
    project.stage()
    project.write("marked.png", project.pictures.marked)
    for arguments in (("explain", SPRING), ("compare", HERO, "marked.png")):
        project.maskproof(*arguments, "--format", "html", "--output", "page.html")
        text = unescape((project.root / "page.html").read_text())
        steps = text.partition("<h2>What to do next</h2>")[2].partition("</section>")[0]
        offered = re.findall(r"<code>(maskproof [^<]+)</code>", steps)
        assert len(offered) == len(set(offered))
        assert "dit again" in steps
        assert "maskproof view" not in steps
        assert "--format html" not in steps
    assert "generation parameters" in text
    assert "no AI metadata in the file" not in text


def test_view_writes_the_page_of_what_it_is_asked_for(project):
    project.edit("drifted")
    project.edit("held", "assets/autumn.png")
    project.stage()
    done = project.maskproof("view", "--no-open", SPRING)
    assert done.returncode == 0
    assert done.stdout.splitlines()[0] == f"1 image to look at: {SPRING}"
    page = project.root / ".git" / "maskproof" / "view.html"
    assert str(page.name) in done.stdout
    assert "autumn.png" not in page.read_text()
    project.maskproof("view", "--no-open", "--output", "all.html")
    assert "autumn.png" in (project.root / "all.html").read_text()
    project.commit()
    done = project.maskproof("view", "--no-open")
    assert done.returncode == 2
    assert "`maskproof view --all`" in done.stderr


@pytest.mark.parametrize("name", [case.name for case in cases()])
def test_the_page_tells_every_finding_of_every_fixture(name, scratch):
    Case(name).commit_base(scratch)
    Case(name).stage_change(scratch)
    expected = Case(name).expected
    page = scratch.root.parent / "page.html"
    done = scratch.maskproof("check", "--format", "html", "--output", str(page), "--cards", "../cards")
    assert done.returncode == expected["exit"], done.stderr
    if done.returncode == 2:
        return
    text = page.read_text()
    assert done.stdout.splitlines()[-1] in unescape(text)
    for one in expected["findings"]:
        assert f"{one['rule']}, " in text
    assert text.count('<article class="detail') == text.count('<li class="card ')
