"""Files as they lie in real repositories: BMP, HEIC, JPEG XL, what Git damaged, byte order marks."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageCms
from PIL.PngImagePlugin import PngInfo

from maskproof.errors import Unreadable
from maskproof.images import containers, readers
from maskproof.images.decode import decode
from projects import MASK, SPRING, texture

NONE = {"HEIC": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "JXL": b"\xff\x0a" + bytes(60)}


def bmp(picture: Image.Image) -> bytes:
    data = io.BytesIO()
    picture.save(data, "BMP")
    return data.getvalue()


class TestBmp:
    @pytest.mark.parametrize("mode", ["RGB", "L", "1", "P"])
    def test_it_shows_what_the_same_picture_as_png_shows(self, mode):
        picture = texture(1).convert(mode)
        assert np.array_equal(decode(bmp(picture), "x.bmp").samples, np.asarray(picture.convert("RGB")))

    def test_its_format_and_what_follows_it_are_told(self):
        data = bmp(texture(1))
        assert (containers.read(data, "x.bmp").format, decode(data + b"more", "x.bmp").trailing) == ("BMP", 4)

    @pytest.mark.parametrize("cut", [1, 1000, 200_000])
    def test_one_that_is_cut_short(self, cut):
        with pytest.raises(Unreadable, match="cut short"):
            decode(bmp(texture(1))[:-cut], "x.bmp")

    def test_one_with_compressed_samples(self):
        data = bytearray(bmp(texture(1)))
        data[30] = 1
        with pytest.raises(Unreadable, match="compressed samples"):
            decode(bytes(data), "x.bmp")

    def test_edits_are_judged_through_the_hook(self, project):
        for verdict, status in (("held", 0), ("drifted", 1)):
            data = bmp(Image.open(io.BytesIO(getattr(project.pictures, verdict))))
            project.write("assets/edit.bmp", data)
            project.write("assets/edit.bmp.maskproof.json", project.record(data))
            project.stage()
            outcome = project.try_commit()
            assert (outcome.status, outcome.counts) == (status, [(1, 1, status, 0)])

    def test_a_plain_one_stops_no_commit(self, project):
        project.write("assets/ok.bmp", bmp(Image.new("RGB", (64, 64))))
        project.stage()
        assert project.try_commit().status == 0


@pytest.mark.skipif(any(map(readers.reader_for, NONE)), reason="a reader is installed")
class TestNotJudged:
    """HEIC and JXL without a reader: named, and no reason to stop a commit that asks nothing of them."""

    @pytest.mark.parametrize("kind", NONE)
    def test_it_is_named(self, kind):
        with pytest.raises(Unreadable, match=f"x is a {kind} picture, which cannot be judged"):
            decode(NONE[kind], "x")

    def test_a_plain_one_stops_no_commit(self, project):
        project.write("assets/ok.jxl", NONE["JXL"])
        project.stage()
        assert project.try_commit().status == 0

    def test_a_recorded_one_is_not_judged(self, project):
        project.write("assets/edit.jxl", NONE["JXL"])
        project.write("assets/edit.jxl.maskproof.json", project.record(NONE["JXL"]))
        project.stage()
        outcome = project.check()
        assert (outcome.status, "assets/edit.jxl is a JXL picture" in " ".join(outcome.text.split())) == (3, True)


class TestSecondPicture:
    """What a phone keeps behind its picture: judged by the first, and the other is missed when it goes."""

    def test_the_first_is_judged_and_the_second_is_missed(self, project):
        first, second = (Image.open(io.BytesIO(getattr(project.pictures, one))) for one in ("original", "held"))
        data = io.BytesIO()
        first.convert("RGB").save(data, "MPO", quality=98, save_all=True, append_images=[second.convert("RGB")])
        project.write("assets/phone.jpg", data.getvalue())
        project.commit("A picture as a phone writes it")
        for verdict, status in (("held", 0), ("drifted", 1)):
            picture = getattr(project.pictures, verdict)
            project.write(SPRING, picture)
            project.maskproof(
                "record", SPRING, "--original", "assets/phone.jpg", "--mask", MASK, "--mask-mode", "white"
            )
            project.stage()
            status_found, report = project.report()
            rules = {one["rule"] for one in report["images"][0]["findings"]}
            assert (status_found, "gain-map" in rules, "frames" in rules) == (status, True, False)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "I;16", "P"])
@pytest.mark.parametrize("thing", ["text", "international text", "profile"])
def test_a_png_with_much_packed_beside_its_pixels_is_decoded(mode, thing):
    picture = Image.new("I;16", (32, 24), 4000) if mode == "I;16" else texture(1).convert(mode).resize((32, 24))
    info, more = PngInfo(), {}
    if thing == "profile":
        more["icc_profile"] = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
        grown = len(more["icc_profile"]) + 2_000_000
        more["icc_profile"] = grown.to_bytes(4, "big") + more["icc_profile"][4:] + bytes(2_000_000)
    elif thing == "text":
        info.add_text("workflow", "x" * 3_000_000, zip=True)
    else:
        info.add_itxt("workflow", "x" * 3_000_000, zip=True)
    data, bare = io.BytesIO(), io.BytesIO()
    picture.save(data, "PNG", pnginfo=info, **more)
    picture.save(bare, "PNG")
    assert np.array_equal(decode(data.getvalue(), "x.png").samples, decode(bare.getvalue(), "x.png").samples)


@pytest.mark.parametrize(
    ("old", "new"), [(b"\r\n", b"\n"), (b"\n", b"\r\n"), (b"\r\n", b"\r")], ids=["to LF", "to CR LF", "to CR"]
)
def test_a_png_whose_line_ends_were_converted_is_named_as_such(project, old, new):
    data = project.pictures.held.replace(old, new)
    with pytest.raises(Unreadable, match="line ends were converted") as caught:
        decode(data, "x.png")
    assert "*.png -text" in caught.value.advice


def test_a_png_from_a_report_whose_line_ends_were_converted(shared):
    with pytest.raises(Unreadable, match="line ends were converted"):
        decode((shared / "reports/10-crlf-mangled-png/edit.png").read_bytes(), "edit.png")


def test_a_pointer_of_git_lfs_with_other_line_ends_is_named_as_such(project):
    project.write(SPRING, f"version https://git-lfs.github.com/spec/v1\r\noid sha256:{'a' * 64}\r\nsize 12\r\n")
    project.stage()
    outcome = project.try_commit()
    assert outcome.status == 1
    text = " ".join(outcome.text.split())
    assert "is a Git LFS pointer with other line ends" in text
    assert "git add --renormalize" in text


class TestByteOrderMark:
    """What editors on Windows put before a text is no mistake in it."""

    def test_policy_and_record(self, project):
        mark = b"\xef\xbb\xbf"
        project.write("maskproof.toml", mark + b'version = 1\n[defaults]\nlevel = "strict"\n')
        project.edit("drifted")
        beside = project.root / f"{SPRING}.maskproof.json"
        beside.write_bytes(mark + beside.read_bytes())
        project.stage()
        outcome = project.try_commit()
        assert (outcome.status, outcome.counts) == (1, [(1, 1, 1, 0)])
        assert "level strict" in project.maskproof("explain", SPRING).stdout
        # The record is found by what it names as well.
        project.commit("Past the hook")
        project.write(MASK, project.pictures.mask + b"\n")
        project.stage()
        assert SPRING in project.check().text
