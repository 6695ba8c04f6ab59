"""Stories of a repository: whatever somebody does on a branch, drift reaches main only where another person answers for
it, and honest work is never stopped.

Hypothesis tells the stories. A step is a commit: honest, or an ingredient of an attack. After a step the branch may
become a pull request, in one of the ways that services merge it, and the real command line judges it. What is wrong
with the outcome is known here from the pictures and records themselves, never from the gate. A step that is taken back,
picked from a closed branch, or begun at an old base is a step like any other.

A run of the suite tells a few stories, the same ones every time. `tests/bench/stories.py` tells as many as wanted, and
plants faults in the gate to see how many stories it takes until each is noticed.
"""

from __future__ import annotations

import io
import json
import shutil
import subprocess
from dataclasses import dataclass, field
from hashlib import sha1
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from PIL import Image

from maskproof.policy.limits import LIMITS
from projects import HERO, MASK, SPRING, Pictures, Project, png, sha256, texture

if TYPE_CHECKING:
    from pathlib import Path

STORIES, LENGTH = 10, 7
LAX = (
    '[[rules]]\npaths = ["tests/**"]\nlevel = "visual"\nunrecorded = "off"\nnew_original = "off"\nmax_editable = 1.0\n'
)
STRICT = f'version = 1\n[defaults]\nlevel = "strict"\nunrecorded = "block"\nnew_original = "block"\n{LAX}'
TIGHTER = STRICT.replace("[defaults]\n", "[defaults]\nmax_editable = 0.92\n")
POLICY, SIGNERS, ATTRIBUTES = "maskproof.toml", ".maskproof/allowed_signers", ".gitattributes"
NOTHING = 'version = 1\n[defaults]\nunrecorded = "off"\nnew_original = "off"\nmax_editable = 1.0\n' + "".join(
    f"[limits.{kind}]\n"
    + "".join(f"{row.metric} = {0 if row.at_least else 9e5}\n" for row in LIMITS if row.kind == kind)
    for kind in dict.fromkeys(row.kind for row in LIMITS)
)
"""a policy that asks for nothing"""
LOOSE = {
    "policy": (POLICY, NOTHING),
    "approvals": (POLICY, STRICT + "[approvals]\nrequired = 0\n"),
    "attributes": (ATTRIBUTES, "*.png ident\n"),
}
"""what a change brings to be judged less closely"""
OWNED = (POLICY, SIGNERS, ATTRIBUTES)
"""files whose owners have to review each change of them"""
OTHER, WIDE, PHOTO = "assets/other.png", "assets/wide.png", "assets/photo.png"
NEW = "assets/deep/new.png"
EDITS = (SPRING, NEW)
"""a recorded edit of the base, and one that is yet to come"""
PLACES = ("tests/d.png", "docs/d.dat", HERO)
"""where somebody may put what they call an original"""
RECORDS = ("right", "left", "dropped", "generated", "manual", "wide")
"""what the record of a drifted edit says"""
WAYS = ("work on", "merge", "squash", "rebase", "as it is")
"""what becomes of the branch after a step"""
EITHER = (False, True)
QUIET = {"GIT_EDITOR": "true", "GIT_SEQUENCE_EDITOR": "true", "GIT_PAGER": "cat", "GIT_TERMINAL_PROMPT": "0"}
PERSONS = ("ben", "merged", "ana", "mallory", "nobody")
"""who approves. Ana makes every change, so only ben counts: by his signature, or with what he brings to main himself
(`merged`). Mallory's key is allowed by the change alone, and nobody signs where the change says that none has to"""


JUDGED = WAYS[1:]
STEPS: dict[str, tuple[int, tuple[tuple[Any, ...], ...]]] = {
    "edit": (1, (EDITS, EITHER, WAYS)),
    "tidy": (1, (("photograph", "delete", "rename", "rename alone"), EDITS, WAYS)),
    "meanwhile": (1, (EITHER, WAYS)),
    "drift": (2, (EDITS, RECORDS, WAYS)),
    "forge": (3, (PLACES, EITHER, EITHER, WAYS, JUDGED)),
    "point": (3, (EDITS, (HERO, OTHER), (MASK, WIDE, OTHER, None), EITHER, EITHER, WAYS)),
    "loosen": (3, (("policy", "attributes"), EDITS, RECORDS + (None,) * 4, JUDGED)),
    "take_back": (1, (WAYS,)),
    "pick": (1, (range(1, 7), WAYS)),
    "begin_at_an_old_base": (2, (EDITS, RECORDS, ("as it is", "as it is", "merge", "work on"))),
    "approve": (5, (PERSONS, EDITS, RECORDS, (None,) * 6 + RECORDS, JUDGED)),
}
"""the steps, each with how often it is taken beside the others, and what may be said to it"""
KNOWN: tuple[tuple[tuple[Any, ...], ...], ...] = (
    (
        ("edit", SPRING, True, "merge"),
        ("take_back", "squash"),
        ("tidy", "rename", SPRING, "rebase"),
        ("edit", SPRING, False, "as it is"),
    ),
    (("drift", SPRING, "right", "merge"), ("drift", NEW, "dropped", "squash")),
    (("forge", "tests/d.png", False, False, "work on", "merge"),),
    (("forge", "docs/d.dat", False, True, "merge", "merge"),),
    (("forge", "docs/d.dat", False, False, "merge", "rebase"),),
    (("point", SPRING, OTHER, MASK, True, False, "merge"), ("drift", SPRING, "wide", "squash")),
    (("point", SPRING, HERO, WIDE, False, True, "merge"),),
    (("loosen", "policy", NEW, "right", "merge"), ("loosen", "attributes", SPRING, None, "merge")),
    (("begin_at_an_old_base", NEW, "dropped", "as it is"), ("begin_at_an_old_base", NEW, "right", "merge")),
    (("approve", "ben", NEW, "right", None, "merge"), ("take_back", "merge")),
    (("approve", "merged", NEW, "generated", None, "rebase"),),
    (("approve", "ben", NEW, "right", "right", "merge"), ("approve", "ben", NEW, "generated", "manual", "merge")),
    (("approve", "ana", NEW, "right", None, "merge"), ("approve", "nobody", NEW, "right", None, "squash")),
    (("approve", "mallory", NEW, "right", None, "rebase"),),
)
"""one story of each kind, so that each is told however chance falls"""


def chosen(number: int) -> tuple[Any, ...]:
    """A step; by a number, since a choice of choices would be drawn far from evenly."""
    chance = Random(number)
    (name,) = chance.choices(list(STEPS), [weight for weight, _ in STEPS.values()])
    return (name, *map(chance.choice, STEPS[name][1]))


def sidecar(path: str) -> str:
    return f"{path}.maskproof.json"


def oid(data: bytes | str) -> str:
    data = data.encode() if isinstance(data, str) else data
    return sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


@dataclass
class Ground:
    """The repository that all stories begin with, and what its pictures are."""

    project: Project
    folder: Path
    """that of the stories, and of the keys"""
    drifted: tuple[bytes, bytes]
    """the same drift in two files"""
    rejected: frozenset[str]
    """their ids"""
    count: int = 0
    judged: int = 0
    stopped: int = 0

    @classmethod
    def of(cls, pictures: Pictures, folder: Path) -> Ground:
        (folder / "ground").mkdir()
        project = Project(folder / "ground", pictures, folder)
        with Image.open(io.BytesIO(project.pictures.drifted)) as picture:
            drifted = project.pictures.drifted, png(picture, compress_level=9)
        mask = Image.new("L", (320, 240), 255)
        mask.paste(0, (0, 210, 320, 240))
        project.git("init", "-q", "-b", "main")
        project.git("config", "gc.auto", "0")
        project.write(HERO, project.pictures.original)
        project.write(MASK, project.pictures.mask)
        project.write(POLICY, "version = 1\n")
        project.write(OTHER, project.pictures.other)
        project.write(WIDE, png(mask))
        project.edit("held", EDITS[0])
        for name in ("ana", "ben", "mallory"):
            key = folder / name
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", key], check=True)
        made = cls(project, folder, drifted, frozenset(map(oid, drifted)))
        project.write(SIGNERS, made.signers)
        project.commit("Begin")
        project.git("tag", "begin")
        project.write(POLICY, STRICT)
        project.commit("Protect")
        return made

    @property
    def signers(self) -> str:
        return self.listed("ana") + self.listed("ben")

    def listed(self, name: str) -> str:
        return f"{name} {' '.join((self.folder / name).with_suffix('.pub').read_text().split()[:2])}\n"


@dataclass(frozen=True)
class Seen:
    """One picture as main would have it."""

    path: str
    picture: str
    """the id of its blob"""
    record: str | None
    """what its record asks"""
    policy: str = ""
    """the text of the policy of main"""


@dataclass
class Branch:
    """What was done on a branch."""

    honest: bool
    commits: list[str] = field(default_factory=list)
    signed: bool = False
    """ben signed all that was to be signed, and nothing happened since"""


class Repository(RuleBasedStateMachine):
    """A branch `pr` that ana works on, and `main` that the gate guards."""

    ground: Ground

    # --- the repository ----------------------------------------------------------------------------------------------

    @initialize()
    def start(self) -> None:
        ground = self.ground
        ground.count += 1
        root = ground.folder / str(ground.count)
        shutil.copytree(ground.project.root, root, symlinks=True)
        self.project, self.pictures = ground.project.at(root), ground.project.pictures
        self.made: dict[str, bool] = {}
        self.texts: dict[str, bytes] = {}
        self.approved: set[Seen] = set()
        self.was_main: set[Seen] = set()
        self.landed, self.landed_honestly = "", False
        self.policy = STRICT
        self.plain = {oid(self.project.record(one)) for one in (self.pictures.held, self.pictures.held_again)}
        self.remember()
        self.cut("main")

    @rule(step=st.integers(0, 2**64).map(chosen))
    def step(self, step: tuple[Any, ...]) -> None:
        getattr(self, step[0])(*step[1:])

    def teardown(self) -> None:
        """Every story ends with what its branch comes to."""
        if hasattr(self, "branch"):
            self.then("merge")
            shutil.rmtree(self.project.root)

    def git(self, *arguments: str) -> bool:
        return self.project.git(*arguments, ok=False, **QUIET).returncode == 0

    def asked(self, *arguments: str) -> str:
        return self.project.git(*arguments, **QUIET).stdout.strip()

    def cut(self, at: str) -> None:
        """A new branch."""
        self.asked("checkout", "-q", "-f", "-B", "pr", at)
        self.branch = Branch(self.is_plain)

    def tree(self, ref: str) -> dict[str, str]:
        rows = self.asked("ls-tree", "-r", "-z", ref).split("\0")
        return {path: what.split()[2] for what, _, path in (row.partition("\t") for row in rows if row)}

    def text(self, blob: str) -> bytes:
        if blob not in self.texts:
            self.texts[blob] = self.asked("cat-file", "blob", blob).encode()
        return self.texts[blob]

    def write(self, path: str, data: bytes | str) -> None:
        self.project.write(path, data)

    def has(self, path: str) -> bool:
        return (self.project.root / path).is_file()

    def commit(self, then: str, *, honest: bool = False) -> None:
        self.asked("add", "-A")
        self.asked("commit", "-q", "--allow-empty", "-m", "Step")
        self.noted(then, honest=honest)

    def noted(self, then: str, *, honest: bool) -> None:
        """A commit was made; the branch goes on, or becomes a pull request."""
        made = self.asked("rev-parse", "HEAD")
        self.made[made] = honest
        self.branch.commits.append(made)
        self.branch.honest &= honest
        self.branch.signed = False
        self.then(then)

    # --- honest steps ------------------------------------------------------------------------------------------------

    def edit(self, path: str, again: bool, then: str) -> None:
        self.project.edit("held_again" if again else "held", path)
        self.commit(then, honest=True)

    def tidy(self, what: str, path: str, then: str) -> None:
        to = next(one for one in EDITS if one != path)
        if what == "delete":
            self.asked("rm", "-q", "--ignore-unmatch", path, sidecar(path))
        elif what.startswith("rename") and self.has(path) and not self.has(to):
            (self.project.root / to).parent.mkdir(parents=True, exist_ok=True)
            self.asked("mv", path, to)
            if what == "rename" and self.has(sidecar(path)):
                self.asked("mv", sidecar(path), sidecar(to))
        else:
            self.write(PHOTO, png(texture(50 + len(self.made) % 3)))
        self.commit(then, honest=what != "rename alone")

    def meanwhile(self, asks: bool, then: str) -> None:
        """Main moves on under the branch, by an owner who may ask for more; the branch follows it."""
        if asks:
            self.policy = TIGHTER
        self.on_main({POLICY: self.policy})
        if then != "work on" and self.rebased():
            self.then(then)

    # --- the others --------------------------------------------------------------------------------------------------

    def drift(self, path: str, record: str, then: str, *, otherwise: bool = False) -> None:
        data = self.ground.drifted[otherwise]
        if record == "dropped":
            (self.project.root / sidecar(path)).unlink(missing_ok=True)
        elif record != "left":
            said: dict[str, Any] = {"mask": self.named(WIDE)} if record == "wide" else {}
            if record in {"generated", "manual"}:
                said = {"origin": record, "original": None, "mask": None}
            self.write(sidecar(path), self.project.record(data, **said))
        self.write(path, data)
        self.commit(then)

    def forge(self, place: str, generated: bool, back: bool, first: str, then: str) -> None:
        """Drift under the name of an original, perhaps taken back or merged at first, and the edit that names it."""
        edit, forged = self.ground.drifted
        self.write(place, forged)
        if generated:
            said = self.project.record(forged, origin="generated", original=None, mask=None)
            self.write(sidecar(place), said)
        self.commit("work on")
        if back:
            self.asked("revert", "--no-edit", "HEAD")
            self.noted("work on", honest=False)
        self.then(first)
        self.write(NEW, edit)
        self.write(sidecar(NEW), self.project.record(edit, original={"path": place, **self.project.original(forged)}))
        self.commit(then)

    def point(self, path: str, original: str, mask: str | None, copied: bool, back: bool, then: str) -> None:
        """A record that agrees with itself: another original, with its copy as the edit, or another mask.

        Perhaps it is merged at first in a branch that takes it back.
        """
        if back and self.pointed(path, original, mask, copied):
            self.commit("work on")
            self.asked("revert", "--no-edit", "HEAD")
            self.noted("merge", honest=False)
        if self.pointed(path, original, mask, copied):
            self.commit(then)

    def pointed(self, path: str, original: str, mask: str | None, copied: bool) -> bool:
        if not (self.has(path) and self.has(original)):
            return False
        data, source = ((self.project.root / one).read_bytes() for one in (path, original))
        data = source if copied and original != HERO else data
        said = {"original": {"path": original, **self.project.original(source)}, "mask": mask and self.named(mask)}
        self.write(path, data)
        self.write(sidecar(path), self.project.record(data, **said))
        return True

    def loosen(self, what: str, path: str, record: str | None, then: str) -> None:
        """What is to be judged less closely, and the edit that needs it; or an honest one."""
        self.write(*LOOSE[what])
        self.commit("work on")
        if record is None:
            self.edit(path, again=True, then=then)
        else:
            self.drift(path, record, then)

    def take_back(self, then: str) -> None:
        """The branch's last commit, or what was merged last."""
        if not self.branch.commits and not self.landed:
            return
        if self.branch.commits:
            what, options, honest = "HEAD", (), self.made.get(self.asked("rev-parse", "HEAD"), False)
        else:
            what, honest = self.landed, self.landed_honestly
            options = ("-m", "1") if self.git("rev-parse", "-q", "--verify", f"{what}^2") else ()
        if self.git("revert", "--no-edit", *options, what):
            self.noted(then, honest=honest)
        else:
            self.asked("reset", "-q", "--hard")

    def pick(self, back: int, then: str) -> None:
        """A commit of any branch that there was."""
        if len(self.made) < back:
            return
        made = list(self.made)[-back]
        if self.git("cherry-pick", "--allow-empty", "--keep-redundant-commits", made):
            self.noted(then, honest=self.made[made])
        else:
            self.asked("reset", "-q", "--hard")

    def begin_at_an_old_base(self, path: str, record: str, then: str) -> None:
        """From before the policy was as it is; the edit is an honest one now and then."""
        self.cut("begin")
        if record == "right":
            self.edit(path, True, then)
        else:
            self.drift(path, record, then)

    # --- approvals ---------------------------------------------------------------------------------------------------

    def approve(self, by: str, path: str, record: str, after: str | None, then: str) -> None:
        """Somebody answers for an edit, and perhaps it changes after that."""
        alone = self.branch.honest
        self.drift(path, record, "work on")
        here = self.tree("HEAD")
        if by == "nobody":
            self.write(*LOOSE["approvals"])
        if by == "mallory":
            self.write(SIGNERS, self.ground.signers + self.ground.listed(by))
        how = ("--key", str(self.ground.folder / by)) if by in {"ben", "ana", "mallory"} else ("--no-sign",)
        done = self.project.maskproof("approve", path, "--reason", by, "--from-ref", "main", *how)
        assert done.returncode in {0, 2}, done.stderr
        self.asked("add", "-A")
        written = {
            name: (self.project.root / name).read_bytes()
            for name in self.asked("diff", "--cached", "--name-only").split()
        }
        if by == "merged":
            self.asked("reset", "-q", "--hard")
            self.on_main(written)
        else:
            self.commit("work on")
        if by in {"ben", "merged"} and written:
            self.approved.add(self.seen(here, path))
            self.branch.signed = alone and by == "ben"
        if after is not None:
            self.drift(path, after, then, otherwise=after == record)
        else:
            self.then(then)

    def on_main(self, files: dict[str, bytes | str]) -> None:
        """What owners and reviewers bring to main by themselves."""
        back = self.asked("rev-parse", "HEAD")
        self.asked("checkout", "-q", "-f", "main")
        for path, data in files.items():
            self.write(path, data)
        self.asked("add", "-A")
        self.asked("commit", "-q", "--allow-empty", "-m", "Owner")
        self.asked("checkout", "-q", "-f", "-B", "pr", back)
        self.branch.signed = False
        self.remember()

    # --- pull requests -----------------------------------------------------------------------------------------------

    def then(self, way: str) -> None:
        """A pull request: judged as its service does; merged where it passes and people agree, closed otherwise."""
        if way == "work on" or not self.branch.commits:
            return
        if not self.prepared(way):
            self.cut("main")
            return
        arguments = ("--from-ref", "main", "--to-ref", "result", "--author", "ana", "--format", "json")
        done = self.project.maskproof("check", *arguments, CI="true")
        assert done.returncode in {0, 1, 3}, done.stderr
        self.ground.judged += 1
        before, after = self.main, self.tree("result")
        if done.returncode:
            self.ground.stopped += 1
            assert not self.branch.honest, done.stdout
            assert not self.branch.signed, done.stdout
            self.cut("main")
            return
        wrong = list(self.wrong(before, after))
        assert not wrong, (wrong, done.stdout)
        if self.people_agree(before, after) and (way != "as it is" or self.prepared("merge")):
            self.asked("branch", "-q", "-f", "main", "result")
            self.landed, self.landed_honestly = self.asked("rev-parse", "main"), self.branch.honest
            self.remember()
        self.cut("main")

    def prepared(self, way: str) -> bool:
        """What would be main, as `result`; False where it does not fit."""
        self.asked("checkout", "-q", "-f", "-B", "result", "main" if way in {"merge", "squash"} else "pr")
        if way == "merge":
            return self.git("merge", "-q", "--no-ff", "-m", "Merge", "pr")
        if way == "squash":
            return self.git("merge", "-q", "--squash", "pr") and self.git(
                "commit", "-q", "--allow-empty", "-m", "Squash"
            )
        return self.rebased() if way == "rebase" else True

    def rebased(self) -> bool:
        if self.git("rebase", "-q", "--empty=drop", "main"):
            return True
        self.git("rebase", "--abort")
        return False

    def people_agree(self, before: dict[str, str], after: dict[str, str]) -> bool:
        """Would reviewers merge what passes? Not a looser policy, nor a new edit whose mask opens everything."""
        if any(before.get(one) != after.get(one) for one in OWNED):
            return False
        return not any(
            one in self.ground.rejected
            and not path.startswith("tests/")
            and self.seen(after, path) not in self.approved
            for path, one in after.items()
            if before.get(path) != one
        )

    # --- what is wrong with an outcome -------------------------------------------------------------------------------

    def named(self, path: str) -> dict[str, Any]:
        return {"path": path, "sha256": sha256((self.project.root / path).read_bytes()), "mode": "white"}

    def seen(self, tree: dict[str, str], path: str) -> Seen:
        said = self.said(tree, path)
        asked = None if said is None else json.dumps({**said, "image": None}, sort_keys=True)
        return Seen(path, tree.get(path, ""), asked, self.policy)

    def said(self, tree: dict[str, str], path: str) -> dict[str, Any] | None:
        """The record of a picture; None where it has none."""
        return json.loads(self.text(tree[sidecar(path)])) if sidecar(path) in tree else None

    def remember(self) -> None:
        """What main holds now."""
        self.main = self.tree("main")
        self.was_main |= {self.seen(self.main, path) for path in self.main if path.endswith(".png")}

    @property
    def is_plain(self) -> bool:
        """Has main honest pictures and records alone?"""
        records = {one for path, one in self.main.items() if path.endswith(".png.maskproof.json")}
        return records <= self.plain and not self.ground.rejected & set(self.main.values())

    def wrong(self, before: dict[str, str], after: dict[str, str]) -> Any:
        """What no honest person would let into main without another one's answer for it."""
        if ATTRIBUTES in after:
            yield "attributes rewrite pictures"
        recorded = {before[path] for path in EDITS if path in before and before.get(sidecar(path)) in self.plain}
        for path, picture in after.items():
            seen = self.seen(after, path)
            if (
                path.startswith("tests/")
                or not path.endswith((".png", ".dat"))
                or seen == self.seen(before, path)
                or seen in self.approved
            ):
                continue
            said = self.said(after, path)
            new = sidecar(path) not in before
            if picture in self.ground.rejected:
                opened = (
                    said is not None and said.get("mask", {}).get("path") == WIDE and said["original"]["path"] == HERO
                )
                if not (opened and new):
                    yield f"{path} drifted"
            elif (
                said is not None
                and (picture in recorded or before.get(sidecar(path)) in self.plain)
                and seen not in self.was_main
                and self.loosened(said)
            ):
                yield f"the record of {path} asks for less"

    def loosened(self, said: dict[str, Any]) -> bool:
        """Does a record ask for less than the honest ones?"""
        return (
            said["origin"] != "edited"
            or said["original"]["path"] != HERO
            or said.get("mask", {}).get("path", MASK) != MASK
        )


def tell(ground: Ground, stories: int, steps: int, number: int | None = None) -> None:
    """Tell so many stories of so many steps: those of a number, or the same ones every time."""

    class Told(Repository):
        pass

    Told.ground = ground
    run_state_machine_as_test(
        Told if number is None else seed(number)(Told),
        settings=settings(
            max_examples=stories,
            stateful_step_count=steps,
            deadline=None,
            database=None,
            derandomize=number is None,
            suppress_health_check=list(HealthCheck),
            phases=(Phase.generate,),  # a story is short; making it shorter takes minutes
        ),
    )


def tell_known(ground: Ground, story: tuple[tuple[Any, ...], ...]) -> None:
    """Tell one story that is written down."""
    teller = Repository()
    teller.ground = ground
    teller.start()
    for step in story:
        teller.step(step)
    teller.teardown()


@pytest.mark.threat("T46")
@pytest.mark.parametrize("story", KNOWN)
def test_each_kind_of_story_ends_well(edited, tmp_path, story):
    ground = Ground.of(edited, tmp_path)
    tell_known(ground, story)
    assert ground.judged


@pytest.mark.threat("T46")
def test_whatever_is_told_no_drift_reaches_main_and_honest_work_does(edited, tmp_path):
    ground = Ground.of(edited, tmp_path)
    tell(ground, STORIES, LENGTH)
    assert ground.stopped > ground.judged // 4
    assert ground.stopped < ground.judged
