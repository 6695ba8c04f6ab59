"""The command `record`: what it works out, what it asks for, and that a commit of what it wrote is judged by it."""

from __future__ import annotations

import contextlib
import io
import json
import os
import pty
import stat
import subprocess

import pytest
from PIL import Image, PngImagePlugin

from maskproof.atomic import write_atomically
from processes import MASKPROOF, PATIENCE
from projects import HERO, MASK, OPENED, SIZE, SPRING, clean_environment, png, sha256, texture

SIDECAR = f"{SPRING}.maskproof.json"
WITH = ("--original", HERO, "--mask", MASK, "--mask-mode", "white")


EARLIER = {"path": "assets/earlier.png", "sha256": "0" * 64, "size": list(SIZE)}
"""an original of the original"""


def written(project, path=SIDECAR):
    return json.loads((project.root / path).read_text())


def record(project, *arguments, ok=True, cwd=None):
    done = project.run(*_command(arguments), ok=False, cwd=cwd)
    assert (done.returncode == 0) == ok, done.stdout + done.stderr
    return done.stdout + done.stderr


def _command(arguments):
    return (*MASKPROOF, "record", *arguments)


@pytest.fixture
def edit(project):
    """An edit that held, in the working tree and without a record."""
    project.write(SPRING, project.pictures.held)
    return project


def alpha_mask(*, drawing=False):
    """The usual mask as transparency; with a drawing it could mean two things."""
    image = Image.new("RGBA", SIZE, (255, 255, 255, 255))
    image.paste((255, 255, 255, 0), OPENED)
    if drawing:
        image.paste((0, 0, 0, 255), (0, 0, 50, 50))
    return png(image)


class TestWorkedOut:
    def test_digests_and_sizes(self, edit):
        record(edit, SPRING, *WITH)
        size = list(SIZE)
        assert written(edit) == {
            "maskproof": 1,
            "origin": "edited",
            "image": {"sha256": sha256(edit.pictures.held), "size": size},
            "original": {"path": HERO, "sha256": sha256(edit.pictures.original), "size": size},
            "mask": {"path": MASK, "sha256": sha256(edit.pictures.mask), "mode": "white"},
        }

    def test_keys_are_sorted_and_a_second_run_changes_nothing(self, edit):
        record(edit, SPRING, *WITH, "--model", "m", "--provider", "p", "--prompt", "spring", "--area", "a:text:1,2,3,4")
        first = (edit.root / SIDECAR).read_bytes()
        assert list(json.loads(first)) == sorted(json.loads(first))
        record(edit, SPRING)
        assert (edit.root / SIDECAR).read_bytes() == first

    def test_the_mode_of_a_mask_that_leaves_no_doubt(self, edit):
        edit.write("assets/alpha.png", alpha_mask())
        record(edit, SPRING, "--original", HERO, "--mask", "assets/alpha.png")
        assert written(edit)["mask"]["mode"] == "alpha"

    @pytest.mark.parametrize("mask", [MASK, "assets/alpha.png"])
    def test_the_mode_of_any_other_mask_is_asked_for(self, edit, mask):
        edit.write("assets/alpha.png", alpha_mask(drawing=True))
        said = record(edit, SPRING, "--original", HERO, "--mask", mask, ok=False)
        assert "--mask-mode" in said
        assert not (edit.root / SIDECAR).exists()

    def test_size_of_an_upright_picture(self, edit):
        # A camera's orientation tag turns the picture: its size is what is seen.
        file = io.BytesIO()
        exif = Image.Exif()
        exif[0x0112] = 6
        Image.open(io.BytesIO(edit.pictures.original)).convert("RGB").save(file, "JPEG", exif=exif)
        edit.write("assets/turned.jpg", file.getvalue())
        record(edit, SPRING, "--original", "assets/turned.jpg")
        assert written(edit)["original"]["size"] == [SIZE[1], SIZE[0]]

    def test_without_a_mask_everything_is_protected(self, edit):
        assert "everything is protected" in record(edit, SPRING, "--original", HERO)
        edit.stage()
        assert edit.check().status == 1  # the change inside the mask is one too many now

    def test_areas(self, edit):
        record(edit, SPRING, *WITH, "--area", "logo:brand:200,80,40,40", "--area", "a name:face:0,0,10,10")
        assert written(edit)["areas"] == [
            {"name": "logo", "kind": "brand", "box": [200, 80, 40, 40]},
            {"name": "a name", "kind": "face", "box": [0, 0, 10, 10]},
        ]
        edit.stage()
        assert edit.findings()[SPRING] == ["brand"], "an area inside the mask stays protected"

    def test_generated(self, edit):
        record(edit, SPRING, "--generated", "--model", "m")
        assert written(edit) == {
            "maskproof": 1,
            "origin": "generated",
            "image": {"sha256": sha256(edit.pictures.held), "size": list(SIZE)},
            "tool": {"model": "m"},
        }
        edit.stage()
        outcome = edit.try_commit()
        assert (outcome.status, outcome.counts) == (0, [(1, 0, 0, 0)])

    def test_tool_transform_and_parent(self, edit):
        edit.write("assets/first.png.maskproof.json", edit.record(edit.pictures.original, original=EARLIER))
        record(
            edit, SPRING, *WITH, "--pad", "0", "8", "0", "8", "--provider", "openai", "--model", "m", "--prompt", "ü\n",
            "--parent", "assets/first.png.maskproof.json",
        )  # fmt: skip
        found = written(edit)
        assert found["transform"] == {"pad": [0, 8, 0, 8]}
        assert found["tool"] == {"provider": "openai", "model": "m", "prompt": "ü\n"}
        assert found["parent"] == "assets/first.png.maskproof.json"
        record(edit, SPRING, "--crop", "10", "20", "100", "90")
        assert written(edit)["transform"] == {"crop": [10, 20, 100, 90], "pad": [0, 8, 0, 8]}

    def test_a_crop_has_to_lie_in_the_original(self, edit):
        text = record(edit, SPRING, *WITH, "--crop", "300", "0", "100", "90", ok=False)
        assert "transform.crop reaches to 400, 90, outside the original of 320 x 240" in text


class TestAgain:
    def test_what_is_not_given_is_kept(self, edit):
        record(
            edit,
            SPRING,
            *WITH,
            "--model",
            "m",
            "--prompt",
            "p",
            "--area",
            "a:text:1,2,3,4",
            "--pad",
            "1",
            "1",
            "1",
            "1",
        )
        before = written(edit)
        edit.write(SPRING, edit.pictures.held_again)
        record(edit, SPRING)
        assert written(edit) == {**before, "image": {"sha256": sha256(edit.pictures.held_again), "size": list(SIZE)}}

    @pytest.mark.parametrize(
        ("options", "key", "value"),
        [
            (["--mask-mode", "black"], "mask", {"mode": "black"}),
            (["--prompt", "other"], "tool", {"model": "m", "prompt": "other"}),
            (["--area", "a:brand:5,6,7,8"], "areas", [{"name": "a", "kind": "brand", "box": [5, 6, 7, 8]}]),
            (["--remove-area", "a"], "areas", None),
        ],
    )
    def test_what_is_given_is_changed_alone(self, edit, options, key, value):
        record(edit, SPRING, *WITH, "--model", "m", "--area", "a:text:1,2,3,4")
        before = written(edit)
        record(edit, SPRING, *options)
        changed = {**before[key], **value} if isinstance(before.get(key), dict) else value
        assert written(edit) == {name: one for name, one in {**before, key: changed}.items() if one is not None}

    def test_a_generated_picture_turns_out_to_be_an_edit_and_back(self, edit):
        record(edit, SPRING, "--generated")
        record(edit, SPRING, *WITH)
        assert written(edit)["origin"] == "edited"
        record(edit, SPRING, "--generated")
        assert written(edit)["origin"] == "generated"
        assert not {"original", "mask"} & set(written(edit))

    def test_the_file_keeps_its_permissions_and_nothing_else_is_left(self, edit):
        record(edit, SPRING, *WITH)
        (edit.root / SIDECAR).chmod(0o640)
        before = {path.name for path in (edit.root / "assets").iterdir()}
        record(edit, SPRING, "--model", "m")
        assert stat.S_IMODE((edit.root / SIDECAR).stat().st_mode) == 0o640
        assert {path.name for path in (edit.root / "assets").iterdir()} == before

    @pytest.mark.skipif(os.name == "nt", reason="Windows knows no umask")
    @pytest.mark.parametrize("mask", [0o022, 0o027, 0o077])
    def test_a_new_file_has_the_permissions_that_the_system_gives_and_no_thread_sees_another_umask(
        self, edit, monkeypatch, mask
    ):
        def refused(_):
            raise AssertionError("the umask belongs to all threads")

        before = os.umask(mask)
        try:
            with monkeypatch.context() as patched:
                patched.setattr(os, "umask", refused)
                write_atomically(edit.root / "new", b"bytes")
        finally:
            os.umask(before)
        assert stat.S_IMODE((edit.root / "new").stat().st_mode) == 0o666 & ~mask


class TestReadyToCommit:
    @pytest.mark.parametrize(("verdict", "status"), [("held", 0), ("drifted", 1)])
    def test_a_commit_is_judged_by_it(self, project, verdict, status):
        project.write(SPRING, getattr(project.pictures, verdict))
        said = record(project, SPRING, *WITH)
        assert f"git add {SIDECAR}" in said
        project.stage(SPRING, SIDECAR)
        outcome = project.try_commit()
        assert (outcome.status, outcome.counts) == (status, [(1, 1, status, 0)])

    @pytest.mark.parametrize(("verdict", "status"), [("held", 0), ("drifted", 1)])
    def test_saved_over_its_own_original(self, project, verdict, status):
        project.write(HERO, getattr(project.pictures, verdict))
        record(project, HERO, "--original", HERO, "--mask", MASK, "--mask-mode", "white")
        assert written(project, f"{HERO}.maskproof.json")["original"]["sha256"] == sha256(project.pictures.original)
        project.stage()
        outcome = project.try_commit()
        assert (outcome.status, outcome.counts) == (status, [(1, 1, status, 0)])

    def test_from_a_folder_inside(self, edit):
        said = record(edit, "spring.png", "--original", "hero.png", "--mask", "hero.mask.png", "--mask-mode", "white",
                      cwd=edit.root / "assets")  # fmt: skip
        assert written(edit)["original"]["path"] == HERO
        assert written(edit)["mask"]["path"] == MASK
        assert SIDECAR in said
        edit.stage()
        assert edit.try_commit().status == 0

    def test_absolute_paths(self, edit):
        record(edit, str(edit.root / SPRING), "--original", str(edit.root / HERO))
        assert written(edit)["original"]["path"] == HERO

    def test_a_name_that_a_shell_would_take_apart(self, edit):
        path = "assets/it's spring $HOME.png"
        edit.write(path, edit.pictures.held)
        said = record(edit, path, *WITH)
        add = said.strip().splitlines()[-1].split(": ", 1)[1]
        edit.run("sh", "-c", add)
        edit.stage(path)
        assert edit.check().status == 0
        assert f"{path}.maskproof.json" in edit.git("-c", "core.quotePath=false", "ls-files").stdout


REFUSED = {
    "no original": ([SPRING], "--original"),
    "an original that is not there": ([SPRING, "--original", "assets/none.png"], "none.png"),
    "an original outside": ([SPRING, "--original", "../outside.png"], "outside"),
    "an absolute original outside": ([SPRING, "--original", "/etc/hostname"], "outside"),
    "an original that is a folder": ([SPRING, "--original", "assets"], "assets"),
    "an original that is no picture": ([SPRING, "--original", "README.md"], "README.md"),
    "an original in Git's own folder": ([SPRING, "--original", ".git/HEAD.png"], ".git"),
    "the edit as its original, not committed": ([SPRING, "--original", SPRING], "last commit"),
    "an original with the bytes of the edit": ([SPRING, "--original", "assets/copy.png"], "same bytes"),
    "an edit that is not there": (["assets/none.png", *WITH], "none.png"),
    "an edit outside": (["../outside.png", *WITH], "outside"),
    "an edit that is no picture": (["README.md", *WITH], "README.md"),
    "a mask that is not there": ([SPRING, "--original", HERO, "--mask", "x.png", "--mask-mode", "white"], "x.png"),
    "a mask that is no picture": ([SPRING, "--original", HERO, "--mask", "README.md", "--mask-mode", "white"], "READ"),
    "a mode without a mask": ([SPRING, "--original", HERO, "--mask-mode", "white"], "--mask"),
    "an unknown mode": ([SPRING, "--original", HERO, "--mask", MASK, "--mask-mode", "grey"], "grey"),
    "the original as its mask": ([SPRING, "--original", HERO, "--mask", HERO, "--mask-mode", "white"], "same file"),
    "generated, and an original": ([SPRING, "--generated", "--original", HERO], "--generated"),
    "generated, and a mask": ([SPRING, "--generated", "--mask", MASK, "--mask-mode", "white"], "--generated"),
    "an area without a kind": ([SPRING, *WITH, "--area", "logo:1,2,3,4"], "NAME:KIND"),
    "an area of an unknown kind": ([SPRING, *WITH, "--area", "logo:sky:1,2,3,4"], "NAME:KIND"),
    "an area with three numbers": ([SPRING, *WITH, "--area", "logo:brand:1,2,3"], "NAME:KIND"),
    "an area with a sign": ([SPRING, *WITH, "--area", "logo:brand:-1,2,3,4"], "NAME:KIND"),
    "an area with odd digits": ([SPRING, *WITH, "--area", "logo:brand:²,2,3,4"], "NAME:KIND"),
    "an area without height": ([SPRING, *WITH, "--area", "logo:brand:1,2,3,0"], "areas"),
    "an area outside the original": ([SPRING, *WITH, "--area", "logo:brand:300,0,40,10"], "outside the original"),
    "an area beyond any picture": ([SPRING, *WITH, "--area", f"logo:brand:0,0,{10**30},1"], "areas"),
    "an area with an endless name": ([SPRING, *WITH, "--area", f"{'x' * 101}:brand:1,2,3,4"], "areas"),
    "padding below nothing": ([SPRING, *WITH, "--pad", "-1", "0", "0", "0"], "pad"),
    "a parent outside": ([SPRING, *WITH, "--parent", "../x.png.maskproof.json"], "outside"),
    "its own parent": ([SPRING, *WITH, "--parent", SIDECAR], "parent"),
    "an unknown option": ([SPRING, *WITH, "--colour", "x"], "--colour"),
    "nothing": ([], "EDIT"),
}  # fmt: skip


def files(root):
    """Every file but the index of likenesses, which may be made at any time."""
    return {path: path.read_bytes() for path in root.rglob("*") if path.is_file() and path.parent.name != "maskproof"}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(edit, case):
    """Exit status 2, a word on what is wrong, and nothing written."""
    arguments, word = REFUSED[case]
    edit.write("../outside.png", edit.pictures.original)
    edit.write("assets/copy.png", edit.pictures.held)
    edit.write(".git/HEAD.png", edit.pictures.original)
    before = files(edit.root)
    done = edit.run(*_command(arguments), ok=False)
    assert done.returncode == 2, done.stdout + done.stderr
    assert word in done.stderr
    assert files(edit.root) == before
    assert not list(edit.root.parent.glob("*.maskproof.json"))


def test_a_broken_record_is_not_overwritten(edit):
    for text in ('{"maskproof": 1', '{"maskproof": 1, "orgin": "edited"}', "[]", ""):
        edit.write(SIDECAR, text)
        said = record(edit, SPRING, *WITH, ok=False)
        assert f"Correct {SIDECAR}, or delete it to write it anew" in said
        assert (edit.root / SIDECAR).read_text() == text


def test_a_record_that_is_a_folder(edit):
    (edit.root / SIDECAR).mkdir()
    done = edit.run(*_command([SPRING, *WITH]), ok=False)
    assert done.returncode == 2, done.stderr


def test_outside_a_repository(edit, tmp_path):
    (tmp_path / "outside").mkdir()
    edit.write("../outside/x.png", edit.pictures.held)
    done = edit.run(
        *_command(["x.png", "--generated"]), ok=False, cwd=tmp_path / "outside", GIT_CEILING_DIRECTORIES=str(tmp_path)
    )
    assert done.returncode == 2
    assert "not in a Git repository" in done.stderr


def comfyui(picture: bytes, named: str) -> bytes:
    """A picture as ComfyUI saves it after inpainting: the graph names its input, whose transparency was the mask."""
    graph = {
        "1": {"class_type": "LoadImage", "inputs": {"image": named, "upload": "image"}},
        "2": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "m.safetensors"}},
        "3": {
            "class_type": "VAEEncodeForInpaint",
            "inputs": {"pixels": ["1", 0], "mask": ["1", 1], "vae": ["2", 2], "grow_mask_by": 6},
        },
        "4": {
            "class_type": "KSampler",
            "inputs": {"model": ["2", 0], "latent_image": ["3", 0], "seed": 1, "steps": 20, "cfg": 8, "denoise": 1},
        },
        "5": {"class_type": "VAEDecode", "inputs": {"samples": ["4", 0], "vae": ["2", 2]}},
        "6": {"class_type": "SaveImage", "inputs": {"images": ["5", 0], "filename_prefix": "x"}},
    }
    says = PngImagePlugin.PngInfo()
    says.add_text("prompt", json.dumps(graph))
    return png(Image.open(io.BytesIO(picture)), pnginfo=says)


def with_ids(picture: bytes, own: str, parent: str = "") -> bytes:
    """A picture whose XMP carries its own id, and that of the picture it was made from."""
    derived = f'<xmpMM:DerivedFrom stRef:instanceID="{parent}"/>' if parent else ""
    packet = (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description xmlns:xmpMM="http://ns.adobe.com/xap/1.0/mm/" '
        f'xmlns:stRef="http://ns.adobe.com/xap/1.0/sType/ResourceRef#" xmpMM:InstanceID="{own}">{derived}'
        "</rdf:Description></rdf:RDF></x:xmpmeta>"
    )
    says = PngImagePlugin.PngInfo()
    says.add_itxt("XML:com.adobe.xmp", packet)
    return png(Image.open(io.BytesIO(picture)), pnginfo=says)


class TestProposed:
    """Without a record and without `--original`, what the files tell is proposed and not believed."""

    def refused(self, project, *arguments):
        said = " ".join(record(project, SPRING, *arguments, ok=False).split())
        assert not (project.root / SIDECAR).exists()
        return said

    def test_the_picture_it_looks_like_and_the_mask_named_after_that(self, edit):
        said = self.refused(edit)
        assert f"Its original may be {HERO}: it looks like that picture" in said
        assert f"Its mask may be {MASK}: its name goes with the picture's" in said
        assert f"maskproof record {SPRING} --original {HERO} --mask {MASK} --mask-mode MODE" in said

    def test_accepted(self, edit):
        record(edit, SPRING, "--accept", "--mask-mode", "white")
        tree = written(edit)
        assert (tree["original"]["path"], tree["mask"]) == (
            HERO,
            {"path": MASK, "sha256": sha256(edit.pictures.mask), "mode": "white"},
        )
        edit.stage()
        assert edit.check().status == 0

    def test_the_mode_that_another_record_gives_the_mask(self, project):
        project.edit(path="assets/autumn.png")
        project.write(SPRING, project.pictures.held_again)
        project.stage()
        assert "--mask-mode white" in self.refused(project)
        record(project, SPRING, "--accept")
        assert written(project)["mask"]["mode"] == "white"

    def test_the_input_that_the_file_names_and_its_transparency_as_mask(self, project):
        clear = Image.open(io.BytesIO(project.pictures.original)).convert("RGBA")
        clear.paste((0, 0, 0, 0), OPENED)
        project.write("in/yosemite.png", png(clear))
        project.commit("The input")
        project.write(SPRING, comfyui(project.pictures.held, "yosemite.png"))
        said = self.refused(project)
        assert "Its original may be in/yosemite.png: the file names yosemite.png as its input" in said
        assert "Its mask may be in/yosemite.png, mode alpha" in said
        record(project, SPRING, "--accept")
        tree = written(project)
        assert (tree["mask"]["path"], tree["mask"]["mode"]) == ("in/yosemite.png", "alpha")
        assert tree["tool"]["provider"] == "ComfyUI"

    def test_the_id_of_the_picture_it_was_made_from(self, project):
        project.write("in/source.png", with_ids(project.pictures.other, "xmp.iid:6f1c2a4e-8b7d-4c5e-9a10-2f3b4c5d6e7f"))
        project.commit("The source")
        project.write(
            SPRING,
            with_ids(
                project.pictures.held,
                "xmp.iid:0a9b8c7d-6e5f-4a3b-8c2d-1e0f9a8b7c6d",
                "xmp.iid:6f1c2a4e-8b7d-4c5e-9a10-2f3b4c5d6e7f",
            ),
        )
        assert (
            "Its original may be in/source.png: the file names its id xmp.iid:6f1c2a4e-8b7d-4c5e-9a10-2f3b4c5d6e7f"
            in self.refused(project)
        )

    def test_the_version_committed_before(self, project):
        project.write(HERO, project.pictures.held)
        said = " ".join(record(project, HERO, ok=False).split())
        assert f"Its original may be {HERO}: it takes the place of the committed version" in said
        record(project, HERO, "--accept", "--mask-mode", "white")
        assert written(project, f"{HERO}.maskproof.json")["original"] == {"path": HERO, **project.original()}

    def test_nothing_is_alike(self, project):
        project.write(SPRING, png(texture(77)))
        said = self.refused(project)
        assert "so its original has to be named" in said
        assert "--generated" in said
        assert "may be" not in said

    def test_a_mask_for_a_given_original_is_only_noted(self, edit):
        said = " ".join(record(edit, SPRING, "--original", HERO).split())
        assert "mask" not in written(edit)
        assert f"Note: {MASK} may be its mask: its name goes with the picture's." in said

    @pytest.mark.parametrize(("answer", "taken"), [("y", True), ("n", False), ("", False)])
    def test_a_person_at_a_terminal_is_asked(self, edit, answer, taken):
        leader, follower = pty.openpty()
        command = [*_command((SPRING, "--mask-mode", "white"))]
        with subprocess.Popen(
            command, cwd=edit.root, env=clean_environment(), stdin=follower, stdout=follower, stderr=follower
        ) as running:
            os.close(follower)
            os.write(leader, f"{answer}\n".encode())
            status = running.wait(timeout=PATIENCE)
        shown = b""
        with contextlib.suppress(OSError):  # Linux answers the end of a terminal with an error
            while piece := os.read(leader, 4096):
                shown += piece
        os.close(leader)
        assert b"Record that?" in shown
        assert (edit.root / SIDECAR).exists() == taken
        assert (status == 0) == taken

    def test_hostile_names_are_shown_safely(self, project):
        project.write("in/\x1b[31mred.png", project.pictures.original)
        project.git("rm", "-q", HERO)
        project.commit("A name with an escape")
        project.write(SPRING, project.pictures.held)
        assert "\x1b" not in self.refused(project)


class TestCopies:
    """An export of an edit is not what the edit was made from (R4 of everyday use)."""

    @pytest.fixture
    def held(self, project):
        """An edit that nobody recorded, its export committed before, and its original in two sizes."""
        with Image.open(io.BytesIO(project.pictures.original)) as picture:
            project.write("assets/hero-small.png", png(picture.resize((240, 180), 1)))
        with Image.open(io.BytesIO(project.pictures.held)) as picture:
            file = io.BytesIO()
            picture.convert("RGB").save(file, "JPEG", quality=85)
            project.write("public/spring.jpg", file.getvalue())
            project.write("public/spring-160.png", png(picture.resize((160, 120), 1)))
        project.commit("Exports, and a smaller original")
        project.write(SPRING, project.pictures.held)
        project.stage(SPRING)
        return project

    def test_record_leaves_copies_out_says_so_and_prefers_the_larger_original(self, held):
        done = held.maskproof("record", SPRING)
        told = " ".join(done.stderr.split())
        assert done.returncode == 2
        assert f"Its original may be {HERO}" in told
        assert "the same picture in another size or format: public/spring-160.png, public/spring.jpg" in told

    def test_where_there_is_nothing_but_copies_it_says_what_they_are(self, held):
        held.git("rm", "-q", HERO, MASK, "assets/hero-small.png")
        held.git("commit", "-q", "--no-verify", "-m", "Gone", "--", "assets")
        held.git("reset", "-q", "--soft", "HEAD^")
        held.git("rm", "-q", "--cached", SPRING)
        held.git("commit", "-q", "--no-verify", "-m", "Gone")
        held.stage(SPRING)
        done = held.maskproof("record", SPRING, "--accept")
        told = " ".join(done.stderr.split())
        assert (done.returncode, "no original: public/spring-160.png, public/spring.jpg" in told) == (2, True), told
        assert "--derived --original public/spring-160.png`" in told

    def test_find_lists_no_copies_and_offers_no_command_that_would_overwrite_a_record(self, held):
        before = json.loads(held.maskproof("find", SPRING, "--format", "json").stdout)
        assert before["copies"] == ["public/spring-160.png", "public/spring.jpg"]
        assert {one["paths"][0] for one in before["nearest"] if one["alike"]} == {HERO, "assets/hero-small.png"}
        assert before["next"]
        held.edit("held")
        after = json.loads(held.maskproof("find", SPRING, "--format", "json").stdout)
        assert after["next"] is None
        assert f"{SPRING}.maskproof.json" in after["notes"][0]
        assert "-> " not in held.maskproof("find", SPRING).stdout
