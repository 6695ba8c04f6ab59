"""The pictures of the documentation: `python docs/picture.py` writes `docs/drift.jpg` and `docs/protected.jpg`.

The first, on the first screen of the README, is the contact sheet of `maskproof rank` over the two edits that
`maskproof demo` commits, so it shows what the program draws and measures today. The other one shows what their mask
leaves protected, as `maskproof mask --preview` draws it. JPEG, because they are a quarter of the size so.

`python docs/picture.py --pages` also takes `docs/report.jpg`, `docs/phone.jpg` and `docs/card.jpg`: the page and the
card of the edit that is blocked, the page as Chromium shows it at 1440 and at 400 px, and `docs/chain.jpg` and
`docs/inventory.jpg`: what stands in an edit that was restored and signed, and the list of a project that has one, one
that is only marked and one that says nothing. That needs the extra `[test]`.
"""

from __future__ import annotations

import datetime as dt
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
PICTURE = ROOT / "docs" / "drift.jpg"
PROTECTED = ROOT / "docs" / "protected.jpg"
FILES = {
    "coffee.jpg": "pass/rerendered/base/original.jpg",
    "mask.png": "pass/rerendered/base/mask.png",
    "with-milk.png": "pass/rerendered/change/edit.png",
    "with-foam.png": "block/redrawn/change/edit.png",
}
"""what the sheet calls each, and the fixture that it is"""
PAIR = ("compare", "coffee.jpg", "with-foam.png", "--mask", "mask.png", "--mask-mode", "alpha")
SIZES = {"report.jpg": (1440, 900), "phone.jpg": (400, 800)}
"""pictures of the page, and the window that each is taken in"""
WIDE, NARROW = (1200, 560), (900, 700)
"""windows that the list and the chain are taken in"""
RANK = ("rank", "coffee.jpg", "with-milk.png", "with-foam.png", "--mask", "mask.png", "--mask-mode", "alpha")


def sheet(folder: Path) -> Path:
    """Draw the contact sheet in an empty folder."""
    for name, fixture in FILES.items():
        shutil.copy(ROOT / "fixtures" / fixture, folder / name)
    command = [sys.executable, "-m", "maskproof", *RANK, "--sheet", "sheet.png"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return folder / "sheet.png"


def protected(folder: Path) -> Path:
    """Draw what the mask leaves protected, in the same folder."""
    shown = ("mask", "coffee.jpg", "--from", "mask.png", "--mask-mode", "alpha", "-o", "new.png")
    command = [sys.executable, "-m", "maskproof", *shown, "--preview", "protected.png"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return folder / "protected.png"


def pages(folder: Path) -> None:
    """Take the pictures of page and card, in the same folder."""
    from playwright.sync_api import sync_playwright

    command = [sys.executable, "-m", "maskproof", *PAIR, "--format", "html"]
    command += ["--output", "page.html", "--picture", "card.png"]
    subprocess.run(command, cwd=folder, check=False, capture_output=True)  # 1: it is blocked
    Image.open(folder / "card.png").convert("RGB").save(ROOT / "docs" / "card.jpg", quality=82, optimize=True)
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for name, (width, height) in SIZES.items():
            page = browser.new_page(viewport={"width": width, "height": height})
            page.goto((folder / "page.html").as_uri())
            page.wait_for_timeout(300)
            page.screenshot(path=ROOT / "docs" / name, type="jpeg", quality=82)
        browser.close()


def signed(folder: Path) -> None:
    """Restore and sign an edit in a new repository, and take the pictures of its chain and of the inventory."""
    from playwright.sync_api import sync_playwright

    from maskproof.marks import CODES, GENERATED, credentials

    now = dt.datetime.now(dt.UTC)
    by = credentials.identity(*credentials.new_test_certificate(now), now)
    (folder / "chain.pem").write_bytes(by.chain)
    (folder / "key.pem").write_bytes(by.key)
    root = folder / "project"
    root.mkdir()
    person = {f"GIT_{role}_{key}": "docs" for role in ("AUTHOR", "COMMITTER") for key in ("NAME", "EMAIL")}
    named = {"MASKPROOF_CERTIFICATE": str(folder / "chain.pem"), "MASKPROOF_KEY": str(folder / "key.pem")}

    def run(*command: str) -> bytes:
        environment = {**os.environ, **person, **named}
        return subprocess.run(command, cwd=root, env=environment, check=True, capture_output=True).stdout

    def maskproof(*command: str) -> bytes:
        return run(sys.executable, "-m", "maskproof", *command)

    for name in ("coffee.jpg", "mask.png"):
        shutil.copy(folder / name, root / name)
    run("git", "init", "-q")
    run("git", "add", "-A")
    run("git", "commit", "-qm", "Start")
    action = {
        "action": "c2pa.created",
        "digitalSourceType": CODES + GENERATED,
        "softwareAgent": {"name": "gpt-image-2"},
    }
    about = {
        "claim_generator_info": [{"name": "The model's own service"}],
        "assertions": [{"label": "c2pa.actions", "data": {"actions": [action]}}],
    }
    sent = credentials.sign((folder / "with-foam.png").read_bytes(), "with-foam.png", about, (), by)
    (root / "with-foam.png").write_bytes(sent)
    for name in ("with-milk.png", "with-cream.png"):
        shutil.copy(folder / "with-milk.png", root / name)
    masked = ("--original", "coffee.jpg", "--mask", "mask.png", "--mask-mode", "alpha")
    told = ("--provider", "openai", "--model", "gpt-image-2")
    maskproof("record", "with-foam.png", "with-milk.png", "with-cream.png", *masked, *told)
    run("git", "add", "-A")
    maskproof("restore", "with-foam.png")
    maskproof("sign", "with-foam.png")
    maskproof("mark", "with-milk.png")
    run("git", "add", "-A")
    (folder / "chain.html").write_bytes(maskproof("explain", "with-foam.png", "--format", "html"))
    (folder / "inventory.html").write_bytes(maskproof("inventory", "--format", "html"))
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport=dict(zip(("width", "height"), NARROW, strict=True)))
        page.goto((folder / "chain.html").as_uri())
        page.locator(".says").evaluate("one => { one.style.padding = '12px 20px' }")
        page.locator(".says").screenshot(path=ROOT / "docs" / "chain.jpg", type="jpeg", quality=82)
        page = browser.new_page(viewport=dict(zip(("width", "height"), WIDE, strict=True)))
        page.goto((folder / "inventory.html").as_uri())
        page.screenshot(path=ROOT / "docs" / "inventory.jpg", type="jpeg", quality=82)
        browser.close()


def main() -> None:
    """Draw them and put them beside this script."""
    with tempfile.TemporaryDirectory() as folder:
        Image.open(sheet(Path(folder))).convert("RGB").save(PICTURE, quality=82, optimize=True)
        Image.open(protected(Path(folder))).convert("RGB").save(PROTECTED, quality=82, optimize=True)
        if "--pages" in sys.argv:
            pages(Path(folder))
            signed(Path(folder))


if __name__ == "__main__":
    main()
