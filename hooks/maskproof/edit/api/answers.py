"""Opinions from the Responses API: pictures and a question go out, an answer in a form that was agreed on comes back.

The form is a JSON Schema made from the type that the answer is then read into, strictly: what a model writes is as
little to be trusted as any file.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
from msgspec import Struct

from maskproof.documents import Problems, read_json
from maskproof.edit.api.client import explain, hide, host
from maskproof.errors import NoAnswer, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import openai

Form = TypeVar("Form")
MAX_TOKENS = 4000
"""of an answer; a few sentences on a few pictures, and what the model thinks before it writes them"""


class Part(Struct, frozen=True):
    """A piece of a question: text, or the picture that it speaks of."""

    text: str = ""
    picture: bytes = b""
    """PNG"""


def ask(client: openai.OpenAI, model: str, rules: str, parts: Sequence[Part], form: type[Form]) -> tuple[Form, str]:
    """An answer in a form, and the name of the model that gave it.

    `rules` hold for the whole answer; `form` is a struct without optional fields.

    Raises:
        UsageError: no key, no credit, no such model, or the model refuses.
        NoAnswer: time-out, rate limit, a lost connection, or an answer in another form.
    """
    import openai

    server = host(client)
    try:
        answer: Any = client.responses.create(
            model=model,
            instructions=rules,
            input=[{"role": "user", "content": [_encode(part) for part in parts]}],
            text={
                "format": {"type": "json_schema", "name": form.__name__.lower(), "schema": schema(form), "strict": True}
            },
            max_output_tokens=MAX_TOKENS,
            store=False,  # the pictures are nobody else's business once the answer is there
        )
    except openai.OpenAIError as error:
        raise explain(error, model, client) from error
    except ValueError as error:
        raise NoAnswer(f"{server} sent an answer that cannot be read", "Run the same command again.") from error
    return _read(answer, form, server), hide(str(getattr(answer, "model", "") or model), client)


def schema(form: type[Any]) -> dict[str, Any]:
    """The JSON Schema of a struct with an object at its root, as strict answers ask for it."""
    (_,), parts = msgspec.json.schema_components([form], ref_template="#/$defs/{name}")
    return {**parts.pop(form.__name__), "$defs": parts}


def _encode(part: Part) -> Any:
    if part.picture:
        data = base64.b64encode(part.picture).decode()
        return {"type": "input_image", "image_url": f"data:image/png;base64,{data}", "detail": "high"}
    return {"type": "input_text", "text": part.text}


def _read(answer: Any, form: type[Form], server: str) -> Form:
    contents = [
        content
        for item in getattr(answer, "output", None) or ()
        if getattr(item, "type", "") == "message"
        for content in item.content
    ]
    if refusals := [one.refusal for one in contents if getattr(one, "type", "") == "refusal"]:
        raise UsageError(
            f"the model refused to say anything: {str(refusals[0])[:400].rstrip('.')}",
            "Look at the pictures yourself, or ask another model with `--model`.",
        )
    text = "".join(one.text for one in contents if getattr(one, "type", "") == "output_text")
    if not text:
        status = getattr(answer, "status", None)
        raise NoAnswer(
            f"{server} sent an answer without a word in it (status {str(status)[:40]!a})", "Run the same command again."
        )
    try:
        return read_json(text.encode(), form)
    except Problems as error:
        raise NoAnswer(
            f"the model's answer does not have the form that was asked for: {'; '.join(error.problems[:3])}",
            "Run the same command again, or ask another model with `--model`.",
        ) from error
