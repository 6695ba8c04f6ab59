"""The JSON Schema of each document that maskproof reads or writes, for editors and tools: `python docs/schema/make.py`.

Made from the same types that read the files, and kept beside this script; a test tells when they have to be made anew.
"""

from __future__ import annotations

import json
from pathlib import Path

from maskproof import policy
from maskproof.records import approval, baseline, sidecar
from maskproof.report import shape

FILES = {
    "sidecar.json": sidecar.schema,
    "maskproof.json": policy.schema,
    "approval.json": approval.schema,
    "baseline.json": baseline.schema,
    "report.json": shape.schema,
}


def write(folder: Path) -> None:
    """Write every schema into a folder."""
    for name, schema in FILES.items():
        (folder / name).write_text(text(schema()), encoding="utf-8")


def text(schema: dict[str, object]) -> str:
    """A schema as it stands in its file."""
    return json.dumps(schema, indent=2, sort_keys=True) + "\n"


if __name__ == "__main__":
    write(Path(__file__).resolve().parent)
