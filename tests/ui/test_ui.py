"""The local page, in a real browser, over a real server and a real repository: what is clicked is done to the files."""

from __future__ import annotations

import re
import tomllib

import pytest

from browser import NARROW, WIDE, expect, looked_at, violations
from projects import HERO, MASK, SPRING
from serving import served

PATIENCE = 60_000
"""ms until a wait is given up: commands are run, on a machine that may be busy"""
HOSTILE = "assets/<img src=x onerror=alert(1)>\"'&lt;.png"


def opened(seen, name: str = "spring"):
    """The page of one picture, every panel open."""
    seen.page.set_default_timeout(PATIENCE)
    seen.page.get_by_role("link", name=re.compile(name)).first.click()
    seen.page.locator(".detail:visible").wait_for(timeout=PATIENCE)
    closed = seen.page.locator("details.panel:not([open]) > summary")
    while closed.count():
        closed.first.click()
    return seen.page


def policy(project) -> dict:
    return tomllib.loads((project.root / "maskproof.toml").read_text())


def test_pictures_are_judged_as_they_lie_there(project, chromium):
    project.edit("held", "assets/autumn.png")
    project.stage()
    project.edit("drifted")
    project.edit("drifted", HOSTILE)
    before = project.git("status", "--porcelain", "-z").stdout
    with served(project) as address, looked_at(chromium, address) as seen:
        cards = seen.page.locator(".card:not(.waiting)")
        cards.nth(2).wait_for(timeout=PATIENCE)
        said = {one.locator("strong").inner_text(): one.inner_text() for one in cards.all()}
        assert "Blocked" in said[SPRING]
        assert "new, not staged" in said[SPRING]
        assert "Passes" in said["assets/autumn.png"]
        assert re.search(r"^staged$", said["assets/autumn.png"], re.MULTILINE)
        assert "Blocked" in said[HOSTILE]
        seen.page.get_by_role("radio", name="Passes 1").check()
        expect(seen.page.locator(".card:visible")).to_have_count(1)
        assert "token" not in seen.page.url
    assert project.git("status", "--porcelain", "-z").stdout == before


def test_one_flips_through_them(project, chromium):
    project.edit("held", "assets/autumn.png")
    project.edit("drifted")
    with served(project) as address, looked_at(chromium, address) as seen:
        page = opened(seen, "autumn")
        page.keyboard.press("n")
        page.get_by_role("heading", name=SPRING).wait_for(timeout=PATIENCE)
        page.get_by_role("radio", name="Difference").check()
        expect(page.locator(".main .change")).to_be_visible()
        page.keyboard.press("p")
        page.get_by_role("heading", name="assets/autumn.png").wait_for(timeout=PATIENCE)
        page.keyboard.press("Escape")
        page.get_by_role("heading", name="2 pictures to look at").wait_for(timeout=PATIENCE)


def test_only_what_is_named_is_shown(project, chromium):
    project.edit("held", "assets/autumn.png")
    project.edit("drifted")
    with served(project, SPRING) as address, looked_at(chromium, address) as seen:
        seen.page.locator(".card:not(.waiting)").wait_for(timeout=PATIENCE)
        expect(seen.page.locator(".card")).to_have_count(1)


def test_putting_pixels_back_changes_file_and_verdict_and_undo_brings_them_again(project, chromium):
    project.edit("drifted")
    project.stage()
    file = project.root / SPRING
    drifted = file.read_bytes()
    with served(project) as address, looked_at(chromium, address) as seen:
        page = opened(seen)
        expect(page.locator(".detail > header")).to_contain_text("Blocked", use_inner_text=True)
        page.get_by_role("button", name="Put the protected pixels back").click()
        page.locator(".detail > header").get_by_text("Passes").wait_for(timeout=PATIENCE)
        restored = file.read_bytes()
        assert restored != drifted
        log = page.get_by_role("log")
        expect(log).to_contain_text(f"maskproof restore {SPRING}", use_inner_text=True)
        expect(log).to_contain_text("done", use_inner_text=True)
        assert "In Git: changed, not staged" in page.inner_text("aside") or "new, not staged" in page.inner_text(
            "aside"
        )
        page.get_by_role("button", name=re.compile("^Stage")).click()
        page.get_by_text("In Git: staged").wait_for(timeout=PATIENCE)
        staged = project.git("diff", "--name-only").stdout
        assert staged == ""
        page.get_by_role("button", name="Undo the last restore").click()
        page.locator(".detail > header").get_by_text("Blocked").wait_for(timeout=PATIENCE)
        assert file.read_bytes() == drifted


def test_an_area_is_drawn_named_and_written_renamed_and_removed(project, chromium):
    project.edit("held")
    kept = '# What we protect.\nversion = 1\n\n[defaults]\nlevel = "visual"   # as agreed\n'
    project.write("maskproof.toml", kept)
    project.stage()
    with served(project) as address, looked_at(chromium, address) as seen:
        page = opened(seen)
        page.get_by_role("button", name="Draw a box on the picture").click()
        stage = page.locator(".main .layers").bounding_box()
        unit = stage["width"] / 320
        page.mouse.move(stage["x"] + 190 * unit, stage["y"] + 70 * unit)
        page.mouse.down()
        page.mouse.move(stage["x"] + 250 * unit, stage["y"] + 130 * unit, steps=5)
        page.mouse.up()
        box = [int(page.get_by_label(name, exact=True).input_value()) for name in ("Left", "Top", "Width", "Height")]
        assert box == pytest.approx([190, 70, 60, 60], abs=2)
        page.get_by_label("Name", exact=True).fill('the "logo"')
        page.get_by_label("What it is").select_option("product")
        page.get_by_role("button", name="Protect this area").click()
        page.locator(".detail > header").get_by_text("Blocked").wait_for(timeout=PATIENCE)
        text = (project.root / "maskproof.toml").read_text()
        assert text.startswith(kept)
        assert policy(project)["areas"] == [{"paths": [SPRING], "name": 'the "logo"', "kind": "product", "box": box}]
        expect(page.locator(".main .marks .area text")).to_have_text('the "logo" (product)')

        page.locator("form[data-do=rename] input").fill("badge")
        page.get_by_role("button", name="Rename").click()
        page.get_by_role("button", name="Remove badge").wait_for(timeout=PATIENCE)
        assert policy(project)["areas"][0]["name"] == "badge"
        page.get_by_role("button", name="Remove badge").click()
        page.locator(".detail > header").get_by_text("Passes").wait_for(timeout=PATIENCE)
        assert (project.root / "maskproof.toml").read_text() == kept


def test_an_area_is_written_by_keyboard_alone(project, chromium):
    project.edit("held")
    project.stage()
    with served(project) as address, looked_at(chromium, address) as seen:
        page = opened(seen)
        page.get_by_label("Left", exact=True).focus()
        for value in ("200", "80", "40", "50"):
            page.keyboard.type(value)
            page.keyboard.press("Tab")
        page.keyboard.type("0 b")  # letters that are keys of the viewer elsewhere
        expect(page.locator(".drawn")).to_be_visible()
        page.keyboard.press("Enter")
        page.locator(".detail > header").get_by_text("Blocked").wait_for(timeout=PATIENCE)
    assert policy(project)["areas"] == [{"paths": [SPRING], "name": "0 b", "kind": "brand", "box": [200, 80, 40, 50]}]


def test_limits_are_tried_live_and_written_when_asked_to(project, chromium):
    project.edit("drifted")
    project.stage()
    with served(project) as address, looked_at(chromium, address) as seen:
        page = opened(seen)
        tried = page.locator(".tried")
        for row in page.locator(".limit-row input").all()[:5]:
            row.fill("100000")
        page.locator(".limit-rows summary").click()
        for row in page.locator(".limit-rows details input").all():
            row.fill("100000")
        rows = tried.locator("tbody tr")
        rows.nth(1).get_by_text(re.compile("Passes|Warning")).wait_for(timeout=PATIENCE)
        expect(rows.nth(0)).to_contain_text("Blocked", use_inner_text=True)
        assert not (project.root / "maskproof.toml").exists()
        for row in page.locator(".limit-row input").all():
            row.fill("")
        page.get_by_label("outside-mask.light").fill("0.5")
        page.get_by_label("Level").select_option("strict")
        tried.get_by_text("0.5x in place of limit 1x").wait_for(timeout=PATIENCE)
        page.get_by_role("button", name="Write it to the policy").click()
        page.get_by_role("log").get_by_text("--level strict --limit outside-mask.light=0.5").wait_for(timeout=PATIENCE)
        page.get_by_label("Level").get_by_text("strict (as policy has it)").wait_for(
            state="attached",
        )
    assert policy(project)["rules"] == [
        {"paths": [SPRING], "level": "strict", "limits": {"outside-mask": {"light": 0.5}}}
    ]


def test_a_picture_is_recorded_from_what_is_proposed(project, chromium):
    project.write("assets/hero-new.png", project.pictures.held)
    project.write("assets/hero-new.mask.png", project.pictures.mask)
    with served(project, "assets/hero-new.png") as address, looked_at(chromium, address) as seen:
        page = opened(seen, "hero-new")
        page.get_by_role("button", name="Propose original and mask").click()
        page.get_by_text(f"Original: {HERO}").wait_for(timeout=PATIENCE)
        expect(page.get_by_label("Original", exact=True)).to_have_value(HERO)
        page.get_by_label("Mask", exact=True).fill(MASK)
        page.get_by_label(re.compile("open to the model")).select_option("white")
        page.get_by_role("button", name="Record it").click()
        words = f"maskproof record assets/hero-new.png --original {HERO} --mask {MASK} --mask-mode white"
        page.get_by_role("log").get_by_text(words).wait_for(timeout=PATIENCE)
        assert "Its record" in page.inner_text("aside")
        page.get_by_role("button", name="Stage these").click()
        page.get_by_text("In Git: staged").wait_for(timeout=PATIENCE)
    assert set(project.git("diff", "--cached", "--name-only").stdout.split()) == {
        "assets/hero-new.png",
        "assets/hero-new.png.maskproof.json",
    }


def test_a_command_that_refuses_is_told_in_its_own_words(project, chromium):
    project.edit("drifted")
    with served(project) as address, looked_at(chromium, address) as seen:
        page = opened(seen)
        page.get_by_role("button", name="Undo the last restore").click()
        page.locator(".told").get_by_text("exit status 2").wait_for(timeout=PATIENCE)
        expect(page.get_by_role("log")).to_contain_text("maskproof: error:", use_inner_text=True)


def test_approval_is_asked_for_with_a_text_to_send_and_can_be_written(project, chromium):
    project.edit("drifted")
    project.stage()
    with served(project) as address, looked_at(chromium, address) as seen:
        page = opened(seen)
        asking = page.locator(".asking").input_value()
        assert f"maskproof approve {SPRING} --reason" in asking
        assert "changed within x 0, y 0" in asking
        page.locator("form[data-do=approve] input").fill("--sign it's <b>agreed</b>")
        page.get_by_role("button", name="Approve as staged").click()
        page.get_by_role("log").get_by_text(f"{SPRING}: approves").first.wait_for(timeout=PATIENCE)
    assert list((project.root / ".maskproof" / "approvals").iterdir())


def test_hostile_names_stay_text_and_reach_commands_whole(project, chromium):
    project.edit("drifted", HOSTILE)
    project.edit("drifted", "-n--force.png")
    project.stage()
    with served(project) as address, looked_at(chromium, address) as seen:
        page = opened(seen, "onerror")
        expect(page.get_by_role("heading", name=HOSTILE)).to_be_visible()
        page.get_by_role("button", name="Put the protected pixels back").click()
        page.locator(".detail > header").get_by_text("Passes").wait_for(timeout=PATIENCE)
        page.keyboard.press("Escape")
        opened(seen, "force")
        page.get_by_role("button", name="Put the protected pixels back").click()
        page.locator(".detail > header").get_by_text("Passes").wait_for(timeout=PATIENCE)


@pytest.mark.parametrize("size", [WIDE, NARROW])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everybody_can_use_it(project, chromium, size, scheme):
    project.edit("drifted")
    project.write(
        "maskproof.toml",
        f'version = 1\n[[areas]]\npaths = ["{SPRING}"]\nname = "sky"\nkind = "brand"\nbox = [10, 10, 60, 40]\n',
    )
    with served(project) as address, looked_at(chromium, address, size, color_scheme=scheme, bypass_csp=True) as seen:
        seen.page.locator(".card:not(.waiting)").wait_for(timeout=PATIENCE)
        assert not violations(seen.page)
        page = opened(seen)
        page.get_by_role("button", name="Undo the last restore").click()
        page.locator(".ran").wait_for(timeout=PATIENCE)
        page.get_by_label("Level").select_option("strict")
        page.locator(".tried table").wait_for(timeout=PATIENCE)
        assert not violations(page)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
