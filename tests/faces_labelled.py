"""The faces of the third-party originals, labelled by eye before a detector saw them: `regions/faces_labelled.csv`.

Of 70 originals each was looked at, and enlarged where people are. A box reaches from the hairline to the chin and from
ear to ear, in pixels of the original. Its kind says what may be asked of a detector:

    plain   photographed, or like it; 20 px high and more; both eyes or the glasses over them in sight. These count.
    hard    smaller, in profile, blurred, cut off or half covered. Reported apart, neither missed nor invented.
    drawn   painted, comic or modelled. Reported apart as well: the network was trained on photographs.

Animals, and people without one feature that can be made out (from behind, in silhouette), are no faces.
"""

from __future__ import annotations

import csv
import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from maskproof.model import Box
from maskproof.regions import iou
from thirdparty import SHARED

if TYPE_CHECKING:
    from collections.abc import Iterable

    from maskproof.regions.faces import Face

TABLE = Path(__file__).parent / "regions" / "faces_labelled.csv"
SAME = 0.3
"""intersection over union from which a detection is the labelled face"""
KINDS = ("plain", "hard", "drawn")


class Label(NamedTuple):
    """A face that a person saw."""

    case: str
    box: Box
    kind: str
    note: str


class Score(NamedTuple):
    """Labels and detections of one picture, matched."""

    seen: tuple[Face, ...]
    """in the order in which areas are named `face 1`, `face 2`, ..."""
    found: tuple[tuple[Label, Face], ...]
    missed: tuple[Label, ...]
    invented: tuple[Face, ...]


def labels() -> list[Label]:
    """All of them."""
    with TABLE.open(encoding="utf-8", newline="") as lines:
        return [
            Label(row["case"], Box(*(int(row[key]) for key in ("x", "y", "width", "height"))), row["kind"], row["note"])
            for row in csv.DictReader(lines)
        ]


def model() -> bytes | None:
    """The YuNet model: of MASKPROOF_YUNET, else of the third-party data; None where there is none."""
    named = os.environ.get("MASKPROOF_YUNET")
    files = [Path(named)] if named else sorted((SHARED / "models").glob("face_detection_yunet_*.onnx"))
    return files[-1].read_bytes() if files else None


def cases(root: Path) -> list[dict[str, str]]:
    """The rows of `cases.csv`, each with the first case of the same original as `first`."""
    first: dict[str, str] = {}
    with (root / "cases.csv").open(encoding="utf-8", newline="") as lines:
        return [
            row
            | {
                "first": first.setdefault(
                    hashlib.sha256((root / row["original"]).read_bytes()).hexdigest(), row["case"]
                )
            }
            for row in csv.DictReader(lines)
        ]


def score(seen: Iterable[Face], wanted: Iterable[Label]) -> Score:
    """Which labelled faces were found, each by the detection that covers it best, and which nobody labelled."""
    seen = tuple(seen)
    found, missed = [], []
    for label in wanted:
        best = max(seen, key=lambda face: iou(face.box, label.box), default=None)
        if best is not None and iou(best.box, label.box) >= SAME:
            found.append((label, best))
        else:
            missed.append(label)
    invented = [face for face in seen if all(face != one for _, one in found)]
    return Score(seen, tuple(found), tuple(missed), tuple(invented))
