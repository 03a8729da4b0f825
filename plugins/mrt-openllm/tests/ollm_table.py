"""What each record of a real server has to become; the first row whose pattern fits a record's name counts."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase

from mrt.errors import (
    InvokeBadRequestError,
    InvokeBadResponseError,
    InvokeConnectionError,
    InvokeContextLengthError,
    InvokeError,
    InvokeModelNotFoundError,
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


@dataclass(frozen=True)
class Answers:
    """A record of a language model that is an answer; its text is looked up in the record itself."""

    names: str
    finish: str | None = "length"
    source: str = "reported"


@dataclass(frozen=True)
class Reads:
    """A record of another kind of call, which a test of its own compares with the record."""

    names: str


Row = Outside | Fails | Answers | Reads

NO_WORD = r"does not say what is wrong: a value that it refuses"
NO_PARSER = r"requires --tool-call-parser to be set|--tool-call-parser to be set"

OUTSIDE: tuple[Row, ...] = (
    Outside("*/probe-healthz */probe-livez */probe-readyz */probe-metrics */probe-root", "signs of life"),
    Outside("*/probe-docs-json */probe-schema-json */probe-unknown-path", "documents that the plugin does not ask for"),
    Outside("*/chat-get */generate-get */metadata-get */old-metadata-get", "a GET where the plugin sends a POST"),
    Outside("*/models-retrieve", "the plugin reads the list"),
    Outside("new-*/generate new-*/generate-*", "BentoML's own route beside the OpenAI ones"),
    Outside("new-*/old-generate", "the native route is not asked for where `/v1/models` tells 0.6"),
    Outside("old-*/embeddings", "0.4 is not asked: the schema refuses embeddings"),
    Outside("old-*/completions*", "text to continue goes to `/v1/generate` up to 0.5, which all of them have"),
    Outside("old-*/helpers-messages", "the chat route makes the prompt out of messages by itself"),
    Outside("old-*/hf-* old-*/cohere-*", "dialects of other clients"),
)

INTRODUCTIONS: tuple[Row, ...] = (
    Reads("*/models */models-with-bearer */v0.5-models"),
    Reads("*/metadata-post-empty */metadata-post-json */v0.5-metadata"),
    Reads("*/probe-v1-openapi-json */probe-unknown-v1-path new-*/old-metadata"),
    Reads("*/after-kill"),
)

NEW: tuple[Row, ...] = (
    Fails("*/chat-empty-messages", InvokeBadRequestError, r"Cannot apply chat template"),
    Fails("*/chat-engine-dead", InvokeServerUnavailableError, r"Internal Server Error", retryable=True),
    Fails("*/chat-image", InvokeBadRequestError, r"not a multimodal model"),
    Fails("*/chat-malformed-json", InvokeBadRequestError, r"body\.10: JSON decode error"),
    Fails("*/chat-no-messages", InvokeBadRequestError, r"body\.messages: Field required"),
    Fails("*/chat-no-content-type", InvokeBadRequestError, r"valid dictionary or object"),
    Fails("*/chat-max-tokens-over-context", InvokeContextLengthError, r"greater than max_model_len=256"),
    Fails("*/chat-max-tokens-zero", InvokeBadRequestError, r"max_tokens must be at least 1"),
    Fails("*-prompt-over-context *-prompt-over-context-stream", InvokeContextLengthError, r"length is 256 tokens"),
    Fails("*/chat-stop-six", InvokeBadRequestError, r"at most 4 items"),
    Fails("*/chat-temperature-3", InvokeBadRequestError, r"temperature must be in \[0, 2\]"),
    Fails("*/chat-temperature-negative", InvokeBadRequestError, r"must be non-negative"),
    Fails("*/chat-temperature-string", InvokeBadRequestError, r"body\.temperature: Input should be a valid number"),
    Fails("*/chat-tools-auto-not-enabled */chat-tools-no-choice", InvokeBadRequestError, NO_PARSER),
    Fails("*/chat-tools-named */chat-tools-required", InvokeBadRequestError, NO_PARSER),
    Fails("*/chat-top-k-minus-five", InvokeBadRequestError, r"top_k must be 0"),
    Fails("*/chat-top-p-two", InvokeBadRequestError, r"top_p must be in"),
    Fails("*-unknown-model *-unknown-model-stream", InvokeModelNotFoundError, r"`nope` does not exist"),
    Fails("*/completions-suffix", InvokeBadRequestError, r"FIM completion"),
    Fails("*/chat-stream-server-killed", InvokeConnectionError, r"broke off", retryable=True),
    Fails("*/old-embeddings", InvokeBadRequestError, r"this server has no embeddings"),
    Answers("*/chat-json-schema */chat-stop", finish="stop"),
    # Asked without usage, as other clients do.
    Answers("*/chat-stream */chat-n2-stream */chat-stream-client-leaves", source="estimated"),
    Answers("*/chat */chat-* */completions */completions-*"),
)

OLD: tuple[Row, ...] = (
    Fails("*/chat-logit-bias", InvokeBadRequestError, r"'logit_bias' is not yet supported"),
    Fails("*/chat-malformed-json", InvokeBadRequestError, r"Invalid JSON input"),
    Fails("*/chat-no-messages */chat-temperature-string", InvokeServerUnavailableError, r"with a Python traceback"),
    Fails("*/chat-no-model", InvokeModelNotFoundError, r"Model 'None' does not exist"),
    Fails("*/chat-unknown-model */chat-unknown-model-stream", InvokeModelNotFoundError, r"Model 'nope' does not exist"),
    Fails("*/chat-temperature-3", InvokeServerUnavailableError, r"'temperature' must be <= 1", retryable=True),
    Fails("*/chat-temperature-3-stream", InvokeConnectionError, r"in place of an error", retryable=True),
    Fails("*-malformed-json", InvokeBadRequestError, r"Invalid JSON input"),
    Fails("*/generate-stream-bad-value", InvokeConnectionError, r"in place of an error", retryable=True),
    Fails(
        "*/generate-stream-server-killed */generate-stream-client-leaves",
        InvokeConnectionError,
        r"broke off in the middle of its answer$",
        retryable=True,
    ),
    Fails("*/generate-json-array */generate-no-prompt", InvokeServerUnavailableError, NO_WORD, retryable=True),
    Fails("*/generate-llm-config-*", InvokeServerUnavailableError, NO_WORD, retryable=True),
    Fails("*/generate-max-new-tokens-*", InvokeServerUnavailableError, NO_WORD, retryable=True),
    Fails("*/generate-temperature-*", InvokeServerUnavailableError, NO_WORD, retryable=True),
    Fails("*/generate-top-level-unknown */generate-top-p-2", InvokeServerUnavailableError, NO_WORD, retryable=True),
    Fails("*/generate-prompt-token-ids", InvokeServerUnavailableError, NO_WORD, retryable=True),
    Fails("*/generate-prompt-over-context", InvokeBadResponseError, r"JSON"),
    Answers("*/generate-stop */generate-stream-stop", finish="stop", source="estimated"),
    # The event with the finish reason is missing.
    Answers("*/chat-stream */generate-stream", finish=None, source="estimated"),
    Answers("*/chat */chat-* */generate-*", source="estimated"),
)

DERIVED: tuple[Row, ...] = (
    Answers("*/v0.2-0.3-generate */v0.3-generate-stream", finish=None, source="estimated"),
    Reads("*/v0.2-embeddings */v0.3-embeddings"),
    Fails("*/v0.5-chat-bad-value", InvokeServerUnavailableError, r"Failed to start generation task", retryable=True),
    Fails("*/v0.5-chat-unknown-model", InvokeModelNotFoundError, r"Model 'nope' does not exist"),
    Fails("*/v0.6-*-context-overflow", InvokeContextLengthError, r"maximum context length is 8192"),
    Fails("*/v0.6-*-embeddings", InvokeBadRequestError, r"does not support Embeddings API"),
    Fails("*/v0.6-*-stream-error", InvokeBadRequestError, r"refused the request"),
    Fails("*/v0.6-*-top-k-zero", InvokeBadRequestError, r"top_k must be -1"),
    Fails("*/v0.6-*-unknown-model", InvokeModelNotFoundError, r"`nope` does not exist"),
)

_FOLDERS = {"new-0.6.30": NEW, "old-0.4.44": OLD, "derived": DERIVED}


def row_of(name: str) -> Row | None:
    """Return the row that a record's name fits first."""
    rows = (*OUTSIDE, *INTRODUCTIONS, *_FOLDERS[name.partition("/")[0]])
    return next((row for row in rows if any(fnmatchcase(name, pattern) for pattern in row.names.split())), None)


def patterns() -> list[tuple[Row, str]]:
    """Return every pattern with its row."""
    return [(row, pattern) for row in (*OUTSIDE, *INTRODUCTIONS, *NEW, *OLD, *DERIVED) for pattern in row.names.split()]
