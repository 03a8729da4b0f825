"""S1 and S2: which fields an endpoint takes, and what it wants of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mrt_testing_kit.server.call import Call
from mrt_testing_kit.server.loose import is_array, is_object
from mrt_testing_kit.server.strict.rules import Violation, words

MOST_STOPS = 4
LEAST_TOKENS = 16

_SAMPLING = (
    "frequency_penalty logit_bias logprobs n presence_penalty seed stop stream stream_options temperature top_p user"
)

OPENAI: dict[str, frozenset[str]] = {
    "chat": words(
        f"{_SAMPLING} messages model audio function_call functions max_completion_tokens max_tokens metadata "
        "modalities moderation parallel_tool_calls prediction prompt_cache_key prompt_cache_options "
        "prompt_cache_retention reasoning_effort response_format safety_identifier service_tier store tool_choice "
        "tools top_logprobs verbosity web_search_options"
    ),
    "completion": words(f"{_SAMPLING} model prompt best_of echo max_tokens suffix"),
    "embedding": frozenset(["input", "model", "dimensions", "encoding_format", "user"]),
    "rerank": words("model query documents top_n return_documents max_chunks_per_doc"),
    "speech": words("input model voice instructions response_format speed stream_format"),
    "moderation": frozenset(["input", "model"]),
    "transcription": words(
        "file model chunking_strategy include[] language prompt response_format stream temperature "
        "timestamp_granularities[]"
    ),
}

_XINFERENCE_SAMPLING = (
    "top_k min_p repetition_penalty stop_token_ids stream_interval ignore_eos lora_name request_id "
    "chat_template_kwargs "
    "enable_thinking guided_json guided_regex guided_choice guided_grammar cache_salt mm_processor_kwargs extra_body"
)

XINFERENCE: dict[str, frozenset[str]] = {
    "chat": OPENAI["chat"] | frozenset(_XINFERENCE_SAMPLING.split()),
    "completion": OPENAI["completion"] | frozenset(_XINFERENCE_SAMPLING.split()),
    "embedding": OPENAI["embedding"] | {"return_sparse", "truncate_prompt_tokens"},
    "rerank": OPENAI["rerank"] | {"return_len", "kwargs"},
    "speech": words("input model voice response_format speed stream kwargs"),
    "transcription": OPENAI["transcription"] | {"kwargs"},
}

OLD_OPENLLM: dict[str, frozenset[str]] = {
    "chat": words(
        "messages model temperature top_p top_k n best_of echo stream stop max_tokens presence_penalty "
        "frequency_penalty logit_bias user chat_template add_generation_prompt"
    ),
    "completion": OPENAI["completion"] - {"seed", "stream_options"} | {"top_k"},
    "generate": frozenset(["prompt", "llm_config", "stop", "adapter_name"]),
}

ANTHROPIC: dict[str, frozenset[str]] = {
    "chat": words(
        "model messages max_tokens system metadata stop_sequences stream temperature top_k top_p tools "
        "tool_choice thinking service_tier container context_management mcp_servers output_config output_format "
        "cache_control diagnostics inference_geo speed user_profile_id workspace_id compaction fallbacks thread"
    ),
    "count_tokens": words(
        "model messages system tools tool_choice thinking mcp_servers output_config output_format cache_control "
        "context_management speed user_profile_id workspace_id"
    ),
}

# What the caller owns: nulls in there are data.
_OPAQUE = {"messages", "input", "tools", "documents", "metadata", "response_format", "output_format", "output_config"}


def unknown_and_null(call: Call, known: Mapping[str, frozenset[str]]) -> list[Violation]:
    """Return the fields that the endpoint does not know, and those that are null."""
    fields = known.get(call.kind)
    if fields is None:
        return []
    if call.kind == "transcription":
        names = [part.name for part in call.request.form]
        return [Violation("S1", f"unknown form field {name}", name) for name in names if name not in fields]
    found = [Violation("S1", f"unknown field {name}", name) for name in call.body if name not in fields]
    for name, value in call.body.items():
        if value is None:
            found.append(Violation("S1", f"the field {name} is null", name))
        elif is_object(value) and name not in _OPAQUE:
            nulls = [key for key, inner in value.items() if inner is None]
            found += [Violation("S1", f"the field {name}.{key} is null", name) for key in nulls]
    return found


def required(call: Call) -> list[Violation]:
    """Return the fields that ``settings={"required": {model or "*": [...]}}`` demands and the request lacks."""
    wanted: dict[str, list[str]] = call.server.settings.get("required", {})
    part = call.request.field("model")
    model = part.text if part is not None else call.model
    names = [*wanted.get("*", []), *wanted.get(model, [])]
    given = {part.name for part in call.request.form} | set(call.body)
    return [Violation("S1", f"the field {name} is missing", name) for name in names if name not in given]


def demands(call: Call, *, usage_flag: bool, renamed_limit: bool = False) -> list[Violation]:
    """Return what a picky vendor wants of a text request besides: usage flag, new length field, its least value.

    Args:
        call: the call.
        usage_flag: whether a stream must ask for token counts.
        renamed_limit: whether models that reason want the length field under its new name.
    """
    if call.kind not in ("chat", "completion"):
        return []
    body, found = call.body, list[Violation]()
    options = body.get("stream_options")
    if usage_flag and call.stream and not (is_object(options) and options.get("include_usage") is True):
        found.append(
            Violation("S1", "a stream must ask for token counts: stream_options.include_usage", "stream_options")
        )
    if options is not None and not call.stream:
        found.append(Violation("S1", "stream_options is for streams alone", "stream_options"))
    if renamed_limit and call.kind == "chat" and _modern(call.model) and "max_tokens" in body:
        sentence = "'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
        found.append(Violation("S1", f"Unsupported parameter: {sentence}", "max_tokens"))
    if "max_tokens" in body and "max_completion_tokens" in body:
        found.append(Violation("S1", "max_tokens and max_completion_tokens are the same thing twice", "max_tokens"))
    for name in ("max_tokens", "max_completion_tokens", "max_output_tokens"):
        limit = body.get(name)
        if isinstance(limit, int) and limit < LEAST_TOKENS:
            found.append(Violation("S1", f"{name} is {limit}, below the least of {LEAST_TOKENS}", name))
    return found


def _modern(model: str) -> bool:
    return model.startswith(("o1", "o3", "o4", "gpt-5")) or "reason" in model


def stops(call: Call, field: str = "stop", most: int | None = MOST_STOPS) -> list[Violation]:
    """Return what is wrong with the stop strings."""
    value: Any = call.body.get(field)
    if value is None:
        return []
    given = value if is_array(value) else [value]
    found: list[Violation] = []
    if most is not None and len(given) > most:
        found.append(Violation("S2", f"{field} has {len(given)} strings, at most {most} are allowed", field))
    if not given or any(not isinstance(stop, str) or not stop for stop in given):
        found.append(Violation("S2", f"{field} must be strings that are not empty", field))
    return found
