"""Restoring, from bytes to bytes: what is protected is the original's own number, and what moved is brought home."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from PIL import Image, ImageDraw
from scipy.sparse import csr_matrix
from scipy.sparse.linalg import spsolve

import pictures
from maskproof.drift.exact import pixels_changed
from maskproof.drift.frame import Aligned
from maskproof.errors import CouldNotRestore
from maskproof.gate.named import Named
from maskproof.images import decode, encode
from maskproof.images.encode import Carried
from maskproof.policy import AreaRule, Settings, from_file
from maskproof.records.sidecar import AreaRef, ImageRef, OriginalRef, Record, Transform
from maskproof.restore import NOTHING, Options, Restored, compose, decode_sources
from maskproof.restore.blend import METHODS
from maskproof.restore.poisson import membrane
from projects import OPENED, QUARTER, SIZE, png, texture

SETTINGS = from_file(None, "edit.png", None, lambda _: None)
LEFT, TOP, RIGHT, BOTTOM = OPENED
INSIDE = np.s_[TOP:BOTTOM, LEFT:RIGHT]


def mask(size: tuple[int, int] = SIZE, box: tuple[int, int, int, int] = OPENED) -> bytes:
    """White is editable."""
    drawn = Image.new("L", size)
    drawn.paste(255, box)
    return png(drawn)


def restored(
    original: bytes, edit: bytes, masked: bytes, policy: Settings = SETTINGS, record: Record | None = None, **how: Any
) -> Restored:
    given = Named(edit, original, masked, "white", "edit.png", "original.png", "mask.png", record)
    return compose(decode_sources(given), policy, lambda _: None, Options(**{"anyway": lambda _: True, **how}))


def stored(data: bytes) -> decode.Stored:
    return decode.decode_stored(data, "picture")


def written(samples: Any, **carried: Any) -> bytes:
    cube = samples[..., None] if samples.ndim == 2 else samples
    return encode.encode(cube, "PNG", Carried(**carried))


ORIGINAL = texture(1)
BYTES = np.asarray(ORIGINAL)


def redrawn(picture: Image.Image = ORIGINAL) -> Image.Image:
    """The mask's middle drawn anew, the rest as it was."""
    out = picture.copy()
    inner = (LEFT + 20, TOP + 20, RIGHT - 20, BOTTOM - 20)
    out.paste(texture(2).crop(inner), inner[:2])
    return out


def spilled(picture: Image.Image) -> Image.Image:
    """A quarter of the picture, outside the mask, drawn anew."""
    out = picture.copy()
    out.paste(texture(4).crop(QUARTER), QUARTER[:2])
    return out


class TestLaws:
    @given(
        channels=st.sampled_from([1, 2, 3, 4]),
        depth=st.sampled_from([8, 16]),
        edit_channels=st.sampled_from([1, 2, 3, 4]),
        edit_depth=st.sampled_from([8, 16]),
        size=st.tuples(st.integers(8, 70), st.integers(8, 70)),
        box=st.tuples(*[st.integers(0, 69)] * 4),
        seed=st.integers(0, 9999),
        method=st.sampled_from(["auto", *METHODS]),
        match_tone=st.booleans(),
    )
    @settings(max_examples=150)
    def test_a_protected_sample_is_always_exactly_the_originals(
        self, channels, depth, edit_channels, edit_depth, size, box, seed, method, match_tone
    ):
        width, height = size
        left, right = sorted((box[0] % width, box[1] % width))
        top, bottom = sorted((box[2] % height, box[3] % height))
        opened = (left, top, right + 1, bottom + 1)
        before = pictures.noise(width, height, channels, depth=depth, seed=seed)
        after = pictures.noise(width, height, edit_channels, depth=edit_depth, seed=seed + 1)
        made = restored(written(before), written(after), mask(size, opened), method=method, match_tone=match_tone)
        found, source = stored(made.data), stored(written(before))
        outside = np.ones((height, width), np.bool_)
        outside[top : bottom + 1, left : right + 1] = False
        colors = 1 if channels < 3 else 3
        assert found.samples.dtype == source.samples.dtype
        assert found.mode.removesuffix("A") == source.mode.removesuffix("A")
        assert np.array_equal(found.samples[outside][:, :colors], source.samples[outside][:, :colors])
        if source.mode.endswith("A"):
            assert np.array_equal(found.samples[outside], source.samples[outside])
        elif found.mode.endswith("A"):
            assert (found.samples[outside][:, -1] == np.iinfo(found.samples.dtype).max).all()

    @pytest.mark.parametrize("method", METHODS)
    def test_an_edit_that_held_stays_as_it_is(self, method):
        edit = redrawn()
        made = restored(png(ORIGINAL), png(edit), mask(), method=method)
        found = stored(made.data).samples
        inner = np.s_[TOP + 20 : BOTTOM - 20, LEFT + 20 : RIGHT - 20] if method == "feather" else INSIDE
        assert np.array_equal(found[inner], np.asarray(edit)[inner])
        assert made.put_back == 0

    def test_nothing_is_rewritten_where_nothing_has_to_be_put_back(self):
        edit = png(redrawn(), compress_level=1)
        made = restored(png(ORIGINAL), edit, mask())
        assert made.data == edit
        assert made.method == NOTHING

    @given(st.integers(0, 500))
    @settings(max_examples=15)
    def test_restoring_twice_is_restoring_once(self, seed):
        chance = np.random.default_rng(seed)
        drifted = np.clip(np.asarray(spilled(redrawn())) + chance.integers(-9, 9), 0, 255).astype(np.uint8)
        once = restored(png(ORIGINAL), written(drifted), mask())
        assert once.method != NOTHING
        assert restored(png(ORIGINAL), once.data, mask()).data == once.data

    @pytest.mark.parametrize("method", ["plain", "poisson"])
    def test_a_method_that_is_asked_for_by_name_changes_nothing_the_second_time(self, method):
        once = restored(png(ORIGINAL), png(spilled(redrawn())), mask(), method=method)
        twice = restored(png(ORIGINAL), once.data, mask(), method=method)
        assert np.array_equal(stored(twice.data).samples, stored(once.data).samples)


class TestMotion:
    @pytest.mark.parametrize(("dx", "dy"), [(9, 0), (-3, 5), (1, 0), (0, -14)])
    def test_a_shift_is_undone_to_the_pixel(self, dx, dy):
        edit = np.roll(np.asarray(redrawn()), (dy, dx), (0, 1))
        made = restored(png(ORIGINAL), written(edit), mask(), method="plain")
        assert (made.motion.dx, made.motion.dy) == (dx, dy)
        assert np.array_equal(stored(made.data).samples, np.asarray(redrawn()))

    def test_what_lay_beyond_the_border_stays_the_originals(self):
        edge = (SIZE[0] - 60, 60, SIZE[0], 180)
        edit = ORIGINAL.copy()
        edit.paste((255, 0, 0), edge)
        moved = np.asarray(edit).copy()
        moved[:, 9:] = moved[:, :-9]  # to the right, and out
        made = restored(png(ORIGINAL), written(moved), mask(box=edge), method="plain")
        found = stored(made.data).samples
        assert (found[60:180, -60:-9] == (255, 0, 0)).all()
        assert np.array_equal(found[60:180, -9:], BYTES[60:180, -9:])
        assert any("1080 px inside the mask lay beyond" in note for note in made.notes)

    def test_a_scale_of_a_percent_is_undone(self):
        width, height = SIZE
        edit = redrawn().transform(
            SIZE,
            Image.Transform.AFFINE,
            (0.985, 0, 0.0075 * width, 0, 0.985, 0.0075 * height),
            Image.Resampling.BICUBIC,
        )
        made = restored(png(ORIGINAL), png(edit), mask(), method="plain")
        assert made.motion.scale == pytest.approx(1 / 0.985, abs=0.002)
        inner = np.s_[TOP + 22 : BOTTOM - 22, LEFT + 22 : RIGHT - 22]
        want, wrong = np.asarray(redrawn(), np.float32)[inner], np.asarray(edit, np.float32)[inner]
        found = stored(made.data).samples.astype(np.float32)[inner]
        assert np.abs(found - want).mean() < 0.5 * np.abs(wrong - want).mean()

    def test_an_edit_in_two_halves_that_moved_apart_is_refused(self):
        large = ORIGINAL.resize((1280, 960), Image.Resampling.BICUBIC)
        edit = np.asarray(large).copy()
        edit[:, 640:] = np.roll(edit[:, 640:], 24, axis=0)
        edit[:, :640] = np.roll(edit[:, :640], -24, axis=0)
        with pytest.raises(CouldNotRestore, match="warped"):
            restored(png(large), written(edit), mask((1280, 960), (500, 300, 800, 600)))

    def test_another_size_comes_back_to_the_originals(self):
        edit = spilled(redrawn()).resize((480, 360), Image.Resampling.BICUBIC)
        made = restored(png(ORIGINAL), png(edit), mask())
        assert made.shown.size == SIZE
        assert stored(made.data).shown.size == SIZE

    def test_a_recorded_padding_is_cut_off(self):
        padded = Image.new("RGB", (SIZE[0] + 16, SIZE[1] + 16), (9, 9, 9))
        padded.paste(redrawn(), (8, 8))
        made = restored(
            png(ORIGINAL), png(padded), mask(), record=record(transform=Transform(pad=(8, 8, 8, 8))), method="plain"
        )
        assert np.array_equal(stored(made.data).samples, np.asarray(redrawn()))

    def test_a_recorded_crop_is_set_back_into_place(self):
        box = (LEFT - 20, TOP - 20, 100, 160)
        x, y, width, height = box
        part = redrawn().crop((x, y, x + width, y + height))
        made = restored(png(ORIGINAL), png(part), mask(), record=record(transform=Transform(crop=box)), method="plain")
        want = np.asarray(redrawn()).copy()
        want[:, x + width :] = BYTES[:, x + width :]
        want[y + height :] = BYTES[y + height :]
        assert np.array_equal(stored(made.data).samples, want)


def record(**members: Any) -> Record:
    one = {"sha256": "0" * 64, "size": SIZE}
    return Record(
        maskproof=1, origin="edited", image=ImageRef(**one), original=OriginalRef(path="original.png", **one), **members
    )


class TestProtection:
    def test_an_area_inside_the_mask_stays_the_originals(self):
        inner = np.s_[100:130, 200:250]
        area = AreaRef(name="label", kind="text", box=(200, 100, 50, 30))
        made = restored(png(ORIGINAL), png(redrawn()), mask(), record=record(areas=[area]), method="plain")
        found = stored(made.data).samples
        assert np.array_equal(found[inner], BYTES[inner])
        assert not np.array_equal(found[INSIDE], BYTES[INSIDE])

    def test_so_does_an_area_of_the_policy(self):
        rule = AreaRule(paths=["**"], name="logo", kind="brand", box=(200, 100, 50, 30))
        made = restored(png(ORIGINAL), png(redrawn()), mask(), policy=replace(SETTINGS, areas=(rule,)))
        inner = np.s_[100:130, 200:250]
        assert np.array_equal(stored(made.data).samples[inner], BYTES[inner])

    @pytest.mark.parametrize("masked", [None, "closed"])
    def test_without_an_open_mask_there_is_nothing_to_keep(self, masked):
        given = Named(png(redrawn()), png(ORIGINAL), mask(box=(0, 0, 0, 0)) if masked else None, "white")
        with pytest.raises(CouldNotRestore, match="give the original back"):
            compose(decode_sources(given), SETTINGS, lambda _: None, Options(target="a.png"))


class TestNumbers:
    """The result is written in the original's numbers."""

    def test_the_profile_of_the_original_is_kept_and_the_edits_colours_are_taken_to_it(self):
        icc = pictures.matrix_profile("P3", pictures.P3, pictures.srgb_curve())
        original = png(ORIGINAL, icc_profile=icc)
        edit = png(spilled(redrawn()))
        made = restored(original, edit, mask(), method="plain")
        assert stored(made.data).icc == icc
        shown = decode.decode(made.data, "made").samples.astype(int)
        assert np.abs(shown[INSIDE] - np.asarray(redrawn()).astype(int)[INSIDE]).max() <= 3
        assert np.array_equal(stored(made.data).samples[:TOP], BYTES[:TOP])

    def test_a_gamma_that_nothing_applies_is_kept(self):
        original = pictures.png(BYTES, before=pictures.chunk(b"gAMA", (100000).to_bytes(4, "big")))
        made = restored(original, png(spilled(redrawn())), mask())
        assert stored(made.data).shown.color == stored(original).shown.color == "PNG gamma 1"

    def test_16_bits_stay_16_bits(self):
        original = BYTES.astype(np.uint16) * 256 + 77
        made = restored(written(original), png(spilled(redrawn())), mask(), method="plain")
        found = stored(made.data).samples
        assert found.dtype == np.uint16
        assert np.array_equal(found[INSIDE], np.asarray(redrawn())[INSIDE].astype(np.uint16) * 257)

    def test_a_palette_becomes_rgb_and_that_is_said(self):
        original = ORIGINAL.quantize(64)
        made = restored(png(original), png(spilled(redrawn())), mask())
        assert stored(made.data).mode == "RGB"
        assert any("a palette" in note for note in made.notes)
        outside = np.asarray(original.convert("RGB"))[:TOP]
        assert np.array_equal(stored(made.data).samples[:TOP], outside)

    @pytest.mark.parametrize("kind", ["palette", "bits", "key", "deep key"])
    def test_rare_ways_to_store_a_picture_show_exactly_the_same(self, kind):
        grey = np.asarray(ORIGINAL.convert("L"))
        clear = ORIGINAL.quantize(32)
        original = {
            "palette": png(clear, transparency=3),
            "bits": pictures.packed_png(grey >> 4, 4, 0),
            "key": pictures.png(grey, before=pictures.chunk(b"tRNS", int(grey[0, 0]).to_bytes(2, "big"))),
            "deep key": pictures.png(
                BYTES.astype(np.uint16) * 256 + 3,
                before=pictures.chunk(
                    b"tRNS", b"".join((int(one) * 256 + 3).to_bytes(2, "big") for one in BYTES[0, 0])
                ),
            ),
        }[kind]
        made = restored(original, png(spilled(redrawn())), mask())
        source = decode.decode(original, "original")
        shown = made.shown
        aligned = Aligned(shown.samples, shown.alpha, shown.size, resampled=False)
        changed = pixels_changed(source, shown, aligned)
        changed[INSIDE] = False
        assert not changed.any()
        assert any("the original's file holds" in note for note in made.notes)

    def test_grey_stays_grey_and_lost_colours_are_said(self):
        made = restored(png(ORIGINAL.convert("L")), png(spilled(redrawn())), mask())
        assert stored(made.data).mode == "L"
        assert any("became grey" in note for note in made.notes)

    def test_transparency_inside_the_mask_is_kept(self):
        edit = redrawn().convert("RGBA")
        edit.paste((0, 0, 0, 0), (LEFT + 30, TOP + 30, RIGHT - 30, BOTTOM - 30))
        made = restored(png(ORIGINAL), png(spilled(edit)), mask(), method="plain")
        alpha = stored(made.data).samples[..., 3]
        assert alpha[TOP + 40, LEFT + 40] == 0
        assert (alpha[:TOP] == 255).all()

    @pytest.mark.parametrize("turn", [3, 6])
    def test_a_turned_original_is_written_upright(self, turn):
        stored_as = {3: BYTES[::-1, ::-1], 6: np.rot90(BYTES)}[turn]
        original = png(Image.fromarray(np.ascontiguousarray(stored_as)), exif=pictures.exif(turn))
        assert np.array_equal(stored(original).samples, BYTES)
        made = restored(original, png(spilled(redrawn())), mask())
        assert np.array_equal(stored(made.data).samples[:TOP], BYTES[:TOP])

    def test_cmyk_is_refused_in_words(self):
        original = pictures.saved(ORIGINAL.convert("CMYK"), "JPEG", quality=95)
        with pytest.raises(CouldNotRestore, match="CMYK"):
            restored(original, png(redrawn()), mask())

    def test_an_original_of_another_format_gives_its_pixels(self):
        original = pictures.saved(ORIGINAL, "JPEG", quality=80)
        made = restored(original, png(spilled(redrawn())), mask())
        assert np.array_equal(stored(made.data).samples[:TOP], decode.decode(original, "o").samples[:TOP])


class TestFormats:
    def test_jpeg_says_how_far_off_it_is(self):
        edit = pictures.saved(spilled(redrawn()), "JPEG", quality=80)
        made = restored(png(ORIGINAL), edit, mask(), target="edit.jpg")
        assert made.lossy
        note = next(note for note in made.notes if note.startswith("JPEG rounds"))
        assert "-o NAME.png" in note
        off = np.abs(decode.decode(made.data, "made").samples.astype(int) - BYTES)
        off[INSIDE] = 0
        assert f"{off.max()} at most" in note
        assert off.max() < 24

    @pytest.mark.parametrize(("name", "kind"), [("edit.webp", "WEBP"), ("edit.tif", "TIFF")])
    def test_lossless_targets_hold_every_protected_pixel(self, name, kind):
        made = restored(png(ORIGINAL), png(spilled(redrawn())), mask(), target=name)
        assert (made.format, made.lossy) == (kind, False)
        assert np.array_equal(stored(made.data).samples[:TOP], BYTES[:TOP])

    def test_a_target_that_cannot_tell_the_colours_is_refused(self):
        original = pictures.png(BYTES, before=pictures.chunk(b"gAMA", (100000).to_bytes(4, "big")))
        with pytest.raises(CouldNotRestore, match="cannot describe the original's colours"):
            restored(original, png(redrawn()), mask(), target="edit.webp")

    def test_texts_stay_and_the_manifest_is_dropped_with_its_digest(self):
        manifest = b"a manifest, which vouches for other pixels"
        edit = pictures.png(
            np.asarray(spilled(redrawn())),
            before=pictures.chunk(b"tEXt", b"parameters\0a spring meadow") + pictures.chunk(b"caBX", manifest),
        )
        made = restored(png(ORIGINAL), edit, mask())
        container = stored(made.data).container
        assert container.first("tEXt") == b"parameters\0a spring meadow"
        assert container.first("caBX") is None
        assert made.dropped_manifest == hashlib.sha256(manifest).hexdigest()


class TestPasting:
    def test_plain_is_taken_where_it_leaves_no_seam(self):
        made = restored(png(ORIGINAL), png(spilled(redrawn())), mask())
        assert made.method == "plain"
        assert list(made.seams) == ["plain"]

    def test_an_edit_of_another_tone_is_corrected(self):
        flat = Image.fromarray(pictures.smooth(*SIZE) // 2 + 60)
        edit = Image.fromarray(np.asarray(flat) + np.uint8(12))
        made = restored(png(flat), png(edit), mask())
        assert made.method == "poisson"
        assert made.seams["plain"] > 0.9
        assert made.seams["poisson"] == 0
        found = stored(made.data).samples.astype(int)
        assert np.abs(found - np.asarray(flat)).max() <= 1

    def test_another_scene_is_faded_in_and_not_recoloured(self):
        flat = Image.fromarray(pictures.smooth(*SIZE) // 2 + 60)
        edit = flat.copy()
        for at in range(LEFT, RIGHT, 30):
            edit.paste((250, 240, 20) if at % 60 else (10, 20, 250), (at, TOP, at + 30, BOTTOM))
        made = restored(png(flat), png(spilled(edit)), mask())
        assert made.method == "feather"
        assert set(made.seams) == set(METHODS)

    @pytest.mark.parametrize("feather", [2, 12])
    def test_a_feather_lies_wholly_inside(self, feather):
        edit = Image.new("RGB", SIZE, (255, 255, 255))
        original = Image.new("RGB", SIZE)
        made = restored(png(original), png(edit), mask(), method="feather", feather=feather)
        line = stored(made.data).samples[120, :, 0].astype(int)
        assert (line[:LEFT] == 0).all()
        assert (np.diff(line[LEFT : LEFT + 3 * feather]) >= 0).all()
        assert 0 < line[LEFT] < 128
        assert line[LEFT + 2 * feather] >= 245

    def test_tone_is_matched_when_asked(self):
        lifted = np.clip(np.asarray(redrawn(), np.float32) * 0.9 + 24, 0, 255).round().astype(np.uint8)
        plain = restored(png(ORIGINAL), written(lifted), mask(), method="plain")
        toned = restored(png(ORIGINAL), written(lifted), mask(), method="plain", match_tone=True)
        want = np.asarray(redrawn(), np.float32)[INSIDE]
        off = [np.abs(stored(one.data).samples[INSIDE] - want).mean() for one in (plain, toned)]
        assert off[0] > 10
        assert off[1] < 1
        assert any("tone was matched" in note for note in toned.notes)

    def test_tone_is_left_alone_where_nothing_corresponds(self):
        made = restored(png(ORIGINAL), png(texture(9)), mask(), match_tone=True)
        assert any("tone was not matched" in note for note in made.notes)


class TestMembrane:
    @pytest.mark.parametrize("seed", range(4))
    def test_it_is_within_two_levels_of_a_direct_solution(self, seed):
        chance = np.random.default_rng(seed)
        height, width = chance.integers(50, 160, 2)
        drawn = Image.new("L", (int(width), int(height)))
        for _ in range(3):
            x, y, reach = (int(chance.integers(0, top)) for top in (width, height, 60))
            ImageDraw.Draw(drawn).ellipse((x - reach, y - reach, x + reach + 4, y + reach + 4), fill=255)
        unknown = np.asarray(drawn) > 0
        rows, columns = np.mgrid[0:height, 0:width]
        step = (50 * np.sin(columns / 30) + 50 * np.cos(rows / 25))[..., None].astype(np.float32)
        found = membrane(step[~unknown], ~unknown, unknown).rows(0, int(height))
        assert np.abs(found - direct(step, unknown))[unknown].max() < 2

    def test_a_constant_step_is_corrected_everywhere_by_the_same(self):
        unknown = np.zeros((900, 1400), np.bool_)
        unknown[5:-5, 5:-5] = True
        field = membrane(np.full((int((~unknown).sum()), 3), 7.0, np.float32), ~unknown, unknown)
        assert field.factor > 1
        assert np.abs(field.rows(0, 900)[unknown] - 7).max() < 0.01

    def test_rows_are_the_same_alone_and_together(self):
        unknown = np.zeros((900, 1400), np.bool_)
        unknown[5:-5, 5:-5] = True
        values = np.random.default_rng(1).normal(0, 50, (int((~unknown).sum()), 1)).astype(np.float32)
        field = membrane(values, ~unknown, unknown)
        whole = field.rows(0, 900)
        parts = np.concatenate([field.rows(top, min(top + 256, 900)) for top in range(0, 900, 256)])
        assert np.abs(whole - parts).max() < 0.01
        rows = np.mgrid[0:900, 0:1400][0]
        assert np.abs(whole[rows == 450]).max() < 25, "what is far from the edge is smooth"

    def test_nothing_known_is_nothing_corrected(self):
        unknown = np.ones((20, 30), np.bool_)
        assert not membrane(np.ones((0, 1), np.float32), ~unknown, unknown).rows(0, 20).any()


def direct(step: Any, unknown: Any) -> Any:
    """Laplace's equation solved as one sparse system."""
    height, width = unknown.shape
    place = np.full(unknown.shape, -1)
    place[unknown] = np.arange(unknown.sum())
    rows, columns, values = [], [], []
    right = np.zeros(int(unknown.sum()))
    for y, x in zip(*np.nonzero(unknown), strict=True):
        near = [(y + j, x + i) for j, i in ((0, 1), (1, 0), (0, -1), (-1, 0))]
        near = [(j, i) for j, i in near if 0 <= j < height and 0 <= i < width]
        rows.append(place[y, x])
        columns.append(place[y, x])
        values.append(float(len(near)))
        for j, i in near:
            if unknown[j, i]:
                rows.append(place[y, x])
                columns.append(place[j, i])
                values.append(-1.0)
            else:
                right[place[y, x]] += step[j, i, 0]
    system = csr_matrix((values, (rows, columns)), shape=(len(right), len(right)))
    out = step.astype(np.float64)
    out[unknown, 0] = spsolve(system, right)
    return out
