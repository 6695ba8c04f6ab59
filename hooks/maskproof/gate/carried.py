"""Warnings that the project carries already: told once, by the change that brought them, and not again by later ones.

A change concerns pictures that it does not touch itself, by their mask, their original or the policy. What is warned
of one of them is left out where the same was to be said before the change. What blocks is always said.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from maskproof.gate.scope import Scope
from maskproof.model import Severity, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable

    from maskproof.model import ImageReport


def without_carried(scope: Scope, image: ImageReport, judged: Callable[[Scope, str], ImageReport]) -> ImageReport:
    """A report without the warnings that the base gives of the very same picture and record.

    Args:
        scope: The change under review.
        image: What came of an image in it.
        judged: Judges an image of another scope.
    """
    change, path = scope.change, image.path
    own = {path, *(one for tree in (change.base, change.head) for one in tree.records.get(path, ()))}
    asked = change.everything or own & {*change.named} or own & change.changes.keys() or path not in change.base.entries
    if asked or image.verdict is not Verdict.PASS or not image.findings:
        return image
    before = judged(Scope(change._replace(head=change.base, changes={}, named=(), tips=())), path)
    known = {(one.rule, one.region, one.message) for one in before.findings if one.severity is Severity.WARN}
    left = tuple(one for one in image.findings if (one.rule, one.region, one.message) not in known)
    return replace(image, findings=left)
