"""What is signed about an edit: what it was made from, what was done, and what was measured.

    the model's file (its own manifest carried on) -> opened -> edited by the model -> the original's pixels put back

The verdict is the one on the bytes that are signed, since signing changes no pixel. The order is mark, sign, record,
approve: an approval names the signed bytes, so none can stand in them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from msgspec import Struct

from maskproof import __version__, evidence
from maskproof.errors import CouldNotRestore, UsageError
from maskproof.evidence import verdicts
from maskproof.images.decode import decode_stored
from maskproof.marks import CODES, GENERATED, MAKER, credentials
from maskproof.marks.credentials import Ingredient

if TYPE_CHECKING:
    from collections.abc import Callable

    from maskproof.evidence.verdicts import SignedVerdict
    from maskproof.marks.credentials import Identity
    from maskproof.records.sidecar import Record


class Made(Struct, frozen=True):
    """How a picture was made, with the bytes that are at hand."""

    record: Record
    """with the digests and sizes of original and mask, the tool, and what restoring did"""
    model_file: bytes | None
    """what the model sent; None: it is not at hand any more"""
    original: bytes | None = None
    """None: it was made without one"""


def nobody() -> Identity:
    """Stands where nobody says who signs.

    Raises:
        UsageError: always.
    """
    raise UsageError(
        "nothing says with which certificate",
        "Set MASKPROOF_CERTIFICATE and MASKPROOF_KEY to the files of a chain and its key, then `maskproof sign FILE`.",
    )


def by_policy(
    data: bytes, name: str, made: Made, verdict: SignedVerdict, policy: str, signer: Callable[[], Identity]
) -> tuple[bytes, str]:
    """What `restore` and `edit` write, signed where policy asks for it, and what to tell; what keeps it from that too.

    Args:
        data: The file, with its marks.
        name: Its path.
        made: How it was made.
        verdict: What was measured.
        policy: The key `sign`.
        signer: Gives who signs; asked only where policy asks.

    Raises:
        CouldNotJudge: what was written cannot be read.
    """
    if policy == "off":
        return data, ""
    try:
        by = signer()
        return signed(data, name, made, verdict, by), f"signed {describe(verdict, by, made)}"
    except (UsageError, CouldNotRestore) as error:
        return data, f"NOT signed, though policy asks for it: {error.reason.removeprefix(f'{name}: ')}. {error.advice}"


def signed(data: bytes, name: str, made: Made, verdict: SignedVerdict, by: Identity) -> bytes:
    """A picture with its manifest, every pixel as it was.

    Args:
        data: The file, with its marks.
        name: Its path.
        made: How it was made.
        verdict: What was measured.
        by: Who signs.

    Raises:
        CouldNotRestore: it cannot be signed, or would show other pixels.
        CouldNotJudge: it cannot be read.
    """
    ingredients = _ingredients(name, made)
    title = name.rpartition("/")[2]
    about = {
        "title": title,
        "claim_generator_info": [{"name": "maskproof", "version": __version__}],
        "assertions": [
            {"label": "c2pa.actions", "data": {"actions": _actions(made, ingredients)}, "created": True},
            verdicts.assertion(verdict) | {"created": True},
        ],
    }
    written = credentials.sign(data, name, about, ingredients, by)
    before, after = decode_stored(data, name), decode_stored(written, name)
    if before.shown.color != after.shown.color or not np.array_equal(before.samples, after.samples):
        raise CouldNotRestore(f"{name}: it would show other pixels when signed", "Export it again.")
    return written


def verdict_of(record: Record, drift: float | None, level: str, asked: str) -> SignedVerdict:
    """The verdict on a recorded picture; `asked` is the digest of what policy asks for it."""
    return verdicts.SignedVerdict(
        maskproof=1,
        engine=__version__,
        level=level,
        settings=asked,
        recorded=record.image.sha256,
        drift=None if drift is None else round(drift, 3),
        original=record.original.sha256 if record.original else None,
        mask=record.mask.sha256 if record.mask else None,
    )


def describe(verdict: SignedVerdict, by: Identity, made: Made) -> str:
    """What was signed, in words."""
    told = "nothing to compare it with" if verdict.drift is None else f"drift {verdict.drift:.2f} of its limit"
    chain = "the model's file is its parent" if made.model_file else "the model's file is not at hand: no parent"
    return f"by {by.name!a}: {told}, level {verdict.level}; {chain}"


def _ingredients(name: str, made: Made) -> tuple[Ingredient, ...]:
    """The model's file as the parent, and the original where its pixels were put back."""
    found = []
    if made.model_file is not None:
        title = f"{name.rpartition('/')[2]} as the model sent it"
        found.append(Ingredient(title, "parentOf", made.model_file))
    if made.original is not None and made.record.restored is not None and made.record.original is not None:
        found.append(Ingredient(made.record.original.path.rpartition("/")[2], "componentOf", made.original))
    return tuple(found)


def _actions(made: Made, ingredients: tuple[Ingredient, ...]) -> list[dict[str, Any]]:
    """What happened to the picture, in the order in which it did."""
    labels, code = [one.label for one in ingredients], MAKER[made.record.origin]
    agent = _model(made)
    by_model: dict[str, Any] = {"digitalSourceType": CODES + code}
    by_model |= {"softwareAgent": {"name": agent}} if agent else {}
    begin = {"action": "c2pa.opened", "parameters": {"ingredientIds": ["parentOf"]}}
    if "parentOf" not in labels:
        begin = {"action": "c2pa.created", **by_model}
    steps: list[dict[str, Any]] = [begin]
    if code != GENERATED:
        steps.append({"action": "c2pa.edited", **by_model, "description": "A model edited it within its mask."})
    elif "parentOf" in labels:
        steps.append({"action": "c2pa.edited.metadata", **by_model, "description": "Marks and record were added."})
    if "componentOf" in labels:
        steps.append(
            {
                "action": "c2pa.placed",
                "softwareAgent": {"name": "maskproof", "version": __version__},
                "description": _restoring(made.record),
                "parameters": {"ingredientIds": ["componentOf"]},
            }
        )
    return steps


def _model(made: Made) -> str:
    """The model, as the record names it, else as its own file does; empty where neither does."""
    tool = made.record.tool
    if named := " ".join(filter(None, (tool.provider, tool.model))) if tool else "":
        return named
    signs = evidence.assess(made.model_file, "the model's file") if made.model_file is not None else ()
    return evidence.generator(signs) or ""


def _restoring(record: Record) -> str:
    """What `restore` did, in words."""
    done = record.restored
    assert done is not None  # noqa: S101 - asked by the caller
    told = [f"Protected pixels were put back from the original (method {done.method})"]
    if done.shift is not None:
        told.append(f"a shift of {done.shift[0]:g}, {done.shift[1]:g} px, a scale of {done.scale} was undone before")
    if done.tone:
        told.append("light and colour of the edit were taken to the original's before")
    return "; ".join(told) + "."
