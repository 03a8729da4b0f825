"""Chat and text completions of the xinference dialect, engine by engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from mrt_testing_kit.server.answer import Piece
from mrt_testing_kit.server.call import Call
from mrt_testing_kit.server.dialects.openai import read
from mrt_testing_kit.server.dialects.openai.shapes import logprobs
from mrt_testing_kit.server.dialects.xinference import llamacpp, transformers, vllm
from mrt_testing_kit.server.loose import is_object
from mrt_testing_kit.server.oracle import Conversation, Turn
from mrt_testing_kit.server.wire import Event, Framing, Reply

if TYPE_CHECKING:
    from mrt_testing_kit.server.dialects.xinference.dialect import Xinference

_FRAMING = Framing(newline="\r\n", compact=False)


def wants_usage(body: dict[str, Any]) -> bool:
    """Say whether the stream is to end with a usage chunk."""
    options = body.get("stream_options")
    return is_object(options) and bool(options.get("include_usage"))


def about(call: Call) -> dict[str, Any]:
    """Return the description of the call's model."""
    return cast("Xinference", call.dialect).models[call.model]


def chat(call: Call) -> Reply:
    """Answer ``POST /v1/chat/completions``."""
    model = about(call)
    engine = model.get("model_engine")
    reasons = "reasoning" in model["model_ability"] and _thinking_on(call.body)
    talk = read.conversation(call.body, thinks=reasons)
    # Transformers does not look at tool_choice; llama.cpp minds "required" alone, and leaves a call as text for "none".
    raw_calls = engine == "llama.cpp" and talk.tool_choice == "none"
    if engine == "Transformers" or raw_calls or talk.tool_choice.startswith("name:"):
        talk.tool_choice = "auto"
    if engine == "Transformers":
        # It does not look at images or schemas either.
        talk.schema = None
        for turn in talk.turns:
            turn.images = []
    answer = call.answer(talk)
    wanted = wants_usage(call.body)
    if engine == "llama.cpp":
        if call.stream:
            return llamacpp.stream(call, answer, raw_calls, wanted)
        return llamacpp.whole(call, answer, raw_calls)
    if engine == "vLLM":
        return vllm.stream(call, answer, wanted) if call.stream else vllm.whole(call, answer)
    if call.stream:
        return transformers.stream(call, answer, reasons, wanted)
    return transformers.whole(call, answer, reasons)


def _thinking_on(body: dict[str, Any]) -> bool:
    if body.get("enable_thinking") is False:
        return False
    for name in ("chat_template_kwargs", "extra_body"):
        inner = body.get(name)
        if is_object(inner) and inner.get("enable_thinking") is False:
            return False
    return True


def completion(call: Call) -> Reply:
    """Answer ``POST /v1/completions``: a stream never sends ``[DONE]``."""
    body = call.body
    gguf = about(call).get("model_engine") == "llama.cpp"
    prompt = str(body["prompt"])
    if not prompt and not gguf:
        text = "Expected tensor for argument #1 'indices' to have one of the following scalar types: Long, Int"
        return call.dialect.error(500, f"[address={about(call)['address']}, pid=32407] {text}")
    limit = body.get("max_tokens")
    params = {name: value for name, value in body.items() if name not in ("prompt", "stream", "stream_options")}
    talk = Conversation(
        [Turn("user", prompt)],
        params=params,
        limit=limit if isinstance(limit, int) else None,
        stops=read.stops(body.get("stop")),
    )
    answer = call.answer(talk)
    base: dict[str, Any] = {"object": "text_completion", "created": call.dialect.now(), "model": call.model}
    if gguf:
        tail = {**base, "model": llamacpp.path(call), "system_fingerprint": "b0-unknown"}
        name = f"chatcmpl-{call.server.token(32)}"
    else:
        tail = {}
        base = {"id": call.dialect.uuid(), **base}
        name = ""
    if not call.stream:
        choice: dict[str, Any] = {"text": answer.text, "index": 0, "logprobs": None, "finish_reason": answer.finish}
        if gguf and body.get("logprobs"):
            choice["logprobs"] = logprobs(answer, int(body["logprobs"]), ids=True)
        if gguf:
            extra = {"usage": llamacpp.usage(answer.usage), "id": name, "timings": llamacpp.timings(answer.usage)}
            order = {key: tail[key] for key in ("created", "model", "system_fingerprint", "object")}
            return call.json_reply({"choices": [choice], **order, **extra}, answer=answer)
        return call.json_reply({**base, "choices": [choice], "usage": transformers.counts(answer.usage)}, answer=answer)
    wanted = wants_usage(body)
    events: list[Event] = []
    spoken = 0
    for piece in call.pieces(answer):
        spoken += piece.kind == "text"
        events += _gguf_piece(piece, tail, name) if gguf else _piece(piece, base, spoken, wanted)
    return call.stream_reply(events, _FRAMING, answer)


def _piece(piece: Piece, base: dict[str, Any], spoken: int, wanted: bool) -> list[Event]:
    choice = {"text": piece.text or "", "index": 0, "logprobs": None, "finish_reason": None}
    if piece.kind == "start":
        return [Event({**base, "choices": [choice]}, kind="start")]
    if piece.kind == "text":
        # The engine counts as it goes: usage runs along in every chunk, and only the last is the whole.
        so_far = None if piece.usage is None else transformers.counts(piece.usage)
        if so_far is None:
            so_far = {"prompt_tokens": spoken, "completion_tokens": spoken, "total_tokens": 2 * spoken}
        return [Event({**base, "choices": [choice], "usage": so_far}, kind="text")]
    if piece.kind == "finish":
        choice = {**choice, "text": "", "finish_reason": piece.finish}
        return [Event({**base, "choices": [choice], "usage": transformers.counts(piece.usage)}, kind="finish")]
    if piece.kind == "usage" and wanted:
        return [Event({**base, "choices": [], "usage": transformers.counts(piece.usage)}, kind="usage")]
    return []


def _gguf_piece(piece: Piece, tail: dict[str, Any], name: str) -> list[Event]:
    if piece.kind not in ("text", "finish"):
        return []
    text, finish = (piece.text, None) if piece.kind == "text" else ("", piece.finish)
    choice = {"text": text, "index": 0, "logprobs": None, "finish_reason": finish}
    order = {key: tail[key] for key in ("created", "model", "system_fingerprint", "object")}
    extra: dict[str, Any] = {"id": name}
    if finish is not None or piece.kind == "finish":
        extra = {"usage": llamacpp.usage(piece.usage), "id": name, "timings": llamacpp.timings(piece.usage)}
    return [Event({"choices": [choice], **order, **extra}, kind=piece.kind)]
