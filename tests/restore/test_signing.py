"""`maskproof sign`: Content Credentials with the chain and the verdict, written like everything that may be undone."""

from __future__ import annotations

import datetime as dt
import io
import json
import re
import shutil
import subprocess

import c2pa
import numpy as np
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from PIL import Image

from maskproof import evidence
from maskproof.errors import UsageError
from maskproof.evidence import verdicts
from maskproof.images import containers
from maskproof.marks import credentials
from pictures import repaired, saved
from projects import HERO, MASK, SPRING, sha256
from signing import signed_png
from thirdparty import SHARED
from time_server import time_server

SIDECAR = f"{SPRING}.maskproof.json"
NOW = dt.datetime.now(dt.UTC)
GPT_IMAGE = "openai/chatgpt-imagegen_xiaohei.png"
REAL = SHARED / "provenance" / GPT_IMAGE


@pytest.fixture(scope="module")
def identity(tmp_path_factory):
    """Chain and key, outside every repository."""
    folder = tmp_path_factory.mktemp("identity")
    for name, data in zip(("chain.pem", "key.pem"), credentials.new_test_certificate(NOW), strict=True):
        (folder / name).write_bytes(data)
    return folder


@pytest.fixture
def edit(project):
    """A held edit, staged."""
    project.edit()
    project.stage()
    return project


def sign(project, identity, *arguments, command="sign"):
    variables = {"MASKPROOF_CERTIFICATE": str(identity / "chain.pem"), "MASKPROOF_KEY": str(identity / "key.pem")}
    done = project.maskproof(command, *arguments, **variables)
    return done.returncode, done.stdout + done.stderr


def manifest_of(data: bytes, kind: str = "png") -> dict:
    with c2pa.Reader(f"image/{kind}", io.BytesIO(data)) as reader:
        assert reader.get_validation_state() == "Valid"
        return json.loads(reader.json())


def rules(project):
    status, report = project.report()
    return status, [(one["rule"], one["severity"]) for image in report["images"] for one in image["findings"]]


def test_it_is_signed_checked_signed_no_second_time_and_undone(edit, identity):
    before = {name: (edit.root / name).read_bytes() for name in (SPRING, SIDECAR)}
    status, said = sign(edit, identity, SPRING)
    assert status == 0, said
    data = (edit.root / SPRING).read_bytes()
    active = manifest_of(data)["manifests"][manifest_of(data)["active_manifest"]]
    told = {one["label"]: one["data"] for one in active["assertions"]}
    assert told[verdicts.LABEL]["original"] == sha256(edit.pictures.original)
    assert told[verdicts.LABEL]["mask"] == sha256(edit.pictures.mask)
    assert told[verdicts.LABEL]["recorded"] == sha256(before[SPRING])
    assert [one["relationship"] for one in active["ingredients"]] == ["parentOf"]
    assert np.array_equal(*(np.asarray(Image.open(io.BytesIO(one))) for one in (before[SPRING], data)))
    assert json.loads((edit.root / SIDECAR).read_bytes())["image"]["sha256"] == sha256(data)
    edit.stage()
    assert rules(edit) == (0, [])
    assert "it is signed, and says what is measured" in sign(edit, identity, SPRING)[1]
    assert (edit.root / SPRING).read_bytes() == data
    assert sign(edit, identity, "--undo", SPRING)[0] == 0
    assert {name: (edit.root / name).read_bytes() for name in before} == before


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF", "AVIF"])
def test_every_format_that_can_be_marked_can_be_signed(project, identity, kind):
    path = f"assets/edit.{kind.lower()}"
    options = {"lossless": True} if kind == "WEBP" else {"quality": 95} if kind in {"JPEG", "AVIF"} else {}
    data = saved(Image.open(io.BytesIO(project.pictures.held)).convert("RGB"), kind, **options)
    project.write(path, data)
    project.write(f"{path}.maskproof.json", project.record(data))
    status, said = sign(project, identity, path)
    assert status == 0, said
    made = (project.root / path).read_bytes()
    assert manifest_of(made, kind.lower())
    signs = evidence.assess(made, path)
    assert any(one.source == "C2PA manifest, signature" and one.signed for one in signs)
    assert any(one.source == "XMP" and one.ai for one in signs)
    project.stage()
    assert [one for one in rules(project)[1] if one[1] == "block"] == []


def test_the_model_s_credentials_are_carried_on_through_restore(project, identity):
    sent = signed_png(project.pictures.drifted)
    project.write(SPRING, sent)
    project.write(SIDECAR, project.record(sent))
    project.stage()
    assert project.maskproof("restore", SPRING).returncode == 0
    status, said = sign(project, identity, SPRING)
    assert (status, "the model's file is its parent" in said) == (0, True), said
    active = chain(project)
    relations = {one["relationship"]: one.get("active_manifest") for one in active["ingredients"]}
    assert relations["parentOf"]
    assert relations["componentOf"] is None
    assert [one["action"] for one in active["assertions"][0]["data"]["actions"]] == [
        "c2pa.opened",
        "c2pa.edited",
        "c2pa.placed",
    ]
    project.stage()
    told = " ".join(project.maskproof("explain", SPRING).stdout.split())
    assert "as the model sent it': signature intact; signer 'a tester'" in told
    assert rules(project) == (0, [])


def chain(project):
    told = manifest_of((project.root / SPRING).read_bytes())
    return told["manifests"][told["active_manifest"]]


def test_what_the_model_sent_is_asked_for_where_its_credentials_would_get_lost(project, identity, tmp_path):
    sent = signed_png(project.pictures.drifted)
    project.write(SPRING, sent)
    project.write(SIDECAR, project.record(sent))
    project.stage()
    project.maskproof("restore", SPRING)
    shutil.rmtree(project.root / ".git" / "maskproof" / "models")
    status, said = sign(project, identity, SPRING)
    assert (status, "cannot be carried on" in said) == (1, True), said
    (tmp_path / "sent.png").write_bytes(sent)
    (tmp_path / "other.png").write_bytes(project.pictures.held)
    assert sign(project, identity, SPRING, "--parent", str(tmp_path / "other.png"))[0] == 2
    assert sign(project, identity, SPRING, "--parent", str(tmp_path / "sent.png"))[0] == 0
    assert {one["relationship"] for one in chain(project)["ingredients"]} == {"parentOf", "componentOf"}


def test_an_interrupted_run_is_ended_by_the_next(edit, identity):
    record = (edit.root / SIDECAR).read_bytes()
    sign(edit, identity, SPRING)
    signed = (edit.root / SPRING).read_bytes()
    edit.write(SIDECAR, record)
    edit.stage()
    assert rules(edit) == (1, [("stale-record", "block")])
    status, said = sign(edit, identity, SPRING)
    assert (status, (edit.root / SPRING).read_bytes()) == (0, signed), said
    edit.stage()
    assert rules(edit) == (0, [])


@pytest.mark.parametrize("command", ["restore"])
def test_policy_has_it_signed(project, identity, command):
    project.write("maskproof.toml", 'version = 1\n[defaults]\nsign = "on"\n')
    project.commit("Policy")
    project.edit("drifted")
    project.stage()
    without = project.maskproof(command, SPRING)
    assert (without.returncode, "NOT signed, though policy asks" in without.stdout) == (0, True)
    project.maskproof(command, "--undo", SPRING)
    status, said = sign(project, identity, SPRING, command=command)
    assert (status, "signed" in said) == (0, True), said
    assert {one["relationship"] for one in chain(project)["ingredients"]} == {"parentOf", "componentOf"}
    project.stage()
    assert rules(project) == (0, [])


def test_people_s_work_and_what_has_no_record_are_refused(project, identity):
    project.edit(origin="manual")
    project.write("assets/plain.png", project.pictures.held)
    before = (project.root / SPRING).read_bytes()
    status, said = sign(project, identity, SPRING, "assets/plain.png")
    assert status == 1
    assert "names no model" in said
    assert "it has no record" in said
    assert (project.root / SPRING).read_bytes() == before


def test_an_edit_over_its_limits_is_signed_with_its_drift(project, identity):
    project.edit("drifted")
    project.stage()
    assert sign(project, identity, SPRING)[0] == 0
    project.stage()
    status, found = rules(project)
    assert status == 1
    assert "assertion-differs" not in {rule for rule, _ in found}


def test_a_new_test_certificate_is_written_once_and_never_into_the_repository(edit, tmp_path):
    folder = tmp_path / "id"
    done = edit.maskproof("sign", "--new-test-certificate", str(folder))
    assert done.returncode == 0, done.stderr
    assert (folder / "key.pem").stat().st_mode & 0o777 == 0o600
    assert sign(edit, folder, SPRING)[0] == 0
    assert edit.maskproof("sign", "--new-test-certificate", str(folder)).returncode == 2
    inside = edit.maskproof("sign", "--new-test-certificate", "keys")
    assert (inside.returncode, "inside the repository" in inside.stderr) == (2, True)
    assert not (edit.root / "keys").exists()


@pytest.mark.parametrize("how", ["inside", "link inside", "link to inside"])
def test_a_key_in_the_repository_is_refused(edit, identity, tmp_path, how):
    key, outside = edit.root / "assets" / "key.pem", tmp_path / "key.pem"
    text = (identity / "key.pem").read_bytes()
    if how == "link inside":
        outside.write_bytes(text)
        key.symlink_to(outside)
    else:
        key.write_bytes(text)
        outside.symlink_to(key)
    named = outside if how == "link to inside" else key
    done = edit.maskproof("sign", SPRING, "--certificate", str(identity / "chain.pem"), "--key", str(named))
    assert (done.returncode, "inside the repository" in done.stderr) == (2, True)


def test_the_environment_may_hold_the_text_itself_and_no_message_shows_it(edit, identity):
    chain, key = ((identity / name).read_text() for name in ("chain.pem", "key.pem"))
    done = edit.maskproof("sign", SPRING, MASKPROOF_CERTIFICATE=chain, MASKPROOF_KEY=key)
    assert done.returncode == 0, done.stderr
    broken = edit.maskproof("sign", SPRING, MASKPROOF_CERTIFICATE=chain, MASKPROOF_KEY=key.replace("M", "N"))
    assert broken.returncode == 2
    assert key.splitlines()[1] not in broken.stdout + broken.stderr
    assert "MASKPROOF_CERTIFICATE" in edit.maskproof("sign", SPRING).stderr


def test_certificates_that_cannot_sign_are_told_apart():
    chain, key = credentials.new_test_certificate(NOW)
    other = credentials.new_test_certificate(NOW)[1]
    private = ec.generate_private_key(ec.SECP256R1())
    locked = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"x")
    )
    later, earlier = NOW + dt.timedelta(days=500), NOW - dt.timedelta(days=500)
    cases = {
        "ended on": (chain, key, later),
        "is not valid before": (chain, key, earlier),
        "is not that of the certificate": (chain, other, NOW),
        "has a password": (chain, locked, NOW),
        "no PEM file with a private key": (chain, chain, NOW),
        "no PEM file with certificates": (key, key, NOW),
    }
    for says, given in cases.items():
        with pytest.raises(UsageError, match=says):
            credentials.identity(*given)


def test_a_self_made_certificate_of_the_wrong_form_is_refused(edit, tmp_path):
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    names = ["-keyout", "key.pem", "-out", "chain.pem", "-subj", "/CN=me", "-days", "9"]
    subprocess.run([*command, *names], cwd=tmp_path, check=True, capture_output=True)
    before = (edit.root / SPRING).read_bytes()
    status, said = sign(edit, tmp_path, SPRING)
    assert status == 1, said
    assert "CANNOT BE SIGNED" in said
    assert (edit.root / SPRING).read_bytes() == before


def test_a_time_server_is_asked_only_where_one_is_named(edit, identity, tmp_path):
    with time_server(tmp_path) as (address, asked):
        assert sign(edit, identity, SPRING)[0] == 0
        assert asked == []
        assert "timeStamp" not in str(verified(edit))
        assert edit.maskproof("sign", "--undo", SPRING).returncode == 0
        status, said = sign(edit, identity, SPRING, "--timestamp", address)
        assert (status, len(asked)) == (0, 1), said
    assert "timeStamp.validated" in str(verified(edit))
    edit.stage()
    assert rules(edit) == (0, [])


@pytest.mark.parametrize("answers", ["nobody", "another's answer", "half an answer", "a page", "500"])
def test_a_time_server_that_gives_no_time_is_named_and_nothing_is_written(edit, identity, tmp_path, answers):
    before = (edit.root / SPRING).read_bytes()
    with time_server(tmp_path, answers) as (address, _):
        named = "http://127.0.0.1:9/" if answers == "nobody" else address
        status, said = sign(edit, identity, SPRING, "--timestamp", named)
    assert (status, f"the time server {named} gave no time that can be used" in said) == (2, True), said
    assert (edit.root / SPRING).read_bytes() == before


@pytest.mark.parametrize("address", ["ftp://a/", "nonsense", "", "http://[", "http:///x"])
def test_what_is_no_address_of_a_time_server_is_refused(edit, identity, address):
    status, said = sign(edit, identity, SPRING, "--timestamp", address)
    assert (status, "is no address of a time server" in said) == (2, True), said


def verified(project):
    with c2pa.Reader("image/png", io.BytesIO((project.root / SPRING).read_bytes())) as reader:
        return reader.get_validation_results()


@pytest.mark.skipif(not REAL.exists(), reason="third-party files are not here")
@pytest.mark.skipif(not shutil.which("exiftool"), reason="exiftool is not here")
@pytest.mark.parametrize(
    ("sent", "out", "signer"),
    [
        (GPT_IMAGE, "spring.png", "OpenAI Media Service"),
        (GPT_IMAGE, "spring.webp", "OpenAI Media Service"),
        ("adobe/composite-dst.jpg", "spring.jpg", "C2PA Signer"),
    ],
)
def test_a_real_file_of_a_model_through_restore_is_read_by_others(scratch, identity, sent, out, signer):
    """Restored in its place, or written in another format; then with one byte changed, the record with it."""
    edit = drifted_real(scratch, SHARED / "provenance" / sent, out)
    target = [] if edit == out else ["-o", out]
    assert scratch.maskproof("restore", edit, "--anyway", *target).returncode == 0
    status, said = sign(scratch, identity, out)
    assert status == 0, said
    for name in (edit, f"{edit}.maskproof.json") if target else ():
        (scratch.root / name).unlink()
    data = (scratch.root / out).read_bytes()
    kind = containers.format_of(data)
    signers = [one["signature_info"]["common_name"] for one in manifest_of(data, kind.lower())["manifests"].values()]
    assert signer in signers
    tags = scratch.run("exiftool", "-G1", "-s", out).stdout
    assert re.search(r"\[XMP-iptcExt\] +DigitalSourceType +: .*/compositeWithTrainedAlgorithmicMedia", tags)
    assert kind == "WEBP" or "OrgMaskproofVerdict" in tags  # Debian's exiftool looks for no C2PA in a WebP
    scratch.git("add", "-A")
    explained = " ".join(scratch.maskproof("explain", out).stdout.split())
    assert "a verdict of maskproof" in explained
    assert "XMP: compositeWithTrainedAlgorithmicMedia" in explained
    assert f"as the model sent it': signature intact; signer '{signer}'" in explained
    assert scratch.maskproof("check").returncode == 0

    at = data.index(b"visual") + 1
    changed = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
    scratch.write(out, repaired(changed) if kind == "PNG" else changed)
    scratch.maskproof("record", out)
    scratch.git("add", "-A")
    with c2pa.Reader(f"image/{kind.lower()}", io.BytesIO((scratch.root / out).read_bytes())) as reader:
        assert reader.get_validation_state() == "Invalid"
    done = scratch.maskproof("check")
    assert (done.returncode, done.stdout.count("  x ")) == (1, 1)
    told = "assertion-differs: its signed verdict does not hold: signature broken: an assertion was changed"
    assert told in " ".join(done.stdout.split())


def drifted_real(scratch, file, out):
    """A real file as the edit of an original that differs from it inside and outside its mask; the name of the edit."""
    raw = file.read_bytes()
    picture = Image.open(io.BytesIO(raw)).convert("RGB")
    width, height = picture.size
    inside = (width // 3, height // 3, 2 * width // 3, 2 * height // 3)
    opened = Image.new("L", picture.size)
    opened.paste(255, inside)
    picture.paste("#2040c0", inside)
    picture.paste("#c02040", (8, 8, width // 8, height // 6))
    scratch.write(HERO, saved(picture, "PNG"))
    scratch.write(MASK, saved(opened, "PNG"))
    scratch.commit("Start")
    edit = out if out.endswith(file.suffix) else f"spring{file.suffix}"
    scratch.write(edit, raw)
    done = scratch.maskproof("record", edit, "--original", HERO, "--mask", MASK, "--mask-mode", "white")
    assert done.returncode == 0, done.stderr
    scratch.git("add", "-A")
    return edit
