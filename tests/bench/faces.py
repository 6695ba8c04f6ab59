"""Faces: how many are found and invented, and whether the detected area alone tells kept from redrawn.

Labels are those of tests/faces_labelled.py, redraws those of tests/redraws.py, the network that of the third-party data
(or MASKPROOF_YUNET). The policy has `detect = ["face"]` and no area; the mask opens each face and its surroundings, so
nothing but the detected area protects it. Kept and redrawn faces are put into two things: the original saved as JPEG of
quality 90, and the real edits that held, with their editors' own residual, where their mask left the face alone. Last
come the real edits with their own masks: how often a detected face blocks an edit that people let pass.

    python tests/bench/faces.py ../shared/cases [--jobs 2] [--markdown]
"""

from __future__ import annotations

import argparse
import hashlib
import io
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from PIL import Image

from maskproof.gate.named import Named, compare
from maskproof.images.decode import decode, decode_mask
from maskproof.policy import from_file
from maskproof.regions import editable, faces
from tables import Table, show

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from faces_labelled import KINDS, Label, Score, cases, labels, model, score
from redraws import REDRAWS, opened, redrawn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from maskproof.model import Box, ImageReport

KEPT = "kept"
ALONE = 0.005
"""share of a face's box that a mask may open and still leave the face alone"""
DONOR_PX = 60
"""least width of a face that another one is made of"""


class Task(NamedTuple):
    """One comparison."""

    base: str
    """what the face is put into: `JPEG 90` or `real edits`"""
    row: tuple[tuple[str, str], ...]
    """the case's line of cases.csv"""
    name: str
    """of the detected area"""
    box: Box
    """of the detected face"""
    label: Label
    how: str
    """`kept`, or a row of REDRAWS"""
    donor: Label


class Outcome(NamedTuple):
    """What came of it."""

    task: Task
    drift: float
    """worst value over its limit among the findings of the rule `face`; 0: none"""


@cache
def network() -> bytes:
    """The model's bytes."""
    found = model()
    if found is None:
        raise SystemExit("there is no YuNet model: name one with MASKPROOF_YUNET")
    return found


def seen(picture: np.ndarray) -> tuple[faces.Face, ...]:
    """The detections in a picture."""
    return faces.detect(picture, network(), hashlib.sha256(network()).hexdigest())


def judged(named: Named) -> ImageReport:
    """One comparison under a policy that looks for faces and does nothing else."""
    digest = hashlib.sha256(network()).hexdigest()
    policy = (
        'version = 1\n[defaults]\ndetect = ["face"]\nmax_editable = 1.0\n'
        f'[face_model]\npath = "model"\nsha256 = "{digest}"\n'
    )
    return compare(named, from_file(("policy", policy.encode()), "edit", None, lambda _: None), lambda _: network())


def samples(root: Path, row: dict[str, str], role: str) -> np.ndarray:
    """A case's picture as H x W x 3."""
    return decode((root / row[role]).read_bytes(), row[role]).samples[..., :3]


def saved(picture: np.ndarray, form: str = "PNG") -> bytes:
    """A picture as a file; JPEG at quality 90."""
    out = io.BytesIO()
    Image.fromarray(picture).save(out, form, quality=90)
    return out.getvalue()


def matched(root: Path, row: dict[str, str]) -> Score:
    """Labels and detections of one original."""
    return score(seen(samples(root, row, "original")), [one for one in labels() if one.case == row["first"]])


def found(scores: list[tuple[dict[str, str], Score]]) -> Table:
    """Labelled faces that were found, by kind, and what was invented."""
    lines = []
    for kind in KINDS:
        hits = [one for _, each in scores for one, _ in each.found if one.kind == kind]
        missed = [one for _, each in scores for one in each.missed if one.kind == kind]
        notes = "; ".join(f"{one.case} ({one.note or 'no note'}, {one.box.height} px)" for one in missed)
        lines.append((kind, f"{len(hits)} of {len(hits) + len(missed)}", notes))
    invented = [f"{row['case']} ({face.box}, {face.confidence:.2f})" for row, each in scores for face in each.invented]
    lines.append(("invented", f"{len(invented)} in {len(scores)} pictures", "; ".join(invented)))
    return Table("Faces in the originals, labelled by eye", ("kind", "found", "which not"), tuple(lines))


def tasks(root: Path, scores: dict[str, Score]) -> Iterator[Task]:
    """Every plain face that was found, kept and redrawn, in both bases."""
    donors = [one for one in labels() if one.kind == "plain" and one.box.width >= DONOR_PX]
    for row in cases(root):
        mask = editable(decode_mask((root / row["mask"]).read_bytes(), ""), row["mask_mode"], _size(root, row))
        faces_of = scores[row["first"]]
        for number, (label, face) in enumerate(faces_of.found):
            name = f"face {faces_of.seen.index(face) + 1}"
            bases = ["JPEG 90"] if row["case"] == row["first"] else []
            if row["expected"] == "pass" and opened_share(mask, face.box) < ALONE:
                bases.append("real edits")
            others = [one for one in donors if one.case != row["first"]]
            donor = others[(len(row["case"]) + 5 * number) % len(others)]
            for base in bases if label.kind == "plain" else ():
                for how in (KEPT, *REDRAWS):
                    yield Task(base, tuple(row.items()), name, face.box, label, how, donor)


def outcome(root: Path, task: Task) -> Outcome:
    """One comparison, with a mask that opens the face and its surroundings."""
    row = dict(task.row)
    original = samples(root, row, "original")
    edit = original if task.base == "JPEG 90" else _fitted(samples(root, row, "edit"), original)
    if task.how != KEPT:
        donor = next(one for one in cases(root) if one["case"] == task.donor.case)
        edit = redrawn(edit, task.label.box, task.how, _cut(samples(root, donor, "original"), task.donor.box))
    mask = opened(_size(root, row), task.box)
    if task.base == "real edits":
        own = decode_mask((root / row["mask"]).read_bytes(), "")
        mask[editable(own, row["mask_mode"], _size(root, row))] = 255
    data = saved(edit, "JPEG" if task.base == "JPEG 90" else "PNG")
    return Outcome(task, worst(judged(Named(data, saved(original), saved(mask), "white")), task.name))


def worst(report: ImageReport, name: str) -> float:
    """How far the findings of an area go over their limits; 0: it has none."""
    found = [one for one in report.findings if one.region == name]
    return max((one.value / one.limit for one in found if one.value and one.limit), default=0.0)


def redraws(results: list[Outcome]) -> Table:
    """Blocked by the detected area alone."""
    lines = []
    for base in ("JPEG 90", "real edits"):
        for how in (KEPT, *REDRAWS):
            mine = [one for one in results if one.task.base == base and one.task.how == how]
            over = [one for one in mine if one.drift]
            odd = [one for one in mine if bool(one.drift) == (how == KEPT)]
            notes = "; ".join(
                f"{dict(one.task.row)['case']} ({one.task.box.height} px, {one.drift:.2f})" for one in odd
            )
            least = f"{min((one.drift for one in over), default=0):.2f}"
            lines.append((base, how, f"{len(over)} of {len(mine)}", least, notes))
    head = ("face put into", "face", "blocked by the rule `face`", "least drift that blocks", "unexpected")
    return Table("A detected face, kept and redrawn", head, tuple(lines), NOTE)


NOTE = "Plain faces. The mask opens each face and its surroundings; only the detected area protects it."


def own_masks(root: Path, row: dict[str, str]) -> list[tuple[str, str, float, float]]:
    """A real edit with its own mask: for each detected face the share of its area that is editable, and its drift."""
    files = ((root / row[key]).read_bytes() for key in ("edit", "original", "mask"))
    report = judged(Named(*files, row["mask_mode"]))
    mask = editable(decode_mask((root / row["mask"]).read_bytes(), ""), row["mask_mode"], _size(root, row))
    return [
        (row["case"], str(face.box), opened_share(mask, face.box), worst(report, f"face {index + 1}"))
        for index, face in enumerate(seen(samples(root, row, "original")))
    ]


def held(rows: list[tuple[str, str, float, float]]) -> Table:
    """Detected faces in edits that people let pass, with the edits' own masks."""
    lines = []
    for name, low, high in (
        ("leaves the face alone", 0, ALONE),
        ("opens part of it", ALONE, 0.5),
        ("opens it", 0.5, 2),
    ):
        mine = [one for one in rows if low <= one[2] < high]
        over = [one for one in mine if one[3]]
        notes = "; ".join(f"{case} ({box}, {share:.0%} opened, {drift:.2f})" for case, box, share, drift in over)
        lines.append((name, str(len(mine)), str(len(over)), notes))
    return Table("Detected faces in real edits to pass", ("the mask", "faces", "blocked", "which"), tuple(lines))


def opened_share(mask: np.ndarray, box: Box) -> float:
    """Share of a box that a mask opens."""
    return float(_cut(mask, box).mean())


def _cut(picture: np.ndarray, box: Box) -> np.ndarray:
    return picture[box.y : box.y + box.height, box.x : box.x + box.width]


def _size(root: Path, row: dict[str, str]) -> tuple[int, int]:
    return decode((root / row["original"]).read_bytes(), row["original"]).size


def _fitted(picture: np.ndarray, like: np.ndarray) -> np.ndarray:
    size = like.shape[1], like.shape[0]
    return np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.LANCZOS))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", type=Path, help="the folder with cases.csv")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--markdown", action="store_true")
    args = parser.parse_args()
    with ProcessPoolExecutor(args.jobs) as pool:
        show(measured(args.cases, pool), markdown=args.markdown)


def measured(root: Path, pool: ProcessPoolExecutor) -> list[Table]:
    """All tables."""
    everything = cases(root)
    originals = [row for row in everything if row["case"] == row["first"]]
    passed = [row for row in everything if row["expected"] == "pass"]
    scores = list(zip(originals, pool.map(partial(matched, root), originals), strict=True))
    wanted = list(tasks(root, {row["case"]: each for row, each in scores}))
    results = list(pool.map(partial(outcome, root), wanted, chunksize=5))
    own = [one for some in pool.map(partial(own_masks, root), passed) for one in some]
    return [found(scores), redraws(results), held(own)]


if __name__ == "__main__":
    main()
