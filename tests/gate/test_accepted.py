"""Approvals in real repositories: what they answer, whose authority counts, and what ends them."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from projects import HERO, SPRING, Project, png, sha256, texture

RANGE = ("--from-ref", "main", "--to-ref", "pr")
SIDECAR = f"{SPRING}.maskproof.json"
FOLDER = ".maskproof/approvals"
SIGNERS = ".maskproof/allowed_signers"
OWNED = "version = 1\n[approvals]\nauthority = 'codeowners'\n"
OWNERS = f"/{FOLDER}/ @acme/design\n"


@dataclass(frozen=True)
class Told:
    """What the gate says of one picture."""

    status: int
    image: dict[str, Any]
    notes: list[str]

    @property
    def accepted(self) -> list[str]:
        return sorted(one["rule"] for one in self.image["findings"] if one["accepted"])

    @property
    def lapsed(self) -> str:
        return "; ".join(one["message"] for one in self.image["findings"] if one["rule"] == "approval-lapsed")


def judge(project: Project, *arguments: str, path: str = SPRING, **env: str) -> Told:
    status, report = project.report(*arguments, **env)
    (image,) = [one for one in report["images"] if one["path"] == path]
    return Told(status, image, report["notes"])


def approve(project: Project, *paths: str, **env: str) -> Path:
    """Approve some pictures as they are staged, and stage that."""
    project.stage()
    before = set((project.root / FOLDER).glob("*.json"))
    options = [] if "--reason" in paths else ["--reason", "A new season"]
    done = project.maskproof("approve", *(paths or (SPRING,)), *options, **env)
    assert done.returncode == 0, done.stdout + done.stderr
    project.stage()
    (made,) = set((project.root / FOLDER).glob("*.json")) - before
    return made


def merge(project: Project) -> None:
    """Bring the approvals of what is staged into `main` before everything else, and branch off with the rest."""
    rest = [one for one in project.git("diff", "--cached", "--name-only").stdout.split() if FOLDER not in one]
    project.git("reset", "-q", "--", *rest)
    project.git("commit", "-q", "--no-verify", "-m", "Approve")
    project.git("checkout", "-q", "-b", "pr")
    project.commit("The edit")


@pytest.fixture
def drifted(project: Project) -> Project:
    """A project whose edit drifted, and is approved in its index."""
    project.git("branch", "-M", "main")
    project.edit("drifted")
    approve(project)
    return project


@pytest.fixture
def merged(drifted: Project) -> Project:
    """The same, with the approval on `main` and the edit on `pr`."""
    merge(drifted)
    return drifted


class TestWhatItAnswers:
    def test_a_merged_approval_lets_the_edit_pass_and_stays_told(self, merged: Project) -> None:
        told = judge(merged, *RANGE)
        assert (told.status, told.image["verdict"], told.accepted) == (0, "pass", ["outside-mask"])
        (finding,) = told.image["findings"]
        assert finding["severity"] == "block"
        assert finding["accepted"]["reason"] == "A new season"
        text = merged.check(*RANGE).text
        assert "passes, approved" in text
        assert "A new season" in text
        assert "1 compared, 0 blocked" in text

    def test_explain_names_it(self, merged: Project) -> None:
        text = merged.maskproof("explain", SPRING).stdout
        assert FOLDER in text
        assert "it is committed" in text
        assert "it is merged" in " ".join(merged.check(*RANGE).text.split())

    def test_one_takes_many_pictures_and_a_change_of_the_policy(self, project: Project) -> None:
        project.write("maskproof.toml", 'version = 1\n[defaults]\nlevel = "strict"\nnew_original = "block"\n')
        project.commit("Policy")
        project.git("branch", "-M", "main")
        project.write("maskproof.toml", 'version = 1\n[defaults]\nlevel = "visual"\n')
        for name in ("a.png", "b.png"):
            project.edit("drifted", name)
        approve(project, "a.png", "b.png")
        merge(project)
        for name in ("a.png", "b.png"):
            told = judge(project, *RANGE, path=name)
            assert (told.image["verdict"], told.accepted) == ("pass", ["outside-mask", "policy-loosened"])
        project.git("checkout", "-q", "main")
        project.git("merge", "-q", "--no-edit", "pr")
        assert judge(project, "--all", path="a.png", CI="true").image["verdict"] == "pass"
        loose = 'version = 1\n[defaults]\nlevel = "visual"\n[limits.outside-mask]\nblur = 9.0\n'
        project.write("maskproof.toml", loose)
        project.commit("Looser than what was approved")
        told = judge(project, "--all", path="a.png", CI="true")
        assert told.image["verdict"] == "block"
        assert "limits" in told.lapsed

    def test_a_loosened_record_and_a_new_mask_are_answered(self, project: Project) -> None:
        project.edit("held", areas=[{"name": "sign", "kind": "brand", "box": [10, 10, 40, 30]}])
        project.write("maskproof.toml", 'version = 1\n[defaults]\nnew_mask = "block"\n')
        project.commit("Base")
        project.git("branch", "-M", "main")
        project.edit("held_again")
        approve(project)
        merge(project)
        told = judge(project, *RANGE)
        assert (told.status, told.accepted) == (0, ["record-loosened"])

    def test_one_that_would_answer_another_record_of_the_project_does_not(self, project: Project) -> None:
        sign = {"name": "sign", "kind": "brand", "box": [10, 10, 40, 30]}
        project.edit("held", areas=[sign])
        project.commit("Base")
        project.git("branch", "-M", "main")
        project.edit("held_again")
        approve(project)
        merge(project)
        project.git("checkout", "-q", "main")
        project.edit("held", areas=[sign, {**sign, "name": "more", "box": [60, 10, 40, 30]}])
        project.commit("Another area meanwhile")
        told = judge(project, *RANGE)
        assert told.status == 1
        assert "does not name record-loosened" in told.lapsed

    def test_what_could_not_be_judged_is_answered_too(self, project: Project) -> None:
        project.git("branch", "-M", "main")
        project.edit("held", mask={"path": "gone.png", "sha256": "0" * 64, "mode": "white"})
        approve(project)
        merge(project)
        assert judge(project, *RANGE).image["verdict"] == "pass"

    @pytest.mark.parametrize("recorded", [False, True])
    def test_a_picture_without_a_record_is_answered_until_it_has_one(self, project: Project, recorded: bool) -> None:
        project.write("maskproof.toml", 'version = 1\n[defaults]\nunrecorded = "block"\n')
        project.commit("Policy")
        project.git("branch", "-M", "main")
        project.write(SPRING, project.pictures.drifted)
        approve(project)
        merge(project)
        if recorded:
            project.edit("drifted")
            project.commit("A record")
        told = judge(project, *RANGE)
        assert told.status == recorded
        assert ("has a record now" in told.lapsed) == recorded

    @pytest.mark.parametrize("masked", [False, True])
    def test_of_an_edit_of_an_edit_the_earlier_files_are_bound_too(self, project: Project, masked: bool) -> None:
        project.edit("held", **({} if masked else {"mask": None}))
        project.commit("The first edit")
        of_the_edit = {"path": SPRING, **project.original(project.pictures.held)}
        project.edit("drifted", "assets/next.png", original=of_the_edit, parent=SIDECAR)
        (picture,) = json.loads(approve(project, "assets/next.png").read_text())["pictures"]
        used = (project.pictures.original, *((project.pictures.mask,) if masked else ()))
        assert picture["record"]["earlier"] == [sha256(one) for one in used]

    def test_nothing_to_approve_writes_nothing(self, project: Project) -> None:
        project.edit("held")
        project.stage()
        done = project.maskproof("approve", SPRING, "--reason", "x")
        assert "needs no approval" in done.stdout
        assert not (project.root / FOLDER).exists()

    @pytest.mark.parametrize("record", ["{", '{"maskproof": 1}'])
    def test_what_cannot_be_read_cannot_be_approved(self, project: Project, record: str) -> None:
        project.edit("drifted")
        project.write(SIDECAR, record)
        project.stage()
        assert project.maskproof("approve", SPRING, "--reason", "x").returncode == 2

    def test_an_empty_reason_is_none(self, project: Project) -> None:
        project.edit("drifted")
        project.stage()
        assert project.maskproof("approve", SPRING, "--reason", " ").returncode == 2


class TestWhatEndsIt:
    @pytest.mark.threat("T10")
    def test_one_byte(self, merged: Project) -> None:
        data = merged.pictures.drifted + b"\0"
        merged.write(SPRING, data)
        merged.write(SIDECAR, merged.record(data))
        merged.commit("One byte more")
        told = judge(merged, *RANGE)
        assert (told.status, told.accepted) == (1, [])
        assert "other bytes" in told.lapsed

    def test_another_path(self, merged: Project) -> None:
        merged.edit("drifted", "assets/copy.png")
        merged.commit("Copy")
        told = judge(merged, *RANGE, path="assets/copy.png")
        assert (told.status, told.accepted) == (1, [])

    @pytest.mark.parametrize(
        ("members", "word"),
        [
            ({"areas": [{"name": "x", "kind": "text", "box": [0, 0, 9, 9]}]}, "areas"),
            ({"mask": None}, "mask"),
            ({"transform": {"pad": [0, 0, 0, 0], "crop": [0, 0, 320, 240]}}, "crop"),
            ({"original": "other"}, "original"),
        ],
    )
    def test_another_record(self, merged: Project, members: dict[str, Any], word: str) -> None:
        if members.get("original"):
            other = png(texture(9))
            merged.write("assets/other.png", other)
            members = {"original": {"path": "assets/other.png", **merged.original(other)}}
        merged.edit("drifted", **members)
        merged.commit("Another record")
        told = judge(merged, *RANGE)
        assert told.status == 1
        assert word in told.lapsed

    def test_what_made_the_edit_is_no_part_of_it(self, merged: Project) -> None:
        merged.edit("drifted", tool={"model": "another"})
        merged.commit("Another model")
        assert judge(merged, *RANGE).status == 0

    @pytest.mark.parametrize(
        ("policy", "key"),
        [
            ('[defaults]\nlevel = "strict"\n', "level"),
            ("[limits.outside-mask]\nlight = 1.5\n", "limits"),
            ("[limits.outside-mask]\nlight = 30.0\n", "limits"),
            ('[[areas]]\npaths = ["**"]\nname = "a"\nkind = "brand"\nbox = [200, 200, 9, 9]\n', "areas"),
        ],
    )
    def test_another_policy_looser_or_stricter(self, merged: Project, policy: str, key: str) -> None:
        merged.git("checkout", "-q", "main")
        merged.git("merge", "-q", "--no-edit", "pr")
        merged.write("maskproof.toml", f"version = 1\n{policy}")
        merged.commit("Policy")
        told = judge(merged, "--all", CI="true")
        assert key in told.lapsed or told.image["verdict"] == "pass"
        assert told.accepted == []

    def test_what_policy_says_of_other_pictures_is_no_part_of_it(self, merged: Project) -> None:
        merged.git("checkout", "-q", "main")
        merged.git("merge", "-q", "--no-edit", "pr")
        merged.write("maskproof.toml", 'version = 1\n[[rules]]\npaths = ["else/**"]\nlevel = "exact"\n')
        merged.commit("Policy")
        assert judge(merged, "--all", CI="true").accepted == ["outside-mask"]

    def test_a_policy_that_the_change_itself_loosens_behind_it(self, merged: Project) -> None:
        merged.git("checkout", "-q", "main")
        merged.git("merge", "-q", "--no-edit", "pr")
        merged.git("checkout", "-q", "pr")
        merged.write("maskproof.toml", "version = 1\n[defaults]\nmax_editable = 1.0\n")
        merged.edit("drifted", tool={"model": "another"})
        merged.commit("Looser")
        told = judge(merged, *RANGE)
        assert told.status == 1
        assert "max_editable" in told.lapsed

    def test_a_logo_that_policy_names(self, project: Project) -> None:
        area = '[[areas]]\npaths = ["**"]\nname = "a"\nkind = "brand"\nmask = "logo.png"\nforeground = "white"\n'
        project.write("maskproof.toml", f"version = 1\n{area}")
        project.write("logo.png", project.pictures.mask)
        project.commit("Policy")
        project.git("branch", "-M", "main")
        project.edit("drifted")
        approve(project)
        project.commit("All of it")
        assert judge(project, "--all", CI="true").image["verdict"] == "pass"
        project.write("logo.png", png(texture(3).convert("L").point(lambda value: 255 * (value > 99))))
        project.commit("Another logo")
        assert "files" in judge(project, "--all", CI="true").lapsed

    @pytest.mark.parametrize(("day", "status"), [("2020-01-31", 1), ("2999-12-31", 0)])
    def test_its_last_day(self, project: Project, day: str, status: int) -> None:
        project.git("branch", "-M", "main")
        project.edit("drifted")
        approve(project, SPRING, "--reason", "x", "--expires", day)
        merge(project)
        told = judge(project, *RANGE)
        assert told.status == status
        assert ("until 2020-01-31" in told.lapsed) == bool(status)

    def test_of_several_the_one_for_these_very_bytes_is_told_first(self, project: Project) -> None:
        project.git("branch", "-M", "main")
        project.edit("drifted")
        approve(project, SPRING, "--reason", "x", "--expires", "2020-01-31")
        project.edit("other")
        approve(project)
        project.edit("drifted")
        project.commit("Back again")
        lapsed = judge(project, "--all", CI="true").lapsed
        assert lapsed.index("until 2020-01-31") < lapsed.index("other bytes")

    def test_taking_it_away(self, merged: Project) -> None:
        merged.git("checkout", "-q", "main")
        merged.git("merge", "-q", "--no-edit", "pr")
        merged.git("checkout", "-q", "-B", "pr")
        merged.git("rm", "-qr", FOLDER)
        merged.commit("Revoke")
        assert judge(merged, *RANGE).status == 1

    def test_taking_it_back_on_the_target_branch(self, merged: Project) -> None:
        merged.git("checkout", "-q", "main")
        merged.git("rm", "-qr", FOLDER)
        merged.commit("Revoke")
        assert judge(merged, *RANGE).status == 1


class TestHistory:
    def test_a_rebase(self, merged: Project) -> None:
        merged.git("checkout", "-q", "main")
        merged.write("README.md", "Moved on\n")
        merged.commit("Move on")
        merged.git("checkout", "-q", "pr")
        merged.git("rebase", "-q", "main")
        assert judge(merged, *RANGE).status == 0

    @pytest.mark.parametrize("how", ["--squash", "--no-ff"])
    def test_a_squash_and_a_merge(self, merged: Project, how: str) -> None:
        merged.git("checkout", "-q", "main")
        merged.git("merge", "-q", how, "--no-commit", "pr", ok=False)
        merged.commit("Merged")
        assert judge(merged, "--all", CI="true").accepted == ["outside-mask"]

    def test_what_lies_on_the_base_is_approved_afterwards(self, project: Project) -> None:
        project.edit("drifted")
        project.commit("Past the hook")
        project.branch_off()
        approve(project)
        project.commit("Approve")
        assert project.report(*RANGE)[1]["images"] == []
        project.git("checkout", "-q", "main")
        project.git("merge", "-q", "pr")
        assert judge(project, "--all", CI="true").image["verdict"] == "pass"

    def test_an_approved_picture_is_an_original_of_further_edits(self, project: Project) -> None:
        project.write("maskproof.toml", 'version = 1\n[defaults]\nnew_original = "block"\n')
        project.commit("Policy")
        project.git("branch", "-M", "main")
        project.edit("drifted")
        approve(project)
        project.commit("Approved and merged")
        project.git("checkout", "-q", "-b", "pr")
        of_the_edit = {"path": SPRING, **project.original(project.pictures.drifted)}
        project.edit("drifted", "assets/next.png", original=of_the_edit, parent=SIDECAR)
        project.commit("The next edit")
        told = judge(project, *RANGE, path="assets/next.png")
        assert [one["rule"] for one in told.image["findings"] if one["rule"] == "new-original"] == []


class TestAuthority:
    @pytest.mark.threat("T11")
    def test_nobody_approves_a_change_with_the_change(self, drifted: Project) -> None:
        drifted.git("checkout", "-q", "-b", "pr")
        drifted.commit("The edit and its approval")
        told = judge(drifted, *RANGE)
        assert (told.status, told.accepted) == (1, [])
        assert "not merged yet" in told.lapsed

    def test_a_policy_of_the_change_itself_gives_no_authority(self, drifted: Project) -> None:
        drifted.git("checkout", "-q", "-b", "pr")
        drifted.write("maskproof.toml", OWNED.replace("[approvals]", "[approvals]\nrequired = 0"))
        drifted.write("CODEOWNERS", OWNERS)
        drifted.commit("All that it takes")
        assert judge(drifted, *RANGE).status == 1

    def test_the_commit_is_not_stopped_for_what_is_approved(self, drifted: Project) -> None:
        told = judge(drifted)
        assert (told.status, told.accepted) == (0, ["outside-mask"])
        assert "nobody has reviewed yet" in told.notes[-1]
        assert drifted.try_commit().status == 0

    def test_nor_is_the_push(self, drifted: Project) -> None:
        drifted.git("checkout", "-q", "-b", "pr")
        drifted.commit("The edit and its approval")
        push = {"PRE_COMMIT": "1", "PRE_COMMIT_REMOTE_NAME": "origin"}
        assert judge(drifted, *RANGE, **push).status == 0
        assert judge(drifted, *RANGE, **push, CI="true").status == 1
        assert judge(drifted, *RANGE, PRE_COMMIT="1").status == 1

    @pytest.mark.parametrize(
        ("owners", "status"),
        [(OWNERS, 0), (None, 1), ("*.png @acme/design\n", 1), (f"{OWNERS}/.maskproof/\n", 1)],
        ids=["covered", "none", "others", "taken back"],
    )
    def test_a_review_by_the_owners_counts_where_the_platform_asks_for_it(
        self, project: Project, owners: str | None, status: int
    ) -> None:
        project.write("maskproof.toml", OWNED)
        if owners:
            project.write(".github/CODEOWNERS", owners)
        project.commit("Policy")
        project.branch_off()
        project.edit("drifted")
        approve(project)
        project.commit("The edit and its approval")
        told = judge(project, *RANGE)
        assert told.status == status
        if status:
            assert "CODEOWNERS" in told.lapsed
        else:
            assert "@acme/design" in told.image["findings"][0]["accepted"]["known"]

    def test_nobody_else_is_a_choice_that_is_told(self, project: Project) -> None:
        project.write("maskproof.toml", "version = 1\n[approvals]\nrequired = 0\n")
        project.commit("Policy")
        project.branch_off()
        project.edit("drifted")
        approve(project)
        project.commit("The edit and its approval")
        told = judge(project, *RANGE)
        assert told.status == 0
        assert any("required = 0" in note for note in told.notes)

    def test_a_kind_may_need_more(self, project: Project) -> None:
        project.write("maskproof.toml", "version = 1\n[approvals]\nrequired = 0\n[approvals.kinds]\noutside-mask = 1\n")
        project.commit("Policy")
        project.branch_off()
        project.edit("drifted")
        approve(project)
        project.commit("The edit and its approval")
        assert judge(project, *RANGE).status == 1

    def test_a_broken_approval_lets_nothing_pass_and_is_told(self, drifted: Project) -> None:
        (file,) = (drifted.root / FOLDER).glob("*.json")
        tree = json.loads(file.read_text())
        file.write_text(json.dumps({**tree, "resaon": "x"}))
        drifted.stage()
        told = judge(drifted)
        assert told.status == 1
        assert any("resaon" in note and "did you mean" in note for note in told.notes)


def key(folder: Path, name: str) -> Path:
    """A new key pair without a passphrase."""
    file = folder / name
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", file], check=True)
    return file


def allows(name: str, file: Path, options: str = "") -> str:
    """A line of a list of signers."""
    kind, public, _ = file.with_suffix(".pub").read_text().split()
    return f"{name} {options} {kind} {public}\n".replace("  ", " ")


SIGNED = "version = 1\n[approvals]\nsigned = true\n"


class TestSignatures:
    @pytest.fixture
    def ana(self, tmp_path: Path) -> Path:
        return key(tmp_path, "ana")

    def signed(self, project: Project, signer: Path, listed: str, policy: str = SIGNED) -> None:
        """A branch `pr` with a drifted edit and its signed approval; `main` allows these signers."""
        project.write("maskproof.toml", policy)
        if listed:
            project.write(".maskproof/allowed_signers", listed)
        project.commit("Policy and signers")
        project.branch_off()
        project.edit("drifted")
        approve(project, SPRING, "--key", str(signer))
        project.commit("The edit and its signed approval")

    @pytest.mark.parametrize("policy", [SIGNED, "version = 1\n"])
    def test_an_allowed_signer_who_did_not_make_the_change_counts(
        self, project: Project, ana: Path, policy: str
    ) -> None:
        self.signed(project, ana, allows("ana", ana), policy)
        told = judge(project, *RANGE, "--author", "ben")
        assert (told.status, told.accepted) == (0, ["outside-mask"])
        assert told.image["findings"][0]["accepted"]["known"] == "signed by ana"
        assert judge(project, *RANGE, MASKPROOF_AUTHORS="ben cyd").status == 0

    @pytest.mark.parametrize("names", ["ana", "Ana,ana@example.invalid"])
    def test_never_by_the_author(self, project: Project, ana: Path, names: str) -> None:
        self.signed(project, ana, allows(names, ana))
        told = judge(project, *RANGE, "--author", "ana")
        assert told.status == 1
        assert "who made the change" in told.lapsed
        assert judge(project, *RANGE, "--author", "ben", "--author", "ana").status == 1

    @pytest.mark.threat("T11")
    def test_nor_by_a_bot_with_brackets_in_its_name(self, project: Project, ana: Path) -> None:
        self.signed(project, ana, allows("palette[bot]", ana))
        assert judge(project, *RANGE, "--author", "palette[bot]").status == 1
        assert judge(project, *RANGE, "--author", "paletteb").status == 0

    def test_nor_with_a_signature_that_was_merged_before(self, project: Project, ana: Path) -> None:
        project.write("maskproof.toml", SIGNED)
        project.write(".maskproof/allowed_signers", allows("ana", ana))
        project.commit("Policy and signers")
        project.git("branch", "-M", "main")
        project.edit("drifted")
        approve(project, SPRING, "--key", str(ana))
        merge(project)
        assert judge(project, *RANGE, "--author", "ana").status == 1
        assert judge(project, *RANGE).status == 1
        assert judge(project, *RANGE, "--author", "ben").status == 0
        project.git("checkout", "-q", "main")
        project.git("merge", "-q", "pr")
        assert judge(project, "--all", CI="true").image["verdict"] == "pass"

    def test_an_author_under_another_name_of_the_same_key(self, project: Project, ana: Path) -> None:
        self.signed(project, ana, allows("other", ana) + allows("ana", ana))
        assert judge(project, *RANGE, "--author", "ana").status == 1

    @pytest.mark.parametrize("names", ["ana@example.invalid", "*@example.invalid"])
    def test_names_that_cannot_be_those_of_the_platform_prove_nothing(
        self, project: Project, ana: Path, names: str
    ) -> None:
        self.signed(project, ana, allows(names, ana))
        told = judge(project, *RANGE, "--author", "ana")
        assert told.status == 1
        assert "does not tell" in told.lapsed

    def test_an_author_that_nobody_names_could_be_anybody(self, project: Project, ana: Path) -> None:
        self.signed(project, ana, allows("ana", ana))
        told = judge(project, *RANGE)
        assert told.status == 1
        assert "--author" in told.lapsed

    def test_commits_of_approvals_and_merges_make_nobody_an_author(self, project: Project, ana: Path) -> None:
        self.signed(project, ana, allows("ana", ana))
        project.git("checkout", "-q", "main")
        project.write("README.md", "Moved on\n")
        project.commit("Move on")
        project.git("checkout", "-q", "pr")
        (file,) = (project.root / FOLDER).glob("*.json")
        signature = Path(f"{file}.sig")
        kept = signature.read_bytes()
        signature.unlink()
        project.commit("The edit alone")
        signature.write_bytes(kept)
        project.commit("Sign")
        by_ana = project.git("rev-parse", "HEAD").stdout.strip()
        project.git("merge", "-q", "--no-edit", "main")
        merge = project.git("rev-parse", "HEAD").stdout.strip()
        edit = project.git("rev-parse", f"{by_ana}~2").stdout.strip()
        authors = [
            word for one in ("ben", f"{edit}=ben", f"{by_ana}=ana", f"{merge}=ana") for word in ("--author", one)
        ]
        assert judge(project, *RANGE, *authors).status == 0
        assert judge(project, *RANGE, *authors, "--author", f"{edit}=ana").status == 1

    def test_a_merge_that_changes_something_itself_makes_an_author(self, project: Project, ana: Path) -> None:
        self.signed(project, ana, allows("ana", ana))
        project.git("checkout", "-q", "main")
        project.write("README.md", "Moved on\n")
        project.commit("Move on")
        project.git("checkout", "-q", "pr")
        project.git("merge", "-q", "--no-commit", "--no-ff", "main")
        project.write(HERO, project.pictures.other)
        project.commit("Merge, and a picture with it")
        merge = project.git("rev-parse", "HEAD").stdout.strip()
        assert judge(project, *RANGE, "--author", "ben").status == 0
        told = judge(project, *RANGE, "--author", "ben", "--author", f"{merge}=ana")
        assert (told.status, "who made the change" in told.lapsed) == (1, True)

    @pytest.mark.parametrize("moment", ["2019-05-01T00:00:00Z", "2090-05-01T00:00:00Z"])
    @pytest.mark.parametrize("again", [False, True])
    @pytest.mark.threat("T11")
    def test_the_date_of_a_commit_brings_no_key_back(
        self, project: Project, ana: Path, moment: str, again: bool
    ) -> None:
        """A key that is retired, or not yet begun: by a commit that the branch merges, or one of the change itself."""
        until = 'valid-before="20200101"' if moment < "2020" else 'valid-after="20800101"'
        project.write("maskproof.toml", SIGNED)
        project.write(".maskproof/allowed_signers", allows("ana", ana, until))
        project.commit("Policy and signers")
        project.git("branch", "-M", "main")
        project.edit("drifted")
        file = approve(project, SPRING, "--key", str(ana))
        backdated = {"GIT_COMMITTER_DATE": moment}
        project.git("reset", "-q", "--", SPRING, SIDECAR)
        project.git("commit", "-q", "--no-verify", "-m", "Approve", **({} if again else backdated))
        project.git("checkout", "-q", "-b", "pr")
        if again:
            project.git("rm", "-q", "--cached", str(file))
            project.git("commit", "-q", "--no-verify", "-m", "Away")
            project.git("add", str(file))
            project.git("commit", "-q", "--no-verify", "-m", "Again", **backdated)
        project.commit("The edit")
        told = judge(project, *RANGE, "--author", "ben")
        assert (told.status, "nobody whose key is allowed" in told.lapsed) == (1, True)

    def test_an_unknown_key(self, project: Project, ana: Path, tmp_path: Path) -> None:
        self.signed(project, key(tmp_path, "mallory"), allows("ana", ana))
        told = judge(project, *RANGE, "--author", "ben")
        assert told.status == 1
        assert "nobody whose key is allowed" in told.lapsed

    def test_a_key_that_only_the_change_allows(self, project: Project, ana: Path, tmp_path: Path) -> None:
        mallory = key(tmp_path, "mallory")
        self.signed(project, mallory, allows("ana", ana))
        project.write(".maskproof/allowed_signers", allows("ana", ana) + allows("mallory", mallory))
        project.commit("Allow myself")
        assert judge(project, *RANGE, "--author", "ben").status == 1

    def test_a_list_that_only_the_change_brings(self, project: Project, ana: Path) -> None:
        self.signed(project, ana, "")
        project.write(".maskproof/allowed_signers", allows("ana", ana))
        project.commit("A list")
        told = judge(project, *RANGE, "--author", "ben")
        assert told.status == 1
        assert "allowed_signers" in told.lapsed

    @pytest.mark.parametrize(
        ("options", "status"),
        [
            ('namespaces="git"', 1),
            ('namespaces="git,maskproof-approval"', 0),
            ('valid-before="20200101"', 1),
            ('valid-after="29990101"', 1),
            ('valid-after="20200101",valid-before="29990101"', 0),
        ],
    )
    def test_what_the_list_says_of_a_key(self, project: Project, ana: Path, options: str, status: int) -> None:
        self.signed(project, ana, allows("ana", ana, options))
        assert judge(project, *RANGE, "--author", "ben").status == status

    def test_a_signature_over_something_else(self, project: Project, ana: Path) -> None:
        self.signed(project, ana, allows("ana", ana))
        (file,) = (project.root / FOLDER).glob("*.json")
        file.write_text(file.read_text().replace("A new season", "Another reason"))
        project.commit("Change the reason")
        told = judge(project, *RANGE, "--author", "ben")
        assert told.status == 1
        assert "does not hold for ana" in told.lapsed

    def test_what_a_formatter_does_to_the_file_changes_nothing(self, project: Project, ana: Path) -> None:
        self.signed(project, ana, allows("ana", ana))
        (file,) = (project.root / FOLDER).glob("*.json")
        file.write_bytes(json.dumps(json.loads(file.read_text()), indent=4).replace("\n", "\r\n").encode())
        project.commit("Format")
        assert judge(project, *RANGE, "--author", "ben").status == 0

    def test_a_merge_alone_is_no_signature(self, merged: Project, ana: Path) -> None:
        merged.git("checkout", "-q", "main")
        merged.write("maskproof.toml", SIGNED)
        merged.write(".maskproof/allowed_signers", allows("ana", ana))
        merged.commit("Policy and signers")
        assert "not signed" in judge(merged, *RANGE).lapsed

    def test_a_key_that_is_retired_later_keeps_what_it_signed(self, project: Project, ana: Path) -> None:
        self.signed(project, ana, allows("ana", ana))
        project.git("checkout", "-q", "main")
        project.git("merge", "-q", "--no-ff", "--no-edit", "pr")
        project.write(".maskproof/allowed_signers", allows("ana", ana, 'valid-before="29990101"'))
        project.commit("Retired one day")
        assert judge(project, "--all", CI="true").image["verdict"] == "pass"
        project.write(".maskproof/allowed_signers", allows("ana", ana, 'valid-before="20200101"'))
        project.commit("Retired long before")
        assert judge(project, "--all", CI="true").image["verdict"] == "block"

    def test_two_people_are_two_signatures(self, project: Project, ana: Path, tmp_path: Path) -> None:
        cyd = key(tmp_path, "cyd")
        policy = SIGNED + "[approvals.kinds]\noutside-mask = 2\n"
        self.signed(project, ana, allows("ana", ana) + allows("cyd", cyd), policy)
        told = judge(project, *RANGE, "--author", "ben")
        assert told.status == 1
        assert "more people" in told.lapsed
        approve(project, SPRING, "--key", str(ana), "--reason", "Once more")
        project.commit("The same again")
        assert judge(project, *RANGE, "--author", "ben").status == 1
        approve(project, SPRING, "--key", str(cyd), "--reason", "I think so too")
        project.commit("Another")
        assert judge(project, *RANGE, "--author", "ben").status == 0

    @pytest.mark.threat("T11")
    def test_one_person_with_two_keys_is_one(self, project: Project, ana: Path, tmp_path: Path) -> None:
        phone = key(tmp_path, "phone")
        policy = "version = 1\n[approvals]\nauthority = 'codeowners'\nrequired = 2\n"
        project.write(".github/CODEOWNERS", OWNERS)
        self.signed(project, ana, allows("ana,a@example.invalid", ana) + allows("A@example.invalid", phone), policy)
        approve(project, SPRING, "--key", str(phone), "--reason", "I think so too")
        approve(project, SPRING, "--no-sign", "--reason", "The owners look at it")
        project.commit("Another, and one that is not signed")
        told = judge(project, *RANGE, "--author", "ben")
        assert (told.status, "more people" in told.lapsed) == (1, True)
        cyd = key(tmp_path, "cyd")
        project.git("checkout", "-q", "main")
        project.write(".maskproof/allowed_signers", (project.root / SIGNERS).read_text() + allows("cyd", cyd))
        project.commit("Cyd may as well")
        project.git("checkout", "-q", "pr")
        project.git("rebase", "-q", "main")
        approve(project, SPRING, "--key", str(cyd), "--reason", "And so do I")
        project.commit("A second person")
        assert judge(project, *RANGE, "--author", "ben").status == 0

    def test_the_key_is_that_of_git_where_none_is_named(self, project: Project, ana: Path) -> None:
        project.write(".maskproof/allowed_signers", allows("ana", ana))
        project.commit("Signers")
        project.git("config", "user.signingKey", str(ana.with_suffix(".pub")))
        project.edit("drifted")
        file = approve(project)
        assert Path(f"{file}.sig").exists()

    def test_no_key_is_said(self, project: Project) -> None:
        project.edit("drifted")
        project.stage()
        done = project.maskproof("approve", SPRING, "--reason", "x", "--sign")
        assert done.returncode == 2
        assert "no key" in done.stderr
