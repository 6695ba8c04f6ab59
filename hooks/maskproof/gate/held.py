"""What holds for a picture: every part that is protected in it, by name, with who asks for it.

Of an edit the parts lie in its original, as they are compared; a picture without one is shown as the original that an
edit of it would be held to. An area that cannot be drawn or located is told beside the others.
"""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from maskproof import regions
from maskproof.errors import CouldNotJudge, UsageError
from maskproof.gate.compare import policy_reader
from maskproof.gate.gather import gather
from maskproof.gate.inspection import Failure, Original
from maskproof.gate.origins import decode
from maskproof.gate.scope import Scope
from maskproof.model import Box
from maskproof.policy import resolve
from maskproof.policy.cover import same
from maskproof.regions.areas import areas_of, mask_picture
from maskproof.repo.change import Selection, open_change

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from maskproof.model import Picture, Read, Region
    from maskproof.policy import AreaRule, FoundPolicy, Settings
    from maskproof.records.sidecar import Record
    from maskproof.repo import Repository

    Mask = NDArray[np.bool_]
    Lines = list[tuple[AreaRule, str]]

HEADER = re.compile(rb"^[ \t]*\[\[[ \t]*(?:tool\.maskproof\.)?areas[ \t]*\]\]", re.MULTILINE)
"""begins an area in a policy file"""


class HeldArea(Struct, frozen=True):
    """One protected area."""

    region: Region
    source: str
    """who asks for it, in words"""

    @property
    def box(self) -> Box:
        """Around it, in pixels of the picture."""
        height, width = self.region.part.shape
        return Box(*self.region.corner, width, height)

    @property
    def share(self) -> float:
        """Of the picture, 0 to 1."""
        return regions.share_of(self.region.mask)


class Held(Struct, frozen=True):
    """What holds for one picture."""

    path: str
    """of the picture that was asked for"""
    shown: str
    """of the picture in which the areas lie"""
    picture: Picture
    opened: Mask | None = None
    """H x W, True where the mask opens it; None: no edit was asked for"""
    mask: str = ""
    """path of the mask; empty: there is none"""
    areas: tuple[HeldArea, ...] = ()
    problems: tuple[tuple[str, str], ...] = ()
    """why an area cannot be shown, and what to do"""
    notes: tuple[str, ...] = ()


def held(repository: Repository, path: str) -> Held:
    """What holds for a tracked picture, as it and the policy are staged.

    Raises:
        UsageError: Git does not know it.
        CouldNotJudge: it, its record, its original or its mask cannot be read.
        PolicyError: the policy has mistakes.
    """
    name = repository.path_of(path)
    if name not in repository.index.entries:
        if not (repository.root / name).exists():
            raise UsageError(f"there is no file {path}", "Check the name.")
        raise UsageError(
            f"{path} is not known to Git", f"Run `git add {shlex.quote(path)}`, or name a policy: `--policy FILE`."
        )
    scope = Scope(open_change(repository, Selection(named=())))
    inputs, files = gather(scope, name), scope.files
    failed = next((one for one in (inputs.edit, inputs.record, inputs.reference) if isinstance(one, Failure)), None)
    if failed is not None:
        raise CouldNotJudge(failed.reason, failed.advice)
    assert not isinstance(inputs.edit, Failure)  # noqa: S101
    assert not isinstance(inputs.record, Failure)  # noqa: S101
    assert not isinstance(inputs.reference, Failure)  # noqa: S101
    trees = scope.change.head, *scope.change.trusted
    policies = scope.policies[-1], *scope.policies
    lines = [row for found, tree in zip(policies, trees, strict=False) for row in _lines(found, tree.read)]
    reference = inputs.reference
    if isinstance(reference, Original):
        (pair,) = decode(inputs, inputs.edit, reference, files).pairs
        mask = reference.mask.path if reference.mask else ""
        empty = Held(name, reference.original.path, pair.original, pair.editable, mask)
    else:
        empty = Held(name, name, files.picture(inputs.edit))
    return _filled(empty, inputs.settings, inputs.record, policy_reader(inputs, files), lines)


def held_by(policy: FoundPolicy, name: str, picture: Picture, read: Read) -> Held:
    """What a policy asks of a picture, without Git.

    Args:
        policy: It.
        name: The picture's name, which the policy's patterns are about.
        picture: The picture.
        read: Where the policy and the files that it names lie.
    """
    return _filled(Held(name, name, picture), resolve(policy, name), None, read, _lines(policy, read))


def _filled(empty: Held, settings: Settings, record: Record | None, read: Read, lines: Lines) -> Held:
    """With the areas of each rule by itself, so that one that fails does not hide the others."""
    found: list[HeldArea] = []
    problems: list[tuple[str, str]] = []
    notes: list[str] = []
    rest, nothing = replace(settings, areas=()), np.zeros(empty.picture.samples.shape[:2], np.bool_)
    for rule in (*settings.areas, None):
        asked = rest if rule is None else replace(rest, areas=(rule,), detect=())
        try:
            declared = areas_of(empty.picture, asked, record if rule is None else None, read)
            _, *drawn = regions.build(nothing, declared, lambda path: mask_picture(read, path))
        except CouldNotJudge as error:
            problems.append((error.reason, error.advice))
            continue
        where = next((line for one, line in lines if rule is not None and same(one, rule)), "")
        found += [HeldArea(one, where or one.source) for one in drawn]
        if rule is not None and not drawn:
            notes.append(f"{rule.find} is not in {empty.shown}, so the area {rule.name!a} protects nothing of it")
    return replace(empty, areas=tuple(found), problems=tuple(problems), notes=tuple(notes))


def _lines(found: FoundPolicy, read: Read) -> Lines:
    """Every area of a policy with the file and line that it begins in; nothing where that cannot be told surely."""
    if found is None:
        return []
    source, policy = found
    files = ([policy.extends.path] if policy.extends else []) + [source]
    begun = [
        f"{file}, line {len(data[: match.start()].splitlines()) + 1}"
        for file in files
        for data in (read(file) or b"",)
        for match in HEADER.finditer(data)
    ]
    return list(zip(policy.areas, begun, strict=True)) if len(begun) == len(policy.areas) else []
