"""What a request for edits is likely to cost: data with a date and its sources, counted rather too high than too low.

Image models are billed by tokens: those of the prompt, those of each picture that is sent, those of each that comes
back. How many a picture takes depends on size and quality; where a request leaves the quality to the model, the
dearest is counted. Prices of other servers than OpenAI's are their own, and of models that are not listed here nothing
is known: both are said, and never guessed.
Sources: OpenAI's pages of the models and of prices; the tokens of a picture from the prices per picture given there,
and from the guide on image generation (gpt-image-1: 65 and 129 a tile, and 6,144 at high fidelity).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from maskproof.edit.api.images import ImageRequest

AS_OF = "2026-11-26"
"""the day on which this list was compared with its sources"""
MILLION = 1_000_000
INPUT_TOKENS = 65 + 4 * 129 + 6144
"""of a picture that is sent, at the most of what is documented; the mask is counted with its picture"""
SQUARE = 1024 * 1024
"""pixels for which the tokens of a picture are given; larger ones are counted in proportion"""
LETTERS = 2
"""of a prompt to a token, at the fewest; English has four"""
PARTIAL_TOKENS = 100
"""of each half-finished picture that is streamed"""


class Price(Struct, frozen=True):
    """One family of models; US dollars a million tokens."""

    text: float
    """of the prompt"""
    sent: float
    """of pictures that are sent"""
    made: float
    """of pictures that come back"""
    tokens: tuple[int, int, int]
    """of a picture of 1024 x 1024 px at low, medium and high quality"""


OF_1 = (272, 1056, 4160)
OF_2 = (200, 1767, 7034)
PRICES = {
    "gpt-image-2": Price(5.0, 8.0, 30.0, OF_2),
    "gpt-image-2-2026-04-21": Price(5.0, 8.0, 30.0, OF_2),
    "gpt-image-1.5": Price(5.0, 8.0, 32.0, OF_1),
    "gpt-image-1-mini": Price(2.0, 2.5, 8.0, OF_1),
    "chatgpt-image-latest": Price(5.0, 8.0, 32.0, OF_1),
}
"""by the name of the model; of those after gpt-image-2 no price was found"""


def estimate(request: ImageRequest, partial: int) -> float | None:
    """US dollars that OpenAI is likely to ask for a request; None: the price of this model is not known.

    `partial` is how many half-finished pictures are asked for.
    """
    price = PRICES.get(request.model)
    if price is None:
        return None
    quality = ("low", "medium").index(request.quality) if request.quality in {"low", "medium"} else 2
    width, height = request.size
    each = price.tokens[quality] * max(1.0, width * height / SQUARE)
    sent = (1 + len(request.references)) * INPUT_TOKENS * price.sent
    made = (request.n * each + partial * PARTIAL_TOKENS) * price.made
    return (len(request.prompt) / LETTERS * price.text + sent + made) / MILLION
