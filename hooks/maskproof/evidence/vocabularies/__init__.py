"""How families of tools say "AI": one module a family with `signs`, one row in `VOCABULARIES`.

A vocabulary is handed what a file carries in one shape (`carriers.Carried`) and gives the signs that it knows. It never
raises: what it cannot make sense of is no sign, or a sign of low confidence that says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from maskproof.evidence.vocabularies import c2pa, comfyui, declared, dialects, programs, samsung, webui

if TYPE_CHECKING:
    from collections.abc import Callable

    from maskproof.evidence.carriers import Carried
    from maskproof.model import Evidence

VOCABULARIES: dict[str, Callable[[Carried], list[Evidence]]] = {
    "C2PA": c2pa.signs,
    "XMP and IPTC": declared.signs,
    "web UIs": webui.signs,
    "ComfyUI": comfyui.signs,
    "JSON of generators": dialects.signs,
    "names of programs": programs.signs,
    "Samsung": samsung.signs,
}
