"""C2PA manifests: what signed claims say about how a picture came to be.

The active manifest is the last one of the store; its claim lists assertions, among them the actions taken and the
ingredients used, and an ingredient may bring the manifest it had. Manifests are read here, signatures are not verified
(`evidence/signatures.py` does that), and a manifest that is named by an address elsewhere is never fetched.
Source: C2PA technical specification 2.2, chapters 10 (claims), 11 (boxes), 18 (assertions).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from maskproof.evidence.cbor import MAX_CBOR, decode
from maskproof.evidence.jumbf import Box, MalformedError, parse
from maskproof.evidence.vocabularies.words import AI_SOURCE_TYPES, GENERATORS, MIN_ID_CHARS, means_ai, source_type
from maskproof.model import Evidence

if TYPE_CHECKING:
    from collections.abc import Iterator

    from maskproof.evidence.carriers import Carried

MANIFESTS = frozenset({b"c2ma", b"c2um"})
"""types of a manifest: whole, or an update that leaves the picture alone"""
COMPRESSED = b"c2cm"
AI_ASSERTIONS = {"com.adobe.generative-ai": "description", "c2pa.ai_generated_content": "model"}
"""assertions of 2023 and 2024 that say AI in themselves, and the field that names the model; beside them stand
`c2pa.training-mining` and its kin, which speak of what others may do with the picture"""
PASSIVE = frozenset({"opened", "converted", "transcoded", "repackaged", "published", "created", "managed"})
"""actions that leave the picture what it was"""
VERDICT = "org.maskproof.verdict"
"""the assertion in which maskproof says what it measured (`evidence/verdicts.py`)"""
MAX_CHAIN = 64
"""manifests followed from ingredient to ingredient"""


class Action(Struct, frozen=True):
    """One step in the making of the picture."""

    name: str
    """without its `c2pa.`"""
    source: str | None
    """the last part of its digital source type"""
    agent: str | None
    description: str
    opens: tuple[str, ...]
    """instance ids and addresses of the ingredients it was applied to"""

    @property
    def passive(self) -> bool:
        """Does it leave the picture what it was? Watermarks come as edits."""
        return self.name in PASSIVE or self.name.startswith("watermarked") or "watermark" in self.description.casefold()


class Ingredient(Struct, frozen=True):
    """A picture that went into this one."""

    label: str
    title: str | None
    instance: str | None
    relation: str
    """`parentOf`, `componentOf` or `inputTo`"""
    manifest: str | None
    """the label of the manifest it brought"""


class Manifest(Struct, frozen=True):
    """One claim and what it refers to."""

    label: str
    instance: str | None
    generator: str | None
    actions: tuple[Action, ...] = ()
    ingredients: tuple[Ingredient, ...] = ()
    models: tuple[tuple[str, str | None], ...] = ()
    """(assertion, model) of assertions that say AI in themselves"""
    declared: tuple[str, ...] = ()
    """digital source types in metadata assertions"""
    verdicts: tuple[dict[str, Any], ...] = ()
    """what claims to be a verdict of maskproof"""

    @property
    def part(self) -> Ingredient | None:
        """The one picture that was placed in this one, where there is just one."""
        parts = [one for one in self.ingredients if one.relation == "componentOf"]
        return parts[0] if len(parts) == 1 else None

    @property
    def parent(self) -> Ingredient | None:
        """The picture that was edited: opened, or parent by its relation. None where this is the same, saved anew."""
        opened = {one for action in self.actions if action.name == "opened" for one in action.opens}
        edited = not self.actions or any(not action.passive for action in self.actions)
        if any(action.name == "created" for action in self.actions) or not edited:
            return None
        return next(
            (one for one in self.ingredients if one.relation == "parentOf" or {one.label, one.instance} & opened), None
        )


def signs(carried: Carried) -> list[Evidence]:
    """What each manifest store says; one that cannot be read says that, and nothing else."""
    found: list[Evidence] = []
    for source, store in carried.manifests:
        try:
            manifests = manifests_of(store)
        except MalformedError as error:
            found.append(Evidence(source, f"a C2PA manifest that cannot be read: {error}", ai=None, confidence="low"))
            continue
        said = list(dict.fromkeys(_describe(manifests, source)))
        found += said or [Evidence(source, "a manifest without signs of AI", ai=None)]
    for packet in carried.xmp:
        address = packet.first("dcterms:provenance") or ""
        if address.startswith(("http://", "https://")):
            found.append(Evidence(packet.source, f"names a C2PA manifest at {address[:200]} (not fetched)", ai=None))
    return found


def ids(store: bytes) -> set[str]:
    """The ids by which other files may name the one with this store."""
    try:
        manifests = manifests_of(store)
    except MalformedError:
        return set()
    active = manifests[-1]
    return {one for one in (active.label, active.instance) if one and len(one) >= MIN_ID_CHARS}


def manifests_of(store: bytes) -> list[Manifest]:
    """The manifests of a store, the active one last.

    Raises:
        MalformedError: the store cannot be read.
    """
    boxes = parse(store).children
    if any(box.kind == COMPRESSED for box in boxes):
        raise MalformedError("it is compressed, which is not supported")
    room = _Room()
    found = [_manifest(box, room) for box in boxes if box.kind in MANIFESTS]
    if not found:
        raise MalformedError("it holds no manifest")
    return found


def _describe(manifests: list[Manifest], source: str) -> Iterator[Evidence]:
    """Statements of the active manifest, and of those that its ingredients brought."""
    known = {one.label: one for one in manifests}
    waiting: list[tuple[Manifest, bool, Ingredient | None]] = [(manifests[-1], True, None)]
    seen: set[str] = set()
    while waiting and len(seen) < MAX_CHAIN:
        manifest, whole, of = waiting.pop(0)
        if manifest.label in seen:
            continue
        seen.add(manifest.label)
        yield from _statements(manifest, source, of, whole=whole)
        waiting += [
            (known[one.manifest], whole and one.relation == "parentOf", one)
            for one in manifest.ingredients
            if one.relation != "inputTo" and one.manifest in known
        ]


def _statements(manifest: Manifest, source: str, brought: Ingredient | None, *, whole: bool) -> Iterator[Evidence]:
    """What one manifest says; `whole`: of the picture itself, not only of a part that was placed in it."""
    title = brought.title if brought else None
    of = f" of its ingredient{f' {title!a}' if title else ''}" if brought else ""
    parent = manifest.parent if whole else None
    names = (parent.instance or parent.title) if parent else None
    edits = False
    for action in manifest.actions:
        if action.source is not None:
            ai = means_ai(action.source)
            edit = AI_SOURCE_TYPES.get(action.source) or (ai and parent is not None and not action.passive) or None
            edits |= bool(edit)
            yield Evidence(
                source,
                f"{action.source} ({action.name}{of})",
                ai=ai,
                edit=edit if whole else None,
                generator=(action.agent or (manifest.generator if action.name != "opened" else None)) if ai else None,
                parent=names if edit else None,
                plain=_plain(action, parent, title, whole=whole) if ai else None,
            )
        elif action.name == "created" and (maker := _maker(action, manifest)):
            plain = _plain(action, parent, title, whole=whole)
            yield Evidence(source, f"created by {maker}{of}", ai=True, generator=maker, plain=plain)
        elif not action.passive and action.agent and GENERATORS.search(action.agent):
            edits = True
            yield Evidence(
                source,
                f"{action.name} with {action.agent}{of}",
                ai=True,
                edit=True if whole else None,
                generator=action.agent,
                parent=names,
                plain=_plain(action, parent, title, whole=whole),
            )
    opened = whole and any(action.name == "opened" for action in manifest.actions)
    for assertion, model in manifest.models:
        yield Evidence(source, f"{assertion}{of}", ai=True, edit=opened or None, generator=model or manifest.generator)
    for kind in manifest.declared:
        ai = means_ai(kind)
        yield Evidence(source, f"{kind} (metadata{of})", ai=ai, edit=AI_SOURCE_TYPES.get(kind) if whole else None)
    for one in manifest.verdicts:
        yield Evidence(source, f"{_verdict(one)}{of}", ai=None)
    part = parent or (manifest.part if whole else None)
    if part and not of and not edits and (name := part.instance or part.title):
        title = f" ({part.title!a})" if part.title and part.title != name else ""
        says = f"{'made from' if parent else 'holds'} {name!a}{title}"
        yield Evidence(source, says, ai=None, generator=manifest.generator, parent=name)


def _verdict(said: dict[str, Any]) -> str:
    """A verdict of maskproof in words, as it claims to be one."""
    drift, level, engine = said.get("drift"), _text(said.get("level")), _text(said.get("engine"))
    told = f"drift {drift:.2f}" if isinstance(drift, float | int) else "nothing compared"
    digests = ((key, _text(said.get(key))) for key in ("original", "mask", "settings"))
    named = "".join(f", {key} {digest[:12]}…" for key, digest in digests if digest)
    return f"a verdict of maskproof {(engine or '')[:20]}: {told} at level {(level or '')[:20]}{named}"


def _plain(action: Action, parent: Ingredient | None, title: str | None, *, whole: bool) -> str:
    """What was done, in plain words; `title` is the name of the ingredient whose manifest says it."""
    made = action.name == "created"
    if not whole:
        return f"{'made' if made else 'changed'} a part of it" + (f" ({title!a})" if title else "")
    if not made:
        return f"made it from {parent.title!a}" if parent and parent.title else "changed it"
    # An ingredient that was only saved anew is the picture itself, under an earlier name.
    return "made it" + (f", under the name {title!a}" if title else "")


def _maker(action: Action, manifest: Manifest) -> str | None:
    """Who created the picture, where that is a program that only generates."""
    for name in (action.agent, manifest.generator):
        if name and GENERATORS.search(name):
            return name
    return (action.agent or manifest.generator) if "ai generated" in action.description.casefold() else None


class _Room(Struct):
    """Bytes of CBOR that may still be decoded of this file."""

    left: int = MAX_CBOR

    def decode(self, box: Box) -> dict[str, Any]:
        if (data := box.bytes_of(b"cbor")) is not None:
            found = decode(data, self.left)
            self.left -= len(data)
        elif (text := box.bytes_of(b"json")) is not None and len(text) <= self.left:
            self.left -= len(text)
            try:
                found = json.loads(text)
            except (ValueError, RecursionError):
                return {}
        else:
            return {}
        return found if isinstance(found, dict) else {}


def _manifest(box: Box, room: _Room) -> Manifest:
    claims, store = box.child(b"c2cl"), box.child(b"c2as")
    claim = room.decode(claims) if claims else {}
    referred = {
        _last(entry.get("url"))
        for key in ("assertions", "created_assertions", "gathered_assertions")
        for entry in _dicts(claim.get(key))
    }
    assertions = [one for one in (store.children if store else ()) if one.label in referred]
    actions: list[Action] = []
    ingredients: list[Ingredient] = []
    models: list[tuple[str, str | None]] = []
    declared: list[str] = []
    verdicts: list[dict[str, Any]] = []
    for one in assertions:
        kind = one.label.split("__")[0]
        if kind.startswith("c2pa.actions"):
            said = room.decode(one)
            agents = said.get("softwareAgents")
            actions += [
                _action(entry, agents if isinstance(agents, list) else []) for entry in _dicts(said.get("actions"))
            ]
        elif kind.startswith("c2pa.ingredient"):
            ingredients.append(_ingredient(one.label, room.decode(one)))
        elif kind == VERDICT:
            verdicts.append(room.decode(one))
        elif kind in AI_ASSERTIONS:
            models.append((kind, _text(room.decode(one).get(AI_ASSERTIONS[kind]))))
        elif kind.startswith(("stds.iptc", "c2pa.metadata")):
            kinds = (
                source_type(value)
                for key, value in room.decode(one).items()
                if isinstance(key, str) and key.rpartition(":")[2].casefold() == "digitalsourcetype" and _text(value)
            )
            declared += [kind for kind in kinds if kind]
    return Manifest(
        box.label,
        _text(claim.get("instanceID")),
        _generator(claim),
        tuple(actions),
        tuple(ingredients),
        tuple(models),
        tuple(declared),
        tuple(verdicts),
    )


def _action(entry: dict[str, Any], agents: list[Any]) -> Action:
    parameters = entry.get("parameters")
    parameters = parameters if isinstance(parameters, dict) else {}
    opens = [entry.get("instanceId"), parameters.get("instanceId")]
    named = (*_dicts(parameters.get("ingredients")), *_dicts([parameters.get("ingredient")]))
    opens += [_last(one.get("url")) for one in named]
    index = entry.get("softwareAgentIndex")
    shared = agents[index] if isinstance(index, int) and 0 <= index < len(agents) else None
    return Action(
        (_text(entry.get("action")) or "").removeprefix("c2pa."),
        source_type(_text(entry.get("digitalSourceType")) or ""),
        _program(entry.get("softwareAgent") or shared),
        _text(entry.get("description")) or _text(parameters.get("description")) or "",
        tuple(one for one in opens if isinstance(one, str) and one),
    )


def _ingredient(label: str, entry: dict[str, Any]) -> Ingredient:
    brought = next((one for key in ("activeManifest", "c2pa_manifest") if isinstance(one := entry.get(key), dict)), {})
    return Ingredient(
        label,
        _text(entry.get("dc:title")),
        _text(entry.get("instanceID")) or _text(entry.get("documentID")),
        _text(entry.get("relationship")) or "componentOf",
        _last(brought.get("url")) or None,
    )


def _generator(claim: dict[str, Any]) -> str | None:
    """The program that made the claim: by name, or the first product of the older, single text."""
    info = claim.get("claim_generator_info")
    for one in _dicts(info if isinstance(info, list) else [info]):
        if name := _program(one):
            return name
    old = (_text(claim.get("claim_generator")) or "").split("/")[0].split(" ")[0]
    return old.replace("_", " ") or None


def _program(value: Any) -> str | None:
    if isinstance(value, dict):
        name, version = _text(value.get("name")), _text(value.get("version"))
        return f"{name} {version}" if name and version and len(version) <= 20 else name  # noqa: PLR2004 - a build id is longer
    return _text(value)


def _last(address: Any) -> str:
    """The last part of a JUMBF address (`self#jumbf=c2pa.assertions/c2pa.actions`)."""
    return address.rpartition("/")[2].rpartition("=")[2] if isinstance(address, str) else ""


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list | tuple) else []


def _text(value: Any) -> str | None:
    """A text of bearable length; anything else is none."""
    return value[:300] if isinstance(value, str) and value.strip() else None
