"""Trying: one picture judged as policy has it, and again with another level or other limits, beside each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from maskproof.gate.check import judge
from maskproof.gate.gather import gather
from maskproof.policy.limits import default_limits

if TYPE_CHECKING:
    from collections.abc import Mapping

    from maskproof.gate.scope import Scope
    from maskproof.model import ImageReport, Level
    from maskproof.policy import Settings


class Tried(Struct, frozen=True):
    """Two reports on one picture."""

    by_policy: ImageReport
    asked: ImageReport
    settings: Settings
    """what policy has for it"""
    level: Level
    """the level that was asked for"""


def tried(scope: Scope, path: str, level: Level | None, limits: Mapping[tuple[str, str], float]) -> Tried:
    """Judge one picture both ways.

    Args:
        scope: The change that it is part of.
        path: The picture.
        level: In place of policy's; None: that one.
        limits: By (kind, metric), in place of those of level and policy.
    """
    inputs = gather(scope, path)
    now = inputs.settings
    chosen = level or now.level
    own = {row: now.limits[row] for row in now.own_limits}
    asked = replace(now, level=chosen, limits=default_limits(chosen) | own | dict(limits))
    report = judge(replace(inputs, settings=asked), scope.files)
    return Tried(judge(inputs, scope.files), report, now, chosen)
