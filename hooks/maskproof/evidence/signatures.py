"""Signatures: is a C2PA manifest intact, and who signed it? Two questions, answered apart.

Integrity: the signature fits the claim, the claim its assertions, and the digest in it the file. Trust: the signer's
certificate stands on a trust list, and is in date. Most genuine files of AI services fail the second somewhere, so one
word for both would call them forged. The work is done by c2pa-python (the extra `c2pa`), with every way to the network
closed: no remote manifest, no revocation list, no identity lookup. Source: C2PA specification 2.2, chapter 15 (status
codes).
"""

from __future__ import annotations

import io
import json
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

from maskproof.evidence.carriers import OWN_STORE
from maskproof.model import Evidence

if TYPE_CHECKING:
    from collections.abc import Iterator

    from maskproof.evidence.carriers import Carried

SETTINGS: dict[str, dict[str, Any]] = {
    "verify": {
        "remote_manifest_fetch": False,
        "ocsp_fetch": False,
        "verify_trust": True,
        "verify_after_reading": True,
    },
    "core": {"decode_identity_assertions": False, "allowed_network_hosts": []},
    "cawg_trust": {"verify_trust_list": False},
}
"""of c2pa-rs. Identity assertions name DIDs, which would be looked up; the empty list closes what nobody foresaw"""
TRUST = ("signingCredential.", "timeStamp.", "timeOfSigning.", "claimSignature.outsideValidity", "cawg.")
"""beginnings of status codes that speak of certificates; every other failure speaks of the bytes"""
SIGNED, UNFIT = "claimSignature.validated", "signingCredential.invalid"
LINK = "ingredient.manifest.mismatch"
"""an ingredient's manifest is not the one that was signed with; no other code of an ingredient speaks of this file"""
OWN = f"{OWN_STORE}, signature"
"""the source of what is said of the signature of a file's own manifest"""
MAX_EARLIER = 64
"""manifests of a chain that are told of"""
IN_WORDS = {
    "signingCredential.untrusted": "not on a trust list",
    "signingCredential.expired": "certificate expired",
    "signingCredential.invalid": "certificate not of the form that C2PA asks for",
    "signingCredential.revoked": "certificate revoked",
    "signingCredential.ocsp.revoked": "certificate revoked",
    "assertion.dataHash.mismatch": "the file was changed after signing",
    "assertion.boxesHash.mismatch": "the file was changed after signing",
    "assertion.bmffHash.mismatch": "the file was changed after signing",
    "claimSignature.mismatch": "the claim was changed after signing",
    "assertion.hashedURI.mismatch": "an assertion was changed after signing",
    LINK: "the manifest of an ingredient was changed after signing",
    "assertion.missing": "an assertion is missing",
    "claimSignature.missing": "the signature is missing",
}


class Signature(Struct, frozen=True):
    """What was found out about one manifest store."""

    broken: tuple[str, ...]
    """status codes of what does not fit"""
    distrusted: tuple[str, ...]
    """status codes of what is wrong with the signer's certificate"""
    signer: str | None
    earlier: tuple[str, ...] = ()
    """of the manifests that its ingredients brought: whose signature each has, and whether it fits, in words"""

    @property
    def intact(self) -> bool:
        """Do the signature, the claim, its assertions and the file fit together?"""
        return not self.broken

    def __str__(self) -> str:
        whole = "signature intact" if self.intact else f"signature broken: {_in_words(self.broken)}"
        who = f"signer {self.signer!a}" if self.signer else "signer"
        return f"{whole}; {who}: {_in_words(self.distrusted) or 'on a trust list'}"


def available() -> bool:
    """Is the extra installed?"""
    return find_spec("c2pa") is not None


def annotate(signs: list[Evidence], carried: Carried, data: bytes, kind: str) -> list[Evidence]:
    """The signs of C2PA manifests with what their signatures are worth, and a sign that says so for each store.

    `kind` is the file's format, as containers name it.
    """
    found: list[Evidence] = []
    for source, store in carried.manifests:
        own = [one for one in signs if one.source == source]
        if any(one.confidence == "low" for one in own):
            found += own
            continue
        signature = verify(data, kind, store if source != OWN_STORE else None)
        if signature is None:
            about = Evidence(f"{source}, signature", "a signature that cannot be checked", ai=None, confidence="low")
            found += [*own, about]
            continue
        worth: dict[str, Any] = {"confidence": "high" if signature.intact else "medium", "signed": signature.intact}
        found += [replace(one, **worth) for one in own]
        found += [
            Evidence(f"{source}, signature", said, ai=None, **worth) for said in (str(signature), *signature.earlier)
        ]
    return found + [one for one in signs if one.source not in dict(carried.manifests)]


def verify(data: bytes, kind: str, store: bytes | None = None, anchors: str | None = None) -> Signature | None:
    """Check the active manifest of a file; None where the library cannot read it.

    `store` is the manifest store where it lies beside the file. `anchors` are certificates (PEM) of a trust list;
    without one no signer is trusted.
    """
    import c2pa

    mime = f"image/{kind.lower()}"
    try:
        with c2pa.Reader(mime, io.BytesIO(data), manifest_data=store, context=_context(anchors)) as reader:
            results = reader.get_validation_results() or {}
            active = reader.get_active_manifest() or {}
            brought = any(one.get("active_manifest") for one in active.get("ingredients", ()))
            known = json.loads(reader.json()).get("manifests", {}) if brought else {}
    except Exception:  # noqa: BLE001 - beside its own errors the binding raises KeyError and more on broken stores
        return None
    changed = [one for row in results.get("ingredientDeltas") or () for one in _faults(row.get("validationDeltas"))]
    about = results.get("activeManifest") or {}
    whole = about | {"failure": [*_faults(about), *(one for one in changed if one.get("code") == LINK)]}
    signature = _signature(whole, active.get("signature_info") or {})
    return replace(signature, earlier=tuple(_earlier(active, known, results)))


@cache
def _context(anchors: str | None) -> Any:
    import c2pa

    trust = {"trust": {"trust_anchors": anchors}} if anchors else {}
    return c2pa.Context(c2pa.Settings.from_dict(SETTINGS | trust))


def _signature(results: dict[str, Any], about: dict[str, Any]) -> Signature:
    failed = list(dict.fromkeys(str(one.get("code")) for one in results.get("failure", ())))
    distrusted = tuple(code for code in failed if code.startswith(TRUST))
    broken = tuple(code for code in failed if not code.startswith(TRUST))
    signed = any(one.get("code") == SIGNED for one in results.get("success", ()))
    if not signed and not broken:
        broken = ("claimSignature.missing",)
    signer = about.get("common_name") or about.get("issuer")
    return Signature(broken, distrusted, signer[:100] if isinstance(signer, str) else None)


def _faults(results: dict[str, Any] | None) -> list[dict[str, Any]]:
    return list((results or {}).get("failure") or ())


def _earlier(active: dict[str, Any], known: dict[str, Any], results: dict[str, Any]) -> Iterator[str]:
    """The signatures of the manifests that led to the active one, the latest first.

    Whether an ingredient fitted its own file is known to whoever signed with it; what is found otherwise now is added.
    """
    waiting, seen = [active], set[str]()
    changed = {
        str(one.get("ingredientAssertionURI")).rpartition("/c2pa/")[2]: one.get("validationDeltas")
        for one in results.get("ingredientDeltas") or ()
    }
    while waiting and len(seen) < MAX_EARLIER:
        by = waiting.pop(0)
        for one in by.get("ingredients") or ():
            label = one.get("active_manifest")
            if label in seen or label not in known:
                continue
            seen.add(label)
            waiting.append(known[label])
            then = (one.get("validation_results") or {}).get("activeManifest")
            now = changed.get(f"{by.get('label')}/c2pa.assertions/{one.get('label')}")
            codes = [str(fault.get("code")) for found in (then, now) for fault in _faults(found)]
            broken = tuple(code for code in codes if not code.startswith(TRUST))
            about = known[label].get("signature_info") or {}
            who = str(about.get("common_name") or about.get("issuer") or "nobody")[:100]
            fits = f"broken: {_in_words(broken)}" if broken else "intact"
            yield f"its ingredient {str(one.get('title') or label)[:100]!a}: signature {fits}; signer {who!a}"


def _in_words(codes: tuple[str, ...]) -> str:
    return ", ".join(dict.fromkeys(IN_WORDS.get(code, code) for code in codes))
