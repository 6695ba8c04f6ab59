"""Stories: whole weeks of teams, through the hook as it ships. `pytest -s` on this file prints what each would read.

Each line that is asserted is one that somebody needs, and each silence is one that somebody earned: an honest step
prints nothing, or one thing to do.
"""

from __future__ import annotations

import csv
import io
import json
import shlex
import shutil
from dataclasses import dataclass

import pytest
from PIL import Image, ImageDraw, PngImagePlugin

from projects import COUNTS, HERO, MASK, OPENED, SPRING, Outcome, Project, png, texture

pytestmark = pytest.mark.acceptance

QUIET = {"maskproof (AI edits keep what their mask protects)", "- hook id: maskproof", "- duration:"}
"""what pre-commit itself prints of a hook that passes"""
SOMEBODY_ELSE = {
    f"GIT_{role}_{key}": f"rae{end}"
    for role in ("AUTHOR", "COMMITTER")
    for key, end in (("NAME", ""), ("EMAIL", "@example.org"))
}


@dataclass(frozen=True)
class Told:
    """A project whose steps are printed."""

    project: Project

    def run(self, *arguments: str, **env: str) -> Outcome:
        """Run maskproof and print what it says."""
        return self._told("maskproof", *arguments, outcome=Outcome.of(self.project.maskproof(*arguments, **env)))

    def commit(self, what: str, **env: str) -> Outcome:
        """Stage and commit everything with the hook on."""
        self.project.git("add", "-A")
        outcome = Outcome.of(self.project.git("commit", "-qm", what, ok=False, **env))
        return self._told("git", "commit", "-m", what, outcome=outcome)

    def honest(self, what: str, **env: str) -> None:
        """A commit that passes with nothing of ours to read but how much was looked at."""
        done = self.commit(what, **env)
        assert (done.status, COUNTS.sub("", ours(done)).strip()) == (0, ""), done.text

    def _told(self, *command: str, outcome: Outcome) -> Outcome:
        print(f"\n$ {shlex.join(command)}   [{outcome.status}]\n{ours(outcome)}".rstrip())
        return outcome


def ours(outcome: Outcome) -> str:
    """What was printed, without what pre-commit says of any hook that passes."""
    lines = (line for line in outcome.text.splitlines() if not any(line.startswith(one) for one in QUIET))
    return "\n".join(lines).strip()


@pytest.fixture
def told(project):
    return Told(project)


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data)).convert("RGB")


def says_ai(image: Image.Image) -> bytes:
    """The picture in a file that says that AI made it."""
    says = PngImagePlugin.PngInfo()
    says.add_text("parameters", "a meadow\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1, Size: 320x240, Model: x")
    return png(image, pnginfo=says)


def edited(image: Image.Image, seed: int) -> Image.Image:
    """Another motif where the mask is open, as a careful model would leave it."""
    left, top, right, bottom = OPENED
    box = (left + 20, top + 20, right - 20, bottom - 20)
    done = image.copy()
    done.paste(texture(seed).crop(box), box[:2])
    return done


def record(told: Told, path: str, *arguments: str, ok: int = 0) -> Outcome:
    done = told.run("record", path, *arguments)
    assert done.status == ok, done.text
    return done


MASKED = ("--original", HERO, "--mask", MASK, "--mask-mode", "white")


# --- a front end: 40 pictures, LFS, lossless optimizing, three sizes ------------------------------------------------

DERIVED = """version = 1
[defaults]
unrecorded = "block"
[[derived]]
master = "assets/{name}.png"
paths = ["public/{name}-{width}.webp"]
"""
SIZES = (160, 240, 320)


def exported(project: Project, name: str, image: Image.Image) -> None:
    """What `npm run images` writes."""
    for width in SIZES:
        file = io.BytesIO()
        image.resize((width, width * 3 // 4), Image.Resampling.LANCZOS).save(file, "WEBP", quality=90)
        project.write(f"public/{name}-{width}.webp", file.getvalue())


@pytest.mark.skipif(shutil.which("git-lfs") is None, reason="Git LFS is not installed")
def test_a_front_end_with_lfs_optimizing_and_exports(told):
    project = told.project
    for key, value in {"process": "git-lfs filter-process", "required": "true"}.items():
        project.git("config", f"filter.lfs.{key}", value)
    project.write(
        ".gitattributes", "*.png filter=lfs diff=lfs merge=lfs -text\n*.webp filter=lfs diff=lfs merge=lfs -text\n"
    )
    project.write("maskproof.toml", DERIVED)
    for number in range(40):
        project.write(f"assets/p{number:02}.png", png(texture(100 + number)))
        exported(project, f"p{number:02}", texture(100 + number))
    project.git("add", "--renormalize", ".")
    project.commit("Forty pictures and their exports")

    print("\n# an edit and its three exports: one record")
    spring = edited(opened(project.pictures.original), 2)
    project.write(SPRING, says_ai(spring))
    exported(project, "spring", spring)
    record(told, SPRING, *MASKED)
    told.honest("Spring, with its exports")

    print("\n# the optimizer runs over all pictures; pixels stay")
    for path in sorted((project.root / "assets").glob("*.png")):
        Image.open(path).save(path, optimize=True)
    stale = told.commit("Optimize")
    assert stale.status == 1
    assert stale.text.count("maskproof record") >= 1
    record(told, SPRING)
    assert told.commit("Optimize, and renew the record").status == 0

    print("\n# an export that was touched up by a model by itself")
    wrong = spring.copy()
    wrong.paste((255, 210, 0), (10, 10, 110, 90))
    file = io.BytesIO()
    wrong.resize((240, 180), Image.Resampling.LANCZOS).save(file, "WEBP", quality=90)
    project.write("public/spring-240.webp", file.getvalue())
    blocked = told.commit("A brighter export")
    assert blocked.status == 1
    assert "does not show its master assets/spring.png" in " ".join(blocked.text.split())


# --- a brand: twelve real edits, three kinds of areas, work by hand, an accepted drift ------------------------------

EDITS = (
    "inpaint-anything/baseball-0", "inpaint-anything/boat-1", "inpaint-anything/dog-0", "brushnet/example1",
    "step1x/0000-en", "neo-dalle2/edit", "simple-lama/test1", "aceplus/local", "iopaint/unwant_object",
    "iopaint/unwant_text", "sdcpp/catsign-boogu", "inpaint-anything/bridge-1",
)  # fmt: skip
SPILLED = "sdcpp/catsign-qwen"


def test_a_brand_with_areas_work_by_hand_and_an_accepted_drift(told, shared):
    project = told.project
    with (shared / "cases" / "cases.csv").open(encoding="utf-8") as table:
        rows = {row["case"]: row for row in csv.DictReader(table)}

    def taken(case: str, key: str) -> str:
        source = shared / "cases" / rows[case][key]
        path = f"brand/{case.replace('/', '-')}{'' if key == 'edit' else '.' + key}{source.suffix}"
        project.write(path, source.read_bytes())
        return path

    project.git("rm", "-rqf", "assets")
    originals = {case: taken(case, "original") for case in (*EDITS, SPILLED)}
    first = Image.open(project.root / originals["sdcpp/catsign-boogu"]).convert("RGB")
    project.write("brand/logo.png", png(first.crop((20, 20, 84, 84))))
    project.write("maskproof.toml", BRAND)
    project.commit("The campaign's photographs")

    print("\n# twelve edits, recorded and committed")
    for case in EDITS:
        record(
            told,
            taken(case, "edit"),
            "--original",
            originals[case],
            "--mask",
            taken(case, "mask"),
            "--mask-mode",
            rows[case]["mask_mode"],
        )
    assert told.commit("Twelve edits").status == 0

    print("\n# one that the model redrew")
    edit = taken(SPILLED, "edit")
    record(told, edit, "--original", originals[SPILLED], "--mask", taken(SPILLED, "mask"), "--mask-mode", "white")
    assert told.commit("The cat's sign").status == 1

    print("\n# it is meant so: somebody else accepts it")
    accepted = told.run("approve", edit, "--reason", "New light, agreed with the brand team", **SOMEBODY_ELSE)
    assert accepted.status == 0, accepted.text
    assert told.commit("The cat's sign, accepted").status == 0

    print("\n# a designer retouches a photograph by hand")
    photograph = originals["inpaint-anything/dog-0"]
    picture = Image.open(project.root / photograph).convert("RGB")
    ImageDraw.Draw(picture).ellipse((30, 30, 90, 90), fill=(200, 20, 30))
    project.write("brand/dog-badge.png", png(picture))
    by_hand = told.commit("A badge")
    assert by_hand.status == 1
    assert "--manual" in by_hand.text
    record(told, "brand/dog-badge.png", "--manual", "--original", photograph)
    told.commit("A badge, by hand")
    told.run("approve", "brand/dog-badge.png", "--reason", "The badge is ours", **SOMEBODY_ELSE)
    assert told.commit("A badge, by hand and accepted").status == 0
    told.run("status")


BRAND = """version = 1
[defaults]
unrecorded = "block"
[[areas]]
paths = ["brand/inpaint-anything-boat-1*"]
name = "sky line"
kind = "product"
box = [0, 0, 60, 60]
[[areas]]
paths = ["brand/inpaint-anything-dog-0*"]
name = "corner"
kind = "brand"
polygon = [[0, 0], [80, 0], [0, 80]]
[[areas]]
paths = ["brand/sdcpp-*"]
name = "logo"
kind = "brand"
find = "brand/logo.png"
"""


# --- a required check: a queue, a fork, a policy that loosens, thirty edits -----------------------------------------


THIRTY = 30


def test_a_required_check_with_a_queue_a_fork_and_a_policy_that_loosens(told):
    project = told.project
    project.write("maskproof.toml", 'version = 1\n[defaults]\nlevel = "strict"\nunrecorded = "block"\n')
    project.commit("Base")
    project.branch_off()
    hero = opened(project.pictures.original)
    for number in range(THIRTY):
        project.write(f"shop/e{number:02}.png", png(edited(hero, 40 + number)))
        project.write(
            f"shop/e{number:02}.png.maskproof.json",
            project.record((project.root / f"shop/e{number:02}.png").read_bytes()),
        )

    print("\n# thirty edits in a pull request")
    told.honest("Thirty edits")
    assert on_github(told, "pull_request").status == 0

    print("\n# one of them is made anew, and spills; the same change loosens the policy")
    project.edit("drifted", "shop/e07.png")
    project.write("maskproof.toml", 'version = 1\n[defaults]\nunrecorded = "off"\n[limits.outside-mask]\nlight = 99\n')
    project.commit("Loosen")
    loosened = on_github(told, "pull_request")
    assert loosened.status == 1
    assert loosened.counts[-1][2] >= 1
    assert "policy-loosened" in loosened.text

    print("\n# the same from a fork, judged by a job that runs from the base")
    assert on_github(told, "pull_request_target").status == 1

    print("\n# mended, in a merge queue")
    project.edit("held", "shop/e07.png")
    project.git("checkout", "-q", "main", "--", "maskproof.toml")
    project.commit("Mend")
    queued = on_github(told, "merge_group")
    assert queued.status == 0, queued.text


def on_github(told: Told, event: str) -> Outcome:
    """What a job on GitHub runs for the branch `pr` against `main`: `range`, then `check` with what it prints."""
    project = told.project
    base, head = (project.git("rev-parse", ref).stdout.strip() for ref in ("main", "pr"))
    project.git("checkout", "-q", "-f", "-B", "result", "main")
    project.git("merge", "-q", "--no-ff", "--no-verify", "-m", "Merge", "pr")
    merge = project.git("rev-parse", "HEAD").stdout.strip()
    project.git("update-ref", "refs/remotes/origin/main", base)
    project.git("update-ref", "refs/remotes/origin/pull/7/merge", merge)
    pull = {"number": 7, "base": {"sha": base, "ref": "main"}, "head": {"sha": head, "ref": "pr"}}
    group = {"base_sha": base, "head_sha": merge, "base_ref": "refs/heads/main"}
    payload = {"merge_group": group} if event == "merge_group" else {"number": 7, "pull_request": pull}
    file = project.root.parent / f"{event}.json"
    file.write_text(json.dumps({**payload, "repository": {"default_branch": "main"}}))
    sha = base if event == "pull_request_target" else merge
    env = {
        "GITHUB_ACTIONS": "true",
        "CI": "true",
        "GITHUB_EVENT_NAME": event,
        "GITHUB_EVENT_PATH": str(file),
        "GITHUB_SHA": sha,
    }
    if event == "pull_request_target":
        project.git("checkout", "-q", "-f", "--detach", base)
    asked = told.run("range", **env)
    assert asked.status == 0, asked.text
    judged = told.run("check", *asked.text.split(), **env)
    project.git("checkout", "-q", "-f", "pr")
    return judged


# --- a rollout: 300 pictures of which 80 are AI, and the first week -------------------------------------------------


def test_a_rollout_and_a_first_week_without_a_needless_stop(told):
    project = told.project
    for number in range(300):
        image = texture(1000 + number)
        project.write(f"site/{number:03}.png", says_ai(image) if number < 80 else png(image))
    project.commit("Years of pictures")
    done = told.run("init", "--owner", "@acme/design")
    assert done.status == 0, done.text
    assert "80 pictures of 302" in done.text
    project.install()  # in place of the entry that `init` wrote, which would fetch the hook
    assert told.commit("Guard the pictures").status == 0

    print("\n# Monday: photographs, and a text")
    project.write("site/photo-a.png", png(texture(2001)))
    project.write("README.md", "More words\n")
    told.honest("Two photographs")
    print("\n# Tuesday: an edit of an old picture, with its record")
    old = "site/200.png"
    image = Image.open(project.root / old).convert("RGB")
    project.write("site/summer.png", says_ai(edited(image, 7)))
    shutil.copy(project.root / MASK, project.root / "site/summer.mask.png")
    record(told, "site/summer.png", "--original", old, "--mask", "site/summer.mask.png", "--mask-mode", "white")
    assert told.commit("Summer").status == 0
    print("\n# Wednesday: a generated picture, and one by hand")
    project.write("site/abstract.png", says_ai(texture(2002)))
    record(told, "site/abstract.png", "--generated")
    project.write("site/drawn.png", png(texture(2003)))
    record(told, "site/drawn.png", "--manual")
    told.honest("A generated picture and a drawing")
    print("\n# Thursday: folders are tidied, a photograph goes")
    project.git("mv", "site/210.png", "site/lake.png")
    project.git("rm", "-q", "site/299.png")
    told.honest("Tidy")
    print("\n# Friday: the edit is made again, and an old AI picture is deleted")
    project.write("site/summer.png", says_ai(edited(image, 8)))
    record(told, "site/summer.png")
    project.git("rm", "-q", "site/020.png")
    assert told.commit("Summer again").status == 0
    whole = told.run("check", "--all")
    assert whole.status == 0
