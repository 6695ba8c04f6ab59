"""Broken and hostile files through the command line: each gets its answer, in 10 s and with 500 MB, and none passes for
what its collector says must not.

Labels that speak of decoding alone are held in tests/images/test_decode.py, those of sidecars and policies in
tests/test_documents.py, of LFS pointers in tests/repo/test_objects.py.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from processes import maskproof
from thirdparty import JUDGED, REFUSED, SHARED, rows

SECONDS, MEGABYTES = 10, 500
BASE = SHARED / "badinputs" / "generated" / "base.png"
DOCUMENTS = (".json", ".yaml", ".toml")
TOLD = {
    "generated/gama_darkens.png": "color-profile",
    "generated/palette_swapped.png": "outside-mask",
    "generated/srgb_then_chrm.png": "color-profile",
    "generated/cicp_pq.png": "color-profile",
    "generated/exif_orientation6.png": "outside-mask",
    "generated/polyglot_png_zip.png": "unreadable",
}
"""files whose note asks for a report of one thing, and the rule that reports it"""
PICTURES = rows("badinputs/badinputs.csv", lambda row: not row["file"].endswith(DOCUMENTS))


@pytest.mark.parametrize("row", PICTURES)
def test_a_file_gets_its_answer_within_bounds(row, tmp_path):
    ran = maskproof().run("compare", str(BASE), row["path"], "--format", "json", cwd=tmp_path)
    assert ran.cpu < SECONDS
    assert ran.memory < MEGABYTES
    report = json.loads(ran.stdout)
    rules = {finding["rule"] for finding in report["findings"]}
    assert ran.status == {"pass": 0, "block": 1, "unjudged": 3}[report["verdict"]]
    if row["expected"] == "refuse-too-large":
        assert (report["verdict"], rules) == ("unjudged", {"too-large"})
    elif row["file"] in JUDGED:
        assert report["verdict"] != "unjudged"
    elif row["expected"] == "clear-error" or row["file"] in REFUSED:
        assert report["verdict"] == "unjudged"
        assert row["file"].rpartition("/")[2] in report["findings"][0]["message"]
    if row["gate_note"].startswith("BLOCK"):
        assert report["verdict"] != "pass"
    if (rule := TOLD.get(row["file"])) is not None:
        assert rule in rules


@pytest.mark.parametrize("row", rows("badinputs/badinputs.csv", lambda row: row["file"] == "generated/base.png"))
def test_the_control_passes(row, tmp_path):
    assert maskproof().run("compare", row["path"], row["path"], cwd=tmp_path).status == 0
    assert Path(row["path"]) == BASE
