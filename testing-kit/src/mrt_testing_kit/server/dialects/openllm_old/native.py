"""The native API of the old line: prompts in, texts with token ids out."""

from __future__ import annotations

import json
import zlib
from typing import Any

from mrt_testing_kit.server import oracle
from mrt_testing_kit.server.answer import Answer, tokens
from mrt_testing_kit.server.call import Call
from mrt_testing_kit.server.dialects.openai.read import stops
from mrt_testing_kit.server.loose import is_array, is_object
from mrt_testing_kit.server.oracle import Conversation, Turn
from mrt_testing_kit.server.wire import Event, Framing, Reply, json_reply

FAILED = "An error has occurred in BentoML user code when handling this request, find the error details in server logs"

# What llm_config takes: any other key is a 500.
GENERATION: dict[str, Any] = {
    "max_new_tokens": 128,
    "min_length": 0,
    "early_stopping": False,
    "num_beams": 1,
    "num_beam_groups": 1,
    "use_cache": True,
    "temperature": 0.75,
    "top_k": 15,
    "top_p": 0.78,
    "typical_p": 1.0,
    "epsilon_cutoff": 0.0,
    "eta_cutoff": 0.0,
    "diversity_penalty": 0.0,
    "repetition_penalty": 1.0,
    "encoder_repetition_penalty": 1.0,
    "length_penalty": 1.0,
    "no_repeat_ngram_size": 0,
    "renormalize_logits": False,
    "remove_invalid_values": False,
    "num_return_sequences": 1,
    "output_attentions": False,
    "output_hidden_states": False,
    "output_scores": False,
    "encoder_no_repeat_ngram_size": 0,
}

SAMPLING: dict[str, Any] = {
    "n": 1,
    "best_of": None,
    "presence_penalty": 0.0,
    "frequency_penalty": 0.0,
    "use_beam_search": False,
    "ignore_eos": False,
    "skip_special_tokens": True,
}

_TAKEN = {*GENERATION, *SAMPLING, "logprobs", "prompt_logprobs", "eos_token_id", "generation_config", "suffix"}
_TOP = {"prompt", "llm_config", "stop", "adapter_name"}


def generation_of(call: Call) -> str:
    """Return ``0.3``, ``0.4`` or ``0.5``; a command line may have made a number of it."""
    return str(call.server.settings.get("generation", "0.4"))


def ids(text: str) -> list[int]:
    """Return token ids for a text: one for each of the oracle's tokens."""
    return [1 + zlib.crc32(token.encode("utf-8", "surrogatepass")) % 31999 for token in tokens(text)]


def failed() -> Reply:
    """The answer to every failure but bad JSON: a string, and the cause is in the log alone."""
    return json_reply(FAILED, 500)


def acceptable(call: Call) -> bool:
    """Say whether a request is one that the server can answer."""
    body, generation = call.body, generation_of(call)
    config: Any = body.get("llm_config") or {}
    top = _TOP if generation != "0.5" else {"prompt", "prompt_token_ids", "llm_config"}
    if generation == "0.5":
        body = {name: value for name, value in body.items() if name != "stop"}
    if not isinstance(body.get("prompt"), str) or set(body) - top or not is_object(config):
        return False
    taken = _TAKEN | {"stop"} if generation == "0.5" else _TAKEN
    if set(config) - taken:
        return False
    warmth, limit, share = (config.get(name) for name in ("temperature", "max_new_tokens", "top_p"))
    numbers = [value for value in (warmth, limit, share) if value is not None]
    if any(isinstance(value, bool) or not isinstance(value, int | float) for value in numbers):
        return False
    context = int(call.server.settings.get("max_model_len", 4096))
    return (
        (warmth is None or 0 <= warmth <= 1)
        and (limit is None or 0 < limit <= context)
        and (share is None or 0 <= share <= 1)
    )


def answer_to(call: Call) -> Answer:
    """Let the oracle answer the prompt."""
    body = call.body
    config: dict[str, Any] = body.get("llm_config") or {}
    stop: Any = config.get("stop") if generation_of(call) == "0.5" else body.get("stop")
    talk = Conversation(
        [Turn("user", body["prompt"])],
        params=dict(config),
        limit=config.get("max_new_tokens", GENERATION["max_new_tokens"]),
        stops=stops(stop),
    )
    return call.answer(talk)


def document(call: Call, text: str | None, token_ids: list[int], finish: str | None, finished: bool, name: str) -> Any:
    """Write one answer, or one event of a stream."""
    output = {
        "index": 0,
        "text": text,
        "token_ids": token_ids,
        "cumulative_logprob": 0.0,
        "logprobs": None,
        "finish_reason": finish,
    }
    prompt = call.body["prompt"]
    return {
        "prompt": prompt,
        "finished": finished,
        "outputs": [output],
        "prompt_token_ids": ids(prompt),
        "prompt_logprobs": None,
        "request_id": name,
    }


def generate(call: Call) -> Reply:
    """Answer ``POST /v1/generate``."""
    if not acceptable(call):
        return failed()
    answer = answer_to(call)
    if generation_of(call) == "0.3":
        config = {"max_new_tokens": 8, "temperature": 0.75, "top_k": 15, "top_p": 0.9}
        return call.json_reply({"responses": [answer.text], "configuration": config}, answer=answer)
    spoken = ids(answer.text)
    # The engine counts the end once more: as many ids as the prompt has are repeated.
    asked = len(ids(call.body["prompt"]))
    spoken += spoken[-asked:] if asked else []
    name = f"openllm-{call.server.hexes(32)}"
    return call.json_reply(document(call, answer.text, spoken, answer.finish, True, name), answer=answer)


def generate_stream(call: Call) -> Reply:
    """Answer ``POST /v1/generate_stream``: a bad value is 200 and then a cut connection."""
    headers = [("content-type", "text/event-stream; charset=utf-8")]
    if not acceptable(call):
        return Reply(200, headers, events=[], terminator=False, ending="close")
    answer = answer_to(call)
    name = f"openllm-{call.server.hexes(32)}"
    events: list[Event] = []
    bare = generation_of(call) == "0.3"
    for piece in call.pieces(answer):
        if piece.kind == "text" and bare:
            events.append(Event(raw=piece.text or "", kind="text"))
        elif piece.kind == "text":
            data = document(call, piece.text, ids(piece.text or "")[:1], None, False, name)
            events.append(Event(data, kind="text"))
        elif piece.kind == "finish" and not bare:
            events.append(Event(document(call, "", [1], piece.finish, True, name), kind="finish"))
        elif piece.kind == "end" and not bare:
            events.append(Event(raw="[DONE]", kind="end"))
    return call.stream_reply(events, Framing(sse=not bare), answer)


def metadata(call: Call) -> Reply:
    """Answer ``POST /v1/metadata``: a POST, and an empty body will do."""
    settings = call.server.settings
    generation = {name: value for name, value in GENERATION.items() if name not in settings.get("without", ())}
    generation |= settings.get("defaults", {})
    name = next(iter(call.server.models or ("tiny-llama",)))
    about: dict[str, Any] = {"model_id": f"/models/{name}", "timeout": 36000000, "model_name": "llama"}
    configuration: dict[str, Any] = {"generation_config": generation, **SAMPLING}
    if generation_of(call) == "0.5":
        about |= {"trust_remote_code": False, "configuration": configuration}
        about |= {"serialisation": "safetensors", "quantise": None}
    else:
        about |= {"backend": "pt", "configuration": json.dumps(configuration, separators=(",", ":"))}
    if generation_of(call) == "0.3":
        about |= {"supports_embeddings": True, "supports_hf_agent": True}
    return call.json_reply(about)


def embed(call: Call) -> Reply:
    """Answer ``POST /v1/embeddings`` of 0.3: a list with one object."""
    texts: Any = call.request.json if call.request.body else []
    if not is_array(texts):
        return failed()
    vectors = [row.vector for row in call.vectors([str(text) for text in texts], indexed=False)]
    return call.json_reply([{"embeddings": vectors, "num_tokens": sum(oracle.count(str(text)) for text in texts)}])
