"""The demo: a scratch repository, the hook, a clean edit and one that spilled, and what Git says to each."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from maskproof.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

INSTALLED = Path(__file__).parents[1] / "fixtures"
CHECKOUT = Path(__file__).parents[3] / "fixtures"
"""where the pictures lie when maskproof runs from its own checkout"""
INSTALLED_HOOKS = Path(__file__).parents[1] / "pre-commit-hooks.yaml"
CHECKOUT_HOOKS = Path(__file__).parents[3] / ".pre-commit-hooks.yaml"
"""the manifest that ships"""
CLEAN, SPILLED = "pass/rerendered", "block/redrawn"
COMMITTER = {
    f"GIT_{role}_{key}": value
    for role in ("AUTHOR", "COMMITTER")
    for key, value in (("NAME", "maskproof demo"), ("EMAIL", "demo@example.invalid"))
}


def run(keep: Path | None, say: Callable[[str], object]) -> int:
    """Show the gate at work.

    Args:
        keep: Where to leave the scratch repository; None: a temporary folder that is removed.
        say: Takes the lines for the reader.

    Returns:
        0 when the clean edit was committed and the one that spilled was blocked, else 70.

    Raises:
        UsageError: pre-commit is not installed, or `keep` is not empty.
    """
    if importlib.util.find_spec("pre_commit") is None:
        raise UsageError(
            "the demo commits through pre-commit, which is not installed",
            "Run `pip install 'maskproof[demo]'` and try again.",
        )
    if keep is not None:
        if keep.exists() and any(keep.iterdir()):
            raise UsageError(f"{keep} is not empty", "Name a new folder.")
        keep.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="maskproof-demo-") if keep is None else nullcontext(str(keep)) as folder:
        return _played(Path(folder), say)


def _played(root: Path, say: Callable[[str], object]) -> int:
    pictures = INSTALLED if INSTALLED.is_dir() else CHECKOUT
    say("A scratch repository with one product photograph, and maskproof as its pre-commit hook:\n")
    _shell(root, say, "git", "init", "--quiet", "--initial-branch=main", ".")
    (root / ".pre-commit-config.yaml").write_text(_config())
    _shell(root, say, sys.executable, "-m", "pre_commit", "install")
    for file in ("original.jpg", "mask.png"):
        shutil.copy(pictures / CLEAN / "base" / file, root)
    _shell(root, say, "git", "add", ".")
    _shell(root, say, "git", "commit", "--quiet", "-m", "Add the product photograph and a mask for it")

    say("\nA clean edit by an image model. The mask makes the coffee editable, and only the coffee changed:\n")
    clean = _try(root, say, pictures / CLEAN, "Serve it with milk")
    say("\nAnother edit of the same photograph, through the same mask. The model redrew the table as well:\n")
    spilled = _try(root, say, pictures / SPILLED, "Serve it with foam")

    as_meant = clean == 0 and spilled != 0
    say(
        "\nThe first edit is in the history, the second one is not."
        if as_meant
        else "\nThis is not what should happen."
    )
    say("Next: `maskproof init` in your own repository.")
    return 0 if as_meant else 70


def _try(root: Path, say: Callable[[str], object], case: Path, message: str) -> int:
    """Commit the edit of one case; Git's exit status."""
    for file in ("edit.png", "edit.png.maskproof.json"):
        shutil.copy(case / "change" / file, root)
    _shell(root, say, "git", "add", ".")
    return _shell(root, say, "git", "commit", "--quiet", "-m", message)


def _shell(root: Path, say: Callable[[str], object], *command: str) -> int:
    """Run a command in the scratch repository as a person would, and repeat what it prints."""
    words = [
        "pre-commit" if one == "pre_commit" else one
        for one in command
        if one not in {sys.executable, "-m"} or command[0] != sys.executable
    ]
    say("$ " + " ".join(f"'{word}'" if " " in word else word for word in words))
    outer = {key: value for key, value in os.environ.items() if not key.startswith(("GIT_", "PRE_COMMIT"))}
    done = subprocess.run(command, cwd=root, env=outer | COMMITTER, capture_output=True, text=True, check=False)
    if text := (done.stdout + done.stderr).strip():
        say(text)
    return done.returncode


def _config() -> str:
    """A pre-commit configuration with the hook as it ships, that runs this very installation (JSON is YAML)."""
    import yaml  # pre-commit brings it

    hook = yaml.safe_load((INSTALLED_HOOKS if INSTALLED_HOOKS.is_file() else CHECKOUT_HOOKS).read_text())[0]
    hook |= {"language": "system", "entry": f'"{sys.executable}" -m maskproof check'}
    return json.dumps({"repos": [{"repo": "local", "hooks": [hook]}]}, indent=2) + "\n"
