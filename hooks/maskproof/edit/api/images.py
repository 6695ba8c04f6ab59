"""Edits from the Images API: a picture, a mask and a prompt go out, one or several candidates come back.

One candidate is streamed, so that half-finished pictures tell how far it is and no silence of minutes ends the
connection; the API streams one picture at a time ("Streaming is only supported with n=1"), so several come in one
plain answer. A server that does not stream is asked again without, or its plain answer is taken as it is. So is one
that refuses another parameter by its name: Azure and gateways take fewer than OpenAI, and say which only when asked.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field
from msgspec.structs import replace

from maskproof.edit.api.client import BILLING, NOTHING, OPENAI, REFUSED, explain, hide, host, is_azure
from maskproof.errors import MaskproofError, NoAnswer, UsageError
from maskproof.model import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    import openai

    from maskproof.edit.api.models import ImageModel

PARTIAL_IMAGES = 2
"""half-finished pictures to ask for while streaming; each is billed, so no more than tell that it goes on"""
NEEDED = frozenset({"image", "mask", "prompt", "model"})
"""without these nothing is asked for"""
PERSONAL = frozenset({"safety_identifier", "user"})
"""what names a person to the server, and is kept in no record"""
UNKNOWN_TO_CLIENT = frozenset({"moderation"})
"""parameters of the API that the client's function does not name"""
LOSSY = frozenset({"jpeg", "webp"})
STREAM_FIELDS = frozenset({"stream", "partial_images"})
MAX_PICTURE_BYTES = 64_000_000
"""bytes of one candidate at the most; the limit of `containers` for pictures"""


class ImageRequest(Struct, frozen=True):
    """One request for edits."""

    image: bytes
    """PNG, under 50 MB"""
    mask: bytes
    """PNG with alpha 0 where editing is allowed, of the same size, under 4 MB"""
    prompt: str
    model: str
    size: tuple[int, int]
    """width and height of the candidates, px"""
    n: int = 1
    quality: str | None = None
    """None: the model's own"""
    fidelity: str | None = None
    background: str | None = None
    references: tuple[bytes, ...] = ()
    """PNGs of what the edit is to go by: a product, a logo, a style; the mask is of `image` alone"""
    options: Mapping[str, Any] = field(default_factory=dict)
    """what else was asked for, by the names of the API"""

    @property
    def parameters(self) -> dict[str, Any]:
        """What a record should say of the request; no answer repeats it."""
        named = {
            "size": f"{self.size[0]}x{self.size[1]}",
            "n": self.n,
            "quality": self.quality,
            "input_fidelity": self.fidelity,
            "background": self.background,
            **{key: value for key, value in self.options.items() if key not in PERSONAL},
        }
        return {key: value for key, value in named.items() if value is not None}


class Answer(Struct, frozen=True):
    """What came back."""

    pictures: tuple[bytes, ...]
    """the candidates' files, in the order of the answer"""
    request_id: str | None
    """the server's number for the request; support asks for it"""
    usage: dict[str, Any]
    """tokens, as the server counts them"""
    left_out: tuple[str, ...] = ()
    """parameters that the server refused, and that were left out"""


def build_request(
    model: ImageModel,
    image: bytes,
    mask: bytes,
    prompt: str,
    size: tuple[int, int],
    n: int,
    quality: str | None,
    *,
    transparent: bool,
    references: tuple[bytes, ...] = (),
    options: Mapping[str, Any] | None = None,
) -> ImageRequest:
    """A request in the words of one model.

    Raises:
        UsageError: the model does not take this quality, or two of the options contradict each other.
    """
    asked = options or {}
    lossy = asked.get("output_format") in LOSSY
    if "output_compression" in asked and not lossy:
        raise UsageError("--output-compression is for jpeg and webp", "Add `--output-format webp`, or leave it out.")
    if transparent and asked.get("output_format") == "jpeg":
        raise UsageError("the original is transparent, which no JPEG holds", "Ask for `--output-format webp`, or png.")
    if quality is not None and model.qualities is not None and quality not in model.qualities:
        raise UsageError(
            f"the model {model.name} does not know the quality {quality!a}", f"Choose {' or '.join(model.qualities)}."
        )
    background = ("transparent" if transparent else "opaque") if model.transparent else None
    return ImageRequest(
        image, mask, prompt, model.name, size, n, quality, model.fidelity, background, references, asked
    )


def request_edits(client: openai.OpenAI, request: ImageRequest, progress: Callable[[str], None]) -> Answer:
    """Candidates for one request.

    `progress` is told in words how far it is.

    Raises:
        UsageError: no key, no credit, no such model, refused, or a request that the server does not take.
        NoAnswer: time-out, rate limit, a lost connection, or an answer without a picture.
    """
    import openai

    server = host(client)
    left: tuple[str, ...] = ()
    try:
        while True:
            fields = {key: value for key, value in _fields(client, request).items() if key not in left}
            streams = request.n == 1 and not STREAM_FIELDS & set(left)
            try:
                answer = (_stream if streams else _request_plain)(client, request, fields, progress)
            except (openai.BadRequestError, openai.UnprocessableEntityError) as error:
                named = _refused(error, fields, streams=streams)
                if named is None:
                    raise
                told = "does not stream" if named in STREAM_FIELDS else f"does not take the parameter {named}"
                progress(f"{server} {told}, asking again without")
                left = (*left, named)
                continue
            return replace(answer, left_out=tuple(one for one in left if one not in STREAM_FIELDS))
    except openai.OpenAIError as error:
        raise explain(error, request.model, client) from error
    except ValueError as error:  # JSON or an event that is cut short or no JSON at all
        raise _unusable(server, "an answer that cannot be read") from error


def partial_images(request: ImageRequest) -> int:
    """Half-finished pictures that are asked for, and billed."""
    return PARTIAL_IMAGES if request.n == 1 else 0


def _refused(error: openai.APIStatusError, fields: Mapping[str, Any], *, streams: bool) -> str | None:
    """The parameter that a server refuses; None where it names none of those that a request can do without."""
    if error.code in REFUSED or error.code in BILLING:
        return None
    said = str(error.body or "") + str(error.message)
    named = {*re.findall(r"['\"`]([a-z_]{1,40})['\"`]", said), str(error.param or "")}
    dispensable = fields.keys() - NEEDED | (STREAM_FIELDS if streams else set())
    found: list[str] = sorted(named & dispensable)
    if found:
        return found[0]
    return "stream" if streams and "stream" in str(error.message).lower() else None


def _fields(client: openai.OpenAI, request: ImageRequest) -> dict[str, Any]:
    """The form of the request. Other servers may answer with links, unless asked for the picture itself."""
    fields: dict[str, Any] = {
        "image": _pictures(request),
        "mask": ("mask.png", request.mask, "image/png"),
        "prompt": request.prompt,
        "model": request.model,
        **request.parameters,
    }
    fields |= request.options
    openai_s = client.base_url.host == OPENAI or is_azure(client)
    if openai_s or request.model.startswith(("gpt-image", "chatgpt-image")):
        return {"output_format": "png", **fields}
    return fields | {"response_format": "b64_json"}


def _sent(fields: dict[str, Any]) -> dict[str, Any]:
    """The form as the client's function takes it."""
    own = {key: value for key, value in fields.items() if key not in UNKNOWN_TO_CLIENT}
    extra = {key: value for key, value in fields.items() if key in UNKNOWN_TO_CLIENT}
    return own | ({"extra_body": extra} if extra else {})


def _pictures(request: ImageRequest) -> Any:
    """The picture that is edited, and behind it those that the edit is to go by."""
    first = ("image.png", request.image, "image/png")
    others = [(f"reference-{at}.png", one, "image/png") for at, one in enumerate(request.references, 1)]
    return [first, *others] if others else first


def _request_plain(
    client: openai.OpenAI, request: ImageRequest, fields: dict[str, Any], progress: Callable[[str], None]
) -> Answer:
    progress(f"waiting for {counted(request.n, 'candidate')} from {request.model}")
    raw = client.images.with_raw_response.edit(**_sent(fields))
    return _collect(raw.parse(), _number(raw, client), host(client))


def _stream(
    client: openai.OpenAI, request: ImageRequest, fields: dict[str, Any], progress: Callable[[str], None]
) -> Answer:
    progress(f"waiting for {request.model}")
    raw = client.images.with_raw_response.edit(**_sent(fields), stream=True, partial_images=PARTIAL_IMAGES)
    if "event-stream" not in raw.headers.get("content-type", ""):
        from openai.types import ImagesResponse

        try:
            raw.http_response.read()
        except Exception as error:  # the transport's own errors, from another package with each version of the client
            raise NoAnswer(
                f"the connection to {host(client)} was lost ({type(error).__name__}). {NOTHING}",
                "Run the same command again.",
            ) from error
        told = raw.http_response.json()
        # Built without validation, as the client builds its own: other servers leave out what OpenAI's docs require.
        return _collect(
            ImagesResponse.construct(**told) if isinstance(told, dict) else None, _number(raw, client), host(client)
        )
    with raw.parse() as events:
        done = _last(events, progress)
    if done is None:
        raise NoAnswer(
            f"{host(client)} ended the answer before the picture was complete. {NOTHING}", "Run the same command again."
        )
    return Answer((_decode(done.b64_json, host(client)),), _number(raw, client), _usage(done))


def _number(raw: Any, client: openai.OpenAI) -> str | None:
    """The server's number for a request; it goes into the record."""
    return hide(str(raw.request_id), client)[:100] if raw.request_id else None


def _last(events: Iterable[Any], progress: Callable[[str], None]) -> Any:
    """The event with the finished picture; None where the stream ended without one."""
    seen = 0
    for event in events:
        kind = getattr(event, "type", "")
        if kind == "image_edit.partial_image":
            seen += 1
            progress(f"half-finished picture {seen} of {PARTIAL_IMAGES}")
        elif kind == "image_edit.completed":
            return event
    return None


def _collect(response: Any, request_id: str | None, server: str) -> Answer:
    """The candidates of a plain answer.

    Raises:
        MaskproofError: there is none.
    """
    data = getattr(response, "data", None)
    if not data:
        raise _unusable(server, "an answer without a picture")
    links = sum(not one.b64_json for one in data)
    if links == len(data):
        raise UsageError(
            f"{server} answered with links instead of pictures, and maskproof follows none. {NOTHING}",
            "Set the server up to return base64 data (`b64_json`).",
        )
    return Answer(tuple(_decode(one.b64_json, server) for one in data if one.b64_json), request_id, _usage(response))


def _decode(text: Any, server: str) -> bytes:
    if not isinstance(text, str) or len(text) > MAX_PICTURE_BYTES * 4 // 3:
        raise _unusable(server, "a picture that is larger than any that is read here, or none")
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise _unusable(server, "a picture that is not base64 data") from error


def _usage(answer: Any) -> dict[str, Any]:
    """Counts of tokens, as whole numbers by name; whatever else an answer holds is left out."""
    usage = getattr(answer, "usage", None)
    if usage is None:
        return {}
    told = usage if isinstance(usage, dict) else usage.model_dump(exclude_none=True)
    return {key: value for key, value in told.items() if key.endswith("_tokens") and isinstance(value, int)}


def _unusable(server: str, what: str) -> MaskproofError:
    """An answer that holds no picture; a page instead of one most often comes from a wrong address."""
    address = "" if server == OPENAI else "check its address (that of most ends with /v1), or "
    return NoAnswer(
        f"{server} sent {what}. {NOTHING}", f"Run the same command again; if it stays so, {address}try another model."
    )
