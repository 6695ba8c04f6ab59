"""The connection to the server, and its errors in plain words: what went wrong, and what to do next.

The client reads OPENAI_API_KEY, OPENAI_BASE_URL and their like itself, and retries by its own rules (twice, after the
time that the server names). Time-outs, rate limits, lost connections and a server's own failures end with status 3,
since the same command may succeed later; whatever has to be changed first ends with status 2.
"""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeAlias

from maskproof.edit.api import models
from maskproof.errors import MaskproofError, NoAnswer, UsageError

if TYPE_CHECKING:
    import openai

    from maskproof.edit.api.models import ImageModel

Client: TypeAlias = "openai.OpenAI"
"""a connection; named here so that no other part imports the package, not even for its types"""
INSTALL = "Run `pip install 'maskproof[openai]'`."
OPENAI = "api.openai.com"
NOTHING = "Nothing was written"
HIDDEN = "[key]"
LIKE_KEYS = re.compile(r"\b(?:sk|key)-[\w*.\u2026-]{6,}")
"""what looks like a key of OpenAI or of a gateway, with stars or dots in it where a server hides a part"""
MAX_QUOTED_CHARS = 400
"""characters of a server's own words that a message repeats"""
BILLING = frozenset({"insufficient_quota", "billing_hard_limit_reached", "billing_not_active"})
REFUSED = frozenset({"moderation_blocked", "content_policy_violation", "image_content_policy_violation"})
NO_MODEL = frozenset({"model_not_found", "model_not_available", "model_deprecated"})
Problem = tuple[bool, type[MaskproofError], str, str]
"""whether it applies, the error, what is wrong and what to do next"""


def connect(timeout: float | None, azure: bool = False) -> Client:
    """A client for the server that the environment names.

    Args:
        timeout: Seconds to wait for an answer; None: the client's own (600).
        azure: The environment names an Azure OpenAI endpoint, which goes before OpenAI's own server; models are the
            names of deployments there.

    Raises:
        UsageError: the package is missing, there is no key, or Azure lacks something.
    """
    try:
        import openai
    except ImportError as error:
        raise UsageError("this command needs the openai package, which is not installed", INSTALL) from error
    missing = UsageError(
        "there is no key for the server",
        "Set it in the environment: `export OPENAI_API_KEY=...`. For another server than OpenAI's set OPENAI_BASE_URL "
        "as well.",
    )
    if azure:
        return _connect_azure({} if timeout is None else {"timeout": timeout})
    try:
        made = openai.OpenAI() if timeout is None else openai.OpenAI(timeout=timeout)
    except openai.OpenAIError as error:
        raise missing from error
    if not made.api_key:  # set, but to nothing: the client would send it
        made.close()
        raise missing
    return made


def _connect_azure(options: dict[str, Any]) -> Client:
    """The client of Azure OpenAI, which reads endpoint, key and version from the environment itself."""
    import openai

    advice = (
        "Set AZURE_OPENAI_ENDPOINT, AZURE_OPENAI_API_KEY and OPENAI_API_VERSION; the deployment is the `--model`. "
        "For another server unset AZURE_OPENAI_ENDPOINT."
    )
    try:
        made = openai.AzureOpenAI(**options)
    except (openai.OpenAIError, ValueError) as error:
        said = str(error).rstrip(".")[:MAX_QUOTED_CHARS]
        raise UsageError(f"Azure OpenAI cannot be asked: {said}", advice) from error
    if not made.default_query.get("api-version"):  # set, but to nothing: the client would send it
        raise UsageError("Azure OpenAI cannot be asked: OPENAI_API_VERSION is empty", advice)
    return made


def is_azure(client: Client) -> bool:
    """Does it ask Azure OpenAI?"""
    import openai

    return isinstance(client, openai.AzureOpenAI)


def hide(text: str, client: Client) -> str:
    """A server's words without the key, which some repeat, whole or in part."""
    for secret in filter(None, (client.api_key, getattr(client, "_azure_ad_token", None))):
        text = text.replace(str(secret), HIDDEN)
    return LIKE_KEYS.sub(HIDDEN, text)


def host(client: Client) -> str:
    """The server that pictures go to, as a reader knows it; without a name or password that its address may hold."""
    url = client.base_url
    return url.host if url.port is None else f"{url.host}:{url.port}"


def accept(client: Client, model: ImageModel) -> None:
    """Refuse, before anything is sent, a model that this server does not have any more.

    Raises:
        UsageError: OpenAI has shut it down.
    """
    if model.retired is not None and client.base_url.host == OPENAI:
        raise UsageError(
            f"OpenAI shut the model {model.name} down on {model.retired}",
            f"Take another one: `--model {models.DEFAULT}`. Served are {', '.join(models.list_served())} "
            f"(as of {models.AS_OF}).",
        )


def explain(error: openai.OpenAIError, model: str, client: Client) -> MaskproofError:
    """An error of the client in plain words."""
    import openai

    said, server = _quote(error, client), host(client)
    if isinstance(error, openai.APITimeoutError):
        return NoAnswer(
            f"{server} did not answer in time. {NOTHING}",
            "Try again, allow more time with `--timeout SECONDS`, or ask for less (`-n`, `--quality`).",
        )
    if isinstance(error, openai.APIConnectionError):
        return NoAnswer(
            f"the connection to {server} was lost or could not be made ({_cause(error, client)}). {NOTHING}",
            "Check the network, and OPENAI_BASE_URL if it is set; then try again.",
        )
    code = getattr(error, "code", None) or ""
    status = getattr(error, "status_code", 0)
    for applies, kind, reason, advice in _problems(code, status, server, model):
        if applies:
            return kind(f"{reason}: {said}. {NOTHING}", advice)
    return UsageError(f"{server} did not take the request: {said}. {NOTHING}", "Change what it names, and try again.")


def _problems(code: str, status: int, server: str, model: str) -> tuple[Problem, ...]:
    """What a server's answer may mean; the first that applies is told."""
    served = ", ".join(models.list_served())
    return (
        (
            code in REFUSED,
            UsageError,
            f"{server} refused the picture or the prompt under its rules on content ({model})",
            "Reword the prompt, or send less with `--crop`. The same request is likely to be refused again.",
        ),
        (
            code in BILLING,
            UsageError,
            f"the account at {server} has no credit left or has reached its limit ({model})",
            "Add credit or raise the limit in the account's billing settings; then run the same command again.",
        ),
        (
            code in NO_MODEL or status == HTTPStatus.NOT_FOUND,
            UsageError,
            f"{server} does not know the model {model!a}, or this key may not use it",
            f"Try `--model {models.nearest(model)}`. OpenAI serves {served} (as of {models.AS_OF}).",
        ),
        (
            status == HTTPStatus.UNAUTHORIZED,
            UsageError,
            f"{server} does not accept the key ({model})",
            "Check OPENAI_API_KEY (of Azure: AZURE_OPENAI_API_KEY): `export OPENAI_API_KEY=...`.",
        ),
        (
            status == HTTPStatus.FORBIDDEN,
            UsageError,
            f"{server} does not let this key use {model}",
            "Image models ask for a verified organisation: check that, and the rights of the key.",
        ),
        (
            status == HTTPStatus.TOO_MANY_REQUESTS,
            NoAnswer,
            f"{server} gets too many requests from this account ({model})",
            "Wait a minute and run the same command again; in a batch, lower `--jobs`.",
        ),
        (
            status >= HTTPStatus.INTERNAL_SERVER_ERROR,
            NoAnswer,
            f"{server} had an internal error ({model})",
            "Run the same command again later.",
        ),
    )


def _quote(error: openai.OpenAIError, client: Client) -> str:
    """The server's own words without the rest of its answer, cut to a length that fits a terminal."""
    body = getattr(error, "body", None)
    message = body.get("message") if isinstance(body, dict) else None
    text = message if isinstance(message, str) and message else str(error)
    number = hide(getattr(error, "request_id", None) or "", client)
    text = hide(text, client).strip().rstrip(".")[:MAX_QUOTED_CHARS]
    return f"{text} (request {number})" if number and number not in text else text


def _cause(error: openai.OpenAIError, client: Client) -> str:
    cause = error.__cause__
    return hide(str(cause or error), client).rstrip(".")[:MAX_QUOTED_CHARS]
