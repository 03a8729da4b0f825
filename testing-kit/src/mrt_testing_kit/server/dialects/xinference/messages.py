"""The Messages endpoints of Xinference, which speak Anthropic's dialect with less in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from mrt_testing_kit.server import oracle
from mrt_testing_kit.server.answer import Usage
from mrt_testing_kit.server.call import Call, oracle_text
from mrt_testing_kit.server.dialects.anthropic import read, shapes
from mrt_testing_kit.server.wire import Framing, Reply, json_reply

if TYPE_CHECKING:
    from mrt_testing_kit.server.dialects.xinference.dialect import Xinference

_TYPES = {400: "invalid_request_error", 401: "authentication_error", 403: "permission_error", 404: "not_found_error"}


def error(call: Call, status: int, message: str) -> Reply:
    """Write an error in Anthropic's shape."""
    name = f"req_{call.server.hexes(32)}"
    body = {"type": "error", "error": {"type": _TYPES.get(status, "api_error"), "message": message}, "request_id": name}
    return json_reply(body, status, [("request-id", name)])


def counts(usage: Usage | None) -> dict[str, Any] | None:
    """Write token counts."""
    return None if usage is None else {"input_tokens": usage.prompt, "output_tokens": usage.completion}


def nothing(usage: Usage | None) -> dict[str, Any] | None:
    """Write the counts of the first event, which are always zero here."""
    return None if usage is None else {"input_tokens": 0, "output_tokens": 0}


def refusal(call: Call) -> Reply | None:
    """Refuse a request without a version, without a body that will do, or for an unknown model."""
    if not call.request.header("anthropic-version"):
        return error(call, 400, "The anthropic-version header is required")
    for name in ("model", "messages"):
        if not call.body.get(name):
            return error(call, 400, f"{name}: Field required")
    models = cast("Xinference", call.dialect).models
    if call.model not in models:
        text = f"Model not found in the model list, uid: {call.model}. Available model uids: {list(models)}"
        return error(call, 404, f"[address=127.0.0.1:48734, pid=32329] {text}")
    return None


def messages(call: Call) -> Reply:
    """Answer ``POST /v1/messages``."""
    refused = refusal(call)
    if refused is not None:
        return refused
    answer = call.answer(read.conversation(call.body))
    name = f"msg_{call.server.hexes(32)}"
    if call.stream:
        writer = shapes.Stream(name, call.model, first=nothing, last=counts, ping=False)
        events = [event for piece in call.pieces(answer) for event in writer.write(piece)]
        reply = call.stream_reply(events, Framing(newline="\r\n", compact=False), answer)
    else:
        reply = call.json_reply(shapes.message(name, call.model, answer, counts(answer.usage)), answer=answer)
    reply.headers.append(("request-id", f"req_{call.server.hexes(32)}"))
    return reply


def count_tokens(call: Call) -> Reply:
    """Answer ``POST /v1/messages/count_tokens``."""
    refused = refusal(call)
    if refused is not None:
        return refused
    reply = call.json_reply({"input_tokens": oracle.usage(oracle_text(read.conversation(call.body))).prompt})
    reply.headers.append(("request-id", f"req_{call.server.hexes(32)}"))
    return reply


def list_models(call: Call) -> Reply:
    """Answer ``GET /anthropic/v1/models``: a bare list of the language models."""
    rows = [
        {
            "id": uid,
            "object": "model",
            "created": 0,
            "display_name": about["model_name"],
            "type": "LLM",
            "max_tokens": about["context_length"],
        }
        for uid, about in cast("Xinference", call.dialect).models.items()
        if about["model_type"] == "LLM"
    ]
    return call.json_reply(rows)
