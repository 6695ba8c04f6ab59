"""Memory that a picture gave back is used for the next one."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

FAULTS = """
import resource, sys
from maskproof.images import memory
if sys.argv[1:]:
    memory.keep()
def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
bytearray(24_000_000)
start = faults()
for _ in range(20):
    pair = bytearray(b"1") * 24_000_000, bytearray(b"1") * 24_000_000
    del pair
print(faults() - start)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="a setting of glibc")
def test_the_system_is_not_asked_for_it_again() -> None:
    plain, kept = (
        int(subprocess.run([sys.executable, "-c", FAULTS, *way], capture_output=True, check=True).stdout)
        for way in ([], ["keep"])
    )
    assert kept < plain / 4
