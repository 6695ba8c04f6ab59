"""The pictures of the documentation: `python docs/picture.py` writes `docs/drift.jpg` and `docs/protected.jpg`.

The first, on the first screen of the README, is the contact sheet of `maskproof rank` over the two edits that
`maskproof demo` commits, so it shows what the program draws and measures today. The other one shows what their mask
leaves protected, as `maskproof mask --preview` draws it. JPEG, because they are a quarter of the size so.
"""

from __future__ import annotations

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


def main() -> None:
    """Draw them and put them beside this script."""
    with tempfile.TemporaryDirectory() as folder:
        Image.open(sheet(Path(folder))).convert("RGB").save(PICTURE, quality=82, optimize=True)
        Image.open(protected(Path(folder))).convert("RGB").save(PROTECTED, quality=82, optimize=True)


if __name__ == "__main__":
    main()
