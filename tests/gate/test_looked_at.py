"""What is looked at, and under which policy: nothing falls out by its name or its kind."""

from __future__ import annotations

import io
import unicodedata

import pytest
from PIL import Image

from projects import HERO, SPRING, png, sha256, texture
from pull_requests import STRICT, result, started

SIDECAR = f"{SPRING}.maskproof.json"
LAX = 'version = 1\n[defaults]\nunrecorded = "off"\nnew_original = "off"\nmax_editable = 1.0\n'
UNDER_ASSETS = STRICT.replace("[defaults]", '[[rules]]\npaths = ["assets/**"]')


FORMATS = {
    "PNG": {},
    "BMP": {},
    "JPEG": {"quality": 95},
    "GIF": {},
    "WEBP": {"lossless": True},
    "AVIF": {"quality": 95},
}


def as_format(data: bytes, kind: str) -> bytes:
    file = io.BytesIO()
    with Image.open(io.BytesIO(data)) as picture:
        picture.convert("RGB").save(file, kind, **FORMATS[kind])
    return file.getvalue()


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("name", ["spring.svg", "spring", "spring.PNG.orig", "a b/ünï.bin", ".spring", "logo.ico"])
@pytest.mark.threat("T18")
def test_a_picture_under_another_name_is_one(project, kind, name):
    started(project)
    project.git("rm", "-q", SPRING, SIDECAR)
    project.write(f"assets/{name}", as_format(project.pictures.drifted, kind))
    project.stage()
    assert project.check().status == 1
    assert result(project).status == 1


def test_a_hook_does_not_take_such_a_commit_for_one_without_images(project):
    started(project)
    project.write("notes.txt", project.pictures.drifted)
    project.stage()
    assert project.try_commit().status == 1


@pytest.mark.parametrize(
    "data",
    [
        b"text\n",
        b"BM is a title",
        b"BM" + bytes(30),
        b"",
        b"II*\0 raw",
        b"GIF text",
        b"\xff\xd8",
        b"%PDF-1.7 \x89PNG\r\n\x1a\n",
    ],
)
def test_what_is_none_is_not_looked_at(project, data):
    started(project)
    project.write("data/x.dat", data)
    assert result(project).text.endswith("0 images looked at, 0 compared, 0 blocked, 0 not judged.\n")


@pytest.mark.parametrize("policy", [STRICT, UNDER_ASSETS])
@pytest.mark.parametrize("kind", ["link", "link in another case", "link to itself", "submodule"])
@pytest.mark.threat("T15")
def test_a_folder_of_pictures_that_leads_elsewhere_is_told(project, policy, kind):
    started(project, policy)
    project.git("rm", "-q", "-r", "assets")
    if kind == "submodule":
        head = project.git("rev-parse", "HEAD").stdout.strip()
        project.git("update-index", "--add", "--cacheinfo", f"160000,{head},assets")
        project.git("commit", "-q", "--no-verify", "-m", "Submodule")
        outcome = result_of_commit(project)
    else:
        project.write("static/spring.png", project.pictures.drifted)
        name = "Assets" if "case" in kind else "assets"
        (project.root / name).symlink_to("assets" if "itself" in kind else "static")
        outcome = result(project)
    assert outcome.status in {1, 3}
    assert kind.split(" ", maxsplit=1)[0] in outcome.text


def result_of_commit(project):
    project.git("checkout", "-q", "-f", "-B", "result", "main")
    project.git("merge", "-q", "--no-ff", "--no-verify", "-m", "Merge", "pr")
    return project.check("--from-ref", "HEAD^1", "--to-ref", "HEAD")


def test_nor_does_a_link_come_where_policy_protects_pictures_and_none_lie(project):
    started(project, UNDER_ASSETS)
    project.git("rm", "-q", "-r", "assets")
    project.commit("Gone")
    project.git("branch", "-f", "main")
    (project.root / "assets").symlink_to("static")
    assert result(project).status == 3


def test_a_link_elsewhere_is_nobodys_business(project):
    started(project, UNDER_ASSETS)
    (project.root / "docs").symlink_to("nowhere")
    assert result(project).status == 0


def decomposed(name: str) -> str:
    return unicodedata.normalize("NFD", name)


NAMES = [
    ("assets/brand/**", "assets/brand/l.png", "assets/Brand/l.png"),
    ("brand/*.png", "brand/l.png", "brand/l.PNG"),
    ("café/**", "café/l.png", decomposed("café/l.png")),
    (decomposed("café/**"), decomposed("café/l.png"), "café/l.png"),
    ("straße/**", "straße/l.png", "STRASSE/l.png"),
    ("Logo.png", "a/Logo.png", "a/LOGO.png"),
]


@pytest.mark.parametrize(("pattern", "before", "after"), NAMES)
@pytest.mark.parametrize("by", ["rule", "area"])
@pytest.mark.threat("T17")
def test_a_pattern_protects_names_in_every_case_and_form(project, pattern, before, after, by):
    area = f'[[areas]]\npaths = ["{pattern}"]\nname = "sign"\nkind = "brand"\nbox = [200, 80, 40, 40]\n'
    rule = STRICT.replace("[defaults]", f'[[rules]]\npaths = ["{pattern}"]')
    started(project, rule if by == "rule" else f"version = 1\n{area}")
    project.write(before, png(texture(50)))
    project.commit("Base")
    project.git("branch", "-f", "main")
    project.git("rm", "-q", before)
    if by == "rule":
        picture = texture(50)
        picture.paste((0, 0, 0), (60, 60, 120, 120))
        project.write(after, png(picture))
    else:
        project.edit("held", after)
    assert result(project).status == 1


def test_no_rule_in_another_case_loosens_one(project):
    started(
        project, STRICT + LAX.replace("version = 1\n", "").replace("[defaults]", '[[rules]]\npaths = ["ASSETS/**"]')
    )
    project.write("assets/copy.png", project.pictures.drifted)
    assert result(project).status == 1


BROKEN = {
    "a link": lambda project: (project.root / "maskproof.toml").symlink_to("conf.toml"),
    "a link to nowhere": lambda project: (project.root / "maskproof.toml").symlink_to("nowhere"),
    "another case": lambda project: project.write("Maskproof.toml", STRICT),
    "a folder": lambda project: project.write("maskproof.toml/x", STRICT),
    "two": lambda project: (
        project.write("maskproof.toml", STRICT),
        project.write("pyproject.toml", "[tool.maskproof]\nversion = 1\n"),
    ),
    "broken": lambda project: project.write("maskproof.toml", STRICT + "[["),
    "a table in another case": lambda project: project.write("PyProject.toml", "[tool.maskproof]\nversion = 1\n"),
    "a table behind a link": lambda project: (
        project.write("py.toml", "[tool.maskproof]\nversion = 1\n"),
        (project.root / "pyproject.toml").symlink_to("py.toml"),
    ),
}
"""policies that hold for nobody"""
LOOSER = [
    None,
    LAX,
    STRICT.replace('"block"', '"warn"', 1),
    STRICT + '[[rules]]\npaths = ["x/*"]\nlevel = "visual"\n',
]


class TestPolicies:
    """The strictest of the tip's, the merge base's and the head's; none is ever taken for absent."""

    @pytest.mark.parametrize("at", ["tip", "merge base", "head"])
    @pytest.mark.threat("T01")
    def test_each_of_the_three_holds(self, project, at):
        started(project, STRICT if at == "merge base" else LAX)
        project.write("assets/a.png", project.pictures.drifted)
        if at == "head":
            project.write("maskproof.toml", STRICT)
        project.commit("Change")
        project.git("checkout", "-q", "main")
        project.write("maskproof.toml", STRICT if at == "tip" else LAX + "# moved on\n")
        project.commit("Main moves on")
        project.git("checkout", "-q", "pr")
        assert project.check("--from-ref", "main", "--to-ref", "pr").status == 1

    @pytest.mark.parametrize("side", ["base", "head"])
    @pytest.mark.parametrize("how", BROKEN)
    @pytest.mark.threat("T15")
    def test_one_that_cannot_be_used_stops_everything(self, project, how, side):
        started(project)
        project.git("rm", "-q", "maskproof.toml")
        project.write("conf.toml", STRICT)
        BROKEN[how](project)
        project.commit("Policy")
        if side == "base":
            project.git("branch", "-f", "main")
            project.git(
                "rm", "-q", "-r", "--", *(p.name for p in project.root.iterdir() if "proj" in p.name.lower())
            ) if "table" in how else project.git(
                "rm", "-q", "-r", "--ignore-unmatch", "maskproof.toml", "Maskproof.toml"
            )
        project.edit("held_again")
        assert result(project).status == 2

    @pytest.mark.parametrize("text", ["[tool.other]\n", ""])
    def test_somebody_elses_file_is_no_policy(self, project, text):
        started(project)
        project.write("PyProject.toml", text)
        (project.root / "pyproject.toml").symlink_to("PyProject.toml")
        project.edit("held_again")
        assert result(project).status == 0

    @pytest.mark.parametrize("looser", LOOSER)
    def test_loosening_is_said_once_where_no_image_is_in_the_change(self, project, looser):
        started(project)
        if looser is None:
            project.git("rm", "-q", "maskproof.toml")
        else:
            project.write("maskproof.toml", looser)
        outcome = result(project)
        assert (outcome.status, outcome.text.count("policy-loosened")) == (0, 1)

    @pytest.mark.parametrize("more", ["# a comment\n", "max_editable = 0.1\n"])
    def test_and_not_where_nothing_is_loosened(self, project, more):
        started(project)
        project.write("maskproof.toml", STRICT + more)
        assert "policy-loosened" not in result(project).text


class TestAlways:
    POLICY = STRICT.replace('unrecorded = "block"', 'unrecorded = "always"')

    def test_every_picture_needs_a_record(self, project):
        started(project, self.POLICY)
        project.write("assets/photo.png", png(texture(60)))
        outcome = result(project)
        assert outcome.status == 1
        assert "it has no record" in outcome.text

    def test_but_a_mask(self, project):
        started(project, self.POLICY + 'new_mask = "off"\n')
        mask = Image.open(io.BytesIO(project.pictures.mask))
        mask.paste(0, (180, 60, 200, 80))
        project.write("assets/m.png", png(mask))
        project.edit(
            "held", "assets/new.png", mask={"path": "assets/m.png", "sha256": sha256(png(mask)), "mode": "white"}
        )
        assert result(project).status == 0

    def test_and_what_has_one_passes(self, project):
        started(project, self.POLICY)
        project.edit("held_again", "assets/new.png")
        assert result(project).status == 0


def test_the_original_of_the_project_is_unchanged(project):
    """The ground of these tests: what they start from passes."""
    started(project)
    project.edit("held_again", "assets/new.png")
    assert (project.root / HERO).is_file()
    assert result(project).status == 0
