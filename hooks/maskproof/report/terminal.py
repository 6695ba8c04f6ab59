"""Pictures in a terminal that shows them, by the three protocols that terminals have for that.

- kitty's graphics protocol (kitty, Ghostty, Konsole, WezTerm): PNG as base64 in pieces of 4,096 characters.
- iTerm2's inline images (iTerm2, WezTerm, VS Code): a whole file as base64.
- Sixel (DEC, 1983; foot, mlterm, xterm, Windows Terminal): made by `timg`, the extra `[sixel]`.
"""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING

from PIL import Image

from maskproof.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

PIECE = 4096
"""characters of base64 in one escape of kitty's protocol, as its specification has it"""
SIXEL_WIDTH = 800
"""px; sixel takes a character for six pixels of each colour"""
COLORS = 255
"""of a sixel picture; terminals have 256 registers"""


def kitty(png: bytes) -> str:
    """A PNG file as kitty's protocol shows it."""
    data = base64.b64encode(png).decode("ascii")
    pieces = [data[start : start + PIECE] for start in range(0, len(data), PIECE)]
    last = len(pieces) - 1
    keys = ["a=T,f=100,q=2," if not number else "" for number in range(len(pieces))]
    return "".join(f"\x1b_G{keys[n]}m={int(n != last)};{piece}\x1b\\" for n, piece in enumerate(pieces)) + "\n"


def iterm2(png: bytes) -> str:
    """A PNG file as iTerm2's protocol shows it."""
    data = base64.b64encode(png).decode("ascii")
    return f"\x1b]1337;File=inline=1;size={len(png)};preserveAspectRatio=1:{data}\x07\n"


def sixel(png: bytes) -> str:
    """A PNG file as sixels; raises UsageError where the extra is not installed."""
    try:
        from timg.methods import METHODS
    except ImportError as error:
        raise UsageError(
            "pictures as sixels need a part that is not installed", 'Install it: `pip install "maskproof[sixel]"`.'
        ) from error
    image = Image.open(io.BytesIO(png)).convert("RGB")
    image.thumbnail((SIXEL_WIDTH, 10 * SIXEL_WIDTH))
    return str(METHODS["sixel"]["class"](image.quantize(COLORS)).to_string()) + "\n"


PROTOCOLS: Mapping[str, Callable[[bytes], str]] = {"kitty": kitty, "iterm2": iterm2, "sixel": sixel}
"""by name; a new one is a row and a function"""
KITTY, ITERM2, SIXEL = ("xterm-kitty", "xterm-ghostty"), ("iTerm.app", "WezTerm", "vscode"), ("foot", "mlterm", "yaft")


def spoken(environ: Mapping[str, str]) -> str | None:
    """The protocol of the terminal that these variables speak of; None: they do not tell."""
    term, program = environ.get("TERM", ""), environ.get("TERM_PROGRAM", "")
    if term in KITTY or "KITTY_WINDOW_ID" in environ or "KONSOLE_VERSION" in environ or program == "ghostty":
        return "kitty"
    if program in ITERM2 or environ.get("LC_TERMINAL") == "iTerm2":
        return "iterm2"
    return "sixel" if term.startswith(SIXEL) or "sixel" in term or "WT_SESSION" in environ else None
