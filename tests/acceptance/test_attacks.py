"""Attacks on the gate through the real command line, with honest work between them; and what each run may cost.

The attacks are a program beside the checkout. Here each of its cases is a test, `maskproof` on its PATH is this
checkout's, and every run of it is measured.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from projects import ROOT, clean_environment
from thirdparty import ABSENT, SHARED

ATTACKS = SHARED / "attacks" / "attacks.py"
CASES = re.findall(r'@case\(\s*"([^"]+)"', ATTACKS.read_text()) if ATTACKS.is_file() else []
MAX_MEGABYTES, MAX_CPU_SECONDS = 1000, 10.0
MEASURED = """\
#!{python}
import os, sys
child = os.fork()
if not child:
    program = "import sys; del sys.path[:1]; from maskproof.hook import main; main()"
    os.execv({python!r}, [{python!r}, "-c", program, *sys.argv[1:]])
_, status, used = os.wait4(child, 0)
with open({told!r}, "a") as file:
    print(used.ru_maxrss / 1024, used.ru_utime + used.ru_stime, *sys.argv[1:], file=file)
code = os.waitstatus_to_exitcode(status)
os._exit(code if code >= 0 else 128 - code)
"""

pytestmark = [
    pytest.mark.acceptance,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the attacks need Linux"),
]


@pytest.mark.parametrize(
    "case",
    CASES or [pytest.param("", marks=ABSENT, id="absent")],
)
def test_an_attack_is_stopped_and_honest_work_passes_within_bounds(tmp_path, case):
    told, program = tmp_path / "told", tmp_path / "bin" / "maskproof"
    program.parent.mkdir()
    program.write_text(MEASURED.format(python=sys.executable, told=str(told)))
    program.chmod(0o755)
    path = os.pathsep.join((str(program.parent), os.environ["PATH"]))
    done = subprocess.run(
        [sys.executable, ATTACKS, "--only", case, "--verbose"],
        env=clean_environment() | {"PATH": path, "PYTHONPATH": str(ROOT / "hooks"), "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    if "SKIPPED" in done.stdout:
        pytest.skip(done.stdout)
    runs = [line.split(" ", 2) for line in told.read_text().splitlines()]
    assert runs
    for memory, cpu, what in runs:
        assert float(memory) < MAX_MEGABYTES, what
        assert float(cpu) < MAX_CPU_SECONDS, what
    assert done.returncode == 0, done.stdout + done.stderr
