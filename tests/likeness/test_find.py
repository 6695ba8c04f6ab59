"""Finding an original: through the real command in real repositories, and the laws of the hash."""

from __future__ import annotations

import io
import json
import os
import shlex
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import imagehash
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from maskproof import likeness
from maskproof.images import decode
from maskproof.likeness import hashes, store
from maskproof.likeness import index as indexing
from maskproof.repo import Repository
from pictures import gif, saved
from processes import MASKPROOF, PATIENCE
from projects import HERO, MASK, SIZE, clean_environment, png, sha256, texture
from thirdparty import rows

INDEX = ".git/maskproof/likeness.sqlite"


def found(project, *arguments, cwd=None, **env):
    done = project.run(*MASKPROOF, "find", "--format", "json", *arguments, ok=False, cwd=cwd, **env)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def told(project, *arguments, **env):
    done = project.maskproof("find", *arguments, **env)
    assert done.returncode == 0, done.stderr
    return done.stdout


def best(report):
    return report["nearest"][0]["paths"]


def picture(data):
    return Image.open(io.BytesIO(data)).convert("RGB")


@pytest.fixture
def album(project):
    """The project with twelve more pictures."""
    for seed in range(10, 22):
        project.write(f"album/{seed}.png", png(texture(seed)))
    project.commit("An album")
    return project


EDITS = {
    "held": png,
    "as JPEG": lambda edit: saved(edit, "JPEG", quality=75),
    "as WebP": lambda edit: saved(edit, "WEBP", quality=60),
    "at a quarter": lambda edit: png(edit.resize((80, 60))),
    "of another shape": lambda edit: png(edit.resize((256, 256))),
    "cropped at the right": lambda edit: png(edit.crop((0, 0, 288, 240))),
    "cropped at the top": lambda edit: png(edit.crop((0, 24, 320, 240))),
    "cropped all round, as a small JPEG": lambda edit: saved(edit.crop((16, 12, 304, 228)).resize((144, 108)), "JPEG"),
}


@pytest.mark.parametrize("name", EDITS)
def test_the_original_of_an_edit_comes_first(album, name):
    album.write("edit.bin", EDITS[name](picture(album.pictures.held)))
    report = found(album, "edit.bin")
    assert best(report) == [HERO]
    assert report["nearest"][0]["alike"]
    assert report["nearest"][0]["how"] == ("cropped" if "cropped" in name else "whole")
    assert not any(one["alike"] for one in report["nearest"][1:])
    assert report["next"] == f"maskproof record edit.bin --original {HERO}"


def test_what_is_said(album):
    album.write("my edit.png", album.pictures.held)
    text = told(album, "my edit.png")
    assert text.startswith(
        "Similar to my edit.png by perceptual hash, among 14 pictures tracked here, nearest first:\n"
    )
    assert "of 256 bits differ" in text
    assert "Similarity is a hint and proves nothing: look at both.\n" in text
    assert f"    -> maskproof record 'my edit.png' --original {HERO}\n" in text


def test_the_command_that_is_offered_works(album):
    album.write("a folder/-my edit.png", album.pictures.held)
    name = "my original's.png"
    album.git("mv", HERO, f"a folder/{name}")
    album.git("rm", "-q", "--cached", MASK)
    album.commit()
    report = found(album, "./-my edit.png", cwd=album.root / "a folder")
    assert best(report) == [f"a folder/{name}"]
    assert report["next"].startswith("maskproof record ./-my") is False
    done = album.run(
        "sh", "-c", report["next"].replace("maskproof", shlex.join(MASKPROOF)), cwd=album.root / "a folder"
    )
    assert "original" in done.stdout


def test_nothing_alike_is_said_and_is_no_failure(album):
    album.write("other.png", png(texture(99)))
    text = told(album, "other.png")
    assert text.startswith("No match for other.png among 14 pictures tracked here.\nThe nearest, which may well be")
    assert "->" not in text
    assert text.count("bits differ") == 3


def test_the_same_bytes_are_named_and_never_offered_as_the_original(album):
    report = found(album, HERO)
    assert HERO not in [path for one in report["nearest"] for path in one["paths"]]
    assert report["same"] == []
    album.write("copy.png", album.pictures.original)
    assert found(album, "copy.png")["same"] == [HERO]
    assert f"copy.png is tracked with the same bytes at {HERO}" in told(album, "copy.png")


def test_an_edit_saved_over_its_original(album):
    album.write(HERO, album.pictures.held)
    assert found(album, HERO)["next"] == f"maskproof record {HERO} --original {HERO}"
    album.git("add", "-A")
    assert best(found(album, HERO)) == [HERO]


def test_history_is_looked_at_when_asked_for(album):
    album.git("rm", "-q", HERO)
    album.commit("Gone")
    album.write("edit.png", album.pictures.held)
    assert HERO not in [path for one in found(album, "edit.png")["nearest"] for path in one["paths"]]
    report = found(album, "edit.png", "--history")
    assert best(report) == [HERO]
    assert report["nearest"][0]["in"] == "history"
    assert "only in history, blob" in told(album, "edit.png", "--history")
    done = album.run("sh", "-c", report["next"].replace("maskproof", shlex.join(MASKPROOF)))
    assert f"original-{report['nearest'][0]['blob'][:7]}.png" in done.stdout


def test_what_is_in_history_is_not_listed_unless_asked_for(album):
    # Both runs share one index, and the second must not speak of what only the first was asked about.
    album.git("rm", "-q", HERO)
    album.commit("Gone")
    album.write("edit.png", album.pictures.held)
    assert best(found(album, "edit.png", "--history")) == [HERO]
    assert best(found(album, "edit.png")) != [HERO]


def test_a_shallow_clone_says_that_history_is_cut_off(album, tmp_path):
    album.git("clone", "-q", "--depth", "1", f"file://{album.root}", str(tmp_path / "clone"))
    clone = album.at(tmp_path / "clone")
    clone.write("edit.png", album.pictures.held)
    report = found(clone, "edit.png", "--history")
    assert best(report) == [HERO]
    assert "cut off" in report["notes"][0]


class TestWhere:
    def test_no_commit_yet(self, scratch, edited):
        scratch.write("edit.png", edited.held)
        assert found(scratch, "edit.png", "--history")["nearest"] == []
        scratch.write("a.png", edited.original)
        scratch.git("add", "a.png")
        assert best(found(scratch, "edit.png", "--history")) == ["a.png"]

    def test_a_file_outside_the_repository(self, album, tmp_path):
        outside = tmp_path / "edit.png"
        outside.write_bytes(album.pictures.held)
        report = found(album, str(outside))
        assert best(report) == [HERO]
        assert report["next"] is None

    def test_from_a_folder(self, album):
        album.write("album/edit.png", album.pictures.held)
        assert found(album, "edit.png", cwd=album.root / "album")["next"] == (
            f"maskproof record edit.png --original ../{HERO}"
        )

    def test_not_a_repository(self, album, tmp_path):
        outside = tmp_path / "elsewhere"
        outside.mkdir()
        (outside / "edit.png").write_bytes(album.pictures.held)
        done = album.run(*MASKPROOF, "find", "edit.png", ok=False, cwd=outside)
        assert done.returncode == 2

    @pytest.mark.parametrize("data", [None, b"", b"no picture"])
    def test_an_edit_that_cannot_be_read(self, album, data):
        if data is not None:
            album.write("edit.png", data)
        done = album.maskproof("find", "edit.png")
        assert done.returncode == 2
        assert "edit.png" in done.stderr

    def test_worktrees_share_the_index(self, album, tmp_path, monkeypatch):
        album.write("edit.png", album.pictures.held)
        found(album, "edit.png")
        album.git("worktree", "add", "-q", "-b", "side", str(tmp_path / "linked"))
        linked = Repository(tmp_path / "linked")
        monkeypatch.setattr(indexing, "hash_file", None)  # whoever decodes anything fails
        index = likeness.open_index(linked, trusted=True)
        updated = index.update(linked.image_blobs(linked.head))
        assert (updated.known, updated.added) == (14, 0)
        assert not (tmp_path / "linked" / ".git" / "maskproof").exists()

    def test_bytes_never_come_from_the_working_tree(self, album):
        album.write("edit.png", album.pictures.held)
        album.write(HERO, b"not a picture any more")
        assert best(found(album, "edit.png")) == [HERO]


def flipped(data):
    """An index file with one bit changed in the hash of one picture."""
    at = data.rindex(indexing.hash_file(png(texture(21)))[:16])
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


DAMAGE = {
    "no database": lambda data: b"something else" * (len(data) // 14),
    "cut short": lambda data: data[: len(data) // 2],
    "zeros in the middle": lambda data: data[:4096] + bytes(4096) + data[8192:],
    "a flipped bit of a hash": flipped,
}


class TestIndex:
    @pytest.fixture
    def ours(self, album):
        """The repository of the album, and its pictures."""
        repository = Repository(album.root)
        return repository, list(repository.image_blobs(repository.head))

    def test_a_second_build_reads_no_object(self, album, ours):
        repository, blobs = ours
        assert likeness.open_index(repository, trusted=True).update(blobs).added == 14
        shutil.move(album.root / ".git" / "objects", album.root / ".git" / "gone")
        (album.root / ".git" / "objects").mkdir()
        assert likeness.open_index(repository, trusted=True).update(blobs).known == 14

    def test_only_what_is_new_is_hashed(self, album, ours):
        repository, blobs = ours
        likeness.open_index(repository, trusted=True).update(blobs[:5])
        index = likeness.open_index(repository, trusted=True)
        seen = []
        updated = index.update(blobs, progress=lambda done, of: seen.append((done, of)))
        assert (updated.known, updated.added) == (5, 9)
        assert seen == [(done, 9) for done in range(1, 10)]
        assert index.nearest(np.asarray(picture(album.pictures.held)))[0].paths == (HERO,)

    def test_processes_find_what_one_finds(self, album, ours, monkeypatch):
        monkeypatch.setattr(indexing, "FEW", 1)
        monkeypatch.setattr(indexing, "BATCH", 4)
        repository, blobs = ours
        asked = np.asarray(picture(album.pictures.held))
        nearest = []
        for jobs in (1, 2):
            index = likeness.open_index(repository, trusted=False)
            assert index.update(blobs, jobs=jobs).added == 14
            nearest.append(index.nearest(asked, 14))
        assert nearest[0] == nearest[1]

    def test_an_interrupted_build_keeps_its_batches(self, ours, monkeypatch):
        monkeypatch.setattr(indexing, "BATCH", 4)
        repository, blobs = ours

        def stop(done, _of):
            if done == 10:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            likeness.open_index(repository, trusted=True).update(blobs, progress=stop)
        updated = likeness.open_index(repository, trusted=True).update(blobs)
        assert (updated.known, updated.added) == (8, 6)

    def test_packs_grow_and_are_read_back_as_they_were_written(self, tmp_path, monkeypatch):
        monkeypatch.setattr(store, "PACK", 5)
        entries = {bytes([number]) * 20: bytes([number]) * 64 for number in range(23)}
        rows = list(entries.items())
        for start, end in ((0, 3), (3, 4), (4, 16), (16, 23), (2, 4)):
            store.open_store(tmp_path / "x" / "index").add(dict(rows[start:end]), {})
        kept = store.open_store(tmp_path / "x" / "index")
        assert dict(zip(store.pieces(kept.oids, 20), store.pieces(kept.codes, 64), strict=True)) == entries

    @pytest.mark.parametrize("damage", DAMAGE)
    def test_a_broken_index_is_made_anew_and_that_is_said_once(self, album, damage):
        album.write("edit.png", album.pictures.held)
        found(album, "edit.png")
        file = album.root / INDEX
        file.write_bytes(DAMAGE[damage](file.read_bytes()))
        report = found(album, "edit.png")
        assert best(report) == [HERO]
        assert len(report["notes"]) == 1
        assert "was broken" in report["notes"][0]
        assert found(album, "edit.png")["notes"] == []

    def test_another_layout_is_replaced(self, album, ours):
        album.write("edit.png", album.pictures.held)
        (album.root / INDEX).parent.mkdir()
        old = sqlite3.connect(album.root / INDEX)
        old.executescript("CREATE TABLE 'a \"table' (x); CREATE TABLE packs (y); PRAGMA user_version = 999")
        old.close()
        report = found(album, "edit.png")
        assert (best(report), report["notes"]) == ([HERO], [])
        assert (album.root / INDEX).stat().st_size > 0
        repository, blobs = ours
        assert likeness.open_index(repository, trusted=True).update(blobs).known == 14

    def test_two_processes_at_once(self, album, ours):
        album.write("edit.png", album.pictures.held)
        command = (*MASKPROOF, "find", "--format", "json", "edit.png")
        environment = clean_environment()
        running = [
            subprocess.Popen(command, cwd=album.root, env=environment, stdout=subprocess.PIPE, text=True)
            for _ in range(4)
        ]
        reports = [json.loads(one.communicate(timeout=PATIENCE)[0]) for one in running]
        assert all(best(one) == [HERO] and one["notes"] == [] for one in reports)
        repository, blobs = ours
        assert likeness.open_index(repository, trusted=True).update(blobs).known == 14

    def test_an_index_that_another_process_holds_is_gone_without(self, album, ours, monkeypatch):
        monkeypatch.setattr(store, "PATIENCE", 0.05)
        repository, blobs = ours
        likeness.open_index(repository, trusted=True)
        other = sqlite3.connect(album.root / INDEX, isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        index = likeness.open_index(repository, trusted=True)
        assert index.update(blobs).added == 14
        assert "for this run only" in index.note
        other.close()

    def test_a_git_directory_that_cannot_be_written_to(self, album):
        album.write("edit.png", album.pictures.held)
        (album.root / ".git" / "maskproof").write_bytes(b"")  # permissions would not stop the tests of a root user
        report = found(album, "edit.png")
        assert best(report) == [HERO]
        assert "for this run only" in report["notes"][0]

    @pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
    def test_a_folder_without_permission(self, album):
        album.write("edit.png", album.pictures.held)
        (album.root / ".git").chmod(0o500)
        try:
            report = found(album, "edit.png")
        finally:
            (album.root / ".git").chmod(0o700)
        assert "for this run only" in report["notes"][0]

    @pytest.mark.threat("T37")
    def test_an_index_that_was_found_in_ci_is_neither_read_nor_changed(self, album, ours):
        album.write("edit.png", album.pictures.held)
        repository, blobs = ours
        lie = hashes.of(np.zeros((hashes.SIDE, hashes.SIDE), np.uint8))
        poisoned = store.open_store(album.root / INDEX)
        poisoned.add({bytes.fromhex(oid): lie for oid, _ in blobs}, {})
        before = (album.root / INDEX).read_bytes()
        assert found(album, "edit.png")["nearest"][0]["distance"] > likeness.LIKE
        told = found(album, "edit.png", CI="true")
        assert best(told) == [HERO]
        assert told["nearest"][0]["distance"] < likeness.LIKE
        assert (album.root / INDEX).read_bytes() == before
        assert repository.common_dir.is_dir()


class TestPictures:
    def test_lfs_pointers_are_followed_or_counted(self, album):
        album.write("edit.png", album.pictures.held)
        for name, data in (("here.png", album.pictures.other), ("away.png", png(texture(77)))):
            digest = sha256(data)
            if name == "here.png":
                place = album.root / ".git/lfs/objects" / digest[:2] / digest[2:4]
                place.mkdir(parents=True)
                (place / digest).write_bytes(data)
            text = f"version https://git-lfs.github.com/spec/v1\noid sha256:{digest}\nsize {len(data)}\n"
            album.write(name, text)
        album.git("add", "here.png", "away.png")
        report = found(album, "edit.png")
        assert [one["path"] for one in report["unhashed"]] == ["away.png"]
        assert "Git LFS" in report["unhashed"][0]["reason"]
        album.write("similar.png", album.pictures.other)
        assert found(album, "similar.png")["same"] == ["here.png"]
        # It is looked for again once it is here.
        data = png(texture(77))
        place = album.root / ".git/lfs/objects" / sha256(data)[:2] / sha256(data)[2:4]
        place.mkdir(parents=True)
        (place / sha256(data)).write_bytes(data)
        assert found(album, "edit.png")["unhashed"] == []

    def test_what_cannot_be_decoded_is_named_and_not_tried_again(self, album, monkeypatch):
        album.write("edit.png", album.pictures.held)
        name = "bad\n::error::\x1b[31m.png"
        album.write(name, b"no picture")
        album.write("huge.gif", gif([0], (16000, 16000)))
        album.git("add", name, "huge.gif")
        report = found(album, "edit.png")
        assert [one["path"] for one in report["unhashed"]] == [name, "huge.gif"]
        assert report["unhashed"][1]["reason"].startswith("it declares 16000 x 16000 pixels")
        text = told(album, "edit.png")
        assert "2 pictures could not be compared:" in text
        assert "\x1b" not in text
        assert r"bad\n" in text
        monkeypatch.setattr(indexing, "hash_file", None)
        repository = Repository(album.root)
        updated = likeness.open_index(repository, trusted=True).update(repository.image_blobs(repository.index))
        assert len(updated.failed) == 2

    def test_links_and_submodules_are_left_out(self, album):
        (album.root / "link.png").symlink_to(HERO)
        album.git("add", "link.png")
        album.git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},module.png")
        repository = Repository(album.root)
        assert {path for _, path in repository.image_blobs(repository.index)} == {
            HERO,
            MASK,
            *(f"album/{seed}.png" for seed in range(10, 22)),
        }

    def test_a_name_that_steers_a_terminal_is_offered_in_no_command(self, album):
        album.git("mv", HERO, "he\x1b[31mro.png")
        album.write("edit.png", album.pictures.held)
        report = found(album, "edit.png")
        assert report["nearest"][0]["alike"]
        assert report["next"] is None

    @pytest.mark.parametrize("row", rows("badinputs/badinputs.csv"))
    def test_hostile_files_become_an_entry_or_a_reason(self, row):
        outcome = indexing.hash_file(Path(row["path"]).read_bytes())
        assert isinstance(outcome, str) or len(outcome) == 64

    def test_thumbnails_are_upright_on_white_and_of_16_bits_too(self):
        plain = np.asarray(texture(3).convert("L"))
        wide = Image.fromarray(plain.astype(np.uint16) * 257)
        exif = Image.Exif()
        exif[0x0112] = 6
        turned = texture(3).transpose(Image.Transpose.ROTATE_90)
        clear = Image.merge("RGBA", (*Image.new("RGB", SIZE, (9, 9, 9)).split(), Image.new("L", SIZE, 0)))
        expected = decode.thumbnail(png(Image.fromarray(plain)), "a", 64).astype(int)
        for data in (png(wide), png(turned, exif=exif)):
            assert np.abs(decode.thumbnail(data, "a", 64) - expected).max() <= 1
        assert (decode.thumbnail(png(clear), "a", 64) == 255).all()


# --- the laws of the hash --------------------------------------------------------------------------------------------

SEEDS = st.integers(0, 10_000)


def entry(image):
    return np.frombuffer(indexing.hash_file(png(image)), "<u8")[None]


def against(codes, image):
    (match,) = hashes.closest(codes, hashes.query(np.asarray(image)))
    return match


@given(SEEDS)
def test_a_picture_is_at_distance_0_from_itself(seed):
    image = texture(seed)
    match = against(entry(image), image)
    assert (match.distance, match.place, match.alike) == (0, 0, True)


@given(SEEDS, SEEDS)
def test_whole_distance_is_symmetric_and_within_256(one, other):
    images = [texture(seed) for seed in (one, other)]
    queries = [hashes.query(np.asarray(image)) for image in images]
    codes = [entry(image) for image in images]

    def whole(asked):
        return hashes.Query(asked.bits[:1], asked.telling[:1], asked.covered[:1], asked.kept[:1])

    there, back = (hashes.closest(codes[1 - at], whole(queries[at]))[0] for at in (0, 1))
    assert there.distance == back.distance
    assert 0 <= there.distance <= 256
    assert there.bits == back.bits


@given(SEEDS, st.sampled_from(["PNG", "WEBP", "TIFF"]))
def test_lossless_encoding_changes_nothing(seed, kind):
    image = texture(seed)
    options = {"lossless": True} if kind == "WEBP" else {}
    assert indexing.hash_file(saved(image, kind, **options)) == indexing.hash_file(png(image))


@given(SEEDS)
def test_the_bits_are_those_of_imagehash(seed):
    square = decode.grey_square(texture(seed), hashes.SIDE)
    asked = hashes.query(np.asarray(square))
    bits, telling = (unpacked(words) for words in (asked.bits[0], asked.telling[0]))
    cells = np.asarray(square, float).reshape(16, 8, 128).mean(1) @ hashes._weights((0.0, 1.0), 17)[0].T
    theirs = imagehash.dhash(Image.fromarray(np.round(cells).astype(np.uint8)), 16).hash
    assert telling.sum() > 100
    assert (bits == (theirs & telling)).all()


def unpacked(words):
    planes = np.unpackbits(words.astype("<u8").view(np.uint8)).reshape(4, 8, 8)
    bits = np.zeros((16, 16), bool)
    for plane, (down, across) in zip(planes, ((0, 0), (0, 1), (1, 0), (1, 1)), strict=True):
        bits[down::2, across::2] = plane
    return bits


@given(SEEDS, st.sampled_from([0.0, 0.05, 0.1]), st.sampled_from([0.0, 0.05, 0.1]))
def test_a_crop_at_a_place_that_is_tried_is_found_near_it(seed, x, y):
    image = texture(seed).resize((640, 640))
    left, top = round(640 * x), round(640 * y)
    match = against(entry(image), image.crop((left, top, left + 512, top + 512)))
    assert match.alike
    assert match.distance < 32
    assert hashes.query(np.asarray(image)).kept[match.place] == pytest.approx(0.64, abs=0.1)  # one step of one side


def test_a_flat_picture_is_like_nothing_not_even_itself():
    flat = Image.new("RGB", SIZE, "white")
    match = against(entry(flat), flat)
    assert (match.bits, match.distance, match.alike) == (0, 128, False)


def test_shapes_on_white_are_not_alike_for_their_white():
    def bottle(left, width):
        image = Image.new("RGB", SIZE, "white")
        image.paste(texture(left).crop((0, 0, width, 160)), (left, 40))
        return image

    assert not against(entry(bottle(90, 60)), bottle(170, 50)).alike
    assert against(entry(bottle(90, 120)), bottle(90, 120)).alike


@given(st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=20))
def test_bits_are_counted_alike_without_numpy_2(words):
    some = np.array(words, np.uint64)
    assert hashes._count_by_table(some).tolist() == [word.bit_count() for word in words]


def test_the_shortlist_keeps_the_nearest(monkeypatch):
    images = [texture(seed) for seed in range(60)]
    codes = np.concatenate([entry(image) for image in images])
    monkeypatch.setattr(hashes, "NEAREST_WHOLE", 2)
    monkeypatch.setattr(hashes, "NEAREST_CROPPED", 6)
    for number, image in enumerate(images):
        matches = hashes.closest(codes, hashes.query(np.asarray(image.crop((32, 0, 320, 240)))))
        assert max(matches, key=lambda match: match.evidence).row == number


def test_no_repository_is_asked_for_by_a_commit_without_images():
    code = "import sys, maskproof.hook; print('sqlite3' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
