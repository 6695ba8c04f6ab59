"""The rule `unmarked`, and `maskproof mark`, which answers it: in real repositories, through the command line."""

from __future__ import annotations

import io
import json
import shlex

import numpy as np
import pytest
from PIL import Image

from fixture_cases import judged
from maskproof import evidence, marks
from pictures import chunk, jpeg_segment, saved
from projects import MASKPROOF, SPRING, png, sha256

SIDECAR = f"{SPRING}.maskproof.json"
ROW = """version = 1
[defaults]
unmarked = "warn"
unrecorded = "off"
[[derived]]
master = "assets/{name}.png"
paths = ["public/{name}-{width}.png"]
"""
ASKED = 'version = 1\n[defaults]\nunmarked = "{}"\n'


def mark(project, *arguments):
    done = project.run(*MASKPROOF, "mark", *arguments, ok=False)
    return done.returncode, done.stdout + done.stderr


def rules(project):
    status, report = project.report()
    found = [one for image in report["images"] for one in image["findings"] if one["rule"] == "unmarked"]
    return status, [(one["severity"], one["advice"]) for one in found]


def test_a_recorded_edit_whose_file_says_nothing_is_told() -> None:
    found = judged("pass/unmarked")
    assert found.the("unmarked")["severity"] == "warn"


def test_any_mark_that_counts_is_one() -> None:
    assert judged("pass/marked").findings == []


@pytest.fixture
def unmarked(project):
    """A held edit whose file says nothing, under a policy that blocks that."""
    project.write("maskproof.toml", ASKED.format("block"))
    project.commit("Policy")
    project.edit()
    project.stage()
    return project


def test_it_is_found_marked_undone_and_found_again(unmarked):
    before = {name: (unmarked.root / name).read_bytes() for name in (SPRING, SIDECAR)}
    status, ((severity, advice),) = rules(unmarked)
    assert (status, severity) == (1, "block")
    status, text = mark(unmarked, *shlex.split(advice.rpartition("`maskproof mark ")[2].rstrip("`.")))
    assert status == 0, text
    data = (unmarked.root / SPRING).read_bytes()
    assert json.loads((unmarked.root / SIDECAR).read_bytes())["image"]["sha256"] == sha256(data)
    assert evidence.is_ai(evidence.assess(data, SPRING)) is True
    pixels = [np.asarray(Image.open(io.BytesIO(one))) for one in (before[SPRING], data)]
    assert np.array_equal(*pixels)
    assert mark(unmarked, "assets")[1].startswith(f"{SPRING}: the file says it already")
    unmarked.stage()
    assert rules(unmarked) == (0, [])
    assert mark(unmarked, "--undo", SPRING)[0] == 0
    assert {name: (unmarked.root / name).read_bytes() for name in before} == before


def test_a_folder_means_its_recorded_pictures_wherever_their_records_lie(unmarked):
    unmarked.write("maskproof.toml", ASKED.format("block") + '[records]\nfolder = ".maskproof/records"\n')
    unmarked.stage()
    unmarked.write("assets/plain.png", unmarked.pictures.drifted)
    assert unmarked.maskproof("record", "--move").returncode == 0
    assert not (unmarked.root / SIDECAR).exists()
    status, said = mark(unmarked, "assets")
    assert (status, f"{SPRING}: marked" in said, "plain.png" in said) == (0, True, False), said


def test_an_interrupted_run_is_ended_by_the_next(unmarked):
    before = (unmarked.root / SPRING).read_bytes()
    mark(unmarked, SPRING)
    after = (unmarked.root / SPRING).read_bytes()
    unmarked.write(SPRING, before)
    status, text = mark(unmarked, SPRING)
    assert (status, (unmarked.root / SPRING).read_bytes()) == (0, after), text


@pytest.mark.parametrize(("asked", "status", "said"), [("off", 0, []), ("warn", 0, ["warn"])])
def test_policy_says_what_it_does(project, asked, status, said):
    project.write("maskproof.toml", ASKED.format(asked))
    project.commit("Policy")
    project.edit()
    project.stage()
    found = rules(project)
    assert (found[0], [one[0] for one in found[1]]) == (status, said)


def test_people_s_work_is_not_asked(project):
    project.write("maskproof.toml", ASKED.format("block"))
    project.commit("Policy")
    project.edit(origin="manual")
    project.stage()
    assert rules(project)[1] == []
    assert "names no model" in mark(project, SPRING)[1]


@pytest.mark.parametrize("recorded", [True, False])
def test_exports_of_a_marked_master_are_told_as_one(project, recorded):
    project.write("maskproof.toml", ROW)
    project.commit("Policy")
    if recorded:
        project.edit("held")
    else:
        project.write(SPRING, project.pictures.held)
    data, _ = marks.put((project.root / SPRING).read_bytes(), SPRING, {marks.SOURCE_TYPE: marks.CODES + marks.EDITED})
    project.write(SPRING, data)
    if recorded:
        project.write(f"{SPRING}.maskproof.json", project.record(data))
    exports = [f"public/spring-{width}.png" for width in (320, 321, 322, 323)]
    for path in exports:
        project.write(path, png(Image.open(io.BytesIO(project.pictures.held))))
    project.stage()
    outcome = project.check()
    text = " ".join(outcome.text.split())
    assert text.count("unmarked: ") == 1
    assert "unmarked: 4 images" in text
    said = f"the record of its master {SPRING} says" if recorded else f"its master {SPRING} says itself that a model"
    assert said in text


def test_what_is_told_of_the_master_is_not_told_of_its_exports(project):
    project.write("maskproof.toml", ROW)
    project.commit("Policy")
    project.edit("held")
    project.write("public/spring-320.png", png(Image.open(io.BytesIO(project.pictures.held))))
    project.stage()
    _, report = project.report()
    told = {one["path"] for one in report["images"] for found in one["findings"] if found["rule"] == "unmarked"}
    assert told == {SPRING}


def test_an_export_is_told_and_marked_by_the_record_of_its_master(project):
    project.write("maskproof.toml", ASKED.format("block"))
    project.edit()
    assert mark(project, SPRING)[0] == 0
    project.commit("A marked master")
    export = "assets/web.webp"
    master = {"path": SPRING, **project.original((project.root / SPRING).read_bytes())}
    data = saved(Image.open(io.BytesIO(project.pictures.held)), "WEBP", lossless=True)
    project.write(export, data)
    project.write(f"{export}.maskproof.json", project.record(data, origin="derived", original=master, mask=None))
    project.stage()
    status, ((severity, advice),) = rules(project)
    assert (status, severity, f"maskproof mark {export}" in advice) == (1, "block", True)
    assert mark(project, export)[0] == 0
    project.stage()
    assert rules(project) == (0, [])


def test_what_cannot_be_marked_is_told_and_left_alone(unmarked):
    held = unmarked.pictures.held
    signed = held[:33] + chunk(b"caBX", b"\0\0\0\x10jumbc2pa-store") + held[33:]
    plain = saved(Image.open(io.BytesIO(held)).convert("RGB"), "JPEG", quality=95)
    phone = plain[:2] + jpeg_segment(0xE2, b"MPF\0II*\0\x08\0\0\0") + plain[2:]
    cases = {
        "assets/no-record.png": (held, None, "it has no record"),
        "assets/signed.png": (signed, unmarked.record(signed), "would break their signature"),
        "assets/other.png": (held, unmarked.record(signed), "was written for other bytes"),
        "assets/phone.jpg": (phone, unmarked.record(phone), "further pictures lie behind it"),
        "assets/a.gif": ((gif := saved(Image.open(io.BytesIO(held)), "GIF")), unmarked.record(gif), "holds no marks"),
    }
    for path, (data, record, _) in cases.items():
        unmarked.write(path, data)
        if record is not None:
            unmarked.write(f"{path}.maskproof.json", record)
    status, text = mark(unmarked, *cases)
    assert status == 1
    for path, (data, _, says) in cases.items():
        assert says in text
        assert (unmarked.root / path).read_bytes() == data


def test_a_broken_exif_block_stays_as_it_is(unmarked):
    block = b"MM\0*\xff\xff\xff\xff"
    held = unmarked.pictures.held
    data = held[:33] + chunk(b"eXIf", block) + held[33:]
    unmarked.write(SPRING, data)
    unmarked.write(SIDECAR, unmarked.record(data))
    status, text = mark(unmarked, SPRING)
    assert (status, "marked, every pixel is as it was" in text) == (0, True), text
    made = (unmarked.root / SPRING).read_bytes()
    assert chunk(b"eXIf", block) in made
    assert evidence.is_ai(evidence.assess(made, SPRING)) is True


def test_of_contradictory_marks_the_record_decides_and_one_that_says_ai_is_enough(unmarked):
    """A camera's own mark makes way for the record's; where one mark says AI already, the file says it."""
    camera = {marks.SOURCE_TYPE: f"{marks.CODES}digitalCapture"}
    data, _ = marks.put(unmarked.pictures.held, SPRING, camera)
    unmarked.write(SPRING, data)
    unmarked.write(SIDECAR, unmarked.record(data))
    assert evidence.is_ai(evidence.assess(data, SPRING)) is False
    unmarked.stage()
    assert [one[0] for one in rules(unmarked)[1]] == ["block"]
    assert mark(unmarked, SPRING)[0] == 0
    signs = evidence.assess((unmarked.root / SPRING).read_bytes(), SPRING)
    assert (evidence.is_ai(signs), "digitalCapture" in str(signs)) == (True, False)
    both, _ = marks.put(unmarked.pictures.marked, SPRING, camera)
    unmarked.write(SPRING, both)
    unmarked.write(SIDECAR, unmarked.record(both))
    assert "the file says it already" in mark(unmarked, SPRING)[1]
