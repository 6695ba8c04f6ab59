"""Generators that write JSON: InvokeAI, SwarmUI, NovelAI, Fooocus, mflux, Draw Things, Easy Diffusion and others.

Each is known by keys that only it writes. A new one is a row in `DIALECTS`: where its JSON stands, the keys, and what
says edit, parent and mask. Sources: the projects' own writers (invoke-ai/InvokeAI `invocations/metadata.py`;
mcmonkeyprojects/SwarmUI `T2IParamInput.cs`; NovelAI's image documentation; lllyasviel/Fooocus `modules/meta_parser.py`;
filipstrand/mflux `utils/generated_image.py`; drawthingsai; easydiffusion `save_utils.py`).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from maskproof.evidence import sizes
from maskproof.evidence.carriers import tree_of
from maskproof.model import Evidence

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from maskproof.evidence.carriers import Carried

Tree = dict[str, Any]
EDIT_MODES = ("img2img", "inpaint", "outpaint", "edit")
NOVELAI_EDITS = re.compile(r"Img2Img|Infilling|Inpaint")
DREAM = re.compile(r'"[^"]{1,20000}"(?: -\w{1,3} \S{1,200}){2}')
DREAM_INIT = re.compile(r" (?:-I|--init_img) \"?([^\s\"]{1,300})")
DREAM_MASK = re.compile(r" (?:-M|--init_mask) \"?([^\s\"]{1,300})")
MAX_NAME = 300
COMMON = ("parameters", "UserComment", "exif:UserComment", "comment", "Comment", "hidden", "ImageDescription")
"""texts in which several of them write"""


class Dialect(Struct, frozen=True):
    """How one generator writes."""

    generator: str
    places: tuple[str, ...]
    keys: frozenset[str]
    """all of these, and it is this one"""
    edit: Callable[[Tree], bool | None] = lambda _: None
    parent: tuple[str, ...] = ()
    """keys under which the picture that was given stands; the first that says anything counts"""
    mask: tuple[str, ...] = ()
    size: tuple[str, ...] = ("width", "height")
    """keys of both sides, or of a text that holds them; none: what it says of the size is not that of the picture"""
    inner: str | None = None
    """the key under which it stands, for one that is wrapped"""


def _mode(tree: Tree) -> bool | None:
    mode = tree.get("generation_mode")
    return any(word in mode for word in EDIT_MODES) if isinstance(mode, str) and mode else None


def _novelai_edit(tree: Tree) -> bool | None:
    kind = tree.get("request_type")
    return bool(NOVELAI_EDITS.search(kind[:200])) if isinstance(kind, str) else None


def _weaker(tree: Tree) -> bool | None:
    """Strength below 1 keeps something of a picture that was given."""
    strength = tree.get("strength")
    return True if isinstance(strength, int | float) and 0 < strength < 1 else None


def _mflux_edit(tree: Tree) -> bool | None:
    """It writes each of these whether or not a picture was given; guides (control nets, depth, Redux) are others."""
    return any(tree.get(key) for key in (*MFLUX_GIVEN, MFLUX_MASK)) if tree.keys() & set(MFLUX_GIVEN) else None


MFLUX_GIVEN, MFLUX_MASK = ("image_path", "image_paths", "init_image_path"), "masked_image_path"
DIALECTS = (
    Dialect("InvokeAI", ("invokeai_metadata",), frozenset({"positive_prompt"}), _mode, ("init_image",), ("mask",)),
    Dialect("InvokeAI", ("invokeai_metadata",), frozenset({"generation_mode"}), _mode, ("init_image",)),
    Dialect("InvokeAI", ("invokeai_metadata",), frozenset({"app_version"}), _mode),
    Dialect(
        "InvokeAI",
        ("sd-metadata",),
        frozenset({"type", "sampler", "steps"}),
        lambda tree: tree.get("type") in {"img2img", "inpaint"},
        ("init_image_path", "orig_path"),
        ("mask_image_path",),
        inner="image",
    ),
    Dialect(
        "SwarmUI",
        COMMON,
        frozenset({"prompt"}),
        lambda tree: any(_given(tree, key) for key in ("initimage", "maskimage", "promptimages")) or None,
        ("initimage", "promptimages"),
        ("maskimage",),
        inner="sui_image_params",
    ),
    Dialect("NovelAI", COMMON, frozenset({"prompt", "noise_schedule"}), _novelai_edit),
    Dialect("NovelAI", COMMON, frozenset({"prompt", "uc", "scale", "sampler"}), _novelai_edit),
    Dialect("NovelAI", COMMON, frozenset({"request_type", "signed_hash"}), _novelai_edit),
    # Before Fooocus, whose keys it has as well.
    Dialect("mflux", COMMON, frozenset({"mflux_version"}), _mflux_edit, MFLUX_GIVEN, (MFLUX_MASK,)),
    Dialect("RuinedFooocus", COMMON, frozenset({"Prompt", "software", "base_model_name"})),
    Dialect(
        "Fooocus",
        COMMON,
        frozenset({"prompt", "base_model"}),
        lambda tree: True if tree.get("inpaint_mode") or tree.get("uov_method") not in {None, "", "Disabled"} else None,
        size=("resolution",),
    ),
    Dialect("Draw Things", COMMON, frozenset({"c", "uc", "sampler", "steps"}), _weaker, size=("size",)),
    Dialect(
        "Easy Diffusion",
        COMMON,
        frozenset({"prompt", "use_stable_diffusion_model"}),
        lambda tree: True if tree.get("init_image") or tree.get("mask") else None,
    ),
    Dialect("Easy Diffusion", COMMON, frozenset({"Prompt", "Stable Diffusion model"}), size=()),
    Dialect("TensorArt", ("generation_data",), frozenset({"prompt"})),
    Dialect("Stability Matrix", ("parameters-json",), frozenset({"PositivePrompt"}), size=()),
    Dialect("a Hugging Face space", COMMON, frozenset({"Model", "resolution", "prompt"}), size=("resolution",)),
)
NAMED = {
    "use_stable_diffusion_model": "Easy Diffusion",
    "Stable Diffusion model": "Easy Diffusion",
    "smproj": "Stability Matrix",
}
"""PNG texts whose mere name is one generator's"""


def signs(carried: Carried) -> list[Evidence]:
    """What the JSON of each generator says, and InvokeAI's old command line."""
    found = [sign for one in carried.texts for sign in _of_tree(one.key, one.tree, one.source, carried.size)]
    found += [
        Evidence(one.source, f"settings of {NAMED[one.key]}", ai=True, generator=NAMED[one.key])
        for one in carried.texts
        if one.key in NAMED
    ]
    for one in carried.of("Dream"):
        if DREAM.search(one.text):
            init, mask = DREAM_INIT.search(one.text), DREAM_MASK.search(one.text)
            found.append(
                Evidence(
                    one.source,
                    "an InvokeAI command",
                    ai=True,
                    edit=bool(init) or None,
                    generator="InvokeAI",
                    parent=init.group(1) if init else None,
                    mask=mask.group(1) if mask else None,
                )
            )
    return found


def _of_tree(key: str, tree: Tree, source: str, size: sizes.Size) -> Iterator[Evidence]:
    if not tree:
        return
    for one in DIALECTS:
        inner = tree.get(one.inner) if one.inner else tree
        if key in one.places and isinstance(inner, dict) and one.keys <= inner.keys():
            yield _sign(one, tree | inner, source, size)
            return
    # NovelAI in WebP, and hidden in pixels: the texts of its PNG as one object, with JSON in `Comment`.
    if key in COMMON and isinstance(comment := tree.get("Comment"), str):
        yield from _of_tree("Comment", tree_of(comment), source, size)
    elif key in COMMON and isinstance(tree.get("invokeai_metadata"), dict | str):
        inner = tree["invokeai_metadata"]
        yield from _of_tree("invokeai_metadata", tree_of(inner) if isinstance(inner, str) else inner, source, size)


def _sign(one: Dialect, tree: Tree, source: str, size: sizes.Size) -> Evidence:
    edit = one.edit(tree)
    sure = sizes.confidence(_recorded(tree, one.size), size)
    if edit and sure == "low":
        sure = "medium"  # what is pasted back into a larger picture has the recorded size no more
    return Evidence(
        source,
        f"settings of {one.generator}" + (" for a picture of another size" if sure == "low" else ""),
        ai=True,
        edit=edit,
        generator=one.generator,
        parent=_name(tree, one.parent),
        mask=_name(tree, one.mask),
        confidence=sure,
    )


def _given(tree: Tree, key: str) -> Any:
    """A picture that was given to SwarmUI: its file name among the extra data, or the parameter itself."""
    extra = tree.get("sui_extra_data")
    name = extra.get(f"{key}_filename") if isinstance(extra, dict) else None
    return name or tree.get(key)


def _name(tree: Tree, keys: tuple[str, ...]) -> str | None:
    """A file name, by itself, in an object or first in a list, without its folders; data in its place is none."""
    value = next((found for key in keys if (found := _given(tree, key))), None)
    if isinstance(value, list):
        value = value[0]
    if isinstance(value, dict):
        value = value.get("image_name")
    if not isinstance(value, str) or len(value) > MAX_NAME or value.startswith("data:"):
        return None
    return re.split(r"[/\\]", value)[-1] or None


def _recorded(tree: Tree, keys: tuple[str, ...]) -> list[sizes.Size]:
    sides: list[Any] = [tree.get(key) for key in keys]
    if len(keys) == 1:
        sides = re.findall(r"\d{1,6}", str(sides[0])[:40])
    return sizes.size_of(*sides) if len(sides) == 2 else []  # noqa: PLR2004
