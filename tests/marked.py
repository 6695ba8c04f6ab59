"""Files that carry marks, made on the spot: XMP, EXIF, texts, C2PA manifests, in every format that holds them."""

from __future__ import annotations

import functools
import struct
import zlib
from typing import TYPE_CHECKING, Any

import cbor2

from maskproof.evidence.carriers import C2PA_UUID
from pictures import box, chunk, jpeg_segment, noise, png, saved, smooth

if TYPE_CHECKING:
    import numpy as np

XMP_HEAD = b"http://ns.adobe.com/xap/1.0/\0"
XMP_MORE = b"http://ns.adobe.com/xmp/extension/\0"
CONTAINERS = ("PNG", "JPEG", "WEBP", "AVIF", "HEIC", "GIF", "TIFF")


@functools.cache
def plain(kind: str) -> bytes:
    """A small picture without marks."""
    if kind == "HEIC":  # the same boxes under another brand; its picture is never decoded
        return plain("AVIF").replace(b"avif", b"heic").replace(b"mif1", b"heix")
    if kind in {"JPEG", "AVIF"}:
        return saved(smooth(16, 16), kind)
    return saved(noise(16, 16), kind, **({"lossless": True} if kind == "WEBP" else {}))


def text(key: str, value: str | bytes, *, kind: str = "tEXt") -> bytes:
    """A PNG text chunk: tEXt, zTXt, iTXt, or `iTXt, packed`."""
    raw = value.encode() if isinstance(value, str) else value
    name = key.encode("latin-1") + b"\0"
    return {
        "tEXt": lambda: chunk(b"tEXt", name + raw),
        "zTXt": lambda: chunk(b"zTXt", name + b"\0" + zlib.compress(raw)),
        "iTXt": lambda: chunk(b"iTXt", name + b"\0\0\0\0" + raw),
        "iTXt, packed": lambda: chunk(b"iTXt", name + b"\1\0\0\0" + zlib.compress(raw)),
    }[kind]()


def texts(*pairs: tuple[str, str], samples: np.ndarray | None = None) -> bytes:
    """A PNG with these texts."""
    picture = noise(16, 16) if samples is None else samples
    return png(picture, before=b"".join(text(key, value) for key, value in pairs))


def with_jpeg(*segments: bytes) -> bytes:
    """A JPEG with these segments behind its start."""
    return plain("JPEG")[:2] + b"".join(segments) + plain("JPEG")[2:]


def with_webp(kind: bytes, data: bytes) -> bytes:
    """A WebP with one more chunk."""
    body = plain("WEBP")[8:] + kind + struct.pack("<I", len(data)) + data + bytes(len(data) % 2)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def with_gif(application: bytes, raw: bytes) -> bytes:
    """A GIF with an application extension; `raw` is what follows its name, sub-block lengths included."""
    return plain("GIF")[:-1] + b"\x21\xff\x0b" + application + raw + b";"


def sub_blocks(data: bytes) -> bytes:
    """Data as GIF sub-blocks."""
    pieces = [data[at : at + 255] for at in range(0, len(data), 255)]
    return b"".join(bytes([len(piece)]) + piece for piece in pieces) + b"\0"


def with_item(brand: str, kind: bytes, data: bytes) -> bytes:
    """An AVIF or HEIC whose EXIF or XMP item lies in a second `mdat`."""
    head = plain(brand)
    infe = box(b"infe", b"\2\0\0\0" + struct.pack(">HH", 9, 0) + kind + b"\0")
    size = 14 + len(infe) + 30  # iinf, and iloc with one item
    start = len(head) + 12 + size + 8
    iinf = box(b"iinf", b"\0\0\0\0" + struct.pack(">H", 1) + infe)
    iloc = box(b"iloc", b"\0\0\0\0\x44\0" + struct.pack(">HHHHII", 1, 9, 0, 1, start, len(data)))
    assert len(iinf) + len(iloc) == size
    return head + box(b"meta", bytes(4) + iinf + iloc) + box(b"mdat", data)


NAMESPACES = {
    "n": "http://ns.adobe.com/xmp/note/",
    "m": "http://ns.adobe.com/xap/1.0/mm/",
    "s": "http://ns.adobe.com/xap/1.0/sType/ResourceRef#",
    "i": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
    "p": "http://ns.adobe.com/photoshop/1.0/",
    "d": "http://purl.org/dc/elements/1.1/",
    "t": "http://purl.org/dc/terms/",
    "x": "http://ns.adobe.com/xap/1.0/",
    "e": "http://ns.adobe.com/exif/1.0/",
    "AIGC": "http://www.tc260.org.cn/ns/AIGC/1.0/",
    "Attrib": "http://ns.attribution.com/ads/1.0/",
}
"""prefixes that are not the usual ones, as writers are free to choose them"""


def described(attributes: str, inside: str = "") -> bytes:
    """An XMP packet with these attributes and elements in its description."""
    spaces = " ".join(f'xmlns:{prefix}="{address}"' for prefix, address in NAMESPACES.items())
    return (
        f'<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
        f'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" {spaces} '
        f'{attributes}>{inside}</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
    ).encode()


def xmp(kind: str, packet: bytes) -> bytes:
    """A file of this format that carries an XMP packet."""
    if kind in {"AVIF", "HEIC"}:
        return with_item(kind, b"mime\0application/rdf+xml", packet)
    return {
        "PNG": lambda: png(noise(16, 16), before=text("XML:com.adobe.xmp", packet, kind="iTXt")),
        "PNG, packed": lambda: png(noise(16, 16), before=text("XML:com.adobe.xmp", packet, kind="iTXt, packed")),
        "PNG, late": lambda: png(noise(16, 16), after=text("XML:com.adobe.xmp", packet)),
        "PNG, raw profile": lambda: png(noise(16, 16), before=raw_profile("xmp", packet)),
        "JPEG": lambda: with_jpeg(jpeg_segment(0xE1, XMP_HEAD + packet)),
        "WEBP": lambda: with_webp(b"XMP ", packet),
        "GIF": lambda: with_gif(b"XMP DataXMP", packet + b"\1" + bytes(range(255, -1, -1)) + b"\0"),
        "TIFF": lambda: saved(noise(16, 16), "TIFF", tiffinfo={700: packet}),
    }[kind]()


def raw_profile(name: str, data: bytes) -> bytes:
    """A profile in hexadecimal digits, as ImageMagick writes it."""
    digits = data.hex()
    lines = "\n".join(digits[at : at + 72] for at in range(0, len(digits), 72))
    return text(f"Raw profile type {name}", f"\n{name}\n{len(data):8d}\n{lines}\n", kind="zTXt")


def extended_xmp(packet: bytes, *, size: int = 100, without: int | None = None) -> bytes:
    """A JPEG whose packet goes on in extended segments, one of which may be left out."""
    guid = b"0123456789ABCDEF0123456789ABCDEF"
    first = described(f'n:HasExtendedXMP="{guid.decode()}"')
    parts = [
        jpeg_segment(0xE1, XMP_MORE + guid + struct.pack(">II", len(packet), at) + packet[at : at + size])
        for at in range(0, len(packet), size)
    ]
    kept = [part for number, part in enumerate(parts) if number != without]
    return with_jpeg(jpeg_segment(0xE1, XMP_HEAD + first), *reversed(kept))


def exif_block(values: dict[int, bytes], order: str = ">") -> bytes:
    """An EXIF block: user comment and maker note in their own directory, other tags, as text, in the first."""
    inner = {tag: value for tag, value in values.items() if tag in {0x9286, 0x927C}}
    outer = {tag: value for tag, value in values.items() if tag not in inner}
    head = b"MM\0*" if order == ">" else b"II*\0"
    start = 8 + 2 + 12 * (len(outer) + 1) + 4
    tail_at = start + 2 + 12 * len(inner) + 4
    tail = b""

    def entry(tag: int, kind: int, value: bytes) -> bytes:
        nonlocal tail
        value = value + b"\0" * max(0, 5 - len(value))  # long enough to stand outside of the entry
        made = struct.pack(order + "HHII", tag, kind, len(value), tail_at + len(tail))
        tail += value
        return made

    first = b"".join(entry(tag, 2, value) for tag, value in sorted(outer.items()))
    pointer = struct.pack(order + "HHII", 0x8769, 4, 1, start)
    second = b"".join(entry(tag, 7, value) for tag, value in sorted(inner.items()))
    return (
        head
        + struct.pack(order + "IH", 8, len(outer) + 1)
        + first
        + pointer
        + struct.pack(order + "IH", 0, len(inner))
        + second
        + struct.pack(order + "I", 0)
        + tail
    )


def exif(kind: str, block: bytes) -> bytes:
    """A file of this format that carries an EXIF block."""
    if kind in {"AVIF", "HEIC"}:
        return with_item(kind, b"Exif", b"\0\0\0\6Exif\0\0" + block)
    return {
        "PNG": lambda: png(noise(16, 16), before=chunk(b"eXIf", block)),
        "PNG, late": lambda: png(noise(16, 16), after=chunk(b"eXIf", block)),
        "PNG, raw profile": lambda: png(noise(16, 16), before=raw_profile("exif", b"Exif\0\0" + block)),
        "JPEG": lambda: with_jpeg(jpeg_segment(0xE1, b"Exif\0\0" + block)),
        "WEBP": lambda: with_webp(b"EXIF", block),
        "WEBP, prefixed": lambda: with_webp(b"EXIF", b"Exif\0\0" + block),
    }[kind]()


def comment(words: str, code: str = "utf-16-be") -> bytes:
    """A user comment in these letters."""
    return (b"ASCII\0\0\0" if code == "ascii" else b"UNICODE\0") + words.encode(code)


def iptc(number: int, words: str) -> bytes:
    """A JPEG with one dataset of IPTC record 2."""
    record = b"\x1c\2" + bytes([number]) + struct.pack(">H", len(words)) + words.encode()
    other = b"8BIM\x04\x25\0\0" + struct.pack(">I", 3) + b"abc\0"
    resource = b"8BIM\x04\x04\0\0" + struct.pack(">I", len(record)) + record + b"\0" * (len(record) % 2)
    return with_jpeg(jpeg_segment(0xED, b"Photoshop 3.0\0" + other + resource))


# --- C2PA -----------------------------------------------------------------------------------------------------------


def superbox(kind: bytes, label: str, *inside: bytes) -> bytes:
    """A JUMBF superbox."""
    about = kind + bytes.fromhex("0011001080000 0aa00389b71".replace(" ", "")) + b"\3" + label.encode() + b"\0"
    return box(b"jumb", box(b"jumd", about) + b"".join(inside))


def store(*manifests: bytes) -> bytes:
    """A manifest store; the last manifest is the active one."""
    return superbox(b"c2pa", "c2pa", *manifests)


def manifest(assertions: dict[str, Any], /, *, label: str = "urn:uuid:a-manifest-of-a-test", **claim: Any) -> bytes:
    """A manifest whose claim lists these assertions."""
    whole = {
        "claim_generator": "a_test/1.0 c2pa-rs/0.30",
        "instanceID": "xmp:iid:the-instance-of-a-test",
        "assertions": [{"url": f"self#jumbf=c2pa.assertions/{name}"} for name in assertions],
    } | {key.replace("__", ":"): value for key, value in claim.items()}
    boxes = (superbox(b"cbor", name, box(b"cbor", cbor2.dumps(value))) for name, value in assertions.items())
    return superbox(
        b"c2ma",
        label,
        superbox(b"c2as", "c2pa.assertions", *boxes),
        superbox(b"c2cl", "c2pa.claim", box(b"cbor", cbor2.dumps(whole))),
    )


def acted(*actions: dict[str, Any], **others: Any) -> bytes:
    """A store of one manifest with these actions; `ingredients` are further assertions."""
    ingredients = {f"c2pa.ingredient__{at}": one for at, one in enumerate(others.pop("ingredients", ()))}
    return store(manifest({"c2pa.actions": {"actions": list(actions)}, **ingredients}, **others))


def made_by(kind: str, action: str = "c2pa.created", **more: Any) -> dict[str, Any]:
    """An action with a digital source type."""
    return {"action": action, "digitalSourceType": f"http://cv.iptc.org/newscodes/digitalsourcetype/{kind}", **more}


def c2pa(kind: str, data: bytes) -> bytes:
    """A file of this format that carries a manifest store."""
    if kind in {"AVIF", "HEIC"}:
        return plain(kind) + box(b"uuid", C2PA_UUID + bytes(4) + b"manifest\0" + bytes(8) + data)
    return {
        "PNG": lambda: png(noise(16, 16), before=chunk(b"caBX", data)),
        "PNG, late": lambda: png(noise(16, 16), after=chunk(b"caBX", data)),
        "JPEG": lambda: with_jpeg(*app11(data, 60_000)),
        "WEBP": lambda: with_webp(b"C2PA", data),
        "GIF": lambda: with_gif(b"C2PA_GIF\1\0\0", sub_blocks(data)),
        "TIFF": lambda: saved(noise(16, 16), "TIFF", tiffinfo={52545: data}),
    }[kind]()


def app11(data: bytes, size: int, number: int = 1) -> list[bytes]:
    """A JUMBF box in JPEG segments, each with the head of the box."""
    pieces = [data[8 + at : 8 + at + size] for at in range(0, max(len(data) - 8, 1), size)]
    return [
        jpeg_segment(0xEB, b"JP" + struct.pack(">HI", number, at) + data[:8] + piece)
        for at, piece in enumerate(pieces, 1)
    ]
