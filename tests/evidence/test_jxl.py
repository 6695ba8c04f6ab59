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


@pytest.mark.parametrize(("policy", "severity", "status"), [("warn", "warn", 0), ("block", "unjudged", 3)])
@pytest.mark.parametrize(("kind", "named"), [(b"xml ", "XMP"), (b"Exif", "EXIF"), (b"jumb", "C2PA")])
def test_compressed_metadata_is_named_and_does_not_pass_unseen(project, policy, severity, status, kind, named):
    project.write("maskproof.toml", f'version = 1\n[defaults]\nunrecorded = "{policy}"\n')
    project.commit("Base")
    image = box(b"jxlc", b"\xff\x0a" + bytes(30))
    project.write("a.jxl", HEAD + box(b"ftyp", b"jxl \0\0\0\0jxl ") + box(b"brob", kind + bytes(40)) + image)
    project.write("plain.jxl", HEAD + box(b"ftyp", b"jxl \0\0\0\0jxl ") + box(b"brob", b"none" + bytes(40)) + image)
    project.stage()
    exit_status, report = project.report()
    found = {one["path"]: [(it["rule"], it["severity"]) for it in one["findings"]] for one in report["images"]}
    assert (exit_status, found) == (status, {"a.jxl": [("unreadable", severity)], "plain.jxl": []})
    assert named in next(one for one in report["images"] if one["findings"])["findings"][0]["message"]
