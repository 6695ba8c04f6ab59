"""`maskproof edit`, from the command line to a commit through the hook, against a server on this machine."""

from __future__ import annotations

import hashlib
import io
import json
import os
import pty
import re
import signal
import subprocess
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image, ImageCms

import openai_server as server_of
from maskproof import atomic, regions, restore
from maskproof.edit import candidates, inputs, jobs
from maskproof.edit.api import models
from maskproof.errors import CouldNotRestore
from maskproof.images import decode
from maskproof.repo import Repository
from maskproof.restore.blend import METHODS
from openai_server import edits
from painters import held, redrawn, rerendered, shifted, smaller, untouched
from processes import MASKPROOF, PATIENCE, start
from projects import HERO, MASK, SIZE, clean_environment, png

if TYPE_CHECKING:
    from maskproof.restore import Restored

BIG, BIG_MASK, OUT = "assets/wide.png", "assets/wide.mask.png", "assets/wide-edit.png"
BALL = ("--prompt", "a red ball")


@pytest.fixture
def server():
    with server_of.running() as made:
        made.answer(edits(held))
        yield made
    assert made.wrong == []


@pytest.fixture(scope="module")
def wide() -> Image.Image:
    """A textured picture of 1500 x 1001 px."""
    random = np.random.default_rng(7)
    layers = [
        np.asarray(
            Image.fromarray(random.integers(0, 256, (1001 // step + 1, 1500 // step + 1, 3), np.uint8)).resize(
                (1500, 1001), Image.Resampling.BICUBIC
            ),
            np.float32,
        )
        for step in (240, 60, 8)
    ]
    return Image.fromarray(np.clip(layers[0] * 0.6 + layers[1] * 0.3 + layers[2] * 0.1, 0, 255).astype(np.uint8))


@pytest.fixture
def big(project, wide):
    """A project with the wide picture and a small mask of it."""
    mask = Image.new("RGBA", wide.size, (0, 0, 0, 255))
    mask.paste((0, 0, 0, 0), (1100, 300, 1260, 420))
    project.write(BIG, png(wide))
    project.write(BIG_MASK, png(mask))
    project.commit("Add a wide picture")
    return project


def run(project, server, *arguments: str, **env: str):
    return project.maskproof("edit", *arguments, **(server.environment | env))


def hero(project, server, *arguments: str, **env: str):
    """An edit of the small picture that every project has."""
    return run(project, server, HERO, "--mask", MASK, "--mask-mode", "white", *BALL, *arguments, **env)


def record(project, path: str) -> dict:
    return json.loads((project.root / f"{path}.maskproof.json").read_text())


def tree(root: Path) -> dict[str, bytes]:
    return {str(one): one.read_bytes() for one in root.rglob("*") if one.is_file() and ".git" not in one.parts}


def outside_is_exact(project, out: str, original: str, mask: str, mode: str) -> bool:
    """Is every protected pixel of the edit the original's, transparency and low bytes included?"""
    before, after = (decode.decode((project.root / name).read_bytes(), name) for name in (original, out))
    planes = decode.decode_mask((project.root / mask).read_bytes(), mask)
    held = ~regions.editable(planes, mode, before.size)
    same = [
        (
            np.broadcast_to(255 if one is None else one, held.shape),
            np.broadcast_to(255 if two is None else two, held.shape),
        )
        for one, two in ((before.alpha, after.alpha),)
    ]
    same += [(before.samples, after.samples)]
    same += [(before.low, after.low)] if before.low is not None and after.low is not None else []
    return before.size == after.size and before.color == after.color and all((a == b)[held].all() for a, b in same)


# --- the whole way --------------------------------------------------------------------------------------------------


def test_the_best_of_four_candidates_is_restored_recorded_and_committed(big, server):
    server.answer(edits(rerendered, shifted, held, redrawn))
    done = run(big, server, BIG, "--mask", BIG_MASK, *BALL, "-n", "4")
    assert done.returncode == 0, done.stdout + done.stderr
    rows = re.findall(r"^ +(\d) +([\d.]+)  \S+ +candidate (\d)$", done.stdout, re.MULTILINE)
    drifts = [float(drift) for _, drift, _ in rows]
    assert len(rows) == 4
    assert drifts == sorted(drifts)
    assert rows[0][2] == "3"
    assert "Restored candidate 3" in done.stdout
    assert decode.decode((big.root / OUT).read_bytes(), OUT).size == (1500, 1001)
    assert outside_is_exact(big, OUT, BIG, BIG_MASK, "alpha")
    exact = big.maskproof("compare", BIG, OUT, "--mask", BIG_MASK, "--mask-mode", "alpha", "--level", "exact")
    assert exact.returncode == 0, exact.stdout
    command = re.search(r"-> (git add .*)", done.stdout)[1]
    big.run(*command.split())
    outcome = big.try_commit()
    assert outcome.status == 0, outcome.text
    assert outcome.counts == [(1, 1, 0, 0)]
    status, report = big.report("--all", OUT)
    assert status == 0
    assert next(one for one in report["images"] if one["path"] == OUT)["drift"] < 0.5


def test_only_a_crop_is_sent_for_a_small_mask_and_the_record_says_all_that_no_answer_repeats(big, server):
    done = run(big, server, BIG, "--mask", BIG_MASK, *BALL, "--model", "gpt-image-2.5-flare", "--quality", "max")
    told = record(big, OUT)
    x, y, width, height = told["transform"]["crop"]
    sent, before = server.seen[0].picture("image"), np.asarray(Image.open(big.root / BIG))
    assert (sent == before[y : y + height, x : x + width]).all()
    assert f"Sending {BIG} (the crop of {width} x {height} px at x {x}, y {y}, 44% of the picture)" in done.stdout
    assert told["original"]["path"] == BIG
    assert (told["tool"]["model"], told["tool"]["prompt"]) == ("gpt-image-2.5-flare", "a red ball")
    parameters = told["tool"]["parameters"]
    assert (parameters["n"], parameters["quality"], parameters["size"]) == (1, "max", f"{width}x{height}")
    assert parameters["request_id"] == server_of.REQUEST_ID
    assert parameters["usage"]["total_tokens"] == 5980
    assert told["restored"]["method"] in METHODS
    assert told["restored"]["from"] == hashlib.sha256(server.sent[0]).hexdigest()


def test_a_mask_that_is_not_committed_yet_is_named_with_what_to_commit(project, server):
    mask = Image.new("RGBA", SIZE, (0, 0, 0, 255))
    mask.paste((0, 0, 0, 0), (180, 60, 300, 180))
    project.write("assets/new.png", png(mask))
    done = run(project, server, HERO, "--mask", "assets/new.png", *BALL)
    command = re.search(r"-> (git add .*)", done.stdout)[1]
    assert command == "git add assets/hero-edit.png assets/hero-edit.png.maskproof.json assets/new.png"
    project.run(*command.split())
    outcome = project.try_commit()
    assert (outcome.status, outcome.counts) == (0, [(2, 1, 0, 0)]), outcome.text


def test_a_candidate_that_cannot_be_restored_is_passed_over(project, monkeypatch):
    job = jobs.from_options(
        original=str(project.root / HERO), mask=str(project.root / MASK), mask_mode="white", prompt="x"
    )
    base = inputs.prepare(Repository(project.root), job, models.lookup(job.model), inputs.EditOptions())
    sent = decode.decode(base.request.image, "sent").samples
    opened = decode.decode(base.request.mask, "mask").alpha == 0
    found, _ = candidates.place(base, [png(Image.fromarray(one(sent, opened))) for one in (held, redrawn)])
    order = candidates.rank_candidates(base, found)
    refused: list[str] = []

    def compose(*given: Any) -> Restored:
        if refused == [] or everything:
            refused.append("x")
            raise CouldNotRestore("the edit is warped")
        return restore.compose(*given)

    monkeypatch.setattr(candidates, "compose", compose)
    everything = False
    best, made = candidates.restore(base, order, found, "openai a-model")
    assert best is found[order[1].index]
    assert made.notes == ("candidate 1 was passed over: the edit is warped",)
    everything = True
    with pytest.raises(CouldNotRestore, match="no candidate can be restored"):
        candidates.restore(base, order, found, "openai a-model")


def test_an_edit_of_an_edit_is_held_against_the_first_original_too(project, server):
    assert hero(project, server, "-o", "assets/first.png").returncode == 0
    project.commit("The first edit")
    done = run(project, server, "assets/first.png", "--mask", MASK, "--mask-mode", "white", "--prompt", "a blue ball")
    assert done.returncode == 0, done.stdout + done.stderr
    assert record(project, "assets/first-edit.png")["parent"] == "assets/first.png.maskproof.json"
    project.stage()
    outcome = project.try_commit()
    assert (outcome.status, outcome.counts) == (0, [(1, 1, 0, 0)]), outcome.text


def test_a_shift_inside_the_crop_is_undone(big, server):
    server.answer(edits(shifted))
    done = run(big, server, BIG, "--mask", BIG_MASK, *BALL)
    assert done.returncode == 0, done.stdout
    assert "motion of 9.0 px across and 0.0 px down was undone" in done.stdout
    edit = np.asarray(Image.open(big.root / OUT)).astype(int)
    red = (edit[..., 0] > 150) & (edit[..., 1] < 60) & (edit[..., 2] < 70)
    columns = np.flatnonzero(red[300:420, 1100:1260].any(0))
    assert abs((columns[0] + columns[-1]) / 2 - 79.5) <= 1.5, "the ball stands in the middle of the mask again"


@pytest.mark.parametrize(
    ("options", "canvas", "painter", "says"),
    [
        (("--no-crop",), "1504x1008", rerendered, "padded to 1504 x 1008 px"),
        (("--model", "gpt-image-1.5"), "1536x1024", rerendered, "enlarged to 1536 x 1024 px"),
        (("--size", "1024x1024", "--crop"), "1024x1024", smaller, "and was scaled back"),
    ],
)
def test_whatever_was_sent_the_edit_has_the_originals_size_and_pixels(big, server, options, canvas, painter, says):
    server.answer(edits(painter))
    done = run(big, server, BIG, "--mask", BIG_MASK, *BALL, *options)
    assert server.seen[0].fields["size"] == canvas
    assert says in done.stdout
    assert outside_is_exact(big, OUT, BIG, BIG_MASK, "alpha"), done.stdout


def grey16(image: Image.Image) -> bytes:
    out = io.BytesIO()
    Image.fromarray(np.asarray(image.convert("L")).astype(np.uint16) * 257 + 13).save(out, "PNG")
    return out.getvalue()


def with_alpha(image: Image.Image) -> bytes:
    made = image.convert("RGBA")
    made.putalpha(Image.linear_gradient("L").resize(image.size))
    return png(made)


def with_profile(image: Image.Image) -> bytes:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return png(image, icc_profile=profile)


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (grey16, "x.png"),
        (with_alpha, "x.png"),
        (with_profile, "x.png"),
        (lambda image: png(image.quantize(64)), "x.png"),
        (lambda image: saved(image, "JPEG", quality=92), "x.jpg"),
        (lambda image: saved(image, "WEBP", lossless=True), "x.webp"),
    ],
    ids=["grey16", "alpha", "profile", "palette", "jpeg", "webp"],
)
def test_the_protected_pixels_are_the_originals_in_every_kind_of_file(project, server, kind, name):
    project.write(f"assets/{name}", kind(Image.open(io.BytesIO(project.pictures.original))))
    project.commit("Another kind")
    done = run(project, server, f"assets/{name}", "--mask", MASK, "--mask-mode", "white", *BALL, "-o", "assets/y.png")
    assert "Wrote assets/y.png" in done.stdout, done.stdout + done.stderr
    assert outside_is_exact(project, "assets/y.png", f"assets/{name}", MASK, "white")


def saved(image: Image.Image, kind: str, **options) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


# --- what protects --------------------------------------------------------------------------------------------------


def test_a_protected_area_inside_the_mask_is_closed_to_the_model(project, server):
    area = '[[areas]]\npaths = ["**"]\nname = "logo"\nkind = "brand"\nbox = [200, 80, 40, 30]\n'
    project.write("maskproof.toml", f"version = 1\n{area}")
    project.commit("Protect the logo")
    done = hero(project, server)
    assert "the protected area 'logo' inside the mask was excluded from the mask that is sent" in done.stdout
    scale = server.seen[0].picture("mask").shape[1] // SIZE[0]
    closed = server.seen[0].picture("mask")[80 * scale : 110 * scale, 200 * scale : 240 * scale, 3]
    assert (closed == 255).all()
    edit, before = (np.asarray(Image.open(project.root / name)) for name in ("assets/hero-edit.png", HERO))
    assert (edit[80:110, 200:240] == before[80:110, 200:240]).all()
    assert (edit[60:180, 180:300] != before[60:180, 180:300]).any()


@pytest.mark.parametrize(
    ("policy", "option", "status", "kept"),
    [
        ("", (), 0, True),
        ("", ("--no-store-prompt",), 0, False),
        ('prompt = "sha256"', (), 0, False),
        ('prompt = "sha256"', ("--store-prompt",), 2, None),
    ],
)
def test_the_policy_says_whether_a_prompt_is_kept(project, server, policy, option, status, kept):
    project.write("maskproof.toml", f"version = 1\n[defaults]\n{policy}\n")
    project.commit("Policy")
    done = hero(project, server, *option)
    assert done.returncode == status, done.stderr
    if kept is None:
        assert "keeps only the digest of prompts" in done.stderr
        assert server.seen == []
        return
    text = (project.root / "assets/hero-edit.png.maskproof.json").read_text()
    assert ("a red ball" in text) == kept
    assert (hashlib.sha256(b"a red ball").hexdigest() in text) != kept


# --- what is refused before anything is sent --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--mask", MASK), "does not say which part was editable"),
        (("--mask", MASK, "--mask-mode", "alpha"), "leaves nothing to edit"),
        (("--mask", "assets/none.png"), "assets/none.png cannot be read"),
        (("--mask", MASK, "--mask-mode", "white", "--size", "1000x1000"), "multiples of 16"),
        (("--mask", MASK, "--mask-mode", "white", "--size", "large"), "size is 'large': it must be"),
        (("--mask", MASK, "--mask-mode", "white", "-o", HERO), "is what the edit is made from"),
        (("--mask", MASK, "--mask-mode", "white", "-o", "none/x.png"), "there is no such folder"),
        (("--mask", MASK, "--mask-mode", "white", "-o", "README.md"), "README.md"),
        (("--mask", MASK, "--mask-mode", "white", "-o", "assets/x.bmp"), "assets/x.bmp"),
        (("--mask", MASK, "--mask-mode", "white", "-o", "assets/x.jpg"), "which rounds"),
        (("--mask", MASK, "--mask-mode", "white", "-o", "../x.png"), "lies outside this repository"),
        ((), "needs ORIGINAL, --mask and --prompt"),
        (("--manifest", "jobs.toml"), "--manifest names everything itself"),
    ],
)
def test_what_cannot_work_is_refused_before_anything_is_sent(project, server, arguments, says):
    before = tree(project.root)
    done = run(project, server, HERO, *BALL, *arguments)
    assert done.returncode == 2, done.stdout + done.stderr
    assert says in done.stderr
    assert server.seen == []
    assert tree(project.root) == before


def test_a_mask_that_the_policy_would_block_is_not_paid_for(project, server):
    project.write("maskproof.toml", "version = 1\n[defaults]\nmax_editable = 0.05\n")
    project.commit("Narrow masks")
    done = hero(project, server)
    assert done.returncode == 2
    assert "so the edit would be blocked" in done.stderr
    assert server.seen == []


def test_an_edit_that_is_there_is_replaced_only_when_told(project, server):
    project.write("assets/hero-edit.png", b"mine")
    done = hero(project, server)
    assert done.returncode == 2
    assert "is there already" in done.stderr
    assert server.seen == []
    assert hero(project, server, "--force").returncode == 0
    assert (project.root / "assets/hero-edit.png").read_bytes() != b"mine"


@pytest.mark.parametrize(
    ("answer", "status", "says"),
    [
        (server_of.REFUSED, 2, "refused the picture or the prompt"),
        (server_of.NO_CREDIT, 2, "no credit left"),
        (server_of.BROKEN, 3, "had an internal error"),
        (edits(held, cut=True), 3, "was lost"),
    ],
)
def test_nothing_is_written_when_no_picture_comes(project, server, answer, status, says):
    server.answer(answer)
    before = tree(project.root)
    done = hero(project, server)
    assert done.returncode == status
    assert says in done.stderr
    assert "-> " in done.stderr
    assert tree(project.root) == before


def test_a_picture_that_cannot_be_read_is_left_out(project, server):
    server.answer(server_of.pictures(b"no picture", held))
    done = hero(project, server, "-n", "3")
    assert done.returncode == 0, done.stderr
    assert "it was left out" in done.stdout
    assert "the server sent 2 of 3 candidates" in done.stdout
    server.answer(server_of.pictures(b"no picture"))
    done = hero(project, server, "-n", "2", "-o", "assets/other.png")
    assert done.returncode == 3
    assert "no picture that can be read" in done.stderr


def test_a_missing_key_is_said(project):
    done = project.maskproof("edit", HERO, "--mask", MASK, "--mask-mode", "white", *BALL, OPENAI_API_KEY="")
    assert done.returncode == 2
    assert "OPENAI_API_KEY" in done.stderr


def test_every_candidate_is_kept_when_asked(big, server, tmp_path):
    server.answer(edits(held, redrawn))
    run(big, server, BIG, "--mask", BIG_MASK, *BALL, "-n", "2", "--keep-candidates", str(tmp_path / "kept"))
    sizes = {one.name: decode.decode(one.read_bytes(), one.name).size for one in (tmp_path / "kept").iterdir()}
    assert len(sizes) == 4
    assert {size for name, size in sizes.items() if ".placed." in name} == {(1500, 1001)}
    assert len(set(sizes.values())) == 2


def test_an_edit_that_changed_nothing_is_not_the_best(project, server):
    server.answer(edits(untouched, held))
    done = hero(project, server, "-n", "2")
    assert "Restored candidate 2" in done.stdout


def test_progress_is_plain_lines_in_a_log_and_one_line_on_a_terminal(project, server):
    done = hero(project, server)
    assert done.stderr.splitlines()[-1] == "half-finished picture 2 of 2"
    assert "\r" not in done.stderr
    ours, theirs = pty.openpty()
    command = (*MASKPROOF, "edit", HERO, "--mask", MASK, "--mask-mode", "white", *BALL, "--force")
    subprocess.run(
        command,
        cwd=project.root,
        env=clean_environment() | server.environment,
        stdout=subprocess.DEVNULL,
        stderr=theirs,
        check=True,
    )
    os.close(theirs)
    shown = os.read(ours, 4096).decode()
    os.close(ours)
    assert "\r\x1b[Khalf-finished picture 2 of 2" in shown


# --- lists ------------------------------------------------------------------------------------------------------------


def listed(project, *jobs: str, name: str = "jobs.toml") -> None:
    base = f'[[jobs]]\noriginal = "{HERO}"\nmask = "{MASK}"\nmask_mode = "white"\n'
    project.write(name, "version = 1\n" + "".join(f"{base}{job}\n" for job in jobs))


def job(name: str, prompt: str = "a red ball", **more: object) -> str:
    fields = {"prompt": prompt, "out": f"assets/{name}.png", **more}
    return "\n".join(f"{key} = {json.dumps(value)}" for key, value in fields.items())


def test_a_list_is_made_and_made_again_only_where_something_is_missing(project, server):
    listed(project, job("one", model="gpt-image-1.5"), job("two", n=2))
    done = run(project, server, "--manifest", "jobs.toml")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "maskproof: 2 made, 0 made before, 0 not made, 0 left." in done.stdout
    assert len(server.seen) == 2
    project.run(*re.search(r"-> (git add .*)", done.stdout)[1].split())
    assert project.try_commit().counts == [(2, 2, 0, 0)]
    (project.root / "assets/two.png").write_bytes(b"lost")
    again = run(project, server, "--manifest", "jobs.toml", "--force")
    assert "maskproof: 1 made, 1 made before, 0 not made, 0 left." in again.stdout
    assert len(server.seen) == 3
    listed(project, job("one", "a blue ball"), job("two", n=2))
    changed = run(project, server, "--manifest", "jobs.toml")
    assert changed.returncode == 2
    assert "jobs[0]: assets/one.png and assets/one.png.maskproof.json are there already" in changed.stderr


def test_all_mistakes_of_a_list_are_told_at_once(project, server):
    project.write(
        "jobs.toml",
        'version = 1\n[[jobs]]\noriginal = "a.png"\nmusk = "b.png"\nprompt = ""\nn = 11\n'
        '[[jobs]]\noriginal = "a.png"\nmask = "b.png"\nprompt = "x"\nsize = "3x"\nmask_mode = "grey"\n',
    )
    done = run(project, server, "--manifest", "jobs.toml")
    assert done.returncode == 2
    for said in (
        "'jobs[0].musk' is unknown: did you mean 'mask'?",
        "jobs[0].prompt is ''",
        "jobs[0].n is 11: it must be a number of candidates from 1 to 10",
        "jobs[1].size is '3x'",
        "jobs[1].mask_mode is 'grey': it must be",
    ):
        assert said in done.stderr


def test_jobs_that_cannot_be_sent_are_told_at_once_and_none_is_sent(project, server):
    listed(project, job("one"), job("one"), job("two"))
    done = run(project, server, "--manifest", "jobs.toml")
    assert "two jobs write 'assets/one.png'" in done.stderr
    listed(project, job("one", mask="none.png").replace('out = "assets/one.png"', 'out = "gone/one.png"'), job("two"))
    text = (project.root / "jobs.toml").read_text().replace(f'mask = "{MASK}"\n', "", 1)
    project.write("jobs.toml", text)
    done = run(project, server, "--manifest", "jobs.toml")
    assert done.returncode == 2
    assert "jobs[0]: none.png cannot be read" in done.stderr
    assert server.seen == []


def test_one_job_that_fails_does_not_keep_the_others(project, server):
    server.answer(server_of.REFUSED, edits(held))
    listed(project, job("one"), job("two"))
    done = run(project, server, "--manifest", "jobs.toml", "--jobs", "1")
    assert done.returncode == 2
    assert "assets/one.png: not made: 127.0.0.1" in done.stdout
    assert "maskproof: 1 made, 0 made before, 1 not made, 0 left." in done.stdout
    assert "maskproof edit --manifest jobs.toml" in done.stdout


def running_list(project, server, at_a_time):
    """A list of edits being made, once the server has had its second question."""
    running = start(
        (*MASKPROOF, "edit", "--manifest", "jobs.toml", "--jobs", str(at_a_time)),
        cwd=project.root,
        env=clean_environment() | server.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    while len(server.seen) < 2:
        time.sleep(0.02)
        assert running.poll() is None, running.stderr.read()
    return running


def interrupted(running) -> str:
    """What it says of the interrupt that it is sent."""
    running.send_signal(signal.SIGINT)
    for line in running.stderr:
        if "stopping after" in line:
            return line
    raise AssertionError("the interrupt was not told")


def test_an_interrupt_waits_for_what_is_paid_for_and_says_what_is_left(project, server):
    paid = threading.Event()
    server.answer(server_of.after(paid, edits(held)))
    listed(project, *(job(str(number)) for number in range(3)))
    running = running_list(project, server, 2)
    assert "stopping after 2 answers under way" in interrupted(running)
    paid.set()
    out, err = running.communicate(timeout=PATIENCE)
    assert running.returncode == 130, out + err
    assert "maskproof: 2 made, 0 made before, 0 not made, 1 left." in out
    made = [name for name in "012" if (project.root / f"assets/{name}.png").exists()]
    assert len(made) == 2
    server.answer(edits(held))
    again = run(project, server, "--manifest", "jobs.toml")
    assert "maskproof: 1 made, 2 made before, 0 not made, 0 left." in again.stdout


def test_two_interrupts_leave_at_once_and_lose_nothing_that_is_written(project, server):
    never = threading.Event()
    server.answer(edits(held), server_of.after(never, edits(held)))
    listed(project, job("one"), job("two"), job("three"))
    running = running_list(project, server, 1)
    interrupted(running)
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=PATIENCE)
    never.set()
    assert running.returncode == 130, out + err
    assert "left at once" in err
    assert "maskproof: 1 made, 0 made before, 0 not made, 2 left." in out


# --- files that belong together ---------------------------------------------------------------------------------------


def test_of_two_files_none_is_replaced_when_one_does_not_fit(tmp_path):
    (tmp_path / "a").write_bytes(b"old")
    with pytest.raises(OSError, match="No such file"):
        atomic.write_together((tmp_path / "a", b"new"), (tmp_path / "none" / "b", b"new"))
    assert (tmp_path / "a").read_bytes() == b"old"
    assert [one.name for one in tmp_path.iterdir()] == ["a"]


def test_a_crash_between_two_files_leaves_the_first_new_and_the_second_as_it_was(tmp_path, monkeypatch):
    replaced, real = [], Path.replace

    def replace(self: Path, target: Path) -> None:
        if replaced:
            raise KeyboardInterrupt
        replaced.append(target)
        real(self, target)

    for name in "ab":
        (tmp_path / name).write_bytes(b"old")
    monkeypatch.setattr(Path, "replace", replace)
    with pytest.raises(KeyboardInterrupt):
        atomic.write_together((tmp_path / "a", b"new"), (tmp_path / "b", b"new"))
    assert [(tmp_path / name).read_bytes() for name in "ab"] == [b"new", b"old"]
    assert sorted(one.name for one in tmp_path.iterdir()) == ["a", "b"]
