"""The documents that tell what a server of OpenLLM 0.6 takes: field names as a recorded server listed them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

CHAT_FIELDS = (
    "add_generation_prompt add_special_tokens allowed_token_ids bad_words cache_salt chat_template "
    "chat_template_kwargs continue_final_message documents ec_transfer_params echo frequency_penalty ignore_eos "
    "include_reasoning include_stop_str_in_output kv_transfer_params length_penalty logit_bias logprob_token_ids "
    "logprobs max_completion_tokens max_tokens media_io_kwargs messages min_p min_tokens mm_payload "
    "mm_processor_kwargs model n parallel_tool_calls presence_penalty priority prompt_logprobs reasoning_effort "
    "repetition_detection repetition_penalty request_id response_format return_mm_kwargs return_prompt_text "
    "return_token_ids return_token_offsets return_tokens_as_token_ids routed_experts_prompt_start seed session_id "
    "skip_special_tokens spaces_between_special_tokens stop stop_token_ids stream stream_interval stream_options "
    "structured_outputs temperature thinking_token_budget tool_choice tools top_k top_logprobs top_p "
    "truncate_prompt_tokens truncation_side use_beam_search user vllm_xargs watermarking"
)

COMPLETION_FIELDS = (
    "add_special_tokens allowed_token_ids bad_words cache_salt ec_transfer_params echo frequency_penalty "
    "ignore_eos include_stop_str_in_output kv_transfer_params length_penalty logit_bias logprob_token_ids "
    "logprobs max_tokens min_p min_tokens mm_payload model n presence_penalty priority prompt prompt_embeds "
    "prompt_logprobs repetition_detection repetition_penalty request_id response_format return_mm_kwargs "
    "return_token_ids return_token_offsets return_tokens_as_token_ids routed_experts_prompt_start seed session_id "
    "skip_special_tokens spaces_between_special_tokens stop stop_token_ids stream stream_interval stream_options "
    "structured_outputs suffix temperature thinking_token_budget top_k top_p truncate_prompt_tokens "
    "truncation_side use_beam_search user vllm_xargs watermarking"
)

FIELDS = {
    "chat": frozenset(CHAT_FIELDS.split()),
    "completion": frozenset(COMPLETION_FIELDS.split()),
    "embedding": frozenset(["input", "model", "dimensions", "encoding_format", "user"]),
    "generate": frozenset(["prompt", "max_tokens"]),
}

_INTEGERS = {"max_tokens", "max_completion_tokens", "top_k", "n", "seed", "min_tokens", "top_logprobs", "priority"}
_NUMBERS = {
    "temperature", "top_p", "min_p", "repetition_penalty", "presence_penalty", "frequency_penalty", "length_penalty",
}  # fmt: skip
_FLAGS = {
    "stream", "logprobs", "echo", "ignore_eos", "use_beam_search", "skip_special_tokens", "add_generation_prompt",
    "parallel_tool_calls", "include_reasoning", "include_stop_str_in_output",
}  # fmt: skip
_NEEDED = {"messages", "prompt"}


def _schema(name: str) -> dict[str, Any]:
    title = name.replace("_", " ").title()
    if name == "messages":
        return {"items": {"type": "object"}, "type": "array", "title": title}
    kind = (
        "integer" if name in _INTEGERS else "number" if name in _NUMBERS else "boolean" if name in _FLAGS else "string"
    )
    return {"anyOf": [{"type": kind}, {"type": "null"}], "title": title}


def openapi(without: frozenset[str]) -> dict[str, Any]:
    """Return ``/v1/openapi.json``.

    Args:
        without: fields that this server's engine does not know.
    """

    def request(title: str, names: Sequence[str]) -> dict[str, Any]:
        fields = {name: _schema(name) for name in names if name not in without}
        needed = [name for name in names if name in _NEEDED]
        return {
            "properties": fields,
            "additionalProperties": True,
            "type": "object",
            "required": needed,
            "title": title,
        }

    def post(summary: str, schema: str) -> dict[str, Any]:
        body = {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
        good: dict[str, Any] = {"description": "Successful Response", "content": {"application/json": {"schema": {}}}}
        return {
            "post": {"summary": summary, "requestBody": {"content": body, "required": True}, "responses": {"200": good}}
        }

    good: dict[str, Any] = {"description": "Successful Response", "content": {"application/json": {"schema": {}}}}
    return {
        "openapi": "3.1.0",
        "info": {"title": "FastAPI", "version": "0.1.0"},
        "paths": {
            "/models": {"get": {"summary": "Show Available Models", "responses": {"200": good}}},
            "/chat/completions": post("Create Chat Completion", "ChatCompletionRequest"),
            "/completions": post("Create Completion", "CompletionRequest"),
        },
        "components": {
            "schemas": {
                "ChatCompletionRequest": request("ChatCompletionRequest", CHAT_FIELDS.split()),
                "CompletionRequest": request("CompletionRequest", COMPLETION_FIELDS.split()),
            }
        },
    }


def service_schema(name: str) -> dict[str, Any]:
    """Return ``/schema.json``: the BentoML routes alone."""
    limit = {"default": 2048, "maximum": 2048, "minimum": 128, "title": "Max Tokens", "type": "integer"}
    fields = {"prompt": {"default": "hello", "title": "Prompt", "type": "string"}, "max_tokens": limit}
    route = {
        "name": "generate",
        "route": "/generate",
        "batchable": False,
        "input": {"properties": fields, "title": "Input", "type": "object"},
        "output": {"type": "string", "is_stream": True, "media_type": "text/event-stream"},
        "is_task": False,
    }
    return {"name": name, "type": "service", "routes": [route]}
