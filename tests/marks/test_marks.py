"""Marks in the picture: written without touching a pixel, read back by our reader and by exiftool, hostile or not."""

from __future__ import annotations

import json
import shutil
import subprocess

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import marked
from maskproof import evidence, marks
from maskproof.errors import CouldNotRestore
from maskproof.evidence import carriers, xmp
from maskproof.images import containers, decode
from maskproof.marks import insertion, packet
from pictures import exif, saved, smooth
from projects import MASKPROOF, SPRING, sha256

KINDS = ("PNG", "JPEG", "WEBP", "TIFF", "AVIF")
SAID = {marks.SOURCE_TYPE: marks.CODES + marks.EDITED, marks.SYSTEM: "openai gpt-image-2"}
OLD = (
    b'<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/"><r:RDF '
    b'xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><r:Description r:about="uuid:7" '
    b'xmlns:I="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" xmlns:dc="http://purl.org/dc/elements/1.1/" '
    b'xmlns:t="http://ns.adobe.com/tiff/1.0/" t:Orientation="6" dc:format=" I:DigitalSourceType=\'no\' >" '
    b'I:DigitalSourceType="http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture">'
    b"<dc:rights><r:Alt><r:li xml:lang='x-default'>Jane &amp; Co</r:li></r:Alt></dc:rights>"
    b"<I:AISystemUsed>another</I:AISystemUsed></r:Description></r:RDF></x:xmpmeta>" + b" " * 99 + b'<?xpacket end="w"?>'
)
"""a packet with prefixes of its own, whose attributes look like others, with padding"""
BROKEN = (
    b"<x:xmpmeta",
    b"",
    b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
    OLD.replace(b"</r:RDF>", b""),
    OLD.replace(b"<dc:rights>", b"<dc:rights>" + b"<a>" * 99).replace(b"</dc:rights>", b"</a>" * 99 + b"</dc:rights>"),
    b"<r:RDF xmlns:r='http://www.w3.org/1999/02/22-rdf-syntax-ns#'/>",
)


def packet_in(data: bytes) -> xmp.Xmp:
    return xmp.parse(carriers.packet(containers.read(data, "x")), "XMP")


def exiftool(file) -> dict[str, str]:
    if shutil.which("exiftool") is None:
        pytest.skip("exiftool is not installed (Debian: libimage-exiftool-perl)")
    done = subprocess.run(["exiftool", "-json", "-G1", "-a", str(file)], capture_output=True, check=True)
    return json.loads(done.stdout)[0]


class TestPacket:
    def test_properties_take_the_place_of_those_that_are_there_and_all_else_stays(self):
        made = packet.set_in(OLD, SAID, marks.UNTRUE)
        read = xmp.parse(made, "")
        assert {name: read.all(name) for name in SAID} == {name: [value] for name, value in SAID.items()}
        assert read.first("dc:rights") == "Jane & Co"
        assert read.first("dc:format") == " I:DigitalSourceType='no' >"
        assert read.first("tiff:Orientation") is None
        assert (made.count(b' rdf:about="uuid:7"'), made.count(b' r:about="uuid:7"')) == (1, 1)
        assert packet.set_in(made, SAID, marks.UNTRUE) is not None

    @pytest.mark.parametrize("old", BROKEN)
    def test_what_is_no_packet_is_not_mended(self, old):
        assert packet.set_in(old, SAID) is None

    @given(st.text(max_size=200))
    def test_whatever_a_model_is_called_is_what_is_read_back(self, name):
        properties = packet.clean({**SAID, marks.SYSTEM: name})
        for made in (packet.new(properties), packet.set_in(OLD, properties)):
            assert xmp.parse(made, "").broken is None
            assert {key: xmp.parse(made, "").first(key) for key in properties} == properties

    def test_utf_16_is_understood(self):
        text = OLD.decode().encode("utf-16")
        assert xmp.parse(packet.set_in(text, SAID), "").first(marks.SYSTEM) == SAID[marks.SYSTEM]


class TestInsertion:
    @pytest.mark.parametrize("kind", KINDS)
    def test_no_pixel_changes_and_the_mark_is_read(self, kind, tmp_path):
        before = marked.plain(kind)
        data, notes = marks.put(before, "x", SAID)
        assert notes == ()
        assert evidence.is_ai(evidence.assess(data, "x")) is True
        assert evidence.is_edit(evidence.assess(data, "x")) is True
        one, other = (decode.decode_stored(each, "x") for each in (before, data))
        assert np.array_equal(one.samples, other.samples)
        assert (one.shown.color, one.exif, one.icc) == (other.shown.color, other.exif, other.icc)
        again, _ = marks.put(data, "x", {**SAID, marks.SYSTEM: "another"}, (carriers.packet(other.container),))
        assert packet_in(again).all(marks.SYSTEM) == ["another"]
        file = tmp_path / f"x.{kind.lower()}"
        file.write_bytes(again)
        said = exiftool(file)
        assert said["XMP-iptcExt:DigitalSourceType"] == SAID[marks.SOURCE_TYPE]
        assert said["XMP-iptcExt:AISystemUsed"] == "another"
        assert not any("Warning" in key or "Error" in key for key in said)

    @pytest.mark.parametrize("kind", KINDS)
    def test_profile_and_exif_stay(self, kind):
        options = {"icc_profile": marked_icc()} | ({} if kind == "TIFF" else {"exif": exif(1)})
        before = saved(smooth(32, 16), kind, **options)
        data, _ = marks.put(before, "x", SAID)
        one, other = (decode.decode_stored(each, "x") for each in (before, data))
        assert one.icc
        assert (one.icc, one.exif) == (other.icc, other.exif)
        assert np.array_equal(one.samples, other.samples)

    def test_a_packet_that_no_segment_holds_makes_way_and_is_told(self):
        long = OLD.replace(b"Jane", b"Jane" * 20_000)
        data, notes = marks.put(marked.plain("JPEG"), "x", SAID, (long,))
        assert "leaves no room for marks in a JPEG" in notes[0]
        assert packet_in(data).first("dc:rights") is None
        kept, notes = marks.put(marked.plain("PNG"), "x", SAID, (long,))
        assert notes == ()
        assert packet_in(kept).first("dc:rights").startswith("JaneJane")

    def test_a_broken_packet_is_told(self):
        data, notes = marks.put(marked.plain("PNG"), "x", SAID, (BROKEN[0],))
        assert "cannot be read to its end" in notes[0]
        assert packet_in(data).first(marks.SYSTEM) == SAID[marks.SYSTEM]

    @pytest.mark.parametrize("kind", ["GIF", "BMP"])
    def test_other_formats_hold_none(self, kind):
        with pytest.raises(CouldNotRestore, match="holds no marks"):
            insertion.put(saved(smooth(8, 8), kind), OLD, "x")

    def test_a_credit_of_the_original_stays(self):
        theirs = {**SAID, marks.CREDIT_LINE: "Made with Google AI"}
        old = packet.set_in(OLD, {marks.CREDIT_LINE: "Photo: Jane"})
        data, _ = marks.put(marked.plain("PNG"), "x", theirs, (old,))
        assert packet_in(data).all(marks.CREDIT_LINE) == ["Photo: Jane"]
        data, _ = marks.put(marked.plain("PNG"), "x", theirs, (OLD,))
        assert packet_in(data).all(marks.CREDIT_LINE) == ["Made with Google AI"]


def marked_icc() -> bytes:
    from PIL import ImageCms

    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


class TestRestore:
    """Through the command line, in a real repository."""

    @pytest.mark.parametrize("ending", ["png", "jpg", "webp", "tif", "avif"])
    def test_what_restore_writes_says_ai_and_whose_picture_it_is(self, project, ending):
        original, _ = marks.put(project.pictures.original, "o", {}, (OLD.replace(b't:Orientation="6"', b""),))
        project.write("assets/hero.png", original)
        project.commit("An original that says whose it is")
        edit = project.pictures.drifted
        project.write(SPRING, edit)
        record = json.loads(project.record(edit, original={"path": "assets/hero.png", **project.original(original)}))
        record["tool"] = {"provider": "openai", "model": "gpt-image-2", "prompt": "spring <now> & here"}
        project.write(f"{SPRING}.maskproof.json", json.dumps(record))
        project.stage()
        out = f"assets/out.{ending}"
        done = project.run(*MASKPROOF, "restore", SPRING, "--anyway", "-o", out, ok=False)
        assert "its own metadata says that AI made a part of it, by 'openai gpt-image-2'" in " ".join(
            done.stdout.split()
        )
        read = packet_in((project.root / out).read_bytes())
        assert read.first(marks.SOURCE_TYPE) == marks.CODES + marks.EDITED
        assert read.first(marks.PROMPT) == "spring <now> & here"
        assert read.first("dc:rights") == "Jane & Co"
        explained = json.loads(project.run(*MASKPROOF, "explain", "--format", "json", out, ok=False).stdout)
        assert "compositeWithTrainedAlgorithmicMedia" in json.dumps(explained)
        said = exiftool(project.root / out)
        assert said["XMP-iptcExt:DigitalSourceType"].endswith(marks.EDITED)
        assert said["XMP-dc:Rights"] == "Jane & Co"

    def test_a_prompt_is_told_only_where_policy_keeps_it(self, project):
        project.write("maskproof.toml", 'version = 1\n[defaults]\nprompt = "sha256"\n')
        project.commit("Policy")
        edit, _ = marks.put(project.pictures.drifted, "e", {**SAID, marks.PROMPT: "secret"})
        project.write(SPRING, edit)
        project.write(f"{SPRING}.maskproof.json", project.record(edit))
        project.stage()
        project.run(*MASKPROOF, "restore", SPRING, "--anyway", ok=False)
        read = packet_in((project.root / SPRING).read_bytes())
        assert read.first(marks.SYSTEM) == SAID[marks.SYSTEM]
        assert read.first(marks.PROMPT) is None

    def test_people_s_work_is_not_called_ai(self, project):
        edit = project.pictures.drifted
        project.write(SPRING, edit)
        project.write(f"{SPRING}.maskproof.json", project.record(edit, origin="manual"))
        project.stage()
        project.run(*MASKPROOF, "restore", SPRING, "--anyway", ok=False)
        data = (project.root / SPRING).read_bytes()
        assert sha256(data) != sha256(edit)
        assert evidence.is_ai(evidence.assess(data, SPRING)) is None
