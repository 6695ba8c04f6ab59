"""Builds the compiled helper with the package, where a compiler is: `hooks/maskproof/images/unfilter.c`.

It is plain C without Python's headers, called through ctypes, so whatever compiler builds anything builds it. Where
there is none the package is the same without it, and PNGs are read in the slower way (`maskproof.images.rows`).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SOURCE = Path("hooks/maskproof/images/unfilter.c")
BUILT = Path("hooks/maskproof/images/unfilter.built")
COMPILERS = ("cc", "gcc", "clang")
WITHOUT = "MASKPROOF_WITHOUT_HELPER"
"""the environment variable that asks for a package for every machine"""


class HelperHook(BuildHookInterface[Any]):
    """Asked before a wheel is packed or the checkout is installed."""

    def initialize(self, _version: str, build_data: dict[str, Any]) -> None:
        """Compile, and have the wheel say for which machine it is."""
        root = Path(self.root)
        if self.target_name == "wheel" and not os.environ.get(WITHOUT) and compiled(root / SOURCE, root / BUILT):
            build_data["artifacts"].append(str(BUILT))
            build_data["pure_python"] = False
            build_data["infer_tag"] = True


def compiled(source: Path, target: Path) -> bool:
    """Was the helper built? Whatever keeps a compiler from it is no error."""
    compiler = os.environ.get("CC") or next(filter(None, map(shutil.which, COMPILERS)), None)
    target.unlink(missing_ok=True)
    if compiler is None or sys.platform == "win32":
        return False
    command = [*compiler.split(), "-O3", "-shared", "-fPIC", str(source), "-o", str(target)]
    try:
        return subprocess.run(command, check=False, capture_output=True, timeout=120).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False
