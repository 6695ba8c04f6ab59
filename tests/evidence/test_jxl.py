"""JPEG XL: its boxes are read for marks, though its picture cannot be judged."""

from __future__ import annotations

import struct

import pytest

from maskproof.errors import Unreadable
from maskproof.evidence import assess
from maskproof.images import containers

HEAD = b"\0\0\0\x0cJXL \r\n\x87\n"


def box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", 8 + len(content)) + kind + content


def test_marks_in_a_jxl_are_read():
    xmp = (
        b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        b'<rdf:Description rdf:about="" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" '
        b'Iptc4xmpExt:DigitalSourceType="http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"/>'
        b"</rdf:RDF></x:xmpmeta>"
    )
    data = HEAD + box(b"ftyp", b"jxl \0\0\0\0jxl ") + box(b"xml ", xmp) + box(b"jxlc", b"\xff\x0a" + bytes(30))
    assert containers.blocks(data, "x.jxl").format == "JXL"
    assert [one.ai for one in assess(data, "x.jxl", lambda _: None)] == [True]
    with pytest.raises(Unreadable, match="cut short"):
        containers.blocks(data[:-1], "x.jxl")
