"""What public bug reports of neighbouring tools showed to fail, each under its kind: command, status, words.

The inputs lie outside the project (`reports/`, a folder each with its README). A fault that came back under another
name would not be met here: each kind has its own tests where its code is.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from processes import maskproof
from projects import Scratch, png

if TYPE_CHECKING:
    from pathlib import Path

WHITE = ("--mask", "mask.png", "--mask-mode", "white")
COMPARED = [
    ("01-spared-text-line", ("compare", "original.jpg", "edit.jpg", *WHITE), 1, "outside-mask"),
    ("02-strip", ("compare", "original.png", "edit.png", *WHITE), 1, "a part too small for windows differs"),
    ("02-strip", ("compare", "original.png", "edit.png", *WHITE, "--level", "strict"), 1, "outside-mask"),
    ("04-thin-tall-crash", ("compare", "original.png", "edit.png"), 0, "edit.png: passes"),
    ("05-mpf-jpeg", ("compare", "original.jpg", "edit.png", *WHITE), 0, "gain-map"),
    ("06-compressed-text", ("compare", "original.png", "edit.png", *WHITE), 0, "edit.png: passes"),
    ("07-mflux", ("explain", "--stealth", "edit.png"), 0, "says that mflux made it from 'hero.png'"),
    ("08-comfy-nodes", ("explain", "--stealth", "wan-i2i.png"), 0, "says that ComfyUI made it from 'hero.png'"),
    ("08-comfy-nodes", ("explain", "--stealth", "facedetailer.png"), 0, "says that ComfyUI made it from 'hero.png'"),
    ("10-crlf-mangled-png", ("compare", "edit.png", "edit.png"), 3, "line ends were converted"),
    (
        "14-small-declared-area",
        ("compare", "original.jpg", "edit.jpg", *WHITE, "--policy", "maskproof.toml"),
        1,
        "x text: ",
    ),
]
COMPOSED, DECOMPOSED = "caf\u00e9", "cafe\u0301"


def told(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize(
    ("report", "command", "status", "said"), COMPARED, ids=[f"{row[0]} {' '.join(row[1][-2:])}" for row in COMPARED]
)
def test_a_report_gets_its_answer(report, command, status, said, shared, tmp_path):
    shutil.copytree(shared / "reports" / report, tmp_path / "here")
    ran = maskproof().run(*command, cwd=tmp_path / "here")
    assert (ran.status, said in told(ran.stdout + ran.stderr)) == (status, True)


def put(scratch: Scratch, folder: Path, files: dict[str, str]) -> None:
    for path, file in files.items():
        scratch.write(path, (folder / file).read_bytes())


def recorded(scratch: Scratch, folder: str, *more: str) -> None:
    """An edit, its original and its mask in a folder, recorded and staged."""
    mask = ("--mask", f"{folder}mask.png", "--mask-mode", "white")
    ran = scratch.maskproof("record", f"{folder}edit.png", "--original", f"{folder}original.png", *mask, *more)
    assert ran.returncode == 0, ran.stderr
    scratch.git("add", "-A")


class TestInRepositories:
    def test_03_a_mask_of_the_padded_canvas(self, scratch, shared):
        folder = shared / "reports/03-pad-mask"
        put(scratch, folder, {"original.png": "original.png", "mask.png": "mask.png"})
        scratch.commit("Original and mask")
        put(scratch, folder, {"edit.png": "edit.png"})
        recorded(scratch, "", "--pad", *(folder / "pad").read_text().split())
        outcome = scratch.maskproof("check")
        assert (outcome.returncode, "outside-mask" in outcome.stdout) == (1, True)

    def test_04_an_ordinary_commit_of_a_thin_picture(self, scratch, shared):
        folder = shared / "reports/04-thin-tall-crash"
        put(scratch, folder, {"bg.png": "original.png"})
        scratch.commit("A gradient")
        put(scratch, folder, {"bg.png": "edit.png"})
        scratch.git("add", "-A")
        assert scratch.maskproof("check").returncode == 0

    def test_05_a_phones_jpeg_is_recorded(self, scratch, shared):
        folder = shared / "reports/05-mpf-jpeg"
        put(scratch, folder, {"original.jpg": "original.jpg", "mask.png": "mask.png"})
        scratch.commit("Original and mask")
        put(scratch, folder, {"edit.png": "edit.png"})
        ran = scratch.maskproof("record", "edit.png", "--original", "original.jpg", *WHITE)
        assert ran.returncode == 0
        scratch.git("add", "-A")
        assert scratch.maskproof("check").returncode == 0

    def test_09_a_policy_behind_a_byte_order_mark(self, scratch, shared):
        put(scratch, shared / "reports/09-bom", {"maskproof.toml": "maskproof.toml"})
        scratch.git("add", "-A")
        assert scratch.maskproof("check").returncode == 0

    @pytest.mark.parametrize(("folder", "paths"), [(DECOMPOSED, COMPOSED), (COMPOSED, DECOMPOSED)])
    def test_13_a_policy_in_the_other_unicode_form(self, scratch, shared, folder, paths):
        files = ("original.png", "mask.png")
        put(scratch, shared / "reports/13-nfd-policy", {f"{folder}/{one}": one for one in files})
        area = 'name = "logo"\nkind = "brand"\nbox = [30, 30, 121, 61]\n'
        scratch.write("maskproof.toml", f'version = 1\n[[areas]]\npaths = ["{paths}/**"]\n{area}')
        scratch.commit("Original, mask and policy")
        put(scratch, shared / "reports/13-nfd-policy", {f"{folder}/edit.png": "edit.png"})
        recorded(scratch, f"{folder}/")
        outcome = scratch.maskproof("check")
        assert (outcome.returncode, "in logo" in told(outcome.stdout)) == (1, True)

    def test_a_thumbnail_of_a_good_edit_as_an_edit_and_as_an_export(self, scratch, shared):
        folder = shared / "cases/sdcpp__catsign-boogu"
        put(scratch, folder, {"original.png": "original.png", "mask.png": "mask.png", "edit.png": "edit.png"})
        scratch.commit("Original, mask and a good edit")
        recorded(scratch, "")
        with Image.open(folder / "edit.png") as edit:
            thumbnail = png(edit.convert("RGB").resize((128, 128), Image.Resampling.LANCZOS))
        scratch.write("thumb.png", thumbnail)
        assert scratch.maskproof("record", "thumb.png", "--derived", "--original", "edit.png").returncode == 0
        scratch.write("small.png", thumbnail)
        record = scratch.maskproof("record", "small.png", "--original", "original.png", *WHITE)
        assert record.returncode == 0, record.stderr
        scratch.git("add", "-A")
        outcome = scratch.maskproof("check", "--all")
        assert (outcome.returncode, "3 compared, 0 blocked" in outcome.stdout) == (0, True), outcome.stdout

    def test_12_a_repository_with_longer_ids(self, tmp_path, shared):
        root = tmp_path / "longer"
        root.mkdir()
        scratch = Scratch(root)
        scratch.git("init", "-q", "-b", "main", "--object-format=sha256")
        folder = shared / "cases/sdcpp__catsign-qwen"
        put(scratch, folder, {"original.png": "original.png", "mask.png": "mask.png"})
        scratch.commit("Original and mask")
        put(scratch, folder, {"edit.png": "edit.png"})
        recorded(scratch, "")
        ran = scratch.maskproof("check")
        assert (ran.returncode in {0, 1}, "1 compared" in ran.stdout, "0 not judged" in ran.stdout) == (True,) * 3
