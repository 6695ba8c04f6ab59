"""Approving: what is found in some pictures now, written down as accepted, with a reason.

The pictures are judged as they are staged, beside what the project holds, so that the approval answers what the check
on the server will find.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from maskproof.atomic import write_together
from maskproof.errors import UsageError
from maskproof.gate.accepted import approved_of
from maskproof.gate.check import judge
from maskproof.gate.gather import gather
from maskproof.gate.inspection import Failure, Inspection
from maskproof.gate.scope import Scope
from maskproof.model import Severity, counted
from maskproof.records import approval
from maskproof.records.sidecar import image_of
from maskproof.repo import Repository, ssh
from maskproof.repo.change import open_against
from maskproof.repo.paths import SIGNATURE_SUFFIX, SIGNERS, is_sidecar

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator
    from pathlib import Path

    from maskproof.model import ImageReport
    from maskproof.records.approval import Approved


def approve(
    where: Path,
    edits: tuple[str, ...],
    reason: str,
    expires: dt.date | None,
    since: str | None,
    key: str | None,
    *,
    sign: bool | None,
) -> Iterator[str]:
    """Write an approval of some pictures into the working tree.

    Args:
        where: The current folder, inside a Git repository.
        edits: The pictures.
        reason: Why what is found in them is right.
        expires: The last day on which it holds; None: it does not end.
        since: The branch that the change is to be merged into; None: as `open_against`.
        key: What to sign with; None: Git's own key.
        sign: Whether to; None: where the project asks for signatures, or lists signers and there is a key.

    Yields:
        Lines that say what was approved, and what to do next.

    Raises:
        UsageError: there is nothing to approve, or it cannot be.
    """
    if not reason.strip():
        raise UsageError("an approval needs a reason", "Say why the pictures are right: `--reason TEXT`.")
    repository = Repository(where)
    scope = Scope(open_against(repository, since))
    paths = tuple(dict.fromkeys(repository.path_of(edit) for edit in edits))
    pictures = []
    for path, found in judged(scope, paths):
        yield _told(path, found)
        pictures += [found] if found else []
    if not pictures:
        return
    whole = approval.Approval(
        maskproof=1, reason=reason.strip(), pictures=pictures, by=repository.person, expires=expires
    )
    file = approval.path_of(whole)
    files = {file: approval.render(whole)}
    if _signs(scope, sign, key):
        files = {file + SIGNATURE_SUFFIX: ssh.sign(repository, approval.signed_form(whole), key), **files}
    try:
        (repository.root / file).parent.mkdir(parents=True, exist_ok=True)
        write_together(*((repository.root / name, data) for name, data in files.items()))
    except OSError as error:
        raise UsageError(f"{file} cannot be written: {error.strerror}", "Check the folder and the disk.") from error
    if since is None and scope.change.base is repository.head and not repository.head.empty:
        yield "Judged against the last commit, as nothing says where the change goes; for a branch: `--from-ref BRANCH`"
    yield f"Wrote {' and '.join(files)}, for {counted(len(pictures), 'picture')}"
    added = " ".join(map(shlex.quote, files))
    yield f"    -> Commit it: `git add {added}`. It counts once {counts_once(scope, signed=len(files) > 1)}."


def judged(scope: Scope, paths: tuple[str, ...]) -> Iterator[tuple[str, Approved | None]]:
    """What an approval of each picture of a change would hold; None where nothing would stop it.

    Raises:
        UsageError: its bytes or its record cannot be read, so that nobody could say what is approved.
    """
    for path in paths:
        report = judge(gather(scope, image_of(path) if is_sidecar(path) else path), scope.files)
        yield report.path, _approved(report)


def _told(path: str, found: Approved | None) -> str:
    if found is None:
        return f"{path}: nothing stands against it, so it needs no approval"
    return f"{path}: approves {', '.join(dict.fromkeys(answer.rule for answer in found.findings))}"


def _approved(report: ImageReport) -> Approved | None:
    """What an approval of a picture holds; None where nothing would stop it.

    Raises:
        UsageError: its bytes or its record cannot be read, so that nobody could say what is approved.
    """
    inspection = report.inspection
    assert isinstance(inspection, Inspection)  # noqa: S101 - `judge` keeps it
    inputs = inspection.inputs
    for one in (inputs.edit, inputs.record):
        if isinstance(one, Failure):
            raise UsageError(f"{report.path} cannot be approved: {one.reason}", one.advice)
    for absent in (one for one in report.findings if one.absent):
        raise UsageError(f"{report.path} cannot be approved unseen: {absent.message}", absent.advice)
    own = [one for one in report.findings if one.rule != "approval-lapsed"]
    if not any(one.severity is not Severity.WARN for one in own):
        return None
    return approved_of(inputs, own)


def _signs(scope: Scope, sign: bool | None, key: str | None) -> bool:
    if sign is not None:
        return sign
    listed = scope.change.base.blob_id(SIGNERS) is not None
    has_key = bool(key or scope.change.repository.setting("user.signingKey"))
    return scope.sign_offs.rules.signed or bool(key) or (listed and has_key)


def counts_once(scope: Scope, *, signed: bool) -> str:
    """When an approval that was just written will count, in the words after "once"."""
    rules = scope.sign_offs.rules
    if rules.required == 0:
        return "it is committed, as the policy asks for nobody else"
    if signed:
        return f"it is committed, where {SIGNERS} on the target branch lists the key and the change is not your own"
    if rules.signed:
        return "it is signed (`--sign`), which the policy asks for"
    if rules.authority == "codeowners":
        return "the owners of its folder have reviewed the change"
    return "it is merged, as a change of its own"
