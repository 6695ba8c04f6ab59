"""Originals at addresses: fetched where the base's policy allows it, held to their digest; nothing else is asked."""

from __future__ import annotations

import io
import json
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from maskproof import remote
from maskproof.errors import MissingOriginal
from maskproof.policy.originals import Originals
from processes import maskproof
from projects import HERO, Project, clean_environment, draw, sha256

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

SECRET = "hunter2"  # noqa: S105 - of nobody


class Server:
    """What lies on a server, and what it was asked for."""

    def __init__(self) -> None:
        self.files: dict[str, bytes | Callable[[BaseHTTPRequestHandler], None]] = {}
        self.asked: list[str] = []
        self.prefix = ""


@contextmanager
def served() -> Iterator[Server]:
    state = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            state.asked.append(self.path)
            found = state.files.get(self.path)
            if callable(found):
                found(self)
                return
            self.send_response(404 if found is None else 200)
            self.end_headers()
            self.wfile.write(found or b"")

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    state.prefix = f"http://127.0.0.1:{server.server_address[1]}/originals/"
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def server() -> Iterator[Server]:
    with served() as found:
        found.files["/originals/hero.png"] = draw().original
        yield found


def policy(*prefixes: str) -> str:
    return f"version = 1\n[originals]\nallow = {json.dumps(prefixes)}\n"


def remote_edit(project: Project, address: str, **members: Any) -> None:
    """An edit whose original no commit holds."""
    original = {"path": "elsewhere/hero.png", **project.original(), "url": address, **members}
    project.git("rm", "-q", "--cached", HERO, ok=False)
    project.edit("drifted", original=original)


@pytest.fixture
def allowed(project: Project, server: Server) -> Project:
    """A project without the original in it, whose base allows the server."""
    project.git("rm", "-q", HERO)
    project.write("maskproof.toml", policy(server.prefix))
    project.git("add", "-A")
    project.git("commit", "-q", "--amend", "--no-verify", "-m", "base")  # the original lies in no commit
    return project


def test_an_original_is_recorded_and_fetched_once(allowed: Project, server: Server) -> None:
    address = server.prefix + "hero.png"
    allowed.write("assets/spring.png", allowed.pictures.drifted)
    mask = ("--mask", "assets/hero.mask.png", "--mask-mode", "white")
    done = allowed.maskproof("record", "assets/spring.png", "--original", address, *mask, "--add")
    assert done.returncode == 0, done.stderr
    record = json.loads((allowed.root / "assets/spring.png.maskproof.json").read_text())
    assert record["original"]["url"] == address
    for folder in ("originals", "verdicts"):
        for file in (allowed.root / ".git" / "maskproof" / folder).rglob("*"):
            if file.is_file():
                file.unlink()
    server.asked.clear()
    allowed.stage()
    reports = [allowed.report("--no-cache") for _ in range(2)]
    assert reports[0] == reports[1]
    status, report = reports[0]
    image = report["images"][0]
    assert (status, image["verdict"], server.asked) == (1, "block", ["/originals/hero.png"])
    assert image["original"]["found"] == f"fetched from {address}"
    told = [one["message"] for one in image["findings"] if one["rule"] == "new-original"]
    assert len(told) == 1, "an address proves nothing"
    assert f"was fetched from {address}, and nobody judged it in this project" in told[0]
    assert "1 fetched original (" in allowed.maskproof("cache").stdout
    jobs = allowed.report("--all", "--no-cache", "--jobs", "2")[1]
    assert [one["drift"] for one in jobs["images"] if one["path"] == "assets/spring.png"] == [image["drift"]]


@pytest.mark.threat("T40")
def test_a_change_cannot_allow_an_address_itself(project: Project, server: Server) -> None:
    project.git("rm", "-q", HERO)
    project.git("commit", "-q", "--amend", "--no-verify", "-m", "base")
    project.write("maskproof.toml", "version = 1\n")
    project.commit()
    project.write("maskproof.toml", policy(server.prefix))
    remote_edit(project, server.prefix + "hero.png")
    project.stage()
    status, report = project.report()
    assert (status, server.asked) == (3, [])
    rules = {one["rule"]: one["message"] for image in report["images"] for one in image["findings"]}
    assert "allows no originals from there" in rules["missing-original"]
    assert "originals.allow" in rules["policy-loosened"]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("other", "has the digest"),
        ("gone", "the server answered 404"),
        ("redirect", "redirects are not followed"),
        ("file", "redirects are not followed"),
        ("broken", "cannot be fetched"),
    ],
)
def test_what_is_not_the_original_leaves_the_picture_unjudged(
    allowed: Project, server: Server, answer: str, said: str
) -> None:
    with served() as other:
        other.files["/originals/hero.png"] = draw().original

        def redirect(target: str) -> Callable[[BaseHTTPRequestHandler], None]:
            def send(handler: BaseHTTPRequestHandler) -> None:
                handler.send_response(302)
                handler.send_header("Location", target)
                handler.end_headers()

            return send

        answers: dict[str, Any] = {
            "other": draw().other,
            "redirect": redirect(other.prefix + "hero.png"),
            "file": redirect("file:///etc/passwd"),
            "broken": lambda handler: handler.wfile.write(b"\0\1nonsense\r\n\r\n"),
        }
        server.files.pop("/originals/hero.png")
        if answer in answers:
            server.files["/originals/hero.png"] = answers[answer]
        remote_edit(allowed, server.prefix + "hero.png")
        allowed.stage()
        status, report = allowed.report()
        assert status == 3
        finding = report["images"][0]["findings"][0]
        assert finding["rule"] == "missing-original"
        assert said in finding["message"]
        assert other.asked == []
    kept = allowed.root / ".git" / "maskproof" / "originals"
    assert not [one for one in kept.rglob("*") if one.is_file()], "only what has its digest is kept"


def test_too_much_and_too_slow_are_given_up(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "MAX_FILE_BYTES", 100_000)
    monkeypatch.setattr(remote, "DEADLINE", 0.6)
    ended = threading.Event()

    def endless(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        try:
            while True:
                handler.wfile.write(b"x" * 10_000)
        except OSError:  # the other end is gone
            ended.set()

    def slow(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        for _ in range(10):
            handler.wfile.write(b"x")
            handler.wfile.flush()
            time.sleep(0.1)

    server.files |= {"/originals/endless": endless, "/originals/slow": slow}
    with pytest.raises(MissingOriginal, match="it has more than"):
        remote.read(server.prefix + "endless", (server.prefix,))
    assert ended.wait(10), "nobody reads on"
    with pytest.raises(MissingOriginal, match="did not come in time"):
        remote.read(server.prefix + "slow", (server.prefix,))
    for thread in threading.enumerate():
        if "ask" in thread.name:
            thread.join(10)


def test_a_run_does_not_wait_for_thousands(server: Server, tmp_path: Path) -> None:
    store = remote.Store(tmp_path)
    for number in range(remote.MAX_FAILED + 3):
        with pytest.raises(MissingOriginal):
            store.fetched(f"{server.prefix}{number}.png", "0" * 64, (server.prefix,))
    assert len(server.asked) == remote.MAX_FAILED


REFUSED = [
    "ftp://host/a.png",
    "file:///etc/passwd",
    "memory://a/b",
    "HTTPS://host/a.png",
    "http://assets.example.com/a.png",
    f"https://user:{SECRET}@host/a.png",
    f"https://host/a.png?token={SECRET}",
    f"https://host/a.png#{SECRET}",
    "https://host/a/../b.png",
    "https://host/a/%2e%2e/b.png",
    "https://host/a%2Fb.png",
    "https://host/a%5Cb.png",
    "https://host/a%252e.png",
    "https://host/a%00.png",
    "https://host/a%0D%0AHost:x.png",
    "https://host/a\r\nX: y",
    "https://host\\@evil/a.png",
    "https://host//a.png",
    "https://host.evil.example:443@127.0.0.1/a",
    "s3://bucket/a::file:///etc/passwd",
    "simplecache::s3://bucket/a",
    "https://ho st/a.png",
    "https:///a.png",
    "https://host/" + "a" * 1100,
    "https://höst/a.png",
]


@pytest.mark.threat("T40")
@pytest.mark.parametrize("address", REFUSED)
def test_an_address_has_one_form(address: str) -> None:
    why = remote.problem(address)
    assert why
    assert SECRET not in why
    with pytest.raises(MissingOriginal):
        remote.read(address, (address, "https://", "http://", "file://", ""))


@pytest.mark.parametrize(
    "address",
    ["https://assets.example.com/a/hero%20one.png", "s3://bucket/a.png", "gs://my.bucket/x/y.webp", "https://h:8443/a"],
)
def test_an_address_may_look_so(address: str) -> None:
    assert remote.problem(address) is None
    assert not {":", "%", " "} & {*remote.name_of(address)}


@pytest.mark.parametrize("address", [one for one in REFUSED if SECRET in one][:2])
def test_secrets_are_never_told(project: Project, address: str, tmp_path: Path) -> None:
    remote_edit(project, address)
    project.stage()
    told = [project.check("--format", style).text for style in ("text", "html")]
    told.append(project.maskproof("record", "assets/spring.png", "--original", address).stderr)
    project.write("maskproof.toml", policy(address))
    project.stage()
    told.append(project.check().text)
    (tmp_path / "pairs.csv").write_text(f"edit,original,original_sha256\na.png,{address},{'0' * 64}\n")
    told.append(maskproof().run("check", "--manifest", "pairs.csv", cwd=tmp_path, env=clean_environment()).stderr)
    assert all(told)
    assert not [one for one in told if SECRET in one]


@pytest.mark.parametrize("prefix", ["https://assets.example.com", "https://host/a", "s3://bucket", "https://", "", "/"])
def test_what_is_allowed_ends_with_a_slash(project: Project, prefix: str) -> None:
    project.write("maskproof.toml", policy(prefix))
    project.write("assets/new.png", project.pictures.other)
    project.stage()
    done = project.check()
    assert done.status == 2
    assert "originals.allow[0]: " in done.text


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [
        (["https://a/"], ["https://a/b/"], ["https://a/b/"]),
        (["https://a/", "s3://c/"], ["s3://c/", "https://b/"], ["s3://c/"]),
        (["https://a/"], [], []),
        (["https://a/"], ["https://ab/"], []),
    ],
)
def test_what_both_sides_allow(one: list[str], other: list[str], both: list[str]) -> None:
    first, second = Originals(allow=tuple(one)), Originals(allow=tuple(other))
    assert first.tightened(second).allow == second.tightened(first).allow == tuple(both)
    assert list(first.tighter(second)) == (["originals.allow"] if both != one else [])


def test_stores_are_read_through_fsspec(monkeypatch: pytest.MonkeyPatch) -> None:
    fsspec = pytest.importorskip("fsspec", reason="the extra [remote] is not installed")

    class Store:
        def open(self, place: str, mode: str) -> io.BytesIO:
            if place != "bucket/a b.png":
                raise RuntimeError(f"no access with {SECRET}")
            return io.BytesIO(mode.encode())

    monkeypatch.setattr(fsspec, "filesystem", lambda scheme: {"s3": Store()}[scheme])
    assert remote.read("s3://bucket/a%20b.png", ("s3://bucket/",)) == b"rb"
    with pytest.raises(MissingOriginal, match=r"cannot be fetched: RuntimeError$"):
        remote.read("s3://bucket/other.png", ("s3://bucket/",))


def test_a_store_without_its_driver_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "fsspec", None)
    with pytest.raises(MissingOriginal) as error:
        remote.read("gs://bucket/a.png", ("gs://bucket/",))
    assert "gcsfs" in error.value.advice


def test_a_row_of_a_manifest_may_name_an_address(server: Server, tmp_path: Path) -> None:
    (tmp_path / "held.png").write_bytes(draw().held)
    (tmp_path / "mask.png").write_bytes(draw().mask)
    row = {"edit": "held.png", "original": server.prefix + "hero.png", "mask": "mask.png", "mask_mode": "white"}
    env = clean_environment() | {"XDG_CACHE_HOME": str(tmp_path / "cache")}

    def check(row: dict[str, str]) -> Any:
        (tmp_path / "pairs.jsonl").write_text(json.dumps(row))
        return maskproof().run("check", "--manifest", "pairs.jsonl", "--no-cache", cwd=tmp_path, env=env)

    assert "needs its digest in original_sha256" in check(row).stderr
    row["original_sha256"] = sha256(draw().original)
    refused = check(row)
    assert (refused.status, server.asked) == (3, [])
    (tmp_path / "maskproof.toml").write_text(policy(server.prefix))
    assert [check(row).status for _ in range(2)] == [0, 0]
    assert server.asked == ["/originals/hero.png"]
    assert check(row | {"original_sha256": "0" * 64}).status == 3
