"""Edits from the Images API: a picture, a mask and a prompt go out, one or several candidates come back.

One candidate is streamed, so that half-finished pictures tell how far it is and no silence of minutes ends the
connection; the API streams one picture at a time ("Streaming is only supported with n=1"), so several come in one
plain answer. A server that does not stream is asked again without, or its plain answer is taken as it is.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from maskproof.edit.api.client import NOTHING, OPENAI, explain, host
from maskproof.errors import MaskproofError, NoAnswer, UsageError
from maskproof.model import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import openai

    from maskproof.edit.api.models import ImageModel

PARTIAL_IMAGES = 2
"""half-finished pictures to ask for while streaming; each is billed, so no more than tell that it goes on"""
STREAM_FIELDS = frozenset({"stream", "partial_images"})
MAX_PICTURE_BYTES = 64_000_000
"""bytes of one candidate at the most; the limit of `containers` for pictures"""


@dataclass(frozen=True, slots=True)
class ImageRequest:
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

    @property
    def parameters(self) -> dict[str, Any]:
        """What a record should say of the request; no answer repeats it."""
        named = {
            "size": f"{self.size[0]}x{self.size[1]}",
            "n": self.n,
            "quality": self.quality,
            "input_fidelity": self.fidelity,
            "background": self.background,
        }
        return {key: value for key, value in named.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    pictures: tuple[bytes, ...]
    """the candidates' files, in the order of the answer"""
    request_id: str | None
    """the server's number for the request; support asks for it"""
    usage: dict[str, Any]
    """tokens, as the server counts them"""


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
) -> ImageRequest:
    """A request in the words of one model.

    Raises:
        UsageError: the model does not take this quality.
    """
    if quality is not None and model.qualities is not None and quality not in model.qualities:
        raise UsageError(
            f"the model {model.name} does not know the quality {quality!a}", f"Choose {' or '.join(model.qualities)}."
        )
    background = ("transparent" if transparent else "opaque") if model.transparent else None
    return ImageRequest(image, mask, prompt, model.name, size, n, quality, model.fidelity, background)


def request_edits(client: openai.OpenAI, request: ImageRequest, progress: Callable[[str], None]) -> Answer:
    """Candidates for one request.

    `progress` is told in words how far it is.

    Raises:
        UsageError: no key, no credit, no such model, refused, or a request that the server does not take.
        NoAnswer: time-out, rate limit, a lost connection, or an answer without a picture.
    """
    import openai

    server = host(client)
    try:
        if request.n > 1:
            return _request_plain(client, request, progress)
        try:
            return _stream(client, request, progress)
        except openai.BadRequestError as error:
            if error.param not in STREAM_FIELDS and "stream" not in str(error.message).lower():
                raise
        progress(f"{server} does not stream, asking again without")
        return _request_plain(client, request, progress)
    except openai.OpenAIError as error:
        raise explain(error, request.model, server) from error
    except ValueError as error:  # JSON or an event that is cut short or no JSON at all
        raise _unusable(server, "an answer that cannot be read") from error


def _fields(client: openai.OpenAI, request: ImageRequest) -> dict[str, Any]:
    """The form of the request. Other servers may answer with links, unless asked for the picture itself."""
    fields: dict[str, Any] = {
        "image": ("image.png", request.image, "image/png"),
        "mask": ("mask.png", request.mask, "image/png"),
        "prompt": request.prompt,
        "model": request.model,
        **request.parameters,
    }
    if client.base_url.host == OPENAI or request.model.startswith(("gpt-image", "chatgpt-image")):
        return fields | {"output_format": "png"}
    return fields | {"response_format": "b64_json"}


def _request_plain(client: openai.OpenAI, request: ImageRequest, progress: Callable[[str], None]) -> Answer:
    progress(f"waiting for {counted(request.n, 'candidate')} from {request.model}")
    raw = client.images.with_raw_response.edit(**_fields(client, request))
    return _collect(raw.parse(), raw.request_id, host(client))


def _stream(client: openai.OpenAI, request: ImageRequest, progress: Callable[[str], None]) -> Answer:
    progress(f"waiting for {request.model}")
    raw = client.images.with_raw_response.edit(**_fields(client, request), stream=True, partial_images=PARTIAL_IMAGES)
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
            ImagesResponse.construct(**told) if isinstance(told, dict) else None, raw.request_id, host(client)
        )
    with raw.parse() as events:
        done = _last(events, progress)
    if done is None:
        raise NoAnswer(
            f"{host(client)} ended the answer before the picture was complete. {NOTHING}", "Run the same command again."
        )
    return Answer((_decode(done.b64_json, host(client)),), raw.request_id, _usage(done))


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
    return NoAnswer(
        f"{server} sent {what}. {NOTHING}", "Run the same command again; if it stays so, try another model."
    )
