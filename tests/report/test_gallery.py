"""`maskproof gallery`: the folder that it writes, in a real browser, and what becomes of a folder that was there."""

from __future__ import annotations

import io
import re

import pytest
from PIL import Image

from browser import NARROW, WIDE, expect, looked_at, refuse_what_lies_elsewhere, violations
from maskproof.errors import UsageError
from maskproof.model import Finding, ImageReport, Recorded, Severity, Verdict
from maskproof.report import gallery
from pictures import saved, smooth
from processes import maskproof
from projects import SPRING, clean_environment

HOSTILE = "assets/<img src=x onerror=alert(1)>\"'&lt;.png"
PIXELS = saved(smooth(80, 60), "JPEG")


def written(project, folder="gallery"):
    done = project.maskproof("gallery", folder)
    assert done.returncode == 0, done.stderr
    return project.root / folder


@pytest.fixture
def folder(project):
    """An edit that is blocked, one that passes, one whose name and model would be markup, and one with no original."""
    project.edit("drifted", tool={"model": "gpt-image-2", "prompt": "a <b>spring</b> meadow"})
    project.edit("held", "assets/autumn.png", tool={"provider": "flux", "model": "kontext"})
    project.edit("drifted", HOSTILE, tool={"model": "<script>alert(2)</script>"})
    data = project.pictures.other
    project.write("assets/made.png", data)
    project.write("assets/made.png.maskproof.json", project.record(data, origin="generated", original=None, mask=None))
    project.stage()
    return written(project)


def test_pictures_stand_beside_their_originals_and_are_narrowed_and_ordered(folder, chromium):
    with looked_at(chromium, folder / "index.html", beside=True) as seen:
        page, cards = seen.page, seen.page.locator(".picture:visible")
        expect(page.get_by_role("heading", level=1)).to_contain_text("4 recorded pictures: ", use_inner_text=True)
        expect(cards).to_have_count(4)
        page.wait_for_function("[...document.images].every(one => one.complete)")
        assert page.locator(".picture img").evaluate_all("all => all.map(one => one.naturalWidth)") == [320] * 7
        spring = page.locator(".picture", has_text="spring.png").inner_text()
        assert all(one in spring for one in ("Blocked", "gpt-image-2", "a <b>spring</b> meadow", "in no commit yet"))
        page.get_by_role("combobox", name="Model").select_option("kontext")
        expect(cards).to_have_count(1)
        expect(cards).to_contain_text("flux kontext", use_inner_text=True)
        page.get_by_role("combobox", name="Model").select_option("")
        page.get_by_role("searchbox").fill("meadow")
        expect(cards).to_have_count(1)
        page.get_by_role("searchbox").fill("")
        page.get_by_role("radio", name="Blocked 2").check()
        expect(cards).to_have_count(2)
        page.get_by_role("radio", name="All 4").check()
        page.get_by_role("combobox", name="Order").select_option("drift")
        expect(cards.nth(2)).to_contain_text("autumn.png")
        expect(cards.nth(3)).to_contain_text("made.png")


def test_a_picture_leads_to_its_page_and_back(folder, chromium):
    with looked_at(chromium, folder / "index.html", beside=True) as seen:
        seen.page.get_by_role("link", name=SPRING).click()
        detail = seen.page.locator(".detail:visible")
        assert detail.locator(".main .before").evaluate("one => one.naturalWidth") == 320
        expect(detail).to_contain_text("a <b>spring</b> meadow", use_inner_text=True)
        seen.page.keyboard.press("Escape")
        seen.page.wait_for_url("**/index.html#*")
        expect(seen.page.locator(".picture:target")).to_contain_text(SPRING, use_inner_text=True)


@pytest.mark.parametrize("size", [WIDE, NARROW])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everybody_can_use_it_and_names_stay_text(folder, chromium, size, scheme):
    with looked_at(chromium, folder / "index.html", size, beside=True, color_scheme=scheme, bypass_csp=True) as seen:
        assert not violations(seen.page)
        assert seen.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        expect(seen.page.get_by_role("link", name=HOSTILE)).to_have_count(1)
    for file in folder.rglob("*.html"):
        assert not re.search("<img src=x|<script>alert", file.read_text())


def test_nothing_may_be_loaded_but_what_lies_beside_it(folder, chromium):
    with looked_at(chromium, folder / "index.html", beside=True) as seen:
        refuse_what_lies_elsewhere(seen)


def test_pictures_hold_no_metadata(project):
    exif = Image.Exif()
    exif[0x010E] = "taken at 25.0330, 121.5654"
    data = saved(smooth(320, 240), "JPEG", exif=exif.tobytes())
    project.write("assets/secret.jpg", data)
    project.write("assets/secret.jpg.maskproof.json", project.record(data, original=None, mask=None, origin="manual"))
    project.stage()
    pictures = list((written(project) / "pictures").iterdir())
    assert pictures
    for one in pictures:
        image = Image.open(io.BytesIO(one.read_bytes()))
        assert not image.getexif()
        assert not set(image.info) & {"exif", "xmp", "icc_profile", "comment"}


@pytest.mark.parametrize(("kept", "shown"), [("sha256", "SHA-256 digest"), ("none", "")])
def test_a_prompt_is_shown_as_far_as_policy_has_records_keep_it(project, kept, shown):
    project.edit(tool={"model": "gpt-image-2", "prompt": "a secret campaign"})
    project.write("maskproof.toml", f'version = 1\n[defaults]\nprompt = "{kept}"\n')
    project.stage()
    for file in written(project).rglob("*.html"):
        assert "secret campaign" not in file.read_text()
        assert shown in file.read_text()


def test_who_accepted_a_picture_stands_beside_it(project):
    project.edit("drifted")
    project.stage()
    assert project.maskproof("approve", SPRING, "--reason", "agreed with <i>brand</i>").returncode == 0
    project.stage()
    text = (written(project) / "index.html").read_text()
    assert "agreed with &lt;i&gt;brand&lt;/i&gt;" in text


def test_a_folder_is_brought_up_to_date_and_nothing_else_in_it_is_touched(project):
    project.edit("drifted")
    project.edit("held", "assets/autumn.png")
    project.stage()
    folder = written(project)
    (folder / "pages" / "mine.html").write_text("mine")
    (folder / "notes.txt").write_text("mine")
    (folder / "pages" / ".0123456789abcdef.html.x1.part").write_text("half")
    before = {one.name for one in (folder / "pages").iterdir()}
    project.git("rm", "-qf", "assets/autumn.png", "assets/autumn.png.maskproof.json")
    written(project)
    after = {one.name for one in (folder / "pages").iterdir()}
    assert "autumn.png" not in (folder / "index.html").read_text()
    assert len(before - after) == 2
    assert {"mine.html"} < after < before
    assert (folder / "notes.txt").read_text() == "mine"
    project.stage()
    assert project.git("ls-files", "gallery").stdout == ""


def test_a_folder_that_no_gallery_made_is_refused_and_left_alone(project):
    project.edit()
    project.stage()
    file = project.write("site/index.html", "mine")
    done = project.maskproof("gallery", "site")
    assert done.returncode == 2
    assert "is not empty, and no gallery" in done.stderr
    assert [one.name for one in file.parent.iterdir()] == ["index.html"]
    assert file.read_text() == "mine"


def test_a_link_in_a_gallery_is_not_followed(tmp_path):
    gallery.claim(tmp_path / "gallery")
    (tmp_path / "gallery" / "pages").rmdir()
    (tmp_path / "gallery" / "pages").symlink_to(tmp_path)
    with pytest.raises(UsageError, match="leads elsewhere"):
        gallery.claim(tmp_path / "gallery")


def reports(count, wrong=()):
    for number in range(count):
        if number in wrong:
            raise KeyboardInterrupt
        finding = Finding("outside-mask", Severity.BLOCK, "a patch")
        shown = {gallery.__name__: (PIXELS, PIXELS + bytes(number % 251))}
        report = ImageReport(f"{number:04}.png", Verdict.BLOCK, 2.0, (finding,), shown=shown)
        yield report, Recorded(report.path, report.verdict, report.drift, "", "", "2026-01-01", ("outside-mask",))


def named(folder):
    return set(re.findall(r'(?:src|href)="((?:pages|pictures)/[^"]+)"', (folder / "index.html").read_text()))


def test_an_interrupted_run_leaves_the_gallery_before_it_whole(tmp_path):
    gallery.claim(tmp_path)
    assert gallery.write(tmp_path, reports(3)) == 3
    before = named(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        gallery.write(tmp_path, reports(9, wrong=(6,)))
    assert named(tmp_path) == before
    assert all((tmp_path / one).is_file() for one in before)
    gallery.claim(tmp_path)
    gallery.write(tmp_path, reports(2))
    there = {f"{one.parent.name}/{one.name}" for name in gallery.FOLDERS for one in (tmp_path / name).iterdir()}
    assert there == named(tmp_path) < before


def test_thousands_of_pictures_stay_usable(tmp_path, chromium):
    gallery.claim(tmp_path)
    gallery.write(tmp_path, reports(3000))
    with looked_at(chromium, tmp_path / "index.html", beside=True) as seen:
        cards = seen.page.locator(".picture:visible")
        expect(cards).to_have_count(60)
        more = seen.page.get_by_role("button", name="Show 60 more (2940 are left)")
        more.click()
        expect(cards).to_have_count(120)
        assert seen.page.evaluate("document.activeElement.textContent") == "0060.png"
        seen.page.get_by_role("searchbox").fill("2718")
        expect(cards).to_have_count(1)
        expect(seen.page.locator(".more")).to_be_hidden()
        assert len([one for one in seen.asked if one.endswith(".jpg")]) < 300
        key = seen.page.locator(".picture:visible").get_attribute("id")
    with looked_at(chromium, f"{(tmp_path / 'index.html').as_uri()}#{key}", beside=True) as seen:
        expect(seen.page.locator(".picture:target")).to_be_visible()


def test_memory_does_not_grow_with_what_was_written(project):
    def peak() -> float:
        return maskproof().run("gallery", "../gallery", cwd=project.root, env=clean_environment()).memory

    for number in range(3):
        project.edit("held", f"assets/{number}.png")
    project.stage()
    few = peak()
    for number in range(3, 40):
        project.edit("held", f"assets/{number}.png")
    project.stage()
    assert peak() < few + 25


def test_a_project_without_records_has_a_gallery_that_says_so(project):
    assert "No picture of this project has a record yet" in (written(project) / "index.html").read_text()
