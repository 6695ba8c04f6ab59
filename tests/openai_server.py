"""A server on 127.0.0.1 that speaks `/v1/images/edits` and `/v1/responses` as the openai package documents them.

It holds every request against what the API asks for, answers a wrong one with 400 as the API does, and keeps all of
them in `seen`; `wrong` lists what it had to object to. What it answers is a queue of functions, the last one for good.
"""

from __future__ import annotations

import base64
import io
import json
import re
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from processes import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Iterator

KEY = "sk-test-of-maskproof"
REQUEST_ID = "req_0123456789abcdef"
USAGE = {
    "input_tokens": 1820,
    "input_tokens_details": {"image_tokens": 1800, "text_tokens": 20},
    "output_tokens": 4160,
    "total_tokens": 5980,
}
MASK_LIMIT, IMAGE_LIMIT = 4_000_000, 50_000_000
FEWEST, MOST, LONGEST = 655_360, 8_294_400, 3840
STANDARD = {"1024x1024", "1536x1024", "1024x1536"}


@dataclass(frozen=True)
class Seen:
    """One request as it arrived."""

    path: str
    fields: dict[str, str] = field(default_factory=dict)
    files: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    """content type and bytes by field"""
    json: Any = None
    key: str = ""

    def picture(self, name: str) -> np.ndarray:
        """The samples of a file that was sent."""
        return np.asarray(Image.open(io.BytesIO(self.files[name][1])))


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server: OpenAIServer

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        seen = self._understood(body)
        problem = self.server.note(seen)
        try:
            if problem:
                return error(400, problem, "invalid_request_error", None)(self, seen)
            return self.server.next_answer()(self, seen)
        except (BrokenPipeError, ConnectionResetError, TimeoutError):
            return None

    def _understood(self, body: bytes) -> Seen:
        kind = self.headers["Content-Type"]
        bearer = self.headers.get("Authorization", "").removeprefix("Bearer ")
        key = self.headers.get("api-key", "") if self.path.startswith("/openai/") else bearer
        if kind.startswith("application/json"):
            return Seen(self.path, json=json.loads(body), key=key)
        boundary = kind.split("boundary=", 1)[1].encode()
        fields, files = {}, {}
        for part in body.split(b"--" + boundary)[1:-1]:
            head, _, value = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
            name = re.search(rb'[ ;]name="([^"]*)"', head)[1].decode()
            value = value.removesuffix(b"\r\n")
            if b"filename=" in head:
                # Several pictures come as `image[]`; the first one is the one that is masked.
                name = "image" if name == "image[]" and "image" not in files else name
                name = f"image[{len(files)}]" if name == "image[]" else name
                files[name] = (re.search(rb"(?i)content-type: *([^\r\n]*)", head)[1].decode(), value)
            else:
                fields[name] = value.decode()
        return Seen(self.path, fields, files, key=key)

    def reply(self, status: int, body: Any, **headers: str) -> None:
        """A JSON answer, whole."""
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.send_header("x-request-id", REQUEST_ID)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(data)

    def stream(self, events: list[tuple[str, dict[str, Any]]], *, cut: bool = False) -> None:
        """Server-sent events in chunks; with `cut` the connection ends in the middle of the last one."""
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.send_header("x-request-id", REQUEST_ID)
        self.end_headers()
        for number, (name, data) in enumerate(events, 1):
            text = f"event: {name}\ndata: {json.dumps(data)}\n\n".encode()
            last = cut and number == len(events)
            self.wfile.write(f"{len(text):x}\r\n".encode() + (text[: len(text) // 2] if last else text + b"\r\n"))
            self.wfile.flush()
        if cut:
            self.close_connection = True
        else:
            self.wfile.write(b"0\r\n\r\n")

    def log_message(self, *_: Any) -> None:
        """Silence: pytest shows what a test says."""


class OpenAIServer(ThreadingHTTPServer):
    """The server, and what it saw."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.seen: list[Seen] = []
        self.wrong: list[str] = []
        self.sent: list[bytes] = []
        """every finished candidate that was sent"""
        self._answers: list[Any] = []
        self._lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"

    @property
    def environment(self) -> dict[str, str]:
        """What a command needs to find this server."""
        return {"OPENAI_BASE_URL": self.url, "OPENAI_API_KEY": KEY}

    @property
    def azure(self) -> dict[str, str]:
        """The same, as Azure OpenAI is found."""
        endpoint = f"http://127.0.0.1:{self.server_port}"
        version = {"OPENAI_API_VERSION": "2026-06-01-preview"}
        return {"AZURE_OPENAI_ENDPOINT": endpoint, "AZURE_OPENAI_API_KEY": KEY, **version}

    def answer(self, *answers: Any) -> None:
        """Answer like this, in turn; the last one as often as asked."""
        self._answers = list(answers)

    def next_answer(self) -> Any:
        with self._lock:
            return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]

    def note(self, seen: Seen) -> str:
        """Keep a request, and say what is wrong with it."""
        path = re.sub(r"^/openai/deployments/[^/]+", "/v1", seen.path.partition("?")[0])
        azure = seen.path.startswith("/openai/") and not re.search(r"[?&]api-version=[\w-]+", seen.path)
        problem = "wrong key" if seen.key != KEY else "no api-version" if azure else CHECKS[path](seen)
        with self._lock:
            self.seen.append(seen)
            self.wrong += [problem] if problem else []
        return problem


@contextmanager
def running() -> Iterator[OpenAIServer]:
    """A server for the length of a test."""
    server = OpenAIServer()
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


# --- what the API asks for ------------------------------------------------------------------------------------------


def check_edit(seen: Seen) -> str:
    """What is wrong with a request for an edit; empty where nothing is."""
    further = {name for name in seen.files if name.startswith("image[")}
    if set(seen.files) - further != {"image", "mask"} or {kind for kind, _ in seen.files.values()} != {"image/png"}:
        return f"files {seen.files.keys()}"
    image, mask = (Image.open(io.BytesIO(seen.files[name][1])) for name in ("image", "mask"))
    size = seen.fields.get("size", "")
    width, height = image.size
    n = int(seen.fields.get("n", "1"))
    fixed = seen.fields["model"] in {"gpt-image-1.5", "gpt-image-1-mini", "chatgpt-image-latest"}
    alpha = set(np.unique(np.asarray(mask)[..., 3])) if mask.mode == "RGBA" else set()
    for applies, problem in (
        ((image.format, mask.format) != ("PNG", "PNG"), "not PNG"),
        (image.mode not in {"RGB", "RGBA"}, "image mode"),
        (len(seen.files["image"][1]) >= IMAGE_LIMIT or len(seen.files["mask"][1]) >= MASK_LIMIT, "too many bytes"),
        (image.size != mask.size, "mask and image differ in size"),
        (alpha not in ({0}, {0, 255}), f"mask alpha {sorted(alpha)[:4]}"),
        (size != f"{width}x{height}", "size asked for is not the size sent"),
        (width % 16 or height % 16, "multiples of 16"),
        (max(width, height) > 3 * min(width, height), "1:3 to 3:1"),
        (fixed and size not in STANDARD, "no such size of this model"),
        (not fixed and not (FEWEST <= width * height <= MOST and max(width, height) <= LONGEST), "pixels"),
        (not 1 <= n <= 10, "n"),
        (not seen.fields.get("prompt"), "prompt"),
        ("response_format" in seen.fields and "gpt-image" in seen.fields["model"], "response_format"),
        ("input_fidelity" in seen.fields and not fixed, "input_fidelity"),
        (seen.fields.get("stream") == "true" and n > 1, "Streaming is only supported with n=1."),
    ):
        if applies:
            return problem
    return ""


def check_response(seen: Seen) -> str:
    """What is wrong with a request for an opinion; empty where nothing is."""
    wanted = seen.json["text"]["format"]
    parts = [part for message in seen.json["input"] for part in message["content"]]
    pictures = [part for part in parts if part["type"] == "input_image"]
    for applies, problem in (
        (wanted["type"] != "json_schema" or not wanted["strict"] or not wanted["name"], "text.format"),
        (not _closed(wanted["schema"]), "strict schemas close every object and require every key"),
        (not pictures or len(pictures) % 2, "pictures come in pairs"),
        (not all(part["image_url"].startswith("data:image/png;base64,") for part in pictures), "image_url"),
        (any("detail" not in part for part in pictures), "detail"),
        (seen.json.get("store") is not False, "store"),
    ):
        if applies:
            return problem
    return ""


def _closed(schema: Any) -> bool:
    if isinstance(schema, list):
        return all(map(_closed, schema))
    if not isinstance(schema, dict):
        return True
    if schema.get("type") == "object" and (
        schema.get("additionalProperties") is not False or set(schema["required"]) != set(schema["properties"])
    ):
        return False
    return all(map(_closed, schema.values()))


CHECKS = {"/v1/images/edits": check_edit, "/v1/responses": check_response}


# --- what it answers ------------------------------------------------------------------------------------------------


def edits(*painters: Any, cut: bool = False, streams: bool = True) -> Any:
    """Candidates by these stand-ins (`painters`) in turn; streamed where that was asked for."""
    return partial(_edits, painters=painters, cut=cut, streams=streams)


def _edits(handler: Handler, seen: Seen, *, painters: tuple[Any, ...], cut: bool, streams: bool) -> None:
    image, opened = seen.picture("image")[..., :3], seen.picture("mask")[..., 3] == 0
    n = int(seen.fields.get("n", "1"))
    made = [encoded(painters[number % len(painters)](image, opened)) for number in range(n)]
    handler.server.sent += [base64.b64decode(one) for one in made]
    told = {"background": "opaque", "output_format": "png", "quality": "high", "size": seen.fields["size"]}
    if seen.fields.get("stream") != "true" or not streams:
        handler.reply(
            200, {"created": 1_790_000_000, "data": [{"b64_json": one} for one in made], **told, "usage": USAGE}
        )
        return
    events = [
        {"type": "image_edit.partial_image", "b64_json": made[0], "partial_image_index": number}
        for number in range(int(seen.fields["partial_images"]))
    ]
    events.append({"type": "image_edit.completed", "b64_json": made[0], "usage": USAGE})
    handler.stream([(one["type"], {**one, "created_at": 1_790_000_000, **told}) for one in events], cut=cut)


def error(status: int, message: str, kind: str, code: str | None, **headers: str) -> Any:
    """An error in the API's form."""
    body = {"error": {"message": message, "type": kind, "param": None, "code": code}}
    return lambda handler, _: handler.reply(status, body, **headers)


REFUSED = error(
    400,
    "Your request was rejected by the safety system. safety_violations=[violence].",
    "image_generation_user_error",
    "moderation_blocked",
)
BUSY = error(429, "Rate limit reached.", "requests", "rate_limit_exceeded", retry_after_ms="20")
NO_CREDIT = error(
    429, "You exceeded your current quota.", "insufficient_quota", "insufficient_quota", retry_after_ms="1"
)
HARD_LIMIT = error(
    400, "Billing hard limit has been reached", "image_generation_user_error", "billing_hard_limit_reached"
)
NO_MODEL = error(404, "The model does not exist.", "invalid_request_error", "model_not_found")
WRONG_KEY = error(401, "Incorrect API key provided.", "invalid_request_error", "invalid_api_key")
NO_STREAM = error(400, "Unknown parameter: 'stream'.", "invalid_request_error", "unknown_parameter")
BROKEN = error(500, "The server had an error.", "server_error", None, x_should_retry="false")


def without(*refused: str, answer: Any, status: int = 400) -> Any:
    """A server that takes none of these parameters, and names them one at a time."""

    def reply(handler: Handler, seen: Seen) -> None:
        if named := [one for one in refused if one in seen.fields]:
            body = {"message": f"Unknown parameter: '{named[0]}'.", "type": "invalid_request_error"}
            handler.reply(status, {"error": {**body, "param": named[0], "code": "unknown_parameter"}})
        else:
            answer(handler, seen)

    return reply


def after(event: threading.Event, answer: Any) -> Any:
    """The same answer, once this has happened."""

    def reply(handler: Handler, seen: Seen) -> None:
        event.wait(PATIENCE)
        answer(handler, seen)

    return reply


def pictures(*each: Any) -> Any:
    """One plain answer with these files; a stand-in among them paints one."""

    def reply(handler: Handler, seen: Seen) -> None:
        image, opened = seen.picture("image")[..., :3], seen.picture("mask")[..., 3] == 0
        data = [
            base64.b64encode(one).decode() if isinstance(one, bytes) else encoded(one(image, opened)) for one in each
        ]
        handler.reply(200, {"created": 1_790_000_000, "data": [{"b64_json": one} for one in data]})

    return reply


def says(text: str, kind: str) -> Any:
    """Any words of any kind, with status 200."""

    def reply(handler: Handler, _: Seen) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", kind)
        handler.send_header("Content-Length", str(len(text.encode())))
        handler.end_headers()
        handler.wfile.write(text.encode())

    return reply


def events(*told: tuple[str, dict[str, Any]]) -> Any:
    """A stream of these events."""
    return lambda handler, _: handler.stream(list(told))


def ends_early(handler: Handler, seen: Seen) -> None:
    """A stream that ends in good order, but without the finished picture."""
    one = {"type": "image_edit.partial_image", "b64_json": "", "partial_image_index": 0, "size": seen.fields["size"]}
    handler.stream([("image_edit.partial_image", one)])


def silence(handler: Handler, _: Seen) -> None:
    """No word until the other side has given up."""
    handler.connection.settimeout(5)
    handler.rfile.read(1)
    handler.close_connection = True


def hang_up(handler: Handler, _: Seen) -> None:
    """No answer at all."""
    handler.close_connection = True
    handler.connection.close()


def opinion(text: str, *, refusal: bool = False) -> Any:
    """An answer of the Responses API with this text."""
    part = (
        {"type": "refusal", "refusal": text}
        if refusal
        else {"type": "output_text", "text": text, "annotations": [], "logprobs": []}
    )

    def reply(handler: Handler, seen: Seen) -> None:
        message = {"id": "msg_1", "type": "message", "role": "assistant", "status": "completed", "content": [part]}
        handler.reply(
            200,
            {
                "id": "resp_1",
                "object": "response",
                "created_at": 1_790_000_000,
                "status": "completed",
                "model": f"{seen.json['model']}-2026-10-01",
                "output": [message],
                "parallel_tool_calls": True,
                "tool_choice": "auto",
                "tools": [],
                "error": None,
                "incomplete_details": None,
            },
        )

    return reply


def encoded(samples: np.ndarray) -> str:
    """A candidate as the API sends it."""
    out = io.BytesIO()
    Image.fromarray(samples).save(out, "PNG", compress_level=1)
    return base64.b64encode(out.getvalue()).decode()
