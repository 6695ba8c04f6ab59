"""The image models that are known to edit through a mask, and what each of them accepts: data with a date.

Sources: the types and docstrings of the `openai` package 3.54.0 (`types/image_model.py`, `types/image_edit_params.py`);
the bounds of pixels and edges from OpenAI's guide on image generation. A name that is not listed is sent all the same,
since servers that speak the same protocol have models of their own.
"""

from __future__ import annotations

import difflib

from msgspec import Struct

AS_OF = "2026-11-22"
"""the day on which this list was compared with its sources"""
STANDARD = ((1024, 1024), (1536, 1024), (1024, 1536))
"""sizes of the models that take no others, px"""
STEP = 16
"""px; both sides of a free size are multiples of it"""
MAX_SIDE = 3840
"""px"""
MIN_PIXELS, MAX_PIXELS = 655_360, 8_294_400
"""pixels of a free size; the upper one is 3840 x 2160"""
MAX_ASPECT = 3
"""the longer side over the shorter one of a free size"""


class ImageModel(Struct, frozen=True):
    """One model, and what its requests may say."""

    name: str
    retired: str | None = None
    """the day on which OpenAI shut it down; None: it is served"""
    sizes: tuple[tuple[int, int], ...] | None = None
    """the only sizes that it makes; None: any size within the bounds above"""
    fidelity: str | None = None
    """the most faithful `input_fidelity` that it takes; None: it takes none"""
    qualities: tuple[str, ...] | None = ("auto", "low", "medium", "high")
    """what `quality` may be; None: not known"""
    transparent: bool = False
    """does it make transparent backgrounds?"""
    listed: bool = True
    """False: not in this list, so nothing is known of it"""


FINE = ("auto", "low", "medium", "high", "xhigh", "max")
MODELS = (
    ImageModel("gpt-image-2.5-sunburst", qualities=FINE, transparent=True),
    ImageModel("gpt-image-2.5-sunburst-2026-09-08", qualities=FINE, transparent=True),
    ImageModel("gpt-image-2.5-flare", qualities=FINE, transparent=True),
    ImageModel("gpt-image-2.5-flare-2026-09-08", qualities=FINE, transparent=True),
    # Of the 2.6 models the package knows the names only.
    ImageModel("gpt-image-2.6-sunburst", qualities=None),
    ImageModel("gpt-image-2.6-flare", qualities=None),
    ImageModel("gpt-image-2", transparent=True),
    ImageModel("gpt-image-2-2026-04-21", transparent=True),
    ImageModel("gpt-image-1.5", sizes=STANDARD, fidelity="high", transparent=True),
    ImageModel("gpt-image-1-mini", sizes=STANDARD, fidelity="low", transparent=True),
    ImageModel("chatgpt-image-latest", sizes=STANDARD),
    ImageModel("gpt-image-1", retired="2026-10-23"),
    ImageModel("dall-e-2", retired="2026-05-12"),
    ImageModel("dall-e-3", retired="2026-05-12"),
)
DEFAULT = MODELS[0].name
"""what the package's own notice of retirement names first"""
REVIEWER = "gpt-6-astra"
"""the vision model that is asked for opinions; the example of `types/responses/response_create_params.py`"""


def lookup(name: str) -> ImageModel:
    """What is known of a model; of one that is not listed, that it is not."""
    listed = {model.name: model for model in MODELS}
    return listed.get(name, ImageModel(name, qualities=None, listed=False))


def list_served() -> tuple[str, ...]:
    """The names of the models that OpenAI serves, the default first."""
    return tuple(model.name for model in MODELS if model.retired is None)


def nearest(name: str) -> str:
    """Another served model whose name is most like this one, the default where none is."""
    others = [one for one in list_served() if one != name]
    return next(iter(difflib.get_close_matches(name, others, n=1)), others[0])
