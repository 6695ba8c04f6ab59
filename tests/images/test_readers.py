"""HEIC and JPEG XL where somebody installed a reader: judged as every other format, and as strictly.

The plug-ins are under copyleft licences and no dependency, so a stand-in for one is laid on the path; where a real one
is installed it is asked as well.
"""

from __future__ import annotations

import io
import os
import re
import shlex
import zlib

import pytest
from PIL import Image

from maskproof.images import containers, readers
from projects import HERO, MASK, MASKPROOF, ROOT, SPRING, Outcome

STAND_IN = """
import zlib
from PIL import Image, ImageFile
from . import JpegXLImagePlugin

class JXL(ImageFile.ImageFile):
    format = "JXL"
    n_frames = {frames}

    def _open(self):
        data = self.fp.read()
        {fault}
        head = int.from_bytes(data[2:6], "little")
        self._size = ((head >> 17) % 512 + 1 + {wider}, (head >> 3) % 512 + 1)
        self._mode = "RGB"
        self.info["exif"] = None  # as `pillow_heif` says that there is none
        self.samples = zlib.decompress(data[6:])
        self.tile = []

    def load(self):
        if self.samples:
            self.load_prepare()
            self.frombytes(self.samples)
            self.samples = b""
        return super().load()

Image.register_open("JXL", JXL, lambda prefix: prefix.startswith(bytes([255, 10])))
"""
HONEST = {"frames": 1, "wider": 0, "fault": ""}
JXL = f"{SPRING[:-4]}.jxl"
OFFERED = ("--original", HERO, "--mask", MASK, "--mask-mode", "white")


def coded(png: bytes, *told: tuple[int, int]) -> bytes:
    """A picture in the beginning of a JPEG XL codestream, and its samples as the stand-in takes them.

    `told` are further fields, each with its bits, in the place of one that says that all else is usual.
    """
    image = Image.open(io.BytesIO(png)).convert("RGB")
    fields = ((0, 1), (0, 2), (image.height - 1, 9), (0, 3), (0, 2), (image.width - 1, 9), *(told or ((1, 1),)))
    bits, at = 0, 0
    for value, count in fields:
        bits, at = bits | value << at, at + count
    return b"\xff\x0a" + bits.to_bytes(4, "little") + zlib.compress(image.tobytes())


@pytest.fixture
def installed(tmp_path):
    """Lays a stand-in on a path of modules, and gives that path."""

    def lay(**how: object) -> str:
        package = tmp_path / "site" / "pillow_jxl"
        package.mkdir(parents=True, exist_ok=True)
        (package / "__init__.py").write_text(STAND_IN.format(**{**HONEST, **how}))
        (package / "JpegXLImagePlugin.py").write_text("DECODE_THREADS = -1\n")
        return os.pathsep.join((str(package.parent), str(ROOT / "hooks")))

    return lay


def checked(project, path: str) -> Outcome:
    return Outcome.of(project.run(*MASKPROOF, "check", ok=False, PYTHONPATH=path))


@pytest.mark.parametrize(("verdict", "status"), [("held", 0), ("drifted", 1)])
def test_an_edit_is_judged_where_a_reader_is_installed(project, installed, verdict, status):
    path = installed()
    project.write(JXL, coded(getattr(project.pictures, verdict)))
    done = project.run(*MASKPROOF, "record", JXL, *OFFERED, ok=False, PYTHONPATH=path)
    assert done.returncode == 0, done.stderr
    project.stage()
    outcome = checked(project, path)
    assert (outcome.status, outcome.counts) == (status, [(1, 1, status, 0)]), outcome.text
    if readers.reader_for("JXL"):
        return
    without = project.check()
    assert (without.status, "pip install pillow-jxl-plugin" in without.text) == (3, True)


def test_protected_pixels_are_put_back_into_a_file_of_a_format_that_is_written(project, installed):
    path = installed()
    project.write("assets/photo.jxl", coded(project.pictures.original))
    project.commit("A photograph")
    project.write(JXL, coded(project.pictures.drifted))
    masked = ("--mask", MASK, "--mask-mode", "white")
    project.run(*MASKPROOF, "record", JXL, "--original", "assets/photo.jxl", *masked, PYTHONPATH=path)
    project.stage()
    (offered,) = re.findall(r"`maskproof (restore [^`]+)`", " ".join(checked(project, path).text.split()))
    done = project.run(*MASKPROOF, *shlex.split(offered), ok=False, PYTHONPATH=path)
    assert (done.returncode, "1 restored" in done.stdout) == (0, True), done.stdout + done.stderr


@pytest.mark.parametrize("level", ["visual", "exact"])
def test_more_bits_than_a_reader_gives_are_told(project, installed, level):
    path = installed()
    project.write("maskproof.toml", f'version = 1\n[defaults]\nlevel = "{level}"\n')
    project.write(JXL, coded(project.pictures.held, (0, 3), (1, 2)))
    project.run(*MASKPROOF, "record", JXL, *OFFERED, PYTHONPATH=path)
    project.stage()
    explained = project.run(*MASKPROOF, "explain", JXL, ok=False, PYTHONPATH=path).stdout
    assert "10 bits a sample, compared by the upper 8" in " ".join(explained.split())
    noted = "has 10 bits a sample and was read with 8, which is what level exact compares"
    assert (noted in " ".join(checked(project, path).text.split())) is (level == "exact")


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"wider": 1}, "declares two sizes"),
        ({"frames": 2}, "is read as JXL by one reader and JXL by another"),
        ({"fault": "raise RuntimeError('no')"}, "cannot be decoded"),
        ({"fault": "import os; os._exit(7)"}, "the decoder of assets/spring.jxl ended"),
    ],
)
def test_a_reader_that_disagrees_or_fails_leaves_it_unjudged(project, installed, how, said):
    data = coded(project.pictures.held)
    project.write(JXL, data)
    project.write(f"{JXL}.maskproof.json", project.record(data))
    project.stage()
    outcome = checked(project, installed(**how))
    assert (outcome.status, outcome.counts) == (3, [(1, 0, 0, 1)])
    assert said in " ".join(outcome.text.split())


def test_a_module_of_the_repository_is_no_reader(project):
    data = coded(project.pictures.held)
    project.write(JXL, data)
    project.write(f"{JXL}.maskproof.json", project.record(data))
    project.write("pillow_jxl/__init__.py", "raise SystemExit(0)\n")
    project.stage()
    assert checked(project, str(ROOT / "hooks")).status == 3


class TestCodestream:
    """What the first bits of a JPEG XL say (ISO/IEC 18181-1, annex D), in files of libjxl 0.11."""

    @pytest.mark.parametrize(
        ("bits", "size", "frames", "turn"),
        [
            ([(1, 1), (5, 5), (0, 3), (7, 5), (1, 1)], (64, 48), 1, 1),
            ([(1, 1), (5, 5), (3, 3), (1, 1)], (64, 48), 1, 1),
            ([(0, 1), (1, 2), (999, 13), (0, 3), (2, 2), (4999, 18), (1, 1)], (5000, 1000), 1, 1),
            ([(1, 1), (0, 5), (1, 3), (0, 1), (1, 1), (5, 3), (0, 1), (0, 1), (1, 1)], (8, 8), 2, 6),
            ([(1, 1), (0, 5), (1, 3), (0, 1), (0, 1)], (8, 8), 1, 1),
            (
                [
                    (1, 1),
                    (0, 5),
                    (1, 3),
                    (0, 1),
                    (1, 1),
                    (0, 3),
                    (0, 1),
                    (1, 1),
                    (0, 1),
                    (0, 2),
                    (63, 6),
                    (1, 3),
                    (1, 1),
                ],
                (8, 8),
                2,
                1,
            ),
        ],
    )
    def test_size_frames_and_turn(self, bits, size, frames, turn):
        number, at = 0, 0
        for value, count in bits:
            number, at = number | value << at, at + count
        stream = b"\xff\x0a" + number.to_bytes(12, "little")
        boxed = b"\0\0\0\x0cJXL \r\n\x87\n" + (8 + len(stream)).to_bytes(4, "big") + b"jxlc" + stream
        parts = b"".join(
            (12 + len(part)).to_bytes(4, "big") + b"jxlp" + index.to_bytes(4, "big") + part
            for index, part in ((0, stream[:3]), (0x80000001, stream[3:]))
        )
        for data in (stream, boxed, boxed[:12] + parts):
            found = containers.blocks(data, "x")
            assert ((found.width, found.height), found.frames, found.orientation, found.doubt) == (
                size,
                frames,
                turn,
                "",
            )

    def test_another_size_to_show_and_a_turned_jpeg_are_doubts(self):
        number, at = 0, 0
        for value, count in [(1, 1), (0, 5), (1, 3), (0, 1), (1, 1), (5, 3), (1, 1), (1, 1), (3, 5), (1, 3)]:
            number, at = number | value << at, at + count
        stream = b"\xff\x0a" + number.to_bytes(12, "little")
        assert "another size" in containers.blocks(stream, "x").doubt
        jpeg = b"\0\0\0\x08jbrd"
        boxed = b"\0\0\0\x0cJXL \r\n\x87\n" + jpeg + (8 + len(stream)).to_bytes(4, "big") + b"jxlc" + stream
        assert "packs a JPEG that is turned" in containers.blocks(boxed, "x").doubt


@pytest.mark.parametrize("suffix", [".heic", ".jxl"])
class TestInstalled:
    """The plug-ins themselves, where somebody has them."""

    @pytest.fixture
    def save(self, suffix):
        kind = {".heic": "HEIC", ".jxl": "JXL"}[suffix]
        if (reader := readers.reader_for(kind)) is None:
            pytest.skip(f"no reader of {kind} is installed")
        name = readers.pillow_name(kind)

        def saved(png: bytes, **options: object) -> bytes:
            file = io.BytesIO()
            Image.open(io.BytesIO(png)).convert("RGB").save(file, name, quality=95, **options)
            return file.getvalue()

        assert reader.name == name
        return saved

    @pytest.mark.parametrize(("verdict", "status"), [("held", 0), ("drifted", 1)])
    def test_an_edit_is_judged(self, project, save, suffix, verdict, status):
        path = f"assets/spring{suffix}"
        project.write(path, save(getattr(project.pictures, verdict)))
        assert project.maskproof("record", path, *OFFERED).returncode == 0
        project.stage()
        outcome = project.check()
        assert (outcome.status, outcome.counts) == (status, [(1, 1, status, 0)]), outcome.text

    def test_as_an_original_too(self, project, save, suffix):
        path = f"assets/photo{suffix}"
        project.write(path, save(project.pictures.original))
        project.commit("A photograph")
        project.write(SPRING, project.pictures.drifted)
        mask = ("--mask", MASK, "--mask-mode", "white")
        assert project.maskproof("record", SPRING, "--original", path, *mask).returncode == 0
        project.stage()
        assert project.check().status == 1
        assert project.maskproof("restore", SPRING).returncode == 0

    def test_a_turn_that_only_some_viewers_see_is_refused(self, project, save, suffix):
        turned = Image.Exif()
        turned[0x0112] = 6
        # Of bytes `pillow_heif` makes a turn of the picture itself, which every viewer sees.
        how = {"exif": turned.tobytes(), "use_container": True} if suffix == ".jxl" else {"exif": turned}
        data = save(project.pictures.held, **how)
        project.write(f"assets/spring{suffix}", data)
        project.write(f"assets/spring{suffix}.maskproof.json", project.record(data))
        project.stage()
        outcome = project.check()
        assert (outcome.status, "is turned by some viewers only" in " ".join(outcome.text.split())) == (3, True)


def test_a_heic_is_cropped_and_its_other_pictures_are_not_shown():
    """Boxes of an iPhone's picture: tiles, a crop, depth and a gain map beside it."""
    data = heic()
    found = containers.blocks(data, "x")
    assert (found.width, found.height, found.frames, found.orientation, found.doubt) == (60, 40, 1, 6, "")
    assert found.gain_map
    assert not containers.blocks(data.replace(b"hdrgainmap", b"hdrgainmop"), "x").gain_map
    alpha = b"urn:mpeg:hevc:2015:auxid:1"
    two = heic(auxiliaries=(alpha, alpha))
    assert containers.blocks(two, "x").frames == 2
    assert "an order that viewers do not agree on" in containers.blocks(heic(order=(3, 2)), "x").doubt


def box(kind: bytes, content: bytes) -> bytes:
    return (8 + len(content)).to_bytes(4, "big") + kind + content


def heic(
    auxiliaries: tuple[bytes, ...] = (b"urn:com:apple:photo:2020:aux:hdrgainmap", b"urn:mpeg:hevc:2015:auxid:2"),
    order: tuple[int, int] = (2, 3),
) -> bytes:
    """A HEIC without pixels: item 1 is shown, cropped and turned; further items are auxiliary to it."""
    count = 1 + len(auxiliaries)
    infe = [box(b"infe", b"\2\0\0\0" + item.to_bytes(2, "big") + b"\0\0hvc1\0") for item in range(1, count + 1)]
    properties = [
        box(b"ispe", bytes(4) + (64).to_bytes(4, "big") + (64).to_bytes(4, "big")),
        box(b"clap", b"".join(one.to_bytes(4, "big") for one in (60, 1, 40, 1, 0, 1, 0, 1))),
        box(b"irot", b"\3"),
        *(box(b"auxC", bytes(4) + one + b"\0") for one in auxiliaries),
    ]
    rows = [b"\0\1\3\1" + bytes(order)]
    rows += [item.to_bytes(2, "big") + b"\1" + bytes([item + 2]) for item in range(2, count + 1)]
    links = [box(b"auxl", item.to_bytes(2, "big") + b"\0\1\0\1") for item in range(2, count + 1)]
    places = b"".join(item.to_bytes(2, "big") + b"\0\0\0\1" + bytes(3) + b"\1\0\0\0\1" for item in range(1, count + 1))
    meta = bytes(4) + b"".join(
        (
            box(b"hdlr", bytes(24)),
            box(b"pitm", bytes(4) + b"\0\1"),
            box(b"iinf", bytes(4) + count.to_bytes(2, "big") + b"".join(infe)),
            box(b"iloc", bytes(4) + b"\x44\x00" + count.to_bytes(2, "big") + places),
            box(b"iref", bytes(4) + b"".join(links)),
            box(
                b"iprp",
                box(b"ipco", b"".join(properties)) + box(b"ipma", bytes(4) + count.to_bytes(4, "big") + b"".join(rows)),
            ),
        )
    )
    return box(b"ftyp", b"heic\0\0\0\0mif1heic") + box(b"meta", meta) + box(b"mdat", b"pixels")
