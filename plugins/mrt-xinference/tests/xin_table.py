"""What each record of a real server has to become; the first row whose pattern fits a record's name counts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase

from mrt.errors import (
    InvokeAuthorizationError,
    InvokeBadRequestError,
    InvokeBadResponseError,
    InvokeConnectionError,
    InvokeContextLengthError,
    InvokeError,
    InvokeModelNotFoundError,
    InvokeRateLimitError,
    InvokeServerUnavailableError,
)


@dataclass(frozen=True)
class Outside:
    """A record that no call of the plugin meets."""

    names: str
    reason: str


@dataclass(frozen=True)
class Fails:
    """A record that is an error: its class exactly, whether a repetition may help, and words of its message."""

    names: str
    error: type[InvokeError]
    says: str
    retryable: bool = False
    retry_after: float | None = None


@dataclass(frozen=True)
class Answers:
    """A record of a language model that is an answer; the counts of tokens are looked up in the record itself."""

    names: str
    text: str | re.Pattern[str] = ""
    reasoning: str | None = None
    calls: tuple[tuple[str, dict[str, str]], ...] = ()
    finish: str = "stop"
    broken_call: bool = False


@dataclass(frozen=True)
class Reads:
    """A record of another kind of call that is a result, which its own test compares with the record."""

    names: str


Row = Outside | Fails | Answers | Reads

HELLO = "Hello! How can I help you today?"
SIX = "1 2 3 4 5 6 "
STORY = " there was a tiny model that lived on a small machine, and it was happy."
SUNNY = "It is 18 degrees with a clear sky."
PARIS = ("get_weather", {"city": "Paris"})
LONDON = ("get_weather", {"city": "London"})
CUT = '<tool_call>\n{"name": "get_weather'
BROKEN = '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Par\n</tool_call>'
TAGS = re.compile(r"(?:<tool_call>\n+)+.*", re.DOTALL)
LOGS = r"Check the server logs"
OTHER_TYPE = r"of another type"

OUTSIDE: tuple[Row, ...] = (
    Outside("anthropic_* more_count_tokens meta_anthropic_models", "the Messages dialect, which mrt-anthropic speaks"),
    Outside("responses_*", "the Responses dialect, which this plugin does not speak"),
    Outside("images_*", "images are no model type of the runtime"),
    Outside("audio_translation_json", "translation is no call of the runtime"),
    Outside("embeddings_convert_ids", "turning ids into tokens is no call of the runtime"),
    Outside("embeddings_empty_list rerank_empty_documents", "nothing to do makes no request"),
    Outside("rerank_top_n_zero", "the runtime asks for one document at least"),
    Outside("embeddings_many", "the recording is shortened, so its JSON breaks off"),
    Outside("error_launch_* auth_key_launch loading_launch_no_wait", "launching is the administrator's"),
    Outside("auth_key_delete terminate_delete error_get_delete_unknown", "terminating is the administrator's"),
    Outside("more_abort_call more_abort_unknown", "leaving a stream aborts it; no call of its own is needed"),
    Outside("loading_instances_* loading_progress_* meta_models_instances meta_events", "the server's own pages"),
    Outside("auth_cluster_auth meta_cluster_auth auth_key_info auth_key_version", "the cluster, not a model"),
    Outside("auth_open_info auth_open_version auth_open_setup_status meta_cluster_*", "the cluster, not a model"),
    Outside("auth_open_address auth_open_families auth_open_prompts meta_models_families", "the server's own pages"),
    Outside("meta_models_prompts meta_registration_* meta_registrations_* meta_engines_*", "the catalogue"),
    Outside("meta_address meta_supervisor meta_workers meta_status auth_open_status", "the cluster, not a model"),
    Outside("auth_open_metrics meta_metrics auth_open_openapi meta_docs_openapi", "the server's own pages"),
    Outside("meta_replicas_*", "replicas of a model, which the description counts already"),
)

FAILURES: tuple[Row, ...] = (
    Fails("auth_ban_*", InvokeRateLimitError, r"shut this address out for up to an hour.*banned", retry_after=3600.0),
    Fails("auth_disabled_chat", InvokeAuthorizationError, "API key is disabled"),
    Fails("auth_expired_chat", InvokeAuthorizationError, "API key has expired"),
    Fails("auth_limited_chat_*", InvokeAuthorizationError, "does not have access to model"),
    Fails("auth_limited_unknown_model", InvokeAuthorizationError, "does not have access to model: nope-2"),
    Fails("auth_key_unknown_model", InvokeModelNotFoundError, "uid: nope-1. It has: tiny-chat, tiny-embed"),
    Fails(
        "auth_chat_none auth_chat_wrong auth_chat_empty auth_chat_basic auth_chat_wrong_other_shape "
        "auth_chat_x_api_key auth_chat_api_key_header auth_chat_stream_none auth_chat_stream_wrong auth_embeddings_* "
        "auth_models_* auth_open_model",
        InvokeAuthorizationError,
        "did not accept the key; check it: Could not validate credentials",
    ),
    Fails("error_unknown_model_again", InvokeModelNotFoundError, "uid: no-such-model"),
    Fails("error_unknown_model*", InvokeModelNotFoundError, r"uid: no-such-model.*It has: tiny-chat,.* and 1 more"),
    Fails("speech_unknown_model", InvokeModelNotFoundError, r"uid: nope\. It has: tiny-chat,"),
    Fails("terminate_then_chat", InvokeModelNotFoundError, "uid: tiny-limited"),
    Fails("meta_model_unknown", InvokeModelNotFoundError, "uid: no-such-model"),
    Fails("loading_chat_* loading_describe_*", InvokeServerUnavailableError, "loading", True, 30.0),
    Fails("limit_second_*", InvokeRateLimitError, "Rate limit reached", True),
    # The server's own generic words for what went wrong behind its API: nobody can tell whose fault it was.
    Fails(
        "error_chat_to_* error_max_tokens_huge error_max_tokens_huge_stream gguf_chat_image_content* vision_image* "
        "more_chat_to_* more_gguf_context_overflow* more_gguf_tools_bad more_abort_mid_stream terminate_mid_stream "
        "workerkill_mid_stream",
        InvokeServerUnavailableError,
        LOGS,
        True,
    ),
    Fails("workerkill_then_chat", InvokeServerUnavailableError, r"Connect call failed \(HTTP 500\)", True),
    Fails("more_gguf_completions_overflow*", InvokeContextLengthError, r"18001 tokens.*2048 tokens"),
    Fails("error_empty_messages", InvokeBadRequestError, "specify the prompt"),
    Fails("error_empty_body error_json_array", InvokeBadRequestError, "the server refused the request"),
    Fails("error_malformed_json* rerank_kwargs_bad", InvokeBadRequestError, "Expecting property name"),
    Fails("error_max_tokens_string", InvokeBadRequestError, "max_tokens: value is not a valid integer"),
    Fails("error_max_tokens_*", InvokeBadRequestError, "max_tokens: ensure this value is greater than or equal to 1"),
    Fails("error_temperature_3", InvokeBadRequestError, "temperature: ensure this value is less than or equal to 2"),
    Fails("error_temperature_string", InvokeBadRequestError, "temperature: value is not a valid float"),
    Fails("error_temperature_negative*", InvokeBadRequestError, "temperature: ensure this value is greater than"),
    Fails("error_top_p_2", InvokeBadRequestError, "top_p: ensure this value is less than or equal to 1"),
    Fails("error_messages_string", InvokeBadRequestError, "messages: value is not a valid list"),
    Fails("error_no_messages", InvokeBadRequestError, "messages: field required"),
    Fails("error_no_model", InvokeBadRequestError, "model: field required"),
    Fails("error_response_format_bad", InvokeBadRequestError, "response_format -> type: unexpected value"),
    Fails("error_logit_bias *completions_logit_bias", InvokeBadRequestError, "Not implemented"),
    Fails(
        "error_tools_unsupported_family error_tool_message_unsupported_family vision_tools_refused",
        InvokeBadRequestError,
        "Only models of a family with tool calls support tool (calls|messages) \\(HTTP 400",
    ),
    Fails("*completions_list_prompt *completions_token_prompt", InvokeBadRequestError, "prompt: str type expected"),
    Fails("base_completions_empty_prompt", InvokeBadRequestError, "Expected tensor"),
    Fails("completions_empty_prompt", InvokeBadRequestError, "list object has no element"),
    Fails("completions_* reason_completions error_context_overflow_completions", InvokeBadRequestError, OTHER_TYPE),
    Fails("error_completions_to_* error_embedding_to_rerank error_rerank_to_*", InvokeBadRequestError, OTHER_TYPE),
    Fails("error_embedding_to_llm", InvokeBadRequestError, "the model is not for creating embedding"),
    Fails("embeddings_input_missing", InvokeBadRequestError, "input: field required"),
    Fails("embeddings_input_null", InvokeBadRequestError, "input: none is not an allowed value"),
    Fails("embeddings_return_sparse", InvokeBadRequestError, "return_sparse.* is not supported"),
    Fails("embeddings_token_lists", InvokeServerUnavailableError, "No module named 'tiktoken'", True),
    Fails("rerank_dict_documents", InvokeBadRequestError, "Modality 'message' is not supported"),
    Fails("rerank_documents_missing", InvokeBadRequestError, "documents: none is not an allowed value"),
    Fails("rerank_documents_string", InvokeBadRequestError, "documents: value is not a valid list"),
    Fails("rerank_max_chunks", InvokeBadRequestError, "max_chunks_per_doc"),
    Fails("rerank_no_query", InvokeBadRequestError, "query: field required"),
    Fails("audio_transcription_bad_language", InvokeBadRequestError, "Unsupported language: xx"),
    Fails("audio_transcription_bad_temperature", InvokeBadRequestError, "body.temperature: Input should be a valid"),
    Fails("audio_transcription_empty_file audio_transcription_garbage", InvokeBadRequestError, "Soundfile is either"),
    Fails("audio_transcription_json_body more_transcription_to_llm_form", InvokeBadRequestError, "body.model: Field"),
    Fails("audio_transcription_no_file", InvokeBadRequestError, "body.file: Field required"),
    Fails(
        "audio_transcription_srt audio_transcription_text audio_transcription_vtt",
        InvokeBadRequestError,
        "Unsupported response format: (srt|text|vtt)",
    ),
    Fails("speech_no_input", InvokeBadRequestError, "input: field required"),
    Fails("speech_no_voice speech_to_whisper", InvokeBadRequestError, OTHER_TYPE),
    Fails("speech_to_llm", InvokeBadRequestError, "the model is not for "),
    Fails("serverkill_SIGKILL", InvokeConnectionError, "broke off in the middle", True),
    Fails("serverkill_*_then_connect", InvokeConnectionError, "", True),
    # What answers at a wrong URL.
    Fails(
        "error_method_not_allowed meta_slash_models meta_route_unknown meta_health", InvokeBadRequestError, "the URL"
    ),
    Fails("meta_root", InvokeBadResponseError, "web page"),
)

CHATS: tuple[Row, ...] = (
    Answers("*chat_max_tokens *chat_max_tokens_stream *chat_max_completion_tokens", "1 2 3", finish="length"),
    Answers("auth_key_chat_stream", "Hello! How can", finish="length"),
    Answers("*chat_stop_list", "1 2 3 4 "),
    Answers("*chat_stop_string *chat_stop_stream", SIX),
    Answers("*chat_two_users", "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 20"),
    Answers("*chat_sync_unicode *chat_stream_unicode", "你好，世界！🌍🚀 很高兴见到你。"),
    # Transformers ignores the schema, llama.cpp keeps to it.
    Answers("gguf_chat_json_schema*", '{"city": "Oslo"}'),
    Answers("*chat_json_* error_message_n*_content", '{"name": "Ada", "age": 36}'),
    Answers("error_message_bad_role more_gguf_bad_role", "Sunny and4 rainy."),
    Answers("error_message_no_role", re.compile("I have not 10 .*")),
    Answers("error_stop_empty_in_list", ""),
    Answers("error_context_overflow*", TAGS, finish="length"),
    Answers("error_plain_context_overflow", TAGS, finish="length"),
    Answers("*chat_think_no_parser", "The answer is 4.", "Two plus two makes four."),
    Answers("*chat_tool_message_*", SUNNY),
    # A call that was forced on a model that had none to make, and never ends.
    Answers("gguf_chat_tool_choice_required*", f"{HELLO}........... that up.", finish="length", broken_call=True),
    Answers("gguf_chat_tools_broken_*", finish="length", broken_call=True),
    Answers("gguf_chat_tool_choice_none chat_tool_choice_none", calls=(PARIS,), finish="tool_calls"),
    Answers("chat_tools_broken_*", BROKEN),
    # llama.cpp says nothing at all of a call that was cut off in a stream.
    Answers("gguf_chat_tools_truncated_stream", "", finish="length"),
    Answers("*chat_tools_truncated_*", CUT, finish="length"),
    Answers("*chat_tools_parallel_*", calls=(PARIS, LONDON), finish="tool_calls"),
    Answers("*chat_tools_text_and_call_*", "Let me look that up.", calls=(PARIS,), finish="tool_calls"),
    Answers("*chat_tools_stream *chat_tools_sync", calls=(PARIS,), finish="tool_calls"),
    Answers("limit_first_stream serverkill_SIGTERM", re.compile("(la )+la?"), finish="length"),
    Answers("reason_stream* reason_sync", "\n\nThe answer is 4.", "\nTwo plus two makes four.\n"),
    Answers("reason_*_false", "The answer is 4.", "Two plus two makes four."),
    # Without a think block all of the answer counts as thinking: so says the server.
    Answers("reason_plain_answer_* reason_history_reasoning", "", HELLO),
    Answers("reason_tools_*", "", "\nI should call the tool.\n", (PARIS,), "tool_calls"),
    Answers("reason_truncated_*", "", "\nTwo plus two makes", finish="length"),
    Answers("base_completions_echo gguf_completions_echo", " there was a tiny", finish="length"),
    Answers("*completions_logprobs *completions_n2 *completions_suffix", " there was a", finish="length"),
    Answers("*completions_stop", " there was a "),
    Answers("gguf_completions_empty_prompt", "", finish="length"),
    Answers("base_completions_s* gguf_completions_s*", STORY),
    Answers("error_n_zero error_stop_* error_stream_* error_tools_* error_top_* more_gguf_max_tokens_huge", HELLO),
    Answers("auth_key_chat auth_jwt_chat disconnect_then_chat limit_after vision_text", HELLO),
    Answers("chat_* gguf_chat_*", HELLO),
)

OTHERS: tuple[Row, ...] = (
    Reads("auth_limited_embedding_allowed embeddings_*"),
    Reads("rerank_*"),
    Reads("audio_transcription_*"),
    Reads("auth_key_models auth_jwt_models auth_limited_models loading_list_* meta_models_list workerkill_then_models"),
    Reads("auth_key_model auth_limited_model_denied meta_model_*"),
)

ROWS: tuple[Row, ...] = (*OUTSIDE, *FAILURES, *CHATS, *OTHERS)


def row_of(name: str) -> Row | None:
    """Return the row that says what a record has to become."""
    return next((row for row in ROWS if any(fnmatchcase(name, pattern) for pattern in row.names.split())), None)
