"""What an image file is made of, read without decoding a pixel: its format, its size, its blocks.

A container is walked block by block before any decoder sees it, for two reasons. Decoders forgive:
they invent missing rows, skip second headers and stop at the first frame, so two programs can show two
pictures from one file. And the metadata that AI tools leave stands in these blocks.

A new format is a module with `matches` and `read`, and a row in `FORMATS` (in `WALKED` alone where only a plug-in of
`readers` decodes it); `check_pixels`, where its pixels can be compared with its header before a decoder sees them, and
a row in `PIXEL_CHECKS`.
"""

from __future__ import annotations

import re

from maskproof.content import MAX_FILE_BYTES, lfs_pointer
from maskproof.errors import CouldNotJudge, MissingObject, TooLarge, Unreadable
from maskproof.images import readers
from maskproof.images.containers import avif, bmp, gif, heic, jpeg, jxl, png, tiff, webp
from maskproof.images.containers.block import Block, Container, check_limits

FORMATS = {"PNG": png, "JPEG": jpeg, "WEBP": webp, "AVIF": avif, "GIF": gif, "TIFF": tiff, "BMP": bmp}
"""formats whose pictures can be judged"""
WALKED = {**FORMATS, "HEIC": heic, "JXL": jxl}
"""formats whose metadata can be read; pictures of the further ones are judged where a reader is installed"""
PIXEL_CHECKS = {"PNG": png.check_pixels, "GIF": gif.check_pixels}
"""formats whose decoders invent or ignore pixels without a word"""
MAX_BYTES_OF = {"GIF": 64_000_000}
"""where less than MAX_FILE_BYTES is allowed: codes of a GIF are followed in Python; 50 Mpx of them rarely take more"""

__all__ = ["FORMATS", "Block", "Container", "blocks", "check_pixels", "format_of", "read"]


def format_of(data: bytes) -> str | None:
    """The format that the first bytes show, whatever the file is called; None: none that can be judged."""
    return next((name for name, module in FORMATS.items() if module.matches(data)), None)


def read(data: bytes, name: str, container: Container | None = None) -> Container:
    """Walk the blocks of a picture that can be judged: its structure leaves no room for two readings.

    Whether its pixels leave none either takes as long as decoding them: `check_pixels` says so, beside the decoder.

    `container` is the file as `blocks` walked it before, of any format; it is not walked again.

    Raises:
        Unreadable: unknown format, cut short, or contradictory.
        TooLarge: the file, its picture or its metadata is over a limit.
    """
    if format_of(data) is None and readers.reader_for(_walked_as(data)) is None and len(data) <= MAX_FILE_BYTES:
        raise _unknown(data, name)
    found = container or blocks(data, name)
    if found.doubt:
        raise Unreadable(f"{name} {found.doubt}", "Export the picture again.")
    return found


def check_pixels(data: bytes, container: Container, name: str) -> None:
    """The compressed samples must be those that the header declares; it takes as long as decoding them.

    Raises:
        Unreadable: they are not, or cannot be unpacked.
    """
    if container.format in PIXEL_CHECKS:
        PIXEL_CHECKS[container.format](data, container, name)


def blocks(data: bytes, name: str) -> Container:
    """Walk a file's blocks and touch no pixel: what reading metadata needs, in a time that its pixels do not change.

    Raises:
        Unreadable: unknown format, cut short, or contradictory.
        TooLarge: the file, its picture or its metadata is over a limit.
    """
    found = _walked_as(data)
    if len(data) > (limit := min(MAX_FILE_BYTES, MAX_BYTES_OF.get(found, MAX_FILE_BYTES))):
        raise TooLarge(
            f"{name} has {len(data) / 1e6:.0f} MB; the limit is {limit / 1e6:.0f} MB",
            "Save it with stronger compression or smaller.",
        )
    if not found:
        raise _unknown(data, name)
    try:
        return check_limits(WALKED[found].read(data, name), name)
    except (IndexError, ValueError, OverflowError) as error:
        raise Unreadable(f"{name} is a broken {found} file: {error}", "Export the picture again.") from error


def _walked_as(data: bytes) -> str:
    """The format by which the blocks of a file are walked; empty: by none."""
    return next((kind for kind, module in WALKED.items() if module.matches(data)), "")


def _unknown(data: bytes, name: str) -> CouldNotJudge:
    if lfs_pointer(data):
        said = f"{name} lies in Git LFS and its content is not on this machine"
        return MissingObject(said, "Run `git lfs pull`, then the same again.")
    for beginning, what, advice in DAMAGED:
        if beginning.match(data):
            return Unreadable(f"{name} {what}", advice)
    if kind := _walked_as(data):
        advice = f"{SAVE_AS[:-1]}, or {readers.how_to_judge(kind)}."
        return Unreadable(f"{name} is a {kind} picture, which cannot be judged without a reader for it", advice)
    return Unreadable(f"{name} is not a {', '.join(FORMATS)} file (it begins with {data[:8]!r})", SAVE_AS)


SAVE_AS = f"Save the picture as one of {', '.join(FORMATS)}."
DAMAGED = (
    (
        re.compile(rb"\x89PNG[\r\n]{1,3}\x1a[\r\n]{1,2}"),
        "is a PNG whose line ends were converted as if it were text, by Git or an editor, so its picture is destroyed",
        "Write `*.png -text` into .gitattributes, and add the picture as it was before.",
    ),
    (
        re.compile(rb"version https://git-lfs\.github\.com/spec/"),
        "is a Git LFS pointer with other line ends or changed by hand, so Git LFS does not know it for one",
        "Have .gitattributes say `filter=lfs -text` of it, and add it anew: `git add --renormalize .`.",
    ),
)
"""how files begin that were damaged on their way through Git: what happened, and what to do"""
