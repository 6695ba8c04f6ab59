"""What the page of a run costs: its size, the time to draw it, and how soon a browser shows it.

Recorded edits of 1536 x 1024, each of an original of its own, half of them drifted, are checked once as JSON and once
as HTML; the difference is what drawing takes. Chromium then opens the page as a file, and says itself when it had first
shown something and when it had read all of it.

    python tests/bench/page.py [--pairs 100] [--markdown]
"""

from __future__ import annotations

import argparse
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

from tables import Table, show

SIZE = (1536, 1024)
RUNS = 5
PAINTED = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
READ = "performance.getEntriesByType('navigation')[0].loadEventEnd"


def photograph(seed: int) -> Image.Image:
    """Structure at every scale and some grain, which a JPEG finds as hard as a photograph."""
    random = np.random.default_rng(seed)
    whole = np.zeros((SIZE[1], SIZE[0], 3), np.float32)
    for step, weight in ((256, 0.45), (64, 0.3), (16, 0.15), (4, 0.07), (1, 0.03)):
        small = random.integers(0, 256, (SIZE[1] // step, SIZE[0] // step, 3), np.uint8)
        whole += weight * np.asarray(Image.fromarray(small).resize(SIZE, Image.Resampling.BICUBIC), np.float32)
    return Image.fromarray(np.clip(whole, 0, 255).astype(np.uint8))


def build(root: Path, pairs: int) -> None:
    """A repository with the edits staged."""
    mask = Image.new("L", SIZE)
    mask.paste(255, (500, 300, 1000, 800))
    (root / "art").mkdir()
    mask.save(root / "art" / "mask.png")
    for number in range(pairs):
        original = photograph(number)
        edit = original.copy()
        edit.paste(photograph(1000 + number).crop((520, 320, 980, 780)), (520, 320))
        if number % 2:
            edit.paste(original.crop((0, 0, 300, 300)).filter(ImageFilter.GaussianBlur(4)), (0, 0))
        original.save(root / "art" / f"{number}.original.png", compress_level=1)
        edit.save(root / "art" / f"{number}.png", compress_level=1)
    git = ("git", "-C", str(root), "-c", "user.name=Bench", "-c", "user.email=bench@example.invalid")
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "add", "art/mask.png", *(f"art/{n}.original.png" for n in range(pairs))], check=True)
    subprocess.run([*git, "commit", "-qm", "originals"], check=True)
    rows = [f"art/{n}.png,art/{n}.original.png,art/mask.png,white" for n in range(pairs)]
    (root / "edits.csv").write_text("\n".join(["edit,original,mask,mask_mode", *rows]) + "\n")
    subprocess.run(
        [sys.executable, "-P", "-m", "maskproof", "record", "--from", "edits.csv"], cwd=root, check=True, stdout=-3
    )
    subprocess.run([*git, "add", "art"], check=True)


def spent(root: Path, style: str) -> float:
    """CPU seconds of a check in a format, its decoding worker included."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [sys.executable, "-P", "-m", "maskproof", "check", "--format", style, "--output", f"report.{style}"],
        cwd=root,
        check=False,
        stdout=subprocess.DEVNULL,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def opened(file: Path) -> tuple[float, float]:
    """Seconds until Chromium has shown something, and until it has read the page; medians."""
    from playwright.sync_api import sync_playwright

    times: list[tuple[float, float]] = []
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for _ in range(RUNS):
            page = browser.new_page()
            page.goto(file.as_uri())
            page.wait_for_timeout(200)
            times.append((page.evaluate(PAINTED) / 1000, page.evaluate(READ) / 1000))
            page.close()
        browser.close()
    return statistics.median(one for one, _ in times), statistics.median(one for _, one in times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=100)
    parser.add_argument("--markdown", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        build(root, asked.pairs)
        plain, drawn = spent(root, "json"), spent(root, "html")
        page = root / "report.html"
        painted, read = opened(page)
        rows = (
            ("size of the page", f"{page.stat().st_size / 1e6:.1f} MB"),
            ("CPU to draw it, a pair", f"{(drawn - plain) / asked.pairs * 1000:.0f} ms"),
            ("CPU of the check without it, a pair", f"{plain / asked.pairs * 1000:.0f} ms"),
            ("first view in Chromium", f"{painted:.2f} s"),
            ("read to its end", f"{read:.2f} s"),
        )
        title = f"The page of {asked.pairs} pairs of {SIZE[0]} x {SIZE[1]} px"
        show([Table(title, ("what", "measured"), rows)], markdown=asked.markdown)


if __name__ == "__main__":
    main()
