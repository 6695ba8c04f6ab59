"""How the tests start programs: with signals as a terminal would leave them, and loading the same modules only once.

`maskproof` takes half a second to load, and the tests start it a thousand times. So one fresh interpreter loads it, and
each run is a copy (`fork`) of that interpreter: a process of its own, with its own arguments, environment, folder and
outputs, which ends as any other does. What is said of starting, of the environment that Python reads while it starts,
or of outputs that are closed, is tested with processes that are started afresh (`start`, `projects.Scratch.run`).

A copy of a small interpreter also is the one process whose peak of memory can be measured: `ru_maxrss` of a process
that was started begins at the memory of the one that started it, here a test run that has grown.
"""

from __future__ import annotations

import atexit
import json
import os
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

MASKPROOF = (sys.executable, "-m", "maskproof")
COPIES = sys.platform.startswith("linux")
"""whether a copied interpreter works whatever it has loaded; elsewhere each run starts afresh, and measures well so"""
READ_AT_START = ("PATH", "PYTHON", "LANG", "LC_")
"""how the variables begin that an interpreter or a module reads while it is loaded"""
PATIENCE = 600
"""seconds until a wait is given up: a bound on hanging on the busiest machine, and nothing that is measured"""
UNIT = 1 if sys.platform == "darwin" else 1024
"""bytes in which this system counts `ru_maxrss`"""

SERVER = """
import atexit, gc, json, os, signal, sys, threading, warnings
signal.signal(signal.SIGINT, signal.SIG_IGN)  # an interrupted test run ends by closing the input
gc.freeze()
for line in sys.stdin:
    wanted = json.loads(line)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of threads that NumPy keeps, which it takes care of itself
        child = os.fork()
    if not child:
        break
    _, status, used = os.wait4(child, 0)
    told = {"status": os.waitstatus_to_exitcode(status), "memory": used.ru_maxrss, "cpu": used.ru_utime + used.ru_stime}
    print(json.dumps(told), flush=True)
else:
    os._exit(0)
signal.signal(signal.SIGINT, signal.default_int_handler)
for number, (name, how) in enumerate(((os.devnull, os.O_RDONLY), *((one, os.O_WRONLY) for one in wanted["outputs"]))):
    opened = os.open(name, how)
    os.dup2(opened, number)
    os.close(opened)
os.chdir(wanted["cwd"])
os.environ.clear()
os.environ.update(wanted["env"])
sys.argv[1:] = wanted["arguments"]
try:
    main()
    status = 0
except SystemExit as end:
    if not isinstance(end.code or 0, int):
        raise
    status = end.code or 0
threading._shutdown()
atexit._run_exitfuncs()
sys.stdout.flush()
sys.stderr.flush()
os._exit(status)  # taking all modules down one by one would copy the memory that holds them
"""

LOADED = """
import importlib, pkgutil
import maskproof
for module in pkgutil.walk_packages(maskproof.__path__, "maskproof."):
    if not module.name.endswith("__main__"):
        try:
            importlib.import_module(module.name)
        except ModuleNotFoundError:  # a part of an extra that is not installed
            pass
for name in ("git", "gitdb", "openai", "scipy.fft", "scipy.ndimage", "scipy.optimize", "scipy.spatial", "sqlite3"):
    try:
        importlib.import_module(name)
    except ModuleNotFoundError:  # an extra that is not installed
        pass
import PIL.Image
PIL.Image.init()
from maskproof.hook import main
import __main__
__main__.__package__, sys.argv[0] = "maskproof", maskproof.__path__[0] + "/__main__.py"  # as `-m` leaves them
"""
"""maskproof with all that its commands load where they need it"""


@dataclass(frozen=True)
class Ran:
    """What a program did."""

    status: int
    """its exit status; the number of the signal that ended it, negative"""
    stdout: str
    stderr: str
    memory: float
    """MB that it took at most"""
    cpu: float
    """seconds of processor time"""


def start(command: Any, **options: Any) -> subprocess.Popen[str]:
    """Start a program that an interrupt reaches, even where the tests themselves run with it ignored (`nohup`, `&`)."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return subprocess.Popen(command, text=True, **options)
    finally:
        signal.signal(signal.SIGINT, before)


class Program:
    """Python code that defines `main`, in an interpreter that is loaded once and copied for each run."""

    def __init__(self, code: str) -> None:
        self._code = "import sys\n" + code
        self._server: subprocess.Popen[str] | None = None
        self._folder = tempfile.TemporaryDirectory(prefix="maskproof-tests-")
        self._outputs = [str(Path(self._folder.name, name)) for name in ("stdout", "stderr")]
        atexit.register(self.end)

    def run(self, *arguments: str, cwd: Path | str | None = None, env: Mapping[str, str] | None = None) -> Ran:
        """Run `main` with these arguments, in this folder, and wait for its end."""
        for name in self._outputs:
            Path(name).write_bytes(b"")
        where, environment = str(cwd or Path.cwd()), dict(os.environ if env is None else env)
        told = (self._copied if COPIES else self._started)(arguments, where, environment)
        out, err = (
            Path(name).read_text("utf-8", "surrogateescape").replace("\r\n", "\n").replace("\r", "\n")
            for name in self._outputs
        )
        return Ran(told["status"], out, err, told["memory"] * UNIT / 1e6, told["cpu"])

    def end(self) -> None:
        """End the interpreter that is copied."""
        if self._server is not None:
            self._server.communicate()
            self._server = None
        with suppress(OSError):
            self._folder.cleanup()

    def _copied(self, arguments: tuple[str, ...], cwd: str, env: dict[str, str]) -> dict[str, Any]:
        if self._server is None:
            self._server = subprocess.Popen(
                [sys.executable, "-c", self._code + SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
        wanted = {"arguments": arguments, "cwd": cwd, "env": env, "outputs": self._outputs}
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        self._server.stdin.write(json.dumps(wanted) + "\n")
        self._server.stdin.flush()
        told = self._server.stdout.readline()
        assert told, "the interpreter that is copied has ended"
        return dict(json.loads(told))

    def _started(self, arguments: tuple[str, ...], cwd: str, env: dict[str, str]) -> dict[str, Any]:
        out, err = map(Path, self._outputs)
        with out.open("wb") as stdout, err.open("wb") as stderr:
            command = [sys.executable, "-c", self._code + "\nmain()", *arguments]
            running = subprocess.Popen(
                command, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr
            )
            _, status, used = os.wait4(running.pid, 0)
            running.returncode = os.waitstatus_to_exitcode(status)
        return {"status": running.returncode, "memory": used.ru_maxrss, "cpu": used.ru_utime + used.ru_stime}


@cache
def maskproof() -> Program:
    """The program itself."""
    return Program(LOADED)


def is_copied(command: tuple[str, ...], env: Mapping[str, str]) -> bool:
    """Is this a run of maskproof in which nothing is asked that is settled while it is loaded?"""
    return command[: len(MASKPROOF)] == MASKPROOF and not any(name.startswith(READ_AT_START) for name in env)
