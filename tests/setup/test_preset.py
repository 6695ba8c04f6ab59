"""`maskproof preset`, and policies that extend one: pinned, read from the commit, and never looser unseen."""

from __future__ import annotations

import hashlib
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING

import pytest

from maskproof import policy
from maskproof.errors import PolicyError
from maskproof.model import Level

if TYPE_CHECKING:
    from collections.abc import Iterator

    from projects import Project, Scratch

SHARED = """version = 1
[defaults]
level = "strict"
unrecorded = "block"
[[rules]]
paths = ["drafts/**"]
unrecorded = "off"
[[areas]]
paths = ["**"]
name = "sign"
kind = "brand"
box = [10, 10, 40, 30]
[limits.brand]
light = 0.5
delta_e = 2
"""
PRESET = "images.maskproof.toml"


def pinned(text: str, path: str = PRESET, own: str = "") -> str:
    return f'version = 1\nextends = {{path = "{path}", sha256 = "{hashlib.sha256(text.encode()).hexdigest()}"}}\n{own}'


@contextmanager
def served(text: str) -> Iterator[str]:
    """The address of a server that answers everything with a text."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path.endswith(".toml") else 404)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/shared/images.toml"
    finally:
        server.shutdown()
        server.server_close()


# --- what it says ------------------------------------------------------------------------------------------------


def test_what_a_policy_says_itself_holds_above_what_it_extends() -> None:
    own = '[defaults]\nunrecorded = "warn"\n[limits.brand]\ndelta_e = 3\n'
    own += '[[rules]]\npaths = ["drafts/**"]\nlevel = "exact"\n'
    files = {PRESET: SHARED.encode(), "maskproof.toml": pinned(SHARED, own=own).encode()}
    found = policy.load(files.get)
    plain, draft = (policy.resolve(found, path) for path in ("a.png", "drafts/a.png"))
    assert (plain.level, plain.unrecorded, draft.level, draft.unrecorded) == (Level.STRICT, "warn", Level.EXACT, "off")
    assert [plain.limits["brand", one] for one in ("light", "delta_e")] == [0.5, 3]
    assert [area.name for area in plain.areas] == ["sign"]
    assert plain.source == "maskproof.toml"


def test_line_ends_of_a_checkout_are_no_other_preset() -> None:
    files = {PRESET: SHARED.replace("\n", "\r\n").encode(), "maskproof.toml": pinned(SHARED).encode()}
    assert policy.load(files.get) is not None


NESTED = pinned("version = 1", "other.maskproof.toml")


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({}, f"it extends {PRESET}, which is not there as a plain file: `git add {PRESET}`"),
        ({PRESET: SHARED + "#"}, f"if the file is meant, pin it: `maskproof preset {PRESET}`"),
    ],
)
def test_a_preset_that_is_missing_or_another_one_is_an_error(files, reason) -> None:
    whole = {**files, "maskproof.toml": pinned(SHARED)}
    with pytest.raises(PolicyError) as caught:
        policy.load({path: text.encode() for path, text in whole.items()}.get)
    assert caught.value.exit_status == 2
    assert reason in caught.value.problems[0]


@pytest.mark.parametrize("broken", [NESTED, SHARED + "x = 1", "version = 1\n[limits.brand]\nligt = 1", "no toml"])
def test_the_mistakes_of_a_preset_are_told_of_its_file(broken) -> None:
    files = {PRESET: broken.encode(), "maskproof.toml": pinned(broken).encode()}
    with pytest.raises(PolicyError) as caught:
        policy.load(files.get)
    assert PRESET in caught.value.reason


# --- the command -------------------------------------------------------------------------------------------------


def test_a_preset_is_fetched_pinned_and_renewed(scratch: Scratch) -> None:
    scratch.write("maskproof.toml", '# ours\nversion = 1   # of the format\n\n[defaults]\nprompt = "sha256"\n')
    for text, said in ((SHARED, "Wrote"), (SHARED + "# more\n", "Renewed"), (SHARED + "# more\n", "Left")):
        with served(text) as address:
            done = scratch.maskproof("preset", address)
        assert done.returncode == 0, done.stderr
        digest = hashlib.sha256(text.encode()).hexdigest()
        assert done.stdout.startswith(f"{said} {PRESET}, sha256 {digest}\n")
        assert (scratch.root / PRESET).read_text() == text
        own = (scratch.root / "maskproof.toml").read_text()
        assert own.splitlines()[:2] == ["# ours", "version = 1   # of the format"]
        assert own.count(f'extends = {{path = "{PRESET}", sha256 = "{digest}"}}') == own.count("extends") == 1
    found = policy.load(lambda path: (scratch.root / path).read_bytes() if (scratch.root / path).exists() else None)
    assert (policy.resolve(found, "a.png").level, policy.resolve(found, "a.png").prompt) == (Level.STRICT, "sha256")


def test_a_preset_of_the_repository_is_pinned_where_it_lies(scratch: Scratch) -> None:
    scratch.write(f"shared/{PRESET}", SHARED)
    done = scratch.maskproof("preset", f"shared/{PRESET}")
    assert done.returncode == 0, done.stderr
    assert (scratch.root / "maskproof.toml").read_text() == pinned(SHARED, f"shared/{PRESET}")


def test_a_table_of_pyproject_extends_one_as_well(scratch: Scratch) -> None:
    scratch.write("pyproject.toml", '[project]\nname = "x"\nversion = "1"\n[tool.maskproof]\nversion = 1\n')
    scratch.write(PRESET, SHARED)
    assert scratch.maskproof("preset", PRESET).returncode == 0
    assert f'version = 1\nextends = {{path = "{PRESET}"' in (scratch.root / "pyproject.toml").read_text()


@pytest.mark.parametrize(
    ("text", "reason"),
    [("<html>", "is not valid TOML"), (NESTED, "which is not there"), ("version = 2", "version is 2")],
)
def test_what_is_no_preset_is_not_written(scratch: Scratch, text: str, reason: str) -> None:
    with served(text) as address:
        done = scratch.maskproof("preset", address)
    assert done.returncode == 2
    assert reason in " ".join(done.stderr.split())
    assert sorted(one.name for one in scratch.root.iterdir()) == [".git"]


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("http://example.invalid/images.toml", "would be fetched without encryption"),
        ("ftp://example.invalid/images.toml", "would be fetched without encryption"),
        ("http://127.0.0.1:9/images.toml", "cannot be fetched"),
        ("images.toml", "no such file"),
    ],
)
def test_an_address_that_cannot_be_taken_is_refused(scratch: Scratch, source: str, reason: str) -> None:
    done = scratch.maskproof("preset", source)
    assert done.returncode == 2
    assert reason in done.stderr.lower()


# --- the gate ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "status", "said"),
    [
        ({PRESET: SHARED + "# other\n"}, 2, "pin it"),
        ({PRESET: None}, 2, "is not there"),
        ({"maskproof.toml": pinned(SHARED, "gone.maskproof.toml")}, 2, "is not there"),
        ({PRESET: "version = 1\n", "maskproof.toml": pinned("version = 1\n")}, 0, "loosens level, "),
        ({"maskproof.toml": "version = 1\n"}, 0, "policy-loosened: this change loosens level, "),
    ],
)
def test_a_change_of_the_preset_alone_is_held_to_the_pin_and_loosens_as_any(project: Project, change, status, said):
    project.write(PRESET, SHARED)
    project.write("maskproof.toml", pinned(SHARED))
    project.commit("The policy")
    for path, text in change.items():
        project.git("rm", "-q", path) if text is None else project.write(path, text)
    project.stage()
    done = project.check()
    assert done.status == status
    assert said in " ".join(done.text.split())


def test_the_preset_holds_in_the_hook(project: Project) -> None:
    project.write(PRESET, SHARED)
    project.write("maskproof.toml", pinned(SHARED))
    project.commit("The policy")
    project.edit("drifted")
    project.stage()
    done = project.try_commit()
    assert done.status == 1
    assert "BLOCKED" in done.text
