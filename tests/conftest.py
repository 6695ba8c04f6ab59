"""Shared ground of the tests: scratch repositories, and the third-party data where it is there."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from hypothesis import settings

# The same examples on every machine and every run: a law that fails once fails for everybody.
settings.register_profile("maskproof", derandomize=True, deadline=None, print_blob=False)
settings.load_profile("maskproof")

ROOT = Path(__file__).resolve().parent.parent
SHARED = Path(os.environ.get("MASKPROOF_SHARED", ROOT.parent / "shared"))
MASKPROOF = (sys.executable, "-m", "maskproof")


def clean_environment() -> dict[str, str]:
    """The environment without what the outer Git or pre-commit set, and with a committer."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("GIT_", "PRE_COMMIT"))}
    person = {"NAME": "Test", "EMAIL": "test@example.invalid"}
    return (
        kept
        | {f"GIT_{role}_{key}": value for role in ("AUTHOR", "COMMITTER") for key, value in person.items()}
        | {
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            "NO_COLOR": "1",
        }
    )


@dataclass(frozen=True)
class Scratch:
    """A scratch Git repository."""

    root: Path

    def run(
        self, *command: str, ok: bool = True, cwd: Path | None = None, **env: str
    ) -> subprocess.CompletedProcess[str]:
        """Run any command in the repository; with `ok`, it has to succeed."""
        done = subprocess.run(
            command,
            cwd=cwd or self.root,
            env=clean_environment() | env,
            capture_output=True,
            text=True,
            errors="surrogateescape",
            check=False,
        )
        if ok and done.returncode:
            raise AssertionError(f"{command} exited {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done

    def git(self, *arguments: str, ok: bool = True, **env: str) -> subprocess.CompletedProcess[str]:
        """Run git."""
        return self.run("git", *arguments, ok=ok, **env)

    def maskproof(self, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
        """Run the tool; the exit status is the test's business."""
        return self.run(*MASKPROOF, *arguments, ok=False, **env)

    def write(self, path: str, data: bytes | str) -> Path:
        """Write a file, folders included."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data.encode() if isinstance(data, str) else data)
        return file

    def commit(self, message: str = "change", *, verify: bool = False) -> None:
        """Stage everything and commit it, past the hook unless `verify`."""
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message, *(() if verify else ("--no-verify",)))


def install_hook(scratch: Scratch, *types: str) -> None:
    """Configure and install maskproof through pre-commit, with the fields of this project's own hook manifest."""
    manifest = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    hook = manifest[0] | {"language": "system", "entry": f"{shlex.quote(sys.executable)} -m maskproof check"}
    hook.pop("minimum_pre_commit_version", None)
    scratch.write(".pre-commit-config.yaml", yaml.safe_dump({"repos": [{"repo": "local", "hooks": [hook]}]}))
    scratch.git("add", ".pre-commit-config.yaml")
    scratch.run(
        sys.executable, "-m", "pre_commit", "install", *(f"--hook-type={one}" for one in types or ("pre-commit",))
    )


@pytest.fixture
def scratch(tmp_path: Path) -> Scratch:
    """An empty repository on branch main."""
    root = tmp_path / "scratch"
    root.mkdir()
    made = Scratch(root)
    made.git("init", "-q", "-b", "main")
    return made


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of third-party data; the test is skipped where it is absent."""
    if not SHARED.is_dir():
        pytest.skip("the third-party data is not beside this checkout (../shared)")
    return SHARED
