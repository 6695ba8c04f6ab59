"""A time server (RFC 3161) on 127.0.0.1, whose answers `openssl ts` makes; its certificate is on no trust list."""

from __future__ import annotations

import subprocess
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SETTINGS = """[req]
distinguished_name = name
[name]
[tsa]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
[root]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign
[ts]
serial = serial
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha384, sha512
ess_cert_id_alg = sha256
"""
NEW = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "9", "-config", "settings")


@contextmanager
def time_server(folder: Path, answers: str = "") -> Iterator[tuple[str, list[bytes]]]:
    """Its address, and the requests that came; certificate and key are made in an empty folder.

    `answers` names a fault: of another request, half of it, a page, or the status 500.
    """
    openssl = _openssl(folder)
    (folder / "settings").write_text(SETTINGS)
    (folder / "serial").write_text("01")
    openssl("req", "-x509", *NEW, "-subj", "/CN=root of a clock", "-extensions", "root", "-keyout", "rk", "-out", "rc")
    issued = ("-CA", "rc", "-CAkey", "rk", "-subj", "/CN=a clock/O=maskproof's tests")
    openssl("req", "-x509", *NEW, *issued, "-extensions", "tsa", "-keyout", "key", "-out", "cert")
    openssl("ts", "-query", "-digest", "00" * 32, "-sha256", "-cert", "-out", "query")
    seen: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            seen.append(self.rfile.read(int(self.headers["Content-Length"])))
            if answers != "another's answer":
                (folder / "query").write_bytes(seen[-1])
            named = ("-config", "settings", "-section", "ts", "-queryfile", "query", "-signer", "cert", "-inkey", "key")
            openssl("ts", "-reply", *named, "-chain", "rc", "-out", "reply")
            answer = (folder / "reply").read_bytes()
            answer = answer[: len(answer) // 2] if answers == "half an answer" else answer
            self.send_response(500 if answers == "500" else 200)
            self.send_header("Content-Type", "text/html" if answers == "a page" else "application/timestamp-reply")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: Any) -> None:
            """Nothing is printed."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/", seen
    finally:
        server.shutdown()
        server.server_close()


def _openssl(folder: Path) -> Any:
    def run(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    return run
