"""Who may ask the server of the local page for what, over real HTTP: everything else is refused and changes nothing."""

from __future__ import annotations

import http.client
import json
import shutil
import socket
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from projects import SPRING
from serving import served

if TYPE_CHECKING:
    from collections.abc import Iterator

    from projects import Project


@dataclass
class Client:
    """Asks as a browser would that has opened the address."""

    port: int
    root: str
    token: str
    cookie: str = ""

    def ask(self, method: str, place: str, body: object = None, *, absolute: bool = False, **headers: str | None):
        """The status and the text of an answer; a header that is None is not sent."""
        sent = {"Host": f"127.0.0.1:{self.port}", "Cookie": self.cookie}
        data = None
        if body is not None:
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            sent |= {"Origin": f"http://127.0.0.1:{self.port}", "Content-Type": "application/json"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.putrequest(method, place if absolute else self.root + place, skip_host=True)
        for name, value in {**sent, "Content-Length": None if data is None else str(len(data)), **headers}.items():
            if value is not None:
                connection.putheader(name.replace("_", "-"), value)
        connection.endheaders()
        if data is not None and "Content-Length" not in headers:
            connection.send(data)
        answer = connection.getresponse()
        said = answer.read().decode()
        connection.close()
        self.headers = answer.headers
        return answer.status, said


@contextmanager
def entered(project: Project) -> Iterator[Client]:
    """A client with its cookie."""
    with served(project) as address:
        parts = urlsplit(address)
        made = Client(parts.port, parts.path, parts.query.removeprefix("token="))
        status, _ = made.ask("GET", f"?token={made.token}")
        assert status == 303
        said = made.headers["Set-Cookie"]
        assert said.endswith(f"; Path={parts.path}; HttpOnly; SameSite=Strict")
        made.cookie = said.partition(";")[0]
        yield made


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, project_template: Project) -> Project:
    """A repository with one edit that is blocked; nothing in it is changed by what is refused."""
    root = tmp_path_factory.mktemp("served") / "project"
    shutil.copytree(project_template.root, root, symlinks=True)
    made = project_template.at(root)
    made.edit("drifted")
    return made


@pytest.fixture(scope="module")
def client(home: Project) -> Iterator[Client]:
    """A client of one server for all that is refused."""
    with entered(home) as made:
        yield made


def picture(client: Client) -> str:
    status, said = client.ask("GET", "")
    assert status == 200
    return said.partition('href="picture/')[2].partition('"')[0]


def test_only_whoever_has_the_address_is_let_in(client):
    assert client.ask("GET", "")[0] == 200
    for cookie in ("", "maskproof=guess", "maskproof=", "other=1", "\xff=;", client.cookie[:-1]):
        assert client.ask("GET", "", Cookie=cookie)[0] == 403
    for token in ("", "x", client.token[:-1], client.token + "x", "%C3%A4", "%ff"):
        assert client.ask("GET", f"?token={token}", Cookie="")[0] == 403
    assert client.ask("GET", "/", absolute=True)[0] == 404
    assert client.ask("GET", "/else/", absolute=True)[0] == 404


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "localhost:{port}"},
        {"Host": "127.0.0.1"},
        {"Host": "127.0.0.1.evil.example:{port}"},
        {"Host": None},
        {"Origin": "http://evil.example"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "https://127.0.0.1:{port}"},
        {"Origin": "null"},
        {"Origin": None},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        {"Cookie": ""},
        {"Content_Type": "text/plain"},
        {"Content_Type": "application/x-www-form-urlencoded"},
        {"Content_Length": "9999999"},
        {"Content_Length": None},
        {"Transfer_Encoding": "chunked"},
    ],
    ids=str,
)
def test_an_action_is_refused_that_does_not_come_from_the_page(client, home, headers):
    before = (home.root / SPRING).read_bytes()
    wrong = {name: value and value.format(port=client.port) for name, value in headers.items()}
    sent = {name.replace("_", "-"): value for name, value in wrong.items()}
    status, said = client.ask("POST", "do/restore", {"picture": picture(client)}, **sent)
    assert status == 403
    assert said.startswith("This request is refused")
    assert (home.root / SPRING).read_bytes() == before


def test_a_wrong_host_is_not_told_the_page_either(client):
    assert client.ask("GET", "", Host="evil.example")[0] == 403
    assert client.ask("GET", f"?token={client.token}", Host="evil.example")[0] == 403
    assert client.ask("GET", f"?token={client.token}", Origin="http://evil.example")[0] == 403


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "TRACE"])
def test_other_methods_are_refused(client, method):
    assert client.ask(method, "")[0] == 501


def test_nothing_is_done_by_asking_for_a_page(client, home):
    before = (home.root / SPRING).read_bytes()
    assert client.ask("GET", f"do/restore?picture={picture(client)}")[0] == 404
    assert client.ask("GET", "do/restore")[0] == 404
    assert (home.root / SPRING).read_bytes() == before


@pytest.mark.parametrize(
    "place",
    [
        "../../../../etc/passwd",
        "..%2f..%2fetc%2fpasswd",
        ".git/config",
        "picture/.git/config",
        "picture/../maskproof.toml",
        f"picture/{SPRING}",
        "card/%2e%2e",
        "ui.py",
        "__init__.py",
        "page.css/../__init__.py",
        "frame.html",
    ],
)
def test_no_path_leads_to_a_file(client, place):
    status, said = client.ask("GET", place)
    assert status == 404
    assert "root:" not in said
    assert "[core]" not in said


@pytest.mark.parametrize(
    "path", ["../outside.png", "/etc/passwd", ".git/index", "link.png", "linked/inside.png", "gone.png"]
)
def test_a_record_names_no_file_outside_of_what_git_sees(client, home, tmp_path, path):
    outside = tmp_path / "outside"
    outside.mkdir(exist_ok=True)
    (outside / "inside.png").write_bytes(home.pictures.original)
    (home.root.parent / "outside.png").write_bytes(home.pictures.original)
    for name, leads in (("link.png", home.root.parent / "outside.png"), ("linked", outside)):
        (home.root / name).unlink(missing_ok=True)
        (home.root / name).symlink_to(leads)
    asked = {"picture": picture(client), "original": path}
    status, said = client.ask("POST", "do/record", asked)
    assert status == 409
    assert "there is no picture" in said
    assert client.ask("POST", "do/record", {**asked, "original": "", "mask": path})[0] == 409


def test_links_are_not_among_the_pictures(client, home, tmp_path):
    (tmp_path / "secret.png").write_bytes(home.pictures.original)
    (home.root / "other-link.png").symlink_to(tmp_path / "secret.png")
    assert "link.png" not in client.ask("GET", "")[1]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{",
        b'{"picture": 1}',
        {},
        {"picture": "x", "more": 1},
        b'{"picture": "a", "picture": "b"}',
        b'{"picture": "\xff"}',
    ],
    ids=str,
)
def test_what_is_no_request_is_refused(client, body):
    assert client.ask("POST", "do/restore", body)[0] == 400


@pytest.mark.parametrize(
    ("action", "more"),
    [
        ("protect", {"name": "a:b", "kind": "brand", "box": [1, 2, 3, 4]}),
        ("protect", {"name": "a", "kind": "frame", "box": [1, 2, 3, 4]}),
        ("protect", {"name": "a", "kind": "brand", "box": [-1, 2, 3, 4]}),
        ("protect", {"name": "a", "kind": "brand", "box": [1, 2, 0, 4]}),
        ("protect", {"name": "a\nb", "kind": "brand", "box": [1, 2, 3, 4]}),
        ("limits", {"level": "loose"}),
        ("limits", {"limits": {"outside-mask.light": -1}}),
        ("record", {"origin": "derived"}),
        ("record", {"mode": "--force"}),
        ("approve", {"reason": ""}),
        ("approve", {"reason": "x", "expires": "--sign"}),
    ],
)
def test_what_no_form_sends_is_refused(client, home, action, more):
    assert client.ask("POST", f"do/{action}", {"picture": picture(client), **more})[0] == 400
    assert not (home.root / "maskproof.toml").exists()


def test_an_action_of_another_name_or_picture_is_not_found(client):
    assert client.ask("POST", "do/shell", {"picture": picture(client)})[0] == 404
    assert client.ask("POST", "restore", {"picture": picture(client)})[0] == 404
    assert client.ask("POST", "do/restore", {"picture": "0" * 16})[0] == 404
    assert client.ask("POST", "try", {"picture": picture(client), "limits": {"no.such": 1}})[0] == 409


def test_every_answer_forbids_what_is_not_its_own(client):
    for place in ("", f"picture/{picture(client)}", "page.css", "nothing"):
        client.ask("GET", place)
        policy = client.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; img-src data:; style-src 'self'; script-src 'self'")
        assert "unsafe" not in policy
        assert client.headers["X-Frame-Options"] == "DENY"
        assert client.headers["Referrer-Policy"] == "no-referrer"
        assert client.headers["Cache-Control"] == "no-store"
        assert "Access-Control-Allow-Origin" not in client.headers


def test_a_module_of_the_repository_is_not_run(project):
    project.edit("drifted")
    with entered(project) as client:
        project.write("maskproof/__init__.py", 'raise SystemExit("run from the repository")')
        project.write("json.py", 'raise SystemExit("run from the repository")')
        status, said = client.ask("POST", "do/restore", {"picture": picture(client)})
    assert status == 200
    assert "run from the repository" not in said
    assert "done" in said


def test_it_is_served_on_one_address_alone(client):
    with socket.socket() as other:
        other.settimeout(5)
        with pytest.raises(OSError, match=r"refused|timed out|unreachable|assign"):
            other.connect(("127.0.0.2", client.port))


def test_what_is_wrong_is_said_before_anything_is_served(project):
    done = project.maskproof("ui", "--no-open", "assets/nothing.png")
    assert done.returncode == 2
    assert "there is no file or folder 'assets/nothing.png'" in done.stderr
    project.write("maskproof.toml", "version = 2")
    done = project.maskproof("ui", "--no-open")
    assert done.returncode == 2
    assert "version" in done.stderr


def test_it_ends_by_itself_when_nobody_asks(project):
    from maskproof.repo import Repository
    from maskproof.ui.desk import Desk
    from maskproof.ui.server import Server

    with Server(Desk(Repository(project.root)), 0) as server:
        server.timeout = 0.01
        server.serve(idle=0.05)
