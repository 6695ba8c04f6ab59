"""Trust: a change under review may make the policy stricter at once, and looser only after it was merged.

So the policy is resolved for each image twice, from the base and from the head, and the stricter answer wins key by
key. For the keys of `KEYS` that is their rows' business; areas add up, and are compared by what they protect (`cover`);
of limits the one that lets less through holds. The masters that a picture has to show add up as well, and it needs no
record only where all say so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from maskproof import policy
from maskproof.policy.cover import covered, same
from maskproof.policy.derived import by_closeness
from maskproof.policy.keys import KEYS
from maskproof.policy.limits import ROWS
from maskproof.policy.patterns import matches_folded

if TYPE_CHECKING:
    from maskproof.policy import AreaRule, FoundPolicy, Settings
    from maskproof.policy.keys import Key

    Areas = tuple[AreaRule, ...]


def resolve_closely(found: FoundPolicy, path: str) -> Settings:
    """What a policy says for one image, whichever way its name is written.

    A pattern means a name in every case and Unicode form, since a file that is renamed so is the same to a viewer. But
    no rule loosens that way what another holds for the very name.
    """
    exact = policy.resolve(found, path)
    loose = policy.resolve(found, path, named=matches_folded)
    return exact if exact == loose else tighten(exact, loose)


def tighten(base: Settings, head: Settings) -> Settings:
    """The stricter of two answers, key by key."""
    limits = {key: _stricter(key, base.limits.get(key), head.limits.get(key)) for key in {**base.limits, **head.limits}}
    return replace(
        base,
        **{key.name: key.stricter(getattr(base, key.name), getattr(head, key.name)) for key in KEYS},
        areas=_together(base.areas, head.areas),
        face_model=base.face_model or head.face_model,
        approvals=base.approvals.tightened(head.approvals),
        originals=base.originals.tightened(head.originals),
        limits=limits,
        own_limits=frozenset(
            key
            for key, limit in limits.items()
            if (key in base.own_limits and limit == base.limits.get(key))
            or (key in head.own_limits and limit == head.limits.get(key) != base.limits.get(key))
        ),
        following=base.following & head.following,
        masters=by_closeness([*base.masters, *head.masters]),
        excused=base.excused & head.excused,
        # About the file as the change leaves it: what was taken out of it is no longer worth a word.
        notes=head.notes,
        source=base.source if tighter_keys(base, head) == () else head.source,
    )


def tighter_keys(base: Settings, head: Settings) -> tuple[str, ...]:
    """Keys in which `head` is stricter than `base`, named as in the policy file."""
    follow = base.following & head.following
    keys = [name for key in KEYS if key.name not in follow for name in _tighter(key, base, head)]
    keys += [f"areas.{area.name}" for area in head.areas if not covered(area, base.areas)]
    if {*head.masters} - {*base.masters} or base.excused - head.excused:
        keys.append("derived")
    # A level brings its own limits, so between two levels only those that a policy file sets count by themselves.
    own = base.own_limits | head.own_limits
    keys += [
        f"limits.{'.'.join(key)}"
        for key, value in head.limits.items()
        if (head.level is base.level or key in own)
        and _stricter(key, value, base.limits.get(key)) != base.limits.get(key)
    ]
    return (*keys, *base.approvals.tighter(head.approvals), *base.originals.tighter(head.originals))


def _together(base: Areas, head: Areas) -> Areas:
    """The areas of both, those that protect the same once and under the head's name, which is the one to stay."""
    kept = (next((one for one in head if same(one, area)), area) for area in base)
    return (*kept, *(area for area in head if not any(same(area, one) for one in base)))


def _tighter(key: Key, base: Settings, head: Settings) -> list[str]:
    """The key's name where the head is stricter, or one name for each part that the head adds to a list."""
    held = getattr(base, key.name)
    both = key.stricter(held, getattr(head, key.name))
    if isinstance(both, tuple):
        return [f"{key.name}.{part}" for part in both if part not in held]
    return [key.name] if both != held else []


def _stricter(key: tuple[str, str], one: float | None, other: float | None) -> float | None:
    """The limit that lets less through; no limit lets everything through."""
    given = [value for value in (one, other) if value is not None]
    if key in ROWS and ROWS[key].at_least:
        return max(given, default=None)
    return min(given, default=None)
