"""People's work, and photographs: what no model made or changed (origin `manual`).

Work on another picture, such as retouching by hand, names it as its original, and a mask of what was worked on. It is
measured as an edit is, and drift is found as in an edit: what somebody meant is for a person to answer for. A picture
that names no original is held to what a generated one is held to: brand areas, and the question whether it looks like
a tracked picture after all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from maskproof.evidence import wording
from maskproof.gate.compare import record_of
from maskproof.gate.inspection import Before, Failure
from maskproof.model import Severity
from maskproof.policy import DEMANDING
from maskproof.policy.rules import finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from maskproof.gate.inspection import Inspection
    from maskproof.model import Finding


def contradicted(inspection: Inspection) -> Iterator[Finding]:
    """A file that says that AI made or changed it, beside a record that calls it people's work without an original.

    With an original its marks may be those of the AI edit that was retouched.
    """
    signals, record, settings = inspection.signals, record_of(inspection.inputs), inspection.inputs.settings
    if isinstance(signals, Failure) or not isinstance(inspection.inputs.reference, Before):
        return
    signs = tuple(one for one in signals.evidence if one.confidence != "low")
    if record is None or record.origin != "manual" or not any(one.ai for one in signs):
        return
    yield finding(
        "stale-record",
        f"the record says that the picture is people's work, but {wording.sentence(signs)}",
        severity=Severity.BLOCK if settings.unrecorded in DEMANDING else Severity.WARN,
        region="origin",
        advice="If people worked on a picture that AI made, name that one with `--original`. If AI made this one, "
        "record it without `--manual`.",
    )
