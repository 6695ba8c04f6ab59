"""The keys that a policy sets for images, in `[defaults]` and in each rule: one row a key.

A row is a field of `Keys`: its name, what may be written, the default, and in `Row` which of two values is the
stricter and how `explain` tells it. From the rows follow what `[defaults]` and `[[rules]]` may hold, the fields of
`Settings`, `resolve`, `tighten` and `tighter_keys`, and the JSON Schema. A new key is one more field here, and its
line in docs/policy.md, which a test asks for.

The rows are the fields of a class and not a list, so that `settings.level` has its type for whoever reads it: a list
would need every field a second time. Only `Defaults` is hidden from the type checker, because nobody names its keys.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple, get_args, get_type_hints

import msgspec
from msgspec import Meta, Struct

from maskproof.model import Level

MAX_EDITABLE = 0.93
"""share of the picture that may go uncompared; the widest honest mask among real edits that held opens 0.92"""

Choice = Literal["off", "warn", "block"]
"""what to do about something, in rising order of strictness"""
Need = Literal["off", "warn", "block", "always"]
"""the same for a picture without a record; `always`: whatever speaks for an edit or does not"""
Keep = Literal["store", "sha256", "none"]
Signing = Literal["off", "on"]
Detector = Literal["text", "face"]

Stricter = Callable[[Any, Any], Any]
"""The loosest value that is as strict as both of two: a join, so commutative, associative and idempotent."""


class Row(NamedTuple):
    """What the type of a key cannot say."""

    stricter: Stricter
    says: str = ""
    """how `explain` tells the value, `{}`; nothing: it is not told"""


class Key(NamedTuple):
    """One row, taken apart."""

    name: str
    type: Any
    """as msgspec reads it"""
    default: Any
    stricter: Stricter
    says: str


def ladder(*rising: Any) -> Stricter:
    """One of these values, the later ones stricter."""
    return lambda one, other: max(one, other, key=rising.index)


def union(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    """A list of things that are protected: sorted, each once."""
    return tuple(sorted({*one, *other}))


class Keys(Struct, frozen=True):
    """What holds for one image, key by key."""

    level: Annotated[Level, Row(ladder(*Level), "level {}")] = Level.VISUAL
    unrecorded: Annotated[Need, Row(ladder(*get_args(Need)), "without a record: {}")] = "warn"
    new_original: Annotated[Choice, Row(ladder(*get_args(Choice)), "new original: {}")] = "warn"
    new_mask: Annotated[Choice, Row(ladder(*get_args(Choice)), "new mask: {}")] = "warn"
    record_loosened: Annotated[Choice, Row(ladder(*get_args(Choice)), "wider mask than recorded: {}")] = "warn"
    unmarked: Annotated[Choice, Row(ladder(*get_args(Choice)), "AI work without a mark: {}")] = "off"
    max_editable: Annotated[
        float,
        Meta(ge=0, le=1, description="a number from 0 to 1"),
        Row(min, "a mask may open at most {:.0%}"),
    ] = MAX_EDITABLE
    detect: Annotated[tuple[Detector, ...], Meta(description='a list of "text" and "face"'), Row(union)] = ()
    """what is looked for in the original and protected wherever it is found"""
    prompt: Annotated[Keep, Row(ladder(*get_args(Keep)))] = "store"
    """what a record that is written keeps of a prompt: all of it, its digest, or nothing"""
    sign: Annotated[Signing, Row(ladder(*get_args(Signing)))] = "off"
    """are Content Credentials signed into what `restore` and `edit` write?"""

    def describe(self) -> str:
        """The values in words, for `explain`."""
        return ", ".join(key.says.format(getattr(self, key.name)) for key in KEYS if key.says)


UNSET = Keys()
"""what holds where no policy says anything"""
KEYS = tuple(
    Key(name, hint, getattr(UNSET, name), *hint.__metadata__[-1])
    for name, hint in get_type_hints(Keys, include_extras=True).items()
)
"""the rows, in the order of docs/policy.md"""

if TYPE_CHECKING:

    class Defaults(msgspec.Struct, frozen=True):
        """The same keys as they are written, None where one is left out."""

        def __getattr__(self, key: str) -> Any:
            """The value of a key of `Keys`."""

else:
    Defaults = msgspec.defstruct(
        "Defaults",
        [(key.name, key.type | None, None) for key in KEYS],
        frozen=True,
        forbid_unknown_fields=True,
        kw_only=True,
        module=__name__,
        namespace={"__doc__": "What holds for every image unless a rule says otherwise."},
    )
