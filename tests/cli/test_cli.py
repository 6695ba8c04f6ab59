"""The command line: exit statuses that mistake nothing, options that the help names, output that arrives.

0 pass, 1 blocked, 2 usage or configuration, 3 could not judge, 70 internal error, 130 interrupted.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import click
import pytest

from maskproof.cli import base, commands
from processes import MASKPROOF, start
from projects import HERO, MASK, SPRING, clean_environment

SIDECAR = f"{SPRING}.maskproof.json"
STATUSES = "0 pass, 1 blocked, 2 usage or configuration, 3 could not judge, 70 internal error, 130 interrupted"


@pytest.fixture
def pair(project):
    """Files for `compare`, which needs no Git."""
    for name in ("held", "drifted"):
        project.write(f"{name}.png", getattr(project.pictures, name))
    return project


class TestStatuses:
    @pytest.mark.parametrize(("verdict", "status"), [("held", 0), ("drifted", 1)])
    def test_pass_and_blocked(self, project, verdict, status):
        project.edit(verdict)
        project.stage()
        assert project.check().status == status

    def test_could_not_judge_is_not_a_pass(self, project):
        project.edit("held")
        project.write(SPRING, project.pictures.held[:500])
        project.write(SIDECAR, project.record(project.pictures.held[:500]))
        project.stage()
        outcome = project.check()
        assert (outcome.status, outcome.counts) == (3, [(1, 0, 0, 1)])

    def test_blocked_outweighs_could_not_judge(self, project):
        project.edit("drifted")
        project.edit("held", "assets/broken.png", mask={"path": "x.png", "sha256": "0" * 64, "mode": "white"})
        project.stage()
        outcome = project.check()
        assert (outcome.status, outcome.counts) == (1, [(2, 1, 1, 1)])

    @pytest.mark.parametrize(
        "arguments",
        [
            ["check", "--stage"],
            ["check", "--format", "yaml"],
            ["check", "--staged", "--all"],
            ["check", "--staged", "--from-ref", "HEAD"],
            ["check", "--from-ref"],
            ["chek"],
            ["--nothing"],
            ["explain"],
            ["explain", "--nothing", HERO],
        ],
    )
    def test_usage(self, project, arguments):
        done = project.maskproof(*arguments)
        assert (done.returncode, done.stdout) == (2, "")
        assert "Error" in done.stderr or "error" in done.stderr

    @pytest.mark.parametrize("output", ["text", "json"])
    def test_no_image(self, project, output):
        done = project.maskproof("check", "--format", output)
        assert done.returncode == 0
        if output == "json":
            found = json.loads(done.stdout)
            assert found["summary"] == {"images": 0, "compared": 0, "blocked": 0, "unjudged": 0}
        else:
            assert done.stdout == "maskproof: 0 images looked at, 0 compared, 0 blocked, 0 not judged.\n"

    @pytest.mark.parametrize("arguments", [["check"], ["check", "--"], ["check", "--staged"], ["check", "--all"]])
    def test_a_hook_that_looked_at_nothing_says_nothing(self, scratch, arguments):
        scratch.write("README.md", "No picture\n")
        scratch.git("add", "-A")
        done = scratch.maskproof(*arguments, PRE_COMMIT="1")
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")

    @pytest.mark.parametrize(("fail_on", "status"), [("block", 0), ("warn", 1)])
    def test_a_warning_fails_where_that_is_asked_for(self, project, fail_on, status):
        project.write(SPRING, project.pictures.marked)
        project.stage()
        done = project.maskproof("check", "--fail-on", fail_on)
        assert done.returncode == status
        assert "passes with a WARNING" in done.stdout

    def test_json_is_the_contract(self, project):
        project.edit("drifted")
        project.stage()
        status, report = project.report()
        assert (status, report["maskproof"]) == (1, 1)
        assert report["summary"] == {"images": 1, "compared": 1, "blocked": 1, "unjudged": 0}
        (image,) = report["images"]
        wanted = {"path", "verdict", "drift", "findings", "regions", "evidence", "original", "mask"}
        assert wanted <= set(image)
        assert (image["path"], image["verdict"]) == (SPRING, "block")
        assert image["drift"] > 1
        rows = {"rule", "severity", "region", "value", "limit", "unit", "message", "box"}
        assert all(rows <= set(one) for one in image["findings"])
        assert all({"name", "kind", "metrics"} <= set(one) for one in image["regions"])


class TestShortWay:
    """Most commits hold no image; tests/bench/commit_without_images.py measures what the hook costs them."""

    CODE = (
        "import os, sys\n"
        "from maskproof.hook import main\n"
        "SPAWNS = hasattr(os, 'posix_spawnp')\n"
        "heavy = ('click', 'numpy', 'PIL', 'scipy', 'git', 'msgspec', 'hashlib', 'tempfile', 'maskproof.model')\n"
        "names = (*heavy, 'dataclasses', 'inspect', 'ast', 'shutil', 'json', *(('subprocess',) * SPAWNS))\n"
        "def ended(status):\n"
        "    print('loaded:', *(one for one in names if one in sys.modules))\n"
        "    sys.exit(status)\n"
        "os._exit = ended\n"
        "sys.argv = ['maskproof', *sys.argv[1:]]\n"
        "main()\n"
    )

    @pytest.mark.parametrize("arguments", [["check"], ["check", "--staged"], ["check", "--"]])
    def test_loads_nothing_heavy(self, project, arguments):
        project.write("README.md", "Changed\n")
        project.stage()
        done = project.run(sys.executable, "-c", self.CODE, *arguments)
        assert done.stdout.splitlines() == [
            "maskproof: 0 images looked at, 0 compared, 0 blocked, 0 not judged.",
            "loaded:",
        ]

    def test_is_not_taken_where_a_range_is_meant(self, project):
        project.edit("drifted")
        project.commit("Past the hook")
        # As pre-commit tells it to a hook: nothing is staged, the change lies between two commits.
        env = {"PRE_COMMIT_FROM_REF": "HEAD~1", "PRE_COMMIT_TO_REF": "HEAD"}
        assert project.check(**env).status == 1
        assert project.check("--staged", **env).counts == [(0, 0, 0, 0)]


class TestHelp:
    def test_exit_statuses_and_commands(self, project):
        said = " ".join(project.maskproof("--help").stdout.split())
        assert STATUSES in said
        assert all(name in said for name in commands.commands)
        assert "..." not in said.partition("Commands:")[2], "a command is told in less than a line"

    @pytest.mark.parametrize("name", list(commands.commands))
    def test_every_option_is_named_and_explained(self, project, name):
        done = project.maskproof(name, "--help")
        assert done.returncode == 0
        command = commands.commands[name]
        assert command.help
        for option in command.params:
            if isinstance(option, click.Option):
                assert option.help, f"{option.name} has no help"
                assert all(one in done.stdout for one in option.opts)
            else:
                assert (option.metavar or option.name.upper()) in done.stdout

    def test_version(self, project):
        from maskproof import __version__

        done = project.maskproof("--version")
        assert (done.returncode, done.stdout.split()[-1]) == (0, __version__)

    def test_version_and_what_reads_pictures_here(self, project):
        from maskproof.images.rows import ways

        done = project.maskproof("--version", "--verbose")
        assert (done.returncode, done.stdout.splitlines()[1:]) == (0, list(ways()))
        assert project.maskproof("--verbose").returncode == 2


class TestOutput:
    def test_written_whole(self, project):
        project.edit("drifted")
        project.stage()
        plain = project.maskproof("check", "--format", "json")
        done = project.maskproof("check", "--format", "json", "--output", "report.json")
        assert done.returncode == 1
        assert done.stdout == "maskproof: 1 image looked at, 1 compared, 1 blocked, 0 not judged.\n"
        assert (project.root / "report.json").read_text() == plain.stdout
        assert not list(project.root.glob(".*.part"))

    @pytest.mark.parametrize("command", [("explain", SPRING), ("status",), ("inventory",)])
    @pytest.mark.parametrize("form", ["text", "json", "html"])
    def test_every_report_can_be_written_to_a_file(self, project, command, form):
        project.edit("drifted")
        project.commit()
        asked = (*command, "--format", form)
        plain = project.maskproof(*asked)
        done = project.maskproof(*asked, "--output", "report.out")
        assert done.returncode == plain.returncode == 0
        assert (project.root / "report.out").read_text() == plain.stdout

    def test_written_where_nothing_was_to_be_judged(self, project):
        project.write("report.json", "an older report")
        assert project.maskproof("check", "--format", "json", "--output", "report.json").returncode == 0
        assert json.loads((project.root / "report.json").read_text())["summary"]["images"] == 0

    def test_through_a_link_and_to_a_device(self, project):
        project.write("target.json", "older")
        (project.root / "link.json").symlink_to("target.json")
        os.mkfifo(project.root / "pipe")
        project.maskproof("check", "--format", "json", "--output", "link.json")
        assert (project.root / "link.json").is_symlink()
        assert json.loads((project.root / "target.json").read_text())
        command = [*MASKPROOF, "check", "--format", "json", "--output", "pipe"]
        with subprocess.Popen(command, cwd=project.root, env=clean_environment(), stdout=subprocess.DEVNULL) as running:
            assert json.loads((project.root / "pipe").read_text())
        assert running.returncode == 0
        assert (project.root / "pipe").is_fifo()

    @pytest.mark.parametrize("place", ["none/report.json", "assets", "README.md/report.json"])
    def test_that_cannot_be_written(self, project, place):
        project.edit("held")
        project.stage()
        done = project.maskproof("check", "--output", place)
        assert (done.returncode, done.stdout) == (2, "")
        assert place.split("/")[0] in done.stderr

    @pytest.mark.parametrize("arguments", [["check"], ["check", "--all"], ["check", "--all", "--format", "json"]])
    @pytest.mark.parametrize("verdict", ["held", "drifted"])
    def test_broken_pipe_is_neither_pass_nor_blocked(self, project, arguments, verdict):
        project.edit(verdict)
        if len(arguments) > 1:
            project.stage()
        read, write = os.pipe()
        os.close(read)
        done = subprocess.run(
            [*MASKPROOF, *arguments], cwd=project.root, env=clean_environment(), stdout=write, stderr=subprocess.PIPE,
            text=True, check=False,
        )  # fmt: skip
        os.close(write)
        assert (done.returncode, done.stderr) == (70, "")

    def test_full_disk(self, project):
        if not os.path.exists("/dev/full"):  # noqa: PTH110 - a device, not a file of the test
            pytest.skip("this system has no /dev/full")
        with open("/dev/full", "w") as full:  # noqa: PTH123
            done = subprocess.run(
                [*MASKPROOF, "check", "--all"], cwd=project.root, env=clean_environment(), stdout=full,
                stderr=subprocess.PIPE, text=True, check=False,
            )  # fmt: skip
        assert done.returncode == 2
        assert "No space left on device" in done.stderr.splitlines()[0]

    @pytest.mark.parametrize(("verdict", "status"), [("held", 0), ("drifted", 1)])
    def test_closed_output_keeps_the_status(self, project, verdict, status):
        project.edit(verdict)
        project.stage()
        command = subprocess.list2cmdline([*MASKPROOF, "check"])
        assert project.run("sh", "-c", f"{command} >&-", ok=False).returncode == status

    def test_no_colour_unless_on_a_terminal(self, project):
        project.edit("drifted")
        project.stage()
        done = project.run(*MASKPROOF, "check", ok=False, NO_COLOR="", TERM="xterm-256color")
        assert "\x1b" not in done.stdout

    def test_colour_on_a_terminal_and_never_against_no_color(self, project):
        import pty

        project.edit("drifted")
        project.stage()
        for no_color, painted in (("", True), ("1", False)):
            ours, theirs = pty.openpty()
            env = clean_environment() | {"TERM": "xterm", "NO_COLOR": no_color}
            subprocess.run([*MASKPROOF, "check"], cwd=project.root, env=env, stdout=theirs, check=False)
            os.close(theirs)
            text = b""
            try:
                while part := os.read(ours, 4096):
                    text += part
            except OSError:  # Linux ends a closed terminal so
                pass
            os.close(ours)
            assert b"BLOCKED" in text
            assert (b"\x1b[31;1mBLOCKED" in text) == painted


class TestInterrupted:
    @pytest.mark.parametrize("arguments", [["check"], ["check", "--all"], ["record", SPRING, "--original", HERO]])
    @pytest.mark.parametrize("how", ["the process alone", "the group, as a terminal does"])
    def test_while_git_runs(self, project, tmp_path, arguments, how):
        project.edit("held")
        before = (project.root / SIDECAR).read_bytes()
        git = tmp_path / "bin" / "git"
        git.parent.mkdir()
        git.write_text(f'#!/bin/sh\n: > "{tmp_path}/started"\nexec sleep 60\n')
        git.chmod(0o755)
        env = clean_environment() | {"PATH": f"{git.parent}{os.pathsep}{os.environ['PATH']}"}
        with start(
            [*MASKPROOF, *arguments], cwd=project.root, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            start_new_session=True,
        ) as running:  # fmt: skip
            while not (tmp_path / "started").exists() and running.poll() is None:
                time.sleep(0.01)
            if how.startswith("the process"):
                running.send_signal(signal.SIGINT)
            else:
                os.killpg(running.pid, signal.SIGINT)
            out, err = running.communicate()
        assert (running.returncode, out) == (130, "")
        assert "interrupted" in err
        assert "Traceback" not in err
        assert (project.root / SIDECAR).read_bytes() == before


class TestInternalError:
    CODE = (
        "import sys, maskproof.gate.check as check\n"
        "def broken(change, *_, **__): raise ValueError('boom \\x1b[31m')\n"
        "check.check = broken\n"
        "from maskproof.hook import main\n"
        "sys.argv = ['maskproof', 'check', '--all']\n"
        "main()\n"
    )

    def test_says_so_and_judges_nothing(self, project):
        done = project.run(sys.executable, "-c", self.CODE, ok=False)
        assert (done.returncode, done.stdout) == (70, "")
        assert "internal error (ValueError: boom \\x1b[31m)" in done.stderr
        assert "Traceback" not in done.stderr

    def test_shows_where_on_request_with_the_same_status(self, project):
        done = project.run(sys.executable, "-c", self.CODE, ok=False, MASKPROOF_TRACEBACK="1")
        assert done.returncode == 70
        assert "Traceback" in done.stderr


USAGE = {
    "a mask without a mode": ([HERO, "held.png", "--mask", MASK], "--mask-mode"),
    "a mode without a mask": ([HERO, "held.png", "--mask-mode", "white"], "--mask"),
    "an original that is not there": (["none.png", "held.png"], "none.png"),
    "an edit that is not there": ([HERO, "none.png"], "none.png"),
    "a folder": ([HERO, "assets"], "assets"),
    "a mask that is not there": ([HERO, "held.png", "--mask", "none.png", "--mask-mode", "white"], "none.png"),
    "a policy that is not there": ([HERO, "held.png", "--policy", "none.toml"], "none.toml"),
    "a policy with mistakes": ([HERO, "held.png", "--policy", "bad.toml"], "'aeras'"),
    "a policy whose area is not there": ([HERO, "held.png", "--policy", "area.toml"], "none.png"),
    "an unknown level": ([HERO, "held.png", "--level", "loose"], "loose"),
    "one picture": ([HERO], "EDIT"),
    "three pictures": ([HERO, "held.png", "held.png"], "argument"),
}  # fmt: skip


class TestCompare:
    MASKED = ("--mask", MASK, "--mask-mode", "white")

    @pytest.mark.parametrize(
        ("edit", "arguments", "status"),
        [
            ("held.png", MASKED, 0),
            ("drifted.png", MASKED, 1),
            ("held.png", (), 1),
            (HERO, (), 0),
            ("held.png", ("--mask", MASK, "--mask-mode", "black"), 1),
        ],
    )
    def test_verdicts(self, pair, edit, arguments, status):
        done = pair.maskproof("compare", HERO, edit, *arguments)
        assert done.returncode == status, done.stdout + done.stderr
        assert edit in done.stdout.splitlines()[0]

    def test_json_is_one_image(self, pair):
        done = pair.maskproof("compare", HERO, "drifted.png", *self.MASKED, "--format", "json")
        found = json.loads(done.stdout)
        assert (done.returncode, found["verdict"], found["path"]) == (1, "block", "drifted.png")

    def test_output(self, pair):
        done = pair.maskproof("compare", HERO, "held.png", *self.MASKED, "--format", "json", "--output", "r.json")
        assert done.returncode == 0
        assert json.loads((pair.root / "r.json").read_text())["verdict"] == "pass"
        assert done.stdout.startswith("held.png: passes")

    def test_outside_git(self, pair, tmp_path):
        done = pair.run(
            *MASKPROOF, "compare", str(pair.root / HERO), str(pair.root / "drifted.png"), ok=False, cwd=tmp_path,
            GIT_CEILING_DIRECTORIES=str(tmp_path), PATH="",
        )  # fmt: skip
        assert done.returncode == 1, done.stderr

    def test_policy(self, pair):
        area = 'name = "logo"\nkind = "brand"\nbox = [200, 80, 80, 80]\n'
        pair.write("policy/maskproof.toml", f'version = 1\n[[areas]]\npaths = ["**"]\n{area}')
        done = pair.maskproof("compare", HERO, "held.png", *self.MASKED, "--policy", "policy/maskproof.toml")
        assert done.returncode == 1
        assert "brand" in done.stdout

    @pytest.mark.parametrize("case", USAGE)
    def test_usage(self, pair, case):
        pair.write("bad.toml", "version = 2\n[[aeras]]\n")
        pair.write(
            "area.toml",
            'version = 1\n[[areas]]\npaths = ["**"]\nname = "a"\nkind = "brand"\n'
            'mask = "none.png"\nforeground = "white"\n',
        )
        arguments, word = USAGE[case]
        done = pair.maskproof("compare", *arguments)
        assert (done.returncode, done.stdout) == (2, "")
        assert word in done.stderr
        if case == "a policy with mistakes":
            assert "version" in done.stderr, "every mistake at once"

    @pytest.mark.parametrize("broken", ["original", "edit", "mask"])
    def test_a_picture_that_cannot_be_read(self, pair, broken):
        pair.write("broken.png", pair.pictures.held[:300])
        names = {"original": HERO, "edit": "held.png", "mask": MASK, broken: "broken.png"}
        done = pair.maskproof(
            "compare", names["original"], names["edit"], "--mask", names["mask"], "--mask-mode", "white"
        )
        assert done.returncode == 3
        assert "NOT JUDGED" in done.stdout
        assert "broken.png" in done.stdout


class TestExplain:
    STAGES = ("change", "policy", "evidence", "record", "pixels", "regions")

    @pytest.mark.parametrize("path", [SPRING, SIDECAR])
    def test_tracked(self, project, path):
        project.edit("drifted")
        project.stage()
        text = project.maskproof("explain", path)
        assert text.returncode == 0
        assert text.stdout.startswith(f"{SPRING}: BLOCKED")
        assert all(f"\n  {stage:<10}" in text.stdout for stage in self.STAGES)
        assert "outside the mask" in text.stdout
        found = json.loads(project.maskproof("explain", path, "--format", "json").stdout)
        assert (found["path"], found["verdict"]) == (SPRING, "block")
        assert [stage for stage in self.STAGES if stage in {one["stage"] for one in found["steps"]}] == [*self.STAGES]

    def test_tracked_from_elsewhere(self, project, tmp_path):
        project.edit("drifted")
        project.stage()
        for name, where in (("spring.png", project.root / "assets"), (str(project.root / SPRING), tmp_path)):
            done = project.run(*MASKPROOF, "explain", name, ok=False, cwd=where)
            assert done.stdout.startswith(f"{SPRING}: BLOCKED"), done.stderr

    def test_tracked_and_gone_from_disk(self, project):
        project.edit("drifted")
        project.stage()
        (project.root / SPRING).unlink()
        assert project.maskproof("explain", SPRING).stdout.startswith(f"{SPRING}: BLOCKED")

    @pytest.mark.parametrize("inside", [False, True])
    def test_plain_file(self, project, tmp_path, inside):
        where = project.root if inside else tmp_path
        for name, ai in (("marked", True), ("held", None)):
            (where / "x.png").write_bytes(getattr(project.pictures, name))
            done = project.run(
                *MASKPROOF, "explain", "x.png", "--format", "json", cwd=where, GIT_CEILING_DIRECTORIES=str(tmp_path)
            )
            found = json.loads(done.stdout)
            assert found["ai"] is ai
            assert {"ai", "edit", "generator", "parent", "evidence"} <= set(found)
            text = project.run(*MASKPROOF, "explain", "x.png", cwd=where, GIT_CEILING_DIRECTORIES=str(tmp_path))
            assert ("Stable Diffusion web UI made or changed it" in text.stdout) == bool(ai)

    def test_plain_file_needs_no_git(self, project, tmp_path):
        (tmp_path / "x.png").write_bytes(project.pictures.marked)
        done = project.run(*MASKPROOF, "explain", "x.png", cwd=tmp_path, ok=False, PATH="")
        assert (done.returncode, done.stdout[:13]) == (0, "Its metadata ")

    @pytest.mark.parametrize("name", ["none.png", "none/none.png", "assets"])
    def test_missing(self, project, name):
        done = project.maskproof("explain", name)
        assert (done.returncode, done.stdout) == (2, "")
        assert name in done.stderr

    @pytest.mark.parametrize("command", ["explain", "areas", "check", "view"])
    def test_a_file_that_is_not_there_is_not_to_be_staged(self, project, command):
        done = project.maskproof(command, "none.png")
        assert done.returncode != 0
        assert "git add" not in done.stdout + done.stderr

    def test_a_question_ends_with_its_mark(self, project):
        project.write("maskproof.toml", "version = 1\n[default]\n")
        project.stage()
        assert project.maskproof("check").stderr.splitlines()[0].endswith("did you mean 'defaults'?")

    def test_plain_file_that_is_no_picture(self, project, tmp_path):
        (tmp_path / "x.png").write_bytes(b"no picture")
        done = project.run(
            *MASKPROOF, "explain", "x.png", ok=False, cwd=tmp_path, GIT_CEILING_DIRECTORIES=str(tmp_path)
        )
        assert (done.returncode, done.stdout) == (3, "")
        assert "could not judge" in done.stderr

    def test_policy_with_mistakes(self, project):
        project.edit("held")
        project.write("maskproof.toml", "version = 2")
        project.stage()
        done = project.maskproof("explain", SPRING)
        assert (done.returncode, done.stdout) == (2, "")


class TestInCI:
    """The index of perceptual hashes may come out of a cache there, so that it is neither read nor written."""

    COMMANDS = (("check",), ("find", "edit.png"), ("record", "edit.png"))

    @pytest.mark.parametrize("arguments", COMMANDS, ids=lambda arguments: arguments[0])
    @pytest.mark.parametrize(
        ("value", "trusted"), [("", True), ("0", True), ("False", True), ("true", False), ("1", False)]
    )
    def test_every_command_answers_alike(self, project, arguments, value, trusted):
        project.write("maskproof.toml", 'version = 1\n[defaults]\nunrecorded = "block"\n')
        project.commit("Ask for records")
        project.write("edit.png", project.pictures.marked)
        project.stage()
        done = project.maskproof(*arguments, CI=value)
        assert HERO in done.stdout + done.stderr
        assert (project.root / ".git/maskproof/likeness.sqlite").exists() == trusted


def test_the_module_of_the_command_that_is_asked_for_is_the_only_one_loaded_and_each_name_is_in_its_row():
    code = (
        "import sys; from maskproof.cli import base; from click.testing import CliRunner; "
        "print(CliRunner().invoke(base.commands, ['rules', 'seam']).exit_code, *base.commands.commands)"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert said == ["0", *base.KINDS["judging"]]
    kinds: dict[str, list[str]] = {kind: [] for kind in base.KINDS}
    for name, command in commands.commands.items():
        kinds[command.callback.__module__.rpartition(".")[2]].append(name)
    assert {kind: tuple(names) for kind, names in kinds.items()} == base.KINDS
